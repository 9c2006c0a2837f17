//! What a group is not told in its quiet hours: it waits in one message, and of it that is told which still stands when they end.
//!
//! A message that comes in quiet hours gives its place to the one of their end, and stays to say what it held.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration};
use uuid::Uuid;

use super::{
    App, ServiceError, announcements, burn_warnings,
    notifiers::{self, TEST_KIND},
    reminders::GROUP_KIND,
    retry::retried,
};
use crate::{
    domain::{
        chat::{ChatLine, ChatLink, ChatMessage, Rendered, Tone},
        notifier::{Notifier, Topic},
        reminder::digest::Language,
    },
    store::{
        self,
        outbox::{Claim, OutboxMessage},
        reminders::ConnectionTrait,
    },
};

/// Kind of the message that holds what came in quiet hours.
pub(super) const HELD_KIND: &str = "chat.held";

/// Hours after the quiet ones for which it is tried.
const HOURS: i64 = 24;

/// Most messages that one tells of: more do not come in a night.
const LIMIT: u64 = 1_000;

/// Until when a message waits, in milliseconds, where its group wants to be left alone now.
pub(super) async fn until(
    app: &App,
    connection: &impl ConnectionTrait,
    notifier: &Notifier,
    message: &OutboxMessage,
) -> Result<Option<i64>, ServiceError> {
    let Some(quiet) = notifier.fields.quiet.as_ref().filter(|_| message.kind != TEST_KIND) else { return Ok(None) };
    let Some(end) = quiet.end(app.zone, app.now()) else { return Ok(None) };
    if let Some(event) = announcements::event_of(message) {
        let event = store::events::by_ids(connection, &[event]).await?.pop();
        if event.is_some_and(|event| quiet.lets_through(event.fields.severity.as_deref())) {
            return Ok(None);
        }
    }
    let topic = message.kind.strip_prefix("chat.").and_then(Topic::from_code);
    if topic == Some(Topic::BudgetBurning) && burn_warnings::is_urgent(connection, message).await? {
        return Ok(None);
    }
    Ok(Some(end))
}

/// Whether a message waits as it is: it is put into words again when it goes, or a copy of it may be out.
pub(super) fn waits_alone(message: &OutboxMessage) -> bool {
    message.kind == HELD_KIND || message.kind == GROUP_KIND || message.unknowns > 0
}

/// Ends a taken message in favour of the one that is told at `end`; says no where the claim was lost.
pub(super) async fn hold(app: &App, claim: Claim, notifier: &Notifier, end: i64) -> Result<bool, ServiceError> {
    let (app, notifier) = (app.clone(), notifier.clone());
    retried(move || {
        let (app, notifier) = (app.clone(), notifier.clone());
        async move {
            let tx = app.store.begin().await?;
            let key = format!("chat:held:{}:{end}", notifier.id);
            let said = words(&app, notifier.language(), &[]);
            let new = notifiers::message(&app, &notifier, HELD_KIND.to_owned(), key.clone(), &said);
            let expires_at = end + Duration::hours(HOURS).num_milliseconds();
            let new = OutboxMessage { not_before: end, expires_at, ..new };
            let id = if store::outbox::insert(&tx, &new).await? {
                Some(new.id)
            } else {
                store::outbox::waiting_of_key(&tx, &key).await?
            };
            let held = match id {
                Some(id) => store::outbox::hold_in(&tx, claim, id).await?,
                // The other one is on its way or over: this one is told alone.
                None => store::outbox::wait(&tx, claim, end).await?,
            };
            tx.commit().await?;
            Ok(held)
        }
    })
    .await
}

/// Of what a message holds, what still stands, and how many do not.
async fn standing(
    app: &App,
    connection: &impl ConnectionTrait,
    message: &OutboxMessage,
) -> Result<(Vec<OutboxMessage>, Vec<Uuid>), ServiceError> {
    let parts = store::outbox::held_in(connection, message.id, LIMIT).await?;
    let mut stand: BTreeSet<Uuid> = announcements::standing(connection, &parts).await?;
    // Reports and warnings are few.
    for part in parts.iter().filter(|part| announcements::event_of(part).is_none()) {
        if notifiers::is_true(app, connection, part).await? {
            stand.insert(part.id);
        }
    }
    let (right, gone): (Vec<OutboxMessage>, Vec<OutboxMessage>) =
        parts.into_iter().partition(|part| stand.contains(&part.id));
    Ok((right, gone.into_iter().map(|part| part.id).collect()))
}

/// What becomes of a message at its last look.
pub(super) enum Stands {
    /// All that it holds.
    Whole,
    /// Some of it, so that it is put into words again.
    InPart,
    /// None of it.
    No,
}

/// Whether what a message holds still stands.
pub(super) async fn stands(
    app: &App,
    connection: &impl ConnectionTrait,
    message: &OutboxMessage,
) -> Result<Stands, ServiceError> {
    let (right, gone) = standing(app, connection, message).await?;
    Ok(match (right.is_empty(), gone.is_empty()) {
        (true, _) => Stands::No,
        (false, true) => Stands::Whole,
        (false, false) => Stands::InPart,
    })
}

/// What a message says when quiet hours end.
pub(super) struct Told {
    /// Its title.
    pub subject: String,
    /// As the tool takes it.
    pub said: Rendered,
    /// Messages of which nothing is told.
    pub gone: Vec<Uuid>,
}

/// The words of what still stands; none where nothing does.
pub(super) async fn told(
    app: &App,
    connection: &impl ConnectionTrait,
    notifier: &Notifier,
    message: &OutboxMessage,
) -> Result<Option<Told>, ServiceError> {
    let (right, gone) = standing(app, connection, message).await?;
    if right.is_empty() {
        return Ok(None);
    }
    let said = words(app, notifier.language(), &right);
    Ok(Some(Told { subject: notifiers::subject_of(&said), said: notifiers::said(notifier, &said), gone }))
}

fn words(app: &App, language: Language, parts: &[OutboxMessage]) -> ChatMessage {
    let chinese = language == Language::Chinese;
    let count = parts.len();
    let line = |part: &OutboxMessage| {
        let at = DateTime::from_timestamp_millis(part.created_at).unwrap_or_default().with_timezone(&app.zone);
        ChatLine { strong: at.format("%m/%d %H:%M").to_string(), text: part.subject.clone() }
    };
    let link = ChatLink {
        words: if chinese { "查看事件" } else { "See the events" }.to_owned(),
        url: format!("{}/events", app.public_url),
    };
    ChatMessage {
        kind: "held",
        language,
        tone: Tone::Grey,
        title: match (count, chinese) {
            // It waits, and more may come: how many stand is counted when it goes.
            (0, true) => "静默时段内的消息".to_owned(),
            (0, false) => "Messages from the quiet hours".to_owned(),
            (_, true) => format!("静默时段内的 {count} 条消息"),
            (1, false) => "1 message from the quiet hours".to_owned(),
            (_, false) => format!("{count} messages from the quiet hours"),
        },
        lines: parts.iter().map(line).collect(),
        links: vec![link],
        mentions: Vec::new(),
    }
}
