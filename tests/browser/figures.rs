//! Samples with a dip, from the proposal to the restatement of the published week.

use fupan::{
    domain::{
        actor::{Actor, Role},
        indicator::{DefinitionFields, NewIndicator, Window},
        report::reading::Decimal,
        samples::{Counts, Minute, Sample, minute_of},
        services::{ServiceFields, ServiceKind},
    },
    service::{
        App, dips, event_costs,
        hand_counts::{self, HandFields, HandSpan},
        indicators, samples, services, sources,
    },
};
use support::Service;

use super::{Browser, Kind, NOW};

const KEY: &str = "withdraw-success";

fn minute(at: &str) -> Minute {
    minute_of(chrono::DateTime::parse_from_rfc3339(&format!("{at}:00+08:00")).unwrap().timestamp_millis())
}

fn sample(minute: Minute, failed: i64) -> Sample {
    Sample { minute, counts: Counts { total: 140, success: 140 - failed, excluded: 0, estimated: false } }
}

/// An indicator with targets, and four weeks of samples with a dip of twenty minutes on the day of the test.
async fn filled(app: &App) {
    let actor = Actor::local_operator();
    let fields = ServiceFields {
        name: "提现".to_owned(),
        core: false,
        kind: ServiceKind::BusinessLine,
        team_id: None,
        archived: false,
    };
    let service_id = Some(services::create(app, &actor, fields).await.unwrap().id);
    let new = NewIndicator {
        key: KEY.to_owned(),
        name: Some("提现有效成功率".to_owned()),
        service_id,
        ..NewIndicator::default()
    };
    let definition = DefinitionFields {
        valid_from: "2024-01-01".parse().unwrap(),
        exclusions: std::collections::BTreeMap::new(),
        note: None,
    };
    indicators::create(app, &actor, new.fields().unwrap(), definition).await.unwrap();
    for window in [Window::Week, Window::Year] {
        let target = Decimal::parse("target", "99.95").unwrap();
        indicators::put_objective(app, &actor, KEY, window, target, None).await.unwrap();
    }
    let (from, dip, over, to) = (
        minute("2024-07-22T00:00"),
        minute("2024-08-21T13:20"),
        minute("2024-08-21T13:40"),
        minute("2024-08-21T14:06"),
    );
    let all: Vec<Sample> =
        (from..to).map(|at| sample(at, if (dip..over).contains(&at) { 40 } else { i64::from(at % 97 == 0) })).collect();
    for part in all.chunks(40_000) {
        samples::ingest(app, &actor, KEY, part.to_vec()).await.unwrap();
    }
    samples::tidy(app).await.unwrap();
    dips::watch(app).await.unwrap();
}

/// Pictures of the parts of the page, where somebody wants them: `SHOTS` names the folder.
async fn shot(browser: &Browser, name: &str) {
    let Ok(folder) = std::env::var("SHOTS") else { return };
    let script = "return Math.ceil(document.documentElement.scrollHeight / window.innerHeight)";
    let screens: i64 = browser.driver.execute(script, Vec::new()).await.unwrap().convert().unwrap();
    for at in 0..screens.min(9) {
        let scroll = format!("window.scrollTo(0, {at} * (window.innerHeight - 120))");
        browser.driver.execute(scroll, Vec::new()).await.unwrap();
        let path = std::path::Path::new(&folder).join(format!("{name}-{at}.png"));
        browser.driver.screenshot(&path).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn a_dip_becomes_an_event_with_its_cost_and_a_correction_restates_the_published_week() {
    let service = Service::start(NOW).await;
    filled(&service.app).await;
    let browser = Browser::start(Kind::Desktop).await;
    browser.signed_in(&service, Role::Lead).await;

    // The home page names the dip; accepting it makes an event with its measured impact.
    browser.find("#dips").await.click().await.unwrap();
    browser.reads(".dip h2", "提现有效成功率").await;
    browser.reads(".dip .num", "2024-08-21 13:20").await;
    shot(&browser, "dips").await;
    browser.find(".dip .accept option[value=C]").await.click().await.unwrap();
    browser.find(".dip .accept button").await.click().await.unwrap();
    browser.reads("h1", "提现有效成功率").await;
    event_costs::refresh(&service.app).await.unwrap();
    browser.driver.refresh().await.unwrap();
    browser.reads("#costs", "实测影响").await;
    browser.reads("#costs .big", "800").await;
    browser.find("#costs .fchart .band").await;
    shot(&browser, "event").await;

    // The figure with it and without it.
    browser.open(&service, &format!("/indicators/{KEY}?period=2024-W34")).await;
    browser.reads("#value", "99.").await;
    browser.reads("#ledger tbody", "PE-1").await;
    let with = browser.find("#value").await.text().await.unwrap();
    let without = browser.find("#ledger tbody b").await.text().await.unwrap();
    assert!(with.as_str() < without.as_str(), "{with} {without}");
    shot(&browser, "indicator").await;

    // Published while the week runs: said so, and time alone changes nothing.
    browser.open(&service, "/w/2024-W34").await;
    browser.find("#publish").await.click().await.unwrap();
    browser.reads("#publishing", "已发布").await;
    browser.reads("#partial", "08/21 14:08").await;
    service.clock.set("2024-08-21T09:08:00Z");
    let later = (minute("2024-08-21T14:06")..minute("2024-08-21T17:00")).map(|at| sample(at, 1)).collect();
    samples::ingest(&service.app, &Actor::local_operator(), KEY, later).await.unwrap();
    browser.open(&service, "/w/2024-W34").await;
    browser.reads("#publishing", "发布后没有变化").await;

    // The bank delivers what was lost: the samples are corrected, and the restatement names that.
    let right = (minute("2024-08-21T13:20")..minute("2024-08-21T13:40")).map(|at| sample(at, 10)).collect();
    samples::ingest(&service.app, &Actor::local_operator(), KEY, right).await.unwrap();
    event_costs::refresh(&service.app).await.unwrap();
    browser.driver.refresh().await.unwrap();
    browser.reads(".restated", "提现有效成功率").await;
    browser.reads(".restated", "更正样本").await;
    browser.reads(".restated del", &with).await;
    let told = browser.find(".restated").await.text().await.unwrap();
    assert!(!told.contains("补充样本"), "what came after the publication is no cause: {told}");
    shot(&browser, "restated").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn a_source_and_counts_by_hand_are_written_without_script() {
    let service = Service::start(NOW).await;
    filled(&service.app).await;
    let browser = Browser::start(Kind::NoScript).await;
    browser.signed_in(&service, Role::Lead).await;
    browser.open(&service, &format!("/indicators/{KEY}")).await;
    browser.find("#hand summary").await.click().await.unwrap();
    for (name, value) in [("span", "2024-W28"), ("total", "1,206,000"), ("success", "1,205,400"), ("note", "对账系统")]
    {
        browser.find(&format!("#hand-form [name={name}]")).await.send_keys(value).await.unwrap();
    }
    browser.find("#hand-form button").await.click().await.unwrap();
    browser.reads("#hand tbody", "2024-W28").await;
    browser.reads("#hand tbody", "99.950%").await;
    browser.open(&service, &format!("/indicators/{KEY}?period=2024-W28")).await;
    browser.reads("#value", "99.950%").await;
    browser.reads("#figure", "含手填").await;

    browser.find("#source summary").await.click().await.unwrap();
    browser.find("#source-form [name=url]").await.send_keys("http://10.0.0.7:9090").await.unwrap();
    browser.find("#source-form [name=total]").await.send_keys("sum(increase(pay_total[1m]))").await.unwrap();
    browser.find("#source-form [name=success]").await.send_keys("sum(increase(pay_ok[1m]))").await.unwrap();
    browser.find("#source-form button").await.click().await.unwrap();
    browser.reads(".flash", "outgoing.allow").await;
    let url = browser.find("#source-form [name=url]").await;
    assert_eq!(url.value().await.unwrap().as_deref(), Some("http://10.0.0.7:9090"), "as typed");
    url.clear().await.unwrap();
    url.send_keys("http://127.0.0.1:9").await.unwrap();
    browser.find("#source-form [name=since]").await;
    browser.find("#source-form button").await.click().await.unwrap();
    browser.reads("#source", "http://127.0.0.1:9").await;
    service.clock.set("2024-08-21T06:28:00Z");
    browser.find("#source button[value=pull]").await.click().await.unwrap();
    browser.reads("#source-problem", "连不上这个服务").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn the_pages_of_figures_fit_a_phone_in_both_languages() {
    let service = Service::start(NOW).await;
    filled(&service.app).await;
    let (app, actor) = (&service.app, Actor::local_operator());
    let dip = dips::page(app, &actor, fupan::domain::dips::DipState::Proposed, None, 1).await.unwrap().remove(0);
    dips::accept(app, &actor, dip.dip.id, Some("C".to_owned())).await.unwrap();
    event_costs::refresh(app).await.unwrap();
    fupan::service::burn_warnings::watch(app, fupan::notify::mail::burn_words).await.unwrap();
    let long = "sum by (job) (increase(payments_withdraw_requests_total{cluster=\"shanghai-1\",channel=~\"unionpay|netsunion\"}[1m]))";
    let change = sources::SourceChange {
        fields: sources::SourceFields {
            url: "http://127.0.0.1:9/select/0/prometheus/a-rather-long-path-of-a-tenant-in-a-cluster".to_owned(),
            total: long.to_owned(),
            second: long.to_owned(),
            counted: sources::Counted::Failed,
            excluded: Some(long.to_owned()),
            delay: 5,
            paused: false,
        },
        token: Some(Some("secret".to_owned().into())),
        since: Some(minute("2024-08-01T00:00")),
    };
    sources::put(app, &actor, KEY, None, change).await.unwrap();
    sources::pull(app, &actor, KEY).await.unwrap();
    for span in ["2024-W28", "2024-07-09", "2024-W34"] {
        let fields = HandFields {
            total: 12_060_000,
            success: 12_054_000,
            excluded: 1_200,
            note: Some("对账系统导出，含补单".to_owned()),
        };
        hand_counts::put(app, &actor, KEY, HandSpan::parse(span).unwrap(), fields, None).await.unwrap();
    }
    for (kind, size) in [(Kind::Phone, "phone"), (Kind::Desktop, "desktop")] {
        let browser = Browser::start(kind).await;
        browser.signed_in(&service, Role::Admin).await;
        for lang in ["zh-CN", "en"] {
            let own = format!("/indicators/{KEY}");
            let pages = [
                ("figures", "/figures"),
                ("indicators", "/indicators"),
                ("indicator", own.as_str()),
                ("dips", "/dips?state=accepted"),
                ("budget", "/budget/2024"),
                ("warnings", "/warnings"),
                ("event", "/e/1"),
                ("report", "/w/2024-W34"),
            ];
            for (name, path) in pages {
                browser.open(&service, path).await;
                assert_eq!(browser.find("html").await.attr("lang").await.unwrap().as_deref(), Some(lang), "{path}");
                let open = "for (const one of document.querySelectorAll('details')) one.open = true;";
                browser.driver.execute(open, Vec::new()).await.unwrap();
                let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
                let over: i64 = browser.driver.execute(script, Vec::new()).await.unwrap().convert().unwrap();
                assert_eq!(over, 0, "{path} in {lang} is wider than the {size}");
                shot(&browser, &format!("{size}-{lang}-{name}")).await;
            }
            browser.open(&service, "/settings").await;
            browser.find("main form[action='/language'] button").await.click().await.unwrap();
            browser.find(if lang == "en" { "html[lang=zh-CN]" } else { "html[lang=en]" }).await;
        }
    }
}
