use super::Accounts;
use super::error::AccountError;
use crate::store::{User, UserId, Users};
use crate::username::Username;

impl Accounts {
    /// The user with this name, in whatever spelling. A name against the rules is nobody's.
    pub async fn user_named(&self, name: &str) -> Result<Option<User>, AccountError> {
        let Ok(username) = Username::parse(name) else { return Ok(None) };
        Ok(self.store.user_by_name(username.key()).await?)
    }

    /// The next `limit` users in the order of their ids, after `after`.
    pub async fn users(&self, after: Option<UserId>, limit: usize) -> Result<Users, AccountError> {
        Ok(self.store.users(after, limit).await?)
    }
}
