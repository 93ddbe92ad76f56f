//! What a password hash costs on one core, as text or with `--json` as one JSON object: the `pbkdf2`
//! crate, one input alone, and as many as there are lanes. They take turns, so that whatever else
//! the machine does disturbs each of them alike; the figures are medians.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Instant;

use hallpass_kdf::{Backend, Input};
use serde_json::json;

/// OWASP's count for PBKDF2-HMAC-SHA256, and the default of Hallpass.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(600_000).expect("not 0");

/// Ten seconds or so, most of them in the crate.
const REPETITIONS: usize = 41;

fn main() {
    let (best, portable) = (Backend::detect(), Backend::portable());
    let mut times = [(); 3].map(|()| Vec::new());
    for _ in 0..REPETITIONS {
        times[0].push(ms_per_hash(portable, 1));
        times[1].push(ms_per_hash(best, 1));
        times[2].push(ms_per_hash(best, best.lanes()));
    }
    let [crate_ms, one_ms, lanes_ms] = times.map(median);
    if std::env::args().any(|argument| argument == "--json") {
        let report = json!({
            "iterations": ITERATIONS,
            "backend": best.name(),
            "lanes": best.lanes(),
            "pbkdf2_crate_ms": crate_ms,
            "one_lane_ms": one_ms,
            "all_lanes_ms": lanes_ms,
        });
        println!("{report}");
    } else {
        println!("{ITERATIONS} iterations on one core, backend {}:", best.name());
        let line =
            |name: &str, ms: f64| println!("{name:14} {ms:7.2} ms/hash  {:.2}x", crate_ms / ms);
        line("pbkdf2 crate", crate_ms);
        line("one lane", one_ms);
        line(&format!("{} lanes", best.lanes()), lanes_ms);
    }
}

/// Milliseconds for each of `count` hashes that are derived in one call.
fn ms_per_hash(backend: Backend, count: usize) -> f64 {
    let inputs = vec![Input::new(b"correct horse battery staple", &[7; 16], ITERATIONS); count];
    let started = Instant::now();
    black_box(backend.derive(black_box(&inputs)));
    started.elapsed().as_secs_f64() * 1e3 / count as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
