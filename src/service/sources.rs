//! Sources that samples are pulled from: Prometheus-compatible servers, asked minute by minute from a moment on, and then for the
//! present.
//!
//! Samples are stored first and the place after them, so that whoever stops in between pulls the same minutes once more, which
//! changes nothing.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;
use tokio::task::JoinSet;

use super::{
    App, ServiceError,
    app::authorise,
    indicators,
    ports::{OutgoingError, OutgoingRequest, RequestBody},
    retry::retried,
    samples,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        indicator::Indicator,
        prometheus::{self, MOST_POINTS, STEP, Series},
        samples::{Minute, minute_of},
        source::{self, PullProblem, SourceState},
    },
    store::{self, Tx},
};

pub use crate::domain::{
    prometheus::Counted,
    source::{DELAY, SampleSource, SourceFields},
};

/// Most sources of a page.
pub const PAGE_LIMIT: u64 = store::sources::PAGE_LIMIT;

/// The longest that one question may take.
const WITHIN: Duration = Duration::from_secs(30);

/// The longest answer: ten thousand points are about half a megabyte.
const MOST_BYTES: usize = 8 << 20;

/// Milliseconds for which nobody else asks for a source that somebody has begun with.
const LEASE: i64 = 5 * 60_000;

/// Stretches of a source before another one has its turn.
const STEPS: usize = 6;

/// Milliseconds after which it ends with the stretch that it is at, so that nobody waits for minutes for a slow server.
const LONGEST: i64 = 20_000;

/// Sources that are asked at the same time.
const AT_ONCE: usize = 4;

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
    if before.is_some() {
        store::sources::update(tx, &source, token.as_ref().map(Option::as_ref), stored).await?;
    } else if !store::sources::insert(tx, &source, token.as_ref().and_then(Option::as_ref)).await? {
        return Err(ServiceError::Conflict("this changed meanwhile; read it again".to_owned()));
    }
    // Never the token itself.
    let from = before.map(|before| before.fields);
    let both = json!({"from": from, "to": source.fields});
    let change = json!({"source": both, "token": said, "since": change.since.map(at)});
    audit(app, tx, actor, "source.put", indicator, change).await?;
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
            audit(
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

async fn audit(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    action: &str,
    indicator: &Indicator,
    change: serde_json::Value,
) -> Result<(), ServiceError> {
    let subject = format!("indicator:{}", indicator.fields.key);
    store::audit::insert(tx, app.id(), app.now_millis(), actor, action, &subject, change).await?;
    Ok(())
}

/// What a look at the sources did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pulled {
    /// Sources that were asked.
    pub asked: usize,
    /// Those that could not be pulled from.
    pub failed: usize,
    /// Some have not come to the present yet and could be asked at once.
    pub more: bool,
}

/// Asks the sources that are due, some at the same time.
pub async fn pull_due(app: &App) -> Result<Pulled, ServiceError> {
    let due = store::sources::due(app.store.read(), app.now_millis(), PAGE_LIMIT).await?;
    let mut pulled = Pulled::default();
    let mut running = JoinSet::new();
    let mut note = |ended: Result<Result<Option<SampleSource>, ServiceError>, tokio::task::JoinError>| match ended {
        Ok(Ok(Some(source))) => {
            pulled.asked += 1;
            pulled.failed += usize::from(source.state.problem.is_some());
            pulled.more |= source.state.next_at <= app.now_millis();
        }
        Ok(Ok(None)) => {}
        Ok(Err(error)) => tracing::error!(%error, "a source could not be pulled from; the next round tries again"),
        Err(error) => tracing::error!(%error, "a source could not be pulled from; the next round tries again"),
    };
    for source in due {
        if running.len() >= AT_ONCE
            && let Some(ended) = running.join_next().await
        {
            note(ended);
        }
        let app = app.clone();
        running.spawn(async move { pull_some(&app, source, STEPS).await });
    }
    while let Some(ended) = running.join_next().await {
        note(ended);
    }
    Ok(pulled)
}

/// Pulls some stretches of an indicator's source at once, whatever it waits for, and says how far it is.
pub async fn pull(app: &App, actor: &Actor, key: &str) -> Result<SourceOf, ServiceError> {
    authorise(actor, Permission::WriteFigure)?;
    let found = find(app, actor, key).await?;
    let pulled = pull_some(app, found.source.clone(), STEPS).await?;
    // Where somebody else has it, it moves there.
    Ok(SourceOf { source: pulled.unwrap_or(found.source), ..found })
}

/// Pulls at most `steps` stretches. None where the source is gone or somebody else has it.
async fn pull_some(app: &App, was: SampleSource, steps: usize) -> Result<Option<SampleSource>, ServiceError> {
    let Some((stored, token)) = store::sources::with_token(app.store.read(), was.indicator).await? else {
        return Ok(None);
    };
    let numbers = [stored.indicator];
    let indicator = store::indicators::by_numbers(app.store.read(), &numbers).await?.remove(&stored.indicator);
    let Some(indicator) = indicator.filter(|_| stored.version == was.version && !stored.fields.paused) else {
        return Ok(None);
    };
    let lease = SourceState { next_at: app.now_millis() + LEASE, ..stored.state.clone() };
    let begun = app.now_millis();
    let Some(mut source) = note(app, stored, lease).await? else { return Ok(None) };
    for step in 1..=steps {
        let (state, wait) = match next(app, &source, token.as_ref(), &indicator).await? {
            Ok(Stretch { state, over: true }) => (state, Some(source::pause())),
            // Others have their turn, and then it goes on at once.
            Ok(Stretch { state, .. }) => (state, (step == steps || app.now_millis() - begun > LONGEST).then_some(0)),
            Err(failure) => failed(app, &source, &failure),
        };
        let next_at = app.now_millis() + wait.unwrap_or(LEASE);
        let Some(noted) = note(app, source, SourceState { next_at, ..state }).await? else { return Ok(None) };
        source = noted;
        if wait.is_some() {
            break;
        }
    }
    Ok(Some(source))
}

async fn note(app: &App, was: SampleSource, state: SourceState) -> Result<Option<SampleSource>, ServiceError> {
    let app = app.clone();
    retried(move || {
        let (app, was, state) = (app.clone(), was.clone(), state.clone());
        async move {
            let tx = app.store.begin().await?;
            let noted = store::sources::note(&tx, &was, &state).await?;
            tx.commit().await?;
            Ok(noted.then_some(SampleSource { state, ..was }))
        }
    })
    .await
}

/// A stretch that was pulled.
struct Stretch {
    state: SourceState,
    /// Nothing is left up to the present.
    over: bool,
}

/// Why a stretch was not pulled.
struct Failure {
    problem: PullProblem,
    words: String,
    /// Seconds after which the server wants to be asked again.
    wait: Option<u64>,
}

impl Failure {
    const fn of(problem: PullProblem, words: String) -> Self {
        Self { problem, words, wait: None }
    }
}

/// The state after a failure, and the milliseconds to wait.
fn failed(app: &App, source: &SampleSource, failure: &Failure) -> (SourceState, Option<i64>) {
    let now = app.now_millis();
    let failures = source.state.failures.saturating_add(1);
    tracing::warn!(indicator = source.indicator, problem = failure.problem.code(), failures, "a source is in trouble");
    let state = SourceState {
        failures,
        problem: Some((failure.problem, failure.words.chars().take(400).collect())),
        problem_at: Some(now),
        ..source.state.clone()
    };
    (state, Some(source::back_off(failures, failure.wait)))
}

/// Pulls the next stretch of a source and stores its samples.
async fn next(
    app: &App,
    source: &SampleSource,
    token: Option<&SecretString>,
    indicator: &Indicator,
) -> Result<Result<Stretch, Failure>, ServiceError> {
    let now = app.now_millis();
    let (from, target) = (source.state.position, source.target(now));
    let to = target.min(from.saturating_add(MOST_POINTS));
    let good = SourceState { failures: 0, problem: None, problem_at: None, ..source.state.clone() };
    if from >= to {
        return Ok(Ok(Stretch { state: good, over: true }));
    }
    let fields = &source.fields;
    let total = match ask(app, source, token, &fields.total, (from, to)).await {
        Ok(series) => series,
        Err(failure) => return Ok(Err(failure)),
    };
    let second = match ask(app, source, token, &fields.second, (from, to)).await {
        Ok(series) => series,
        Err(failure) => return Ok(Err(failure)),
    };
    let excluded = match &fields.excluded {
        None => None,
        Some(query) => match ask(app, source, token, query, (from, to)).await {
            Ok(series) => Some(series),
            Err(failure) => return Ok(Err(failure)),
        },
    };
    let combined = prometheus::combine(&total, &second, fields.counted, excluded.as_ref());
    match samples::ingest(app, &Actor::clock(), &indicator.fields.key, combined.samples).await {
        Ok(_) => {}
        Err(ServiceError::Conflict(words)) => return Ok(Err(Failure::of(PullProblem::NotTaken, words))),
        Err(other) => return Err(other),
    }
    let impossible = i64::try_from(combined.impossible).unwrap_or(i64::MAX);
    let state = SourceState {
        position: to,
        pulled_at: Some(now),
        note: total.note.or(second.note).or(excluded.and_then(|series| series.note)),
        impossible: good.impossible.saturating_add(impossible),
        ..good
    };
    Ok(Ok(Stretch { state, over: to >= target }))
}

/// Asks one query about the minutes `from..to`, at their ends.
async fn ask(
    app: &App,
    source: &SampleSource,
    token: Option<&SecretString>,
    query: &str,
    (from, to): (Minute, Minute),
) -> Result<Series, Failure> {
    let second = |minute: Minute| (i64::from(minute) * STEP).to_string();
    let request = OutgoingRequest {
        url: format!("{}/api/v1/query_range", source.fields.url),
        body: RequestBody::Form(vec![
            ("query", query.to_owned()),
            ("start", second(from.saturating_add(1))),
            ("end", second(to)),
            ("step", STEP.to_string()),
        ]),
        bearer: token.cloned(),
        headers: Vec::new(),
        within: WITHIN,
        most_bytes: MOST_BYTES,
    };
    let answer = app.outgoing.send(&request).await.map_err(|error| {
        let problem = match &error {
            OutgoingError::Address(_) | OutgoingError::Forbidden(_) => PullProblem::Forbidden,
            OutgoingError::Unreachable(_) | OutgoingError::Broken(_) => PullProblem::Unreachable,
            OutgoingError::TooSlow(_) => PullProblem::Slow,
            OutgoingError::TooLong(_) => PullProblem::TooLong,
            OutgoingError::Redirect(_) => PullProblem::Redirect,
        };
        Failure::of(problem, error.to_string())
    })?;
    if answer.status != 200 {
        // Only what the interface itself says is shown: a page of another server is nobody's business.
        let said = prometheus::refusal(&answer.body);
        let problem = PullProblem::of_status(answer.status, said.is_some());
        let words =
            said.map_or_else(|| format!("HTTP {}", answer.status), |said| format!("HTTP {}: {said}", answer.status));
        return Err(Failure { problem, words, wait: answer.retry_after });
    }
    prometheus::read(&answer.body, from, to).map_err(|problem| {
        let words = match &problem {
            prometheus::AnswerProblem::Refused(words) => words.clone(),
            prometheus::AnswerProblem::ManySeries(count) => format!("{count} series"),
            _ => String::new(),
        };
        Failure::of(PullProblem::from(&problem), words)
    })
}
