//! What `server/deploy` says of metrics and logs is true: each family, label and value that its
//! rules and its dashboard name is in a real scrape, and the fields of the log are in its table.

use std::collections::{BTreeMap, BTreeSet};

use hallpass_contract::path;
use rustix::process::Signal;
use serde_json::Value;

use super::Metrics;
use crate::app::{PASSWORD, TestApp};
use crate::binary::Process;

const RULES: &str = include_str!("../../../deploy/prometheus/rules.yml");
const README: &str = include_str!("../../../deploy/README.md");
const DASHBOARD: &str = include_str!("../../../deploy/grafana/hallpass.json");

/// What Prometheus adds to each series.
const ADDED: [&str; 2] = ["instance", "job"];

/// Words of PromQL that may stand where a name may.
const WORDS: [&str; 9] =
    ["and", "bool", "by", "group_left", "group_right", "on", "or", "unless", "without"];

#[tokio::test]
async fn rules_and_dashboard_name_what_is_in_a_scrape() {
    let scrape = Scrape::of_a_used_server().await;
    let rules = rules("expr");
    assert!(rules.len() > 30, "{rules:?}");
    let dashboard = queries();
    assert!(dashboard.len() > 30, "{dashboard:?}");
    for expression in rules.iter().chain(&dashboard) {
        scrape.check(expression);
    }
}

/// The expressions of the rules. `promtool`, which `scripts/deploy-test` runs, reads the rest.
fn rules(key: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut block = None;
    for line in RULES.lines() {
        let indent = line.len() - line.trim_start().len();
        if let Some(value) = line.trim_start_matches([' ', '-']).strip_prefix(&format!("{key}: ")) {
            block = (value == "|").then_some(indent);
            found.push(if value == "|" { String::new() } else { value.to_owned() });
        } else if block.is_some_and(|outer| indent > outer) {
            found.last_mut().unwrap().push_str(line);
        } else {
            block = None;
        }
    }
    found
}

/// The expressions of the dashboard's panels and variables.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

/// What series there are: of each name its labels, and their values.
struct Scrape(BTreeMap<String, BTreeMap<String, BTreeSet<String>>>);

impl Scrape {
    async fn of_a_used_server() -> Self {
        let app = TestApp::start().await;
        let metrics = Metrics::of(&app).await;
        let ada = app.signed_in("ada").await;
        app.get_with_token(path::VERIFY, ada.token()).await;
        app.send("GET", "/readyz", &[]).await;
        let scraped = metrics.scrape().await;
        let mut names: BTreeMap<_, BTreeMap<_, BTreeSet<_>>> = BTreeMap::new();
        for series in scraped.series() {
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let of = names.entry(name.to_owned()).or_default();
            for label in labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty()) {
                let (label, value) = label.split_once('=').unwrap();
                of.entry(label.to_owned()).or_default().insert(value.trim_matches('"').to_owned());
            }
        }
        // Prometheus makes it of each scrape.
        names.insert("up".to_owned(), BTreeMap::new());
        Self(names)
    }

    fn check(&self, expression: &str) {
        let recorded = rules("record");
        let mut labels: BTreeSet<&str> = ["le"].into();
        labels.extend(ADDED);
        for (name, selector) in selectors(expression) {
            if recorded.iter().any(|record| record == name) {
                // Those that rules keep.
                labels.extend(["route", "kind"]);
                continue;
            }
            let known =
                self.0.get(name).unwrap_or_else(|| panic!("no series {name}: {expression}"));
            labels.extend(known.keys().map(String::as_str));
            for matcher in matchers(selector) {
                check_matcher(known, matcher, expression);
            }
        }
        for label in groupings(expression) {
            assert!(labels.contains(label), "nothing has {label}: {expression}");
        }
    }
}

/// Whether a series has a label, and the values that are asked for.
fn check_matcher(
    known: &BTreeMap<String, BTreeSet<String>>,
    (label, value): (&str, &str),
    expression: &str,
) {
    if ADDED.contains(&label) {
        return;
    }
    let values = known.get(label).unwrap_or_else(|| panic!("no label {label}: {expression}"));
    // The series of a status appears when it is first answered.
    let all = label == "status" || value.split('|').all(|value| values.contains(value));
    assert!(all, "no {label} {value}: {expression}");
}

/// The names of series, each with what stands in braces behind it.
fn selectors(expression: &str) -> Vec<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(|c| is_part(c) || c == '(' || c == '[' || c == '"') {
        rest = &rest[start..];
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let next = after.trim_start();
        rest = after;
        if word.is_empty() {
            let closing = if rest.starts_with('[') { rest.find(']') } else { Some(0) };
            rest = &rest[closing.unwrap() + 1..];
        } else if WORDS.contains(&word) {
            // A list of labels follows, not an expression.
            if word != "and" && word != "or" && word != "unless" && next.starts_with('(') {
                rest = &rest[rest.find(')').unwrap()..];
            }
        } else if next.starts_with('{') {
            let end = next.find('}').unwrap();
            found.push((word, &next[1..end]));
            rest = &next[end..];
        } else if !next.starts_with('(') && !word.starts_with(|c: char| c.is_ascii_digit()) {
            // Neither a function, an aggregation nor a number.
            if !["sum", "max", "count"].contains(&word) {
                found.push((word, ""));
            }
        }
    }
    found
}

/// Label and value of each matcher.
fn matchers(selector: &str) -> impl Iterator<Item = (&str, &str)> {
    selector.split(',').map(str::trim).filter(|matcher| !matcher.is_empty()).map(|matcher| {
        let label = matcher.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap();
        let value = matcher.find('"').unwrap();
        (&matcher[..label], matcher[value..].trim_matches('"'))
    })
}

/// The labels that an expression groups or joins by.
fn groupings(expression: &str) -> Vec<&str> {
    let words = ["by (", "without (", "on (", "group_left ("];
    let lists = words.iter().flat_map(|word| expression.split(word).skip(1));
    let lists = lists.map(|rest| rest.split(')').next().unwrap());
    lists.flat_map(|list| list.split(',')).map(str::trim).collect()
}

#[test]
fn the_reader_of_expressions_finds_names_and_labels() {
    let found = selectors(
        "sum by (a) (rate(x_total{b=\"1\",c=~\"2|3\"}[5m])) / (y:z > 0) or vector(0) and z * 2e3",
    );
    assert_eq!(found, [("x_total", "b=\"1\",c=~\"2|3\""), ("y:z", ""), ("z", "")]);
    let found: Vec<_> = matchers("b=\"1\",c=~\"2|3\"").collect();
    assert_eq!(found, [("b", "1"), ("c", "2|3")]);
    assert_eq!(groupings("sum by (a, b) (x) / on (c) y"), ["a", "b", "c"]);
}

#[tokio::test]
async fn the_fields_of_requests_and_audit_records_are_documented() {
    let documented: BTreeSet<&str> = README
        .lines()
        .skip_while(|line| *line != "## Fields of the log")
        .filter_map(|line| line.strip_prefix("| `"))
        .flat_map(|line| line.split(" | ").next().unwrap().split(", "))
        .map(|field| field.trim_matches('`'))
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &["--log-format", "json"]);
    process.post(path::LOGIN, "nobody", PASSWORD).await;
    process.post(path::REGISTER, "ada", PASSWORD).await;
    process.post(path::LOGIN, "ada", PASSWORD).await;
    let (_, log) = process.end(Signal::TERM);
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (mut answered, mut audited) = (0, 0);
    for line in lines {
        answered += usize::from(line["message"] == "answered");
        audited += usize::from(line["target"] == "hallpass::audit");
        if line["message"] == "answered" || line["target"] == "hallpass::audit" {
            let fields = line.as_object().unwrap().keys();
            let missing: Vec<_> = fields.filter(|it| !documented.contains(it.as_str())).collect();
            assert!(missing.is_empty(), "not in deploy/README.md: {missing:?} of {line}");
        }
    }
    assert_eq!((answered, audited), (1, 3), "{log}");
}
