use super::Accounts;
use super::error::AccountError;
use crate::store::{SessionId, UserId};
use crate::token::{Check, CheckOutcome, Inspection, TokenKind};

impl Accounts {
    /// All that the API asks of a token but the roles and the freshness, which some routes want. A
    /// token for setting up a second factor is checked for that alone.
    pub async fn inspect(&self, token: &str) -> Result<Inspection, AccountError> {
        let now = self.clock.now();
        let mut inspection = self.tokens.inspect(token, now);
        let accepted = self.tokens.accept(token, now);
        let accepted = accepted.and_then(|it| Ok((it.kind, it.claims.subject()?)));
        let checks = match accepted {
            Ok((kind, (user, session))) => {
                [self.inspect_session(user, session).await?, self.inspect_user(user, kind).await?]
            }
            Err(_) => [(CheckOutcome::Skipped, "the token is refused whatever becomes of it"); 2],
        };
        for (name, (outcome, detail)) in ["session", "user"].into_iter().zip(checks) {
            inspection.accepted &= outcome == CheckOutcome::Passed;
            let (name, detail) = (name.to_owned(), detail.to_owned());
            inspection.checks.push(Check { name, outcome, detail });
        }
        Ok(inspection)
    }

    async fn inspect_session(
        &self,
        user: UserId,
        session: SessionId,
    ) -> Result<(CheckOutcome, &'static str), AccountError> {
        let stored = self.store.session(session).await?;
        let is_there = stored.is_some_and(|session| session.user == user);
        Ok(match (self.store.is_revoked(session), is_there) {
            (true, _) => (CheckOutcome::Failed, "it was ended: signed out of, or by an admin"),
            (false, false) => (CheckOutcome::Failed, "there is no such session, or not any more"),
            (false, true) => (CheckOutcome::Passed, "it has not ended"),
        })
    }

    async fn inspect_user(
        &self,
        id: UserId,
        kind: TokenKind,
    ) -> Result<(CheckOutcome, &'static str), AccountError> {
        let is_for_setup = kind == TokenKind::Setup;
        Ok(match self.store.user_by_id(id).await? {
            Some(user) if user.disabled => (CheckOutcome::Failed, "the user is disabled"),
            Some(user) if !is_for_setup && self.factor_policy.is_unmet(&user) => {
                (CheckOutcome::Failed, "the user must have a second factor, and has none")
            }
            Some(_) => (CheckOutcome::Passed, "the user is there and not disabled"),
            None => (CheckOutcome::Failed, "there is no such user, or not any more"),
        })
    }
}
