//! The history of an event in the words of people.

use super::{problems::field_name, restated, texts};
use crate::domain::{postmortem::PostmortemState, vocabulary};

/// What a field of an event is called; names of the audit log and of the API read alike.
pub fn field(name: &str, chinese: bool) -> String {
    let (whole, part) = name.split_once('.').unwrap_or((name, ""));
    let known = match (whole, part) {
        ("occurred" | "detected" | "acknowledged" | "located" | "mitigated" | "recovered", _) => {
            let full = format!("{whole}_at");
            return if chinese { field_name(&full).to_owned() } else { words_of(whole) };
        }
        ("indicators", key) if !key.is_empty() => {
            return if chinese { format!("关联指标 {key}") } else { format!("indicator {key}") };
        }
        ("narrative_generated", _) => ("句子随字段更新", "sentence follows the fields"),
        ("cause_category", _) => ("原因类别", "cause category"),
        ("kind", _) => ("性质", "kind"),
        ("detection", _) => ("发现方式", "detected by"),
        ("change_link", _) => ("关联变更", "linked change"),
        ("loss", "expected") => ("预计资损", "expected loss"),
        ("loss", "actual") => ("实际资损", "actual loss"),
        ("loss", "recovered") => ("已追回", "recovered loss"),
        ("services", _) => ("业务与组件", "services"),
        ("responsibility", _) => ("定责", "responsibility"),
        ("tags", _) => ("标签", "tags"),
        ("links", _) => ("链接", "links"),
        ("unknown", _) => ("不知道的项", "what nobody knows"),
        ("restricted", _) => ("受限", "restricted"),
        ("viewers", _) => ("可见的人", "viewers"),
        ("state", _) => ("复盘状态", "postmortem state"),
        ("action_item", _) => ("改进项", "action item"),
        ("what" | "item", "" | "title") => ("要做什么", "what is to be done"),
        ("item", "state") => ("状态", "state"),
        ("item", "owner_id") => ("负责人", "owner"),
        ("item", "team_id") => ("团队", "team"),
        ("item", "self_verified") => ("负责人自行验收", "verified by its owner"),
        ("item", part) => return field(part, chinese),
        ("reason", _) => ("原因说明", "reason"),
        ("text", _) => ("内容", "text"),
        ("reviewer", _) => ("评审人", "reviewer"),
        ("section", _) => ("章节", "section"),
        ("version", _) => ("版本", "version"),
        ("length", _) => ("字数", "length"),
        ("whys", _) => ("追问", "whys"),
        _ if chinese => return field_name(name).to_owned(),
        _ => return words_of(name),
    };
    if chinese { known.0.to_owned() } else { known.1.to_owned() }
}

fn words_of(name: &str) -> String {
    name.replace('_', " ")
}

/// A value that is a code of ours, in words; anything else stays as it is.
pub fn value(field: &str, code: &str, chinese: bool) -> Option<&'static str> {
    match field {
        "item.state" => return vocabulary::ACTION_STATE.words(code, chinese),
        "item.priority" => return vocabulary::PRIORITY.words(code, chinese),
        _ => {}
    }
    if field == "state" {
        let words = texts(if chinese { "zh-CN" } else { "en" });
        return PostmortemState::from_code(code).map(|state| restated::state_words(words, state));
    }
    let known = match field {
        "kind" => Some(&vocabulary::KIND),
        "detection" => Some(&vocabulary::DETECTION),
        "cause_category" => Some(&vocabulary::CAUSE),
        _ => None,
    };
    if let Some(words) = known.and_then(|words| words.words(code, chinese)) {
        return Some(words);
    }
    let (zh, en) = match (field, code) {
        ("source", "line") => ("粘贴的一行", "a pasted line"),
        ("source", "form") => ("表单", "the form"),
        ("source", "api") => ("接口", "the API"),
        ("source", "import") => ("导入", "an import"),
        ("section", "summary") => ("综述", "summary"),
        ("section", "impact") => ("影响", "impact"),
        ("section", "timeline") => ("时间线", "timeline"),
        ("section", "root_cause") => ("根因", "root cause"),
        ("section", "detection") => ("为什么没有更早发现", "why it was not found earlier"),
        ("section", "went_well") => ("做得好的", "what went well"),
        ("section", "actions") => ("改进项", "action items"),
        _ => return None,
    };
    Some(if chinese { zh } else { en })
}

/// The words of the history page.
#[derive(Debug)]
#[expect(missing_docs, reason = "the texts say what each is")]
pub struct Words {
    pub heading: &'static str,
    pub before: &'static str,
    pub after: &'static str,
    pub older: &'static str,
    pub all: &'static str,
    pub deleted: &'static str,
    pub none_deleted: &'static str,
    pub deleted_hint: &'static str,
    pub restore: &'static str,
    pub nothing: &'static str,
    pub undo: &'static str,
    pub event_deleted: &'static str,
    pub event_restored: &'static str,
    pub logging_undone: &'static str,
    pub undo_hint: &'static str,
    pub yes: &'static str,
    pub no: &'static str,
    pub difference: &'static str,
    pub compare: &'static str,
    pub alike: &'static str,
    pub lines_alike: &'static str,
    pub unwritten: &'static str,
}

/// Chinese.
static ZH: Words = Words {
    heading: "变更记录",
    before: "原来",
    after: "改为",
    older: "更早",
    all: "全部记录",
    deleted: "已删除的事件",
    none_deleted: "没有已删除的事件。",
    deleted_hint: "编号不会重复使用；恢复后时间线、复盘与改进项一并回来。",
    restore: "恢复",
    nothing: "空",
    undo: "撤销",
    event_deleted: "删除事件",
    event_restored: "恢复已删除的事件",
    logging_undone: "撤销登记（事件已删除）",
    undo_hint: "刚才的修改可以在一分钟内撤销。",
    yes: "是",
    no: "否",
    difference: "差异",
    compare: "比较",
    alike: "两个版本的文字一样。",
    lines_alike: "行相同",
    unwritten: "还没有人写",
};

/// English.
static EN: Words = Words {
    heading: "History",
    before: "Before",
    after: "After",
    older: "Older",
    all: "All entries",
    deleted: "Deleted events",
    none_deleted: "No event was deleted.",
    deleted_hint: "Numbers are never used again; timeline, postmortem and action items come back with the event.",
    restore: "Restore",
    nothing: "empty",
    undo: "Undo",
    event_deleted: "Deleted the event",
    event_restored: "Restored the deleted event",
    logging_undone: "Took the logging back (the event is deleted)",
    undo_hint: "What was just done can be undone for a minute.",
    yes: "yes",
    no: "no",
    difference: "Difference",
    compare: "Compare",
    alike: "Both versions say the same.",
    lines_alike: "lines alike",
    unwritten: "before anybody wrote",
};

/// The words in a language.
pub fn words(chinese: bool) -> &'static Words {
    if chinese { &ZH } else { &EN }
}
