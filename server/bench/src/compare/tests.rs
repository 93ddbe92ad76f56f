use serde_json::{Value, json};

use super::*;

/// A run as today's version writes it.
fn run(groups: &Value) -> Value {
    let versions = ["rustc 1.95.0", "Python 3.11.2, OpenSSL 3.0.17"];
    json!({
        "format": 2,
        "machine": {
            "cpu": "Some CPU", "cores": 2, "flags": ["aes"], "memory": 17_179_869_184_u64, "system": "Linux 6.18",
            "disk": {"per_second": 5000.0, "p50_us": 150, "p99_us": 300},
            "versions": versions, "commit": "abc1234", "pinned": [0, 1],
        },
        "quick": false,
        "groups": groups,
    })
}

fn group(name: &str, rows: &[Value]) -> Value {
    json!({"name": name, "seconds": 1.0, "rows": rows, "problems": [], "warnings": []})
}

/// Quiet rounds around a median.
fn spread(median: f64) -> Value {
    json!({"low": 0.99 * median, "median": median, "high": 1.01 * median, "rounds": 9})
}

fn row(name: &str, unit: &str, figure: f64) -> Value {
    json!({
        "name": name, "figure": spread(figure), "unit": unit, "reference": null, "published": [],
        "target": null, "verdict": "informational", "note": "",
    })
}

fn beside(mut row: Value, name: &str, ratio: f64, foreign: bool) -> Value {
    let (figure, ratio) = (spread(1.0), spread(ratio));
    row["reference"] = json!({"name": name, "figure": figure, "ratio": ratio, "foreign": foreign});
    row
}

fn compare(before: &Value, now: &Value) -> Comparison {
    let read = |run: &Value| Recorded::parse(&run.to_string()).unwrap();
    Comparison::of(&read(before), &read(now))
}

/// How the rows came out.
fn outcomes(before: &[Value], now: &[Value]) -> Vec<Outcome> {
    let [before, now] = [before, now].map(|rows| run(&json!([group("verify", rows)])));
    compare(&before, &now).rows.iter().map(|row| row.change.outcome).collect()
}

#[test]
fn a_slower_machine_does_not_make_a_row_worse_that_stands_beside_another_product() {
    let verify = |figure, ratio| beside(row("verify", "per_second", figure), "bare", ratio, true);
    let slow = [verify(60_000.0, 0.8)];
    assert_eq!(outcomes(&[verify(100_000.0, 0.8)], &slow), [Outcome::WithinNoise]);
    assert_eq!(outcomes(&[verify(60_000.0, 0.9)], &slow), [Outcome::Worse]);
    // Beside one of our own servers, both may have become slower.
    let ours = |figure| beside(row("verify", "per_second", figure), "Hallpass", 1.0, false);
    assert_eq!(outcomes(&[ours(100_000.0)], &[ours(60_000.0)]), [Outcome::Worse]);
}

#[test]
fn rows_are_matched_by_name_and_reference() {
    let verify = |name, ratio| beside(row("verify", "per_second", 9.0), name, ratio, true);
    let before = [verify("bare", 0.8), verify("axum", 2.0), row("gone", "seconds", 1.0)];
    let now = [verify("axum", 2.0), verify("bare", 0.4), row("new", "bytes", 1.0)];
    let [before, now] = [
        json!([group("verify", &before), group("kdf", &[])]),
        json!([group("verify", &now), group("tls", &[row("handshakes", "per_second", 1.0)])]),
    ];
    let comparison = compare(&run(&before), &run(&now));
    let rows = comparison.rows.iter();
    let rows: Vec<_> = rows.map(|row| (row.beside.as_deref(), row.change.outcome)).collect();
    assert_eq!(rows, [(Some("axum"), Outcome::WithinNoise), (Some("bare"), Outcome::Worse)]);
    assert_eq!(comparison.only_before, ["verify: gone"]);
    assert_eq!(comparison.only_now, ["verify: new", "tls: handshakes"]);
    assert_eq!(comparison.groups_before, ["kdf"]);
    let told = comparison.to_string();
    assert!(told.contains("verify, beside bare"), "{told}");
    assert!(told.contains("0.80x") && told.contains("0.40x"), "{told}");
    assert!(told.contains("1 worse, 0 better, 1 within noise"), "{told}");
}

#[test]
fn a_reference_with_another_name_leaves_the_figure_to_compare() {
    let refreshes = |figure| row("refreshes", "per_second", figure);
    let before = [beside(refreshes(2000.0), "Keycloak", 16.0, false)];
    assert_eq!(outcomes(&before, &[refreshes(1000.0)]), [Outcome::Worse]);
    // Not if two rows have this name.
    let two = [refreshes(1.0), beside(refreshes(1.0), "redb", 1.0, false)];
    assert!(outcomes(&before, &two).is_empty());
}

#[test]
fn only_what_is_worse_fails() {
    let worse = |before: f64, now: f64| {
        let run = |figure| run(&json!([group("scale", &[row("start-up", "seconds", figure)])]));
        compare(&run(before), &run(now)).is_worse()
    };
    assert_eq!([worse(1.0, 2.0), worse(2.0, 1.0), worse(1.0, 1.0)], [true, false, false]);
}

#[test]
fn another_machine_and_another_length_are_told() {
    let before = run(&json!([]));
    let mut now = before.clone();
    assert_eq!(compare(&before, &now).warnings, [""; 0]);
    now["machine"]["cpu"] = json!("Another CPU");
    now["machine"]["cores"] = json!(8);
    now["machine"]["system"] = json!("Linux 6.19");
    now["quick"] = json!(true);
    now["groups"] = json!([group("verify", &[])]);
    now["groups"][0]["warnings"] = json!(["other programs took 9 % of the server's core"]);
    let told = compare(&before, &now).to_string();
    for warning in [
        "another processor: Another CPU, before Some CPU",
        "another number of cores: 8, before 2",
        "another system: Linux 6.19, before Linux 6.18",
        "another length of the run: quick, before full",
        "verify, now: other programs took 9 % of the server's core",
    ] {
        assert!(told.contains(&format!("warning: {warning}\n")), "{warning}: {told}");
    }
}

#[test]
fn what_is_no_number_is_null_in_the_file_and_can_not_be_compared() {
    let mut unmeasured = row("verify", "per_second", 1.0);
    unmeasured["figure"]["median"] = Value::Null;
    assert_eq!(outcomes(&[row("verify", "per_second", 1.0)], &[unmeasured]), [Outcome::Unknown]);
}

#[test]
fn a_file_that_can_not_be_compared_is_told_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let told = |name: &str, text: Option<&str>| {
        let file = dir.path().join(name);
        text.map_or(Ok(()), |text| std::fs::write(&file, text)).unwrap();
        let told = format!("{:#}", Recorded::read(&file).unwrap_err());
        assert!(told.contains(name) && told.lines().count() == 1, "{told}");
        told
    };
    assert!(told("none.json", None).contains("can't read"));
    for (name, text) in [("text.json", "no JSON"), ("other.json", "{\"a\": 1}"), ("empty.json", "")]
    {
        assert!(told(name, Some(text)).contains("scripts/bench --json has not written it"));
    }
    let mut later = run(&json!([]));
    later["format"] = json!(3);
    let later = told("later.json", Some(&later.to_string()));
    assert!(later.contains("its format is 3, and this scripts/bench knows 2"), "{later}");
}

/// This file is of a version that said neither the number of rounds nor what is foreign.
#[test]
fn a_file_of_the_first_format_is_compared() {
    let before = Recorded::parse(include_str!("tests/format-1.json")).unwrap();
    assert_eq!(before.format, 1);
    let same = Comparison::of(&before, &before);
    assert!(!same.is_worse() && same.rows.len() > 3, "{same}");
    assert!(same.rows.iter().all(|row| row.change.outcome == Outcome::WithinNoise), "{same}");
    assert!(same.to_string().contains("three are assumed"), "{same}");

    let now = include_str!("tests/format-1.json").replace("\"POST /api/login\"", "\"other\"");
    let now = Comparison::of(&before, &Recorded::parse(&now).unwrap());
    assert_eq!(now.only_now, ["logins: other, beside Flask, the same hash"]);
}
