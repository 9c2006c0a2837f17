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

/// A remedy in Chinese.
pub fn remedy(remedy: &str) -> Option<String> {
    let fixed = match remedy {
        "write feishu, dingtalk, wecom, slack or webhook" => "请写 feishu、dingtalk、wecom、slack 或 webhook",
        "only groups of Feishu and DingTalk ask for a keyword" => "只有飞书和钉钉的群有关键词",
        "messages of this tool cannot be signed; leave it empty" => "这个工具的消息不签名，请留空",
        "behind whsec_ stands base64" => "whsec_ 后面应是 base64",
        "the tool stays; set up another notifier" => "工具不能改，请另建一个通知方式",
        "write zh-CN or en" => "请写 zh-CN 或 en",
        "the address is longer than 2,000 bytes" => "地址超过 2,000 字节",
        "the address holds a name or a password; give a token instead" => "地址里不要带用户名或密码",
        _ => {
            if let Some(rest) = remedy.strip_prefix("there is no topic ") {
                let (code, known) = rest.split_once("; there are ").unwrap_or((rest, ""));
                return Some(format!("没有主题 {code}；有 {}", known.replace(", ", "、")));
            }
            if remedy.contains(" is asked by https and on port 443 or 8443 only; ") {
                return Some(
                    "外部地址只用 https、端口 443 或 8443；是自己的服务器就请管理员写进设置 outgoing.allow".to_owned(),
                );
            }
            if remedy.contains(" are not asked; list it under outgoing.allow") {
                return Some(
                    "这是内部或保留的地址，不向它发送；是自己的服务器就请管理员写进设置 outgoing.allow".to_owned(),
                );
            }
            if remedy.contains("give an address like https://") {
                return Some("请写完整地址，如 https://example.com/hook".to_owned());
            }
            return None;
        }
    };
    Some(fixed.to_owned())
}

/// A conflict in Chinese.
pub fn conflict(words: &str) -> Option<String> {
    if let Some(rest) = words.strip_prefix("a notifier with the name ") {
        let name = rest.split(" is there already").next().unwrap_or_default();
        return Some(format!("已有名为 {name} 的通知方式，请换一个名称"));
    }
    if let Some(rest) = words.strip_prefix("the notifier ") {
        let name = rest.split(" has this address already").next().unwrap_or_default();
        return Some(format!("通知方式 {name} 已用这个地址，请在那里选主题"));
    }
    words.contains(" notifiers already; remove one").then(|| "通知方式已有 100 个，请先删去一个".to_owned())
}

/// The words in a language; Chinese unless it is `en`.
pub fn texts(lang: &str) -> &'static NotifierTexts {
    if lang == "en" { &EN } else { &ZH_CN }
}
