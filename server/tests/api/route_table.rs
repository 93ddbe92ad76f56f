//! The route table against the server that follows it, and against the README.

use std::collections::BTreeSet;
use std::time::Duration;

use hallpass::endpoint::{Listed, Needs};
use hallpass::routes::listed;
use hallpass_contract::{kind, path};

use crate::app::{PASSWORD, Response, SignedIn, TestApp};

/// Longer than `--fresh-for`.
const LATER: Duration = Duration::from_secs(301);

/// Nobody gets a 401: it answers everyone, or sends them to the sign-in page.
fn is_public(needs: Needs) -> bool {
    matches!(needs, Needs::Nothing | Needs::GuardCookieOrRedirect | Needs::CookieOrRedirect)
}

fn is_for_admins(needs: Needs) -> bool {
    matches!(needs, Needs::Admin | Needs::AdminOverUser | Needs::FreshAdmin)
}

fn is_refused_as_stale(response: &Response) -> bool {
    let is_problem = response.header("content-type") == "application/problem+json";
    response.status == 401 && is_problem && response.problem().kind == kind::NOT_FRESH
}

/// Calls each endpoint with the token; `{id}` is `user`.
async fn calls(app: &TestApp, token: Option<&str>, user: &str) -> Vec<(Listed, Response)> {
    let mut calls = Vec::new();
    // The one that ends the session comes last.
    let (ending, others): (Vec<_>, Vec<_>) =
        listed().into_iter().partition(|it| it.needs == Needs::TokenOrCookie);
    for endpoint in others.into_iter().chain(ending) {
        let path = endpoint.path.replace("{id}", user);
        let response = match token {
            Some(token) => app.with_token(endpoint.method, &path, token).await,
            None => app.send(endpoint.method, &path, &[]).await,
        };
        calls.push((endpoint, response));
    }
    calls
}

#[tokio::test]
async fn without_credentials_only_what_needs_nothing_is_open() {
    let site = "http://localhost";
    let app = TestApp::with_args(&["--public-url", site, "--guard-origin", site]).await;
    for (endpoint, response) in calls(&app, None, "7").await {
        let is_refused = response.status == 401;
        assert_eq!(is_refused, !is_public(endpoint.needs), "{endpoint:?}: {}", response.status);
    }
}

#[tokio::test]
async fn a_user_who_is_no_admin_is_refused_where_the_table_says_so() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada").await;
    let user = ada.user.id.clone();
    // Ada's own account would be gone, and with it her token.
    let spares_her = |it: &Listed| (it.method, it.path) != ("DELETE", path::ME);
    for endpoint in listed().into_iter().filter(spares_her) {
        let path = endpoint.path.replace("{id}", &user);
        // Some of the calls end the session that they are made in.
        let login = SignedIn::from(&app.login("ada", PASSWORD).await);
        let response = app.with_token(endpoint.method, &path, login.token()).await;
        let is_forbidden = response.status == 403;
        assert_eq!(is_forbidden, is_for_admins(endpoint.needs), "{endpoint:?}");
    }
}

#[tokio::test]
async fn an_old_login_is_refused_where_the_table_says_so() {
    let app = TestApp::start().await;
    let admin = app.admin("ada").await;
    app.clock.advance(LATER);
    let user = admin.user.id.clone();
    for (endpoint, response) in calls(&app, Some(admin.token()), &user).await {
        let must_be_fresh =
            [Needs::FreshToken, Needs::FreshOrSetup, Needs::FreshAdmin, Needs::AdminOverUser]
                .contains(&endpoint.needs);
        assert_eq!(is_refused_as_stale(&response), must_be_fresh, "{endpoint:?}");
    }
}

/// The README's words for what an endpoint needs.
fn in_words(needs: Needs) -> &'static str {
    match needs {
        Needs::Nothing => "",
        Needs::Token | Needs::ProxiedToken => "bearer",
        Needs::TokenOrSetup => "bearer or set-up",
        Needs::FreshOrSetup => "bearer, fresh, or set-up",
        Needs::FreshToken => "bearer, fresh",
        Needs::Admin => "bearer, role admin",
        Needs::AdminOverUser => "bearer, role admin; fresh over an admin",
        Needs::FreshAdmin => "bearer, role admin, fresh",
        Needs::Client => "client",
        Needs::Cookie => "cookie",
        Needs::TokenOrCookie => "bearer or cookie",
        Needs::GuardCookie => "guard cookie",
        Needs::GuardCookieOrRedirect => "guard cookie, or it redirects",
        Needs::CookieOrRedirect => "cookie, or it redirects",
    }
}

#[test]
fn the_readme_lists_each_endpoint_and_what_it_needs() {
    let readme = include_str!("../../README.md");
    let table = readme.split("| method, path | needs |").nth(1).unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let in_readme: BTreeSet<String> = rows
        .map(|row| {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            let endpoint = cells[1].split('?').next().unwrap();
            format!("{endpoint}: {}", cells[2])
        })
        .collect();
    let in_table: BTreeSet<String> = listed()
        .iter()
        .map(|it| format!("{} {}: {}", it.method, it.path, in_words(it.needs)))
        .collect();
    assert_eq!(in_readme, in_table);
}
