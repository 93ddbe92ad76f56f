//! What a run needs before it can begin: a server, and users who are signed in.

use std::sync::Arc;

use anyhow::Context;

use super::connector::Connector;
use super::requests::{SignIn, Verify};
use super::second_factor::SecondFactor;
use super::work::Work;
use crate::accounts::{AccountArgs, Keeper, Provisioner, Renewals, Users};
use crate::interrupt::Interrupt;
use crate::sut::{Clients, Host, Spec, Target, TargetArgs};

/// How many accounts there are where nobody asks for a number.
pub(crate) const ACCOUNTS: usize = 50;

/// A server and its users.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) target: Arc<Target>,
    pub(crate) users: Arc<Users>,
    pub(crate) connector: Connector,
    /// Renews the users' tokens as long as the stage stands.
    keeper: Keeper,
}

impl Stage {
    /// Sets accounts up on the host and signs them in.
    ///
    /// # Errors
    ///
    /// The first call that fails for good, or an interrupt.
    pub(crate) fn set(
        host: &Host,
        spec: Spec,
        args: &TargetArgs,
        accounts: &AccountArgs,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Self> {
        let target = Arc::new(Target::new(spec, host.url())?);
        let connector = Connector::new(host.urls(), args.accept_invalid_certs)?;
        let clients = Clients::new(host.url(), args);
        let provisioner = Provisioner::new(&target, host, &clients, accounts, interrupt)?;
        let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
        let signed_in = runtime.block_on(async {
            let registered = provisioner.accounts(accounts.accounts.unwrap_or(ACCOUNTS)).await?;
            provisioner.sign_in(&registered).await
        })?;
        let users = Arc::new(Users::new(signed_in));
        let keeper = Keeper::start(&users, &target, clients.client()?)?;
        Ok(Self { target: Arc::clone(&target), users, connector, keeper })
    }

    /// What became of the renewals of tokens since this was last asked.
    pub(crate) fn renewals(&self) -> Renewals {
        self.keeper.take()
    }

    /// Verifications.
    pub(crate) fn verify(&self) -> Arc<dyn Work> {
        Arc::new(Verify::new(&self.target, &self.users))
    }

    /// Logins in two steps, by so many accounts of their own, which are set up now.
    ///
    /// # Errors
    ///
    /// The first call that fails for good, or an interrupt.
    pub(crate) fn second_factor(
        &self,
        host: &Host,
        args: &TargetArgs,
        accounts: &AccountArgs,
        count: usize,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Arc<dyn Work>> {
        let clients = Clients::new(host.url(), args);
        let provisioner = Provisioner::new(&self.target, host, &clients, accounts, interrupt)?;
        let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
        let pool = runtime.block_on(provisioner.code_accounts(count))?;
        Ok(Arc::new(SecondFactor::new(&self.target, pool)))
    }

    /// Logins.
    pub(crate) fn sign_in(&self) -> Arc<dyn Work> {
        Arc::new(SignIn::new(&self.target, &self.users))
    }
}
