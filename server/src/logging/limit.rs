//! Limits how much is logged. A client or a fault that repeats itself must not fill the disk or
//! hide other lines.
//!
//! Lines are counted by kind for one [`PERIOD`]. A kind is the place in the code, the message, the
//! client's network and the status. The first lines of a kind are written. At the end of the
//! period, one line for each kind says how many were left out. The audit log has no limit.

use std::collections::HashMap;
use std::fmt::{Debug, Write as _};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter};

use crate::audit;
use crate::client::network;

/// How long a period is. The counts begin anew after it.
pub(crate) const PERIOD: Duration = Duration::from_secs(10);

/// The most lines of one kind in a period.
const OF_A_KIND: u64 = 20;

/// The most lines from one place in the code in a period, whatever their message. The table holds
/// at most this many kinds for each place.
const OF_A_PLACE: u64 = 200;

/// The most lines in one period that say what was left out. One more line sums up the rest.
const TOLD: usize = 20;

/// How many characters of a message tell kinds apart.
const MESSAGE_CHARS: usize = 200;

/// The target of the lines that say what was left out.
const TARGET: &str = module_path!();

/// The counts of a log. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limit(Arc<Mutex<HashMap<Identifier, Place>>>);

/// A place in the code that writes lines.
#[derive(Debug)]
struct Place {
    level: Level,
    written: u64,
    /// Lines of kinds that are not in the table.
    left_out: u64,
    kinds: HashMap<Kind, Count>,
}

#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
struct Kind {
    client: Option<IpNet>,
    status: Option<u64>,
    message: String,
}

#[derive(Debug, Default)]
struct Count {
    written: u64,
    left_out: u64,
}

impl Limit {
    /// Logs how many lines were left out, and starts new counts. Call it once in a [`PERIOD`].
    pub(crate) fn tell(&self) {
        // The lock must be free here, since what is logged below goes through this filter, too.
        let places = std::mem::take(&mut *self.lock());
        let mut left_out = Vec::new();
        for (_, place) in places {
            let kinds = place.kinds.into_iter().map(|(kind, count)| (Some(kind), count.left_out));
            let all = kinds.chain([(None, place.left_out)]).filter(|(_, lines)| *lines > 0);
            left_out.extend(all.map(|(kind, lines)| (lines, place.level, kind)));
        }
        left_out.sort_by_key(|(lines, ..)| std::cmp::Reverse(*lines));
        let rest: u64 = left_out.iter().skip(TOLD).map(|(lines, ..)| lines).sum();
        for (lines, level, kind) in left_out.into_iter().take(TOLD) {
            tell(lines, level, kind.as_ref());
        }
        if rest > 0 {
            tell(rest, Level::WARN, None);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Identifier, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admits(&self, metadata: &Metadata<'_>, kind: Kind) -> bool {
        let mut places = self.lock();
        let place = places.entry(metadata.callsite()).or_insert_with(|| Place {
            level: *metadata.level(),
            written: 0,
            left_out: 0,
            kinds: HashMap::new(),
        });
        let is_full = place.written >= OF_A_PLACE;
        if is_full && !place.kinds.contains_key(&kind) {
            place.left_out += 1;
            return false;
        }
        let count = place.kinds.entry(kind).or_default();
        if is_full || count.written >= OF_A_KIND {
            count.left_out += 1;
            return false;
        }
        count.written += 1;
        place.written += 1;
        true
    }
}

fn tell(lines: u64, level: Level, kind: Option<&Kind>) {
    let client = kind.and_then(|kind| kind.client).map(tracing::field::display);
    let status = kind.and_then(|kind| kind.status);
    let like = kind.map(|kind| kind.message.as_str());
    let seconds = PERIOD.as_secs();
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(like, status, client, "left out {lines} lines in {seconds} s")
        };
    }
    match level {
        Level::ERROR => log!(error),
        Level::WARN => log!(warn),
        _ => log!(info),
    }
}

impl<S: Subscriber> Filter<S> for Limit {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if metadata.target() == TARGET || metadata.target() == audit::TARGET {
            return true;
        }
        let mut kind = Kind::default();
        event.record(&mut kind);
        self.admits(metadata, kind)
    }
}

impl Visit for Kind {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" {
            self.status = Some(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "client" => {
                let address = format!("{value:?}").parse::<IpAddr>();
                self.client = address.ok().map(network);
            }
            "message" => {
                let mut message = String::new();
                let _ = write!(message, "{value:?}");
                self.message = message.chars().take(MESSAGE_CHARS).collect();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
