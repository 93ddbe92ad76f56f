//! Who may restrict what.

use super::permission::{Asker, admit_fresh_admin};
use crate::store::{EditUserError, Restricted};

/// Opens or closes registration.
pub(crate) fn set_registration(
    by: Option<&Asker>,
    restricted: Restricted,
    is_open: bool,
) -> Result<Restricted, EditUserError> {
    admit_fresh_admin(by)?;
    Ok(changed(Restricted { registration_is_open: Some(is_open), ..restricted }))
}

fn changed(restricted: Restricted) -> Restricted {
    Restricted { version: restricted.version.wrapping_add(1), ..restricted }
}
