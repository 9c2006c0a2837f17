//! The words of a warning that an error budget burns too fast.

use askama::Template;

use crate::{
    domain::{
        burn_warning::{BurnMail, Counted},
        error_budget::Urgency,
        indicator::Window,
        reminder::digest::Language,
    },
    service::ports::MailWords,
};

/// What the templates show.
struct BurnView {
    lang: &'static str,
    subject: String,
    lines: Vec<String>,
    link: String,
    open: &'static str,
    why: &'static str,
}

#[derive(Template)]
#[template(path = "burn.txt")]
struct Text<'a> {
    mail: &'a BurnView,
}

#[derive(Template)]
#[template(path = "burn.html")]
struct Page<'a> {
    mail: &'a BurnView,
}

/// The words; the error names the template that failed.
pub fn burn_words(mail: &BurnMail) -> Result<MailWords, String> {
    let view = view(mail);
    let failed = |error: askama::Error| format!("the words of a burn warning: {error}");
    let text = Text { mail: &view }.render().map_err(failed)?;
    let html = Page { mail: &view }.render().map_err(failed)?;
    Ok(MailWords { subject: view.subject, text, html })
}

fn view(mail: &BurnMail) -> BurnView {
    let chinese = mail.language == Language::Chinese;
    let warning = &mail.warning;
    let rule = warning.rule();
    let rate =
        |counted: Counted| counted.burn_rate(warning.target).map_or_else(|| "—".to_owned(), |rate| rate.to_string());
    let window = |minutes: i64| match (minutes, chinese) {
        (minutes, true) if minutes % 1_440 == 0 => format!("{} 天", minutes / 1_440),
        (minutes, false) if minutes % 1_440 == 0 => format!("{} d", minutes / 1_440),
        (minutes, true) if minutes % 60 == 0 => format!("{} 小时", minutes / 60),
        (minutes, false) if minutes % 60 == 0 => format!("{} h", minutes / 60),
        (minutes, true) => format!("{minutes} 分钟"),
        (minutes, false) => format!("{minutes} min"),
    };
    let period = match (warning.window, chinese) {
        (Window::Week, true) => "每周",
        (Window::Month, true) => "每月",
        (Window::Rolling28, true) => "28 天",
        (Window::Rolling30, true) => "30 天",
        (Window::Year, true) => "每年",
        (Window::Week, false) => "weekly",
        (Window::Month, false) => "monthly",
        (Window::Rolling28, false) => "28-day",
        (Window::Rolling30, false) => "30-day",
        (Window::Year, false) => "yearly",
    };
    let factor = rule.factor(crate::domain::burn_warning::period(warning.window));
    let line = |minutes: i64, counted: Counted| {
        let (rate, failed, eligible) = (rate(counted), counted.failed, counted.eligible);
        if chinese {
            format!("最近 {}：失败 {failed} / {eligible}，燃烧率 {rate}", window(minutes))
        } else {
            format!("Last {}: {failed} of {eligible} failed, burn rate {rate}", window(minutes))
        }
    };
    let urgent = matches!(rule.urgency, Urgency::Page);
    let target = warning.target;
    let (subject, first) = if chinese {
        let urgency = if urgent { "立即处理" } else { "工作时间处理" };
        (
            format!("【复盘台】误差预算燃烧过快：{}（{urgency}）", mail.name),
            format!("{}（{}）{period}目标 {target}%：燃烧率超过 {factor}。", mail.name, mail.key),
        )
    } else {
        let urgency = if urgent { "act now" } else { "in working hours" };
        (
            format!("[Fupan] Error budget burns too fast: {} ({urgency})", mail.name),
            format!("{} ({}), {period} target {target}%: the burn rate is above {factor}.", mail.name, mail.key),
        )
    };
    BurnView {
        lang: mail.language.code(),
        subject,
        lines: vec![first, line(rule.long, warning.long), line(rule.short, warning.short)],
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
    use crate::domain::{burn_warning::BurnWarning, report::reading::Decimal};

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
