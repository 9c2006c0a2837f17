#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

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
