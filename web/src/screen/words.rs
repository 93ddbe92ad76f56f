//! Words for what is so.

use crate::app::{Form, Model};
use crate::session::Seconds;

/// What there is to say about the network.
pub(super) fn connection(model: &Model) -> &'static str {
    if model.offline {
        "You are offline. What needs the server goes on when the network is back."
    } else if model.is_slow() {
        "Still waiting for the server…"
    } else {
        ""
    }
}

/// The text on a form's button.
pub(super) fn label(model: &Model, form: Form) -> (&'static str, String) {
    let (name, at_rest, busy) = match form {
        Form::Login => ("login-label", "Sign in", "Signing in…"),
        Form::Register if model.is_first_login() => ("register-label", "", "Signing in…"),
        Form::Register => ("register-label", "Create account", "Creating account…"),
        Form::Reset => ("reset-label", "Save password", "Saving…"),
        Form::Password => ("password-label", "Change password", "Saving…"),
        Form::Delete => ("delete-label", "Delete account", "Deleting…"),
        Form::Fresh => ("fresh-label", "Go on", "Checking…"),
    };
    (name, if model.is_busy(form) { busy } else { at_rest }.to_owned())
}

/// What a new password still lacks, as far as that can be told before the server has seen it.
pub(super) fn password_hint(model: &Model, form: Form) -> String {
    let typed = model.form(form).typed;
    let Some(min) = model.config.as_ref().map(|config| config.password_min) else {
        return "A long phrase is easy to remember and hard to guess.".to_owned();
    };
    let (min_text, missing) = (min.to_string(), min.saturating_sub(typed.chars));
    if typed.chars == 0 {
        ["At least ", &min_text, " characters. A few unrelated words are easy to remember."]
            .concat()
    } else if missing == 1 {
        "1 more character.".to_owned()
    } else if missing > 0 {
        [&missing.to_string(), " more characters."].concat()
    } else if typed.names_user {
        "Long enough, but your username in it makes it easier to guess.".to_owned()
    } else {
        "Long enough.".to_owned()
    }
}

/// How long the next attempt has to wait.
pub(super) fn wait(seconds: Seconds) -> String {
    ["The next try can be made in ", &duration(seconds), "."].concat()
}

/// How long until the page is loaded again.
pub(super) fn trying_again(seconds: Seconds) -> String {
    ["Trying again by itself in ", &duration(seconds), "."].concat()
}

fn duration(seconds: Seconds) -> String {
    match seconds {
        1 => "1 second".to_owned(),
        ..120 => [&seconds.to_string(), " seconds"].concat(),
        _ => [&(seconds / 60).to_string(), " minutes"].concat(),
    }
}

/// The day of an RFC 3339 time.
pub(super) fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or_default()
}

/// An RFC 3339 time in UTC, to the minute: `2026-01-31 12:00 UTC`.
pub(super) fn minute(time: &str) -> String {
    match time.split_once('T') {
        Some((day, clock)) => [day, " ", clock.get(..5).unwrap_or(clock), " UTC"].concat(),
        None => time.to_owned(),
    }
}

pub(super) fn roles(roles: &[String]) -> String {
    if roles.is_empty() { "none".to_owned() } else { roles.join(", ") }
}

/// A browser's name for itself is unreadable by tradition: the first of these that it contains is what
/// people call it.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Chromium", "Chromium"),
    ("Safari", "Safari"),
];

const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// The most of a name that is shown.
const AGENT_CHARS: usize = 60;

/// What a `User-Agent` is called.
pub(super) fn agent(user_agent: &str) -> String {
    let named = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => [browser, " on ", system].concat(),
        (Some(browser), None) => browser.to_owned(),
        _ if user_agent.trim().is_empty() => "An unnamed program".to_owned(),
        _ => user_agent.chars().take(AGENT_CHARS).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_what_people_call_them() {
        for (user_agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.9.1", "curl/8.9.1"),
            ("", "An unnamed program"),
        ] {
            assert_eq!(agent(user_agent), name);
        }
    }

    #[test]
    fn times_are_told_to_the_minute() {
        assert_eq!(minute("2026-01-31T12:34:56Z"), "2026-01-31 12:34 UTC");
        assert_eq!(minute("soon"), "soon");
        assert_eq!(
            (wait(1), wait(30)),
            (
                "The next try can be made in 1 second.".into(),
                "The next try can be made in 30 seconds.".into()
            )
        );
        assert_eq!(wait(1_800), "The next try can be made in 30 minutes.");
    }
}
