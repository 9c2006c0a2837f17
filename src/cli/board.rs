//! `fupan pm board`: owed postmortems by age.

use clap::Args;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    i18n::analytics::count,
    service::{ServiceError, boards},
    web::api::boards::{BoardQuery, body, cursor_text},
};

/// 哪些复盘。 Which postmortems.
#[derive(Debug, Args)]
pub(super) struct Board {
    /// 定责团队的名称，- 为未定责。 Name of a team with a share; - for what nobody answers for.
    #[arg(long, allow_hyphen_values = true)]
    team: Option<String>,
    /// 负责人的邮箱，- 为未指定。 E-mail of the owner; - for nobody.
    #[arg(long, allow_hyphen_values = true)]
    owner: Option<String>,
    /// 只看逾期。 Past their due date.
    #[arg(long)]
    overdue: bool,
    /// 这一周结束时的样子，如 2024-W34。 As it stood at the end of this week, 2024-W34.
    #[arg(long)]
    week: Option<String>,
    /// 最久的一条逐周有多久。 How old the oldest was, week by week.
    #[arg(long)]
    trend: bool,
    /// 各团队欠几条。 What each team owes.
    #[arg(long)]
    teams: bool,
    /// 从哪里接着列。 Where the page begins.
    #[arg(long)]
    cursor: Option<String>,
    /// 每页几行，最多 200。 Rows on a page, at most 200.
    #[arg(long)]
    limit: Option<usize>,
}

pub(super) async fn run(session: &Session, asked: Board) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let query = BoardQuery {
        team: asked.team,
        owner: asked.owner,
        overdue: asked.overdue.then_some(true),
        week: asked.week,
        cursor: asked.cursor,
        limit: asked.limit,
    };
    let filter = query.filter(app, actor).await?;
    let after = query.after().map_err(ServiceError::from)?;
    let board = boards::postmortems(app, actor, &filter, after, query.limit.unwrap_or(200)).await?;
    if session.json {
        data(&serde_json::to_string(&body(&board))?);
        return Ok(());
    }
    let days = |days: Option<i64>| days.map_or_else(|| "-".to_owned(), |days| days.to_string());
    if asked.trend {
        for point in &board.trend {
            data(&format!("{}\t{}\t{}", point.week, point.owed, days(point.oldest)));
        }
    } else if asked.teams {
        for (_, name, debt) in &board.teams {
            let name = name.as_deref().unwrap_or("未定责");
            data(&format!("{name}\t{}\t{}\t{}\t{}", debt.owed, count(debt.share), debt.overdue, debt.oldest));
        }
    } else {
        for row in &board.rows {
            data(&format!(
                "{}\t{}\t{}\t{}\t{}\t{}\t{}",
                row.event.label(),
                row.age,
                days(row.limit),
                days(row.late),
                row.reminded,
                row.owner.as_deref().unwrap_or("未指定"),
                row.event.title()
            ));
        }
    }
    let oldest = days(board.oldest);
    say(&format!("{}：待复盘 {} 项，逾期 {} 项，最久 {oldest} 个工作日", board.day, board.total, board.overdue));
    if let Some(next) = board.next {
        say(&format!("还有：--cursor {}", cursor_text(next)));
    }
    Ok(())
}
