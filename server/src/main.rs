//! The `hallpass` command.

use std::process::ExitCode;

/// Gives memory back to the system once a flood of requests is over, by a thread of its own. The C
/// library's allocator keeps it.
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    hallpass::program::run()
}
