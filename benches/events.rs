//! Lists, search and creation beside the bare machine: `cargo bench --bench events`. Builds a database of 100,000 events
//! (`EVENTS=1000000` for more) in a temporary folder and prints what the product and the same statements straight on the
//! driver or on sea-orm take, in the same run, with their ratio. Never fails on time. `LIST=severity:C` measures that list alone. `BENCH_DATABASE_URL` names another
//! server (`tests/run --servers` starts both), where a database is made and dropped again; creation has no floor there.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a program that prints a table"
)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use fupan::{
    domain::{
        actor::Actor,
        capture::draft::{Impact, ImpactKind},
        clock_point::ClockPoint,
        event::{EventFields, ProductionEvent, Source},
        event_record::AffectedService,
        iso_week::IsoWeek,
        postmortem::{Postmortem, PostmortemState},
    },
    runtime::system::{SystemClock, SystemIds},
    service::{
        App,
        events::{self, NewEvent},
        search::{self, EventCursor, EventOrder, Listing},
    },
    store::{self, Store, events::ImportedEvent},
};
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait as _, Database, DatabaseBackend, EntityTrait, FromQueryResult, Statement,
    sqlx::{self, ConnectOptions as _},
};
use uuid::Uuid;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENTS: usize = 16;

fn main() {
    let events: usize = std::env::var("EVENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(run(events));
}

async fn run(count: usize) {
    let place = Place::new();
    let app = app(&place.url("bench").await).await;
    println!("{}", app.store.product());
    let services = add_services(&app).await;
    let begun = Instant::now();
    fill(&app, count, &services).await;
    println!("{count} events written and indexed in {:.1} s", begun.elapsed().as_secs_f64());
    place.settle(&app).await;

    lists(&app, count, &services).await;
    if std::env::var_os("LIST").is_none() {
        searches(&app).await;
        counts(&app).await;
        creation(&app, &place).await;
    }
    app.store.close().await.unwrap();
    place.clear().await;
}

/// Where the databases are: files of a folder, or on a server.
struct Place {
    folder: tempfile::TempDir,
    server: Option<String>,
    run: String,
}

impl Place {
    fn new() -> Self {
        let server = std::env::var("BENCH_DATABASE_URL").ok().filter(|url| !url.is_empty());
        Self { folder: tempfile::tempdir().unwrap(), server, run: format!("bench_{}", Uuid::now_v7().simple()) }
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(format!("{name}.db"))
    }

    /// The URL of a new database.
    async fn url(&self, name: &str) -> String {
        let Some(server) = &self.server else { return format!("sqlite:{}", self.file(name).display()) };
        let charset = if server.starts_with("mysql") { " CHARACTER SET utf8mb4" } else { "" };
        self.on_server(&format!("CREATE DATABASE {}_{name}{charset}", self.run)).await;
        format!("{}/{}_{name}", server.rsplit_once('/').unwrap().0, self.run)
    }

    async fn on_server(&self, sql: &str) {
        let connection = Database::connect(self.server.as_deref().unwrap()).await.unwrap();
        connection.execute_unprepared(sql).await.unwrap();
        connection.close().await.unwrap();
    }

    /// What a server does by itself some time after so many rows: its statistics.
    async fn settle(&self, app: &App) {
        match app.store.backend() {
            DatabaseBackend::Sqlite => {
                let size = std::fs::metadata(self.file("bench")).map(|file| file.len()).unwrap_or_default();
                println!("{} MB in all\n", size / 1_000_000);
                return;
            }
            DatabaseBackend::Postgres => {
                app.store.read().execute_unprepared("VACUUM ANALYZE").await.unwrap();
            }
            _ => {
                let tables = "event, postmortem, affected_service, event_tag, responsibility, search_document";
                app.store.read().execute_unprepared(&format!("ANALYZE TABLE {tables}")).await.unwrap();
            }
        }
        println!();
    }

    async fn clear(self) {
        if self.server.is_some() {
            self.on_server(&format!("DROP DATABASE {}_bench", self.run)).await;
            self.on_server(&format!("DROP DATABASE {}_here", self.run)).await;
        }
    }
}

async fn app(url: &str) -> App {
    let store = Store::open(url).await.unwrap();
    store::migrate::up(&store).await.unwrap();
    App {
        store,
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        calendars: Arc::default(),
        zone: chrono_tz::Asia::Shanghai,
        public_url: "http://localhost".to_owned(),
        mail_domain: "localhost".to_owned(),
        sign_in: Arc::default(),
        limits: Arc::default(),
        demo: false,
        outgoing: Arc::new(fupan::outgoing::NothingOut),
        report_mail: fupan::notify::mail::report_words,
        notice: fupan::notify::mail::notice_words,
        line_styles: Arc::default(),
        levels: Arc::default(),
        vault: Arc::new(fupan::service::vault::Vault::new(Vec::new(), None).unwrap()),
        refused: Arc::default(),
        retention: fupan::service::housekeeping::Retention::default(),
        outbox: Arc::default(),
    }
}

async fn add_services(app: &App) -> Vec<Uuid> {
    let tx = app.store.begin().await.unwrap();
    let mut ids = Vec::new();
    for (number, name) in ["提现", "快捷支付", "扫码", "代付", "退款", "对账", "清算", "收单"].iter().enumerate()
    {
        let id = app.id();
        let row = entity::service::ActiveModel {
            id: Set(id),
            version: Set(1),
            name: Set((*name).to_owned()),
            name_key: Set((*name).to_owned()),
            kind: Set("business_line".to_owned()),
            core: Set(number < 3),
            created_at: Set(0),
            team_id: Set(None),
            archived_at: Set(None),
        };
        entity::service::Entity::insert(row).exec_without_returning(tx.conn()).await.unwrap();
        ids.push(id);
    }
    tx.commit().await.unwrap();
    ids
}

/// The sentence of the n-th event: 提现 in one of ten, 冲正 in one of a thousand.
fn sentence(number: usize) -> (String, String, String) {
    let what = [
        "快捷支付超时",
        "扫码成功率下降",
        "代付队列积压",
        "退款延迟到账",
        "对账文件晚到",
        "登录接口响应慢",
        "短信验证码收不到",
        "收银台白屏",
        "查询接口报错",
    ];
    let symptom = if number % 10 == 3 { "商户提现失败" } else { what[number % what.len()] };
    let cause =
        ["风控规则更新", "银行侧限流", "数据库慢查询", "缓存大键阻塞", "证书过期", "机房出口带宽打满", "消息堆积"]
            [number / 7 % 7];
    let more = if number % 1_000 == 500 { "，部分交易冲正" } else { "" };
    let hours = number % 24;
    let narrative = format!(
        "客户反馈{symptom}，影响约{}笔交易{more}，原因{cause}，{hours:02}:{:02} 切换备用通道后恢复正常，批次{number}",
        number % 9_000 + 12,
        number % 60
    );
    (format!("客户反馈{symptom}"), narrative, cause.to_owned())
}

fn fields(number: usize, services: &[Uuid]) -> EventFields {
    let start: DateTime<Utc> = "2015-01-01T00:00:00Z".parse().unwrap();
    // Five minutes apart, in an order of their own.
    let at = start + TimeDelta::minutes(i64::try_from(number * 7_919 % 1_048_573).unwrap() * 5);
    let (summary, narrative, cause) = sentence(number);
    EventFields {
        occurred: Some(ClockPoint::minute(at)),
        recovered: (!number.is_multiple_of(50)).then(|| ClockPoint::minute(at + TimeDelta::minutes(42))),
        severity: [Some("A"), Some("B"), Some("C"), Some("D"), None][number % 5].map(str::to_owned),
        summary: Some(summary),
        narrative,
        cause: Some(cause),
        cause_category: Some(["change", "capacity", "dependency", "network"][number % 4].to_owned()),
        impacts: vec![Impact { kind: ImpactKind::Count, number: 684, unit: "笔".to_owned(), approximate: true }],
        services: vec![AffectedService { service_id: services[number % services.len()], shares: Vec::new() }],
        tags: if number.is_multiple_of(20) { vec!["大促".to_owned()] } else { Vec::new() },
        ..EventFields::default()
    }
}

async fn fill(app: &App, count: usize, services: &[Uuid]) {
    let mut number = 0;
    while number < count {
        let tx = app.store.begin().await.unwrap();
        let mut rows = Vec::new();
        let first = store::events::next_numbers(&tx, 1_000).await.unwrap();
        for place in 0..1_000_i64.min(i64::try_from(count - number).unwrap()) {
            let fields = fields(number, services);
            let state =
                [PostmortemState::Done, PostmortemState::Done, PostmortemState::NotRequired, PostmortemState::Pending]
                    [number % 4];
            rows.push(ImportedEvent {
                event: ProductionEvent {
                    id: app.id(),
                    number: first + place,
                    version: 1,
                    week: IsoWeek::of(fields.occurred.unwrap().at.date_naive()),
                    fields,
                    raw: None,
                    source: Source::Api,
                    import_key: None,
                    import_mark: None,
                    position: place,
                    postmortem: Postmortem {
                        version: 1,
                        state,
                        owner_id: None,
                        due_on: None,
                        due_fixed: false,
                        reason: None,
                        reviewer_id: None,
                        done_at: None,
                    },
                    created_at: 0,
                    created_by: None,
                    updated_at: 0,
                },
                import_id: None,
            });
            number += 1;
        }
        store::events::insert_all(&tx, &rows, None, &mut || app.id()).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn listing(app: &App, query: &str, after: Option<EventCursor>) -> Listing {
    Listing { query: search::parse(app, query).unwrap(), order: EventOrder::Relevance, after, limit: 50 }
}

/// Calls in a second by 16 clients, for about two seconds; and the median and the 99th percentile of one client in ms.
async fn measure<F, R>(work: F) -> (f64, f64, f64)
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    for _ in 0..5 {
        work().await;
    }
    let mut alone = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(700) || alone.len() < 5 {
        let one = Instant::now();
        work().await;
        alone.push(one.elapsed().as_secs_f64() * 1_000.0);
    }
    alone.sort_by(f64::total_cmp);
    let work = Arc::new(work);
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..CLIENTS {
        let work = Arc::clone(&work);
        tasks.push(tokio::spawn(async move {
            let mut calls = 0_u32;
            while begun.elapsed() < Duration::from_secs(2) {
                work().await;
                calls += 1;
            }
            calls
        }));
    }
    let mut calls = 0;
    for task in tasks {
        calls += task.await.unwrap();
    }
    let per_second = f64::from(calls) / begun.elapsed().as_secs_f64();
    (per_second, alone[alone.len() / 2], alone[alone.len() * 99 / 100])
}

/// What a floor reads: what the list reads, as sea-orm reads it.
#[derive(FromQueryResult)]
#[expect(dead_code, reason = "reading them is the work")]
struct FloorRow {
    id: Uuid,
    number: i64,
    version: i64,
    order_key: i64,
    occurred_at: Option<i64>,
    occurred_day: bool,
    recovered_at: Option<i64>,
    recovered_day: bool,
    severity: Option<String>,
    kind: String,
    restricted: bool,
    text: String,
    impact: Option<String>,
    state: String,
    owner_id: Option<Uuid>,
    due_on: Option<chrono::NaiveDate>,
}

async fn lists(app: &App, count: usize, services: &[Uuid]) {
    println!(
        "{:58} {:>9} {:>9} {:>6} {:>8} {:>8}",
        "newest 50, 16 clients", "floor /s", "here /s", "ratio", "p50 ms", "p99 ms"
    );
    let columns = "event.id, event.number, event.version, event.order_key, occurred_at, occurred_day, recovered_at, \
                   recovered_day, severity, kind, restricted, substr(coalesce(summary, narrative), 1, 2000) AS text, \
                   substr(impact, 1, 500) AS impact, state, owner_id, due_on";
    let deep = |share: usize| -> i64 {
        let start: DateTime<Utc> = "2015-01-01T00:00:00Z".parse().unwrap();
        store::events::order_key_from(
            (start + TimeDelta::minutes(5 * 1_048_573 * i64::try_from(share).unwrap() / 100)).timestamp_millis(),
        )
    };
    let backend = app.store.backend();
    let (service, then) = match backend {
        // SQLite takes the tables as they are named.
        DatabaseBackend::Sqlite => (format!("x'{}'", services[0].simple()), "CROSS JOIN"),
        DatabaseBackend::Postgres => (format!("'{}'", services[0]), "JOIN"),
        _ => (format!("x'{}'", services[0].simple()), "JOIN"),
    };
    for (name, query, after, floor) in [
        (
            "all",
            "",
            None,
            format!(
                "SELECT {columns} FROM event JOIN postmortem ON event_id = event.id WHERE deleted_at IS NULL ORDER BY event.order_key DESC LIMIT 51"
            ),
        ),
        (
            "all, half way down",
            "",
            Some(deep(50)),
            format!(
                "SELECT {columns} FROM event JOIN postmortem ON event_id = event.id WHERE deleted_at IS NULL AND event.order_key < {} ORDER BY event.order_key DESC LIMIT 51",
                deep(50)
            ),
        ),
        (
            "all, at the end",
            "",
            Some(deep(1)),
            format!(
                "SELECT {columns} FROM event JOIN postmortem ON event_id = event.id WHERE deleted_at IS NULL AND event.order_key < {} ORDER BY event.order_key DESC LIMIT 51",
                deep(1)
            ),
        ),
        (
            "severity:C",
            "severity:C",
            None,
            format!(
                "SELECT {columns} FROM event JOIN postmortem ON event_id = event.id WHERE deleted_at IS NULL AND severity = 'C' ORDER BY event.order_key DESC LIMIT 51"
            ),
        ),
        (
            "state:pending",
            "state:pending",
            None,
            format!(
                "SELECT {columns} FROM postmortem {then} event ON event_id = event.id WHERE deleted_at IS NULL AND state = 'pending' ORDER BY postmortem.order_key DESC LIMIT 51"
            ),
        ),
        ("state:owed (three states)", "state:owed", None, String::new()),
        (
            "service:提现",
            "service:提现",
            None,
            format!(
                "SELECT {columns} FROM affected_service {then} event ON affected_service.event_id = event.id {then} postmortem ON postmortem.event_id = event.id WHERE deleted_at IS NULL AND service_id = {service} ORDER BY affected_service.order_key DESC LIMIT 51"
            ),
        ),
        (
            "service:提现 state:pending from:2018 to:2019",
            "service:提现 state:pending|done from:2018 to:2019",
            None,
            String::new(),
        ),
        ("tag:大促", "tag:大促", None, String::new()),
        ("week:2018-W10", "week:2018-W10", None, String::new()),
        ("cause:change severity:A", "cause:change severity:A", None, String::new()),
        ("ongoing:yes", "ongoing:yes", None, String::new()),
        ("from:2018-03 to:2018-03", "from:2018-03 to:2018-03", None, String::new()),
        ("number:500..900", "number:500..900", None, String::new()),
        ("kind:drill (none is)", "kind:drill", None, String::new()),
        ("has:actions (none has)", "has:actions", None, String::new()),
        ("state:pending service:提现 (none is both)", "state:pending service:提现", None, String::new()),
    ] {
        if std::env::var("LIST").is_ok_and(|one| one != name) {
            continue;
        }
        let floor = if floor.is_empty() {
            None
        } else {
            let connection = app.store.read().clone();
            Some(
                measure(move || {
                    let (connection, sql) = (connection.clone(), floor.clone());
                    async move {
                        let statement = Statement::from_string(backend, sql);
                        assert!(!FloorRow::find_by_statement(statement).all(&connection).await.unwrap().is_empty());
                    }
                })
                .await,
            )
        };
        let asked = listing(app, query, after.map(|order_key| EventCursor { group: 0, order_key }));
        let product = app.clone();
        let here = measure(move || {
            let (app, asked) = (product.clone(), asked.clone());
            async move {
                search::list(&app, &Actor::local_operator(), &asked).await.unwrap();
            }
        })
        .await;
        line(name, floor, here);
    }
    // The API shows whole events.
    let (product, asked) = (app.clone(), listing(app, "", None));
    let here = measure(move || {
        let (app, asked) = (product.clone(), asked.clone());
        async move {
            search::events(&app, &Actor::local_operator(), &asked).await.unwrap();
        }
    })
    .await;
    line(&format!("all, whole events as the API shows them ({count})"), None, here);
    println!();
}

fn line(name: &str, floor: Option<(f64, f64, f64)>, here: (f64, f64, f64)) {
    let (floor, ratio) = floor.map_or((String::new(), String::new()), |floor| {
        (format!("{:.0}", floor.0), format!("{:.2}", here.0 / floor.0))
    });
    println!("{name:58} {floor:>9} {:>9.0} {ratio:>6} {:>8.2} {:>8.2}", here.0, here.1, here.2);
}

async fn searches(app: &App) {
    println!("{:58} {:>9} {:>9} {:>6} {:>8} {:>8}", "search, 50 hits", "", "here /s", "", "p50 ms", "p99 ms");
    for query in [
        "提现",
        "冲正",
        "提现 severity:A",
        "提现 week:2018-W10",
        "提现 state:pending service:提现",
        "提现 state:pending severity:A",
        "提现 tag:大促",
        "提现 -severity:A state:done|pending cause:change",
        "提现 from:2018-03 to:2018-03",
        "冲正 severity:A",
        "提现失败",
        "风控规则更新",
        "提现 风控",
        "客户",
        "客户 -提现",
        "没有这个词",
        "提",
        "684",
        "PE-500",
    ] {
        let (product, asked) = (app.clone(), listing(app, query, None));
        let here = measure(move || {
            let (app, asked) = (product.clone(), asked.clone());
            async move {
                search::hits(&app, &Actor::local_operator(), &asked).await.unwrap();
            }
        })
        .await;
        line(query, None, here);
    }
    println!();
}

/// What pages count: a quarter of the events is owed here.
async fn counts(app: &App) {
    println!("{:58} {:>9} {:>9} {:>6} {:>8} {:>8}", "counts and boards", "", "here /s", "", "p50 ms", "p99 ms");
    let product = app.clone();
    let badge = measure(move || {
        let app = product.clone();
        async move {
            fupan::service::postmortems::owed_badge(&app, &Actor::local_operator()).await.unwrap();
        }
    });
    line("owed, as far as every page counts it", None, badge.await);
    let product = app.clone();
    let all = measure(move || {
        let app = product.clone();
        async move {
            fupan::service::postmortems::count_owed(&app, &Actor::local_operator()).await.unwrap();
        }
    });
    line("owed, counted to the end", None, all.await);
    let begun = Instant::now();
    let filter = fupan::service::boards::BoardFilter::default();
    fupan::service::boards::postmortems(app, &Actor::local_operator(), &filter, None, 50).await.unwrap();
    println!("{:58} {:36.0}\n", "the board of owed postmortems, once", begun.elapsed().as_secs_f64() * 1_000.0);
}

/// Creating an event with all that hangs on it, 16 clients, beside the same statements on the bare driver.
async fn creation(app: &App, place: &Place) {
    println!(
        "{:58} {:>9} {:>9} {:>6} {:>8} {:>8}",
        "create, durable, 16 clients", "floor /s", "here /s", "ratio", "p50 ms", "p99 ms"
    );
    let floor = if place.server.is_some() { None } else { Some(creation_floor(place).await) };
    let fresh = self::app(&place.url("here").await).await;
    line("event, impact, postmortem, audit, search", floor, create(&fresh).await);
    fresh.store.close().await.unwrap();
    line("the same in the large database", None, create(app).await);
}

async fn create(app: &App) -> (f64, f64, f64) {
    let product = app.clone();
    measure(move || {
        let app = product.clone();
        async move {
            let fields = EventFields { services: Vec::new(), tags: Vec::new(), ..fields(3, &[Uuid::nil()]) };
            let new = NewEvent {
                fields,
                state: PostmortemState::Pending,
                week: None,
                raw: Some(sentence(3).1),
                source: Source::Api,
            };
            events::create(&app, &Actor::local_operator(), new).await.unwrap();
        }
    })
    .await
}

/// The same statements on the bare driver of SQLite.
async fn creation_floor(place: &Place) -> (f64, f64, f64) {
    // The floor writes into a database of its own, as empty as that of the product's half.
    let empty = self::app(&place.url("floor").await).await;
    let statements = statements(&empty).await;
    empty.store.close().await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(place.file("floor"))
        .pragma("journal_mode", "WAL")
        .pragma("synchronous", "FULL")
        .pragma("foreign_keys", "ON");
    let connection = Arc::new(tokio::sync::Mutex::new(options.connect().await.unwrap()));
    let numbers = Arc::new(std::sync::atomic::AtomicI64::new(10));
    let statements = Arc::new(statements);
    measure(move || {
        let (connection, statements, numbers) =
            (Arc::clone(&connection), Arc::clone(&statements), Arc::clone(&numbers));
        async move {
            let number = numbers.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let id = Uuid::now_v7().as_bytes().to_vec();
            let mut connection = connection.lock().await;
            for (sql, numbers) in statements.iter() {
                let mut query = sqlx::query(*sql);
                for is_number in numbers {
                    query = if *is_number { query.bind(number) } else { query.bind(id.clone()) };
                }
                sqlx::query::Query::execute(query, &mut *connection).await.unwrap();
            }
        }
    })
    .await
}

/// What the product writes for an event, and which of the values are numbers, not ids.
async fn statements(app: &App) -> Vec<(&'static str, Vec<bool>)> {
    app.store.ping().await.unwrap();
    let (summary, narrative, cause) = sentence(3);
    let pieces = fupan::domain::search_pieces::of_document(&summary, &narrative, &[]);
    let words = format!("{summary}\npe-1\n{narrative}");
    let texts = [
        "BEGIN IMMEDIATE".to_owned(),
        "UPDATE counter SET value = value + 1 WHERE name = 'event'".to_owned(),
        "SELECT value FROM counter WHERE name = 'event'".to_owned(),
        "SELECT max(position) FROM event WHERE report_week = '2024-W34'".to_owned(),
        format!("INSERT INTO event (id, number, order_key, version, occurred_day, recovered_day, report_week, narrative, narrative_generated, source, position, created_at, updated_at, occurred_at, recovered_at, severity, summary, cause, cause_category, raw, kind, restricted) VALUES (?, #?, #?, 1, 0, 0, '2024-W34', '{narrative}', 0, 'api', #?, 0, 0, #?, #?, 'D', '{summary}', '{cause}', 'network', '{narrative}', 'normal', 0)"),
        "INSERT INTO impact (id, event_id, position, kind, number, unit, approximate) VALUES (?, ?, 0, 'count', 684, '笔', 1)".to_owned(),
        "INSERT INTO postmortem (event_id, order_key, version, state, due_fixed, changed_at, due_on) VALUES (?, #?, 1, 'pending', 0, 0, '2024-08-27')".to_owned(),
        format!("INSERT INTO search_document (order_key, event_id, title, words) VALUES (#?, ?, '{summary}', '{words}')"),
        format!("INSERT INTO search_piece (rowid, pieces) VALUES (#?, '{pieces}')"),
        "INSERT INTO audit_entry (id, at, actor_name, action, subject, change) VALUES (?, 0, 'local', 'event.create', 'event:1', '{\"source\":\"api\",\"week\":\"2024-W34\",\"state\":\"pending\"}')".to_owned(),
        "COMMIT".to_owned(),
    ];
    let statement = |sql: String| {
        let numbers = sql.match_indices('?').map(|(at, _)| sql[..at].ends_with('#')).collect();
        (&*Box::leak(sql.replace("#?", "?").into_boxed_str()), numbers)
    };
    texts.into_iter().map(statement).collect()
}
