use super::*;
use crate::store::{MAX_OAUTH_CLIENTS, OauthClient, OauthClientAdded, OauthClientId, OauthGrant};

/// A client whose secret is told by its hash.
pub(in crate::store) fn oauth_client(name: &str, hash: u8) -> OauthClient {
    let created_at = at(5).now;
    OauthClient {
        id: OauthClientId::new(created_at),
        name: name.to_owned(),
        secret_hash: [hash; 32],
        may: vec![OauthGrant::Introspect, OauthGrant::Revoke],
        created_at,
    }
}

pub(super) async fn an_oauth_client_is_found_by_name_until_it_is_removed(store: Arc<dyn Store>) {
    assert_eq!(store.oauth_clients().await.unwrap(), []);
    let (billing, api) = (oauth_client("billing", 1), oauth_client("API", 2));
    for client in [&billing, &api] {
        let added = store.add_oauth_client(client.clone()).await.unwrap();
        assert_eq!(added, OauthClientAdded::Added);
    }
    assert_eq!(store.oauth_clients().await.unwrap(), [api.clone(), billing.clone()]);
    assert_eq!(store.oauth_client("billing").await.unwrap().as_ref(), Some(&billing));
    for nobody in ["Billing", "billin", "", "%"] {
        assert_eq!(store.oauth_client(nobody).await.unwrap(), None, "{nobody}");
        assert_eq!(store.remove_oauth_client(nobody).await.unwrap(), None, "{nobody}");
    }
    assert_eq!(store.remove_oauth_client("billing").await.unwrap(), Some(billing));
    assert_eq!(store.remove_oauth_client("billing").await.unwrap(), None);
    assert_eq!(store.oauth_client("billing").await.unwrap(), None);
    assert_eq!(store.oauth_clients().await.unwrap(), [api]);
}

pub(super) async fn of_oauth_clients_each_name_is_there_once_and_not_too_many(
    store: Arc<dyn Store>,
) {
    for n in 0..MAX_OAUTH_CLIENTS {
        let added = store.add_oauth_client(oauth_client(&format!("c{n}"), 1)).await.unwrap();
        assert_eq!(added, OauthClientAdded::Added);
        let again = store.add_oauth_client(oauth_client("c0", 2)).await.unwrap();
        assert_eq!(again, OauthClientAdded::NameTaken);
    }
    assert_eq!(store.oauth_client("c0").await.unwrap().unwrap().secret_hash, [1; 32]);
    let beyond = store.add_oauth_client(oauth_client("more", 1)).await.unwrap();
    assert_eq!(beyond, OauthClientAdded::TooMany);
    assert_eq!(store.oauth_client("more").await.unwrap(), None);
    store.remove_oauth_client("c0").await.unwrap().unwrap();
    let added = store.add_oauth_client(oauth_client("c0", 2)).await.unwrap();
    assert_eq!(added, OauthClientAdded::Added);
    assert_eq!(store.oauth_client("c0").await.unwrap().unwrap().secret_hash, [2; 32]);
}
