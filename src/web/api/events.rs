//! Events over the API.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{self, idempotency_key, needed_version, with_etag},
    event_body::{self, EventBody, body, patch_of, unknown, week_of, with_people},
    postmortem_text::{RecurringBody, recurring},
};
use crate::{
    domain::{
        actor::Actor,
        checked::{self, FieldError},
        event::{self, EventFields, ProductionEvent, Source},
        highlight::MarkedPart,
        iso_week::IsoWeek,
        postmortem::PostmortemState,
        query, vocabulary,
    },
    service::{
        App, ServiceError, capture,
        events::{self, Created, NewEvent, Once},
        idempotency::KeptAnswer,
        recurrence, saved_views,
        search::{self, EventCursor, EventOrder, Listing},
        secrets,
    },
};

/// An event of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedEventBody {
    /// The event.
    #[serde(flatten)]
    pub event: EventBody,
    /// Where the words of the query stand: an excerpt in parts, which put together are its text; null without words.
    pub snippet: Option<Vec<SnippetPart>>,
}

/// A part of an excerpt.
#[derive(Debug, Serialize, ToSchema)]
pub struct SnippetPart {
    /// The characters, as they are: plain text, no HTML.
    text: String,
    /// Whether it is one of the words that were looked for.
    marked: bool,
}

/// An excerpt as JSON; none where nothing is marked.
pub fn snippet(parts: &[MarkedPart]) -> Option<Vec<SnippetPart>> {
    let part = |part: &MarkedPart| SnippetPart { text: part.text.clone(), marked: part.marked };
    parts.iter().any(|part| part.marked).then(|| parts.iter().map(part).collect())
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventList {
    /// The events, the latest beginning first.
    pub data: Vec<ListedEventBody>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// Filters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Words and filters (docs/search.md): `提现 -风控 severity:C|未定级 state:owed from:2024-08-01`.
    pub q: Option<String>,
    /// Severity label, `-` for ungraded.
    pub severity: Option<String>,
    /// Postmortem state; `owed` for all that are owed; commas between several.
    pub state: Option<String>,
    /// ISO week of the report.
    pub week: Option<String>,
    /// First day of the beginning.
    pub from: Option<NaiveDate>,
    /// Last day of the beginning.
    pub to: Option<NaiveDate>,
    /// Only events without recovery.
    pub ongoing: Option<bool>,
    /// relevance (with words, the default), newest or oldest.
    pub order: Option<String>,
    /// A saved view, whose query and order come before these.
    pub view: Option<Uuid>,
    /// Where the page begins, from `next_cursor`.
    pub cursor: Option<String>,
    /// Events on a page, 1 to 200.
    pub limit: Option<u64>,
}

impl ListQuery {
    /// The query with all filters in the one grammar.
    pub fn text(&self) -> Result<String, Problem> {
        let mut parts: Vec<String> = self.q.iter().map(|q| q.trim().to_owned()).filter(|q| !q.is_empty()).collect();
        let mut add = |key: &str, value: Option<String>| {
            parts.extend(value.filter(|value| !value.is_empty()).map(|value| format!("{key}:{value}")));
        };
        if let Some(label) = self.severity.as_deref().filter(|label| !label.is_empty() && *label != "-") {
            checked::severity("severity", label)?;
        }
        let label = |label: &str| if label == "-" { "-".to_owned() } else { query::quoted(label.trim()) };
        add("severity", self.severity.as_deref().filter(|label| !label.is_empty()).map(label));
        let codes: Vec<&str> =
            self.state.iter().flat_map(|list| list.split([',', '，'])).filter(|code| !code.is_empty()).collect();
        if codes.iter().any(|code| query::states_of(code).is_empty()) {
            return Err(FieldError::shape("state", vocabulary::STATE.remedy()).into());
        }
        let codes: Vec<String> = codes.into_iter().map(query::quoted).collect();
        add("state", Some(codes.join(",")));
        if let Some(week) = self.week.as_deref().filter(|week| !week.is_empty()) {
            let week: IsoWeek = week.parse().map_err(ServiceError::from)?;
            add("week", Some(week.to_string()));
        }
        for (field, key, day) in [("from", "from", self.from), ("to", "to", self.to)] {
            if let Some(day) = day {
                add(key, Some(checked::date(field, day)?.to_string()));
            }
        }
        if self.ongoing == Some(true) {
            add("ongoing", Some("yes".to_owned()));
        }
        Ok(parts.join(" "))
    }

    /// What is asked for.
    pub async fn listing(&self, app: &App, actor: &Actor, limit: u64) -> Result<(String, Listing), Problem> {
        let mut text = self.text()?;
        let mut order = self.order.clone().filter(|order| !order.is_empty());
        if let Some(id) = self.view {
            let view = saved_views::get(app, actor, id).await?;
            format!("{} {text}", view.query).trim().clone_into(&mut text);
            order.get_or_insert(view.sort);
        }
        let order = order.map_or(Ok(EventOrder::Relevance), |code| {
            EventOrder::from_code(&code).ok_or_else(|| FieldError::shape("order", vocabulary::ORDER.remedy()))
        })?;
        let query = search::parse(app, &text)?;
        let listing = Listing { query, order, after: self.cursor()?, limit: self.limit.unwrap_or(limit) };
        Ok((text, listing))
    }

    /// The cursor, checked.
    pub fn cursor(&self) -> Result<Option<EventCursor>, Problem> {
        let Some(text) = self.cursor.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let wrong = || FieldError::shape("cursor", "take it from next_cursor as it is");
        let (group, order_key) = text.split_once('.').ok_or_else(wrong)?;
        let group = group.parse().map_err(|_| wrong())?;
        let order_key: i64 = order_key.parse().map_err(|_| wrong())?;
        if group > 1 || order_key < 0 {
            return Err(wrong().into());
        }
        Ok(Some(EventCursor { group, order_key }))
    }
}

/// A cursor as text.
pub fn cursor_text(cursor: EventCursor) -> String {
    format!("{}.{}", cursor.group, cursor.order_key)
}

/// A page of events.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (_, listing) = query.listing(&app, &caller.actor, 50).await?;
    let page = search::events(&app, &caller.actor, &listing).await?;
    let next_cursor = page.next.map(cursor_text);
    let mut answer = HttpResponse::Ok();
    if let Some(next) = &next_cursor {
        let others: Vec<&str> = request.query_string().split('&').filter(|pair| !pair.starts_with("cursor=")).collect();
        let query = others.join("&");
        let glue = if query.is_empty() { "" } else { "&" };
        answer.insert_header(("Link", format!("</api/v1/events?{query}{glue}cursor={next}>; rel=\"next\"")));
    }
    let listed = |found: &search::FoundEvent| ListedEventBody {
        event: body(&app, &found.event),
        snippet: snippet(&found.snippet),
    };
    let data = page.events.iter().map(listed).collect();
    Ok(answer.json(EventList { data, next_cursor }))
}

/// One event.
pub async fn read(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let event = events::get(&app, &caller.actor, number_of(&number)?).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), event.version, &body(&app, &event)))
}

/// An event that was just logged.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventCreated {
    /// The event.
    #[serde(flatten)]
    event: EventBody,
    /// Open action items of similar earlier events that the writer sees.
    recurrence: Vec<RecurringBody>,
}

/// Creates an event from `{"line": …}` or from fields.
pub async fn create(request: HttpRequest, app: web::Data<App>, bytes: web::Bytes) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let key = idempotency_key(&request)?;
    let request_hash = secrets::hash_bytes(&[b"POST /api/v1/events\n", bytes.as_ref()].concat());
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "malformed", format!("the body is not JSON: {error}"))
    })?;
    let Value::Object(map) = value else {
        return Err(FieldError::shape("body", "send an object with line, or with fields").into());
    };
    let week = week_of(&map)?;
    let (created, answer) = if let Some(line) = map.get("line") {
        let line = line.as_str().ok_or_else(|| FieldError::shape("line", "send the line as a string"))?;
        if let Some(other) = map.keys().find(|key| !matches!(key.as_str(), "line" | "week")) {
            return Err(unknown(other));
        }
        if capture::split(line).len() > 1 {
            return Err(FieldError::shape("line", "send one event at a time").into());
        }
        let draft = capture::read(&app, &caller.actor, line, week)?;
        let answer = answering(&app, &caller.actor, &EventFields::from_draft(&draft)).await?;
        let once = key.map(|key| Once { key, request_hash, answer: Arc::clone(&answer) });
        (events::create_line_once(&app, &caller.actor, line, week, once).await?, answer)
    } else {
        let mut fields = EventFields::default();
        let map = with_people(&app, &caller.actor, map).await?;
        let mut patch = patch_of(&map, &["postmortem"])?;
        let severity_reason = patch.severity_reason.take();
        patch.write_over(&mut fields);
        let state = match map.get("postmortem").filter(|value| !value.is_null()) {
            None => PostmortemState::Undecided,
            Some(value) => value
                .as_str()
                .and_then(|word| vocabulary::STATE.code_of(word))
                .and_then(PostmortemState::from_code)
                .ok_or_else(|| FieldError::shape("postmortem", vocabulary::STATE.remedy()))?,
        };
        let new = NewEvent { fields, state, week, raw: None, source: Source::Api };
        let answer = answering(&app, &caller.actor, &new.fields).await?;
        let once = key.map(|key| Once { key, request_hash, answer: Arc::clone(&answer) });
        (events::create_graded(&app, &caller.actor, new, severity_reason, once).await?, answer)
    };
    Ok(match created {
        Created::New(event) => conditions::kept_answer(&answer(&event), false),
        Created::Before(kept) => conditions::kept_answer(&kept, true),
    })
}

type Answering = Arc<dyn Fn(&ProductionEvent) -> KeptAnswer + Send + Sync>;

/// How a request is answered that makes an event of these fields: with what similar earlier events left open.
async fn answering(app: &App, actor: &Actor, fields: &EventFields) -> Result<Answering, Problem> {
    let again = recurrence::of_fields(app, actor, fields, None).await?;
    let app = app.clone();
    Ok(Arc::new(move |event: &ProductionEvent| {
        let recurrence = again.iter().cloned().map(recurring).collect();
        let created = EventCreated { event: body(&app, event), recurrence };
        KeptAnswer {
            request_hash: String::new(),
            status: 201,
            body: serde_json::to_string(&created).unwrap_or_default(),
            etag: Some(format!("\"{}\"", event.version)),
            location: Some(format!("/api/v1/events/{}", event.number)),
        }
    }))
}

/// Changes an event.
pub async fn patch(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    body: web::Json<Value>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let Value::Object(map) = body.into_inner() else {
        return Err(FieldError::shape("body", "send an object with the fields to change").into());
    };
    let map = with_people(&app, &caller.actor, map).await?;
    let mut patch = patch_of(&map, &[])?;
    patch.week = week_of(&map)?;
    let event = events::update(&app, &caller.actor, number_of(&number)?, version, patch).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), event.version, &event_body::body(&app, &event)))
}

/// Deletes an event.
pub async fn delete(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    events::delete(&app, &caller.actor, number_of(&number)?, version).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `22` or `PE-22`.
pub fn number_of(text: &str) -> Result<i64, Problem> {
    event::number_of(text).ok_or_else(|| ServiceError::NotFound(format!("event {text}")).into())
}
