//! The two streams of a command.

use std::io::Write;

/// A line of data on standard output. A reader who has gone away is no error of ours.
pub(super) fn data(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Data as it is, without a line end.
pub(super) fn raw(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// A line of words on standard error.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
