//! Short mails of the house in words: a test, a marked address, a review.

use super::short::ShortMail;
use crate::{
    domain::{
        notice::{Notice, NoticeKind, ReviewNotice},
        reminder::digest::Language,
    },
    service::ports::MailWords,
};

/// The words; the error names the template that failed.
pub fn notice_words(notice: &Notice) -> Result<MailWords, String> {
    view(notice).words().map_err(|error| format!("the words of a notice: {error}"))
}

fn view(notice: &Notice) -> ShortMail {
    let chinese = notice.language == Language::Chinese;
    let or = |zh: &'static str, en: &'static str| if chinese { zh } else { en };
    let (title, lines, path, open, why) = match &notice.kind {
        NoticeKind::Test => (
            or("测试邮件", "A test mail").to_owned(),
            vec![
                or("收到这封邮件，说明邮件服务器设置好了。", "Whoever reads this: the mail server is set up.")
                    .to_owned(),
            ],
            String::new(),
            or("打开复盘台", "Open Fupan"),
            or("管理员发送了这封测试邮件。", "An administrator sent this test."),
        ),
        NoticeKind::Bounced { address, said } => (
            if chinese { format!("邮件退回：{address}") } else { format!("Mail bounced: {address}") },
            if chinese {
                vec![
                    format!("邮件服务器不接受 {address}，已停止向这个地址发送。"),
                    format!("服务器的答复：{said}"),
                    "核对地址后，在发件箱页面点“恢复发送”，再重新发送退回的邮件。".to_owned(),
                ]
            } else {
                vec![
                    format!("The mail server refuses {address}; nothing goes there any more."),
                    format!("It said: {said}"),
                    "Check the address, then press “Send there again” on the page of the outbox and send the mail again.".to_owned(),
                ]
            },
            "/settings/outbox".to_owned(),
            or("打开发件箱", "Open the outbox"),
            or("每个地址只通知一次，发给管理员。", "Sent once per address, to the administrators."),
        ),
        NoticeKind::Unsubscribed { address } => (
            if chinese { format!("{address} 不再接收提醒") } else { format!("{address} wants no reminders") },
            if chinese {
                vec![format!("{address} 退订了复盘提醒。请另行确认其名下的复盘由谁跟进。")]
            } else {
                vec![format!(
                    "{address} unsubscribed from reminders. See to it that somebody follows up on their postmortems."
                )]
            },
            "/postmortems".to_owned(),
            or("打开待复盘", "Open the pending postmortems"),
            or("发给组长和管理员。", "Sent to leads and administrators."),
        ),
        NoticeKind::TokenEnds { name, prefix, ends, overlap } => (
            if chinese {
                format!("接口令牌即将到期：{name}")
            } else {
                format!("An API token ends soon: {name}")
            },
            if chinese {
                vec![
                    format!("接口令牌“{name}”（{prefix}…）到期时间：{ends}。到期后，使用它的程序会停。"),
                    format!("在设置里点“轮换”得到新令牌，旧的还能再用 {overlap} 小时；不再需要的，撤销即可。"),
                ]
            } else {
                vec![
                    format!("The API token “{name}” ({prefix}…) ends at {ends}; what uses it stops then."),
                    format!(
                        "Press “Rotate” in the settings for another one: the old one goes on for {overlap} hours. Revoke it where nobody needs it."
                    ),
                ]
            },
            "/settings".to_owned(),
            or("打开设置", "Open the settings"),
            or("每个令牌只通知一次，发给它的主人。", "Sent once per token, to its owner."),
        ),
        NoticeKind::Review(review) => {
            let (title, lines) = review_words(review, chinese);
            let why = or(
                "你在参会名单上。附带的日程可以直接加入日历。",
                "You are on the list of the review. The calendar part puts it into your calendar.",
            );
            (title, lines, format!("/e/{}/postmortem", review.number), or("打开复盘", "Open the postmortem"), why)
        }
    };
    ShortMail {
        lang: notice.language.code(),
        subject: if chinese { format!("【复盘台】{title}") } else { format!("[Fupan] {title}") },
        lines,
        link: format!("{}{path}", notice.public_url),
        open,
        why,
    }
}

fn review_words(review: &ReviewNotice, chinese: bool) -> (String, Vec<String>) {
    let ReviewNotice { label, when, minutes, line, .. } = review;
    let what = match (review.cancelled, review.moved, chinese) {
        (true, _, true) => "复盘会取消",
        (true, _, false) => "Review cancelled",
        (false, true, true) => "复盘会改期",
        (false, true, false) => "Review changed",
        (false, false, true) => "复盘会",
        (false, false, false) => "Review",
    };
    let title = if chinese { format!("{what} {label} {when}") } else { format!("{what}: {label}, {when}") };
    let mut lines = vec![format!("{label} {line}").trim_end().to_owned()];
    lines.push(if chinese {
        format!("时间：{when}（{}），{minutes} 分钟", review.zone)
    } else {
        format!("When: {when} ({}), {minutes} minutes", review.zone)
    });
    if let Some(place) = &review.place {
        lines.push(if chinese { format!("地点：{place}") } else { format!("Where: {place}") });
    }
    if !review.cancelled {
        let people = review.people.join(if chinese { "、" } else { ", " });
        lines.push(if chinese { format!("参会：{people}") } else { format!("Invited: {people}") });
    }
    lines.push(if chinese {
        format!("发起：{}", review.organizer)
    } else {
        format!("Organised by {}", review.organizer)
    });
    (title, lines)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_review_says_when_where_and_who_in_both_languages() {
        let review = ReviewNotice {
            label: "PE-22".to_owned(),
            number: 22,
            line: "提现失败<b>".to_owned(),
            when: "2024-08-29 14:00".to_owned(),
            zone: "Asia/Shanghai".to_owned(),
            minutes: 60,
            place: Some("会议室 3".to_owned()),
            people: vec!["值班".to_owned(), "组长".to_owned()],
            organizer: "组长".to_owned(),
            cancelled: false,
            moved: false,
        };
        let words = |language, review: ReviewNotice| {
            let public_url = "https://fupan.example.com".to_owned();
            notice_words(&Notice { language, kind: NoticeKind::Review(review), public_url }).unwrap()
        };
        let zh = words(Language::Chinese, review.clone());
        assert_eq!(zh.subject, "【复盘台】复盘会 PE-22 2024-08-29 14:00");
        for line in ["时间：2024-08-29 14:00（Asia/Shanghai），60 分钟", "地点：会议室 3", "参会：值班、组长"]
        {
            assert!(zh.text.contains(line), "{line}: {}", zh.text);
        }
        assert!(!zh.html.contains("提现失败<b>"), "escaped: {}", zh.html);
        let en = words(Language::English, ReviewNotice { cancelled: true, ..review });
        assert_eq!(en.subject, "[Fupan] Review cancelled: PE-22, 2024-08-29 14:00");
        assert!(!en.text.contains("Invited"), "{}", en.text);
    }
}
