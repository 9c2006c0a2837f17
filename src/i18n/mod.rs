//! The words of the pages: Chinese is the source, English complete. A missing text does not compile.

macro_rules! texts {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// Every text of the pages in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct Texts { $(pub $name: &'static str,)+ }
        /// Chinese.
        pub static ZH_CN: Texts = Texts { $($name: $zh,)+ };
        /// English.
        pub static EN: Texts = Texts { $($name: $en,)+ };
    };
}

texts! {
    lang: "zh-CN", "en";
    brand: "复盘台", "Fupan";
    skip: "跳到正文", "Skip to content";
    home: "首页", "Home";
    events: "事件", "Events";
    report: "周报", "Report";
    sign_out: "退出登录", "Sign out";
    other_language: "English", "中文";
    demo: "演示数据：随意试用，关闭后全部丢弃", "Demo data: try anything, all is dropped at the end";
    log_event: "登记生产事件", "Log an event";
    paste_hint: "粘贴一行就够了，剩下的自动识别", "Paste one line, the rest is read from it";
    placeholder: "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易…", "08/19 15:00 withdrawals fail, about 684 payouts affected…";
    save: "登记", "Log";
    in_report: "周报里会写成", "In the report";
    week: "第", "Week ";
    week_end: "周", "";
    week_events: "本周生产事件", "Events of this week";
    pending: "待复盘", "Owed postmortems";
    all_events: "全部事件", "All events";
    no_events: "本周没有生产事件。粘贴一行就能登记。", "No events this week. Paste a line to log one.";
    no_pending: "没有待复盘的事件。", "No postmortem is owed.";
    no_matches: "没有符合条件的事件，放宽条件再看看。", "No event fits; widen the filters.";
    no_figures: "本周还没有指标。", "No figures this week yet.";
    figures: "指标", "Figures";
    search: "搜索", "Search";
    severity: "等级", "Severity";
    any: "全部", "Any";
    ungraded: "未定级", "Ungraded";
    state: "复盘", "Postmortem";
    from: "从", "From";
    to: "到", "To";
    apply: "筛选", "Filter";
    next_page: "下一页", "Next page";
    recovered: "已恢复", "Recovered";
    ongoing: "未恢复", "Ongoing";
    mark_recovered: "标记恢复", "Mark recovered";
    time: "时间", "Time";
    recovery_time: "恢复", "Recovered at";
    duration: "时长", "Duration";
    minutes: "分钟", "min";
    summary: "现象", "Symptom";
    impact: "影响", "Impact";
    cause: "原因", "Cause";
    recovery: "处理", "Action";
    narrative: "周报句子", "Report sentence";
    raw: "原文", "As pasted";
    timeline: "时间线", "Timeline";
    add: "添加", "Add";
    edit: "编辑", "Edit";
    store: "保存", "Save";
    history: "记录", "History";
    postmortem: "复盘", "Postmortem";
    owner: "负责人", "Owner";
    nobody: "未指定", "Nobody";
    due: "截止", "Due";
    overdue: "逾期", "overdue";
    working_days: "个工作日", "working days";
    today: "今天截止", "due today";
    left: "剩", "left";
    reason: "免复盘原因", "Reason for none";
    change: "更新", "Update";
    preview: "预览", "Preview";
    copy_markdown: "复制 Markdown", "Copy Markdown";
    copied: "已复制", "Copied";
    earlier: "上一周", "Week before";
    later: "下一周", "Week after";
    sign_in: "登录", "Sign in";
    email: "邮箱", "E-mail";
    name: "姓名", "Name";
    password: "密码（至少 10 个字符）", "Password (10 characters or more)";
    wrong_password: "邮箱或密码不对，再试一次。", "E-mail or password is wrong; try again.";
    set_up: "首次设置：创建管理员", "First set-up: the administrator";
    choose_password: "设置密码", "Choose a password";
    link_gone: "这个链接已用过或已过期，请向管理员要一个新的。", "This link was used or has expired; ask for a new one.";
    stale: "保存前这条事件已被别人改过：下面是你填的内容，核对后再保存一次。", "Someone changed this event meanwhile: below is what you typed; check it and save again.";
    events_unit: "起", "events";
    items_unit: "项", "items";
    assumed_year: "没有写年份，按此年理解：", "No year was written; taken as ";
    no_time: "没有读到时间，可以先登记，时间以后补", "No time was read; log it now and add the time later";
    second_date: "还有另一个日期：", "There is a second date: ";
    next_day: "恢复时刻按次日理解", "The recovery is taken as the next day";
    control: "已略去控制字符", "Control characters were left out";
    too_long: "太长，只读了前面一部分", "Too long; only the first part was read";
    left_over: "没有归类：", "Left over: ";
    undecided: "未定", "Undecided";
    not_required: "无需复盘", "Not required";
    st_pending: "待复盘", "Pending";
    drafting: "撰写中", "Drafting";
    in_review: "评审中", "In review";
    done: "已复盘", "Done";
}

/// The texts of a language code; unknown codes get Chinese.
pub fn texts(code: &str) -> &'static Texts {
    if code.starts_with("en") { &EN } else { &ZH_CN }
}
