//! `fupan add "LINE" --week 2024-W34`: shows what was understood, and saves it.

use clap::Args;
use serde_json::json;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::{
        capture::draft::{Assumption, DraftEvent, DraftField, ImpactKind, Mark, Notice, Origin},
        clock_point::{ClockPoint, Precision},
        event::EventFields,
        iso_week::IsoWeek,
        report::{event_line, schema},
    },
    service::{capture, events, line_styles, recurrence},
    web::api::postmortem_text::recurring,
};

/// 读一行并登记事件。 Read a line and save the event.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// 这一行，如周报里所写。 The line, as it would stand in the report.
    line: String,
    /// 属于哪一周的周报；默认取那个日期最近的一次。 The week whose report it belongs to; by default the latest past occurrence of its date.
    #[arg(long)]
    week: Option<String>,
    /// 只看读出了什么，不保存。 Show what would be saved, and save nothing.
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
    if let Some(label) = alike {
        say(&format!("注意：与 {label} 时间相同、内容相近，可能已经登记过"));
    }
    let fields = EventFields::from_draft(&draft);
    let except = saved.as_ref().map(|event| event.id);
    let again = recurrence::of_fields(&session.app, &session.actor, &fields, except).await?;
    if session.json {
        let mut value = schema::line(&draft, week, None, session.app.zone);
        if let (Some(map), Some(event)) = (value.as_object_mut(), &saved) {
            map.insert("number".to_owned(), json!(event.label()));
        }
        if let Some(map) = value.as_object_mut() {
            let again: Vec<_> = again.into_iter().map(recurring).collect();
            map.insert("recurrence".to_owned(), json!(again));
        }
        data(&value.to_string());
        return Ok(());
    }
    for row in understood(&draft, session) {
        let shown = if dry_run { row.with_origin(&draft, line) } else { format!("{}  {}", row.name, row.value) };
        data(&shown);
    }
    if let Some(event) = &saved {
        let style = line_styles::of_week(&session.app, &session.actor, event.week).await?;
        data(&format!("周报  {}", event_line(&style, &event.report_event(), session.app.zone)));
    }
    for notice in &draft.notices {
        say(&notice_words(notice));
    }
    if !again.is_empty() {
        say("似曾相识，相似事件还有没做完的改进项：");
        for item in &again {
            say(&super::pm::recurring_line(item));
        }
    }
    match saved {
        Some(event) => {
            say(&format!("已登记 {}（{} 周报）", event.label(), event.week));
            if let Some(due) = event.postmortem.due_on.filter(|_| event.postmortem.state.is_owed()) {
                say(&format!("待复盘，截止 {due}"));
            }
        }
        None => say("未保存（--dry-run）"),
    }
    Ok(())
}

/// A field that was read.
struct Row {
    name: &'static str,
    value: String,
    field: DraftField,
}

impl Row {
    /// With a column that says whether the text states it, and the words it was read from.
    fn with_origin(&self, draft: &DraftEvent, line: &str) -> String {
        let Some(origin) = draft.origin_of(self.field) else {
            return format!("{}  —     {}", self.name, self.value);
        };
        let origin = if origin == Origin::Stated { "写明" } else { "推断" };
        let why = draft.spans_of(self.field).find_map(|span| span.assumption).map(assumption_words);
        let why = why.map(|why| format!("；{why}")).unwrap_or_default();
        let words = draft.words_of(self.field, line).replace('\n', " ");
        format!("{}  {origin}  {}  ←「{words}」{why}", self.name, self.value)
    }
}

fn understood(draft: &DraftEvent, session: &Session) -> Vec<Row> {
    let time = |point: ClockPoint| {
        let local = point.at.with_timezone(&session.app.zone);
        match point.precision {
            Precision::Minute => local.format("%Y-%m-%d %H:%M").to_string(),
            Precision::Day => local.format("%Y-%m-%d（时间未写）").to_string(),
        }
    };
    let mut rows = Vec::new();
    let mut add = |name, field, value: Option<String>| rows.extend(value.map(|value| Row { name, value, field }));
    add("时间", DraftField::OccurredAt, Some(draft.occurred.map_or_else(|| "未写".to_owned(), time)));
    add("发现", DraftField::DetectedAt, draft.detected.map(time));
    add("响应", DraftField::AcknowledgedAt, draft.acknowledged.map(time));
    add("定位", DraftField::LocatedAt, draft.located.map(time));
    add("止损", DraftField::MitigatedAt, draft.mitigated.map(time));
    let begun = draft.occurred.filter(|from| from.precision == Precision::Minute);
    let lasted = |to: ClockPoint| begun.map(|from| format!("（{} 分钟）", (to.at - from.at).num_minutes()));
    add("恢复", DraftField::RecoveredAt, draft.recovered.map(|to| time(to) + &lasted(to).unwrap_or_default()));
    add("等级", DraftField::Severity, draft.severity.clone());
    add("现象", DraftField::Summary, draft.summary.clone());
    add("影响", DraftField::Impact, draft.impact.clone());
    for impact in &draft.impacts {
        let about = if impact.approximate { "约 " } else { "" };
        let (name, number) = match impact.kind {
            ImpactKind::Count => ("笔数", impact.number.to_string()),
            ImpactKind::Users => ("用户", impact.number.to_string()),
            ImpactKind::Amount => ("金额", format!("{}.{:02}", impact.number / 100, impact.number % 100)),
        };
        add(name, impact.kind.field(), Some(format!("{about}{number} {}", impact.unit)));
    }
    add("原因", DraftField::Cause, draft.cause.clone());
    add("处理", DraftField::Recovery, draft.recovery.clone());
    let mark = match draft.mark {
        Mark::Unknown => "未写",
        Mark::Pending => "待复盘",
        Mark::Done => "已复盘",
        Mark::NotRequired => "无需复盘",
    };
    add("复盘", DraftField::Mark, Some(mark.to_owned()));
    rows
}

/// What was assumed, in words.
fn assumption_words(assumption: Assumption) -> &'static str {
    match assumption {
        Assumption::Year => "没有写年份",
        Assumption::RelativeDay => "从写下那天或周报那周算出",
        Assumption::HeadingDate => "日期取自上面的标题",
        Assumption::WritingDate => "没有写日期，取粘贴那天",
        Assumption::LatestTime => "没有写日期，取最近一次（昨天）",
        Assumption::NextDay => "早于发生时刻，按次日理解",
        Assumption::HalfOfDay => "上午下午与发生时刻相同",
        Assumption::Duration => "发生时刻加时长",
        Assumption::PartlyWell => "没有说全部恢复，取基本恢复的时刻",
        Assumption::FirstAction => "取第一个处理动作的时刻",
        Assumption::LastAction => "没有说结果，取最后一个处理动作的时刻",
        Assumption::OtherField => "借用别处的话",
        Assumption::LowerNumber => "取较小的数",
    }
}

/// What was assumed or left over, in words.
pub(super) fn notice_words(notice: &Notice) -> String {
    match notice {
        Notice::YearAssumed { year } => format!("注意：没有写年份，按 {year} 年理解；不对时用 --week 指定周"),
        Notice::DateUnreadable { text } => format!("注意：“{text}”不是能读的日期或时间，没有读取"),
        Notice::TimeMissing => "注意：没有读到时间，先登记，时间可以以后补".to_owned(),
        Notice::SecondDate { text } => format!("注意：还有另一个日期 {text}，取第一个为发生时间"),
        Notice::RecoveryNextDay => "注意：恢复时刻早于发生时刻，按次日理解".to_owned(),
        Notice::RecoveryBefore { text } => format!("注意：恢复 {text} 早于发生，没有采用"),
        Notice::ControlCharacters { count } => format!("注意：略去 {count} 个控制字符"),
        Notice::TooLong { read, total } => format!("注意：共 {total} 字，只读了前 {read} 字"),
        Notice::NotAnEvent => "注意：没有读到事件".to_owned(),
        Notice::LeftOver { text } => format!("注意：没有归类的内容留在正文里：{text}"),
    }
}
