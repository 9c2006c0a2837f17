//! The plan of a document's events.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use uuid::Uuid;

use super::{Choice, Choices, Doubtful, Kind, LeftOut, Line, Outcome, Reason, Take, Told, Value, confidence, merge};
use crate::domain::{
    capture::{
        self,
        draft::{CaptureContext, DateAnchor, DraftEvent, Mark, Notice},
    },
    checked,
    clock_point::Precision,
    event::{EventFields, ProductionEvent, label},
    iso_week::IsoWeek,
    postmortem::PostmortemState,
    text,
};

/// From here on two sentences of the same time tell of the same event.
pub const SAME_EVENT: f64 = 0.6;

/// The same for events of which only the date is known: there a sentence has to say more.
const SAME_EVENT_OF_DAY: f64 = 0.75;

/// From here on people are asked to look.
const DOUBTFUL: f64 = 0.3;

/// From here on a sentence of the same week with another time may be the same event.
const MOVED: f64 = 0.8;

/// Most bytes of sentences that are compared for one document: then what reads alike is not looked for any more.
const COMPARED_BYTES: usize = 10_000_000;

/// Characters of a sentence that are compared.
const COMPARED_CHARS: usize = 2_000;

/// Days that an event may lie before and behind its week without being asked about.
const EARLY: i64 = 92;
const LATE: i64 = 7;

/// An event as its source tells it.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The same for the same event on the next import.
    pub key: String,
    /// The id that it gets where it is new.
    pub new_id: Uuid,
    /// The week whose report it belongs to.
    pub week: IsoWeek,
    /// Order within its report.
    pub position: i64,
    /// What was read.
    pub draft: DraftEvent,
    /// As written.
    pub raw: String,
    /// It comes from another tool: its words do not replace those of a report.
    pub foreign: bool,
}

/// By which key a stored event is met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Its own.
    Own,
    /// A further one: what that document said of it the last time.
    Alias {
        /// The mark.
        mark: Option<Mark>,
        /// The text.
        raw: String,
    },
}

/// A stored event that a key of the document names.
#[derive(Debug, Clone)]
pub struct Meeting {
    /// The event.
    pub event: ProductionEvent,
    /// It was deleted here.
    pub gone: bool,
    /// By which key.
    pub link: Link,
}

/// The stored events that those of a document may be.
#[derive(Debug, Clone, Default)]
pub struct KnownEvents {
    /// By the document's keys.
    pub by_key: BTreeMap<String, Meeting>,
    /// Keys of events that were left out by choice.
    pub left_out: BTreeSet<String>,
    /// Those that began at one of the document's times.
    pub at_times: Vec<ProductionEvent>,
    /// Those of the document's week.
    pub of_week: Vec<ProductionEvent>,
    /// The fields of stored events as the last import read them.
    pub bases: BTreeMap<Uuid, EventFields>,
    /// Events that an earlier file of the same run brought, with its name.
    pub files: BTreeMap<Uuid, String>,
}

/// A new event.
#[derive(Debug, Clone)]
pub struct NewcomerEvent {
    /// Its id.
    pub id: Uuid,
    /// What is saved.
    pub fields: EventFields,
    /// What the source says; other than the fields where a person corrected it.
    pub read: EventFields,
    /// Where its postmortem stands.
    pub state: PostmortemState,
    /// The mark of the source.
    pub mark: Mark,
    /// The week of its report.
    pub week: IsoWeek,
    /// As written.
    pub raw: String,
    /// Its key.
    pub key: String,
    /// Order within its report.
    pub position: i64,
}

/// How a stored event is known by this document from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// By its own key, as before.
    Own,
    /// The document's key becomes its own: a line that was logged before the report was written, or a new wording.
    Adopt,
    /// The document's key is a further one: the event belongs to another week or to another source.
    Alias,
}

/// What is done to a stored event.
#[derive(Debug, Clone)]
pub struct Update {
    /// As it stands.
    pub before: ProductionEvent,
    /// Its fields afterwards.
    pub fields: EventFields,
    /// What the source says.
    pub read: EventFields,
    /// Where its postmortem moves.
    pub to: Option<PostmortemState>,
    /// The mark of the source.
    pub mark: Mark,
    /// How it is known from now on.
    pub binding: Binding,
    /// The document's key, week and text.
    pub key: String,
    /// The week of the document.
    pub week: IsoWeek,
    /// As written.
    pub raw: String,
}

/// What is written for an event.
#[derive(Debug, Clone)]
pub enum EventAct {
    /// Nothing.
    Nothing,
    /// It is left out, and remembered as such.
    LeaveOut(LeftOut),
    /// A new event.
    Create(Box<NewcomerEvent>),
    /// A stored one.
    Update(Box<Update>),
}

/// The decision on one event.
#[derive(Debug, Clone)]
pub struct EventPlan {
    /// For people.
    pub line: Line,
    /// For the database.
    pub act: EventAct,
    /// The stored event that the document tells of.
    pub told: Option<Told>,
}

/// Whether an import key is that of another tool's event.
pub fn is_foreign_key(key: &str) -> bool {
    key.starts_with("x-")
}

/// Decides on the events of a document, in its order.
pub fn plan_events(
    mut known: KnownEvents,
    incoming: Vec<Incoming>,
    choices: &Choices,
    doubtful: Doubtful,
    zone: Tz,
) -> Vec<EventPlan> {
    let mut meetings: Vec<Option<Meeting>> =
        incoming.iter().map(|event| known.by_key.get(&event.key).cloned()).collect();
    let met: BTreeSet<Uuid> = meetings.iter().flatten().map(|meeting| meeting.event.id).collect();
    let mut there = Candidates::new(&mut known, &met);
    let mut alike: Vec<Option<(ProductionEvent, u8)>> = vec![None; incoming.len()];
    // The same words first: a sentence that reads alike must not take the place of the one that reads the same.
    for exact in [true, false] {
        for (index, ((event, meeting), found)) in incoming.iter().zip(&meetings).zip(&mut alike).enumerate() {
            let other = choices.get(&(Kind::Event, index)).is_some_and(|choice| choice.take == Take::Other);
            if meeting.is_none() && found.is_none() && !other {
                *found = there.take(&event.draft, exact);
            }
        }
    }
    let no_choice = Choice::default();
    let mut plans = Vec::with_capacity(incoming.len());
    for (index, event) in incoming.into_iter().enumerate() {
        let choice = choices.get(&(Kind::Event, index)).unwrap_or(&no_choice);
        let desk = Desk { known: &known, choice, doubtful, zone, index };
        let meeting = meetings.get_mut(index).and_then(Option::take);
        let found = alike.get_mut(index).and_then(Option::take);
        plans.push(match (meeting, found) {
            (Some(meeting), _) => desk.known(event, meeting),
            (None, Some((there, percent))) => desk.alike(event, there, percent),
            (None, None) => {
                let suspect = there.suspect(&event);
                desk.new_one(event, suspect)
            }
        });
    }
    plans
}

/// One that a new event may be.
struct Suspect {
    event: ProductionEvent,
    percent: u8,
    moved: bool,
}

/// Stored events that no key of the document names: each is at most one of its events.
struct Candidates {
    by_time: BTreeMap<i64, OfTime>,
    of_week: Vec<Option<ProductionEvent>>,
    budget: usize,
}

/// The events of one instant; an empty place is one that was taken.
#[derive(Default)]
struct OfTime {
    events: Vec<Option<ProductionEvent>>,
    /// Places by folded sentence, the first one last.
    places: BTreeMap<String, Vec<usize>>,
}

impl Candidates {
    fn new(known: &mut KnownEvents, met: &BTreeSet<Uuid>) -> Self {
        let mut by_time: BTreeMap<i64, OfTime> = BTreeMap::new();
        for event in std::mem::take(&mut known.at_times) {
            let Some(occurred) = event.fields.occurred else { continue };
            if !met.contains(&event.id) {
                let of_time = by_time.entry(occurred.at.timestamp_millis()).or_default();
                let places = of_time.places.entry(checked::fold(&event.fields.narrative)).or_default();
                places.push(of_time.events.len());
                of_time.events.push(Some(event));
            }
        }
        for places in by_time.values_mut().flat_map(|of_time| of_time.places.values_mut()) {
            places.reverse();
        }
        let of_week = std::mem::take(&mut known.of_week);
        let of_week = of_week.into_iter().filter(|event| !met.contains(&event.id)).map(Some).collect();
        Self { by_time, of_week, budget: COMPARED_BYTES }
    }

    /// The event of the same time that reads the same (`exact`) or most alike, which is then no other one.
    fn take(&mut self, draft: &DraftEvent, exact: bool) -> Option<(ProductionEvent, u8)> {
        let occurred = draft.occurred?;
        let least = if occurred.precision == Precision::Day { SAME_EVENT_OF_DAY } else { SAME_EVENT };
        let of_time = self.by_time.get_mut(&occurred.at.timestamp_millis())?;
        let (at, likeness) = if exact {
            let places = of_time.places.get_mut(&checked::fold(&draft.narrative))?;
            (places.pop()?, 1.0)
        } else {
            best(&of_time.events, draft, &mut self.budget).filter(|(_, likeness)| *likeness >= least)?
        };
        let found = of_time.events.get_mut(at).and_then(Option::take)?;
        if let Some(place) = self.of_week.iter_mut().find(|place| place.as_ref().is_some_and(|e| e.id == found.id)) {
            *place = None;
        }
        Some((found, percent(likeness)))
    }

    /// One that a new event may be: it stays there for others.
    fn suspect(&mut self, event: &Incoming) -> Option<Suspect> {
        let occurred = event.draft.occurred;
        let of_time = occurred.and_then(|point| self.by_time.get(&point.at.timestamp_millis())).and_then(|of_time| {
            let (at, likeness) = best(&of_time.events, &event.draft, &mut self.budget)?;
            let there = of_time.events.get(at)?.as_ref()?;
            let found = Suspect { event: there.clone(), percent: percent(likeness), moved: false };
            (likeness >= DOUBTFUL).then_some(found)
        });
        if of_time.is_some() || event.foreign {
            return of_time;
        }
        let (at, likeness) = best(&self.of_week, &event.draft, &mut self.budget)?;
        let there = self.of_week.get(at)?.as_ref()?;
        let timeless = occurred.is_none() || there.fields.occurred.is_none();
        let least = if timeless { SAME_EVENT } else { MOVED };
        (likeness >= least).then(|| Suspect { event: there.clone(), percent: percent(likeness), moved: !timeless })
    }
}

/// The one that reads most alike; of equally alike ones the first. None where the budget is used up.
fn best(events: &[Option<ProductionEvent>], draft: &DraftEvent, budget: &mut usize) -> Option<(usize, f64)> {
    let said = beginning(&draft.narrative);
    let mut found: Option<(usize, f64)> = None;
    for (at, event) in events.iter().enumerate().filter_map(|(at, event)| Some((at, event.as_ref()?))) {
        let other = beginning(&event.fields.narrative);
        *budget = budget.checked_sub(said.len() + other.len())?;
        let likeness = text::likeness(other, said);
        if found.is_none_or(|(_, best)| likeness > best) {
            found = Some((at, likeness));
        }
    }
    found
}

fn beginning(sentence: &str) -> &str {
    sentence.char_indices().nth(COMPARED_CHARS).map_or(sentence, |(end, _)| sentence.get(..end).unwrap_or(sentence))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
fn percent(likeness: f64) -> u8 {
    (likeness.clamp(0.0, 1.0) * 100.0).round() as u8
}

/// Where one event is decided on.
struct Desk<'a> {
    known: &'a KnownEvents,
    choice: &'a Choice,
    doubtful: Doubtful,
    zone: Tz,
    index: usize,
}

impl Desk<'_> {
    /// One that a key of the document names.
    fn known(&self, event: Incoming, meeting: Meeting) -> EventPlan {
        let Meeting { event: there, gone, link } = meeting;
        let (read, _) = read_fields(&event.draft);
        if gone {
            let value = Value::Event(Box::new(read), event.draft.mark);
            let (outcome, reason) = if there.fields.restricted {
                (Outcome::Unchanged, Reason::Restricted)
            } else {
                (Outcome::Deleted, Reason::Imported)
            };
            let line = self.line(outcome, vec![reason], &event.draft.narrative, value);
            let told = Some(Told { subject: there.id, own: false });
            return EventPlan { line: Line { number: numbered(&there), ..line }, act: EventAct::Nothing, told };
        }
        let (last_mark, last_raw, binding) = match link {
            Link::Own => (there.import_mark, there.raw.clone(), Binding::Own),
            Link::Alias { mark, raw } => (mark, Some(raw), Binding::Alias),
        };
        let said_anew = last_raw.as_deref().map(str::trim) != Some(event.raw.trim());
        let (fields, kept) = match (said_anew, binding, self.known.bases.get(&there.id)) {
            (true, Binding::Own, Some(base)) => merge::follow(Some(base), &there.fields, None, &read),
            (true, Binding::Alias, _) => (merge::fill(&there.fields, &read), false),
            _ => (there.fields.clone(), false),
        };
        let mut reasons = vec![Reason::Imported];
        if there.week != event.week {
            reasons.push(Reason::OtherWeek { week: there.week });
        }
        if kept {
            reasons.push(Reason::EditedHere);
        }
        let to = moved(&there, event.draft.mark, last_mark, true);
        let nothing = fields == there.fields && last_mark == Some(event.draft.mark) && !said_anew;
        self.met(event, there, fields, read, to, binding, reasons, nothing)
    }

    /// One of the same time that reads alike.
    fn alike(&self, event: Incoming, there: ProductionEvent, percent: u8) -> EventPlan {
        let first = if percent == 100 { Reason::SameSentence } else { Reason::Alike { percent } };
        self.same(event, there, vec![first])
    }

    fn same(&self, event: Incoming, there: ProductionEvent, mut reasons: Vec<Reason>) -> EventPlan {
        let (read, _) = read_fields(&event.draft);
        let own_week = there.week == event.week;
        let theirs = there.import_key.as_deref().is_some_and(is_foreign_key);
        let binding = if own_week && !event.foreign && !theirs { Binding::Adopt } else { Binding::Alias };
        let (fields, kept) = if own_week && !event.foreign {
            merge::follow(self.known.bases.get(&there.id), &there.fields, there.raw.as_deref(), &read)
        } else {
            (merge::fill(&there.fields, &read), false)
        };
        if !own_week {
            reasons.push(Reason::OtherWeek { week: there.week });
        }
        if let Some(file) = self.known.files.get(&there.id) {
            reasons.push(Reason::EarlierFile { file: file.clone() });
        }
        if kept {
            reasons.push(Reason::EditedHere);
        }
        // An older report does not take back what a later one said.
        let to = moved(&there, event.draft.mark, there.import_mark.filter(|_| own_week), event.week >= there.week);
        self.met(event, there, fields, read, to, binding, reasons, false)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one decision")]
    fn met(
        &self,
        event: Incoming,
        there: ProductionEvent,
        fields: EventFields,
        read: EventFields,
        to: Option<PostmortemState>,
        binding: Binding,
        mut reasons: Vec<Reason>,
        nothing: bool,
    ) -> EventPlan {
        let planned = fields != there.fields || to.is_some();
        let unread = fields.clone().checked().err().filter(|_| self.is_undecided() && fields != there.fields);
        let skipped = planned && (self.choice.take == Take::Skip || unread.is_some());
        let (mut fields, to) = if skipped { (there.fields.clone(), None) } else { (fields, to) };
        if planned && !skipped && self.choice.corrects() {
            correct(&mut fields, self.choice, event.week, self.zone);
            reasons.push(Reason::Corrected);
        }
        let mark = event.draft.mark;
        let checked = fields.clone().checked();
        let problem = checked.as_ref().err().cloned().filter(|_| fields != there.fields);
        let problem = problem.or_else(|| unread.clone());
        let fields = checked.unwrap_or(fields);
        let mut changes = merge::changes(&there.fields, &fields, self.zone);
        if let Some(to) = to {
            let state = |state: PostmortemState| state.code().to_owned();
            changes.push(super::Change { field: "state", from: state(there.postmortem.state), to: state(to) });
        }
        let outcome = match (planned, unread.is_some()) {
            (true, true) => Outcome::Doubtful,
            (true, false) => Outcome::Changed,
            (false, _) => Outcome::Unchanged,
        };
        let value = Value::Event(Box::new(fields.clone()), mark);
        let line = self.line(outcome, reasons, &fields.narrative, value);
        let line = if unread.is_some() { Line { confidence: 0, ..line } } else { line };
        let number = numbered(&there);
        let line = Line { number, meets: number, changes, problem, taken: planned && !skipped, ..line };
        let told = Some(Told { subject: there.id, own: binding != Binding::Alias && !skipped });
        let Incoming { key, week, raw, .. } = event;
        let update = Update { before: there, fields, read, to, mark, binding, key, week, raw };
        let act = if nothing { EventAct::Nothing } else { EventAct::Update(Box::new(update)) };
        EventPlan { line, act, told }
    }

    /// One that nothing here is, or may be.
    fn new_one(&self, event: Incoming, suspect: Option<Suspect>) -> EventPlan {
        if self.choice.take == Take::Same
            && let Some(suspect) = suspect
        {
            return self.same(event, suspect.event, vec![Reason::Chosen]);
        }
        let (read, dropped) = read_fields(&event.draft);
        let mut fields = read.clone();
        correct(&mut fields, self.choice, event.week, self.zone);
        let mark = self.choice.mark.unwrap_or(event.draft.mark);
        let mut reasons = Vec::new();
        let mut meets = None;
        if let Some(Suspect { event: there, percent, moved }) = suspect {
            meets = numbered(&there);
            let who = match self.known.files.get(&there.id) {
                Some(file) if meets.is_none() => file.clone(),
                _ => label(there.number),
            };
            reasons.push(if moved { Reason::MayHaveMoved { who, percent } } else { Reason::MayBe { who, percent } });
        }
        if dropped && self.choice.recovered.is_none() {
            reasons.push(Reason::RecoveryBefore);
        }
        assumptions(&event, &fields, self.choice, &mut reasons);
        let checked = fields.clone().checked();
        let problem = checked.as_ref().err().cloned();
        let fields = checked.unwrap_or(fields);
        let unread = problem.is_some() && self.is_undecided();
        if self.known.left_out.contains(&event.key) && !unread {
            reasons.push(Reason::LeftOut);
        }
        if self.choice.corrects() {
            reasons.push(Reason::Corrected);
        }
        let doubt = unread || reasons.iter().any(Reason::is_doubt);
        let taken = match self.choice.take {
            Take::Add | Take::Same | Take::Other => true,
            Take::Skip => false,
            Take::Plan => !unread && (!doubt || self.doubtful == Doubtful::Add),
        };
        let outcome = if doubt { Outcome::Doubtful } else { Outcome::Added };
        let value = Value::Event(Box::new(fields.clone()), mark);
        let line = self.line(outcome, reasons, &fields.narrative, value);
        let confidence = if unread { 0 } else { line.confidence };
        let line = Line { taken, confidence, meets, problem, ..line };
        let Incoming { key, new_id, week, position, draft, raw, .. } = event;
        let act = if taken {
            let state = PostmortemState::of_mark(mark);
            let mark = draft.mark;
            EventAct::Create(Box::new(NewcomerEvent {
                id: new_id,
                fields,
                read,
                state,
                mark,
                week,
                raw,
                key,
                position,
            }))
        } else if self.known.left_out.contains(&key) {
            EventAct::Nothing
        } else {
            EventAct::LeaveOut(LeftOut { key, kind: Kind::Event, week, raw })
        };
        EventPlan { line, act, told: None }
    }

    /// Whether no person said anything about the line: what cannot be saved as it stands is then left out.
    fn is_undecided(&self) -> bool {
        self.choice.take == Take::Plan && !self.choice.corrects()
    }

    fn line(&self, outcome: Outcome, reasons: Vec<Reason>, narrative: &str, value: Value) -> Line {
        Line {
            kind: Kind::Event,
            index: self.index,
            place: None,
            outcome,
            taken: false,
            confidence: confidence(&reasons),
            reasons,
            number: None,
            meets: None,
            words: super::short(narrative, super::WORDS_LIMIT),
            changes: Vec::new(),
            problem: None,
            value,
        }
    }
}

/// Events of earlier files that a dry run only thinks of have no number yet.
fn numbered(event: &ProductionEvent) -> Option<i64> {
    Some(event.number).filter(|number| *number > 0)
}

/// What a draft says, and whether its recovery had to be left out.
fn read_fields(draft: &DraftEvent) -> (EventFields, bool) {
    let mut fields = EventFields::from_draft(draft);
    let before = fields.recovered.zip(fields.occurred).is_some_and(|(recovered, occurred)| recovered.at < occurred.at);
    if before {
        fields.recovered = None;
    }
    // As the checks leave them, so that what is read twice is equal.
    let fields = fields.clone().checked().unwrap_or(fields);
    (fields, before)
}

/// Puts a person's values over the fields; a corrected sentence is read anew.
fn correct(fields: &mut EventFields, choice: &Choice, week: IsoWeek, zone: Tz) {
    if let Some(occurred) = choice.occurred {
        fields.occurred = occurred;
    }
    if let Some(recovered) = choice.recovered {
        fields.recovered = recovered;
    }
    if let Some(narrative) = &choice.narrative {
        let context = CaptureContext { anchor: DateAnchor::Week(week), zone, written: None };
        let said = EventFields::from_draft(&capture::read_line(narrative, &context));
        fields.narrative.clone_from(narrative);
        fields.narrative_generated = false;
        (fields.summary, fields.impact, fields.impacts) = (said.summary, said.impact, said.impacts);
        (fields.cause, fields.recovery) = (said.cause, said.recovery);
    }
    if let Some(severity) = &choice.severity {
        fields.severity.clone_from(severity);
    }
}

/// What the reader had to assume, as far as no person has settled it.
fn assumptions(event: &Incoming, fields: &EventFields, choice: &Choice, reasons: &mut Vec<Reason>) {
    let open = choice.occurred.is_none();
    for notice in &event.draft.notices {
        reasons.push(match notice {
            Notice::YearAssumed { year } if open => Reason::YearAssumed { year: *year },
            Notice::DateUnreadable { text } if open => Reason::DateUnreadable { text: text.clone() },
            Notice::SecondDate { text } if open => Reason::SecondDate { text: text.clone() },
            Notice::RecoveryNextDay if choice.recovered.is_none() => Reason::RecoveryNextDay,
            Notice::RecoveryBefore { .. } if choice.recovered.is_none() => Reason::RecoveryBefore,
            Notice::TooLong { .. } => Reason::TooLong,
            _ => continue,
        });
    }
    match fields.occurred {
        None => reasons.push(Reason::NoTime),
        Some(point) => {
            if point.precision == Precision::Day {
                reasons.push(Reason::DayOnly);
            }
            let date = point.at.date_naive();
            let before = (date - event.week.monday()).num_days();
            let behind = (date - event.week.sunday()).num_days();
            if open && before < -EARLY {
                reasons.push(Reason::FarFromWeek { days: before });
            } else if open && behind > LATE {
                reasons.push(Reason::FarFromWeek { days: behind });
            }
        }
    }
    if fields.summary.is_none() {
        reasons.push(Reason::NoSymptom);
    }
}

/// Where the mark of a document moves the postmortem: only where it says something else than the last time.
fn moved(event: &ProductionEvent, mark: Mark, last: Option<Mark>, later: bool) -> Option<PostmortemState> {
    let (state, to) = (event.postmortem.state, PostmortemState::of_mark(mark));
    let news = last != Some(mark) && mark != Mark::Unknown && state.mark() != mark;
    let allowed = later || state == PostmortemState::Undecided;
    (news && allowed && state.may_become(to)).then_some(to)
}
