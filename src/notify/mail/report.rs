//! The weekly mail in words: subject, plain text and HTML.

use askama::Template;

use crate::{
    domain::{
        reminder::digest::Language,
        report_mailing::{ReportMail, weekday_name},
    },
    service::ports::MailWords,
};

/// What the templates show.
struct ReportView<'a> {
    lang: &'static str,
    subject: String,
    /// The week and its days: `生产周报 2024-W34（2024/08/19–08/25）`.
    title: String,
    /// The section; a sentence where there is none.
    text: String,
    html: &'a str,
    /// Whether and when it was published.
    state: String,
    link: String,
    /// Words in front of the link.
    open: &'static str,
    /// Why the reader gets this.
    why: String,
    stop: &'static str,
    unsubscribe_url: &'a str,
}

#[derive(Template)]
#[template(path = "weekly.txt")]
struct Text<'a> {
    mail: &'a ReportView<'a>,
}

#[derive(Template)]
#[template(path = "weekly.html")]
struct Page<'a> {
    mail: &'a ReportView<'a>,
}

/// The words of a weekly mail; the error names the template that failed.
pub fn report_words(mail: &ReportMail) -> Result<MailWords, String> {
    let view = view(mail);
    let failed = |error: askama::Error| format!("the words of a weekly mail: {error}");
    let text = Text { mail: &view }.render().map_err(failed)?;
    let html = Page { mail: &view }.render().map_err(failed)?;
    Ok(MailWords { subject: view.subject, text, html })
}

fn view(mail: &ReportMail) -> ReportView<'_> {
    let chinese = mail.language == Language::Chinese;
    let week = mail.week;
    let counted = match (mail.events, chinese) {
        (None, true) => "系统运行数据".to_owned(),
        (None, false) => "figures".to_owned(),
        (Some(0), true) => "本周无生产事件".to_owned(),
        (Some(0), false) => "no production events".to_owned(),
        (Some(count), true) => format!("生产事件 {count} 起"),
        (Some(1), false) => "1 production event".to_owned(),
        (Some(count), false) => format!("{count} production events"),
    };
    let subject = if chinese {
        format!("【复盘台】生产周报 {week}：{counted}")
    } else {
        format!("[Fupan] Weekly report {week}: {counted}")
    };
    let (from, to) = (week.monday(), week.sunday());
    let title = if chinese {
        format!("生产周报 {week}（{}–{}）", from.format("%Y/%m/%d"), to.format("%m/%d"))
    } else {
        format!("Weekly report {week} ({} to {})", from.format("%-d %b %Y"), to.format("%-d %b %Y"))
    };
    let nothing = match (mail.events, chinese) {
        (None, true) => "本周没有系统运行数据。",
        (None, false) => "No figures this week.",
        (Some(_), true) => "本周没有生产事件。",
        (Some(_), false) => "No production events this week.",
    };
    let text = mail.text.trim();
    let state = match (&mail.published, chinese) {
        (Some((revision, at)), true) => format!("已发布（修订 {revision}，{at}）"),
        (Some((revision, at)), false) => format!("Published (revision {revision}, {at})"),
        (None, true) => "尚未发布：这是发出时的数据，之后可能变化".to_owned(),
        (None, false) => "Not published yet: these are the numbers of the time, they may change".to_owned(),
    };
    let (day, time, zone) =
        (weekday_name(mail.slot.weekday, mail.language), mail.slot.time_words(), mail.slot.zone.name());
    let why = if chinese {
        format!("每{day} {time}（{zone}）发给名单“{}”。", mail.name)
    } else {
        format!("Sent every {day} at {time} ({zone}) to the list “{}”.", mail.name)
    };
    ReportView {
        lang: if chinese { "zh-CN" } else { "en" },
        subject,
        title,
        text: if text.is_empty() { nothing.to_owned() } else { text.to_owned() },
        html: mail.html.trim(),
        state,
        link: format!("{}/w/{week}", mail.public_url),
        open: if chinese { "打开周报" } else { "Open the report" },
        why,
        stop: if chinese { "不再接收" } else { "Unsubscribe" },
        unsubscribe_url: &mail.unsubscribe_url,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::domain::report_mailing::Slot;

    fn mail(language: Language, text: &str, html: &str) -> ReportMail {
        ReportMail {
            language,
            name: "支付 <SRE>".to_owned(),
            slot: Slot::of("fri", "17:00", "Asia/Shanghai").unwrap(),
            week: "2024-W34".parse().unwrap(),
            text: text.to_owned(),
            html: html.to_owned(),
            events: Some(usize::from(!text.is_empty())),
            published: None,
            public_url: "http://localhost".to_owned(),
            unsubscribe_url: "http://localhost/unsubscribe/t".to_owned(),
        }
    }

    #[test]
    fn the_week_stands_first_then_the_section_and_the_way_out_last() {
        let words =
            report_words(&mail(Language::Chinese, "【生产事件】\n\n失败 <b>\n", "<h3>【生产事件】</h3>")).unwrap();
        assert_eq!(words.subject, "【复盘台】生产周报 2024-W34：生产事件 1 起");
        assert!(
            words.text.starts_with("生产周报 2024-W34（2024/08/19–08/25）\n\n【生产事件】\n\n失败 <b>\n\n"),
            "{}",
            words.text
        );
        assert!(words.text.trim_end().ends_with("http://localhost/unsubscribe/t"), "{}", words.text);
        assert!(words.html.contains("<h3>【生产事件】</h3>") && !words.html.contains("<SRE>"), "{}", words.html);
    }

    #[test]
    fn a_week_without_the_section_is_a_sentence_and_never_an_empty_mail() {
        let words = report_words(&mail(Language::English, "", "")).unwrap();
        assert_eq!(words.subject, "[Fupan] Weekly report 2024-W34: no production events");
        assert!(
            words
                .text
                .starts_with("Weekly report 2024-W34 (19 Aug 2024 to 25 Aug 2024)\n\nNo production events this week."),
            "{}",
            words.text
        );
        assert!(words.html.contains("No production events this week."), "{}", words.html);
    }
}
