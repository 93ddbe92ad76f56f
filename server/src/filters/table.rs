//! The route table: which endpoint answers which method of which path.

use http::Method;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::path::FullPath;
use warp::reject;

use super::{Route, to_reply};
use crate::endpoint::{Listed, Needs};
use crate::metrics::{ANY, RouteSeries};
use crate::pattern::captured;
use crate::problem::Problem;
use crate::state::App;

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
        let is_any = method == ANY;
        let is_method = warp::method().and_then(move |it: Method| {
            let matches = it == method || (is_get && it == Method::HEAD) || is_any;
            std::future::ready(if matches { Ok(()) } else { Err(reject::not_found()) })
        });
        is_method.untuple_one().and((self.route)(app)).boxed()
    }
}

/// Every method.
pub(crate) const fn any(path: &'static str, needs: Needs, route: fn(&App) -> Route) -> Endpoint {
    Endpoint::new(ANY, path, needs, route)
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

/// The first of the routes that does not reject the request.
fn any_of(routes: impl DoubleEndedIterator<Item = Route>) -> Route {
    let nothing = warp::any().and_then(async || Err(reject::not_found())).boxed();
    routes.rfold(nothing, |rest, route| route.or(rest).unify().boxed())
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
