//! The record on an event's page: questions, marking, the panel, relations, services.

use fupan::{
    domain::{
        actor::{Actor, Role},
        event::ProductionEvent,
    },
    service::events,
};
use reqwest::StatusCode;
use support::Service;

use super::{NOW, Person};

const LINE: &str = "08/21 13:40 客户反馈商户操作提现失败，影响约684笔出金交易。【待复盘】";

async fn event(service: &Service, number: i64) -> ProductionEvent {
    events::get(&service.app, &Actor::local_operator(), number).await.unwrap()
}

/// The inputs of a form as the page shows them: name and value. Chosen options and ticked boxes only.
fn inputs(page: &str, action: &str) -> Vec<(String, String)> {
    let form = page.split(&format!("action=\"{action}\"")).nth(1).unwrap().split("</form>").next().unwrap();
    let attribute = |tag: &str, name: &str| {
        let value = tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?;
        Some(value.replace("&#34;", "\"").replace("&#38;", "&").replace("&quot;", "\"").replace("&amp;", "&"))
    };
    let mut found = Vec::new();
    for part in form.split('<').skip(1) {
        let tag = part.split('>').next().unwrap_or_default();
        if tag.starts_with("input") && (!tag.contains("checkbox") || tag.ends_with("checked")) {
            found.push((attribute(tag, "name").unwrap(), attribute(tag, "value").unwrap_or_default()));
        } else if tag.starts_with("textarea") {
            found.push((attribute(tag, "name").unwrap(), part.split_once('>').unwrap().1.to_owned()));
        } else if tag.starts_with("select") {
            found.push((attribute(tag, "name").unwrap(), String::new()));
        } else if tag.starts_with("option") {
            let first = found.last().is_some_and(|(_, value)| value.is_empty());
            if tag.ends_with("selected") || (first && !form.contains("selected")) {
                found.last_mut().unwrap().1 = attribute(tag, "value").unwrap();
            }
        }
    }
    found
}

fn with(form: &[(String, String)], changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut form = form.to_vec();
    for (name, value) in changes {
        match form.iter_mut().find(|(have, _)| have == name) {
            Some(slot) => (*value).clone_into(&mut slot.1),
            None => form.push(((*name).to_owned(), (*value).to_owned())),
        }
    }
    form
}

fn lent(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_is_asked_at_a_time_and_unknown_is_an_answer() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Reporter).await;
    person.post("/events", &[("line", LINE), ("week", "2024-W34")]).await;
    let (_, page) = person.get("/e/1").await;
    assert!(
        page.contains("什么时候发现的？") && !page.contains("什么时候恢复的？"),
        "it goes on: its end is no question"
    );
    assert_eq!(page.matches("class=\"ask-now\"").count(), 1);
    let answer = |form: Vec<(&'static str, &'static str)>| {
        let person = &person;
        async move { person.post("/events/1/answer", &form).await }
    };
    let (status, to, _) = answer(vec![("field", "cause"), ("value", "风控规则更新")]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1#ask"));
    assert_eq!(event(&service, 1).await.fields.cause.as_deref(), Some("风控规则更新"));
    let (_, page) = person.get("/e/1").await;
    assert!(page.contains("什么时候发现的？"), "{page}");
    let (_, page) = person.get("/e/1?later=detected").await;
    assert!(page.contains("怎么发现的？") && page.contains("name=\"later\" value=\"detected\""));
    let (status, to, _) = answer(vec![("field", "detected"), ("value", "13:42"), ("later", "severity")]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1?later=severity#ask"));
    let (status, _, page) = answer(vec![("field", "detection"), ("value", "luck")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("发现方式"));
    let (_, _, page) = answer(vec![("field", "acknowledged"), ("value", "很快")]).await;
    assert!(page.contains("value=\"很快\""), "what was typed stays");
    answer(vec![("field", "acknowledged"), ("unknown", "1"), ("value", "")]).await;
    answer(vec![("field", "detection"), ("value", "customer")]).await;
    answer(vec![("field", "loss"), ("value", "1.2万")]).await;
    answer(vec![("field", "cause_category"), ("value", ""), ("unknown", "1")]).await;
    let after = event(&service, 1).await;
    assert_eq!(after.fields.unknown, ["acknowledged"]);
    assert_eq!(after.fields.loss.expected, Some(1_200_000));
    assert_eq!(after.fields.cause_category.as_deref(), Some("unknown"));
    // Answered meanwhile by someone else: their answer stays.
    let (status, ..) = answer(vec![("field", "detection"), ("value", "staff")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(event(&service, 1).await.version, after.version);
}

#[tokio::test(flavor = "multi_thread")]
async fn mitigation_and_recovery_are_marked_now_or_at_a_time() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Reporter).await;
    person.post("/events", &[("line", LINE), ("week", "2024-W34")]).await;
    let (status, _, page) = person.post("/events/1/mark", &[("point", "mitigated"), ("at", "gestern")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("value=\"gestern\"") && page.contains("止损时间"), "{page}");
    person.post("/events/1/mark", &[("point", "mitigated"), ("at", "13:50")]).await;
    let (status, to, _) = person.post("/events/1/mark", &[("point", "recovered"), ("at", "")]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1"));
    let fields = event(&service, 1).await.fields;
    assert_eq!(fields.mitigated.unwrap().at.to_rfc3339(), "2024-08-21T05:50:00+00:00");
    assert_eq!(fields.recovered.unwrap().at.to_rfc3339(), "2024-08-21T06:08:00+00:00");
    person.post("/events/1/mark", &[("point", "recovered"), ("at", "13:55")]).await;
    assert_eq!(event(&service, 1).await.fields.recovered, fields.recovered, "what is known stays");
    person.post("/events", &[("line", "08/21 13:00 退款失败。"), ("week", "2024-W34")]).await;
    for at in ["2024-08-21 12:00", "2099-01-01 10:00"] {
        let (status, ..) = person.post("/events/2/mark", &[("point", "recovered"), ("at", at)]).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_panel_changes_every_fact_and_leaves_what_it_does_not_show() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    for name in ["提现", "代付"] {
        let (status, ..) = lead.post("/services", &[("name", name), ("kind", "business_line"), ("core", "1")]).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
    }
    let (status, _, page) = lead.post("/services", &[("name", "提现"), ("kind", "business_line")]).await;
    assert!(status.is_client_error() && page.contains("提现"));
    lead.post("/events", &[("line", LINE), ("week", "2024-W34")]).await;
    let (_, page) = lead.get("/e/1").await;
    let shown = inputs(&page, "/events/1/record");
    // Saved as it is: nothing changes.
    let (status, ..) = lead.post("/events/1/record", &lent(&shown)).await;
    assert_eq!((status, event(&service, 1).await.version), (StatusCode::SEE_OTHER, 1));
    let services = fupan::service::services::all(&service.app, &Actor::local_operator()).await.unwrap();
    let ids: Vec<String> = services.iter().map(|service| service.id.to_string()).collect();
    let typed = with(
        &shown,
        &[
            ("detected", "2024-08-21T13:42"),
            ("acknowledged_how", "unknown"),
            ("located", "2024-08-21T00:00"),
            ("located_how", "day"),
            ("impact_0_number", "约1.2万"),
            ("impact_1_number", "3,200"),
            ("impact_1_unit", "元"),
            ("service_0_id", &ids[1]),
            ("service_0_shares", "25%; 13:50 60%; 14:00 0"),
            ("loss_expected", "￥1.2万"),
            ("loss_actual", "0"),
            ("kind", "normal"),
            ("detection", "customer"),
            ("cause_category", "change"),
            ("change_link", "CHG-7"),
            ("tags", "风控，提现"),
            ("links", "https://example.com/wiki/1 文档"),
        ],
    );
    let (status, _, page) = lead.post("/events/1/record", &lent(&typed)).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let fields = event(&service, 1).await.fields;
    assert_eq!(fields.impacts.len(), 2);
    assert_eq!(
        (fields.impacts[0].number, fields.impacts[0].approximate, fields.impacts[0].unit.as_str()),
        (12_000, true, "笔")
    );
    assert_eq!((fields.impacts[1].number, fields.impacts[1].unit.as_str()), (320_000, "元"));
    assert_eq!(fields.services[0].shares.iter().map(|one| one.share).collect::<Vec<_>>(), [2_500, 6_000, 0]);
    assert_eq!((fields.loss.expected, fields.loss.actual, fields.loss.recovered), (Some(1_200_000), Some(0), None));
    assert_eq!((fields.tags.len(), fields.links[0].kind.as_str()), (2, "document"));
    assert_eq!(fields.located.unwrap().precision.code(), "day");
    assert_eq!(fields.unknown, ["acknowledged"]);
    let (_, page) = lead.get("/e/1").await;
    assert!(page.contains("25%; 13:50 60%; 14:00 0%") && page.contains("¥12,000") && page.contains("CHG-7"), "{page}");
    // A row emptied is a row removed; a bad one is shown again with what was typed.
    let shown = inputs(&page, "/events/1/record");
    let (status, ..) = lead.post("/events/1/record", &lent(&with(&shown, &[("impact_0_number", "")]))).await;
    assert_eq!((status, event(&service, 1).await.fields.impacts.len()), (StatusCode::SEE_OTHER, 1));
    let (_, page) = lead.get("/e/1").await;
    let shown = inputs(&page, "/events/1/record");
    for (name, value, words) in [
        ("loss_actual", "很多", "实际资损"),
        ("service_0_shares", "120%", "业务线"),
        ("links", "javascript:alert(1)", "链接"),
        ("recovered", "2024-08-21T12:00", "恢复时间"),
    ] {
        let (status, _, page) = lead.post("/events/1/record", &lent(&with(&shown, &[(name, value)]))).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(page.contains(words) && page.contains(value), "{name}: {page}");
    }
    let script = with(&shown, &[("tags", "<script>alert(1)</script>")]);
    lead.post("/events/1/record", &lent(&script)).await;
    assert!(!lead.get("/e/1").await.1.contains("<script>alert"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_save_the_panel_at_once_nothing_is_lost() {
    let service = Service::start(NOW).await;
    let (one, two) = (Person::of(&service, Role::Reporter).await, Person::of(&service, Role::Reporter).await);
    one.post("/events", &[("line", LINE), ("week", "2024-W34")]).await;
    let shown = inputs(&one.get("/e/1").await.1, "/events/1/record");
    let (status, ..) = one.post("/events/1/record", &lent(&with(&shown, &[("detection", "monitoring")]))).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let late = with(&shown, &[("loss_expected", "3200"), ("impact_0_number", "700")]);
    let (status, _, page) = two.post("/events/1/record", &lent(&late)).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("有人先改了"));
    let again = inputs(&page, "/events/1/record");
    let value = |name: &str| again.iter().find(|(have, _)| have == name).unwrap().1.clone();
    assert_eq!(
        (value("loss_expected"), value("detection"), value("impact_0_number")),
        ("3200".into(), "monitoring".into(), "700".into())
    );
    let (status, ..) = two.post("/events/1/record", &lent(&again)).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let fields = event(&service, 1).await.fields;
    assert_eq!((fields.loss.expected, fields.detection.unwrap().code()), (Some(320_000), "monitoring"));
    assert_eq!(fields.impacts[0].number, 700);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_shows_its_original_and_a_drill_its_badge() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Reporter).await;
    for line in [LINE, "08/21 13:40 商户提现报错。"] {
        person.post("/events", &[("line", line), ("week", "2024-W34")]).await;
    }
    let (status, ..) = person.post("/events/2/relations", &[("kind", "duplicate"), ("other", "pe-1")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(person.get("/e/2").await.1.contains("这是重复登记，原事件："));
    assert!(person.get("/e/1").await.1.contains("被重复登记为"));
    let (status, _, page) = person.post("/events/1/relations", &[("kind", "related"), ("other", "PE-77")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("PE-77"));
    let (status, ..) =
        person.post("/events/1/relations", &[("kind", "duplicate"), ("other", "PE-2"), ("remove", "1")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(!person.get("/e/2").await.1.contains("这是重复登记"));
    let shown = inputs(&person.get("/e/2").await.1, "/events/2/record");
    person.post("/events/2/record", &lent(&with(&shown, &[("kind", "drill")]))).await;
    assert!(person.get("/events").await.1.contains("<span class=\"tag kind\">演练</span>"));
    assert!(!person.get("/w/2024-W34").await.1.contains("商户提现报错"));
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_in_the_language_of_the_page_and_the_log_names_what_was_edited() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Lead).await;
    assert_eq!(person.post("/events", &[("line", LINE)]).await.0, StatusCode::SEE_OTHER);
    let (_, page) = person.get("/e/1").await;
    assert!(page.contains("<dd>约 684 笔</dd>"), "{page}");
    let form = inputs(&page, "/events/1/record");
    let form = with(&form, &[("detection", "customer"), ("cause_category", "change")]);
    assert_eq!(person.post("/events/1/record", &lent(&form)).await.0, StatusCode::SEE_OTHER);
    let (_, page) = person.get("/e/1").await;
    let log = page.split("id=\"history\"").nth(1).unwrap().split("</ul>").next().unwrap();
    assert!(log.contains("编辑 · ") && log.contains("发现方式") && log.contains("原因类别"), "{log}");
    let set = [("lang", "en")];
    assert!(person.post("/language", &set).await.0.is_redirection(), "the language is the account's");
    let (_, page) = person.get("/e/1").await;
    assert!(page.contains("684 transactions</dd>") && !page.contains("684 笔</dd>"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn done_without_a_written_section_is_asked_for_twice() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    assert_eq!(lead.post("/events", &[("line", LINE)]).await.0, StatusCode::SEE_OTHER);
    let (_, page) = lead.get("/e/1").await;
    assert!(page.contains("name=\"confirm\" value=\"yes\" required"), "{page}");
    let (status, _, page) = lead.post("/events/1/postmortem", &[("to", "done")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("还没有写任何一节"), "{page}");
    assert_eq!(event(&service, 1).await.postmortem.state.code(), "pending");
    let form = [("to", "done"), ("confirm", "yes")];
    assert_eq!(lead.post("/events/1/postmortem", &form).await.0, StatusCode::SEE_OTHER);
    assert_eq!(event(&service, 1).await.postmortem.state.code(), "done");
}
