//! How the values of options are written: times, rates, multiples and percentages.

use std::time::Duration;

/// A length of time, such as `500ms`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|e| format!("{e}; write it like 500ms, 30s or 2m"))
}

/// A length of time that is not zero.
pub(crate) fn parse_positive(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration.is_zero() {
        return Err("give a time that is not zero".to_owned());
    }
    Ok(duration)
}

/// Whole seconds, at least one: what is counted is counted by the second.
pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    let duration = parse_positive(text)?;
    match duration.subsec_nanos() {
        0 => Ok(duration),
        _ => Err("give whole seconds, such as 4s".to_owned()),
    }
}

/// Requests per second.
pub(crate) fn parse_rate(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        // More than a million a second is a slip of the finger.
        Ok(rate) if rate > 0.0 && rate <= 1e6 => Ok(rate),
        _ => Err(format!("{text:?} is no rate: give requests per second, such as 500")),
    }
}

/// How many times something may or must be something else.
pub(crate) fn parse_times(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(times) if times > 0.0 && times <= 1e6 => Ok(times),
        _ => Err(format!("{text:?}: give how many times, such as 2 or 1.5")),
    }
}

/// A share of 1, written in percent.
pub(crate) fn parse_share(text: &str) -> Result<f64, String> {
    let percent = text.trim().strip_suffix('%').and_then(|number| number.trim().parse().ok());
    match percent {
        Some(percent) if (0.1..=1000.0).contains(&percent) => Ok(percent / 100.0),
        _ => Err(format!("{text:?}: give a number of percent, such as 5%")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_seconds_where_they_must_be() {
        assert_eq!(parse_seconds("4s"), Ok(Duration::from_secs(4)));
        assert!(parse_seconds("500ms").is_err() && parse_seconds("0s").is_err());
    }

    #[test]
    fn a_rate_is_a_number_above_0() {
        assert_eq!(parse_rate("0.5"), Ok(0.5));
        for refused in ["0", "-1", "nan", "inf", "1e7", "5/s"] {
            assert!(parse_rate(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_multiple_is_a_number_above_0() {
        assert_eq!(parse_times("1.5"), Ok(1.5));
        for refused in ["0", "-2", "nan", "inf", "2x", ""] {
            assert!(parse_times(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_share_is_written_in_percent() {
        assert_eq!(parse_share("5%"), Ok(0.05));
        for refused in ["5", "%", "0%", "-1%", "nan%"] {
            assert!(parse_share(refused).is_err(), "{refused}");
        }
    }
}
