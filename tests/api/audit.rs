//! The audit log: its chain finds what was tampered with, and refusals and files taken out stand in it.

use fupan::{
    domain::actor::{Actor, Role},
    service::{
        App,
        audit_chain::{self, Break, KeptHead, Reach},
        audit_log::{self, Asked},
        events,
    },
};
use reqwest::StatusCode;
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection};
use serde_json::{Value, json};
use support::{Service, TestClock, TestDatabase};

use crate::{LINE, NOW, client};

struct House {
    app: App,
    database: TestDatabase,
    raw: DatabaseConnection,
    clock: std::sync::Arc<TestClock>,
}

impl House {
    /// A house with some entries in its chain.
    async fn with_entries(count: usize) -> Self {
        let database = TestDatabase::new().await;
        let clock = TestClock::at(NOW);
        let app = support::app(&database, clock.clone()).await;
        let raw = Database::connect(&database.url).await.unwrap();
        let house = Self { app, database, raw, clock };
        for n in 0..count {
            house.log(n).await;
        }
        house
    }

    async fn log(&self, n: usize) {
        let line = LINE.replace("684", &(700 + n).to_string());
        events::create_from_line(&self.app, &Actor::local_operator(), &line, None).await.unwrap();
    }

    async fn broken(&self, kept: Option<&KeptHead>) -> Option<audit_chain::Broken> {
        audit_chain::verify(&self.app, &Actor::local_operator(), kept).await.unwrap().broken
    }

    async fn run(&self, sql: &str) {
        self.raw.execute_unprepared(sql).await.unwrap();
    }

    /// The id of the entry at a place, as the database writes it.
    async fn at(&self, position: i64) -> String {
        let seals = fupan::store::audit_chain::seals(&self.raw, position - 1, 1).await.unwrap();
        let id = seals[0].entry_id;
        match self.raw.get_database_backend() {
            sea_orm::DatabaseBackend::Postgres => format!("'{id}'"),
            _ => format!("x'{}'", id.simple()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_nobody_touched_is_whole_however_it_was_chained() {
    let house = House::with_entries(3).await;
    assert_eq!(house.broken(None).await, None);
    let first = audit_chain::head(&house.app, &Actor::local_operator()).await.unwrap();
    assert!(first.position >= 3, "{first:?}");
    // Two replicas write and chain at once.
    let work = (0..6).map(|n| {
        let app = house.app.clone();
        tokio::spawn(async move {
            let line = LINE.replace("684", &(900 + n).to_string());
            events::create_from_line(&app, &Actor::local_operator(), &line, None).await.unwrap();
            audit_chain::chain(&app, Reach::Recent).await.unwrap();
        })
    });
    for one in work.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    let kept = KeptHead { position: first.position, hash: first.hash };
    let verdict = audit_chain::verify(&house.app, &Actor::local_operator(), Some(&kept)).await.unwrap();
    assert_eq!(verdict.broken, None);
    assert_eq!(verdict.checked, first.position + 6, "each entry has one place");
    assert_eq!(verdict.older, 0);
    drop(house.database);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_field_is_found_whichever_it_is() {
    for set in [
        "at = at + 1",
        "actor_name = 'somebody'",
        "action = 'event.delete'",
        "subject = 'event:99'",
        "change = '{}'",
        "hash = NULL",
    ] {
        let house = House::with_entries(4).await;
        assert_eq!(house.broken(None).await, None);
        let id = house.at(2).await;
        let set = match house.raw.get_database_backend() {
            sea_orm::DatabaseBackend::MySql => set.replace("change =", "`change` ="),
            _ => set.to_owned(),
        };
        house.run(&format!("UPDATE audit_entry SET {set} WHERE id = {id}")).await;
        let broken = house.broken(None).await.unwrap_or_else(|| panic!("{set} is not found"));
        assert_eq!((broken.what, broken.position), (Break::Changed, Some(2)), "{set}");
        assert!(broken.entry.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_moved_or_put_in_is_found() {
    // Out of the middle, with its place left and with its place gone.
    let house = House::with_entries(4).await;
    assert_eq!(house.broken(None).await, None);
    let id = house.at(2).await;
    house.run(&format!("DELETE FROM audit_entry WHERE id = {id}")).await;
    let broken = house.broken(None).await.unwrap();
    assert_eq!((broken.what, broken.position), (Break::Removed, Some(2)));
    house.run("DELETE FROM audit_seal WHERE position = 2").await;
    let broken = house.broken(None).await.unwrap();
    assert_eq!((broken.what, broken.position), (Break::Place, Some(2)));
    // Closing the gap does not help.
    house.run("UPDATE audit_seal SET position = position - 1 WHERE position = 3").await;
    let broken = house.broken(None).await.unwrap();
    assert_eq!((broken.what, broken.position), (Break::Place, Some(2)));

    // Two places change theirs.
    let house = House::with_entries(4).await;
    assert_eq!(house.broken(None).await, None);
    for (from, to) in [(2, 99), (3, 2), (99, 3)] {
        house.run(&format!("UPDATE audit_seal SET position = {to} WHERE position = {from}")).await;
    }
    let broken = house.broken(None).await.unwrap();
    assert_eq!((broken.what, broken.position), (Break::Place, Some(2)));

    // A copy of an entry under another id, and one of before the chain.
    for hash in ["hash", "NULL"] {
        let house = House::with_entries(3).await;
        assert_eq!(house.broken(None).await, None);
        let (id, change) = match house.raw.get_database_backend() {
            sea_orm::DatabaseBackend::Postgres => ("'01900000-0000-7000-8000-000000000001'", "change"),
            sea_orm::DatabaseBackend::MySql => ("x'01900000000070008000000000000001'", "`change`"),
            _ => ("x'01900000000070008000000000000001'", "change"),
        };
        let of = house.at(2).await;
        house
            .run(&format!(
                "INSERT INTO audit_entry (id, at, actor_name, action, subject, {change}, hash) \
                 SELECT {id}, at, actor_name, action, subject, {change}, {hash} FROM audit_entry WHERE id = {of}"
            ))
            .await;
        let broken = house.broken(None).await.unwrap();
        assert_eq!(broken.what, Break::Inserted, "{hash}");
        assert_eq!(broken.entry.unwrap().to_string(), "01900000-0000-7000-8000-000000000001");
        // And stays outside for ever.
        house.log(9).await;
        assert_eq!(house.broken(None).await.map(|broken| broken.what), Some(Break::Inserted));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_end_is_found_by_the_head_and_a_rewritten_one_by_a_head_that_was_kept() {
    let house = House::with_entries(4).await;
    let head = audit_chain::head(&house.app, &Actor::local_operator()).await.unwrap();
    let kept = audit_chain::kept_of(&audit_chain::kept_text(&head)).unwrap();
    let last = head.position;
    let id = house.at(last).await;
    house.run(&format!("DELETE FROM audit_entry WHERE id = {id}")).await;
    assert_eq!(house.broken(None).await.map(|broken| broken.what), Some(Break::Removed));
    house.run(&format!("DELETE FROM audit_seal WHERE position = {last}")).await;
    let broken = house.broken(None).await.unwrap();
    assert_eq!((broken.what, broken.position), (Break::Place, Some(last)));
    // Who knows how it works moves the head back as well: then only a head that was kept tells.
    house
        .run(&format!(
            "UPDATE audit_head SET position = {}, hash = (SELECT hash FROM audit_seal WHERE position = {})",
            last - 1,
            last - 1
        ))
        .await;
    assert_eq!(house.broken(None).await, None);
    assert_eq!(house.broken(Some(&kept)).await.map(|broken| broken.what), Some(Break::KeptHead));
    // Also where the chain grew again since.
    house.log(8).await;
    house.log(9).await;
    assert_eq!(house.broken(None).await, None);
    let broken = house.broken(Some(&kept)).await.unwrap();
    assert_eq!((broken.what, broken.position), (Break::KeptHead, Some(last)));
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_before_the_chain_are_its_beginning() {
    let house = House::with_entries(3).await;
    // As an installation was before: entries without hashes, no chain.
    for sql in ["UPDATE audit_entry SET hash = NULL", "DELETE FROM audit_seal", "DELETE FROM audit_head"] {
        house.run(sql).await;
    }
    house.log(5).await;
    let verdict = audit_chain::verify(&house.app, &Actor::local_operator(), None).await.unwrap();
    assert_eq!((verdict.broken, verdict.checked, verdict.older), (None, 4, 3));
    let id = house.at(1).await;
    house.run(&format!("UPDATE audit_entry SET actor_name = 'x' WHERE id = {id}")).await;
    let broken = house.broken(None).await.unwrap();
    assert_eq!((broken.what, broken.position), (Break::Changed, Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_beginning_goes_by_the_policy_alone_and_the_rest_is_still_whole() {
    let house = House::with_entries(3).await;
    house.clock.set("2024-09-30T12:00:00+08:00");
    house.log(7).await;
    let before = chrono::DateTime::parse_from_rfc3339("2024-09-01T00:00:00+08:00").unwrap().timestamp_millis();
    let old = audit_chain::head(&house.app, &Actor::local_operator()).await.unwrap();
    assert_eq!(audit_chain::cut(&house.app, before).await.unwrap(), 3);
    assert_eq!(audit_chain::cut(&house.app, before).await.unwrap(), 0);
    let verdict = audit_chain::verify(&house.app, &Actor::local_operator(), None).await.unwrap();
    assert_eq!((verdict.broken, verdict.checked, verdict.head.base_position), (None, 2, 3));
    let kept = audit_chain::kept_of(&audit_chain::kept_text(&old)).unwrap();
    assert_eq!(house.broken(Some(&kept)).await, None);
    // Somebody who cuts off more by hand is found.
    let id = house.at(4).await;
    house.run(&format!("DELETE FROM audit_entry WHERE id = {id}")).await;
    house
        .run("UPDATE audit_head SET base_position = 4, base_hash = (SELECT hash FROM audit_seal WHERE position = 4)")
        .await;
    house.run("DELETE FROM audit_seal WHERE position = 4").await;
    assert_eq!(house.broken(None).await.map(|broken| broken.what), Some(Break::Beginning));
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_read_refusals_and_files_that_were_taken_out_and_nobody_else_does() {
    let service = Service::start(NOW).await;
    let (admin, viewer) = (service.token(Role::Admin).await, service.token(Role::Viewer).await);
    let get = async |token: &str, path: &str| {
        let answer = client().get(format!("{}{path}", service.url)).bearer_auth(token).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap_or_default())
    };
    let made = client()
        .post(format!("{}/api/v1/events", service.url))
        .bearer_auth(&admin)
        .json(&json!({"line": LINE}))
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    for path in ["/api/v1/audit", "/api/v1/audit/head", "/settings/audit", "/api/v1/outbox"] {
        assert_eq!(get(&viewer, path).await.0, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(get(&viewer, "/api/v1/outbox").await.0, StatusCode::FORBIDDEN);
    assert_eq!(get(&viewer, "/e/PE-1/postmortem/export?format=md").await.0, StatusCode::OK);

    let (status, list) = get(&admin, "/api/v1/audit?action=refused").await;
    assert_eq!(status, StatusCode::OK, "{list}");
    let routes: Vec<&str> =
        list["data"].as_array().unwrap().iter().filter_map(|e| e["change"]["route"].as_str()).collect();
    assert_eq!(
        routes,
        ["GET /api/v1/outbox", "GET /settings/audit", "GET /api/v1/audit/head", "GET /api/v1/audit"],
        "once each, and by whom"
    );
    assert!(list["data"].as_array().unwrap().iter().all(|entry| entry["actor_id"].is_string()));
    let (_, list) = get(&admin, "/api/v1/audit?action=export").await;
    assert_eq!((list["data"][0]["subject"].as_str(), list["data"].as_array().unwrap().len()), (Some("event:1"), 1));
    let (_, list) = get(&admin, "/api/v1/audit?subject=PE-1&limit=1").await;
    assert!(list["next_cursor"].is_string(), "{list}");
    let (status, _) = get(&admin, "/api/v1/audit?from=yesterday").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, head) = get(&admin, "/api/v1/audit/head").await;
    let verified = client()
        .post(format!("{}/api/v1/audit:verify", service.url))
        .bearer_auth(&admin)
        .json(&json!({"head": head["head"]}))
        .send()
        .await
        .unwrap();
    let verdict: Value = verified.json().await.unwrap();
    assert_eq!((verdict["whole"].as_bool(), verdict["broken"].is_null()), (Some(true), true), "{verdict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_differ_from_the_last_start_are_noted_once() {
    let house = House::with_entries(0).await;
    let values = |bind: &str| [("http.bind".to_owned(), bind.to_owned())].into_iter().collect();
    for bind in ["127.0.0.1:1", "127.0.0.1:1", "127.0.0.1:2"] {
        audit_log::settings_read(&house.app, values(bind)).await.unwrap();
    }
    let asked = Asked { action: Some("settings.".to_owned()), ..Asked::default() };
    let page = audit_log::list(&house.app, &Actor::local_operator(), &asked).await.unwrap();
    assert_eq!(page.entries.len(), 2);
    let differs = &page.entries[0].change["differs"]["http.bind"];
    assert_eq!(differs, &json!({"from": "127.0.0.1:1", "to": "127.0.0.1:2"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_has_its_place_a_moment_later_without_a_round_of_the_worker() {
    let house = House::with_entries(1).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let chaining = tokio::spawn(fupan::worker::chaining::run(house.app.clone(), stopped));
    for n in 1..4 {
        house.log(n).await;
        let mut position = 0;
        for _ in 0..100 {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            let head = fupan::store::audit_chain::head(house.app.store.read()).await.unwrap();
            position = head.map_or(0, |head| head.position);
            if position == i64::try_from(n).unwrap() + 1 {
                break;
            }
        }
        assert_eq!(position, i64::try_from(n).unwrap() + 1);
    }
    stop.send_replace(true);
    chaining.await.unwrap();
    assert_eq!(house.broken(None).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beginning_that_another_replica_removes_meanwhile_is_no_break() {
    let mut house = House::with_entries(4).await;
    audit_chain::chain(&house.app, Reach::All).await.unwrap();
    house.clock.set("2026-08-21T06:08:00Z");
    let other = house.app.clone();
    let before = other.now_millis();
    let waiting = std::sync::Mutex::new(Some((other, house.database.url.clone())));
    let cuts = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counted = cuts.clone();
    // The other replica cuts in the very moment in which the places are asked for.
    house.app.store.observe(move |statement| {
        if !statement.sql.contains("audit_seal") || !statement.sql.contains("LIMIT") {
            return;
        }
        let Some((other, url)) = waiting.lock().unwrap().take() else { return };
        let cut = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                // A process of its own has its own connections.
                let app = App { store: fupan::store::Store::open(&url).await.unwrap(), ..other };
                audit_chain::cut(&app, before).await.unwrap()
            })
        });
        counted.fetch_add(cut.join().unwrap(), std::sync::atomic::Ordering::Relaxed);
    });
    let verdict = audit_chain::verify(&house.app, &Actor::local_operator(), None).await.unwrap();
    assert_eq!(cuts.load(std::sync::atomic::Ordering::Relaxed), 4, "the cut came in between");
    assert_eq!(verdict.broken, None);
    assert_eq!(verdict.head.base_position, 4);
}
