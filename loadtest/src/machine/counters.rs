//! Reads the counters that show contention, where the system has them.

use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::contention::{Cores, Reading};

/// Where the server under test runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// In the generator's own process.
    Inside,
    /// In these processes of this machine.
    Processes(Vec<i32>),
    /// On another machine, whose processor time is not known.
    Elsewhere,
    /// On this machine, nobody knows in which processes.
    Unknown,
}

impl Place {
    /// Where the server is that listens at this port of this address. On this machine it runs in
    /// the processes that hold the socket, and in those that they started.
    pub(crate) fn of(address: Option<IpAddr>, port: Option<u16>) -> Self {
        let (Some(address), Some(port)) = (address, port) else { return Self::Unknown };
        if !address.is_loopback() && UdpSocket::bind((address, 0)).is_err() {
            return Self::Elsewhere;
        }
        match listeners(port) {
            Some(pids) if !pids.is_empty() => Self::Processes(pids),
            _ => Self::Unknown,
        }
    }

    /// Where a server is that runs in both places. What is not known of one is not known of both.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Processes(mut pids), Self::Processes(more)) => {
                pids.extend(more);
                pids.sort_unstable();
                pids.dedup();
                Self::Processes(pids)
            }
            (one, other) if one == other => one,
            (Self::Elsewhere, _) | (_, Self::Elsewhere) => Self::Elsewhere,
            _ => Self::Unknown,
        }
    }
}

/// All counters, now.
pub(crate) fn read(place: &Place) -> Reading {
    let (server, delay) = match place {
        Place::Inside => (Some(BTreeMap::new()), None),
        Place::Processes(pids) => (
            Some(pids.iter().filter_map(|pid| Some((*pid, time_of(*pid)?))).collect()),
            pids.iter().map(|pid| delay_of(*pid)).sum(),
        ),
        Place::Elsewhere | Place::Unknown => (None, None),
    };
    let own = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Reading {
        at: Instant::now(),
        machine: cores(),
        own: Duration::try_from(own).unwrap_or_default(),
        server,
        delay,
        cpu_pressure: pressure("cpu"),
        memory_pressure: pressure("memory"),
    }
}

/// For how long some task has waited (`/proc/pressure`).
fn pressure(of: &str) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/pressure/{of}")).ok()?;
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let total = some.split(' ').find_map(|word| word.strip_prefix("total="))?;
    total.trim().parse().ok().map(Duration::from_micros)
}

/// For how long the threads of a process have waited for a core (`schedstat`).
fn delay_of(pid: i32) -> Option<Duration> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let delay = |task: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').nth(1)?.trim().parse().ok().map(Duration::from_nanos)
    };
    Some(tasks.filter_map(delay).sum())
}

#[cfg(target_os = "linux")]
fn cores() -> Option<Cores> {
    use procfs::CurrentSI as _;
    let stats = procfs::KernelStats::current().ok()?;
    let all = &stats.total;
    let idle = all.idle_duration() + all.iowait_duration().unwrap_or_default();
    let stolen = all.steal_duration().unwrap_or_default();
    let busy = all.user_duration() + all.nice_duration() + all.system_duration();
    let interrupts = [all.irq_duration(), all.softirq_duration()];
    let interrupts: Duration = interrupts.into_iter().flatten().sum();
    let number = u32::try_from(stats.cpu_time.len()).ok().filter(|number| *number > 0)?;
    let accounted = idle + stolen + busy + interrupts;
    Some(Cores { number, idle, stolen, interrupts, accounted })
}

#[cfg(target_os = "linux")]
fn time_of(pid: i32) -> Option<Duration> {
    let stat = procfs::process::Process::new(pid).ok()?.stat().ok()?;
    let ticks = stat.utime + stat.stime;
    Some(Duration::from_secs_f64(ticks as f64 / procfs::ticks_per_second() as f64))
}

/// The processes that hold a socket that listens at this port, and what they have started. `None`
/// if that cannot be told, as behind a proxy of containers.
#[cfg(target_os = "linux")]
fn listeners(port: u16) -> Option<Vec<i32>> {
    let sockets = listening_sockets(port)?;
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let (mut holders, mut parents) = (HashSet::new(), Vec::new());
    for process in procfs::process::all_processes().ok()?.flatten() {
        let Ok(stat) = process.stat() else { continue };
        parents.push((stat.pid, stat.ppid));
        let holds = holds_one_of(&process, &sockets);
        // A proxy of containers only passes on what others do.
        if holds && stat.comm.contains("docker-proxy") {
            return None;
        }
        if holds && stat.pid != own {
            holders.insert(stat.pid);
        }
    }
    loop {
        let started =
            |(pid, parent): &&(i32, i32)| holders.contains(parent) && !holders.contains(pid);
        // This program may have been started by a server that tests itself.
        let more = parents.iter().filter(started).map(|(pid, _)| *pid).filter(|pid| *pid != own);
        let more: Vec<i32> = more.collect();
        if more.is_empty() {
            return Some(holders.into_iter().collect());
        }
        holders.extend(more);
    }
}

/// The inodes of the sockets that listen at this port.
#[cfg(target_os = "linux")]
fn listening_sockets(port: u16) -> Option<HashSet<u64>> {
    let sockets = procfs::net::tcp().ok()?.into_iter();
    let sockets = sockets.chain(procfs::net::tcp6().unwrap_or_default());
    let listens = |socket: &procfs::net::TcpNetEntry| {
        socket.local_address.port() == port && socket.state == procfs::net::TcpState::Listen
    };
    Some(sockets.filter(listens).map(|socket| socket.inode).collect())
}

#[cfg(target_os = "linux")]
fn holds_one_of(process: &procfs::process::Process, sockets: &HashSet<u64>) -> bool {
    use procfs::process::FDTarget;
    let mut descriptors = process.fd().into_iter().flatten().flatten();
    descriptors.any(|fd| matches!(fd.target, FDTarget::Socket(inode) if sockets.contains(&inode)))
}

#[cfg(not(target_os = "linux"))]
fn cores() -> Option<Cores> {
    None
}

#[cfg(not(target_os = "linux"))]
fn time_of(_pid: i32) -> Option<Duration> {
    None
}

#[cfg(not(target_os = "linux"))]
fn listeners(_port: u16) -> Option<Vec<i32>> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn counters_grow_and_another_machine_is_told_from_this_one() {
        let before = read(&Place::Inside);
        let after = read(&Place::Processes(vec![1]));
        assert!(before.own <= after.own && before.machine.is_some());
        assert!(after.machine.unwrap().idle >= before.machine.unwrap().idle);
        // Of the net that is for documentation (RFC 5737).
        let elsewhere = Place::of(Some([192, 0, 2, 1].into()), Some(80));
        assert_eq!(elsewhere, Place::Elsewhere);
        assert_eq!(Place::of(None, Some(80)), Place::Unknown);
    }
}
