//! Parses the values of flags and variables. The errors say what is expected.

use std::net::Ipv6Addr;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::proof::password::MAX_ITERATIONS;
use crate::store::LONGEST_LEASE;
use crate::token::{MAX_ACCESS_TTL, MAX_LEEWAY};

pub(super) fn access_ttl(text: &str) -> Result<Duration, String> {
    whole_seconds(text, 1..=MAX_ACCESS_TTL.as_secs())
        .ok_or("give 1s to 24h in whole seconds, such as 15m".into())
}

pub(super) fn session_lifetime(text: &str) -> Result<Duration, String> {
    const TEN_YEARS: u64 = 10 * 366 * 24 * 60 * 60;
    whole_seconds(text, 60..=TEN_YEARS).ok_or("give 1m to 10y in whole seconds, such as 30d".into())
}

pub(super) fn backup_period(text: &str) -> Result<Duration, String> {
    const NINETY_DAYS: u64 = 90 * 24 * 60 * 60;
    whole_seconds(text, 60..=NINETY_DAYS)
        .ok_or("give 1m to 90d in whole seconds, such as 24h".into())
}

pub(super) fn audit_keep(text: &str) -> Result<Duration, String> {
    const TEN_YEARS: u64 = 10 * 366 * 24 * 60 * 60;
    whole_seconds(text, 0..=TEN_YEARS).ok_or("give 0s to 10y in whole seconds, such as 90d".into())
}

/// Reads a size.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[number.len()..] {
        "" | "B" => Some(1),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        "TiB" => Some(1 << 40),
        _ => None,
    };
    let size = number.trim_end().parse::<u64>().ok().zip(unit);
    size.and_then(|(number, unit)| number.checked_mul(unit))
        .ok_or("give a whole number of bytes, KiB, MiB, GiB or TiB, such as 256MiB".into())
}

pub(super) fn lease(text: &str) -> Result<Duration, String> {
    let lease = humantime::parse_duration(text).ok();
    lease
        .filter(|lease| (Duration::from_secs(2)..=LONGEST_LEASE).contains(lease))
        .ok_or("give 2s to 10m, such as 30s".into())
}

pub(super) fn shutdown_delay(text: &str) -> Result<Duration, String> {
    let delay = humantime::parse_duration(text).ok();
    delay
        .filter(|delay| *delay <= Duration::from_secs(10 * 60))
        .ok_or("give 0s to 10m, such as 5s".into())
}

/// Reads an origin: scheme, host and port.
///
/// # Errors
///
/// A phrase that says what is expected.
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

/// Reads an address to listen on: a host, which may be a name, and a port.
pub(super) fn address(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix(':').unwrap_or(text);
    if is_port(bare) {
        return Err(format!(
            "an address is missing; give 127.0.0.1:{bare}, or 0.0.0.0:{bare} for all"
        ));
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Err(format!("give an IPv6 address in brackets and a port, such as [{text}]:8080"));
    }
    let host = text.strip_suffix(':').unwrap_or(text);
    if is_host(host) {
        return Err(format!("a port is missing; give one, such as {host}:8080"));
    }
    match text.rsplit_once(':').filter(|(host, _)| is_host(host)) {
        Some((_, port)) if is_port(port) => Ok(text.to_owned()),
        Some((_, port)) if is_number(port) => Err("the port is too large; give 0 to 65535".into()),
        _ => Err("give an address and a port, such as 127.0.0.1:8080".into()),
    }
}

fn is_port(text: &str) -> bool {
    is_number(text) && text.parse::<u16>().is_ok()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it is a name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_part = |c: char| c.is_alphanumeric() || "-._".contains(c);
    !text.is_empty() && !is_number(text) && text.chars().all(is_part)
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
