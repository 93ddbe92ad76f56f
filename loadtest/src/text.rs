//! Numbers as people read them.

/// A time with its unit, at three digits or more, from microseconds.
pub(crate) fn time(us: f64) -> String {
    match us {
        ..9_999.5 => format!("{us:.0} us"),
        ..9_999_950.0 => format!("{:.1} ms", us / 1e3),
        _ => format!("{:.1} s", us / 1e6),
    }
}

/// A time with its unit, from microseconds; `-` where there is none.
pub(crate) fn time_or_dash(us: Option<u64>) -> String {
    us.map_or_else(|| "-".to_owned(), |us| time(us as f64))
}

/// A share of 1 in percent; `unknown` where it is not known.
pub(crate) fn percent_or(share: Option<f64>, unknown: &str) -> String {
    share.map_or_else(|| unknown.to_owned(), |share| format!("{:.1}%", 100.0 * share))
}

/// A time in whole seconds, if what it tells was seen.
pub(crate) fn seconds_or_not_seen(seconds: Option<usize>) -> String {
    seconds.map_or_else(|| "not seen".to_owned(), |seconds| format!("{seconds} s"))
}

/// What a report says of what the system does not tell.
pub(crate) const UNKNOWN: &str = "unknown";

/// A round time with its unit, in as few characters as it takes, from microseconds.
pub(crate) fn short_time(us: f64) -> String {
    let (value, unit) = match us {
        ..999.5 => (us, "us"),
        ..999_500.0 => (us / 1e3, "ms"),
        _ => (us / 1e6, "s"),
    };
    let text = format!("{value:.2}");
    format!("{} {unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A number with a comma at every thousand.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate per second with as many digits as say something.
pub(crate) fn rate_text(rate: f64) -> String {
    match rate {
        ..99.95 => format!("{rate:.1}"),
        _ => grouped(rate.round() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_unit() {
        let texts = [0.0, 229.4, 9_999.0, 10_000.0, 1_234_567.0, 12_345_678.0].map(time);
        assert_eq!(texts, ["0 us", "229 us", "9999 us", "10.0 ms", "1234.6 ms", "12.3 s"]);
    }

    #[test]
    fn a_round_time_is_short() {
        let texts = [1.0, 500.0, 1_000.0, 2_500.0, 1_000_000.0].map(short_time);
        assert_eq!(texts, ["1 us", "500 us", "1 ms", "2.5 ms", "1 s"]);
    }

    #[test]
    fn thousands_are_grouped() {
        let texts = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }
}
