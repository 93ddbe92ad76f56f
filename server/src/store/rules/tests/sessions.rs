use super::*;
use crate::store::EditUserError;
use crate::store::factors::{FactorUse, Factors, Sealed, Totp};
use crate::store::rules::{
    Changes, Decision, EndSessions, Existing, Which, end_all_sessions, end_session, has_expired,
    is_full, reauthenticate, refresh, start, swept_until, until,
};
use crate::store::session::{MAX_SESSIONS, NewSession, Rotation};

fn login(user: &User, verified: Verified) -> NewSession {
    NewSession {
        session: session(user, 0),
        verified,
        at: at(0),
        address: "home".to_owned(),
        challenge: None,
    }
}

fn existing(count: usize) -> Vec<Existing> {
    let of = |n: usize| {
        let used = at(i64::try_from(1_000 - n).unwrap()).now;
        Existing { refreshed_at: Some(used), id: SessionId::new(at(0).now) }
    };
    (0..count).map(of).collect()
}

#[test]
fn a_proof_counts_while_the_password_is_the_same_and_the_user_may_sign_in() {
    let ada = user(&[]);
    let other = User { password_version: 4, ..ada.clone() };
    for (found, counts) in
        [(Some(ada.clone()), true), (Some(other), false), (Some(disabled(ada.clone())), false)]
    {
        let decision = start(login(&ada, verified()), found.clone(), Vec::new(), None);
        assert_eq!(decision.answer, found.clone().filter(|_| counts));
        let Changes { add_session, remember_address, .. } = decision.changes;
        assert_eq!(add_session.is_some(), counts);
        assert_eq!(remember_address, counts.then(|| (ada.id, "home".to_owned())));
        let decision = reauthenticate(Some(session(&ada, 0)), found, verified(), at(5));
        assert_eq!(decision.answer.is_some(), counts);
        assert_eq!(decision.changes.save_session.is_some(), counts);
    }
    assert_eq!(start(login(&ada, verified()), None, Vec::new(), None).answer, None);
    assert!(reauthenticate(None, Some(ada), verified(), at(5)).answer.is_none());
}

#[test]
fn a_renewed_hash_is_saved_and_is_the_same_password() {
    let ada = user(&[]);
    let renewed = Verified { renewed: Some("renewed".into()), ..verified() };
    let saved = User { password_hash: "renewed".into(), ..ada.clone() };
    let Decision { answer, changes } =
        start(login(&ada, renewed.clone()), Some(ada.clone()), Vec::new(), None);
    assert_eq!((answer.as_ref(), changes.note_user.as_ref()), (Some(&saved), Some(&saved)));
    let decision = reauthenticate(Some(session(&ada, 0)), Some(ada), renewed, at(5));
    assert_eq!(decision.changes.note_user, Some(saved));
}

#[test]
fn a_factor_that_is_used_up_is_noted_and_is_no_change_of_the_user() {
    let totp = Totp { sealed: Sealed(vec![7]), created_at: at(1).now, last_step: Some(3) };
    let factors = Factors { totp: Some(totp.clone()), ..Factors::default() };
    let ada = User { factors, ..user(&[]) };
    let with = |step| Verified {
        factor: Some(FactorUse::Totp { created_at: at(1).now, step }),
        ..verified()
    };
    assert_eq!(start(login(&ada, verified()), Some(ada.clone()), Vec::new(), None).answer, None);
    assert_eq!(start(login(&ada, with(3)), Some(ada.clone()), Vec::new(), None).answer, None);
    let factors = Factors { totp: Some(Totp { last_step: Some(4), ..totp }), ..Factors::default() };
    let used = User { factors, ..ada.clone() };
    let Decision { answer, changes } =
        start(login(&ada, with(4)), Some(ada.clone()), Vec::new(), None);
    assert_eq!((answer.as_ref(), changes.note_user.as_ref()), (Some(&used), Some(&used)));
    assert_eq!(changes.changed_user(), None);
    assert_eq!(start(login(&ada, with(4)), Some(ada), Vec::new(), Some(u32::MAX)).answer, None);
}

#[test]
fn the_sessions_that_were_not_used_for_the_longest_time_make_room() {
    let ada = user(&[]);
    assert!(!is_full(MAX_SESSIONS - 1) && is_full(MAX_SESSIONS));
    let mut others = existing(MAX_SESSIONS + 1);
    // One that can't be read goes first.
    others[3].refreshed_at = None;
    let ended = vec![others[3].id, others[MAX_SESSIONS].id];
    let decision = start(login(&ada, verified()), Some(ada.clone()), others, None);
    let expected = EndSessions { which: Which::These(Some(ada.id), ended), at: at(0) };
    assert_eq!(decision.changes.end_sessions, Some(expected));
    let roomy = start(login(&ada, verified()), Some(ada), existing(MAX_SESSIONS - 1), None);
    assert_eq!(roomy.changes.end_sessions, None);
}

#[test]
fn a_proof_in_a_session_that_has_expired_does_not_count() {
    let ada = user(&[]);
    let late = reauthenticate(Some(session(&ada, 0)), Some(ada.clone()), verified(), at(10_000));
    assert!(late.answer.is_none());
    let verified = Verified { amr: vec!["hwk".to_owned()], ..verified() };
    let (proven, _) =
        reauthenticate(Some(session(&ada, 0)), Some(ada), verified, at(5)).answer.unwrap();
    assert_eq!((proven.auth_time, proven.tokens_expired_at), (at(5).now, at(905).now));
    assert_eq!(proven.amr, ["hwk"], "the methods of the new proof alone");
}

#[test]
fn the_current_token_is_rotated_and_the_session_lasts_longer() {
    let ada = user(&[]);
    let before = session(&ada, 0);
    let decision = refresh(presented(&before, 0, 600), Some(before.clone()), Some(ada.clone()));
    let Rotation::Rotated(after, user) = decision.answer else { panic!("not rotated") };
    assert_eq!(user, ada);
    assert_eq!((after.generation, after.user_agent.as_str()), (1, "new"));
    assert_eq!((after.refreshed_at, after.expires_at), (at(600).now, at(1500).now));
    assert_eq!(after.tokens_expired_at, at(1500).now);
    let expected = Changes { save_session: Some(after), ..Changes::default() };
    assert_eq!(decision.changes, expected);
}

#[test]
fn a_token_whose_rotation_was_lost_with_a_primary_is_rotated_like_the_current_one() {
    let ada = user(&[]);
    let before = Session { generation: 6, ..session(&ada, 0) };
    let decision = refresh(presented(&before, 7, 600), Some(before), Some(ada.clone()));
    let Rotation::Rotated(after, _) = decision.answer else { panic!("not rotated") };
    assert_eq!((after.generation, after.refreshed_at), (8, at(600).now));
    // The answer to it may be lost, too, and an older tab may come a moment later.
    for (generation, seconds) in [(7, 9_000), (6, 605)] {
        let later = Session { expires_at: at(10_000).now, ..after.clone() };
        let again = refresh(presented(&later, generation, seconds), Some(later), Some(ada.clone()));
        assert!(matches!(again.answer, Rotation::Resent(..) | Rotation::Raced(..)), "{again:?}");
    }
}

#[test]
fn a_token_that_is_presented_again_changes_only_when_the_last_access_token_expires() {
    let ada = user(&[]);
    let before = Session { generation: 1, ..session(&ada, 100) };
    let after =
        |seconds: i64| Session { tokens_expired_at: at(seconds + 900).now, ..before.clone() };
    let raced = refresh(presented(&before, 0, 105), Some(before.clone()), Some(ada.clone()));
    assert!(matches!(&raced.answer, Rotation::Raced(session, _) if *session == after(105)));
    assert_eq!(raced.changes.save_session, Some(after(105)));
    let resent = refresh(presented(&before, 0, 200), Some(before.clone()), Some(ada));
    assert!(matches!(&resent.answer, Rotation::Resent(session, _) if *session == after(200)));
    assert_eq!(resent.changes.save_session, Some(after(200)));
}

#[test]
fn a_copy_ends_the_session_and_the_offers_that_may_have_been_made_with_it() {
    for (owner, withdrawn) in [(user(&[]), false), (admin(), true)] {
        let before = Session { generation: 2, ..session(&owner, 100) };
        let decision =
            refresh(presented(&before, 0, 200), Some(before.clone()), Some(owner.clone()));
        assert!(matches!(decision.answer, Rotation::Reused));
        let which = Which::These(Some(owner.id), vec![before.id]);
        let expected = Changes {
            end_sessions: Some(EndSessions { which, at: at(200) }),
            withdraw_offers_by: withdrawn.then_some(owner.id),
            ..Changes::default()
        };
        assert_eq!(decision.changes, expected);
    }
}

#[test]
fn a_session_that_is_not_there_any_more_is_gone_and_stays_as_it_is() {
    let ada = user(&[]);
    let live = session(&ada, 0);
    let last = Session { generation: u32::MAX, ..live.clone() };
    for (presented, session, user) in [
        (presented(&live, 0, 1), None, Some(ada.clone())),
        (presented(&live, 0, 1), Some(live.clone()), None),
        (presented(&live, 0, 1), Some(live.clone()), Some(disabled(ada.clone()))),
        (presented(&live, 0, 10_000), Some(live.clone()), Some(ada.clone())),
        (presented(&live, 2, 1), Some(live.clone()), Some(ada.clone())),
        (presented(&last, u32::MAX, 1), Some(last), Some(ada.clone())),
    ] {
        let decision = refresh(presented, session, user);
        assert!(matches!(decision.answer, Rotation::Gone), "{decision:?}");
        assert_eq!(decision.changes, Changes::default());
    }
}

#[test]
fn a_session_ends_whether_or_not_it_is_known_whose_it_is() {
    let ended = session(&user(&[]), 0);
    for owner in [Some(ended.user), None] {
        let which = Which::These(owner, vec![ended.id]);
        let end_sessions = Some(EndSessions { which, at: at(5) });
        let expected = Changes { end_sessions, ..Changes::default() };
        assert_eq!(end_session(ended.id, owner, at(5)).changes, expected);
    }
}

#[test]
fn the_end_of_all_sessions_needs_a_fresh_admin_or_an_operator() {
    let changes = Changes {
        end_sessions: Some(EndSessions { which: Which::All, at: at(5) }),
        withdraw_all_offers: true,
        ..Changes::default()
    };
    for by in [None, Some(&asker())] {
        assert_eq!(end_all_sessions(by, at(5)).unwrap().changes, changes);
    }
    let refused = end_all_sessions(Some(&stale()), at(5)).unwrap_err();
    assert!(matches!(refused, EditUserError::NotFresh), "{refused:?}");
}

#[test]
fn what_lasts_until_now_has_expired() {
    for (now, expired) in [(99, false), (100, true), (101, true)] {
        assert_eq!(has_expired(at(100).now, at(now).now), expired, "at {now}");
    }
}

#[test]
fn a_session_that_ended_is_remembered_until_its_last_access_token_has_expired() {
    let ended = session(&user(&[]), 0);
    let [early, late] = [at(-3600), at(3600)];
    assert_eq!(until(Some(&ended), None, early), at(900).now);
    assert_eq!(until(Some(&ended), None, late), late.tokens_expired_at);
    assert_eq!(until(None, None, late), late.tokens_expired_at);
    assert_eq!(until(None, Some(at(9000).now), late), at(9000).now);
}

#[test]
fn a_session_that_expired_is_remembered_only_if_an_access_token_outlives_it() {
    let expired = session(&user(&[]), 0);
    assert_eq!(swept_until(Some(&expired), at(899).now), Some(at(900).now));
    assert_eq!(swept_until(Some(&expired), at(900).now), None);
    // Nothing is known of its tokens.
    assert_eq!(swept_until(None, at(0).now), Some(at(24 * 3600 + 60).now));
}
