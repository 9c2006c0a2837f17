//! The form of a short mail: some lines, one link, and why it came.

use askama::Template;

use crate::service::ports::MailWords;

/// What the templates show.
pub(super) struct ShortMail {
    /// `zh-CN` or `en`.
    pub lang: &'static str,
    pub subject: String,
    pub lines: Vec<String>,
    pub link: String,
    /// The words of the link.
    pub open: &'static str,
    /// Why its reader gets it.
    pub why: &'static str,
}

#[derive(Template)]
#[template(path = "short.txt")]
struct Text<'a> {
    mail: &'a ShortMail,
}

#[derive(Template)]
#[template(path = "short.html")]
struct Page<'a> {
    mail: &'a ShortMail,
}

impl ShortMail {
    /// The mail in words; the error is the template's.
    pub fn words(self) -> Result<MailWords, askama::Error> {
        let text = Text { mail: &self }.render()?;
        let html = Page { mail: &self }.render()?;
        Ok(MailWords { subject: self.subject, text, html })
    }
}
