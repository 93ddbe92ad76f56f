//! Who may restrict what.

use jiff::Timestamp;

use super::permission::{Asker, admit_fresh_admin};
use crate::store::{Block, BlockId, EditUserError, MAX_BLOCKS, Restricted};

/// What is restricted from now on, and the answer.
type Change<T> = Result<(Restricted, T), EditUserError>;

/// Opens or closes registration.
pub(crate) fn set_registration(
    by: Option<&Asker>,
    mut restricted: Restricted,
    is_open: bool,
) -> Change<()> {
    admit_fresh_admin(by)?;
    restricted.registration_is_open = Some(is_open);
    Ok((changed(restricted), ()))
}

/// Blocks a network. It takes the place of an earlier block of the same network.
pub(crate) fn add_block(
    by: Option<&Asker>,
    mut restricted: Restricted,
    mut block: Block,
) -> Change<Block> {
    admit_fresh_admin(by)?;
    forget_over(&mut restricted, block.since);
    let blocks = &mut restricted.blocks;
    let known = blocks.iter().position(|known| known.network == block.network);
    match known {
        Some(known) => {
            block.id = blocks[known].id;
            blocks[known] = block.clone();
        }
        None if blocks.len() >= MAX_BLOCKS => return Err(EditUserError::TooManyBlocks),
        None => blocks.push(block.clone()),
    }
    Ok((changed(restricted), block))
}

/// Ends a block.
pub(crate) fn remove_block(
    by: Option<&Asker>,
    mut restricted: Restricted,
    id: BlockId,
    now: Timestamp,
) -> Change<Block> {
    admit_fresh_admin(by)?;
    forget_over(&mut restricted, now);
    let at = restricted.blocks.iter().position(|block| block.id == id);
    let removed = restricted.blocks.remove(at.ok_or(EditUserError::NoBlock)?);
    Ok((changed(restricted), removed))
}

fn forget_over(restricted: &mut Restricted, now: Timestamp) {
    restricted.blocks.retain(|block| !block.is_over(now));
}

fn changed(restricted: Restricted) -> Restricted {
    Restricted { version: restricted.version.wrapping_add(1), ..restricted }
}
