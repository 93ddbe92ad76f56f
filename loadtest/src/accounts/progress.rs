//! How far the set-up has come, on standard error: a bar on a terminal, else a line now and then.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// From one line to the next where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(2);
/// No word is said of so few accounts.
const FEW: usize = 2;

/// The progress of one piece of work of `total` steps.
#[derive(Debug)]
pub(crate) struct Progress {
    /// What is being done, such as `registering`.
    doing: &'static str,
    bar: ProgressBar,
    total: usize,
    done: usize,
    started: Instant,
    reported: Instant,
}

impl Progress {
    pub(crate) fn start(doing: &'static str, total: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
        let template = "{msg} [{bar:30}] {pos}/{len} accounts, {per_sec}, {eta} to go";
        // A template that does not parse is a bar in indicatif's own style.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(doing);
        let now = Instant::now();
        Self { doing, bar, total, done: 0, started: now, reported: now }
    }

    pub(crate) fn done(&self) -> usize {
        self.done
    }

    pub(crate) fn advance(&mut self, steps: usize) {
        self.done += steps;
        self.bar.inc(steps as u64);
        if self.bar.is_hidden() && self.reported.elapsed() >= LINE_EVERY {
            self.reported = Instant::now();
            eprintln!("{}", line(self.doing, self.done, self.total, self.started.elapsed()));
        }
    }

    /// Says what was done in place of the bar, if it was worth one.
    pub(crate) fn finish(self, did: &str) {
        self.bar.finish_and_clear();
        let seconds = self.started.elapsed().as_secs_f64();
        if self.done > FEW {
            eprintln!("{did} {} accounts in {seconds:.1} s", self.done);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Rate and time to go as they were on the average until now.
fn line(doing: &str, done: usize, total: usize, elapsed: Duration) -> String {
    let rate = done as f64 / elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
    let to_go = match done {
        0 => "unknown time".to_owned(),
        _ => format!("{:.0} s", (total - done) as f64 / rate),
    };
    format!("{doing}: {done} of {total} accounts, {rate:.1}/s, {to_go} to go")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_rate_and_time_to_go() {
        assert_eq!(
            line("registering", 50, 200, Duration::from_secs(5)),
            "registering: 50 of 200 accounts, 10.0/s, 15 s to go"
        );
        assert!(line("registering", 0, 200, Duration::ZERO).ends_with("unknown time to go"));
    }
}
