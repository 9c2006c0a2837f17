//! Levels, grades, responsibility, thresholds and policies in both languages.

use crate::domain::{
    facts::Measure,
    grading::Rule,
    severity::Tone,
    threshold::{Distance, Limit, ThresholdRule},
};

macro_rules! grading_texts {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// Every text of the pages about grades and teams in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct GradingTexts { $(pub $name: &'static str,)+ }
        static ZH_CN: GradingTexts = GradingTexts { $($name: $zh,)+ };
        static EN: GradingTexts = GradingTexts { $($name: $en,)+ };
    };
}

grading_texts! {
    grade: "定级", "Grade";
    proposed: "建议", "Proposed";
    no_proposal: "知道的还不够，没有规则符合。", "Too little is known: no rule fires.";
    missing: "还不知道", "Not known";
    missing_hint: "补上后建议可能更重", "knowing it may propose a worse level";
    accept: "采纳", "Accept";
    other_level: "定为其他等级", "Another level";
    regrade: "改定级", "Regrade";
    reason: "理由", "Reason";
    reason_first: "与建议不同时必填", "needed where it is not the proposed one";
    reason_later: "必填", "needed";
    take_off: "未定级", "ungraded";
    past: "定级历史", "Earlier grades";
    by_rule: "当时建议", "then proposed";
    needs_lead: "改定级和定责由组长来做。", "Regrading and responsibility are done by leads.";
    responsibility: "定责", "Responsibility";
    team: "团队", "Team";
    share: "份额（%）", "Share (%)";
    evenly: "平分", "Divide evenly";
    unsettled: "未定责", "Unsettled";
    settled_by_nobody: "还没有定责。", "No team answers for it yet.";
    no_teams: "还没有团队，先建一个", "There are no teams yet; make one";
    share_hint: "合计不超过 100%；不足的部分显示为未定责。", "Together 100% at most; the rest is shown as unsettled.";
    thresholds: "监管门槛", "Thresholds";
    thresholds_hint: "只作提示，是否报告以合规意见为准。", "Advice only: compliance decides what is reported.";
    none_watched: "这个事件的日期没有适用的规则。", "No rule holds for the day of this event.";
    reached: "已超过", "over";
    not_reached: "未达到", "not reached";
    in_force: "起施行", "in force from";
    unknown: "未知", "not known";
    until_now: "未恢复，计到现在", "ongoing, until now";
    since_detection: "从发现算起", "since detection";
    teams: "团队", "Teams";
    counts: "团队计数", "Counts by team";
    counts_hint: "团队按份额计（0.5 次），公司每个事件计一次；不含演练和维护。", "A team counts its shares (0.5), the company each event once; drills and maintenance are left out.";
    company: "公司", "Company";
    total: "合计", "Total";
    this_week: "本周", "This week";
    this_month: "本月", "This month";
    this_quarter: "本季度", "This quarter";
    this_year: "今年", "This year";
    earlier: "上一期", "Earlier";
    later: "下一期", "Later";
    lead: "组长", "Lead";
    members: "成员", "Members";
    nobody: "未指定", "nobody";
    new_team: "新团队", "New team";
    add_team: "添加团队", "Add the team";
    edit_team: "修改", "Change";
    name_teams: "指定团队", "Name the teams";
    archived: "已归档", "archived";
    archive: "归档", "Archive";
    restore: "恢复使用", "Back into use";
    no_team_yet: "还没有团队。团队用来定责，也用来按团队计数。", "No teams yet. Teams answer for events and are counted.";
    levels: "等级", "Levels";
    levels_hint: "从最重到最轻；顺序、颜色、复盘期限都按这里。已经用过的等级不能直接删掉：改名时把旧标签写进别名。", "The worst first: order, colours and deadlines follow. A level in use cannot just go: write its old label among the aliases of another.";
    place: "次序", "Order";
    label: "标签", "Label";
    meaning: "含义", "Meaning";
    aliases: "别名", "Aliases";
    tone: "颜色", "Colour";
    postmortem: "要复盘", "Postmortem";
    due: "复盘（工作日）", "Due (working days)";
    action_due: "改进项（天）", "Action items (days)";
    points: "故障分", "Points";
    ungraded: "未定级", "Ungraded";
    preset: "换成 P0–P4", "Use P0–P4";
    preset_hint: "旧的 A–D 作为别名保留；看过再保存。", "A–D stay as aliases; look, then save.";
    policies: "规则", "Policies";
    policies_hint: "规则是可以改的数据，默认值只是起点。", "Policies are data to be edited; the defaults are a beginning.";
    policy_default: "默认", "default";
    policy_edited: "已改", "edited";
    policy_hint: "整份 JSON；不认识的键、重复的名称和离谱的数会被拒绝，并指出位置。", "The whole document as JSON; unknown keys, double names and absurd numbers are refused with their place.";
    severity_policy: "等级与期限", "Levels and deadlines";
    grading_policy: "定级规则", "Grading rules";
    thresholds_policy: "监管门槛", "Thresholds";
    completeness_policy: "复盘前要答的事实", "Facts that a postmortem needs";
    postmortem_policy: "复盘章节", "Sections of postmortems";
    analytics_policy: "1-5-10 限值", "Limits of 1-5-10";
    reminders_policy: "提醒规则", "Reminders";
    saved: "已保存", "Saved";
}

/// The texts of a language code.
pub fn texts(lang: &str) -> &'static GradingTexts {
    if lang.starts_with("en") { &EN } else { &ZH_CN }
}

/// `C级`, `P1`, `未定级`.
pub fn level(label: Option<&str>, chinese: bool) -> String {
    match label {
        Some(label) if chinese && label.chars().all(|c| ('A'..='E').contains(&c)) => format!("{label}级"),
        Some(label) => label.to_owned(),
        None => texts(if chinese { "zh-CN" } else { "en" }).ungraded.to_owned(),
    }
}

/// What a policy is about; a policy that nobody named here is called by its code.
pub fn policy_name(name: &'static str, t: &'static GradingTexts) -> &'static str {
    match name {
        "severity" => t.severity_policy,
        "grading" => t.grading_policy,
        "thresholds" => t.thresholds_policy,
        "completeness" => t.completeness_policy,
        "postmortem" => t.postmortem_policy,
        "analytics" => t.analytics_policy,
        "reminders" => t.reminders_policy,
        other => other,
    }
}

/// The colour of a level.
pub const fn tone(tone: Tone, chinese: bool) -> &'static str {
    match (tone, chinese) {
        (Tone::Red, true) => "红",
        (Tone::Orange, true) => "橙",
        (Tone::Yellow, true) => "黄",
        (Tone::Grey, true) => "灰",
        (Tone::Red, false) => "red",
        (Tone::Orange, false) => "orange",
        (Tone::Yellow, false) => "yellow",
        (Tone::Grey, false) => "grey",
    }
}

/// The name of a measure.
pub const fn measure(measure: Measure, chinese: bool) -> &'static str {
    match (measure, chinese) {
        (Measure::Core, true) => "是否核心业务",
        (Measure::Drop, true) => "成功率下降",
        (Measure::Minutes, true) => "时长",
        (Measure::Transactions, true) => "交易笔数",
        (Measure::Users, true) => "用户数",
        (Measure::Amount, true) => "影响金额",
        (Measure::Loss, true) => "资损",
        (Measure::Records, true) => "泄露条数",
        (Measure::Core, false) => "core service or not",
        (Measure::Drop, false) => "fall of the success rate",
        (Measure::Minutes, false) => "duration",
        (Measure::Transactions, false) => "transactions",
        (Measure::Users, false) => "people",
        (Measure::Amount, false) => "affected amount",
        (Measure::Loss, false) => "fund loss",
        (Measure::Records, false) => "leaked records",
    }
}

/// Several measures: `成功率下降、资损`.
pub fn measures(all: &[Measure], chinese: bool) -> String {
    let names: Vec<&str> = all.iter().map(|one| measure(*one, chinese)).collect();
    names.join(if chinese { "、" } else { ", " })
}

/// `684 笔`, `2 小时`, `30%`, `100,000.00 元`.
pub fn value(of: Measure, value: i64, chinese: bool) -> String {
    let unit = |zh: &str, en: &str| format!("{} {}", grouped(value), if chinese { zh } else { en });
    match of {
        Measure::Core => match (value != 0, chinese) {
            (true, true) => "核心业务".to_owned(),
            (false, true) => "非核心业务".to_owned(),
            (true, false) => "core".to_owned(),
            (false, false) => "not core".to_owned(),
        },
        Measure::Drop => percent(i32::try_from(value).unwrap_or(i32::MAX)),
        Measure::Minutes if value >= 60 && value % 60 == 0 => {
            format!("{} {}", grouped(value / 60), if chinese { "小时" } else { "h" })
        }
        Measure::Minutes => unit("分钟", "min"),
        Measure::Transactions => unit("笔", "transactions"),
        Measure::Users => unit("户", "people"),
        Measure::Records => unit("条", "records"),
        Measure::Amount | Measure::Loss => {
            let (yuan, fen) = (grouped(value / 100), value % 100);
            let number = if fen == 0 { yuan } else { format!("{yuan}.{fen:02}") };
            format!("{number} {}", if chinese { "元" } else { "yuan" })
        }
    }
}

/// Several values: `成功率下降 30%，核心业务`.
pub fn values(used: &[(Measure, i64)], chinese: bool) -> String {
    let words: Vec<String> = used.iter().map(|(of, number)| value(*of, *number, chinese)).collect();
    words.join(if chinese { "，" } else { ", " })
}

/// `30 分钟 / 2 小时`, `未知 / 2 小时`.
pub fn distance(far: &Distance, chinese: bool) -> String {
    let limit = value(far.limit.measure, far.limit.over, chinese);
    let unknown = if chinese { "未知" } else { "not known" };
    let known = far.value.map_or_else(
        || format!("{}{}{unknown}", measure(far.limit.measure, chinese), if chinese { "" } else { " " }),
        |number| match far.limit.measure {
            Measure::Minutes if number > 60 && number % 60 != 0 => {
                let hours = value(Measure::Minutes, number - number % 60, chinese);
                format!("{hours} {}", value(Measure::Minutes, number % 60, chinese))
            }
            of => value(of, number, chinese),
        },
    );
    format!("{known} / {limit}")
}

/// The words of a rule for readers of a language: Chinese words are told in English by their conditions.
pub fn rule_words(rule: &Rule, chinese: bool) -> String {
    if chinese || rule.words.is_ascii() {
        return rule.words.clone();
    }
    let parts: Vec<String> = rule
        .when
        .least()
        .into_iter()
        .map(|(of, least)| match of {
            Measure::Core => value(of, least, false),
            Measure::Drop | Measure::Amount | Measure::Loss => {
                format!("{} ≥ {}", measure(of, false), value(of, least, false))
            }
            of => format!("≥ {}", value(of, least, false)),
        })
        .collect();
    parts.join(", ")
}

/// The words of a threshold, in the same way.
pub fn threshold_words(rule: &ThresholdRule, chinese: bool) -> String {
    if chinese || rule.words.is_ascii() {
        return rule.words.clone();
    }
    let one = |limit: &Limit| format!("over {}", value(limit.measure, limit.over, false));
    rule.any.iter().map(one).collect::<Vec<_>>().join(", or ")
}

/// What to do where a threshold is reached.
pub const fn advice(chinese: bool) -> &'static str {
    if chinese { "可能需要报告，请与合规确认" } else { "It may have to be reported; ask compliance" }
}

/// How many events a number is made of.
pub fn events_behind(events: i64, chinese: bool) -> String {
    match (chinese, events) {
        (true, _) => format!("{events} 起事件"),
        (false, 1) => "1 event".to_owned(),
        (false, _) => format!("{events} events"),
    }
}

/// `50%`, `33.34%`: basis points as a percentage without needless zeros.
pub fn percent(basis_points: i32) -> String {
    let (whole, rest) = (basis_points / 100, basis_points % 100);
    match rest {
        0 => format!("{whole}%"),
        rest if rest % 10 == 0 => format!("{whole}.{}%", rest / 10),
        rest => format!("{whole}.{rest:02}%"),
    }
}

fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "−".to_owned() } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What is wrong with a policy, in Chinese: `levels[1].label：…`. None where the words are not ours.
pub fn problem(words: &str) -> Option<String> {
    let (place, remedy) = words.split_once(": ")?;
    if place == "JSON" {
        return Some(format!("JSON 有误：{}", json_problem(remedy)));
    }
    Some(format!("{place}：{}", remedy_of(remedy)?))
}

fn json_problem(words: &str) -> String {
    let (what, place) = words.rsplit_once(" at line ").unwrap_or((words, ""));
    let place = place.split_once(" column ").map(|(line, column)| format!("（第 {line} 行第 {column} 列）"));
    let what = if let Some(rest) = what.strip_prefix("unknown field `") {
        let (field, known) = rest.split_once('`').unwrap_or((rest, ""));
        let known = known.trim_start_matches(", expected one of ").trim_start_matches(", expected ");
        format!("不认识“{field}”，可用的有 {known}")
    } else if let Some(field) = what.strip_prefix("missing field ") {
        format!("缺少 {field}")
    } else {
        what.to_owned()
    };
    format!("{what}{}", place.unwrap_or_default())
}

/// A remedy in Chinese.
pub fn remedy_of(remedy: &str) -> Option<String> {
    if let Some(range) = remedy.strip_prefix("give 0 to ").or_else(|| remedy.strip_prefix("give 1 to ")) {
        let least = i32::from(!remedy.starts_with("give 0"));
        let most = range.split(' ').next().unwrap_or_default();
        if most.bytes().all(|b| b.is_ascii_digit()) && !most.is_empty() {
            let rest = range.get(most.len()..).unwrap_or_default().trim();
            let unit = match rest {
                "days" => " 天",
                "limits" => " 个门槛",
                "levels, the worst first" => " 个等级，最重的在前",
                _ => "",
            };
            return Some(format!("请写 {least} 到 {most}{unit}"));
        }
    }
    if let Some((name, rest)) = remedy.split_once(" is named twice; ") {
        let each = if rest.contains("label") {
            "每个标签只能属于一个等级"
        } else {
            "每条规则要有自己的名称"
        };
        return Some(format!("{name} 出现了两次；{each}"));
    }
    if let Some(rest) = remedy.strip_prefix("there is no level ") {
        let (label, known) = rest.split_once("; choose one of ")?;
        return Some(format!("没有等级 {label}；可选 {}", known.replace(", ", "、")));
    }
    if let Some((count, rest)) = remedy.split_once(" events are graded ") {
        let label = rest.split(';').next().unwrap_or_default();
        return Some(format!("有 {count} 个事件定为 {label}；请保留这个标签，或把它写进另一个等级的别名"));
    }
    if let Some(rest) = remedy.strip_prefix("the grading rule ") {
        let (rule, rest) = rest.split_once(" proposes ")?;
        let label = rest.split(';').next().unwrap_or_default();
        return Some(format!("定级规则 {rule} 建议 {label}；请保留这个标签、写进别名，或先改规则"));
    }
    if let Some(rest) = remedy.strip_prefix("there is no team ") {
        let team = rest.split(';').next().unwrap_or_default();
        return Some(format!("没有团队 {team}；请从已有的团队里选"));
    }
    if let Some(rest) = remedy.strip_prefix("the team ") {
        let name = rest.strip_suffix(" is archived; choose another one")?;
        return Some(format!("团队 {name} 已归档，请选另一个"));
    }
    if let Some(rest) = remedy.strip_prefix("the shares are ") {
        let sum = rest.split(' ').next().unwrap_or_default();
        return Some(format!("份额合计 {sum}，最多 100%"));
    }
    if remedy.ends_with("write a team and its share, like 支付=50") {
        let part = remedy.split(": ").next().unwrap_or_default();
        return Some(format!("{part} 读不懂，请写成 支付=50 这样"));
    }
    Some(
        match remedy {
            "write a label like A, B, C, D or P1" => "请写成 A、B、C、D 或 P1 这样",
            "write at most 60 characters on one line" => "最多 60 个字符，写在一行里",
            "write 1 to 200 characters on one line" => "请写 1 到 200 个字符，写在一行里",
            "write 1 to 40 letters, digits and hyphens" => "请用 1 到 40 个字母、数字和连字符",
            "give at most 20 other names" => "最多 20 个别名",
            "give at most 100 rules" => "最多 100 条规则",
            "give at most 50 rules" => "最多 50 条规则",
            "give at least one condition" => "至少写一个条件",
            "write an address that begins with https:// or http://" => "请写 https:// 或 http:// 开头的地址",
            "give a date between 1970 and 9998" => "年份要在 1970 到 9998 之间",
            "give a day that does not lie before effective_from" => "不能早于 effective_from",
            "choose minutes, transactions, users, amount, loss or records" => {
                "请选 minutes、transactions、users、amount、loss 或 records"
            }
            "give at most 20 words, none of them empty" => "最多 20 个词，不能是空的",
            "give each team a share between 0.01% and 100%" => "每个团队的份额在 0.01% 到 100% 之间",
            "name each team once" => "每个团队只写一次",
            "give at most 20 teams" => "最多 20 个团队",
            "write a share like 50 or 33.34" => "请写成 50 或 33.34 这样的百分数",
            "choose a team" => "请选择一个团队",
            "choose an active account" | "choose active accounts" => "请选在用的账号",
            "write 2024-W34, 2024-08, 2024-Q3 or 2024" => "请写成 2024-W34、2024-08、2024-Q3 或 2024",
            "give a day that does not lie before from" => "不能早于开始日期",
            "give from too, or a period" => "请同时写开始日期，或者写一个时段",
            "give either a period or from and to" => "时段和起止日期只写一种",
            "give either shares or evenly" => "shares 和 evenly 只写一种",
            "choose team" => "请写 team",
            "write whole numbers" => "请写整数",
            _ => return None,
        }
        .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_and_values_read_as_people_write_them() {
        let far = |measure, over, value| Distance { limit: Limit { measure, over }, value, reached: false, percent: 0 };
        assert_eq!(distance(&far(Measure::Minutes, 120, Some(30)), true), "30 分钟 / 2 小时");
        assert_eq!(distance(&far(Measure::Minutes, 120, Some(348)), true), "5 小时 48 分钟 / 2 小时");
        assert_eq!(distance(&far(Measure::Transactions, 100_000, Some(684)), true), "684 笔 / 100,000 笔");
        assert_eq!(distance(&far(Measure::Records, 5_000, None), true), "泄露条数未知 / 5,000 条");
        assert_eq!(distance(&far(Measure::Users, 500, None), false), "people not known / 500 people");
        assert_eq!(value(Measure::Loss, 123_456, true), "1,234.56 元");
        assert_eq!((percent(5_000), percent(3_334), percent(50)), ("50%".into(), "33.34%".into(), "0.5%".into()));
    }

    #[test]
    fn a_refused_policy_names_its_place_in_chinese() {
        for (words, chinese) in [
            (
                "levels[1].label: A is named twice; give each label to one level",
                "levels[1].label：A 出现了两次；每个标签只能属于一个等级",
            ),
            ("levels: give 1 to 12 levels, the worst first", "levels：请写 1 到 12 个等级，最重的在前"),
            ("rules[0].level: there is no level Z; choose one of A, B", "rules[0].level：没有等级 Z；可选 A、B"),
            ("levels[0].due_working_days: give 0 to 250 days", "levels[0].due_working_days：请写 0 到 250 天"),
            (
                "JSON: unknown field `x`, expected `levels` or `y` at line 3 column 5",
                "JSON 有误：不认识“x”，可用的有 `levels` or `y`（第 3 行第 5 列）",
            ),
        ] {
            assert_eq!(problem(words).as_deref(), Some(chinese));
        }
    }
}
