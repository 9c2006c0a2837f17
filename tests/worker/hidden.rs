//! Digests that hold what their reader may not see any more.

use std::{future::Future, pin::Pin, sync::Arc};

use fupan::{
    domain::actor::{Actor, Role},
    service::{
        events::{self, EventPatch},
        ports::{Delivery, LastCheck, OutgoingMessage, Transport},
    },
    store::outbox::OutboxState,
    worker,
};
use support::smtp::Script;

use crate::stage::{Stage, TUESDAY};

async fn close(stage: &Stage, number: i64) {
    let operator = Actor::local_operator();
    let version = events::get(&stage.app, &operator, number).await.unwrap().version;
    let close = EventPatch { restricted: Some(true), ..EventPatch::default() };
    events::update(&stage.app, &operator, number, version, close).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_whose_reply_was_lost_does_not_go_again_with_an_event_that_was_closed_since() {
    let stage = Stage::at(TUESDAY).await;
    let lead = stage.person("lead@example.com", "组长", Role::Lead, "zh-CN").await;
    let closed = stage.owed(Some(lead), "2024-08-26").await;
    let left = stage.owed(None, "2024-08-26").await;
    stage.sink.play(Script::DropAfterDot);
    assert_eq!(stage.round().await.unknown, 1);
    stage.sink.play(Script::Accept);
    // The lead does not own it any more, and does not see it.
    let hand_over =
        fupan::service::postmortems::PostmortemChange { owner: Some(Some(stage.oncall)), ..Default::default() };
    stage.change(closed, hand_over).await;
    close(&stage, closed).await;
    let report = stage.round_at("2024-08-27T10:40:00+08:00").await;
    let to_lead: Vec<_> = stage.sink.received().into_iter().filter(|mail| mail.to == "lead@example.com").collect();
    assert_eq!(to_lead.len(), 2, "the lost one, and one that is left: {report:?}");
    let text = to_lead[1].text();
    assert!(text.contains(&format!("PE-{left} ")) && !text.contains(&format!("PE-{closed} ")), "{text}");
    assert_ne!(to_lead[0].header("Message-ID"), to_lead[1].header("Message-ID"), "other words, another mail");
    assert_eq!(stage.round_at("2024-08-27T15:00:00+08:00").await.planned, 0, "it is told");
}

/// Closes an event between the look at a message and the final dot, once.
struct Closes(Arc<Stage>, i64, std::sync::Mutex<Vec<String>>);

impl Transport for Closes {
    fn send<'a>(
        &'a self,
        message: &'a OutgoingMessage,
        last_check: LastCheck<'a>,
    ) -> Pin<Box<dyn Future<Output = Option<Delivery>> + Send + 'a>> {
        Box::pin(async move {
            if !events::get(&self.0.app, &Actor::local_operator(), self.1).await.unwrap().fields.restricted {
                close(&self.0, self.1).await;
            }
            if !last_check().await {
                return None;
            }
            self.2.lock().unwrap().push(message.text.clone());
            Some(Delivery::Accepted)
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_closed_at_the_last_moment_is_left_out() {
    let stage = Arc::new(Stage::at(TUESDAY).await);
    stage.sends_elsewhere();
    stage.person("lead@example.com", "组长", Role::Lead, "zh-CN").await;
    let closed = stage.owed(None, "2024-08-26").await;
    let left = stage.owed(None, "2024-08-26").await;
    let transport = Closes(Arc::clone(&stage), closed, std::sync::Mutex::default());
    worker::run_once(&stage.app, Some(&transport), "test").await.unwrap();
    let sent = transport.2.lock().unwrap().clone();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].contains(&format!("PE-{left} ")) && !sent[0].contains(&format!("PE-{closed} ")), "{}", sent[0]);
    let states: Vec<_> = stage.outbox().await.iter().map(|one| one.state).collect();
    assert_eq!(states, [OutboxState::Sent]);
}
