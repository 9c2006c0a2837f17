//! Notifiers: set up, changed, tested, and what they are sent.

use chrono::Duration;
use serde_json::json;
use uuid::Uuid;

use super::{
    App, ServiceError, announcements,
    app::authorise,
    burn_warnings,
    outbox_mail::message_id,
    ports::{ChatPlace, OutgoingError},
    quiet_hours::{self, HELD_KIND},
    reminders,
    retry::retried,
    teams, vault,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        chat::{ChatLine, ChatLink, ChatMessage, ChatTool, Rendered, Tone},
        checked::{self, FieldError},
        notifier::{LIMIT, NotifierFields, Target, Topic},
        quiet_hours::QuietHours,
        reminder::digest::Language,
    },
    store::{
        self, Tx,
        outbox::{OutboxMessage, OutboxState},
        reminders::ConnectionTrait,
    },
};

pub use crate::domain::{
    notifier::{Notifier, TOPICS},
    quiet_hours::QuietText,
};

/// Kind of a test message in the outbox; the others are `chat.` and the topic.
pub const TEST_KIND: &str = "chat.test";

/// Kind of the messages that an event is over.
const RECOVERED_KIND: &str = "chat.event.recovered";

/// Deliveries that are shown of a notifier.
pub const DELIVERIES: u64 = 20;

/// Milliseconds: a tool that wants to be left alone is left alone for a day at most.
const MOST_ALONE: i64 = 86_400_000;

/// Hours after which nobody needs a message to a group any more.
const HOURS: i64 = 24;

/// Changes to a notifier; what is left out stays.
#[derive(Clone, Default)]
pub struct NotifierPatch {
    /// The name.
    pub name: Option<String>,
    /// The tool's code; only for a new one.
    pub tool: Option<String>,
    /// Where to.
    pub url: Option<String>,
    /// What messages are signed with.
    pub secret: Option<Option<String>>,
    /// What the group wants in each message.
    pub keyword: Option<Option<String>>,
    /// Where a bot of Slack posts; its token is the secret.
    pub channel: Option<Option<String>>,
    /// zh-CN (the default) or en.
    pub lang: Option<String>,
    /// Only what touches this team.
    pub team_id: Option<Option<Uuid>>,
    /// Codes of topics; by default all.
    pub topics: Option<Vec<String>>,
    /// By default it is.
    pub enabled: Option<bool>,
    /// When it is left alone.
    pub quiet: Option<Option<QuietText>>,
}

impl std::fmt::Debug for NotifierPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NotifierPatch").field("name", &self.name).field("tool", &self.tool).finish_non_exhaustive()
    }
}

/// All notifiers by name.
pub async fn all(app: &App, actor: &Actor) -> Result<Vec<Notifier>, ServiceError> {
    authorise(actor, Permission::ManageNotifiers)?;
    Ok(opened_all(app, store::notifiers::all(app.store.read()).await?))
}

/// A notifier with its target as a message needs it. One that cannot be opened has none: it is asked for again, and named in the log.
fn opened(app: &App, mut notifier: Notifier) -> Notifier {
    let id = notifier.id;
    let open = |purpose: &str, text: &str| {
        let open = app.vault.open(purpose, text);
        open.inspect_err(|error| tracing::error!(notifier = %id, %error, "a notifier cannot be used")).ok()
    };
    let url = open(&vault::url_of(id), &notifier.target.url).unwrap_or_default();
    let secret = notifier.target.secret.as_deref().map(|secret| open(&vault::secret_of(id), secret));
    let closed = secret.as_ref().is_some_and(Option::is_none);
    notifier.target = Target { url: if closed { String::new() } else { url }, secret: secret.flatten() };
    notifier
}

fn opened_all(app: &App, notifiers: Vec<Notifier>) -> Vec<Notifier> {
    notifiers.into_iter().map(|notifier| opened(app, notifier)).collect()
}

/// A notifier as it is stored: what opens its tool is sealed.
async fn sealed(app: &App, notifier: &Notifier) -> Result<Notifier, ServiceError> {
    let target = &notifier.target;
    let secret = match &target.secret {
        Some(secret) => Some(vault::seal(app, &vault::secret_of(notifier.id), secret).await?),
        None => None,
    };
    let url = vault::seal(app, &vault::url_of(notifier.id), &target.url).await?;
    Ok(Notifier { target: Target { url, secret }, ..notifier.clone() })
}

/// The notifier of an id or a name.
pub async fn find(app: &App, actor: &Actor, word: &str) -> Result<Notifier, ServiceError> {
    authorise(actor, Permission::ManageNotifiers)?;
    let connection = app.store.read();
    let found = match Uuid::parse_str(word.trim()) {
        Ok(id) => store::notifiers::by_id(connection, id).await?,
        Err(_) => store::notifiers::by_name(connection, word).await?,
    };
    found.map(|found| opened(app, found)).ok_or_else(|| missing(word))
}

fn missing(word: &str) -> ServiceError {
    let word: String = word.chars().take(60).collect();
    ServiceError::NotFound(format!("notifier {word}; `fupan notifier list` names those that are there"))
}

fn taken(name: &str) -> ServiceError {
    ServiceError::Conflict(format!("a notifier with the name {name} is there already; choose another name"))
}

fn check_url(app: &App, url: &str) -> Result<(), FieldError> {
    match app.outgoing.check(url) {
        Ok(()) => Ok(()),
        Err(error @ (OutgoingError::Address(_) | OutgoingError::Forbidden(_))) => {
            Err(FieldError::shape("url", error.to_string()))
        }
        Err(error) => Err(FieldError::shape("url", format!("the address cannot be used: {error}"))),
    }
}

/// Sets up a notifier.
pub async fn create(app: &App, actor: &Actor, new: NotifierPatch) -> Result<Notifier, ServiceError> {
    authorise(actor, Permission::ManageNotifiers)?;
    let tool = tool_of(new.tool.as_deref().unwrap_or_default())?;
    let topics = match &new.topics {
        Some(codes) => Topic::all_of(codes.iter().map(String::as_str))?,
        None => TOPICS.to_vec(),
    };
    let fields = NotifierFields {
        name: new.name.unwrap_or_default(),
        tool,
        keyword: new.keyword.flatten(),
        channel: new.channel.flatten(),
        lang: new.lang.unwrap_or_else(|| "zh-CN".to_owned()),
        team_id: new.team_id.flatten(),
        topics,
        enabled: new.enabled.unwrap_or(true),
        quiet: quiet_of(new.quiet.flatten())?,
    }
    .checked()?;
    let target = Target { url: new.url.unwrap_or_default(), secret: new.secret.flatten() }.checked(&fields)?;
    check_url(app, &target.url)?;
    let notifier = Notifier { id: app.id(), version: 1, fields, target, created_at: app.now_millis() };
    // Before the transaction: the first seal of a house notes its key.
    let stored = sealed(app, &notifier).await?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, notifier, stored) = (app.clone(), actor.clone(), notifier.clone(), stored.clone());
        async move {
            let tx = app.store.begin().await?;
            teams::check_in_use(&tx, None, notifier.fields.team_id).await?;
            if store::notifiers::count(tx.conn()).await? >= LIMIT as u64 {
                return Err(ServiceError::Conflict(format!("there are {LIMIT} notifiers already; remove one")));
            }
            check_other(&app, &tx, &notifier).await?;
            if !store::notifiers::insert(&tx, &stored).await? {
                return Err(taken(&notifier.fields.name));
            }
            let change = json!({"to": notifier.fields, "url": {"to": notifier.target.masked()}});
            audit(&app, &tx, &actor, "notifier.create", &notifier, change).await?;
            tx.commit().await?;
            Ok(notifier)
        }
    })
    .await
}

fn quiet_of(text: Option<QuietText>) -> Result<Option<QuietHours>, FieldError> {
    text.map(|text| text.checked()).transpose()
}

fn tool_of(code: &str) -> Result<ChatTool, FieldError> {
    ChatTool::from_code(code.trim())
        .ok_or_else(|| FieldError::shape("tool", "write feishu, dingtalk, wecom, slack or webhook"))
}

/// The notifier, in the version that somebody saw where one is given.
pub(super) async fn in_version(tx: &Tx, id: Uuid, version: Option<i64>) -> Result<Notifier, ServiceError> {
    let found = store::notifiers::by_id(tx.conn(), id).await?.ok_or_else(|| missing(&id.to_string()))?;
    match version.filter(|given| *given != found.version) {
        Some(given) => Err(ServiceError::Stale { what: found.fields.name, given, current: found.version }),
        None => Ok(found),
    }
}

/// Changes the notifier that is still in `version`; without one the latest is taken. Its tool stays.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: Uuid,
    version: Option<i64>,
    patch: NotifierPatch,
) -> Result<Notifier, ServiceError> {
    authorise(actor, Permission::ManageNotifiers)?;
    if let Some(url) = &patch.url {
        check_url(app, url)?;
    }
    if patch.url.is_some() || patch.secret.is_some() {
        vault::ready(app).await?;
    }
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, patch) = (app.clone(), actor.clone(), patch.clone());
        async move {
            let tx = app.store.begin().await?;
            let stored = in_version(&tx, id, version).await?;
            let before = opened(&app, stored.clone());
            let closed = before.target.url.is_empty();
            if closed && patch.url.is_some() && stored.target.secret.is_some() && patch.secret.is_none() {
                let words = "the secret cannot be read; write it again, or none";
                return Err(FieldError::shape("secret", words).into());
            }
            let was = before.fields.clone();
            if patch.tool.as_deref().is_some_and(|code| code.trim() != was.tool.code()) {
                return Err(FieldError::shape("tool", "the tool stays; set up another notifier").into());
            }
            let topics = match &patch.topics {
                Some(codes) => Topic::all_of(codes.iter().map(String::as_str))?,
                None => was.topics,
            };
            let fields = NotifierFields {
                name: patch.name.unwrap_or(was.name),
                tool: was.tool,
                keyword: patch.keyword.unwrap_or(was.keyword),
                channel: patch.channel.unwrap_or(was.channel),
                lang: patch.lang.unwrap_or(was.lang),
                team_id: patch.team_id.unwrap_or(was.team_id),
                topics,
                enabled: patch.enabled.unwrap_or(was.enabled),
                quiet: match patch.quiet {
                    Some(quiet) => quiet_of(quiet)?,
                    None => was.quiet,
                },
            }
            .checked()?;
            // One that cannot be opened now can be switched off and renamed all the same.
            let target = if closed && patch.url.is_none() && patch.secret.is_none() {
                before.target.clone()
            } else {
                let target = Target {
                    url: patch.url.unwrap_or_else(|| before.target.url.clone()),
                    secret: patch.secret.unwrap_or_else(|| before.target.secret.clone()),
                };
                target.checked(&fields)?
            };
            if fields == before.fields && target == before.target {
                tx.rollback().await?;
                return Ok(before);
            }
            teams::check_in_use(&tx, before.fields.team_id, fields.team_id).await?;
            let mut after = Notifier { fields, target, ..before.clone() };
            check_other(&app, &tx, &after).await?;
            if after.target != before.target || after.fields.channel != before.fields.channel {
                store::chat_threads::forget_all(&tx, id).await?;
            }
            if checked::fold(&after.fields.name) != checked::fold(&before.fields.name) {
                refuse_named(&tx, &before).await?;
            }
            let kept = if after.target == before.target {
                Notifier { target: stored.target, ..after.clone() }
            } else {
                let (url, secret) = (vault::url_of(id), vault::secret_of(id));
                let target = Target {
                    url: vault::seal_known(&app, &url, &after.target.url)?,
                    secret: after
                        .target
                        .secret
                        .as_deref()
                        .map(|text| vault::seal_known(&app, &secret, text))
                        .transpose()?,
                };
                Notifier { target, ..after.clone() }
            };
            if !store::notifiers::update(&tx, &kept, before.version).await? {
                return Err(taken(&after.fields.name));
            }
            if after.fields.quiet != before.fields.quiet {
                // What waits is looked at by the new hours.
                store::outbox::look_at(&tx, id, HELD_KIND, app.now_millis()).await?;
            }
            let mut change = json!({"from": before.fields, "to": after.fields});
            if after.target.url != before.target.url {
                change["url"] = json!({"from": before.target.masked(), "to": after.target.masked()});
            }
            if after.target.secret != before.target.secret {
                change["secret"] = json!({"to": "changed"});
            }
            audit(&app, &tx, &actor, "notifier.update", &after, change).await?;
            tx.commit().await?;
            after.version += 1;
            Ok(after)
        }
    })
    .await
}

/// Removes the notifier that is still in `version`; without one the latest is taken. Messages that wait are cancelled.
pub async fn delete(app: &App, actor: &Actor, id: Uuid, version: Option<i64>) -> Result<(), ServiceError> {
    authorise(actor, Permission::ManageNotifiers)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = in_version(&tx, id, version).await?;
            refuse_named(&tx, &before).await?;
            store::notifier_members::replace(&tx, id, &[]).await?;
            store::chat_threads::forget_all(&tx, id).await?;
            store::notifiers::delete(&tx, id, before.version).await?;
            audit(&app, &tx, &actor, "notifier.delete", &before, json!({"from": before.fields})).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// The latest messages to a notifier, the newest first.
pub async fn deliveries(app: &App, actor: &Actor, id: Uuid) -> Result<Vec<OutboxMessage>, ServiceError> {
    authorise(actor, Permission::ManageNotifiers)?;
    Ok(store::outbox::of_notifier(app.store.read(), id, DELIVERIES).await?)
}

/// The test message of a notifier, as its tool gets it.
pub fn preview(app: &App, notifier: &Notifier) -> Rendered {
    test_message(app, notifier.language()).rendered(notifier.fields.tool, notifier.fields.keyword.as_deref())
}

fn test_message(app: &App, language: Language) -> ChatMessage {
    let link = |words: &str, path: &str| ChatLink { words: words.to_owned(), url: format!("{}{path}", app.public_url) };
    let chinese = language == Language::Chinese;
    let (title, line, open) = if chinese {
        ("复盘台：测试消息", "收到这条，说明通知方式设置好了。", "打开复盘台")
    } else {
        ("Fupan: a test message", "Whoever reads this: the notifier is set up.", "Open Fupan")
    };
    ChatMessage {
        kind: "test",
        language,
        tone: Tone::Blue,
        title: title.to_owned(),
        lines: vec![ChatLine::plain(line)],
        links: vec![link(open, "/")],
        mentions: Vec::new(),
    }
}

/// Puts a test message into the outbox, also where the notifier is switched off. A running service sends it within seconds.
pub async fn test(app: &App, actor: &Actor, id: Uuid) -> Result<OutboxMessage, ServiceError> {
    authorise(actor, Permission::ManageNotifiers)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let notifier = store::notifiers::by_id(tx.conn(), id).await?.ok_or_else(|| missing(&id.to_string()))?;
            let said = test_message(&app, notifier.language());
            let key = format!("chat:test:{}", app.id());
            let message = message(&app, &notifier, TEST_KIND.to_owned(), key, &said);
            store::outbox::insert(&tx, &message).await?;
            audit(&app, &tx, &actor, "notifier.test", &notifier, json!({})).await?;
            tx.commit().await?;
            Ok(message)
        }
    })
    .await
}

/// A message as the tool of a notifier takes it.
pub(super) fn said(notifier: &Notifier, message: &ChatMessage) -> Rendered {
    message.rendered(notifier.fields.tool, notifier.fields.keyword.as_deref())
}

/// What a message is called in the outbox.
pub(super) fn subject_of(message: &ChatMessage) -> String {
    message.title.chars().take(200).collect()
}

/// A message to a notifier for the outbox.
pub(super) fn message(
    app: &App,
    notifier: &Notifier,
    kind: String,
    dedupe_key: String,
    said: &ChatMessage,
) -> OutboxMessage {
    let rendered = self::said(notifier, said);
    let now = app.now_millis();
    OutboxMessage {
        id: app.id(),
        kind,
        message_id: message_id(&dedupe_key, &app.mail_domain),
        dedupe_key,
        recipient_id: None,
        recipient: notifier.fields.name.clone(),
        subject: subject_of(said),
        text: rendered.text,
        html: String::new(),
        date_at: now,
        state: OutboxState::Pending,
        attempt: 0,
        unknowns: 0,
        not_before: now,
        expires_at: now + Duration::hours(HOURS).num_milliseconds(),
        last_error: None,
        last_phase: None,
        created_at: now,
        sent_at: None,
        notifier_id: Some(notifier.id),
        payload: Some(rendered.body),
        thread: None,
        again_of: None,
    }
}

/// Where a message is posted, of a notifier that is a bot: in the conversation of its event, where that has begun. Answers none
/// where the message that begins it is on its way in other hands: this one waits for it.
pub(super) async fn place(
    connection: &impl ConnectionTrait,
    notifier: &Notifier,
    message: &OutboxMessage,
) -> Result<Option<Option<ChatPlace>>, ServiceError> {
    let Some(channel) = notifier.fields.channel.clone() else { return Ok(Some(None)) };
    let event = announcements::event_of(message);
    let mut thread = None;
    if let Some(event) = event {
        thread = store::chat_threads::root(connection, notifier.id, event).await?;
        if thread.is_none() && store::outbox::is_first_on_its_way(connection, message).await? {
            return Ok(None);
        }
    }
    // That it is over is for everybody in the channel.
    let broadcast = thread.is_some() && message.kind == RECOVERED_KIND;
    Ok(Some(Some(ChatPlace { channel, event, thread, broadcast })))
}

/// The notifier of a message that somebody still needs: it is there and switched on, and what the message is about stands.
pub(super) async fn still_wanted(
    app: &App,
    connection: &impl ConnectionTrait,
    message: &OutboxMessage,
) -> Result<Option<Notifier>, ServiceError> {
    let Some(id) = message.notifier_id else { return Ok(None) };
    let Some(notifier) = store::notifiers::by_id(connection, id).await? else { return Ok(None) };
    if message.kind == TEST_KIND {
        return Ok(Some(opened(app, notifier)));
    }
    let wanted = if message.kind == HELD_KIND {
        !matches!(quiet_hours::stands(app, connection, message).await?, quiet_hours::Stands::No)
    } else {
        is_true(app, connection, message).await?
    };
    Ok((wanted && notifier.fields.enabled).then(|| opened(app, notifier)))
}

/// Whether what a message is about stands.
pub(super) async fn is_true(
    app: &App,
    connection: &impl ConnectionTrait,
    message: &OutboxMessage,
) -> Result<bool, ServiceError> {
    let topic = message.kind.strip_prefix("chat.").and_then(Topic::from_code);
    Ok(match topic {
        Some(Topic::BudgetBurning) => burn_warnings::is_open(connection, message).await?,
        Some(Topic::ReportPublished) => announcements::is_published(connection, message).await?,
        Some(Topic::PostmortemPending) => {
            !reminders::still_wanted(app, connection, &[message]).await?.wanted.is_empty()
        }
        Some(Topic::PostmortemOverdue) => announcements::is_overdue(app, connection, message).await?,
        Some(_) => announcements::stands(connection, message).await?,
        None => false,
    })
}

/// Takes the room of one message at the tool; answers from when on there is some where there is none now, in milliseconds.
pub(super) async fn take_room(app: &App, notifier: &Notifier) -> Result<Option<i64>, ServiceError> {
    let (app, id, pace) = (app.clone(), notifier.id, notifier.fields.tool.pace());
    retried(move || {
        let app = app.clone();
        async move {
            let tx = app.store.begin().await?;
            let now = app.now_millis();
            let Some(filled) = store::notifiers::filled_until(tx.conn(), id).await? else {
                return Ok(Some(now + pace.every));
            };
            // A clock that was ahead once must not close the way for long.
            let most = now + MOST_ALONE + pace.every * pace.burst;
            let until = match pace.take(filled.min(most), now) {
                Ok(until) => until,
                Err(room_from) => {
                    tx.rollback().await?;
                    return Ok(Some(room_from));
                }
            };
            if !store::notifiers::fill(&tx, id, filled, until).await? {
                // Another worker took it: this message comes again.
                tx.rollback().await?;
                return Ok(Some(now + pace.every));
            }
            tx.commit().await?;
            Ok(None)
        }
    })
    .await
}

/// Sends nothing to a notifier for some seconds, at most a day: its tool asked for that.
pub(super) async fn leave_alone(app: &App, id: Uuid, seconds: u64) -> Result<(), ServiceError> {
    let app = app.clone();
    let wait = i64::try_from(seconds).unwrap_or(MOST_ALONE).saturating_mul(1_000).min(MOST_ALONE);
    retried(move || {
        let app = app.clone();
        async move {
            let tx = app.store.begin().await?;
            if let Some(notifier) = store::notifiers::by_id(tx.conn(), id).await? {
                let pace = notifier.fields.tool.pace();
                store::notifiers::fill_until(&tx, id, app.now_millis() + wait + (pace.burst - 1) * pace.every).await?;
            }
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// One robot has one pace: two notifiers would not know of each other.
async fn check_other(app: &App, tx: &Tx, one: &Notifier) -> Result<(), ServiceError> {
    let all = opened_all(app, store::notifiers::all(tx.conn()).await?);
    // A bot posts in each channel at a pace of its own.
    let same = |other: &Notifier| other.target.url == one.target.url && other.fields.channel == one.fields.channel;
    match all.into_iter().find(|other| other.id != one.id && same(other)) {
        None => Ok(()),
        Some(other) => Err(ServiceError::Conflict(format!(
            "the notifier {} has this address already; choose its topics there",
            other.fields.name
        ))),
    }
}

/// Rules of reminders name it: without it, or under another name, nobody would be told, and nobody would notice.
async fn refuse_named(tx: &Tx, notifier: &Notifier) -> Result<(), ServiceError> {
    let name = &notifier.fields.name;
    if reminders::policy(tx.conn()).await?.notifiers().contains(&checked::fold(name)) {
        let words = format!("the rules of reminders name the notifier {name}; change them first");
        return Err(ServiceError::Conflict(words));
    }
    Ok(())
}

pub(super) async fn audit(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    action: &str,
    notifier: &Notifier,
    change: serde_json::Value,
) -> Result<(), ServiceError> {
    let subject = format!("notifier:{}", notifier.id);
    store::audit::insert(tx, app.id(), app.now_millis(), actor, action, &subject, change).await?;
    Ok(())
}
