//! `POST /api/v1/lines:parse`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::super::{gate::caller, problem::Problem};
use crate::{
    domain::{iso_week::IsoWeek, report::schema},
    service::{App, ServiceError, capture},
};

/// A line to read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParseLine {
    line: String,
    week: Option<String>,
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
    let mut value = schema::line(&draft, week, None, app.zone);
    let event = value.get_mut("events").and_then(|events| events.get_mut(0)).map(serde_json::Value::take);
    let answer = serde_json::json!({
        "event": event,
        "narrative": draft.narrative,
        "spans": draft.spans,
        "notices": draft.notices,
    });
    Ok(HttpResponse::Ok().json(answer))
}
