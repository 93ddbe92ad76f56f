//! What Goose logs. It warns of every request that gets no answer, hundreds of times when a server
//! is gone; the verdict counts them in one line.

use goose::config::GooseConfiguration;
use log::{Level, LevelFilter, Log, Metadata, Record};

struct ErrorsOnly;

static ERRORS_ONLY: ErrorsOnly = ErrorsOnly;

impl Log for ErrorsOnly {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Error
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            eprintln!("goose: {}", record.args());
        }
    }

    fn flush(&self) {}
}

/// Shows Goose's errors only, unless it is told to log more. Goose installs its own logger only
/// where there is none.
pub(crate) fn keep_goose_quiet(options: &GooseConfiguration) {
    if options.verbose == 0 && options.goose_log.is_none() && log::set_logger(&ERRORS_ONLY).is_ok()
    {
        log::set_max_level(LevelFilter::Error);
    }
}
