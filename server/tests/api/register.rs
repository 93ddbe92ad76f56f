use futures_util::future::join_all;
use hallpass_contract::{UserBody, kind};
use serde_json::json;

use crate::app::{PASSWORD, TestApp};

#[tokio::test]
async fn a_registered_user_is_shown_and_their_password_is_not() {
    let app = TestApp::start().await;
    let response = app.register("Ada.Lovelace", PASSWORD).await;
    assert_eq!(response.status, 201);
    let UserBody { user } = response.json();
    assert_eq!(user.username, "Ada.Lovelace");
    assert_eq!(user.created_at, "2027-01-15T08:00:00Z");
    assert_eq!(user.roles, ["user"]);
    assert_eq!(user.id.as_bytes()[14], b'7', "a UUIDv7: {}", user.id);
    let text = String::from_utf8_lossy(&response.body);
    assert!(!text.contains(PASSWORD) && !text.contains("pbkdf2"), "{text}");
}

#[tokio::test]
async fn a_name_that_differs_in_case_alone_is_taken() {
    let app = TestApp::start().await;
    assert_eq!(app.register("Ada", PASSWORD).await.status, 201);
    for name in ["Ada", "ADA", "ａｄａ"] {
        let response = app.register(name, PASSWORD).await;
        assert_eq!(response.status, 409);
        assert_eq!(response.problem().kind, kind::USERNAME_TAKEN);
        assert_eq!(response.wrong_fields(), ["username"]);
    }
}

#[tokio::test]
async fn of_many_registrations_of_one_name_at_once_one_succeeds() {
    let app = TestApp::start().await;
    let responses = join_all((0..20).map(|_| app.register("ada", PASSWORD))).await;
    let count = |status: u16| responses.iter().filter(|r| r.status == status).count();
    assert_eq!((count(201), count(409)), (1, 19));
}

#[tokio::test]
async fn each_broken_rule_is_told_with_its_field() {
    let app = TestApp::start().await;
    for (username, password, fields) in [
        ("ab", PASSWORD, vec!["username"]),
        ("two words", PASSWORD, vec!["username"]),
        ("ada", "fourteen chars", vec!["password"]),
        ("ada", "passwordpassword", vec!["password"]),
        ("ada", "control\u{7}characters within", vec!["password"]),
        ("", "", vec!["username", "password"]),
    ] {
        let response = app.register(username, password).await;
        assert_eq!(response.status, 422, "{username} {password}");
        assert_eq!(response.problem().kind, kind::INVALID_FIELDS);
        assert_eq!(response.wrong_fields(), fields, "{username} {password}");
    }
    assert_eq!(app.register("ada", PASSWORD).await.status, 201, "none of them was created");
}

#[tokio::test]
async fn a_long_password_counts_to_its_last_character() {
    let app = TestApp::start().await;
    let password = format!("{PASSWORD} {}", "🦀".repeat(256));
    assert_eq!(app.register("ada", &password).await.status, 201);
    assert_eq!(app.login("ada", &password).await.status, 200);
    let shorter = password.strip_suffix('🦀').unwrap();
    assert_eq!(app.login("ada", shorter).await.status, 401);
}

#[tokio::test]
async fn the_least_length_and_who_may_register_are_settings_that_the_frontend_is_told() {
    let default = TestApp::start().await.send("GET", "/api/config", &[]).await;
    let default: serde_json::Value = default.json();
    assert_eq!((&default["password_min"], &default["registration"]), (&json!(15), &json!("open")));

    let args = ["--password-min", "20", "--registration", "closed"];
    let app = TestApp::with_args(&args).await;
    let config: serde_json::Value = app.send("GET", "/api/config", &[]).await.json();
    assert_eq!((&config["password_min"], &config["registration"]), (&json!(20), &json!("closed")));
    let refused = app.register("ada", PASSWORD).await;
    assert_eq!(refused.status, 403);
    assert!(refused.problem().detail.contains("closed"));
}

#[tokio::test]
async fn a_raised_least_length_is_kept() {
    let app = TestApp::with_args(&["--password-min", "29"]).await;
    let refused = app.register("ada", PASSWORD).await;
    assert_eq!(refused.status, 422);
    assert!(refused.problem().detail.contains("29"));
}

#[tokio::test]
async fn a_name_is_one_in_every_spelling() {
    let app = TestApp::start().await;
    assert_eq!(app.register("ΟΔΥΣΣΕΥΣ", PASSWORD).await.status, 201);
    assert_eq!(app.register("Straße", PASSWORD).await.status, 201);
    for spelling in ["οδυσσευς", "Οδυσσευσ", "ΟΔΥΣΣΕΥΣ", "STRASSE", "strasse"]
    {
        assert_eq!(app.register(spelling, PASSWORD).await.status, 409, "{spelling}");
        assert_eq!(app.login(spelling, PASSWORD).await.status, 200, "{spelling}");
    }
}

#[tokio::test]
async fn failed_logins_count_for_a_name_in_every_spelling() {
    let app = TestApp::with_args(&["--login-throttle", "on"]).await;
    app.register("σσσσσ", PASSWORD).await;
    let spelling = |n: usize| -> String {
        (0..5).map(|bit| if n >> bit & 1 == 0 { 'σ' } else { 'ς' }).collect()
    };
    let mut refused = 0;
    for n in 0..32 {
        // As fast as the address may.
        app.clock.advance(std::time::Duration::from_secs(3));
        let status = app.login(&spelling(n), "wrong password").await.status;
        assert!(n >= 20 || status == 401, "{n}");
        refused += usize::from(status == 429);
    }
    assert!(refused > 0, "each spelling was counted by itself");
}

#[tokio::test]
async fn names_that_look_like_another_s_can_not_be_registered() {
    let app = TestApp::with_args(&["--reserved-names", "crew, Team"]).await;
    let refusal = async |name: &str| {
        let refused = app.register(name, PASSWORD).await;
        assert_eq!(refused.status, 422, "{name}");
        assert_eq!(refused.wrong_fields(), ["username"], "{name}");
        refused.problem().errors[0].message.clone()
    };
    // Two of the letters are Cyrillic.
    assert!(refusal("rооtadmin").await.contains("one script"));
    for reserved in ["admin", "Root", "support", "_admin_", "TEAM", "crew"] {
        assert!(refusal(reserved).await.contains("is reserved"), "{reserved}");
    }
    for alike in ["r00t", "supp0rt"] {
        assert!(refusal(alike).await.contains("looks like"), "{alike}");
    }
    for name in ["coco", "modem", "modern", "иван", "kim김철수", "teamwork"] {
        assert_eq!(app.register(name, PASSWORD).await.status, 201, "{name}");
    }
    // Cyrillic throughout.
    assert!(refusal("сосо").await.contains("another user"));
}
