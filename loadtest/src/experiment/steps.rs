//! The progress of an experiment that goes step by step, on standard error: a bar on a terminal, a
//! line now and then elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// From one line to the next where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows how far a number of steps has come.
#[derive(Debug)]
pub(crate) struct Steps {
    bar: ProgressBar,
    shown: Instant,
}

impl Steps {
    /// The first step begins, which scripts are told.
    pub(crate) fn begin(steps: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
        // A template that does not parse is a bar in indicatif's own style.
        if let Ok(style) = ProgressStyle::with_template("[{bar:24}] {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.suspend(|| eprintln!("run started"));
        Self { bar, shown: Instant::now() }
    }

    /// So many steps are done, and this is how it stands.
    pub(crate) fn at(&mut self, done: u64, state: impl FnOnce() -> String) {
        if !self.bar.is_hidden() {
            self.bar.set_position(done);
            self.bar.set_message(state());
        } else if self.shown.elapsed() >= LINE_EVERY {
            self.shown = Instant::now();
            eprintln!("{}", state());
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
