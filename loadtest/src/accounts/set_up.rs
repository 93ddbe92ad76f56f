//! Gives accounts one-time codes, before the measured time.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Response;

use super::codes::{Codes, Step};
use super::file::{AccountsFile, SignInBy};
use super::pool::{CodeAccount, CodePool};
use super::progress::Progress;
use super::provision::{CONCURRENCY, Provisioner};
use crate::machine::wall_clock;
use crate::sut::{ASK_CLOCKS, Account, Call, Outcome, SignedIn, TwoStep, clock_difference};

/// A code may be refused because its time step ended on the way; the next one is not.
const ATTEMPTS: u32 = 2;

impl Provisioner<'_> {
    /// This many accounts with one-time codes: those of `--accounts-file` first, then new ones,
    /// which are added to it. It returns when each has an unspent code.
    ///
    /// # Errors
    ///
    /// As [`accounts`](Self::accounts), or a code is refused.
    pub(crate) async fn code_accounts(&self, count: usize) -> anyhow::Result<Arc<CodePool>> {
        let mut file = self.file()?;
        let mut accounts = Vec::with_capacity(count);
        if let Some(file) = &file {
            accounts = self.reuse(file, SignInBy::TwoSteps, count).await?;
        }
        // Nobody knows what an earlier run has spent. It may have been ahead of the time, too.
        let spent = Step::at(wall_clock()).plus(self.target.drift_steps());
        let reused = accounts.into_iter().map(|account| with_codes(account, spent));
        let mut ready = reused.collect::<anyhow::Result<Vec<_>>>()?;
        let missing = count - ready.len();
        if missing > 0 {
            ready.extend(self.set_up(missing, file.as_mut()).await?);
        }
        let pool = CodePool::new(ready, self.target.drift_steps());
        self.until_ready(&pool).await?;
        Ok(pool)
    }

    /// New accounts, each with one-time codes. If there is a file, each account is on the disk
    /// before the next batch is awaited.
    async fn set_up(
        &self,
        count: usize,
        mut file: Option<&mut AccountsFile>,
    ) -> anyhow::Result<Vec<CodeAccount>> {
        // Without the file: it shall know them with their secrets.
        let accounts = self.make(count, None).await?;
        let set_up = stream::iter(&accounts).map(|account| self.set_up_one(account));
        let mut set_up = std::pin::pin!(set_up.buffered(CONCURRENCY).ready_chunks(CONCURRENCY));
        let mut ready = Vec::with_capacity(count);
        let mut progress = Progress::start("setting up one-time codes", count);
        while let Some(batch) = self.before_deadline(set_up.next(), &progress).await? {
            let batch = batch.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
            if let Some(file) = &mut file {
                file.record(batch.iter().map(|it| &*it.account))?;
            }
            progress.advance(batch.len());
            ready.extend(batch);
        }
        progress.finish("set up one-time codes of");
        Ok(ready)
    }

    /// Signs an account in and gives it one-time codes at once, while its sign-in is fresh.
    async fn set_up_one(&self, account: &Arc<Account>) -> anyhow::Result<CodeAccount> {
        let user = self.sign_in_one(account).await?;
        let begin = || self.target.begin_codes_request(&user.token).unwrap_or_default();
        let answer = self.ask(Call::TwoStep(TwoStep::Begin), begin).await?;
        let secret = self.target.read_codes(&answer);
        let secret = secret.map_err(|failure| anyhow!("one-time codes: {failure}"))?;
        let codes = Codes::of(&secret)?;
        let spent = self.confirm(&user, &codes).await?;
        let account = Arc::new(Account { totp: Some(secret), ..Account::clone(account) });
        Ok(CodeAccount { account, codes, spent })
    }

    /// Takes codes into use; the step of the code that was spent on it.
    async fn confirm(&self, user: &SignedIn, codes: &Codes) -> anyhow::Result<Step> {
        let call = Call::TwoStep(TwoStep::Confirm);
        let spent = Cell::new(Step::at(wall_clock()));
        let mut refused = None;
        for _ in 0..ATTEMPTS {
            let request = || {
                // Where the last code still counts, the present one is left for a login.
                spent.set(Step::at(wall_clock()).minus(self.target.drift_steps()));
                let code = codes.code(spent.get());
                self.target.confirm_codes_request(user, &code).unwrap_or_default()
            };
            let answer = self.ask_once_free(request).await?;
            if self.target.classify(call, answer.status()) == Outcome::Ok {
                return Ok(spent.get());
            }
            refused = Some(answer);
        }
        let refused = refused.context("no code was tried")?;
        Err(self.refusal(call, &refused).context(about_clocks(&refused)))
    }

    /// Waits until each account has an unspent code of the present step.
    async fn until_ready(&self, pool: &CodePool) -> anyhow::Result<()> {
        let Some(from) = pool.ready_from() else { return Ok(()) };
        let left = i128::from(from.begins_at()) * 1_000_000_000 - wall_clock().as_nanosecond();
        let left = Duration::from_nanos(u64::try_from(left).unwrap_or(0));
        if !left.is_zero() {
            eprintln!("waiting {:.0} s for unspent one-time codes", left.as_secs_f64().ceil());
        }
        tokio::select! {
            () = tokio::time::sleep(left) => Ok(()),
            () = self.interrupt.wait() => bail!("interrupted while waiting for one-time codes"),
        }
    }
}

fn with_codes(account: Arc<Account>, spent: Step) -> anyhow::Result<CodeAccount> {
    let secret = account.totp.as_ref().context("an account without one-time codes")?;
    let codes = Codes::of(secret).with_context(|| format!("the account {}", account.username))?;
    Ok(CodeAccount { account, codes, spent })
}

/// Why a code may have been refused.
fn about_clocks(refused: &Response<Bytes>) -> String {
    let question = || format!("a one-time code was refused; {ASK_CLOCKS}");
    clock_difference(refused).unwrap_or_else(question)
}
