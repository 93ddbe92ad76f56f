//! Reads the text of fields. Errors quote nothing of it, since in a damaged file any field may hold
//! a hash.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Roles with spaces, commas or semicolons between.
pub(super) fn roles(text: &str) -> Vec<String> {
    let between = |c: char| c.is_whitespace() || c == ',' || c == ';';
    text.split(between).filter(|role| !role.is_empty()).map(str::to_owned).collect()
}

/// RFC 3339; a date and a time as databases print them, in UTC unless an offset follows; a date; or
/// seconds since 1970. To the millisecond, which is what ids and the store hold.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    let seconds = || text.parse().ok().and_then(seconds);
    let with_offset = || text.parse().ok();
    let in_utc = || Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    let time = seconds().or_else(with_offset).or_else(in_utc);
    time.and_then(to_the_millisecond).ok_or_else(|| {
        "created_at: it is none of 2024-02-29T12:00:00Z, 2024-02-29 12:00:00 and seconds since 1970"
            .to_owned()
    })
}

/// A time in seconds since 1970.
pub(super) fn seconds(seconds: f64) -> Option<Timestamp> {
    let millis = (seconds * 1000.0).round();
    // Beyond it, numbers have gaps; jiff ends long before.
    let is_exact = millis.is_finite() && millis.abs() < 2f64.powi(53);
    is_exact.then(|| Timestamp::from_millisecond(millis as i64).ok()).flatten()
}

fn to_the_millisecond(time: Timestamp) -> Option<Timestamp> {
    Timestamp::from_millisecond(time.as_millisecond()).ok()
}

/// What other systems call the opposite of `disabled`.
const OPPOSITES: [&str; 4] = ["is_active", "active", "is_enabled", "enabled"];

/// What other systems call `disabled`, or what has a value for those who are.
const SYNONYMS: [&str; 11] = [
    "blocked",
    "is_blocked",
    "blocked_at",
    "banned",
    "is_banned",
    "banned_until",
    "locked",
    "is_locked",
    "suspended",
    "is_disabled",
    "deleted_at",
];

/// Refuses a field that says who is shut out in a way that import does not read. Otherwise those
/// people would be let in again.
pub(super) fn tells_who_is_disabled<'a>(
    names: impl IntoIterator<Item = &'a str>,
) -> Result<(), String> {
    let (mut opposite, mut synonym) = (None, None);
    for name in names {
        if name == "disabled" {
            return Ok(());
        }
        opposite = opposite.or(OPPOSITES.contains(&name).then_some(name));
        synonym = synonym.or(SYNONYMS.contains(&name).then_some(name));
    }
    let how = match (opposite, synonym) {
        (Some(name), _) => {
            format!("the opposite and call it disabled, as SQL does with NOT {name} AS disabled")
        }
        (None, Some(_)) => "true or false and call it disabled".to_owned(),
        (None, None) => return Ok(()),
    };
    let name = opposite.or(synonym).unwrap_or_default();
    Err(format!(
        "{name} is not read, so whoever is shut out there would be let in here; write {how}"
    ))
}

/// As databases print booleans.
pub(super) fn flag(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "yes" => Ok(true),
        "false" | "f" | "0" | "no" => Ok(false),
        _ => Err("disabled: it is neither true nor false".to_owned()),
    }
}
