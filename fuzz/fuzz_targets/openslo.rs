//! Any OpenSLO document is read or refused: aliases do not unfold, depth costs no stack, time is linear.
#![no_main]

use fupan_fuzz::{domain::openslo, is_linear};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = openslo::read(text, "Asia/Shanghai");
    is_linear(text, |long| drop(openslo::read(long, "Asia/Shanghai")));
});
