//! The cache of verified access tokens. It makes the next request with the same token cheap.

use prometheus::{IntCounter, IntGauge};

use super::families::Families;

/// Metrics of the cache.
#[derive(Clone, Debug)]
pub struct TokenCache {
    /// Tokens that were in the cache.
    pub hits: IntCounter,
    /// Tokens that were not in the cache and had to be verified.
    pub misses: IntCounter,
    /// How many tokens are in the cache.
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
