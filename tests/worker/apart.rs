//! One thing that cannot be read, or a mistake in the program, keeps nothing else from going out.

use std::{future::Future, pin::Pin};

use fupan::{
    domain::{actor::Actor, chat::ChatTool},
    service::{
        notifiers::{self, NotifierPatch},
        outbox_admin,
        ports::{Delivery, LastCheck, OutgoingMessage, Transport},
    },
    store::outbox::OutboxState,
    worker,
};
use sea_orm::{ConnectionTrait as _, Database, Statement};
use support::http::{Asked, Elsewhere, Reply};

use crate::stage::{Stage, TUESDAY};

fn operator() -> Actor {
    Actor::local_operator()
}

/// The stored rules get a field that only a newer version knows.
async fn newer_rules(stage: &Stage) {
    let stored = fupan::service::policies::read(&stage.app, &operator(), "reminders").await.unwrap().document;
    let changed = stored.replacen("\"day\": -1", "\"day\": -2", 1);
    fupan::service::policies::write(&stage.app, &operator(), "reminders", &changed, None).await.unwrap();
    let newer = changed.replacen('{', "{\"from_the_future\": 1,", 1);
    let db = Database::connect(stage.database_url()).await.unwrap();
    let backend = db.get_database_backend();
    let sql = if backend == sea_orm::DatabaseBackend::Postgres {
        "UPDATE policy SET document = $1 WHERE name = 'reminders'"
    } else {
        "UPDATE policy SET document = ? WHERE name = 'reminders'"
    };
    db.execute_raw(Statement::from_sql_and_values(backend, sql, [newer.into()])).await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_cannot_be_read_stop_reminders_and_nothing_else() {
    let stage = Stage::at(TUESDAY).await;
    let server = Elsewhere::start(|_: &Asked| Reply::json(200, r#"{"errcode":0,"errmsg":"ok"}"#)).await;
    let new = |name: &str, topics: &[&str]| NotifierPatch {
        name: Some(name.to_owned()),
        tool: Some(ChatTool::WeCom.code().to_owned()),
        url: Some(format!("{}/{name}", server.url())),
        topics: Some(topics.iter().map(|topic| (*topic).to_owned()).collect()),
        ..NotifierPatch::default()
    };
    notifiers::create(&stage.app, &operator(), new("pending", &["postmortem.pending"])).await.unwrap();
    let other = notifiers::create(&stage.app, &operator(), new("other", &["event.logged"])).await.unwrap();
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    // A digest to a person and one to a group wait.
    fupan::service::reminders::plan(&stage.app, fupan::notify::mail::digest_words).await.unwrap();
    newer_rules(&stage).await;
    outbox_admin::test_mail(&stage.app, &operator(), Some("a@example.com")).await.unwrap();
    notifiers::test(&stage.app, &operator(), other.id).await.unwrap();
    let report = stage.round().await;
    assert!(report.failed >= 3, "planning, the person's and the group's digest: {report:?}");
    assert_eq!((report.sent, report.told), (1, 1), "{report:?}");
    assert_eq!((stage.mails_to("a@example.com"), stage.mails_to("oncall@example.com")), (1, 0));
    let waiting = stage.outbox().await.into_iter().filter(|one| one.state == OutboxState::Pending).count();
    assert_eq!(waiting, 2, "they are not lost");
    // Mended, both go.
    let db = Database::connect(stage.database_url()).await.unwrap();
    let sql = "DELETE FROM policy WHERE name = 'reminders'";
    db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    db.close().await.unwrap();
    let report = stage.round_at("2024-08-27T10:20:00+08:00").await;
    assert_eq!((report.failed, report.sent, report.told), (0, 1, 1), "{report:?}");
    assert!(stage.sink.received()[1].text().contains(&format!("PE-{number} ")));
}

/// Panics at one address, and takes everything else.
struct Panics;

impl Transport for Panics {
    fn send<'a>(
        &'a self,
        message: &'a OutgoingMessage,
        last_check: LastCheck<'a>,
    ) -> Pin<Box<dyn Future<Output = Option<Delivery>> + Send + 'a>> {
        Box::pin(async move {
            assert_ne!(message.recipient, "poison@example.com", "a mistake in the program");
            last_check().await.then_some(Delivery::Accepted)
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_at_one_message_lets_the_others_go() {
    let stage = Stage::at(TUESDAY).await;
    stage.sends_elsewhere();
    for to in ["poison@example.com", "a@example.com", "b@example.com"] {
        outbox_admin::test_mail(&stage.app, &operator(), Some(to)).await.unwrap();
    }
    let report = worker::run_once(&stage.app, Some(&Panics), "test").await.unwrap();
    assert_eq!((report.sent, report.failed, report.waiting), (2, 1, 1), "{report:?}");
    // It is not tried in a circle.
    let again = worker::run_once(&stage.app, Some(&Panics), "test").await.unwrap();
    assert_eq!((again.sent, again.failed), (0, 0), "{again:?}");
}
