//! The one place that sends requests, so the one place where the interceptor has to stand.

use hallpass_contract::path;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, Headers, RequestCache, RequestCredentials, RequestInit, RequestRedirect, Response,
    Url, Window,
};

use super::clock::seconds;
use crate::api::{Answer, Reply, Request};
use crate::interceptor::{self, Rules, authorization};

/// None when no answer came, whatever the reason: the browser does not tell pages more.
pub(super) async fn send(window: &Window, base: &str, request: &Request) -> Answer {
    exchange(window, base, request).await.ok()
}

async fn exchange(window: &Window, base: &str, request: &Request) -> Result<Reply, JsValue> {
    let (href, url) = resolve(window, &[base, &request.path].concat())?;
    let own_origin = window.location().origin()?;
    let headers = Headers::new()?;
    let rules = Rules::new(&own_origin, None);
    if let Some(value) = authorization(&url, &rules, request.token.as_ref()) {
        headers.set("Authorization", &value)?;
    }
    let init = RequestInit::new();
    init.set_cache(RequestCache::NoStore);
    init.set_credentials(RequestCredentials::SameOrigin);
    // The API never redirects; following one could carry the token or a password elsewhere.
    init.set_redirect(RequestRedirect::Error);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(request.patience())));
    init.set_method(request.method.name());
    if request.outlives_page() {
        Reflect::set(&init, &"keepalive".into(), &true.into())?;
    }
    if let Some(body) = &request.body {
        headers.set("Content-Type", "application/json")?;
        init.set_body(&JsValue::from_str(body.expose()));
    }
    init.set_headers(&headers);
    let mut response = JsFuture::from(window.fetch_with_str_and_init(&href, &init)).await?;
    if matches!(request.path.as_str(), path::LOGIN | path::REAUTHENTICATE) {
        response = second_step(window, response, &init).await?;
    }
    reply(&response.dyn_into()?).await
}

/// Whoever needs a second factor is asked for it by a script that is loaded then. It returns the
/// answer of the second step.
async fn second_step(
    window: &Window,
    response: JsValue,
    init: &RequestInit,
) -> Result<JsValue, JsValue> {
    // `main.js` defines it, as a function that returns a promise.
    let ask: Function = Reflect::get(window, &"hallpassFactor".into())?.unchecked_into();
    let asked: Promise = ask.call2(window, &response, init)?.unchecked_into();
    JsFuture::from(asked).await
}

/// An address as the browser writes it, and the parts of it that decide.
pub(super) fn resolve(
    window: &Window,
    address: &str,
) -> Result<(String, interceptor::Url), JsValue> {
    let url = Url::new_with_base(address, &window.location().origin()?)?;
    Ok((url.href(), interceptor::Url { origin: url.origin(), path: url.pathname() }))
}

async fn reply(response: &Response) -> Result<Reply, JsValue> {
    let headers = response.headers();
    let header = |name| headers.get(name).ok().flatten().unwrap_or_default();
    let body = JsFuture::from(response.text()?).await?;
    Ok(Reply {
        status: response.status(),
        content_type: header("Content-Type"),
        retry_after: header("Retry-After"),
        server_time: seconds(js_sys::Date::parse(&header("Date"))),
        body: body.as_string().unwrap_or_default().into(),
    })
}
