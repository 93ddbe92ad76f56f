//! What a password hash costs on one core, as text or with `--json` as one JSON object: by the
//! `pbkdf2` crate; alone, in a pair and with all lanes full; and by OpenSSL, where there is a
//! Python that is linked with it. They take turns, so that whatever else the machine does disturbs
//! each of them alike; the figures are medians.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::num::NonZeroU32;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use hallpass_kdf::{Backend, Input};
use serde_json::json;

/// OWASP's count for PBKDF2-HMAC-SHA256, and the default of Hallpass.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(600_000).expect("not 0");

/// Some 25 s in all, half of them with all lanes full.
const REPETITIONS: usize = 31;

const PASSWORD: &[u8] = b"correct horse battery staple";
const SALT: &[u8] = b"16 bytes of salt";

fn main() {
    let (best, portable) = (Backend::detect(), Backend::portable());
    let mut openssl = OpenSsl::start();
    let lanes = best.lanes().throughput;
    let [mut alone, mut pair, mut full, mut of_crate, mut of_openssl] = [(); 5].map(|()| vec![]);
    for _ in 0..REPETITIONS {
        of_crate.push(ms_per_hash(portable, 1));
        alone.push(ms_per_hash(best, 1));
        pair.push(ms_per_hash(best, 2));
        full.push(ms_per_hash(best, lanes));
        of_openssl.extend(openssl.as_mut().and_then(OpenSsl::ms_per_hash));
    }
    let name = openssl.map(|openssl| openssl.name);
    let of_crate = median(of_crate).expect("not empty");
    let rows = [
        ("pbkdf2_crate_ms", Some(of_crate)),
        ("one_lane_ms", median(alone)),
        ("two_lanes_ms", median(pair)),
        ("all_lanes_ms", median(full)),
        ("openssl_ms", median(of_openssl)),
    ];
    if std::env::args().any(|argument| argument == "--json") {
        let mut report = json!({
            "iterations": ITERATIONS,
            "backend": best.name(),
            "lanes": lanes,
            "openssl": name,
        });
        for (name, ms) in rows {
            report[name] = json!(ms);
        }
        println!("{report}");
        return;
    }
    println!("{ITERATIONS} iterations, one core, backend {}, {lanes} lanes", best.name());
    for (name, ms) in rows {
        let Some(ms) = ms else { continue };
        println!("{name:16} {ms:7.2}  {:.2}x the crate's hashes per second", of_crate / ms);
    }
    println!("{}", name.as_deref().unwrap_or("no Python with OpenSSL here"));
}

/// Milliseconds for each of `count` hashes that are derived in one call.
fn ms_per_hash(backend: Backend, count: usize) -> f64 {
    let inputs = vec![Input::new(PASSWORD, SALT, ITERATIONS); count];
    let started = Instant::now();
    black_box(backend.derive(black_box(&inputs)));
    started.elapsed().as_secs_f64() * 1e3 / count as f64
}

fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

/// Python's hashlib, which calls OpenSSL. It says which one that is, and then for each line how
/// many milliseconds one hash took.
const SCRIPT: &str = "
import hashlib, ssl, sys, time
password, salt, iterations = sys.argv[1].encode(), sys.argv[2].encode(), int(sys.argv[3])
print(ssl.OPENSSL_VERSION, flush=True)
for _ in sys.stdin:
    started = time.perf_counter()
    hashlib.pbkdf2_hmac('sha256', password, salt, iterations)
    print((time.perf_counter() - started) * 1e3, flush=True)
";

/// A Python that waits for its turn; it ends when its input does.
struct OpenSsl {
    name: String,
    turns: ChildStdin,
    answers: BufReader<ChildStdout>,
    _process: Child,
}

impl OpenSsl {
    fn start() -> Option<Self> {
        let mut process = Command::new("python3")
            .arg("-c")
            .arg(SCRIPT)
            .args([str::from_utf8(PASSWORD).ok()?, str::from_utf8(SALT).ok()?])
            .arg(ITERATIONS.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let turns = process.stdin.take()?;
        let answers = BufReader::new(process.stdout.take()?);
        let mut openssl = Self { name: String::new(), turns, answers, _process: process };
        openssl.name = openssl.answer()?;
        Some(openssl)
    }

    fn ms_per_hash(&mut self) -> Option<f64> {
        writeln!(self.turns).ok()?;
        self.answer()?.parse().ok()
    }

    fn answer(&mut self) -> Option<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).ok()?;
        let line = line.trim();
        (!line.is_empty()).then(|| line.to_owned())
    }
}
