//! The one binary of Fupan.

use std::process::ExitCode;

fn main() -> ExitCode {
    fupan::cli::main()
}
