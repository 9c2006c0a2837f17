//! The audit log of the whole house, for administrators; and what is written into it that is no write of a service: files that
//! were taken out, what was refused, settings that changed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

use chrono::{DateTime, NaiveDate, TimeZone as _};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{App, ServiceError, accounts, app::authorise, detached, event_history};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
    },
    store::{
        self,
        audit::{AuditCursor, AuditEntry, AuditFilter},
    },
};

/// The most entries of a page.
pub const PAGE_LIMIT: u64 = 200;

/// What somebody asks for, as they wrote it; what is empty asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// An e-mail address or id of an account.
    pub actor: Option<String>,
    /// The beginning of an action: `account.`, `event.create`.
    pub action: Option<String>,
    /// A subject: `event:22`; `PE-22` is read too.
    pub subject: Option<String>,
    /// From this day or time on: `2024-08-19` in the report zone, or RFC 3339.
    pub from: Option<String>,
    /// Until this day (with it) or before this time.
    pub until: Option<String>,
    /// Where the page begins.
    pub cursor: Option<String>,
    /// 1 to 200, by default 50.
    pub limit: Option<u64>,
}

/// A page of the log.
#[derive(Debug, Clone)]
pub struct AuditPage {
    /// The entries, newest first.
    pub entries: Vec<AuditEntry>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Entries of all subjects, newest first. Administrators see restricted events, and nobody else reads this list.
pub async fn list(app: &App, actor: &Actor, asked: &Asked) -> Result<AuditPage, ServiceError> {
    authorise(actor, Permission::ReadAudit)?;
    let given =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let actor_id = match given(&asked.actor) {
        Some(text) => match Uuid::parse_str(&text) {
            Ok(id) => Some(id),
            Err(_) => Some(accounts::named(app, actor, "actor", &text).await?.id),
        },
        None => None,
    };
    let action = given(&asked.action);
    if action.as_deref().is_some_and(|action| {
        action.len() > 40 || !action.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.')
    }) {
        return Err(
            FieldError::shape("action", "write an action like event.create, or its beginning like account.").into()
        );
    }
    let subject = given(&asked.subject).map(|text| match crate::domain::event::number_of(&text) {
        Some(number) => super::events::subject(number),
        None => text.chars().take(80).collect(),
    });
    let filter = AuditFilter {
        actor_id,
        action,
        subject,
        from: given(&asked.from).map(|text| moment(app, "from", &text, 0)).transpose()?,
        until: given(&asked.until).map(|text| moment(app, "until", &text, 1)).transpose()?,
    };
    let after = match given(&asked.cursor) {
        Some(text) => Some(
            event_history::cursor_of(&text)
                .ok_or_else(|| FieldError::shape("cursor", "take it from next_cursor as it is"))?,
        ),
        None => None,
    };
    let limit = asked.limit.unwrap_or(50);
    if !(1..=PAGE_LIMIT).contains(&limit) {
        return Err(FieldError::shape("limit", "1 to 200").into());
    }
    let mut entries = store::audit::page(app.store.read(), &filter, after, limit + 1).await?;
    let more = entries.len() as u64 > limit;
    entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = entries
        .last()
        .filter(|_| more)
        .map(|entry| event_history::cursor_text(AuditCursor { at: entry.at, id: entry.id }));
    Ok(AuditPage { entries, next })
}

/// A time from text: RFC 3339, or the beginning of a day in the report zone, `days` later.
fn moment(app: &App, field: &'static str, text: &str, days: u64) -> Result<i64, ServiceError> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.timestamp_millis());
    }
    let wrong = || FieldError::shape(field, "write a day like 2024-08-19 or a time like 2024-08-19T15:00:00+08:00");
    let day = text.parse::<NaiveDate>().ok().and_then(|day| day.checked_add_days(chrono::Days::new(days)));
    let begins = day.and_then(|day| day.and_hms_opt(0, 0, 0)).ok_or_else(wrong)?;
    let at = app.zone.from_local_datetime(&begins).earliest().ok_or_else(wrong)?;
    Ok(at.timestamp_millis())
}

/// Who was refused what of late, in this process: the same refusal is written once in ten minutes.
#[derive(Debug, Default)]
pub struct Refused(Mutex<HashMap<Key, (i64, u64)>>);

/// Account, and the route.
type Key = (Option<Uuid>, String);

/// Milliseconds in which the same refusal is written once.
const ONCE_IN: i64 = 600_000;

/// The most refusals that are remembered.
const REMEMBERED: usize = 10_000;

impl Refused {
    /// How often it was refused since it was written last, where it is to be written now.
    fn take(&self, key: Key, now: i64) -> Option<u64> {
        let mut seen = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if seen.len() >= REMEMBERED {
            seen.retain(|_, (at, _)| now - *at < ONCE_IN);
        }
        if let Some((at, silent)) = seen.get_mut(&key) {
            if now - *at < ONCE_IN {
                *silent += 1;
                return None;
            }
            let times = *silent + 1;
            (*at, *silent) = (now, 0);
            return Some(times);
        }
        // A flood of different ones is not written either.
        if seen.len() >= REMEMBERED {
            return None;
        }
        seen.insert(key, (now, 0));
        Some(1)
    }
}

/// Notes that somebody was refused something: the method and the pattern of the path, never what stood in it. What cannot be noted
/// is logged; the refusal stands.
pub async fn refused(app: &App, actor: Option<&Actor>, method: &str, pattern: &str, code: &str) {
    let route = format!("{method} {pattern}");
    let Some(times) = app.refused.take((actor.and_then(|actor| actor.account_id), route.clone()), app.now_millis())
    else {
        return;
    };
    let change = json!({"route": route, "code": code, "times": times, "role": actor.map(|actor| actor.role.code())});
    let actor = actor.cloned().unwrap_or_else(Actor::outsider);
    if let Err(error) = write(app, actor, "refused", "access", change).await {
        tracing::error!(%error, "a refusal could not be noted in the audit log");
    }
}

/// Notes that somebody took a file out: before it is handed over, so that none leaves without an entry.
pub async fn exported(app: &App, actor: &Actor, what: &'static str, subject: &str) -> Result<(), ServiceError> {
    write(app, actor.clone(), "export", subject, json!({"what": what})).await
}

async fn write(
    app: &App,
    actor: Actor,
    action: &'static str,
    subject: &str,
    change: Value,
) -> Result<(), ServiceError> {
    let (app, subject) = (app.clone(), subject.to_owned());
    detached(async move {
        let tx = app.store.begin().await?;
        store::audit::insert(&tx, app.id(), app.now_millis(), &actor, action, &subject, change).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// The subject of the settings of the process.
const SETTINGS: &str = "settings";

/// Notes what differs from the settings of the last start: names and values as `fupan config check` prints them, secrets masked.
pub async fn settings_read(app: &App, values: BTreeMap<String, String>) -> Result<(), ServiceError> {
    let told = store::audit::of_subject(app.store.read(), SETTINGS, 1).await?.pop();
    let before: BTreeMap<String, String> = told
        .and_then(|entry| serde_json::from_value(entry.change.get("values").cloned().unwrap_or_default()).ok())
        .unwrap_or_default();
    if before == values {
        return Ok(());
    }
    let mut differs = BTreeMap::new();
    for name in before.keys().chain(values.keys()) {
        let (from, to) = (before.get(name), values.get(name));
        if from != to {
            differs.insert(name.clone(), json!({"from": from, "to": to}));
        }
    }
    write(app, Actor::clock(), "settings.change", SETTINGS, json!({"differs": differs, "values": values})).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_refusal_is_written_once_in_ten_minutes_with_how_often_it_came() {
        let refused = Refused::default();
        let key = || (None, "GET /settings/outbox".to_owned());
        assert_eq!(refused.take(key(), 0), Some(1));
        assert_eq!(refused.take(key(), 1), None);
        assert_eq!(refused.take(key(), 2), None);
        assert_eq!(refused.take((Some(Uuid::nil()), "GET /settings/outbox".to_owned()), 3), Some(1), "another person");
        assert_eq!(refused.take(key(), ONCE_IN), Some(3));
        for other in 0..2 * REMEMBERED {
            refused.take((None, other.to_string()), ONCE_IN);
        }
        assert!(refused.0.lock().unwrap().len() <= REMEMBERED);
    }
}
