//! Reads what flags and variables give, and says what they should.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::MAX_LEEWAY;
use crate::password::MAX_ITERATIONS;

pub(super) fn access_ttl(text: &str) -> Result<Duration, String> {
    whole_seconds(text, 1..=24 * 60 * 60)
        .ok_or("give 1s to 24h in whole seconds, such as 15m".into())
}

pub(super) fn session_lifetime(text: &str) -> Result<Duration, String> {
    const TEN_YEARS: u64 = 10 * 366 * 24 * 60 * 60;
    whole_seconds(text, 60..=TEN_YEARS).ok_or("give 1m to 10y in whole seconds, such as 30d".into())
}

pub(super) fn shutdown_delay(text: &str) -> Result<Duration, String> {
    let delay = humantime::parse_duration(text).ok();
    delay
        .filter(|delay| *delay <= Duration::from_secs(10 * 60))
        .ok_or("give 0s to 10m, such as 5s".into())
}

pub(super) fn origin(text: &str) -> Result<String, String> {
    let url = url::Url::parse(text).ok().filter(|url| {
        let is_origin = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        is_origin && url.username().is_empty() && url.password().is_none()
    });
    url.map(|url| url.origin())
        .filter(
            |origin| matches!(origin, url::Origin::Tuple(scheme, ..) if scheme.starts_with("http")),
        )
        .map(|origin| origin.ascii_serialization())
        .ok_or("give an http or https URL without a path, such as https://login.example".into())
}

pub(super) fn iterations(text: &str) -> Result<NonZeroU32, String> {
    let iterations = text.parse().ok().filter(|n: &NonZeroU32| n.get() <= MAX_ITERATIONS);
    iterations.ok_or_else(|| format!("give 1 to {MAX_ITERATIONS}"))
}

pub(super) fn leeway(text: &str) -> Result<Duration, String> {
    whole_seconds(text, 0..=MAX_LEEWAY.as_secs())
        .ok_or("give 0s to 60s in whole seconds, such as 5s".into())
}

fn whole_seconds(text: &str, allowed: RangeInclusive<u64>) -> Option<Duration> {
    let duration = humantime::parse_duration(text).ok()?;
    (allowed.contains(&duration.as_secs()) && duration == Duration::from_secs(duration.as_secs()))
        .then_some(duration)
}
