//! What an operator does on a bad day.

use std::time::Duration;

use anyhow::Context as _;
use ipnet::IpNet;

use super::{MAX_PAGE, Operator, of_user};
use crate::accounts::{AccountError, NewBlock, RegistrationState};
use crate::control::incident::Incident;
use crate::control::protocol::Reply;
use crate::origin::Origin;
use crate::shown;
use crate::store::{AuditQuery, Block, SessionId, UserId};

impl Operator {
    pub(super) async fn incident(&self, incident: Incident) -> anyhow::Result<Reply> {
        let accounts = &self.accounts;
        Ok(match incident {
            Incident::Sessions { username } => self.sessions(&username).await?,
            Incident::EndSessions { username, session } => {
                self.end_sessions(&username, session).await?
            }
            Incident::EndAllSessions => {
                Reply::Ended { sessions: accounts.end_all_sessions(Origin::Operator).await? }
            }
            Incident::Unlock { username } => {
                let user = self.find(&username).await?;
                of_user(accounts.unlock(user.id, Origin::Operator).await?)
            }
            Incident::ResetFactors { username } => {
                let user = self.find(&username).await?;
                of_user(accounts.reset_factors(user.id, Origin::Operator).await?)
            }
            Incident::RevokeKey { kid } => {
                Reply::Keys { keys: vec![accounts.revoke_key(kid, Origin::Operator).await?] }
            }
            Incident::Registration => self.registration().await?,
            Incident::SetRegistration { is_open } => {
                accounts.set_registration(is_open, Origin::Operator).await?;
                Reply::Registration { said: Some(is_open), is_open }
            }
            Incident::Blocks => of_blocks(accounts.blocks().await?),
            Incident::Block { network, seconds, reason, force } => {
                let lasts = Duration::from_secs(seconds);
                self.block(NewBlock { network, lasts, reason, force }).await?
            }
            Incident::Unblock { network } => self.unblock(network).await?,
            Incident::Audit { user, event, since, before, limit } => {
                let user = self.concerned(user).await?;
                let limit = limit.clamp(1, MAX_PAGE);
                self.audit(AuditQuery { user, event, since, before, limit }).await?
            }
        })
    }

    async fn sessions(&self, name: &str) -> anyhow::Result<Reply> {
        let user = self.find(name).await?;
        let sessions = self.accounts.sessions_of_user(user.id).await?;
        let shown = |session| shown::session(session, None);
        Ok(Reply::Sessions { sessions: sessions.into_iter().map(shown).collect() })
    }

    async fn end_sessions(&self, name: &str, session: Option<SessionId>) -> anyhow::Result<Reply> {
        let user = self.find(name).await?;
        let sessions = match session {
            None => self.accounts.end_sessions(user.id, Origin::Operator).await?,
            Some(id) => {
                self.accounts.end_session_of(user.id, id, Origin::Operator).await?;
                1
            }
        };
        Ok(Reply::Ended { sessions })
    }

    async fn registration(&self) -> anyhow::Result<Reply> {
        let RegistrationState { said, is_open } = self.accounts.registration().await?;
        Ok(Reply::Registration { said, is_open })
    }

    async fn block(&self, new: NewBlock) -> anyhow::Result<Reply> {
        match self.accounts.block(new, Origin::Operator).await {
            Ok(block) => Ok(of_blocks(vec![block])),
            Err(AccountError::Hazard(hazard)) => Ok(Reply::Hazard { reason: hazard.to_string() }),
            Err(error) => Err(error.into()),
        }
    }

    async fn unblock(&self, network: IpNet) -> anyhow::Result<Reply> {
        let blocks = self.accounts.blocks().await?;
        let block = blocks.into_iter().find(|block| block.network == network);
        let block = block.with_context(|| format!("{network} is not blocked"))?;
        Ok(of_blocks(vec![self.accounts.unblock(block.id, Origin::Operator).await?]))
    }
}

impl Operator {
    /// The user of whom somebody asks what happened. They may be gone.
    async fn concerned(&self, user: Option<String>) -> anyhow::Result<Option<UserId>> {
        let Some(user) = user else { return Ok(None) };
        let found = self.accounts.user_named(&user).await?.map(|user| user.id);
        let id = found.or_else(|| UserId::parse(&user));
        Ok(Some(id.with_context(|| format!("there is no user {user}"))?))
    }

    async fn audit(&self, query: AuditQuery) -> anyhow::Result<Reply> {
        let part = self.accounts.audit_log(query).await?;
        let next = part.page.next;
        Ok(Reply::Audit { records: shown::audit(part), next })
    }
}

fn of_blocks(blocks: Vec<Block>) -> Reply {
    Reply::Blocks { blocks: blocks.into_iter().map(shown::block).collect() }
}
