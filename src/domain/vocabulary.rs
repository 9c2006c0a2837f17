//! The words of codes in both languages: what people are shown, and what they may write wherever they write a word.
//! Pages, API and command line read them alike, and a refusal names the words that are shown.

use crate::domain::checked::{FieldError, fold};

/// A code and its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// As stored and sent.
    pub code: &'static str,
    /// As shown in Chinese.
    pub chinese: &'static str,
    /// As named in English.
    pub english: &'static str,
    /// Other words that mean it.
    also: &'static [&'static str],
}

/// All words of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vocabulary(pub &'static [Term]);

const fn term(code: &'static str, chinese: &'static str, english: &'static str, also: &'static [&'static str]) -> Term {
    Term { code, chinese, english, also }
}

/// 性质 of an event.
pub const KIND: Vocabulary = Vocabulary(&[
    term("normal", "正常", "normal", &["生产", "生产事件", "production"]),
    term("drill", "演练", "drill", &[]),
    term("maintenance", "维护", "maintenance", &["计划维护"]),
]);

/// 发现方式.
pub const DETECTION: Vocabulary = Vocabulary(&[
    term("monitoring", "监控告警", "monitoring", &["监控", "告警"]),
    term("customer", "客户反馈", "customer", &["客户"]),
    term("staff", "内部员工", "staff", &["员工", "内部", "内部发现"]),
    term("reconciliation", "对账", "reconciliation", &["对账发现"]),
    term("other", "其他", "other", &[]),
]);

/// 原因类别.
pub const CAUSE: Vocabulary = Vocabulary(&[
    term("change", "变更", "change", &[]),
    term("capacity", "容量", "capacity", &[]),
    term("dependency", "外部依赖", "dependency", &["依赖"]),
    term("network", "网络", "network", &[]),
    term("hardware", "硬件", "hardware", &[]),
    term("data", "数据", "data", &[]),
    term("security", "安全", "security", &[]),
    term("human_process", "流程", "process", &["人员与流程", "人为"]),
    term("unknown", "不知道", "unknown", &["未知", "不明", "未明"]),
]);

/// Where a postmortem stands.
pub const STATE: Vocabulary = Vocabulary(&[
    term("undecided", "未定", "undecided", &[]),
    term("not_required", "免复盘", "not required", &["无需复盘", "waived"]),
    term("pending", "待复盘", "pending", &["待开始", "已指派"]),
    term("drafting", "撰写中", "drafting", &["复盘中"]),
    term("in_review", "评审中", "in review", &["待评审"]),
    term("done", "已复盘", "done", &["完成"]),
]);

/// Where an action item stands.
pub const ACTION_STATE: Vocabulary = Vocabulary(&[
    term("open", "待处理", "open", &[]),
    term("in_progress", "处理中", "in progress", &["进行中"]),
    term("in_verification", "待验收", "in verification", &["验收中"]),
    term("done", "已完成", "done", &["完成"]),
    term("wont_do", "不做", "won't do", &[]),
]);

/// How much an action item matters.
pub const PRIORITY: Vocabulary =
    Vocabulary(&[term("high", "高", "high", &[]), term("medium", "中", "medium", &[]), term("low", "低", "low", &[])]);

/// What an event is to another one.
pub const RELATION: Vocabulary = Vocabulary(&[
    term("related", "相关", "related", &[]),
    term("duplicate", "重复", "duplicate", &["重复于"]),
    term("recurrence", "再次发生", "recurrence", &["复发"]),
]);

/// What a link leads to.
pub const LINK_KIND: Vocabulary = Vocabulary(&[
    term("ticket", "工单", "ticket", &[]),
    term("document", "文档", "document", &[]),
    term("chat", "群聊", "chat", &["聊天"]),
    term("dashboard", "看板", "dashboard", &["监控"]),
    term("other", "其他", "other", &[]),
]);

/// Points of the clock that people mark.
pub const POINT: Vocabulary = Vocabulary(&[
    term("detected", "发现", "detected", &[]),
    term("acknowledged", "响应", "acknowledged", &[]),
    term("located", "定位", "located", &[]),
    term("mitigated", "止损", "mitigated", &[]),
    term("recovered", "恢复", "recovered", &[]),
]);

/// What a service is.
pub const SERVICE_KIND: Vocabulary = Vocabulary(&[
    term("business_line", "业务线", "business line", &["业务"]),
    term("component", "组件", "component", &[]),
]);

/// What an account may do.
pub const ROLE: Vocabulary = Vocabulary(&[
    term("viewer", "只读", "viewer", &[]),
    term("reporter", "登记人", "reporter", &[]),
    term("lead", "组长", "lead", &[]),
    term("admin", "管理员", "admin", &["administrator"]),
]);

/// The order of a list.
pub const ORDER: Vocabulary = Vocabulary(&[
    term("relevance", "相关度", "relevance", &[]),
    term("newest", "最新", "newest", &["最新在前"]),
    term("oldest", "最早", "oldest", &["最早在前"]),
]);

/// By what figures are broken down.
pub const GROUPING: Vocabulary = Vocabulary(&[
    term("team", "团队", "team", &[]),
    term("service", "业务", "service", &["业务线"]),
    term("level", "等级", "level", &["severity"]),
    term("month", "月份", "month", &["月"]),
]);

/// Who is reminded, besides ladders and addresses. No word holds a space or a comma: they stand in lines.
pub const RECIPIENT: Vocabulary = Vocabulary(&[
    term("owner", "负责人", "owner", &[]),
    term("team_lead", "团队负责人", "team_lead", &[]),
    term("leads", "组长", "leads", &["lead"]),
    term("admins", "管理员", "admins", &["admin"]),
    term("groups", "群", "groups", &[]),
]);

/// The fields of a record.
pub const FIELD: Vocabulary = Vocabulary(&[
    term("week", "周", "week", &["周报周"]),
    term("kind", "性质", "kind", &["类型"]),
    term("severity", "等级", "severity", &["level"]),
    term("occurred", "发生", "occurred", &["发生时间", "occurred_at"]),
    term("detected", "发现", "detected", &["发现时间", "detected_at"]),
    term("acknowledged", "响应", "acknowledged", &["响应时间", "acknowledged_at"]),
    term("located", "定位", "located", &["定位时间", "located_at"]),
    term("mitigated", "止损", "mitigated", &["止损时间", "mitigated_at"]),
    term("recovered", "恢复", "recovered", &["恢复时间", "recovered_at"]),
    term("narrative", "周报句子", "narrative", &["句子"]),
    term("summary", "现象", "summary", &[]),
    term("impact", "影响", "impact", &[]),
    term("impacts", "影响数量", "impacts", &[]),
    term("services", "业务", "services", &["业务线", "影响的业务线和组件"]),
    term("detection", "发现方式", "detection", &[]),
    term("cause", "原因", "cause", &[]),
    term("cause_category", "原因类别", "cause_category", &[]),
    term("change_link", "关联变更", "change_link", &[]),
    term("recovery", "处理", "recovery", &["恢复措施"]),
    term("loss_expected", "预计资损", "loss_expected", &[]),
    term("loss_actual", "实际资损", "loss_actual", &[]),
    term("loss_recovered", "追回金额", "loss_recovered", &["已追回"]),
    term("responsibility", "定责", "responsibility", &["团队"]),
    term("tags", "标签", "tags", &[]),
    term("links", "链接", "links", &[]),
    term("unknown", "不知道的项", "unknown", &[]),
    term("restricted", "限制可见", "restricted", &[]),
    term("viewers", "可见的人", "viewers", &[]),
]);

/// Units of impacts that both languages have a word for: Chinese, English. Of several with one English word the first is
/// its Chinese.
const UNITS: [(&str, &str); 46] = [
    ("笔", "transactions"),
    ("交易", "transactions"),
    ("单", "orders"),
    ("订单", "orders"),
    ("个订单", "orders"),
    ("次", "times"),
    ("户", "customers"),
    ("客户", "customers"),
    ("个客户", "customers"),
    ("人", "people"),
    ("位", "people"),
    ("名", "people"),
    ("人次", "visits"),
    ("用户", "users"),
    ("个用户", "users"),
    ("商户", "merchants"),
    ("个商户", "merchants"),
    ("家商户", "merchants"),
    ("家", "companies"),
    ("门店", "stores"),
    ("个门店", "stores"),
    ("条", "records"),
    ("流水", "records"),
    ("请求", "requests"),
    ("个请求", "requests"),
    ("消息", "messages"),
    ("条消息", "messages"),
    ("短信", "text messages"),
    ("条短信", "text messages"),
    ("工单", "tickets"),
    ("票", "tickets"),
    ("保单", "policies"),
    ("件", "items"),
    ("个", "items"),
    ("份", "copies"),
    ("张", "cards"),
    ("批", "batches"),
    ("包", "packets"),
    ("封", "letters"),
    ("通", "calls"),
    ("例", "cases"),
    ("宗", "cases"),
    ("起", "cases"),
    ("台", "machines"),
    ("分钟", "minutes"),
    ("元", "CNY"),
];

/// The unit of an impact for readers of a language; one that only one language has stays as it was written.
pub fn unit(unit: &str, chinese: bool) -> &str {
    let found = UNITS.into_iter().find(|(zh, en)| if chinese { *en == unit } else { *zh == unit });
    found.map_or(unit, |(zh, en)| if chinese { zh } else { en })
}

/// All of them, for whoever looks for the one that a refusal names.
const ALL: [&Vocabulary; 15] = [
    &KIND,
    &DETECTION,
    &CAUSE,
    &STATE,
    &ACTION_STATE,
    &PRIORITY,
    &RELATION,
    &LINK_KIND,
    &POINT,
    &SERVICE_KIND,
    &ROLE,
    &ORDER,
    &GROUPING,
    &FIELD,
    &RECIPIENT,
];

const REFUSAL: &str = "write one of ";
const SOME: &str = "write some of ";

/// What a field says that takes none but names of these fields.
pub fn some_of(fields: &[&str]) -> String {
    format!("{SOME}{}", fields.join(", "))
}

/// The fields of a [`some_of`] in Chinese.
pub fn fields_of_remedy(remedy: &str) -> Option<String> {
    let names = remedy.strip_prefix(SOME)?.split(", ");
    let words: Option<Vec<&str>> =
        names.map(|name| FIELD.words(name, true).or((name == "loss").then_some("资损"))).collect();
    Some(words?.join("、"))
}

impl Vocabulary {
    /// The code that a word means, whatever its width and case; `in-review` and `in review` are `in_review`.
    pub fn code_of(&self, word: &str) -> Option<&'static str> {
        let word = fold(word);
        let code = word.replace(['-', ' '], "_");
        let means = |term: &&Term| {
            term.code == code
                || term.chinese == word
                || term.english == word
                || term.also.iter().any(|also| *also == word || *also == code)
        };
        self.0.iter().find(means).map(|term| term.code)
    }

    /// The words of a code: Chinese or English.
    pub fn words(&self, code: &str, chinese: bool) -> Option<&'static str> {
        self.0.iter().find(|term| term.code == code).map(|term| if chinese { term.chinese } else { term.english })
    }

    /// The words that are shown, one after another.
    pub fn list(&self, chinese: bool) -> String {
        let words: Vec<&str> = self.0.iter().map(|term| if chinese { term.chinese } else { term.english }).collect();
        words.join(if chinese { "、" } else { ", " })
    }

    /// What a field says that takes none but these words.
    pub fn remedy(&self) -> String {
        format!("{REFUSAL}{}", self.list(false))
    }

    /// The code that the text of a field means; a refusal names the words.
    pub fn read(&self, field: &'static str, word: &str) -> Result<&'static str, FieldError> {
        self.code_of(word).ok_or_else(|| FieldError::shape(field, self.remedy()))
    }
}

/// The words that a [`Vocabulary::remedy`] names.
pub fn of_remedy(remedy: &str) -> Option<&'static Vocabulary> {
    let list = remedy.strip_prefix(REFUSAL)?;
    ALL.into_iter().find(|words| words.list(false) == list)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::domain::{
        action_item::{ACTION_STATES, ActionState, PRIORITIES, Priority},
        event::CAUSE_CATEGORIES,
        event_record::{DETECTIONS, Detection, EVENT_KINDS, EventKind, LINK_KINDS},
        postmortem::{POSTMORTEM_STATES, PostmortemState},
    };

    #[test]
    fn every_code_has_its_words_and_every_word_means_one_code() {
        let codes = |words: &Vocabulary| words.0.iter().map(|term| term.code).collect::<Vec<_>>();
        assert_eq!(codes(&KIND), EVENT_KINDS.map(EventKind::code));
        assert_eq!(codes(&DETECTION), DETECTIONS.map(Detection::code));
        assert_eq!(codes(&CAUSE), CAUSE_CATEGORIES);
        assert_eq!(codes(&ACTION_STATE), ACTION_STATES.map(ActionState::code));
        assert_eq!(codes(&PRIORITY), PRIORITIES.map(Priority::code));
        assert_eq!(codes(&LINK_KIND), LINK_KINDS);
        let mut states = POSTMORTEM_STATES.map(PostmortemState::code).to_vec();
        let mut named = codes(&STATE);
        states.sort_unstable();
        named.sort_unstable();
        assert_eq!(named, states);
        for words in ALL {
            for term in words.0 {
                for word in [term.code, term.chinese, term.english].iter().chain(term.also) {
                    assert_eq!(words.code_of(word), Some(term.code), "{word}");
                    assert_eq!(words.code_of(&word.to_uppercase()), Some(term.code), "{word}");
                }
            }
            assert_eq!(of_remedy(&words.remedy()), Some(words), "a refusal is known again");
            assert_eq!(words.code_of("nothing like it"), None);
        }
        assert_eq!((unit("位", false), unit("people", true), unit("个商户", false)), ("people", "人", "merchants"));
        assert_eq!((unit("笔", false), unit("orders", true), unit("万笔", false)), ("transactions", "单", "万笔"));
        assert_eq!(STATE.code_of("In-Review"), Some("in_review"));
        assert_eq!(
            DETECTION.read("detection", "x").unwrap_err().to_string(),
            "detection: is not valid: write one of monitoring, customer, staff, reconciliation, other"
        );
    }
}
