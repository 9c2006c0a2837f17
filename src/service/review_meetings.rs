//! Reviews of postmortems: setting the time, moving and cancelling it, and the invitations that tell of it. The meeting and
//! the mails are written in one transaction.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
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
            let fields = patched(before.as_ref(), &event, patch)?;
            let stood = before.as_ref().filter(|before| !before.cancelled);
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
            tell(&app, &tx, &event, &meeting, &invited, false, stood.is_some()).await?;
            if let Some(stood) = stood {
                let gone = stood.fields.attendees.difference(&meeting.fields.attendees).copied().collect();
                let gone = people(tx.conn(), &gone).await?;
                tell(&app, &tx, &event, &meeting, &gone, true, true).await?;
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
            let meeting = ReviewMeeting {
                version: before.version + 1,
                sequence: before.sequence + 1,
                cancelled: true,
                changed_at: app.now_millis(),
                ..before.clone()
            };
            store::review_meetings::update(&tx, &meeting, before.version).await?;
            let invited = people(tx.conn(), &meeting.fields.attendees).await?;
            tell(&app, &tx, &event, &meeting, &invited, true, true).await?;
            let change = json!({"from": shown(&before), "to": shown(&meeting)});
            events::audit(&app, &tx, &actor, "review.cancel", &event, change).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
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

/// Puts the invitation of each of `to`, or its withdrawal, into the outbox.
async fn tell(
    app: &App,
    tx: &Tx,
    event: &ProductionEvent,
    meeting: &ReviewMeeting,
    to: &[Account],
    cancelled: bool,
    moved: bool,
) -> Result<(), ServiceError> {
    // Those who go are told of themselves alone; those who stay see who comes.
    let ics = invitation(app, event, meeting, to, cancelled).to_ics();
    let starts_at = meeting.fields.starts_at.with_timezone(&app.zone);
    for account in to {
        let review = ReviewNotice {
            label: event.label(),
            number: event.number,
            line: shortened(&event.fields.narrative, 72),
            when: starts_at.format("%Y-%m-%d %H:%M").to_string(),
            zone: app.zone.name().to_owned(),
            minutes: meeting.fields.minutes,
            place: meeting.fields.place.clone(),
            people: to.iter().map(|account| account.name.clone()).collect(),
            organizer: meeting.organizer.name.clone(),
            cancelled,
            moved,
        };
        let key = format!("review:{}:{}:{}", event.id, meeting.sequence, account.id);
        let language = Language::from_code(&account.lang);
        let recipient = (Some(account.id), account.email.clone());
        let message = notice(app, NoticeKind::Review(review), language, recipient, key, app.notice)?;
        let ends_at = meeting.fields.starts_at.timestamp_millis();
        let message = OutboxMessage {
            kind: INVITE_KIND.to_owned(),
            payload: Some(ics.clone()),
            thread: Some(events::thread(app, event.number)),
            expires_at: ends_at.max(message.not_before + DAY).min(message.not_before + 5 * DAY),
            ..message
        };
        store::outbox::insert(tx, &message).await?;
    }
    Ok(())
}

/// Whether an invitation still says what holds: that of the latest change to who is invited and sees the event; a withdrawal
/// to who is not.
pub(super) async fn still_wanted(
    connection: &impl ConnectionTrait,
    message: &OutboxMessage,
) -> Result<bool, ServiceError> {
    let mut parts = message.dedupe_key.split(':').skip(1);
    let event = parts.next().and_then(|id| id.parse::<Uuid>().ok());
    let sequence = parts.next().and_then(|sequence| sequence.parse::<i32>().ok());
    let (Some(event), Some(sequence), Some(account)) = (event, sequence, message.recipient_id) else {
        return Ok(false);
    };
    let Some(meeting) = store::review_meetings::of_event(connection, event).await? else { return Ok(false) };
    let withdrawal = message.payload.as_deref().is_some_and(|ics| ics.contains("METHOD:CANCEL"));
    let invited = !meeting.cancelled && meeting.fields.attendees.contains(&account);
    if withdrawal {
        return Ok(!invited);
    }
    let account = store::accounts::by_id(connection, account).await?.filter(|account| account.active);
    let event = store::events::by_ids(connection, &[event]).await?.pop();
    let sees = match (account, event) {
        (Some(account), Some(event)) => store::sight::sees(connection, account.sight(), &event).await?,
        _ => false,
    };
    Ok(invited && sequence == meeting.sequence && sees)
}

/// Whether a meeting lies ahead.
pub fn is_ahead(app: &App, meeting: &ReviewMeeting) -> bool {
    !meeting.cancelled && meeting.fields.starts_at + Duration::minutes(i64::from(meeting.fields.minutes)) > app.now()
}
