//! What every backend must do: one case for each promise of [`Store`]. A backend joins with one
//! line at `backends`; it is done when it passes all of them.

use std::sync::Arc;
use std::time::Duration;

use hallpass_contract::{ADMIN_ROLE, Secret};
use jiff::Timestamp;

use super::{
    Actor, Authority, Challenge, ChallengeId, EditUserError, FactorChange, FactorEdit,
    FactorPolicy, FactorUse, Lifetimes, Moment, NewSession, Passkey, PasskeyId, PasskeyState,
    RecoveryCode, RedbStore, Refresh, ResetOffer, Rotation, Sealed, Session, SessionId, Store,
    Totp, User, UserEdit, UserId, Verified,
};

mod actors;
mod audit;
mod edits;
mod factors;
mod names;
pub(super) mod oauth_clients;
mod passwords;
mod races;
mod resets;
mod restrictions;
mod revocation;
mod rotation;
mod sessions;
mod users;

/// Makes a module of tests for each backend, with a test for each case.
macro_rules! conformance {
    (backends: $($backend:ident)*; cases: $cases:tt) => {
        $(conformance!(@backend $backend $cases);)*
    };
    (@backend $backend:ident { $($module:ident: $($case:ident)*;)* }) => {
        mod $backend {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    if let Some(store) = super::$backend().await {
                        super::$module::$case(store).await;
                    }
                }
            )*)*
        }
    };
}

async fn redb_in_memory() -> Option<Arc<dyn Store>> {
    Some(Arc::new(RedbStore::in_memory().unwrap()))
}

/// None where there is no database for tests.
async fn postgres() -> Option<Arc<dyn Store>> {
    let store = super::postgres::tests::fresh_store().await?;
    Some(Arc::new(super::Retrying(store)))
}

conformance! {
    backends: redb_in_memory postgres;
    cases: {
        users:
            a_user_is_found_by_id_and_by_name
            a_refused_creation_changes_nothing
            an_import_adds_those_whose_names_are_free_and_says_which
            pages_are_in_the_order_of_ids_and_lead_on
            those_are_found_whose_names_hold_a_part_in_whatever_spelling
            what_is_there_is_counted
            a_sound_store_passes_its_check;
        names:
            every_spelling_finds_the_owner_and_nobody_else_gets_one
            all_spellings_of_a_name_have_one_key_whether_or_not_somebody_has_it
            only_a_person_s_name_must_not_look_like_another_s
            names_are_alike_only_if_one_has_letters_beyond_ascii
            a_deleted_user_s_name_is_free_in_every_spelling;
        actors:
            who_has_lost_the_role_or_the_session_changes_nothing
            who_is_no_admin_changes_nobody_but_themselves
            freshness_is_judged_by_what_the_user_is_when_the_change_is_made
            a_stale_admin_does_not_touch_sessions_or_offers_of_an_admin
            without_an_actor_the_operator_asks_who_may_do_anything;
        audit:
            records_are_found_by_whom_they_concern_by_event_and_by_time
            pages_of_records_lead_on_to_the_oldest
            the_oldest_records_are_removed_by_age_and_by_size
            the_addresses_of_a_user_are_forgotten_with_them
            the_addresses_of_thousands_of_records_are_forgotten;
        edits:
            an_edit_changes_what_it_names_and_tells_before_and_after
            disabling_a_user_ends_their_sessions_and_the_offer_to_them
            offers_end_when_their_maker_becomes_or_ceases_to_be_an_admin
            the_last_active_admin_stays_one
            a_deletion_removes_the_user_their_sessions_and_their_offers
            nobody_is_neither_edited_nor_deleted;
        passwords:
            a_password_that_is_set_ends_sessions_and_offers
            a_password_is_set_of_a_user_who_is_there
            a_changed_password_keeps_the_actor_s_session_and_ends_the_others
            a_password_that_was_changed_meanwhile_is_not_changed_again;
        factors:
            one_time_codes_count_once_they_are_confirmed
            who_has_a_factor_signs_in_with_it_alone
            a_one_time_code_counts_once_and_no_earlier_one_after_it
            a_recovery_code_counts_once_and_new_ones_void_the_old
            a_first_factor_may_start_a_session_that_ends_all_others
            the_last_factor_stays_where_there_must_be_one
            recovery_codes_go_with_the_last_factor
            a_change_of_factors_is_of_a_fresh_login_and_a_new_version
            a_passkey_counts_while_its_counter_goes_on
            passkeys_are_renamed_and_removed_and_twenty_at_most
            who_lost_their_factors_signs_in_by_the_password_again
            a_challenge_is_answered_once_and_tried_five_times
            of_many_logins_with_one_code_one_succeeds;
        resets:
            an_offer_is_taken_up_once_and_does_what_a_new_password_does
            a_new_offer_ends_the_one_before
            open_offers_are_listed_in_the_order_in_which_they_were_made
            an_offer_is_void_once_it_has_expired
            an_offer_is_void_once_its_maker_is_no_active_admin
            an_offer_is_withdrawn_once
            a_void_offer_is_withdrawn_and_counts_as_none
            nobody_gets_an_offer;
        sessions:
            a_started_session_is_there_with_its_user_as_they_are_now
            a_login_is_void_if_the_user_is_gone_disabled_or_has_another_password
            a_renewed_hash_is_kept_and_is_the_same_password
            one_session_too_many_ends_the_one_that_was_not_used_for_the_longest_time
            the_last_addresses_are_remembered
            expired_sessions_are_there_but_not_listed
            a_new_proof_is_noted
            a_proof_is_void_where_a_login_would_be
            ended_sessions_are_counted_and_others_stay
            a_user_who_ends_their_other_sessions_keeps_the_one_and_the_offers
            who_else_ends_a_user_s_sessions_ends_the_offers_they_made
            one_session_of_a_user_ends_and_the_others_stay
            who_ends_a_session_of_an_admin_is_fresh_and_ends_the_offers
            all_sessions_of_everybody_end_and_all_offers;
        rotation:
            the_current_token_is_exchanged_for_the_next_one
            the_token_before_is_good_again_if_its_answer_was_lost
            the_token_before_is_good_for_a_moment_once_its_successor_was_presented
            the_token_after_the_current_one_counts_as_current
            a_copy_ends_the_session_and_the_offers_its_user_made
            a_token_of_no_session_is_gone_and_ends_nothing;
        revocation:
            a_session_that_ends_is_revoked_even_if_it_is_not_there
            a_revocation_outlasts_every_token_wherever_the_clock_has_been
            the_sweep_removes_what_has_expired_and_nothing_else
            every_change_of_a_user_is_another_version_of_them_alone
            a_new_hash_of_the_same_password_is_no_other_version
            authority_is_that_of_a_session_of_this_user;
        restrictions:
            registration_is_as_the_last_one_said_who_may_say_so
            a_network_is_blocked_until_its_time_is_over_or_the_block_ends
            only_a_fresh_admin_or_an_operator_blocks_and_not_too_many;
        oauth_clients:
            an_oauth_client_is_found_by_name_until_it_is_removed
            of_oauth_clients_each_name_is_there_once_and_not_too_many;
        races:
            of_many_users_with_one_name_one_is_created
            of_two_last_admins_that_go_one_stays
            of_many_refreshes_with_one_token_one_rotates_it
            of_two_who_take_up_an_offer_one_succeeds
            of_two_changes_of_one_password_one_succeeds
            no_login_outlives_a_new_password
            no_login_outlives_the_user
            no_refresh_brings_an_ended_session_back
            no_offer_outlives_the_admin_who_makes_it;
    }
}

pub(super) fn at(seconds: i64) -> Moment {
    let now = Timestamp::from_second(seconds).unwrap();
    Moment { now, tokens_expired_at: now + Duration::from_secs(900) }
}

pub(super) fn user(username: &str) -> User {
    User {
        id: UserId::new(Timestamp::UNIX_EPOCH),
        username: username.to_owned(),
        username_key: username.to_lowercase(),
        password_hash: "old hash".into(),
        password_version: 0,
        roles: Vec::new(),
        disabled: false,
        created_at: Timestamp::UNIX_EPOCH,
        factors: Default::default(),
    }
}

/// Adds a user.
pub(super) async fn added(store: &dyn Store, username: &str) -> User {
    let user = user(username);
    store.create_user(user.clone(), None).await.unwrap();
    user
}

/// Adds an admin.
pub(super) async fn added_admin(store: &dyn Store, username: &str) -> User {
    let admin = User { roles: vec![ADMIN_ROLE.to_owned()], ..user(username) };
    store.create_user(admin.clone(), None).await.unwrap();
    admin
}

/// A login of the user at "home", with the password.
pub(super) fn login(user: &User) -> NewSession {
    let now = at(0).now;
    let session = Session {
        id: SessionId::new(now),
        user: user.id,
        seed: [7; 16],
        generation: 0,
        created_at: now,
        refreshed_at: now,
        auth_time: now,
        amr: vec!["pwd".to_owned()],
        expires_at: at(1000).now,
        tokens_expired_at: at(0).tokens_expired_at,
        user_agent: String::new(),
    };
    let verified = Verified {
        version: user.password_version,
        renewed: None,
        amr: vec!["pwd".to_owned()],
        factor: None,
    };
    NewSession { session, verified, at: at(0), address: "home".to_owned(), challenge: None }
}

/// Signs the user in.
pub(super) async fn signed_in(store: &dyn Store, user: &User) -> SessionId {
    let new = login(user);
    let id = new.session.id;
    store.start_session(new).await.unwrap().unwrap();
    id
}

/// Signs the user in, who asks for something with a fresh login: as an admin if they are one.
pub(super) async fn actor(store: &dyn Store, user: &User) -> Actor {
    let session = signed_in(store, user).await;
    Actor { user: user.id, session, admin: user.is_active_admin(), fresh: true }
}

fn stale(actor: Actor) -> Actor {
    Actor { fresh: false, ..actor }
}

fn roles(roles: &[&str]) -> UserEdit {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    UserEdit { roles: Some(roles), disabled: None }
}

fn disabling(disabled: bool) -> UserEdit {
    UserEdit { roles: None, disabled: Some(disabled) }
}

/// An offer from 0 to 500, whose token is told by its hash.
pub(super) fn offer(to: &User, by: Actor, hash: u8) -> ResetOffer {
    let (created_at, expires_at) = (at(0).now, at(500).now);
    ResetOffer { user: to.id, by, token_hash: [hash; 32], created_at, expires_at }
}

/// Whether the offer with this hash can be taken up.
async fn is_open(store: &dyn Store, hash: u8) -> bool {
    store.reset_offered([hash; 32], at(1).now).await.unwrap().is_some()
}

async fn live_sessions(store: &dyn Store, user: &User) -> Vec<SessionId> {
    let sessions = store.sessions_of(user.id, at(1).now).await.unwrap();
    sessions.into_iter().map(|session| session.id).collect()
}

pub(super) fn presented(id: SessionId, generation: u32, seconds: i64) -> Refresh {
    let lifetimes =
        Lifetimes { idle: Duration::from_secs(1000), absolute: Duration::from_secs(5000) };
    Refresh { id, generation, at: at(seconds), lifetimes, user_agent: "browser".to_owned() }
}
