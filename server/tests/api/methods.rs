use hallpass_contract::path;

use crate::app::TestApp;

#[tokio::test]
async fn a_wrong_method_is_a_405_that_names_the_right_ones() {
    let app = TestApp::start().await;
    for (path, allow) in [
        (path::REGISTER, "POST"),
        (path::LOGIN, "POST"),
        (path::VERIFY, "GET, HEAD"),
        (path::ME, "GET, HEAD, DELETE"),
        (path::SESSIONS, "GET, HEAD, DELETE"),
        (path::SESSION, "DELETE"),
        (path::ADMIN_USER, "PATCH"),
        (path::ADMIN_USER_RESET, "POST, DELETE"),
        (path::ADMIN_RESETS, "GET, HEAD"),
        (path::JWKS, "GET, HEAD"),
        (path::HEALTHZ, "GET, HEAD"),
        ("/", "GET, HEAD"),
        ("/assets/app-0123456789abcdef.js", "GET, HEAD"),
    ] {
        let path = path.replace("{id}", "7");
        let path = path.as_str();
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
            if allow.contains(method) {
                continue;
            }
            let response = app.send(method, path, &[]).await;
            assert_eq!(response.status, 405, "{method} {path}");
            assert_eq!(response.header("allow"), allow, "{method} {path}");
            response.problem();
        }
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let app = TestApp::start().await;
    let token = format!("Bearer {}", app.signed_in("ada").await.access_token.expose());
    let headers = [("authorization", token.as_str())];
    for path in [path::VERIFY, path::ME, path::HEALTHZ, path::CONFIG, "/", "/login"] {
        let get = app.send("GET", path, &headers).await;
        let head = app.send("HEAD", path, &headers).await;
        assert_eq!((get.status.as_u16(), head.status), (200, get.status), "{path}");
        assert!(head.body.is_empty(), "{path}");
        for name in ["content-type", "content-length", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
    }
}

#[tokio::test]
async fn an_unknown_api_path_is_a_404_problem() {
    let app = TestApp::start().await;
    for path in ["/api", "/api/", "/api/nothing", "/api/verify/", "/api/LOGIN", "/api//login"] {
        let response = app.send("GET", path, &[]).await;
        assert_eq!(response.status, 404, "{path}");
        response.problem();
        assert_eq!(response.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own_and_the_safe_headers() {
    let app = TestApp::start().await;
    let mut ids = Vec::new();
    for path in [path::HEALTHZ, path::VERIFY, "/", "/nothing.png", "/api/nothing"] {
        let response = app.send("GET", path, &[]).await;
        ids.push(response.header("x-request-id").to_owned());
        assert_eq!(response.header("x-content-type-options"), "nosniff");
        assert_eq!(response.header("referrer-policy"), "no-referrer");
        assert_eq!(response.header("cross-origin-opener-policy"), "same-origin");
    }
    assert!(ids.iter().all(|id| id.len() >= 16), "{ids:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn the_probes_answer() {
    let app = TestApp::start().await;
    for path in [path::HEALTHZ, path::READYZ] {
        let response = app.send("GET", path, &[]).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.json::<serde_json::Value>()["status"], "ok");
    }
}
