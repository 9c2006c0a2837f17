//! The review of a postmortem over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{if_match, with_etag},
    number_of,
};
use crate::service::{
    App, ServiceError,
    review_meetings::{self, MeetingPatch, MeetingView},
};

/// A person who is invited.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitedBody {
    id: Uuid,
    name: String,
    email: String,
}

/// The review of a postmortem.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewMeetingBody {
    /// Optimistic lock, the ETag.
    version: i64,
    /// scheduled or cancelled.
    state: &'static str,
    /// When it begins, in the report zone.
    starts_at: DateTime<FixedOffset>,
    /// How long.
    minutes: i32,
    /// A room or a link.
    place: Option<String>,
    /// Who is invited, by name.
    attendees: Vec<InvitedBody>,
    /// Whom answers to the invitations go to.
    organizer: String,
    /// SEQUENCE of the invitations: rises with each change.
    sequence: i32,
}

/// What is said of a review; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewMeetingChange {
    /// With a zone, `2024-08-29T14:00:00+08:00`; needed for a new one.
    starts_at: Option<DateTime<Utc>>,
    /// 5 to 480, by default 60.
    minutes: Option<i32>,
    /// A room or a link, up to 200 characters; null is none.
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>)]
    place: Option<Option<String>>,
    /// Accounts, 1 to 50; by default owner and reviewer.
    attendees: Option<Vec<Uuid>>,
}

fn told<'de, D: Deserializer<'de>, T: Deserialize<'de>>(source: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(source).map(Some)
}

/// A review as JSON.
pub fn body(app: &App, view: &MeetingView) -> ReviewMeetingBody {
    let meeting = &view.meeting;
    ReviewMeetingBody {
        version: meeting.version,
        state: if meeting.cancelled { "cancelled" } else { "scheduled" },
        starts_at: meeting.fields.starts_at.with_timezone(&app.zone).fixed_offset(),
        minutes: meeting.fields.minutes,
        place: meeting.fields.place.clone(),
        attendees: view
            .attendees
            .iter()
            .map(|one| InvitedBody { id: one.id, name: one.name.clone(), email: one.email.clone() })
            .collect(),
        organizer: meeting.organizer.address.clone(),
        sequence: meeting.sequence,
    }
}

/// The review of an event.
pub async fn read(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let found = review_meetings::get(&app, &caller.actor, number_of(&number)?).await?;
    let view = found.ok_or_else(|| ServiceError::NotFound("review of this event".to_owned()))?;
    Ok(with_etag(&request, HttpResponse::Ok(), view.meeting.version, &body(&app, &view)))
}

/// Sets or changes the time of a review and invites. Sent twice, the second changes nothing and invites nobody again.
pub async fn put(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    change: web::Json<ReviewMeetingChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = if_match(&request)?;
    let ReviewMeetingChange { starts_at, minutes, place, attendees } = change.into_inner();
    let patch = MeetingPatch { starts_at, minutes, place, attendees };
    let view = review_meetings::schedule(&app, &caller.actor, number_of(&number)?, version, patch).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), view.meeting.version, &body(&app, &view)))
}

/// Cancels a review and tells everyone invited.
pub async fn delete(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = super::conditions::needed_version(&request)?;
    review_meetings::cancel(&app, &caller.actor, number_of(&number)?, Some(version)).await?;
    Ok(HttpResponse::NoContent().finish())
}
