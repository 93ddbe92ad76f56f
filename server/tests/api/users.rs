//! What becomes of users and their tokens when the store says otherwise.

use hallpass::proof::password::Password;
use hallpass::store::{NewSession, User, UserId, Verified};
use hallpass::token::{Grant, UseFor};
use hallpass_contract::path;

use crate::app::{PASSWORD, TestApp};

async fn user(app: &TestApp, username: &str, disabled: bool) -> User {
    let password = Password::prepare(&PASSWORD.into()).unwrap();
    let now = app.clock.now();
    User {
        id: UserId::new(now),
        username: username.to_owned(),
        username_key: username.to_owned(),
        password_hash: app.state.accounts.prover.pool.hash(password).await.unwrap().to_phc(),
        password_version: 0,
        roles: vec!["reader".to_owned(), "writer".to_owned()],
        disabled,
        created_at: now,
        factors: Default::default(),
    }
}

/// An access token of a new session, as far as the user may have one.
async fn token(app: &TestApp, user: &User) -> String {
    let at = app.state.accounts.moment();
    let session =
        app.state.accounts.sessions.begin(user.id, Vec::new(), String::new(), at).unwrap();
    let (sid, not_after) = (session.id.uuid(), session.expires_at);
    let verified = Verified {
        version: user.password_version,
        renewed: None,
        amr: vec!["pwd".to_owned()],
        factor: None,
    };
    let new = NewSession { session, verified, at, address: String::new(), challenge: None };
    app.state.accounts.store.start_session(new).await.unwrap();
    let grant =
        Grant { use_for: UseFor::Access, user, sid, auth_time: at.now, amr: &[], not_after };
    app.state.accounts.tokens.sign(&grant, at.now).unwrap().token
}

#[tokio::test]
async fn a_disabled_user_can_not_sign_in_and_reads_what_a_stranger_reads() {
    let app = TestApp::start().await;
    for (username, disabled) in [("active", false), ("disabled", true)] {
        app.state
            .accounts
            .store
            .create_user(user(&app, username, disabled).await, None)
            .await
            .unwrap();
    }
    assert_eq!(app.login("active", PASSWORD).await.status, 200);
    let refused = app.login("disabled", PASSWORD).await;
    let stranger = app.login("stranger", PASSWORD).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.problem(), stranger.problem());
}

#[tokio::test]
async fn the_token_of_a_user_who_is_disabled_or_gone_is_not_accepted() {
    let app = TestApp::start().await;
    let (active, disabled, gone) = (
        user(&app, "active", false).await,
        user(&app, "disabled", true).await,
        user(&app, "gone", false).await,
    );
    for user in [&active, &disabled] {
        app.state.accounts.store.create_user(user.clone(), None).await.unwrap();
    }
    for path in [path::VERIFY, path::PROTECTED, path::ME] {
        assert_eq!(app.get_with_token(path, &token(&app, &active).await).await.status, 200);
        for user in [&disabled, &gone] {
            let refused = app.get_with_token(path, &token(&app, user).await).await;
            assert_eq!(refused.status, 401, "{path} for {}", user.username);
            assert!(refused.header("www-authenticate").contains("invalid_token"));
        }
    }
}

#[tokio::test]
async fn roles_reach_the_token_and_the_proxy() {
    let app = TestApp::start().await;
    let user = user(&app, "ada", false).await;
    app.state.accounts.store.create_user(user.clone(), None).await.unwrap();
    let response = app.get_with_token(path::VERIFY, &token(&app, &user).await).await;
    assert_eq!(response.header("x-auth-roles"), "reader,writer");
    let verified: hallpass_contract::Verified = response.json();
    assert_eq!(verified.roles, ["reader", "writer"]);
}
