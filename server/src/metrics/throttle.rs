//! Requests that a throttle refused.

use prometheus::IntCounter;

use super::families::Families;

/// Refusals, by the limit that was reached.
#[derive(Clone, Debug)]
pub struct Throttled {
    /// Password attempts from one address.
    pub passwords: IntCounter,
    /// Registrations from one address.
    pub registrations: IntCounter,
    /// Questions for passkeys from one address.
    pub questions: IntCounter,
    /// Wrong secrets of OAuth clients from one address.
    pub clients: IntCounter,
    /// Failures of one account from one address.
    pub failures: IntCounter,
    /// Failures of one account in a row, at an address that is not known for it.
    pub streak: IntCounter,
    /// Failures or registrations from one wide IPv6 network.
    pub prefix: IntCounter,
}

impl Throttled {
    pub(super) fn new(families: Families<'_>) -> Self {
        let name = "hallpass_throttled_total";
        let family = families.counters(name, "Attempts that were too many.", &["limit"]);
        let limit = |limit| family.with_label_values(&[limit]);
        Self {
            passwords: limit("passwords"),
            registrations: limit("registrations"),
            questions: limit("questions"),
            clients: limit("clients"),
            failures: limit("failures"),
            streak: limit("streak"),
            prefix: limit("prefix"),
        }
    }
}
