//! Any document of a policy, any answer of a Prometheus server: read or refused.
#![no_main]

use fupan_fuzz::{
    domain::{policy::POLICIES, prometheus},
    is_linear,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for kind in POLICIES {
        if let Ok(tidied) = (kind.check)(text) {
            // What was tidied once stays as it is.
            assert_eq!((kind.check)(&tidied).as_ref(), Ok(&tidied), "{}", kind.name);
        }
    }
    let _ = prometheus::refusal(text.as_bytes());
    let _ = prometheus::read(text.as_bytes(), 28_000_000, 28_001_440);
    is_linear(text, |long| drop(prometheus::read(long.as_bytes(), 28_000_000, 28_001_440)));
});
