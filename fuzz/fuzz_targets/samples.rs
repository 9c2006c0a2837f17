//! Any file of samples: JSON, NDJSON and CSV are read or refused row by row; time is linear.
#![no_main]

use chrono_tz::Asia::Shanghai;
use fupan_fuzz::{
    domain::samples::read::{Format, Mapping, rows},
    is_linear,
};
use libfuzzer_sys::fuzz_target;

fn read(which: u8, bytes: &[u8]) {
    let format = match which % 3 {
        0 => Format::Csv,
        1 => Format::Json,
        _ => Format::Ndjson,
    };
    let Ok(rows) = rows(format, bytes, &Mapping::default(), Shanghai) else { return };
    let mut last = 0;
    for (place, row) in rows {
        assert!(place >= last, "{place} behind {last}");
        last = place;
        if let Ok(row) = row {
            let counts = row.sample.counts;
            let _ = (counts.total, counts.success, counts.excluded);
        }
    }
}

fuzz_target!(|input: (u8, &str)| {
    let (which, text) = input;
    read(which, text.as_bytes());
    is_linear(text, |long| read(which, long.as_bytes()));
});
