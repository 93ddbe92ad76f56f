//! Takes accounts from a file, and tries whether they work.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::file::{AccountsFile, SignInBy};
use super::progress::Progress;
use super::provision::{CONCURRENCY, Provisioner};
use crate::sut::{Account, Call};

/// How many of the accounts in a file are tried before all are relied on.
const SAMPLE: usize = 8;

impl Provisioner<'_> {
    /// The file of `--accounts-file`, open and locked.
    pub(super) fn file(&self) -> anyhow::Result<Option<AccountsFile>> {
        let path = self.args.accounts_file.as_ref();
        path.map(|path| AccountsFile::open(path, self.target.host())).transpose()
    }

    /// The accounts of the file that work, `count` at most. A few are tried first. If one of them
    /// is refused, all are tried, and the refused ones are not used. They stay in the file: it may
    /// be the server that is wrong.
    pub(super) async fn reuse(
        &self,
        file: &AccountsFile,
        how: SignInBy,
        count: usize,
    ) -> anyhow::Result<Vec<Arc<Account>>> {
        let known: Vec<Arc<Account>> =
            file.accounts(how).take(count).cloned().map(Arc::new).collect();
        if known.is_empty() {
            return Ok(known);
        }
        let step = known.len().div_ceil(SAMPLE);
        let sample: Vec<Arc<Account>> = known.iter().step_by(step).cloned().collect();
        if self.refused(&sample, how).await?.is_empty() {
            eprintln!("use {} accounts of {}", known.len(), file.path().display());
            return Ok(known);
        }
        let known: Vec<Arc<Account>> = file.accounts(how).cloned().map(Arc::new).collect();
        let refused = self.refused(&known, how).await?;
        eprintln!(
            "the server refuses {} accounts of {}: they are not used, and stay in the file",
            refused.len(),
            file.path().display()
        );
        let refused: HashSet<&str> = refused.iter().map(|a| a.username.as_str()).collect();
        let works = |account: &Arc<Account>| !refused.contains(account.username.as_str());
        Ok(known.iter().filter(|account| works(account)).take(count).cloned().collect())
    }

    /// Those of the accounts whose sign-in is refused.
    async fn refused(
        &self,
        accounts: &[Arc<Account>],
        how: SignInBy,
    ) -> anyhow::Result<Vec<Arc<Account>>> {
        let login = &self.target.spec().login;
        let tries = stream::iter(accounts).map(|account| async move {
            let answer = self.ask_once_free(|| self.target.login_request(account)).await?;
            let status = answer.status();
            let works = match how {
                SignInBy::Password => login.ok.contain(status),
                SignInBy::TwoSteps => self.target.read_first_step(&answer).is_ok(),
            };
            if works {
                return Ok(None);
            }
            match login.wrong_password.contain(status) || login.unknown_user.contain(status) {
                true => Ok(Some(Arc::clone(account))),
                false => Err(self.refusal(Call::Login, &answer)),
            }
        });
        let mut tries = std::pin::pin!(tries.buffered(CONCURRENCY));
        let mut refused = Vec::new();
        let mut progress = Progress::start("trying", accounts.len());
        while let Some(next) = self.before_deadline(tries.next(), &progress).await? {
            refused.extend(next?);
            progress.advance(1);
        }
        Ok(refused)
    }
}
