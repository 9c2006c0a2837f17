//! Any line: spans lie in it, nothing of it is lost, its pieces are the paste, time is linear.
#![no_main]

use fupan_fuzz::{context, domain::capture, is_linear, lossless};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let draft = capture::read_line(text, &context());
    if let Err(lost) = lossless::check(text, &draft) {
        panic!("{lost}");
    }
    let pieces = capture::split(text);
    assert_eq!(lossless::visible(&pieces.concat()), lossless::visible(text));
    let parts = capture::highlight::parts(text, &draft);
    assert_eq!(parts.iter().map(|part| part.text).collect::<String>(), text);
    is_linear(text, |long| {
        for piece in capture::split(long) {
            capture::read_line(piece, &context());
        }
    });
});
