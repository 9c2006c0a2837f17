//! The history page, undo for a minute, and bringing events back.

use fupan::domain::actor::Role;
use reqwest::StatusCode;
use support::Service;

use super::{NOW, Person};

const LINE: &str =
    "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新，15:30 下线规则，恢复正常。【待复盘】";

fn undo_entry(page: &str) -> Option<String> {
    let at = page.find("name=\"entry\" value=\"")? + "name=\"entry\" value=\"".len();
    Some(page[at..].split('"').next()?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_taken_back_within_a_minute_by_who_made_it_and_nobody_else() {
    let service = Service::start(NOW).await;
    let (writer, other) = (Person::of(&service, Role::Reporter).await, Person::of(&service, Role::Reporter).await);
    writer.post("/events", &[("line", LINE)]).await;
    service.clock.set("2024-08-21T06:30:00Z");
    let (_, page) = writer.get("/e/1").await;
    assert_eq!(undo_entry(&page), None, "logging it is over a minute ago");
    writer.post("/events/1/sentence", &[("version", "1")]).await;
    let (_, page) = writer.get("/e/1").await;
    let entry = undo_entry(&page).expect("an undo button");
    assert_eq!(undo_entry(&other.get("/e/1").await.1), None, "only who did it may take it back");
    let (status, ..) = other.post("/events/1/undo", &[("entry", &entry)]).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (status, to, _) = writer.post("/events/1/undo", &[("entry", &entry)]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1"));
    let (_, history) = writer.get("/e/1/history").await;
    assert!(history.contains("撤销") && history.contains("句子随字段更新"), "{history}");
    let (_, page) = writer.get("/e/1").await;
    assert!(page.contains("客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新，15:30 下线规则"), "{page}");
    assert_eq!(undo_entry(&page), None, "what was undone is not undone again");

    writer.post("/events/1/sentence", &[("version", "3")]).await;
    let entry = undo_entry(&writer.get("/e/1").await.1).expect("an undo button");
    service.clock.set("2024-08-21T06:31:01Z");
    let (status, _, page) = writer.post("/events/1/undo", &[("entry", &entry)]).await;
    assert!(status == StatusCode::CONFLICT && page.contains("不能撤销了"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_grade_taken_back_takes_the_postmortem_with_it_that_it_asked_for() {
    let service = Service::start(NOW).await;
    let writer = Person::of(&service, Role::Reporter).await;
    writer.post("/events", &[("line", "08/19 15:00 商户提现失败，影响约684笔出金交易")]).await;
    service.clock.set("2024-08-21T06:30:00Z");
    let form = [("version", "1"), ("level", "C"), ("reason", "按影响")];
    assert_eq!(writer.post("/events/1/grade", &form).await.0, StatusCode::SEE_OTHER);
    let (_, page) = writer.get("/e/1").await;
    assert!(page.contains("【待复盘】"), "{page}");
    let entry = undo_entry(&page).expect("an undo button");
    let (status, to, page) = writer.post("/events/1/undo", &[("entry", &entry)]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1"), "{page}");
    let (_, page) = writer.get("/e/1").await;
    assert!(page.contains("未定级") && !page.contains("【待复盘】"), "{page}");
    let (_, board) = writer.get("/postmortems").await;
    assert!(!board.contains("PE-1"), "{board}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_just_logged_by_mistake_goes_away_and_a_lead_can_bring_it_back() {
    let service = Service::start(NOW).await;
    let (writer, lead) = (Person::of(&service, Role::Reporter).await, Person::of(&service, Role::Lead).await);
    writer.post("/events", &[("line", LINE)]).await;
    let entry = undo_entry(&writer.get("/e/1").await.1).expect("an undo button");
    let (status, to, _) = writer.post("/events/1/undo", &[("entry", &entry)]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(writer.get("/e/1").await.0, StatusCode::NOT_FOUND);
    assert_eq!(writer.get("/events/deleted").await.0, StatusCode::FORBIDDEN);
    let (_, page) = lead.get("/events/deleted").await;
    assert!(page.contains("PE-1") && page.contains("提现失败"), "{page}");
    let (status, to, _) = lead.post("/events/1/restore", &[]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1"));
    assert_eq!(writer.get("/e/1").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reporter_takes_back_their_own_first_grade_and_what_it_brought() {
    let service = Service::start(NOW).await;
    let (writer, lead) = (Person::of(&service, Role::Reporter).await, Person::of(&service, Role::Lead).await);
    writer.post("/events", &[("line", "08/21 13:40 客户反馈提现失败")]).await;
    let before = writer.get("/e/1").await.1;
    let grade = [("version", "1"), ("level", "A"), ("reason", "看错了")];
    assert_eq!(writer.post("/events/1/grade", &grade).await.0, StatusCode::SEE_OTHER);
    let board = |page: String| page.contains("PE-1");
    assert!(board(lead.get("/postmortems").await.1), "an A owes a postmortem");
    let entry = undo_entry(&writer.get("/e/1").await.1).expect("an undo button");
    let (status, to, page) = writer.post("/events/1/undo", &[("entry", &entry)]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1"), "{page}");
    let after = writer.get("/e/1").await.1;
    let badge = "id=\"level\"";
    let level = |page: &str| page.split(badge).nth(1).and_then(|rest| rest.split('<').next()).map(str::to_owned);
    assert!(level(&before).is_some(), "{before}");
    assert_eq!(level(&after), level(&before));
    assert!(!board(lead.get("/postmortems").await.1), "nothing is owed any more");
    // The two entries stay, with their reasons; regrading what stands is still the lead's.
    assert!(writer.get("/e/1/history").await.1.contains("看错了"));
    writer.post("/events/1/grade", &[("version", "3"), ("level", "C"), ("reason", "门槛以下")]).await;
    let again = [("version", "4"), ("level", "A"), ("reason", "x")];
    assert_eq!(writer.post("/events/1/grade", &again).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_page_tells_what_happened_to_action_items_and_that_an_event_was_gone() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    lead.post("/events", &[("line", LINE)]).await;
    let item = [
        ("title", "加告警"),
        ("detail", ""),
        ("priority", "high"),
        ("owner", ""),
        ("team", ""),
        ("due_on", ""),
        ("ticket_url", ""),
    ];
    assert_eq!(lead.post("/events/1/actions", &item).await.0, StatusCode::SEE_OTHER);
    let hand_over = [("version", "1"), ("to", "in_progress"), ("reason", ""), ("evidence", "")];
    assert_eq!(lead.post("/actions/1/move", &hand_over).await.0, StatusCode::SEE_OTHER);
    let (_, page) = lead.get("/e/1/history").await;
    for part in ["<dt>改进项</dt>", "AI-1", "<dt>优先级</dt>", "<ins>高</ins>", "<del>待处理</del><ins>处理中</ins>"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(lead.post("/events/1/delete", &[("version", "1")]).await.0, StatusCode::SEE_OTHER);
    assert_eq!(lead.post("/events/1/restore", &[]).await.0, StatusCode::SEE_OTHER);
    let (_, page) = lead.get("/e/1/history").await;
    assert!(page.contains("<b>删除事件</b>") && page.contains("<b>恢复已删除的事件</b>"), "{page}");
    assert!(!page.contains("周报句子"), "{page}");
    lead.post("/language", &[("back", "/")]).await;
    let (_, page) = lead.get("/e/1/history").await;
    assert!(page.contains("<b>Deleted the event</b>") && page.contains("<ins>in progress</ins>"), "{page}");
}
