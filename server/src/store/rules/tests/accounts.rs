use super::*;
use crate::store::error::EditUserError;
use crate::store::rules::{
    Changes, Decision, EndSessions, Which, change_password, delete, edit, end_other_sessions,
    end_sessions, set_password,
};
use crate::store::user::{Edited, UserEdit};

fn roles(roles: &[&str]) -> UserEdit {
    UserEdit { roles: Some(user(roles).roles), disabled: None }
}

fn disabling(disabled: bool) -> UserEdit {
    UserEdit { roles: None, disabled: Some(disabled) }
}

/// What an edit comes to where there are two active admins.
fn edited(
    by: Option<&Asker>,
    user: &User,
    change: UserEdit,
) -> Result<Decision<Edited>, EditUserError> {
    edit(by, Some(user.clone()), change, 2, at(0))
}

fn all_sessions_of(user: &User) -> Option<EndSessions> {
    Some(EndSessions { which: Which::AllOf(user.id), at: at(0) })
}

#[test]
fn an_actor_who_lost_the_session_the_account_or_the_role_may_do_nothing() {
    use EditUserError::{NoAdmin, SessionEnded};
    let asker = asker();
    let as_themselves = Actor { admin: false, ..asker.actor };
    for (by, refusal) in [
        (Asker { has_session: false, ..asker.clone() }, Some(SessionEnded)),
        (Asker { user: None, ..asker.clone() }, Some(SessionEnded)),
        (Asker { user: Some(disabled(admin())), ..asker.clone() }, Some(SessionEnded)),
        (Asker { user: Some(user(&["user"])), ..asker.clone() }, Some(NoAdmin)),
        (Asker { user: Some(user(&[])), actor: as_themselves, has_session: true }, Some(NoAdmin)),
        (asker, None),
    ] {
        let by = Some(&by);
        let target = user(&[]);
        let refusal = refusal.map(|refusal| refusal.to_string());
        let found = [
            edited(by, &target, roles(&["editor"])).err(),
            delete(by, Some(target.clone()), 2, at(0)).err(),
            end_sessions(by, Some(&target), at(0)).err(),
        ];
        for found in found {
            assert_eq!(found.map(|found| found.to_string()), refusal, "{by:?}");
        }
    }
}

#[test]
fn who_asks_for_themselves_does_nothing_to_another_and_gives_themselves_no_role() {
    let (ada, bob) = (user(&["user"]), user(&["user"]));
    // An admin may ask for themselves, too.
    for (asker, themselves) in [(asker(), ada.clone()), (asker(), admin())] {
        let actor = Actor { user: themselves.id, admin: false, ..asker.actor };
        let by = Asker { actor, user: Some(themselves.clone()), ..asker };
        let refused = |error: EditUserError| matches!(error, EditUserError::NoAdmin);
        for target in [Some(bob.clone()), None] {
            assert!(refused(delete(Some(&by), target.clone(), 2, at(0)).unwrap_err()));
            assert!(refused(end_sessions(Some(&by), target.as_ref(), at(0)).unwrap_err()));
        }
        for target in [&bob, &themselves] {
            assert!(refused(edited(Some(&by), target, roles(&["admin"])).unwrap_err()));
        }
        delete(Some(&by), Some(themselves.clone()), 2, at(0)).unwrap();
        end_sessions(Some(&by), Some(&themselves), at(0)).unwrap();
    }
}

#[test]
fn what_concerns_an_admin_or_lets_somebody_in_again_needs_a_fresh_login() {
    let plain = || user(&["user"]);
    for (before, edit, needs) in [
        (plain(), roles(&["user", "editor"]), false),
        (plain(), disabling(true), false),
        (disabled(plain()), roles(&["editor"]), false),
        (disabled(plain()), disabling(false), true),
        (plain(), roles(&["admin"]), true),
        (disabled(plain()), roles(&["admin"]), true),
        (admin(), roles(&["user"]), true),
        (admin(), roles(&["admin", "editor"]), true),
        (admin(), disabling(true), true),
        (disabled(admin()), disabling(false), true),
        (user(&["administrator"]), roles(&["user"]), false),
    ] {
        let refused = edited(Some(&stale()), &before, edit.clone());
        let is_refused = matches!(refused, Err(EditUserError::NotFresh));
        assert_eq!(is_refused, needs, "{before:?} {edit:?}");
        for by in [Some(&asker()), None] {
            assert!(edited(by, &before, edit.clone()).is_ok(), "{before:?} {edit:?}");
        }
    }
}

#[test]
fn the_last_active_admin_stays_one() {
    let is_last = |error: EditUserError| matches!(error, EditUserError::LastAdmin);
    let alone = |change| edit(None, Some(admin()), change, 1, at(0));
    assert!(is_last(alone(roles(&[])).unwrap_err()));
    assert!(is_last(alone(disabling(true)).unwrap_err()));
    assert!(is_last(delete(None, Some(admin()), 1, at(0)).unwrap_err()));
    alone(roles(&["admin", "editor"])).unwrap();
    for other in [user(&[]), disabled(admin())] {
        edit(None, Some(other.clone()), disabling(true), 1, at(0)).unwrap();
        delete(None, Some(other), 1, at(0)).unwrap();
    }
    edited(None, &admin(), roles(&[])).unwrap();
    delete(None, Some(admin()), 2, at(0)).unwrap();
}

#[test]
fn an_edit_saves_what_it_changes_and_ends_what_it_must() {
    let ada = user(&["user"]);
    let Decision { answer, changes } = edited(None, &ada, roles(&["editor"])).unwrap();
    assert_eq!((&answer.before, &answer.after.roles), (&ada, &vec!["editor".to_owned()]));
    assert_eq!(changes, Changes { save_user: Some(answer.after), ..Changes::default() });
    let unchanged = edited(None, &ada, roles(&["user"])).unwrap().changes;
    assert_eq!(unchanged, Changes::default());

    let Decision { answer, changes } = edited(None, &ada, disabling(true)).unwrap();
    assert!(answer.after.disabled);
    let expected = Changes {
        save_user: Some(answer.after),
        end_sessions: all_sessions_of(&ada),
        withdraw_offer_to: Some(ada.id),
        ..Changes::default()
    };
    assert_eq!(changes, expected);
}

#[test]
fn who_becomes_or_ceases_to_be_an_active_admin_has_made_no_offers() {
    for (before, change, ends) in [
        (user(&[]), roles(&["admin"]), true),
        (admin(), roles(&[]), true),
        (admin(), disabling(true), true),
        (disabled(admin()), disabling(false), true),
        (admin(), roles(&["admin", "editor"]), false),
        (disabled(user(&[])), roles(&["admin"]), false),
    ] {
        let changes = edited(None, &before, change).unwrap().changes;
        assert_eq!(changes.withdraw_offers_by, ends.then_some(before.id), "{before:?}");
    }
}

#[test]
fn a_deletion_removes_all_that_belongs_to_the_user() {
    let boss = admin();
    let Decision { answer, changes } = delete(None, Some(boss.clone()), 2, at(0)).unwrap();
    let expected = Changes {
        remove_user: Some(boss.clone()),
        end_sessions: all_sessions_of(&boss),
        withdraw_offer_to: Some(boss.id),
        withdraw_offers_by: Some(boss.id),
        ..Changes::default()
    };
    assert_eq!((&answer, changes), (&boss, expected));
    let missing = delete(None, None, 2, at(0)).unwrap_err();
    assert!(matches!(missing, EditUserError::NotFound));
}

#[test]
fn a_new_password_ends_sessions_and_offers_and_voids_proofs_of_the_old_one() {
    let boss = admin();
    let decision = set_password(Some(boss.clone()), "new".into(), at(0));
    let saved = User { password_hash: "new".into(), password_version: 4, ..boss.clone() };
    let expected = Changes {
        save_user: Some(saved.clone()),
        end_sessions: all_sessions_of(&boss),
        withdraw_offer_to: Some(boss.id),
        withdraw_offers_by: Some(boss.id),
        ..Changes::default()
    };
    assert_eq!((decision.answer, &decision.changes), (true, &expected));
    let missing = set_password(None, "new".into(), at(0));
    assert_eq!((missing.answer, missing.changes), (false, Changes::default()));

    let by = Asker { user: Some(boss), ..asker() };
    let by = Asker { actor: Actor { user: saved.id, admin: false, ..by.actor }, ..by };
    let changes = change_password(&by, 3, "new".into(), at(0)).unwrap().changes;
    let which = Which::OthersOf(by.actor);
    let end_sessions = Some(EndSessions { which, at: at(0) });
    assert_eq!(changes, Changes { end_sessions, ..expected });
    let another = change_password(&by, 2, "new".into(), at(0)).unwrap_err();
    assert!(matches!(another, EditUserError::PasswordChanged));
}

#[test]
fn ending_sessions_withdraws_offers_only_if_somebody_else_asks() {
    let boss = admin();
    for (by, withdrawn) in [
        (None, Some(boss.id)),
        (Some(asker()), Some(boss.id)),
        (Some(Asker { actor: Actor { user: boss.id, ..asker().actor }, ..asker() }), None),
    ] {
        let changes = end_sessions(by.as_ref(), Some(&boss), at(0)).unwrap().changes;
        assert_eq!(changes.end_sessions, all_sessions_of(&boss));
        assert_eq!(changes.withdraw_offers_by, withdrawn, "{by:?}");
    }
    let refused = end_sessions(Some(&stale()), Some(&boss), at(0)).unwrap_err();
    assert!(matches!(refused, EditUserError::NotFresh));
    end_sessions(Some(&stale()), Some(&user(&[])), at(0)).unwrap();

    let by = asker();
    let changes = end_other_sessions(&by, at(0)).unwrap().changes;
    let which = Which::OthersOf(by.actor);
    let end_sessions = Some(EndSessions { which, at: at(0) });
    assert_eq!(changes, Changes { end_sessions, ..Changes::default() });
}
