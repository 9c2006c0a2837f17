//! The words of timelines and of the stage bar, in both languages.

use super::{EN, Texts, ZH_CN, problems, restated};
use crate::{
    domain::{
        event::ProductionEvent,
        postmortem::PostmortemState,
        stages::{Gap, Segment, Stage, StageBar},
        timeline::Told,
    },
    service::timeline::{ItemKind, TimelineItem},
};

const fn table(chinese: bool) -> &'static Texts {
    if chinese { &ZH_CN } else { &EN }
}

const fn pick(chinese: bool, zh: &'static str, en: &'static str) -> &'static str {
    if chinese { zh } else { en }
}

/// The clock points and stages as people say them.
pub fn point(name: &str, chinese: bool) -> &'static str {
    match name {
        "occurred" => pick(chinese, "发生", "Began"),
        "detected" => pick(chinese, "发现", "Detected"),
        "acknowledged" => pick(chinese, "响应", "Acknowledged"),
        "located" => pick(chinese, "定位", "Located"),
        "mitigated" => pick(chinese, "止损", "Mitigated"),
        _ => pick(chinese, "恢复", "Recovered"),
    }
}

/// A stage as people say it.
pub fn stage(stage: Stage, chinese: bool) -> &'static str {
    point(stage.point(), chinese)
}

/// Why a clock point bounds no segment: `响应：未知`.
pub fn gap(name: &str, gap: Gap, chinese: bool) -> String {
    let why = match gap {
        Gap::Missing => pick(chinese, "还没有填", "not told yet"),
        Gap::Unknown => pick(chinese, "无从得知", "unknown"),
        Gap::DayOnly => pick(chinese, "只知道日期", "only the day is known"),
        Gap::OutOfOrder => pick(chinese, "早于前一个时点", "lies before the point in front of it"),
    };
    format!("{}{}{why}", point(name, chinese), if chinese { "：" } else { ": " })
}

/// `17 分`, `2 小时 5 分`.
pub fn minutes(minutes: i64, chinese: bool) -> String {
    let (h, m) = if chinese { ("小时", "分") } else { ("h", "min") };
    match (minutes / 60, minutes % 60) {
        (0, rest) => format!("{rest} {m}"),
        (hours, 0) => format!("{hours} {h}"),
        (hours, rest) => format!("{hours} {h} {rest} {m}"),
    }
}

/// The stages of a segment: `定位`, `响应＋定位`.
pub fn segment(segment: &Segment, chinese: bool) -> String {
    let names: Vec<&str> = segment.stages.iter().map(|one| stage(*one, chinese)).collect();
    names.join(pick(chinese, "＋", " + "))
}

/// The whole bar as a sentence, for those who do not see it.
pub fn bar(bar: &StageBar, chinese: bool) -> String {
    let mut parts: Vec<String> = bar
        .segments
        .iter()
        .map(|one| {
            let open = if one.open { pick(chinese, "（仍在进行）", " (going on)") } else { "" };
            format!("{} {}{open}", segment(one, chinese), minutes(one.minutes(), chinese))
        })
        .collect();
    parts.extend(bar.gaps.iter().map(|(name, why)| gap(name, *why, chinese)));
    parts.join(pick(chinese, "，", ", "))
}

/// A field's name; names that nobody translated stay as they are.
fn field(name: &str, chinese: bool) -> String {
    let own = match name {
        "kind" => Some(("性质", "kind")),
        "detection" => Some(("发现方式", "detection")),
        "change_link" => Some(("相关变更", "change")),
        "loss" => Some(("资损", "fund loss")),
        "services" => Some(("影响业务", "services")),
        "responsibility" => Some(("定责", "responsibility")),
        "tags" => Some(("标签", "tags")),
        "links" => Some(("链接", "links")),
        "unknown" => Some(("无从得知的时间", "unknown times")),
        "restricted" | "viewers" => Some(("可见范围", "who may see it")),
        "cause_category" => Some(("原因类别", "category of the cause")),
        "reviewer" => Some(("评审人", "reviewer")),
        "state" => Some(("复盘状态", "postmortem state")),
        _ => None,
    };
    if let Some((zh, en)) = own {
        return pick(chinese, zh, en).to_owned();
    }
    match restated::field(table(chinese), name) {
        Some(words) if chinese => words.to_owned(),
        Some(words) => words.to_lowercase(),
        None if chinese => problems::field_name(name).to_owned(),
        None => name.replace('_', " "),
    }
}

fn names(fields: &[String], chinese: bool) -> String {
    let mut words: Vec<String> = fields.iter().map(|name| field(name, chinese)).collect();
    words.dedup();
    words.join(pick(chinese, "、", ", "))
}

/// A state of the postmortem by its code.
pub fn state(code: &str, chinese: bool) -> &str {
    PostmortemState::from_code(code).map_or(code, |state| restated::state_words(table(chinese), state))
}

/// What an automatic entry tells.
pub fn told(told: &Told, chinese: bool) -> String {
    let because = |reason: &Option<String>| match reason {
        Some(reason) if chinese => format!("（{reason}）"),
        Some(reason) => format!(" ({reason})"),
        None => String::new(),
    };
    let grade = |label: &Option<String>| match label {
        Some(label) if chinese && label.chars().all(|c| ('A'..='E').contains(&c)) => format!("{label}级"),
        Some(label) => label.clone(),
        None => table(chinese).ungraded.to_owned(),
    };
    match told {
        Told::Logged { source } => {
            let from = match source.as_str() {
                "import" => pick(chinese, "（导入）", " (import)"),
                "api" => pick(chinese, "（接口）", " (API)"),
                _ => "",
            };
            format!("{}{from}", pick(chinese, "登记", "Logged"))
        }
        Told::Edited { fields } => format!("{}{}", pick(chinese, "修改：", "Edited: "), names(fields, chinese)),
        Told::Graded { from, to, reason } => {
            format!("{}{} → {}{}", pick(chinese, "定级：", "Graded: "), grade(from), grade(to), because(reason))
        }
        Told::Moved { from, to, reason } => {
            let states = format!("{} → {}", state(from, chinese), state(to, chinese));
            format!("{}{states}{}", pick(chinese, "复盘：", "Postmortem: "), because(reason))
        }
        Told::Assigned { fields } => {
            format!("{}{}", pick(chinese, "复盘：改了", "Postmortem: changed "), names(fields, chinese))
        }
        Told::Other { action } => restated::action(table(chinese), action),
    }
}

/// The words of an entry of the timeline.
pub fn words(item: &TimelineItem, event: &ProductionEvent, chinese: bool) -> String {
    match &item.kind {
        ItemKind::Clock("occurred") => event.title(),
        ItemKind::Clock("recovered") => match event.fields.recovery.as_deref() {
            Some(recovery) => format!("{}{recovery}", pick(chinese, "恢复：", "Recovered: ")),
            None => point("recovered", chinese).to_owned(),
        },
        ItemKind::Clock("located") => match event.fields.cause.as_deref() {
            Some(cause) => format!("{}{cause}", pick(chinese, "定位：", "Located: ")),
            None => point("located", chinese).to_owned(),
        },
        ItemKind::Clock(name) => point(name, chinese).to_owned(),
        ItemKind::Written(entry) => entry.text.clone(),
        ItemKind::Automatic { told: one, .. } => told(one, chinese),
    }
}
