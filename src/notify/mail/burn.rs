//! The words of a warning that an error budget burns too fast.

use super::short::ShortMail;
use crate::{
    domain::{
        burn_warning::{BurnMail, BurnWords},
        reminder::digest::Language,
    },
    service::ports::MailWords,
};

/// The words; the error names the template that failed.
pub fn burn_words(mail: &BurnMail) -> Result<MailWords, String> {
    view(mail).words().map_err(|error| format!("the words of a burn warning: {error}"))
}

fn view(mail: &BurnMail) -> ShortMail {
    let chinese = mail.language == Language::Chinese;
    let BurnWords { title, lines } = mail.words();
    ShortMail {
        lang: mail.language.code(),
        subject: if chinese { format!("【复盘台】{title}") } else { format!("[Fupan] {title}") },
        lines,
        link: format!("{}/figures", mail.public_url),
        open: if chinese { "打开指标" } else { "Open the figures" },
        why: if chinese {
            "只在开始时发一次；恢复后自动关闭。发给负责该业务线的团队的组长，没有组长时发给管理员。"
        } else {
            "Sent once when it begins; it closes by itself. It goes to the lead of the team that answers for the service, or to the administrators."
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        burn_warning::{BurnWarning, Counted},
        indicator::Window,
        report::reading::Decimal,
    };

    #[test]
    fn a_warning_says_the_windows_the_counts_and_the_rates() {
        let warning = BurnWarning {
            id: Uuid::nil(),
            indicator: 1,
            window: Window::Month,
            rule: 0,
            target: Decimal { units: 9_995, scale: 2 },
            opened_at: 0,
            burning_at: 0,
            closed_at: None,
            long: Counted { eligible: 60_000, failed: 600 },
            short: Counted { eligible: 5_000, failed: 50 },
        };
        let mail = BurnMail {
            language: Language::English,
            key: "deposit".to_owned(),
            name: "入金<b>".to_owned(),
            warning,
            public_url: "https://fupan.example.com".to_owned(),
        };
        let words = burn_words(&mail).unwrap();
        assert_eq!(words.subject, "[Fupan] Error budget burns too fast: 入金<b> (act now)");
        for line in
            ["monthly target 99.95%: the burn rate is above 14.4.", "Last 1 h: 600 of 60000 failed, burn rate 20"]
        {
            assert!(words.text.contains(line), "{line}: {}", words.text);
        }
        assert!(!words.html.contains("入金<b>"), "escaped: {}", words.html);
    }
}
