//! The check of the invariants itself: each planted defect turns it red.

use sea_orm::{ConnectionTrait as _, Database, Statement};
use support::ledger::violations;

use crate::stage::{Stage, TUESDAY};

async fn run(url: &str, sql: &str) {
    let db = Database::connect(url).await.unwrap();
    db.execute_raw(Statement::from_string(db.get_database_backend(), sql.to_owned())).await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_planted_defect_is_found() {
    let stage = Stage::at(TUESDAY).await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.round().await;
    let (url, came) = (stage.database_url().to_owned(), stage.sink.received());
    assert_eq!(violations(&url, Some(&came)).await, Vec::<String>::new());
    let found = |came: Vec<support::smtp::Received>| {
        let url = url.clone();
        async move { violations(&url, Some(&came)).await.join("\n") }
    };
    // What came: nothing, twice, other bytes, another Message-ID.
    assert!(found(Vec::new()).await.contains("I4"));
    assert!(found(vec![came[0].clone(), came[0].clone()]).await.contains("I3: 2 copies"));
    let mut other = came[0].clone();
    other.raw.push('x');
    assert!(found(vec![came[0].clone(), other]).await.contains("differ"));
    let mut stranger = came[0].clone();
    stranger.raw = stranger.raw.replacen("Message-ID: <r.", "Message-ID: <q.", 1);
    assert!(found(vec![came[0].clone(), stranger]).await.contains("unknown Message-ID"));
    // What is stored: each change is undone after the look.
    for (broken, mended, word) in [
        ("UPDATE outbox_message SET state = 'pending'", "UPDATE outbox_message SET state = 'sent'", "I2"),
        ("UPDATE outbox_message SET state = 'dead'", "UPDATE outbox_message SET state = 'sent'", "dead without"),
        (
            "UPDATE outbox_message SET state = 'unconfirmed'",
            "UPDATE outbox_message SET state = 'sent'",
            "unconfirmed without",
        ),
        (
            "UPDATE outbox_attempt SET outcome = 'unknown'",
            "UPDATE outbox_attempt SET outcome = 'sent'",
            "noted as sent 0 times",
        ),
        ("UPDATE reminder_entry SET state = 'planned'", "UPDATE reminder_entry SET state = 'sent'", "I1"),
        ("UPDATE reminder_entry SET state = 'superseded'", "UPDATE reminder_entry SET state = 'sent'", "I1"),
    ] {
        run(&url, broken).await;
        let words = found(came.clone()).await;
        assert!(words.contains(word), "{broken}: {words}");
        run(&url, mended).await;
    }
    assert_eq!(violations(&url, Some(&came)).await, Vec::<String>::new());
}
