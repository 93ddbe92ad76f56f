/// Addresses that are remembered of each user.
const MAX_ADDRESSES: usize = 16;

/// The addresses to remember of a user who signs in from `address`, the newest one last. None if
/// those that are `known` stay as they are.
pub(crate) fn remember(mut known: Vec<String>, address: String) -> Option<Vec<String>> {
    if known.last() == Some(&address) {
        return None;
    }
    known.retain(|other| *other != address);
    known.push(address);
    let surplus = known.len().saturating_sub(MAX_ADDRESSES);
    Some(known.split_off(surplus))
}
