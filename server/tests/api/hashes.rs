//! Users whose hashes another system made.

use hallpass::store::{User, UserId};
use hallpass_contract::{ResetLink, Secret, path};

use crate::app::{PASSWORD, TestApp};

/// Of [`PASSWORD`], made by Werkzeug 3.1.9 and 2.2.3, Django 5.2.19, bcrypt 5.0.0, argon2-cffi 25.1.0
/// and passlib 1.7.4.
const FOREIGN: [&str; 11] = [
    "scrypt:32768:8:1$5gjlE7PWxEmodjxW$045e82ef19775529a0dd48a0fb664837878305294785163d0c34678fcc74fc8008a5d798e4f162f0e57a23a64f5c553b4a18d09223a5745eabbed82fa9e77b46",
    "pbkdf2:sha1:1000$WDdeLlvU$28362305ec1b8e58c984a6416d6f69e965304496",
    "pbkdf2:sha256:1000$RVgQbmlGxo204JD1$1690014195c73601cdc772b46afcec27f10258f06e67be7533350183103ab095",
    "pbkdf2:sha512:1000$O2Xq8N0yRO2sIaC3$5095d26a695fe84ca8a15b785e32f6bb7af072d770a0c85609f64e87322a0b646fdb7ba48b463fe8535b6fc68d9de6bca8522e5b74a635fa7f887dae6e2e0160",
    "pbkdf2_sha256$1000$cdj4FbvUcxHj7Fs51eSA9w$71CU583QaJVBNHdr3QJ0A4nzvp1FjBm4s0sfQEKpvjQ=",
    "sha256$aHh6q2JQ4Bn6NgdD$4780f3282dbdfd3babfc102e13bd72b0fa9f89873eda0918b33bc615c500c1f1",
    "bcrypt_sha256$$2b$04$FQUxODJip9..o5PcVhcmD.CB21YFkn5BEFpZlS2gdBMoVhu1qsN2O",
    "$2b$04$PIEiyzRVV8SC2ELp7WOHfuvVe1qegD8Lobfj39vqMaFtITsT7/O62",
    "argon2$argon2id$v=19$m=1024,t=1,p=2$UEx2Wkk4Z3g1bmRyNFlDbEI5aTVpQQ$4l0htuATx4KaUvgfrgDQ6Hsgkb+ZlsKuxK3fDtW/YoA",
    "$pbkdf2-sha256$1000$qzUmBCDE2NsbY2xNiXHO.Q$MmVjFfVF356JAGouvxX4g7r65E7Bn2.WedIAN77zycI",
    "scrypt$1024$norkjLQFX7BpnGBUvc8XJQ$8$5$O8XL6WyHJ+mCFQ53bdsdW6brF9i8eU0Y/YP9rtfYRh6yL18JCempKB5q74m3garQAJ99VrVxiADrYhNDXpfrFw==",
];

async fn import(app: &TestApp, username: &str, hash: &str) {
    let now = app.clock.now();
    let user = User {
        id: UserId::new(now),
        username: username.to_owned(),
        username_key: username.to_owned(),
        password_hash: hash.into(),
        password_version: 0,
        roles: Vec::new(),
        disabled: false,
        created_at: now,
        factors: Default::default(),
    };
    app.state.accounts.store.create_user(user, None).await.unwrap();
}

async fn stored_hash(app: &TestApp, username: &str) -> Secret {
    app.state.accounts.store.user_by_name(username).await.unwrap().unwrap().password_hash
}

#[tokio::test]
async fn an_imported_hash_lets_its_user_in_and_becomes_our_own() {
    let app = TestApp::start().await;
    for (n, hash) in FOREIGN.iter().enumerate() {
        let username = format!("user{n}");
        import(&app, &username, hash).await;
        assert_eq!(app.login(&username, PASSWORD).await.status, 200, "{hash}");
        let renewed = stored_hash(&app, &username).await;
        assert!(renewed.expose().starts_with("$pbkdf2-sha256$i=10,"), "{hash}");
        assert_eq!(app.login(&username, PASSWORD).await.status, 200, "{hash}");
        assert_eq!(stored_hash(&app, &username).await, renewed);
    }
}

#[tokio::test]
async fn a_wrong_password_leaves_an_imported_hash_as_it_is() {
    let app = TestApp::start().await;
    let stranger = app.login("stranger", PASSWORD).await;
    for (n, hash) in FOREIGN.iter().enumerate() {
        let username = format!("user{n}");
        import(&app, &username, hash).await;
        let refused = app.login(&username, "wrong horse battery staple").await;
        assert_eq!(refused.status, 401, "{hash}");
        assert_eq!(refused.problem(), stranger.problem());
        assert_eq!(stored_hash(&app, &username).await.expose(), *hash);
    }
}

#[tokio::test]
async fn a_password_that_we_would_not_take_keeps_its_imported_hash() {
    // `generate_password_hash("tab\tseparated words here", "pbkdf2:sha256:1000")`
    const HASH: &str = "pbkdf2:sha256:1000$dmeUrdNhEB020SR7$2d1a551a1cef366896670e0da24e56a26dacb86dc7607d045268b64387d3f4d4";
    let app = TestApp::start().await;
    import(&app, "ada", HASH).await;
    for _ in 0..2 {
        assert_eq!(app.login("ada", "tab\tseparated words here").await.status, 200);
        assert_eq!(stored_hash(&app, "ada").await.expose(), HASH);
    }
}

#[tokio::test]
async fn a_password_is_renewed_in_the_form_that_every_keyboard_types() {
    // `generate_password_hash("cafe\u0301 au lait with oat milk", "pbkdf2:sha256:1000")`
    const HASH: &str = "pbkdf2:sha256:1000$FjsMNpjitPIkBXFZ$41f1118dc594be655682c4e0f294b4f2e1eb872a91309bd4a2374a53d6f19441";
    let app = TestApp::start().await;
    import(&app, "ada", HASH).await;
    assert_eq!(app.login("ada", "caf\u{e9} au lait with oat milk").await.status, 401);
    assert_eq!(app.login("ada", "cafe\u{301} au lait with oat milk").await.status, 200);
    assert_eq!(app.login("ada", "caf\u{e9} au lait with oat milk").await.status, 200);
}

#[tokio::test]
async fn who_has_no_password_is_refused_like_a_stranger_and_gets_in_by_a_reset_link() {
    let app = TestApp::start().await;
    let stranger = app.login("stranger", PASSWORD).await;
    import(&app, "ada", "!").await;
    for typed in ["!", PASSWORD] {
        let refused = app.login("ada", typed).await;
        assert_eq!((refused.status, refused.problem()), (stranger.status, stranger.problem()));
    }
    let admin = app.admin("root1").await;
    let ada = app.state.accounts.store.user_by_name("ada").await.unwrap().unwrap();
    let path = path::ADMIN_USER_RESET.replace("{id}", &ada.id.to_string());
    let link: ResetLink = app.with_token("POST", &path, admin.token()).await.json();
    let (_, token) = link.url.split_once('#').unwrap();
    let new = serde_json::json!({ "token": token, "new_password": PASSWORD });
    assert_eq!(app.post_json(path::PASSWORD_RESET, &new).await.status, 204);
    assert_eq!(app.login("ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn two_first_logins_at_once_both_succeed() {
    let app = TestApp::start().await;
    import(&app, "ada", FOREIGN[2]).await;
    let logins = (0..4).map(|_| app.login("ada", PASSWORD));
    for response in futures_util::future::join_all(logins).await {
        assert_eq!(response.status, 200, "the hash is another one, the password is not");
    }
}

#[tokio::test]
async fn nobody_signs_in_without_a_password_whatever_was_hashed() {
    let app = TestApp::start().await;
    // The password is empty.
    let empty =
        "sha256$aHh6q2JQ4Bn6NgdD$dc4bffc679eb6af43839e8a1c0b05500c2a8532df954b32533d879a8100c72c6";
    import(&app, "social", empty).await;
    assert_eq!(app.login("social", "").await.status, 401);
    // bcrypt repeats the password up to 72 bytes, with a NUL between.
    import(&app, "bea", FOREIGN[7]).await;
    assert_eq!(app.login("bea", &format!("{PASSWORD}\0{PASSWORD}")).await.status, 401);
    assert_eq!(app.login("bea", PASSWORD).await.status, 200);
}
