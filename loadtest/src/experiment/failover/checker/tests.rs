//! The checker on small histories.

use std::time::Duration;

use super::super::history::{Action, Answer, Event};
use super::{Promise, check};
use Action::{Login, Refresh, SignOut, Verify};
use Answer::{Done, Refused, Unknown};

fn event(action: Action, answer: Answer, begin: u64, end: u64) -> Event {
    let (begin, end) = (Duration::from_millis(begin), Duration::from_millis(end));
    Event { session: 1, action, answer, node: 0, begin, end }
}

fn broken(events: &[Event]) -> Vec<Promise> {
    let promises: Vec<Promise> = check(events).into_iter().map(|it| it.promise).collect();
    let backwards: Vec<Event> = events.iter().rev().copied().collect();
    assert_eq!(check(&backwards).len(), promises.len(), "the order of events is of no matter");
    promises
}

#[test]
fn a_session_lives_until_it_is_signed_out() {
    let history = [
        event(Login, Done, 0, 10),
        event(Verify, Done, 11, 12),
        event(Refresh, Done, 13, 14),
        event(SignOut, Done, 20, 30),
        event(Verify, Refused, 31, 32),
        event(Refresh, Refused, 33, 34),
        event(SignOut, Done, 35, 36),
    ];
    assert_eq!(broken(&history), []);
}

#[test]
fn only_what_began_after_the_acknowledgement_may_not_be_accepted() {
    let around = |begin| [event(SignOut, Done, 20, 30), event(Verify, Done, begin, 40)];
    assert_eq!(broken(&around(29)), []);
    assert_eq!(broken(&around(30)), []);
    assert_eq!(broken(&around(31)), [Promise::SignedOut]);
    let refresh = [event(SignOut, Done, 20, 30), event(Refresh, Done, 31, 40)];
    assert_eq!(broken(&refresh), [Promise::SignedOut]);
    // The first of two acknowledgements counts.
    let twice = [event(SignOut, Done, 20, 30), event(SignOut, Done, 20, 50)];
    let twice = [&twice[..], &[event(Verify, Done, 31, 40)]].concat();
    assert_eq!(broken(&twice), [Promise::SignedOut]);
}

#[test]
fn a_sign_out_without_an_acknowledgement_may_have_happened_or_not() {
    for answer in [Done, Refused] {
        let unknown = event(SignOut, Unknown, 20, 30);
        assert_eq!(broken(&[unknown, event(Verify, answer, 31, 32)]), []);
        assert_eq!(broken(&[unknown, event(Refresh, answer, 31, 32)]), []);
    }
    // It may take effect while the other request is under way.
    assert_eq!(broken(&[event(SignOut, Done, 20, 30), event(Verify, Refused, 10, 20)]), []);
}

#[test]
fn a_session_that_nobody_has_ended_must_be_accepted() {
    let login = event(Login, Done, 0, 10);
    for action in [Verify, Refresh, SignOut] {
        let lost = [login, event(action, Refused, 11, 12)];
        assert_eq!(broken(&lost), [Promise::Kept], "{action:?}");
        assert_eq!(check(&lost)[0].after, Some(login));
    }
    let later = [login, event(Verify, Refused, 11, 12), event(SignOut, Done, 20, 30)];
    assert_eq!(broken(&later), [Promise::Kept]);
    assert_eq!(broken(&[event(Login, Refused, 0, 10)]), [Promise::Kept], "the account is gone");
    assert_eq!(broken(&[login, event(Verify, Unknown, 11, 12)]), []);
}

#[test]
fn a_refresh_without_an_answer_does_not_end_the_session() {
    let cut = event(Refresh, Unknown, 11, 20);
    let again = |answer| [event(Login, Done, 0, 10), cut, event(Refresh, answer, 21, 22)];
    assert_eq!(broken(&again(Done)), []);
    assert_eq!(broken(&again(Unknown)), []);
    assert_eq!(broken(&again(Refused)), [Promise::CutRefresh]);
    assert_eq!(check(&again(Refused))[0].after, Some(cut));
    // It may take effect long after nobody waits for it any more.
    let never = Event { end: Duration::MAX, ..cut };
    assert_eq!(broken(&[never, event(Verify, Refused, 30, 31)]), [Promise::CutRefresh]);
}

#[test]
fn sessions_are_judged_apart() {
    let other = Event { session: 2, ..event(Verify, Done, 40, 41) };
    assert_eq!(broken(&[event(SignOut, Done, 20, 30), other]), []);
}
