//! Reviews of postmortems: setting the time, moving and cancelling it, and the invitations that tell of it. The meeting and
//! the mails are written in one transaction.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, ServiceError, app::authorise, events, outbox_admin::notice, postmortems::sees, retry::retried};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        event::ProductionEvent,
        invitation::{Attendee, Invitation},
        notice::{NoticeKind, ReviewNotice},
        reminder::digest::{Language, shortened},
    },
    store::{self, Tx, accounts::Account, outbox::OutboxMessage, reminders::ConnectionTrait},
};

pub use crate::domain::review_meeting::{MeetingFields, ReviewMeeting};

/// Kind of an invitation in the outbox.
pub const INVITE_KIND: &str = "review.invite";

/// Minutes of a meeting unless somebody says otherwise.
const MINUTES: i32 = 60;

/// Milliseconds that an invitation is tried: a day, at least until the meeting begins.
const DAY: i64 = 86_400_000;

/// What is said of a meeting; what is absent stays, or stands at its default when the meeting is new.
#[derive(Debug, Clone, Default)]
pub struct MeetingPatch {
    /// When it begins; needed for a new one.
    pub starts_at: Option<DateTime<Utc>>,
    /// By default 60.
    pub minutes: Option<i32>,
    /// A room or a link.
    pub place: Option<Option<String>>,
    /// Who is invited; by default the owner and the reviewer.
    pub attendees: Option<Vec<Uuid>>,
}

/// A meeting with the people of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingView {
    /// The meeting.
    pub meeting: ReviewMeeting,
    /// Who is invited, by name.
    pub attendees: Vec<Account>,
}

/// The review of an event, also one that was cancelled; none where there was never one.
pub async fn get(app: &App, actor: &Actor, number: i64) -> Result<Option<MeetingView>, ServiceError> {
    let event = events::get(app, actor, number).await?;
    let Some(meeting) = store::review_meetings::of_event(app.store.read(), event.id).await? else { return Ok(None) };
    let attendees = people(app.store.read(), &meeting.fields.attendees).await?;
    Ok(Some(MeetingView { meeting, attendees }))
}

/// The calendar file of a review.
pub async fn calendar(app: &App, actor: &Actor, number: i64) -> Result<Option<String>, ServiceError> {
    let event = events::get(app, actor, number).await?;
    let Some(view) = get(app, actor, number).await? else { return Ok(None) };
    Ok(Some(invitation(app, &event, &view.meeting, &view.attendees, view.meeting.cancelled).to_ics()))
}

async fn people(connection: &impl ConnectionTrait, ids: &BTreeSet<Uuid>) -> Result<Vec<Account>, ServiceError> {
    let mut found = store::accounts::by_ids(connection, ids).await?;
    found.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Ok(found)
}

/// Sets the time of a review or changes it; everyone invited hears of it, and those who are no longer invited too. `version`
/// is that of the meeting; without one the latest is taken.
pub async fn schedule(
    app: &App,
    actor: &Actor,
    number: i64,
    version: Option<i64>,
    patch: MeetingPatch,
) -> Result<MeetingView, ServiceError> {
    authorise(actor, Permission::WritePostmortem)?;
    let (task_app, task_actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, patch) = (task_app.clone(), task_actor.clone(), patch.clone());
        async move {
            let tx = app.store.begin().await?;
            let event = events::by_number(&tx, &actor, number).await?;
            let before = store::review_meetings::of_event(tx.conn(), event.id).await?;
            check_version(&event, before.as_ref(), version)?;
            let renamed = patch.attendees.is_some();
            let mut fields = patched(before.as_ref(), &event, patch)?;
            let stood = before.as_ref().filter(|before| !before.cancelled);
            if let Some(before) = &before {
                fields.attendees = staying(&tx, &event, before, fields.attendees, renamed).await?;
            }
            let moved = stood.is_none_or(|stood| stood.fields.starts_at != fields.starts_at);
            let fields = fields.checked(app.now(), moved)?;
            let invited = people(tx.conn(), &fields.attendees).await?;
            for id in &fields.attendees {
                let account = invited.iter().find(|account| account.id == *id && account.active);
                let missing = || FieldError::shape("attendees", super::accounts::NO_ACCOUNT);
                sees(tx.conn(), account.ok_or_else(missing)?, "attendees", &event).await?;
            }
            if stood.is_some_and(|stood| stood.fields == fields) {
                tx.rollback().await?;
                let meeting = before.ok_or_else(nothing_there)?;
                return Ok(MeetingView { meeting, attendees: invited });
            }
            let meeting = ReviewMeeting {
                event_id: event.id,
                version: before.as_ref().map_or(1, |before| before.version + 1),
                cancelled: false,
                sequence: before.as_ref().map_or(0, |before| before.sequence + 1),
                organizer: match &before {
                    Some(before) => before.organizer.clone(),
                    None => organizer(&app, &tx, &actor).await?,
                },
                changed_at: app.now_millis(),
                fields,
            };
            match &before {
                Some(before) => store::review_meetings::update(&tx, &meeting, before.version).await?,
                None => store::review_meetings::insert(&tx, &meeting).await?,
            }
            let said = if stood.is_some() { Said::Changed } else { Said::New };
            tell(&app, &tx, &event, &meeting, &invited, said).await?;
            if let Some(stood) = stood {
                let gone = stood.fields.attendees.difference(&meeting.fields.attendees).copied().collect();
                let gone = people(tx.conn(), &gone).await?;
                // They hear of what stands in their calendars, not of what they are not invited to.
                let meeting = ReviewMeeting { fields: stood.fields.clone(), ..meeting.clone() };
                tell(&app, &tx, &event, &meeting, &gone, Said::Withdrawn).await?;
            }
            let change = json!({"from": before.as_ref().map(shown), "to": shown(&meeting)});
            events::audit(&app, &tx, &actor, "review.schedule", &event, change).await?;
            tx.commit().await?;
            Ok(MeetingView { meeting, attendees: invited })
        }
    })
    .await
}

/// Cancels a review; everyone invited hears of it. One that is cancelled stays so.
pub async fn cancel(app: &App, actor: &Actor, number: i64, version: Option<i64>) -> Result<(), ServiceError> {
    authorise(actor, Permission::WritePostmortem)?;
    let (task_app, task_actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (task_app.clone(), task_actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let event = events::by_number(&tx, &actor, number).await?;
            let before = store::review_meetings::of_event(tx.conn(), event.id).await?.ok_or_else(nothing_there)?;
            check_version(&event, Some(&before), version)?;
            if before.cancelled {
                return Ok(());
            }
            withdraw(&app, &tx, &actor, &event, before, Said::Withdrawn).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// Cancels the review of an event that is deleted: who was invited hears that it does not take place, and nothing of the event.
/// Belongs into the transaction of the deletion.
pub(super) async fn event_is_gone(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    event: &ProductionEvent,
) -> Result<(), ServiceError> {
    match store::review_meetings::of_event(tx.conn(), event.id).await?.filter(|meeting| !meeting.cancelled) {
        Some(before) => withdraw(app, tx, actor, event, before, Said::WithdrawnInSilence).await,
        None => Ok(()),
    }
}

async fn withdraw(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    event: &ProductionEvent,
    before: ReviewMeeting,
    said: Said,
) -> Result<(), ServiceError> {
    let meeting = ReviewMeeting {
        version: before.version + 1,
        sequence: before.sequence + 1,
        cancelled: true,
        changed_at: app.now_millis(),
        ..before.clone()
    };
    store::review_meetings::update(tx, &meeting, before.version).await?;
    let over = ends_at(&before) <= app.now_millis();
    if !(over && said == Said::WithdrawnInSilence) {
        let invited = people(tx.conn(), &meeting.fields.attendees).await?;
        tell(app, tx, event, &meeting, &invited, said).await?;
    }
    let change = json!({"from": shown(&before), "to": shown(&meeting)});
    events::audit(app, tx, actor, "review.cancel", event, change).await
}

/// Who stays invited. Those whose accounts are switched off go by themselves; those who do not see the event (any more) too, unless
/// somebody names them: that is refused.
async fn staying(
    tx: &Tx,
    event: &ProductionEvent,
    before: &ReviewMeeting,
    mut attendees: BTreeSet<Uuid>,
    renamed: bool,
) -> Result<BTreeSet<Uuid>, ServiceError> {
    let stood: BTreeSet<Uuid> = attendees.intersection(&before.fields.attendees).copied().collect();
    let accounts = people(tx.conn(), &stood).await?;
    let seeing = seeing(tx.conn(), &accounts, event).await?;
    let stays = |account: &&Account| account.active && (renamed || seeing.contains(&account.id));
    let staying: BTreeSet<Uuid> = accounts.iter().filter(stays).map(|account| account.id).collect();
    attendees.retain(|id| !stood.contains(id) || staying.contains(id));
    Ok(attendees)
}

/// Those of the people of a review who see its event.
async fn seeing(
    connection: &impl ConnectionTrait,
    people: &[Account],
    event: &ProductionEvent,
) -> Result<BTreeSet<Uuid>, ServiceError> {
    let mut seeing = BTreeSet::new();
    for account in people {
        if store::sight::sees(connection, account.sight(), event).await? {
            seeing.insert(account.id);
        }
    }
    Ok(seeing)
}

fn nothing_there() -> ServiceError {
    ServiceError::NotFound("review of this event".to_owned())
}

fn check_version(
    event: &ProductionEvent,
    before: Option<&ReviewMeeting>,
    version: Option<i64>,
) -> Result<(), ServiceError> {
    let current = before.map_or(0, |before| before.version);
    match version.filter(|given| *given != current) {
        Some(given) => Err(ServiceError::Stale { what: event.label(), given, current }),
        None => Ok(()),
    }
}

fn patched(
    before: Option<&ReviewMeeting>,
    event: &ProductionEvent,
    patch: MeetingPatch,
) -> Result<MeetingFields, FieldError> {
    let starts_at = patch.starts_at.or(before.map(|before| before.fields.starts_at));
    let by_default = || [event.postmortem.owner_id, event.postmortem.reviewer_id].into_iter().flatten().collect();
    Ok(MeetingFields {
        starts_at: starts_at.ok_or_else(|| FieldError::shape("starts_at", "say when the review begins"))?,
        minutes: patch.minutes.or(before.map(|before| before.fields.minutes)).unwrap_or(MINUTES),
        place: patch.place.unwrap_or_else(|| before.and_then(|before| before.fields.place.clone())),
        attendees: match (patch.attendees, before) {
            (Some(named), _) => named.into_iter().collect(),
            (None, Some(before)) => before.fields.attendees.clone(),
            (None, None) => by_default(),
        },
    })
}

/// Who sets the time answers for it; the local operator has no address, so that the house itself does.
async fn organizer(app: &App, tx: &Tx, actor: &Actor) -> Result<Attendee, ServiceError> {
    let account = match actor.account_id {
        Some(id) => store::accounts::by_id(tx.conn(), id).await?,
        None => None,
    };
    let house = || Attendee { address: format!("fupan@{}", app.mail_domain), name: "复盘台".to_owned() };
    Ok(account.map_or_else(house, |account| Attendee { address: account.email, name: account.name }))
}

fn shown(meeting: &ReviewMeeting) -> serde_json::Value {
    let fields = &meeting.fields;
    json!({
        "cancelled": meeting.cancelled,
        "starts_at": fields.starts_at,
        "minutes": fields.minutes,
        "place": fields.place,
        "attendees": fields.attendees,
    })
}

/// What an invitation tells its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// The first time.
    New,
    /// Another time, place or people.
    Changed,
    /// It does not take place, or the reader is not invited any more. Who does not see the event hears nothing of it.
    Withdrawn,
    /// The same, and nobody hears anything of the event.
    WithdrawnInSilence,
}

fn invitation(
    app: &App,
    event: &ProductionEvent,
    meeting: &ReviewMeeting,
    attendees: &[Account],
    cancelled: bool,
) -> Invitation {
    let line = shortened(&event.fields.narrative, 60);
    let url = format!("{}/e/{}/postmortem", app.public_url, event.number);
    Invitation {
        uid: format!("review.{}@{}", event.id.simple(), app.mail_domain),
        sequence: meeting.sequence,
        cancelled,
        stamp: DateTime::from_timestamp_millis(meeting.changed_at).unwrap_or_default(),
        starts_at: meeting.fields.starts_at,
        minutes: meeting.fields.minutes,
        summary: format!("{} 复盘会：{line}", event.label()),
        description: format!("{} {line}\n{url}", event.label()),
        place: meeting.fields.place.clone(),
        url,
        organizer: meeting.organizer.clone(),
        attendees: attendees
            .iter()
            .map(|account| Attendee { address: account.email.clone(), name: account.name.clone() })
            .collect(),
    }
}

/// A withdrawal that holds what its reader's calendar holds anyway: which meeting it was, and nothing of the event.
fn silent(app: &App, event: &ProductionEvent, meeting: &ReviewMeeting, to: &Account) -> Invitation {
    let label = event.label();
    Invitation {
        summary: format!("{label} 复盘会"),
        description: label,
        place: None,
        ..invitation(app, event, meeting, std::slice::from_ref(to), true)
    }
}

/// What stands behind the key of a withdrawal that tells nothing of its event.
const SILENT: &str = "silent";

/// Puts the invitation of each of `to`, or its withdrawal, into the outbox. Accounts that are switched off get nothing.
async fn tell(
    app: &App,
    tx: &Tx,
    event: &ProductionEvent,
    meeting: &ReviewMeeting,
    to: &[Account],
    said: Said,
) -> Result<(), ServiceError> {
    let withdrawn = matches!(said, Said::Withdrawn | Said::WithdrawnInSilence);
    let seeing = if said == Said::WithdrawnInSilence { BTreeSet::new() } else { seeing(tx.conn(), to, event).await? };
    let open = |account: &&Account| account.active && seeing.contains(&account.id);
    let see: Vec<Account> = to.iter().filter(open).cloned().collect();
    // Those who go are told of themselves alone; those who stay see who comes.
    let ics = invitation(app, event, meeting, &see, withdrawn).to_ics();
    for account in &see {
        let message = mail(app, event, meeting, account, &see, said, ics.clone())?;
        store::outbox::insert(tx, &message).await?;
    }
    for account in to.iter().filter(|account| account.active && withdrawn && !see.contains(account)) {
        let message = silent_mail(app, event, meeting, account)?;
        store::outbox::insert(tx, &message).await?;
    }
    Ok(())
}

fn mail(
    app: &App,
    event: &ProductionEvent,
    meeting: &ReviewMeeting,
    account: &Account,
    people: &[Account],
    said: Said,
    ics: String,
) -> Result<OutboxMessage, ServiceError> {
    let silent = said == Said::WithdrawnInSilence;
    let review = ReviewNotice {
        label: event.label(),
        number: event.number,
        line: if silent { String::new() } else { shortened(&event.fields.narrative, 72) },
        when: meeting.fields.starts_at.with_timezone(&app.zone).format("%Y-%m-%d %H:%M").to_string(),
        zone: app.zone.name().to_owned(),
        minutes: meeting.fields.minutes,
        place: meeting.fields.place.clone().filter(|_| !silent),
        people: people.iter().map(|account| account.name.clone()).collect(),
        organizer: meeting.organizer.name.clone(),
        cancelled: silent || said == Said::Withdrawn,
        moved: said != Said::New,
    };
    let mut key = format!("review:{}:{}:{}", event.id, meeting.sequence, account.id);
    if silent {
        key = format!("{key}:{SILENT}");
    }
    let language = Language::from_code(&account.lang);
    let recipient = (Some(account.id), account.email.clone());
    let message = notice(app, NoticeKind::Review(review), language, recipient, key, app.notice)?;
    let ends_at = meeting.fields.starts_at.timestamp_millis();
    Ok(OutboxMessage {
        kind: INVITE_KIND.to_owned(),
        payload: Some(ics),
        thread: Some(events::thread(app, event.number)),
        expires_at: ends_at.max(message.not_before + DAY).min(message.not_before + 5 * DAY),
        ..message
    })
}

fn silent_mail(
    app: &App,
    event: &ProductionEvent,
    meeting: &ReviewMeeting,
    to: &Account,
) -> Result<OutboxMessage, ServiceError> {
    let ics = silent(app, event, meeting, to).to_ics();
    mail(app, event, meeting, to, &[], Said::WithdrawnInSilence, ics)
}

/// What the key of an invitation says: event, sequence, and whether nothing of the event is told.
fn key_of(message: &OutboxMessage) -> Option<(Uuid, i32, bool)> {
    let mut parts = message.dedupe_key.split(':').skip(1);
    let event = parts.next()?.parse().ok()?;
    let sequence = parts.next()?.parse().ok()?;
    Some((event, sequence, parts.nth(1) == Some(SILENT)))
}

fn is_withdrawal(message: &OutboxMessage) -> bool {
    message.payload.as_deref().is_some_and(|ics| ics.contains("METHOD:CANCEL"))
}

/// Whether an invitation still says what holds, to an account that is not switched off: that of the latest change to who is invited
/// and sees the event; a withdrawal to who is not invited, and sees the event where it tells of it.
pub(super) async fn still_wanted(
    connection: &impl ConnectionTrait,
    message: &OutboxMessage,
) -> Result<bool, ServiceError> {
    let (Some((event, sequence, silent)), Some(account)) = (key_of(message), message.recipient_id) else {
        return Ok(false);
    };
    let Some(meeting) = store::review_meetings::of_event(connection, event).await? else { return Ok(false) };
    let account = store::accounts::by_id(connection, account).await?.filter(|account| account.active);
    let Some(account) = account else { return Ok(false) };
    let invited = !meeting.cancelled && meeting.fields.attendees.contains(&account.id);
    let holds = if is_withdrawal(message) { !invited } else { invited && sequence == meeting.sequence };
    if !holds || silent {
        return Ok(holds);
    }
    let event = store::events::by_ids(connection, &[event]).await?.pop();
    let Some(event) = event else { return Ok(false) };
    Ok(store::sight::sees(connection, account.sight(), &event).await?)
}

/// Puts a withdrawal that tells nothing of its event in the place of one that is not sent, because its reader may not hear of the
/// event any more: the meeting would stay in the calendar else. Belongs into the transaction that ends the other.
pub(super) async fn withdraw_in_silence(app: &App, tx: &Tx, message: &OutboxMessage) -> Result<(), ServiceError> {
    let (Some((id, sequence, false)), Some(account)) = (key_of(message), message.recipient_id) else { return Ok(()) };
    if !is_withdrawal(message) {
        return Ok(());
    }
    let account = store::accounts::by_id(tx.conn(), account).await?.filter(|account| account.active);
    let meeting = store::review_meetings::of_event(tx.conn(), id).await?;
    let event = store::events::by_ids_or_gone(tx.conn(), &[id]).await?.pop().map(|(event, _)| event);
    let (Some(account), Some(meeting), Some(event)) = (account, meeting, event) else { return Ok(()) };
    let invited = !meeting.cancelled && meeting.fields.attendees.contains(&account.id);
    if !invited {
        // The time that the reader knows; the meeting may have moved since.
        let starts_at = message.payload.as_deref().and_then(starts_at).unwrap_or(meeting.fields.starts_at);
        let fields = MeetingFields { starts_at, ..meeting.fields };
        let meeting = ReviewMeeting { sequence, fields, ..meeting };
        store::outbox::insert(tx, &silent_mail(app, &event, &meeting, &account)?).await?;
    }
    Ok(())
}

/// When the meeting of a calendar part begins.
fn starts_at(ics: &str) -> Option<DateTime<Utc>> {
    let value = ics.lines().find_map(|line| line.strip_prefix("DTSTART:"))?;
    NaiveDateTime::parse_from_str(value.trim(), "%Y%m%dT%H%M%SZ").ok().map(|at| at.and_utc())
}

/// Milliseconds.
fn ends_at(meeting: &ReviewMeeting) -> i64 {
    (meeting.fields.starts_at + Duration::minutes(i64::from(meeting.fields.minutes))).timestamp_millis()
}

/// Whether a meeting lies ahead.
pub fn is_ahead(app: &App, meeting: &ReviewMeeting) -> bool {
    !meeting.cancelled && ends_at(meeting) > app.now_millis()
}
