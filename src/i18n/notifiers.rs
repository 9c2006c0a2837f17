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
    channel: "Slack 频道", "Channel of Slack";
    channel_hint: "只用于 Slack 机器人：填 C012AB3CD 或 #payments，密钥填令牌 xoxb-…，地址留空；同一事件的消息在一个话题里", "for a bot of Slack: C012AB3CD or #payments, its token xoxb-… as the secret, no address; messages about one event form a thread";
    language: "消息语言", "Language of messages";
    team: "只发与团队有关的", "Only what touches a team";
    every_team: "全部", "Everything";
    topics: "主题", "Topics";
    quiet: "静默时段", "Quiet hours";
    quiet_from: "从", "From";
    quiet_until: "到", "Until";
    quiet_zone: "时区", "Zone";
    quiet_through: "照常发送的等级", "Levels that go through";
    quiet_hint: "时段内的消息留到结束时合成一条，届时仍成立的才发；填了等级的事件照常发。两个时间留空即不静默。", "What comes meanwhile is told in one message at their end, as far as it still stands; events of these levels go at once. Leave both times empty for none.";
    enabled: "启用", "Switched on";
    off: "已停用", "off";
    signed: "签名", "signed";
    test: "发测试消息", "Send a test";
    test_sent: "测试消息已进入发件箱，半分钟内发出；结果见最近消息。", "The test message is in the outbox and goes out within half a minute; see the latest messages.";
    remove: "删除", "Remove";
    latest: "最近消息", "Latest messages";
    members: "点名", "Mentions";
    members_hint: "一行一人：邮箱或姓名，空格，工具里的标识。与负责人有关的消息会真正点他的名。", "A person a line: an e-mail or a name, a blank, and the id in the tool. Messages that concern an owner mention them.";
    id_of_feishu: "飞书：open_id（ou_…）或 user_id", "Feishu: open_id (ou_…) or user_id";
    id_of_dingtalk: "钉钉：userId 或手机号", "DingTalk: userId or mobile number";
    id_of_wecom: "企业微信：通讯录里的账号（userid）", "WeCom: userid of the address book";
    id_of_slack: "Slack：成员 ID（U…），在个人资料的“更多”里复制", "Slack: member ID (U…), under More of the profile";
    id_of_webhook: "接收方认识的标识：字母、数字和 _ - . @ +", "an id that the receiver knows: letters, digits and _ - . @ +";
    no_messages: "还没有消息。", "No messages yet.";
    preview: "测试消息预览", "The test message";
    event_preview: "新事件消息预览", "The message about a new event";
    try_line: "试一行事件，看这个群会收到什么", "Try a line: what would this group get?";
    show: "预览", "Preview";
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
        "only a bot of Slack posts in a channel; leave it empty" => "只有 Slack 机器人有频道，请留空",
        "write one channel like C012AB3CD or #payments" => "请写一个频道，如 C012AB3CD 或 #payments",
        "a bot posts with its token; write it, xoxb-…" => "机器人凭令牌发消息，请填写 xoxb-…",
        "behind whsec_ stands base64" => "whsec_ 后面应是 base64",
        "the tool stays; set up another notifier" => "工具不能改，请另建一个通知方式",
        "write times like 22:00 and 08:00" => "请写时间，如 22:00 和 08:00",
        "give two times that differ" => "两个时间不能相同",
        "name at most 20 levels" => "最多写 20 个等级",
        "write zh-CN or en" => "请写 zh-CN 或 en",
        "the address is longer than 2,000 bytes" => "地址超过 2,000 字节",
        "the address holds a name or a password; give a token instead" => "地址里不要带用户名或密码",
        _ => {
            if let Some((id, _)) = remedy.split_once(" is no id of a person; write ") {
                return Some(format!("{id} 不是一个人的标识；请按工具里的原样填写，不能是“所有人”"));
            }
            if let Some(rest) = remedy.strip_suffix(": write a person and an id: oncall@example.com ou_84aad35d") {
                let number = rest.trim_start_matches("line ");
                return Some(format!("第 {number} 行：请写一个人和一个标识，如 oncall@example.com ou_84aad35d"));
            }
            if let Some(word) = remedy.strip_suffix(" is named twice; give one id") {
                return Some(format!("{word} 写了两次，请只留一个标识"));
            }
            if remedy.starts_with("give at most ") && remedy.ends_with(" people") {
                return Some("最多 500 人".to_owned());
            }
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

/// A remedy of rules of reminders that name notifiers, in Chinese; its beginning is the place.
pub fn rules_remedy(remedy: &str) -> Option<String> {
    let (place, rest) = remedy.split_once(": ")?;
    if let Some(name) = rest.strip_prefix("there is no notifier ").and_then(|rest| rest.split(';').next()) {
        return Some(format!("{place}：没有通知方式 {name}"));
    }
    if let Some(word) = rest.strip_suffix(" is a group; write it in a step of its own, by groups") {
        return Some(format!("{place}：{word} 是群，请另写一步（by 为 groups）"));
    }
    if rest.starts_with("groups are chosen by their notifiers; ") {
        return Some(format!("{place}：群由通知方式的订阅决定，这里留空，或写 notifier:名称"));
    }
    (rest == "name at most 20 notifiers").then(|| format!("{place}：最多 20 个通知方式"))
}

/// A conflict in Chinese.
pub fn conflict(words: &str) -> Option<String> {
    if let Some(rest) = words.strip_prefix("a notifier with the name ") {
        let name = rest.split(" is there already").next().unwrap_or_default();
        return Some(format!("已有名为 {name} 的通知方式，请换一个名称"));
    }
    if let Some(rest) = words.strip_prefix("the rules of reminders name the notifier ") {
        let name = rest.split("; change them first").next().unwrap_or_default();
        return Some(format!("提醒规则里写着通知方式 {name}，请先改规则"));
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
