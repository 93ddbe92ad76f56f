/// Hashing takes whole cores; answering requests goes first.
///
/// Not `SCHED_IDLE` and not nice 19: beside a flood of logins neither was measured to be better for
/// verifications by more than the measurements scatter, and where other programs of the same
/// scheduling group keep the cores busy they leave hashing a hundredth of one or less.
pub(super) fn yield_to_the_reactor() {
    // On Linux the nice value belongs to the calling thread.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::warn!(%error, "can't lower the priority of a hashing thread");
    }
}
