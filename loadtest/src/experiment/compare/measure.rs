//! The same blocks of load on both servers.

use std::time::Duration;

use super::Args;
use crate::closed::{Block, Span};
use crate::experiment::Steps;
use crate::experiment::duel::{Pair, Side, Subject, pair};
use crate::interrupt::Interrupt;
use crate::stats::{Interval, SignedRank, median, sorted};

/// The confidence of each interval, both of its ends together.
pub(super) const CONFIDENCE: f64 = 0.95;

/// What a comparison is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ComparedBy {
    /// The median time of a request, where there is one at a time.
    Time,
    /// Requests per second, where there are as many at once as there are connections.
    Rate,
}

/// Blocks of one kind.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) subject: Subject,
    pub(super) measure: ComparedBy,
    pub(super) pairs: Vec<Pair>,
}

impl ComparedBy {
    /// A block's figure: in microseconds, or per second.
    pub(super) fn of(self, block: &Block) -> f64 {
        match self {
            Self::Time => block.p50(),
            Self::Rate => block.per_second,
        }
    }

    /// How many times as fast A is.
    fn ratio(self, pair: &Pair) -> f64 {
        match self {
            Self::Time => self.of(&pair.b) / self.of(&pair.a),
            Self::Rate => self.of(&pair.a) / self.of(&pair.b),
        }
    }
}

impl Comparison {
    /// How many times as fast A is, with an interval; `None` if there is too little to say.
    pub(super) fn ratio(&self) -> Option<Interval> {
        let logs: Vec<f64> = self.pairs.iter().map(|pair| self.measure.ratio(pair).ln()).collect();
        if logs.iter().any(|log| !log.is_finite()) {
            return None;
        }
        let limits = SignedRank::of(&logs).limits(f64::midpoint(1.0, CONFIDENCE))?;
        Some(limits.map(f64::exp))
    }

    /// The middle of the blocks' figures.
    pub(super) fn middle(&self, side: fn(&Pair) -> &Block) -> f64 {
        median(&sorted(self.pairs.iter().map(|pair| self.measure.of(side(pair))).collect()))
    }

    /// How long each request took, in all blocks, in ascending order.
    pub(super) fn times(&self, side: fn(&Pair) -> &Block) -> Vec<f64> {
        sorted(self.pairs.iter().flat_map(|pair| side(pair).times_us.clone()).collect())
    }
}

/// Measures everything that is asked for, or as far as an interrupt lets it.
pub(super) fn measure(
    args: &Args,
    sides: &mut [Side; 2],
    interrupt: &Interrupt,
) -> Vec<Comparison> {
    let both = |subject: &Subject| [(*subject, ComparedBy::Time), (*subject, ComparedBy::Rate)];
    let kinds: Vec<(Subject, ComparedBy)> = args.of.iter().flat_map(both).collect();
    let mut steps = Steps::begin(kinds.len() as u64 * u64::from(args.pairs));
    let mut all = Vec::new();
    for ((subject, measure), before) in kinds.into_iter().zip(0u64..) {
        let (connections, span) = match measure {
            ComparedBy::Time => (1, subject.span()),
            ComparedBy::Rate => (args.connections.get(), rate_span(subject)),
        };
        let mut comparison = Comparison { subject, measure, pairs: Vec::new() };
        if !interrupt.caught() {
            // The first pair warms both up.
            pair(0, sides, subject, connections, subject.span());
        }
        for number in (1..=args.pairs).take_while(|_| !interrupt.caught()) {
            let block = usize::try_from(number - 1).unwrap_or_default();
            comparison.pairs.push(pair(block, sides, subject, connections, span));
            steps.at(before * u64::from(args.pairs) + u64::from(number), || {
                let many = if connections == 1 { "connection" } else { "connections" };
                format!("{subject} on {connections} {many}: {number} of {} blocks", args.pairs)
            });
        }
        all.push(comparison);
    }
    all
}

/// Long enough that the ends of a block, where not every connection is busy, weigh little.
fn rate_span(subject: Subject) -> Span {
    match subject {
        Subject::Login => Span { time: Duration::from_secs(1), answers: 2 },
        Subject::Verify => Span { time: Duration::from_millis(500), answers: 5 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(time_us: f64, per_second: f64) -> Block {
        Block { times_us: vec![time_us], per_second, failures: vec![] }
    }

    #[test]
    fn both_measures_say_how_many_times_as_fast_the_first_server_is() {
        let pairs = vec![Pair { a: block(100.0, 40.0), b: block(300.0, 10.0) }; 8];
        let ratio = |measure| {
            let measured = Comparison { subject: Subject::Login, measure, pairs: pairs.clone() };
            measured.ratio().unwrap().estimate
        };
        assert!((ratio(ComparedBy::Time) - 3.0).abs() < 1e-9);
        assert!((ratio(ComparedBy::Rate) - 4.0).abs() < 1e-9);
    }

    #[test]
    fn a_block_without_answers_leaves_no_ratio() {
        let mut pairs = vec![Pair { a: block(1.0, 1.0), b: block(1.0, 1.0) }; 8];
        pairs[3].b = Block::default();
        let measured = Comparison { subject: Subject::Verify, measure: ComparedBy::Time, pairs };
        assert_eq!(measured.ratio(), None);
    }
}
