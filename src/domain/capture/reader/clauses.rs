//! What each clause and each labelled part of the text says.

use std::ops::Range;

use super::Reader;
use crate::domain::{
    capture::{
        causes,
        clauses::{self, Clause},
        draft::{Assumption, DraftField},
        labels::FieldKey,
        marks, outcomes,
        pieces::Piece,
        quantities,
        roles::{self, Role},
        times,
        wording::{is_connective, skip_list_marker},
    },
    text::{Folded, lower},
};

/// What the clauses before say about the next one, in one part of running text.
#[derive(Debug, Clone, Default)]
struct Telling {
    /// The number of the sentence, from 1.
    sentence: usize,
    /// How many symptoms there were when the sentence began.
    symptoms_before: usize,
    /// Inside an excerpt.
    aside: bool,
    /// `10:21，摘除该节点`: a time alone belongs to the clause behind it.
    carried: Option<usize>,
    /// The clause before was told behind the symptom, and is none of its own accord.
    undecided: bool,
}

impl Reader<'_> {
    /// Reads every part in the order of the text.
    pub(super) fn read_parts(&mut self, masked: &Folded) {
        let mut after_action = false;
        for (key, part) in std::mem::take(&mut self.parts) {
            match key {
                None => self.read_body(masked, &part, &mut after_action),
                Some(key) => self.read_field(masked, key, &part),
            }
        }
    }

    fn read_body(&mut self, masked: &Folded, part: &Range<usize>, after_action: &mut bool) {
        let start = skip_list_marker(masked, part.clone());
        let mut telling = Telling { symptoms_before: self.symptoms.len(), ..Telling::default() };
        for clause in clauses::split(masked, start..part.end) {
            self.read_clause(masked, part, &clause, &mut telling, after_action);
        }
    }

    fn read_clause(
        &mut self,
        masked: &Folded,
        part: &Range<usize>,
        clause: &Clause,
        telling: &mut Telling,
        after_action: &mut bool,
    ) {
        let mut tokens: Vec<usize> = self
            .tokens_in(&clause.range)
            .filter(|index| Some(*index) != self.first && Some(*index) != self.range_end && self.has_time(*index))
            // `10:00-10:20、14:00-14:10 两次…`: another range is another time of trouble, not of an action.
            .filter(|index| self.range_end.is_none() || !self.is_of_range(*index))
            .collect();
        if clause.starts_sentence {
            telling.sentence += 1;
            telling.symptoms_before = self.symptoms.len();
        }
        let mut piece = Piece::of(masked, &clause.range);
        if self.is_context(&piece)
            || times::is_duration(&piece.words)
            || self.is_grade(&piece)
            || is_label(&piece.words)
        {
            return;
        }
        if piece.words.is_empty() || is_connective(&piece.words) {
            // `恢复时间 14:33，` names a time; what follows is not what was done then.
            let labelled = tokens.iter().any(|index| self.labels.get(*index).is_some_and(Option::is_some));
            if !tokens.is_empty() && !labelled {
                *after_action = true;
                telling.carried = tokens.last().copied();
            }
            return;
        }
        if tokens.is_empty() {
            tokens.extend(telling.carried);
        }
        telling.carried = None;
        let of_first = self.first.and_then(|first| self.tokens.get(first)).map(|token| token.range.start);
        if of_first.is_some_and(|start| clause.range.contains(&start)) {
            if self.is_first_stage(&piece.words) {
                return;
            }
            let words = piece.words.clone();
            if let Some(rest) = self.found_first(&words) {
                let at = words.len() - rest.len();
                piece = piece.part(masked, piece.words.get(at..).unwrap_or_default());
            }
        }
        if let Some(index) = tokens.last().copied()
            && self.is_stage(&piece.words, index)
        {
            return;
        }
        if let Some(index) = tokens.iter().copied().find(|index| self.is_until(*index)) {
            self.well_at = Some(index);
            tokens.clear();
            let mut words = piece.words.as_str();
            for tail in ["持续到", "持续至", "直到", "直至", "until", "till"] {
                words = words.strip_suffix(tail).map_or(words, str::trim_end);
            }
            for lead in ["至", "到", "才", "方"] {
                words = words.strip_prefix(lead).map_or(words, str::trim_start);
            }
            piece = piece.part(masked, words);
            if piece.words.is_empty() {
                return;
            }
        }
        if clause.starts_sentence && tokens.is_empty() {
            *after_action = false;
        }
        let told = !(self.symptoms.is_empty() && self.consequences.is_empty());
        let timed = *after_action || !tokens.is_empty();
        let role = match roles::role(&piece.words, timed) {
            // What people did, told behind what happened, is the way back even where no time stands with it.
            Role::Symptom if told && self.has_other_parts() && outcomes::is_action(&piece.words) => Role::Recovery,
            Role::Symptom if told && outcomes::ends_well(&piece.words) => Role::Recovery,
            // `After a config change, orders went through again`: a sentence behind the trouble tells the way back.
            Role::Cause if told && clause.starts_sentence && causes::after_change(&lower(&piece.words)).is_some() => {
                Role::Recovery
            }
            Role::Symptom | Role::Recovery if told && tokens.is_empty() && is_counted(&piece.words) => Role::Impact,
            role => role,
        };
        // `…，原因X，调大限额，15:20 恢复`: an action in front of the way back is a part of it.
        if role == Role::Recovery && telling.undecided {
            self.recoveries.extend(self.remarks.pop().or_else(|| self.symptoms.pop()));
        }
        // Behind `现场记录：` everything is an excerpt until something is said again.
        telling.aside = role == Role::Aside || (telling.aside && role == Role::Symptom && tokens.is_empty());
        telling.undecided = role == Role::Symptom
            && told
            && outcomes::is_action(&piece.words)
            && !outcomes::is_trouble(&piece.words)
            && !telling.aside;
        match role {
            Role::Symptom if telling.aside => {}
            Role::Symptom if told && outcomes::is_follow_up(&piece.words) => {}
            Role::Symptom if told && self.has_other_parts() => self.remarks.push(piece),
            Role::Symptom => self.symptoms.push(piece),
            Role::Consequence => self.consequences.push(piece),
            Role::Impact => {
                *after_action = false;
                self.impacts.push(piece);
            }
            Role::Cause => {
                *after_action = false;
                self.add_cause(masked, piece);
            }
            Role::Location => {
                *after_action = false;
                if let Some(index) = tokens.first() {
                    self.set_point(DraftField::LocatedAt, *index, None);
                }
                self.add_cause(masked, piece);
            }
            Role::Detection => {
                *after_action = false;
                if let Some(index) = tokens.first() {
                    self.set_point(DraftField::DetectedAt, *index, None);
                }
                // `16:08 发生，16:12 监控发现退款回调堆积`: only here it is said what happened.
                if !told {
                    self.symptoms.push(piece);
                }
            }
            Role::Recovery => {
                let well = outcomes::is_well(&piece.words) || outcomes::ends_well(&piece.words);
                // Behind the end other things are told.
                *after_action = !well;
                if let Some(index) = tokens.last() {
                    if well {
                        self.well_at = Some(*index);
                    } else if !self.is_new_trouble(*index, &piece.words) {
                        self.last_action = Some(*index).filter(|_| outcomes::is_remedy(&piece.words));
                        if self.draft.mitigated.is_none() {
                            let stopped = piece.words.contains("止损") || outcomes::is_partly(&piece.words);
                            let assumption = (!stopped).then_some(Assumption::FirstAction);
                            self.set_point(DraftField::MitigatedAt, *index, assumption);
                        }
                        self.pending_well(*index, masked, clause.range.end, part.end);
                    }
                }
                // `Traffic shifted to standby, service restored.`: a later sentence that ends well tells what was done.
                if telling.sentence > 1 && tokens.is_empty() {
                    let done = self.symptoms.split_off(telling.symptoms_before.min(self.symptoms.len()));
                    self.recoveries.extend(done);
                }
                self.recoveries.push(piece);
            }
            Role::Ongoing => {
                self.ongoing = true;
                // `用户反馈提现一直处理中` is what happened, not how far the work is.
                if !told && tokens.is_empty() {
                    self.symptoms.push(piece);
                }
            }
            Role::Aside => *after_action = false,
        }
    }

    /// `劳动节假期最后一天（5/5）16:10，`, `Christmas Eve, Dec 24`: words in front of the time that only name the day.
    fn is_context(&self, piece: &Piece) -> bool {
        const LONGEST: usize = 24;
        let Some(first) = self.first.and_then(|first| self.tokens.get(first)) else { return false };
        let named = ["天", "日", "期间", "假期", "夜", "晚", "周末", "节", "前夕", "eve", "weekend", "全天"];
        piece.range.end <= first.range.start
            && piece.words.chars().count() <= LONGEST
            && named.iter().any(|end| lower(&piece.words).ends_with(end))
            && !outcomes::is_trouble(&piece.words)
    }

    /// A grade alone: `P2`, `Sev-3`, `C级`.
    fn is_grade(&self, piece: &Piece) -> bool {
        self.grade.as_ref().is_some_and(|(_, range)| {
            range.start <= piece.range.start && piece.range.end <= range.end && !piece.words.is_empty()
        })
    }

    /// `15:20 出金失败` on a line of its own: other trouble, whose time is no step on the way back.
    fn is_new_trouble(&self, index: usize, words: &str) -> bool {
        let Some(start) = self.tokens.get(index).map(|token| token.range.start) else { return false };
        let above = (0..start).rev().find(|i| !matches!(self.text.at(*i), ' ' | '-' | '*' | '•'));
        above.is_some_and(|i| self.text.at(i) == '\n')
            && outcomes::is_trouble(words)
            && !outcomes::is_action(words)
            && !outcomes::is_remedy(words)
            && !outcomes::is_partly(words)
    }

    fn is_of_range(&self, index: usize) -> bool {
        let ends = |index: usize| self.tokens.get(index).is_some_and(|token| token.ends_range);
        ends(index) || ends(index + 1)
    }

    /// Whether anything but symptoms was told so far.
    fn has_other_parts(&self) -> bool {
        !(self.impacts.is_empty()
            && self.causes.is_empty()
            && self.recoveries.is_empty()
            && self.consequences.is_empty())
    }

    /// An action whose outcome the next clauses tell: `15:30 下线规则，恢复正常`.
    fn pending_well(&mut self, token: usize, masked: &Folded, from: usize, to: usize) {
        let behind = self.tokens.partition_point(|token| token.range.start < from);
        let next = self.tokens.get(behind).map_or(to, |token| token.range.start).min(to);
        let sentence = masked.find(from..next, '。').unwrap_or(next);
        let words = masked.text(from..sentence);
        if outcomes::is_well(&words) || outcomes::ends_well(&words) {
            self.well_at = Some(token);
        }
    }

    fn read_field(&mut self, masked: &Folded, key: FieldKey, part: &Range<usize>) {
        let piece = Piece::of(masked, part);
        let is_stage = matches!(
            key,
            FieldKey::OccurredAt
                | FieldKey::DetectedAt
                | FieldKey::AcknowledgedAt
                | FieldKey::LocatedAt
                | FieldKey::MitigatedAt
        );
        if key == FieldKey::Recovery
            && piece.words.is_empty()
            && let Some(index) = self.tokens_in(part).next_back().filter(|index| self.has_time(*index))
        {
            // `恢复：20:31`
            self.well_at = Some(index);
        }
        if !is_stage && (piece.words.is_empty() || matches!(piece.words.as_str(), "-" | "/" | "无" | "none" | "None"))
        {
            return;
        }
        match key {
            FieldKey::Summary => {
                for clause in clauses::split(masked, part.clone()) {
                    let piece = Piece::of(masked, &clause.range);
                    match roles::role(&piece.words, false) {
                        Role::Impact => self.impacts.push(piece),
                        Role::Cause => self.add_cause(masked, piece),
                        Role::Ongoing => self.ongoing = true,
                        _ if piece.words.is_empty() => {}
                        _ => self.symptoms.push(piece),
                    }
                }
            }
            FieldKey::Impact => self.impacts.push(piece),
            FieldKey::Cause => self.add_cause(masked, piece),
            FieldKey::Recovery => {
                if outcomes::is_ongoing(&piece.words) && !outcomes::is_well(&piece.words) {
                    self.ongoing = true;
                    return;
                }
                if let Some(index) = self.tokens_in(part).next_back()
                    && self.has_time(index)
                {
                    self.well_at = Some(index);
                }
                self.recoveries.push(piece);
            }
            FieldKey::Severity => {
                let label = piece.words.trim_end_matches('级').trim().to_uppercase();
                let plain =
                    label.chars().all(|c| c.is_ascii_alphanumeric() || "一二三四五".contains(c)) && label.len() <= 8;
                let found = marks::severity(&Folded::new(&piece.words, 0)).map(|(label, _)| label);
                self.draft.severity = found.or(plain.then_some(label));
                if self.draft.severity.is_some() {
                    self.span(DraftField::Severity, &piece.range, None);
                }
            }
            FieldKey::DetectedAt => self.read_stage(DraftField::DetectedAt, part),
            FieldKey::AcknowledgedAt => self.read_stage(DraftField::AcknowledgedAt, part),
            FieldKey::LocatedAt => self.read_stage(DraftField::LocatedAt, part),
            FieldKey::MitigatedAt => self.read_stage(DraftField::MitigatedAt, part),
            // `时间：6/11 00:00 开始，6/12 15:00 补发完成`
            FieldKey::OccurredAt if self.tokens_in(part).len() > 1 => self.read_body(masked, part, &mut false),
            FieldKey::OccurredAt | FieldKey::RecoveredAt | FieldKey::Mark | FieldKey::Other => {}
        }
    }

    fn read_stage(&mut self, field: DraftField, part: &Range<usize>) {
        let tokens = self.tokens_in(part);
        if !tokens.is_empty() && self.has_time(tokens.start) {
            self.set_point(field, tokens.start, None);
        }
    }

    fn add_cause(&mut self, masked: &Folded, piece: Piece) {
        let split = ["导致", "致使", "造成"].iter().find_map(|word| {
            let at = piece.words.find(word)?;
            (at > 0 && !piece.words.ends_with(word)).then(|| piece.words.split_at(at))
        });
        match split {
            Some((cause, consequence)) if !cause.ends_with('所') => {
                self.causes.push(piece.part(masked, cause));
                self.consequences.push(piece.part(masked, consequence));
            }
            _ => self.causes.push(piece),
        }
    }
}

/// The number of a row, the level of a log line: no words of the event.
fn is_label(words: &str) -> bool {
    let level = ["[error]", "[warn]", "[info]", "[fatal]", "error ", "warn "];
    let log = words.is_ascii() && level.iter().any(|level| lower(words).starts_with(level));
    log || !words.is_empty() && words.len() <= 3 && words.bytes().all(|byte| byte.is_ascii_digit())
}

/// `失败 1,052 笔`, `undercharged approx CNY 6k over 212 orders`: a short clause with a number of what was affected.
fn is_counted(words: &str) -> bool {
    const LONGEST: usize = 30;
    if outcomes::is_complaints(words) {
        return true;
    }
    let length = words.chars().count();
    let limit = if words.is_ascii() { 2 * LONGEST } else { LONGEST };
    length <= limit
        && !outcomes::is_action(words)
        && !outcomes::is_well(words)
        && !outcomes::ends_well(words)
        && !outcomes::is_ongoing(words)
        && !quantities::scan(words).is_empty()
}
