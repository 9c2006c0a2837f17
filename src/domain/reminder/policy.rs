//! When people are reminded: on which working days, and between which hours.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::domain::calendar::Calendar;

/// Which reminder of an event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// One working day is left after today.
    Before,
    /// Today is the last working day up to the due date.
    Due,
    /// The due date has passed.
    Overdue,
}

impl Step {
    /// The stored code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Due => "due",
            Self::Overdue => "overdue",
        }
    }

    /// The step of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Before, Self::Due, Self::Overdue].into_iter().find(|step| step.code() == code)
    }
}

/// The rules of DESIGN section 7: day before, due day, then each working day; from the second overdue working
/// day the leads are copied; at a quiet minute, never at night or on a day off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Local time from which the reminders of a day go out.
    pub slot: NaiveTime,
    /// Local time from which they wait for the next working day.
    pub until: NaiveTime,
    /// Overdue working days from which the leads are copied.
    pub copy_leads_from: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            slot: NaiveTime::from_hms_opt(10, 7, 0).unwrap_or_default(),
            until: NaiveTime::from_hms_opt(20, 0, 0).unwrap_or_default(),
            copy_leads_from: 2,
        }
    }
}

impl Policy {
    /// The local working day whose slot is open at `now`; none at night, before the slot and on days off.
    pub fn open_day(&self, now: DateTime<Utc>, zone: Tz, calendar: &Calendar) -> Option<NaiveDate> {
        let local = now.with_timezone(&zone);
        let day = local.date_naive();
        let open = calendar.is_working_day(day) && (self.slot..self.until).contains(&local.time());
        open.then_some(day)
    }

    /// `now` where the slot is open, else the next time it opens. A local time that a clock change skips moves
    /// forward by an hour; of one that comes twice the first counts.
    pub fn next_opening(&self, now: DateTime<Utc>, zone: Tz, calendar: &Calendar) -> DateTime<Utc> {
        if self.open_day(now, zone, calendar).is_some() {
            return now;
        }
        let local = now.with_timezone(&zone);
        let today = local.date_naive();
        let from = if local.time() < self.slot { today } else { today.checked_add_days(Days::new(1)).unwrap_or(today) };
        let opening = calendar.add_working_days(from, 0).and_time(self.slot);
        let found = zone
            .from_local_datetime(&opening)
            .earliest()
            .or_else(|| zone.from_local_datetime(&(opening + chrono::Duration::hours(1))).earliest());
        found.map_or(now, |at| at.with_timezone(&Utc))
    }

    /// Which reminder an event due on `due_on` gets on the working day `day`. A due date on a day off is
    /// reminded of on the working days before it, because nothing goes out on the day itself.
    pub fn step_on(&self, due_on: NaiveDate, day: NaiveDate, calendar: &Calendar) -> Option<Step> {
        if !calendar.is_working_day(day) {
            return None;
        }
        if day > due_on {
            return Some(Step::Overdue);
        }
        match calendar.working_days_between(day, due_on) {
            0 => Some(Step::Due),
            1 => Some(Step::Before),
            _ => None,
        }
    }

    /// The next days from `from` on which an event due on `due_on` is reminded of, as far as things stay as they are:
    /// the day, which reminder, and whether the leads are copied.
    pub fn upcoming(
        &self,
        due_on: NaiveDate,
        from: NaiveDate,
        calendar: &Calendar,
        count: usize,
    ) -> Vec<(NaiveDate, Step, bool)> {
        // Between today and a due date may lie months; after it every working day has its reminder.
        let days = usize::try_from((due_on - from).num_days()).unwrap_or(0).min(400) + 30;
        from.iter_days()
            .take(days)
            .filter(|day| calendar.is_working_day(*day))
            .filter_map(|day| {
                self.step_on(due_on, day, calendar).map(|step| (day, step, self.copies_leads(due_on, day, calendar)))
            })
            .take(count)
            .collect()
    }

    /// The last due date that is reminded of on `day`; later ones need not be looked at.
    pub fn horizon(&self, day: NaiveDate, calendar: &Calendar) -> NaiveDate {
        calendar.add_working_days(day, 2)
    }

    /// Whether the leads are copied about an event due on `due_on` on the day `day`.
    pub fn copies_leads(&self, due_on: NaiveDate, day: NaiveDate, calendar: &Calendar) -> bool {
        day > due_on && calendar.working_days_between(due_on, day) >= self.copy_leads_from
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Asia::Shanghai;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_slot_is_open_from_1007_until_2000_on_working_days_only() {
        let (policy, calendar) = (Policy::default(), Calendar::bundled());
        let open = |text| policy.open_day(at(text), Shanghai, &calendar);
        assert_eq!(open("2024-08-27T10:06:59+08:00"), None);
        assert_eq!(open("2024-08-27T10:07:00+08:00"), Some(day("2024-08-27")));
        assert_eq!(open("2024-08-27T19:59:59+08:00"), Some(day("2024-08-27")));
        assert_eq!(open("2024-08-27T20:00:00+08:00"), None);
        assert_eq!(open("2024-08-25T11:00:00+08:00"), None, "Sunday");
        assert_eq!(open("2024-09-14T11:00:00+08:00"), Some(day("2024-09-14")), "调休 Saturday");
        assert_eq!(open("2024-09-16T11:00:00+08:00"), None, "中秋");
    }

    #[test]
    fn the_next_opening_skips_nights_and_holidays() {
        let (policy, calendar) = (Policy::default(), Calendar::bundled());
        let next = |text| policy.next_opening(at(text), Shanghai, &calendar);
        assert_eq!(next("2024-08-27T03:00:00+08:00"), at("2024-08-27T10:07:00+08:00"));
        assert_eq!(next("2024-08-27T12:00:00+08:00"), at("2024-08-27T12:00:00+08:00"));
        assert_eq!(next("2024-09-14T21:00:00+08:00"), at("2024-09-18T10:07:00+08:00"));
    }

    #[test]
    fn the_steps_are_the_working_day_before_the_due_day_and_every_working_day_after() {
        let (policy, calendar) = (Policy::default(), Calendar::bundled());
        let step = |on| policy.step_on(day("2024-09-18"), day(on), &calendar);
        assert_eq!(step("2024-09-13"), None);
        assert_eq!(step("2024-09-14"), Some(Step::Before), "the working day before three days off");
        assert_eq!(step("2024-09-16"), None, "a day off");
        assert_eq!(step("2024-09-18"), Some(Step::Due));
        assert_eq!(step("2024-09-19"), Some(Step::Overdue));
        assert_eq!(step("2024-11-19"), Some(Step::Overdue));
    }

    #[test]
    fn a_due_date_on_a_day_off_is_reminded_of_before_it() {
        let (policy, calendar) = (Policy::default(), Calendar::bundled());
        let step = |on| policy.step_on(day("2024-08-25"), day(on), &calendar);
        assert_eq!(step("2024-08-22"), Some(Step::Before));
        assert_eq!(step("2024-08-23"), Some(Step::Due));
        assert_eq!(step("2024-08-26"), Some(Step::Overdue));
    }

    #[test]
    fn upcoming_names_the_next_reminders_and_from_which_the_leads_are_copied() {
        let (policy, calendar) = (Policy::default(), Calendar::bundled());
        let next = policy.upcoming(day("2024-09-13"), day("2024-09-10"), &calendar, 4);
        assert_eq!(
            next,
            [
                (day("2024-09-12"), Step::Before, false),
                (day("2024-09-13"), Step::Due, false),
                (day("2024-09-14"), Step::Overdue, false),
                (day("2024-09-18"), Step::Overdue, true),
            ]
        );
        assert_eq!(policy.upcoming(day("2024-01-05"), day("2024-09-10"), &calendar, 1).len(), 1, "long overdue");
    }

    #[test]
    fn no_due_date_past_the_horizon_is_reminded_of() {
        let (policy, calendar) = (Policy::default(), Calendar::bundled());
        for today in ["2024-08-27", "2024-09-14", "2024-09-30", "2025-01-24"].map(day) {
            for offset in 0..40 {
                let due = today + Days::new(offset);
                if policy.step_on(due, today, &calendar).is_some() {
                    assert!(due <= policy.horizon(today, &calendar), "{today} {due}");
                }
            }
        }
    }
}
