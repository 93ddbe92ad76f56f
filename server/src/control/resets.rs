//! What an operator does with reset links.

use anyhow::anyhow;

use super::operator::{Operator, line};
use super::protocol::Reply;
use crate::audit::Event;
use crate::handlers::admin;
use crate::handlers::reset::shown;
use crate::store::EditUserError;

impl Operator {
    pub(super) async fn resets(&self) -> anyhow::Result<Reply> {
        let resets = self.app.store.open_resets(self.app.clock.now()).await?;
        Ok(Reply::Resets { resets: resets.into_iter().map(shown).collect() })
    }

    pub(super) async fn withdraw_reset(&self, name: &str) -> anyhow::Result<Reply> {
        let user = self.find(name).await?;
        let line = line(Event::ResetWithdrawn).user(user.id);
        match self.app.store.withdraw_reset(user.id, None, self.app.clock.now()).await {
            Ok(()) => {
                line.ok();
                Ok(Reply::User { user: admin::shown(user) })
            }
            Err(error) => {
                line.refused(&error.to_string());
                Err(match error {
                    EditUserError::NoOffer => {
                        anyhow!("there is no reset link for {name} that could be used")
                    }
                    error => error.into(),
                })
            }
        }
    }
}
