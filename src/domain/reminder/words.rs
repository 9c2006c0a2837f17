//! The words of things in digests: what they are called, where they lie, and what is said of them.

use chrono::{Datelike, NaiveDate, Weekday};

use super::{
    digest::{DigestItem, Language, Owner, shortened},
    policy::Subject,
};
use crate::domain::{action_item, event};

/// The heading of a group of things.
pub const fn heading(subject: Subject, language: Language) -> &'static str {
    match (subject, language) {
        (Subject::Postmortem, Language::Chinese) => "待复盘",
        (Subject::Postmortem, Language::English) => "Postmortems pending",
        (Subject::ActionAssign, Language::Chinese) => "改进项还没有负责人",
        (Subject::ActionAssign, Language::English) => "Action items that nobody owns",
        (Subject::Action, Language::Chinese) => "改进项",
        (Subject::Action, Language::English) => "Action items",
        (Subject::OpenEvent, Language::Chinese) => "事件还没有恢复",
        (Subject::OpenEvent, Language::English) => "Events that go on",
        (Subject::IncompleteEvent, Language::Chinese) => "记录还不全",
        (Subject::IncompleteEvent, Language::English) => "Records that lack facts",
        (Subject::WeeklyReport, Language::Chinese) => "周报还没有发布",
        (Subject::WeeklyReport, Language::English) => "Weekly reports that are not published",
    }
}

/// `PE-22`, `AI-7`, `2024-W34`.
pub fn label(item: &DigestItem) -> String {
    match item.subject {
        Subject::Postmortem | Subject::OpenEvent | Subject::IncompleteEvent => event::label(item.number),
        Subject::ActionAssign | Subject::Action => action_item::label(item.number),
        Subject::WeeklyReport => format!("{:04}-W{:02}", item.number / 100, item.number % 100),
    }
}

/// Its page, without the address of the service.
pub fn path(item: &DigestItem) -> String {
    match item.subject {
        Subject::Postmortem | Subject::OpenEvent | Subject::IncompleteEvent => format!("/e/{}", item.number),
        Subject::ActionAssign | Subject::Action => format!("/actions/{}", item.number),
        Subject::WeeklyReport => format!("/w/{}", label(item)),
    }
}

/// The line of a thing; of a week nothing more than its label.
pub fn line(item: &DigestItem) -> &str {
    if item.subject == Subject::WeeklyReport { "" } else { &item.line }
}

/// `8月26日 周一到期 · 逾期 3 个工作日 · C 级 · 负责人 小李`; of a record `还缺：影响数量、恢复时间`.
pub fn facts(item: &DigestItem, language: Language) -> String {
    let chinese = language == Language::Chinese;
    let mut facts = Vec::new();
    match item.subject {
        Subject::Postmortem | Subject::Action => facts.push(if chinese {
            format!("{}到期", chinese_day(item.due_on))
        } else {
            format!("due {}", item.due_on.format("%a %-d %b"))
        }),
        Subject::ActionAssign => facts.push(if chinese {
            format!("{}写下", chinese_day(item.due_on))
        } else {
            format!("written down {}", item.due_on.format("%a %-d %b"))
        }),
        Subject::OpenEvent => facts.push(if chinese {
            format!("{}开始", chinese_day(item.due_on))
        } else {
            format!("since {}", item.due_on.format("%a %-d %b"))
        }),
        Subject::IncompleteEvent => {
            let names: Vec<&str> = item.lacks.iter().map(|fact| fact_name(fact, chinese)).collect();
            facts.push(if chinese {
                format!("还缺：{}", names.join("、"))
            } else {
                format!("still missing: {}", names.join(", "))
            });
        }
        Subject::WeeklyReport => facts.push(if chinese { "还没有发布" } else { "not published yet" }.to_owned()),
    }
    if matches!(item.subject, Subject::Postmortem | Subject::Action) {
        match (item.overdue_days, chinese) {
            (0, _) => {}
            (days, true) => facts.push(format!("逾期 {days} 个工作日")),
            (1, false) => facts.push("1 working day late".to_owned()),
            (days, false) => facts.push(format!("{days} working days late")),
        }
    }
    if item.subject == Subject::WeeklyReport {
        return facts.join(" · ");
    }
    facts.push(match (&item.severity, chinese) {
        (Some(severity), true) => format!("{severity} 级"),
        (Some(severity), false) => format!("severity {severity}"),
        (None, true) => "未定级".to_owned(),
        (None, false) => "not graded".to_owned(),
    });
    match (&item.owner, chinese) {
        (Owner::Reader, _) => {}
        (Owner::Other(name), true) => facts.push(format!("负责人 {name}")),
        (Owner::Other(name), false) => facts.push(format!("owner {name}")),
        (Owner::Nobody, true) => facts.push("还没有负责人".to_owned()),
        (Owner::Nobody, false) => facts.push("nobody owns it yet".to_owned()),
    }
    facts.join(" · ")
}

/// The subject of a mail about one postmortem: its state, what it is, and how long it has: `【待复盘】PE-22 …（剩 1 个工作日）`.
pub fn subject(item: &DigestItem, language: Language) -> String {
    let chinese = language == Language::Chinese;
    let time = match (item.overdue_days, item.days_left, chinese) {
        (0, 0, true) => "今天到期".to_owned(),
        (0, 0, false) => "due today".to_owned(),
        (0, left, true) => format!("剩 {left} 个工作日"),
        (0, 1, false) => "1 working day left".to_owned(),
        (0, left, false) => format!("{left} working days left"),
        (late, _, true) => format!("逾期 {late} 个工作日"),
        (1, _, false) => "1 working day late".to_owned(),
        (late, _, false) => format!("{late} working days late"),
    };
    let (label, line) = (label(item), shortened(line(item), 60));
    if chinese {
        format!("【待复盘】{label} {line}（{time}）")
    } else {
        format!("[Pending] {label} {line} ({time})")
    }
}

/// The name of a fact of the record (`domain::completeness::FACTS`).
pub fn fact_name(fact: &str, chinese: bool) -> &'static str {
    let (zh, en) = match fact {
        "occurred" => ("发生时间", "when it began"),
        "recovered" => ("恢复时间", "when it was over"),
        "summary" => ("症状", "the symptom"),
        "impacts" => ("影响笔数", "how much it hit"),
        "detected" => ("发现时间", "when it was detected"),
        "services" => ("影响的业务线", "the services affected"),
        "mitigated" => ("止损时间", "when it was mitigated"),
        "detection" => ("如何发现", "how it was found"),
        "cause" => ("原因", "the cause"),
        "loss" => ("资损", "the fund loss"),
        "severity" => ("等级", "the level"),
        "cause_category" => ("原因类别", "the kind of cause"),
        "acknowledged" => ("响应时间", "when it was acknowledged"),
        "located" => ("定位时间", "when it was located"),
        _ => ("其他", "something else"),
    };
    if chinese { zh } else { en }
}

/// `8月26日 周一`.
pub fn chinese_day(day: NaiveDate) -> String {
    let weekday = match day.weekday() {
        Weekday::Mon => "周一",
        Weekday::Tue => "周二",
        Weekday::Wed => "周三",
        Weekday::Thu => "周四",
        Weekday::Fri => "周五",
        Weekday::Sat => "周六",
        Weekday::Sun => "周日",
    };
    format!("{}月{}日 {weekday}", day.month(), day.day())
}
