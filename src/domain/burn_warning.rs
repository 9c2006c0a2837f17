//! Warnings that an error budget burns too fast: one is open for each rule of an objective at a time.

use uuid::Uuid;

use crate::domain::{
    error_budget::{Allowance, Budget, BurnRule, LONGEST, Urgency, burn_rules},
    indicator::Window,
    reliability::Figure,
    reminder::digest::Language,
    report::reading::Decimal,
};

/// What was counted in a window: requests that count, and failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Requests that count.
    pub eligible: i64,
    /// Failures among them.
    pub failed: i64,
}

impl Counted {
    /// How fast it burns the budget of a target in percent.
    pub fn burn_rate(self, target: Decimal) -> Option<Figure> {
        self.budget(Allowance::of_target(target)?).burn_rate()
    }

    /// As a part of a budget.
    pub const fn budget(self, allowance: Allowance) -> Budget {
        Budget { allowance, whole: self.eligible, failed: self.failed }
    }
}

/// A warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BurnWarning {
    /// UUIDv7.
    pub id: Uuid,
    /// The indicator's number.
    pub indicator: i32,
    /// The window of its objective.
    pub window: Window,
    /// Place among the rules of the window, from 0: the most urgent one first.
    pub rule: u8,
    /// The target in percent when it opened.
    pub target: Decimal,
    /// Milliseconds.
    pub opened_at: i64,
    /// Milliseconds: when it was last seen to burn.
    pub burning_at: i64,
    /// Milliseconds; none while it is open.
    pub closed_at: Option<i64>,
    /// What was last counted in the long window while it burned.
    pub long: Counted,
    /// What was last counted in the short one.
    pub short: Counted,
}

/// Minutes of the period of an objective, as far as warnings look.
pub const fn period(window: Window) -> i64 {
    match window {
        Window::Week => 7 * 1_440,
        Window::Rolling28 => 28 * 1_440,
        Window::Month | Window::Rolling30 | Window::Year => LONGEST,
    }
}

/// The rules of an objective's window.
pub const fn rules(window: Window) -> [BurnRule; 4] {
    burn_rules(period(window))
}

impl BurnWarning {
    /// Whether it cannot wait for working hours.
    pub fn is_urgent(&self) -> bool {
        matches!(self.rule().urgency, Urgency::Page)
    }

    /// Its rule; that of another number of rules is the last one.
    pub fn rule(&self) -> BurnRule {
        let [first, second, third, last] = rules(self.window);
        match self.rule {
            0 => first,
            1 => second,
            2 => third,
            _ => last,
        }
    }
}

/// A warning as a mail tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BurnMail {
    /// Of the reader.
    pub language: Language,
    /// Key of the indicator.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The warning.
    pub warning: BurnWarning,
    /// Where people reach the pages, without a slash at the end.
    pub public_url: String,
}

/// The words of a warning: a title and three lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BurnWords {
    /// What burns, and how soon somebody should look.
    pub title: String,
    /// The target, the long window, the short one.
    pub lines: Vec<String>,
}

impl BurnMail {
    /// The words in the language of the reader.
    pub fn words(&self) -> BurnWords {
        let chinese = self.language == Language::Chinese;
        let warning = &self.warning;
        let rule = warning.rule();
        let rate = |counted: Counted| {
            counted.burn_rate(warning.target).map_or_else(|| "—".to_owned(), |rate| rate.to_string())
        };
        let window = |minutes: i64| match (minutes, chinese) {
            (minutes, true) if minutes % 1_440 == 0 => format!("{} 天", minutes / 1_440),
            (minutes, false) if minutes % 1_440 == 0 => format!("{} d", minutes / 1_440),
            (minutes, true) if minutes % 60 == 0 => format!("{} 小时", minutes / 60),
            (minutes, false) if minutes % 60 == 0 => format!("{} h", minutes / 60),
            (minutes, true) => format!("{minutes} 分钟"),
            (minutes, false) => format!("{minutes} min"),
        };
        let span = match (warning.window, chinese) {
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
        let factor = rule.factor(period(warning.window));
        let line = |minutes: i64, counted: Counted| {
            let (rate, failed, eligible) = (rate(counted), counted.failed, counted.eligible);
            if chinese {
                format!("最近 {}：失败 {failed} / {eligible}，燃烧率 {rate}", window(minutes))
            } else {
                format!("Last {}: {failed} of {eligible} failed, burn rate {rate}", window(minutes))
            }
        };
        let target = warning.target;
        let (title, first) = if chinese {
            let urgency = if warning.is_urgent() { "立即处理" } else { "工作时间处理" };
            (
                format!("误差预算燃烧过快：{}（{urgency}）", self.name),
                format!("{}（{}）{span}目标 {target}%：燃烧率超过 {factor}。", self.name, self.key),
            )
        } else {
            let urgency = if warning.is_urgent() { "act now" } else { "in working hours" };
            (
                format!("Error budget burns too fast: {} ({urgency})", self.name),
                format!("{} ({}), {span} target {target}%: the burn rate is above {factor}.", self.name, self.key),
            )
        };
        BurnWords { title, lines: vec![first, line(rule.long, warning.long), line(rule.short, warning.short)] }
    }
}
