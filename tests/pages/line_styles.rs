//! The report line of an event is shown as the report of its week writes it.

use fupan::domain::actor::Role;
use serde_json::json;
use support::Service;

use super::{NOW, Person};

const DOCUMENT: &str = "# 2024-W33\n\n## 【生产事件】\n\n1. 8月12日 10:00 - 10:20 提现失败，影响约3笔（待复盘）\n2. 8月13日 09:30 查询超时，09:40 恢复（已复盘）\n";
const PASTED: &str = "08/20 16:00 提现审核队列积压，影响约35笔提现【待复盘】";

#[tokio::test(flavor = "multi_thread")]
async fn the_report_line_on_the_pages_is_in_the_style_of_the_report() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Lead).await;
    let token = service.token(Role::Lead).await;
    let api = format!("{}/api/v1", service.url);
    let preview = async || person.post("/lines/preview", &[("line", PASTED)]).await.2;
    person.post("/events", &[("line", PASTED)]).await;
    let (_, page) = person.get("/e/1").await;
    assert!(
        page.contains("影响约35笔提现【待复盘】") && preview().await.contains("08/20 16:00 提现"),
        "the house's: {page}"
    );

    // The latest document shows how the team writes.
    let imported =
        person.client.post(format!("{api}/imports")).bearer_auth(&token).body(DOCUMENT).send().await.unwrap();
    assert!(imported.status().is_success());
    let line = "8月20日 16:00 提现审核队列积压，影响约35笔提现（待复盘）";
    let (_, page) = person.get("/e/1").await;
    assert!(page.contains(line), "{page}");
    assert!(preview().await.contains(line), "{}", preview().await);

    // The team's default goes before it, but not before the document of the week itself.
    let style = json!({"style": {"pending": "[待复盘]"}, "is_default": true});
    let put =
        person.client.put(format!("{api}/report-styles/支付")).bearer_auth(&token).json(&style).send().await.unwrap();
    assert!(put.status().is_success(), "{}", put.text().await.unwrap());
    let line = "08/20 16:00 提现审核队列积压，影响约35笔提现[待复盘]";
    let (_, page) = person.get("/e/1").await;
    assert!(page.contains(line) && preview().await.contains(line), "{page}");
    let (_, page) = person.get("/e/2").await;
    assert!(page.contains("8月12日 10:00") && page.contains("（待复盘）"), "{page}");
    let style = json!({"style": {"pending": "(待复盘)"}, "is_default": true});
    let put = person.client.put(format!("{api}/report-styles/支付")).bearer_auth(&token).header("If-Match", "\"1\"");
    assert!(put.json(&style).send().await.unwrap().status().is_success());
    assert!(person.get("/e/1").await.1.contains("(待复盘)"), "a change of the style shows at once");
}
