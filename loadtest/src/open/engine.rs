//! The generator: one thread that takes each request in hand when it is due. It never waits for an
//! answer before it takes the next one.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::connector::Connector;
use super::kept::Kept;
use super::ledger::Ledger;
use super::live::Live;
use super::pacer::{Pacer, busily, thread_cpu};
use super::plan::Plan;
use super::schedule::{Arrival, Schedule};
use super::slot::{Job, Slot};
use super::work::Work;
use crate::interrupt::Interrupt;

/// How long the requests under way may go on after an interrupt.
const GRACE: Duration = Duration::from_secs(1);
/// After how many requests in a row the generator lets answers in, when it is behind.
const BATCH: u32 = 16;

/// What all tasks of a run share. All of them are on one thread, so that no lock is ever waited
/// for.
pub(super) struct Engine {
    pub(super) works: Vec<Arc<dyn Work>>,
    pub(super) connector: Connector,
    pub(super) timeout: Duration,
    max_in_flight: usize,
    pub(super) start: Instant,
    pub(super) live: Arc<Live>,
    state: Mutex<EngineState>,
    /// Told when no request is outstanding any more.
    all_done: Notify,
}

pub(super) struct EngineState {
    pub(super) ledger: Ledger,
    /// Due, and waiting for a free slot.
    waiting: VecDeque<Arrival>,
    /// Slots without a request. The one that was used last is used next. So few connections are
    /// busy on an even load, and none of those is closed for being idle.
    idle: Vec<Arc<Slot>>,
    slots: usize,
    peak_cpu: f64,
    /// Due and not ended.
    outstanding: Outstanding,
}

/// How a run went.
pub(super) struct Course {
    /// The intended starts of requests count from then on.
    pub(super) start: Instant,
    /// How long requests were offered.
    pub(super) elapsed: Duration,
    /// The share of a core that the generator used meanwhile.
    pub(super) cpu: f64,
    /// Whether it was cut short.
    pub(super) interrupted: bool,
    /// Whether the generator's thread went before all others.
    pub(super) realtime: bool,
}

/// The requests that are due and not ended, for the case that the run ends without them.
type Outstanding = HashMap<(usize, u64), Arrival>;

impl Engine {
    pub(super) fn new(
        plan: &Plan,
        works: Vec<Arc<dyn Work>>,
        connector: Connector,
        live: Arc<Live>,
    ) -> Arc<Self> {
        let state = EngineState {
            ledger: Ledger::new(plan, works.len(), connector.names()),
            waiting: VecDeque::new(),
            idle: Vec::new(),
            slots: 0,
            peak_cpu: 0.0,
            outstanding: Outstanding::new(),
        };
        Arc::new(Self {
            works,
            connector,
            timeout: plan.timeout,
            max_in_flight: plan.max_in_flight.max(1),
            start: Instant::now(),
            live,
            state: Mutex::new(state),
            all_done: Notify::new(),
        })
    }

    /// Offers all requests of the plan, and waits for their answers.
    pub(super) async fn run(self: &Arc<Self>, plan: &Plan, stop: &Interrupt) -> io::Result<Course> {
        let pacer = Pacer::new(plan.busy_wait)?;
        let interrupted = tokio::select! {
            biased;
            () = stop.wait() => true,
            offered = self.offer(plan, &pacer) => { offered?; false }
            never = self.meter() => match never {},
        };
        let elapsed = self.now().min(plan.duration());
        self.state().ledger.arrivals_ended(elapsed);
        let cpu = thread_cpu().as_secs_f64() / self.now().as_secs_f64();
        // A request waits for its slot and for its answer, each as long as the timeout.
        let grace = if interrupted { GRACE } else { self.timeout * 2 + GRACE };
        let cut_short = tokio::select! {
            biased;
            () = self.all_done() => interrupted,
            () = tokio::time::sleep(grace) => true,
            () = stop.wait(), if !interrupted => true,
        };
        self.give_up_the_rest();
        let interrupted = interrupted || cut_short;
        Ok(Course { start: self.start, elapsed, cpu, interrupted, realtime: false })
    }

    /// Takes the processor time of each second.
    async fn meter(&self) -> Infallible {
        let mut last = (Instant::now(), thread_cpu());
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = (Instant::now(), thread_cpu());
            let share = (now.1 - last.1).as_secs_f64() / (now.0 - last.0).as_secs_f64();
            let mut state = self.state();
            state.peak_cpu = state.peak_cpu.max(share);
            last = now;
        }
    }

    /// The books, after the run, and the share of a core that its busiest second took.
    pub(super) fn books(&self) -> (Ledger, f64) {
        let state = self.state();
        (state.ledger.clone(), state.peak_cpu)
    }

    async fn offer(self: &Arc<Self>, plan: &Plan, pacer: &Pacer) -> io::Result<()> {
        let mut in_a_row = 0;
        for arrival in Schedule::of(plan, self.works.len()) {
            let due = self.start + arrival.intended;
            if Instant::now() < due {
                self.look_out(due).await;
                pacer.sleep_until(due).await?;
                in_a_row = 0;
            } else if in_a_row == BATCH {
                tokio::task::yield_now().await;
                in_a_row = 0;
            }
            in_a_row += 1;
            self.live.start();
            self.take_in_hand(arrival);
        }
        pacer.sleep_until(self.start + plan.duration()).await
    }

    /// Looks for answers for a little while before the generator sleeps until `due`. A quick server
    /// answers soon, and waking a thread would hide how quick it is.
    async fn look_out(&self, due: Instant) {
        let now = Instant::now();
        let until = now + busily(due.saturating_duration_since(now));
        while Instant::now() < until && !self.state().outstanding.is_empty() {
            tokio::task::yield_now().await;
        }
    }

    fn take_in_hand(self: &Arc<Self>, arrival: Arrival) {
        let arrival = Arrival { host: self.host_of(&arrival, 0), ..arrival };
        let lag = self.now().saturating_sub(arrival.intended);
        let mut state = self.state();
        state.ledger.due(&arrival);
        state.outstanding.insert((arrival.stream, arrival.number), arrival);
        self.live.offered.fetch_add(1, Relaxed);
        if let Some(slot) = state.idle.pop() {
            slot.hand(Job { arrival, handed: Some(lag) });
            return;
        }
        state.ledger.lagged(&arrival, lag);
        if state.slots < self.max_in_flight {
            state.slots += 1;
            let engine = Arc::clone(self);
            tokio::spawn(async move { engine.work(Job { arrival, handed: None }).await });
        } else {
            state.waiting.push_back(arrival);
            self.live.waiting(state.waiting.len());
        }
    }

    /// Which host gets a request after so many attempts on others.
    pub(super) fn host_of(&self, arrival: &Arrival, attempts: u32) -> usize {
        let hosts = self.connector.hosts().max(1) as u64;
        let host = self.works[arrival.stream].host(arrival.number) + u64::from(attempts);
        usize::try_from(host % hosts).unwrap_or(0)
    }

    /// Serves one slot for the rest of the run.
    async fn work(self: Arc<Self>, first: Job) {
        let slot = Arc::new(Slot::default());
        let mut kept = Kept::new(self.connector.hosts());
        let mut job = first;
        loop {
            self.serve(&mut kept, job).await;
            let next = self.next_waiting(&slot);
            job = match next {
                Some(arrival) => Job { arrival, handed: None },
                None => slot.wait(&mut kept).await,
            };
        }
    }

    fn next_waiting(&self, slot: &Arc<Slot>) -> Option<Arrival> {
        let mut state = self.state();
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.idle.push(Arc::clone(slot));
        }
        self.live.waiting(state.waiting.len());
        next
    }

    /// Closes the books on a request; once only, even if the run has ended meanwhile.
    pub(super) fn close(&self, arrival: &Arrival, book: impl FnOnce(&mut Ledger, Duration)) {
        let mut state = self.state();
        if state.outstanding.remove(&(arrival.stream, arrival.number)).is_some() {
            let now = self.now();
            book(&mut state.ledger, now);
        }
        if state.outstanding.is_empty() {
            self.all_done.notify_one();
        }
    }

    async fn all_done(&self) {
        while !self.state().outstanding.is_empty() {
            self.all_done.notified().await;
        }
    }

    /// What is not answered by now has got no answer.
    fn give_up_the_rest(&self) {
        let mut state = self.state();
        let now = self.now();
        let rest: Vec<Arrival> = state.outstanding.drain().map(|(_, arrival)| arrival).collect();
        for arrival in rest {
            state.ledger.dropped(&arrival, now, false);
        }
    }

    /// Since the run's start.
    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, EngineState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
