//! Hints for blameless writing: sentences that name a person's fault where systems and conditions would teach more. They
//! never block anything; a missed one does no harm, a false one annoys.

/// Why a sentence was pointed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlameKind {
    /// 操作失误, human error: taken for a cause, which it is not.
    HumanError,
    /// Someone forgot, mixed up, did not check.
    PersonAtFault,
    /// should have, 本应: judged by what is known now.
    Hindsight,
    /// 处罚, 问责: no part of a postmortem.
    Punishment,
    /// 责任人: the word is 负责人.
    Wording,
}

impl BlameKind {
    /// The code in the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::HumanError => "human_error",
            Self::PersonAtFault => "person_at_fault",
            Self::Hindsight => "hindsight",
            Self::Punishment => "punishment",
            Self::Wording => "wording",
        }
    }
}

/// A sentence that may be read as blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlameHint {
    /// Why.
    pub kind: BlameKind,
    /// The words that gave the reason.
    pub found: String,
    /// The sentence, at most 120 characters of it.
    pub sentence: String,
}

/// The most hints of one text.
const MOST: usize = 20;

/// The hints of a text, one a sentence.
pub fn hints(text: &str) -> Vec<BlameHint> {
    let mut found = Vec::new();
    for sentence in sentences(text) {
        if let Some((kind, words)) = blame(sentence) {
            let mut short: String = sentence.chars().take(120).collect();
            if sentence.chars().count() > 120 {
                short.push('…');
            }
            found.push(BlameHint { kind, found: words, sentence: short });
            if found.len() == MOST {
                break;
            }
        }
    }
    found
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['。', '！', '？', '!', '?', '\n', '；', ';'])
        .flat_map(|part| part.split(". "))
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// Words that make a cause of a person, whoever it was.
const HUMAN_ERROR: [&str; 18] = [
    "人为失误",
    "人为错误",
    "人为疏忽",
    "操作失误",
    "误操作",
    "操作不当",
    "责任心",
    "麻痹大意",
    "粗心",
    "马虎",
    "失职",
    "玩忽职守",
    "human error",
    "operator error",
    "pilot error",
    "careless",
    "negligen",
    "sloppy",
];

/// What people are said to have done wrong.
const FAULTS: [&str; 40] = [
    "忘",
    "漏掉",
    "漏了",
    "漏做",
    "漏配",
    "漏改",
    "遗漏",
    "疏忽",
    "失误",
    "误删",
    "误改",
    "误配",
    "误点",
    "误关",
    "弄错",
    "搞错",
    "写错",
    "填错",
    "配错",
    "输错",
    "看错",
    "没有检查",
    "没检查",
    "未检查",
    "没有确认",
    "没确认",
    "未确认",
    "没有遵守",
    "未遵守",
    "没有按",
    "没按",
    "未按",
    "不熟悉",
    "不了解",
    "违反",
    "不小心",
    "没有仔细",
    "未仔细",
    "没注意",
    "未注意",
];

/// Words for people in Chinese texts of our kind.
const PEOPLE: [&str; 26] = [
    "某某",
    "同学",
    "同事",
    "工程师",
    "值班人员",
    "值班员",
    "运维人员",
    "开发人员",
    "测试人员",
    "操作人员",
    "操作员",
    "研发人员",
    "产品经理",
    "员工",
    "当事人",
    "新人",
    "实习生",
    "负责人",
    "管理员",
    "运维",
    "开发",
    "测试",
    "研发",
    "值班",
    "他",
    "她",
];

/// Words that have a person for their subject by themselves.
const ALWAYS: [&str; 9] = ["忘记", "忘了", "忘却", "擅自", "违规操作", "私自", "工作疏忽", "粗枝大叶", "不小心"];

/// Subjects that are no people: `告警本应触发`, `the alert should have fired`.
const SYSTEMS: [&str; 34] = [
    "告警",
    "系统",
    "服务",
    "监控",
    "任务",
    "请求",
    "熔断",
    "重试",
    "流量",
    "脚本",
    "配置",
    "开关",
    "订单",
    "交易",
    "数据",
    "缓存",
    "队列",
    "接口",
    "程序",
    "消息",
    "降级",
    "限流",
    "超时",
    "平台",
    "规则",
    "流程",
    "校验",
    "检查",
    "渠道",
    "网关",
    "连接",
    "发布",
    "回滚",
    "测试用例",
];

const ENGLISH_SYSTEMS: [&str; 40] = [
    "alert",
    "alerts",
    "alarm",
    "alarms",
    "system",
    "systems",
    "service",
    "services",
    "monitor",
    "monitors",
    "monitoring",
    "request",
    "requests",
    "retry",
    "retries",
    "job",
    "jobs",
    "breaker",
    "check",
    "checks",
    "deploy",
    "deployment",
    "rollout",
    "rollback",
    "failover",
    "timeout",
    "queue",
    "cache",
    "it",
    "which",
    "that",
    "this",
    "there",
    "script",
    "pipeline",
    "test",
    "tests",
    "traffic",
    "transaction",
    "transactions",
];

const ENGLISH_PEOPLE: [&str; 30] = [
    "engineer",
    "engineers",
    "developer",
    "developers",
    "operator",
    "operators",
    "admin",
    "he",
    "she",
    "they",
    "we",
    "i",
    "you",
    "someone",
    "somebody",
    "nobody",
    "who",
    "colleague",
    "employee",
    "on-call",
    "oncall",
    "team",
    "manager",
    "tester",
    "staff",
    "person",
    "intern",
    "dba",
    "sre",
    "contractor",
];

fn blame(sentence: &str) -> Option<(BlameKind, String)> {
    let lower = sentence.to_lowercase();
    let hit = |kind, words: &str| Some((kind, words.to_owned()));
    if let Some(word) = HUMAN_ERROR.iter().find(|word| stands_alone(&lower, word)) {
        return hit(BlameKind::HumanError, word);
    }
    if let Some(word) =
        ["处罚", "问责", "追责", "扣绩效", "通报批评", "写检讨", "记过"].iter().find(|word| stands_alone(&lower, word))
    {
        return hit(BlameKind::Punishment, word);
    }
    if let Some(word) = ALWAYS.iter().find(|word| lower.contains(*word) && !is_feature(&lower, word)) {
        return hit(BlameKind::PersonAtFault, word);
    }
    if let Some(words) = person_at_fault(&lower) {
        return Some((BlameKind::PersonAtFault, words));
    }
    for word in ["本应", "本该", "理应", "早该", "应该早点", "应当早点"] {
        if let Some(at) = lower.find(word) {
            let before: Vec<char> = lower.get(..at).unwrap_or_default().chars().rev().take(8).collect();
            let before: String = before.into_iter().rev().collect();
            if !SYSTEMS.iter().any(|system| before.contains(system)) {
                return hit(BlameKind::Hindsight, word);
            }
        }
    }
    if let Some(found) = english(&lower) {
        return Some(found);
    }
    lower.contains("责任人").then(|| (BlameKind::Wording, "责任人".to_owned()))
}

/// Whether the word is said of what happened, and not of what keeps it away: `防误操作`, `避免操作失误`, `avoid human error`.
fn stands_alone(sentence: &str, word: &str) -> bool {
    sentence.match_indices(word).any(|(at, _)| {
        let before: Vec<char> = sentence.get(..at).unwrap_or_default().chars().rev().take(14).collect();
        let before: String = before.into_iter().rev().collect();
        let kept_away = [
            "防",
            "避免",
            "杜绝",
            "减少",
            "降低",
            "非",
            "不是",
            "而不是",
            "无",
            "不作",
            "不做",
            "不追究",
            "avoid",
            "prevent",
            "not ",
            "no ",
            "against",
            "without",
        ];
        !before.ends_with('不') && !kept_away.iter().any(|word| before.contains(word))
    })
}

/// `忘记密码` is a page, not a fault.
fn is_feature(sentence: &str, word: &str) -> bool {
    sentence.match_indices(word).all(|(at, _)| {
        let after = sentence.get(at + word.len()..).unwrap_or_default();
        after.trim_start_matches(['了', '登', '录', '支', '付', '“', '"', ' ']).starts_with("密码")
    })
}

/// A person, and a fault close behind.
fn person_at_fault(sentence: &str) -> Option<String> {
    for person in PEOPLE {
        for (at, _) in sentence.match_indices(person) {
            let before = sentence.get(..at).unwrap_or_default();
            let other = matches!(person, "他" | "她") && before.ends_with('其');
            // `开发环境`, `测试用例`, `研发平台`: a thing.
            let behind = sentence.get(at + person.len()..).unwrap_or_default();
            let thing = [
                "环境", "用例", "平台", "团队", "流程", "阶段", "数据", "集群", "覆盖", "系统", "手册", "表", "群",
                "中心", "脚本", "工具", "账号", "计划",
            ];
            if other || thing.iter().any(|word| behind.starts_with(word)) {
                continue;
            }
            let near: String = behind.chars().take(10).collect();
            let near = near.split(['，', ',', '、', '：']).next().unwrap_or_default();
            let fault = FAULTS.iter().find(|fault| near.contains(*fault));
            if let Some(fault) = fault.filter(|_| !near.contains("密码")) {
                return Some(format!("{person}…{fault}"));
            }
        }
    }
    None
}

fn english(sentence: &str) -> Option<(BlameKind, String)> {
    let words: Vec<&str> = sentence
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '\'' || c == '-'))
        .filter(|word| !word.is_empty())
        .collect();
    let subject = |at: usize| at.checked_sub(1).and_then(|at| words.get(at)).copied().unwrap_or_default();
    let person_near = |at: usize| {
        let from = at.saturating_sub(4);
        words.get(from..at).is_some_and(|near| near.iter().any(|word| ENGLISH_PEOPLE.contains(word)))
    };
    for (at, pair) in words.windows(2).enumerate() {
        let [one, two] = pair else { continue };
        match (*one, *two) {
            ("should" | "shouldn't" | "ought", "have" | "to" | "not") => {
                let perfect = *two == "have" || words.get(at + 2).is_some_and(|next| *next == "have");
                if perfect
                    && !ENGLISH_SYSTEMS.contains(&subject(at))
                    && (person_near(at) || words.get(at + 2).is_none_or(|next| *next != "been"))
                {
                    return Some((BlameKind::Hindsight, format!("{one} {two}")));
                }
            }
            ("forgot" | "forgets", next) if !next.starts_with("password") => {
                return Some((BlameKind::PersonAtFault, format!("{one} {two}")));
            }
            ("failed" | "neglected", "to") if *one == "neglected" || person_near(at) => {
                return Some((BlameKind::PersonAtFault, format!("{one} {two}")));
            }
            ("at", "fault") | ("to", "blame") => return Some((BlameKind::PersonAtFault, format!("{one} {two}"))),
            (who, "mistake" | "fault") if who.ends_with("'s") || matches!(who, "his" | "her" | "their") => {
                return Some((BlameKind::PersonAtFault, format!("{one} {two}")));
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blame_is_pointed_out() {
        for (sentence, kind) in [
            ("原因是某某忘记更新证书。", BlameKind::PersonAtFault),
            ("值班同学没有检查监控", BlameKind::PersonAtFault),
            ("运维人员误删了配置文件", BlameKind::PersonAtFault),
            ("开发忘了加索引", BlameKind::PersonAtFault),
            ("他未按流程发布", BlameKind::PersonAtFault),
            ("有人擅自修改了路由", BlameKind::PersonAtFault),
            ("根因：操作失误", BlameKind::HumanError),
            ("由于误操作导致配置丢失", BlameKind::HumanError),
            ("人为失误。", BlameKind::HumanError),
            ("值班人员责任心不强", BlameKind::HumanError),
            ("对当事人进行处罚", BlameKind::Punishment),
            ("值班本应在五分钟内发现", BlameKind::Hindsight),
            ("责任人：支付组", BlameKind::Wording),
            ("The cause was human error.", BlameKind::HumanError),
            ("The engineer forgot to renew the certificate", BlameKind::PersonAtFault),
            ("The on-call engineer failed to notice the alert", BlameKind::PersonAtFault),
            ("We should have tested the rollback", BlameKind::Hindsight),
            ("The operator shouldn't have restarted it", BlameKind::Hindsight),
            ("It was the developer's mistake", BlameKind::PersonAtFault),
        ] {
            let found = hints(sentence);
            assert_eq!(found.first().map(|hint| hint.kind), Some(kind), "{sentence}: {found:?}");
        }
        assert_eq!(hints("操作失误。\n系统正常。\n操作失误").len(), 2);
        assert_eq!(hints(&"操作失误。".repeat(1_000)).len(), 20);
    }

    #[test]
    fn innocent_sentences_are_left_alone() {
        for sentence in [
            "风控规则更新后，提现请求被误判为高风险，约 684 笔失败。",
            "渠道 A 轮换证书后，失败握手被无上限重试，连接池在 4 分钟内耗尽。",
            "忘记密码页面打不开，用户无法重置。",
            "用户点击“忘记密码”后收不到短信",
            "增加二次确认，防止误操作。",
            "发布平台加校验，避免操作失误再次造成影响",
            "告警本应在 15:01 触发，但阈值设为 97%。",
            "熔断本应打开",
            "其他渠道未按预期切换",
            "开发环境没有检查证书有效期的任务",
            "测试用例漏了跨月的场景",
            "测试环境漏配了白名单",
            "负责人：支付组，截止 08/30。",
            "值班在 3 分钟内响应并切换备用渠道。",
            "对账任务遗漏了当日最后一个文件",
            "配置中心没有检查取值范围",
            "连接超时，服务未确认消息",
            "运维平台没有提供一键回滚",
            "应该把超时从 30 秒降到 3 秒",
            "无人为因素",
            "复盘不追责，只看系统和条件",
            "The alert should have fired at 15:01, but its threshold was 97%.",
            "The circuit breaker failed to open.",
            "The service failed to connect to the database.",
            "The job should retry three times.",
            "The forgot password page was down.",
            "The rollback should have been automatic; it needs two approvals today.",
            "We added a check to prevent human error.",
            "Requests failed to reach the gateway.",
            "The on-call switched to the backup channel within three minutes.",
            "Retries should have a limit",
        ] {
            assert_eq!(hints(sentence), [], "{sentence}");
        }
    }
}
