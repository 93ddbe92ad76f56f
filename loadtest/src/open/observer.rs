//! Who watches a run.

use super::live::Glance;
use crate::machine::Place;

/// Watches a run.
pub(crate) trait Observer {
    /// The first request is due.
    fn started(&mut self);

    /// Some time has passed; told a few times a second.
    fn tick(&mut self, glance: &Glance);

    /// Where the server is now.
    fn place(&self) -> Place {
        Place::Inside
    }
}
