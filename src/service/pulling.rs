//! Pulls samples from sources: Prometheus-compatible servers, asked minute by minute from a moment on, and then for the present.
//!
//! Samples are stored first and the place after them, so that whoever stops in between pulls the same minutes once more, which
//! changes nothing.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::task::JoinSet;

use super::{
    App, ServiceError,
    app::authorise,
    ports::{OutgoingError, OutgoingRequest, RequestBody},
    retry::retried,
    samples,
    sources::{PAGE_LIMIT, SourceOf, find},
    vault,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        indicator::Indicator,
        prometheus::{self, MOST_POINTS, STEP, Series},
        samples::Minute,
        source::{self, PullProblem, SampleSource, SourceState},
    },
    store,
};

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
    let purpose = vault::token_of(stored.indicator);
    let token = token.map(|token| app.vault.open(&purpose, token.expose_secret()).map(SecretString::from)).transpose();
    let token = token.map_err(ServiceError::from)?;
    let numbers = [stored.indicator];
    let indicator = store::indicators::by_numbers(app.store.read(), &numbers).await?.remove(&stored.indicator);
    // Who was quicker has asked it already.
    let same = stored.version == was.version && stored.state.next_at == was.state.next_at;
    let Some(indicator) = indicator.filter(|_| same && !stored.fields.paused) else {
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
        house_token: true,
        headers: Vec::new(),
        within: WITHIN,
        most_bytes: MOST_BYTES,
    };
    let answer = app.outgoing.send(&request).await.map_err(|error| {
        let problem = match &error {
            OutgoingError::Address(_) | OutgoingError::Forbidden(_) => PullProblem::Forbidden,
            OutgoingError::Unreachable(_) | OutgoingError::Broken(_) => PullProblem::Unreachable,
            OutgoingError::Token(_) => PullProblem::NoToken,
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
