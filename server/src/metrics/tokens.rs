//! Access tokens that were verified and are kept, so that the next request with one is cheap.

use prometheus::{IntCounter, IntGauge};

use super::families::Families;

/// How well the cache does.
#[derive(Clone, Debug)]
pub struct TokenCache {
    /// Tokens that were there.
    pub hits: IntCounter,
    /// Tokens that were not there, and had to be verified.
    pub misses: IntCounter,
    /// How many are there.
    pub entries: IntGauge,
}

impl TokenCache {
    pub(super) fn new(families: Families<'_>) -> Self {
        Self {
            hits: families.counter(
                "hallpass_token_cache_hits_total",
                "Access tokens that had been verified before.",
            ),
            misses: families.counter(
                "hallpass_token_cache_misses_total",
                "Access tokens whose signature had to be looked at.",
            ),
            entries: families
                .gauge("hallpass_token_cache_entries", "Verified access tokens that are kept."),
        }
    }
}
