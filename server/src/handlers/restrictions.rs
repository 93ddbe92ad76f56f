//! What admins restrict: who may register.

use std::sync::Arc;

use hallpass_contract::RegistrationChange;

use crate::accounts::Accounts;
use crate::answer::Answer;
use crate::origin::{Caller, Origin};
use crate::problem::{Problem, field_error};

/// `POST /api/admin/registration`
pub(crate) async fn set_registration(
    caller: Caller,
    form: RegistrationChange,
    accounts: Arc<Accounts>,
) -> Result<Answer<()>, Problem> {
    let is_open = match form.registration.as_str() {
        "open" => true,
        "closed" => false,
        _ => return Err(neither_open_nor_closed()),
    };
    accounts.set_registration(is_open, Origin::Http(caller)).await?;
    Ok(Answer::done())
}

/// 422.
pub(crate) fn neither_open_nor_closed() -> Problem {
    Problem::invalid_fields(vec![field_error("registration", "Say open or closed.")])
}
