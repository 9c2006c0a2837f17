//! The words of the outbox: its page, states, kinds, and what went wrong with a message.

use crate::{
    domain::delivery::{Outcome, Phase},
    service::outbox_admin::OutboxState,
};

macro_rules! outbox_texts {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// Every text of the page in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct OutboxTexts { $(pub $name: &'static str,)+ }
        static ZH_CN: OutboxTexts = OutboxTexts { $($name: $zh,)+ };
        static EN: OutboxTexts = OutboxTexts { $($name: $en,)+ };
    };
}

outbox_texts! {
    outbox: "发件箱", "Outbox";
    hint: "发出去的每封邮件、每条群消息都先写进这里。被拒绝、未确认、已过期的需要人看一眼。", "Every mail and message to a group is written here first. Refused, unconfirmed and expired ones need a person to look.";
    state: "状态", "State";
    every_state: "全部状态", "Every state";
    channel: "渠道", "Channel";
    every_channel: "全部渠道", "Every channel";
    mail: "邮件", "Mail";
    chat: "群消息", "Messages to groups";
    recipient: "收件人", "Recipient";
    recipient_hint: "邮箱、姓名或群名", "address, name, or group";
    filter: "筛选", "Filter";
    none: "没有符合的消息。", "No message like this.";
    more: "更早的", "Earlier";
    subject: "主题", "Subject";
    written: "写入", "Written";
    next_try: "下次发送", "Next try";
    problem: "最近一次的问题", "Latest problem";
    tries: "计数的失败", "Failures that count";
    unknowns: "不明结果", "Unknown outcomes";
    message_id: "Message-ID", "Message-ID";
    attempts: "发送记录", "Tries";
    no_attempts: "还没有发送过。", "Not tried yet.";
    text_part: "纯文本", "Plain text";
    html_part: "看 HTML 版", "See the HTML part";
    calendar_part: "日程", "Calendar part";
    body: "请求内容", "Body";
    requeue: "重新发送", "Send again";
    take_back: "取消发送", "Take it back";
    take_back_hint: "不再发送，它带的提醒这次也作罢。", "It is not sent, and the reminders that it carries are let go this time.";
    requeue_hint: "用同一个 Message-ID 再发，收件人不会当成另一封。", "Goes again under the same Message-ID, so that it is no other mail to its reader.";
    again: "作为新消息发送", "Send as new";
    again_hint: "换一个 Message-ID 再发一条，用于对方把原来那封当成重复丢掉了；两条互相注明。", "Goes as another message with a Message-ID of its own, for readers whose server dropped the first as a copy; each names the other.";
    again_of: "代替", "In place of";
    sent_again_as: "已作为新消息发送：", "Sent as new:";
    requeued: "已排入发送，运行中的服务半分钟内发出。", "It waits to be sent; a running service does so within half a minute.";
    test: "发测试邮件", "Send a test mail";
    test_to: "收件地址", "To";
    test_hint: "不填则发给自己", "left empty, to yourself";
    tested: "测试邮件已进入发件箱，半分钟内发出。", "The test mail is in the outbox and goes out within half a minute.";
    marked: "停发的地址", "Marked addresses";
    marked_hint: "退信的地址不再收到任何邮件，退订的不再收到提醒。", "A bounced address gets no mail at all, an unsubscribed one no reminders.";
    none_marked: "没有。", "None.";
    bounced: "退信", "bounced";
    unsubscribed: "退订提醒", "unsubscribed";
    clear: "恢复发送", "Send there again";
    pending: "等待发出", "waiting";
    claimed: "正在发送", "being sent";
    committing: "等待答复", "waiting for the reply";
    sent: "已发出", "sent";
    dead: "被拒绝", "refused";
    unconfirmed: "未确认", "unconfirmed";
    cancelled: "已取消", "cancelled";
    superseded: "已被新的取代", "superseded";
    expired: "已过期", "expired";
    for_now: "暂时被拒", "refused for now";
    unreachable: "没有送出", "not handed over";
    unknown: "结果不明", "unknown";
}

/// The words in a language; Chinese unless it is `en`.
pub fn texts(lang: &str) -> &'static OutboxTexts {
    if lang == "en" { &EN } else { &ZH_CN }
}

/// A state in words.
pub const fn state_words(w: &OutboxTexts, state: OutboxState) -> &'static str {
    match state {
        OutboxState::Pending => w.pending,
        OutboxState::Claimed => w.claimed,
        OutboxState::Committing => w.committing,
        OutboxState::Sent => w.sent,
        OutboxState::Dead => w.dead,
        OutboxState::Unconfirmed => w.unconfirmed,
        OutboxState::Cancelled => w.cancelled,
        OutboxState::Superseded => w.superseded,
        OutboxState::Expired => w.expired,
    }
}

/// The end of a try in words.
pub const fn outcome_words(w: &OutboxTexts, outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Sent => w.sent,
        Outcome::ForNow => w.for_now,
        Outcome::Refused => w.dead,
        Outcome::Unreachable => w.unreachable,
        Outcome::Unknown => w.unknown,
    }
}

/// A kind of message in words.
pub fn kind_words(chinese: bool, kind: &str) -> &str {
    let or = |zh, en| if chinese { zh } else { en };
    match kind {
        "reminder.digest" => or("复盘提醒", "reminders"),
        "report.weekly" => or("周报", "weekly report"),
        "budget.burn" => or("预算告警", "burn warning"),
        "review.invite" => or("复盘会", "review"),
        "notice" => or("通知", "notice"),
        "chat.test" => or("测试消息", "test message"),
        other if other.starts_with("chat.") => or("群消息", "message to a group"),
        other if other.contains("burn") => or("预算告警", "burn warning"),
        other => other,
    }
}

/// What went wrong, in words: where, and what was said. Messages of before this was kept apart have no step.
pub fn problem_words(chinese: bool, phase: Option<Phase>, said: &str) -> String {
    let Some(phase) = phase else { return said.to_owned() };
    let or = |zh, en| if chinese { zh } else { en };
    let silent = !said.starts_with(|c: char| c.is_ascii_digit());
    let what = match phase {
        Phase::Build => or("这封邮件发不了", "this mail cannot be sent"),
        Phase::Marked => return or("地址已停发，先恢复发送", "the address is marked; clear it first").to_owned(),
        Phase::Connect => or("连不上邮件服务器", "the mail server cannot be reached"),
        Phase::Tls => or("和邮件服务器的加密连接没有建立", "no encrypted connection to the mail server"),
        Phase::Auth => or("邮件服务器不接受登录", "the mail server refuses the sign-in"),
        Phase::Mail => or("邮件服务器不接受发件人", "the mail server refuses the sender"),
        Phase::Rcpt => or("邮件服务器不接受收件人", "the mail server refuses the recipient"),
        Phase::Data | Phase::Body => or("邮件没有交给服务器", "the mail could not be handed over"),
        Phase::Dot if silent => or("邮件已交出，没有收到答复", "the mail was handed over and the reply was lost"),
        Phase::Dot => or("邮件服务器拒收这封邮件", "the mail server refuses the mail"),
        Phase::Worker => or("发送程序中途停止", "the worker stopped half-way"),
        Phase::Chat => or("群的答复", "the tool said"),
    };
    if said.is_empty() || phase == Phase::Worker {
        return what.to_owned();
    }
    if chinese { format!("{what}：{}", said_in_chinese(said)) } else { format!("{what}: {said}") }
}

/// What the machine itself says where the other side said nothing; a server's own words stay.
fn said_in_chinese(said: &str) -> String {
    let seconds = |rest: &str| rest.chars().filter(char::is_ascii_digit).collect::<String>();
    let lower = said.to_ascii_lowercase();
    if let Some(rest) = said.strip_prefix("no answer within ") {
        return format!("{} 秒内没有答复", seconds(rest));
    }
    if let Some(rest) = said.strip_prefix("no whole answer within ") {
        return format!("{} 秒内没有完整的答复", seconds(rest));
    }
    for (english, chinese) in [
        ("incomplete response", "连接中断"),
        ("connection refused", "连接被拒绝"),
        ("connection reset", "连接中断"),
        ("broken pipe", "连接中断"),
        ("unexpected eof", "连接中断"),
        ("timed out", "连接超时"),
        ("failed to lookup address", "找不到服务器的域名"),
        ("name or service not known", "找不到服务器的域名"),
        ("starttls is not supported", "服务器不支持 STARTTLS"),
        ("no compatible authentication", "服务器不支持可用的登录方式"),
        ("invalid peer certificate", "服务器证书不可信（自建 CA 请设 smtp.ca_file）"),
        ("no mail server is set", "没有设置邮件服务器"),
        ("points to another address", "对方要求跳转到别的地址"),
        ("the answer is longer than", "对方的答复太长"),
        ("cannot be used", "地址不能用"),
    ] {
        if lower.contains(english) {
            return format!("{chinese}（{said}）");
        }
    }
    said.to_owned()
}

/// What is not there, in Chinese.
pub fn not_found(what: &str) -> Option<String> {
    if let Some(id) = what.strip_prefix("message ") {
        return Some(format!("发件箱里没有消息 {id}；fupan outbox list 列出已有的"));
    }
    match what {
        "link of a mail like this" => Some("链接无效：可能不完整，或账号、事件已不可见；请打开复盘台处理".to_owned()),
        "review of this event" => Some("这起事件没有安排复盘会".to_owned()),
        _ => None,
    }
}

/// A conflict in Chinese.
pub fn conflict(words: &str) -> Option<String> {
    if let Some(rest) = words
        .strip_prefix("the address ")
        .and_then(|rest| rest.strip_suffix(" is marked and gets no mail; clear it first"))
    {
        return Some(format!("地址 {rest} 已停发，先点“恢复发送”"));
    }
    if words.starts_with("message ") && words.ends_with(" was sent as new already; see the newer one") {
        return Some("这条消息已作为新消息发送过，请看新的那一条".to_owned());
    }
    if let Some(rest) = words.strip_prefix("a message that is ") {
        let code = rest.split(' ').next().unwrap_or_default();
        let state = OutboxState::from_code(code).map_or("这种状态", |state| state_words(&ZH_CN, state));
        return Some(format!("{state}的消息不能重新发送；只有被拒绝、未确认、已过期的可以"));
    }
    (words == "the postmortem moved on since the mail was sent")
        .then(|| "邮件发出后复盘有了变化，请打开事件页查看".to_owned())
}

/// A remedy in Chinese.
pub fn remedy(remedy: &str) -> Option<String> {
    let fixed = match remedy {
        "give the address that the test goes to" => "请写测试邮件发到哪个地址",
        "give 5 to 480 minutes" => "请写 5 到 480 分钟",
        "the review lies ahead; give a later time" => "复盘会的时间已过，请写以后的时间",
        "give a time within the next two years" => "请写两年以内的时间",
        "name at least one person" => "请至少选一个参会人",
        "name at most 50 people" => "参会人最多 50 个",
        "say when the review begins" => "请写复盘会开始的时间",
        _ => {
            let known = remedy.strip_prefix("write one of pending, ")?;
            return Some(format!("请写其中一个：pending、{}", known.replace(", ", "、")));
        }
    };
    Some(fixed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_well_in_both_languages() {
        let both = |phase, said| [problem_words(true, phase, said), problem_words(false, phase, said)];
        assert_eq!(
            both(Some(Phase::Rcpt), "550 no such user"),
            ["邮件服务器不接受收件人：550 no such user", "the mail server refuses the recipient: 550 no such user"]
        );
        assert_eq!(
            both(Some(Phase::Dot), "incomplete response"),
            [
                "邮件已交出，没有收到答复：连接中断（incomplete response）",
                "the mail was handed over and the reply was lost: incomplete response"
            ]
        );
        assert_eq!(both(Some(Phase::Connect), "no answer within 40 s")[0], "连不上邮件服务器：40 秒内没有答复");
        assert_eq!(both(None, "RCPT: old words"), ["RCPT: old words", "RCPT: old words"]);
    }

    #[test]
    fn the_services_refusals_have_chinese_words() {
        assert_eq!(
            conflict("a message that is sent cannot be sent again; only dead, unconfirmed and expired ones can")
                .as_deref(),
            Some("已发出的消息不能重新发送；只有被拒绝、未确认、已过期的可以")
        );
        assert!(conflict("the address a@example.com is marked and gets no mail; clear it first").is_some());
    }
}
