//! Warnings that an error budget burns too fast: one is open for each rule of an objective at a time.

use uuid::Uuid;

use crate::domain::{
    error_budget::{Allowance, Budget, BurnRule, LONGEST, burn_rules},
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
