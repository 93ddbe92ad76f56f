//! Second factors: the second step of a login, and setting them up.

use std::sync::Arc;

use hallpass_contract::{
    FactorList, Login, RecoveryCodes, SecondFactor, TotpConfirmation, TotpFactor, TotpSetup,
};

use super::admin::user_id;
use super::login::{factor, no_code};
use super::passkeys;
use super::signed_in::{with_cookie, with_login};
use crate::accounts::{AccountError, Accounts};
use crate::answer::Answer;
use crate::client::Client;
use crate::origin::{Caller, Origin};
use crate::problem::Problem;
use crate::proof::factors::FactorProof;
use crate::shown;
use crate::site::Site;

/// `POST /api/login/second-factor`
pub(crate) async fn second_factor(
    form: SecondFactor,
    client: Client,
    accounts: Arc<Accounts>,
    site: Arc<Site>,
) -> Result<Answer<Login>, Problem> {
    let SecondFactor { challenge, totp, recovery_code, passkey } = form;
    let code = factor(totp, recovery_code)?;
    let passkey = passkey.map(|passkey| passkeys::read(passkey, "passkey")).transpose()?;
    let by_passkey = passkey.is_some();
    let proof = match (code, passkey) {
        (Some(code), None) => code,
        (None, Some(passkey)) => FactorProof::Passkey(passkey),
        _ => return Err(no_code()),
    };
    let signed_in = accounts.answer_challenge(&challenge, proof, client).await;
    let signed_in = signed_in.map_err(|error| match error {
        AccountError::NotProven if by_passkey => Problem::wrong_passkey(),
        AccountError::NotProven => Problem::wrong_factor(),
        error => error.into(),
    })?;
    with_cookie(signed_in, &site)
}

/// `GET /api/me/factors`
pub(crate) async fn list(
    caller: Caller,
    accounts: Arc<Accounts>,
) -> Result<Answer<FactorList>, Problem> {
    let factors = accounts.factors(&caller).await?;
    let totp = factors.totp.map(|totp| TotpFactor { created_at: totp.created_at.to_string() });
    let passkeys = factors.passkeys.iter().map(shown::passkey).collect();
    Ok(Answer::ok(FactorList { totp, recovery_codes: factors.recovery_codes.len(), passkeys }))
}

/// `POST /api/me/totp`
pub(crate) async fn begin_totp(
    caller: Caller,
    accounts: Arc<Accounts>,
) -> Result<Answer<TotpSetup>, Problem> {
    let new = accounts.begin_totp(caller).await?;
    Ok(Answer::ok(TotpSetup { secret: new.secret, uri: new.uri, qr_svg: new.qr_svg }))
}

/// `POST /api/me/totp/confirm`
pub(crate) async fn confirm_totp(
    caller: Caller,
    form: TotpConfirmation,
    accounts: Arc<Accounts>,
    site: Arc<Site>,
) -> Result<Answer<RecoveryCodes>, Problem> {
    let (recovery_codes, signed_in) = accounts.confirm_totp(caller, &form.code).await?;
    with_login(|login| Answer::ok(RecoveryCodes { recovery_codes, login }), signed_in, &site)
}

/// `DELETE /api/me/totp`
pub(crate) async fn remove_totp(
    caller: Caller,
    accounts: Arc<Accounts>,
) -> Result<Answer<()>, Problem> {
    accounts.remove_totp(caller).await?;
    Ok(Answer::done())
}

/// `POST /api/me/recovery-codes`
pub(crate) async fn recovery_codes(
    caller: Caller,
    accounts: Arc<Accounts>,
) -> Result<Answer<RecoveryCodes>, Problem> {
    let recovery_codes = accounts.renew_recovery_codes(caller).await?;
    Ok(Answer::ok(RecoveryCodes { recovery_codes, login: None }))
}

/// `DELETE /api/admin/users/{id}/factors`
pub(crate) async fn reset(
    caller: Caller,
    id: String,
    accounts: Arc<Accounts>,
) -> Result<Answer<()>, Problem> {
    accounts.reset_factors(user_id(&id)?, Origin::Http(caller)).await?;
    Ok(Answer::done())
}
