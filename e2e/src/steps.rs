//! What a test did, step by step, to find out why it failed.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The steps of one test, with the time of each since its start. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    shared: Arc<Shared>,
    browser: usize,
}

#[derive(Debug)]
struct Shared {
    started: Instant,
    lines: Mutex<Vec<String>>,
    secrets: Vec<String>,
}

/// What is written in place of a secret.
pub(crate) const HIDDEN: &str = "(hidden)";

impl Steps {
    /// No steps yet; none will hold one of these secrets.
    pub(crate) fn new(secrets: Vec<String>) -> Self {
        let lines = Mutex::default();
        let secrets = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
        let shared = Shared { started: Instant::now(), lines, secrets };
        Self { shared: Arc::new(shared), browser: 1 }
    }

    /// The same record, for the test's n-th browser.
    pub(crate) fn of_browser(&self, n: usize) -> Self {
        Self { browser: n, ..self.clone() }
    }

    /// Adds a step that begins now.
    pub(crate) fn add(&self, step: impl Display) {
        let browser = match self.browser {
            1 => String::new(),
            n => format!("browser {n}: "),
        };
        let elapsed = self.shared.started.elapsed().as_secs_f64();
        let line = self.redact(&format!("+{elapsed:.3}s {browser}{step}"));
        self.shared.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// When the test began.
    pub(crate) fn started(&self) -> Instant {
        self.shared.started
    }

    /// The text without the secrets in it.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.shared
            .secrets
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
    }

    /// All steps so far, a line each.
    pub(crate) fn text(&self) -> String {
        self.shared.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_wherever_it_turns_up() {
        let steps = Steps::new(vec!["hunter2".to_owned()]);
        steps.add("type “hunter2” into #search");
        assert!(steps.text().ends_with("s type “(hidden)” into #search"), "{}", steps.text());
        assert_eq!(steps.redact("wrong: hunter2"), "wrong: (hidden)");
    }

    #[test]
    fn the_steps_of_further_browsers_say_whose_they_are() {
        let steps = Steps::new(Vec::new());
        steps.add("goto /");
        steps.of_browser(2).add("goto /login");
        let text = steps.text();
        let lines: Vec<_> = text.lines().filter_map(|line| line.split_once(' ')).collect();
        assert_eq!(
            lines.iter().map(|(_, step)| *step).collect::<Vec<_>>(),
            ["goto /", "browser 2: goto /login"]
        );
        assert!(lines.iter().all(|(time, _)| time.starts_with('+')), "{text}");
    }
}
