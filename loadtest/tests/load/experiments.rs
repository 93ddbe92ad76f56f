//! The experiments, against a fake server that does one login at a time, 50 per second, and refuses
//! what is too much.

use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::fake::{Fake, Fault};
use crate::{Run, finished, program};

/// Runs an experiment on the fake server, with a generator that may be late as long as it likes;
/// the JSON report with it.
fn experiment(fake: &Fake, name: &str, args: &[&str]) -> (Run, Value) {
    let dir = TempDir::new().unwrap();
    let output = command(&dir, fake, name, args).output().unwrap();
    reported(finished(output, dir))
}

fn command(dir: &TempDir, fake: &Fake, name: &str, args: &[&str]) -> Command {
    let fixed = ["--host", &fake.url, "--late-after", "10s", "--accounts", "4"];
    // The machine of the tests may be as busy as it likes, but where that is what is tested.
    let fixed = [&fixed[..], &["--max-others", "100%"]].concat();
    let files = ["--html", "report.html", "--json", "report.json", "--junit", "report.xml"];
    let mut command = program(dir.path());
    command.arg(name).args(fixed).args(files).args(args);
    command
}

pub(crate) fn reported(run: Run) -> (Run, Value) {
    let json = std::fs::read(run.dir.path().join("report.json")).unwrap_or_default();
    (run, serde_json::from_slice(&json).unwrap_or_default())
}

pub(crate) fn assert_reported(run: &Run, json: &Value, name: &str) {
    let read = |file: &str| std::fs::read_to_string(run.dir.path().join(file)).unwrap();
    assert_eq!(json["experiment"], name, "{run:?}");
    let html = read("report.html");
    assert!(html.contains("<svg") && !html.contains("http-equiv") && !html.contains("<script"));
    assert!(read("report.xml").contains(&format!("load.{name}")), "{run:?}");
    assert_eq!(run.stderr.matches("run started\n").count(), 1, "{run:?}");
}

#[test]
fn requests_go_round_several_hosts_and_each_has_figures_of_its_own() {
    let fake = Fake::start(Fault::None);
    let other = fake.another_node();
    let hosts = ["--host", &other.url, "--host", "http://127.0.0.1:1"];
    let args = [&hosts[..], &["--verify-rate", "60", "--slo", "errors<50%", "-t", "2s"]].concat();
    let (run, json) = experiment(&fake, "open", &args);
    // Nobody answers for the third.
    assert_eq!(run.status, Some(1), "{run:?}");
    assert_reported(&run, &json, "open");
    let hosts = json["hosts"].as_array().unwrap();
    let verify = |host: &Value, what: &str| host["requests"]["verify"]["outcomes"][what].as_u64();
    assert_eq!([0, 1].map(|host| verify(&hosts[host], "ok")), [Some(40), Some(40)], "{hosts:?}");
    assert_eq!(
        (&hosts[2]["host"], verify(&hosts[2], "transport")),
        (&"127.0.0.1:1".into(), Some(40))
    );
    let html = std::fs::read_to_string(run.dir.path().join("report.html")).unwrap();
    assert!(html.contains("Host by host"), "{html}");
}

#[test]
fn knee_and_isolate_go_round_several_hosts_too() {
    let fake = Fake::start(Fault::OneAtATime);
    let other = fake.another_node();
    let host = ["--host", &other.url, "--verify-rate", "100", "--capacity", "10"];
    let steps = ["--steps", "0,50", "--step-time", "1s", "--step-warm-up", "1s"];
    let isolate = [&host[..], &steps, &["--within", "1000", "--max-steal", "100%"]].concat();
    let knee = [&QUICK[..], &["--of", "login", "--host", &other.url]].concat();
    for (name, args) in [("isolate", isolate), ("knee", knee)] {
        let before = [&fake, &other].map(Fake::requests);
        let (run, json) = experiment(&fake, name, &args);
        assert_reported(&run, &json, name);
        let [one, two] = [fake.requests() - before[0], other.requests() - before[1]];
        assert!(two > 20 && one.abs_diff(two) <= 30 + two / 5, "{name}: {one} and {two}");
    }
}

#[test]
fn what_tests_one_server_refuses_several() {
    let hosts = ["--host", "http://127.0.0.1:1", "--host", "http://127.0.0.1:2"];
    for experiment in [
        &["goose"][..],
        &["enumerate"],
        &["gate", "--prove", "1"],
        &["gate", "--record", "b.json"],
        &["compare", "--to", "http://127.0.0.1:3"],
    ] {
        let dir = TempDir::new().unwrap();
        let output = program(dir.path()).args(experiment).args(hosts).output().unwrap();
        let run = finished(output, dir);
        assert_eq!(run.status, Some(2), "{experiment:?}: {run:?}");
        assert!(run.stderr.contains("give --host once"), "{run:?}");
    }
}

const QUICK: [&str; 8] =
    ["--probe", "1s", "--probe-warm-up", "1s", "--resolution", "40%", "--slo", "login p99<1s"];

#[test]
fn knee_finds_what_the_server_can_do() {
    let fake = Fake::start(Fault::OneAtATime);
    let least = ["--of", "login", "--at-least", "login=10", "--cores", "1"];
    let (run, json) = experiment(&fake, "knee", &[&QUICK[..], &least].concat());
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_reported(&run, &json, "knee");
    let knee = &json["knees"]["login"];
    let rate = |name: &str| knee[name].as_f64().unwrap();
    assert!((10.0..=55.0).contains(&rate("holds_per_s")), "{knee}");
    assert!(rate("holds_per_s") < rate("beyond_per_s") && knee["limit"] == "server", "{knee}");
    let ratio = json["cross_check"]["ratio"].as_f64().unwrap();
    assert!((0.2..1.5).contains(&ratio), "{}", json["cross_check"]);
}

#[test]
fn a_knee_below_what_it_must_reach_fails() {
    let fake = Fake::start(Fault::OneAtATime);
    let least = ["--of", "login", "--at-least", "login=100"];
    let (run, json) = experiment(&fake, "knee", &[&QUICK[..], &least].concat());
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("knee>=100/s missed"), "{run:?}");
    assert_reported(&run, &json, "knee");
}

#[test]
fn isolate_steps_logins_beside_verifications() {
    let fake = Fake::start(Fault::OneAtATime);
    let steps = ["--capacity", "30", "--steps", "0,100,300", "--step-time", "2s"];
    let steps = [&steps[..], &["--max-steal", "100%"]].concat();
    let rest = ["--step-warm-up", "1s", "--verify-rate", "200", "--within", "1000"];
    let (run, json) = experiment(&fake, "isolate", &[&steps[..], &rest].concat());
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_reported(&run, &json, "isolate");
    let steps = json["steps"].as_array().unwrap();
    let logins = |step: &Value, what: &str| step["requests"]["login"]["outcomes"][what].as_u64();
    assert_eq!(steps.len(), 3);
    assert_eq!(logins(&steps[0], "ok"), Some(0));
    assert!(logins(&steps[1], "ok") > Some(30) && logins(&steps[2], "503") > Some(20), "{run:?}");
    assert!(steps[2]["requests"]["verify"]["latency_us"]["p999"].as_u64() > Some(0));
    assert_eq!(steps[2]["steal"].is_number(), cfg!(target_os = "linux"), "{steps:?}");
}

#[test]
fn a_step_that_says_nothing_is_taken_again_and_then_the_run_is_invalid() {
    let fake = Fake::start(Fault::OneAtATime);
    // Nobody is that punctual.
    let late = ["--late-after", "1us", "--step-time", "1s", "--step-warm-up", "1s"];
    let rest = ["--capacity", "10", "--steps", "0,100", "--verify-rate", "50"];
    let (run, json) = experiment(&fake, "isolate", &[late, rest].concat());
    assert_eq!(run.status, Some(3), "{run:?}");
    assert_reported(&run, &json, "isolate");
    assert!(run.verdict().contains("at 0%: the generator was more than 1 us late"), "{run:?}");
    let tries = |name: &str| run.stderr.matches(&format!("{name}, again: 2 s\n")).count();
    assert_eq!(tries("step 1 of 2, logins at 0%"), 4, "{run:?}");
    assert_eq!(tries("step 2 of 2, logins at 100%"), 4, "{run:?}");
}

#[test]
fn overload_tells_goodput_refusals_and_recovery() {
    let fake = Fake::start(Fault::OneAtATime);
    let times = ["--before", "2s", "--overload-time", "3s", "--after", "6s"];
    let asked = ["--knee", "35", "--factor", "4", "--keep", "80%", "--within", "1000"];
    let rest = ["--recover-within", "5s", "--slo", "login p99<1s"];
    let (run, json) = experiment(&fake, "overload", &[&times[..], &asked, &rest].concat());
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_reported(&run, &json, "overload");
    let overload = &json["overload"];
    assert!(overload["refused_share"].as_f64() > Some(0.3), "{overload}");
    assert!(overload["goodput_per_s"].as_f64() > Some(28.0), "{overload}");
    assert!(overload["recovery_s"].as_u64() <= Some(3), "{overload}");
    assert_eq!(json["phases"].as_array().unwrap().len(), 4);
}

#[test]
fn storm_compares_those_who_try_again_with_those_who_do_not() {
    let fake = Fake::start(Fault::OneAtATime);
    let users = ["--users", "40", "--variants", "plain,retry", "--backoff", "500ms"];
    let times = ["--before", "1s", "--watch", "10s", "--recover-within", "9s"];
    let (run, json) = experiment(&fake, "storm", &[users, times].concat());
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_reported(&run, &json, "storm");
    let [plain, retry] = &json["variants"].as_array().unwrap()[..] else { panic!("{json}") };
    assert_eq!(plain["amplification"], 1.0);
    assert!(plain["served"].as_u64() < Some(40) && retry["served"] == 40, "{json}");
    assert!(retry["amplification"].as_f64() > Some(1.5), "{json}");
    assert_eq!(retry["down_s"], Value::Null);
}

#[test]
fn an_interrupted_experiment_reports_what_it_has() {
    let fake = Fake::start(Fault::None);
    let dir = TempDir::new().unwrap();
    let args = ["--capacity", "10", "--verify-rate", "50", "--step-time", "60s"];
    let mut command = command(&dir, &fake, "isolate", &args);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    fake.wait_for_verifications(10);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let (run, json) = reported(finished(child.wait_with_output().unwrap(), dir));
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("interrupted after 0 of 7 steps"), "{run:?}");
    assert_reported(&run, &json, "isolate");
}
