//! What the users of a run share, and what each of them has to itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Client;

use super::args::Args;
use super::kind::ScenarioKind;
use super::mix::Mix;
use super::negative::Negative;
use super::share::Split;
use super::tally::{RequestRow, RequestTally};
use super::two_step::TwoStepLogins;
use crate::accounts::Namer;
use crate::sut::{Account, Call, Outcome, SignedIn, Target};

/// Shared by all users.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) target: Arc<Target>,
    pub(crate) tally: Arc<RequestTally>,
    /// The calls of the mixed scenario in their order.
    pub(crate) schedule: Vec<Call>,
    pub(crate) verifies_per_login: u32,
    pub(crate) negative: Option<Negative>,
    /// If there are users that sign in in two steps.
    pub(crate) two_step: Option<TwoStepLogins>,
    seats: Mutex<BTreeMap<ScenarioKind, Vec<Seat>>>,
    /// Of accounts that register during the run, and of users that never do.
    namer: Namer,
    names_used: AtomicUsize,
}

/// What one user has to itself.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) client: Client,
    pub(crate) accounts: Vec<Arc<Account>>,
    /// Of the accounts in their order, if the scenario needs them; else empty.
    pub(crate) sessions: Vec<SignedIn>,
    turn: usize,
}

impl Seat {
    /// A seat whose turns begin with this one, so that users of one scenario don't march in step.
    pub(crate) fn new(client: Client, turn: usize) -> Self {
        Self { client, accounts: Vec::new(), sessions: Vec::new(), turn }
    }

    /// The number of this turn; the next one's is one higher.
    pub(crate) fn take_turn(&mut self) -> usize {
        let turn = self.turn;
        self.turn += 1;
        turn
    }
}

impl World {
    pub(crate) fn new(
        target: Arc<Target>,
        seats: BTreeMap<ScenarioKind, Vec<Seat>>,
        args: &Args,
        negative: Option<Negative>,
        two_step: Option<TwoStepLogins>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            namer: Namer::new(target.spec())?,
            target,
            tally: Arc::default(),
            schedule: args.mix.schedule(),
            verifies_per_login: args.verifies_per_login,
            negative,
            two_step,
            seats: Mutex::new(seats),
            names_used: AtomicUsize::new(0),
        })
    }

    /// How many users each scenario has a seat for.
    pub(crate) fn split(&self) -> Split {
        let seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        Split(seats.iter().map(|(kind, seats)| (*kind, seats.len())).collect())
    }

    /// A seat of this scenario that nobody has yet.
    pub(crate) fn take_seat(&self, kind: ScenarioKind) -> Option<Seat> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&kind)?.pop()
    }

    /// Name and password that nobody has registered.
    pub(crate) fn stranger(&self) -> anyhow::Result<Account> {
        self.namer.account(self.names_used.fetch_add(1, Ordering::Relaxed))
    }

    /// The row's name in Goose's reports.
    pub(crate) fn name(&self, row: RequestRow) -> String {
        row.name(&self.target)
    }

    /// The class of a right answer to this call.
    pub(crate) fn served_as(&self, call: Call) -> Outcome {
        match call.accepted() {
            None => Outcome::Ok,
            Some(_) => Outcome::Expected401,
        }
    }

    /// The rows that need a right answer for every scenario to have run.
    pub(crate) fn wanted(&self, split: &Split, mix: &Mix) -> Vec<RequestRow> {
        let mut calls: Vec<Call> = split.0.iter().flat_map(|(kind, _)| kind.calls(mix)).collect();
        calls.extend(self.negative.iter().flat_map(Negative::calls));
        calls.sort_unstable();
        calls.dedup();
        calls.into_iter().map(RequestRow::of).collect()
    }
}
