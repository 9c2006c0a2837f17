//! The words of the pages: Chinese is the source, English complete. A missing text does not compile.

pub mod problems;

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
    pending: "待复盘", "Pending";
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
    several_events: "这里有好几条事件，会逐条登记，下面是第一条；共 ", "There are several events, each will be logged; below is the first of ";
    alike_event: "可能已经登记过：", "This may be logged already: ";
    no_date: "不是日期：", "Not a date: ";
    figure_name: "名称", "Name";
    second_date: "还有另一个日期：", "There is a second date: ";
    next_day: "恢复时刻按次日理解", "The recovery is taken as the next day";
    control: "已略去控制字符", "Control characters were left out";
    too_long: "太长，只读了前面一部分", "Too long; only the first part was read";
    left_over: "没有归类：", "Left over: ";
    undecided: "未定", "Undecided";
    not_required: "免复盘", "Not required";
    import_report: "导入周报", "Import a report";
    import_hint: "把整篇周报（Markdown）贴进来：先看会新增、更新什么，再导入。其他章节不会被读取。", "Paste the whole weekly report (Markdown): look at what would be added and changed first. Other sections are not read.";
    import_document: "周报全文", "The report";
    import_plan: "将会导入", "What would be imported";
    import_done: "已导入", "Imported";
    import_nothing: "没有变化", "Nothing changed";
    outcome_added: "新增", "added";
    outcome_changed: "更新", "changed";
    outcome_unchanged: "不变", "unchanged";
    outcome_deleted: "已删除，不再导入", "deleted here, stays deleted";
    settings: "设置", "Settings";
    theme_dark: "深色", "Dark";
    theme_light: "浅色", "Light";
    theme_auto: "跟随系统", "As the system";
    not_here: "没有找到", "Not found";
    not_allowed: "没有权限", "Not allowed";
    not_now: "暂时办不了", "Not possible now";
    not_done: "没有办成", "Not done";
    request_id: "请求号", "Request";
    go_home: "回首页", "Home";
    than_last_week: "较上周", "vs last week";
    below_target: "低于目标", "below the target";
    target: "目标", "Target";
    value: "数值", "Value";
    unit: "单位", "Unit";
    group: "分组", "Group";
    delete: "删除", "Delete";
    delete_event: "删除这条事件", "Delete this event";
    delete_hint: "从列表和周报里去掉，编号不再使用。", "Takes it out of lists and reports; its number is not used again.";
    incident_counts: "生产事件次数", "Incident counts";
    count: "次数", "Count";
    add_figure: "添加指标", "Add a figure";
    add_count: "添加次数", "Add a count";
    trend: "近 12 周", "Last 12 weeks";
    week_figures: "本周指标", "Figures of the week";
    hours: "小时", "h";
    about: "约 ", "about ";
    detected: "发现", "Detected";
    acknowledged: "响应", "Acknowledged";
    located: "定位", "Located";
    mitigated: "止损", "Mitigated";
    reminders: "提醒", "Reminders";
    remind_before: "到期前提醒", "Day before";
    remind_due: "到期当天提醒", "Due day";
    remind_overdue: "逾期提醒", "Overdue";
    remind_copied: "，抄送组长", ", copied to the leads";
    no_reminders: "没有待发的提醒。", "No reminder is due.";
    suggestion: "按字段生成的句子", "The sentence that the fields make";
    adopt: "改用这句", "Use this one";
    copy_line: "复制这一行", "Copy this line";
    report_line: "周报里的这一行", "Its line in the report";
    use_form: "改用表单", "Use the form";
    new_event: "登记事件", "Log an event";
    report_week: "周报周次", "Week of the report";
    by_time: "按发生时间", "By its time";
    owes_postmortem: "待复盘", "A postmortem is owed";
    no_ongoing: "无进行中事件", "Nothing ongoing";
    open_report: "打开周报", "Open the report";
    copy_sentence: "复制这句话", "Copy this sentence";
    events_of_year: "生产事件（今年）", "Events this year";
    two_columns: "同一周的事件", "Events of the same week";
    language: "语言", "Language";
    account: "账号", "Account";
    accounts: "账号管理", "Accounts";
    role: "角色", "Role";
    active: "在用", "Active";
    add_person: "添加", "Add";
    new_link: "新链接", "New link";
    not_joined: "未设密码", "No password yet";
    old_password: "当前密码", "Current password";
    new_password: "新密码（至少 10 个字符）", "New password (10 characters or more)";
    change_password: "修改密码", "Change the password";
    password_changed: "密码已修改，其他设备已退出登录。", "The password was changed; other devices are signed out.";
    tokens: "API 令牌", "API tokens";
    tokens_hint: "脚本和 CI 用令牌访问接口：Authorization: Bearer fpn_…", "Scripts and CI reach the API with a token: Authorization: Bearer fpn_…";
    token_name: "用途", "What for";
    make_token: "生成令牌", "Make a token";
    token_once: "新令牌，只显示这一次，请马上保存：", "The new token, shown this once; keep it now:";
    link_once: "设置密码的链接，只显示这一次，7 天内有效，请发给本人：", "The link to choose a password, shown this once, good for 7 days; send it to the person:";
    revoke: "吊销", "Revoke";
    made: "创建", "Made";
    last_used: "最近使用", "Last used";
    never: "从未", "never";
    api_document: "接口文档", "API document";
    st_pending: "待复盘", "Pending";
    drafting: "撰写中", "Drafting";
    in_review: "评审中", "In review";
    done: "已复盘", "Done";
}

/// The texts of a language code; unknown codes get Chinese.
pub fn texts(code: &str) -> &'static Texts {
    if code.starts_with("en") { &EN } else { &ZH_CN }
}
