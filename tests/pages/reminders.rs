//! The page of the rules of reminders, and what is done on an event's page.

use fupan::domain::actor::Role;
use reqwest::StatusCode;
use support::Service;

use super::Person;

const NOW: &str = "2024-08-27T02:00:00Z";

/// The fields of the form as the page shows them.
fn fields(page: &str) -> Vec<(String, String)> {
    let form = page.split("id=\"reminder-rules\"").nth(1).unwrap().split("</form>").next().unwrap();
    let attribute = |tag: &str, name: &str| {
        tag.split(&format!(" {name}=\"")).nth(1).map(|rest| rest.split('"').next().unwrap().to_owned())
    };
    let mut found: Vec<(String, String)> = Vec::new();
    for part in form.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let name = attribute(tag, "name");
        if tag.starts_with("input") && (!tag.contains("checkbox") || tag.ends_with("checked")) {
            found.extend(name.map(|name| (name, attribute(tag, "value").unwrap_or_default())));
        } else if tag.starts_with("textarea") {
            found.extend(name.map(|name| (name, text.to_owned())));
        } else if tag.starts_with("select") {
            found.extend(name.map(|name| (name, String::new())));
        } else if tag.starts_with("option") && tag.ends_with("selected") {
            found.last_mut().unwrap().1 = attribute(tag, "value").unwrap();
        }
    }
    found
}

fn with(fields: &[(String, String)], changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = fields.to_vec();
    for (name, value) in changes {
        match fields.iter_mut().find(|(have, _)| have == name) {
            Some(slot) => (*value).clone_into(&mut slot.1),
            None => fields.push(((*name).to_owned(), (*value).to_owned())),
        }
    }
    fields
}

fn lent(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_previewed_saved_and_refused_as_typed() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    lead.post("/events", &[("line", "08/26 13:40 提现失败，14:00 恢复。【待复盘】"), ("week", "2024-W35")]).await;
    let (status, page) = lead.get("/settings/reminders").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("-1 负责人") && page.contains("+2/1 组长") && page.contains("周报没有发布"), "{page}");
    let form = fields(&page);
    assert!(form.contains(&("0.name".to_owned(), "待复盘".to_owned())), "{form:?}");

    let (status, _, same) = lead.post("/settings/reminders", &lent(&with(&form, &[("act", "store")]))).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "unchanged it is saved and nothing changes: {same}");
    let typed = with(&form, &[("act", "preview"), ("0.steps", "-3 负责人\n0/1 组长、负责人")]);
    let (status, _, page) = lead.post("/settings/reminders", &lent(&typed)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("id=\"preview\"") && page.contains("到期前 3 个工作日"), "{page}");
    assert!(page.contains("-3 负责人"), "what was typed stays");
    let (_, page) = lead.get("/settings/reminders?preview=true").await;
    assert!(page.contains("到期前 1 个工作日") && !page.contains("到期前 3 个工作日"), "nothing was saved: {page}");

    let typed = with(&form, &[("act", "store"), ("0.steps", "-3 owner\nmorgen boss")]);
    let (status, _, page) = lead.post("/settings/reminders", &lent(&typed)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("第 1 条规则的步骤第 2 行：请写：天数") && page.contains("morgen boss"), "{page}");
    let typed =
        with(&form, &[("act", "store"), ("0.steps", "0 14:00 ladder:上报"), ("ladders", "上报: 1 leads; 3 admins")]);
    let (status, to, page) = lead.post("/settings/reminders", &lent(&typed)).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/settings/reminders?saved=true"), "{page}");
    let (_, page) = lead.get(&to).await;
    assert!(
        page.contains("上报: 1 组长; 3 管理员") && page.contains("0 14:00 逐级:上报") && page.contains("已保存"),
        "{page}"
    );
    let (status, _, page) = lead.post("/settings/reminders", &lent(&typed)).await;
    assert_eq!(status, StatusCode::CONFLICT, "another version holds: {page}");

    let viewer = Person::of(&service, Role::Viewer).await;
    let (status, page) = viewer.get("/settings/reminders?preview=true").await;
    assert!(
        status == StatusCode::OK && !page.contains("value=\"store\"") && !page.contains("id=\"preview\""),
        "{page}"
    );
    assert_eq!(viewer.post("/settings/reminders", &lent(&typed)).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_of_an_event_are_put_off_and_resumed_on_its_page() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    lead.post("/events", &[("line", "08/26 13:40 提现失败，14:00 恢复。【待复盘】"), ("week", "2024-W35")]).await;
    let (_, page) = lead.get("/e/1").await;
    assert!(page.contains("action=\"/reminders/PE-1\"") && page.contains("延后"), "{page}");
    let form = [("act", "snooze"), ("days", "5"), ("reason", "等渠道 <x>")];
    let (status, to, _) = lead.post("/reminders/PE-1", &form).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1"));
    let (_, page) = lead.get("/e/1").await;
    assert!(page.contains("延后至 2024-09-03") && page.contains("等渠道 &#60;x&#62;"), "{page}");
    assert_eq!(
        lead.post("/reminders/PE-1", &[("act", "stop"), ("reason", "")]).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(lead.post("/reminders/PE-1", &[("act", "resume")]).await.0, StatusCode::SEE_OTHER);
    let (_, page) = lead.get("/e/1").await;
    assert!(!page.contains("延后至 2024"), "{page}");
    assert_eq!(lead.post("/reminders/PE-9", &[("act", "resume")]).await.0, StatusCode::NOT_FOUND);
    assert_eq!(lead.post("/reminders/x", &[("act", "resume")]).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_of_an_action_item_are_put_off_stopped_and_resumed_on_its_page() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    lead.post("/events", &[("line", "08/19 15:00 客户反馈商户操作提现失败。【待复盘】")]).await;
    let item = [("title", "加告警"), ("priority", "high"), ("owner", ""), ("team", ""), ("due_on", ""), ("key", "k")];
    lead.post("/events/1/actions", &[&item[..], &[("detail", ""), ("ticket_url", "")]].concat()).await;
    let (_, page) = lead.get("/actions/1").await;
    assert!(page.contains("action=\"/reminders/AI-1\"") && page.contains("value=\"stop\""), "{page}");
    let form = [("act", "snooze"), ("days", "2"), ("reason", "等渠道")];
    let (status, to, _) = lead.post("/reminders/AI-1", &form).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/actions/1"));
    let (_, page) = lead.get("/actions/1").await;
    assert!(page.contains("延后至") && page.contains("等渠道") && page.contains("value=\"resume\""), "{page}");
    let reporter = Person::of(&service, Role::Reporter).await;
    assert_eq!(reporter.post("/reminders/AI-1", &[("act", "resume")]).await.0, StatusCode::SEE_OTHER);
    let (_, page) = reporter.get("/actions/1").await;
    assert!(page.contains("value=\"snooze\"") && !page.contains("value=\"stop\""), "stopping is a lead's: {page}");
    let viewer = Person::of(&service, Role::Viewer).await;
    let (_, page) = viewer.get("/actions/1").await;
    assert!(!page.contains("/reminders/AI-1"), "{page}");
}
