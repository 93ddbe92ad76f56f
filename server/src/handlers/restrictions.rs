//! What admins restrict: who may register, and which networks may use the API.

use std::sync::Arc;
use std::time::Duration;

use hallpass_contract::{BlockBody, BlockList, NewBlock, RegistrationChange};

use crate::accounts::{self, Accounts};
use crate::answer::Answer;
use crate::client::parse_blocked;
use crate::origin::{Caller, Origin};
use crate::problem::{Problem, field_error};
use crate::shown;
use crate::store::BlockId;

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

/// `GET /api/admin/blocks`
pub(crate) async fn blocks(
    _: Caller,
    accounts: Arc<Accounts>,
) -> Result<Answer<BlockList>, Problem> {
    let blocks = accounts.blocks().await?.into_iter().map(shown::block).collect();
    Ok(Answer::ok(BlockList { blocks }))
}

/// `POST /api/admin/blocks`
pub(crate) async fn block(
    caller: Caller,
    form: NewBlock,
    accounts: Arc<Accounts>,
) -> Result<Answer<BlockBody>, Problem> {
    let new = accounts::NewBlock {
        network: parse_blocked(&form.network).map_err(|_| no_network())?,
        lasts: Duration::from_secs(form.seconds),
        reason: form.reason.unwrap_or_default(),
        force: form.force.unwrap_or_default(),
    };
    let block = accounts.block(new, Origin::Http(caller)).await?;
    Ok(Answer::created(BlockBody { block: shown::block(block) }))
}

/// `DELETE /api/admin/blocks/{id}`
pub(crate) async fn unblock(
    caller: Caller,
    id: String,
    accounts: Arc<Accounts>,
) -> Result<Answer<()>, Problem> {
    let id = BlockId::parse(&id).ok_or_else(Problem::not_found)?;
    accounts.unblock(id, Origin::Http(caller)).await?;
    Ok(Answer::done())
}

/// 422.
pub(crate) fn no_network() -> Problem {
    let message = "Give a network or an address, such as 192.0.2.0/24 or 2001:db8::1.";
    Problem::invalid_fields(vec![field_error("network", message)])
}
