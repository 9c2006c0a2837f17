//! Notifiers: the list, setting one up, changing, testing, removing.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::DateTime;
use serde::Deserialize;
use uuid::Uuid;

use super::{Shell, redirect, refusal, render};
use crate::{
    domain::{
        chat::{CHAT_TOOLS, ChatTool, Rendered},
        checked::FieldError,
        notifier_member,
        reminder::digest::Language,
    },
    i18n::{
        notifiers::{self as words, NotifierTexts},
        outbox::problem_words,
    },
    service::{
        App, ServiceError, announcements, notifier_members,
        notifiers::{self, Notifier, NotifierPatch, QuietText, TOPICS},
        outbox::{OutboxMessage, OutboxState},
        services,
    },
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};

struct DeliveryRow {
    at: String,
    state: &'static str,
    bad: bool,
    subject: String,
    problem: String,
}

struct NotifierRow {
    id: Uuid,
    version: i64,
    name: String,
    tool: &'static str,
    signs: bool,
    has_keyword: bool,
    has_channel: bool,
    channel: String,
    hint: String,
    signed: bool,
    keyword: String,
    lang: String,
    team_id: String,
    enabled: bool,
    quiet: QuietForm,
    /// Code, words, whether it is told of it.
    topics: Vec<(&'static str, &'static str, bool)>,
    /// Its latest messages are shown.
    open: bool,
    deliveries: Vec<DeliveryRow>,
    /// The line of which [`Self::preview`] tells; none is the test message.
    line: String,
    preview: String,
    bytes: usize,
    limit: usize,
    /// A person a line: e-mail and id; as typed where that was refused.
    members: String,
    /// How many people are known.
    known: usize,
    /// What an id looks like.
    example: &'static str,
}

/// Quiet hours as the form has them.
#[derive(Clone, Default)]
struct QuietForm {
    from: String,
    until: String,
    zone: String,
    through: String,
}

impl QuietForm {
    fn of(quiet: Option<QuietText>) -> Self {
        let quiet = quiet.unwrap_or_default();
        Self {
            from: quiet.from,
            until: quiet.until,
            zone: quiet.zone.unwrap_or_default(),
            through: quiet.through.join("、"),
        }
    }

    /// None where both times are empty.
    fn text(&self) -> Option<QuietText> {
        if self.from.trim().is_empty() && self.until.trim().is_empty() {
            return None;
        }
        let labels = self.through.split(['、', ',', '，', ' ']).map(str::trim).filter(|label| !label.is_empty());
        Some(QuietText {
            from: self.from.clone(),
            until: self.until.clone(),
            zone: Some(self.zone.clone()),
            through: labels.map(str::to_owned).collect(),
        })
    }
}

#[derive(Template)]
#[template(path = "notifiers.html")]
struct NotifiersPage {
    shell: Shell,
    w: &'static NotifierTexts,
    message: String,
    said: bool,
    rows: Vec<NotifierRow>,
    /// Code and name.
    tools: Vec<(&'static str, &'static str)>,
    /// Code, words, whether a new one is told of it.
    topics: Vec<(&'static str, &'static str, bool)>,
    /// Id and name.
    teams: Vec<(String, String)>,
    typed: NotifierForm,
    /// The report zone.
    zone: &'static str,
}

/// The form of a notifier. A box that is not ticked is not sent; what is empty of an address or a secret stays.
#[derive(Clone, Default)]
pub struct NotifierForm {
    version: i64,
    name: String,
    tool: String,
    url: String,
    secret: String,
    no_secret: bool,
    keyword: String,
    channel: String,
    lang: String,
    team_id: String,
    topics: Vec<String>,
    enabled: bool,
    quiet: QuietForm,
    members: String,
}

impl NotifierForm {
    /// Topics come several times under one name, which a form as a structure cannot hold.
    fn of(fields: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "version" => form.version = value.parse().unwrap_or_default(),
                "name" => form.name = value,
                "tool" => form.tool = value,
                "url" => form.url = value,
                "secret" => form.secret = value,
                "no_secret" => form.no_secret = true,
                "keyword" => form.keyword = value,
                "channel" => form.channel = value,
                "lang" => form.lang = value,
                "team_id" => form.team_id = value,
                "topic" if form.topics.len() < TOPICS.len() => form.topics.push(value),
                "enabled" => form.enabled = true,
                "quiet_from" => form.quiet.from = value,
                "quiet_until" => form.quiet.until = value,
                "quiet_zone" => form.quiet.zone = value,
                "quiet_through" => form.quiet.through = value,
                "members" => form.members = value,
                _ => {}
            }
        }
        form
    }

    fn team(&self) -> Result<Option<Uuid>, ServiceError> {
        if self.team_id.is_empty() {
            return Ok(None);
        }
        Ok(Some(Uuid::parse_str(&self.team_id).map_err(|_| FieldError::shape("team_id", "choose a team"))?))
    }

    fn patch(&self) -> Result<NotifierPatch, ServiceError> {
        let filled = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
        Ok(NotifierPatch {
            name: Some(self.name.clone()),
            tool: filled(&self.tool),
            url: filled(&self.url),
            secret: match filled(&self.secret) {
                Some(secret) => Some(Some(secret)),
                None if self.no_secret => Some(None),
                None => None,
            },
            keyword: Some(filled(&self.keyword)),
            channel: Some(filled(&self.channel)),
            lang: filled(&self.lang),
            team_id: Some(self.team()?),
            topics: Some(self.topics.clone()),
            enabled: Some(self.enabled),
            quiet: Some(self.quiet.text()),
        })
    }
}

/// Whose latest messages are shown, whether a test was just sent to it, and a line of which it would be told.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Shown {
    of: Option<Uuid>,
    #[serde(default)]
    tested: bool,
    /// Never of the address: what is typed stays out of logs and histories.
    #[serde(skip)]
    line: String,
}

/// All notifiers.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    shown: web::Query<Shown>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, None, NotifierForm::default(), shown.into_inner()).await
}

async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    refused: Option<ServiceError>,
    typed: NotifierForm,
    shown: Shown,
) -> Result<HttpResponse, Problem> {
    let all = notifiers::all(app, &caller.actor).await?;
    let teams = services::teams(app, &caller.actor).await?;
    let shell = Shell::of(app, request, caller, "settings").await?;
    let w = words::texts(shell.t.lang);
    let language = Language::from_code(shell.t.lang);
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut rows: Vec<NotifierRow> = all.iter().map(|notifier| row_of(app, notifier, w, language)).collect();
    if let Some(row) = rows.iter_mut().find(|row| Some(row.id) == shown.of) {
        row.open = true;
        let line = shown.line.trim();
        let notifier = all.iter().find(|notifier| notifier.id == row.id);
        if let Some(notifier) = notifier.filter(|_| !line.is_empty()) {
            match announcements::preview(app, &caller.actor, notifier, line).await {
                Ok(Rendered { text, bytes, limit, .. }) => (row.preview, row.bytes, row.limit) = (text, bytes, limit),
                Err(error) => (row.preview, row.bytes) = (refusal(shell.t, error), 0),
            }
            line.clone_into(&mut row.line);
        }
        let found = notifiers::deliveries(app, &caller.actor, row.id).await?;
        row.deliveries =
            found.into_iter().map(|message| delivery_row(app, w, language == Language::Chinese, message)).collect();
        let known = notifier_members::of(app, &caller.actor, row.id).await?;
        let active = known.iter().filter(|(who, _)| who.active);
        let lines: Vec<String> = active.map(|(who, id)| format!("{} {id}", who.email)).collect();
        row.known = known.len();
        row.members = if typed.members.is_empty() { lines.join("\n") } else { typed.members.clone() };
    }
    let page = NotifiersPage {
        w,
        message: refused.map(|error| refusal(shell.t, error)).unwrap_or_default(),
        said: shown.tested,
        rows,
        tools: CHAT_TOOLS.into_iter().map(|tool| (tool.code(), tool.name(language))).collect(),
        topics: TOPICS
            .into_iter()
            .map(|topic| {
                let code = topic.code();
                let ticked = typed.topics.is_empty() || typed.topics.iter().any(|typed| typed == code);
                (code, topic.words(language), ticked)
            })
            .collect(),
        teams: teams.into_iter().map(|(id, name)| (id.to_string(), name)).collect(),
        typed,
        zone: app.zone.name(),
        shell,
    };
    render(status, &page)
}

fn row_of(app: &App, notifier: &Notifier, w: &NotifierTexts, language: Language) -> NotifierRow {
    let fields = &notifier.fields;
    let preview = notifiers::preview(app, notifier);
    NotifierRow {
        id: notifier.id,
        version: notifier.version,
        name: fields.name.clone(),
        tool: fields.tool.name(language),
        signs: fields.tool.signs() || fields.tool == ChatTool::Slack,
        has_keyword: fields.tool.has_keyword(),
        has_channel: fields.tool == ChatTool::Slack,
        channel: fields.channel.clone().unwrap_or_default(),
        hint: notifier.target.masked(),
        signed: notifier.target.secret.is_some() && fields.channel.is_none(),
        keyword: fields.keyword.clone().unwrap_or_default(),
        lang: fields.lang.clone(),
        team_id: fields.team_id.map(|id| id.to_string()).unwrap_or_default(),
        enabled: fields.enabled,
        quiet: QuietForm::of(fields.quiet.clone().map(QuietText::from)),
        topics: TOPICS
            .into_iter()
            .map(|topic| (topic.code(), topic.words(language), fields.topics.contains(&topic)))
            .collect(),
        open: false,
        deliveries: Vec::new(),
        line: String::new(),
        preview: preview.text,
        bytes: preview.bytes,
        limit: preview.limit,
        members: String::new(),
        known: 0,
        example: match fields.tool {
            ChatTool::Feishu => w.id_of_feishu,
            ChatTool::DingTalk => w.id_of_dingtalk,
            ChatTool::WeCom => w.id_of_wecom,
            ChatTool::Slack => w.id_of_slack,
            ChatTool::Webhook => w.id_of_webhook,
        },
    }
}

fn delivery_row(app: &App, w: &NotifierTexts, chinese: bool, message: OutboxMessage) -> DeliveryRow {
    let at = DateTime::from_timestamp_millis(message.created_at).unwrap_or_default().with_timezone(&app.zone);
    DeliveryRow {
        at: at.format("%m-%d %H:%M").to_string(),
        state: state_words(w, message.state),
        bad: matches!(message.state, OutboxState::Dead | OutboxState::Unconfirmed | OutboxState::Expired),
        subject: message.subject,
        problem: message.last_error.map(|said| problem_words(chinese, message.last_phase, &said)).unwrap_or_default(),
    }
}

const fn state_words(w: &NotifierTexts, state: OutboxState) -> &'static str {
    match state {
        OutboxState::Pending | OutboxState::Claimed | OutboxState::Committing => w.pending,
        OutboxState::Sent => w.sent,
        OutboxState::Dead => w.dead,
        OutboxState::Unconfirmed => w.unconfirmed,
        OutboxState::Cancelled | OutboxState::Superseded => w.cancelled,
        OutboxState::Expired => w.expired,
    }
}

/// Sets up a notifier.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let form = NotifierForm { enabled: true, ..NotifierForm::of(form.into_inner()) };
    let made = async { notifiers::create(&app, &caller.actor, form.patch()?).await };
    match made.await {
        Ok(_) => Ok(redirect("/settings/notifiers")),
        // What opens the way to a group is not written back into a page.
        Err(error) => {
            let typed = NotifierForm { url: String::new(), secret: String::new(), ..form.clone() };
            show(&app, &request, &caller, Some(error), typed, Shown::default()).await
        }
    }
}

/// Changes a notifier.
pub async fn change(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let form = NotifierForm::of(form.into_inner());
    let changed = async { notifiers::update(&app, &caller.actor, *id, Some(form.version), form.patch()?).await };
    match changed.await {
        Ok(_) => Ok(redirect("/settings/notifiers")),
        Err(error @ ServiceError::NotFound(_)) => Err(error.into()),
        Err(error) => {
            let shown = Shown { of: Some(*id), ..Shown::default() };
            show(&app, &request, &caller, Some(error), NotifierForm::default(), shown).await
        }
    }
}

/// Sends a test message.
pub async fn test(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    notifiers::test(&app, &caller.actor, *id).await?;
    Ok(redirect(&format!("/settings/notifiers?of={id}&tested=true#n-{id}")))
}

/// A line that somebody types.
#[derive(Debug, Deserialize)]
pub struct TypedLine {
    #[serde(default)]
    line: String,
}

/// What a group would get about the event that a line becomes; nothing is saved or sent.
pub async fn preview(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    typed: web::Form<TypedLine>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    notifiers::find(&app, &caller.actor, &id.to_string()).await?;
    let shown = Shown { of: Some(*id), line: typed.into_inner().line, tested: false };
    show(&app, &request, &caller, None, NotifierForm::default(), shown).await
}

/// Removes a notifier.
pub async fn remove(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let form = NotifierForm::of(form.into_inner());
    match notifiers::delete(&app, &caller.actor, *id, Some(form.version)).await {
        Ok(()) => Ok(redirect("/settings/notifiers")),
        Err(error @ ServiceError::NotFound(_)) => Err(error.into()),
        Err(error) => {
            let shown = Shown { of: Some(*id), ..Shown::default() };
            show(&app, &request, &caller, Some(error), NotifierForm::default(), shown).await
        }
    }
}

/// Says who people are in the tool of a notifier.
pub async fn members(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let form = NotifierForm::of(form.into_inner());
    let written = async {
        let people = notifier_member::of_lines(&form.members)?;
        notifier_members::replace(&app, &caller.actor, *id, Some(form.version), &people).await
    };
    match written.await {
        Ok(_) => Ok(redirect(&format!("/settings/notifiers?of={id}#n-{id}"))),
        Err(error @ ServiceError::NotFound(_)) => Err(error.into()),
        Err(error) => {
            let typed = NotifierForm { members: form.members.clone(), ..NotifierForm::default() };
            show(&app, &request, &caller, Some(error), typed, Shown { of: Some(*id), ..Shown::default() }).await
        }
    }
}
