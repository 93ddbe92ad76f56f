/// Hashing takes whole cores; answering requests goes first.
pub(super) fn yield_to_the_reactor() {
    // On Linux the nice value belongs to the calling thread.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::warn!(%error, "can't lower the priority of a hashing thread");
    }
}
