/// The most memory for one derivation, in bytes. Each hashing thread may run one at the same time,
/// as far as there is memory for it.
pub(in super::super) const MAX_MEMORY: u64 = 256 << 20;
