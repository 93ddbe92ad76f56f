use super::Accounts;
use super::error::AccountError;
use crate::store::{User, UserId, Users};
use crate::username::{Username, fold};

impl Accounts {
    /// The user with this name, in whatever spelling. A name against the rules is nobody's.
    pub async fn user_named(&self, name: &str) -> Result<Option<User>, AccountError> {
        let Ok(username) = Username::given(name) else { return Ok(None) };
        Ok(self.store.user_by_name(username.key()).await?)
    }

    /// The next `limit` users in the order of their ids, after `after`. With a `search`, those
    /// whose names hold it, whatever its case.
    pub async fn users(
        &self,
        search: Option<&str>,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Users, AccountError> {
        Ok(match search {
            // PostgreSQL takes no NUL, and no name has one.
            Some(part) => {
                let part = fold(part).replace('\0', " ");
                self.store.find_users(&part, after, limit).await?
            }
            None => self.store.users(after, limit).await?,
        })
    }
}
