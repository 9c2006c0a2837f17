//! Any file of days off (JSON of holiday-cn, CSV, iCalendar) is read or refused; what is read passes its own check.
#![no_main]

use fupan_fuzz::{domain::calendar::reading, is_linear};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(read) = reading::read(text) {
        let days = reading::by_year(read);
        for (year, days) in days.into_iter().flatten() {
            let again = reading::checked(days.clone());
            assert!(again.is_ok(), "{year}: {again:?}");
        }
    }
    is_linear(text, |long| drop(reading::read(long)));
});
