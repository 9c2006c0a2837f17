//! The page of calendars.

use fupan::domain::actor::Role;
use reqwest::StatusCode;
use support::Service;

use super::Person;

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_year_is_said_a_file_is_imported_and_days_are_edited() {
    let service = Service::start("2026-11-26T02:00:00Z").await;
    let lead = Person::of(&service, Role::Lead).await;
    let (status, page) = lead.get("/settings/calendar").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("2027") && page.contains("年的法定节假日，暂按周一至周五算"), "{page}");
    assert!(page.contains("2026-10-10") && page.contains("周六"), "this year is shown");

    let csv = (1..=8).map(|day| format!("2027-01-0{day},休,元旦\n")).collect::<Vec<String>>().concat();
    let form = [("into", "national"), ("document", csv.as_str())];
    let (status, to, page) = lead.post("/settings/calendar", &form).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/settings/calendar?of=2027&moved=0"), "{page}");
    let (_, page) = lead.get(&to).await;
    assert!(page.contains("2027-01-08") && !page.contains("暂按周一至周五算"), "{page}");

    let day = [("version", "1"), ("day", "2027-01-10"), ("works", "work"), ("name", "补班 <b>")];
    let (status, to, _) = lead.post("/settings/calendar/2027", &day).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (_, page) = lead.get(&to).await;
    assert!(page.contains("2027-01-10") && page.contains("补班 &#60;b&#62;"), "{page}");
    let (status, _, page) = lead.post("/settings/calendar/2027", &day).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("刚刚") || page.contains("改"), "{page}");
    let (status, _, page) = lead.post("/settings/calendar/2027", &[("version", "2"), ("day", "2028-01-10")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("请给这一年的日子") && page.contains("value=\"2028-01-10\""), "what was typed stays: {page}");
    let (status, _, page) =
        lead.post("/settings/calendar", &[("into", "national"), ("document", "2027-02-30,休")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("第 1 行：日期请写成 2027-01-01") && page.contains("2027-02-30,休"), "{page}");
    let remove = [("version", "2"), ("day", "2027-01-10"), ("act", "remove")];
    assert_eq!(lead.post("/settings/calendar/2027", &remove).await.0, StatusCode::SEE_OTHER);
    assert_eq!(
        lead.post("/settings/calendar/2027", &[("version", "3"), ("act", "reset")]).await.0,
        StatusCode::SEE_OTHER
    );

    let viewer = Person::of(&service, Role::Viewer).await;
    let (status, page) = viewer.get("/settings/calendar?of=company").await;
    assert_eq!(status, StatusCode::OK);
    assert!(!page.contains("id=\"import-calendar\"") && page.contains("还没有日子"), "{page}");
    assert_eq!(viewer.post("/settings/calendar/company", &day).await.0, StatusCode::FORBIDDEN);
    assert_eq!(viewer.get("/settings/calendar?of=nobody").await.0, StatusCode::NOT_FOUND);
}
