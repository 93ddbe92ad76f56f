//! Gives every user a seat: its share of the accounts, signed in where its scenario needs that.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::args::Args;
use super::kind::ScenarioKind;
use super::negative::Negative;
use super::share::Split;
use super::two_step::{ACCOUNTS_PER_USER, TwoStepLogins};
use super::world::{Seat, World};
use crate::accounts::Provisioner;
use crate::sut::{Account, Clients, SignedIn, Target};
use crate::usage::UsageError;

/// How many accounts the run needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct AccountsNeeded {
    /// Those that users have to themselves.
    own: usize,
    /// Those with one-time codes, which users share.
    two_step: usize,
}

/// `--accounts`, in proportion to the users that need some. Without it, one for each user, and
/// [`ACCOUNTS_PER_USER`] for each that signs in in two steps.
pub(crate) fn accounts_needed(args: &Args, split: &Split) -> Result<AccountsNeeded, UsageError> {
    let users = |needs: &dyn Fn(ScenarioKind) -> bool| -> usize {
        split.0.iter().filter(|(kind, _)| needs(*kind)).map(|(_, users)| users).sum()
    };
    let own = users(&|kind| kind.needs_accounts(&args.mix));
    let sharing = users(&ScenarioKind::shares_accounts);
    let all = own + sharing;
    let two_step = match args.accounts.accounts {
        Some(accounts) if accounts < all => {
            let why = format!("{all} users need at least as many accounts: raise --accounts");
            return Err(UsageError(why));
        }
        // Nobody would use them.
        _ if all == 0 => 0,
        None => sharing * ACCOUNTS_PER_USER,
        Some(accounts) => accounts * sharing / all,
    };
    let given = args.accounts.accounts.filter(|_| all > 0);
    Ok(AccountsNeeded { own: given.map_or(own, |accounts| accounts - two_step), two_step })
}

/// Sets the accounts up and seats the users.
pub(crate) async fn seat(
    args: &Args,
    split: &Split,
    target: &Arc<Target>,
    clients: &Clients,
    provisioner: &Provisioner<'_>,
) -> anyhow::Result<World> {
    let AccountsNeeded { own, two_step } = accounts_needed(args, split)?;
    let accounts = provisioner.accounts(own).await?;
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
    // The last, so that its codes are as new as can be.
    let two_step = match two_step {
        0 => None,
        count => Some(TwoStepLogins::new(provisioner.code_accounts(count).await?, count)),
    };
    World::new(Arc::clone(target), seats, args, negative, two_step)
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

    fn needed(line: &[&str]) -> Result<AccountsNeeded, UsageError> {
        let (args, split) = setting(line);
        accounts_needed(&args, &split)
    }

    #[test]
    fn users_that_sign_in_in_two_steps_share_accounts_of_their_own() {
        let of = |own, two_step| Ok(AccountsNeeded { own, two_step });
        let both = ["-u", "4", "--scenario", "second-factor=1,login=3"];
        assert_eq!(needed(&both), of(3, 30));
        assert_eq!(needed(&[&both[..], &["--accounts", "90"]].concat()), of(68, 22));
        assert_eq!(needed(&["-u", "2", "--scenario", "second-factor"]), of(0, 60));
        let alone = ["-u", "2", "--scenario", "second-factor", "--accounts", "9"];
        assert_eq!(needed(&alone), of(0, 9));
        assert!(needed(&[&both[..], &["--accounts", "3"]].concat()).is_err());
    }

    #[test]
    fn users_that_register_need_no_account() {
        let needed = |line: &[&str]| needed(line).map(|needed| needed.own);
        assert_eq!(needed(&["-u", "4", "--scenario", "register"]), Ok(0));
        assert_eq!(needed(&["-u", "4", "--scenario", "mixed", "--mix", "register"]), Ok(0));
        assert_eq!(needed(&["-u", "4", "--scenario", "register,login"]), Ok(2));
        assert_eq!(needed(&["-u", "4", "--accounts", "5000"]), Ok(5000));
        assert!(needed(&["-u", "4", "--accounts", "3"]).is_err());
    }
}
