//! Hashing passwords and making backups take whole cores, so threads that answer requests must have
//! priority.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::sync::oneshot;

/// The longest rest that a background thread takes at once.
const LONGEST_REST: Duration = Duration::from_millis(10);

/// Does long work on a thread of its own, which runs only on an otherwise idle core.
///
/// # Errors
///
/// If the system has no thread left, or the work panics.
pub(crate) async fn in_background<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<T> {
    let (done, result) = oneshot::channel();
    let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
        run_when_idle();
        // Whoever wanted the result may be gone.
        let _ = done.send(work());
    });
    thread.with_context(|| format!("can't start the thread {name}"))?;
    result.await.with_context(|| format!("the thread {name} panicked"))
}

/// Keeps background work from taking a core to itself: it rests as long as it has worked.
///
/// Threads that hash passwords have the same low priority. So beside them, the work gets a third of
/// a core.
#[derive(Debug)]
pub(crate) struct Rests {
    working_since: Instant,
}

impl Rests {
    pub(crate) fn begin() -> Self {
        Self { working_since: Instant::now() }
    }

    /// Rests for as long as the work has gone on since the last rest.
    pub(crate) fn rest(&mut self) {
        thread::sleep(self.working_since.elapsed().min(LONGEST_REST));
        self.working_since = Instant::now();
    }
}

/// Makes the calling thread run only on an otherwise idle core. Only a privileged process can undo
/// this. Beside a thread that is always busy, it gets 0.3 % of a core.
///
/// Linux counts a core with such a thread as idle: other threads that wake up go there and run at
/// once.
#[cfg(target_os = "linux")]
pub(crate) fn run_when_idle() {
    use thread_priority::unix::{
        set_thread_priority_and_policy, thread_native_id, thread_schedule_policy,
    };
    use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    // The call also sets a nice value. It has no effect here, and a process of low priority may not
    // set it.
    let outcome = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
    if !thread_schedule_policy().is_ok_and(|policy| policy == idle) {
        tracing::warn!(?outcome, "can't have a background thread run only when a core is idle");
    }
}

/// Other systems have no such priority.
#[cfg(not(target_os = "linux"))]
pub(crate) fn run_when_idle() {}

/// Lowers the priority of the calling thread. Beside a thread that is always busy, it gets a tenth
/// of a core.
pub(crate) fn yield_to_the_reactor() {
    // On Linux the nice value belongs to the calling thread.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::warn!(%error, "can't lower the priority of a hashing thread");
    }
}

/// The cores that the calling thread may use, if they are as many as `threads`. Otherwise none.
#[cfg(target_os = "linux")]
pub(crate) fn a_core_each(threads: usize) -> Vec<usize> {
    let Ok(allowed) = rustix::thread::sched_getaffinity(None) else { return vec![] };
    let allowed = (0..rustix::thread::CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
    cores_for(threads, allowed)
}

/// On other systems the scheduler decides.
#[cfg(not(target_os = "linux"))]
pub(crate) fn a_core_each(threads: usize) -> Vec<usize> {
    cores_for(threads, std::iter::empty())
}

fn cores_for(threads: usize, allowed: impl Iterator<Item = usize>) -> Vec<usize> {
    let cores: Vec<usize> = allowed.collect();
    if cores.len() == threads { cores } else { vec![] }
}

/// Keeps the calling thread on one core.
///
/// Otherwise Linux may leave two busy hashing threads on one core, while another core is idle.
/// Threads of low priority hardly count as load. And Linux moves no thread to a core that is idle
/// for less than half a millisecond at a time, as while it answers requests.
#[cfg(target_os = "linux")]
pub(crate) fn stay_on(core: usize) {
    let mut only = rustix::thread::CpuSet::new();
    only.set(core);
    if let Err(error) = rustix::thread::sched_setaffinity(None, &only) {
        tracing::warn!(%error, core, "can't keep a hashing thread on a core");
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn stay_on(_: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_stay_on_cores_where_each_has_one() {
        assert_eq!(cores_for(2, [1, 5].into_iter()), [1, 5]);
        assert!(cores_for(2, 0..3).is_empty(), "the system knows better where to put two");
        assert!(cores_for(2, 0..1).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_that_stays_on_a_core_has_no_other() {
        let cores = thread::available_parallelism().unwrap().get();
        // A quota of processor time allows fewer cores than there are.
        let Some(&last) = a_core_each(cores).last() else { return };
        let stays = thread::spawn(move || {
            stay_on(last);
            a_core_each(1)
        });
        assert_eq!(stays.join().unwrap(), [last]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_gives_way_as_it_was_told() {
        let policy = |lower: fn()| {
            let thread = thread::spawn(move || {
                lower();
                std::fs::read_to_string("/proc/thread-self/stat").unwrap()
            });
            // proc(5): 19 is the nice value and 41 the policy, after a name in brackets.
            let stat = thread.join().unwrap();
            let after_name = stat.rsplit_once(") ").unwrap().1;
            let field =
                |n: usize| after_name.split(' ').nth(n - 3).unwrap().parse::<i32>().unwrap();
            (field(19), field(41))
        };
        let (other, idle) = (0, 5);
        assert_eq!(policy(yield_to_the_reactor), (10, other));
        assert_eq!(policy(run_when_idle).1, idle);
    }
}
