//! The words of the page of notifiers.

macro_rules! notifier_texts {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// Every text of the page in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct NotifierTexts { $(pub $name: &'static str,)+ }
        static ZH_CN: NotifierTexts = NotifierTexts { $($name: $zh,)+ };
        static EN: NotifierTexts = NotifierTexts { $($name: $en,)+ };
    };
}

notifier_texts! {
    notifiers: "通知方式", "Notifiers";
    hint: "事件和误差预算的消息发到这些群或地址。地址和密钥保存后不再显示。", "Messages about events and error budgets go to these groups and addresses. Addresses and secrets are never shown again.";
    none_yet: "还没有通知方式。", "No notifiers yet.";
    add: "新增通知方式", "Add a notifier";
    name: "名称", "Name";
    tool: "工具", "Tool";
    url: "机器人地址", "Address";
    url_stays: "不填则不变", "left empty, it stays";
    secret: "签名密钥", "Secret";
    no_secret: "不签名", "Do not sign";
    keyword: "群关键词", "Keyword of the group";
    keyword_hint: "飞书、钉钉设了关键词时填写", "where a group of Feishu or DingTalk asks for one";
    language: "消息语言", "Language of messages";
    team: "只发与团队有关的", "Only what touches a team";
    every_team: "全部", "Everything";
    topics: "主题", "Topics";
    enabled: "启用", "Switched on";
    off: "已停用", "off";
    signed: "签名", "signed";
    test: "发测试消息", "Send a test";
    test_sent: "测试消息已进入发件箱，半分钟内发出；结果见最近消息。", "The test message is in the outbox and goes out within half a minute; see the latest messages.";
    remove: "删除", "Remove";
    latest: "最近消息", "Latest messages";
    no_messages: "还没有消息。", "No messages yet.";
    preview: "测试消息预览", "The test message";
    bytes: "字节", "bytes";
    pending: "等待发出", "waiting";
    sent: "已发出", "sent";
    dead: "被拒绝", "refused";
    unconfirmed: "未确认", "unconfirmed";
    cancelled: "已取消", "cancelled";
    expired: "已过期", "expired";
}

/// The words in a language; Chinese unless it is `en`.
pub fn texts(lang: &str) -> &'static NotifierTexts {
    if lang == "en" { &EN } else { &ZH_CN }
}
