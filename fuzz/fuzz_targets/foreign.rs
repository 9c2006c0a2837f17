//! Any file of another tool: what is read has a place and words, what is not is refused; time is linear.
#![no_main]

use fupan_fuzz::{
    context,
    domain::foreign::{self, ForeignContext, ForeignFormat},
    is_linear,
};
use libfuzzer_sys::fuzz_target;

const FORMATS: [ForeignFormat; 7] = [
    ForeignFormat::Csv,
    ForeignFormat::Statuspage,
    ForeignFormat::GoogleCloud,
    ForeignFormat::Aws,
    ForeignFormat::Upptime,
    ForeignFormat::Atom,
    ForeignFormat::FrontMatter,
];

fn read(which: u8, text: &str) {
    let Some(format) = FORMATS.get(usize::from(which) % FORMATS.len()) else { return };
    let context = ForeignContext { capture: context(), file_name: Some("2024-08-19-incident.md"), columns: None };
    if let Ok(reading) = foreign::read(*format, text, &context) {
        for event in &reading.events {
            assert!(!event.draft.narrative.contains('\0'));
        }
        for refused in &reading.refused {
            assert!(!format!("{refused:?}").is_empty());
        }
    }
}

fuzz_target!(|input: (u8, &str)| {
    let (which, text) = input;
    read(which, text);
    is_linear(text, |long| read(which, long));
});
