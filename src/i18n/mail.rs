//! The words of the pages that links of mails lead to, and of the review of a postmortem.

macro_rules! mail_texts {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// Every text in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct MailTexts { $(pub $name: &'static str,)+ }
        static ZH_CN: MailTexts = MailTexts { $($name: $zh,)+ };
        static EN: MailTexts = MailTexts { $($name: $en,)+ };
    };
}

mail_texts! {
    lang: "zh-CN", "en";
    own: "取我负责", "Take it over";
    own_asks: "负责这项复盘", "You take over this postmortem";
    own_done: "现在由你负责。", "It is yours now.";
    snooze: "延后 2 个工作日", "Put off by 2 working days";
    snooze_asks: "把截止日期延后 2 个工作日", "The due date moves by 2 working days";
    snooze_done: "截止日期已延后。", "The due date moved.";
    unsubscribe: "退订复盘提醒", "Unsubscribe from reminders";
    unsubscribe_asks: "不再向这个地址发复盘提醒，组长会收到通知", "No more reminders go to this address; the leads are told";
    unsubscribe_done: "不再发送复盘提醒。要恢复请联系管理员。", "No more reminders go out. An administrator can turn them on again.";
    person: "账号", "Account";
    due: "截止", "Due";
    used: "这个链接已经用过", "This link was used";
    undo: "撤销", "Undo";
    undone: "已撤销，和之前一样。", "Taken back; it is as it was before.";
    expired: "这个链接已过期，请打开事件页处理。", "This link has expired; open the event instead.";
    moot: "不需要再处理：复盘已完成、已免除，或负责人已变。", "Nothing left to do: the postmortem is done, waived, or somebody else's.";
    open_event: "打开事件", "Open the event";
    review: "复盘会", "Review meeting";
    set_review: "安排复盘会", "Schedule the review";
    change_review: "修改复盘会", "Change the review";
    cancel_review: "取消复盘会", "Cancel the review";
    starts_at: "开始时间", "Begins";
    minutes: "分钟", "Minutes";
    place: "地点或会议链接", "Place or link";
    attendees: "参会人", "Invited";
    review_hint: "保存后给参会人发日程邀请，改期和取消也会通知。", "Saving sends an invitation; a change and a cancellation are told too.";
    review_cancelled: "已取消", "cancelled";
    calendar_file: "日程文件", "Calendar file";
    by_link: "由邮件里的链接操作", "Done by a link in a mail";
    save: "保存并通知", "Save and tell";
}

/// The words in a language; Chinese unless it is `en`.
pub fn texts(lang: &str) -> &'static MailTexts {
    if lang == "en" || lang.starts_with("en-") { &EN } else { &ZH_CN }
}
