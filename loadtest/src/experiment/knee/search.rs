//! The search for the highest rate that holds. It decides which rate is tried next, and knows
//! nothing of how.

use serde::Serialize;

/// How a try at a rate ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ProbeOutcome {
    /// The rate holds.
    Holds,
    /// It does not.
    Misses,
    /// Nothing: the generator fell behind.
    Invalid,
    /// Nothing, and no more is to be tried.
    Interrupted,
}

/// Where a search begins and ends, in requests per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub(crate) start: f64,
    /// Below it no rate is tried.
    pub(crate) least: f64,
    /// Above it no rate is tried.
    pub(crate) most: f64,
    /// How close the bounds come, as a share of the lower one.
    pub(crate) resolution: f64,
}

/// What a search has found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Bounds {
    /// The highest rate that held below all that did not.
    pub(crate) holds_per_s: Option<f64>,
    /// The lowest rate that did not, or at which the generator fell behind.
    pub(crate) beyond_per_s: Option<f64>,
    pub(crate) limit: Limit,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Limit {
    /// The rate beyond does not hold, and is as close as was asked for.
    Server,
    /// The generator cannot offer the rate beyond, so that the server may well hold more.
    Generator,
    /// Even the highest rate that is tried holds.
    Most,
    /// Not even the lowest one does.
    Least,
    /// It was stopped.
    Stopped,
}

/// How close the bounds come where the generator is the limit, whatever was asked for: the knee is
/// not between them.
const GENERATOR_RESOLUTION: f64 = 0.25;
/// From one rate to the next while no bound is known.
const GROWTH: f64 = 2.0;

/// Doubles or halves the rate until one that holds and one that misses are known, and then tries
/// the geometric mean of both. An invalid probe is repeated once; then a higher rate is tried,
/// since a busy neighbour may have been the reason. If that one is invalid too, the rate bounds the
/// search as the generator's limit.
pub(crate) fn search<E>(
    range: Range,
    mut try_rate: impl FnMut(f64) -> Result<ProbeOutcome, E>,
) -> Result<Bounds, E> {
    let mut holds = None;
    let mut beyond: Option<(f64, Limit)> = None;
    let mut rate = range.start.clamp(range.least, range.most);
    loop {
        let mut outcome = try_rate(rate)?;
        if outcome == ProbeOutcome::Invalid {
            outcome = try_rate(rate)?;
        }
        let silent = (outcome == ProbeOutcome::Invalid).then_some(rate);
        if let Some(higher) = silent.and_then(|rate| range.higher(rate, beyond)) {
            outcome = try_rate(higher)?;
            rate = higher;
        }
        match outcome {
            ProbeOutcome::Holds => holds = Some(rate),
            ProbeOutcome::Misses => beyond = Some((rate, Limit::Server)),
            ProbeOutcome::Invalid => beyond = Some((silent.unwrap_or(rate), Limit::Generator)),
            ProbeOutcome::Interrupted => return Ok(bounds(holds, beyond, Limit::Stopped)),
        }
        rate = match (holds, beyond) {
            (Some(low), Some((high, limit))) if high / low <= 1.0 + range.closeness(limit) => {
                return Ok(bounds(holds, beyond, limit));
            }
            (Some(low), Some((high, _))) => (low * high).sqrt(),
            (Some(low), None) if low >= range.most => {
                return Ok(bounds(holds, beyond, Limit::Most));
            }
            (Some(low), None) => (low * GROWTH).min(range.most),
            (None, Some((high, limit))) if high <= range.least => {
                let limit = if limit == Limit::Generator { limit } else { Limit::Least };
                return Ok(bounds(holds, beyond, limit));
            }
            (None, Some((high, _))) => (high / GROWTH).max(range.least),
            // The rate that was just tried is one of the bounds.
            (None, None) => rate,
        };
    }
}

impl Range {
    /// A rate between one and the bound above it, unless that is too close.
    fn higher(&self, rate: f64, beyond: Option<(f64, Limit)>) -> Option<f64> {
        match beyond {
            None => Some((rate * GROWTH).min(self.most)).filter(|higher| *higher > rate),
            Some((high, limit)) => {
                (high / rate > 1.0 + self.closeness(limit)).then(|| (rate * high).sqrt())
            }
        }
    }

    fn closeness(&self, limit: Limit) -> f64 {
        match limit {
            Limit::Generator => self.resolution.max(GENERATOR_RESOLUTION),
            _ => self.resolution,
        }
    }
}

fn bounds(holds: Option<f64>, beyond: Option<(f64, Limit)>, limit: Limit) -> Bounds {
    Bounds { holds_per_s: holds, beyond_per_s: beyond.map(|(rate, _)| rate), limit }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: Range = Range { start: 10.0, least: 1.0, most: 10_000.0, resolution: 0.05 };

    /// A search over a server that holds up to `knee` and a generator that reaches `reach`; the
    /// rates that were tried with it.
    fn searched(range: Range, knee: f64, reach: f64) -> (Bounds, Vec<f64>) {
        let mut tried = Vec::new();
        let found = search(range, |rate| {
            tried.push(rate);
            Ok::<_, ()>(match rate {
                _ if rate > reach => ProbeOutcome::Invalid,
                _ if rate > knee => ProbeOutcome::Misses,
                _ => ProbeOutcome::Holds,
            })
        });
        (found.unwrap(), tried)
    }

    #[test]
    fn the_knee_is_between_the_bounds_and_they_are_as_close_as_asked_for() {
        for knee in [1.2, 7.0, 10.0, 70.0, 9_999.0] {
            let (found, tried) = searched(RANGE, knee, f64::INFINITY);
            let (low, high) = (found.holds_per_s.unwrap(), found.beyond_per_s.unwrap());
            assert!(low <= knee && knee < high && high / low <= 1.05, "{knee}: {found:?}");
            assert_eq!(found.limit, Limit::Server);
            assert!(tried.len() <= 16, "{knee}: {tried:?}");
        }
    }

    #[test]
    fn a_generator_that_falls_behind_is_tried_twice_and_is_then_the_limit() {
        let (found, tried) = searched(RANGE, f64::INFINITY, 100.0);
        let (low, high) = (found.holds_per_s.unwrap(), found.beyond_per_s.unwrap());
        assert!(low <= 100.0 && 100.0 < high && found.limit == Limit::Generator, "{found:?}");
        assert_eq!(tried.iter().filter(|rate| **rate == 160.0).count(), 2, "{tried:?}");
        assert_eq!(tried.iter().filter(|rate| **rate == 320.0).count(), 1, "{tried:?}");
    }

    #[test]
    fn a_generator_that_falls_behind_at_a_low_rate_and_not_at_a_higher_one_is_no_limit() {
        let found = search(RANGE, |rate| {
            Ok::<_, ()>(match rate {
                30.0..45.0 => ProbeOutcome::Invalid,
                _ if rate > 200.0 => ProbeOutcome::Misses,
                _ => ProbeOutcome::Holds,
            })
        });
        let found = found.unwrap();
        let (low, high) = (found.holds_per_s.unwrap(), found.beyond_per_s.unwrap());
        assert!(low <= 200.0 && 200.0 < high && found.limit == Limit::Server, "{found:?}");
    }

    #[test]
    fn a_search_ends_whatever_it_is_told() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..1000 {
            let mut tries = 0;
            let found = search(RANGE, |_| {
                tries += 1;
                let outcomes = [ProbeOutcome::Holds, ProbeOutcome::Misses, ProbeOutcome::Invalid];
                Ok::<_, ()>(outcomes[random.usize(..3)])
            });
            assert!(found.is_ok() && tries < 200, "{tries}");
        }
    }

    #[test]
    fn a_generator_that_falls_behind_once_is_no_limit() {
        let mut tries = 0;
        let found = search(RANGE, |rate| {
            tries += 1;
            Ok::<_, ()>(if tries == 2 {
                ProbeOutcome::Invalid
            } else if rate > 70.0 {
                ProbeOutcome::Misses
            } else {
                ProbeOutcome::Holds
            })
        });
        let found = found.unwrap();
        assert!(found.limit == Limit::Server && found.beyond_per_s.unwrap() < 74.0, "{found:?}");
    }

    #[test]
    fn beyond_a_knee_below_the_generators_limit_the_server_is_the_limit() {
        let (found, _) = searched(RANGE, 50.0, 75.0);
        assert!(found.limit == Limit::Server && found.beyond_per_s.unwrap() <= 53.0, "{found:?}");
    }

    #[test]
    fn what_never_holds_or_always_does_ends_at_the_ends() {
        let (found, tried) = searched(RANGE, 0.0, f64::INFINITY);
        assert_eq!((found.limit, found.holds_per_s), (Limit::Least, None));
        assert_eq!(tried, [10.0, 5.0, 2.5, 1.25, 1.0]);
        let (found, _) = searched(RANGE, f64::INFINITY, f64::INFINITY);
        assert_eq!((found.limit, found.holds_per_s), (Limit::Most, Some(10_000.0)));
        let (found, _) = searched(RANGE, f64::INFINITY, 0.0);
        assert_eq!((found.limit, found.holds_per_s), (Limit::Generator, None));
    }

    #[test]
    fn a_stopped_search_keeps_what_it_knows() {
        let mut tries = 0;
        let found = search(RANGE, |_| {
            tries += 1;
            Ok::<_, ()>(if tries > 3 { ProbeOutcome::Interrupted } else { ProbeOutcome::Holds })
        });
        let known = Bounds { holds_per_s: Some(40.0), beyond_per_s: None, limit: Limit::Stopped };
        assert_eq!(found.unwrap(), known);
    }

    #[test]
    fn an_error_ends_the_search() {
        assert_eq!(search(RANGE, |_| Err::<ProbeOutcome, _>("broken")), Err("broken"));
    }
}
