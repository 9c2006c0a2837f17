//! What an import says of its lines, in both languages.

use super::problems::field_name;
use crate::domain::{
    import_plan::{Change, Kind, Line, Outcome, Reason},
    postmortem::PostmortemState,
};

/// What a line is about.
pub const fn kind(kind: Kind, chinese: bool) -> &'static str {
    match (kind, chinese) {
        (Kind::Event, true) => "事件",
        (Kind::Event, false) => "event",
        (Kind::Figure, true) => "指标",
        (Kind::Figure, false) => "figure",
        (Kind::IncidentCount, true) => "事故数",
        (Kind::IncidentCount, false) => "incident count",
    }
}

/// The kind of an entry of the ledger.
pub fn kind_of_code(code: &str, chinese: bool) -> &'static str {
    match code {
        "figure" => kind(Kind::Figure, chinese),
        "incident_count" => kind(Kind::IncidentCount, chinese),
        "postmortem" if chinese => "复盘",
        "postmortem" => "postmortem",
        _ => kind(Kind::Event, chinese),
    }
}

/// What happens to a line.
pub const fn outcome(outcome: Outcome, chinese: bool) -> &'static str {
    match (outcome, chinese) {
        (Outcome::Added, true) => "新增",
        (Outcome::Added, false) => "new",
        (Outcome::Changed, true) => "更新",
        (Outcome::Changed, false) => "changed",
        (Outcome::Unchanged, true) => "不变",
        (Outcome::Unchanged, false) => "same",
        (Outcome::Doubtful, true) => "存疑",
        (Outcome::Doubtful, false) => "doubtful",
        (Outcome::Deleted, true) => "已删除，不再导入",
        (Outcome::Deleted, false) => "deleted here, stays deleted",
    }
}

/// A reason in words.
pub fn reason(reason: &Reason, chinese: bool) -> String {
    if chinese { reason_chinese(reason) } else { reason_english(reason) }
}

fn reason_chinese(reason: &Reason) -> String {
    match reason {
        Reason::Imported => "导入过".to_owned(),
        Reason::SameSentence => "同一时间，句子相同".to_owned(),
        Reason::Alike { percent } => format!("同一时间，句子相似 {percent}%"),
        Reason::OtherWeek { week } => format!("已在 {week} 周报里，留在那一周"),
        Reason::EarlierFile { file } => format!("与本次导入的 {file} 里的是同一条"),
        Reason::MayBe { who, percent } => format!("与 {who} 同一时间，句子相似 {percent}%，疑似重复"),
        Reason::MayHaveMoved { who, percent } => format!("与 {who} 句子相似 {percent}%，时间不同，疑似同一条"),
        Reason::NoTime => "没有时间".to_owned(),
        Reason::DayOnly => "只有日期".to_owned(),
        Reason::YearAssumed { year } => format!("年份是推断的：{year}"),
        Reason::FarFromWeek { days } if *days < 0 => format!("比这一周早 {} 天", days.abs()),
        Reason::FarFromWeek { days } => format!("比这一周晚 {days} 天"),
        Reason::DateUnreadable { text } => format!("“{text}”不是日期"),
        Reason::SecondDate { text } => format!("还有另一个日期 {text}"),
        Reason::RecoveryNextDay => "恢复按次日理解".to_owned(),
        Reason::RecoveryBefore => "恢复早于发生，没有采用".to_owned(),
        Reason::NoSymptom => "没有读到现象".to_owned(),
        Reason::TooLong => "太长，只读了前面一部分".to_owned(),
        Reason::LeftOut => "上次选择不导入".to_owned(),
        Reason::Corrected => "已更正".to_owned(),
        Reason::Chosen => "人工确认是同一条".to_owned(),
        Reason::EditedHere => "这里改过的保持不变".to_owned(),
        Reason::Restricted => "已登记为限制可见的事件，不改动".to_owned(),
    }
}

fn reason_english(reason: &Reason) -> String {
    match reason {
        Reason::Imported => "imported before".to_owned(),
        Reason::SameSentence => "same time, same sentence".to_owned(),
        Reason::Alike { percent } => format!("same time, sentence {percent}% alike"),
        Reason::OtherWeek { week } => format!("it is in the report of {week} and stays there"),
        Reason::EarlierFile { file } => format!("the same as in {file} of this import"),
        Reason::MayBe { who, percent } => format!("same time as {who}, sentence {percent}% alike: perhaps the same"),
        Reason::MayHaveMoved { who, percent } => {
            format!("sentence {percent}% alike to {who}, another time: perhaps the same")
        }
        Reason::NoTime => "no time".to_owned(),
        Reason::DayOnly => "only the date".to_owned(),
        Reason::YearAssumed { year } => format!("the year is inferred: {year}"),
        Reason::FarFromWeek { days } if *days < 0 => format!("{} days before its week", days.abs()),
        Reason::FarFromWeek { days } => format!("{days} days after its week"),
        Reason::DateUnreadable { text } => format!("“{text}” is not a date"),
        Reason::SecondDate { text } => format!("there is a second date: {text}"),
        Reason::RecoveryNextDay => "the recovery is taken as the next day".to_owned(),
        Reason::RecoveryBefore => "the recovery lies before the beginning and was left out".to_owned(),
        Reason::NoSymptom => "no symptom was read".to_owned(),
        Reason::TooLong => "too long: only the first part was read".to_owned(),
        Reason::LeftOut => "left out by choice the last time".to_owned(),
        Reason::Corrected => "corrected".to_owned(),
        Reason::Chosen => "a person says it is the same".to_owned(),
        Reason::EditedHere => "what was edited here stays".to_owned(),
        Reason::Restricted => "it is logged as a restricted event and stays as it is".to_owned(),
    }
}

/// All reasons of a line.
pub fn reasons(line: &Line, chinese: bool) -> String {
    let words: Vec<String> = line.reasons.iter().map(|one| reason(one, chinese)).collect();
    words.join(if chinese { "；" } else { "; " })
}

/// A field's name for people.
pub fn field(name: &str, chinese: bool) -> String {
    match name {
        _ if !chinese => name.replace('_', " "),
        "state" | "postmortem" => "复盘状态".to_owned(),
        "timeline" => "时间线".to_owned(),
        "week" => "周报周次".to_owned(),
        "delta" | "delta_unit" => "变化".to_owned(),
        "occurred" => field_name("occurred_at").to_owned(),
        "recovered" => field_name("recovered_at").to_owned(),
        "narrative_generated" => field_name("narrative").to_owned(),
        other => field_name(other).to_owned(),
    }
}

/// `恢复时间：无 → 2024-08-19 16:05`.
pub fn change(change: &Change, chinese: bool) -> String {
    let shown = |value: &str| {
        let value = if change.field == "state" { state(value, chinese) } else { value };
        let short: String = value.chars().take(60).collect();
        match (short.is_empty(), chinese) {
            (true, true) => "无".to_owned(),
            (true, false) => "none".to_owned(),
            (false, _) if value.chars().count() > 60 => format!("{short}…"),
            (false, _) => short,
        }
    };
    let colon = if chinese { "：" } else { ": " };
    format!("{}{colon}{} → {}", field(change.field, chinese), shown(&change.from), shown(&change.to))
}

fn state(code: &str, chinese: bool) -> &str {
    if !chinese {
        return code;
    }
    match PostmortemState::from_code(code) {
        Some(PostmortemState::Undecided) => "未定",
        Some(PostmortemState::NotRequired) => "免复盘",
        Some(PostmortemState::Pending) => "待复盘",
        Some(PostmortemState::Drafting) => "撰写中",
        Some(PostmortemState::InReview) => "评审中",
        Some(PostmortemState::Done) => "已复盘",
        None => code,
    }
}

/// Why something was not undone: which parts were edited since.
pub fn kept(fields: &[String], chinese: bool) -> String {
    let told = fields.iter().any(|name| name == "other_import");
    let edited = fields.iter().filter(|name| *name != "other_import");
    let mut names: Vec<String> = edited.map(|name| field(name, chinese)).collect();
    names.dedup();
    if told && names.is_empty() {
        let words = if chinese { "另一次导入里也有，保留" } else { "another import tells of it too, kept" };
        return words.to_owned();
    }
    if chinese {
        format!("导入之后改过（{}），保留", names.join("、"))
    } else {
        format!("edited since the import ({}), kept", names.join(", "))
    }
}

/// Where a run came from.
pub fn source(code: &str, chinese: bool) -> String {
    match code {
        "cli" if chinese => "命令行".to_owned(),
        "web" if chinese => "网页".to_owned(),
        "api" if chinese => "接口".to_owned(),
        "cli" => "command line".to_owned(),
        "web" => "page".to_owned(),
        other => other.to_owned(),
    }
}
