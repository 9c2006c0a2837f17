//! Postmortems over the API: where they stand, and how they move.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{if_match, with_etag},
    event_body::{self, EventBody},
    events::{EventList, number_of},
};
use crate::{
    domain::{postmortem::PostmortemState, vocabulary},
    service::{
        App, accounts,
        postmortems::{self, PostmortemChange},
    },
};

/// A change to a postmortem; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostmortemPatch {
    /// pending, drafting, in_review, done, not_required or undecided.
    state: Option<String>,
    /// Why; needed for `not_required`, to reopen, and to send back from the review.
    reason: Option<String>,
    /// E-mail of the owner; null for nobody.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    owner: Option<Option<String>>,
    /// E-mail of the reviewer, needed for `in_review`; null for nobody.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    reviewer: Option<Option<String>>,
    /// Due date; null to count it from the severity again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<NaiveDate>)]
    due_on: Option<Option<NaiveDate>>,
}

/// Tells `null` from a field that is left out.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// Owed postmortems, the earliest due date first.
pub async fn owed(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let owed = postmortems::owed(&app, &caller.actor, None).await?;
    let data: Vec<EventBody> = owed.iter().map(|event| event_body::body(&app, event)).collect();
    Ok(HttpResponse::Ok().json(EventList { data, next_cursor: None }))
}

/// Changes the postmortem of an event. `If-Match` names the event's version where it is given.
pub async fn patch(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    body: web::Json<PostmortemPatch>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = if_match(&request)?;
    let body = body.into_inner();
    let to = match body.state.as_deref() {
        None => None,
        Some(word) => PostmortemState::from_code(vocabulary::STATE.read("state", word)?),
    };
    let owner = match body.owner {
        None => None,
        Some(None) => Some(None),
        Some(Some(email)) => Some(Some(accounts::owner_by_email(&app, &caller.actor, &email).await?.id)),
    };
    let reviewer = match body.reviewer {
        None => None,
        Some(None) => Some(None),
        Some(Some(email)) => Some(Some(accounts::reviewer_by_email(&app, &caller.actor, &email).await?.id)),
    };
    let change = PostmortemChange { to, reason: body.reason, owner, reviewer, due_on: body.due_on };
    let event = postmortems::change(&app, &caller.actor, number_of(&number)?, version, change).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), event.version, &event_body::body(&app, &event)))
}
