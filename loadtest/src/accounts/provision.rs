//! Registers and signs in accounts over HTTP, before the measured time.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::{Request, Response};
use reqwest::Client;

use super::args::AccountArgs;
use super::file::{AccountsFile, SignInBy};
use super::import;
use super::names::Namer;
use super::progress::Progress;
use crate::interrupt::Interrupt;
use crate::sut::{Account, Call, Clients, Host, OwnServer, SignedIn, Target, send};
use crate::usage::UsageError;

/// Enough to keep a few cores hashing, too few to fill a server's queue.
pub(super) const CONCURRENCY: usize = 8;

/// Registers accounts and signs them in; all of it before one deadline.
#[derive(Debug)]
pub(crate) struct Provisioner<'a> {
    pub(super) target: &'a Target,
    pub(super) client: Client,
    pub(super) args: &'a AccountArgs,
    pub(super) deadline: Instant,
    own: Option<OwnServer>,
    pub(super) interrupt: &'a Interrupt,
}

impl<'a> Provisioner<'a> {
    /// `--provision-timeout` begins now.
    pub(crate) fn new(
        target: &'a Target,
        host: &Host,
        clients: &Clients,
        args: &'a AccountArgs,
        interrupt: &'a Interrupt,
    ) -> anyhow::Result<Self> {
        let deadline = Instant::now() + args.provision_timeout;
        Ok(Self { target, client: clients.client()?, args, deadline, own: host.own(), interrupt })
    }

    /// This many distinct accounts that are registered: those of `--accounts-file` first, then new
    /// ones, which are added to it.
    ///
    /// # Errors
    ///
    /// The first call that fails for good, the deadline, an interrupt, or the file's.
    pub(crate) async fn accounts(&self, count: usize) -> anyhow::Result<Vec<Arc<Account>>> {
        let mut file = self.file()?;
        let mut accounts = Vec::new();
        if let Some(file) = &file {
            accounts = self.reuse(file, SignInBy::Password, count).await?;
        }
        let missing = count - accounts.len();
        if missing > 0 {
            accounts.extend(self.make(missing, file.as_mut()).await?);
        }
        Ok(accounts)
    }

    /// Signs the accounts in, in their order.
    ///
    /// # Errors
    ///
    /// The first call that fails for good, the deadline, or an interrupt.
    pub(crate) async fn sign_in(&self, accounts: &[Arc<Account>]) -> anyhow::Result<Vec<SignedIn>> {
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        let sign_ins =
            stream::iter(accounts).map(|account| self.sign_in_one(account)).buffered(CONCURRENCY);
        let mut signed_in = Vec::with_capacity(accounts.len());
        let mut progress = Progress::start("signing in", accounts.len());
        let mut sign_ins = std::pin::pin!(sign_ins);
        while let Some(next) = self.before_deadline(sign_ins.next(), &progress).await? {
            signed_in.push(next?);
            progress.advance(1);
        }
        progress.finish("signed in");
        Ok(signed_in)
    }

    /// Signs one account in.
    pub(crate) async fn sign_in_one(&self, account: &Arc<Account>) -> anyhow::Result<SignedIn> {
        let answer = self.ask(Call::Login, || self.target.login_request(account)).await?;
        let read = self.target.read_login(account, &answer, Instant::now());
        read.map_err(|failure| anyhow!("the sign-in of {}: {failure}", account.username))
    }

    /// Sends a request of another kind and reads its answer, whatever that is.
    pub(crate) async fn get(&self, request: Request<Bytes>) -> anyhow::Result<Response<Bytes>> {
        send(&self.client, request).await.map_err(|failure| self.unreachable(&failure))
    }

    /// Waits.
    pub(crate) async fn pause(&self, time: Duration) -> anyhow::Result<()> {
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            () = self.interrupt.wait() => bail!("interrupted while waiting for a token to expire"),
        }
    }

    /// New accounts. If there is a file, each account is on the disk before the next batch is
    /// awaited.
    pub(super) async fn make(
        &self,
        count: usize,
        mut file: Option<&mut AccountsFile>,
    ) -> anyhow::Result<Vec<Arc<Account>>> {
        if !self.target.supports(Call::Register) {
            return Err(UsageError(format!(
                "the target {} does not say how to register: give an --accounts-file with {count} \
                 more accounts",
                self.target.spec().name
            ))
            .into());
        }
        let namer = Namer::new(self.target.spec())?;
        if let Some(own) = &self.own
            && count >= import::WORTHWHILE
        {
            let first = self.register(&namer, 0).await?;
            match import::copies(own, &namer, first, count).await {
                Ok(accounts) => return Ok(accounts),
                Err(error) => eprintln!("cannot import accounts, so they register: {error:#}"),
            }
        }
        // Ready ones together: one sync of the file is enough for them.
        let made = self.registrations(&namer, count).ready_chunks(CONCURRENCY);
        let mut made = std::pin::pin!(made);
        let mut accounts = Vec::with_capacity(count);
        let mut progress = Progress::start("registering", count);
        while let Some(batch) = self.before_deadline(made.next(), &progress).await? {
            let (good, bad): (Vec<_>, Vec<_>) = batch.into_iter().partition(Result::is_ok);
            let good: Vec<Arc<Account>> = good.into_iter().flatten().collect();
            if let Some(file) = &mut file {
                file.record(good.iter().map(AsRef::as_ref))?;
            }
            progress.advance(good.len());
            accounts.extend(good);
            bad.into_iter().collect::<Result<Vec<_>, _>>()?;
        }
        progress.finish("registered");
        Ok(accounts)
    }

    fn registrations<'b>(
        &'b self,
        namer: &'b Namer,
        count: usize,
    ) -> impl Stream<Item = anyhow::Result<Arc<Account>>> + 'b {
        // Number 0 is the one whose hash an import copies.
        stream::iter(1..=count)
            .map(move |number| self.register(namer, number))
            .buffer_unordered(CONCURRENCY)
    }

    async fn register(&self, namer: &Namer, number: usize) -> anyhow::Result<Arc<Account>> {
        let account = Arc::new(namer.account(number)?);
        let request = || self.target.register_request(&account).unwrap_or_default();
        let answer = self.ask(Call::Register, request).await?;
        let read = self.target.read_registration(&answer);
        read.map_err(|failure| anyhow!("a registration: {failure}"))?;
        Ok(account)
    }

    /// The next one of a stream, unless the deadline or an interrupt comes before it.
    pub(super) async fn before_deadline<T>(
        &self,
        next: impl Future<Output = T>,
        progress: &Progress,
    ) -> anyhow::Result<T> {
        tokio::select! {
            next = next => Ok(next),
            () = self.interrupt.wait() => bail!("interrupted while setting up the accounts"),
            () = tokio::time::sleep_until(self.deadline.into()) => bail!(
                "only {} accounts were set up in {:?}: raise --provision-timeout, or ask for fewer",
                progress.done(), self.args.provision_timeout
            ),
        }
    }
}
