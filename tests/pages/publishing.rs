//! Publishing on the pages, and one text for every way of asking.

use fupan::domain::actor::Role;
use reqwest::StatusCode;
use support::Service;

use crate::{NOW, Person};

async fn week_of_one_event() -> (Service, Person) {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    lead.post("/events", &[("line", "08/19 15:00 提现失败，影响约684笔出金交易，15:30 恢复正常。【待复盘】")]).await;
    lead.post("/figures/2024-W34", &[("name", "入金有效成功率"), ("value", "99.998"), ("unit", "%")]).await;
    (service, lead)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_is_published_restated_published_again_and_withdrawn_by_buttons() {
    let (service, lead) = week_of_one_event().await;
    let (_, page) = lead.get("/w/2024-W34").await;
    assert!(page.contains("草稿") && page.contains("action=\"/w/2024-W34/publish\""), "{page}");
    let (status, to, _) = lead.post("/w/2024-W34/publish", &[]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/w/2024-W34"));
    let (_, page) = lead.get("/w/2024-W34").await;
    assert!(page.contains("已发布 (修订 1)") && page.contains("发布后没有变化"), "{page}");
    assert_eq!(lead.post("/w/2024-W34/publish", &[]).await.1, "/w/2024-W34?said=unchanged");
    assert!(lead.get("/w/2024-W34?said=unchanged").await.1.contains("不需要再发布"));

    lead.post("/figures/2024-W34", &[("name", "入金有效成功率"), ("value", "99.9"), ("unit", "%")]).await;
    let (_, page) = lead.get("/w/2024-W34").await;
    assert!(page.contains("发布后修订") && page.contains("99.998%") && page.contains("99.9%"), "{page}");
    assert!(page.contains("lead 指标 · 编辑"), "the edit is named: {page}");
    let report =
        |page: &str| page.split("id=\"report-md\"").nth(1).unwrap().split("</textarea>").next().unwrap().to_owned();
    assert!(report(&page).contains("99.998"), "the text stays frozen");
    assert!(report(&lead.get("/w/2024-W34?as=now").await.1).contains("99.9%"));
    let reader = Person::of(&service, Role::Viewer).await;
    let (_, page) = reader.get("/w/2024-W34").await;
    assert!(page.contains("发布后修订") && !page.contains("/publish\""), "readers see it and have no button");
    assert_eq!(reader.post("/w/2024-W34/publish", &[]).await.0, StatusCode::FORBIDDEN);

    lead.post("/w/2024-W34/publish", &[]).await;
    let (_, page) = lead.get("/w/2024-W34").await;
    assert!(page.contains("已发布 (修订 2)") && page.contains("/w/2024-W34?revision=1"), "{page}");
    let (_, old) = lead.get("/w/2024-W34?revision=1").await;
    assert!(report(&old).contains("99.998"));
    assert!(old.contains("修订 1 (不是最新)") && !old.contains("已发布 (修订 1)"), "{old}");
    assert!(old.contains("<a href=\"/w/2024-W34\">看最新的修订 (修订 2)</a>"), "{old}");
    for ending in ["md", "html", "txt", "json"] {
        assert!(old.contains(&format!("/w/2024-W34.{ending}?revision=1")), "{ending}");
    }
    assert!(!lead.get("/w/2024-W34?revision=2").await.1.contains("不是最新"));
    let (_, now) = lead.get("/w/2024-W34?as=now").await;
    assert!(now.contains("现在的计算（已发布的另有一份）") && now.contains("/w/2024-W34.md?as=now"), "{now}");
    assert_eq!(lead.post("/w/2024-W34/withdraw", &[]).await.0, StatusCode::SEE_OTHER);
    let (_, page) = lead.get("/w/2024-W34").await;
    assert!(page.contains("草稿") && page.contains("已撤回"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn command_line_api_and_page_give_the_same_bytes() {
    let (service, lead) = week_of_one_event().await;
    lead.post("/w/2024-W34/publish", &[]).await;
    lead.post("/figures/2024-W34", &[("name", "入金有效成功率"), ("value", "99.9"), ("unit", "%")]).await;
    let token = service.token(Role::Viewer).await;
    for (query, flags) in [("", vec![]), ("as=now", vec!["--now"]), ("revision=1", vec!["--revision", "1"])] {
        for (format, ending) in [("md", "md"), ("html", "html"), ("text", "txt"), ("json", "json")] {
            let url = format!("{}/api/v1/reports/2024-W34?format={format}&{query}", service.url);
            let api = lead.client.get(url).bearer_auth(&token).send().await.unwrap();
            let tag = api.headers()["etag"].clone();
            let api = api.text().await.unwrap();
            let page = lead.dressed(lead.client.get(format!("{}/w/2024-W34.{ending}?{query}", service.url)));
            let page = page.header("If-None-Match", "\"other\"").send().await.unwrap();
            assert_eq!(page.headers()["etag"], tag);
            assert_eq!(page.text().await.unwrap(), api, "{format} {query}");
            let command = std::process::Command::new(env!("CARGO_BIN_EXE_fupan"))
                .args(["report", "2024-W34", "--format", format])
                .args(&flags)
                .current_dir(service.database.folder())
                .env("FUPAN_DATABASE_URL", &service.database.url)
                .output()
                .unwrap();
            let words = String::from_utf8(command.stderr).unwrap();
            assert_eq!(String::from_utf8(command.stdout).unwrap(), api, "{format} {query}: {words}");
            if query.is_empty() {
                assert!(words.contains("已发布（修订 1") && words.contains("发布后修订 1 处"), "{words}");
            }
            let again = lead.dressed(lead.client.get(format!("{}/w/2024-W34.{ending}?{query}", service.url)));
            let again = again.header("If-None-Match", tag).send().await.unwrap();
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_weekly_mails_are_set_up_on_their_page() {
    let (service, lead) = week_of_one_event().await;
    let reader = Person::of(&service, Role::Reporter).await;
    assert_eq!(reader.get("/publishing").await.0, StatusCode::FORBIDDEN);
    let share = [("week", "2024-W34"), ("name", "wiki"), ("days", "30")];
    let (status, _, page) = lead.post("/publishing/shares", &share).await;
    assert!(status == StatusCode::CONFLICT && page.contains("2024-W34 还没有发布，先发布"), "{page}");
    lead.post("/w/2024-W34/publish", &[]).await;
    let (status, _, page) = lead.post("/publishing/shares", &share).await;
    assert_eq!(status, StatusCode::OK);
    let url = page.split("id=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(lead.client.get(&url).send().await.unwrap().status().is_success());
    let (_, page) = lead.get("/publishing?week=2024-W34").await;
    assert!(!page.contains(&url) && page.contains("wiki") && page.contains("最近使用 08/21"), "{page}");
    lead.post("/w/2024-W34/withdraw", &[]).await;
    assert_eq!(lead.client.get(&url).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let (_, withdrawn) = lead.get("/publishing").await;
    assert!(withdrawn.contains("这一周已撤回") && !withdrawn.contains("有效到"), "{withdrawn}");
    lead.post("/w/2024-W34/publish", &[]).await;
    assert!(lead.client.get(&url).send().await.unwrap().status().is_success());
    let mut acts = page.split("action=\"/publishing/shares/").skip(1).map(|rest| rest.split('"').next().unwrap());
    let revoke = acts.find(|act| act.ends_with("/revoke")).unwrap().to_owned();
    lead.post(&format!("/publishing/shares/{revoke}"), &[]).await;
    assert_eq!(lead.client.get(&url).send().await.unwrap().status(), StatusCode::NOT_FOUND);

    let mail = |recipients: &'static str, version: &'static str| {
        [
            ("name", "支付 SRE"),
            ("recipients", recipients),
            ("weekday", "fri"),
            ("time", "17:00"),
            ("zone", "Asia/Shanghai"),
            ("week", "this"),
            ("section", "all"),
            ("lang", "zh-CN"),
            ("enabled", "yes"),
            ("version", version),
        ]
    };
    let (status, _, page) = lead.post("/publishing/mailings", &mail("a@example.com nonsense", "0")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.contains("收件人：请写成 oncall@example.com 这样") && page.contains("a@example.com nonsense"),
        "{page}"
    );
    let good = mail("a@example.com，b@example.com", "0");
    assert_eq!(lead.post("/publishing/mailings", &good).await.0, StatusCode::SEE_OTHER);
    let (_, page) = lead.get("/publishing").await;
    assert!(page.contains("下次：周五 17:00（08/23） → 2 人"), "{page}");
    let id = page.split("href=\"/publishing/mailings/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (_, preview) = lead.get(&format!("/publishing/mailings/{id}")).await;
    assert!(preview.contains("生产周报 2024-W34：生产事件 1 起") && preview.contains("684"), "{preview}");
    let change = format!("/publishing/mailings/{id}");
    assert_eq!(lead.post(&change, &mail("a@example.com", "1")).await.0, StatusCode::SEE_OTHER);
    assert_eq!(lead.post(&change, &mail("a@example.com", "1")).await.0, StatusCode::CONFLICT, "an old form");
    lead.post("/language", &[("back", "/")]).await;
    let (_, page) = lead.get("/publishing").await;
    assert!(page.contains("Next: Friday 17:00 (08/23) → 1 person"), "{page}");
    assert!(lead.get("/").await.1.contains("1<small> event</small>"), "of the year");
    lead.post("/language", &[("back", "/")]).await;
    assert_eq!(lead.post(&format!("{change}/remove"), &[("version", "2")]).await.0, StatusCode::SEE_OTHER);
    assert!(!lead.get("/publishing").await.1.contains("→ "));
}
