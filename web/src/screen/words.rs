//! Words for what is so.

use hallpass_contract::Protected;

use crate::app::{Cookies, Form, Model};
use crate::session::Seconds;
use crate::text::name;
use crate::time::{self, duration};

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

/// What whoever is about to sign in must know of this browser.
pub(super) fn warning(model: &Model) -> &'static str {
    match model.device().cookies {
        Cookies::Kept => "",
        Cookies::PlainHttp => {
            "This page came over plain http: what you type can be read on its way, and you will have to sign in again within minutes. Use https if this site has it."
        }
        Cookies::Blocked => {
            "This browser keeps no cookies for this site: you will have to sign in again within minutes. Allow them to stay signed in."
        }
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
    } else if !model.form(form).password_error.is_empty() {
        // The server has refused it for another reason, so its length is no comfort.
        String::new()
    } else if typed.names_user {
        "Long enough, but your username in it makes it easier to guess.".to_owned()
    } else {
        "Long enough.".to_owned()
    }
}

/// How long the next attempt has to wait.
pub(super) fn wait(seconds: Seconds) -> String {
    ["Try again in ", &duration(seconds), "."].concat()
}

/// How long until the page is loaded again.
pub(super) fn trying_again(seconds: Seconds) -> String {
    ["Trying again by itself in ", &duration(seconds), "."].concat()
}

/// An RFC 3339 time as seen from now by the server's clock; empty if it is none.
pub(super) fn relative(model: &Model, time: &str) -> String {
    let time = time::parse(time);
    time.map(|time| time::relative(time, model.server_time())).unwrap_or_default()
}

pub(super) fn roles(roles: &[String]) -> String {
    if roles.is_empty() { "none".to_owned() } else { name(&roles.join(", ")) }
}

/// The server's text, in which the user's name is one.
pub(super) fn message(protected: &Protected) -> String {
    let username = &protected.user.username;
    protected.message.replacen(username, &name(username), 1)
}

/// A browser's name for itself is unreadable by tradition: the first of these that it contains is
/// what people call it.
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
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, called)| *called)
    };
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => [&name(browser), " on ", &name(system)].concat(),
        (Some(browser), None) => name(browser),
        _ if user_agent.trim().is_empty() => "An unnamed program".to_owned(),
        _ => name(&user_agent.chars().take(AGENT_CHARS).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::plain;

    #[test]
    fn browsers_are_called_what_people_call_them() {
        for (user_agent, called) in [
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
            assert_eq!(plain(&agent(user_agent)), called);
        }
    }

    #[test]
    fn waits_are_told_in_words() {
        assert_eq!(
            (wait(1), wait(30)),
            ("Try again in 1 second.".into(), "Try again in 30 seconds.".into())
        );
        assert_eq!(wait(1_800), "Try again in 30 minutes.");
        assert_eq!(wait(179), "Try again in 3 minutes.", "not too early");
    }
}
