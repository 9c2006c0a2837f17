//! The timeline and the postmortem on their pages, without a browser.

use fupan::domain::actor::Role;
use reqwest::StatusCode;
use support::Service;

use crate::{NOW, Person};

const LINE: &str = "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新，导致提现失败，15:30  下线规则，恢复正常。【待复盘】";

async fn desk() -> (Service, Person) {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Reporter).await;
    assert_eq!(person.post("/events", &[("line", LINE)]).await.0, StatusCode::SEE_OTHER);
    (service, person)
}

/// What stands between two marks of a page.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let rest = page.split_once(from).unwrap_or_else(|| panic!("{from} in {page}")).1;
    rest.split_once(to).unwrap_or_else(|| panic!("{to} in {page}")).0
}

#[tokio::test(flavor = "multi_thread")]
async fn the_event_page_shows_stages_timeline_and_a_half_filled_postmortem() {
    let (_service, person) = desk().await;
    let (status, page) = person.get("/e/1").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("这 30 分钟去哪了") && page.contains("响应：还没有填"), "{page}");
    assert!(
        between(&page, "<svg class=\"viz bars5\"", "</svg>").contains("<title>"),
        "a text for those who do not see"
    );
    let postmortem = between(&page, "id=\"postmortem\"", "</section>\n");
    assert!(postmortem.contains("0/6 节已写"), "{postmortem}");
    assert!(page.contains("影响了多少用户或商户？") && page.contains("由事实自动生成"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_added_edited_starred_and_removed_on_the_page() {
    let (_service, person) = desk().await;
    let (status, to, _) = person.post("/events/1/timeline", &[("entry", "15:12 切换备用渠道\r\n15:20 扩容 <b>")]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1#tl"));
    let (_, page) = person.get("/e/1").await;
    assert!(page.contains("扩容 &#60;b&#62;") || page.contains("扩容 &lt;b&gt;"), "{page}");
    let id = between(between(&page, "切换备用渠道", "</form>"), "/events/1/timeline/", "\"").to_owned();
    let path = format!("/events/1/timeline/{id}");
    assert_eq!(person.post(&path, &[("what", "star")]).await.0, StatusCode::SEE_OTHER);
    let fields = [
        ("what", "edit"),
        ("version", "1"),
        ("text", "切到备用渠道"),
        ("at", "2024-08-19T15:14"),
        ("was_at", "2024-08-19T15:12"),
    ];
    assert_eq!(person.post(&path, &fields).await.0, StatusCode::SEE_OTHER);
    let (_, page) = person.get("/e/1").await;
    assert!(page.contains("<span class=\"dim\">修改：reporter 08/21 14:08</span>"), "{page}");
    // Someone else was quicker: what was typed is on the page that comes back.
    let (status, _, page) = person.post(&path, &[("what", "edit"), ("version", "1"), ("text", "迟到的修改")]).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("迟到的修改") && page.contains("已被别人改过"), "{page}");
    // A refused line too.
    let (status, _, page) = person.post("/events/1/timeline", &[("entry", "2099-01-01 10:00 很远的将来")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("很远的将来") && page.contains("时间不能在将来"), "{page}");
    assert_eq!(person.post(&path, &[("what", "remove"), ("version", "2")]).await.0, StatusCode::SEE_OTHER);
    assert!(!person.get("/e/1").await.1.contains("切到备用渠道"));
    let (_, page) = person.get("/e/1?removed=1").await;
    assert!(page.contains("<del class=\"pre\">切到备用渠道</del>") && page.contains("已删除：reporter"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_texts_come_back_where_two_write_at_once() {
    let (service, one) = desk().await;
    let two = Person::of(&service, Role::Lead).await;
    let path = "/e/1/postmortem/sections/summary";
    assert_eq!(one.get("/e/1/postmortem").await.0, StatusCode::OK);
    let (_, page) = two.get("/e/1/postmortem").await;
    assert!(!page.contains("正在编辑"), "reading takes no lock: {page}");
    assert_eq!(one.post("/e/1/postmortem/lock", &[]).await.0, StatusCode::OK, "the script says so");
    let (_, page) = two.get("/e/1/postmortem").await;
    assert!(page.contains("reporter 正在编辑"), "{page}");
    let (status, to, _) = one.post(path, &[("version", "0"), ("text", "甲写的综述")]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1/postmortem#s-summary"));
    let (status, _, page) = two.post(path, &[("version", "0"), ("text", "乙写的综述")]).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let section = between(&page, "id=\"s-summary\"", "id=\"s-impact\"");
    assert!(section.contains("甲写的综述") && section.contains("乙写的综述</textarea>"), "{section}");
    assert!(section.contains("name=\"version\" value=\"1\""), "saving again is done knowingly: {section}");
    assert!(section.contains("<del><b>甲</b>写的综述</del><ins><b>乙</b>写的综述</ins>"), "{section}");
    assert!(section.contains("/e/1/postmortem/sections/summary/diff?from=0"), "{section}");
    assert_eq!(two.post(path, &[("version", "1"), ("text", "甲和乙的综述")]).await.0, StatusCode::SEE_OTHER);
    // The script gets the same as JSON.
    let (status, _, told) = one.post(path, &[("version", "1"), ("text", "甲又写"), ("auto", "1")]).await;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (status, told["theirs"].as_str(), told["version"].as_i64()),
        (StatusCode::CONFLICT, Some("甲和乙的综述"), Some(2))
    );
    assert!(told["apart"].as_str().unwrap().contains("<ins>"), "{told}");
    let meanwhile = told["meanwhile"].as_str().unwrap();
    let (status, page) = one.get(meanwhile).await;
    assert_eq!((status, meanwhile), (StatusCode::OK, "/e/1/postmortem/sections/summary/diff?from=1"));
    assert!(page.contains("<ins>甲<b>和乙</b>") || page.contains("<b>和乙</b>"), "{page}");
    let (_, history) = two.get("/e/1/history").await;
    assert!(
        history.contains("/e/1/postmortem/sections/summary/diff?from=1&amp;to=2")
            || history.contains("diff?from=1&#38;to=2"),
        "{history}"
    );
    assert!(!history.contains("甲写的综述"), "the texts stand in the difference alone: {history}");
    let (status, _, told) = one.post(path, &[("version", "2"), ("text", "值班同学忘记检查"), ("auto", "1")]).await;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (status, told["version"].as_i64(), told["message"].as_str()),
        (StatusCode::OK, Some(3), Some("已保存 14:08"))
    );
    assert!(told["hints"][0]["advice"].as_str().unwrap().contains("系统和条件"));
    let long = "x".repeat(70_000);
    let (status, _, page) = one.post(path, &[("version", "3"), ("text", &long)]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("每节最多 64 KB") && page.contains(&long), "what was typed is not lost");
}

/// How often the postmortem of PE-1 was written, by the log, the latest entry first. Versions and lengths are those of the
/// history, where what goes on with an entry is laid over it.
async fn writes(service: &Service) -> Vec<(serde_json::Value, String)> {
    let mut entries = fupan::store::audit::of_subject(service.app.store.read(), "postmortem:1", 100).await.unwrap();
    let actor = fupan::domain::actor::Actor::local_operator();
    let told = fupan::service::event_history::of_event(&service.app, &actor, 1, None, 100).await.unwrap().entries;
    for entry in &mut entries {
        let shown = told.iter().find(|one| one.id == entry.id).unwrap();
        for part in ["version", "length"] {
            entry.change[part] = shown.change[part].clone();
        }
    }
    entries.into_iter().map(|entry| (entry.change, entry.actor_name)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_person_saves_while_typing_is_one_entry_of_the_history_for_ten_minutes() {
    let (service, one) = desk().await;
    let two = Person::of(&service, Role::Lead).await;
    let path = "/e/1/postmortem/sections/summary";
    let saves = async |person: &Person, section: &str, version: i64, text: &str| {
        let path = format!("/e/1/postmortem/sections/{section}");
        let version = version.to_string();
        let fields = [("version", version.as_str()), ("text", text), ("auto", "1")];
        let (status, _, told) = person.post(&path, &fields).await;
        assert_eq!(status, StatusCode::OK, "{told}");
    };
    let (_, page) = two.get("/e/1/postmortem").await;
    assert!(!page.contains("正在编辑"));
    saves(&one, "summary", 0, "提现").await;
    saves(&one, "impact", 0, "约684笔出金交易，另有退款").await;
    service.clock.set("2024-08-21T06:12:00Z");
    saves(&one, "summary", 1, "提现失败").await;
    service.clock.set("2024-08-21T06:17:00Z");
    saves(&one, "summary", 2, "提现失败约半小时").await;
    let told = writes(&service).await;
    assert_eq!(told.len(), 2, "{told:?}");
    let summary = told.iter().find(|(change, _)| change["section"] == "summary").unwrap();
    assert_eq!(summary.0["version"], serde_json::json!({"from": 0, "to": 3}));
    assert_eq!(summary.0["length"], serde_json::json!({"from": 0, "to": 8}));
    // Ten minutes after the first one a new entry begins, and holds what stood there.
    service.clock.set("2024-08-21T06:18:01Z");
    saves(&one, "summary", 3, "提现失败约半小时，已恢复").await;
    let told = writes(&service).await;
    assert_eq!((told.len(), &told[0].0["version"]), (3, &serde_json::json!({"from": 3, "to": 4})));
    assert_eq!(told[0].0["text"]["from"], "提现失败约半小时");
    // Another person in between, most of the text taken out, and the button: each is an entry of its own.
    saves(&two, "summary", 4, "提现失败约半小时，已恢复。").await;
    saves(&one, "summary", 5, "提现失败约半小时，已恢复。影响").await;
    saves(&one, "summary", 6, "短").await;
    let (status, _, _) = one.post(path, &[("version", "7"), ("text", "短的")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let told = writes(&service).await;
    assert_eq!(told.len(), 7, "{told:?}");
    assert_eq!(told[1].0["text"]["from"], "提现失败约半小时，已恢复。影响");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_the_facts_that_nobody_changed_are_not_frozen() {
    let (_service, person) = desk().await;
    let path = "/e/1/postmortem/sections/detection";
    let (_, page) = person.get("/e/1/postmortem").await;
    assert!(between(&page, "id=\"s-detection\"", "</section>").contains("name=\"version\" value=\"0\""));
    assert_eq!(person.post(path, &[("version", "0"), ("text", "")]).await.0, StatusCode::SEE_OTHER);
    let (_, page) = person.get("/e/1").await;
    assert!(page.contains("0/6 节已写") && page.contains("待复盘"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postmortem_is_moved_on_printed_and_taken_away_in_both_languages() {
    let (service, person) = desk().await;
    let lead = Person::of(&service, Role::Lead).await;
    let (status, to, _) = person.post("/events/1/postmortem", &[("to", "drafting")]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1/postmortem"));
    let (status, _, page) = person.post("/events/1/postmortem", &[("to", "in_review")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("评审人不能为空"), "{page}");
    let (status, _, _) =
        lead.post("/events/1/postmortem", &[("due_on", "2024-09-30"), ("was_due_on", "2024-08-26")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(lead.get("/e/1").await.1.contains("2024-09-30（人工指定）"));
    let (status, page) = person.get("/e/1/postmortem/print").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("<body class=\"sheet\">") && page.contains("<h2>根因</h2>") && !page.contains("<form"),
        "{page}"
    );
    let (_, markdown) = person.get("/e/1/postmortem/export?format=md").await;
    assert!(markdown.starts_with("# PE-1 "), "{markdown}");
    let (_, html) = person.get("/e/1/postmortem/export?format=html").await;
    assert!(html.starts_with("<!doctype html>"), "{html}");
    assert_eq!(person.post("/language", &[("back", "/e/1")]).await.0, StatusCode::SEE_OTHER);
    let (_, page) = person.get("/e/1/postmortem").await;
    assert!(page.contains("Root cause") && page.contains("saved while you type"), "{page}");
    let viewer = Person::of(&service, Role::Viewer).await;
    let (_, page) = viewer.get("/e/1/postmortem").await;
    assert!(page.contains("根因") && !page.contains("<textarea"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_people_who_move_a_postmortem_the_second_sees_what_happened_and_loses_nothing() {
    let (service, first) = desk().await;
    let lead = Person::of(&service, Role::Lead).await;
    let (_, page) = lead.get("/e/1").await;
    let workflow = between(&page, "id=\"workflow\"", "</section>");
    let version = between(workflow, "name=\"version\" value=\"", "\"").to_owned();
    let forms = workflow.matches("action=\"/events/1/postmortem\"").count();
    assert!(forms > 3 && workflow.matches("name=\"version\"").count() == forms, "{workflow}");

    // A fact and a line of the timeline move nothing.
    first.post("/events/1/timeline", &[("entry", "15:12 切换备用渠道")]).await;
    let draft = [("to", "drafting"), ("version", version.as_str())];
    assert_eq!(first.post("/events/1/postmortem", &draft).await.0, StatusCode::SEE_OTHER);
    let waive = [("to", "not_required"), ("version", version.as_str()), ("reason", "另有 <b>记录")];
    let (status, _, page) = lead.post("/events/1/postmortem", &waive).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let refused = between(&page, "id=\"move-refused\">", "</p>");
    assert!(refused.contains("已被别人改过") && refused.contains("reporter"), "{refused}");
    assert!(page.contains("另有 &#60;b&#62;记录</textarea>"), "the reason stands in the form again: {page}");
    let now = between(between(&page, "id=\"workflow\"", "</section>"), "name=\"version\" value=\"", "\"").to_owned();
    assert_ne!(now, version);
    let waive = [("to", "not_required"), ("version", now.as_str()), ("reason", "另有记录")];
    assert_eq!(lead.post("/events/1/postmortem", &waive).await.0, StatusCode::SEE_OTHER);
    // The state that was left has no field for the reason any more: it is shown all the same.
    let again = [("to", "not_required"), ("version", now.as_str()), ("reason", "我也觉得不用")];
    let (status, _, page) = lead.post("/events/1/postmortem", &again).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(between(&page, "id=\"move-lost\"", "</div>").contains("我也觉得不用"), "{page}");
    // What is refused for another reason stays in the form as well.
    let (status, _, page) = lead.post("/events/1/postmortem", &[("to", "pending"), ("reason", " ")]).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("id=\"move-refused\""), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_assigns_a_postmortem_changes_only_what_was_chosen() {
    let (service, _) = desk().await;
    let lead = Person::of(&service, Role::Lead).await;
    let local = fupan::domain::actor::Actor::local_operator();
    let people = fupan::service::accounts::writers(&service.app, &local).await.unwrap();
    let id = |name: &str| people.iter().find(|(_, have)| have == name).unwrap().0.to_string();
    let (reporter, other) = (id("reporter"), id("lead"));
    let (_, page) = lead.get("/e/1").await;
    let assign = between(&page, "id=\"assign\"", "</form>");
    let (version, due) =
        (between(assign, "name=\"version\" value=\"", "\""), between(assign, "name=\"was_due_on\" value=\"", "\""));
    let form = |owner: &str, reviewer: &str, due_on: &str| {
        [
            ("version", version),
            ("owner", owner),
            ("was_owner", ""),
            ("reviewer", reviewer),
            ("was_reviewer", ""),
            ("due_on", due_on),
            ("was_due_on", due),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let post = async |form: [(String, String); 7]| {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        lead.post("/events/1/postmortem", &form).await
    };
    assert_eq!(post(form(&reporter, "", due)).await.0, StatusCode::SEE_OTHER);
    let (status, _, page) = post(form("", &other, "2024-09-20")).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let assign = between(&page, "id=\"assign\" open", "</form>");
    assert!(assign.contains(&format!("value=\"{reporter}\" selected")), "the other's owner stands: {assign}");
    assert!(assign.contains(&format!("value=\"{other}\" selected")), "the chosen reviewer stands: {assign}");
    assert!(assign.contains("name=\"due_on\" value=\"2024-09-20\""), "{assign}");
}
