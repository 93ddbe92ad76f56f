//! Checks a history against what the service promises. It is a pure function of recorded requests.

#[cfg(test)]
mod simulated;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

use super::history::{Action, Answer, Event};

/// A promise of the service.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Promise {
    /// No node accepts a session in a request that began after its sign-out was acknowledged.
    SignedOut,
    /// What was acknowledged is still there: a session that nobody has ended is accepted.
    Kept,
    /// A refresh without an answer may be sent again, and does not end its session.
    CutRefresh,
}

/// A promise that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Violation {
    pub(super) promise: Promise,
    /// The request whose answer breaks it.
    pub(super) event: Event,
    /// The earlier request that should have prevented this answer, if there is one.
    pub(super) after: Option<Event>,
}

impl Promise {
    pub(super) const ALL: [Self; 3] = [Self::SignedOut, Self::Kept, Self::CutRefresh];

    /// As an objective.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::SignedOut => "no signed-out session accepted",
            Self::Kept => "no acknowledged write lost",
            Self::CutRefresh => "no session ended by a refresh without an answer",
        }
    }
}

/// The violations of a history, in the order of their sessions and times. The events may be in any
/// order.
pub(super) fn check(events: &[Event]) -> Vec<Violation> {
    let mut sessions: BTreeMap<u64, Vec<Event>> = BTreeMap::new();
    for event in events {
        sessions.entry(event.session).or_default().push(*event);
    }
    let of_session = |mut events: Vec<Event>| {
        events.sort_by_key(|event| (event.begin, event.end));
        let judged = |(at, event): (usize, &Event)| judge(&events, at, *event);
        events.iter().enumerate().filter_map(judged).collect::<Vec<_>>()
    };
    sessions.into_values().flat_map(of_session).collect()
}

/// Judges one of the events of a session.
fn judge(session: &[Event], at: usize, event: Event) -> Option<Violation> {
    match event.answer {
        Answer::Done => accepted(session, event),
        Answer::Refused => refused(session, at, event),
        Answer::Unknown => None,
    }
}

/// A session that was accepted must not have been signed out before the request began.
fn accepted(session: &[Event], event: Event) -> Option<Violation> {
    if !matches!(event.action, Action::Verify | Action::Refresh) {
        return None;
    }
    let signed_out = session.iter().filter(|it| it.action == Action::SignOut);
    let acknowledged = signed_out.filter(|it| it.answer == Answer::Done);
    let first = acknowledged.min_by_key(|it| it.end).filter(|it| it.end < event.begin)?;
    Some(Violation { promise: Promise::SignedOut, event, after: Some(*first) })
}

/// A session that was refused must have been on its way out: another request to sign it out, with
/// whatever outcome, began before the refusal.
fn refused(session: &[Event], at: usize, event: Event) -> Option<Violation> {
    let others = || session.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, it)| it);
    if others().any(|it| it.action == Action::SignOut && it.begin <= event.end) {
        return None;
    }
    let cut = |it: &&Event| it.action == Action::Refresh && it.answer == Answer::Unknown;
    if let Some(cut) = others().filter(cut).find(|it| it.begin <= event.end) {
        return Some(Violation { promise: Promise::CutRefresh, event, after: Some(*cut) });
    }
    let before = others().filter(|it| it.answer == Answer::Done && it.end <= event.begin);
    let writes = before.filter(|it| matches!(it.action, Action::Login | Action::Refresh));
    let last = writes.max_by_key(|it| it.end).copied();
    Some(Violation { promise: Promise::Kept, event, after: last })
}
