//! The process as the system sees it. The names are those of all Prometheus client libraries. Only
//! Linux has these figures; on other systems they are missing.

use super::families::Families;

#[cfg(target_os = "linux")]
pub(super) use linux::Process;

#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(super) struct Process;

#[cfg(not(target_os = "linux"))]
impl Process {
    pub(super) fn new(_: Families<'_>) -> Self {
        Self
    }

    pub(super) fn refresh(&self) {}
}

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::{Mutex, PoisonError};

    use procfs::process::{LimitValue, Stat};
    use procfs::{ProcResult, boot_time_secs, page_size, ticks_per_second};
    use prometheus::{Counter, Gauge, IntGauge};

    use super::Families;

    #[derive(Debug)]
    pub(in crate::metrics) struct Process {
        cpu: Counter,
        start_time: Gauge,
        resident: IntGauge,
        virtual_memory: IntGauge,
        threads: IntGauge,
        open_files: IntGauge,
        max_files: IntGauge,
        /// Held during a refresh. Two at once would count processor time twice.
        refreshing: Mutex<()>,
    }

    impl Process {
        pub(in crate::metrics) fn new(families: Families<'_>) -> Self {
            Self {
                cpu: families.seconds_counter(
                    "process_cpu_seconds_total",
                    "Total user and system CPU time spent in seconds.",
                ),
                start_time: families.seconds_gauge(
                    "process_start_time_seconds",
                    "Start time of the process since unix epoch in seconds.",
                ),
                resident: families
                    .gauge("process_resident_memory_bytes", "Resident memory size in bytes."),
                virtual_memory: families
                    .gauge("process_virtual_memory_bytes", "Virtual memory size in bytes."),
                threads: families.gauge("process_threads", "Number of OS threads in the process."),
                open_files: families.gauge("process_open_fds", "Number of open file descriptors."),
                max_files: families
                    .gauge("process_max_fds", "Maximum number of open file descriptors."),
                refreshing: Mutex::new(()),
            }
        }

        /// Reads the figures again. A figure that can't be read stays as it was.
        pub(in crate::metrics) fn refresh(&self) {
            let _one_at_a_time = self.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = self.read() {
                tracing::warn!("can't read the figures of the process: {error}");
            }
        }

        fn read(&self) -> ProcResult<()> {
            let process = procfs::process::Process::myself()?;
            let stat = process.stat()?;
            self.cpu.inc_by((seconds(stat.utime + stat.stime) - self.cpu.get()).max(0.0));
            self.start_time.set(started_at(&stat)?);
            self.resident.set(whole(stat.rss * page_size()));
            self.virtual_memory.set(whole(stat.vsize));
            self.threads.set(stat.num_threads);
            self.open_files.set(whole(process.fd_count()? as u64));
            self.max_files.set(match process.limits()?.max_open_files.soft_limit {
                LimitValue::Value(max) => whole(max),
                LimitValue::Unlimited => i64::MAX,
            });
            Ok(())
        }
    }

    fn started_at(stat: &Stat) -> ProcResult<f64> {
        Ok(boot_time_secs()? as f64 + seconds(stat.starttime))
    }

    fn seconds(ticks: u64) -> f64 {
        ticks as f64 / ticks_per_second() as f64
    }

    fn whole(figure: u64) -> i64 {
        i64::try_from(figure).unwrap_or(i64::MAX)
    }
}
