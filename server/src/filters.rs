//! The few filters and combinators that the route table is made of, and the only code that knows
//! warp's rejections: one means "not this route", and becomes an answer inside its resource.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use serde::Serialize;
use warp::filters::BoxedFilter;
use warp::path::FullPath;
use warp::reject::{self, Reject, Rejection};
use warp::{Filter, reply};

use crate::answer::Answer;
use crate::auth::{self, Caller};
use crate::body::{self, Form};
use crate::problem::Problem;
use crate::state::App;

/// A part of the table: it answers, or rejects what it is not for.
pub type Route = BoxedFilter<(reply::Response,)>;

/// Answers a request from the state, its method, its path and its headers.
pub type Serve = fn(&App, &Method, &str, &HeaderMap) -> Result<Response<Bytes>, Problem>;

impl Reject for Problem {}

/// What answers one of a path's methods.
pub struct Endpoint {
    /// The method as the `Allow` header names it.
    name: &'static str,
    route: Route,
}

/// One path and what answers its methods; any other method is a 405 that names these.
pub fn resource<const N: usize>(path: &'static str, methods: [Endpoint; N]) -> Route {
    let allow = methods.each_ref().map(|method| method.name).join(", ");
    let not_allowed = warp::any().map(move || to_reply(Err(Problem::method_not_allowed(&allow))));
    let methods = any_of(methods.map(|method| method.route));
    exactly(path).and(methods.or(not_allowed).unify()).boxed()
}

/// `GET`, and `HEAD` as HTTP asks for it.
pub fn get<T, F>(handler: F) -> Endpoint
where
    T: Serialize + Send + 'static,
    F: Filter<Extract = (Result<Answer<T>, Problem>,), Error = Rejection> + Clone,
    F: Send + Sync + 'static,
{
    let route = warp::get().or(warp::head()).unify().and(answered(handler)).boxed();
    Endpoint { name: "GET, HEAD", route }
}

/// `POST`.
pub fn post<T, F>(handler: F) -> Endpoint
where
    T: Serialize + Send + 'static,
    F: Filter<Extract = (Result<Answer<T>, Problem>,), Error = Rejection> + Clone,
    F: Send + Sync + 'static,
{
    Endpoint { name: "POST", route: warp::post().and(answered(handler)).boxed() }
}

/// The first of the routes that does not reject.
pub fn any_of<const N: usize>(routes: [Route; N]) -> Route {
    let nothing = warp::any().and_then(async || Err(reject::not_found())).boxed();
    routes.into_iter().rfold(nothing, |rest, route| route.or(rest).unify().boxed())
}

/// The authenticated caller; without one, 401.
pub fn bearer(app: &App) -> BoxedFilter<(Caller,)> {
    warp::header::headers_cloned()
        .and(with(app))
        .and_then(async |headers, app| auth::authenticate(app, headers).await.map_err(reject))
        .boxed()
}

/// The JSON body.
pub fn json_body<T: Form>(app: &App) -> BoxedFilter<(T,)> {
    let declared = warp::header::headers_cloned()
        .and_then(async |headers: HeaderMap| body::check_headers(&headers).map_err(reject))
        .untuple_one();
    let read = warp::body::stream().and(with(app)).and_then(async |chunks, app: App| {
        let body = tokio::time::timeout(app.body_timeout, body::read(chunks)).await;
        let body = body.unwrap_or_else(|_| Err(body::too_slow()));
        body.and_then(|body| body::parse(&body)).map_err(reject)
    });
    declared.and(read).boxed()
}

/// The server's state.
pub fn with(app: &App) -> BoxedFilter<(App,)> {
    let app = App::clone(app);
    warp::any().map(move || App::clone(&app)).boxed()
}

/// Every path that no other route takes, answered from the request's head alone.
pub fn everything_else(app: &App, serve: Serve) -> Route {
    warp::method()
        .and(warp::path::full())
        .and(warp::header::headers_cloned())
        .and(with(app))
        .map(move |method: Method, path: FullPath, headers: HeaderMap, app: App| {
            to_reply(serve(&app, &method, path.as_str(), &headers))
        })
        .boxed()
}

/// An answer as warp wants it.
pub fn to_reply(response: Result<Response<Bytes>, Problem>) -> reply::Response {
    response.unwrap_or_else(|problem| problem.to_response()).map(Into::into)
}

/// A handler with its problems turned into answers, so that no rejection leaves a method that
/// matched.
fn answered<T, F>(handler: F) -> Route
where
    T: Serialize + Send + 'static,
    F: Filter<Extract = (Result<Answer<T>, Problem>,), Error = Rejection> + Clone,
    F: Send + Sync + 'static,
{
    handler
        .map(|result: Result<Answer<T>, Problem>| to_reply(result.map(Answer::into_response)))
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

fn exactly(path: &'static str) -> BoxedFilter<()> {
    warp::path::full()
        .and_then(move |full: FullPath| {
            std::future::ready(if full.as_str() == path {
                Ok(())
            } else {
                Err(reject::not_found())
            })
        })
        .untuple_one()
        .boxed()
}
