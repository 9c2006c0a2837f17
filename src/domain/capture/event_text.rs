//! One event's text, of one line or many, put together into a draft.

use std::ops::Range;

use chrono::{DateTime, Duration, NaiveDate, Utc};

use super::{
    clauses::{self, Role},
    draft::{CaptureContext, DateAnchor, DraftEvent, DraftField, Mark, Notice, Span},
    labels::{self, FieldKey, field_key},
    marks::{self, FoundMark},
    narrative, quantities,
    times::{self, DateWords, TimeToken},
    wording::{
        asides, cause_within, is_connective, is_gap, join, mask, numbers, skip_list_marker, strip_recovery_lead,
        strip_report_lead, words_of,
    },
};
use crate::domain::{clock_point::ClockPoint, text::Folded};

/// Where the parts of an event stand, in characters.
#[derive(Debug, Clone, Default)]
pub struct EventText {
    /// Everything of the event.
    pub range: Range<usize>,
    /// A title of its own line: `事件一：…`.
    pub title: Option<Range<usize>>,
    /// Labelled parts.
    pub fields: Vec<(FieldKey, Range<usize>)>,
    /// Running text.
    pub body: Vec<Range<usize>>,
    /// Fenced excerpts: no times, no clauses.
    pub fenced: Vec<Range<usize>>,
}

impl EventText {
    /// An event of running text alone; lines `key：value` in it become fields.
    pub fn of_body(text: &Folded, range: Range<usize>) -> Self {
        let mut event = Self { range: range.clone(), ..Self::default() };
        let mut start = range.start;
        let mut in_fence = false;
        while start < range.end {
            let end = (start..range.end).find(|i| text.at(*i) == '\n').unwrap_or(range.end);
            event.add_line(text, start..end, &mut in_fence);
            start = end + 1;
        }
        event
    }

    /// The same event in a text that begins `start` characters later.
    fn moved(&self, start: usize) -> Self {
        let by = |range: &Range<usize>| range.start.saturating_sub(start)..range.end.saturating_sub(start);
        Self {
            range: by(&self.range),
            title: self.title.as_ref().map(by),
            fields: self.fields.iter().map(|(key, range)| (*key, by(range))).collect(),
            body: self.body.iter().map(by).collect(),
            fenced: self.fenced.iter().map(by).collect(),
        }
    }

    /// Adds a line of the event: a fence, a field, or running text.
    pub fn add_line(&mut self, text: &Folded, line: Range<usize>, in_fence: &mut bool) {
        let at = text.skip_blanks(line.start);
        if text.has(at, "```") || text.has(at, "~~~") {
            *in_fence = !*in_fence;
            self.fenced.push(line);
            return;
        }
        if *in_fence {
            self.fenced.push(line);
            return;
        }
        if let Some(fields) = labels::parts(text, &line) {
            self.fields.extend(fields);
            return;
        }
        match labels::one(text, line.clone()) {
            Some((key, value)) => self.fields.push((key, value)),
            None if line.start < line.end => self.body.push(line),
            None => {}
        }
    }
}

/// Where the parts stand that a report may have to change, in characters.
#[derive(Debug, Clone, Default)]
pub struct Anatomy {
    /// The time in front of the sentence.
    pub time: Option<Range<usize>>,
    /// The mark.
    pub mark: Option<FoundMark>,
    /// The sentence.
    pub narrative: Range<usize>,
}

/// Reads an event's text. `original` holds the bytes that `text` was folded from; `date` is that of a heading above.
pub fn read_event_text(
    original: &str,
    text: &Folded,
    event: &EventText,
    context: &CaptureContext,
    date: Option<NaiveDate>,
) -> (DraftEvent, Anatomy) {
    // Only this event's characters are looked at, however long the document is.
    let start = event.range.start;
    let own = text.slice(event.range.clone());
    let event = event.moved(start);
    let mut reader = Reader::new(&own, &event, context, date);
    reader.read_times();
    reader.read_clauses();
    let (draft, anatomy) = reader.finish(original, text.offset(0));
    let back = |range: Range<usize>| range.start + start..range.end + start;
    let mark = anatomy.mark.map(|mark| FoundMark { range: back(mark.range), inner: back(mark.inner), ..mark });
    (draft, Anatomy { time: anatomy.time.map(back), mark, narrative: back(anatomy.narrative) })
}

struct Reader<'a> {
    text: &'a Folded,
    event: &'a EventText,
    context: &'a CaptureContext,
    date: Option<NaiveDate>,
    tokens: Vec<TimeToken>,
    /// Index of the token of the beginning, and of the end of its range.
    first: Option<usize>,
    range_end: Option<usize>,
    /// What looks like a date in front of the first time and is none.
    false_date: Option<Range<usize>>,
    mark: Option<FoundMark>,
    draft: DraftEvent,
    beginning: Option<NaiveDate>,
    symptoms: Vec<(String, Range<usize>)>,
    consequences: Vec<(String, Range<usize>)>,
    impacts: Vec<(String, Range<usize>)>,
    causes: Vec<(String, Range<usize>)>,
    recoveries: Vec<(String, Range<usize>)>,
    ongoing: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a Folded, event: &'a EventText, context: &'a CaptureContext, date: Option<NaiveDate>) -> Self {
        let inside = |range: &Range<usize>, parts: &[Range<usize>]| {
            parts.iter().any(|part| part.start <= range.start && range.end <= part.end)
        };
        let fields: Vec<Range<usize>> = event.fields.iter().map(|(_, range)| range.clone()).collect();
        let tokens = times::scan(text)
            .into_iter()
            .filter(|token| event.range.start <= token.range.start && token.range.end <= event.range.end)
            .filter(|token| inside(&token.range, &event.body) || inside(&token.range, &fields))
            .collect();
        Self {
            text,
            event,
            context,
            date,
            tokens,
            first: None,
            range_end: None,
            false_date: None,
            mark: None,
            draft: DraftEvent::default(),
            beginning: None,
            symptoms: Vec::new(),
            consequences: Vec::new(),
            impacts: Vec::new(),
            causes: Vec::new(),
            recoveries: Vec::new(),
            ongoing: false,
        }
    }

    fn field(&self, key: FieldKey) -> Option<Range<usize>> {
        self.event.fields.iter().find(|(have, _)| *have == key).map(|(_, range)| range.clone())
    }

    fn token_in(&self, range: &Range<usize>) -> Option<usize> {
        self.tokens.iter().position(|token| range.start <= token.range.start && token.range.end <= range.end)
    }

    /// The token with such a label directly in front: `恢复时间 06/05 14:33`.
    fn token_labelled(&self, key: FieldKey) -> Option<usize> {
        self.tokens
            .iter()
            .position(|token| token.seconds.is_some() && self.label_before(token).is_some_and(|(have, _)| have == key))
    }

    /// The label of a time directly in front of it.
    fn label_before(&self, token: &TimeToken) -> Option<(FieldKey, Range<usize>)> {
        let mut end = token.range.start;
        while end > 0 && matches!(self.text.at(end - 1), ' ' | ':' | '为' | '是') {
            end -= 1;
        }
        (2..=6).rev().find_map(|length| {
            let start = end.checked_sub(length)?;
            let free = start == 0
                || matches!(
                    self.text.at(start - 1),
                    ' ' | '，' | ',' | '；' | ';' | '。' | '\n' | '【' | '(' | '[' | '-' | '|'
                );
            let key = field_key(&self.text.text(start..end)).filter(|_| free)?;
            matches!(key, FieldKey::OccurredAt | FieldKey::RecoveredAt).then_some((key, start..end))
        })
    }

    /// The beginning, and the end of its range.
    fn read_times(&mut self) {
        let of_field = self
            .field(FieldKey::OccurredAt)
            .and_then(|range| self.token_in(&range))
            .or_else(|| self.token_labelled(FieldKey::OccurredAt));
        let recovery_token = self.token_labelled(FieldKey::RecoveredAt);
        let mut first = of_field.or_else(|| self.stated_beginning()).or_else(|| {
            let recovery = self.field(FieldKey::RecoveredAt);
            self.tokens.iter().enumerate().position(|(index, token)| {
                Some(index) != recovery_token
                    && recovery
                        .as_ref()
                        .is_none_or(|range| token.range.start < range.start || token.range.end > range.end)
            })
        });
        // A date alone with the time further on: `2025/03/04 自13:05起`.
        let mut date_of_first = None;
        if let Some(index) = first
            && let Some(token) = self.tokens.get(index)
            && token.seconds.is_none()
            && let Some(next) = self.tokens.get(index + 1)
            && next.date.is_none()
            && next.seconds.is_some()
            && is_gap(&self.text.text(token.range.end..next.range.start))
        {
            date_of_first = token.date;
            first = Some(index + 1);
        }
        let Some(index) = first else {
            self.draft.notices.push(Notice::TimeMissing);
            return;
        };
        if self.date.is_none()
            && self.tokens.get(index).is_some_and(|token| token.date.is_none())
            && date_of_first.is_none()
            && let Some(range) = self.false_date_before(index)
        {
            // A time whose date nobody can read is no time: today would be a guess that looks like a fact.
            self.draft.notices.push(Notice::DateUnreadable { text: self.text.text(range.clone()) });
            self.false_date = Some(range);
            self.first = Some(index);
            self.draft.notices.push(Notice::TimeMissing);
            return;
        }
        self.first = Some(index);
        let Some(token) = self.tokens.get(index).cloned() else { return };
        self.range_end = Some(index + 1).filter(|next| self.tokens.get(*next).is_some_and(|t| t.ends_range));
        let words = token.date.or(date_of_first);
        let earlier_date = || {
            // `自13:05起` far behind its date: the date that stands before it counts.
            self.tokens.iter().take(index).rev().find_map(|before| before.date)
        };
        let resolved = match words.or_else(earlier_date) {
            Some(words) => {
                times::resolve_date(words, self.context, self.date.filter(|_| matches!(words, DateWords::NextDay(_))))
            }
            None => self.date.map(|date| (date, false)).or_else(|| self.date_of_clock(&token)),
        };
        let Some((date, assumed)) = resolved else {
            self.draft.notices.push(Notice::TimeMissing);
            return;
        };
        if assumed && !matches!(self.context.anchor, DateAnchor::Week(_)) {
            self.draft.notices.push(Notice::YearAssumed { year: chrono::Datelike::year(&date) });
        }
        self.beginning = Some(date);
        let end_offset = self.range_end.and_then(|end| self.tokens.get(end)).and_then(|end| end.offset);
        let offset = token.offset.or(end_offset);
        self.draft.occurred = match token.seconds {
            Some(seconds) => times::instant(date, seconds, offset, self.context).map(ClockPoint::minute),
            None => times::instant(date, 0, offset, self.context).map(ClockPoint::day),
        };
        self.span(DraftField::OccurredAt, token.range);
        for other in self.tokens.iter().skip(index + 1) {
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
        self.tokens.iter().position(|token| {
            token.seconds.is_some()
                && (self.text.any(token.range.end, &["起", "开始"]).is_some()
                    || token.range.start > 0 && matches!(self.text.at(token.range.start - 1), '自'))
                && self.text.any(token.range.end, &["起草", "开始恢复", "开始处理", "开始排查"]).is_none()
        })
    }

    fn date_of_clock(&self, token: &TimeToken) -> Option<(NaiveDate, bool)> {
        token.seconds?;
        match self.context.anchor {
            DateAnchor::Week(_) => None,
            DateAnchor::Nearest(day) => Some((day, true)),
            DateAnchor::LatestPast(now) => {
                let today = now.with_timezone(&self.context.zone).date_naive();
                let at = times::instant(today, token.seconds?, token.offset, self.context)?;
                Some((if at > now { today.pred_opt()? } else { today }, true))
            }
        }
    }

    /// The instant of a later token, after the beginning.
    fn later(&mut self, index: usize) -> Option<DateTime<Utc>> {
        let token = self.tokens.get(index)?.clone();
        let seconds = token.seconds?;
        let beginning = self.beginning?;
        let base = match token.date {
            Some(words) => times::resolve_date(words, self.context, Some(beginning))?.0,
            None => beginning,
        };
        let first = self.first.and_then(|first| self.tokens.get(first));
        let offset = token.offset.or_else(|| first.and_then(|first| first.offset));
        let at = times::instant(base, seconds, offset, self.context)?;
        let occurred = self.draft.occurred?.at;
        if at >= occurred {
            return Some(at);
        }
        if token.date.is_some() {
            return None;
        }
        // `晚上8点…，8点半恢复`: the half of the day goes on.
        let afternoon = first.is_some_and(|first| first.half == Some(true));
        let noon = 12 * 3_600;
        if afternoon && token.half.is_none() && seconds < noon {
            let same_half = times::instant(base, seconds + noon, offset, self.context)?;
            if same_half >= occurred {
                return Some(same_half);
            }
        }
        if !self.draft.notices.contains(&Notice::RecoveryNextDay) {
            self.draft.notices.push(Notice::RecoveryNextDay);
        }
        at.checked_add_signed(Duration::days(1))
    }

    fn span(&mut self, field: DraftField, range: Range<usize>) {
        self.draft.spans.push(Span { field, range: self.text.bytes(&range) });
    }

    /// What each clause is about.
    fn read_clauses(&mut self) {
        self.read_mark();
        let mut masked = self.text.clone();
        for token in &self.tokens {
            mask(&mut masked, &token.range);
            if let Some((_, label)) = self.label_before(token) {
                mask(&mut masked, &label);
            }
        }
        if let Some(range) = &self.false_date {
            mask(&mut masked, range);
        }
        for aside in asides(self.text) {
            mask(&mut masked, &aside);
        }
        let first_time = self.first.and_then(|first| self.tokens.get(first)).map_or(0, |token| token.range.start);
        if let Some((_, label)) = marks::severity(self.text)
            && label.start < first_time
        {
            // A grade in front of the time is a label of the event, not a word of its sentence.
            let open = label.start.checked_sub(1).filter(|i| matches!(self.text.at(*i), '【' | '[' | '('));
            let close = Some(label.end).filter(|i| matches!(self.text.at(*i), '】' | ']' | ')'));
            mask(&mut masked, &(open.unwrap_or(label.start)..close.map_or(label.end, |i| i + 1)));
        }
        if let Some(mark) = &self.mark {
            mask(&mut masked, &mark.range);
        }
        let mut parts: Vec<(Option<FieldKey>, Range<usize>)> =
            self.event.body.iter().map(|range| (None, range.clone())).collect();
        parts.extend(self.event.fields.iter().map(|(key, range)| (Some(*key), range.clone())));
        parts.sort_by_key(|(_, range)| range.start);
        let mut well_at: Option<usize> = None;
        let mut after_action = false;
        for (key, part) in parts {
            match key {
                None => self.read_body(&masked, part, &mut after_action, &mut well_at),
                Some(key) => self.read_field(&masked, key, part, &mut well_at),
            }
        }
        self.read_recovery_time(well_at);
    }

    fn read_mark(&mut self) {
        if let Some(range) = self.field(FieldKey::Mark) {
            let words = self.text.text(range.clone());
            let trimmed = range.start..range.start + words.trim_end().chars().count();
            let mark = marks::meaning_of_value(&words);
            if mark != Mark::Unknown {
                let (inner, range) = (trimmed.clone(), trimmed);
                self.mark = Some(FoundMark { mark, range, inner });
            }
        }
        if self.mark.is_none() {
            let mut window = self.text.clone();
            window.chars.truncate(self.event.range.end);
            for index in 0..self.event.range.start.min(window.chars.len()) {
                if let Some(c) = window.chars.get_mut(index) {
                    *c = ' ';
                }
            }
            for fence in &self.event.fenced {
                mask(&mut window, fence);
            }
            self.mark = marks::find(&window);
        }
        if let Some(found) = self.mark.clone() {
            self.draft.mark = found.mark;
            self.span(DraftField::Mark, found.range);
        }
    }

    fn read_body(&mut self, masked: &Folded, part: Range<usize>, after_action: &mut bool, well_at: &mut Option<usize>) {
        let start = skip_list_marker(masked, part.clone());
        let mut sentence = 0;
        let mut symptoms_before = self.symptoms.len();
        let mut aside = false;
        // `10:21，摘除该节点`: a time alone belongs to the clause behind it.
        let mut carried: Option<usize> = None;
        // The clause before was told behind the symptom, and is none of its own accord.
        let mut undecided = false;
        for clause in clauses::split(masked, start..part.end) {
            let mut tokens: Vec<usize> = (0..self.tokens.len())
                .filter(|index| {
                    let token = &self.tokens[*index];
                    clause.range.start <= token.range.start
                        && token.range.end <= clause.range.end
                        && Some(*index) != self.first
                        && Some(*index) != self.range_end
                        && token.seconds.is_some()
                })
                .collect();
            if clause.starts_sentence {
                sentence += 1;
                symptoms_before = self.symptoms.len();
            }
            let (mut words, range) = words_of(masked, &clause.range);
            if words.is_empty() || is_connective(&words) {
                // `恢复时间 14:33，` names a time; what follows is not what was done then.
                let labelled = tokens.iter().any(|index| self.label_before(&self.tokens[*index]).is_some());
                if !tokens.is_empty() && !labelled {
                    *after_action = true;
                    carried = tokens.last().copied();
                }
                continue;
            }
            if tokens.is_empty() {
                tokens.extend(carried);
            }
            carried = None;
            if let Some(index) = tokens.last().copied()
                && self.is_stage(&words, index)
            {
                continue;
            }
            if let Some(index) = tokens.iter().copied().find(|index| self.is_until(*index)) {
                *well_at = Some(index);
                tokens.clear();
                for tail in ["持续到", "持续至", "直到", "直至", "until", "till"] {
                    let left = words.strip_suffix(tail).map(|rest| rest.trim_end().len());
                    words.truncate(left.unwrap_or(words.len()));
                }
                if words.is_empty() {
                    continue;
                }
            }
            let own = Folded::new(&words, 0);
            let own_range = 0..own.len();
            if clause.starts_sentence && tokens.is_empty() {
                *after_action = false;
            }
            let told = !(self.symptoms.is_empty() && self.consequences.is_empty());
            let role = match clauses::role(&own, &own_range, *after_action || !tokens.is_empty()) {
                // What people did, told behind what happened, is the way back even where no time stands with it.
                Role::Symptom if told && self.has_other_parts() && clauses::is_action(&words) => Role::Recovery,
                Role::Symptom if told && clauses::ends_well(&words) => Role::Recovery,
                Role::Symptom if told && words.chars().count() <= 20 && !quantities::scan(&words).is_empty() => {
                    Role::Impact
                }
                role => role,
            };
            // `…，原因X，调大限额，15:20 恢复`: what stands between the cause and the way back is what was done.
            if role == Role::Recovery && undecided && !self.symptoms.is_empty() {
                self.recoveries.extend(self.symptoms.pop());
            }
            // Behind `现场记录：` everything is an excerpt until something is said again.
            aside = role == Role::Aside || (aside && role == Role::Symptom && tokens.is_empty());
            undecided =
                role == Role::Symptom && told && self.has_other_parts() && !clauses::is_trouble(&words) && !aside;
            match role {
                Role::Symptom if aside => {}
                Role::Symptom => self.symptoms.push((words, range)),
                Role::Consequence => self.consequences.push((words, range)),
                Role::Impact => {
                    *after_action = false;
                    self.impacts.push((words, range));
                }
                Role::Cause => {
                    *after_action = false;
                    self.add_cause(words, range);
                }
                Role::Location => {
                    *after_action = false;
                    if let Some(index) = tokens.first() {
                        self.draft.located = self.later(*index).map(ClockPoint::minute);
                    }
                    self.add_cause(words, range);
                }
                Role::Detection => {
                    *after_action = false;
                    if let Some(index) = tokens.first() {
                        self.draft.detected = self.later(*index).map(ClockPoint::minute);
                    }
                    // `16:08 发生，16:12 监控发现退款回调堆积`: only here it is said what happened.
                    if !told {
                        self.symptoms.push((words, range));
                    }
                }
                Role::Recovery => {
                    *after_action = true;
                    if let Some(index) = tokens.last() {
                        if clauses::is_well(&words) || clauses::ends_well(&words) {
                            *well_at = Some(*index);
                        } else {
                            self.draft.mitigated = self.draft.mitigated.or(self.later(*index).map(ClockPoint::minute));
                            self.pending_well(*index, masked, clause.range.end, part.end, well_at);
                        }
                    }
                    // `Traffic shifted to standby, service restored.`: a later sentence that ends well tells what was done.
                    if sentence > 1 && tokens.is_empty() {
                        let done = self.symptoms.split_off(symptoms_before.min(self.symptoms.len()));
                        self.recoveries.extend(done);
                    }
                    self.recoveries.push((words, range));
                }
                Role::Ongoing => {
                    self.ongoing = true;
                    // `用户反馈提现一直处理中` is what happened, not how far the work is.
                    if !told && tokens.is_empty() {
                        self.symptoms.push((words, range));
                    }
                }
                Role::Aside => *after_action = false,
            }
        }
    }

    /// `10:10 响应`: a clock point and nothing else.
    fn is_stage(&mut self, words: &str, index: usize) -> bool {
        let stage: fn(&mut DraftEvent) -> &mut Option<ClockPoint> = match words {
            "发现" | "告警" | "监控发现" | "监控告警" => |draft| &mut draft.detected,
            "响应" | "值班响应" | "介入" | "值班介入" | "到位" => |draft| &mut draft.acknowledged,
            "定位" | "定位原因" | "定位问题" => |draft| &mut draft.located,
            "止损" | "完成止损" => |draft| &mut draft.mitigated,
            _ => return false,
        };
        if stage(&mut self.draft).is_none() {
            *stage(&mut self.draft) = self.later(index).map(ClockPoint::minute);
        }
        true
    }

    /// `持续到10:45`, `down until 10:20`: the time is the end.
    fn is_until(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return false };
        let mut end = token.range.start;
        while end > 0 && matches!(self.text.at(end - 1), ' ' | '约') {
            end -= 1;
        }
        ["持续到", "持续至", "直到", "直至", "until", "till"]
            .iter()
            .any(|word| end.checked_sub(word.chars().count()).is_some_and(|start| self.text.has(start, word)))
    }

    /// Whether anything but symptoms was told so far.
    fn has_other_parts(&self) -> bool {
        !(self.impacts.is_empty()
            && self.causes.is_empty()
            && self.recoveries.is_empty()
            && self.consequences.is_empty())
    }

    /// An action whose outcome the next clauses tell: `15:30 下线规则，恢复正常`.
    fn pending_well(&self, token: usize, masked: &Folded, from: usize, to: usize, well_at: &mut Option<usize>) {
        let next = self.tokens.iter().map(|t| t.range.start).find(|start| *start >= from).unwrap_or(to).min(to);
        let sentence = (from..next).find(|i| masked.at(*i) == '。').unwrap_or(next);
        let words = masked.text(from..sentence);
        if clauses::is_well(&words) || clauses::ends_well(&words) {
            *well_at = Some(token);
        }
    }

    fn read_field(&mut self, masked: &Folded, key: FieldKey, part: Range<usize>, well_at: &mut Option<usize>) {
        let (words, range) = words_of(masked, &part);
        if words.is_empty() || matches!(words.as_str(), "-" | "/" | "无" | "none" | "None") {
            return;
        }
        match key {
            FieldKey::Summary => {
                let pieces = clauses::split(masked, part);
                for clause in pieces {
                    let (words, range) = words_of(masked, &clause.range);
                    let own = Folded::new(&words, 0);
                    match clauses::role(&own, &(0..own.len()), false) {
                        Role::Impact => self.impacts.push((words, range)),
                        Role::Cause => self.add_cause(words, range),
                        Role::Ongoing => self.ongoing = true,
                        _ if words.is_empty() => {}
                        _ => self.symptoms.push((words, range)),
                    }
                }
            }
            FieldKey::Impact => self.impacts.push((words, range)),
            FieldKey::Cause => self.add_cause(words, range),
            FieldKey::Recovery => {
                if clauses::is_ongoing(&words) && !clauses::is_well(&words) {
                    self.ongoing = true;
                    return;
                }
                if let Some(index) = (0..self.tokens.len())
                    .rev()
                    .find(|i| part.start <= self.tokens[*i].range.start && self.tokens[*i].range.end <= part.end)
                    && self.tokens[index].seconds.is_some()
                {
                    *well_at = Some(index);
                }
                self.recoveries.push((words, range));
            }
            FieldKey::Severity => {
                let label = words.trim_end_matches('级').trim().to_uppercase();
                let plain = label.chars().all(|c| c.is_ascii_alphanumeric()) && label.len() <= 8;
                let found = marks::severity(&Folded::new(&words, 0)).map(|(label, _)| label);
                self.draft.severity = found.or(plain.then_some(label));
                self.span(DraftField::Severity, range);
            }
            FieldKey::OccurredAt | FieldKey::RecoveredAt | FieldKey::Mark | FieldKey::Other => {}
        }
    }

    fn add_cause(&mut self, words: String, range: Range<usize>) {
        let split = ["导致", "致使", "造成"].iter().find_map(|word| {
            let at = words.find(word)?;
            (at > 0 && !words.ends_with(word)).then(|| (words[..at].to_owned(), words[at..].to_owned()))
        });
        match split {
            Some((cause, consequence)) if !cause.is_empty() && !cause.ends_with('所') => {
                self.causes.push((cause, range.clone()));
                self.consequences.push((consequence, range));
            }
            _ => self.causes.push((words, range)),
        }
    }

    fn read_recovery_time(&mut self, well_at: Option<usize>) {
        let of_field = self
            .field(FieldKey::RecoveredAt)
            .and_then(|range| self.token_in(&range))
            .or_else(|| self.token_labelled(FieldKey::RecoveredAt).filter(|index| Some(*index) != self.first));
        let end_of_range = self.range_end.and_then(|index| self.later(index));
        let stated = of_field.or(well_at).and_then(|index| self.later(index).map(|at| (at, index)));
        let recovered = match (stated, end_of_range) {
            (Some((at, index)), end) => {
                let range = self.tokens.get(index).map(|token| token.range.clone());
                Some((end.map_or(at, |end| end.max(at)), range))
            }
            (None, Some(end)) => {
                let range = self.range_end.and_then(|index| self.tokens.get(index)).map(|token| token.range.clone());
                Some((end, range))
            }
            (None, None) => None,
        };
        if let Some((at, range)) = recovered {
            self.draft.recovered = Some(ClockPoint::minute(at));
            if let Some(range) = range {
                self.span(DraftField::RecoveredAt, range);
            }
            return;
        }
        let whole = self.text.text(self.event.range.clone());
        let occurred = self.draft.occurred.map(|point| point.at);
        // Nobody tells of a full recovery: what was mostly well is the end that is known.
        if !self.ongoing
            && self.recoveries.iter().any(|(words, _)| clauses::is_partly(words))
            && let Some(at) = self.draft.mitigated
        {
            self.draft.recovered = Some(at);
            return;
        }
        let lasted = whole.contains("持续") && !whole.contains("已持续") && !whole.contains("仍");
        if !self.ongoing
            && (lasted || self.recoveries.iter().any(|(words, _)| clauses::is_well(words)))
            && let Some((occurred, seconds)) = occurred.zip(times::stated_duration(&whole))
        {
            self.draft.recovered = occurred.checked_add_signed(Duration::seconds(seconds)).map(ClockPoint::minute);
        }
    }

    fn finish(mut self, original: &str, base: usize) -> (DraftEvent, Anatomy) {
        let leading_symptoms = self.leading_symptoms();
        let title = self.event.title.clone().map(|range| (words_of(self.text, &range).0, range));
        let has_symptoms = !leading_symptoms.is_empty();
        let mut summary = leading_symptoms;
        let explicit =
            self.causes.iter().find_map(|(words, range)| clauses::cause_of(words).map(|cause| (cause, range.clone())));
        let first_consequence = self.consequences.first().cloned();
        let mut cause = explicit;
        if let Some((words, range)) = first_consequence {
            if has_symptoms && self.causes.is_empty() {
                cause = Some((
                    strip_report_lead(&join(&summary)),
                    summary.first().map_or(range.clone(), |(_, r)| r.start..range.start),
                ));
                summary.push((words, range));
            } else if !has_symptoms {
                let plain = ["导致", "致使", "造成", "使得", "引发"]
                    .iter()
                    .find_map(|lead| words.strip_prefix(lead))
                    .unwrap_or(&words)
                    .to_owned();
                summary.push((plain, range));
            }
        }
        if cause.is_none() && self.causes.is_empty() {
            cause = summary.first().and_then(|(words, range)| cause_within(words).map(|cause| (cause, range.clone())));
        }
        if summary.is_empty()
            && let Some(title) = title
        {
            summary.push(title);
        }
        if summary.is_empty()
            && let Some(impact) = self.impacts.first().cloned()
            && self.field(FieldKey::Impact).is_none()
        {
            summary.push(impact);
        }
        self.draft.summary = self.take(DraftField::Summary, &summary);
        let impacts = self.impacts.clone();
        self.draft.impact = self.take(DraftField::Impact, &impacts);
        self.draft.impacts = numbers(&impacts);
        if let Some((words, range)) = cause {
            self.draft.cause = Some(words).filter(|words| !words.is_empty());
            self.span(DraftField::Cause, range);
        }
        let recoveries: Vec<(String, Range<usize>)> = self
            .recoveries
            .iter()
            .map(|(words, range)| (strip_recovery_lead(words), range.clone()))
            .filter(|(words, _)| !words.is_empty())
            .collect();
        if !(self.ongoing && self.draft.recovered.is_none()) {
            self.draft.recovery = self.take(DraftField::Recovery, &recoveries);
        }
        if self.draft.severity.is_none() {
            let mut window = self.text.clone();
            window.chars.truncate(self.event.range.end);
            let cut = self.event.range.start.min(window.chars.len());
            for c in window.chars.iter_mut().take(cut) {
                *c = ' ';
            }
            if let Some((label, range)) = marks::severity(&window) {
                self.draft.severity = Some(label);
                self.span(DraftField::Severity, range);
            }
        }
        let leading: Vec<TimeToken> =
            self.tokens.iter().take(self.range_end.or(self.first).map_or(0, |index| index + 1)).cloned().collect();
        let (sentence, range) =
            narrative::of(original, base, self.text, self.event.range.clone(), &leading, self.mark.as_ref());
        self.draft.narrative = sentence;
        let time = self.first.and_then(|first| self.tokens.get(first)).map(|token| {
            let end = self.range_end.and_then(|index| self.tokens.get(index)).map_or(token.range.end, |t| t.range.end);
            token.range.start..end
        });
        (self.draft, Anatomy { time, mark: self.mark, narrative: range })
    }

    /// The symptoms before anything else is told.
    fn leading_symptoms(&self) -> Vec<(String, Range<usize>)> {
        let first_other = [&self.impacts, &self.causes, &self.recoveries, &self.consequences]
            .into_iter()
            .filter_map(|list| list.first())
            .map(|(_, range)| range.start)
            .min()
            .unwrap_or(usize::MAX);
        let labelled = self.field(FieldKey::Summary);
        let before: Vec<_> = self
            .symptoms
            .iter()
            .filter(|(_, range)| {
                range.start < first_other
                    || labelled.as_ref().is_some_and(|l| l.start <= range.start && range.end <= l.end)
            })
            .cloned()
            .collect();
        if before.is_empty() { self.symptoms.iter().take(1).cloned().collect() } else { before }
    }

    fn take(&mut self, field: DraftField, parts: &[(String, Range<usize>)]) -> Option<String> {
        let (first, last) = (parts.first()?, parts.last()?);
        self.span(field, first.1.start..last.1.end.max(first.1.start));
        Some(join(parts)).filter(|text| !text.is_empty())
    }
}
