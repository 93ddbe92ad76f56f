/// Hashing takes whole cores; answering requests goes first.
///
/// `SCHED_IDLE` was measured to be somewhat kinder to verifications beside a flood of logins. But
/// beside one busy thread of another program in the same scheduling group, the kernel's weights leave
/// it 0.3 % of a core, nice 19 1.4 % and nice 10 a tenth: a login would take many seconds.
pub(super) fn yield_to_the_reactor() {
    // On Linux the nice value belongs to the calling thread.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::warn!(%error, "can't lower the priority of a hashing thread");
    }
}
