//! What is counted of a run, and for how long.

use std::time::{Duration, Instant};

use anyhow::ensure;
use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The time before the measurement. It is not counted.
    pub warm_up: Duration,
    /// The measured time.
    pub time: Duration,
}

impl Plan {
    /// Until all clients have sent all their requests.
    pub const TO_THE_END: Self = Self { warm_up: Duration::ZERO, time: Duration::MAX };
}

/// The figures from the end of the warm-up to the end.
#[derive(Debug)]
pub struct LoadResult {
    /// The number of answers.
    pub requests: u64,
    /// The number of answers on connections whose TLS handshake resumed an earlier session.
    pub resumed: u64,
    /// The measured time.
    pub elapsed: Duration,
    /// From the first byte sent to the last byte received, in microseconds.
    pub latency_us: Histogram<u64>,
    /// How much of one core the load took, including the warm-up. At 1.0, it measured itself.
    pub generator_busy: f64,
}

impl LoadResult {
    /// Answers per second.
    pub fn per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }
}

/// Longer than any answer takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// The counts, and when counting begins and ends.
pub(super) struct Tally {
    plan: Plan,
    /// When this round of events began. Reading the clock for each event would cost too much.
    now: Instant,
    /// When the warm-up should end; later, when it ended.
    begin: Instant,
    last_answer: Instant,
    waiting: usize,
    requests: u64,
    resumed: u64,
    latency_us: Histogram<u64>,
    started: Instant,
    cpu_at_start: Duration,
}

impl Tally {
    pub(super) fn start(plan: Plan) -> anyhow::Result<Self> {
        let now = Instant::now();
        Ok(Self {
            plan,
            now,
            begin: now + plan.warm_up,
            last_answer: now,
            waiting: 0,
            requests: 0,
            resumed: 0,
            latency_us: Histogram::new(3)?,
            started: now,
            cpu_at_start: thread_cpu_time(),
        })
    }

    pub(super) fn asked(&mut self) -> Instant {
        self.waiting += 1;
        Instant::now()
    }

    pub(super) fn answered(&mut self, asked_at: Instant, is_resumed: bool) -> anyhow::Result<()> {
        self.waiting -= 1;
        let now = Instant::now();
        self.last_answer = now;
        if now >= self.begin {
            self.requests += 1;
            self.resumed += u64::from(is_resumed);
            self.latency_us.record(micros(now - asked_at))?;
        }
        Ok(())
    }

    pub(super) fn tick(&mut self) -> anyhow::Result<()> {
        self.now = Instant::now();
        let silent = self.now.saturating_duration_since(self.last_answer);
        ensure!(silent < PATIENCE, "no answer for {} s", PATIENCE.as_secs());
        Ok(())
    }

    pub(super) fn goes_on(&self) -> bool {
        self.waiting > 0 && self.now.saturating_duration_since(self.begin) < self.plan.time
    }

    pub(super) fn finish(self) -> anyhow::Result<LoadResult> {
        let end = Instant::now();
        let cpu = thread_cpu_time().saturating_sub(self.cpu_at_start);
        let generator_busy = cpu.as_secs_f64() / (end - self.started).as_secs_f64();
        let elapsed = end.saturating_duration_since(self.begin);
        let (requests, resumed, latency_us) = (self.requests, self.resumed, self.latency_us);
        Ok(LoadResult { requests, resumed, elapsed, latency_us, generator_busy })
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
