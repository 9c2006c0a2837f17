//! The words of action items, boards and analytics.

use super::Texts;
use crate::domain::{
    action_item::{ActionState, Priority},
    checked::{FieldError, FieldProblem},
    vocabulary,
};

macro_rules! words {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// Every word of these pages in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct ActionTexts { $(pub $name: &'static str,)+ }
        static ZH_CN: ActionTexts = ActionTexts { $($name: $zh,)+ };
        static EN: ActionTexts = ActionTexts { $($name: $en,)+ };
    };
}

words! {
    actions: "改进项", "Action items";
    action: "改进项", "Action item";
    add: "添加改进项", "Add an action item";
    none_of_event: "还没有改进项。写下一条，让同样的事不再发生。", "No action item yet. Write one down, so that it does not happen again.";
    none: "没有符合条件的改进项。", "No action item fits.";
    none_open: "没有未关闭的改进项。", "No action item is open.";
    title: "要做什么", "What is to be done";
    detail: "说明（Markdown）", "Details (Markdown)";
    priority: "优先级", "Priority";
    team: "团队", "Team";
    no_team: "未指定团队", "No team";
    any_team: "全部团队", "All teams";
    any_owner: "全部负责人", "All owners";
    me: "我负责的", "Mine";
    due: "截止", "Due";
    due_hint: "留空按等级政策", "Empty: by the policy of the level";
    by_policy: "按政策", "by policy";
    by_hand: "手工指定", "chosen by hand";
    ticket: "外部工单", "Ticket";
    evidence: "证据（Markdown）", "Evidence (Markdown)";
    evidence_of: "证据", "Evidence";
    verifier: "验收人", "Verified by";
    self_verified: "负责人自行验收（只有一人可写）", "verified by its owner (nobody else may write)";
    state: "状态", "State";
    todo: "未关闭", "Not closed";
    all: "全部", "All";
    overdue: "逾期", "Overdue";
    overdue_only: "只看逾期", "Overdue only";
    no_due: "没有截止日期", "Without a due date";
    week: "第", "Week ";
    week_end: "周", "";
    this_week: "本周", "this week";
    days_late: "天", "days late";
    from_event: "来自", "From";
    start: "开始处理", "Start";
    hand_over: "提交验收", "Submit for verification";
    verify: "验收通过", "Verify";
    send_back: "退回", "Send back";
    wont_do: "不做", "Won't do";
    reopen: "重新打开", "Reopen";
    reason: "理由", "Reason";
    edit: "编辑", "Edit";
    delete: "删除改进项", "Delete";
    delete_hint: "删除后不再显示；编号不会再用。", "It is hidden; its number is not used again.";
    history: "记录", "History";
    overdue_line: "项改进项逾期", "action items overdue";
    board: "待复盘看板", "Owed postmortems";
    board_hint: "按欠账天数（工作日）排列，竖线是期限。", "By age in working days; the mark is the limit.";
    age: "工作日", "working days";
    age_title: "欠了", "Age";
    limit: "期限", "Limit";
    late_by: "逾期", "Late by";
    on_time: "未到期", "Not due yet";
    reminded: "提醒", "Reminded";
    times: "次", "×";
    oldest: "最久", "Oldest";
    trend: "最久欠账的走势", "How old the oldest one was";
    trend_hint: "近 26 周，每周日的最久欠账（工作日）", "The last 26 weeks: age of the oldest one each Sunday, in working days";
    by_team: "按团队", "By team";
    unassigned: "未定责", "Not settled";
    owed: "待复盘", "Owed";
    now: "回到现在", "Now";
    nothing_owed: "全部复盘完毕。", "No postmortem is owed.";
    capped: "只显示最久的 10,000 项。", "Only the 10,000 oldest are shown.";
    as_table: "表格", "As a table";
    analytics: "分析", "Analytics";
    from: "从", "From";
    to: "到", "To";
    by: "分组", "By";
    by_none: "不分组", "Not at all";
    by_service: "按业务与组件", "By service";
    by_level: "按等级", "By level";
    by_month: "按月", "By month";
    reading: "1-5-10 口径：", "1-5-10 read:";
    segment: "分段", "each stage";
    cumulative: "自发生累计", "from the beginning";
    apply: "计算", "Compute";
    times_title: "时长", "Durations";
    rates_title: "比率", "Ratios";
    mean: "平均", "Mean";
    median: "中位数", "Median";
    p90: "P90", "P90";
    used: "用", "used";
    of: "／", " of ";
    minutes: "分钟", "min";
    events: "起事件", "events";
    items: "项改进项", "action items";
    excluded: "未计入", "Left out";
    population: "范围：期间内发生的生产事件，演练与维护不计。没有发生时间的事件按周报周的周一归入。", "Covered: production events that began in the period, without drills and maintenance. An event without a beginning stands on the Monday of its report's week.";
    left_out: "演练与维护", "Drills and maintenance";
    group: "分组", "Group";
    count: "次数", "Count";
    list_of: "背后的事件", "The events behind it";
    chart: "各组恢复时长中位数", "Median time to recovery of each group";
    shares_note: "按团队：次数和比率按定责份额计（0.5 次），时长对每个有份额的团队各计一次；未定责的份额单列。", "By team: counts and ratios by the shares of responsibility (0.5), durations once for each team with a share; what is not settled stands apart.";
    services_note: "按业务与组件：一起事件对它影响的每一个各计一次，所以各组之和可以大于合计。", "By service: an event counts once for each service that it affected, so groups may sum to more than the whole.";
}

/// The words in the language of `t`.
pub fn words(t: &Texts) -> &'static ActionTexts {
    if t.lang == "zh-CN" { &ZH_CN } else { &EN }
}

/// Where an item stands.
pub fn state(state: ActionState, chinese: bool) -> &'static str {
    vocabulary::ACTION_STATE.words(state.code(), chinese).unwrap_or_default()
}

/// How much it matters.
pub fn priority(priority: Priority, chinese: bool) -> &'static str {
    vocabulary::PRIORITY.words(priority.code(), chinese).unwrap_or_default()
}

/// What an entry of the audit log says was done with an item.
pub fn done(t: &Texts, what: &str) -> String {
    let w = words(t);
    let words = match ActionState::from_code(what) {
        Some(to) => state(to, t.lang == "zh-CN"),
        None => match what {
            "create" => t.add,
            "delete" => t.delete,
            _ => t.edit,
        },
    };
    format!("{} · {words}", w.action)
}

/// A field's name in Chinese.
pub fn field_name(field: &str) -> Option<&'static str> {
    Some(match field {
        "title" => "要做什么",
        "detail" => "说明",
        "priority" => "优先级",
        "team" => "团队",
        "ticket_url" => "外部工单",
        "evidence" => "证据",
        "verifier" => "验收人",
        "reason" => "理由",
        "levels" => "等级期限",
        "by" => "分组",
        "reading" => "口径",
        "metric" => "指标",
        "part" => "范围",
        _ => return None,
    })
}

/// What a field is called here where other pages call it otherwise.
pub fn place(error: &FieldError) -> Option<&'static str> {
    let FieldProblem::Shape(remedy) = &error.problem else { return None };
    match error.field {
        "from" if remedy.starts_with("the period holds ") => Some("期间"),
        "to" if remedy.starts_with("give a last day ") => Some("结束日期"),
        "to" if remedy.starts_with("write one of open, in progress") => Some("状态"),
        _ => None,
    }
}

/// A remedy in Chinese.
pub fn remedy(remedy: &str) -> Option<String> {
    let fixed = match remedy {
        "write an address that begins with https:// or http://" => "请写以 https:// 或 http:// 开头的地址",
        "name an owner before it is verified" => "提交验收前请先指定负责人",
        "it is in verification; send it back before its owner changes" => "正在验收，请先退回再换负责人",
        "its owner cannot verify it; ask another person" => "不能由负责人自己验收，请换一个人",
        "there is no active account like this; add it, or name another person" => {
            "没有这个在用的账号；请先添加，或换一个人"
        }
        "there is no account like this; write an e-mail, me, or - for nobody" => {
            "没有这个账号；请写邮箱、me（自己）或 -（无人）"
        }
        "name someone who may write action items" => "请指定能写改进项的人（登记人及以上）",
        "there is no such team; choose one of the list" => "没有这个团队，请从列表里选",
        "write a day like 2024-08-27" => "请写成 2024-08-27 这样",
        "give 1 to 365 days" => "请写 1 到 365 天",
        "choose team, service, level or month" => "请选择 team、service、level 或 month",
        "choose segment or cumulative" => "请选择 segment（分段）或 cumulative（累计）",
        "give a last day that does not lie before the first" => "结束日期不能早于开始日期",
        "give at most 50 labels" => "最多 50 个等级",
        _ => return moving_remedy(remedy),
    };
    Some(fixed.to_owned())
}

fn moving_remedy(remedy: &str) -> Option<String> {
    if let Some((day, rest)) = remedy.split_once(" lies before the day of the event; give ") {
        let first = rest.split(' ').next().unwrap_or_default();
        return Some(format!("{day} 早于事件那天，请给 {first} 或之后的日期"));
    }
    if let Some((day, rest)) = remedy.split_once(" is past; give ") {
        return Some(format!("{day} 已经过去，请给 {} 或之后的日期", rest.split(' ').next().unwrap_or_default()));
    }
    if let Some((day, rest)) = remedy.split_once(" is too far away; give ") {
        return Some(format!("{day} 太远了，请给 {} 或之前的日期", rest.split(' ').next().unwrap_or_default()));
    }
    if let Some(rest) = remedy.strip_prefix("choose one of ") {
        return Some(format!("请选择 {rest}"));
    }
    let words = remedy.strip_prefix("the period holds ")?;
    let count = words.split(' ').next().unwrap_or_default();
    Some(format!("这段时间有 {count} 起事件，一次最多算 50000 起，请缩短期间"))
}

/// A refusal of a step in Chinese.
pub fn conflict(words: &str) -> Option<String> {
    if let Some(rest) = words.strip_prefix("an action item that is ") {
        let mut codes = rest.split([' ', ';', ',']).filter_map(ActionState::from_code);
        let (from, to) = (codes.next()?, codes.next()?);
        let next: Vec<&str> = from.next().map(|to| state(to, true)).collect();
        return Some(format!(
            "改进项“{}”不能直接变成“{}”，可以变成：{}",
            state(from, true),
            state(to, true),
            next.join("、")
        ));
    }
    let (label, _) = words.split_once("; reopen it first")?.0.split_once(" is ")?;
    Some(format!("{label} 已关闭，请先重新打开"))
}
