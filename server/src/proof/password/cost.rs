//! Verifies hashes of every kind at the same cost, counted in iterations of PBKDF2-HMAC-SHA256.

mod memory;

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hallpass_kdf::Input;

use super::StoredHash;
use super::kdf::{Argon2Params, Kdf, Prf};
use memory::Memory;

/// What other key derivations cost on this machine, in iterations of PBKDF2-HMAC-SHA256: for each
/// of their iterations, for each block that scrypt mixes or Argon2 fills, or for each round of
/// bcrypt.
struct Costs {
    sha1: f64,
    sha512: f64,
    scrypt_block: f64,
    argon2_block: f64,
    bcrypt_round: f64,
}

/// Four of the largest derivations at once, and dozens of usual ones. A thread that wants more
/// waits. Without a bound, a machine of 64 cores would need 16 GiB.
static MEMORY: Memory = Memory::new(4 * super::kdf::MAX_MEMORY);

/// Measured when the first such hash is verified. So only servers with imported hashes pay for it:
/// that one verification takes some tenths of a second longer.
static COSTS: LazyLock<Costs> = LazyLock::new(Costs::measure);

/// The estimate is above the truth, so that some padding is always left. The true cost varies with
/// caches and page faults, and the sample below adds work.
const MARGIN: f64 = 1.125;

/// One part in this many of all iterations serves to measure how fast they are at the moment.
const SAMPLE: u32 = 16;

impl Costs {
    fn measure() -> Self {
        const ITERATIONS: u32 = 10_000;
        // Werkzeug's default. It does not fit into the caches. Smaller values of N cost less per
        // block.
        const N: u32 = 1 << 15;
        const R: u32 = 8;
        // Does not fit into the caches, either.
        const ARGON2: Argon2Params = Argon2Params { memory_kib: 1 << 15, passes: 1, lanes: 1 };
        let of = |prf| fastest(Kdf::pbkdf2(prf, ITERATIONS).expect("allowed"));
        let sha256 = of(Prf::Sha256);
        let scrypt = fastest(Kdf::scrypt(N, R, 1).expect("allowed"));
        let argon2 = fastest(Kdf::argon2id(ARGON2).expect("allowed"));
        let bcrypt = Kdf::bcrypt(6, false).expect("allowed");
        let iteration = sha256 / f64::from(ITERATIONS);
        Self {
            sha1: of(Prf::Sha1) / sha256,
            sha512: of(Prf::Sha512) / sha256,
            scrypt_block: scrypt / f64::from(N * R) / iteration,
            argon2_block: argon2 / ARGON2.blocks() as f64 / iteration,
            bcrypt_round: fastest(bcrypt) / f64::from(1 << 6) / iteration,
        }
    }

    /// The estimated cost, rather too high than too low. It stays the same: a disturbed measurement
    /// must not make all later verifications slower.
    fn of(&self, kdf: Kdf) -> u32 {
        let cost = match kdf {
            Kdf::Pbkdf2(Prf::Sha256, iterations) => return iterations.get(),
            Kdf::Pbkdf2(Prf::Sha1, iterations) => self.sha1 * f64::from(iterations.get()),
            Kdf::Pbkdf2(Prf::Sha512, iterations) => self.sha512 * f64::from(iterations.get()),
            Kdf::Scrypt(params) => {
                let blocks = params.n() as f64 * f64::from(params.r()) * f64::from(params.p());
                self.scrypt_block * blocks
            }
            Kdf::Argon2(argon2) => self.argon2_block * argon2.params().blocks() as f64,
            Kdf::Bcrypt(bcrypt) => self.bcrypt_round * f64::from(bcrypt.rounds()),
            // As little as two iterations, so that all of its time is padding.
            Kdf::Hmac(_) => 2.0,
        };
        (cost * MARGIN) as u32
    }
}

/// Whether `password` is the one behind `stored`. Takes as long as one batch of `lanes` passwords
/// with the `dearest` hash. If this hash costs more, it becomes the dearest. Call it on a hashing
/// thread.
pub(super) fn verify(
    stored: &StoredHash,
    password: &[u8],
    dearest: &AtomicU32,
    lanes: usize,
) -> bool {
    let cost = COSTS.of(stored.kdf);
    let total = dearest.fetch_max(cost, Ordering::Relaxed).max(cost);
    let sample = total / SAMPLE;
    let ((), pace) = timed(|| spend(sample, lanes));
    let held = MEMORY.hold(stored.kdf.memory());
    let (key, spent) = timed(|| stored.kdf.derive(password, &stored.salt));
    drop(held);
    spend(rest(total, Sample { iterations: sample, time: pace }, spent), lanes);
    stored.matches(&key)
}

/// How fast iterations are at the moment, with all lanes in use.
#[derive(Clone, Copy)]
struct Sample {
    iterations: u32,
    time: Duration,
}

/// How many of the `total` iterations are left to do, after the sample and after a derivation that
/// took `spent`.
fn rest(total: u32, sample: Sample, spent: Duration) -> u32 {
    let per_second = f64::from(sample.iterations) / sample.time.as_secs_f64();
    // Without a sample the product is not a number, which becomes 0 as an integer.
    let spent = (spent.as_secs_f64() * per_second) as u32;
    total.saturating_sub(sample.iterations).saturating_sub(spent)
}

fn spend(iterations: u32, lanes: usize) {
    if let Some(iterations) = NonZeroU32::new(iterations) {
        black_box(hallpass_kdf::derive(&vec![Input::new(b"", b"", iterations); lanes]));
    }
}

/// The time of the fastest of three derivations, in seconds: it was disturbed least.
fn fastest(kdf: Kdf) -> f64 {
    let salt = [0; 16];
    let times = [(); 3].map(|()| timed(|| black_box(kdf.derive(b"password", &salt))).1);
    times.iter().min().expect("not empty").as_secs_f64().max(1e-9)
}

/// What `work` returns, and its processor time. Time in which other threads ran does not count.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = thread_time();
    let done = work();
    (done, thread_time().saturating_sub(started))
}

#[cfg(target_os = "linux")]
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.try_into().unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn thread_time() -> Duration {
    static START: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: Costs =
        Costs { sha1: 0.5, sha512: 2.0, scrypt_block: 4.0, argon2_block: 3.0, bcrypt_round: 100.0 };

    #[test]
    fn our_own_derivation_costs_its_iterations_exactly() {
        assert_eq!(COSTS.of(Kdf::pbkdf2(Prf::Sha256, 600_000).unwrap()), 600_000);
    }

    #[test]
    fn others_cost_what_was_measured_and_a_margin() {
        assert_eq!(COSTS.of(Kdf::pbkdf2(Prf::Sha1, 8000).unwrap()), 4500);
        assert_eq!(COSTS.of(Kdf::pbkdf2(Prf::Sha512, 8000).unwrap()), 18_000);
        assert_eq!(COSTS.of(Kdf::scrypt(1024, 8, 2).unwrap()), 1024 * 8 * 2 * 9 / 2);
        let argon2 = Argon2Params { memory_kib: 1024, passes: 2, lanes: 4 };
        assert_eq!(COSTS.of(Kdf::argon2id(argon2).unwrap()), 1024 * 2 * 27 / 8);
        assert_eq!(COSTS.of(Kdf::bcrypt(8, true).unwrap()), 256 * 225 / 2);
        assert_eq!(COSTS.of(Kdf::Hmac(Prf::Sha256)), 2);
    }

    #[test]
    fn an_absurd_measurement_ends_at_the_largest_number() {
        let costs = Costs { scrypt_block: 1e30, ..COSTS };
        assert_eq!(costs.of(Kdf::scrypt(1024, 8, 1).unwrap()), u32::MAX);
    }

    #[test]
    fn what_the_derivation_did_not_spend_is_left() {
        let sample = Sample { iterations: 1000, time: Duration::from_millis(1) };
        assert_eq!(rest(16_000, sample, Duration::from_millis(5)), 10_000);
        assert_eq!(rest(16_000, sample, Duration::ZERO), 15_000);
    }

    #[test]
    fn nothing_is_left_after_a_derivation_that_took_longer() {
        let sample = Sample { iterations: 1000, time: Duration::from_millis(1) };
        assert_eq!(rest(16_000, sample, Duration::from_millis(15)), 0);
        assert_eq!(rest(16_000, sample, Duration::from_secs(3600)), 0);
    }

    #[test]
    fn without_a_sample_all_is_left() {
        let sample = Sample { iterations: 0, time: Duration::ZERO };
        assert_eq!(rest(15, sample, Duration::from_millis(15)), 15);
    }
}
