//! Any document: the places of events are in order, apart and inside, nothing of an event is lost, time is linear.
#![no_main]

use chrono_tz::Asia::Shanghai;
use fupan_fuzz::{
    document,
    domain::report::{self, reading::ReportReading},
    is_linear, today,
};
use libfuzzer_sys::fuzz_target;

fn check(document: &str, reading: &ReportReading) {
    let mut end = 0;
    for event in &reading.events {
        assert!(end <= event.span.start && event.span.start <= event.span.end, "{:?}", event.span);
        end = event.span.end;
        assert_eq!(document.get(event.span.clone()), Some(event.raw.as_str()));
        let spans = event.draft.spans.iter().map(|span| &span.range);
        for span in spans.chain([&event.narrative_span]).chain(&event.time_span).chain(&event.mark_span) {
            assert!(document.get(span.clone()).is_some(), "{span:?}");
            assert!(event.span.start <= span.start && span.end <= event.span.end, "{span:?} outside {:?}", event.span);
        }
    }
    let values = reading.figures.iter().map(|figure| &figure.value_span);
    for span in values.chain(reading.incident_counts.iter().map(|count| &count.value_span)) {
        assert!(document.get(span.clone()).is_some_and(|digits| !digits.is_empty()), "{span:?}");
    }
}

fuzz_target!(|text: &str| {
    let document = document(text);
    check(&document, &report::read_report(&document, Shanghai, today()));
    is_linear(text, |long| {
        let document = fupan_fuzz::document(long);
        check(&document, &report::read_report(&document, Shanghai, today()));
    });
});
