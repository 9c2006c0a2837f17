//! `fupan figures hand`: counts of a day or a week written by hand.

use clap::Subcommand;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    service::{
        ServiceError,
        hand_counts::{self, HandFields, HandSpan, PAGE_LIMIT},
    },
    web::api::hand_counts as api,
};

/// 手工填写的笔数：没有样本的日子用它。 Counts written by hand: they stand in where there are no samples.
#[derive(Debug, Subcommand)]
pub(super) enum HandCommand {
    /// 填写一天或一周。 Write a day or a week.
    Set {
        /// 指标的键。 The indicator's key.
        indicator: String,
        /// 2024-08-19 或 2024-W34。 2024-08-19 or 2024-W34.
        span: String,
        /// 总数。 Attempts.
        #[arg(long)]
        total: i64,
        /// 成功数。 Those that succeeded.
        #[arg(long)]
        success: i64,
        /// 不计入的失败数。 Failures that do not count.
        #[arg(long, default_value_t = 0)]
        excluded: i64,
        /// 数字从哪里来。 Where the numbers come from.
        #[arg(long)]
        note: Option<String>,
    },
    /// 列出，最近的在前。 List them, the latest first.
    List {
        /// 指标的键。 The indicator's key.
        indicator: String,
    },
    /// 删除一天或一周。 Remove a day or a week.
    Remove {
        /// 指标的键。 The indicator's key.
        indicator: String,
        /// 2024-08-19 或 2024-W34。 2024-08-19 or 2024-W34.
        span: String,
    },
}

pub(super) async fn run(session: &Session, command: HandCommand) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let span_of = |text: &str| HandSpan::parse(text).map_err(ServiceError::from);
    match command {
        HandCommand::Set { indicator, span, total, success, excluded, note } => {
            let fields = HandFields { total, success, excluded, note };
            let span = span_of(&span)?;
            let count = hand_counts::put(app, actor, &indicator, span, fields, None).await?;
            data(&format!("{indicator}\t{}\t{}\t{}\t{}", count.span, total, success, excluded));
        }
        HandCommand::List { indicator } => {
            let mut all = Vec::new();
            loop {
                let behind = all.last().map(|last: &hand_counts::HandCountOf| last.count.span);
                let page = hand_counts::page(app, actor, &indicator, behind, PAGE_LIMIT).await?;
                let more = page.len() as u64 == PAGE_LIMIT;
                all.extend(page);
                if !more {
                    break;
                }
            }
            if session.json {
                data(&serde_json::to_string(&api::list_body(app, &all, u64::MAX))?);
                return Ok(());
            }
            for one in &all {
                let HandFields { total, success, excluded, note } = &one.count.fields;
                let note = note.as_deref().unwrap_or_default();
                let (span, standing) = (one.count.span, one.standing.code());
                data(&format!("{span}\t{total}\t{success}\t{excluded}\t{standing}\t{note}"));
            }
            if all.is_empty() {
                say("没有手工填写的笔数。 Nothing was written by hand.");
            }
        }
        HandCommand::Remove { indicator, span } => {
            let span = span_of(&span)?;
            hand_counts::remove(app, actor, &indicator, span, None).await?;
            say("已删除。 Removed.");
        }
    }
    Ok(())
}
