use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use chrono::Duration;
use fupan::{
    domain::{
        actor::Actor,
        dips::DipState,
        event::{EventFields, Source},
        event_record::AffectedService,
        figure_policy::FigurePolicy,
        indicator::{DefinitionFields, Party, Window},
        iso_week::IsoWeek,
        period::Period,
        postmortem::PostmortemState,
        report::reading::Decimal,
        samples::{Counts, Minute, Sample, codes::Codes, minute_of, plan},
        services::{ServiceFields, ServiceKind},
    },
    notify::mail::burn_words,
    service::{
        App, burn_warnings, dips,
        error_budgets::{self, Asked},
        event_costs,
        events::{self, NewEvent},
        indicators, policies, reports, sample_codes, sample_days, sample_retention, samples, services,
    },
};
use sea_orm::{ConnectionTrait as _, DatabaseBackend, Statement, Value};
use support::{TestClock, TestDatabase};

/// The tables of this part; all of them grow.
const TABLES: [&str; 19] = [
    "event",
    "affected_service",
    "indicator_definition",
    "objective",
    "sample_head",
    "sample_minute",
    "sample_hour",
    "sample_day",
    "sample_month",
    "sample_dirty",
    "sample_kept",
    "sample_code",
    "sample_code_hour",
    "event_cost",
    "event_indicator",
    "dip",
    "dip_watch",
    "burn_warning",
    "indicator",
];

/// Statements that are meant to go through a whole table, and why.
const WHOLE: [(&str, &str); 6] = [
    ("FROM sample_dirty  ORDER BY indicator, day LIMIT", "walks the key, 500 rows of it"),
    ("UPDATE sample_head SET revision = revision", "locks all indicators, when a report zone is new"),
    ("DELETE FROM sample_dirty", "when a report zone is new; all days are noted again"),
    ("SELECT DISTINCT h.indicator, h.hour", "notes all days, when a report zone is new"),
    ("MAX(gone_before)", "one row of the index"),
    ("SELECT h.indicator FROM sample_head h WHERE EXISTS", "walks the key of the heads, one probe of the staging each"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_about_samples_costs_dips_and_budgets_walks_an_index() {
    let database = TestDatabase::new().await;
    let clock = TestClock::at("2024-08-27T14:08:30+08:00");
    let mut app = support::app(&database, clock.clone()).await;
    let seen: Arc<Mutex<BTreeMap<String, Statement>>> = Arc::default();
    let seeing = Arc::clone(&seen);
    app.store.observe(move |statement| {
        seeing.lock().unwrap().entry(shape(&statement.sql)).or_insert_with(|| statement.clone());
    });
    everything(&app, &clock).await;

    let statements: Vec<Statement> = seen.lock().unwrap().values().cloned().collect();
    let plain = support::app(&database, clock).await;
    let connection = plain.store.read();
    let backend = connection.get_database_backend();
    let (mut looked, mut wrong) = (0, Vec::new());
    for statement in statements {
        let about = TABLES.iter().any(|table| mentions(&statement.sql, table));
        let reads = ["SELECT", "UPDATE", "DELETE"].iter().any(|word| statement.sql.starts_with(word))
            || statement.sql.contains(" SELECT ");
        let meant = WHOLE.iter().any(|(text, _)| bare(&statement.sql).contains(text));
        if !about || !reads || meant {
            continue;
        }
        looked += 1;
        for step in steps(&plain, &statement).await {
            if TABLES.iter().any(|table| scans(backend, &step, table, &statement.sql)) {
                wrong.push(format!("{step}\n    {}", statement.sql.chars().take(600).collect::<String>()));
            }
        }
    }
    assert!(looked >= 60, "{looked} statements were looked at");
    assert!(wrong.is_empty(), "{} of {looked}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Statements that differ in how many values they have are one.
fn shape(sql: &str) -> String {
    let bare = bare(sql);
    let mut text: String = bare.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    for (long, short) in [("$00000", "?"), ("$0000", "?"), ("$000", "?"), ("$00", "?"), ("$0", "?")] {
        text = text.replace(long, short);
    }
    while text.contains("?, ?, ?") {
        text = text.replace("?, ?, ?", "?, ?");
    }
    let parts: Vec<&str> = text.split(" UNION ALL ").collect();
    let mut kept: Vec<&str> = Vec::new();
    for part in parts {
        if !kept.contains(&part) {
            kept.push(part);
        }
    }
    kept.join(" UNION ALL ")
}

fn bare(sql: &str) -> String {
    sql.replace(['"', '`'], "")
}

fn mentions(sql: &str, table: &str) -> bool {
    bare(sql).split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|word| word == table)
}

/// The alias of a table in a statement, or its name.
fn names<'a>(sql: &'a str, table: &'a str) -> Vec<String> {
    let bare = bare(sql);
    let words: Vec<&str> = bare.split_whitespace().collect();
    let mut found = vec![table.to_owned()];
    for pair in words.windows(2) {
        if pair[0].trim_start_matches('(') == table && pair[1].chars().all(|c| c.is_ascii_lowercase()) {
            found.push(pair[1].trim_end_matches([',', ')']).to_owned());
        }
    }
    found
}

fn scans(backend: DatabaseBackend, step: &str, table: &str, sql: &str) -> bool {
    match backend {
        DatabaseBackend::Sqlite => names(sql, table).iter().any(|name| {
            let rest = step.strip_prefix("SCAN ").unwrap_or_default();
            rest == name || rest.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(" USING COVERING"))
        }),
        DatabaseBackend::Postgres => step.contains(&format!("Seq Scan on {table}")),
        // Of twelve rows MariaDB reads all of them, whatever index there is: what matters is whether one could be used. An order
        // alone names none.
        _ => {
            let parts: Vec<&str> = step.split('|').collect();
            let by_order = table == "indicator" && sql.contains("ORDER BY `indicator`.`slug` ASC LIMIT");
            parts[1] == "ALL"
                && parts[2].is_empty()
                && !by_order
                && names(sql, table).iter().any(|name| name == parts[0])
        }
    }
}

async fn steps(app: &App, statement: &Statement) -> Vec<String> {
    let values: Vec<Value> = statement.values.clone().map(|values| values.0).unwrap_or_default();
    let backend = app.store.read().get_database_backend();
    let explain = match backend {
        DatabaseBackend::Sqlite => "EXPLAIN QUERY PLAN",
        _ => "EXPLAIN",
    };
    let query = Statement::from_sql_and_values(backend, format!("{explain} {}", statement.sql), values);
    if backend == DatabaseBackend::Postgres {
        use sea_orm::TransactionTrait as _;
        let tx = app.store.read().begin().await.unwrap();
        // The tables are small: what can go along an index does, so that a scan says that there is none.
        tx.execute_unprepared("SET LOCAL enable_seqscan = off").await.unwrap();
        let rows = tx.query_all_raw(query).await.unwrap();
        tx.rollback().await.unwrap();
        return rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    }
    let rows = match app.store.read().query_all_raw(query).await {
        Ok(rows) => rows,
        Err(error) => panic!("{error}: {}", statement.sql),
    };
    rows.iter()
        .map(|row| {
            if backend == DatabaseBackend::Sqlite {
                return row.try_get::<String>("", "detail").unwrap();
            }
            let text = |name: &str| row.try_get::<Option<String>>("", name).ok().flatten().unwrap_or_default();
            format!("{}|{}|{}", text("table"), text("type"), text("possible_keys"))
        })
        .collect()
}

fn counts(minute: Minute, bad: bool) -> Counts {
    let failed = if bad { 40 } else { i64::from(minute % 50 == 0) };
    Counts { total: 200, success: 200 - failed, excluded: 0, estimated: false }
}

/// Whatever is done with samples, once.
async fn everything(app: &App, clock: &TestClock) {
    let actor = Actor::local_operator();
    let now = minute_of(app.now_millis());
    let mut numbers = Vec::new();
    let mut lines = Vec::new();
    for at in 0..12 {
        let line = ServiceFields {
            name: format!("业务{at}"),
            kind: ServiceKind::BusinessLine,
            core: false,
            team_id: None,
            archived: false,
        };
        let line = services::create(app, &actor, line).await.unwrap();
        let fields = support::success_rate(&format!("i{at}"), &format!("业务{at}有效成功率"), Some(line.id));
        let first =
            DefinitionFields { valid_from: "2024-01-01".parse().unwrap(), exclusions: BTreeMap::new(), note: None };
        let made = indicators::create(app, &actor, fields, first).await.unwrap();
        for window in [Window::Week, Window::Rolling28] {
            let target = Decimal { units: 9_995, scale: 2 };
            indicators::put_objective(app, &actor, &format!("i{at}"), window, target, None).await.unwrap();
        }
        lines.push(line.id);
        numbers.push(made.indicator.number);
    }
    let trouble = now - 9 * 1_440;
    for (at, number) in numbers.iter().enumerate() {
        let key = format!("i{at}");
        let reach = if at == 0 { 99_000 } else { 15_000 };
        let bad = |minute: Minute| at < 2 && (trouble..trouble + 40).contains(&minute) || now - 60 < minute && at == 1;
        let batch = (now - reach..=now).map(|minute| Sample { minute, counts: counts(minute, bad(minute)) }).collect();
        samples::ingest(app, &actor, &key, batch).await.unwrap();
        samples::totals(app, &actor, *number, now - 5_000, now).await.unwrap();
    }
    dips::watch(app).await.unwrap();
    burn_warnings::watch(app, burn_words).await.unwrap();
    burn_warnings::page(app, &actor, Some(true), None, 10).await.unwrap();
    burn_warnings::page(app, &actor, Some(false), None, 10).await.unwrap();
    while samples::tidy(app).await.unwrap() != samples::Tidied::default() {}
    let late = vec![Sample { minute: now - 3_000, counts: counts(now, true) }];
    samples::ingest(app, &actor, "i3", late).await.unwrap();
    samples::totals_of(app, &actor, &numbers, now - 100_000, now).await.unwrap();
    samples::head(app, &actor, numbers[0]).await.unwrap();
    samples::minutes(app, &actor, numbers[0], now - 500, now).await.unwrap();
    let (first, last) = (plan::date_of(plan::day_at(now, app.zone) - 60), plan::date_of(plan::day_at(now, app.zone)));
    sample_days::of(app, &actor, &numbers, first, last).await.unwrap();

    let codes = ["00", "51"].map(|code| (code.to_owned(), 100));
    let sample = |minute| Sample { minute, counts: Counts { total: 200, ..Counts::default() } };
    let coded = vec![(0, Codes::of(codes.clone()).unwrap())];
    samples::ingest_coded(app, &actor, "i4", vec![sample(now - 3_000), sample(now - 2_900)], coded).await.unwrap();
    let plain = vec![Sample { minute: now - 3_000, counts: counts(1, false) }];
    samples::ingest(app, &actor, "i4", plain).await.unwrap();
    let coded = vec![(0, Codes::of(codes).unwrap())];
    samples::ingest_coded(app, &actor, "i4", vec![sample(now - 2_900)], coded).await.unwrap();
    let table = DefinitionFields {
        valid_from: "2024-08-01".parse().unwrap(),
        exclusions: [("51".to_owned(), Party::User)].into(),
        note: None,
    };
    indicators::define(app, &actor, "i4", None, table).await.unwrap();
    assert!(sample_codes::class_anew(app).await.unwrap() > 0);
    let found = indicators::find(app, &actor, "i4").await.unwrap();
    let week = Period::asked(Some("2024-W34"), None, None, app.today()).unwrap();
    sample_codes::sums(app, &actor, &found, week).await.unwrap();

    let at = |minute: Minute| chrono::DateTime::from_timestamp(i64::from(minute) * 60, 0).unwrap();
    let mut made = Vec::new();
    for line in lines.iter().take(3) {
        let fields = EventFields {
            occurred: Some(fupan::domain::clock_point::ClockPoint::minute(at(trouble))),
            recovered: Some(fupan::domain::clock_point::ClockPoint::minute(at(trouble + 40))),
            summary: Some("提现失败".to_owned()),
            narrative: "提现失败".to_owned(),
            services: vec![AffectedService { service_id: *line, shares: Vec::new() }],
            ..EventFields::default()
        };
        let new = NewEvent { fields, state: PostmortemState::Pending, week: None, raw: None, source: Source::Api };
        made.push(events::create(app, &actor, new).await.unwrap().number);
    }
    event_costs::refresh(app).await.unwrap();
    event_costs::link(app, &actor, made[0], "i5", Some(true)).await.unwrap();
    event_costs::of_event(app, &actor, made[0]).await.unwrap();
    event_costs::link(app, &actor, made[0], "i5", None).await.unwrap();
    event_costs::refresh(app).await.unwrap();
    let one = indicators::find(app, &actor, "i0").await.unwrap();
    event_costs::ledger_of(app, &actor, &one, week).await.unwrap();
    event_costs::beginnings(app, &actor, &numbers, (now - 20_000, now)).await.unwrap();
    let asked = Asked { period: None, window: Some("rolling_28d"), target: None };
    error_budgets::budget(app, &actor, &one, asked).await.unwrap();
    let week: IsoWeek = "2024-W34".parse().unwrap();
    reports::weekly(app, &actor, week).await.unwrap();
    indicators::page(app, &actor, None, false, 10).await.unwrap();

    let proposed = dips::page(app, &actor, DipState::Proposed, None, 10).await.unwrap();
    assert!(!proposed.is_empty());
    dips::count_proposed(app, &actor).await.unwrap();
    for (at, one) in proposed.iter().enumerate() {
        dips::get(app, &actor, one.dip.id).await.unwrap();
        match at {
            0 => drop(dips::accept(app, &actor, one.dip.id, None).await.unwrap()),
            1 => drop(dips::merge(app, &actor, one.dip.id, made[0]).await.unwrap()),
            _ => drop(dips::dismiss(app, &actor, one.dip.id, "压测").await.unwrap()),
        }
    }

    let policy = FigurePolicy { keep_minutes_days: 62, ..FigurePolicy::default() };
    policies::write(app, &actor, "figures", &serde_json::to_string(&policy).unwrap(), None).await.unwrap();
    clock.set(&(app.now() + Duration::days(70)).to_rfc3339());
    while samples::tidy(app).await.unwrap() != samples::Tidied::default() {}
    assert!(sample_retention::remove_old(app).await.unwrap() > 0);
    sample_retention::overview(app, &actor, None, None).await.unwrap();
    sample_retention::first_open(app, &actor, numbers[0]).await.unwrap();
    assert!(samples::minutes(app, &actor, numbers[0], now - 50_000, now).await.is_err());
    assert!(samples::totals(app, &actor, numbers[0], now - 50_007, now).await.is_err());
}
