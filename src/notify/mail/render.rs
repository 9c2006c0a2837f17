//! A digest in words: subject, plain text and HTML, in the reader's language.

use crate::{
    domain::reminder::{
        digest::{Digest, DigestGroup, DigestItem, Language, Manners},
        policy::Subject,
        words,
    },
    service::ports::MailWords,
};
use askama::Template;

/// One item, ready for the templates.
struct ItemView {
    label: String,
    line: String,
    /// Due date, lateness, severity and owner, in words.
    facts: String,
    link: String,
    /// Links to a page with one button; empty where there is none.
    own: String,
    snooze: String,
}

/// One group, ready for the templates.
struct GroupView {
    heading: &'static str,
    late: bool,
    items: Vec<ItemView>,
    more: usize,
}

/// What all templates show.
struct DigestView {
    subject: String,
    name: String,
    summary: String,
    groups: Vec<GroupView>,
    public_url: String,
    /// How often mails come, and to whom, as the rules say.
    manners: String,
}

#[derive(Template)]
#[template(path = "digest.zh-CN.txt")]
struct ChineseText<'a> {
    mail: &'a DigestView,
}

#[derive(Template)]
#[template(path = "digest.zh-CN.html")]
struct ChinesePage<'a> {
    mail: &'a DigestView,
}

#[derive(Template)]
#[template(path = "digest.en.txt")]
struct EnglishText<'a> {
    mail: &'a DigestView,
}

#[derive(Template)]
#[template(path = "digest.en.html")]
struct EnglishPage<'a> {
    mail: &'a DigestView,
}

/// The words of a digest; the error names the template that failed.
pub fn digest_words(digest: &Digest) -> Result<MailWords, String> {
    let mail = &view(digest);
    let (text, html) = match digest.language {
        Language::Chinese => (ChineseText { mail }.render(), ChinesePage { mail }.render()),
        Language::English => (EnglishText { mail }.render(), EnglishPage { mail }.render()),
    };
    let failed = |error: askama::Error| format!("the words of a digest: {error}");
    Ok(MailWords { subject: mail.subject.clone(), text: text.map_err(failed)?, html: html.map_err(failed)? })
}

fn view(digest: &Digest) -> DigestView {
    let chinese = digest.language == Language::Chinese;
    let (count, late) = (digest.count(), digest.overdue.count());
    let (subject, summary) = if chinese {
        (
            format!(
                "【复盘台】待复盘 {count} 项{}",
                if late > 0 { format!("，其中 {late} 项逾期") } else { String::new() }
            ),
            format!(
                "有 {count} 项复盘待完成{}。",
                if late > 0 { format!("，其中 {late} 项已逾期") } else { String::new() }
            ),
        )
    } else {
        let noun = if count == 1 { "postmortem" } else { "postmortems" };
        let overdue = if late > 0 { format!(", {late} overdue") } else { String::new() };
        (format!("[Fupan] {count} {noun} pending{overdue}"), format!("{count} {noun} to be done{overdue}."))
    };
    let only = [&digest.overdue, &digest.today, &digest.next].into_iter().flat_map(|group| &group.items).next();
    let subject = match only.filter(|_| count == 1) {
        Some(item) => words::subject(item, digest.language),
        None => subject,
    };
    let headings = if chinese {
        ["已逾期", "请今天完成", "请在下一个工作日前完成", "之后到期"]
    } else {
        ["Overdue", "To finish today", "To finish by the next working day", "Due later"]
    };
    let rest = digest.count_others();
    let (subject, summary) = match (count, rest, chinese) {
        (_, 0, _) => (subject, summary),
        (0, rest, true) => (format!("【复盘台】提醒 {rest} 项"), format!("有 {rest} 项待处理。")),
        (0, rest, false) => (format!("[Fupan] {rest} to look at"), format!("{rest} to look at.")),
        (_, rest, true) => (format!("{subject}，另有 {rest} 项提醒"), format!("{summary}另有 {rest} 项待处理。")),
        (_, rest, false) => (format!("{subject}, and {rest} more"), format!("{summary} And {rest} more to look at.")),
    };
    let groups = [(&digest.overdue, true), (&digest.today, false), (&digest.next, false), (&digest.later, false)]
        .into_iter()
        .zip(headings)
        .filter(|((group, _), _)| group.count() > 0)
        .map(|((group, late), heading)| group_view(digest, group, heading, late))
        .chain(
            digest
                .others
                .iter()
                .map(|(subject, group)| group_view(digest, group, words::heading(*subject, digest.language), false)),
        )
        .collect();
    let manners = manners(digest.manners, chinese);
    DigestView { subject, name: digest.name.clone(), summary, groups, public_url: digest.public_url.clone(), manners }
}

fn manners(Manners { mails, copied_from }: Manners, chinese: bool) -> String {
    let copied = match (copied_from, chinese) {
        (None, _) => String::new(),
        (Some(days), true) if days > 0 => format!("，或逾期达 {days} 个工作日抄送给你"),
        (Some(_), true) => "，或按规则抄送给你".to_owned(),
        (Some(1), false) => ", or because it is 1 working day late and you are copied".to_owned(),
        (Some(days), false) if days > 0 => format!(", or because it is {days} working days late and you are copied"),
        (Some(_), false) => ", or because the rules copy you".to_owned(),
    };
    if chinese {
        format!(
            "提醒只在工作日发送，每人每天最多 {mails} 封。你是负责人，或事件还没有负责人{copied}时，会收到这封邮件。"
        )
    } else {
        let most =
            if mails == 1 { "one mail a day at most".to_owned() } else { format!("{mails} mails a day at most") };
        format!(
            "Reminders go out on working days, {most}. You get this one because you own the postmortem, because nobody owns it yet{copied}."
        )
    }
}

fn group_view(digest: &Digest, group: &DigestGroup, heading: &'static str, late: bool) -> GroupView {
    // The links are about postmortems; an action item may have the number of one.
    let links = |item: &DigestItem| {
        digest.links.get(&item.number).filter(|_| item.subject == Subject::Postmortem).cloned().unwrap_or_default()
    };
    let items = group.items.iter().map(|item| ItemView {
        own: links(item).own.unwrap_or_default(),
        snooze: links(item).snooze.unwrap_or_default(),
        label: words::label(item),
        line: words::line(item).to_owned(),
        facts: words::facts(item, digest.language),
        link: format!("{}{}", digest.public_url, words::path(item)),
    });
    GroupView { heading, late, items: items.collect(), more: group.more }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reminder::digest::Owner;

    fn digest(language: Language) -> Digest {
        let item = |number, line: &str, due_on: &str, overdue_days| DigestItem {
            subject: Subject::Postmortem,
            number,
            line: line.to_owned(),
            severity: None,
            due_on: due_on.parse().unwrap(),
            overdue_days,
            days_left: 0,
            owner: Owner::Reader,
            lacks: Vec::new(),
        };
        let copied = DigestItem {
            severity: Some("C".to_owned()),
            owner: Owner::Other("小李".to_owned()),
            ..item(2, "08/20 20:00 路由 <配置> 调整", "2024-08-27", 0)
        };
        Digest {
            name: "值班".to_owned(),
            language,
            day: "2024-08-27".parse().unwrap(),
            overdue: DigestGroup { items: vec![item(1, "08/19 15:00 提现失败", "2024-08-26", 1)], more: 0 },
            today: DigestGroup { items: vec![copied], more: 3 },
            next: DigestGroup::default(),
            later: DigestGroup::default(),
            others: Vec::new(),
            public_url: "http://localhost:8080".to_owned(),
            manners: Manners::default(),
            links: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn a_mail_about_one_postmortem_says_in_its_subject_what_it_is_and_how_long_there_is() {
        let mut digest = digest(Language::Chinese);
        digest.today = DigestGroup::default();
        let subject = |digest: &Digest| digest_words(digest).unwrap().subject;
        assert_eq!(subject(&digest), "【待复盘】PE-1 08/19 15:00 提现失败（逾期 1 个工作日）");
        digest.next = DigestGroup { items: std::mem::take(&mut digest.overdue.items), more: 0 };
        digest.next.items[0].overdue_days = 0;
        digest.next.items[0].days_left = 1;
        digest.language = Language::English;
        assert_eq!(subject(&digest), "[Pending] PE-1 08/19 15:00 提现失败 (1 working day left)");
        digest.manners = Manners { mails: 2, copied_from: None };
        let text = digest_words(&digest).unwrap().text;
        assert!(text.contains("2 mails a day at most") && !text.contains("copied"), "{text}");
    }

    #[test]
    fn an_item_has_the_link_that_its_reader_may_use() {
        let mut digest = digest(Language::Chinese);
        let links = crate::domain::reminder::digest::ItemLinks {
            own: None,
            snooze: Some("http://localhost:8080/act/t".to_owned()),
        };
        digest.links.insert(1, links);
        let words = digest_words(&digest).unwrap();
        assert!(words.text.contains("  延后 2 个工作日：http://localhost:8080/act/t\n"), "{}", words.text);
        assert_eq!(words.html.matches("http://localhost:8080/act/t").count(), 1, "{}", words.html);
        assert!(!words.text.contains("取我负责") && !words.html.contains("取我负责"));
    }

    #[test]
    fn a_chinese_digest_reads_well() {
        let words = digest_words(&digest(Language::Chinese)).unwrap();
        assert_eq!(words.subject, "【复盘台】待复盘 5 项，其中 1 项逾期");
        let begin = "\
值班，你好：

有 5 项复盘待完成，其中 1 项已逾期。

已逾期

- PE-1  08/19 15:00 提现失败
  8月26日 周一到期 · 逾期 1 个工作日 · 未定级
  http://localhost:8080/e/1

请今天完成

- PE-2  08/20 20:00 路由 <配置> 调整
  8月27日 周二到期 · C 级 · 负责人 小李
  http://localhost:8080/e/2

- 另有 3 项，见 http://localhost:8080/postmortems

写完后";
        assert!(words.text.starts_with(begin), "{}", words.text);
    }

    #[test]
    fn an_english_digest_says_the_same() {
        let words = digest_words(&digest(Language::English)).unwrap();
        assert_eq!(words.subject, "[Fupan] 5 postmortems pending, 1 overdue");
        assert!(words.text.contains("  due Mon 26 Aug · 1 working day late · not graded\n"), "{}", words.text);
        assert!(!words.text.contains("\n\n\n"), "{}", words.text);
    }

    #[test]
    fn what_people_wrote_cannot_become_markup() {
        let words = digest_words(&digest(Language::Chinese)).unwrap();
        assert!(words.html.contains("路由 &#60;配置&#62; 调整") || words.html.contains("路由 &lt;配置&gt; 调整"));
        assert!(words.html.contains("href=\"http://localhost:8080/e/2\""));
    }
}
