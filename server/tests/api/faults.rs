//! What clients are told when the server can't do its work.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use async_trait::async_trait;
use hallpass::serve::Limits;
use hallpass::store::{
    Actor, AuditEntry, AuditPage, AuditQuery, Authority, BackupError, BackupHead, Beside, Block,
    BlockId, Challenge, CreateUserError, EditUserError, Edited, FactorEdit, Lease, Moment,
    NewSession, OauthClient, OauthClientAdded, OpenReset, Refresh, ResetOffer, Restricted,
    Restrictions, Rotation, Session, SessionId, Store, StoreCounts, StoreError, User, UserEdit,
    UserId, Users, Verified,
};
use hallpass::token::Tokens;
use hallpass_contract::{Secret, kind, path};
use jiff::Timestamp;

use crate::app::{PASSWORD, Response, TestApp, unshared};

/// What no client may read.
const CAUSE: &str = "sector 7 of the disk";

/// A store that fails, or panics, at whatever it is asked.
#[derive(Debug)]
pub(crate) enum Broken {
    Damaged,
    Unavailable,
    Conflicting,
    Panicking,
}

impl Broken {
    fn fail<T>(&self) -> Result<T, StoreError> {
        match self {
            Self::Damaged => Err(StoreError::Damaged(anyhow!(CAUSE))),
            Self::Unavailable => Err(StoreError::Unavailable(anyhow!(CAUSE))),
            Self::Conflicting => Err(StoreError::Conflict(anyhow!(CAUSE))),
            Self::Panicking => panic!("{CAUSE}"),
        }
    }
}

/// All of the store's operations, each of which fails.
macro_rules! broken {
    ($($name:ident($($argument:ty),*) -> $result:ty;)*) => {
        #[async_trait]
        impl Store for Broken {
            $(
                async fn $name(&self, $(_: $argument),*) -> $result {
                    Ok(self.fail()?)
                }
            )*

            fn is_revoked(&self, _: SessionId) -> bool {
                false
            }

            fn restrictions(&self) -> Restrictions {
                Restrictions::default()
            }

            fn user_version(&self, _: UserId) -> u64 {
                0
            }

            fn lease(&self) -> Lease {
                Lease::ENDLESS
            }
        }
    };
}

broken! {
    create_user(User, Option<String>) -> Result<(), CreateUserError>;
    import_users(Vec<User>) -> Result<Vec<bool>, StoreError>;
    user_by_id(UserId) -> Result<Option<User>, StoreError>;
    account_of(&str) -> Result<String, StoreError>;
    looks_like_another(&str) -> Result<bool, StoreError>;
    user_by_name(&str) -> Result<Option<User>, StoreError>;
    users(Option<UserId>, usize) -> Result<Users, StoreError>;
    find_users(&str, Option<UserId>, usize) -> Result<Users, StoreError>;
    edit_user(UserId, UserEdit, Option<Actor>, Moment) -> Result<Edited, EditUserError>;
    delete_user(UserId, Option<Actor>, Moment) -> Result<User, EditUserError>;
    set_password(UserId, Secret, Moment) -> Result<bool, StoreError>;
    change_password(Actor, u32, Secret, Moment) -> Result<(), EditUserError>;
    open_resets(Timestamp) -> Result<Vec<OpenReset>, StoreError>;
    withdraw_reset(UserId, Option<Actor>, Timestamp) -> Result<(), EditUserError>;
    change_factors(Actor, FactorEdit, Moment) -> Result<User, EditUserError>;
    remove_factors(UserId, Option<Actor>, Moment) -> Result<User, EditUserError>;
    count_answer(Challenge) -> Result<bool, StoreError>;
    offer_reset(ResetOffer) -> Result<(), EditUserError>;
    reset_offered([u8; 32], Timestamp) -> Result<Option<User>, StoreError>;
    take_up_reset([u8; 32], Secret, Moment) -> Result<Option<UserId>, StoreError>;
    start_session(NewSession) -> Result<Option<User>, StoreError>;
    is_known_address(&str, &str) -> Result<bool, StoreError>;
    session(SessionId) -> Result<Option<Session>, StoreError>;
    sessions_of(UserId, Timestamp) -> Result<Vec<Session>, StoreError>;
    refresh(Refresh) -> Result<Rotation, StoreError>;
    reauthenticate(SessionId, Verified, Moment) -> Result<Option<(Session, User)>, StoreError>;
    end_session(SessionId, Moment) -> Result<(), StoreError>;
    end_other_sessions(Actor, Moment) -> Result<usize, EditUserError>;
    end_sessions(UserId, Option<Actor>, Moment) -> Result<usize, EditUserError>;
    end_session_of(UserId, SessionId, Option<Actor>, Moment) -> Result<(), EditUserError>;
    end_all_sessions(Option<Actor>, Moment) -> Result<usize, EditUserError>;
    set_registration(bool, Option<Actor>) -> Result<(), EditUserError>;
    add_block(Block, Option<Actor>) -> Result<Block, EditUserError>;
    remove_block(BlockId, Option<Actor>, Timestamp) -> Result<Block, EditUserError>;
    add_oauth_client(OauthClient) -> Result<OauthClientAdded, StoreError>;
    oauth_clients() -> Result<Vec<OauthClient>, StoreError>;
    oauth_client(&str) -> Result<Option<OauthClient>, StoreError>;
    remove_oauth_client(&str) -> Result<Option<OauthClient>, StoreError>;
    add_audit(Vec<AuditEntry>, u64) -> Result<(), StoreError>;
    audit(AuditQuery) -> Result<AuditPage, StoreError>;
    sweep_audit(Timestamp, u64) -> Result<usize, StoreError>;
    restricted() -> Result<Restricted, StoreError>;
    authority(SessionId, UserId) -> Result<Authority, StoreError>;
    sweep(Timestamp) -> Result<usize, StoreError>;
    counts() -> Result<StoreCounts, StoreError>;
    back_up(Beside, Box<dyn Write + Send>) -> Result<BackupHead, BackupError>;
    check() -> Result<(), StoreError>;
}

pub(crate) async fn app_on(store: Broken) -> TestApp {
    TestApp::with(&[], Limits::default(), |state| {
        unshared(&mut state.accounts).store = Arc::new(store);
    })
    .await
}

fn assert_tells_nothing(response: &Response, status: u16) {
    assert_eq!(response.status, status);
    let problem = response.problem();
    assert!(!format!("{problem:?}").contains("sector"), "{problem:?}");
    assert!(!response.header("x-request-id").is_empty());
}

#[tokio::test]
async fn a_failing_store_is_an_error_that_does_not_say_why_and_makes_the_server_not_ready() {
    for (store, status) in
        [(Broken::Damaged, 500), (Broken::Unavailable, 503), (Broken::Conflicting, 503)]
    {
        let app = app_on(store).await;
        for response in [app.register("ada", PASSWORD).await, app.login("ada", PASSWORD).await] {
            assert_tells_nothing(&response, status);
            assert_eq!(response.headers.contains_key("retry-after"), status == 503);
            let kind = if status == 503 { kind::UNAVAILABLE } else { kind::BLANK };
            assert_eq!(response.problem().kind, kind);
        }
        assert_tells_nothing(&app.send("GET", path::READYZ, &[]).await, 503);
        assert_eq!(app.send("GET", path::HEALTHZ, &[]).await.status, 200);
    }
}

/// nginx makes a 500 of whatever is not 2xx, 401 or 403.
#[tokio::test]
async fn verify_is_a_401_when_the_store_fails_and_says_nothing_of_the_token() {
    let healthy = TestApp::start().await;
    let ada = healthy.signed_in("ada").await;
    for (store, status) in [(Broken::Damaged, 500), (Broken::Unavailable, 503)] {
        let app = TestApp::with(&[], Limits::default(), |state| {
            let tokens = Tokens::new(
                Arc::clone(&healthy.state.accounts.keys),
                "http://127.0.0.1:8080".to_owned(),
                "hallpass".to_owned(),
                Duration::from_secs(900),
            );
            let accounts = unshared(&mut state.accounts);
            (accounts.tokens, accounts.store) = (tokens, Arc::new(store));
        })
        .await;
        let response = app.get_with_token(path::VERIFY, ada.token()).await;
        assert_tells_nothing(&response, 401);
        assert_eq!(response.problem().kind, kind::BLANK);
        assert!(!response.header("www-authenticate").contains("error"));
        assert!(!response.headers.contains_key("retry-after"));
        assert_tells_nothing(&app.get_with_token(path::ME, ada.token()).await, status);
    }
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_next_request_is_answered() {
    let app = app_on(Broken::Panicking).await;
    assert_tells_nothing(&app.login("ada", PASSWORD).await, 500);
    assert_eq!(app.send("GET", path::HEALTHZ, &[]).await.status, 200);
}
