//! `POST /api/v1/lines:parse`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    super::{gate::caller, problem::Problem},
    postmortem_text::{RecurringBody, recurring},
};
use crate::{
    domain::{event::EventFields, iso_week::IsoWeek, report::schema},
    service::{App, ServiceError, capture, recurrence},
};

/// A line to read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParseLine {
    /// The line as pasted.
    line: String,
    /// The ISO week that dates without a year lie near; without it, the latest past occurrence.
    week: Option<String>,
}

/// What a line says.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineReading {
    /// The fields that were read, in the shape of the report schema.
    #[schema(value_type = Object)]
    event: Value,
    /// The sentence, without time in front and mark behind.
    narrative: String,
    /// Where each field was read: `field`, a byte range of the line, and `origin`: `stated` in the text, or `assumed`
    /// from the words of the range, then with `assumption` (`year`, `next_day`, `duration` …). A field of several
    /// places has several spans; those of `narrative` make the sentence.
    #[schema(value_type = Vec<Object>)]
    spans: Value,
    /// What was assumed or left over: `code` and its details.
    #[schema(value_type = Vec<Object>)]
    notices: Value,
    /// Open action items of similar earlier events that the reader sees.
    recurrence: Vec<RecurringBody>,
}

/// What a line says.
pub async fn parse(
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Json<ParseLine>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week = body.week.as_deref().map(str::parse::<IsoWeek>).transpose().map_err(ServiceError::from)?;
    let draft = capture::read(&app, &caller.actor, &body.line, week)?;
    let recurrence = recurrence::of_fields(&app, &caller.actor, &EventFields::from_draft(&draft), None).await?;
    let mut value = schema::line(&draft, week, None, app.zone);
    let event = value.get_mut("events").and_then(|events| events.get_mut(0)).map(serde_json::Value::take);
    let json = |value: serde_json::Result<Value>| value.unwrap_or_default();
    Ok(HttpResponse::Ok().json(LineReading {
        event: event.unwrap_or_default(),
        spans: json(serde_json::to_value(&draft.spans)),
        notices: json(serde_json::to_value(&draft.notices)),
        narrative: draft.narrative,
        recurrence: recurrence.into_iter().map(recurring).collect(),
    }))
}
