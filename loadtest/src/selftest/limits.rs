//! Runs that say nothing about the server, or nothing bad. There are too few requests, no file
//! descriptors, or connections that close as requests leave.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::plain::{Plain, run_plan};
use super::row::{Row, heading};
use super::server::DelayServer;
use crate::interrupt::Interrupt;
use crate::open::{Load, Plan, judge};
use crate::slo::Slo;
use crate::sut::TargetArgs;
use crate::verdict::{Ending, Verdict};

const MS: Duration = Duration::from_millis(1);
/// More than one would take that has this many file descriptors to spare.
const AT_ONCE: usize = 100;
const SPARE: u64 = 40;

/// Three requests, and an objective about the slowest of a thousand.
pub(super) fn few(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Vec<Row>> {
    let server = DelayServer::start(Duration::ZERO)?;
    let at = (0..3).map(|number| 100 * MS * number).collect();
    let plan = Plan::constant(vec![Load::At(at)], 300 * MS, args.timeout);
    let result = run_plan(&plan, Plain, server.address, interrupt)?;
    heading("three requests, and p99.9<1s as the objective");
    let slo: Slo = "p99.9<1s".parse().map_err(anyhow::Error::msg)?;
    Ok(vec![invalid(&judge(&result, &[slo], None).ending, "too few requests")])
}

/// More requests at once than there are file descriptors.
pub(super) fn descriptors(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Vec<Row>> {
    let server = DelayServer::start(500 * MS)?;
    let plan = Plan::constant(vec![Load::At(vec![Duration::ZERO; AT_ONCE])], MS, args.timeout);
    let limit = getrlimit(Resource::Nofile);
    let open = std::fs::read_dir("/proc/self/fd").map_or(20, Iterator::count) as u64;
    setrlimit(Resource::Nofile, Rlimit { current: Some(open + SPARE), ..limit })?;
    let result = run_plan(&plan, Plain, server.address, interrupt);
    setrlimit(Resource::Nofile, limit)?;
    heading("100 requests at once and 40 file descriptors");
    Ok(vec![invalid(&judge(&result?, &[], None).ending, "file descriptor")])
}

/// A server that closes each connection as the second request arrives on it.
pub(super) fn closing(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Vec<Row>> {
    let at = (0..20).map(|number| 50 * MS * number).collect();
    let plan = Plan::constant(vec![Load::At(at)], 1000 * MS, args.timeout);
    let result = run_plan(&plan, Plain, closing_server()?, interrupt)?;
    heading("a server that closes each connection as the second of 20 requests arrives on it");
    let (served, resent) = (result.total(0).served(), result.generator.resent);
    Ok(vec![Row::same("answered rightly", &20, &served), Row::same("sent once more", &19, &resent)])
}

fn invalid(ending: &Ending, says: &str) -> Row {
    let right = ending.verdict == Verdict::Invalid && ending.reason.contains(says);
    Row {
        what: "verdict",
        truth: Verdict::Invalid.to_string(),
        reported: ending.verdict.to_string(),
        distance: format!("the same, for {says}"),
        right,
    }
}

fn closing_server() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 1024];
            // Whatever goes wrong shows in what is reported.
            let _ = stream.read(&mut request);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
            let _ = stream.read(&mut request);
        }
    });
    Ok(address)
}
