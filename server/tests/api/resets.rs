//! Reset links end with the authority of whoever made them, are listed and can be withdrawn.

use std::time::Duration;

use hallpass::store::{EditUserError, UserEdit, UserId};
use hallpass_contract::{ResetLink, ResetList, kind, path};
use serde_json::json;

use crate::app::{PASSWORD, Response, SignedIn, TestApp};

const NEW_PASSWORD: &str = "tulip anvil copper midnight";

fn id(signed_in: &SignedIn) -> UserId {
    UserId::parse(&signed_in.user.id).unwrap()
}

fn of(path: &str, signed_in: &SignedIn) -> String {
    path.replace("{id}", &signed_in.user.id)
}

async fn offer(app: &TestApp, admin: &SignedIn, user: &SignedIn) -> ResetLink {
    let path = of(path::ADMIN_USER_RESET, user);
    let response = app.with_token("POST", &path, admin.token()).await;
    assert_eq!(response.status, 200);
    response.json()
}

async fn take_up(app: &TestApp, link: &ResetLink) -> Response {
    let (_, token) = link.url.split_once('#').unwrap();
    let body = json!({"token": token, "new_password": NEW_PASSWORD});
    app.post_json(path::PASSWORD_RESET, &body).await
}

async fn list(app: &TestApp, admin: &SignedIn) -> ResetList {
    app.get_with_token(path::ADMIN_RESETS, admin.token()).await.json()
}

async fn withdraw(app: &TestApp, admin: &SignedIn, user: &SignedIn) -> Response {
    app.with_token("DELETE", &of(path::ADMIN_USER_RESET, user), admin.token()).await
}

/// What takes somebody's authority away.
#[derive(Clone, Copy, Debug)]
enum Fall {
    PasswordSet,
    PasswordChanged,
    PasswordReset,
    SessionsEnded,
    Demoted,
    Disabled,
    Deleted,
    RefreshTokenReplayed,
}

impl Fall {
    const ALL: [Self; 8] = [
        Self::PasswordSet,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::SessionsEnded,
        Self::Demoted,
        Self::Disabled,
        Self::Deleted,
        Self::RefreshTokenReplayed,
    ];

    async fn befall(self, app: &TestApp, boss: &SignedIn, mallory: &SignedIn) {
        let patch = async |body| {
            let path = of(path::ADMIN_USER, mallory);
            app.json_with_token("PATCH", &path, boss.token(), &body).await.status.as_u16()
        };
        match self {
            Self::PasswordSet => {
                let (id, at) = (id(mallory), app.state.accounts.moment());
                assert!(
                    app.state.accounts.store.set_password(id, "a hash".into(), at).await.unwrap()
                );
            }
            Self::PasswordChanged => {
                let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
                let path = path::PASSWORD;
                let changed = app.json_with_token("POST", path, mallory.token(), &body).await;
                assert_eq!(changed.status, 204);
            }
            Self::PasswordReset => {
                let link = offer(app, boss, mallory).await;
                assert_eq!(take_up(app, &link).await.status, 204);
            }
            Self::SessionsEnded => {
                let path = of(path::ADMIN_USER_SESSIONS, mallory);
                assert_eq!(app.with_token("DELETE", &path, boss.token()).await.status, 204);
            }
            Self::Demoted => {
                assert_eq!(patch(json!({"roles": ["user"]})).await, 200);
                assert_eq!(patch(json!({"roles": ["admin"]})).await, 200);
            }
            Self::Disabled => {
                assert_eq!(patch(json!({"disabled": true})).await, 200);
                assert_eq!(patch(json!({"disabled": false})).await, 200);
            }
            Self::Deleted => {
                let deleted = app.with_token("DELETE", path::ME, mallory.token()).await;
                assert_eq!(deleted.status, 204);
            }
            Self::RefreshTokenReplayed => {
                let next = SignedIn::from(&app.refresh(&mallory.cookie).await);
                app.refresh(&next.cookie).await;
                app.clock.advance(Duration::from_secs(10));
                assert_eq!(app.refresh(&mallory.cookie).await.status, 401);
            }
        }
    }
}

#[tokio::test]
async fn whatever_takes_an_admins_authority_away_withdraws_their_reset_links() {
    for fall in Fall::ALL {
        let app = TestApp::with_args(&["--public-url", "https://login.example"]).await;
        let (boss, mallory) = (app.admin("boss").await, app.admin("mallory").await);
        let (bob, carl) = (app.signed_in("bob").await, app.signed_in("carl").await);
        let (to_boss, to_bob) =
            (offer(&app, &mallory, &boss).await, offer(&app, &mallory, &bob).await);
        let to_carl = offer(&app, &boss, &carl).await;
        fall.befall(&app, &boss, &mallory).await;
        assert_eq!(take_up(&app, &to_boss).await.status, 422, "{fall:?}");
        assert_eq!(take_up(&app, &to_bob).await.status, 422, "{fall:?}");
        assert_eq!(list(&app, &boss).await.resets.len(), 1, "{fall:?}");
        assert_eq!(take_up(&app, &to_carl).await.status, 204, "the others' links stay");
    }
}

#[tokio::test]
async fn a_reset_link_outlives_the_sign_out_of_its_maker() {
    let app = TestApp::with_args(&["--public-url", "https://login.example"]).await;
    let (ada, bob) = (app.admin("ada").await, app.signed_in("bob").await);
    let link = offer(&app, &ada, &bob).await;
    let elsewhere = SignedIn::from(&app.login("ada", PASSWORD).await);
    app.with_token("DELETE", path::SESSIONS, elsewhere.token()).await;
    app.with_token("POST", path::LOGOUT, elsewhere.token()).await;
    assert_eq!(take_up(&app, &link).await.status, 204);
}

#[tokio::test]
async fn open_reset_links_are_listed_without_their_secret() {
    let app = TestApp::with_args(&["--public-url", "https://login.example"]).await;
    let (ada, boss) = (app.admin("ada").await, app.admin("Boss").await);
    let (bob, carl) = (app.signed_in("bob").await, app.signed_in("carl").await);
    assert!(list(&app, &ada).await.resets.is_empty());
    offer(&app, &boss, &carl).await;
    app.clock.advance(Duration::from_secs(60));
    let link = offer(&app, &ada, &bob).await;

    let response = app.get_with_token(path::ADMIN_RESETS, ada.token()).await;
    let resets = response.json::<ResetList>().resets;
    let names: Vec<_> =
        resets.iter().map(|it| (it.user.username.as_str(), it.by.username.as_str())).collect();
    assert_eq!(names, [("carl", "Boss"), ("bob", "ada")]);
    assert_eq!((&resets[1].user.id, &resets[1].by.id), (&bob.user.id, &ada.user.id));
    assert_eq!(resets[1].created_at, "2027-01-15T08:01:00Z");
    assert_eq!(resets[1].expires_at, link.expires_at);
    let (_, token) = link.url.split_once('#').unwrap();
    assert!(!String::from_utf8_lossy(&response.body).contains(token));

    app.clock.advance(Duration::from_secs(29 * 60));
    let renewed = SignedIn::from(&app.refresh(&ada.cookie).await);
    assert_eq!(list(&app, &renewed).await.resets.len(), 1, "one has expired");
    assert_eq!(take_up(&app, &link).await.status, 204);
    assert!(list(&app, &renewed).await.resets.is_empty(), "it was used");
}

#[tokio::test]
async fn a_reset_link_that_was_withdrawn_is_of_no_use() {
    let app = TestApp::with_args(&["--public-url", "https://login.example"]).await;
    let (ada, bob) = (app.admin("ada").await, app.signed_in("bob").await);
    assert_eq!(withdraw(&app, &ada, &bob).await.status, 404, "there is none");
    let link = offer(&app, &ada, &bob).await;
    assert_eq!(withdraw(&app, &bob, &bob).await.problem().kind, kind::MISSING_ROLE);
    assert_eq!(withdraw(&app, &ada, &bob).await.status, 204);
    assert_eq!(take_up(&app, &link).await.status, 422);
    assert_eq!(withdraw(&app, &ada, &bob).await.status, 404);

    offer(&app, &ada, &bob).await;
    app.clock.advance(Duration::from_secs(30 * 60));
    let ada = SignedIn::from(&app.refresh(&ada.cookie).await);
    assert_eq!(withdraw(&app, &ada, &bob).await.status, 404, "it has expired");
}

#[tokio::test]
async fn an_old_login_withdraws_what_was_offered_to_a_user_but_not_to_an_admin() {
    let app = TestApp::with_args(&["--public-url", "https://login.example"]).await;
    let (ada, boss) = (app.admin("ada").await, app.admin("boss").await);
    let bob = app.signed_in("bob").await;
    for user in [&boss, &bob] {
        offer(&app, &boss, user).await;
    }
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(withdraw(&app, &ada, &boss).await.problem().kind, kind::NOT_FRESH);
    assert_eq!(withdraw(&app, &ada, &bob).await.status, 204);
}

#[tokio::test]
async fn whoever_is_no_admin_any_more_withdraws_nothing() {
    let app = TestApp::with_args(&["--public-url", "https://login.example"]).await;
    let (ada, mallory) = (app.admin("ada").await, app.admin("mallory").await);
    let bob = app.signed_in("bob").await;
    offer(&app, &ada, &bob).await;
    let session = hallpass::store::SessionId::parse(&app.sid(mallory.token()).await).unwrap();
    let by = hallpass::store::Actor { user: id(&mallory), session, admin: true, fresh: true };
    let edit = UserEdit { roles: Some(Vec::new()), disabled: None };
    app.state
        .accounts
        .store
        .edit_user(id(&mallory), edit, None, app.state.accounts.moment())
        .await
        .unwrap();
    let refused =
        app.state.accounts.store.withdraw_reset(id(&bob), Some(by), app.clock.now()).await;
    assert!(matches!(refused, Err(EditUserError::NoAdmin)), "{refused:?}");
}
