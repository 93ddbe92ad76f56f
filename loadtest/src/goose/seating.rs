//! Gives every user a seat: its share of the accounts, signed in where its scenario needs that.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::args::Args;
use super::kind::ScenarioKind;
use super::negative::Negative;
use super::share::Split;
use super::world::{Seat, World};
use crate::accounts::Provisioner;
use crate::sut::{Account, Clients, SignedIn, Target};
use crate::usage::UsageError;

/// How many accounts the run needs, for `--accounts` or, without it, one for each user that has
/// any.
pub(crate) fn accounts_needed(args: &Args, split: &Split) -> Result<usize, UsageError> {
    let users: usize = split
        .0
        .iter()
        .filter(|(kind, _)| kind.needs_accounts(&args.mix))
        .map(|(_, users)| users)
        .sum();
    match args.accounts.accounts {
        Some(accounts) if accounts < users => Err(UsageError(format!(
            "{users} users need at least as many accounts: raise --accounts"
        ))),
        // Nobody would use them.
        _ if users == 0 => Ok(0),
        accounts => Ok(accounts.unwrap_or(users)),
    }
}

/// Sets the accounts up and seats the users.
pub(crate) async fn seat(
    args: &Args,
    split: &Split,
    target: &Arc<Target>,
    clients: &Clients,
    provisioner: &Provisioner<'_>,
) -> anyhow::Result<World> {
    let count = accounts_needed(args, split)?;
    let accounts = provisioner.accounts(count).await?;
    let hands = deal(accounts, split, args);
    // It ages while the others sign in.
    let doomed =
        hands.get(&ScenarioKind::Negative).and_then(|hands| hands.first()?.first().cloned());
    let doomed = match doomed {
        Some(account) => Some(provisioner.sign_in_one(&account).await?),
        None => None,
    };
    let sessions = provisioner.sign_in(&to_sign_in(&hands, args)).await?;
    let seats = seats(split, hands, sessions, args, clients)?;
    let negative = match doomed {
        Some(doomed) => {
            Some(Negative::prepare(provisioner, target, &doomed, args.expiry_wait).await?)
        }
        None => None,
    };
    World::new(Arc::clone(target), seats, &args.mix, args.verifies_per_login, negative)
}

/// The accounts that are used with a token from the start, in the order of the users.
fn to_sign_in(hands: &BTreeMap<ScenarioKind, Vec<Hand>>, args: &Args) -> Hand {
    let need = hands.iter().filter(|(kind, _)| kind.needs_sessions(&args.mix));
    need.flat_map(|(_, hands)| hands.concat()).collect()
}

/// A seat for each user. The sessions are those of [`to_sign_in`], in its order.
fn seats(
    split: &Split,
    mut hands: BTreeMap<ScenarioKind, Vec<Hand>>,
    sessions: Vec<SignedIn>,
    args: &Args,
    clients: &Clients,
) -> anyhow::Result<BTreeMap<ScenarioKind, Vec<Seat>>> {
    let mut sessions = sessions.into_iter();
    let mut seats: BTreeMap<ScenarioKind, Vec<Seat>> = BTreeMap::new();
    for (kind, users) in split.0.iter().copied().collect::<BTreeMap<_, _>>() {
        let mut hands = hands.remove(&kind).unwrap_or_default().into_iter();
        for number in 0..users {
            let mut seat = Seat::new(clients.client()?, number);
            seat.accounts = hands.next().unwrap_or_default();
            if kind.needs_sessions(&args.mix) {
                seat.sessions = sessions.by_ref().take(seat.accounts.len()).collect();
            }
            seats.entry(kind).or_default().push(seat);
        }
    }
    Ok(seats)
}

/// The accounts of one user.
type Hand = Vec<Arc<Account>>;

/// Deals the accounts to the users that need some, one at a time.
fn deal(
    accounts: Vec<Arc<Account>>,
    split: &Split,
    args: &Args,
) -> BTreeMap<ScenarioKind, Vec<Hand>> {
    let mut hands: BTreeMap<ScenarioKind, Vec<Hand>> = split
        .0
        .iter()
        .filter(|(kind, _)| kind.needs_accounts(&args.mix))
        .map(|(kind, users)| (*kind, vec![Hand::new(); *users]))
        .collect();
    let mut players: Vec<&mut Hand> = hands.values_mut().flatten().collect();
    let count = players.len().max(1);
    for (at, account) in accounts.into_iter().enumerate() {
        if let Some(hand) = players.get_mut(at % count) {
            hand.push(account);
        }
    }
    hands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goose::args::tests::parse;

    fn setting(line: &[&str]) -> (Args, Split) {
        let args = parse(line).unwrap();
        let split = Split::of(args.users, &args.scenario).unwrap();
        (args, split)
    }

    #[test]
    fn every_user_has_an_account_and_more_are_shared_out_evenly() {
        let (args, split) = setting(&["-u", "3", "--scenario", "login=2,verify=1"]);
        let accounts: Vec<Arc<Account>> =
            (0..8).map(|n| Arc::new(Account::new(format!("u{n}"), "p"))).collect();
        let hands = deal(accounts, &split, &args);
        let sizes: Vec<usize> = hands.values().flatten().map(Vec::len).collect();
        assert_eq!(sizes, [3, 3, 2]);
        let mut names: Vec<&str> =
            hands.values().flatten().flatten().map(|account| account.username.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 8);
    }

    #[test]
    fn users_that_register_need_no_account() {
        let needed = |line: &[&str]| {
            let (args, split) = setting(line);
            accounts_needed(&args, &split)
        };
        assert_eq!(needed(&["-u", "4", "--scenario", "register"]), Ok(0));
        assert_eq!(needed(&["-u", "4", "--scenario", "mixed", "--mix", "register"]), Ok(0));
        assert_eq!(needed(&["-u", "4", "--scenario", "register,login"]), Ok(2));
        assert_eq!(needed(&["-u", "4", "--accounts", "5000"]), Ok(5000));
        assert!(needed(&["-u", "4", "--accounts", "3"]).is_err());
    }
}
