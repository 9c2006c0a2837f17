//! The review of a postmortem on an event's page: when, where, who; setting, moving and cancelling it.

use actix_web::{HttpRequest, HttpResponse, web};
use uuid::Uuid;

use super::{event::local_time, redirect};
use crate::{
    domain::checked::FieldError,
    i18n::mail::{self as words, MailTexts},
    service::{
        App, ServiceError,
        review_meetings::{self, MeetingPatch},
    },
    web::{
        api::number_of,
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// The panel.
pub(super) struct ReviewPanel {
    pub w: &'static MailTexts,
    /// 0 where there is none yet.
    pub version: i64,
    pub scheduled: bool,
    pub cancelled: bool,
    /// In words; empty where there is none.
    pub when: String,
    /// For the form.
    pub starts_at: String,
    pub minutes: i32,
    pub place: String,
    /// Names.
    pub people: String,
    /// Id, name, whether invited.
    pub choices: Vec<(Uuid, String, bool)>,
}

/// The panel of an event; `people` are those who may be invited, `owner` and `reviewer` are so by default.
pub(super) async fn panel(
    app: &App,
    caller: &Caller,
    lang: &str,
    number: i64,
    people: &[(Uuid, String)],
    by_default: &[Uuid],
) -> Result<ReviewPanel, Problem> {
    let found = review_meetings::get(app, &caller.actor, number).await?;
    let meeting = found.as_ref().map(|view| &view.meeting);
    let invited = |id: &Uuid| match meeting {
        Some(meeting) => meeting.fields.attendees.contains(id),
        None => by_default.contains(id),
    };
    let local = meeting.map(|meeting| meeting.fields.starts_at.with_timezone(&app.zone));
    let names = found.as_ref().map(|view| view.attendees.iter().map(|one| one.name.as_str()).collect::<Vec<_>>());
    Ok(ReviewPanel {
        w: words::texts(lang),
        version: meeting.map_or(0, |meeting| meeting.version),
        scheduled: meeting.is_some_and(|meeting| !meeting.cancelled),
        cancelled: meeting.is_some_and(|meeting| meeting.cancelled),
        when: local.map(|local| local.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default(),
        starts_at: local.map(|local| local.format("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default(),
        minutes: meeting.map_or(60, |meeting| meeting.fields.minutes),
        place: meeting.and_then(|meeting| meeting.fields.place.clone()).unwrap_or_default(),
        people: names.unwrap_or_default().join(if lang == "en" { ", " } else { "、" }),
        choices: people.iter().map(|(id, name)| (*id, name.clone(), invited(id))).collect(),
    })
}

/// Sets or changes the review. People come several times under one name, which a form as a structure cannot hold.
pub async fn save(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim());
    let shape = |name: &'static str| move || FieldError::shape(name, "give 5 to 480 minutes");
    let mut attendees = Vec::new();
    for (_, id) in form.iter().filter(|(key, _)| key == "attendee") {
        attendees.push(id.parse().map_err(|_| FieldError::shape("attendees", "name at least one person"))?);
    }
    let patch = MeetingPatch {
        starts_at: local_time(&app, "starts_at", field("starts_at"))?,
        minutes: Some(field("minutes").parse().map_err(|_| shape("minutes")())?),
        place: Some(Some(field("place").to_owned())),
        attendees: Some(attendees),
    };
    let version = field("version").parse().unwrap_or_default();
    review_meetings::schedule(&app, &caller.actor, number, Some(version), patch).await?;
    Ok(redirect(&format!("/e/{number}#review")))
}

/// Cancels the review.
pub async fn cancel(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let version = form.iter().find(|(key, _)| key == "version").and_then(|(_, value)| value.parse().ok());
    review_meetings::cancel(&app, &caller.actor, number, version).await?;
    Ok(redirect(&format!("/e/{number}#review")))
}

/// The calendar file.
pub async fn calendar(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let ics = review_meetings::calendar(&app, &caller.actor, number_of(&number)?).await?;
    let ics = ics.ok_or_else(|| ServiceError::NotFound("review of this event".to_owned()))?;
    Ok(HttpResponse::Ok()
        .content_type("text/calendar; charset=utf-8")
        .insert_header(("content-disposition", "attachment; filename=\"review.ics\""))
        .body(ics))
}
