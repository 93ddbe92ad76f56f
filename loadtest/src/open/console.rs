//! A run as it goes on, on standard error: a bar on a terminal, a line now and then elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::live::Glance;
use super::observer::Observer;
use crate::text::{grouped, time_or_dash};

/// From one line to the next where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows a run of a known length.
#[derive(Debug)]
pub(crate) struct Console {
    bar: ProgressBar,
    /// Which part of an experiment the run is, and a space; empty where it is all of it.
    step: String,
    /// Whether scripts are told that the run has begun.
    announce: bool,
    planned: Duration,
    started: Option<Instant>,
    shown: Instant,
    last: Option<(Instant, Glance)>,
}

impl Console {
    /// For a run of this length that is this step of an experiment; the step is empty if it is all
    /// of it. With `announce`, scripts are told when it begins.
    pub(crate) fn new(step: &str, planned: Duration, announce: bool) -> Self {
        let step = if step.is_empty() { String::new() } else { format!("{step}: ") };
        let length = u64::try_from(planned.as_millis()).ok();
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
        // A template that does not parse is a bar in indicatif's own style.
        if let Ok(style) = ProgressStyle::with_template("[{bar:24}] {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        let shown = Instant::now();
        Self { bar, step, announce, planned, started: None, shown, last: None }
    }

    fn line(&self, glance: &Glance, elapsed: Duration) -> String {
        let per_second = |now: u64, before: fn(&Glance) -> u64| match &self.last {
            Some((at, last)) if at.elapsed() > Duration::from_millis(50) => {
                (now - before(last)) as f64 / at.elapsed().as_secs_f64()
            }
            _ => 0.0,
        };
        let p99 = time_or_dash(glance.recent.quantile(0.99));
        let waiting = match glance.waiting {
            0 => String::new(),
            waiting => format!(" and {} waiting", grouped(waiting)),
        };
        format!(
            "{}{:.0} of {:.0} s  offered {:.0}/s  answered {:.0}/s  p99 {p99}  {} in flight{waiting}  \
             {} failed",
            self.step,
            elapsed.as_secs_f64(),
            self.planned.as_secs_f64(),
            per_second(glance.offered, |last| last.offered),
            per_second(glance.served, |last| last.served),
            grouped(glance.in_flight),
            grouped(glance.failed)
        )
    }
}

impl Observer for Console {
    fn started(&mut self) {
        self.started = Some(Instant::now());
        if self.announce {
            // Fixed: scripts wait for it.
            self.bar.suspend(|| eprintln!("run started"));
        }
        if !self.step.is_empty() && self.bar.is_hidden() {
            eprintln!("{}{:.0} s", self.step, self.planned.as_secs_f64());
        }
    }

    fn tick(&mut self, glance: &Glance) {
        let Some(started) = self.started else { return };
        let elapsed = started.elapsed().min(self.planned);
        let every = if self.bar.is_hidden() { LINE_EVERY } else { Duration::from_millis(500) };
        if self.last.is_some() && self.shown.elapsed() < every {
            return;
        }
        let line = self.line(glance, elapsed);
        if !self.bar.is_hidden() {
            self.bar.set_position(u64::try_from(elapsed.as_millis()).unwrap_or(0));
            self.bar.set_message(line);
        } else if self.last.is_some() {
            eprintln!("{line}");
        }
        self.shown = Instant::now();
        self.last = Some((self.shown, glance.clone()));
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
