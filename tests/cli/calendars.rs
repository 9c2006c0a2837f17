//! Calendars and `doctor` on the command line.

use support::TestDatabase;

use super::{err, fupan, out};

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_the_missing_years_and_is_content_once_they_are_imported() {
    let database = TestDatabase::new().await;
    let listed = out(&fupan(&database, &["calendar", "list", "--json"], &[]));
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let missing: Vec<i64> =
        listed["missing_years"].as_array().unwrap().iter().map(|year| year.as_i64().unwrap()).collect();
    let doctor = fupan(&database, &["doctor"], &[]);
    assert_eq!(doctor.status.code(), Some(if missing.is_empty() { 0 } else { 7 }), "{}", out(&doctor));
    for year in &missing {
        assert!(out(&doctor).contains(&format!("fupan calendar import {year}.json")), "{}", out(&doctor));
        let days = (1..=7).map(|day| format!("{year}-01-0{day},off,元旦\n")).collect::<Vec<String>>().concat();
        std::fs::write(database.folder().join("year.csv"), days).unwrap();
        let imported = fupan(&database, &["calendar", "import", "year.csv"], &[]);
        assert!(err(&imported).contains(&format!("已导入 imported: {year}，7 天")), "{}", err(&imported));
    }
    let doctor = fupan(&database, &["doctor", "--json"], &[]);
    assert_eq!((doctor.status.code(), out(&doctor).trim()), (Some(0), r#"{"data":[]}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn working_days_are_counted_by_holidays_own_days_and_those_of_a_team() {
    let database = TestDatabase::new().await;
    let add = |team: &str| {
        let mut arguments = vec!["calendar", "add", "2025-09-30", "3"];
        if !team.is_empty() {
            arguments.extend(["--team", team]);
        }
        out(&fupan(&database, &arguments, &[])).trim().to_owned()
    };
    assert_eq!(add(""), "2025-10-11", "调休 Saturday");
    fupan(&database, &["team", "add", "支付"], &[]);
    assert!(fupan(&database, &["calendar", "set", "company", "2025-10-09", "off", "盘点"], &[]).status.success());
    assert!(fupan(&database, &["calendar", "set", "支付", "2025-10-06", "work"], &[]).status.success());
    assert_eq!((add("").as_str(), add("支付").as_str()), ("2025-10-13", "2025-10-11"));
    assert_eq!(out(&fupan(&database, &["calendar", "show", "company"], &[])), "2025-10-09\t休 off\t盘点\n");
    assert!(fupan(&database, &["calendar", "remove", "company", "2025-10-09"], &[]).status.success());
    assert!(fupan(&database, &["calendar", "reset", "支付"], &[]).status.success());
    assert_eq!(add("支付"), "2025-10-11");
    for (arguments, code, words) in [
        (vec!["calendar", "show", "nobody"], 5, "没有日历“nobody”"),
        (vec!["calendar", "remove", "company", "2025-10-09"], 2, "不在这份日历里"),
        (vec!["calendar", "set", "2025", "2024-11-09", "off"], 2, "请给这一年的日子"),
        (vec!["calendar", "import", "nothing.json"], 1, "cannot read nothing.json"),
    ] {
        let refused = fupan(&database, &arguments, &[]);
        assert_eq!(refused.status.code(), Some(code), "{arguments:?}: {}", err(&refused));
        assert!(err(&refused).contains(words), "{words}: {}", err(&refused));
    }
}
