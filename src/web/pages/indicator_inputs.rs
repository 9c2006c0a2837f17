//! Where the numbers of an indicator come from, on its page: the source that is pulled, and counts written by hand.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{NaiveDateTime, TimeZone as _};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Shell,
    forms::some,
    indicator_forms::after,
    indicators::{local, of_totals, rate_text},
    rows::{self, thousands},
};
use crate::{
    domain::{
        actor::Permission,
        checked::FieldError,
        samples::{Minute, Totals, minute_of},
    },
    i18n::{
        indicators::{self as words, IndicatorTexts},
        samples::pull_problem,
    },
    service::{
        App, ServiceError,
        hand_counts::{self, HandCountOf, HandFields, HandSpan, Standing},
        indicators::WithObjectives,
        sources::{self, Counted, DELAY, SampleSource, SourceChange, SourceFields},
    },
    web::{
        api::sources::second,
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// Counts by hand on a page.
const HAND_ROWS: u64 = 30;

/// What was typed into a form that was refused.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    source: Option<SourceForm>,
    hand: Option<HandForm>,
}

/// A source as typed.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct SourceForm {
    /// set, pull or remove.
    #[serde(default)]
    act: String,
    version: Option<i64>,
    #[serde(default)]
    url: String,
    #[serde(default)]
    token: String,
    #[serde(default)]
    no_token: String,
    #[serde(default)]
    total: String,
    #[serde(default)]
    success: String,
    #[serde(default)]
    failed: String,
    #[serde(default)]
    excluded: String,
    #[serde(default)]
    delay: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    paused: String,
}

/// Counts as typed.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct HandForm {
    #[serde(default)]
    span: String,
    #[serde(default)]
    total: String,
    #[serde(default)]
    success: String,
    #[serde(default)]
    excluded: String,
    #[serde(default)]
    note: String,
    version: Option<i64>,
    #[serde(default)]
    remove: String,
}

/// How a source stands.
struct SourceState {
    progress: String,
    /// Of 100.
    percent: i64,
    current: bool,
    last: String,
    next: String,
    problem: String,
    problem_words: String,
    note: String,
    impossible: String,
    has_token: bool,
    /// The settings hold one for its server.
    settings_token: bool,
    paused: bool,
}

struct HandRow {
    span: String,
    total: String,
    success: String,
    excluded: String,
    rate: String,
    about: String,
    standing: &'static str,
    stands: bool,
    version: i64,
}

#[derive(Template)]
#[template(path = "indicator_inputs.html")]
struct Inputs {
    w: &'static IndicatorTexts,
    key: String,
    state: Option<SourceState>,
    form: SourceForm,
    version: i64,
    hand: Vec<HandRow>,
    typed: HandForm,
    today: String,
    may_manage: bool,
    may_write: bool,
    /// The form of the source was refused and stands open.
    source_open: bool,
    hand_open: bool,
}

/// Both cards as HTML; empty of an indicator without samples.
pub(super) async fn cards(
    app: &App,
    caller: &Caller,
    shell: &Shell,
    found: &WithObjectives,
    typed: Typed,
) -> Result<String, ServiceError> {
    let fields = &found.indicator.fields;
    if !fields.kind.has_samples() {
        return Ok(String::new());
    }
    let w = words::texts(shell.t.lang);
    let source = sources::of(app, &caller.actor, found.indicator.number).await?;
    let hand = hand_counts::page(app, &caller.actor, &fields.key, None, HAND_ROWS).await?;
    let (source_open, hand_open) = (typed.source.is_some(), typed.hand.is_some());
    let page = Inputs {
        w,
        key: fields.key.clone(),
        version: source.as_ref().map_or(0, |source| source.version),
        form: typed.source.unwrap_or_else(|| source.as_ref().map(form_of).unwrap_or_default()),
        state: source.as_ref().map(|source| state(app, shell.t.lang, source)),
        hand: hand.iter().map(|one| hand_row(app, w, one, fields.digits)).collect(),
        typed: typed.hand.unwrap_or_default(),
        today: app.today().to_string(),
        may_manage: caller.actor.may(Permission::ManageIndicators),
        may_write: caller.actor.may(Permission::WriteFigure),
        source_open,
        hand_open,
    };
    // Words alone, which always render.
    Ok(page.render().unwrap_or_default())
}

fn form_of(source: &SampleSource) -> SourceForm {
    let fields = &source.fields;
    let (success, failed) = match fields.counted {
        Counted::Success => (fields.second.clone(), String::new()),
        Counted::Failed => (String::new(), fields.second.clone()),
    };
    SourceForm {
        url: fields.url.clone(),
        total: fields.total.clone(),
        success,
        failed,
        excluded: fields.excluded.clone().unwrap_or_default(),
        delay: fields.delay.to_string(),
        paused: if fields.paused { "1".to_owned() } else { String::new() },
        ..SourceForm::default()
    }
}

fn state(app: &App, lang: &str, source: &SampleSource) -> SourceState {
    let (pulled, due) = source.progress(app.now_millis());
    let of = &source.state;
    let time = |minute: Minute| local(app, minute, "%Y-%m-%d %H:%M");
    let (problem, problem_words) = match &of.problem {
        Some((problem, said)) => (pull_problem(lang, *problem).to_owned(), said.clone()),
        None => (String::new(), String::new()),
    };
    SourceState {
        progress: format!(
            "{} – {} · {} / {}",
            time(of.since),
            time(of.position),
            thousands(pulled.into()),
            thousands(due.into())
        ),
        percent: (i64::from(pulled) * 100).checked_div(i64::from(due)).unwrap_or(100),
        current: pulled >= due,
        last: of.pulled_at.map(|at| rows::when(app, at)).unwrap_or_default(),
        next: if source.fields.paused { String::new() } else { rows::when(app, of.next_at) },
        problem,
        problem_words,
        note: of.note.clone().unwrap_or_default(),
        impossible: if of.impossible > 0 { thousands(of.impossible) } else { String::new() },
        has_token: source.has_token,
        settings_token: app.outgoing.holds_token(&source.fields.url),
        paused: source.fields.paused,
    }
}

fn hand_row(app: &App, w: &'static IndicatorTexts, one: &HandCountOf, digits: u8) -> HandRow {
    let HandFields { total, success, excluded, note } = &one.count.fields;
    let sum = Totals { total: *total, success: *success, excluded: *excluded, ..Totals::default() };
    let written = format!("{} {}", one.count.written_by, rows::when(app, one.count.written_at));
    HandRow {
        span: one.count.span.to_string(),
        total: thousands(*total),
        success: thousands(*success),
        excluded: thousands(*excluded),
        rate: rate_text(of_totals(sum), digits),
        about: note.as_ref().map_or_else(|| written.clone(), |note| format!("{note} · {written}")),
        standing: match one.standing {
            Standing::Counts => w.hand_stands,
            Standing::Measured => w.hand_measured,
            Standing::ByDay => w.hand_by_day,
        },
        stands: one.standing == Standing::Counts,
        version: one.count.version,
    }
}

/// A local time as the browser's field gives it.
fn minute_typed(app: &App, text: &str) -> Result<Option<Minute>, FieldError> {
    let Some(text) = some(text) else { return Ok(None) };
    let remedy = || FieldError::shape("since", "write a time like 2024-08-19T15:00");
    let read = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
        .into_iter()
        .find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok());
    let at = read.and_then(|at| app.zone.from_local_datetime(&at).earliest()).ok_or_else(remedy)?;
    Ok(Some(minute_of(at.timestamp_millis())))
}

fn change_of(app: &App, form: &SourceForm) -> Result<SourceChange, FieldError> {
    let (second, counted) = second(some(&form.success), some(&form.failed))?;
    let delay = match some(&form.delay) {
        None => DELAY,
        Some(text) => text.parse().map_err(|_| FieldError::shape("delay", "give 0 to 1440 minutes"))?,
    };
    let token = match (some(&form.token), form.no_token.is_empty()) {
        (Some(token), _) => Some(Some(SecretString::from(token))),
        (None, false) => Some(None),
        (None, true) => None,
    };
    Ok(SourceChange {
        fields: SourceFields {
            url: form.url.clone(),
            total: form.total.clone(),
            second,
            counted,
            excluded: some(&form.excluded),
            delay,
            paused: !form.paused.is_empty(),
        },
        token,
        since: minute_typed(app, &form.since)?,
    })
}

/// Sets a source, pulls from it now, or removes it.
pub async fn source(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    form: web::Form<SourceForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let done = async {
        match form.act.as_str() {
            "remove" => sources::remove(&app, &caller.actor, &key, form.version).await,
            "pull" => {
                let (app, actor, key) = (app.get_ref().clone(), caller.actor.clone(), key.clone());
                // In a task of its own: who goes away leaves no stretch half done.
                let pulled = crate::service::detached(async move { sources::pull(&app, &actor, &key).await });
                pulled.await.map(|_| ())
            }
            _ => {
                let change = change_of(&app, &form)?;
                sources::put(&app, &caller.actor, &key, form.version, change).await.map(|_| ())
            }
        }
    };
    let done = done.await;
    // What was typed stands there again, but never the token.
    let source = Some(SourceForm { token: String::new(), ..form.into_inner() });
    after(&app, &request, &caller, &key, done, Typed { source, hand: None }).await
}

/// Writes or removes counts by hand.
pub async fn by_hand(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    form: web::Form<HandForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let done = async {
        let span = HandSpan::parse(&form.span)?;
        if !form.remove.is_empty() {
            return hand_counts::remove(&app, &caller.actor, &key, span, form.version).await;
        }
        let whole = |field: &'static str, text: &str| {
            let plain = text.trim().replace([',', '，'], "");
            plain.parse::<i64>().map_err(|_| FieldError::shape(field, "give a whole number of 0 or more"))
        };
        let fields = HandFields {
            total: whole("total", &form.total)?,
            success: whole("success", &form.success)?,
            excluded: some(&form.excluded).map_or(Ok(0), |text| whole("excluded", &text))?,
            note: some(&form.note),
        };
        hand_counts::put(&app, &caller.actor, &key, span, fields, form.version).await.map(|_| ())
    };
    let done = done.await;
    let hand = Some(form.into_inner()).filter(|form| form.remove.is_empty());
    after(&app, &request, &caller, &key, done, Typed { source: None, hand }).await
}
