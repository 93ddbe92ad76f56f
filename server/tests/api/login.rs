use hallpass::store::{SessionId, Verified};
use hallpass_contract::{Login, kind, path};
use serde_json::json;

use crate::app::{PASSWORD, SignedIn, TestApp};

#[tokio::test]
async fn a_login_yields_a_bearer_token_for_fifteen_minutes() {
    let app = TestApp::start().await;
    app.register("Ada", PASSWORD).await;
    let response = app.login("ada", PASSWORD).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("cache-control"), "no-store");
    let login: Login = response.json();
    assert_eq!((login.token_type.as_str(), login.expires_in), ("Bearer", 900));
    assert_eq!(login.user.username, "Ada");
    let verified = app.get_with_token("/api/verify", login.access_token.expose()).await;
    assert_eq!(verified.status, 200);
}

#[tokio::test]
async fn two_logins_are_two_sessions() {
    let app = TestApp::start().await;
    let first = app.signed_in("ada").await;
    let second: Login = app.login("ada", PASSWORD).await.json();
    let mut sids = Vec::new();
    for login in [first.login, second] {
        let token = login.access_token.expose();
        let verified: hallpass_contract::Verified =
            app.get_with_token("/api/verify", token).await.json();
        sids.push(verified.sid);
    }
    assert_ne!(sids[0], sids[1]);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_read_the_same() {
    let app = TestApp::start().await;
    app.register("ada", PASSWORD).await;
    let mut problems = Vec::new();
    for (username, password) in [
        ("ada", "wrong horse battery staple"),
        ("ada", ""),
        ("ada", "control\u{7}characters within"),
        ("nobody", PASSWORD),
        ("not a name", PASSWORD),
        ("", ""),
    ] {
        let response = app.login(username, password).await;
        assert_eq!(response.status, 401, "{username}");
        problems.push(response.problem());
    }
    assert_eq!(problems[0].kind, kind::INVALID_CREDENTIALS);
    assert!(problems.iter().all(|problem| problem == &problems[0]));
}

#[tokio::test]
async fn the_password_is_taken_as_it_is_typed_on_any_keyboard() {
    let app = TestApp::start().await;
    app.register("ada", "cafe\u{301} au lait with oat milk").await;
    assert_eq!(app.login("ada", "caf\u{e9} au lait with oat milk").await.status, 200);
    assert_eq!(app.login("ada", "Caf\u{e9} au lait with oat milk").await.status, 401);
}

/// What the token says of how its user proved who they are.
fn amr(app: &TestApp, signed_in: &SignedIn) -> Vec<String> {
    app.state.accounts.tokens.verify(signed_in.token(), app.clock.now()).unwrap().amr
}

#[tokio::test]
async fn tokens_say_how_their_user_proved_who_they_are() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    assert_eq!(amr(&app, &ada), ["pwd"]);
    let refreshed = SignedIn::from(&app.refresh(&ada.cookie).await);
    assert_eq!(amr(&app, &refreshed), ["pwd"]);
}

/// A session may have begun with another proof, such as that of a later version.
#[tokio::test]
async fn giving_the_password_again_sets_the_methods_anew() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    let accounts = &app.state.accounts;
    let id = SessionId::parse(&app.sid(ada.token()).await).unwrap();
    let otp = vec!["pwd".to_owned(), "otp".to_owned()];
    let verified = Verified { version: 0, renewed: None, amr: otp.clone(), factor: None };
    accounts.store.reauthenticate(id, verified, accounts.moment()).await.unwrap().unwrap();
    let refreshed = SignedIn::from(&app.refresh(&ada.cookie).await);
    assert_eq!(amr(&app, &refreshed), otp);
    let body = json!({"password": PASSWORD});
    let again = app.json_with_token("POST", path::REAUTHENTICATE, refreshed.token(), &body).await;
    let token = again.json::<Login>().access_token;
    let claims = accounts.tokens.verify(token.expose(), app.clock.now()).unwrap();
    assert_eq!(claims.amr, ["pwd"]);
}
