//! What the search says of a query, in Chinese.

use crate::domain::{
    query::{MOST_CHARS, MOST_PARTS, QueryError, QueryProblem, chinese_key, example},
    vocabulary,
};

/// Why a query cannot be read, and what to do about it.
pub fn problem(error: &QueryError) -> String {
    let at = error.at;
    let words = match &error.problem {
        QueryProblem::UnknownKey { key } => {
            format!(
                "没有筛选项“{key}”；可用 等级、状态、负责人、业务、团队、标签、周、期间、从、到、原因类别、类型、发现方式、未恢复、逾期、有、编号（或英文 severity、state …）；要查这几个字，请加引号"
            )
        }
        QueryProblem::NoValue { key } => {
            format!("{}：后面没有值；冒号后紧跟着写，如 {}", chinese_key(key), example(key))
        }
        QueryProblem::BadValue { key, value, expected } => {
            let expected = match *key {
                "state" => format!("{} 或 owed（所有待复盘的）", vocabulary::STATE.list(true)),
                "kind" => vocabulary::KIND.list(true),
                "detection" => format!("{}，或 无", vocabulary::DETECTION.list(true)),
                "cause" => format!("{}，或 无", vocabulary::CAUSE.list(true)),
                "has" => "改进项、未关闭改进项、标签、链接、业务、团队、资损、变更、时间线".to_owned(),
                "ongoing" | "overdue" => "是 或 否".to_owned(),
                "week" => "2024-W34、本周、上周 或 2024-W30..2024-W34".to_owned(),
                "severity" => "A、B、C、D、P1 这样的标签，或 未定级".to_owned(),
                _ => expected.replace(" or ", " 或 ").replace(", ", "、"),
            };
            format!("{}：不认识“{value}”；请写 {expected}", chinese_key(key))
        }
        QueryProblem::NoSuchName { key, value } => format!("{}：没有“{value}”，请检查名称", chinese_key(key)),
        QueryProblem::Unclosed => "引号没有成对；请在末尾补上 \"，或去掉它".to_owned(),
        QueryProblem::TooLong { len } => return format!("查询太长：最多 {MOST_CHARS} 个字符，现在 {len} 个"),
        QueryProblem::TooMany => format!("条件太多：最多 {MOST_PARTS} 个，请去掉一些"),
    };
    format!("第 {at} 个字符：{words}")
}

macro_rules! words {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// The words of lists, saved views and changes to many events.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct Words { $(pub $name: &'static str,)+ }
        static ZH_CN: Words = Words { $($name: $zh,)+ };
        static EN: Words = Words { $($name: $en,)+ };
    };
}

words! {
    placeholder: "搜词，或 等级:C 状态:待复盘 从:2024-08", "Words, or severity:C state:owed from:2024-08";
    remove: "去掉", "remove";
    clear: "清空", "Clear";
    add_filter: "添加筛选", "Add a filter";
    grammar: "每个词都要出现；-词 表示不含；\"…\" 为整句；等级:C|未定级 表示其一。可用：等级 状态 负责人 业务 团队 标签 周 期间 从 到 原因类别 类型 发现方式 未恢复:是 逾期:是 有:改进项 编号:22..30", "Every word must be there; -word must not; \"…\" is a phrase; severity:C|none is either. Also: state owner service team tag week period from to cause kind detection ongoing:yes overdue:yes has:actions number:22..30";
    kind: "类型", "Kind";
    service: "业务", "Service";
    tag: "标签", "Tag";
    order: "排序", "Order";
    by_relevance: "相关度", "By relevance";
    newest: "最新在前", "Newest first";
    oldest: "最早在前", "Oldest first";
    shared: "共享", "shared";
    views: "保存的视图", "Saved views";
    no_views: "还没有保存的视图：在事件页筛选后保存。", "No saved views yet: filter the events and save.";
    save_view: "保存为视图", "Save as a view";
    view_name: "名称", "Name";
    for_all: "所有人可见", "For everybody";
    manage: "管理", "Manage";
    pick: "选中", "Choose";
    bulk: "批量修改", "Change many events";
    bulk_hint: "勾选上面的事件，再填要改的项；留空的不变。", "Tick events above, then fill in what to change; empty fields stay.";
    add_tags: "加标签", "Add tags";
    remove_tags: "去标签", "Remove tags";
    add_service: "加业务", "Add a service";
    remove_service: "去业务", "Remove a service";
    team: "定责团队", "Teams that answer";
    team_hint: "渠道组 50% | 支付组 50%；none 为不定责", "Channel 50% | Payments 50%; none for nobody";
    bulk_go: "修改选中的事件", "Change the chosen events";
    bulk_changed: "已修改", "Changed";
    bulk_done: "已修改", "changed";
    bulk_unchanged: "原本就是这样", "was so already";
    bulk_stale: "已被别人改过，没有修改", "changed by somebody else, left alone";
    bulk_refused: "没有修改", "not changed";
    similar: "类似事件", "Similar events";
    same_service: "同一业务", "same service";
    same_cause: "原因同类", "same kind of cause";
    likeness: "相似", "alike";
    back: "返回列表", "Back to the list";
}

/// The words in one language.
pub fn words(chinese: bool) -> &'static Words {
    if chinese { &ZH_CN } else { &EN }
}
