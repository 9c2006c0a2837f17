//! The style of an event: how its time, its sentence, its fields and its mark stand.

use std::ops::Range;

use chrono_tz::Tz;

use super::{
    learn::{LOOKED_AT, Slot, fill, tidy},
    learn_literal::{is_form_of_events, tells_an_event},
    reading::{EventReading, Layout, ReportReading},
    render::{self, ReportEvent, split_grade},
    style::{ReportStyle, WORDS_LIMIT},
    template::{Writer, chinese, circled, level_label},
    time_form::TimeForm,
};
use crate::domain::{
    capture::{
        FieldKey,
        draft::{DraftField, Mark},
        field_key, marks,
    },
    clock_point::ClockPoint,
    iso_week::IsoWeek,
};

/// The form that writes most times of the document as they stand.
pub(super) fn times(document: &str, reading: &ReportReading, zone: Tz) -> TimeForm {
    let events: Vec<(&EventReading, &str)> = reading
        .events
        .iter()
        .take(LOOKED_AT)
        .filter_map(|read| Some((read, document.get(read.time_span.clone()?)?.trim_end())))
        .collect();
    let mut forms: Vec<TimeForm> = Vec::new();
    for (read, words) in &events {
        let Some(occurred) = read.draft.occurred else { continue };
        let form = TimeForm::of_words(words, occurred, read.draft.recovered, zone);
        forms.extend(form.filter(|form| !forms.contains(form)));
    }
    // Where a range stands in one event and a day alone in another, both are the team's.
    let merged = forms.iter().cloned().reduce(|mut all, form| {
        let default = TimeForm::default();
        if all.range == default.range && all.end == default.end {
            (all.range, all.end, all.end_elsewhen) = (form.range, form.end, form.end_elsewhen);
        }
        all
    });
    forms.extend(merged.filter(|form| !forms.contains(form)));
    let same = |form: &TimeForm| {
        let writes = |(read, words): &&(&EventReading, &str)| {
            render::time_words(form, &ReportEvent::of_reading(read), zone).as_deref() == Some(*words)
        };
        events.iter().filter(writes).count()
    };
    let best = forms.into_iter().rev().map(|form| (same(&form), form)).max_by_key(|(same, _)| *same);
    let mut form = best.filter(|(same, _)| *same > 0).map(|(_, form)| form).unwrap_or_default();
    // A table may have the day in a column of its own.
    let day = |(read, words): &(&EventReading, &str)| {
        let day = ClockPoint::day(read.draft.occurred?.at);
        TimeForm::of_words(words, day, None, zone).map(|form| form.day)
    };
    if let Some(day) = events.iter().find_map(day) {
        form.day = day;
    }
    form
}

/// The marks as the document writes them.
pub(super) fn marks(document: &str, reading: &ReportReading, style: &mut ReportStyle) {
    let written = |mark: Mark| {
        reading.events.iter().filter(|read| read.draft.mark == mark).find_map(|read| {
            // `**状态：已复盘**`: emphasis is no part of the mark.
            let words = document.get(read.mark_span.clone()?)?.trim_matches('*');
            let good = words.chars().count() <= WORDS_LIMIT && !words.contains(char::is_control);
            (good && marks::meaning_of_value(words) == mark).then(|| words.to_owned())
        })
    };
    let bare = |words: &str| words.trim_matches(['【', '】', '（', '）', '(', ')', '[', ']', '〔', '〕']).to_owned();
    let pending = written(Mark::Pending);
    let done = written(Mark::Done);
    // Of one mark the brackets of the other are known: `（待复盘）` makes `（已复盘）`.
    let like = |other: &Option<String>, words: &str| {
        let other = other.as_ref()?;
        let inner = bare(other);
        (!inner.is_empty() && !inner.is_ascii()).then(|| other.replace(&inner, words))
    };
    let english = [&pending, &done].into_iter().flatten().any(|words| words.is_ascii());
    if let Some(words) = pending.clone().or_else(|| like(&done, "待复盘")) {
        style.pending = words;
    } else if english {
        "[Postmortem pending]".clone_into(&mut style.pending);
    }
    if let Some(words) = done.or_else(|| like(&pending, "已复盘")) {
        style.done = words;
    } else if english {
        "[Postmortem done]".clone_into(&mut style.done);
    }
    if let Some(words) = written(Mark::NotRequired) {
        style.not_required = words;
    }
}

/// The template that writes most events of the document as they stand.
pub(super) fn template(
    document: &str,
    reading: &ReportReading,
    style: &ReportStyle,
    week: IsoWeek,
    zone: Tz,
) -> String {
    let events: Vec<(usize, &EventReading)> = (1..).zip(reading.events.iter().take(LOOKED_AT)).collect();
    let texts: Vec<String> =
        events.iter().map(|(_, read)| document.get(read.span.clone()).map(tidy).unwrap_or_default()).collect();
    let mut candidates: Vec<String> = row_of_head(document, reading).into_iter().collect();
    for (number, read) in &events {
        for time in ["time", "period", "begin"] {
            let candidate = of_event(document, read, *number, style, zone, time);
            candidates.extend(candidate.filter(|candidate| !candidates.contains(candidate)));
        }
    }
    // What only one event says must not be said of the next ones.
    candidates.retain(|candidate| tells_an_event(candidate) && is_form_of_events(candidate, &texts));
    candidates.truncate(30);
    let same = |candidate: &String| {
        let style = ReportStyle { event: candidate.clone(), ..style.clone() };
        let Ok(writer) = Writer::new(&style, week, zone) else { return 0 };
        let writes = |((number, read), stands): &(&(usize, &EventReading), &String)| {
            writer.event(&ReportEvent::of_reading(read), *number).is_ok_and(|written| written == **stands)
        };
        events.iter().zip(&texts).filter(writes).count()
    };
    let first = candidates.first().cloned();
    candidates
        .into_iter()
        .rev()
        .map(|candidate| (same(&candidate), candidate))
        .max_by_key(|(same, _)| *same)
        .filter(|(same, _)| *same > 0)
        .map(|(_, candidate)| candidate)
        // Of the same form, though each event has something of its own.
        .or(first)
        .unwrap_or_else(|| plain(texts.first().map_or("", String::as_str), style))
}

/// Where no template writes any event as it stands: the house's line, in a list where the events are one.
fn plain(first: &str, style: &ReportStyle) -> String {
    let line = "{% if time %}{{ time }} {% endif %}{{ narrative }}{{ mark }}";
    let trimmed = first.trim_start();
    let digits = trimmed.len() - trimmed.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    match trimmed.get(digits..).and_then(|rest| rest.chars().next()) {
        Some(sign @ ('.' | '、' | ')')) if digits > 0 => {
            format!("{{{{ number }}}}{sign}{}{line}", if sign == '、' { "" } else { " " })
        }
        _ if trimmed.starts_with("- ") || trimmed.starts_with("* ") => {
            format!("{} {line}", trimmed.get(..1).unwrap_or("-"))
        }
        _ if trimmed.contains('|') => format!("- {line}"),
        _ => style.event.clone(),
    }
}

/// A row by the head of the table: each column by what its name says.
fn row_of_head(document: &str, reading: &ReportReading) -> Option<String> {
    let first = reading.events.iter().find(|read| read.layout == Layout::Table)?;
    let above = document.get(..first.span.start)?;
    let head =
        above.lines().rev().filter(|line| line.contains('|')).find(|line| line.chars().any(char::is_alphanumeric))?;
    let columns: Vec<&str> = head.trim().trim_matches('|').split('|').map(str::trim).collect();
    let has = |words: &[&str]| columns.iter().any(|name| words.iter().any(|word| name.contains(word)));
    let ends_apart = has(&["结束", "恢复时间", "恢复时刻", "end", "End"]);
    let cells: Vec<&str> = columns
        .iter()
        .map(|name| match field_key(name) {
            _ if matches!(*name, "日期" | "Date" | "date") => "{{ day }}",
            _ if matches!(*name, "开始" | "开始时间" | "Start" | "start") && has(&["日期", "Date", "date"]) => {
                "{{ clock }}"
            }
            _ if matches!(*name, "结束" | "结束时间" | "End" | "end") => "{{ end_clock }}",
            Some(FieldKey::OccurredAt) if ends_apart => "{{ begin }}",
            Some(FieldKey::OccurredAt) => "{{ period }}",
            Some(FieldKey::RecoveredAt) => "{{ recovered }}",
            Some(FieldKey::Summary) => "{{ summary }}",
            Some(FieldKey::Impact) => "{{ impact }}",
            Some(FieldKey::Cause) => "{{ cause }}",
            Some(FieldKey::Recovery) => "{{ recovery }}",
            Some(FieldKey::Severity) => "{{ severity }}",
            Some(FieldKey::Mark) => "{{ mark }}",
            _ if matches!(*name, "序号" | "#" | "编号" | "No" | "No." | "no") => "{{ number }}",
            _ => "",
        })
        .collect();
    let row = document.get(first.span.clone())?.trim();
    let line = cells.join(" | ");
    Some(if row.starts_with('|') { format!("| {line} |") } else { line })
}

/// The event's text with names in place of what it says; none where its sentence stands in pieces.
fn of_event(
    document: &str,
    read: &EventReading,
    number: usize,
    style: &ReportStyle,
    zone: Tz,
    time_name: &str,
) -> Option<String> {
    let draft = &read.draft;
    let span = &read.span;
    let slot = |range: Range<usize>, text: &str| Slot { range, text: text.to_owned() };
    let mut slots = Vec::new();
    let sentence_span = &read.narrative_span;
    let sentence = tidy(document.get(sentence_span.clone())?);
    let (grade, rest) = split_grade(&draft.narrative);
    // A titled event is told in fields; its text as a whole is no sentence behind a time.
    let whole =
        read.time_span.as_ref().is_some_and(|time| sentence_span.start <= time.start && time.end <= sentence_span.end);
    let narrative = if whole {
        false
    } else if sentence == draft.narrative && !sentence.is_empty() {
        slots.push(slot(sentence_span.clone(), "{{ narrative }}"));
        true
    } else if !grade.is_empty() && sentence == rest {
        let at = document.get(span.start..sentence_span.start)?.find(grade)? + span.start;
        slots.push(slot(at..at + grade.len(), "{{ grade }}"));
        slots.push(slot(sentence_span.clone(), "{{ sentence }}"));
        true
    } else {
        false
    };
    if read.layout == Layout::Table {
        slots.extend(time_cells(document, read, style, zone));
    }
    if let Some(time) = &read.time_span {
        let words = document.get(time.clone())?;
        let range = time.start..time.start + words.trim_end().len();
        slots.push(time_slot(document, span, range, narrative, time_name));
    }
    match &read.mark_span {
        Some(mark) => {
            let before = document.get(sentence_span.end..mark.start).unwrap_or("-");
            if narrative && !before.is_empty() && before.trim().is_empty() {
                let words = format!("{{% if mark %}}{}{{{{ mark }}}}{{% endif %}}", kept(&tidy(before)));
                slots.push(slot(sentence_span.end..mark.end, &words));
            } else {
                slots.push(slot(mark.clone(), "{{ mark }}"));
            }
        }
        None if narrative => slots.push(slot(sentence_span.end..sentence_span.end, "{{ mark }}")),
        None => {}
    }
    slots.extend(number_slot(document, span, number));
    if !narrative {
        slots.extend(field_slots(document, read, style, zone));
    }
    slots.iter().any(|slot| slot.range != *span).then(|| fill(document, span, slots))
}

/// A line end right behind a tag is not written: one more keeps it.
fn kept(text: &str) -> String {
    if text.starts_with('\n') { format!("\n{text}") } else { text.to_owned() }
}

/// The time; with what leads to the sentence, so that an event without a time has neither.
fn time_slot(document: &str, span: &Range<usize>, range: Range<usize>, narrative: bool, name: &str) -> Slot {
    let behind = document.get(range.end..span.end).unwrap_or_default();
    let blanks = behind.len() - behind.trim_start().len();
    if !narrative || blanks == 0 {
        return Slot { range, text: format!("{{{{ {name} }}}}") };
    }
    let lead = tidy(behind.get(..blanks).unwrap_or_default());
    let paragraph = if lead.contains('\n') { "{% else %}- " } else { "" };
    Slot {
        range: range.start..range.end + blanks,
        text: format!("{{% if time %}}{{{{ {name} }}}}{lead}{paragraph}{{% endif %}}"),
    }
}

/// The number in front: `1.`, `（1）`, `①`, `事件一：`.
fn number_slot(document: &str, span: &Range<usize>, number: usize) -> Option<Slot> {
    let line = document.get(span.clone())?.lines().next()?;
    let lead: String = line.chars().take(12).collect();
    for (words, name) in [
        (number.to_string(), "{{ number }}"),
        (chinese(number), "{{ number_zh }}"),
        (circled(number), "{{ number_circled }}"),
    ] {
        let Some(at) = lead.find(&words) else { continue };
        let before = lead.get(..at)?;
        let after = lead.get(at + words.len()..)?.chars().next();
        let free = before.chars().all(|c| !c.is_alphanumeric()) || before.trim().ends_with("事件");
        let ends = name.contains("circled")
            || after.is_some_and(|c| matches!(c, '.' | '、' | ')' | '）' | ':' | '：' | ' ' | '|'));
        if free && ends {
            let start = span.start + at;
            return Some(Slot { range: start..start + words.len(), text: name.to_owned() });
        }
    }
    None
}

/// Cells that hold a part of the time: the day, the hour of the beginning, that of the end.
fn time_cells(document: &str, read: &EventReading, style: &ReportStyle, zone: Tz) -> Vec<Slot> {
    let (row, Some(occurred)) = (document.get(read.span.clone()).unwrap_or_default(), read.draft.occurred) else {
        return Vec::new();
    };
    let clock = |point: ClockPoint| point.at.with_timezone(&zone).format("%H:%M").to_string();
    let begin = clock(occurred);
    let end = read.draft.recovered.map(clock).unwrap_or_default();
    let day = style.time.begin_words(ClockPoint::day(occurred.at), zone);
    let mut slots = Vec::new();
    let mut start = read.span.start;
    for cell in row.split('|') {
        let words = cell.trim();
        let from = start + (cell.len() - cell.trim_start().len());
        start += cell.len() + 1;
        let name = if words.is_empty() {
            continue;
        } else if words == day {
            "day"
        } else if words == begin {
            "clock"
        } else if words == end {
            "end_clock"
        } else {
            continue;
        };
        slots.push(Slot { range: from..from + words.len(), text: format!("{{{{ {name} }}}}") });
    }
    slots
}

/// Fields that stand by themselves: cells of a table, lines with labels.
fn field_slots(document: &str, read: &EventReading, style: &ReportStyle, zone: Tz) -> Vec<Slot> {
    let draft = &read.draft;
    let of = |field: DraftField| draft.spans.iter().find(|span| span.field == field).map(|span| span.range.clone());
    let mut slots = Vec::new();
    let texts = [
        (DraftField::Summary, &draft.summary, "{{ summary }}"),
        (DraftField::Impact, &draft.impact, "{{ impact }}"),
        (DraftField::Cause, &draft.cause, "{{ cause }}"),
        (DraftField::Recovery, &draft.recovery, "{{ recovery }}"),
    ];
    for (field, value, name) in texts {
        let Some(value) = value.as_deref().filter(|value| !value.is_empty()) else { continue };
        let near = of(field).map_or(read.span.start, |range| range.start.max(read.span.start));
        let found = [near, read.span.start].into_iter().find_map(|from| {
            let at = document.get(from..read.span.end)?.find(value)?;
            Some(from + at..from + at + value.len())
        });
        slots.extend(found.map(|range| Slot { range, text: name.to_owned() }));
    }
    if let (Some(range), Some(recovered)) = (of(DraftField::RecoveredAt), draft.recovered)
        && let Some(words) = document.get(range.clone()).map(str::trim_end)
    {
        let later = render::later_words(recovered.at, draft.occurred.map(|point| point.at), zone);
        let before = document.get(read.span.start..range.start).unwrap_or_default();
        let lead = if later.starts_with("次日") && before.ends_with("次日") { "次日".len() } else { 0 };
        let range = range.start - lead..range.start + words.len();
        if words == style.time.begin_words(recovered, zone) {
            slots.push(Slot { range, text: "{{ recovered }}".to_owned() });
        } else if document.get(range.clone()) == Some(later.as_str()) {
            slots.push(Slot { range, text: "{{ end }}".to_owned() });
        }
    }
    if let (Some(range), Some(severity)) = (of(DraftField::Severity), &draft.severity)
        && let Some(words) = document.get(range.clone())
    {
        let label = level_label(severity);
        if let Some(at) = words.find(label.trim_end()) {
            let start = range.start + at;
            // `SEV2: …`: what stands behind the level here is not the blank that it has in front of a count.
            let name = if label.ends_with(' ') { "{{ level|trim }}" } else { "{{ level }}" };
            slots.push(Slot { range: start..start + label.trim_end().len(), text: name.to_owned() });
        } else if let Some(at) = words.find(severity.as_str()) {
            let start = range.start + at;
            slots.push(Slot { range: start..start + severity.len(), text: "{{ severity }}".to_owned() });
        }
    }
    slots
}
