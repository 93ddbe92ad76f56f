//! How many requests are due and not answered, over the measured time: whether a queue grows to the
//! end.

use std::time::Duration;

/// The measured time in so many equal parts.
const PARTS: usize = 8;
/// A queue that grows by no more than this share of what arrives is not told from none.
const LEAST_GROWTH: f64 = 0.01;
/// So many requests may be under way at the end that were not before.
const IN_FLIGHT: f64 = 2.0;

/// The requests of one stream that are due and not answered.
///
/// The fewest of each part count, so that a server that pauses and catches up again has no growing
/// queue.
#[derive(Clone, Debug)]
pub(crate) struct Backlog {
    start: Duration,
    length: Duration,
    /// Whether arrivals are random: as many come in one half as in the other only on the average.
    random: bool,
    now: u64,
    /// The part in which the last event was.
    part: usize,
    fewest: [u64; PARTS],
    /// How many were due in the second half.
    due: u64,
}

/// A queue that grew to the end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Growth {
    /// How many waited at half time.
    pub(crate) from: u64,
    /// How many waited in the end.
    pub(crate) to: u64,
}

impl Backlog {
    /// Over `length` from `start` on, both since the run's start.
    pub(crate) fn new(start: Duration, length: Duration, random: bool) -> Self {
        Self { start, length, random, now: 0, part: 0, fewest: [0; PARTS], due: 0 }
    }

    /// A request was due at `at`.
    pub(crate) fn due(&mut self, at: Duration) {
        self.go_on_to(at);
        self.now += 1;
        let half = self.start + self.length / 2;
        self.due += u64::from(at >= half && at < self.start + self.length);
    }

    /// A request was answered at `at`. One that never is stays in the backlog.
    pub(crate) fn answered(&mut self, at: Duration) {
        self.go_on_to(at);
        self.now = self.now.saturating_sub(1);
        if at < self.start + self.length {
            self.fewest[self.part] = self.fewest[self.part].min(self.now);
        }
    }

    fn go_on_to(&mut self, at: Duration) {
        let since = at.saturating_sub(self.start).as_secs_f64();
        let part = PARTS as f64 * since / self.length.as_secs_f64().max(1e-9);
        let part = (part as usize).min(PARTS - 1);
        if at < self.start {
            self.fewest[0] = self.now;
        }
        while self.part < part {
            self.part += 1;
            self.fewest[self.part] = self.now;
        }
    }

    /// How the queue grew through all of the second half, if it did.
    pub(crate) fn growth(&self) -> Option<Growth> {
        if self.part < PARTS - 1 {
            return None;
        }
        let half = &self.fewest[PARTS / 2 - 1..];
        let grows = half.is_sorted_by(|before, after| before < after);
        let (from, to) = (half[0], half[half.len() - 1]);
        let due = self.due as f64;
        let chance = if self.random { 2.0 * due.sqrt() } else { 0.0 };
        let bearable = (LEAST_GROWTH * due).max(IN_FLIGHT).max(chance);
        (grows && (to - from) as f64 > bearable).then_some(Growth { from, to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of ten seconds in which requests arrive at an even rate, and each is answered when
    /// this says, in seconds.
    fn growth(per_s: u32, answered: impl Fn(f64) -> f64) -> Option<Growth> {
        let length = Duration::from_secs(10);
        let mut backlog = Backlog::new(Duration::ZERO, length, false);
        let mut events: Vec<(Duration, bool)> = Vec::new();
        for number in 0..per_s * 10 {
            let due = f64::from(number) / f64::from(per_s);
            events.push((Duration::from_secs_f64(due), true));
            events.push((Duration::from_secs_f64(answered(due)), false));
        }
        events.sort();
        for (at, due) in events {
            if due { backlog.due(at) } else { backlog.answered(at) }
        }
        backlog.growth()
    }

    #[test]
    fn a_queue_grows_where_less_is_answered_than_arrives() {
        // 200 per second are answered, one after the other.
        let at_most_200 = |per_s: f64| move |due: f64| (due * per_s + 1.0) / 200.0;
        let grown = growth(250, at_most_200(250.0)).unwrap();
        assert!((180..=200).contains(&grown.from), "{grown:?}");
        assert!((430..=450).contains(&grown.to), "{grown:?}");
        assert!(growth(205, at_most_200(205.0)).is_some());
        assert_eq!(growth(200, at_most_200(200.0)), None);
    }

    #[test]
    fn a_long_latency_or_a_pause_is_no_growing_queue() {
        assert_eq!(growth(50, |due| due + 2.5), None);
        // A pause at the end, and a train of pauses.
        assert_eq!(growth(100, |due| if due > 8.0 { 10.5 } else { due + 0.001 }), None);
        assert_eq!(growth(100, |due| due.ceil().max(due + 0.001)), None);
    }

    #[test]
    fn what_is_never_answered_is_a_queue() {
        assert!(growth(20, |_| 60.0).is_some());
    }

    #[test]
    fn a_queue_of_random_arrivals_may_vary_by_chance() {
        let mut backlog = Backlog::new(Duration::ZERO, Duration::from_secs(8), true);
        // One request more waits after each second: of 8, that is chance.
        for second in 0..8 {
            backlog.due(Duration::from_secs(second));
        }
        assert_eq!(backlog.growth(), None);
    }
}
