use super::*;

fn place(number: i64) -> Place {
    Place { number, tag: Uuid::from_u128(number.unsigned_abs().into()) }
}

/// The entry of this number, which says that a user with the same number changed.
fn entry(number: i64) -> Entry {
    Entry { place: place(number), change: Some(change(number)) }
}

fn change(number: i64) -> Change {
    let user = UserId::from_bytes(place(number).tag.into_bytes());
    Change { users: vec![user], ..Change::default() }
}

#[test]
fn what_is_newer_is_read_in_order() {
    assert_eq!(read_on(place(7), vec![entry(7)]), Ok((vec![], place(7))));
    let read = read_on(place(7), vec![entry(7), entry(8), entry(9)]);
    assert_eq!(read, Ok((vec![change(8), change(9)], place(9))));
}

#[test]
fn whatever_does_not_follow_is_refused() {
    for (entries, lost) in [
        (vec![], Lost::PlaceGone),
        (vec![entry(8)], Lost::PlaceGone),
        (vec![entry(6), entry(7)], Lost::PlaceGone),
        (vec![entry(7), entry(9)], Lost::Gap),
        (vec![entry(7), entry(8), entry(8)], Lost::Gap),
    ] {
        assert_eq!(read_on(place(7), entries), Err(lost));
    }
    let used_twice = Place { tag: Uuid::nil(), ..place(7) };
    let read = read_on(used_twice, vec![entry(7), entry(8)]);
    assert_eq!(read, Err(Lost::AnotherTag));
    let unreadable = Entry { change: None, ..entry(8) };
    assert_eq!(read_on(place(7), vec![entry(7), unreadable]), Err(Lost::Unreadable));
}

#[test]
fn a_change_is_read_as_it_was_written_and_an_unknown_kind_is_not() {
    let id = SessionId::from_bytes([7; 16]);
    let news = News { revoked: vec![(id, time(5))], keys: true, ..News::default() };
    let written = serde_json::to_value(Change::of(&news)).unwrap();
    let read: Change = serde_json::from_value(written).unwrap();
    assert_eq!((read.revoked(), read.keys), (news.revoked, true));
    assert!(serde_json::from_str::<Change>(r#"{"factors": true}"#).is_err());
    assert_eq!(serde_json::from_str::<Change>("{}").unwrap(), Change::default());
}

#[test]
fn many_sessions_that_end_at_once_are_not_named() {
    let id = SessionId::from_bytes([7; 16]);
    let news = News { revoked: vec![(id, time(5)); MOST_REVOKED + 1], ..News::default() };
    let change = Change::of(&news);
    assert!(change.many_revoked && change.revoked().is_empty());
}
