//! Mails through the outbox beside bare lettre to the same mail server: `cargo bench --bench outbox`. The server is a sink in
//! this process on the loopback; both sides use the same number of connections, keep them, and send mails of the same
//! size in the same run. Three ways: bare lettre; ready mails through the outbox on SQLite (claimed, looked at once more,
//! sent, noted durably with its try); reminders, which are put into words again before they are sent. `MAILS=10000` for more,
//! `CONNECTIONS=16` for others. `TEST_DATABASE_URL` names another server. Also prints what an idle worker takes of a
//! core. Never fails on time.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a program that prints a table"
)]

use std::time::{Duration, Instant};

use fupan::{
    domain::actor::{Actor, Role},
    notify::mail::{SmtpSettings, SmtpTimeouts, SmtpTransport, TlsMode},
    service::{App, accounts, events, outbox_admin, postmortems},
    worker,
};
use lettre::{
    Message,
    message::{MultiPart, SinglePart},
    transport::smtp::{client::AsyncSmtpConnection, extension::ClientId},
};
use support::{
    TestClock, TestDatabase,
    smtp::{Script, SmtpSink},
};
use uuid::Uuid;

fn number(name: &str, by_default: usize) -> usize {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(by_default)
}

fn main() {
    let (mails, connections) = (number("MAILS", 5_000), number("CONNECTIONS", 16));
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(run(mails, connections));
}

async fn run(mails: usize, connections: usize) {
    println!("{mails} mails, {connections} connections");
    let floor = bare(mails, connections).await;
    print("bare lettre", mails, floor, None);
    let (app, database) = product().await;
    println!("{}", app.store.product());
    let ready = through_the_outbox(&app, &database, mails, connections).await;
    print("ready mails through the outbox", mails, ready, Some(floor));
    let digests = reminders(&app, &database, mails, connections).await;
    print("reminders through the outbox", mails, digests, Some(floor));
    idle(&app).await;
}

fn print(what: &str, mails: usize, took: Duration, floor: Option<Duration>) {
    let rate = mails as f64 / took.as_secs_f64();
    let ratio = floor.map(|floor| format!("  {:.2} of bare", floor.as_secs_f64() / took.as_secs_f64()));
    println!("{what:<34} {rate:>8.0} mails/s{}", ratio.unwrap_or_default());
}

/// A mail as a notice is one: two parts of some hundred bytes.
fn letter() -> (String, String) {
    let text = "PE-22 客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新。\n".repeat(6);
    (text.clone(), format!("<!doctype html><html><body><p>{text}</p></body></html>"))
}

/// The same server, the same connections, nothing but lettre; without the wait for acknowledgements that its own connect brings.
async fn bare(mails: usize, connections: usize) -> Duration {
    let sink = SmtpSink::start(Script::Accept).await;
    let (text, html) = letter();
    let begun = Instant::now();
    let senders: Vec<_> = (0..connections)
        .map(|sender| {
            let (text, html, port) = (text.clone(), html.clone(), sink.port);
            tokio::spawn(async move {
                let hello = ClientId::Domain("bench.example.com".to_owned());
                let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut connection =
                    AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello).await.unwrap();
                for n in (sender..mails).step_by(connections) {
                    let parts = MultiPart::alternative()
                        .singlepart(SinglePart::plain(text.clone()))
                        .singlepart(SinglePart::html(html.clone()));
                    let message = Message::builder()
                        .from("复盘台 <fupan@example.com>".parse().unwrap())
                        .to(format!("p{n}@example.com").parse().unwrap())
                        .subject("【复盘台】待复盘 1 项")
                        .multipart(parts)
                        .unwrap();
                    connection.send(message.envelope(), &message.formatted()).await.unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let took = begun.elapsed();
    assert_eq!(sink.received().len(), mails);
    took
}

/// The product on a database of its own, on a working day at half past ten.
async fn product() -> (App, TestDatabase) {
    let database = TestDatabase::new().await;
    (support::app(&database, TestClock::at("2024-08-27T10:30:00+08:00")).await, database)
}

fn transport(port: u16, connections: usize) -> SmtpTransport {
    SmtpTransport::new(SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls: TlsMode::None,
        username: None,
        password: None,
        from: "复盘台 <fupan@example.com>".to_owned(),
        mail_domain: "fupan.test".to_owned(),
        timeouts: SmtpTimeouts::default(),
        connections,
        authority: None,
    })
    .unwrap()
}

async fn through_the_outbox(app: &App, database: &TestDatabase, mails: usize, connections: usize) -> Duration {
    use sea_orm::{ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};
    let operator = Actor::local_operator();
    outbox_admin::test_mail(app, &operator, Some("p0@example.com")).await.unwrap();
    let db = sea_orm::Database::connect(&database.url).await.unwrap();
    let pattern = entity::outbox_message::Entity::find().one(&db).await.unwrap().unwrap();
    let (text, html) = letter();
    let rows: Vec<_> = (1..mails)
        .map(|n| {
            let mut row = pattern.clone().into_active_model();
            row.id = Set(Uuid::now_v7());
            row.dedupe_key = Set(format!("bench:{n}"));
            row.message_id = Set(format!("r.bench{n}@fupan.test"));
            row.recipient = Set(format!("p{n}@example.com"));
            row.body_text = Set(text.clone());
            row.body_html = Set(html.clone());
            row
        })
        .collect();
    for chunk in rows.chunks(500) {
        entity::outbox_message::Entity::insert_many(chunk.to_vec()).exec_without_returning(&db).await.unwrap();
    }
    let sink = SmtpSink::start(Script::Accept).await;
    let transport = transport(sink.port, connections);
    let begun = Instant::now();
    let report = worker::run_once(app, Some(&transport), "bench").await.unwrap();
    let took = begun.elapsed();
    assert_eq!((report.sent, sink.received().len()), (mails, mails), "{report:?}");
    took
}

/// As many people with one owed postmortem each; planned before the measuring begins.
async fn reminders(app: &App, database: &TestDatabase, mails: usize, connections: usize) -> Duration {
    use sea_orm::{ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};
    let operator = Actor::local_operator();
    let new = accounts::NewAccount {
        email: "p0@example.com".to_owned(),
        name: "值班".to_owned(),
        role: Role::Reporter,
        lang: "zh-CN".to_owned(),
    };
    let owner = accounts::add(app, &operator, new).await.unwrap().0.id;
    let line = "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新。【待复盘】";
    let number = events::create_from_line(app, &operator, line, None).await.unwrap().0.number;
    let change = postmortems::PostmortemChange {
        owner: Some(Some(owner)),
        due_on: Some(Some("2024-08-27".parse().unwrap())),
        ..Default::default()
    };
    postmortems::change(app, &operator, number, None, change).await.unwrap();
    let db = sea_orm::Database::connect(&database.url).await.unwrap();
    let event = entity::event::Entity::find().one(&db).await.unwrap().unwrap();
    let work = entity::postmortem::Entity::find().one(&db).await.unwrap().unwrap();
    let account = entity::account::Entity::find_by_id(owner).one(&db).await.unwrap().unwrap();
    let (mut people, mut events, mut owed) = (Vec::new(), Vec::new(), Vec::new());
    for n in 1..i64::try_from(mails).unwrap() {
        let mut person = account.clone().into_active_model();
        person.id = Set(Uuid::now_v7());
        person.email = Set(format!("p{n}@example.com"));
        person.email_key = Set(format!("p{n}@example.com"));
        let mut one = event.clone().into_active_model();
        one.id = Set(Uuid::now_v7());
        one.number = Set(number + n);
        one.order_key = Set(event.order_key + n);
        let mut postmortem = work.clone().into_active_model();
        postmortem.event_id = one.id.clone();
        postmortem.owner_id = Set(Some(person.id.clone().unwrap()));
        postmortem.order_key = Set(event.order_key + n);
        people.push(person);
        events.push(one);
        owed.push(postmortem);
    }
    for chunk in people.chunks(500) {
        entity::account::Entity::insert_many(chunk.to_vec()).exec_without_returning(&db).await.unwrap();
    }
    for chunk in events.chunks(500) {
        entity::event::Entity::insert_many(chunk.to_vec()).exec_without_returning(&db).await.unwrap();
    }
    for chunk in owed.chunks(500) {
        entity::postmortem::Entity::insert_many(chunk.to_vec()).exec_without_returning(&db).await.unwrap();
    }
    let begun = Instant::now();
    let planned = worker::run_once(app, None, "plan").await.unwrap();
    println!("{} reminders planned and put into words in {:.1} s", planned.planned, begun.elapsed().as_secs_f64());
    let sink = SmtpSink::start(Script::Accept).await;
    let transport = transport(sink.port, connections);
    let begun = Instant::now();
    let report = worker::run_once(app, Some(&transport), "bench").await.unwrap();
    let took = begun.elapsed();
    assert_eq!(report.sent, mails, "{report:?}");
    took
}

/// Rounds that find nothing to do, and the looks for groups between them, as a share of a core at their pace.
async fn idle(app: &App) {
    let times = || -> u64 {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        fields.get(11..13).map_or(0, |both| both.iter().filter_map(|n| n.parse::<u64>().ok()).sum())
    };
    // A round every 30 s, a look for groups every 2 s: so many rounds stand for ten minutes.
    let (before, begun) = (times(), Instant::now());
    for _ in 0..20 {
        worker::run_once(app, None, "idle").await.unwrap();
    }
    let ticks = times() - before;
    let share = ticks as f64 / 100.0 / 600.0 * 100.0;
    println!(
        "an idle worker: 20 rounds (ten minutes' worth) took {:.2} s of CPU, {share:.2} % of a core, {:.2} s in all",
        ticks as f64 / 100.0,
        begun.elapsed().as_secs_f64()
    );
}
