//! The import page: the plan as a table, corrections, several files, undoing.

use fupan::domain::actor::Role;
use reqwest::StatusCode;
use support::Service;

use super::{NOW, Person};

const REPORT: &str = "# 2024-W34\n\n## 【系统运行数据】\n\n- 出金有效成功率：99.989%\n\n事故数C级1次\n\n## 【生产事件】\n\n1. 客户反馈对账文件延迟，影响约20笔。【待复盘】\n2. 08/20 16:00 提现审核队列积压，影响约35笔提现，16:40 扩容后恢复正常。【待复盘】\n";

/// A form with files, as a browser sends it.
fn multipart(parts: &[(&str, Option<&str>, &str)]) -> String {
    let mut body = String::new();
    for (name, file, value) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"\r\nContent-Type: text/markdown")).unwrap_or_default();
        body.push_str(&format!("--limit\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"));
    }
    body.push_str("--limit--\r\n");
    body
}

impl Person {
    async fn upload(&self, parts: &[(&str, Option<&str>, &str)]) -> (StatusCode, String) {
        let request = self.client.post(format!("{}/import", self.url)).body(multipart(parts));
        let request = request.header("Content-Type", "multipart/form-data; boundary=limit");
        let answer = self.dressed(request).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }
}

/// The packed documents of a plan, in order.
fn packed(page: &str) -> Vec<String> {
    let parts = page.split("name=\"packed\" value=\"").skip(1);
    parts.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_corrected_before_saving_and_the_same_file_says_same_afterwards() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    let (status, plan) = lead.upload(&[("files", Some("w34.md"), REPORT), ("document", None, "")]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        plan.contains("存疑") && plan.contains("没有时间") && plan.contains("未读到") && plan.contains("50%"),
        "{plan}"
    );
    assert!(plan.contains("<span>C级</span>"), "{plan}");
    assert!(plan.contains("w34.md") && plan.contains("name=\"0.e.0.time\"") && !plan.contains("style="), "{plan}");
    let documents = packed(&plan);
    assert_eq!(documents.len(), 1);

    // A bad row is named at the row; nothing is lost and nothing is saved.
    let bad = [
        ("packed", None, documents[0].as_str()),
        ("0.e.0.take", None, "add"),
        ("0.e.0.time", None, "2024-08-19T09:10"),
        ("0.e.0.recovered", None, "2024-08-19T08:00"),
        ("0.e.0.sentence", None, "对账文件晚到，影响约20笔。"),
        ("0.f.0.value", None, "一百"),
        ("0.e.1.take", None, "skip"),
        ("action", None, "save"),
    ];
    let (status, page) = lead.upload(&bad).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("恢复不能早于发生") && page.contains("请写成 99.998 这样的数字"), "{page}");
    assert!(
        page.contains("value=\"2024-08-19T09:10\"") && page.contains("对账文件晚到") && page.contains("一百"),
        "{page}"
    );
    assert!(!lead.get("/events").await.1.contains("PE-1"));
    assert!(page.contains("<option value=\"skip\" selected>"), "{page}");

    let good = [
        ("packed", None, documents[0].as_str()),
        ("0.f.0.take", None, "add"),
        ("0.f.0.name", None, "出金成功率"),
        ("0.f.0.value", None, "99.98"),
        ("0.f.0.unit", None, "%"),
        ("0.c.0.take", None, "skip"),
        ("0.c.0.count", None, "1"),
        ("0.e.0.take", None, "add"),
        ("0.e.0.time", None, "2024-08-19T09:10"),
        ("0.e.0.recovered", None, "2024-08-19T09:40"),
        ("0.e.0.severity", None, "C"),
        ("0.e.0.mark", None, "done"),
        ("0.e.0.sentence", None, "对账文件晚到，影响约20笔。"),
        ("0.e.1.take", None, "skip"),
        ("action", None, "save"),
    ];
    let (status, done) = lead.upload(&good).await;
    assert!(status == StatusCode::OK && done.contains("已导入") && done.contains("/e/1\""), "{done}");
    // What was left out says so, and the counts are those of the record.
    assert_eq!(done.matches(">未导入<").count(), 2, "{done}");
    assert!(done.contains("新增 2 · 存疑 ") || done.contains("新增 2 · 未导入 2"), "{done}");
    let record = done.split("id=\"runs\"").nth(1).unwrap();
    assert!(record.contains("新增 2 · 更新 0 · 不变 0") && done.contains("C级1次"), "{record}");
    let (_, event) = lead.get("/e/1").await;
    for words in ["2024-08-19", "09:10", "对账文件晚到", "已复盘", "1. 客户反馈对账文件延迟，影响约20笔。【待复盘】"]
    {
        assert!(event.contains(words) || event.contains(&words.replace("2024-08-19", "08/19")), "{words}: {event}");
    }
    let (_, figures) = lead.get("/figures?week=2024-W34").await;
    assert!(figures.contains("出金成功率") && figures.contains("99.98") && !figures.contains("99.989"), "{figures}");

    let (_, again) = lead.upload(&[("files", Some("w34.md"), REPORT), ("action", None, "preview")]).await;
    assert_eq!((again.matches(">不变<").count(), again.matches(">新增<").count()), (2, 2), "{again}");
    assert!(again.contains("上次选择不导入"), "{again}");
    let (_, report) = lead.get("/w/2024-W34").await;
    assert!(
        report.contains("提现审核队列积压") && report.contains("C级1次"),
        "what was left out is the writer's own: {report}"
    );

    // Undone from the page, after a look.
    let run = done.split("/import/runs/").nth(1).unwrap().split('"').next().unwrap();
    let (_, look) = lead.get(&format!("/import/runs/{run}")).await;
    assert!(look.contains("PE-1") && look.contains("撤销这次导入"), "{look}");
    let (status, _, undone) = lead.post(&format!("/import/runs/{run}/undo"), &[]).await;
    assert!(status == StatusCode::OK && undone.contains("已撤销"), "{undone}");
    let (status, _, twice) = lead.post(&format!("/import/runs/{run}/undo"), &[]).await;
    assert!(status == StatusCode::CONFLICT && twice.contains("已经撤销过了"), "{twice}");
    let (_, fresh) = lead.upload(&[("files", Some("w34.md"), REPORT), ("action", None, "preview")]).await;
    assert_eq!(fresh.matches(">新增<").count(), 3, "{fresh}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_files_are_planned_together_and_a_row_can_be_said_to_be_one_that_is_there() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    let before = "# 2024-W33\n\n## 【生产事件】\n\n1. 08/20 16:00 提现审核队列积压告警，影响笔数统计中。\n";
    let parts = [("files", Some("a.md"), before), ("files", Some("b.md"), REPORT), ("action", None, "preview")];
    let (status, plan) = lead.upload(&parts).await;
    assert_eq!((status, packed(&plan).len()), (StatusCode::OK, 2), "{plan}");
    assert!(plan.contains("与 a.md 同一时间") && plan.contains("就是 a.md"), "{plan}");
    let documents = packed(&plan);
    let save = [
        ("packed", None, documents[0].as_str()),
        ("packed", None, documents[1].as_str()),
        ("1.e.1.take", None, "same"),
        ("action", None, "save"),
    ];
    let (status, done) = lead.upload(&save).await;
    assert!(status == StatusCode::OK && done.contains("人工确认是同一条"), "{done}");
    let (_, events) = lead.get("/events").await;
    assert!(events.contains("PE-2") && !events.contains("PE-3"), "{events}");
    let (_, list) = lead.get("/import").await;
    assert!(list.contains("a.md … 2 份文件") && list.contains("网页"), "{list}");
    let parts = [("files", Some("b.md"), REPORT), ("action", None, "preview")];
    assert!(lead.upload(&parts).await.1.contains("没有变化"));

    let (status, none) = lead.upload(&[("files", Some(""), ""), ("document", None, " ")]).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && none.contains("周报文件不能为空"), "{none}");
    let (status, wrong) = lead.upload(&[("files", Some("x.md"), "# 会议纪要"), ("files", Some("b.md"), REPORT)]).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && wrong.contains("x.md: "), "{wrong}");
    let many = "1. 08/20 16:00 提现审核队列积压。\n".repeat(700);
    let (status, limit) =
        lead.upload(&[("files", Some("x.md"), &format!("# 2024-W35\n\n## 【生产事件】\n\n{many}"))]).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && limit.contains("600 行"), "{status} {}", &limit[..200]);
    let huge = "x".repeat(7 << 20);
    let (status, _) = lead.upload(&[("files", Some("x.md"), &huge)]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    for broken in [("packed", None, "abc"), ("packed", None, "."), ("0.e.x.take", None, "add")] {
        let (status, _) = lead.upload(&[broken, ("action", None, "save")]).await;
        assert!(status.is_client_error(), "{broken:?}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pasted_text_has_the_line_ends_of_a_file() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    // Browsers send CR LF from a text field: the file that was pasted is the same document afterwards.
    let pasted = REPORT.replace('\n', "\r\n");
    let (status, _, done) = lead.post("/import", &[("document", pasted.as_str()), ("action", "save")]).await;
    assert!(status == StatusCode::OK && done.contains("已导入"), "{done}");
    let (_, again) = lead.upload(&[("files", Some("w34.md"), REPORT), ("action", None, "save")]).await;
    assert!(again.contains("没有变化") && !again.contains("undo-it"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_only_reads_alike_can_be_said_to_be_another_one() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    let line = "08/20 16:00 代付渠道甲超时，影响约20笔代付交易，16:30 恢复正常。";
    lead.post("/events", &[("line", line), ("week", "2024-W34")]).await;
    let report = format!("# 2024-W34\n\n## 【生产事件】\n\n1. {}\n", line.replace('甲', "乙").replace("20笔", "30笔"));
    let (_, plan) = lead.upload(&[("files", Some("w34.md"), &report), ("action", None, "preview")]).await;
    assert!(plan.contains(">更新<") && plan.contains("是另一条，新增"), "{plan}");
    let documents = packed(&plan);
    let save = [("packed", None, documents[0].as_str()), ("0.e.0.take", None, "other"), ("action", None, "save")];
    let (status, done) = lead.upload(&save).await;
    assert!(status == StatusCode::OK && done.contains("/e/2\""), "{done}");
    assert!(lead.get("/e/1").await.1.contains("渠道甲") && lead.get("/e/2").await.1.contains("渠道乙"));
    let (_, again) = lead.upload(&[("files", Some("w34.md"), &report), ("action", None, "preview")]).await;
    assert!(again.contains("没有变化"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_a_figure_names_it_whether_it_changes_or_cannot_be_read() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Lead).await;
    let of = |values: [&str; 2]| {
        format!("# 2024-W34\n\n## 【系统运行数据】\n\n- 入金成功率：{}%\n- 出金成功率：{}%\n", values[0], values[1])
    };
    let post = async |document: &str, action: &str| {
        person.upload(&[("document", None, document), ("action", None, action)]).await.1
    };
    post(&of(["99.9", "99.8"]), "save").await;
    let page = post(&of(["99.7", "199.8"]), "preview").await;
    let rows = page.split("<tbody>").nth(1).unwrap().split("</tbody>").next().unwrap();
    assert!(rows.contains("入金成功率") && rows.contains("出金成功率"), "{rows}");
    let page = post(&of(["99.7", "199.8"]).replace("出金", "代付"), "preview").await;
    assert!(page.contains("name=\"0.f.1.name\" value=\"代付成功率\""), "a new one can be named: {page}");
}
