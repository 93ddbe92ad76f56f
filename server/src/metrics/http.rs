//! Requests by route, method and status. Who answers a request has its [`Series`]. Counting then
//! takes one counter and one histogram, without a lookup, a lock or an allocation.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use hallpass_contract::path;
use http::{Method, StatusCode};
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec};

use super::families::{Families, LATENCIES};
use crate::pattern::captured;

/// The label for everything outside the route table: the frontend's files, unknown paths, and
/// methods that a path does not have.
pub const OTHER: &str = "other";

/// The label for the methods of a route that answers all of them.
pub const ANY: &str = "ANY";

/// The families of requests.
#[derive(Clone, Debug)]
pub struct Http {
    requests: IntCounterVec,
    durations: HistogramVec,
}

impl Http {
    pub(super) fn new(families: Families<'_>) -> Self {
        let http = Self {
            requests: families.counters(
                "hallpass_http_requests_total",
                "Requests that were answered.",
                &["route", "method", "status"],
            ),
            durations: families.histograms(
                "hallpass_http_request_duration_seconds",
                "Time from a request's head to the head of its answer.",
                &["route", "method"],
                LATENCIES,
            ),
        };
        // Both families then exist before the first request.
        http.series(path::VERIFY, Method::GET.as_str()).counter(StatusCode::OK);
        http
    }

    /// The series of a route and one of its methods.
    pub fn series(&self, route: &'static str, method: &'static str) -> Series {
        Series {
            requests: self.requests.clone(),
            labels: [route, method],
            duration: self.durations.with_label_values(&[route, method]),
            by_status: Default::default(),
        }
    }

    /// The series of a route table, by each path's pattern and the methods in `Allow`.
    pub fn routes<'t>(
        &self,
        table: impl IntoIterator<Item = (&'static str, &'t [&'static str])>,
    ) -> RouteSeries {
        let mut routes = RouteSeries {
            http: self.clone(),
            fixed: HashMap::new(),
            patterns: Vec::new(),
            other: Route::new(OTHER, &["GET, HEAD"]),
        };
        for (path, methods) in table {
            let route = Route::new(path, methods);
            if path.contains(['{', '*']) {
                routes.patterns.push(route);
            } else {
                routes.fixed.insert(path, route);
            }
        }
        routes
    }
}

/// The statuses that the server answers with.
const STATUSES: [&str; 19] = [
    "200", "201", "204", "304", "400", "401", "403", "404", "405", "408", "409", "411", "413",
    "415", "422", "429", "500", "503", OTHER,
];

/// Counts the requests of one route and method. A status gets its series when it is first answered.
#[derive(Debug)]
pub struct Series {
    requests: IntCounterVec,
    labels: [&'static str; 2],
    duration: Histogram,
    by_status: [OnceLock<IntCounter>; STATUSES.len()],
}

impl Series {
    /// Counts a request that was answered with `status` after `elapsed`.
    pub fn observe(&self, status: StatusCode, elapsed: Duration) {
        self.counter(status).inc();
        self.duration.observe(elapsed.as_secs_f64());
    }

    fn counter(&self, status: StatusCode) -> &IntCounter {
        let at = STATUSES.iter().position(|known| *known == status.as_str());
        let at = at.unwrap_or(STATUSES.len() - 1);
        self.by_status[at].get_or_init(|| {
            let [route, method] = self.labels;
            self.requests.with_label_values(&[route, method, STATUSES[at]])
        })
    }
}

/// The series of all routes. Each is made when it is first needed.
#[derive(Debug)]
pub struct RouteSeries {
    http: Http,
    fixed: HashMap<&'static str, Route>,
    /// The routes with `{id}` or `*` in their path.
    patterns: Vec<Route>,
    other: Route,
}

/// The series of one route.
#[derive(Clone, Copy, Debug)]
pub struct PathSeries<'s> {
    http: &'s Http,
    route: &'s Route,
}

#[derive(Debug)]
struct Route {
    path: &'static str,
    /// The methods, [`OTHER`] last.
    methods: Vec<(&'static str, OnceLock<Series>)>,
}

impl Route {
    fn new(path: &'static str, methods: &[&'static str]) -> Self {
        let methods = methods.iter().flat_map(|names| names.split(", ")).chain([OTHER]);
        Self { path, methods: methods.map(|name| (name, OnceLock::new())).collect() }
    }
}

impl RouteSeries {
    /// The series of the route that answers this path.
    pub fn at(&self, path: &str) -> PathSeries<'_> {
        let pattern = || self.patterns.iter().find(|route| captured(route.path, path).is_some());
        let route = self.fixed.get(path).or_else(pattern).unwrap_or(&self.other);
        PathSeries { http: &self.http, route }
    }
}

impl PathSeries<'_> {
    /// The route's path, such as `/api/me/sessions/{id}`, or [`OTHER`].
    pub fn route(&self) -> &'static str {
        self.route.path
    }

    /// Counts a request that was answered with `status` after `elapsed`.
    pub fn observe(&self, method: &Method, status: StatusCode, elapsed: Duration) {
        self.of(method).observe(status, elapsed);
    }

    fn of(&self, method: &Method) -> &Series {
        let route = self.route;
        let known = |(name, _): &&(&str, _)| [method.as_str(), ANY, OTHER].contains(name);
        let found = route.methods.iter().find(known);
        let (name, series) = found.expect("the last one is for all others");
        series.get_or_init(|| self.http.series(route.path, name))
    }
}
