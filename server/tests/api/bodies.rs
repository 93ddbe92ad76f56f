use hallpass_contract::path;

use crate::app::TestApp;

const JSON: (&str, &str) = ("content-type", "application/json");
const FORMS: [&str; 2] = [path::REGISTER, path::LOGIN];

#[tokio::test]
async fn a_body_that_is_not_declared_json_is_a_415() {
    let app = TestApp::start().await;
    for path in FORMS {
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "json", "text/json"] {
            let response = app.send_body("POST", path, &[("content-type", media_type)], "{}").await;
            assert_eq!(response.status, 415, "{media_type}");
            response.problem();
        }
        assert_eq!(app.send_body("POST", path, &[], "{}").await.status, 415);
    }
}

#[tokio::test]
async fn parameters_and_json_suffixes_are_json() {
    let app = TestApp::start().await;
    for media_type in ["application/json; charset=utf-8", "Application/JSON", "application/x+json"]
    {
        let headers = [("content-type", media_type)];
        let response = app.send_body("POST", path::LOGIN, &headers, "{}").await;
        assert_eq!(response.status, 422, "{media_type}");
    }
}

#[tokio::test]
async fn malformed_json_is_a_400_and_missing_fields_a_422() {
    let app = TestApp::start().await;
    for path in FORMS {
        let response = app.send_body("POST", path, &[JSON], "{\"username\": ").await;
        assert_eq!(response.status, 400);
        response.problem();
        let response = app.send_body("POST", path, &[JSON], "{}").await;
        assert_eq!(response.status, 422);
        assert_eq!(response.wrong_fields(), ["username", "password"]);
    }
}

#[tokio::test]
async fn a_body_over_the_cap_is_a_413_declared_or_chunked() {
    let app = TestApp::start().await;
    let fits = format!("{{\"padding\": \"{}\"}}", "x".repeat(65_536 - 15));
    assert_eq!(fits.len(), 65_536);
    let chunked = |body: String| {
        let chunks =
            body.into_bytes().chunks(1000).map(|c| Ok::<_, String>(c.to_vec())).collect::<Vec<_>>();
        reqwest::Body::wrap_stream(futures_util::stream::iter(chunks))
    };
    for path in FORMS {
        assert_eq!(app.send_body("POST", path, &[JSON], fits.clone()).await.status, 422);
        assert_eq!(app.send_body("POST", path, &[JSON], chunked(fits.clone())).await.status, 422);
        let over = format!("{fits} ");
        for response in [
            app.send_body("POST", path, &[JSON], over.clone()).await,
            app.send_body("POST", path, &[JSON], chunked(over)).await,
        ] {
            assert_eq!(response.status, 413);
            response.problem();
        }
    }
}
