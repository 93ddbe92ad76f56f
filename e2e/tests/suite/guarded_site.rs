//! Another site, whose pages a proxy shows to whoever is signed in at Hallpass.

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use hallpass_contract::{GUARD_COOKIE, path};
use hallpass_e2e::pages::{Header, LoginPage};
use hallpass_e2e::{Context, Result, Test, tests};
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION, SET_COOKIE};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_visitor_signs_in_and_comes_back_to_the_page.needs_server(),
        who_is_signed_in_already_sees_the_page_at_once.needs_server(),
        the_page_closes_when_somebody_signs_out.needs_server(),
        nobody_starts_the_way_in_for_somebody_else.needs_server(),
    ]
}

/// A proxy that asks `/api/guard-redirect`, and the application behind it, which shows who it is.
/// It ends with its handle.
struct GuardedSite {
    origin: String,
    accepting: JoinHandle<()>,
}

/// The headers that the proxy passes on.
const PASSED_ON: [&str; 4] = ["cookie", "origin", "sec-fetch-site", "sec-fetch-mode"];

impl GuardedSite {
    /// Starts it, and Hallpass anew, so that it guards this site. To browsers, `127.0.0.1` is
    /// another site than `localhost`.
    async fn start(t: &Context) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let login = t.site.url().to_owned();
        t.site.restart_with(&["--public-url", &login, "--guard-origin", &origin]).await?;
        let accepting = tokio::spawn(accept(listener, login, origin.clone()));
        Ok(Self { origin, accepting })
    }

    /// Opens a page of it, wherever that leads.
    async fn open(&self, t: &Context, path: &str) -> Result {
        Ok(t.browser.client().goto(&format!("{}{path}", self.origin)).await?)
    }

    /// The browser is at this page of it, and it shows this user.
    async fn expect(&self, t: &Context, path: &str, name: &str) -> Result {
        let at = format!("{}{path}", self.origin);
        let is_there = async || Ok(t.browser.client().current_url().await?.as_str() == at);
        t.browser.eventually(&format!("the browser is at {at}"), is_there).await?;
        t.browser.see_text("#who", name).await
    }
}

impl Drop for GuardedSite {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, login: String, origin: String) {
    let policy = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder().redirect(policy).build().expect("no settings");
    let proxy = Arc::new((client, login, origin));
    while let Ok((stream, _)) = listener.accept().await {
        let proxy = Arc::clone(&proxy);
        let service = service_fn(move |request| {
            let proxy = Arc::clone(&proxy);
            async move {
                let (client, login, origin) = &*proxy;
                let failed = |error| Response::new(Full::from(format!("{error:#}")));
                let answer = answer(client, login, origin, request).await;
                Ok::<_, Infallible>(answer.unwrap_or_else(failed))
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// Asks the guard, and shows the page or whatever else the guard says.
async fn answer(
    client: &reqwest::Client,
    login: &str,
    origin: &str,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>> {
    let target = request.uri().path_and_query().context("no path")?.as_str();
    let mut ask = client
        .get(format!("{login}{}", path::GUARD_REDIRECT))
        .header("x-forwarded-proto", "http")
        .header("x-forwarded-host", origin.trim_start_matches("http://"))
        .header("x-forwarded-uri", target)
        .header("x-forwarded-method", request.method().as_str());
    for name in PASSED_ON {
        if let Some(value) = request.headers().get(name) {
            ask = ask.header(name, value.as_bytes());
        }
    }
    let said = ask.send().await?;
    let name =
        said.headers().get("x-auth-username").map_or("nobody", |it| it.to_str().unwrap_or("?"));
    let page = format!("<!doctype html><title>Wiki</title><p id=who>{name}</p>");
    let mut response = Response::new(Full::from(page));
    *response.status_mut() = said.status().as_u16().try_into()?;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    for name in [LOCATION, SET_COOKIE] {
        for value in said.headers().get_all(&name) {
            response.headers_mut().append(&name, HeaderValue::from_bytes(value.as_bytes())?);
        }
    }
    Ok(response)
}

async fn a_visitor_signs_in_and_comes_back_to_the_page(t: &Context) -> Result {
    let site = GuardedSite::start(t).await?;
    let ada = t.new_user().await?;
    site.open(t, "/notes?page=2&of=3").await?;
    LoginPage::expect(&t.browser).await?.submit_as(&ada).await?;
    site.expect(t, "/notes?page=2&of=3", &ada.name).await?;
    // The cookie opens the next page, too, without a word of Hallpass's pages.
    site.open(t, "/other").await?;
    site.expect(t, "/other", &ada.name).await
}

async fn who_is_signed_in_already_sees_the_page_at_once(t: &Context) -> Result {
    let site = GuardedSite::start(t).await?;
    let ada = t.signed_in().await?;
    site.open(t, "/notes#part").await?;
    site.expect(t, "/notes#part", &ada.name).await?;
    t.browser.goto("/protected").await?;
    Header(&t.browser).expect_user(&ada.name).await
}

async fn the_page_closes_when_somebody_signs_out(t: &Context) -> Result {
    let site = GuardedSite::start(t).await?;
    let ada = t.signed_in().await?;
    site.open(t, "/").await?;
    site.expect(t, "/", &ada.name).await?;
    t.browser.goto("/protected").await?;
    Header(&t.browser).sign_out().await?;
    Header(&t.browser).expect_signed_out().await?;
    site.open(t, "/").await?;
    LoginPage::expect(&t.browser).await?.submit_as(&ada).await?;
    site.expect(t, "/", &ada.name).await
}

async fn nobody_starts_the_way_in_for_somebody_else(t: &Context) -> Result {
    let site = GuardedSite::start(t).await?;
    let ada = t.signed_in().await?;
    // What somebody gets who asks for a page in their own browser.
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let sent = client.get(&site.origin).send().await?;
    let location = sent.headers().get(LOCATION).context("no redirect")?.to_str()?.to_owned();
    // Ada follows it, and her browser gets no cookie of the site.
    t.browser.client().goto(&location).await?;
    t.browser.see_text("#who", "nobody").await?;
    let cookies = t.browser.client().get_all_cookies().await?;
    ensure!(!cookies.iter().any(|it| it.name() == GUARD_COOKIE), "{cookies:?}");
    site.open(t, "/").await?;
    site.expect(t, "/", &ada.name).await
}
