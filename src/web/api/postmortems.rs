//! Postmortems over the API: where they stand, and how they move.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{needed_version, with_etag},
    event_body,
    events::{EventList, ListedEventBody, number_of},
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
    /// E-mail, id or name of the owner, who must be able to write postmortems; null for nobody.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    owner: Option<Option<String>>,
    /// E-mail, id or name of the reviewer, needed for `in_review`; null for nobody.
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
    let listed = |event| ListedEventBody { event: event_body::body(&app, event), snippet: None };
    let data = owed.iter().map(listed).collect();
    Ok(HttpResponse::Ok().json(EventList { data, next_cursor: None }))
}

/// Changes the postmortem of an event. `If-Match` names the event's version, or the tag of its postmortem.
pub async fn patch(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    body: web::Json<PostmortemPatch>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let body = body.into_inner();
    let to = match body.state.as_deref() {
        None => None,
        Some(word) => PostmortemState::from_code(vocabulary::STATE.read("state", word)?),
    };
    let person = async |field, named: Option<Option<String>>| match named {
        None => Ok::<_, Problem>(None),
        Some(None) => Ok(Some(None)),
        Some(Some(word)) => Ok(Some(Some(accounts::named(&app, &caller.actor, field, &word).await?.id))),
    };
    let (owner, reviewer) = (person("owner", body.owner).await?, person("reviewer", body.reviewer).await?);
    let change = PostmortemChange { to, reason: body.reason, owner, reviewer, due_on: body.due_on, seen: None };
    let event = postmortems::change(&app, &caller.actor, number_of(&number)?, Some(version), change).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), event.version, &event_body::body(&app, &event)))
}
