//! Any document put back as it was read is the same bytes; with another mark, reading it again gives that mark,
//! or nothing is touched and the event is named.
#![no_main]

use chrono_tz::Asia::Shanghai;
use fupan_fuzz::{
    document,
    domain::{
        capture::draft::Mark,
        iso_week::IsoWeek,
        report::{self, reading::Layout, splice::SpliceContent, style::ReportStyle},
    },
    today,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let document = document(text);
    let reading = report::read_report(&document, Shanghai, today());
    let week = reading.week.unwrap_or_else(|| IsoWeek::of(today()));
    let put_back = |content: &SpliceContent| {
        report::splice(&document, &reading, &ReportStyle::default(), week, Shanghai, content).unwrap()
    };
    let mut content = SpliceContent::as_read(&reading);
    assert_eq!(put_back(&content).document, document);
    for (index, event) in reading.events.iter().enumerate().take(4) {
        // A row of a table without a column for it has no place for a mark; words without a time may be anything.
        if event.layout == Layout::Table && event.mark_span.is_none() || event.draft.occurred.is_none() {
            continue;
        }
        let was = event.draft.mark;
        let wanted = if was == Mark::Done { Mark::Pending } else { Mark::Done };
        content.events[index].event.to_mut().mark = wanted;
        let changed = put_back(&content);
        if changed.left.is_empty() {
            let again = report::read_report(&changed.document, Shanghai, today());
            assert_eq!(again.events.len(), reading.events.len(), "{}", changed.document);
            assert_eq!(again.events[index].draft.mark, wanted, "{}", changed.document);
        } else {
            // No place was found where the mark is read: nothing was touched, and that is said.
            assert_eq!((changed.left, changed.document.as_str()), (vec![index], document.as_str()));
        }
        content.events[index].event.to_mut().mark = was;
    }
});
