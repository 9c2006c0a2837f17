//! Action items over the API.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{self, idempotency_key, needed_version, with_etag},
    events::number_of,
    postmortems::given,
};
use crate::{
    domain::{
        action_item::{self, ActionItem, ActionState, Priority},
        actor::Actor,
        checked::FieldError,
        iso_week::IsoWeek,
        vocabulary,
    },
    service::{
        App, ServiceError,
        action_items::{self, ActionCursor, ActionFilter, ActionPatch, Listed, Move, Person},
        events::{self, Created, Once},
        idempotency::KeptAnswer,
        secrets,
    },
};

/// An action item.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActionItemBody {
    /// 7 of AI-7.
    number: i64,
    /// AI-7.
    label: String,
    /// Optimistic lock, the ETag.
    version: i64,
    /// PE-22, the event it comes from.
    event: String,
    /// What is to be done.
    title: String,
    /// Markdown.
    detail: Option<String>,
    /// high, medium or low.
    priority: &'static str,
    /// Account of the owner.
    owner_id: Option<Uuid>,
    /// Name of the owner.
    owner: Option<String>,
    /// Team.
    team_id: Option<Uuid>,
    /// Name of the team.
    team: Option<String>,
    /// Due date in the report zone.
    due_on: Option<NaiveDate>,
    /// A person chose the due date; else it follows the policy.
    due_fixed: bool,
    /// Open, and due before today.
    overdue: bool,
    /// The ticket in another tool.
    ticket_url: Option<String>,
    /// open, in_progress, in_verification, done or wont_do.
    state: &'static str,
    /// The states that may come next.
    next_states: Vec<&'static str>,
    /// What shows that it is done, Markdown.
    evidence: Option<String>,
    /// Account of who verified it.
    verifier_id: Option<Uuid>,
    /// Name of who verified it.
    verifier: Option<String>,
    /// When it was verified.
    verified_at: Option<DateTime<FixedOffset>>,
    /// Why it was left undone, sent back or reopened.
    reason: Option<String>,
    /// When it was written down.
    created_at: Option<DateTime<FixedOffset>>,
    /// When it changed.
    updated_at: Option<DateTime<FixedOffset>>,
}

/// A page of action items.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActionItemList {
    /// The items, the earliest due date first; of an event in order of their numbers.
    data: Vec<ActionItemBody>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// An action item to write down or to change; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionItemChange {
    /// What is to be done, up to 500 characters; needed when new.
    title: Option<String>,
    /// Markdown, up to 20,000 characters; null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    detail: Option<Option<String>>,
    /// high, medium (the default) or low.
    priority: Option<String>,
    /// E-mail, id or name of the owner, who must be able to write action items; null for nobody.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    owner: Option<Option<String>>,
    /// Name or id of the team; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    team: Option<Option<String>>,
    /// Due date, from today (and the day of the event) to two years ahead; null to follow the policy again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<NaiveDate>)]
    due_on: Option<Option<NaiveDate>>,
    /// An address with http or https; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    ticket_url: Option<Option<String>>,
}

/// A step of an action item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionItemMove {
    /// in_progress, in_verification, done, wont_do or open.
    to: String,
    /// Needed to leave it undone, to send it back from verification, and to reopen it.
    reason: Option<String>,
    /// What shows that it is done, Markdown; needed for in_verification.
    evidence: Option<String>,
    /// E-mail, id or name of who verified it; by default the caller. Not its owner.
    verifier: Option<String>,
}

/// Filters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ActionQuery {
    /// States with commas between; `todo` (the default) for all that are not closed, `all` for all.
    pub state: Option<String>,
    /// E-mail, name or id of the owner; `me`; `-` for nobody.
    pub owner: Option<String>,
    /// Name or id of the team; `-` for none.
    pub team: Option<String>,
    /// Due before today and not closed.
    pub overdue: Option<bool>,
    /// Due in this ISO week.
    pub due_week: Option<String>,
    /// Where the page begins, from `next_cursor`.
    pub cursor: Option<String>,
    /// Items on a page, 1 to 200; by default 50.
    pub limit: Option<u64>,
}

impl ActionQuery {
    /// The filter that the query means.
    pub async fn filter(&self, app: &App, actor: &Actor) -> Result<ActionFilter, ServiceError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let mut filter = ActionFilter::default();
        for code in given(&self.state).unwrap_or_else(|| "todo".to_owned()).split(',') {
            match code {
                "all" | "全部" => filter.states.extend(action_item::ACTION_STATES),
                "todo" | "未关闭" => filter.states.extend(action_items::open_states()),
                code => filter.states.push(state_of("state", code)?),
            }
        }
        filter.owner = match given(&self.owner).as_deref() {
            None => None,
            Some("-") => Some(None),
            Some(word) => Some(Some(action_items::owner_id(app, actor, word).await?)),
        };
        filter.team = match given(&self.team).as_deref() {
            None => None,
            Some("-") => Some(None),
            Some(word) => Some(Some(action_items::team_id(app, actor, word).await?)),
        };
        if self.overdue == Some(true) {
            let overdue = action_items::overdue(app);
            filter.due_before = overdue.due_before;
            filter.states.retain(|state| overdue.states.contains(state));
            if filter.states.is_empty() {
                filter.states = overdue.states;
            }
        }
        if let Some(week) = given(&self.due_week) {
            let week: IsoWeek = week.parse()?;
            filter.due_from = Some(week.monday());
            let end = week.next().monday();
            filter.due_before = Some(filter.due_before.map_or(end, |day| day.min(end)));
        }
        Ok(filter)
    }

    /// The cursor, checked.
    pub fn after(&self) -> Result<Option<ActionCursor>, FieldError> {
        let Some(text) = self.cursor.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let wrong = || FieldError::shape("cursor", "take it from next_cursor as it is");
        let (due, number) = text.split_once('.').ok_or_else(wrong)?;
        let due_on = if due == "-" { None } else { Some(due.parse().map_err(|_| wrong())?) };
        Ok(Some(ActionCursor { due_on, number: number.parse().map_err(|_| wrong())? }))
    }
}

/// A cursor as text.
pub fn cursor_text(cursor: ActionCursor) -> String {
    let due = cursor.due_on.map_or_else(|| "-".to_owned(), |due| due.to_string());
    format!("{due}.{}", cursor.number)
}

/// The state of a code.
pub fn state_of(field: &'static str, code: &str) -> Result<ActionState, FieldError> {
    let state = vocabulary::ACTION_STATE.code_of(code).and_then(ActionState::from_code);
    state.ok_or_else(|| FieldError::shape(field, vocabulary::ACTION_STATE.remedy()))
}

/// The priority of a code.
pub fn priority_of(code: &str) -> Result<Priority, FieldError> {
    let priority = vocabulary::PRIORITY.code_of(code).and_then(Priority::from_code);
    priority.ok_or_else(|| FieldError::shape("priority", vocabulary::PRIORITY.remedy()))
}

/// How a word names a person: an id, an e-mail, or a name.
pub fn person(word: String) -> Person {
    word.parse().map_or(Person::Named(word), Person::Id)
}

/// An item as JSON.
pub fn body(app: &App, listed: &Listed) -> ActionItemBody {
    let local =
        |millis: i64| DateTime::from_timestamp_millis(millis).map(|at| at.with_timezone(&app.zone).fixed_offset());
    let item = &listed.item;
    let fields = &item.fields;
    ActionItemBody {
        number: item.number,
        label: item.label(),
        version: item.version,
        event: listed.event.label(),
        title: fields.title.clone(),
        detail: fields.detail.clone(),
        priority: fields.priority.code(),
        owner_id: fields.owner_id,
        owner: listed.owner.clone(),
        team_id: fields.team_id,
        team: listed.team.clone(),
        due_on: fields.due_on,
        due_fixed: fields.due_fixed,
        overdue: item.is_overdue(app.today()),
        ticket_url: fields.ticket_url.clone(),
        state: item.state.code(),
        next_states: item.state.next().map(ActionState::code).collect(),
        evidence: item.evidence.clone(),
        verifier_id: item.verifier_id,
        verifier: listed.verifier.clone(),
        verified_at: item.verified_at.and_then(local),
        reason: item.reason.clone(),
        created_at: local(item.created_at),
        updated_at: local(item.updated_at),
    }
}

/// A page of items as JSON.
pub fn list_body(app: &App, items: &[Listed], next: Option<ActionCursor>) -> ActionItemList {
    ActionItemList { data: items.iter().map(|item| body(app, item)).collect(), next_cursor: next.map(cursor_text) }
}

impl ActionItemChange {
    fn patch(self) -> Result<ActionPatch, FieldError> {
        Ok(ActionPatch {
            title: self.title,
            detail: self.detail,
            priority: self.priority.as_deref().map(priority_of).transpose()?,
            owner: self.owner.map(|owner| owner.map(person)),
            team: self.team,
            due_on: self.due_on,
            ticket_url: self.ticket_url,
        })
    }
}

/// A page of items.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<ActionQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let filter = query.filter(&app, &caller.actor).await?;
    let limit = query.limit.unwrap_or(50);
    let page = action_items::list(&app, &caller.actor, &filter, query.after()?, limit).await?;
    let mut answer = HttpResponse::Ok();
    if let Some(next) = page.next.map(cursor_text) {
        let others: Vec<&str> =
            request.query_string().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor=")).collect();
        let glue = if others.is_empty() { "" } else { "&" };
        let link = format!("</api/v1/action-items?{}{glue}cursor={next}>; rel=\"next\"", others.join("&"));
        answer.insert_header(("Link", link));
    }
    Ok(answer.json(list_body(&app, &page.items, page.next)))
}

/// The items of an event.
pub async fn of_event(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let items = action_items::of_event(&app, &caller.actor, number_of(&number)?).await?;
    Ok(HttpResponse::Ok().json(list_body(&app, &items, None)))
}

/// Writes down an item of an event.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    bytes: web::Bytes,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let change: ActionItemChange = serde_json::from_slice(&bytes).map_err(|error| {
        let words = format!("the body is not the expected JSON: {error}");
        Problem::new(actix_web::http::StatusCode::BAD_REQUEST, "malformed", words)
    })?;
    let event = events::get(&app, &caller.actor, number).await?;
    let names = action_items::names(&app, &caller.actor).await?;
    let answering = app.get_ref().clone();
    let answer = move |item: &ActionItem| kept(&answering, &names.listed(item.clone(), event.clone()));
    let answer = Arc::new(answer);
    let keeping = Arc::clone(&answer);
    let once = idempotency_key(&request)?.map(|key| Once {
        key,
        request_hash: secrets::hash_bytes(&[format!("POST action-items {number}\n").as_bytes(), &bytes].concat()),
        answer: keeping,
    });
    let created = action_items::create(&app, &caller.actor, number, change.patch()?, once).await?;
    Ok(match created {
        Created::New(item) => conditions::kept_answer(&answer(&item), false),
        Created::Before(kept) => conditions::kept_answer(&kept, true),
    })
}

fn kept(app: &App, listed: &Listed) -> KeptAnswer {
    KeptAnswer {
        request_hash: String::new(),
        status: 201,
        body: serde_json::to_string(&body(app, listed)).unwrap_or_default(),
        etag: Some(format!("\"{}\"", listed.item.version)),
        location: Some(format!("/api/v1/action-items/{}", listed.item.number)),
    }
}

/// One item.
pub async fn read(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let listed = action_items::get(&app, &caller.actor, item_number(&number)?).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), listed.item.version, &body(&app, &listed)))
}

/// Changes an item.
pub async fn patch(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    change: web::Json<ActionItemChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (version, number) = (needed_version(&request)?, item_number(&number)?);
    action_items::update(&app, &caller.actor, number, version, change.into_inner().patch()?).await?;
    let listed = action_items::get(&app, &caller.actor, number).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), listed.item.version, &body(&app, &listed)))
}

/// Moves an item on that is still in the version of `If-Match`.
pub async fn move_to(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    step: web::Json<ActionItemMove>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (version, number) = (needed_version(&request)?, item_number(&number)?);
    let step = step.into_inner();
    let asked = Move {
        to: state_of("to", &step.to)?,
        reason: step.reason,
        evidence: step.evidence,
        verifier: step.verifier.map(person),
    };
    action_items::move_to(&app, &caller.actor, number, Some(version), asked).await?;
    let listed = action_items::get(&app, &caller.actor, number).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), listed.item.version, &body(&app, &listed)))
}

/// Deletes an item.
pub async fn delete(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    action_items::delete(&app, &caller.actor, item_number(&number)?, version).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `7` or `AI-7`.
pub fn item_number(text: &str) -> Result<i64, Problem> {
    action_item::number_of(text).ok_or_else(|| ServiceError::NotFound(format!("action item {text}")).into())
}
