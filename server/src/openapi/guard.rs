//! How proxies guard the pages of other applications.

use hallpass_contract::{Verified, path};
use serde_json::json;

use super::operation::{Operation, operation};
use crate::problem::Problem;

pub(super) const TAG: &str = "Guarded sites";

pub(super) fn operations() -> Vec<Operation> {
    vec![guard(), guard_redirect(), guard_code()]
}

fn guard() -> Operation {
    let about = "For proxies that ask before they show a page, such as nginx with `auth_request`. \
                 Answers any method, also below this path: what comes after it is then the page's \
                 path. A proxy says what is asked for by `X-Forwarded-Proto`, `-Host`, `-Uri` and \
                 `-Method`. The site must be named with `--guard-origin`. A request that changes \
                 something must come from a guarded site, by its `Sec-Fetch-Site` or `Origin`.";
    let asked = operation(TAG, ("get", path::GUARD), "guard", "Check a page load", about);
    let cannot_tell = Problem::out_of_touch(anyhow::anyhow!("an example"));
    let refusals = [Problem::no_guard_cookie(), Problem::site_not_guarded_at_proxy(), cannot_tell];
    admitting(asked).refuses(refusals).refuses([Problem::no_site_guarded()])
}

fn guard_redirect() -> Operation {
    let about = "As `/api/guard`, for proxies that hand a refusal to the browser as it is, such as \
                 Traefik, Caddy and Envoy. A page load without a good cookie is sent to the sign-in \
                 page, which comes back with a one-time code. The code is exchanged for the cookie.";
    let id = "guardRedirect";
    let about =
        operation(TAG, ("get", path::GUARD_REDIRECT), id, "Check a page load, or sign in", about);
    let cannot_tell = Problem::out_of_touch(anyhow::anyhow!("an example"));
    let refusals = [
        Problem::no_asked_cookie(),
        Problem::no_guard_cookie(),
        Problem::site_not_guarded(),
        Problem::no_site_guarded(),
        cannot_tell,
    ];
    admitting(about)
        .done(303, "To the sign-in page, or to the page without a one-time code.")
        .with_header(303, "Location", "Where to.")
        .refuses(refusals)
        .stores()
}

fn admitting(operation: Operation) -> Operation {
    let text = json!({ "type": "string" });
    operation
        .parameter("header", "X-Forwarded-Proto", "The scheme of the page.", text.clone())
        .parameter("header", "X-Forwarded-Host", "The host of the page.", text.clone())
        .parameter("header", "X-Forwarded-Uri", "The path and query of the page.", text.clone())
        .parameter("header", "X-Forwarded-Method", "The method of the request.", text)
        .answers::<Verified>(200, "The page may be shown. Perhaps with a cookie for the browser.")
        .with_header(200, "X-Auth-Subject", "The user's id.")
        .with_header(200, "X-Auth-Username", "The user's name, as `GET /api/verify` has it.")
        .with_header(200, "X-Auth-Roles", "The user's roles, with commas between.")
}

fn guard_code() -> Operation {
    let about = "The sign-in page goes on to it, after a guarded site has sent a browser there. It \
                 sends the browser back to the site with a one-time code that is good for 30 \
                 seconds. A browser that is not signed in goes to the sign-in page.";
    let text = json!({ "type": "string" });
    operation(TAG, ("get", path::GUARD_CODE), "guardCode", "Go back to a guarded site", about)
        .needed("query", path::TO, "The page to go back to.", text.clone())
        .needed("query", path::ASKED_BY, "Which browser asked for it.", text)
        .done(303, "Back to the page, or to the sign-in page.")
        .with_header(303, "Location", "Where to.")
        .refuses([Problem::malformed_guard_code(), Problem::site_not_guarded()])
        .refuses([Problem::no_site_guarded()])
        .stores()
}
