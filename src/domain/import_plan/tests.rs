#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::domain::checked;

#[test]
fn a_line_is_as_sure_as_its_weakest_reason() {
    assert_eq!(confidence(&[]), 100);
    assert_eq!(confidence(&[Reason::DayOnly, Reason::NoSymptom]), 60);
    let may_be = Reason::MayBe { who: "PE-1".to_owned(), percent: 45 };
    assert!(may_be.is_doubt() && confidence(&[may_be]) == 55);
    assert!(!Reason::Alike { percent: 83 }.is_doubt());
}

#[test]
fn what_nobody_edited_follows_the_source_and_the_rest_stays() {
    let fields = |narrative: &str, cause: Option<&str>, recovery: Option<&str>| EventFields {
        narrative: narrative.to_owned(),
        cause: cause.map(str::to_owned),
        recovery: recovery.map(str::to_owned),
        ..EventFields::default()
    };
    let base = fields("渠道超时", Some("专线抖动"), None);
    let here = fields("渠道超时", Some("光缆被挖断"), Some("切换线路"));
    let now = fields("渠道响应超时", Some("专线中断"), None);
    let (merged, kept) = merge::follow(Some(&base), &here, None, &now);
    assert_eq!(merged, fields("渠道响应超时", Some("光缆被挖断"), Some("切换线路")));
    assert!(kept, "the cause of the source is not taken");
    let edited = fields("我们自己的话", Some("专线抖动"), None);
    let (merged, kept) = merge::follow(Some(&base), &edited, None, &now);
    assert_eq!((merged.narrative.as_str(), merged.cause.as_deref(), kept), ("我们自己的话", Some("专线中断"), true));
    assert_eq!(merge::fill(&here, &now), here, "only what is missing is filled in");
}

fn many_figures(count: usize, value: i64) -> Vec<crate::domain::report::reading::FigureReading> {
    let lines: Vec<String> = (0..count).map(|n| format!("- 渠道{n}成功率：{value}%")).collect();
    let report = format!("# 2024-W34\n\n## 【系统运行数据】\n\n{}\n", lines.join("\n"));
    let near = chrono::NaiveDate::from_ymd_opt(2024, 8, 25).unwrap();
    let reading = crate::domain::report::read_report(&report, chrono_tz::Asia::Shanghai, near);
    assert_eq!(reading.figures.len(), count);
    reading.figures
}

#[test]
fn a_document_of_some_thousand_figures_is_planned_in_one_pass() {
    let week: IsoWeek = "2024-W34".parse().unwrap();
    let work = |count: usize| {
        let names: Vec<(String, Uuid)> =
            (0..count).map(|n| (format!("key {n}"), Uuid::from_u128(n as u128 + 1))).collect();
        let mut known = KnownFigures::default();
        let before = checked::FOLDS.get();
        let added = plan_figures(&mut known, week, &many_figures(count, 99), &names, &Choices::new());
        let changed = plan_figures(&mut known, week, &many_figures(count, 98), &names, &Choices::new());
        assert!(added.iter().all(|plan| plan.line.outcome == Outcome::Added));
        assert!(changed.iter().all(|plan| plan.line.outcome == Outcome::Changed));
        assert_eq!(known.figures.len(), count);
        checked::FOLDS.get() - before
    };
    let (some, thrice) = (work(1_000), work(3_000));
    assert!(thrice <= 3 * some + 100, "{some} names folded for 1,000 figures, {thrice} for 3,000");
}
