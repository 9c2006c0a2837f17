//! When the fault began, and the instants of the times behind it.

use std::ops::Range;

use chrono::{Duration, DurationRound, NaiveDate};

use super::{Moment, Reader};
use crate::domain::{
    capture::{
        draft::{Assumption, DateAnchor, DraftField, Notice},
        labels::FieldKey,
        times::{self, DateWords, TimeToken},
        wording::{is_gap, skip_list_marker},
    },
    clock_point::ClockPoint,
};

/// Noon in seconds after midnight.
const NOON: u32 = 12 * 3_600;

impl Reader<'_> {
    /// The beginning, and the end of its range.
    pub(super) fn read_times(&mut self) {
        let Some((index, date_token)) = self.token_of_beginning() else {
            if let Some(at) = self.date.and_then(|date| times::instant(date, 0, None, self.context)) {
                // Under the heading of a day, and no time is told: that day.
                self.draft.occurred = Some(ClockPoint::day(at));
            } else {
                // `25:00 支付失败`
                let start = skip_list_marker(self.text, 0..self.text.len());
                self.notice_unreadable_clock(start);
                self.draft.notices.push(Notice::TimeMissing);
            }
            self.beginning = self.date;
            return;
        };
        self.first = Some(index);
        if self.date.is_none()
            && self.tokens.get(index).is_some_and(|token| token.date.is_none())
            && date_token.is_none()
            && let Some(range) = self.false_date_before(index)
        {
            // A time whose date nobody can read is no time: today would be a guess that looks like a fact.
            self.draft.notices.push(Notice::DateUnreadable { text: self.text.text(range.clone()) });
            self.false_date = Some(range);
            self.draft.notices.push(Notice::TimeMissing);
            return;
        }
        let Some(token) = self.tokens.get(index).cloned() else { return };
        if let Some(DateWords::SecondsAgo(seconds)) = token.date {
            self.read_moment_ago(&token, seconds);
            return;
        }
        self.range_end = Some(index + 1).filter(|next| self.tokens.get(*next).is_some_and(|t| t.ends_range));
        let date_token = date_token.or_else(|| {
            // `自13:05起` far behind its date: the date that stands before it counts.
            token.date.is_none().then(|| (0..index).rev().find(|before| self.date_of(*before).is_some())).flatten()
        });
        self.date_token = date_token;
        // `Between 3pm and 4pm on Thursday 14 August`: the date stands with the end.
        let of_end = self.range_end.filter(|_| token.date.is_none() && date_token.is_none() && self.date.is_none());
        let words = token.date.or_else(|| self.date_of(date_token.or(of_end)?));
        let resolved = if let Some(words) = words {
            let heading = self.date.filter(|_| matches!(words, DateWords::NextDay(_)));
            times::resolve_date(words, self.context, heading)
        } else {
            let heading = self.date.map(|date| (date, Some(Assumption::HeadingDate)));
            heading.or_else(|| self.date_of_clock(&token))
        };
        let Some((date, assumption)) = resolved else {
            self.draft.notices.push(Notice::TimeMissing);
            return;
        };
        // In a document without a date the day of writing is a guess as far off as the year.
        let guessed = match self.context.anchor {
            DateAnchor::Week(_) => false,
            DateAnchor::Nearest(_) => matches!(assumption, Some(Assumption::Year | Assumption::WritingDate)),
            DateAnchor::LatestPast(_) => assumption == Some(Assumption::Year),
        };
        if guessed {
            self.draft.notices.push(Notice::YearAssumed { year: chrono::Datelike::year(&date) });
        }
        self.beginning = Some(date);
        let end_offset = self.range_end.and_then(|end| self.tokens.get(end)).and_then(|end| end.offset);
        let offset = token.offset.or(end_offset);
        self.draft.occurred = match token.seconds {
            Some(seconds) => times::instant(date, seconds, offset, self.context).map(ClockPoint::minute),
            None => times::instant(date, 0, offset, self.context).map(ClockPoint::day),
        };
        if self.draft.occurred.is_some() {
            if let Some(date_token) = date_token {
                self.span_of_token(DraftField::OccurredAt, date_token, assumption);
            }
            self.span(DraftField::OccurredAt, &token.range, assumption);
        }
        self.notice_unreadable_time(&token);
        self.notice_second_date(index, date);
    }

    /// `刚才`, `10分钟前`: counted from the instant of the pasting, where that is known.
    fn read_moment_ago(&mut self, token: &TimeToken, seconds: i64) {
        let at = match self.context.anchor {
            DateAnchor::LatestPast(now) => now.checked_sub_signed(Duration::seconds(seconds)),
            DateAnchor::Nearest(_) | DateAnchor::Week(_) => None,
        };
        let Some(at) = at.and_then(|at| at.duration_trunc(Duration::minutes(1)).ok()) else {
            self.draft.notices.push(Notice::TimeMissing);
            return;
        };
        self.beginning = Some(at.with_timezone(&self.context.zone).date_naive());
        self.draft.occurred = Some(ClockPoint::minute(at));
        self.span(DraftField::OccurredAt, &token.range, Some(Assumption::RelativeDay));
    }

    /// `11/25 25:00`, `08/19 23:00-25:00`: behind the date or the beginning stands something that is written like a time
    /// and is none.
    fn notice_unreadable_time(&mut self, token: &TimeToken) {
        let sign = self.text.skip_blanks(token.range.end);
        let mut start = sign;
        if token.seconds.is_some() {
            if self.range_end.is_some() || !matches!(self.text.at(start), '-' | '~' | '至' | '到') {
                return;
            }
            start = self.text.skip_blanks(start + 1);
        }
        self.notice_unreadable_clock(start);
        if let Some(range) = self.false_date.as_mut().filter(|range| range.start == start) {
            range.start = sign;
        }
    }

    /// An hour behind the day's last one is not guessed at: `25:00` may be a slip or the small hours of the next day. It
    /// stays in the sentence, is no word of a field, and a notice names it.
    fn notice_unreadable_clock(&mut self, start: usize) {
        let text = self.text;
        let Some((_, end)) = text.digits(start, 3).filter(|(_, end)| end - start >= 2 && text.at(*end) == ':') else {
            return;
        };
        let Some((_, end)) = text.digits(end + 1, 3).filter(|(_, to)| to - end >= 3) else { return };
        if times::at(text, start).is_none() {
            self.false_date = Some(start..end);
            self.draft.notices.push(Notice::DateUnreadable { text: text.text(start..end) });
        }
    }

    fn date_of(&self, index: usize) -> Option<DateWords> {
        self.tokens.get(index).and_then(|token| token.date)
    }

    /// The token of the beginning, and that of its date where it stands apart: `2025/03/04 自13:05起`.
    fn token_of_beginning(&self) -> Option<(usize, Option<usize>)> {
        let of_field = self
            .field(FieldKey::OccurredAt)
            .map(|range| self.tokens_in(&range))
            .filter(|tokens| !tokens.is_empty())
            .map(|tokens| tokens.start)
            .or_else(|| self.token_labelled(FieldKey::OccurredAt));
        let first = of_field.or_else(|| self.stated_beginning()).or_else(|| {
            let labelled = self.token_labelled(FieldKey::RecoveredAt);
            let of_recovery = self.field(FieldKey::RecoveredAt).map(|range| self.tokens_in(&range));
            (0..self.tokens.len()).find(|index| {
                Some(*index) != labelled && of_recovery.as_ref().is_none_or(|tokens| !tokens.contains(index))
            })
        })?;
        let token = self.tokens.get(first)?;
        // Under the heading of a day: `全天 …，1/3 10:00 恢复推送` began on that day.
        let lead = self.text.chars(0..token.range.start);
        if self.date.is_some() && token.date.is_some() && lead.iter().any(|c| matches!(c, '，' | '；' | '。')) {
            return None;
        }
        if token.seconds.is_none()
            && let Some(next) = self.tokens.get(first + 1)
            && next.date.is_none()
            && next.seconds.is_some()
            && is_gap(&self.text.text(token.range.end..next.range.start.min(token.range.end + 16)))
        {
            return Some((first + 1, Some(first)));
        }
        Some((first, None))
    }

    fn notice_second_date(&mut self, first: usize, date: NaiveDate) {
        for other in self.tokens.iter().skip(first + 1) {
            let Some(words @ (DateWords::Full(_) | DateWords::MonthDay(..))) = other.date else { continue };
            let Some((second, _)) = times::resolve_date(words, self.context, Some(date)) else { continue };
            let days = (second - date).num_days();
            if !(0..=2).contains(&days) {
                let text = self.text.text(other.range.clone());
                self.draft.notices.push(Notice::SecondDate { text });
                break;
            }
        }
    }

    /// `02/30` in front of a time: written like a date, and none.
    fn false_date_before(&self, index: usize) -> Option<Range<usize>> {
        let end = self.tokens.get(index)?.range.start;
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '/' | '-' | '.' | '年' | '月' | '日' | '号');
        let mut to = end;
        while to > 0 && matches!(self.text.at(to - 1), ' ' | 'T') {
            to -= 1;
        }
        let mut from = to;
        while from > 0 && is_part(self.text.at(from - 1)) {
            from -= 1;
        }
        let text = self.text.text(from..to);
        let digits = text.chars().filter(char::is_ascii_digit).count();
        let signs = text.trim_matches(['-', '.']).chars().any(|c| matches!(c, '/' | '-' | '.' | '月'));
        (digits >= 2 && signs).then_some(from..to)
    }

    /// `自13:05起`, `13:05开始`: the text says which time the beginning is.
    fn stated_beginning(&self) -> Option<usize> {
        let before = |token: &TimeToken, words: &[&str]| {
            let mut end = token.range.start;
            while end > 0 && self.text.at(end - 1) == ' ' {
                end -= 1;
            }
            words.iter().any(|word| self.text.before(end, word).is_some())
        };
        let stated = self.tokens.iter().position(|token| {
            token.seconds.is_some()
                && (self
                    .text
                    .any(self.text.skip_blanks(token.range.end), &["起", "开始", "发布起", "变更起"])
                    .is_some()
                    || before(token, &["自"]))
                && self
                    .text
                    .any(self.text.skip_blanks(token.range.end), &["起草", "开始恢复", "开始处理", "开始排查"])
                    .is_none()
        });
        // `08/12 … from 13:10`: the date stands alone in front.
        stated.or_else(|| {
            let alone = self.tokens.first().is_some_and(|token| token.date.is_some() && token.seconds.is_none());
            let from = |token: &TimeToken| {
                token.seconds.is_some() && token.date.is_none() && before(token, &["从", "from", "since", "between"])
            };
            self.tokens.iter().position(from).filter(|_| alone)
        })
    }

    fn date_of_clock(&self, token: &TimeToken) -> Option<(NaiveDate, Option<Assumption>)> {
        token.seconds?;
        let date = match self.context.anchor {
            DateAnchor::Week(_) => return None,
            DateAnchor::Nearest(day) => day,
            DateAnchor::LatestPast(now) => {
                let today = now.with_timezone(&self.context.zone).date_naive();
                let at = times::instant(today, token.seconds?, token.offset, self.context)?;
                if at > now {
                    return Some((today.pred_opt()?, Some(Assumption::LatestTime)));
                }
                today
            }
        };
        Some((date, Some(Assumption::WritingDate)))
    }

    /// The instant of a later token, after the beginning.
    pub(super) fn later(&mut self, index: usize) -> Option<Moment> {
        let token = self.tokens.get(index)?.clone();
        let seconds = token.seconds?;
        let beginning = self.beginning?;
        let base = match token.date {
            Some(words) => times::resolve_date(words, self.context, Some(beginning))?.0,
            None => beginning,
        };
        let first = self.first.and_then(|first| self.tokens.get(first));
        let of_range = || self.range_end.and_then(|end| self.tokens.get(end)).and_then(|end| end.offset);
        let offset = token.offset.or_else(|| first.and_then(|first| first.offset)).or_else(of_range);
        let at = times::instant(base, seconds, offset, self.context)?;
        let occurred = self.draft.occurred?.at;
        if at >= occurred {
            return Some(Moment { at, assumption: None });
        }
        if token.date.is_some() {
            return None;
        }
        // `晚上8点…，8点半恢复`: the half of the day goes on.
        let afternoon = first.is_some_and(|first| first.half == Some(true));
        if afternoon && token.half.is_none() && seconds < NOON {
            let same_half = times::instant(base, seconds + NOON, offset, self.context)?;
            if same_half >= occurred {
                return Some(Moment { at: same_half, assumption: Some(Assumption::HalfOfDay) });
            }
        }
        if !self.draft.notices.contains(&Notice::RecoveryNextDay) {
            self.draft.notices.push(Notice::RecoveryNextDay);
        }
        let at = at.checked_add_signed(Duration::days(1))?;
        Some(Moment { at, assumption: Some(Assumption::NextDay) })
    }
}
