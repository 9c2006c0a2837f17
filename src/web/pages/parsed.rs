//! The live preview of a line: what was read, from which words, and what was only assumed.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;

use super::{
    event_postmortem::{RecurringRow, recurring_rows},
    render, rows, words,
};
use crate::{
    domain::{
        capture::{
            draft::{Assumption, DraftEvent, DraftField, Mark, Notice, Origin, Span},
            highlight,
        },
        event::EventFields,
        iso_week::IsoWeek,
        report::{event_line, render::ReportEvent},
    },
    i18n::{self, Texts, postmortem::Words},
    service::{App, capture, events, line_styles, recurrence},
    web::{gate::caller, problem::Problem},
};

/// A line.
#[derive(Debug, Deserialize)]
pub struct Line {
    line: String,
}

/// A field that was read.
struct Chip {
    name: &'static str,
    value: String,
    /// 写明 or 推断; empty for what has no words of its own.
    origin: &'static str,
    assumed: bool,
    /// The words it was read from, and what was assumed.
    title: String,
}

/// A part of the line as pasted.
struct Piece {
    text: String,
    /// Which field was read here; empty for none.
    title: String,
    assumed: bool,
}

#[derive(Template)]
#[template(path = "parsed.html")]
struct Parsed {
    t: &'static Texts,
    chips: Vec<Chip>,
    pieces: Vec<Piece>,
    line: String,
    notices: Vec<String>,
    w: &'static Words,
    recurring: Vec<RecurringRow>,
}

/// What a line says, as a piece of a page.
pub async fn preview(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<Line>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let t = words(&caller);
    let several = capture::split(&form.line);
    let first = several.first().copied().unwrap_or_default();
    let draft = capture::read(&app, &caller.actor, first, None)?;
    let mut notices: Vec<String> = draft.notices.iter().filter_map(|notice| notice_words(t, notice)).collect();
    if several.len() > 1 {
        notices.insert(0, format!("{}{}", t.several_events, several.len()));
    }
    if let Some(label) = events::alike(&app, &caller.actor, &draft).await? {
        notices.insert(0, format!("{}{label}", t.alike_event));
    }
    let chinese = t.lang == "zh-CN";
    let fields = EventFields::from_draft(&draft);
    let recurring = recurrence::of_fields(&app, &caller.actor, &fields, None).await?;
    let event = ReportEvent {
        occurred: draft.occurred,
        recovered: draft.recovered,
        narrative: draft.narrative.clone(),
        mark: draft.mark,
        ..ReportEvent::default()
    };
    let began = draft.occurred.map_or_else(|| app.now(), |point| point.at);
    let week = IsoWeek::of(began.with_timezone(&app.zone).date_naive());
    let style = line_styles::of_week(&app, &caller.actor, week).await?;
    let page = Parsed {
        t,
        chips: chips(&app, t, first, &draft),
        pieces: pieces(t, first, &draft),
        line: event_line(&style, &event, app.zone),
        notices,
        w: i18n::postmortem::words(chinese),
        recurring: recurring_rows(recurring, chinese),
    };
    render(StatusCode::OK, &page)
}

fn chips(app: &App, t: &'static Texts, line: &str, draft: &DraftEvent) -> Vec<Chip> {
    let mut chips = Vec::new();
    let mut add = |field: DraftField, value: Option<String>| {
        let Some(value) = value else { return };
        let origin = draft.origin_of(field);
        let assumed = origin == Some(Origin::Assumed);
        let why = draft.spans_of(field).find_map(|span| span.assumption).map(|why| assumption_words(t, why));
        let words = rows::visible(&draft.words_of(field, line));
        let title = match why {
            Some(why) => format!("{}: {words} — {why}", t.read_from),
            None => format!("{}: {words}", t.read_from),
        };
        let origin = match origin {
            Some(Origin::Assumed) => t.assumed,
            Some(Origin::Stated) => t.stated,
            None => "",
        };
        chips.push(Chip { name: field_name(t, field), value, origin, assumed, title });
    };
    let time = |point| rows::time(app, point);
    add(DraftField::OccurredAt, draft.occurred.map(time));
    add(DraftField::DetectedAt, draft.detected.map(time));
    add(DraftField::AcknowledgedAt, draft.acknowledged.map(time));
    add(DraftField::LocatedAt, draft.located.map(time));
    add(DraftField::MitigatedAt, draft.mitigated.map(time));
    let lasted = |to| draft.occurred.and_then(|from| rows::lasted(t, from, to)).map(|words| format!("（{words}）"));
    add(DraftField::RecoveredAt, draft.recovered.map(|to| time(to) + &lasted(to).unwrap_or_default()));
    add(DraftField::Severity, draft.severity.as_deref().map(|label| rows::grade(t, Some(label))));
    add(DraftField::Summary, draft.summary.clone());
    add(DraftField::Impact, draft.impact.clone());
    for impact in &draft.impacts {
        add(impact.kind.field(), Some(rows::magnitude(t, impact)));
    }
    add(DraftField::Cause, draft.cause.clone());
    add(DraftField::Recovery, draft.recovery.clone());
    let mark = match draft.mark {
        Mark::Unknown => None,
        Mark::Pending => Some(t.pending),
        Mark::Done => Some(t.done),
        Mark::NotRequired => Some(t.not_required),
    };
    add(DraftField::Mark, mark.map(ToOwned::to_owned));
    chips
}

fn pieces(t: &'static Texts, line: &str, draft: &DraftEvent) -> Vec<Piece> {
    let title = |span: &Span| match span.assumption {
        Some(why) => format!("{}: {} — {}", field_name(t, span.field), t.assumed, assumption_words(t, why)),
        None => format!("{}: {}", field_name(t, span.field), t.stated),
    };
    highlight::parts(line, draft)
        .into_iter()
        .map(|part| Piece {
            text: rows::visible(part.text),
            title: part.span.map(title).unwrap_or_default(),
            assumed: part.span.is_some_and(|span| span.origin == Origin::Assumed),
        })
        .collect()
}

fn field_name(t: &Texts, field: DraftField) -> &'static str {
    match field {
        DraftField::OccurredAt => t.time,
        DraftField::DetectedAt => t.detected,
        DraftField::AcknowledgedAt => t.acknowledged,
        DraftField::LocatedAt => t.located,
        DraftField::MitigatedAt => t.mitigated,
        DraftField::RecoveredAt => t.recovery_time,
        DraftField::Summary => t.summary,
        DraftField::Impact => t.impact,
        DraftField::AffectedCount => t.affected_count,
        DraftField::AffectedUsers => t.affected_people,
        DraftField::AffectedAmount => t.affected_amount,
        DraftField::Cause => t.cause,
        DraftField::Recovery => t.recovery,
        DraftField::Severity => t.severity,
        DraftField::Mark => t.postmortem,
        DraftField::Narrative => t.in_report,
    }
}

fn assumption_words(t: &Texts, assumption: Assumption) -> &'static str {
    match assumption {
        Assumption::Year => t.by_year,
        Assumption::RelativeDay => t.by_day,
        Assumption::HeadingDate => t.by_heading,
        Assumption::WritingDate => t.by_pasting,
        Assumption::LatestTime => t.by_latest,
        Assumption::NextDay => t.by_next_day,
        Assumption::HalfOfDay => t.by_half_day,
        Assumption::Duration => t.by_duration,
        Assumption::PartlyWell => t.by_partly,
        Assumption::FirstAction => t.by_action,
        Assumption::LastAction => t.by_last_action,
        Assumption::OtherField => t.by_other_field,
        Assumption::LowerNumber => t.by_lower,
    }
}

fn notice_words(t: &Texts, notice: &Notice) -> Option<String> {
    Some(match notice {
        Notice::YearAssumed { year } => format!("{}{year}", t.assumed_year),
        Notice::DateUnreadable { text } => format!("{}{text}", t.no_date),
        Notice::TimeMissing => t.no_time.to_owned(),
        Notice::SecondDate { text } => format!("{}{text}", t.second_date),
        Notice::RecoveryNextDay => t.next_day.to_owned(),
        Notice::RecoveryBefore { text } => format!("{}{text}", t.recovery_before),
        Notice::ControlCharacters { .. } => t.control.to_owned(),
        Notice::TooLong { .. } => t.too_long.to_owned(),
        Notice::LeftOver { text } => format!("{}{text}", t.left_over),
        Notice::NotAnEvent => return None,
    })
}
