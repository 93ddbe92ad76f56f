//! A server's memory, and what it keeps after a flood of connections.

use std::thread;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::row::{Row, Target, Unit};
use crate::server::Server;
use crate::statistics::Spread;

/// How many bytes more a server may keep after a flood than it had before.
const KEPT_AFTER_FLOOD: u64 = 10_000_000;

/// How long to wait before its memory is read again.
const PAUSE: Duration = Duration::from_secs(1);

/// The server's resident memory.
pub(super) fn resident(server: &Server) -> anyhow::Result<Spread> {
    Ok(megabytes(server.memory()?.resident))
}

pub(super) fn megabytes(bytes: u64) -> Spread {
    Spread::single(bytes as f64 / 1e6)
}

/// How much memory a server keeps after its clients have gone. It has a minute to give back what it
/// did not have before.
pub(super) fn after_flood(bench: &Bench, server: &Server, before: u64) -> anyhow::Result<Row> {
    bench.step("memory after the connections are closed");
    let (began, most) = (Instant::now(), before + KEPT_AFTER_FLOOD);
    let at_once = server.memory()?.resident;
    let patience = Duration::from_secs(bench.pick(60, 15));
    let kept = wait_for(most, patience, PAUSE, || Ok(server.memory()?.resident))?;
    let seconds = began.elapsed().as_secs();
    let row = Row::new("resident memory after they have gone", megabytes(kept), Unit::Megabytes);
    let row = row.beside("before they came", megabytes(before));
    let note = format!("{:.1} MB at once, and this {seconds} s later", at_once as f64 / 1e6);
    Ok(row.must(Target::AtMost(most as f64 / 1e6)).note(note))
}

/// Reads the memory until it is at most this much or the time is over. Returns what it read last.
fn wait_for(
    most: u64,
    patience: Duration,
    pause: Duration,
    mut resident: impl FnMut() -> anyhow::Result<u64>,
) -> anyhow::Result<u64> {
    let began = Instant::now();
    loop {
        let now = resident()?;
        if now <= most || began.elapsed() >= patience {
            return Ok(now);
        }
        thread::sleep(pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_until_it_is_low_enough_or_the_time_is_over() {
        let after = |patience| {
            let mut readings = [90, 60, 30, 10].into_iter();
            wait_for(40, patience, Duration::ZERO, || Ok(readings.next().unwrap())).unwrap()
        };
        assert_eq!(after(Duration::MAX), 30);
        assert_eq!(after(Duration::ZERO), 90);
    }
}
