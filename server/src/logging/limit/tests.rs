use std::io;

use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that are logged while `work` runs, with their fields.
fn logged(work: impl FnOnce(&Limit)) -> Vec<String> {
    let (log, limit) = (Log::default(), Limit::default());
    let writer = log.clone();
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).without_time();
    let lines = lines.with_writer(move || writer.clone()).with_filter(limit.clone());
    let subscriber = tracing_subscriber::registry().with(lines);
    tracing::subscriber::with_default(subscriber, || work(&limit));
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn answered(client: &str, status: u16) {
    let client: IpAddr = client.parse().unwrap();
    tracing::info!(%client, status, "answered");
}

fn with(lines: &[String], text: &str) -> usize {
    lines.iter().filter(|line| line.contains(text)).count()
}

#[test]
fn the_first_lines_of_a_kind_are_written_and_the_others_counted() {
    let lines = logged(|limit| {
        for _ in 0..12_345 {
            answered("192.0.2.1", 404);
        }
        limit.tell();
        answered("192.0.2.1", 404);
    });
    let answered = lines.iter().filter(|line| line.contains("answered client"));
    assert_eq!(answered.count(), 20 + 1, "twenty, and one of the next period");
    let told: Vec<_> = lines.iter().filter(|line| line.contains("left out")).collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    for part in ["INFO", "left out 12325 lines in 10 s", "status=404", "client=192.0.2.1/32"] {
        assert!(told[0].contains(part), "{}", told[0]);
    }
    assert!(told[0].contains("like=\"answered\""), "{}", told[0]);
}

#[test]
fn one_client_hides_neither_others_nor_another_status() {
    let lines = logged(|_| {
        for _ in 0..1000 {
            answered("2001:db8::1", 404);
            answered("2001:db8::2", 404);
        }
        answered("2001:db8:0:1::1", 404);
        answered("2001:db8::1", 401);
    });
    assert_eq!(with(&lines, "answered"), 20 + 2, "the two addresses are of one network");
    assert_eq!(with(&lines, "2001:db8:0:1::1"), 1);
    assert_eq!(with(&lines, "status=401"), 1);
}

#[test]
fn many_clients_together_have_a_limit_and_hide_no_server_error() {
    let lines = logged(|limit| {
        for n in 0..100_000_u32 {
            answered(&std::net::Ipv4Addr::from(n).to_string(), 404);
        }
        assert!(limit.lock().values().all(|place| place.kinds.len() <= 200), "bounded memory");
        tracing::warn!(status = 500_u16, "answered");
        limit.tell();
    });
    assert_eq!(with(&lines, "status=404"), 200);
    assert_eq!(with(&lines, "status=500"), 1);
    assert_eq!(with(&lines, "left out 99800 lines"), 1, "{:?}", lines.last());
    assert_eq!(with(&lines, "left out"), 1);
}

#[test]
fn a_fault_that_repeats_itself_hides_no_other_fault() {
    let fault = |text: &str| tracing::error!("{text}");
    let lines = logged(|limit| {
        for _ in 0..100 {
            fault("no space left on device");
        }
        fault("permission denied");
        limit.tell();
        limit.tell();
    });
    assert_eq!(with(&lines, "ERROR"), 20 + 1 + 1);
    assert_eq!(with(&lines, "permission denied"), 1);
    assert_eq!(with(&lines, "left out 80 lines"), 1, "told once");
    assert_eq!(with(&lines, "like=\"no space left on device\""), 1);
}

#[test]
fn what_was_left_out_is_told_in_few_lines() {
    let lines = logged(|limit| {
        for n in 0..2_000 {
            let text = n % 100;
            tracing::warn!("fault {text}");
            tracing::warn!("trouble {text}");
        }
        for n in 0..100 {
            for _ in 0..30 {
                let text = n / 10;
                tracing::warn!("a third one {text}");
            }
        }
        limit.tell();
    });
    assert!(with(&lines, "left out") <= TOLD + 1, "{lines:?}");
}

#[test]
fn the_audit_log_is_never_cut() {
    let lines = logged(|_| {
        for _ in 0..1000 {
            tracing::info!(target: audit::TARGET, event = "login");
        }
    });
    assert_eq!(lines.len(), 1000);
}
