//! What second factors a user has, and when one counts.

use std::time::Duration;

use jiff::Timestamp;

use super::accounts::maker_of_offers;
use super::decision::{Changes, Decision, EndSessions};
use super::permission::{Asker, admit_fresh_admin};
use crate::store::{
    Challenge, EditUserError, FactorChange, FactorEdit, FactorUse, Factors, MAX_PASSKEYS, Moment,
    Passkey, Totp, User,
};

/// A change of the asker's own factors. The login must be fresh. One-time codes and a passkey that
/// is the first factor end the asker's other sessions: somebody who knows the password may have
/// begun them. If another session starts, all others end.
pub(crate) fn change_factors(
    by: &Asker,
    edit: FactorEdit,
    at: Moment,
) -> Result<Decision<User>, EditUserError> {
    let before = by.admit()?;
    if !by.actor.fresh {
        return Err(EditUserError::NotFresh);
    }
    let FactorEdit { change, policy, starts } = edit;
    let had_any = before.factors.are_needed();
    // The first factor ends the sessions that are for setting it up.
    if had_any && starts.is_some() {
        return Err(EditUserError::SessionEnded);
    }
    let ends_others = match change {
        FactorChange::ConfirmTotp { .. } => true,
        FactorChange::AddPasskey(_) => !had_any,
        _ => false,
    };
    let factors = changed(before.factors.clone(), change)?;
    let user = User { factors, ..before.clone() };
    if had_any && policy.is_unmet(&user) {
        return Err(EditUserError::LastFactor);
    }
    let add_session = starts.filter(|_| user.factors.are_needed());
    let end_sessions = match add_session {
        Some(_) => Some(EndSessions::all(user.id, at)),
        None => ends_others.then(|| EndSessions::others(by.actor, at)),
    };
    let save_user = Some(user.clone());
    let changes = Changes { end_sessions, save_user, add_session, ..Changes::default() };
    Ok(Decision { answer: user, changes })
}

fn changed(mut factors: Factors, change: FactorChange) -> Result<Factors, EditUserError> {
    match change {
        FactorChange::BeginTotp(totp) => factors.pending_totp = Some(totp),
        FactorChange::ConfirmTotp { created_at, step, recovery_codes } => {
            let pending = factors.pending_totp.take();
            let pending = pending.filter(|totp| totp.created_at == created_at);
            let totp = pending.ok_or(EditUserError::NoFactor)?;
            factors.totp = Some(Totp { last_step: Some(step), ..totp });
            factors.recovery_codes = recovery_codes;
        }
        FactorChange::RemoveTotp => {
            factors.totp.take().ok_or(EditUserError::NoFactor)?;
            factors.pending_totp = None;
        }
        FactorChange::NewRecoveryCodes(codes) => {
            if !factors.are_needed() {
                return Err(EditUserError::NoFactor);
            }
            factors.recovery_codes = codes;
        }
        FactorChange::AddPasskey(passkey) => {
            let is_same = |other: &Passkey| other.credential_id == passkey.credential_id;
            if factors.passkeys.iter().any(is_same) {
                return Err(EditUserError::SamePasskey);
            }
            if factors.passkeys.len() >= MAX_PASSKEYS {
                return Err(EditUserError::TooManyPasskeys);
            }
            factors.passkeys.push(passkey);
        }
        FactorChange::RenamePasskey { id, name } => {
            let passkey = factors.passkeys.iter_mut().find(|passkey| passkey.id == id);
            passkey.ok_or(EditUserError::NoFactor)?.name = name;
        }
        FactorChange::RemovePasskey(id) => {
            let at = factors.passkeys.iter().position(|passkey| passkey.id == id);
            factors.passkeys.remove(at.ok_or(EditUserError::NoFactor)?);
        }
    }
    // Without a factor there is nothing to recover from.
    if !factors.are_needed() {
        factors.recovery_codes.clear();
    }
    Ok(factors)
}

/// Takes all factors from a user, who has lost them. Their sessions end.
pub(crate) fn remove_factors(
    by: Option<&Asker>,
    user: Option<User>,
    at: Moment,
) -> Result<Decision<User>, EditUserError> {
    admit_fresh_admin(by)?;
    let user = user.ok_or(EditUserError::NotFound)?;
    let after = User { factors: Factors::default(), ..user.clone() };
    let changes = Changes {
        end_sessions: Some(EndSessions::all(user.id, at)),
        withdraw_offers_by: maker_of_offers(&user),
        save_user: Some(after),
        ..Changes::default()
    };
    Ok(Decision { answer: user, changes })
}

/// What is left of the factors after one was used. None if it may not be used, or not again.
pub(super) fn use_up(mut factors: Factors, used: &FactorUse) -> Option<Factors> {
    match used {
        FactorUse::Totp { created_at, step } => {
            let totp = factors.totp.as_mut().filter(|totp| totp.created_at == *created_at)?;
            if totp.last_step.is_some_and(|last| last >= *step) {
                return None;
            }
            totp.last_step = Some(*step);
        }
        FactorUse::RecoveryCode(code) => {
            let at = factors.recovery_codes.iter().position(|left| left == code)?;
            factors.recovery_codes.remove(at);
        }
        FactorUse::Passkey { id, state, at, .. } => {
            let passkey = factors.passkeys.iter_mut().find(|passkey| passkey.id == *id)?;
            let (last, next) = (passkey.state.counter, state.counter);
            // One that does not count says 0 for ever.
            if next <= last && (next, last) != (0, 0) {
                return None;
            }
            passkey.state = state.clone();
            passkey.last_used_at = Some(*at);
        }
    }
    Some(factors)
}

/// How long a challenge that has expired is remembered. The clocks of servers differ.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// Challenges that expired by then can be forgotten.
pub(crate) fn forgotten_before(now: Timestamp) -> Timestamp {
    now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN)
}

/// The count of a challenge that was answered.
pub(crate) const CLOSED: u32 = u32::MAX;

/// The count of a challenge's answers after one more, if there may be one.
pub(crate) fn count_answer(challenge: Challenge, answers: Option<u32>) -> Option<u32> {
    let answers = answers.unwrap_or_default();
    (answers < challenge.answers).then(|| answers + 1)
}
