//! Times, as the server writes them and as people say them.

use crate::session::Seconds;

const MINUTE: Seconds = 60;
const HOUR: Seconds = 60 * MINUTE;
const DAY: Seconds = 24 * HOUR;
/// On average.
const MONTH: Seconds = 2_629_746;
const YEAR: Seconds = 12 * MONTH;

/// A time of RFC 3339 in UTC, such as `2026-01-31T12:34:56Z`, to the second.
pub fn parse(text: &str) -> Option<Seconds> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(clock.split('.').next()?, ':')?;
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day);
    in_range.then(|| days(year, month, day) * DAY + hour * HOUR + minute * MINUTE + second)
}

fn numbers(text: &str, separator: char) -> Option<[Seconds; 3]> {
    let mut numbers = text.splitn(3, separator).map(|part| part.parse::<u16>().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next()??].map(Seconds::from))
}

/// The days from 1970-01-01 to a day of the Gregorian calendar. Years are counted from March on, so
/// that a leap day is the last day of one.
fn days(year: Seconds, month: Seconds, day: Seconds) -> Seconds {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

/// A time as seen from another one: `2 minutes ago`, `in 3 hours`.
pub fn relative(time: Seconds, now: Seconds) -> String {
    let distance = now.saturating_sub(time);
    let (unit, name) = match distance.saturating_abs() {
        YEAR.. => (YEAR, "year"),
        MONTH.. => (MONTH, "month"),
        DAY.. => (DAY, "day"),
        HOUR.. => (HOUR, "hour"),
        MINUTE.. => (MINUTE, "minute"),
        _ => return "just now".to_owned(),
    };
    let (count, past) = (distance.saturating_abs() / unit, distance > 0);
    let plural = if count == 1 { "" } else { "s" };
    let count = [&count.to_string(), " ", name, plural].concat();
    if past { [&count, " ago"].concat() } else { ["in ", &count].concat() }
}

/// A time to wait in words, rounded up.
pub fn duration(seconds: Seconds) -> String {
    match seconds {
        1 => "1 second".to_owned(),
        ..120 => [&seconds.to_string(), " seconds"].concat(),
        _ => [&((seconds + 59) / 60).to_string(), " minutes"].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_server_are_understood() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1999-12-31T23:59:59Z", 946_684_799),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-01-31T12:34:56Z", 1_769_862_896),
            ("2026-01-31T12:34:56.789Z", 1_769_862_896),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
        ] {
            assert_eq!(parse(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_such_time_is_none() {
        for text in ["", "soon", "2026-01-31", "2026-13-01T00:00:00Z", "2026-01-31T12:34:56+01:00"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_told_as_people_say_them() {
        for (distance, told) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (150, "2 minutes ago"),
            (2 * HOUR - 1, "1 hour ago"),
            (DAY, "1 day ago"),
            (29 * DAY, "29 days ago"),
            (45 * DAY, "1 month ago"),
            (400 * DAY, "1 year ago"),
            (-30, "just now"),
            (-30 * MINUTE, "in 30 minutes"),
        ] {
            assert_eq!(relative(1_000_000_000 - distance, 1_000_000_000), told);
        }
        assert_eq!(relative(Seconds::MIN, Seconds::MAX), relative(0, Seconds::MAX), "no overflow");
    }
}
