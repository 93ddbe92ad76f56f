use super::*;

fn totp(made: i64) -> Totp {
    Totp { sealed: Sealed(vec![7]), created_at: at(made).now, last_step: None }
}

fn code(step: u64) -> FactorUse {
    FactorUse::Totp { created_at: at(1).now, step }
}

fn recovery(n: u8) -> RecoveryCode {
    RecoveryCode([n; 32])
}

fn confirmation(made: i64) -> FactorChange {
    let recovery_codes = vec![recovery(1), recovery(2)];
    FactorChange::ConfirmTotp { created_at: at(made).now, step: 10, recovery_codes }
}

/// A user whose one-time codes are set up, with the session in which that was done.
async fn with_totp(store: &dyn Store) -> (User, Actor) {
    let user = added(store, "ada").await;
    let by = actor(store, &user).await;
    store.change_factors(by, FactorChange::BeginTotp(totp(1)).into(), at(1)).await.unwrap();
    (store.change_factors(by, confirmation(1).into(), at(1)).await.unwrap(), by)
}

/// A login with this factor.
fn login_with(user: &User, factor: Option<FactorUse>) -> NewSession {
    let new = login(user);
    NewSession { verified: Verified { factor, ..new.verified }, ..new }
}

async fn signs_in(store: &dyn Store, user: &User, factor: Option<FactorUse>) -> bool {
    store.start_session(login_with(user, factor)).await.unwrap().is_some()
}

pub(super) async fn one_time_codes_count_once_they_are_confirmed(store: Arc<dyn Store>) {
    let user = added(&*store, "ada").await;
    let by = actor(&*store, &user).await;
    let other = signed_in(store.as_ref(), &user).await;
    store.change_factors(by, FactorChange::BeginTotp(totp(0)).into(), at(1)).await.unwrap();
    let begun =
        store.change_factors(by, FactorChange::BeginTotp(totp(1)).into(), at(1)).await.unwrap();
    assert!(!begun.factors.are_needed() && signs_in(&*store, &begun, None).await);
    let of_another = store.change_factors(by, confirmation(0).into(), at(1)).await;
    assert!(matches!(of_another, Err(EditUserError::NoFactor)), "{of_another:?}");
    assert_eq!(live_sessions(&*store, &user).await.len(), 3);
    let confirmed = store.change_factors(by, confirmation(1).into(), at(1)).await.unwrap();
    assert!(store.is_revoked(other), "somebody who knows the password may have begun it");
    assert_eq!(live_sessions(&*store, &user).await, [by.session]);
    assert!(confirmed.factors.are_needed() && confirmed.factors.pending_totp.is_none());
    assert_eq!(store.user_by_id(user.id).await.unwrap(), Some(confirmed));
    let again = store.change_factors(by, confirmation(1).into(), at(1)).await;
    assert!(matches!(again, Err(EditUserError::NoFactor)), "{again:?}");
}

pub(super) async fn who_has_a_factor_signs_in_with_it_alone(store: Arc<dyn Store>) {
    let (ada, by) = with_totp(&*store).await;
    assert!(!signs_in(&*store, &ada, None).await);
    let other = FactorUse::Totp { created_at: at(2).now, step: 11 };
    assert!(!signs_in(&*store, &ada, Some(other)).await, "of another secret");
    assert!(signs_in(&*store, &ada, Some(code(11))).await);
    let verified = login(&ada).verified;
    let again = store.reauthenticate(by.session, verified.clone(), at(1)).await.unwrap();
    assert!(again.is_none(), "a proof in a session is as good as a login");
    let verified = Verified { factor: Some(code(12)), ..verified };
    assert!(store.reauthenticate(by.session, verified, at(1)).await.unwrap().is_some());
    let bob = added(&*store, "bob").await;
    assert!(!signs_in(&*store, &bob, Some(code(13))).await, "bob has no factor");
}

pub(super) async fn a_one_time_code_counts_once_and_no_earlier_one_after_it(store: Arc<dyn Store>) {
    let (ada, _) = with_totp(&*store).await;
    assert!(!signs_in(&*store, &ada, Some(code(10))).await, "the confirmation used it");
    assert!(signs_in(&*store, &ada, Some(code(12))).await);
    assert!(!signs_in(&*store, &ada, Some(code(12))).await);
    assert!(!signs_in(&*store, &ada, Some(code(11))).await);
    assert!(signs_in(&*store, &ada, Some(code(13))).await);
}

pub(super) async fn a_recovery_code_counts_once_and_new_ones_void_the_old(store: Arc<dyn Store>) {
    let (ada, by) = with_totp(&*store).await;
    let code = |n| Some(FactorUse::RecoveryCode(recovery(n)));
    assert!(!signs_in(&*store, &ada, code(3)).await);
    assert!(signs_in(&*store, &ada, code(1)).await && !signs_in(&*store, &ada, code(1)).await);
    let left = store.user_by_id(ada.id).await.unwrap().unwrap().factors.recovery_codes;
    assert_eq!(left, [recovery(2)]);
    let new = FactorChange::NewRecoveryCodes(vec![recovery(3)]);
    store.change_factors(by, new.into(), at(1)).await.unwrap();
    assert!(!signs_in(&*store, &ada, code(2)).await && signs_in(&*store, &ada, code(3)).await);
}

pub(super) async fn a_first_factor_may_start_a_session_that_ends_all_others(store: Arc<dyn Store>) {
    let user = added(&*store, "ada").await;
    let by = actor(&*store, &user).await;
    let other = signed_in(store.as_ref(), &user).await;
    let starts = login(&user).session;
    let edit =
        |change| FactorEdit { change, policy: FactorPolicy::All, starts: Some(starts.clone()) };
    store.change_factors(by, edit(FactorChange::BeginTotp(totp(1))), at(1)).await.unwrap();
    assert!(live_sessions(&*store, &user).await.contains(&by.session), "there is no factor yet");
    let ada = store.change_factors(by, edit(confirmation(1)), at(1)).await.unwrap();
    assert!(store.is_revoked(by.session) && store.is_revoked(other));
    assert_eq!(live_sessions(&*store, &user).await, [starts.id]);
    assert_eq!(store.session(starts.id).await.unwrap().as_ref(), Some(&starts));
    let by = Actor { session: starts.id, ..by };
    let again = store.change_factors(by, edit(FactorChange::RemoveTotp), at(2)).await;
    assert!(matches!(again, Err(EditUserError::SessionEnded)), "it was not the first: {again:?}");
    assert_eq!(live_sessions(&*store, &ada).await, [starts.id]);
}

pub(super) async fn the_last_factor_stays_where_there_must_be_one(store: Arc<dyn Store>) {
    let (ada, by) = with_totp(&*store).await;
    let remove = async |policy| {
        let edit = FactorEdit { change: FactorChange::RemoveTotp, policy, starts: None };
        store.change_factors(by, edit, at(1)).await
    };
    let refused = remove(FactorPolicy::All).await;
    assert!(matches!(refused, Err(EditUserError::LastFactor)), "{refused:?}");
    assert_eq!(store.user_by_id(ada.id).await.unwrap(), Some(ada));
    assert!(remove(FactorPolicy::Admins).await.is_ok(), "ada is no admin");
}

pub(super) async fn recovery_codes_go_with_the_last_factor(store: Arc<dyn Store>) {
    let (ada, by) = with_totp(&*store).await;
    let without = store.change_factors(by, FactorChange::RemoveTotp.into(), at(1)).await.unwrap();
    assert_eq!(without, User { factors: Default::default(), ..ada.clone() });
    assert!(signs_in(&*store, &ada, None).await);
    for change in [FactorChange::RemoveTotp, FactorChange::NewRecoveryCodes(vec![recovery(3)])] {
        let refused = store.change_factors(by, change.into(), at(1)).await;
        assert!(matches!(refused, Err(EditUserError::NoFactor)), "{refused:?}");
    }
}

pub(super) async fn a_change_of_factors_is_of_a_fresh_login_and_a_new_version(
    store: Arc<dyn Store>,
) {
    let (ada, by) = with_totp(&*store).await;
    let version = store.user_version(ada.id);
    let refused = store.change_factors(stale(by), FactorChange::RemoveTotp.into(), at(1)).await;
    assert!(matches!(refused, Err(EditUserError::NotFresh)), "{refused:?}");
    store.change_factors(by, FactorChange::RemoveTotp.into(), at(1)).await.unwrap();
    assert_ne!(store.user_version(ada.id), version);
    store.end_session(by.session, at(1)).await.unwrap();
    let ended = store.change_factors(by, FactorChange::BeginTotp(totp(5)).into(), at(1)).await;
    assert!(matches!(ended, Err(EditUserError::SessionEnded)), "{ended:?}");
}

pub(super) async fn who_lost_their_factors_signs_in_by_the_password_again(store: Arc<dyn Store>) {
    let (ada, of_ada) = with_totp(&*store).await;
    let boss = added_admin(&*store, "boss").await;
    let by = actor(&*store, &boss).await;
    for (refused, why) in [(stale(by), "not fresh"), (of_ada, "no admin")] {
        assert!(store.remove_factors(ada.id, Some(refused), at(1)).await.is_err(), "{why}");
    }
    assert_eq!(store.remove_factors(ada.id, Some(by), at(1)).await.unwrap(), ada);
    assert!(store.is_revoked(of_ada.session) && live_sessions(&*store, &ada).await.is_empty());
    assert!(signs_in(&*store, &ada, None).await);
    assert!(store.remove_factors(ada.id, None, at(1)).await.is_ok(), "the operator");
    let nobody = store.remove_factors(UserId::new(at(0).now), None, at(1)).await;
    assert!(matches!(nobody, Err(EditUserError::NotFound)), "{nobody:?}");
}

pub(super) async fn a_challenge_is_answered_once_and_tried_five_times(store: Arc<dyn Store>) {
    let (ada, _) = with_totp(&*store).await;
    let challenge = |expires| Challenge {
        id: ChallengeId::new(at(0).now),
        expires_at: at(expires).now,
        answers: 5,
    };
    let tried = challenge(300);
    for n in 1..=7 {
        assert_eq!(store.count_answer(tried).await.unwrap(), n <= 5, "attempt {n}");
    }
    let answered = challenge(300);
    assert!(store.count_answer(answered).await.unwrap());
    let answer =
        |step| NewSession { challenge: Some(answered), ..login_with(&ada, Some(code(step))) };
    assert!(store.start_session(answer(20)).await.unwrap().is_some());
    assert!(!store.count_answer(answered).await.unwrap());
    assert!(store.start_session(answer(21)).await.unwrap().is_none());
    store.sweep(at(300 + 3599).now).await.unwrap();
    assert!(!store.count_answer(answered).await.unwrap(), "another server's clock may be late");
    store.sweep(at(300 + 3600).now).await.unwrap();
    assert!(store.count_answer(answered).await.unwrap(), "whoever asks looks at the time first");
}

pub(super) async fn of_many_logins_with_one_code_one_succeeds(store: Arc<dyn Store>) {
    let (ada, _) = with_totp(&*store).await;
    let logins = (0..16).map(|_| {
        let (store, ada) = (Arc::clone(&store), ada.clone());
        tokio::spawn(async move { signs_in(&*store, &ada, Some(code(11))).await })
    });
    let mut signed_in = 0;
    for login in logins.collect::<Vec<_>>() {
        signed_in += usize::from(login.await.unwrap());
    }
    assert_eq!(signed_in, 1);
}

fn passkey(n: u8, counter: u32) -> Passkey {
    let state = PasskeyState { counter, credential: format!("key {n}") };
    Passkey {
        id: PasskeyId::new(at(n.into()).now),
        name: format!("device {n}"),
        created_at: at(1).now,
        last_used_at: None,
        credential_id: format!("credential {n}"),
        state,
    }
}

/// A use of the passkey, which says that it has signed so often.
fn signed(passkey: &Passkey, counter: u32) -> Option<FactorUse> {
    let state = PasskeyState { counter, credential: format!("after {counter}") };
    Some(FactorUse::Passkey { id: passkey.id, state, synced: false, at: at(5).now })
}

pub(super) async fn a_passkey_counts_while_its_counter_goes_on(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let by = actor(&*store, &ada).await;
    let (counting, other) = (passkey(1, 3), passkey(2, 0));
    let other_session = signed_in(store.as_ref(), &ada).await;
    let add = async |passkey: &Passkey| {
        store.change_factors(by, FactorChange::AddPasskey(passkey.clone()).into(), at(2)).await
    };
    let ada = add(&counting).await.unwrap();
    assert!(ada.factors.are_needed() && store.is_revoked(other_session), "it is the first factor");
    let again = add(&counting).await;
    assert!(matches!(again, Err(EditUserError::SamePasskey)), "{again:?}");
    add(&other).await.unwrap();
    assert!(!signs_in(&*store, &ada, None).await);
    assert!(!signs_in(&*store, &ada, signed(&counting, 3)).await, "it has not gone on");
    assert!(signs_in(&*store, &ada, signed(&counting, 5)).await);
    assert!(!signs_in(&*store, &ada, signed(&counting, 4)).await, "it went back");
    for _ in 0..2 {
        assert!(signs_in(&*store, &ada, signed(&other, 0)).await, "this one does not count");
    }
    let stored = store.user_by_id(ada.id).await.unwrap().unwrap().factors.passkeys;
    let after = PasskeyState { counter: 5, credential: "after 5".to_owned() };
    assert_eq!((&stored[0].state, stored[0].last_used_at), (&after, Some(at(5).now)));
    let bob = added(&*store, "bob").await;
    assert!(!signs_in(&*store, &bob, signed(&counting, 9)).await, "it is ada's");
}

pub(super) async fn passkeys_are_renamed_and_removed_and_twenty_at_most(store: Arc<dyn Store>) {
    let ada = added(&*store, "ada").await;
    let by = actor(&*store, &ada).await;
    let change = async |change: FactorChange| store.change_factors(by, change.into(), at(2)).await;
    let all: Vec<_> = (1..=21).map(|n| passkey(n, 0)).collect();
    for passkey in &all[..20] {
        change(FactorChange::AddPasskey(passkey.clone())).await.unwrap();
    }
    let more = change(FactorChange::AddPasskey(all[20].clone())).await;
    assert!(matches!(more, Err(EditUserError::TooManyPasskeys)), "{more:?}");
    let rename = |id| FactorChange::RenamePasskey { id, name: "desk".to_owned() };
    let renamed = change(rename(all[3].id)).await.unwrap();
    assert_eq!(renamed.factors.passkeys[3].name, "desk");
    for gone in [rename(all[20].id), FactorChange::RemovePasskey(all[20].id)] {
        let gone = change(gone).await;
        assert!(matches!(gone, Err(EditUserError::NoFactor)), "{gone:?}");
    }
    change(FactorChange::NewRecoveryCodes(vec![recovery(1)])).await.unwrap();
    for passkey in &all[1..20] {
        let left = change(FactorChange::RemovePasskey(passkey.id)).await.unwrap().factors;
        assert!(left.are_needed() && left.recovery_codes.len() == 1);
    }
    let left = change(FactorChange::RemovePasskey(all[0].id)).await.unwrap().factors;
    assert!(!left.are_needed() && left.recovery_codes.is_empty(), "{left:?}");
    assert!(signs_in(&*store, &ada, None).await);
}
