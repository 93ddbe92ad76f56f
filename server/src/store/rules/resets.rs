//! Reset offers: who may make and withdraw them, and how long they are open.

use hallpass_contract::Secret;
use jiff::Timestamp;

use super::accounts::set_password;
use super::decision::{Changes, Decision};
use super::permission::{Asker, admit_admin, demand_fresh};
use super::revocation::has_expired;
use crate::store::{EditUserError, Moment, ResetOffer, User, UserId};

/// An offer to a user, who `exists` or not. It takes the place of an earlier one.
pub(crate) fn offer(
    by: &Asker,
    exists: bool,
    offer: ResetOffer,
) -> Result<Decision<()>, EditUserError> {
    admit_admin(Some(by))?;
    if !exists {
        return Err(EditUserError::NotFound);
    }
    let changes = Changes {
        withdraw_offer_to: Some(offer.user),
        save_offer: Some(offer),
        ..Changes::default()
    };
    Ok(Decision { answer: (), changes })
}

/// Whether an offer that `maker` made can be taken up.
pub(crate) fn is_open(maker: Option<&User>, expires_at: Timestamp, now: Timestamp) -> bool {
    !has_expired(expires_at, now) && maker.is_some_and(User::is_active_admin)
}

/// The withdrawal of the offer to `user`. A void offer is withdrawn, too, and counts as none.
pub(crate) fn withdraw(
    by: Option<&Asker>,
    user: Option<&User>,
    is_open: bool,
) -> Decision<Result<(), EditUserError>> {
    let user = match admit_withdrawal(by, user) {
        Ok(user) => user,
        Err(refusal) => return Decision::unchanged(Err(refusal)),
    };
    let answer = if is_open { Ok(()) } else { Err(EditUserError::NoOffer) };
    let changes = Changes { withdraw_offer_to: Some(user.id), ..Changes::default() };
    Decision { answer, changes }
}

fn admit_withdrawal<'a>(
    by: Option<&Asker>,
    user: Option<&'a User>,
) -> Result<&'a User, EditUserError> {
    admit_admin(by)?;
    let user = user.ok_or(EditUserError::NotFound)?;
    demand_fresh(by, user.is_admin())?;
    Ok(user)
}

/// The new password hash of a user who has an open offer.
pub(crate) fn take_up(
    offered_to: Option<User>,
    new: Secret,
    at: Moment,
) -> Decision<Option<UserId>> {
    let id = offered_to.as_ref().map(|user| user.id);
    Decision { answer: id, changes: set_password(offered_to, new, at).changes }
}
