//! The words of the pages of indicators: administration, figures explained, costs of events, dips, budgets.

use crate::domain::{
    attribution::BaselineKind,
    dips::DipState,
    indicator::{IndicatorKind, Party, Window},
};

macro_rules! indicator_texts {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// Every text of these pages in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct IndicatorTexts { $(pub $name: &'static str,)+ }
        static ZH_CN: IndicatorTexts = IndicatorTexts { $($name: $zh,)+ };
        static EN: IndicatorTexts = IndicatorTexts { $($name: $en,)+ };
    };
}

indicator_texts! {
    zh: "zh", "";
    indicators: "指标定义", "Indicators";
    indicators_hint: "每个指标按分钟收样本（总数、成功、剔除），数值由样本算出，与事件互相关联。", "Samples per minute (total, success, excluded) make each figure; figures and events are tied to each other.";
    none_yet: "还没有指标。", "No indicators yet.";
    new_indicator: "新增指标", "New indicator";
    this_week: "本周", "This week";
    this_year: "本年至今", "Year to date";
    target: "目标", "Target";
    met: "达标", "met";
    missed: "未达标", "missed";
    coverage: "覆盖率", "Coverage";
    low_coverage: "覆盖率不足", "low coverage";
    not_measured: "没有样本", "no samples";
    provisional: "暂定", "provisional";
    estimated: "含估算", "partly estimated";
    archived: "已归档", "Archived";
    edit: "编辑", "Edit";
    key: "代码", "Key";
    key_hint: "地址和接口里的名字，小写字母、数字、- _ .，之后不变", "Its name in addresses and the API: small letters, digits, - _ .; it stays";
    name: "名称", "Name";
    kind: "类型", "Kind";
    service: "业务线或组件", "Service";
    unit: "单位", "Unit";
    digits: "小数位数", "Digits";
    digits_hint: "0 到 6；不填：比率 3，其他 0", "0 to 6; by default 3 of a rate, else 0";
    lower_is_better: "越低越好", "Lower is better";
    archive_hint: "归档后不再收样本，历史保留", "Takes no samples any more, keeps its past";
    exclusions: "返回码表", "Response codes";
    exclusions_hint: "每行一个：返回码=归属。归属：success 成功、ours 我方、partner 合作方、user 用户、risk_control 风控、unknown 不明。用户和风控的失败不计。", "One a line: code=who is behind it: success, ours, partner, user, risk_control or unknown. Failures of user and risk_control do not count.";
    definition: "定义", "Definition";
    version: "版本", "Version";
    valid_from: "生效日期", "Valid from";
    note: "说明", "Note";
    new_version: "新版定义", "New version of the definition";
    new_version_hint: "旧版和按旧版发布的周报不变。", "Old versions stay, and so do reports published with them.";
    no_exclusions: "没有返回码：失败全部计入。", "No codes: every failure counts.";
    counts_word: "计入", "counts";
    excluded_word: "剔除", "left out";
    objectives: "目标", "Objectives";
    no_objectives: "还没有目标。", "No objectives yet.";
    window: "窗口", "Window";
    set_target: "设定目标", "Set a target";
    remove: "删除", "Remove";
    save: "保存", "Save";
    add: "新增", "Add";
    stale: "保存前已被别人改过：下面是现在的内容，核对后再保存一次。", "Someone changed this meanwhile: below is what it is now; check it and save again.";
    week: "周", "Week";
    month: "月", "Month";
    year: "年", "Year";
    days30: "30 天", "30 days";
    days90: "90 天", "90 days";
    days365: "365 天", "365 days";
    earlier: "上一段", "Earlier";
    later: "下一段", "Later";
    effective_rate: "有效成功率", "Effective rate";
    number_kind_hint: "数值型指标没有样本，每周的数值在指标页填写。", "A number has no samples; its weekly values are written on the page of figures.";
    eligible: "有效请求", "Eligible";
    success: "成功", "Success";
    failed: "失败", "Failed";
    excluded: "剔除", "Excluded";
    total: "总数", "Total";
    unit_tx: "笔", "transactions";
    budget_left: "预算剩余", "Budget left";
    explain: "解释这个数", "Explain this number";
    formula: "算式", "Formula";
    floored: "按位截断，不四舍五入", "cut off, never rounded up";
    measured_minutes: "有样本的分钟", "Measured minutes";
    revision: "样本修订号", "Revision of the samples";
    query: "重现它的查询", "The query that reproduces it";
    query_copy: "复制查询", "Copy the query";
    csv_minutes: "分钟 CSV", "Minutes as CSV";
    csv_days: "按天 CSV", "Days as CSV";
    ledger: "这段时间的事件", "Events of the period";
    ledger_none: "这段时间没有事件影响它。", "No event bears on it in this period.";
    event: "事件", "Event";
    from: "开始", "From";
    excess: "超额失败", "Excess failures";
    missing: "未到的请求", "Missing attempts";
    points: "拉低（pp）", "Lowered by (pp)";
    budget_share: "预算占比", "Share of budget";
    without: "剔除后", "Without it";
    background: "背景（没有事件解释）", "Background (no event explains it)";
    background_hint: "未解释的失败就是要查的活儿。", "What is unexplained is work to do.";
    sum: "合计", "Sum";
    hidden: "限制可见的事件", "Restricted events";
    chart_days: "竖线为事件", "Vertical lines are events";
    heat: "日历", "Calendar";
    heat_hint: "柱越高，当天用掉的预算越多", "The higher the bar, the more of the day's budget is used";
    heat_ok: "预算内", "within budget";
    heat_none: "没有样本", "not measured";
    chart_none: "样本不够画图。", "Too few samples for a chart.";
    panel: "指标影响", "What it cost";
    panel_none: "没有关联的指标：选一个，影响就从样本算出来。", "No indicator is tied to it: choose one and the impact is computed from its samples.";
    waiting: "正在计算，稍后刷新。", "Being computed; look again soon.";
    minutes_gone: "这段时间的分钟样本已按保留期删除；影响保持删除前算出的数。", "The minutes of that time are removed (retention); the impact stays as it was computed before.";
    unknown_cost: "没有可用的基线，影响算不出来。", "There is no baseline, so the impact is not known.";
    measured_impact: "实测影响", "Measured impact";
    range: "区间", "range";
    declared: "填报", "Declared";
    measured: "实测", "measured";
    too_low: "填报低于实测", "declared less than measured";
    too_high: "填报高于实测", "declared more than measured";
    fits: "与实测相符", "fits what was measured";
    with_event: "实际", "As it was";
    baseline: "基线", "Baseline";
    no_baseline: "没有基线", "no baseline";
    expected: "预期失败", "expected failures";
    advised: "用掉的预算超过规定，建议复盘。", "It used more of the budget than the house lets pass: a postmortem is advised.";
    share_of: "影响比例", "Affected share";
    share_hint: "实测：失败 ÷ 有效请求", "measured: failed ÷ eligible";
    take_share: "填为影响比例", "Take it as the affected share";
    share_taken: "已是影响比例", "is the affected share";
    link: "关联指标", "Tie to an indicator";
    unlink: "取消关联", "Cut off";
    by_hand: "手工关联", "tied by hand";
    by_service: "由业务线关联", "by its service";
    chart_minutes: "每分钟，前后各 60 分钟", "By minute, 60 minutes around it";
    dips: "待确认的骤降", "Dips to look at";
    dips_hint: "指标显著骤降时自动提出：确认为事件、并入已有事件，或写明原因忽略；同一次不会再提。", "A significant drop is proposed: make it an event, put it to one that is there, or dismiss it with a reason; it is not proposed again.";
    no_dips: "没有待确认的骤降。", "Nothing to look at.";
    accept: "登记为事件", "Make it an event";
    merge: "并入", "Put it to";
    merge_with: "已有事件", "Event";
    no_near: "附近没有事件", "no event near in time";
    dismiss: "忽略", "Dismiss";
    reason: "原因", "Reason";
    level: "等级", "Level";
    ungraded: "未定级", "Ungraded";
    goes_on: "进行中", "going on";
    decided: "已处理", "Decided";
    budget: "错误预算", "Error budget";
    budget_none: "没有设年目标的指标。在指标页设定年目标后，这里就有账本。", "No indicator has a yearly objective; set one on its page and its ledger is here.";
    budget_hint: "100% 是按至今的有效请求算出的可失败数；线上每一处下落是一个事件。", "100% is what may fail of the requests so far; each drop is an event.";
    allowed: "可失败", "May fail";
    used: "已用", "Used";
    left: "剩余", "Left";
    left_after: "之后剩余", "Left after it";
    axis: "同一时间轴上的指标", "All on one time axis";
    all_indicators: "全部指标", "All indicators";
    week_values: "每周数值", "Weekly values";
    more: "更多", "More";
    events: "事件", "Events";
    value: "数值", "Value";
    day: "日期", "Day";
    minutes_limit: "分钟 CSV 最长 92 天", "minutes: at most 92 days";
    by_hand_tag: "含手填", "partly by hand";
    by_hand_minutes: "手填的分钟", "Minutes by hand";
    source: "数据来源", "Source";
    source_none: "没有设置来源：样本由接口、命令行或手工填写得来。", "No source is set: samples come by the API, the command line or by hand.";
    source_set: "从 Prometheus 拉取", "Pull from Prometheus";
    source_hint: "Prometheus、VictoriaMetrics、Thanos、Mimir 等有 query_range 的服务。查询给出每分钟的笔数，只能有一条序列，例如 sum(increase(payments_total[1m]))；没有数据的分钟算没有测量，需要 0 时写 or vector(0)。", "Prometheus, VictoriaMetrics, Thanos, Mimir: whatever has query_range. A query gives the number of a minute as one series, like sum(increase(payments_total[1m])); minutes without data are not measured, write or vector(0) where 0 is meant.";
    source_url: "服务地址", "Address of the server";
    source_token: "令牌", "Token";
    source_token_kept: "已保存，不显示；留空不变，换服务要重填", "kept, never shown; empty leaves it, another server needs its own";
    source_token_settings: "设置里已有这个服务的令牌，可不填", "the settings hold one for this server: none is needed";
    source_token_none: "可不填", "optional";
    source_token_remove: "去掉令牌", "Take the token away";
    source_total: "总数的查询", "Query for attempts";
    source_success: "成功数的查询", "Query for successes";
    source_failed: "或：计入的失败数的查询", "or: query for failures that count";
    source_excluded: "不计入的失败数的查询", "Query for failures that do not count";
    source_delay: "等迟到数据（分钟）", "Wait for late data (minutes)";
    source_since: "从这时补录", "Pull anew from";
    source_since_hint: "不填：新来源从现在开始，已有的接着来", "empty: a new one begins now, one that is there goes on";
    source_pause: "暂停", "Paused";
    source_pull: "现在拉取", "Pull now";
    source_progress: "已补录", "Pulled";
    source_current: "已追上现在", "up to date";
    source_last: "最近一次", "Last answer";
    source_next: "下次", "Next";
    source_note: "服务的提示", "The server notes";
    source_impossible: "不可能成立、已略过的分钟", "Minutes left out because their numbers cannot be true";
    hand_word: "手填", "by hand";
    chart_hand: "阴影为手填", "shaded: by hand";
    hand: "手工笔数", "Counts by hand";
    hand_hint: "没有样本的日子用手填的笔数：样本优先于逐日，逐日优先于整周。", "They stand in where there are no samples: samples come before days, days before their week.";
    hand_span: "日期或周", "Day or week";
    hand_stands: "采用", "counts";
    hand_measured: "有样本，未采用", "samples count instead";
    hand_by_day: "有逐日数，未采用", "days count instead";
    hand_rate: "成功率", "Rate";
    hand_add: "填写笔数", "Write counts";
    warnings: "燃烧警告", "Burn warnings";
    warnings_hint: "误差预算消耗过快时自动打开并通知，安静一个短窗口后关闭。", "Opened and told where an error budget burns too fast, closed after a short window of calm.";
    no_warnings: "没有这样的警告。", "None.";
    burn_open: "燃烧中", "Burning";
    burn_closed: "已关闭", "Closed";
    burn_all: "全部", "All";
    burn_page: "立即处理", "Now";
    burn_ticket: "工作时间处理", "In working hours";
    burn_rate: "燃烧率", "Burn rate";
    burn_opened: "打开", "Opened";
    burn_last: "最近燃烧", "Last seen to burn";
}

/// The texts of a language code; unknown codes get Chinese.
pub fn texts(lang: &str) -> &'static IndicatorTexts {
    if lang.starts_with("en") { &EN } else { &ZH_CN }
}

const fn pick(w: &IndicatorTexts, zh: &'static str, en: &'static str) -> &'static str {
    if w.zh.is_empty() { en } else { zh }
}

/// A kind of indicators.
pub fn kind(w: &IndicatorTexts, kind: IndicatorKind) -> &'static str {
    match kind {
        IndicatorKind::SuccessRate => pick(w, "成功率", "Success rate"),
        IndicatorKind::Availability => pick(w, "可用率", "Availability"),
        IndicatorKind::Duration => pick(w, "耗时（时限内占比）", "Duration (share within the limit)"),
        IndicatorKind::Number => pick(w, "数值", "Number"),
    }
}

/// Who is behind a response code.
pub fn party(w: &IndicatorTexts, party: Party) -> &'static str {
    match party {
        Party::Success => pick(w, "成功", "success"),
        Party::Ours => pick(w, "我方", "ours"),
        Party::Partner => pick(w, "合作方", "partner"),
        Party::User => pick(w, "用户", "user"),
        Party::RiskControl => pick(w, "风控", "risk control"),
        Party::Unknown => pick(w, "不明", "unknown"),
    }
}

/// The party of a code or of a word of either language.
pub fn party_of(word: &str) -> Option<Party> {
    use crate::domain::indicator::PARTIES;
    let word = word.trim().to_lowercase();
    PARTIES.into_iter().find(|one| one.code() == word || party(&ZH_CN, *one) == word || party(&EN, *one) == word)
}

/// The window of an objective.
pub fn window(w: &IndicatorTexts, window: Window) -> &'static str {
    match window {
        Window::Week => pick(w, "周", "week"),
        Window::Month => pick(w, "月", "month"),
        Window::Rolling28 => pick(w, "滚动 28 天", "28 days"),
        Window::Rolling30 => pick(w, "滚动 30 天", "30 days"),
        Window::Year => pick(w, "年", "year"),
    }
}

/// Where a baseline comes from.
pub fn baseline(w: &IndicatorTexts, kind: BaselineKind) -> &'static str {
    match kind {
        BaselineKind::Weeks => {
            pick(w, "前四周同一星期同一时段", "the same minutes of that weekday in the four weeks before")
        }
        BaselineKind::Days => pick(w, "前七天同一时段", "the same minutes of the seven days before"),
        BaselineKind::Before => pick(w, "之前一天（至前 10 分钟）", "the day before, up to ten minutes before"),
    }
}

/// What became of a dip.
pub fn dip_state(w: &IndicatorTexts, state: DipState) -> &'static str {
    match state {
        DipState::Proposed => pick(w, "待确认", "proposed"),
        DipState::Accepted => pick(w, "已登记", "made an event"),
        DipState::Merged => pick(w, "已并入", "put to an event"),
        DipState::Dismissed => pick(w, "已忽略", "dismissed"),
    }
}

/// `解释 77.7%，未解释 196 笔`.
pub fn explained(w: &IndicatorTexts, percent: &str, background: &str) -> String {
    if w.zh.is_empty() {
        format!("{percent}% explained, {background} unexplained")
    } else {
        format!("解释 {percent}%，未解释 {background} 笔")
    }
}

/// `填报 684 笔，实测 1,774 笔：填报低于实测`.
pub fn contradiction(w: &IndicatorTexts, declared: &str, measured: &str, words: &str) -> String {
    if w.zh.is_empty() {
        format!("{declared} declared, {measured} measured: {words}")
    } else {
        format!("填报 {declared} 笔，实测 {measured} 笔：{words}")
    }
}
