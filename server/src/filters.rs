//! The filters of which the route table is made. They alone know warp's rejections. A rejection
//! means "not this route"; its resource turns it into an answer.

mod caller;
mod oauth;
mod table;

pub(crate) use self::caller::{
    admin, admin_over, admin_over_and_body, bearer, bearer_and_body, bearer_for_proxies, fresh,
    fresh_admin, fresh_admin_and_body, fresh_and_body, fresh_setup, fresh_setup_and_body, setup,
};
pub(crate) use self::oauth::oauth_client;
pub(crate) use self::table::{Endpoint, Table};
pub(crate) use self::table::{any, delete, get, patch, post};

use std::convert::Infallible;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures_util::Stream;
use http::{HeaderMap, Method, Response};
use ipnet::IpNet;
use warp::filters::BoxedFilter;
use warp::path::FullPath;
use warp::reject::{self, Reject, Rejection};
use warp::{Filter, reply};

use crate::answer::Respond;
use crate::body::{self, Form};
use crate::client::Client;
use crate::pattern::captured;
use crate::problem::Problem;
use crate::proxies::Peer;
use crate::shutdown::Stage;
use crate::site::Site;
use crate::state::App;

/// A part of the route table. It answers a request, or rejects it if the request is for another
/// part.
pub(crate) type Route = BoxedFilter<(reply::Response,)>;

/// Answers a request from its method, its path and its headers.
pub(crate) type Serve = fn(&Site, &Method, &str, &HeaderMap) -> Result<Response<Bytes>, Problem>;

impl Reject for Problem {}

/// A handler: a function of all that its filter extracts.
pub(crate) trait Handler<R>:
    Filter<Extract = (Result<R, Problem>,), Error = Rejection> + Clone + Send + Sync + 'static
{
}
impl<R, F> Handler<R> for F where
    F: Filter<Extract = (Result<R, Problem>,), Error = Rejection> + Clone + Send + Sync + 'static
{
}

/// The client that sent the request.
pub(crate) fn client(app: &App) -> BoxedFilter<(Client,)> {
    head(app).map(|client, _, _| client).boxed()
}

/// The client, the request's headers and the state.
pub(crate) fn head(app: &App) -> BoxedFilter<(Client, HeaderMap, App)> {
    warp::ext::get::<Peer>()
        .and(warp::header::headers_cloned())
        .and(with(app))
        .map(|peer: Peer, headers: HeaderMap, app: App| {
            (app.intake.proxies.client(peer, &headers), headers, app)
        })
        .untuple_one()
        .boxed()
}

/// All of a request but its body.
pub(crate) fn whole(app: &App) -> BoxedFilter<(Method, String, Client, HeaderMap, App)> {
    let target = |path: FullPath, query: String| {
        let start = if query.is_empty() { "" } else { "?" };
        [path.as_str(), start, &query].concat()
    };
    let target = warp::path::full().and(query()).map(target);
    warp::method().and(target).and(head(app)).boxed()
}

/// The path segment at `{id}`.
pub(crate) fn id(path: &'static str) -> BoxedFilter<(String,)> {
    nth(path, 0)
}

/// The path segment at `{session}`, which comes after `{id}`.
pub(crate) fn session_id(path: &'static str) -> BoxedFilter<(String,)> {
    nth(path, 1)
}

fn nth(path: &'static str, n: usize) -> BoxedFilter<(String,)> {
    warp::path::full()
        .map(move |full: FullPath| {
            captured(path, full.as_str()).map_or_else(String::new, |found| found[n].to_owned())
        })
        .boxed()
}

/// The raw query.
pub(crate) fn query() -> BoxedFilter<(String,)> {
    warp::query::raw().or(warp::any().map(String::new)).unify().boxed()
}

/// The JSON body.
pub(crate) fn json_body<T: Form>(app: &App) -> BoxedFilter<(T,)> {
    let declared = head(app).and_then(async |client: Client, headers: HeaderMap, app: App| {
        let most = body::check_headers::<T>(&headers).map_err(reject)?;
        Ok::<_, Rejection>((client.network(), most, app))
    });
    let declared = declared.untuple_one();
    let body =
        declared.and(warp::body::stream()).and_then(async |network, most, app: App, chunks| {
            let body = read_body(&app, network, most, chunks).await;
            body.and_then(|body| body::parse(&body)).map_err(reject)
        });
    body.boxed()
}

/// Reads a body of at most so many bytes, within the time and the memory that there are for it.
async fn read_body(
    app: &App,
    network: IpNet,
    most: usize,
    chunks: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Result<Vec<u8>, Problem> {
    let mut share = app.intake.body_budget.share(network);
    tokio::select! {
        // A complete body counts, even if it is late.
        biased;
        body = body::read(chunks, most, &mut share) => body,
        () = tokio::time::sleep(app.intake.body_timeout) => Err(body::too_slow()),
        () = app.shutdown.reached(Stage::Closing) => Err(Problem::shutting_down()),
    }
}

/// Gives a filter a part of the server.
pub(crate) fn with<T: Send + Sync + 'static>(part: &Arc<T>) -> BoxedFilter<(Arc<T>,)> {
    let part = Arc::clone(part);
    warp::any().map(move || Arc::clone(&part)).boxed()
}

/// Answers every path that no other route answers, from the request's head alone.
pub(crate) fn everything_else(site: &Arc<Site>, serve: Serve) -> Route {
    warp::method()
        .and(warp::path::full())
        .and(warp::header::headers_cloned())
        .and(with(site))
        .map(move |method: Method, path: FullPath, headers: HeaderMap, site: Arc<Site>| {
            to_reply(serve(&site, &method, path.as_str(), &headers))
        })
        .boxed()
}

/// Converts an answer into warp's type.
pub(crate) fn to_reply(response: Result<Response<Bytes>, Problem>) -> reply::Response {
    response.unwrap_or_else(|problem| problem.to_response()).map(Into::into)
}

/// A handler whose problems become answers, so that no matching method ends in a rejection.
pub(crate) fn answered<R: Respond>(handler: impl Handler<R>) -> Route {
    handler
        .map(|result: Result<R, Problem>| to_reply(result.map(R::into_response)))
        .recover(async |rejection: Rejection| Ok::<_, Infallible>(recovered(&rejection)))
        .unify()
        .boxed()
}

fn recovered(rejection: &Rejection) -> reply::Response {
    match rejection.find::<Problem>() {
        Some(problem) => problem.to_response().map(Into::into),
        None => to_reply(Err(Problem::internal(anyhow::anyhow!("unforeseen {rejection:?}")))),
    }
}

fn reject(problem: Problem) -> Rejection {
    reject::custom(problem)
}
