//! Any query is read or refused with a place inside it; a value in quotes is read as it is.
#![no_main]

use fupan_fuzz::{domain::query, is_linear, today};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match query::parse(text, today()) {
        Ok(read) => {
            let _ = read.words();
            for part in 0..8 {
                let rest = read.without(part);
                let _ = query::parse(&rest, today());
            }
        }
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
    let _ = query::parse(&format!("tag:{}", query::quoted(text)), today());
    is_linear(text, |long| drop(query::parse(long, today())));
});
