//! What a password hash costs on one core, as text or with `--json` as one JSON object: by the
//! `pbkdf2` crate; with each number of lanes of each backend that runs here; and by OpenSSL, where
//! there is a Python that is linked with it. They take turns, so that whatever else the machine
//! does disturbs each of them alike; the figures are medians.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::num::NonZeroU32;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use hallpass_kdf::{Backend, Input, Lanes};
use serde_json::json;

/// OWASP's count for PBKDF2-HMAC-SHA256, and the default of Hallpass.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(600_000).expect("not 0");

/// A tenth of them, so that a turn with many lanes lasts no longer than one with a few.
const PART: NonZeroU32 = NonZeroU32::new(ITERATIONS.get() / 10).expect("not 0");

/// Some 20 s in all.
const REPETITIONS: usize = 31;

const PASSWORD: &[u8] = b"correct horse battery staple";
const SALT: &[u8] = b"16 bytes of salt";

/// So many lanes of a backend.
struct Row {
    backend: Backend,
    lanes: usize,
    times: Vec<f64>,
}

impl Row {
    fn of(backend: Backend, lanes: usize) -> Self {
        let backend = backend.with_lanes(Lanes::always(lanes));
        Self { backend, lanes, times: vec![] }
    }

    fn ms(&self) -> f64 {
        median(&self.times).expect("measured")
    }
}

/// One lane of each backend, and each number that it has. The best backend comes last.
fn rows() -> Vec<Row> {
    let of = |backend: Backend| {
        let lanes = backend.lanes();
        let mut numbers: Vec<usize> = lanes.steps().iter().map(|step| step.lanes).collect();
        numbers.insert(0, 1);
        numbers.dedup();
        numbers.into_iter().map(move |lanes| Row::of(backend, lanes))
    };
    Backend::available()
        .into_iter()
        .filter(|backend| *backend != Backend::portable())
        .flat_map(of)
        .collect()
}

fn main() {
    let mut openssl = OpenSsl::start();
    let (mut rows, mut of_crate) = (rows(), Row::of(Backend::portable(), 1));
    let mut of_openssl = vec![];
    for _ in 0..REPETITIONS {
        for row in rows.iter_mut().chain([&mut of_crate]) {
            row.times.push(ms_per_hash(row));
        }
        of_openssl.extend(openssl.as_mut().and_then(OpenSsl::ms_per_hash));
    }
    let (of_crate, of_openssl) = (of_crate.ms(), median(&of_openssl));
    let name = openssl.map(|openssl| openssl.name);
    if std::env::args().any(|argument| argument == "--json") {
        let best = Backend::detect().name();
        let of_best = rows.iter().filter(|row| row.backend.name() == best);
        let by_lanes: Vec<_> =
            of_best.map(|row| json!({ "lanes": row.lanes, "ms": row.ms() })).collect();
        let report = json!({
            "iterations": ITERATIONS,
            "backend": best,
            "pbkdf2_crate_ms": of_crate,
            "by_lanes": by_lanes,
            "openssl": name,
            "openssl_ms": of_openssl,
        });
        println!("{report}");
        return;
    }
    println!("{ITERATIONS} iterations, one core, ms per hash");
    let print = |name: &str, lanes: usize, ms: f64| {
        println!(
            "{name:14}{lanes:3} {ms:8.2}  {:.2}x the crate's hashes per second",
            of_crate / ms
        );
    };
    print("pbkdf2 crate", 1, of_crate);
    rows.iter().for_each(|row| print(row.backend.name(), row.lanes, row.ms()));
    if let (Some(name), Some(ms)) = (name, of_openssl) {
        print("OpenSSL", 1, ms);
        println!("{name}");
    }
}

/// Milliseconds for each hash, of as many as there are lanes.
fn ms_per_hash(row: &Row) -> f64 {
    let inputs = vec![Input::new(PASSWORD, SALT, PART); row.lanes];
    let started = Instant::now();
    black_box(row.backend.derive(black_box(&inputs)));
    let parts = f64::from(ITERATIONS.get() / PART.get());
    started.elapsed().as_secs_f64() * 1e3 * parts / row.lanes as f64
}

fn median(times: &[f64]) -> Option<f64> {
    let mut times = times.to_vec();
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
            .arg(PART.to_string())
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
        let ms: f64 = self.answer()?.parse().ok()?;
        Some(ms * f64::from(ITERATIONS.get() / PART.get()))
    }

    fn answer(&mut self) -> Option<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).ok()?;
        let line = line.trim();
        (!line.is_empty()).then(|| line.to_owned())
    }
}
