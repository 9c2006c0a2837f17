//! The words of the page of reminders.

use crate::domain::reminder::policy::Subject;

macro_rules! reminder_texts {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// Every text of the page in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct ReminderTexts { $(pub $name: &'static str,)+ }
        static ZH_CN: ReminderTexts = ReminderTexts { $($name: $zh,)+ };
        static EN: ReminderTexts = ReminderTexts { $($name: $en,)+ };
    };
}

reminder_texts! {
    reminders: "提醒规则", "Reminders";
    hint: "每个工作日在时段开始时发出，每人每个时段一封；没有待办就不发。修改后已有的事件也按新规则。", "They go out on working days when the slot begins, one digest per person and slot; nothing pending, no mail. Changes apply to what is there already.";
    as_document: "JSON", "JSON";
    slot: "开始发送", "From";
    until: "之后等到下个工作日", "Until; later ones wait for the next working day";
    ladders: "逐级上报", "Escalation ladders";
    ladders_hint: "每行一条：名称: 天数 收件人; 天数 收件人", "One a line: name: days recipients; days recipients";
    name: "名称", "Name";
    about: "提醒什么", "About";
    enabled: "启用", "Switched on";
    off: "已停用", "off";
    severities: "只限等级（可写“未定级”）", "Only these levels (\"ungraded\" too)";
    teams: "只限团队", "Only these teams";
    states: "只限状态", "Only in these states";
    kinds: "只限事件性质（正常、演练、维护；默认正常）", "Only these kinds of events (normal, drill, maintenance; by default normal)";
    within: "期限（工作日，仅指派与周报）", "Within so many working days (to find an owner, to publish)";
    steps: "步骤", "Steps";
    steps_hint: "每行一步：天数[/间隔] [时刻] 收件人。负数是到期前；收件人写 负责人、团队负责人、组长、管理员、逐级:名称、邮箱，notifier:名称（一个通知方式），或 群（订阅了“待复盘汇总”的群）。", "One a line: day[/every] [time] recipients. Negative days lie before the due date; recipients are owner, team_lead, leads, admins, ladder:NAME, an address, notifier:NAME (one notifier), or groups (those told of what is pending).";
    add_rule: "新规则（名称留空则不加）", "A new rule (left without a name, none is added)";
    remove: "删除这条", "Remove this rule";
    preview: "预览：未来 30 天", "Preview: the next 30 days";
    preview_hint: "按现在的状态推算：谁、何时、收到什么、为什么。保存之前先看。", "As things stand now: who gets what, when, and why. Look before you save.";
    preview_button: "预览，不保存", "Preview without saving";
    stored: "已保存", "Saved";
    nothing: "未来 30 天没有提醒。", "Nothing goes out in the next 30 days.";
    later: "之后的", "Later ones";
    cut: "太多了，只列出前面的。", "There is more; only the first lines are shown.";
    more: "项未列出", "not listed";
    day: "日期", "Day";
    to: "收件人", "To";
    what: "内容与原因", "What, and why";
    group: "群", "group";
    snooze: "延后", "Put off";
    stop: "停止提醒", "Stop";
    resume: "恢复提醒", "Resume";
    days: "个工作日", "working days";
    reason: "理由", "Reason";
    held_until: "延后至", "Put off until";
    stopped: "提醒已停止", "Reminders are stopped";
    by: "由", "by";
    restricted: "（限制可见）", "(restricted)";
}

/// A subject in words.
pub fn subject(subject: Subject, chinese: bool) -> &'static str {
    let (zh, en) = match subject {
        Subject::Postmortem => ("待复盘，按截止日", "postmortems, by their due dates"),
        Subject::ActionAssign => ("改进项没有负责人", "action items that nobody owns"),
        Subject::Action => ("改进项，按截止日", "action items, by their due dates"),
        Subject::OpenEvent => ("事件没有恢复，从开始算", "events that go on, from their beginning"),
        Subject::IncompleteEvent => ("记录不全，从登记算", "records that lack facts, from the day they were logged"),
        Subject::WeeklyReport => ("周报没有发布", "weekly reports that are not published"),
    };
    if chinese { zh } else { en }
}

/// `到期前 1 个工作日`, `到期日`, `逾期第 2 个工作日`.
pub fn offset(subject: Subject, offset: i64, chinese: bool) -> String {
    let counted = matches!(subject, Subject::OpenEvent | Subject::IncompleteEvent);
    match (offset, counted, chinese) {
        (days, true, true) => format!("第 {days} 个工作日"),
        (days, true, false) => format!("working day {days}"),
        (0, _, true) => "到期日".to_owned(),
        (0, _, false) => "the due date".to_owned(),
        (days, _, true) if days < 0 => format!("到期前 {} 个工作日", -days),
        (-1, _, false) => "1 working day before it is due".to_owned(),
        (days, _, false) if days < 0 => format!("{} working days before it is due", -days),
        (days, _, true) => format!("逾期第 {days} 个工作日"),
        (days, _, false) => format!("working day {days} after the due date"),
    }
}

/// A place of the document in Chinese: `rules[0].steps line 2` is `第 1 条规则的步骤第 2 行`. One that is none stays.
fn place_words(place: &str) -> String {
    let (path, line) = place.split_once(" line ").map_or((place, None), |(path, line)| (path, Some(line)));
    let mut words = Vec::new();
    for part in path.split('.') {
        let (name, number) = match part.split_once('[') {
            Some((name, rest)) => (name, rest.trim_end_matches(']').parse::<usize>().ok()),
            None => (part, None),
        };
        let (what, unit) = match name {
            "rules" => ("规则", "条"),
            "ladders" => ("逐级上报", "条"),
            "rungs" => ("级别", "个"),
            "steps" => ("步骤", "个"),
            "name" => ("名称", ""),
            "severities" => ("等级", ""),
            "teams" => ("团队", ""),
            "states" => ("状态", ""),
            "kinds" => ("事件性质", ""),
            "within" => ("期限", ""),
            "day" => ("天数", ""),
            "every" => ("间隔", ""),
            "at" => ("时刻", ""),
            "to" => ("收件人", ""),
            "slot" => ("开始发送", ""),
            "until" => ("停止发送", ""),
            _ => return place.to_owned(),
        };
        words.push(number.map_or_else(|| what.to_owned(), |at| format!("第 {} {unit}{what}", at.saturating_add(1))));
    }
    let line = line.map(|line| format!("第 {line} 行")).unwrap_or_default();
    format!("{}{line}", words.join("的"))
}

/// A remedy in Chinese; its beginning is the place.
pub fn remedy(remedy: &str) -> Option<String> {
    if remedy == "write snooze, stop or resume" {
        return Some("请写 snooze、stop 或 resume".to_owned());
    }
    if remedy == "write PE-22 or AI-7" {
        return Some("请写 PE-22 或 AI-7".to_owned());
    }
    let (place, rest) = remedy.split_once(": ")?;
    let place = place_words(place);
    let fixed = match rest {
        "give a time later than slot" => "要晚于开始发送的时刻",
        "give at most 20 ladders" => "最多 20 条",
        "give 1 to 20 rungs" => "每条 1 到 20 级",
        "give 0 to 250 working days" => "请写 0 到 250 个工作日",
        "give -250 to 250 working days" => "请写 -250 到 250 个工作日",
        "give 1 to 250 working days" => "请写 1 到 250 个工作日",
        "give at most 50 rules" => "最多 50 条规则",
        "this subject has no states; leave it out" => "这类没有状态，请留空",
        "give normal, drill or maintenance" => "请写 正常、演练 或 维护",
        "give at most 100 teams" => "最多 100 个团队",
        "give 1 to 20 steps" => "每条规则 1 到 20 步",
        "give a time from slot to until: outside are the quiet hours" => "时刻要在发送时段之内，之外是免打扰时间",
        "groups are chosen by their notifiers; leave it empty" => "群由通知方式的订阅决定，这里留空",
        "write a name of 1 to 40 characters" => "名称 1 到 40 个字",
        "name at most 50 recipients" => "最多 50 个收件人",
        _ if rest.starts_with("name a recipient") => "请写收件人：负责人、团队负责人、组长、管理员、逐级:名称或邮箱",
        _ if rest.starts_with("write the day, the time") => {
            "请写：天数[/间隔] [时刻] 收件人，如 +1/1 10:30 负责人,组长"
        }
        _ if rest.starts_with("write a name and rungs") => "请写：名称: 1 组长; 3 管理员",
        _ => {
            if let Some(word) = rest.split(" is nobody: write ").next().filter(|_| rest.contains(" is nobody: ")) {
                return Some(format!(
                    "{place}：没有收件人 {word}；写 负责人、团队负责人、组长、管理员、逐级:名称或邮箱"
                ));
            }
            if let Some(name) = rest.strip_prefix("there is no ladder ").and_then(|rest| rest.split(';').next()) {
                return Some(format!("{place}：没有逐级上报 {name}"));
            }
            if let Some(word) = rest.strip_suffix(" is no address") {
                return Some(format!("{place}：{word} 不是邮箱"));
            }
            return None;
        }
    };
    Some(format!("{place}：{fixed}"))
}

/// The words in a language; Chinese unless it is `en`.
pub fn texts(lang: &str) -> &'static ReminderTexts {
    if lang == "en" { &EN } else { &ZH_CN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_the_document_has_chinese_words() {
        assert_eq!(place_words("rules[0].steps line 2"), "第 1 条规则的步骤第 2 行");
        assert_eq!(place_words("rules[2].steps[1].day"), "第 3 条规则的第 2 个步骤的天数");
        assert_eq!(place_words("ladders line 1"), "逐级上报第 1 行");
        assert_eq!(place_words("ladders[0].rungs[1]"), "第 1 条逐级上报的第 2 个级别");
        assert_eq!(place_words("nothing[of it]"), "nothing[of it]");
    }
}
