//! Warnings that an error budget burns too fast: opened once, mailed once, held where too little is measured, closed after.

use fupan::{
    domain::{
        actor::{Actor, Role},
        indicator::{DefinitionFields, Window},
        report::reading::Decimal,
        samples::{Counts, Minute, Sample},
    },
    service::{burn_warnings, indicators, samples, services, teams},
};
use support::smtp::Received;

use crate::stage::Stage;

/// A Tuesday, ten o'clock, in minutes.
const TEN: Minute = 28_745_400;

fn operator() -> Actor {
    Actor::local_operator()
}

async fn indicator(stage: &Stage) {
    let fields = support::success_rate("deposit", "入金有效成功率", None);
    let first = "2024-01-01".parse().unwrap();
    let definition = DefinitionFields { valid_from: first, exclusions: std::collections::BTreeMap::new(), note: None };
    indicators::create(&stage.app, &operator(), fields, definition).await.unwrap();
    let target = Decimal { units: 999, scale: 1 };
    indicators::put_objective(&stage.app, &operator(), "deposit", Window::Month, target, None).await.unwrap();
}

/// Minutes `from..to`, of whose 1,000 attempts each so many fail.
async fn push(stage: &Stage, from: Minute, to: Minute, failed: i64) {
    let counts = Counts { total: 1_000, success: 1_000 - failed, ..Counts::default() };
    let batch = (from..to).map(|minute| Sample { minute, counts }).collect();
    samples::ingest(&stage.app, &operator(), "deposit", batch).await.unwrap();
}

fn clock(stage: &Stage, minute: Minute) {
    let at = chrono::DateTime::from_timestamp(i64::from(minute) * 60 + 5, 0).unwrap();
    stage.clock.set(&at.to_rfc3339());
}

fn mails(stage: &Stage) -> Vec<Received> {
    let burns = |mail: &Received| mail.decoded("Subject").unwrap_or_default().contains("误差预算");
    stage.sink.received().into_iter().filter(burns).collect()
}

async fn open(stage: &Stage) -> usize {
    burn_warnings::page(&stage.app, &operator(), Some(true), None, 200).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_burns_too_fast_is_told_once_held_without_samples_and_closed_after() {
    let stage = Stage::at("2024-08-27T10:00:00+08:00").await;
    assert_eq!(i64::from(TEN) * 60, stage.app.now_millis() / 1_000, "the clock of this test");
    stage.person("admin@example.com", "管理员", Role::Admin, "zh-CN").await;
    indicator(&stage).await;
    // Three calm days, and an hour of 5 % failures: 50 times the budget.
    push(&stage, TEN - 5_000, TEN - 60, 0).await;
    push(&stage, TEN - 60, TEN, 50).await;
    stage.round().await;
    stage.round().await;
    let found = burn_warnings::page(&stage.app, &operator(), Some(true), None, 200).await.unwrap();
    // 14.4 over an hour, and 6 over six hours: 8.3 then.
    let rules: Vec<u8> = found.iter().rev().map(|one| one.warning.rule).collect();
    assert_eq!(rules, [0, 1], "{found:?}");
    let told = mails(&stage);
    assert_eq!(told.len(), found.len(), "one mail for each warning, and no second one");
    assert_eq!(told[0].to, "admin@example.com");
    assert!(
        told.iter().any(|mail| mail.text().contains("最近 1 小时：失败 3000 / 60000，燃烧率 50")),
        "{}",
        told[0].text()
    );

    // Half of what follows is not measured: nobody knows whether it is over.
    for minute in 1..8 {
        push(&stage, TEN + 2 * minute, TEN + 2 * minute + 1, 0).await;
    }
    clock(&stage, TEN + 15);
    stage.round().await;
    assert_eq!(open(&stage).await, found.len(), "held");
    // Nothing for an hour is not known either.
    clock(&stage, TEN + 120);
    stage.round().await;
    assert_eq!(open(&stage).await, found.len(), "held");

    // Everything came late, and it is calm.
    push(&stage, TEN, TEN + 120, 0).await;
    stage.round().await;
    assert_eq!(open(&stage).await, 0);
    assert_eq!(mails(&stage).len(), found.len(), "closing says nothing");
    let all = burn_warnings::page(&stage.app, &operator(), None, None, 200).await.unwrap();
    assert!(all.iter().all(|one| one.warning.closed_at.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lead_of_the_team_that_answers_for_the_service_is_told_and_few_failures_are_no_reason() {
    let stage = Stage::at("2024-08-27T10:00:00+08:00").await;
    stage.person("admin@example.com", "管理员", Role::Admin, "zh-CN").await;
    let lead = stage.person("lead@example.com", "组长", Role::Lead, "zh-CN").await;
    indicator(&stage).await;
    let team = fupan::domain::team::TeamFields { name: "支付".to_owned(), lead: Some(lead), ..Default::default() };
    let team = teams::create(&stage.app, &operator(), team).await.unwrap();
    let service = fupan::domain::services::ServiceFields {
        name: "入金".to_owned(),
        kind: fupan::domain::services::ServiceKind::BusinessLine,
        core: true,
        team_id: Some(team.id),
        archived: false,
    };
    let service = services::create(&stage.app, &operator(), service).await.unwrap();
    let patch = indicators::IndicatorPatch { service_id: Some(Some(service.id)), ..Default::default() };
    indicators::update(&stage.app, &operator(), "deposit", None, patch).await.unwrap();
    // Nine failures are fewer than the house takes for a reason.
    let counts = |total, failed| Counts { total, success: total - failed, ..Counts::default() };
    let small = (TEN - 60..TEN).map(|minute| Sample { minute, counts: counts(1, i64::from(minute >= TEN - 9)) });
    samples::ingest(&stage.app, &operator(), "deposit", small.collect()).await.unwrap();
    stage.round().await;
    assert_eq!(open(&stage).await, 0);
    push(&stage, TEN - 5, TEN, 500).await;
    stage.round().await;
    assert_eq!(open(&stage).await, 1, "of the other windows too little was measured");
    let told = mails(&stage);
    assert_eq!(told.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["lead@example.com"]);
    // An objective that is gone warns no more.
    indicators::delete_objective(&stage.app, &operator(), "deposit", Window::Month, None).await.unwrap();
    stage.round().await;
    assert_eq!(open(&stage).await, 0);
}
