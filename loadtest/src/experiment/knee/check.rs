//! Checks the login knee against what the cores can hash. That figure comes from lone logins at an
//! idle server, without any load.

use std::time::Duration;

use serde::Serialize;

use crate::experiment::streams::works;
use crate::experiment::{GeneratorArgs, Scene, Stream};
use crate::open::Phase;

/// Far enough apart that each login is alone, unless it takes longer than half a second.
const LONE_RATE: f64 = 2.0;
const LONE_TIME: Duration = Duration::from_secs(4);
/// The first logins find cold caches.
const LONE_WARM_UP: Duration = Duration::from_secs(1);

/// Two figures of the same thing, from different measurements.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct CrossCheck {
    /// How long a login takes at an idle server.
    pub(crate) lone_login_us: u128,
    pub(crate) cores: usize,
    /// What the cores can do if each has one login at a time and nothing else.
    pub(crate) cores_over_time_per_s: f64,
    pub(crate) knee_per_s: f64,
    /// The knee by that.
    pub(crate) ratio: f64,
}

impl CrossCheck {
    /// `None` if one of the figures is not known.
    pub(super) fn of(
        lone: Option<Duration>,
        cores: Option<usize>,
        knee_per_s: Option<f64>,
    ) -> Option<Self> {
        let (lone, cores, knee_per_s) = (lone?, cores?, knee_per_s?);
        let cores_over_time_per_s = cores as f64 / lone.as_secs_f64();
        let ratio = knee_per_s / cores_over_time_per_s;
        Some(Self {
            lone_login_us: lone.as_micros(),
            cores,
            cores_over_time_per_s,
            knee_per_s,
            ratio,
        })
    }

    /// What the ratio means.
    pub(super) fn explained(&self) -> &'static str {
        match self.ratio {
            ..0.5 => {
                "Well below 1: something other than the hash takes the time of a login, or something else the \
                 cores, such as this generator or a neighbour."
            }
            ..0.85 => {
                "Below 1: on a machine of their own, cores that hash one password at a time come close to 1. The \
                 rest goes to the generator, to what else runs, and to the distance that the objective keeps."
            }
            ..1.1 => "About 1: the cores hash one password each at a time, and do little else.",
            _ => {
                "Above 1: a core does more logins at once than one. Hallpass hashes two passwords in turns on a \
                 core with SHA instructions, whose latency one password alone cannot fill, so that its ratio \
                 is up to about 1.9, and sixteen at once with AVX-512; a lone login also pays for what is done once for several, such as a sync of the disk."
            }
        }
    }
}

/// How long a login takes at an idle server, in the median; `None` if none was answered, or they
/// overlapped.
pub(crate) fn lone_login(
    scene: &mut Scene<'_>,
    generator: &GeneratorArgs,
) -> anyhow::Result<Option<Duration>> {
    let phase = |name: &str, duration, measured| {
        let loads = Stream::Login.beside(LONE_RATE, 0.0);
        Phase { name: name.to_owned(), duration, measured, loads }
    };
    let phases = vec![phase("warm-up", LONE_WARM_UP, false), phase("lone", LONE_TIME, true)];
    let plan = generator.plan(phases, scene.target.timeout);
    let result = scene.run("logins one at a time", &plan, &works(&scene.stage))?;
    let median = result.total(Stream::Login as usize).service.quantile(0.5);
    let median = median.map(Duration::from_micros);
    Ok(median.filter(|time| time.as_secs_f64() < 1.0 / LONE_RATE && !time.is_zero()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_compares_the_knee_with_cores_by_time() {
        let lone = Some(Duration::from_millis(50));
        let check = CrossCheck::of(lone, Some(2), Some(60.0)).unwrap();
        assert_eq!((check.cores_over_time_per_s, check.ratio), (40.0, 1.5));
        assert!(check.explained().starts_with("Above 1"));
        assert_eq!(CrossCheck::of(None, Some(2), Some(60.0)), None);
        assert_eq!(CrossCheck::of(lone, Some(2), None), None);
    }
}
