//! One turn of the application: from an event to its effects.

use super::event::Effect;
use super::model::Model;
use crate::session::Seconds;

/// A call of [`update`](super::update) under way.
pub(super) struct Turn<'a> {
    pub(super) model: &'a mut Model,
    pub(super) now: Seconds,
    /// A session was found to be over in this turn.
    pub(super) session_ended: bool,
    pub(super) effects: Vec<Effect>,
}
