//! The few filters and combinators that the route table is made of, and the only code that knows
//! warp's rejections: one means "not this route", and becomes an answer inside its resource.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use warp::filters::BoxedFilter;
use warp::path::FullPath;
use warp::reject::{self, Reject, Rejection};
use warp::{Filter, reply};

use crate::answer::Respond;
use crate::auth::{self, Caller, Demand, Leaver};
use crate::body::{self, Form};
use crate::client::Client;
use crate::metrics::RouteSeries;
use crate::pattern::captured;
use crate::problem::Problem;
use crate::shutdown::Stage;
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

/// One path and what answers its methods.
pub struct Resource {
    /// The path; `{id}` stands for one segment.
    pub path: &'static str,
    /// The methods as the `Allow` header names them.
    pub methods: Vec<&'static str>,
    route: Route,
}

/// A whole route table.
pub struct Table {
    /// It answers every request.
    pub route: Route,
    /// What counts them.
    pub series: RouteSeries,
}

/// One path and what answers its methods; any other method is a 405 that names these.
pub fn resource<const N: usize>(path: &'static str, endpoints: [Endpoint; N]) -> Resource {
    let methods = endpoints.each_ref().map(|endpoint| endpoint.name).to_vec();
    let allow = methods.join(", ");
    let not_allowed = warp::any().map(move || to_reply(Err(Problem::method_not_allowed(&allow))));
    let endpoints = any_of(endpoints.map(|endpoint| endpoint.route));
    let route = at(path).and(endpoints.or(not_allowed).unify()).boxed();
    Resource { path, methods, route }
}

/// The first of the resources whose path it is, or else `rest`.
pub fn first_of(resources: Vec<Resource>, rest: Route) -> Route {
    resources.into_iter().rfold(rest, |rest, resource| resource.route.or(rest).unify().boxed())
}

/// `GET`, and `HEAD` as HTTP asks for it.
pub fn get<R: Respond>(handler: impl Handler<R>) -> Endpoint {
    let route = warp::get().or(warp::head()).unify().and(answered(handler)).boxed();
    Endpoint { name: "GET, HEAD", route }
}

/// `POST`.
pub fn post<R: Respond>(handler: impl Handler<R>) -> Endpoint {
    Endpoint { name: "POST", route: warp::post().and(answered(handler)).boxed() }
}

/// `PATCH`.
pub fn patch<R: Respond>(handler: impl Handler<R>) -> Endpoint {
    Endpoint { name: "PATCH", route: warp::patch().and(answered(handler)).boxed() }
}

/// `DELETE`.
pub fn delete<R: Respond>(handler: impl Handler<R>) -> Endpoint {
    Endpoint { name: "DELETE", route: warp::delete().and(answered(handler)).boxed() }
}

/// What extracts all that a handler needs, and calls it.
pub trait Handler<R>:
    Filter<Extract = (Result<R, Problem>,), Error = Rejection> + Clone + Send + Sync + 'static
{
}
impl<R, F> Handler<R> for F where
    F: Filter<Extract = (Result<R, Problem>,), Error = Rejection> + Clone + Send + Sync + 'static
{
}

/// The first of the routes that does not reject.
fn any_of<const N: usize>(routes: [Route; N]) -> Route {
    let nothing = warp::any().and_then(async || Err(reject::not_found())).boxed();
    routes.into_iter().rfold(nothing, |rest, route| route.or(rest).unify().boxed())
}

/// The authenticated caller; without one, 401.
pub fn bearer(app: &App) -> BoxedFilter<(Caller,)> {
    caller(app, Demand { admin: false, fresh: false })
}

/// As [`bearer`], with a password given not long ago; else 401.
pub fn fresh(app: &App) -> BoxedFilter<(Caller,)> {
    caller(app, Demand { admin: false, fresh: true })
}

/// As [`bearer`], with the role `admin`; else 403.
pub fn admin(app: &App) -> BoxedFilter<(Caller,)> {
    caller(app, Demand { admin: true, fresh: false })
}

/// As [`admin`] and [`fresh`].
pub fn fresh_admin(app: &App) -> BoxedFilter<(Caller,)> {
    caller(app, Demand { admin: true, fresh: true })
}

/// The caller, and the JSON body. Who they are is asked before a byte of the body is read, and again
/// when it is there: a body takes its time, and whoever lost a role meanwhile must not use it.
fn caller_and_body<T: Form>(app: &App, demand: Demand) -> BoxedFilter<(Caller, T)> {
    let again = move |_: Caller, form: T, client, headers: HeaderMap, app: App| async move {
        let caller = auth::authenticate(&app, &headers, client, demand).await.map_err(reject)?;
        Ok::<_, Rejection>((caller, form))
    };
    caller(app, demand).and(json_body(app)).and(head(app)).and_then(again).untuple_one().boxed()
}

/// As [`bearer`], with the JSON body.
pub fn bearer_and_body<T: Form>(app: &App) -> BoxedFilter<(Caller, T)> {
    caller_and_body(app, Demand { admin: false, fresh: false })
}

/// As [`fresh`], with the JSON body.
pub fn fresh_and_body<T: Form>(app: &App) -> BoxedFilter<(Caller, T)> {
    caller_and_body(app, Demand { admin: false, fresh: true })
}

/// As [`admin`], and the id of the user whom the path names. If that one is an admin, the login must be
/// fresh; else 401.
pub fn admin_over(app: &App, path: &'static str) -> BoxedFilter<(Caller, String)> {
    let caller = async |id: String, client, headers: HeaderMap, app: App| {
        let caller = auth::authenticate_over(&app, &headers, client, &id).await.map_err(reject)?;
        Ok::<_, Rejection>((caller, id))
    };
    id(path).and(head(app)).and_then(caller).untuple_one().boxed()
}

/// As [`admin_over`], with the JSON body. The caller is looked up again when it is there.
pub fn admin_over_and_body<T: Form>(
    app: &App,
    path: &'static str,
) -> BoxedFilter<(Caller, String, T)> {
    let before = admin_over(app, path).and(json_body(app));
    let again = async |(_, id): (Caller, String), form: T, client, headers: HeaderMap, app: App| {
        let caller = auth::authenticate_over(&app, &headers, client, &id).await.map_err(reject)?;
        Ok::<_, Rejection>((caller, id, form))
    };
    let before = before.map(|caller, id, form| ((caller, id), form)).untuple_one();
    before.and(head(app)).and_then(again).untuple_one().boxed()
}

/// As [`bearer`], and a 401 where the store can't tell: nginx turns whatever is not 2xx, 401 or 403
/// into a 500.
pub fn bearer_for_proxies(app: &App) -> BoxedFilter<(Caller,)> {
    let anyone = Demand { admin: false, fresh: false };
    let caller = move |client, headers: HeaderMap, app: App| async move {
        auth::authenticate(&app, &headers, client, anyone).await.map_err(|problem| {
            let cannot_tell = problem.status().is_server_error();
            reject(if cannot_tell { Problem::cannot_tell(problem) } else { problem })
        })
    };
    head(app).and_then(caller).boxed()
}

fn caller(app: &App, demand: Demand) -> BoxedFilter<(Caller,)> {
    let caller = move |client, headers: HeaderMap, app: App| async move {
        auth::authenticate(&app, &headers, client, demand).await.map_err(reject)
    };
    head(app).and_then(caller).boxed()
}

/// Who signs out.
pub fn leaver(app: &App) -> BoxedFilter<(Leaver,)> {
    let leaver =
        async |client, headers, app| auth::leaver(app, headers, client).await.map_err(reject);
    head(app).and_then(leaver).boxed()
}

/// Where the request comes from.
pub fn client(app: &App) -> BoxedFilter<(Client,)> {
    head(app).map(|client, _, _| client).boxed()
}

/// Where the request comes from, its headers and the state.
pub fn head(app: &App) -> BoxedFilter<(Client, HeaderMap, App)> {
    warp::ext::get::<SocketAddr>()
        .and(warp::header::headers_cloned())
        .and(with(app))
        .map(|peer: SocketAddr, headers: HeaderMap, app: App| {
            (app.proxies.client(peer.ip(), &headers), headers, app)
        })
        .untuple_one()
        .boxed()
}

/// The segment of the path that `{id}` stands for.
pub fn id(path: &'static str) -> BoxedFilter<(String,)> {
    warp::path::full()
        .map(move |full: FullPath| captured(path, full.as_str()).unwrap_or_default().to_owned())
        .boxed()
}

/// The query, as it came.
pub fn query() -> BoxedFilter<(String,)> {
    warp::query::raw().or(warp::any().map(String::new)).unify().boxed()
}

/// The JSON body.
pub fn json_body<T: Form>(app: &App) -> BoxedFilter<(T,)> {
    let declared = head(app).and_then(async |client: Client, headers: HeaderMap, app: App| {
        let most = body::check_headers::<T>(&headers).map_err(reject)?;
        Ok::<_, Rejection>((client.network(), most, app))
    });
    let declared = declared.untuple_one();
    let body =
        declared.and(warp::body::stream()).and_then(async |network, most, app: App, chunks| {
            let mut share = app.body_budget.share(network);
            let body = tokio::select! {
                // A body that is there counts, however late it is.
                biased;
                body = body::read::<T, _, _>(chunks, most, &mut share) => body,
                () = tokio::time::sleep(app.body_timeout) => Err(body::too_slow()),
                () = app.shutdown.reached(Stage::Closing) => Err(Problem::shutting_down()),
            };
            body.and_then(|body| body::parse(&body)).map_err(reject)
        });
    body.boxed()
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
fn answered<R: Respond>(handler: impl Handler<R>) -> Route {
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

fn at(path: &'static str) -> BoxedFilter<()> {
    warp::path::full()
        .and_then(move |full: FullPath| {
            let matched = captured(path, full.as_str());
            std::future::ready(matched.map(drop).ok_or_else(reject::not_found))
        })
        .untuple_one()
        .boxed()
}
