//! Relations over the API: how many there may be, what is counted of them, and what the history tells to whom.

use fupan::domain::actor::Role;
use reqwest::{Method, StatusCode};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::{Value, json};
use support::Service;

use super::{
    NOW,
    action_items::{Api, id_of},
};

async fn related(service: &Service, pairs: &[(i64, i64)], kind: &str) {
    let mut rows = Vec::new();
    for (event, other) in pairs {
        rows.push(entity::event_relation::ActiveModel {
            event_id: Set(id_of(service, *event).await),
            other_id: Set(id_of(service, *other).await),
            kind: Set(kind.to_owned()),
            created_at: Set(0),
            created_by: Set(None),
        });
    }
    let tx = service.app.store.begin().await.unwrap();
    entity::event_relation::Entity::insert_many(rows).exec_without_returning(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_two_hundred_and_first_relation_is_refused_from_either_side() {
    let service = Service::start(NOW).await;
    let api = Api::of(&service, Role::Lead).await;
    for number in 1..=203 {
        api.event(json!({"narrative": format!("第{number}次")})).await;
    }
    let pairs: Vec<(i64, i64)> = (2..=200).map(|other| if other % 2 == 0 { (1, other) } else { (other, 1) }).collect();
    related(&service, &pairs, "related").await;
    let relate = |from: i64, to: i64| {
        let path = format!("/events/{from}/relations");
        let body = json!({"kind": "related", "other": format!("PE-{to}")});
        async { api.post(&{ path }, body).await }
    };
    assert_eq!(relate(1, 201).await.0, StatusCode::CREATED);
    assert_eq!(api.get("/events/1/relations").await["data"].as_array().unwrap().len(), 200, "all are listed");
    for (from, to) in [(1, 202), (202, 1)] {
        let (status, refused) = relate(from, to).await;
        assert_eq!(status, StatusCode::CONFLICT, "{refused}");
        assert_eq!(refused["detail"], "PE-1 has 200 relations, the most of one event; take one away first");
    }
    assert_eq!(relate(201, 1).await.0, StatusCode::CREATED, "what is said already is no further one");
    assert_eq!(relate(202, 203).await.0, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relations_at_the_same_time_do_not_pass_the_limit() {
    let service = Service::start(NOW).await;
    let api = Api::of(&service, Role::Lead).await;
    for number in 1..=206 {
        api.event(json!({"narrative": format!("第{number}次")})).await;
    }
    related(&service, &(2..=200).map(|other| (1, other)).collect::<Vec<_>>(), "related").await;
    let relate = |to: i64| {
        let body = json!({"kind": "related", "other": format!("PE-{to}")});
        async { api.post("/events/1/relations", body).await.0 }
    };
    let (one, two, three, four) = tokio::join!(relate(201), relate(202), relate(203), relate(204));
    let made = [one, two, three, four].into_iter().filter(|status| *status == StatusCode::CREATED).count();
    assert_eq!(made, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recurrence_of_what_is_deleted_or_not_seen_is_not_counted() {
    let service = Service::start(NOW).await;
    let (api, other) = (Api::of(&service, Role::Lead).await, Api::of(&service, Role::Lead).await);
    for (number, restricted) in [(1, false), (2, false), (3, true), (4, false), (5, false), (6, false)] {
        let at = format!("2024-08-1{number}T10:00:00+08:00");
        let body = json!({"narrative": format!("第{number}次"), "occurred_at": at, "restricted": restricted});
        api.event(body).await;
    }
    related(&service, &[(4, 1), (5, 2), (6, 3)], "recurrence").await;
    let share = async |api: &Api| {
        let figures = api.get("/analytics?from=2024-08-01&to=2024-08-31").await;
        let ratios = figures["ratios"].as_array().unwrap().clone();
        let found = ratios.into_iter().find(|one| one["metric"] == "recurrence").unwrap();
        found["hits"].as_i64().unwrap()
    };
    assert_eq!(share(&api).await, 3, "its author sees the restricted one");
    assert_eq!(share(&other).await, 2, "the first one of PE-6 is not there for others");
    let gone = api.send(Method::DELETE, "/events/2", Some("1"), None).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!((share(&api).await, share(&other).await), (2, 1));
}

/// Everything that a history tells, as one text.
async fn history(api: &Api, number: i64) -> String {
    api.get(&format!("/events/{number}/history")).await.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_names_the_other_event_only_to_those_who_see_it_now() {
    let service = Service::start(NOW).await;
    let (api, other) = (Api::of(&service, Role::Lead).await, Api::of(&service, Role::Lead).await);
    api.event(json!({"narrative": "敏感的"})).await;
    api.event(json!({"narrative": "公开的"})).await;
    let relation = json!({"kind": "related", "other": "PE-1"});
    assert_eq!(api.post("/events/2/relations", relation).await.0, StatusCode::CREATED);
    assert!(history(&other, 2).await.contains("PE-1") && history(&other, 1).await.contains("PE-2"));
    // An entry as it was written before: with the label.
    let old = json!({"kind": "related", "other": "PE-1", "of": true});
    let tx = service.app.store.begin().await.unwrap();
    let actor = fupan::domain::actor::Actor::local_operator();
    fupan::store::audit::insert(&tx, service.app.id(), 1, &actor, "relation.add", "event:2", old).await.unwrap();
    tx.commit().await.unwrap();
    let version = api.get("/events/1").await["version"].to_string();
    let body = json!({"restricted": true});
    let restricted = api.send(Method::PATCH, "/events/1", Some(&version), Some(body)).await;
    assert_eq!(restricted.status(), StatusCode::OK);
    let told = history(&other, 2).await;
    assert!(told.contains("relation.add") && !told.contains("PE-1"), "{told}");
    assert!(!told.contains(&id_of(&service, 1).await.to_string()), "nor by its id: {told}");
    let told = history(&api, 2).await;
    assert_eq!(told.matches("PE-1").count(), 2, "{told}");
    let stored = fupan::store::audit::of_subject(service.app.store.read(), "event:2", 10).await.unwrap();
    let stored: Vec<&Value> = stored.iter().filter(|entry| entry.at > 1).map(|entry| &entry.change["other"]).collect();
    assert!(stored.iter().all(|other| !other.to_string().contains("PE-")), "{stored:?}");
}
