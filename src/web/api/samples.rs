//! Samples per minute in and out, and their sums.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use chrono::{DateTime, FixedOffset, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::{
    gate::caller,
    problem::{Problem, RowProblem},
};
use crate::{
    domain::{
        checked::FieldError,
        iso_week,
        period::Period,
        ratio::Ratio,
        samples::{
            self as counted, Minute, RefusedRow, Totals,
            read::{self, Format, Mapping},
        },
    },
    i18n,
    service::{
        App, ServiceError,
        hand_counts::{self, StandIn},
        indicators,
        indicators::WithObjectives,
        sample_codes::{self, CodeSum, CodeSums},
        sample_retention,
        samples::{self, Batch, Ingested},
    },
};

/// The largest body, in bytes, after it was unpacked: 32 MiB.
pub const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// Most minutes of a list: eight days.
const LISTED: Minute = 8 * 1_440;

/// A row of a batch.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct SampleRow {
    /// The minute: RFC 3339, or seconds since 1970.
    t: String,
    /// Attempts. Instead of `total`, `success` and `excluded` a row that is sent may have `codes`: an object of response codes with
    /// their counts, `{"00": 950, "51": 12}`; the definition of its day says what they are.
    total: i64,
    /// Those that succeeded.
    success: i64,
    /// Failed ones that do not count; part of `total`, never of `success`. By default 0.
    #[schema(required = false)]
    excluded: i64,
    /// Computed by somebody, not counted. By default false.
    #[schema(required = false)]
    estimated: bool,
}

/// A batch as one JSON object. An array of its rows, NDJSON (`application/x-ndjson`) and CSV (`text/csv`) are taken too,
/// each also with `Content-Encoding: gzip`.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "read by the domain; here for the document")]
pub struct SampleBatch {
    /// At most 100,000.
    samples: Vec<SampleRow>,
}

/// How a batch is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PushQuery {
    /// csv, json or ndjson; by default what Content-Type says, else json.
    format: Option<String>,
    /// Columns of a CSV whose names do not tell: `total=支付笔数,time=分钟点`.
    map: Option<String>,
    /// Store the good rows where others are refused; by default one refused row refuses the batch.
    keep_good: Option<bool>,
}

/// A row that was refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefusedBody {
    /// Line of the file, or place in the array, from 1.
    row: u64,
    /// unreadable, not_a_minute, future, too_old, negative, too_large, more_than_total or removed.
    reason: &'static str,
    /// A sentence.
    detail: String,
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct SamplesBody {
    /// Samples that are stored now.
    accepted: usize,
    /// Minutes that were not there or are different now.
    changed: usize,
    /// Minutes of packed hours that had other counts.
    corrected: usize,
    /// Rows that were refused.
    refused_count: usize,
    /// At most 1,000 of them.
    refused: Vec<RefusedBody>,
}

/// Which minutes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MinutesQuery {
    /// The first minute, RFC 3339.
    from: DateTime<FixedOffset>,
    /// The end, RFC 3339, at most eight days later; by default now, or eight days later.
    to: Option<DateTime<FixedOffset>>,
}

/// Measured minutes in order; a minute that is not there was not measured.
#[derive(Debug, Serialize, ToSchema)]
pub struct MinuteList {
    /// In order of time.
    data: Vec<SampleRow>,
    /// Always null: all minutes are in one list.
    next_cursor: Option<String>,
}

/// Which period.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TotalsQuery {
    /// `2024-W34`, `2024-08`, `2024-Q3` or `2024`; by default this month.
    pub(super) period: Option<String>,
    /// First day, instead of a period.
    pub(super) from: Option<NaiveDate>,
    /// Last day; by default today.
    pub(super) to: Option<NaiveDate>,
}

/// The sums of a period. Every rate can be computed again from the counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotalsBody {
    /// The indicator.
    indicator: String,
    /// The first instant.
    from: String,
    /// The end: that of the period, or the minute that runs.
    to: String,
    /// Attempts.
    total: i64,
    /// Successes.
    success: i64,
    /// Failures that do not count.
    excluded: i64,
    /// total − excluded.
    eligible: i64,
    /// total − excluded − success.
    failed: i64,
    /// 100 × success ÷ eligible with the indicator's digits, rounded down; null where nothing is eligible.
    effective_rate: Option<String>,
    /// 100 × success ÷ total, rounded down.
    business_rate: Option<String>,
    /// 100 × (total − failed) ÷ total, rounded down: failures of users and of risk control are none of the system's.
    system_rate: Option<String>,
    /// Minutes between from and to.
    minutes: i64,
    /// Those that were measured, or written by hand.
    measured: i64,
    /// Those of them that nobody measured: their counts were written by hand.
    by_hand: i64,
    /// The days and weeks of them: `2024-08-19`, `2024-W34`.
    by_hand_spans: Vec<String>,
    /// 100 × measured ÷ minutes with two digits, rounded down.
    coverage: Option<String>,
    /// Measured minutes that are estimated.
    estimated: i64,
    /// Version of the definition that holds at the end.
    definition: Option<i32>,
    /// Grows with every change of a sample.
    revision: i64,
}

/// The rows of a body; at most 100,000.
pub fn read_rows(
    app: &App,
    format: Format,
    bytes: &[u8],
    mapping: &Mapping,
    open_from: Minute,
) -> Result<Batch, FieldError> {
    let now = app.now_millis();
    let mut batch = Batch { open_from, ..Batch::default() };
    for (row, read) in read::rows(format, bytes, mapping, app.zone)? {
        if batch.rows() == samples::BATCH_LIMIT {
            return Err(FieldError::shape("samples", "give at most 100000 rows at once"));
        }
        batch.add(row, read, now);
    }
    Ok(batch)
}

fn refused(row: &RefusedRow) -> RefusedBody {
    RefusedBody { row: row.row, reason: row.reason.code(), detail: row.reason.to_string() }
}

/// What became of a batch as JSON.
pub fn body(done: &Ingested, batch_refused: &[RefusedRow], refused_count: usize) -> SamplesBody {
    SamplesBody {
        accepted: done.accepted,
        changed: done.changed,
        corrected: done.corrected,
        refused_count,
        refused: batch_refused.iter().map(refused).collect(),
    }
}

/// The refusal of a batch of which rows are refused.
fn refusal(batch: &Batch) -> Problem {
    let count = batch.refused_count;
    let words = format!("nothing was stored: {count} rows are refused; correct them, or send keep_good=true");
    Problem {
        chinese: Some(format!("什么也没有写入：有 {count} 行不合要求；请改正，或带上 keep_good=true 只收其余的行")),
        field: None,
        rows: batch
            .refused
            .iter()
            .map(|row| RowProblem {
                row: row.row,
                reason: row.reason.code(),
                detail: row.reason.to_string(),
                chinese: i18n::samples::refusal(&row.reason).to_owned(),
            })
            .collect(),
        ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "rows_refused", words)
    }
}

fn unreadable_body(error: &actix_web::Error) -> Problem {
    if error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE {
        let words = "the body is larger than 32 MiB; send it in several batches";
        let chinese = Some("内容超过 32 MiB，请分几批发送".to_owned());
        return Problem { chinese, ..Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", words) };
    }
    Problem::new(StatusCode::BAD_REQUEST, "malformed", format!("the body cannot be read: {error}"))
}

/// Stores a batch.
pub async fn push(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    query: web::Query<PushQuery>,
    bytes: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let bytes = bytes.map_err(|error| unreadable_body(&error))?;
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let format = match (query.format.as_deref(), media.split(';').next().unwrap_or_default().trim()) {
        (Some(word), _) => Format::from_word(word)?,
        (None, "text/csv" | "application/csv" | "text/tab-separated-values") => Format::Csv,
        (None, "application/x-ndjson" | "application/ndjson" | "application/jsonl") => Format::Ndjson,
        (None, _) => Format::Json,
    };
    let mapping = Mapping::parse(query.map.as_slice())?;
    // Nobody's time is spent on rows of an indicator that is not there.
    let number = indicators::number_to_push(&app, &caller.actor, &key).await?;
    let open_from = sample_retention::first_open(&app, &caller.actor, number).await?;
    let reader = app.clone();
    let read = web::block(move || read_rows(&reader, format, &bytes, &mapping, open_from)).await;
    let mut batch = read.map_err(|error| ServiceError::Interrupted(error.to_string()))??;
    if batch.refused_count > 0 && !query.keep_good.unwrap_or(false) {
        return Err(refusal(&batch));
    }
    let (rows, codes) = (std::mem::take(&mut batch.samples), std::mem::take(&mut batch.codes));
    let done = samples::ingest_coded(&app, &caller.actor, &key, rows, codes).await?;
    Ok(HttpResponse::Ok().json(body(&done, &batch.refused, batch.refused_count)))
}

/// A minute as the API writes it.
pub(super) fn shown(app: &App, minute: Minute) -> String {
    let at = DateTime::from_timestamp(i64::from(minute) * 60, 0).unwrap_or_default();
    at.with_timezone(&app.zone).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// The measured minutes of a stretch.
pub async fn minutes(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    query: web::Query<MinutesQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let minute = |at: DateTime<FixedOffset>| counted::minute_of(at.timestamp_millis());
    let from = minute(query.from);
    let longest = from.saturating_add(LISTED);
    let to = query.to.map_or_else(|| longest.min(counted::minute_of(app.now_millis()).saturating_add(1)), minute);
    if to > longest {
        return Err(FieldError::shape("to", "give a period of at most eight days").into());
    }
    let found = indicators::find(&app, &caller.actor, &key).await?;
    let minutes = samples::minutes(&app, &caller.actor, found.indicator.number, from, to).await?;
    let row = |sample: counted::Sample| SampleRow {
        t: shown(&app, sample.minute),
        total: sample.counts.total,
        success: sample.counts.success,
        excluded: sample.counts.excluded,
        estimated: sample.counts.estimated,
    };
    Ok(HttpResponse::Ok().json(MinuteList { data: minutes.map(row).collect(), next_cursor: None }))
}

/// The days and weeks that were written by hand.
pub(super) fn spans(stand_ins: &[StandIn]) -> Vec<String> {
    stand_ins.iter().map(|one| one.count.span.to_string()).collect()
}

/// The sums of a period as JSON, by an indicator.
pub async fn sums(
    app: &App,
    actor: &crate::domain::actor::Actor,
    found: &WithObjectives,
    period: Period,
) -> Result<TotalsBody, ServiceError> {
    let minute = |at: DateTime<Utc>| counted::minute_of(at.timestamp_millis());
    let from = minute(iso_week::midnight(period.from, app.zone));
    let behind = period.to.succ_opt().unwrap_or(period.to);
    // The minute that runs is not over: it counts from the next minute on.
    let to = minute(iso_week::midnight(behind, app.zone)).min(counted::minute_of(app.now_millis())).max(from);
    let summed = hand_counts::sums(app, actor, found.indicator.number, from, to).await?;
    let all = indicators::definitions(app, actor, &found.indicator.fields.key).await?;
    let last = period.to.min(app.today());
    let Totals { total, success, excluded, minutes: measured, estimated } = summed.totals;
    let digits = found.indicator.fields.digits;
    let text = |part, whole, digits| Ratio { part, whole }.floor_percent(digits).map(|value| value.to_string());
    Ok(TotalsBody {
        indicator: found.indicator.fields.key.clone(),
        from: shown(app, from),
        to: shown(app, to),
        total,
        success,
        excluded,
        eligible: summed.totals.eligible(),
        failed: summed.totals.eligible() - success,
        effective_rate: text(success, summed.totals.eligible(), digits),
        business_rate: text(success, total, digits),
        system_rate: text(success.saturating_add(excluded), total, digits),
        minutes: i64::from(to - from),
        measured,
        by_hand: summed.by_hand,
        by_hand_spans: spans(&summed.stand_ins),
        coverage: text(measured, i64::from(to - from), 2),
        estimated,
        definition: crate::domain::indicator::definition_on(&all, last).map(|definition| definition.version),
        revision: summed.revision,
    })
}

/// How often a response code came.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeBody {
    /// The code.
    code: String,
    /// success, ours, partner, user, risk_control or unknown.
    party: &'static str,
    /// How often.
    count: i64,
}

/// The response codes of a period, of those minutes that came with codes.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeList {
    /// The most frequent first.
    data: Vec<CodeBody>,
    /// Minutes that came with codes.
    minutes: i64,
    /// Version of the definition that holds at the end of the period; the parties are those of its table.
    definition: Option<i32>,
    /// From this minute on a changed definition is still to be applied to the samples; null where it is.
    pending_from: Option<String>,
    /// Always null.
    next_cursor: Option<String>,
}

/// The response codes of a period as JSON.
pub fn codes_body(app: &App, sums: CodeSums) -> CodeList {
    let body = |one: CodeSum| CodeBody { code: one.code, party: one.party.code(), count: one.count };
    CodeList {
        data: sums.codes.into_iter().map(body).collect(),
        minutes: sums.minutes,
        definition: sums.definition,
        pending_from: sums.pending_from.map(|minute| shown(app, minute)),
        next_cursor: None,
    }
}

/// The response codes of a period.
pub async fn codes(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    query: web::Query<TotalsQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let period = Period::asked(query.period.as_deref(), query.from, query.to, app.today())?;
    let found = indicators::find(&app, &caller.actor, &key).await?;
    let sums = sample_codes::sums(&app, &caller.actor, &found, period).await?;
    Ok(HttpResponse::Ok().json(codes_body(&app, sums)))
}

/// The sums of a period.
pub async fn totals(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    query: web::Query<TotalsQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let period = Period::asked(query.period.as_deref(), query.from, query.to, app.today())?;
    let found = indicators::find(&app, &caller.actor, &key).await?;
    Ok(HttpResponse::Ok().json(sums(&app, &caller.actor, &found, period).await?))
}
