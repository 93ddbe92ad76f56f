//! The filters of which the route table is made. Only this file knows warp's rejections. A
//! rejection means "not this route"; its resource turns it into an answer.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use warp::filters::BoxedFilter;
use warp::path::FullPath;
use warp::reject::{self, Reject, Rejection};
use warp::{Filter, reply};

use crate::answer::Respond;
use crate::auth::{Bearer, Demand};
use crate::body::{self, Form};
use crate::client::Client;
use crate::endpoint::{Listed, Needs};
use crate::metrics::RouteSeries;
use crate::origin::Caller;
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

/// One row of the route table.
pub struct Endpoint {
    /// The method, the path, and what the caller needs.
    pub listed: Listed,
    /// Makes the filter that answers.
    route: fn(&App) -> Route,
}

/// One path, with what answers each of its methods.
struct Resource {
    path: &'static str,
    /// The methods as the `Allow` header names them.
    methods: Vec<&'static str>,
    route: Route,
}

/// A whole route table.
pub struct Table {
    /// Answers every request.
    pub route: Route,
    /// Counts the requests.
    pub series: RouteSeries,
}

impl Table {
    /// Answers each endpoint's requests, and all others by `rest`.
    pub fn new(app: &App, endpoints: &'static [Endpoint], rest: Route) -> Self {
        let resources: Vec<_> = by_path(endpoints).iter().map(|of| resource(app, of)).collect();
        let paths = resources.iter().map(|resource| (resource.path, resource.methods.as_slice()));
        let series = app.metrics.http.routes(paths);
        let first = |rest: Route, resource: Resource| resource.route.or(rest).unify().boxed();
        Self { route: resources.into_iter().rfold(rest, first), series }
    }
}

/// The endpoints of each path, in the order of the table.
fn by_path(endpoints: &'static [Endpoint]) -> Vec<Vec<&'static Endpoint>> {
    let mut paths: Vec<Vec<&Endpoint>> = Vec::new();
    for endpoint in endpoints {
        match paths.iter_mut().find(|of| of[0].listed.path == endpoint.listed.path) {
            Some(of) => of.push(endpoint),
            None => paths.push(vec![endpoint]),
        }
    }
    paths
}

/// Makes the resource of one path. Other methods get a 405 that names the allowed ones.
fn resource(app: &App, endpoints: &[&'static Endpoint]) -> Resource {
    let path = endpoints[0].listed.path;
    let methods: Vec<_> = endpoints.iter().map(|endpoint| endpoint.allow()).collect();
    let allow = methods.join(", ");
    let not_allowed = warp::any().map(move || to_reply(Err(Problem::method_not_allowed(&allow))));
    let endpoints = any_of(endpoints.iter().map(|endpoint| endpoint.answering(app)));
    let route = at(path).and(endpoints.or(not_allowed).unify()).boxed();
    Resource { path, methods, route }
}

impl Endpoint {
    const fn new(
        method: &'static str,
        path: &'static str,
        needs: Needs,
        route: fn(&App) -> Route,
    ) -> Self {
        Self { listed: Listed { method, path, needs }, route }
    }

    /// The method as the `Allow` header names it.
    fn allow(&self) -> &'static str {
        if self.listed.method == "GET" { "GET, HEAD" } else { self.listed.method }
    }

    /// Answers requests of its method. `GET` also answers `HEAD`, as HTTP demands.
    fn answering(&self, app: &App) -> Route {
        let (method, is_get) = (self.listed.method, self.listed.method == "GET");
        let is_method = warp::method().and_then(move |it: Method| {
            let matches = it == method || (is_get && it == Method::HEAD);
            std::future::ready(if matches { Ok(()) } else { Err(reject::not_found()) })
        });
        is_method.untuple_one().and((self.route)(app)).boxed()
    }
}

/// `GET`, and with it `HEAD`.
pub(crate) const fn get(path: &'static str, needs: Needs, route: fn(&App) -> Route) -> Endpoint {
    Endpoint::new("GET", path, needs, route)
}

/// `POST`.
pub(crate) const fn post(path: &'static str, needs: Needs, route: fn(&App) -> Route) -> Endpoint {
    Endpoint::new("POST", path, needs, route)
}

/// `PATCH`.
pub(crate) const fn patch(path: &'static str, needs: Needs, route: fn(&App) -> Route) -> Endpoint {
    Endpoint::new("PATCH", path, needs, route)
}

/// `DELETE`.
pub(crate) const fn delete(path: &'static str, needs: Needs, route: fn(&App) -> Route) -> Endpoint {
    Endpoint::new("DELETE", path, needs, route)
}

/// A handler: a function of all that its filter extracts.
pub(crate) trait Handler<R>:
    Filter<Extract = (Result<R, Problem>,), Error = Rejection> + Clone + Send + Sync + 'static
{
}
impl<R, F> Handler<R> for F where
    F: Filter<Extract = (Result<R, Problem>,), Error = Rejection> + Clone + Send + Sync + 'static
{
}

/// The first of the routes that does not reject the request.
fn any_of(routes: impl DoubleEndedIterator<Item = Route>) -> Route {
    let nothing = warp::any().and_then(async || Err(reject::not_found())).boxed();
    routes.rfold(nothing, |rest, route| route.or(rest).unify().boxed())
}

/// The authenticated caller; without one, 401.
pub(crate) fn bearer(app: &App) -> BoxedFilter<(Caller,)> {
    caller(app, Demand { admin: false, fresh: false })
}

/// As [`bearer`], and the session must be fresh; else 401.
pub(crate) fn fresh(app: &App) -> BoxedFilter<(Caller,)> {
    caller(app, Demand { admin: false, fresh: true })
}

/// As [`bearer`], with the role `admin`; else 403.
pub(crate) fn admin(app: &App) -> BoxedFilter<(Caller,)> {
    caller(app, Demand { admin: true, fresh: false })
}

/// As [`admin`] and [`fresh`].
pub(crate) fn fresh_admin(app: &App) -> BoxedFilter<(Caller,)> {
    caller(app, Demand { admin: true, fresh: true })
}

/// The caller and the JSON body. The caller is checked before and after the body is read, since
/// somebody may lose a role while it arrives.
fn caller_and_body<T: Form>(app: &App, demand: Demand) -> BoxedFilter<(Caller, T)> {
    let again = move |_: Caller, form: T, client, headers: HeaderMap, app: App| async move {
        let caller = app.authenticator().caller(&headers, client, demand).await.map_err(reject)?;
        Ok::<_, Rejection>((caller, form))
    };
    caller(app, demand).and(json_body(app)).and(head(app)).and_then(again).untuple_one().boxed()
}

/// As [`bearer`], with the JSON body.
pub(crate) fn bearer_and_body<T: Form>(app: &App) -> BoxedFilter<(Caller, T)> {
    caller_and_body(app, Demand { admin: false, fresh: false })
}

/// As [`fresh`], with the JSON body.
pub(crate) fn fresh_and_body<T: Form>(app: &App) -> BoxedFilter<(Caller, T)> {
    caller_and_body(app, Demand { admin: false, fresh: true })
}

/// As [`admin`], and the id of the user in the path. If that user is an admin, the session must be
/// fresh; else 401.
pub(crate) fn admin_over(app: &App, path: &'static str) -> BoxedFilter<(Caller, String)> {
    let caller = async |id: String, client, headers: HeaderMap, app: App| {
        let caller =
            app.authenticator().caller_over(&headers, client, &id).await.map_err(reject)?;
        Ok::<_, Rejection>((caller, id))
    };
    id(path).and(head(app)).and_then(caller).untuple_one().boxed()
}

/// As [`admin_over`], with the JSON body. The caller is looked up again once the body is there.
pub(crate) fn admin_over_and_body<T: Form>(
    app: &App,
    path: &'static str,
) -> BoxedFilter<(Caller, String, T)> {
    let before = admin_over(app, path).and(json_body(app));
    let again = async |(_, id): (Caller, String), form: T, client, headers: HeaderMap, app: App| {
        let caller =
            app.authenticator().caller_over(&headers, client, &id).await.map_err(reject)?;
        Ok::<_, Rejection>((caller, id, form))
    };
    let before = before.map(|caller, id, form| ((caller, id), form)).untuple_one();
    before.and(head(app)).and_then(again).untuple_one().boxed()
}

/// Whose access token came. If the store fails, the answer is 401: nginx turns everything but 2xx,
/// 401 and 403 into a 500.
pub(crate) fn bearer_for_proxies(app: &App) -> BoxedFilter<(Arc<Bearer>,)> {
    let bearer = async |_: Client, headers: HeaderMap, app: App| {
        app.authenticator().bearer(&headers).await.map_err(|problem| {
            let cannot_tell = problem.status().is_server_error();
            reject(if cannot_tell { Problem::cannot_tell(problem) } else { problem })
        })
    };
    head(app).and_then(bearer).boxed()
}

fn caller(app: &App, demand: Demand) -> BoxedFilter<(Caller,)> {
    let caller = move |client, headers: HeaderMap, app: App| async move {
        app.authenticator().caller(&headers, client, demand).await.map_err(reject)
    };
    head(app).and_then(caller).boxed()
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

/// The path segment at `{id}`.
pub(crate) fn id(path: &'static str) -> BoxedFilter<(String,)> {
    warp::path::full()
        .map(move |full: FullPath| captured(path, full.as_str()).unwrap_or_default().to_owned())
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
            let mut share = app.intake.body_budget.share(network);
            let body = tokio::select! {
                // A complete body counts, even if it is late.
                biased;
                body = body::read::<T, _, _>(chunks, most, &mut share) => body,
                () = tokio::time::sleep(app.intake.body_timeout) => Err(body::too_slow()),
                () = app.shutdown.reached(Stage::Closing) => Err(Problem::shutting_down()),
            };
            body.and_then(|body| body::parse(&body)).map_err(reject)
        });
    body.boxed()
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

fn at(path: &'static str) -> BoxedFilter<()> {
    warp::path::full()
        .and_then(move |full: FullPath| {
            let matched = captured(path, full.as_str());
            std::future::ready(matched.map(drop).ok_or_else(reject::not_found))
        })
        .untuple_one()
        .boxed()
}
