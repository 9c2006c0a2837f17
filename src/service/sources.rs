//! Sources that samples are pulled from: what people say of them, and how far they are. `pulling` asks them.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{App, ServiceError, app::authorise, indicators, retry::retried, vault};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        indicator::Indicator,
        samples::{Minute, minute_of},
        source::SourceState,
    },
    store::{self, Tx},
};

pub use super::pulling::{Pulled, pull, pull_due};
pub use crate::domain::{
    prometheus::Counted,
    source::{DELAY, SampleSource, SourceFields},
};

/// Most sources of a page.
pub const PAGE_LIMIT: u64 = store::sources::PAGE_LIMIT;

/// Longest token, in bytes.
const LONGEST_TOKEN: usize = 4_000;

/// A source with its indicator.
#[derive(Debug, Clone)]
pub struct SourceOf {
    /// The indicator.
    pub indicator: Indicator,
    /// The source.
    pub source: SampleSource,
}

/// What to write of a source.
#[derive(Debug, Clone)]
pub struct SourceChange {
    /// What people say.
    pub fields: SourceFields,
    /// `None` leaves the token, `Some(None)` takes it away. One of another server goes by itself.
    pub token: Option<Option<SecretString>>,
    /// The first minute to pull: it is pulled from there anew. Without one a new source begins with the present.
    pub since: Option<Minute>,
}

/// The source of an indicator, where it has one.
pub async fn of(app: &App, actor: &Actor, number: i32) -> Result<Option<SampleSource>, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::sources::of(app.store.read(), number).await?)
}

/// The source of the indicator of a key.
pub async fn find(app: &App, actor: &Actor, key: &str) -> Result<SourceOf, ServiceError> {
    authorise(actor, Permission::Read)?;
    let indicator = indicator_of(app, key).await?;
    let source = store::sources::of(app.store.read(), indicator.number).await?.ok_or_else(|| missing(key))?;
    Ok(SourceOf { indicator, source })
}

/// Sources in order of their indicators, behind the one of a number.
pub async fn page(app: &App, actor: &Actor, after: i32, limit: u64) -> Result<Vec<SourceOf>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let sources = store::sources::page(app.store.read(), after, limit.clamp(1, PAGE_LIMIT)).await?;
    let numbers: Vec<i32> = sources.iter().map(|source| source.indicator).collect();
    let mut indicators = store::indicators::by_numbers(app.store.read(), &numbers).await?;
    let with = |source: SampleSource| Some(SourceOf { indicator: indicators.remove(&source.indicator)?, source });
    Ok(sources.into_iter().filter_map(with).collect())
}

async fn indicator_of(app: &App, key: &str) -> Result<Indicator, ServiceError> {
    store::indicators::by_key(app.store.read(), key).await?.ok_or_else(|| indicators::missing(key))
}

fn missing(key: &str) -> ServiceError {
    ServiceError::NotFound(format!("source of {key}; `fupan figures source set {key}` makes one"))
}

fn stale(key: &str, given: i64, current: i64) -> ServiceError {
    ServiceError::Stale { what: format!("source of {key}"), given, current }
}

/// The token as it is sent: printable ASCII without blanks.
fn token(text: &SecretString) -> Result<(), FieldError> {
    use secrecy::ExposeSecret as _;
    let text = text.expose_secret();
    let good = (1..=LONGEST_TOKEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    let remedy = "give 1 to 4000 letters, digits and signs without blanks";
    if good { Ok(()) } else { Err(FieldError::shape("token", remedy)) }
}

/// Writes the source of an indicator. With a version the stored one must be in it, 0 for none.
pub async fn put(
    app: &App,
    actor: &Actor,
    key: &str,
    version: Option<i64>,
    change: SourceChange,
) -> Result<SourceOf, ServiceError> {
    authorise(actor, Permission::ManageIndicators)?;
    let fields = change.fields.checked()?;
    if let Some(Some(given)) = &change.token {
        token(given)?;
    }
    app.outgoing.check(&fields.url).map_err(|error| FieldError::shape("url", error.to_string()))?;
    let present = minute_of(app.now_millis());
    if let Some(since) = change.since.filter(|since| *since > present) {
        let remedy = format!("give a minute that has begun, not {since}");
        return Err(FieldError::shape("since", remedy).into());
    }
    let change = SourceChange { fields, ..change };
    if matches!(change.token, Some(Some(_))) {
        vault::ready(app).await?;
    }
    let (app, actor, key) = (app.clone(), actor.clone(), key.to_owned());
    retried(move || {
        let (app, actor, key, change) = (app.clone(), actor.clone(), key.clone(), change.clone());
        async move {
            let tx = app.store.begin().await?;
            let indicator =
                store::indicators::by_key(tx.conn(), &key).await?.ok_or_else(|| indicators::missing(&key))?;
            if !indicator.fields.kind.has_samples() {
                let words = format!("{key} is a number: it has no samples; write its value per week");
                return Err(ServiceError::Conflict(words));
            }
            let before = store::sources::of(tx.conn(), indicator.number).await?;
            let stored = before.as_ref().map_or(0, |before| before.version);
            if let Some(given) = version.filter(|given| *given != stored) {
                return Err(stale(&key, given, stored));
            }
            let source = write(&app, &tx, &actor, &indicator, before, change).await?;
            tx.commit().await?;
            Ok(SourceOf { indicator, source })
        }
    })
    .await
}

async fn write(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    indicator: &Indicator,
    before: Option<SampleSource>,
    change: SourceChange,
) -> Result<SampleSource, ServiceError> {
    let now = app.now_millis();
    let moved = before.as_ref().is_some_and(|before| before.fields.is_elsewhere(&change.fields));
    let token = match change.token {
        None if moved => Some(None),
        given => given,
    };
    let kept = before.as_ref().map(|before| before.state.clone());
    let mut state = kept.unwrap_or(SourceState {
        since: minute_of(now),
        position: minute_of(now),
        next_at: now,
        failures: 0,
        problem: None,
        problem_at: None,
        pulled_at: None,
        note: None,
        impossible: 0,
    });
    if let Some(since) = change.since {
        (state.since, state.position, state.impossible) = (since, since, 0);
    }
    (state.next_at, state.failures, state.problem, state.problem_at) = (now, 0, None, None);
    let has_token = token.as_ref().map_or(before.as_ref().is_some_and(|before| before.has_token), Option::is_some);
    let said = match &token {
        None => "kept",
        Some(None) => "none",
        Some(Some(_)) => "set",
    };
    let stored = before.as_ref().map_or(0, |before| before.version);
    let source =
        SampleSource { indicator: indicator.number, version: stored + 1, fields: change.fields, has_token, state };
    let purpose = vault::token_of(indicator.number);
    let seal = |token: SecretString| vault::seal_known(app, &purpose, token.expose_secret()).map(SecretString::from);
    let token = match token {
        Some(Some(token)) => Some(Some(seal(token)?)),
        other => other,
    };
    if before.is_some() {
        store::sources::update(tx, &source, token.as_ref().map(Option::as_ref), stored).await?;
    } else if !store::sources::insert(tx, &source, token.as_ref().and_then(Option::as_ref)).await? {
        return Err(ServiceError::Conflict("this changed meanwhile; read it again".to_owned()));
    }
    // Never the token itself.
    let from = before.map(|before| before.fields);
    let both = json!({"from": from, "to": source.fields});
    let change = json!({"source": both, "token": said, "since": change.since.map(at)});
    indicators::audit(app, tx, actor, "source.put", indicator, change).await?;
    Ok(source)
}

fn at(minute: Minute) -> Option<String> {
    chrono::DateTime::from_timestamp(i64::from(minute) * 60, 0).map(|at| at.to_rfc3339())
}

/// Removes the source of an indicator; what was pulled stays. With a version the stored one must be in it.
pub async fn remove(app: &App, actor: &Actor, key: &str, version: Option<i64>) -> Result<(), ServiceError> {
    authorise(actor, Permission::ManageIndicators)?;
    let (app, actor, key) = (app.clone(), actor.clone(), key.to_owned());
    retried(move || {
        let (app, actor, key) = (app.clone(), actor.clone(), key.clone());
        async move {
            let tx = app.store.begin().await?;
            let indicator =
                store::indicators::by_key(tx.conn(), &key).await?.ok_or_else(|| indicators::missing(&key))?;
            let before = store::sources::of(tx.conn(), indicator.number).await?.ok_or_else(|| missing(&key))?;
            if let Some(given) = version.filter(|given| *given != before.version) {
                return Err(stale(&key, given, before.version));
            }
            store::sources::delete(&tx, indicator.number, before.version).await?;
            indicators::audit(
                &app,
                &tx,
                &actor,
                "source.delete",
                &indicator,
                json!({"source": {"from": before.fields, "to": null}}),
            )
            .await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}
