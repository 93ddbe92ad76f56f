//! What admins and operators restrict while the server runs.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;

use super::Accounts;
use super::error::AccountError;
use super::hazard::Hazard;
use crate::audit::{Event, Record};
use crate::origin::{Caller, Origin};
use crate::store::{Block, BlockId};

/// How long a block may last.
const LONGEST_BLOCK: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The most characters of a reason.
const MAX_REASON_CHARS: usize = 200;

/// A network that somebody wants to block.
#[derive(Clone, Debug)]
pub struct NewBlock {
    /// The network; an IPv4 one is never IPv4-mapped.
    pub network: IpNet,
    /// For how long.
    pub lasts: Duration,
    /// Why, for other admins.
    pub reason: String,
    /// Block it even if that shuts out whoever asks, or nearly everybody.
    pub force: bool,
}

/// Who may register, and why.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RegistrationState {
    /// What somebody has said while servers ran.
    pub said: Option<bool>,
    /// Whether everyone may register.
    pub is_open: bool,
}

impl Accounts {
    /// Whether everyone may register.
    pub fn registration_is_open(&self) -> bool {
        self.restrictions.registration_is_open().unwrap_or(self.opens_registration)
    }

    /// Who may register, as it is kept.
    pub async fn registration(&self) -> Result<RegistrationState, AccountError> {
        let said = self.store.restricted().await?.registration_is_open;
        Ok(RegistrationState { said, is_open: said.unwrap_or(self.opens_registration) })
    }

    /// Opens or closes registration, until somebody says otherwise.
    pub async fn set_registration(
        self: &Arc<Self>,
        is_open: bool,
        origin: Origin<Caller>,
    ) -> Result<(), AccountError> {
        self.to_the_end(|accounts| async move {
            let set = accounts.store.set_registration(is_open, origin.actor(true)).await;
            let event = if is_open { Event::RegistrationOpened } else { Event::RegistrationClosed };
            accounts.noted(Record::of(event, &origin), set)
        })
        .await
    }

    /// Whether any address is blocked.
    pub fn has_blocks(&self) -> bool {
        self.restrictions.has_blocks()
    }

    /// Whether the API is refused to this address.
    pub fn is_blocked(&self, address: IpAddr) -> bool {
        self.restrictions.is_blocked(address, self.clock.now())
    }

    /// The networks that are blocked now.
    pub async fn blocks(&self) -> Result<Vec<Block>, AccountError> {
        let now = self.clock.now();
        let mut blocks = self.store.restricted().await?.blocks;
        blocks.retain(|block| !block.is_over(now));
        Ok(blocks)
    }

    /// Blocks a network for a time.
    ///
    /// # Errors
    ///
    /// [`AccountError::Hazard`] unless it is forced, or which rule is broken.
    pub async fn block(
        self: &Arc<Self>,
        new: NewBlock,
        origin: Origin<Caller>,
    ) -> Result<Block, AccountError> {
        check(&new)?;
        let own = match &origin {
            Origin::Http(caller) => Some(caller.client.address),
            Origin::Operator => None,
        };
        if let Some(hazard) = Hazard::of(new.network, own).filter(|_| !new.force) {
            return Err(AccountError::Hazard(hazard));
        }
        self.to_the_end(|accounts| async move {
            let since = accounts.clock.now();
            let until = since.checked_add(new.lasts).unwrap_or(Timestamp::MAX);
            let (id, network, reason) = (BlockId::new(since), new.network, new.reason);
            let block = Block { id, network, since, until, reason };
            let added = accounts.store.add_block(block, origin.actor(true)).await;
            let record = Record::of(Event::NetworkBlocked, &origin);
            accounts.noted(record.detail(format_args!("{network} until {until:.0}")), added)
        })
        .await
    }

    /// Ends a block.
    ///
    /// # Errors
    ///
    /// Why it stays, or that there is none.
    pub async fn unblock(
        self: &Arc<Self>,
        id: BlockId,
        origin: Origin<Caller>,
    ) -> Result<Block, AccountError> {
        self.to_the_end(|accounts| async move {
            let (by, now) = (origin.actor(true), accounts.clock.now());
            let removed = accounts.store.remove_block(id, by, now).await;
            let record = Record::of(Event::NetworkUnblocked, &origin);
            let record = match &removed {
                Ok(block) => record.detail(block.network),
                Err(_) => record,
            };
            accounts.noted(record, removed)
        })
        .await
    }
}

fn check(new: &NewBlock) -> Result<(), AccountError> {
    if !(Duration::from_secs(1)..=LONGEST_BLOCK).contains(&new.lasts) {
        return Err(AccountError::broken_rule("seconds", "Block it for 1 second to 366 days."));
    }
    let is_short = new.reason.chars().count() <= MAX_REASON_CHARS;
    if !is_short || new.reason.chars().any(char::is_control) {
        let message =
            format!("Give a reason of one line, with at most {MAX_REASON_CHARS} characters.");
        return Err(AccountError::broken_rule("reason", message));
    }
    Ok(())
}
