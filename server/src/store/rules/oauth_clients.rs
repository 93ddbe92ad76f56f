//! Which OAuth clients there may be.

use crate::store::{MAX_OAUTH_CLIENTS, OauthClientAdded};

/// Whether one more may be added, beside so many, one of which may have its name.
pub(crate) fn add_oauth_client(name_is_taken: bool, count: u64) -> OauthClientAdded {
    match (name_is_taken, count) {
        (true, _) => OauthClientAdded::NameTaken,
        (false, MAX_OAUTH_CLIENTS..) => OauthClientAdded::TooMany,
        (false, _) => OauthClientAdded::Added,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_at_most_so_many_and_each_name_once() {
        assert_eq!(add_oauth_client(false, 0), OauthClientAdded::Added);
        assert_eq!(add_oauth_client(true, 1), OauthClientAdded::NameTaken);
        assert_eq!(add_oauth_client(false, MAX_OAUTH_CLIENTS - 1), OauthClientAdded::Added);
        assert_eq!(add_oauth_client(false, MAX_OAUTH_CLIENTS), OauthClientAdded::TooMany);
        assert_eq!(add_oauth_client(true, MAX_OAUTH_CLIENTS), OauthClientAdded::NameTaken);
    }
}
