//! `fupan add "LINE" --week 2024-W34`: shows what was understood, and saves it.

use clap::Args;
use serde_json::json;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::{
        capture::draft::{DraftEvent, ImpactKind, Mark, Notice},
        clock_point::{ClockPoint, Precision},
        iso_week::IsoWeek,
        report::{event_line, schema, style::ReportStyle},
    },
    service::{capture, events},
};

/// Read a line and save the event.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// The line, as it would stand in the report.
    line: String,
    /// The week whose report it belongs to; by default the latest past occurrence of its date.
    #[arg(long)]
    week: Option<String>,
    /// Show what would be saved, and save nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(session: &Session, add: Add) -> anyhow::Result<()> {
    let week =
        add.week.as_deref().map(str::parse::<IsoWeek>).transpose().map_err(crate::service::ServiceError::from)?;
    let pieces = capture::split(&add.line);
    if pieces.len() > 1 {
        say(&format!("读到 {} 条事件，逐条处理", pieces.len()));
    }
    for piece in pieces {
        one(session, piece, week, add.dry_run).await?;
    }
    Ok(())
}

async fn one(session: &Session, line: &str, week: Option<IsoWeek>, dry_run: bool) -> anyhow::Result<()> {
    let read = capture::read(&session.app, &session.actor, line, week)?;
    let alike = events::alike(&session.app, &session.actor, &read).await?;
    let (draft, saved) = if dry_run {
        (read, None)
    } else {
        let (event, draft) = events::create_from_line(&session.app, &session.actor, line, week).await?;
        (draft, Some(event))
    };
    if session.json {
        let mut value = schema::line(&draft, week, None, session.app.zone);
        if let (Some(map), Some(event)) = (value.as_object_mut(), &saved) {
            map.insert("number".to_owned(), json!(event.label()));
        }
        data(&value.to_string());
        return Ok(());
    }
    for (name, value) in understood(&draft, session) {
        data(&format!("{name}  {value}"));
    }
    if let Some(event) = &saved {
        data(&format!("周报  {}", event_line(&ReportStyle::default(), &event.report_event(), session.app.zone)));
    }
    for notice in &draft.notices {
        say(&notice_words(notice));
    }
    if let Some(label) = alike {
        say(&format!("注意：与 {label} 时间相同、内容相近，可能已经登记过"));
    }
    match saved {
        Some(event) => say(&format!("已登记 {}（{} 周报）", event.label(), event.week)),
        None => say("未保存（--dry-run）"),
    }
    Ok(())
}

fn understood(draft: &DraftEvent, session: &Session) -> Vec<(&'static str, String)> {
    let time = |point: ClockPoint| {
        let local = point.at.with_timezone(&session.app.zone);
        match point.precision {
            Precision::Minute => local.format("%Y-%m-%d %H:%M").to_string(),
            Precision::Day => local.format("%Y-%m-%d（时间未写）").to_string(),
        }
    };
    let mut rows = Vec::new();
    rows.push(("时间", draft.occurred.map_or_else(|| "未写".to_owned(), time)));
    if let Some(point) = draft.recovered {
        let begun = draft.occurred.filter(|from| from.precision == Precision::Minute);
        let minutes = begun.map(|from| (point.at - from.at).num_minutes());
        let lasted = minutes.map(|minutes| format!("（{minutes} 分钟）")).unwrap_or_default();
        rows.push(("恢复", format!("{}{lasted}", time(point))));
    }
    rows.extend(draft.severity.clone().map(|label| ("等级", label)));
    rows.extend(draft.summary.clone().map(|text| ("现象", text)));
    if let Some(impact) = &draft.impact {
        let numbers: Vec<String> = draft
            .impacts
            .iter()
            .map(|impact| {
                let about = if impact.approximate { "约 " } else { "" };
                let number = if impact.kind == ImpactKind::Amount {
                    format!("{}.{:02}", impact.number / 100, impact.number % 100)
                } else {
                    impact.number.to_string()
                };
                format!("{about}{number} {}", impact.unit)
            })
            .collect();
        let shown = if numbers.is_empty() { String::new() } else { format!("（{}）", numbers.join("，")) };
        rows.push(("影响", format!("{impact}{shown}")));
    }
    rows.extend(draft.cause.clone().map(|text| ("原因", text)));
    rows.extend(draft.recovery.clone().map(|text| ("处理", text)));
    let mark = match draft.mark {
        Mark::Unknown => "未写",
        Mark::Pending => "待复盘",
        Mark::Done => "已复盘",
        Mark::NotRequired => "无需复盘",
    };
    rows.push(("复盘", mark.to_owned()));
    rows
}

/// What was assumed or left over, in words.
pub(super) fn notice_words(notice: &Notice) -> String {
    match notice {
        Notice::YearAssumed { year } => format!("注意：没有写年份，按 {year} 年理解；不对时用 --week 指定周"),
        Notice::DateUnreadable { text } => format!("注意：“{text}”不是日期，时间没有读取"),
        Notice::TimeMissing => "注意：没有读到时间，先登记，时间可以以后补".to_owned(),
        Notice::SecondDate { text } => format!("注意：还有另一个日期 {text}，取第一个为发生时间"),
        Notice::RecoveryNextDay => "注意：恢复时刻早于发生时刻，按次日理解".to_owned(),
        Notice::ControlCharacters { count } => format!("注意：略去 {count} 个控制字符"),
        Notice::TooLong { read, total } => format!("注意：共 {total} 字，只读了前 {read} 字"),
        Notice::NotAnEvent => "注意：没有读到事件".to_owned(),
        Notice::LeftOver { text } => format!("注意：没有归类的内容留在正文里：{text}"),
    }
}
