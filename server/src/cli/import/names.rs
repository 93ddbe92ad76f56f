use std::collections::HashMap;

use super::records::Spot;
use crate::username::Username;

/// The names that lines of the file have, so that a second line with the same name is noticed.
#[derive(Default)]
pub(super) struct Names(HashMap<String, Claim>);

/// Who has a name.
enum Claim {
    /// A line that was sent, or waits to be: it may still be refused.
    Undecided,
    /// The line here, which was accepted.
    Line(Spot),
}

impl Names {
    /// Whether an earlier line has this name and is not accepted or refused yet.
    pub(super) fn is_undecided(&self, name: &str) -> bool {
        matches!(key(name).and_then(|key| self.0.get(&key)), Some(Claim::Undecided))
    }

    /// Notes a line with this name.
    ///
    /// # Errors
    ///
    /// The earlier line that has the name.
    pub(super) fn claim(&mut self, name: &str) -> Result<(), Spot> {
        // A name against the rules is refused on its own.
        let Some(key) = key(name) else { return Ok(()) };
        match self.0.get(&key) {
            Some(Claim::Line(earlier)) => Err(*earlier),
            Some(Claim::Undecided) | None => {
                self.0.insert(key, Claim::Undecided);
                Ok(())
            }
        }
    }

    /// Says what became of a line that had claimed its name.
    pub(super) fn decide(&mut self, name: &str, line: Spot, accepted: bool) {
        let Some(key) = key(name) else { return };
        if accepted {
            self.0.insert(key, Claim::Line(line));
        } else {
            self.0.remove(&key);
        }
    }
}

/// The same for all spellings of a name.
fn key(name: &str) -> Option<String> {
    Username::given(name).ok().map(|name| name.fold())
}
