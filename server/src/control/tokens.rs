//! What an operator says about a token.

use super::operator::Operator;
use super::protocol::Reply;
use crate::auth::subject;
use crate::token::{Check, Outcome};

impl Operator {
    /// All that the API asks of a token but the roles and the freshness, which some routes want.
    pub(super) async fn inspect(&self, token: &str) -> anyhow::Result<Reply> {
        let (app, now) = (&self.app, self.app.clock.now());
        let mut inspection = app.tokens.inspect(token, now);
        let claims = app.tokens.verify(token, now);
        let checks = match claims.and_then(|claims| subject(&claims)) {
            Ok((id, session)) => {
                let stored = app.store.session(session).await?;
                let is_there = stored.is_some_and(|session| session.user == id);
                let session = match (app.store.is_revoked(session), is_there) {
                    (true, _) => (Outcome::Failed, "it was ended: signed out of, or by an admin"),
                    (false, false) => {
                        (Outcome::Failed, "there is no such session, or not any more")
                    }
                    (false, true) => (Outcome::Passed, "it has not ended"),
                };
                let user = match app.store.user_by_id(id).await? {
                    Some(user) if user.disabled => (Outcome::Failed, "the user is disabled"),
                    Some(_) => (Outcome::Passed, "the user is there and not disabled"),
                    None => (Outcome::Failed, "there is no such user, or not any more"),
                };
                [session, user]
            }
            Err(_) => [(Outcome::Skipped, "the token is refused whatever becomes of it"); 2],
        };
        for (name, (outcome, detail)) in ["session", "user"].into_iter().zip(checks) {
            inspection.accepted &= outcome == Outcome::Passed;
            let (name, detail) = (name.to_owned(), detail.to_owned());
            inspection.checks.push(Check { name, outcome, detail });
        }
        Ok(Reply::Token { inspection })
    }
}
