//! Sign-ins that are to be refused, one at a time and in random order.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use http::Response;

use super::args::Args;
use crate::accounts::{Namer, disable};
use crate::closed::PersistentConnection;
use crate::experiment::{Scene, Steps};
use crate::interrupt::Interrupt;
use crate::sut::{Account, BadLogin, Call, Failure, Outcome, Target};

/// Before any is counted.
const WARM_UP: usize = 5;

/// Why a sign-in is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RefusalKind {
    WrongPassword,
    UnknownUser,
    /// The name and the password are right.
    DisabledUser,
}

impl RefusalKind {
    /// Its key in JSON.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong_password",
            Self::UnknownUser => "unknown_user",
            Self::DisabledUser => "disabled_user",
        }
    }

    /// For people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong password",
            Self::UnknownUser => "unknown user",
            Self::DisabledUser => "disabled user",
        }
    }

    fn call(self) -> Call {
        Call::BadLogin(match self {
            Self::WrongPassword | Self::DisabledUser => BadLogin::WrongPassword,
            Self::UnknownUser => BadLogin::UnknownUser,
        })
    }
}

/// The sign-ins of one kind.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) kind: RefusalKind,
    /// Of those that were refused as they should be, in microseconds.
    pub(super) times_us: Vec<f64>,
    /// What they were answered, each text once.
    pub(super) texts: BTreeSet<String>,
    pub(super) failures: Vec<Failure>,
}

/// Everything to ask with.
pub(super) struct Asking {
    target: Arc<Target>,
    connection: PersistentConnection,
    namer: Namer,
    /// Accounts that exist, and whose passwords are not asked with.
    known: Vec<Arc<Account>>,
    disabled: Option<Arc<Account>>,
    random: fastrand::Rng,
    asked: usize,
}

impl Asking {
    /// Shuts one of the stage's users out, if the server is one of the run's own.
    pub(super) fn prepare(args: &Args, scene: &Scene<'_>) -> anyhow::Result<Self> {
        let target = Arc::clone(&scene.stage.target);
        let mut known = scene.stage.users.accounts();
        let mut disabled = None;
        if let Some(own) = scene.own_server()
            && known.len() > 1
        {
            match disable(&own, &known[0].username) {
                Ok(()) => disabled = Some(known.remove(0)),
                Err(error) => eprintln!("no account can be disabled: {error:#}"),
            }
        }
        Ok(Self {
            connection: PersistentConnection::new(
                &scene.stage.connector,
                args.common.target.timeout,
            ),
            namer: Namer::new(target.spec())?,
            target,
            known,
            disabled,
            random: fastrand::Rng::with_seed(args.seed),
            asked: 0,
        })
    }

    /// Asks until the time is over, there are enough samples, one was answered otherwise, or an
    /// interrupt comes. The first group is that of wrong passwords.
    pub(super) fn ask(mut self, args: &Args, stop: &Interrupt) -> anyhow::Result<Vec<Group>> {
        let mut kinds = vec![RefusalKind::WrongPassword, RefusalKind::UnknownUser];
        kinds.extend(self.disabled.is_some().then_some(RefusalKind::DisabledUser));
        let mut groups: Vec<Group> = kinds.iter().copied().map(Group::of).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot start the async runtime")?;
        for kind in kinds.repeat(WARM_UP) {
            // What is wrong shows again when it counts.
            let _ = runtime.block_on(self.one(kind));
        }
        let (started, seconds) = (Instant::now(), args.time.as_secs_f64());
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let mut steps = Steps::begin(millis(args.time));
        let mut order: Vec<usize> = (0..groups.len()).collect();
        for round in 1..=args.samples {
            // Each kind once in each round, so that all see the same drift of the machine.
            self.random.shuffle(&mut order);
            for index in &order {
                let group = &mut groups[*index];
                group.add(runtime.block_on(self.one(group.kind)));
            }
            let elapsed = started.elapsed();
            steps.at(millis(elapsed), || {
                format!("{round} of each kind in {:.0} of {seconds:.0} s", elapsed.as_secs_f64())
            });
            let failed = groups.iter().any(|group| !group.failures.is_empty());
            if elapsed >= args.time || stop.caught() || failed {
                break;
            }
        }
        Ok(groups)
    }

    /// One sign-in: how long it took in microseconds, and what it was answered.
    async fn one(&mut self, kind: RefusalKind) -> Result<(f64, String), Failure> {
        let account = self.account(kind)?;
        let request = self.target.login_request(&account);
        let asked = self.connection.ask(&request).await?;
        let (call, status) = (kind.call(), asked.answer.status());
        let refusal = self.target.read_refusal(call, &asked.answer);
        let Err(failure) = refusal else {
            return Ok((asked.took.as_secs_f64() * 1e6, text(&asked.answer, &account)));
        };
        let accepted = call.accepted() == Some(failure.kind.as_str());
        let what = match accepted {
            true => format!("{} was accepted", kind.name()),
            false => format!("{} was answered with status {}", kind.name(), status.as_u16()),
        };
        Err(Failure::new(failure.outcome, what, ""))
    }

    fn account(&mut self, kind: RefusalKind) -> Result<Account, Failure> {
        self.asked += 1;
        let password = || {
            let none = |error: anyhow::Error| {
                Failure::new(Outcome::Transport, "no random numbers", error.to_string())
            };
            self.namer.password().map_err(none)
        };
        Ok(match (kind, &self.disabled) {
            (RefusalKind::DisabledUser, Some(account)) => account.as_ref().clone(),
            (RefusalKind::UnknownUser, _) => {
                Account::new(self.namer.username(self.asked), password()?)
            }
            _ => {
                let known = &self.known[self.asked % self.known.len()];
                Account::new(known.username.clone(), password()?)
            }
        })
    }
}

impl Group {
    fn of(kind: RefusalKind) -> Self {
        Self { kind, times_us: Vec::new(), texts: BTreeSet::new(), failures: Vec::new() }
    }

    fn add(&mut self, answered: Result<(f64, String), Failure>) {
        match answered {
            Ok((time, text)) => {
                self.times_us.push(time);
                self.texts.insert(text);
            }
            Err(failure) => self.failures.push(failure),
        }
    }
}

/// All of an answer that could betray something, but for the name that was asked with.
fn text(answer: &Response<Bytes>, account: &Account) -> String {
    let mut headers: Vec<&str> = answer.headers().keys().map(http::HeaderName::as_str).collect();
    headers.sort_unstable();
    let body = String::from_utf8_lossy(answer.body()).replace(&account.username, "{username}");
    format!("{} {} {body}", answer.status().as_u16(), headers.join(","))
}
