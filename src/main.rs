//! The one binary of Fupan.

use std::process::ExitCode;

// Lists, reports and reading are made of many small strings: a quarter of their time is the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    fupan::cli::main()
}
