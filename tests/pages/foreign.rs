//! Data of other tools on the import page.

use fupan::domain::actor::Role;
use reqwest::StatusCode;
use support::Service;

use super::{NOW, Person};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_looked_at_and_imported_on_the_page() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    let (_, page) = lead.get("/import").await;
    assert!(page.contains("value=\"google-cloud\"") && page.contains("name=\"map\""), "{page}");
    let table = "何时,何事\n2024/8/19 15:00,提现<b>失败\n怪,读不懂\n";
    let form = |map: &'static str, action: &'static str| {
        vec![("document", table), ("from", "csv"), ("map", map), ("action", action)]
    };
    let (status, _, refused) = lead.post("/import", &form("", "save")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.contains("看到的表头是 何时 | 何事"), "{refused}");
    let selected = refused.contains("<option value=\"csv\" selected>");
    assert!(selected && refused.contains("怪,读不懂"), "what was typed stays: {refused}");
    let map = "occurred=何时,summary=何事";
    let (status, _, plan) = lead.post("/import", &form(map, "preview")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(plan.contains(">新增<") && plan.contains("读不懂的时间") && plan.contains("import-it"), "{plan}");
    assert!(!plan.contains("失败</b>") && plan.contains("name=\"packed\""), "{plan}");
    assert!(!lead.get("/events").await.1.contains("PE-1"), "a look changes nothing");
    let (_, _, done) = lead.post("/import", &form(map, "save")).await;
    assert!(done.contains("已导入") && done.contains("/e/1") && done.contains("undo-it"), "{done}");
    let (_, _, again) = lead.post("/import", &form(map, "preview")).await;
    assert!(again.contains("没有变化") && !again.contains("import-it"), "{again}");
    assert!(lead.get("/import").await.1.contains("csv"), "the list of imports names the tool");
}
