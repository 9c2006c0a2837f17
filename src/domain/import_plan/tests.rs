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
