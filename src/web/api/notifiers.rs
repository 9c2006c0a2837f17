//! Notifiers over the API. Addresses and secrets go in and never come out.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{needed_version, with_etag},
};
use crate::service::{
    App,
    notifier_members::{self, Known},
    notifiers::{self, Notifier, NotifierPatch, QuietText},
    outbox::OutboxMessage,
};

/// A notifier.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotifierBody {
    /// Stays for ever.
    id: Uuid,
    /// Optimistic lock, the ETag.
    version: i64,
    /// Unique whatever its case and width.
    name: String,
    /// feishu, dingtalk, wecom, slack or webhook.
    tool: &'static str,
    /// The server of its address and the last four characters: `https://open.feishu.cn/…a1b2`.
    url_hint: String,
    /// Whether messages are signed.
    signed: bool,
    /// What the group wants in each message.
    keyword: Option<String>,
    /// Slack: where a bot posts; null is an incoming webhook.
    channel: Option<String>,
    /// zh-CN or en.
    lang: String,
    /// Only what touches this team; null is everything.
    team_id: Option<Uuid>,
    /// What it is told of.
    topics: Vec<&'static str>,
    /// Messages go out.
    enabled: bool,
    /// When it is left alone; null where messages go at any hour.
    quiet: Option<QuietBody>,
}

/// Quiet hours of a notifier. What comes meanwhile is told in one message when they end, as far as it still stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietBody {
    /// Local time, 22:00.
    from: String,
    /// Local time, 08:00; earlier than `from` it is on the next day.
    until: String,
    /// Name of their zone; null is the report zone.
    #[serde(default)]
    zone: Option<String>,
    /// Levels of events that go through; UNGRADED is none.
    #[serde(default)]
    through: Vec<String>,
}

impl From<QuietText> for QuietBody {
    fn from(QuietText { from, until, zone, through }: QuietText) -> Self {
        Self { from, until, zone, through }
    }
}

impl From<QuietBody> for QuietText {
    fn from(QuietBody { from, until, zone, through }: QuietBody) -> Self {
        Self { from, until, zone, through }
    }
}

/// All notifiers by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotifierList {
    /// By name, at most 100.
    data: Vec<NotifierBody>,
    /// Always null: there are never more.
    next_cursor: Option<String>,
}

/// A notifier to set up or to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotifierChange {
    /// 1 to 60 characters; needed for a new one.
    name: Option<String>,
    /// feishu, dingtalk, wecom, slack or webhook; needed for a new one, stays afterwards.
    tool: Option<String>,
    /// Where messages go, as the tool gives it out; needed for a new one, unless it is a bot of Slack.
    url: Option<String>,
    /// What messages are signed with, or the token of a bot; null is nothing.
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>)]
    secret: Option<Option<String>>,
    /// What a group of Feishu or DingTalk wants in each message; null is nothing.
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>)]
    keyword: Option<Option<String>>,
    /// Slack: where a bot posts, like C012AB3CD or #payments, with its token as the secret: what is said about one event is one
    /// conversation there. Null is an incoming webhook.
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>)]
    channel: Option<Option<String>>,
    /// zh-CN (the default) or en.
    lang: Option<String>,
    /// Only what touches this team; null is everything.
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<Uuid>)]
    team_id: Option<Option<Uuid>>,
    /// event.logged, event.recovered, event.graded, postmortem.done, postmortem.overdue, report.published,
    /// postmortem.pending, budget.burning; by default all.
    topics: Option<Vec<String>>,
    /// By default true.
    enabled: Option<bool>,
    /// When it is left alone; null is never.
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<QuietBody>)]
    quiet: Option<Option<QuietBody>>,
}

fn told<'de, D: Deserializer<'de>, T: Deserialize<'de>>(source: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(source).map(Some)
}

impl From<NotifierChange> for NotifierPatch {
    fn from(change: NotifierChange) -> Self {
        let NotifierChange { name, tool, url, secret, keyword, channel, lang, team_id, topics, enabled, quiet } =
            change;
        let quiet = quiet.map(|quiet| quiet.map(Into::into));
        Self { name, tool, url, secret, keyword, channel, lang, team_id, topics, enabled, quiet }
    }
}

/// A message as its tool gets it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatPreview {
    /// As plain text.
    text: String,
    /// The body, without the signature.
    #[schema(value_type = Object)]
    body: serde_json::Value,
    /// What the tool counts.
    bytes: usize,
    /// The most that it takes.
    limit: usize,
}

/// A message to a notifier.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryBody {
    id: Uuid,
    /// `chat.test`, `chat.event.logged` …
    kind: String,
    /// pending, claimed, committing, sent, dead, unconfirmed, cancelled, expired.
    state: &'static str,
    /// Its title.
    subject: String,
    /// As plain text.
    text: String,
    /// Tries that failed.
    attempts: i64,
    /// The last answer that was not a yes.
    last_error: Option<String>,
    /// When it was put into the outbox, in the report zone.
    created_at: DateTime<FixedOffset>,
    /// When the tool took it.
    sent_at: Option<DateTime<FixedOffset>>,
}

/// The latest messages to a notifier.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryList {
    /// The newest first, at most 20.
    data: Vec<DeliveryBody>,
    /// Always null: older ones are in the outbox.
    next_cursor: Option<String>,
}

/// A notifier as JSON.
pub fn notifier_body(notifier: &Notifier) -> NotifierBody {
    let fields = &notifier.fields;
    NotifierBody {
        id: notifier.id,
        version: notifier.version,
        name: fields.name.clone(),
        tool: fields.tool.code(),
        url_hint: notifier.target.masked(),
        signed: notifier.target.secret.is_some() && fields.channel.is_none(),
        keyword: fields.keyword.clone(),
        channel: fields.channel.clone(),
        lang: fields.lang.clone(),
        team_id: fields.team_id,
        topics: fields.topics.iter().map(|topic| topic.code()).collect(),
        enabled: fields.enabled,
        quiet: fields.quiet.clone().map(|quiet| QuietText::from(quiet).into()),
    }
}

/// All notifiers as JSON.
pub fn notifier_list(all: &[Notifier]) -> NotifierList {
    NotifierList { data: all.iter().map(notifier_body).collect(), next_cursor: None }
}

/// A message to a notifier as JSON.
pub fn delivery_body(app: &App, message: &OutboxMessage) -> DeliveryBody {
    let local = |millis: i64| {
        DateTime::from_timestamp_millis(millis).unwrap_or_default().with_timezone(&app.zone).fixed_offset()
    };
    DeliveryBody {
        id: message.id,
        kind: message.kind.clone(),
        state: message.state.code(),
        subject: message.subject.clone(),
        text: message.text.clone(),
        attempts: message.attempt,
        last_error: message.last_error.clone(),
        created_at: local(message.created_at),
        sent_at: message.sent_at.map(local),
    }
}

/// All notifiers.
pub async fn list(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    Ok(HttpResponse::Ok().json(notifier_list(&notifiers::all(&app, &caller.actor).await?)))
}

/// Sets up a notifier. Its name is unique: sent twice, it is made once.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Json<NotifierChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let notifier = notifiers::create(&app, &caller.actor, body.into_inner().into()).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/api/v1/notifiers/{}", notifier.id)));
    Ok(with_etag(&request, answer, notifier.version, &notifier_body(&notifier)))
}

/// One notifier, by id or name.
pub async fn read(request: HttpRequest, app: web::Data<App>, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let notifier = notifiers::find(&app, &caller.actor, &id).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), notifier.version, &notifier_body(&notifier)))
}

/// Changes a notifier.
pub async fn patch(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<String>,
    body: web::Json<NotifierChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let notifier = notifiers::find(&app, &caller.actor, &id).await?;
    let patch = body.into_inner().into();
    let notifier = notifiers::update(&app, &caller.actor, notifier.id, Some(version), patch).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), notifier.version, &notifier_body(&notifier)))
}

/// Removes a notifier.
pub async fn delete(request: HttpRequest, app: web::Data<App>, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let notifier = notifiers::find(&app, &caller.actor, &id).await?;
    notifiers::delete(&app, &caller.actor, notifier.id, Some(version)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The test message as the tool gets it.
pub async fn preview(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let notifier = notifiers::find(&app, &caller.actor, &id).await?;
    let rendered = notifiers::preview(&app, &notifier);
    let body = serde_json::from_str(&rendered.body).unwrap_or_default();
    Ok(HttpResponse::Ok().json(ChatPreview { text: rendered.text, body, bytes: rendered.bytes, limit: rendered.limit }))
}

/// Sends a test message through the outbox.
pub async fn test(request: HttpRequest, app: web::Data<App>, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let notifier = notifiers::find(&app, &caller.actor, &id).await?;
    let message = notifiers::test(&app, &caller.actor, notifier.id).await?;
    Ok(HttpResponse::Accepted().json(delivery_body(&app, &message)))
}

/// The latest messages to a notifier.
pub async fn deliveries(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let notifier = notifiers::find(&app, &caller.actor, &id).await?;
    let found = notifiers::deliveries(&app, &caller.actor, notifier.id).await?;
    let data = found.iter().map(|message| delivery_body(&app, message)).collect();
    Ok(HttpResponse::Ok().json(DeliveryList { data, next_cursor: None }))
}

/// Who a person is in the tool of a notifier.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberBody {
    /// The account.
    account_id: Uuid,
    /// Its e-mail.
    email: String,
    /// Its name.
    name: String,
    /// Whether it is in use; others are not called.
    active: bool,
    /// What the tool calls it by.
    user_id: String,
}

/// The people of a notifier.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberList {
    /// By e-mail, at most 500.
    data: Vec<MemberBody>,
    /// Always null: there are never more.
    next_cursor: Option<String>,
}

/// A person of a notifier.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberGiven {
    /// An id, an e-mail, or a name that only one active account has.
    account: String,
    /// Feishu: open_id or user_id; DingTalk: userId or mobile number; WeCom: userid; Slack: member id.
    user_id: String,
}

/// All people of a notifier; who is not named is forgotten.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MembersChange {
    /// At most 500.
    members: Vec<MemberGiven>,
}

/// The people of a notifier as JSON.
pub fn member_list(known: &[Known]) -> MemberList {
    let body = |(account, user_id): &Known| MemberBody {
        account_id: account.id,
        email: account.email.clone(),
        name: account.name.clone(),
        active: account.active,
        user_id: user_id.clone(),
    };
    MemberList { data: known.iter().map(body).collect(), next_cursor: None }
}

/// Who people are in the tool of a notifier. The ETag is that of the notifier.
pub async fn members(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let notifier = notifiers::find(&app, &caller.actor, &id).await?;
    let known = notifier_members::of(&app, &caller.actor, notifier.id).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), notifier.version, &member_list(&known)))
}

/// Writes who people are in the tool of a notifier.
pub async fn put_members(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<String>,
    body: web::Json<MembersChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let notifier = notifiers::find(&app, &caller.actor, &id).await?;
    let people: Vec<(String, String)> =
        body.into_inner().members.into_iter().map(|one| (one.account, one.user_id)).collect();
    let (notifier, known) = notifier_members::replace(&app, &caller.actor, notifier.id, Some(version), &people).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), notifier.version, &member_list(&known)))
}
