use std::time::Duration;

use ::http::{Method, StatusCode};
use hallpass_contract::path;

use super::{LoginEnd, Metrics, OTHER};

/// The value of a series, such as `name{label="value"}`.
fn value(metrics: &Metrics, series: &str) -> Option<f64> {
    let text = metrics.text().unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

#[test]
fn a_request_is_counted_where_it_belongs() {
    let metrics = Metrics::default();
    let table: [(&str, &[&str]); 2] = [(path::ME, &["GET, HEAD", "DELETE"]), (path::SESSION, &[])];
    let routes = metrics.http.routes(table);
    let observe = |path, method: &str, status| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        routes.at(path).observe(&method, StatusCode::from_u16(status).unwrap(), Duration::ZERO);
    };
    for (path, method, status, labels) in [
        (path::ME, "HEAD", 200, [path::ME, "HEAD", "200"]),
        (path::ME, "DELETE", 204, [path::ME, "DELETE", "204"]),
        (path::ME, "BREW", 405, [path::ME, OTHER, "405"]),
        ("/api/me/sessions/7", "DELETE", 401, [path::SESSION, OTHER, "401"]),
        ("/api/me/", "GET", 404, [OTHER, "GET", "404"]),
        ("/favicon.ico", "POST", 418, [OTHER, OTHER, OTHER]),
    ] {
        let [route, known, counted] = labels;
        let series = format!(
            "hallpass_http_requests_total{{method=\"{known}\",route=\"{route}\",status=\"{counted}\"}}"
        );
        assert_eq!(value(&metrics, &series), None, "{series}");
        observe(path, method, status);
        observe(path, method, status);
        assert_eq!(value(&metrics, &series), Some(2.0), "{series}");
    }
}

#[test]
fn who_answers_without_the_route_table_counts_the_same_series() {
    let metrics = Metrics::default();
    let methods: &[&str] = &["GET, HEAD"];
    let by_table = metrics.http.routes([(path::VERIFY, methods)]);
    let by_hand = metrics.http.series(path::VERIFY, "GET");
    by_table.at(path::VERIFY).observe(&Method::GET, StatusCode::OK, Duration::from_millis(3));
    by_hand.observe(StatusCode::OK, Duration::from_millis(700));
    let labels = r#"{method="GET",route="/api/verify""#;
    let of = |series: &str| value(&metrics, series).unwrap();
    let duration = "hallpass_http_request_duration_seconds";
    assert_eq!(of(&format!(r#"hallpass_http_requests_total{labels},status="200"}}"#)), 2.0);
    assert_eq!(of(&format!("{duration}_count{labels}}}")), 2.0);
    assert!((of(&format!("{duration}_sum{labels}}}")) - 0.703).abs() < 1e-9);
    assert_eq!(of(&format!(r#"{duration}_bucket{labels},le="0.0025"}}"#)), 0.0);
    assert_eq!(of(&format!(r#"{duration}_bucket{labels},le="0.005"}}"#)), 1.0);
    assert_eq!(of(&format!(r#"{duration}_bucket{labels},le="1"}}"#)), 2.0);
}

#[test]
fn a_login_counts_once_by_what_came_of_it() {
    let metrics = Metrics::default();
    for (end, outcome) in [
        (LoginEnd::Ok, "ok"),
        (LoginEnd::Refused, "refused"),
        (LoginEnd::Throttled, "throttled"),
        (LoginEnd::Overloaded, "overloaded"),
        (LoginEnd::Failed, "failed"),
    ] {
        let series = format!("hallpass_logins_total{{outcome=\"{outcome}\"}}");
        let before = value(&metrics, &series).unwrap();
        metrics.logins.begin().ended(end);
        assert_eq!(value(&metrics, &series), Some(before + 1.0), "{end:?}");
    }
    let abandoned = "hallpass_logins_total{outcome=\"abandoned\"}";
    assert_eq!(value(&metrics, abandoned), Some(0.0));
    drop(metrics.logins.begin());
    assert_eq!(value(&metrics, abandoned), Some(1.0));
}

#[test]
fn a_commit_that_failed_has_no_size() {
    let metrics = Metrics::default();
    metrics.store.commit(true, 7, Duration::from_millis(2));
    metrics.store.commit(false, 9, Duration::from_secs(5));
    let of = |series| value(&metrics, series).unwrap();
    assert_eq!(of(r#"hallpass_store_commits_total{outcome="ok"}"#), 1.0);
    assert_eq!(of(r#"hallpass_store_commits_total{outcome="failed"}"#), 1.0);
    assert_eq!(of("hallpass_store_commit_writes_sum"), 7.0);
    assert_eq!(of("hallpass_store_commit_duration_seconds_sum"), 0.002);
}

#[cfg(target_os = "linux")]
#[test]
fn the_figures_of_the_process_are_those_of_this_process() {
    let metrics = Metrics::default();
    let of = |series| value(&metrics, series).unwrap();
    use procfs::Current as _;
    let uptime = procfs::Uptime::current().unwrap().uptime;
    let now = procfs::boot_time_secs().unwrap() as f64 + uptime;
    let started = of("process_start_time_seconds");
    assert!(
        started <= now + 1.0 && now - started < 3600.0,
        "{started} is not shortly before {now}"
    );
    let before = of("process_open_fds");
    let _others: Vec<_> = (0..64).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
    // Parallel tests open and close files, too, but not as many.
    assert!(of("process_open_fds") > before + 32.0);
    assert!(of("process_max_fds") >= of("process_open_fds"));
    assert!(of("process_resident_memory_bytes") > 1e6);
    let cpu = of("process_cpu_seconds_total");
    let work = std::time::Instant::now();
    while of("process_cpu_seconds_total") < cpu + 0.05 {
        assert!(work.elapsed() < Duration::from_secs(30), "the processor's time does not move");
    }
}
