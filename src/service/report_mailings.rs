//! The weekly mail: setting it up, and sending the report to its list at its time, once.
//!
//! Planning reads stored times only. The messages and the next time are written in one transaction, which only the worker
//! that still finds the old time can commit; every message has a key of mail, week and recipient besides, so that not even
//! a changed schedule sends one week twice.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    App, ServiceError,
    app::authorise,
    outbox_mail,
    ports::{MailWords, RenderReportMail},
    publications::{self, Shown},
    reports::{self, Section},
    retry::retried,
    secrets, unsubscribing, withholding,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::{self, FieldError},
        iso_week::IsoWeek,
        reminder::{backoff::GIVE_UP_AFTER_DAYS, digest::Language},
        report::formats,
        report_mailing::{
            self, LATE_DAYS, Mailing, MailingFields, Recipient, ReportMail, Slot, WhichWeek, weekday_code,
        },
    },
    store::{self, StoreError, outbox::OutboxMessage, reminders::ConnectionTrait, report_mailings::email_key},
};

/// Kind of the weekly mail in the outbox.
pub const REPORT_KIND: &str = "report.weekly";

/// What is set of a weekly mail; what is absent stays, or stands at its default when the mail is new.
#[derive(Debug, Clone, Default)]
pub struct MailingPatch {
    /// Label.
    pub name: Option<String>,
    /// Addresses; those that stay keep whether they unsubscribed.
    pub recipients: Option<Vec<String>>,
    /// `fri`, `5`, `周五`; by default Friday.
    pub weekday: Option<String>,
    /// `17:00`, the default.
    pub time: Option<String>,
    /// `Asia/Shanghai`; by default the report zone.
    pub zone: Option<String>,
    /// this (the default) or last.
    pub week: Option<String>,
    /// all (the default), figures or events.
    pub section: Option<String>,
    /// Waits until the week is published; by default not.
    pub only_published: Option<bool>,
    /// By default it is.
    pub enabled: Option<bool>,
    /// zh-CN (the default) or en.
    pub lang: Option<String>,
}

/// What the next mail would be.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The mail.
    pub mailing: Mailing,
    /// The week that it is about.
    pub week: IsoWeek,
    /// It would wait: the week is not published.
    pub waits: bool,
    /// Its words as of now, for the first recipient; its link to unsubscribe leads nowhere.
    pub words: MailWords,
}

/// What one planning did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailingPlan {
    /// Messages put into the outbox.
    pub messages: usize,
    /// Mails that wait for their week to be published.
    pub waiting: usize,
    /// Mails whose time was over for more than three days.
    pub skipped: usize,
}

fn default_fields(app: &App) -> Result<MailingFields, FieldError> {
    Ok(MailingFields {
        name: String::new(),
        slot: Slot::of("fri", "17:00", app.zone.name())?,
        which: WhichWeek::This,
        section: "all".to_owned(),
        only_published: false,
        enabled: true,
        lang: "zh-CN".to_owned(),
    })
}

/// The patch over fields, checked.
fn patched(before: MailingFields, patch: &MailingPatch) -> Result<MailingFields, FieldError> {
    let slot = before.slot;
    let or = |new: &Option<String>, old: String| new.clone().unwrap_or(old);
    let which = match &patch.week {
        Some(code) => WhichWeek::from_code(code)?,
        None => before.which,
    };
    let fields = MailingFields {
        name: or(&patch.name, before.name),
        slot: Slot::of(
            &or(&patch.weekday, weekday_code(slot.weekday).to_owned()),
            &or(&patch.time, slot.time_words()),
            &or(&patch.zone, slot.zone.name().to_owned()),
        )?,
        which,
        section: or(&patch.section, before.section),
        only_published: patch.only_published.unwrap_or(before.only_published),
        enabled: patch.enabled.unwrap_or(before.enabled),
        lang: or(&patch.lang, before.lang),
    };
    fields.checked()
}

fn recipient(app: &App, email: &str) -> Recipient {
    // Links are signed; of a secret that nobody knows the hash only fills the column that older links are found by.
    let token_hash = secrets::hash_bytes(&app.ids.secret());
    Recipient { id: app.id(), email: email.to_owned(), token_hash, unsubscribed_at: None }
}

/// All weekly mails, in order of their names.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Mailing>, ServiceError> {
    authorise(actor, Permission::ManageMailings)?;
    Ok(store::report_mailings::list(app.store.read()).await?)
}

/// One weekly mail.
pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<Mailing, ServiceError> {
    authorise(actor, Permission::ManageMailings)?;
    store::report_mailings::by_id(app.store.read(), id).await?.ok_or_else(|| unknown(id))
}

fn unknown(id: Uuid) -> ServiceError {
    ServiceError::NotFound(format!("weekly mail {id}"))
}

/// Sets up a weekly mail; the first one goes out at the next slot.
pub async fn create(app: &App, actor: &Actor, new: MailingPatch) -> Result<Mailing, ServiceError> {
    authorise(actor, Permission::ManageMailings)?;
    let fields = patched(default_fields(app)?, &new)?;
    let addresses = report_mailing::recipients(new.recipients.as_deref().unwrap_or_default())?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, fields, addresses) = (app.clone(), actor.clone(), fields.clone(), addresses.clone());
        async move {
            let tx = app.store.begin().await?;
            if store::report_mailings::count(tx.conn()).await? >= store::report_mailings::LIMIT {
                return Err(ServiceError::Conflict("there are 100 weekly mails already; remove one".to_owned()));
            }
            let now = app.now();
            let mailing = Mailing {
                id: app.id(),
                version: 1,
                next_at: fields.slot.next_after(now).timestamp_millis(),
                fields,
                recipients: addresses.iter().map(|email| recipient(&app, email)).collect(),
                created_at: now.timestamp_millis(),
            };
            match store::report_mailings::insert(&tx, &mailing).await {
                Err(StoreError::Duplicate(_)) => return Err(name_taken(&mailing.fields.name)),
                other => other?,
            }
            audit(&app, &tx, &actor, "mailing.create", &mailing, json!({"to": shown(&mailing)})).await?;
            tx.commit().await?;
            Ok(mailing)
        }
    })
    .await
}

fn name_taken(name: &str) -> ServiceError {
    ServiceError::Conflict(format!("a weekly mail with the name {name} is there already; choose another name"))
}

/// Changes a weekly mail that is still in `version`; where its time changed, the next one goes out at the next slot.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: Uuid,
    version: i64,
    patch: MailingPatch,
) -> Result<Mailing, ServiceError> {
    authorise(actor, Permission::ManageMailings)?;
    let addresses = patch.recipients.as_deref().map(report_mailing::recipients).transpose()?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, patch, addresses) = (app.clone(), actor.clone(), patch.clone(), addresses.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = current(&tx, id, version).await?;
            let fields = patched(before.fields.clone(), &patch)?;
            let moved = fields.slot != before.fields.slot || (fields.enabled && !before.fields.enabled);
            let next_at = if moved { fields.slot.next_after(app.now()).timestamp_millis() } else { before.next_at };
            let mut after = Mailing { fields, next_at, version: version + 1, ..before.clone() };
            if let Some(addresses) = addresses {
                // Who unsubscribed stays known: put on the list again, they still get nothing.
                let kept = |one: &&Recipient| {
                    one.unsubscribed_at.is_some()
                        || addresses.iter().any(|email| email.eq_ignore_ascii_case(&one.email))
                };
                let (stay, gone): (Vec<&Recipient>, Vec<&Recipient>) = before.recipients.iter().partition(kept);
                let is_there = |email: &&String| stay.iter().any(|one| one.email.eq_ignore_ascii_case(email));
                let added: Vec<Recipient> =
                    addresses.iter().filter(|email| !is_there(email)).map(|email| recipient(&app, email)).collect();
                let gone: Vec<Uuid> = gone.iter().map(|one| one.id).collect();
                store::report_mailings::remove_recipients(&tx, &gone).await?;
                store::report_mailings::add_recipients(&tx, id, &added).await?;
                after.recipients = stay.into_iter().cloned().chain(added).collect();
            }
            match store::report_mailings::update(&tx, &after, version).await {
                Err(StoreError::Duplicate(_)) => return Err(name_taken(&after.fields.name)),
                other => other?,
            }
            let change = json!({"from": shown(&before), "to": shown(&after)});
            audit(&app, &tx, &actor, "mailing.update", &after, change).await?;
            tx.commit().await?;
            Ok(after)
        }
    })
    .await
}

/// Removes a weekly mail that is still in `version`; what waits in the outbox is not sent.
pub async fn delete(app: &App, actor: &Actor, id: Uuid, version: i64) -> Result<(), ServiceError> {
    authorise(actor, Permission::ManageMailings)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = current(&tx, id, version).await?;
            store::report_mailings::delete(&tx, id, version).await?;
            audit(&app, &tx, &actor, "mailing.delete", &before, json!({"from": shown(&before)})).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

async fn current(tx: &store::Tx, id: Uuid, version: i64) -> Result<Mailing, ServiceError> {
    let mailing = store::report_mailings::by_id(tx.conn(), id).await?.ok_or_else(|| unknown(id))?;
    if mailing.version == version {
        return Ok(mailing);
    }
    Err(ServiceError::Stale { what: mailing.fields.name, given: version, current: mailing.version })
}

fn shown(mailing: &Mailing) -> Value {
    let fields = &mailing.fields;
    json!({
        "name": fields.name,
        "recipients": mailing.recipients.iter().map(|one| checked::masked_email(&one.email)).collect::<Vec<_>>(),
        "weekday": weekday_code(fields.slot.weekday),
        "time": fields.slot.time_words(),
        "zone": fields.slot.zone.name(),
        "week": fields.which.code(),
        "section": fields.section,
        "only_published": fields.only_published,
        "enabled": fields.enabled,
        "lang": fields.lang,
    })
}

async fn audit(
    app: &App,
    tx: &store::Tx,
    actor: &Actor,
    action: &str,
    mailing: &Mailing,
    change: Value,
) -> Result<(), ServiceError> {
    let subject = format!("mailing:{}", mailing.id);
    store::audit::insert(tx, app.id(), app.now_millis(), actor, action, &subject, change).await?;
    Ok(())
}

/// What the next mail would say as things stand now.
pub async fn preview(app: &App, actor: &Actor, id: Uuid) -> Result<Preview, ServiceError> {
    let mailing = get(app, actor, id).await?;
    let week = mailing.fields.which.week(mailing.next(), mailing.fields.slot.zone);
    let shown = publications::shown(app, actor, week, publications::Which::Published, None).await?;
    let waits = mailing.fields.only_published && shown.publication.is_none();
    let mail = mail(app, &mailing, shown, &format!("{}/unsubscribe/…", app.public_url))?;
    let words = (app.report_mail)(&mail).map_err(ServiceError::Interrupted)?;
    Ok(Preview { mailing, week, waits, words })
}

/// The recipient of a link to unsubscribe, and the name of the mail; nothing where the link is not known (any more).
pub async fn by_token(app: &App, token: &str) -> Result<Option<(String, Recipient)>, ServiceError> {
    let connection = app.store.read();
    let Some((mailing, recipient)) = unsubscribing::recipient(app, token).await? else {
        return Ok(None);
    };
    let mailing = store::report_mailings::by_id(connection, mailing).await?;
    Ok(mailing.map(|mailing| (mailing.fields.name, recipient)))
}

/// Unsubscribes the recipient of a link; doing so twice is harmless. False where the link is not known.
pub async fn unsubscribe(app: &App, token: &str) -> Result<bool, ServiceError> {
    let Some((mailing, recipient)) = unsubscribing::recipient(app, token).await? else { return Ok(false) };
    let app = app.clone();
    retried(move || {
        let (app, recipient) = (app.clone(), recipient.clone());
        async move {
            let tx = app.store.begin().await?;
            let now = app.now_millis();
            if store::report_mailings::unsubscribe(&tx, recipient.id, now).await? {
                let subject = format!("mailing:{mailing}");
                let change = json!({"recipient": checked::masked_email(&recipient.email)});
                store::audit::insert(&tx, app.id(), now, &Actor::clock(), "mailing.unsubscribe", &subject, change)
                    .await?;
            }
            tx.commit().await?;
            Ok(true)
        }
    })
    .await
}

/// Puts the mails whose time has come into the outbox. One that cannot be made keeps none of the others away.
pub async fn plan(app: &App, render: RenderReportMail) -> Result<MailingPlan, ServiceError> {
    let now = app.now();
    let mut plan = MailingPlan::default();
    for mailing in store::report_mailings::due(app.store.read(), now.timestamp_millis()).await? {
        let name = mailing.fields.name.clone();
        if let Err(error) = plan_one(app, mailing, now, render, &mut plan).await {
            tracing::error!(mailing = name, %error, "a weekly mail could not be planned; the next round tries again");
        }
    }
    Ok(plan)
}

async fn plan_one(
    app: &App,
    mailing: Mailing,
    now: DateTime<Utc>,
    render: RenderReportMail,
    plan: &mut MailingPlan,
) -> Result<(), ServiceError> {
    let slot = mailing.fields.slot;
    let Some(due) = slot.due(mailing.next(), now) else { return Ok(()) };
    let week = mailing.fields.which.week(due.at, slot.zone);
    if due.too_late {
        let name = &mailing.fields.name;
        tracing::warn!(mailing = name, %week, slot = %due.at, "a weekly mail is left out: it is {LATE_DAYS} days late");
        plan.skipped += 1;
        write(app, mailing, slot.next_after(now), Vec::new()).await?;
        return Ok(());
    }
    let shown = publications::shown(app, &Actor::clock(), week, publications::Which::Published, None).await?;
    if mailing.fields.only_published && shown.publication.is_none() {
        plan.waiting += 1;
        return Ok(());
    }
    let mut messages = Vec::new();
    for recipient in mailing.wanted() {
        let mail = mail(app, &mailing, shown.clone(), &unsubscribing::url(app, recipient.id).await?)?;
        let words = render(&mail).map_err(ServiceError::Interrupted)?;
        messages.push(message(app, &mailing, week, recipient, now, words));
    }
    let name = mailing.fields.name.clone();
    let new = write(app, mailing, slot.next_after(now), messages).await?;
    tracing::info!(mailing = name, %week, messages = new, "weekly mail");
    plan.messages += new;
    Ok(())
}

/// Writes the messages and the next time together; answers how many messages are new. None are where another worker was
/// quicker or somebody changed the mail meanwhile: the next round looks again.
async fn write(
    app: &App,
    mailing: Mailing,
    next: DateTime<Utc>,
    messages: Vec<OutboxMessage>,
) -> Result<usize, ServiceError> {
    let app = app.clone();
    retried(move || {
        let (app, mailing, messages) = (app.clone(), mailing.clone(), messages.clone());
        async move {
            let tx = app.store.begin().await?;
            if !store::report_mailings::move_on(&tx, &mailing, next.timestamp_millis()).await? {
                tx.rollback().await?;
                return Ok(0);
            }
            let mut new = 0;
            for message in &messages {
                new += usize::from(store::outbox::insert(&tx, message).await?);
            }
            tx.commit().await?;
            Ok(new)
        }
    })
    .await
}

fn mail(app: &App, mailing: &Mailing, shown: Shown, unsubscribe_url: &str) -> Result<ReportMail, ServiceError> {
    let fields = &mailing.fields;
    let section = Section::from_code(&fields.section)?;
    let local = |millis| DateTime::from_timestamp_millis(millis).map(|at| at.with_timezone(&fields.slot.zone));
    let published = shown.publication.as_ref().map(|publication| {
        let at = local(publication.head.published_at).map(|at| at.format("%Y-%m-%d %H:%M").to_string());
        (publication.head.revision, at.unwrap_or_default())
    });
    let events = (section != Section::Figures).then_some(shown.report.events.len());
    let report: reports::WeeklyReport = shown.only(section).report;
    let there = !report.markdown.trim().is_empty();
    Ok(ReportMail {
        language: Language::from_code(&fields.lang),
        name: fields.name.clone(),
        slot: fields.slot,
        week: report.week,
        text: if there { formats::plain(&report.markdown) } else { String::new() },
        html: if there { formats::html(&report.markdown) } else { String::new() },
        events,
        published,
        public_url: app.public_url.clone(),
        unsubscribe_url: unsubscribe_url.to_owned(),
    })
}

fn message(
    app: &App,
    mailing: &Mailing,
    week: IsoWeek,
    recipient: &Recipient,
    now: DateTime<Utc>,
    words: MailWords,
) -> OutboxMessage {
    // An address may be longer than the key, and one that was removed and added again is the same reader.
    let dedupe_key = format!("report:{}:{week}:{}", mailing.id, secrets::hash(&email_key(&recipient.email)));
    let (to, now) = ((None, recipient.email.clone()), now.timestamp_millis());
    outbox_mail::mail(app, REPORT_KIND, dedupe_key, to, words, now, Duration::days(GIVE_UP_AFTER_DAYS))
}

/// Where the reader of a weekly mail unsubscribes; nothing where the mail is not wanted any more: it was removed or
/// switched off, the reader is not on its list or unsubscribed, or it goes out with published weeks only and this one
/// was withdrawn.
pub(super) async fn still_wanted(
    app: &App,
    connection: &impl ConnectionTrait,
    message: &OutboxMessage,
) -> Result<Option<String>, ServiceError> {
    let mut parts = message.dedupe_key.split(':').skip(1);
    let id = parts.next().and_then(|id| id.parse::<Uuid>().ok());
    let week = parts.next().and_then(|week| week.parse::<IsoWeek>().ok());
    let (Some(id), Some(week)) = (id, week) else { return Ok(None) };
    let mailing = store::report_mailings::by_id(connection, id).await?.filter(|mailing| mailing.fields.enabled);
    let Some(mailing) = mailing else { return Ok(None) };
    if mailing.fields.only_published && !withholding::is_shown(connection, week).await? {
        return Ok(None);
    }
    if withholding::tells_of_restricted(connection, week, &message.text).await? {
        return Ok(None);
    }
    let reader = mailing.wanted().find(|one| email_key(&one.email) == email_key(&message.recipient));
    match reader {
        Some(reader) => Ok(Some(unsubscribing::url(app, reader.id).await?)),
        None => Ok(None),
    }
}
