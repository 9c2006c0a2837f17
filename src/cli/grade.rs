//! `fupan grade`, `fupan share`, `fupan thresholds` and `fupan counts`.

use chrono::NaiveDate;
use clap::Args;
use serde_json::json;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::{
        checked::FieldError,
        event::{self, ProductionEvent},
        event_record::{Responsibility, unsettled},
        period::Period,
        team_counts::{self, Line, share_of, times},
    },
    i18n::grading as words,
    service::{ServiceError, events, grading, team_counts as counts_service, teams},
    web::api::CountsBody,
};

/// 看定级，或定级。 Show or give the grade of an event.
#[derive(Debug, Args)]
pub(super) struct Grade {
    /// PE-1.
    event: String,
    /// 等级；不写就看建议和历史。 The level; without it the proposal and the history are shown.
    level: Option<String>,
    /// 理由；改定级、与建议不同时要写。 Why; needed for every grade after the first, and against the proposal.
    #[arg(long)]
    reason: Option<String>,
    /// 采纳建议。 Take what the rules propose.
    #[arg(long, conflicts_with = "level")]
    accept: bool,
    /// 取消定级。 Take the grade off (未定级).
    #[arg(long, conflicts_with_all = ["level", "accept"])]
    clear: bool,
}

/// 定责：哪些团队负责。 Say which teams answer for an event.
#[derive(Debug, Args)]
pub(super) struct Share {
    /// PE-1.
    event: String,
    /// 团队=百分比；用 --evenly 只写名称；都不写就是查看。 TEAM=PERCENT …; with --evenly the names alone; nothing shows the shares.
    shares: Vec<String>,
    /// 平分，除不尽的归第一个。 Divide evenly; the first team gets what is left over.
    #[arg(long)]
    evenly: bool,
    /// 取消定责。 No team answers for it any more.
    #[arg(long, conflicts_with_all = ["shares", "evenly"])]
    clear: bool,
}

/// 一起事件离监管门槛多远。 How far an event is from the thresholds of regulators.
#[derive(Debug, Args)]
pub(super) struct Thresholds {
    /// PE-1.
    event: String,
    /// 达到门槛时以 7 退出。 Leave with 7 where one is reached.
    #[arg(long)]
    check: bool,
}

/// 各团队、各等级的次数；团队按份额，公司每起一次。 Events per team and level; a team counts its shares, the company each event once.
#[derive(Debug, Args)]
pub(super) struct Counts {
    /// 时段，默认本月。 2024-W34, 2024-08, 2024-Q3 or 2024; by default this month.
    period: Option<String>,
    /// 第一天，代替时段。 First day, instead of a period.
    #[arg(long)]
    from: Option<NaiveDate>,
    /// 最后一天。 Last day.
    #[arg(long)]
    to: Option<NaiveDate>,
}

async fn event_of(session: &Session, label: &str) -> Result<ProductionEvent, ServiceError> {
    let number = event::number_of(label)
        .ok_or_else(|| ServiceError::from(FieldError::shape("event", format!("“{label}”: write PE-1"))))?;
    events::get(&session.app, &session.actor, number).await
}

pub(super) async fn run(session: &Session, grade: Grade) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let before = event_of(session, &grade.event).await?;
    let chosen = match (grade.level, grade.accept, grade.clear) {
        (Some(level), ..) => Some(level),
        (None, true, _) => {
            let proposal = grading::of_event(app, actor, &before).await?.proposal;
            let level = proposal.level.ok_or_else(|| {
                ServiceError::Conflict("no rule proposes a level for this event; name one".to_owned())
            })?;
            Some(level)
        }
        (None, false, true) => None,
        (None, false, false) => return show(session, &before).await,
    };
    let after = grading::grade(app, actor, before.number, before.version, chosen, grade.reason).await?;
    let due = after.postmortem.due_on.filter(|_| after.postmortem.state.is_owed());
    let due = due.map(|day| format!("，复盘截止 {day}")).unwrap_or_default();
    let level = words::level(after.fields.severity.as_deref(), true);
    say(&format!("{}：{level}{due}", after.label()));
    if session.json {
        data(&json!({"label": after.label(), "level": after.fields.severity, "version": after.version}).to_string());
    }
    Ok(())
}

async fn show(session: &Session, event: &ProductionEvent) -> anyhow::Result<()> {
    let grading = grading::of_event(&session.app, &session.actor, event).await?;
    let proposal = &grading.proposal;
    if session.json {
        let history: Vec<_> = grading
            .history
            .iter()
            .map(|one| {
                let at = chrono::DateTime::from_timestamp_millis(one.at)
                    .map(|at| at.with_timezone(&session.app.zone).fixed_offset());
                json!({
                    "at": at, "by": one.by_name, "from": one.from, "to": one.to,
                    "proposed": one.proposed, "rule": one.rule, "reason": one.reason,
                })
            })
            .collect();
        let value = json!({
            "label": event.label(), "level": event.fields.severity, "proposed": proposal.level,
            "rule": proposal.rule.as_ref().map(|rule| &rule.id),
            "missing": proposal.missing.iter().map(|measure| measure.code()).collect::<Vec<_>>(),
            "facts": proposal.facts, "history": history,
        });
        data(&value.to_string());
        return Ok(());
    }
    data(&format!("等级\t{}", words::level(event.fields.severity.as_deref(), true)));
    let proposed = words::level(proposal.level.as_deref(), true);
    match &proposal.rule {
        Some(rule) => {
            data(&format!("建议\t{proposed}\t{}\t{}\t{}", rule.id, rule.words, words::values(&proposal.used, true)));
        }
        None => data("建议\t没有规则符合"),
    }
    if !proposal.missing.is_empty() {
        data(&format!("未知\t{}", words::measures(&proposal.missing, true)));
    }
    for one in &grading.history {
        let at = chrono::DateTime::from_timestamp_millis(one.at).unwrap_or_default().with_timezone(&session.app.zone);
        let (from, to) = (words::level(one.from.as_deref(), true), words::level(one.to.as_deref(), true));
        let reason = one.reason.as_deref().unwrap_or("-");
        data(&format!("{}\t{from} → {to}\t{}\t{reason}", at.format("%Y-%m-%d %H:%M"), one.by_name));
    }
    Ok(())
}

pub(super) async fn share(session: &Session, share: Share) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let before = event_of(session, &share.event).await?;
    let after = if share.shares.is_empty() && !share.clear {
        before
    } else {
        let (names, shares): (Vec<&str>, Vec<i32>) = if share.evenly {
            (share.shares.iter().map(String::as_str).collect(), team_counts::even_shares(share.shares.len()))
        } else {
            let parts: Vec<(&str, i32)> = share.shares.iter().map(|part| part_of(part)).collect::<Result<_, _>>()?;
            parts.into_iter().unzip()
        };
        let found = teams::find_all(app, actor, &names).await?;
        let parts = found.iter().zip(shares).map(|(team, share)| Responsibility { team_id: team.id, share }).collect();
        grading::assign(app, actor, before.number, before.version, parts).await?
    };
    let all = teams::all(app, actor).await?;
    let parts = &after.fields.responsibility;
    let name = |id| all.iter().find(|team| team.id == id).map_or("?", |team| team.fields.name.as_str());
    if session.json {
        let rows: Vec<_> = parts
            .iter()
            .map(|part| json!({"team": name(part.team_id), "team_id": part.team_id, "basis_points": part.share}))
            .collect();
        data(&json!({"shares": rows, "unsettled_basis_points": unsettled(parts)}).to_string());
        return Ok(());
    }
    for part in parts {
        data(&format!("{}\t{}\t{}次", name(part.team_id), words::percent(part.share), times(i64::from(part.share))));
    }
    if unsettled(parts) > 0 {
        say(&format!("未定责 unsettled {}", words::percent(unsettled(parts))));
    }
    Ok(())
}

fn part_of(text: &str) -> Result<(&str, i32), ServiceError> {
    text.rsplit_once('=').and_then(|(team, share)| Some((team.trim(), share_of(share)?))).ok_or_else(|| {
        FieldError::shape("responsibility", format!("“{text}”: write a team and its share, like 支付=50")).into()
    })
}

pub(super) async fn thresholds(session: &Session, thresholds: Thresholds) -> anyhow::Result<()> {
    let event = event_of(session, &thresholds.event).await?;
    let watched = grading::of_event(&session.app, &session.actor, &event).await?.watched;
    let reached = watched.iter().any(|one| one.reached);
    if session.json {
        let rows: Vec<_> = watched
            .iter()
            .map(|one| {
                let limits: Vec<_> = one
                    .distances
                    .iter()
                    .map(|far| json!({"measure": far.limit.measure.code(), "value": far.value, "over": far.limit.over, "reached": far.reached}))
                    .collect();
                json!({"id": one.rule.id, "reached": one.reached, "source": one.rule.source, "effective_from": one.rule.effective_from, "distances": limits})
            })
            .collect();
        data(&json!({"data": rows}).to_string());
    } else {
        for one in &watched {
            let far: Vec<String> = one.distances.iter().map(|far| words::distance(far, true)).collect();
            let mark = if one.reached { words::advice(true) } else { "未达到" };
            data(&format!("{}\t{}\t{mark}", one.rule.id, far.join("；")));
            say(&format!("{} · {}，{} 起施行", one.rule.words, one.rule.source, one.rule.effective_from));
        }
    }
    if thresholds.check && reached {
        return Err(super::Exit(super::CHECK_FOUND).into());
    }
    Ok(())
}

pub(super) async fn counts(session: &Session, counts: Counts) -> anyhow::Result<()> {
    let app = &session.app;
    let period =
        Period::asked(counts.period.as_deref(), counts.from, counts.to, app.today()).map_err(ServiceError::from)?;
    let counts = counts_service::of_period(app, &session.actor, period).await?;
    if session.json {
        data(&serde_json::to_string(&CountsBody::of(&counts))?);
        return Ok(());
    }
    let table = &counts.table;
    let lines = |name: &str, line: &Line| {
        let cells: Vec<String> = line.counts.iter().map(|points| times(*points)).collect();
        let points = table.points(line).map(|points| format!("\t{}", times(points))).unwrap_or_default();
        format!("{name}\t{}\t{}{points}", cells.join("\t"), times(line.total()))
    };
    let name = |id| counts.names.get(id).map_or("?", String::as_str);
    let heads: Vec<String> = table.levels.iter().map(|level| words::level(level.as_deref(), true)).collect();
    let points = if table.points(&table.company).is_some() { "\t故障分" } else { "" };
    data(&format!("团队\t{}\t合计{points}", heads.join("\t")));
    for (id, line) in &table.teams {
        data(&lines(name(id), line));
    }
    data(&lines("未定责", &table.unsettled));
    data(&lines("公司", &table.company));
    say(&format!("{}（{} 至 {}），不含演练和维护", period.label(), period.from, period.to));
    Ok(())
}
