use serde::{Deserialize, Serialize};

/// Whether keys were made for a database.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum KeysRecord {
    /// No: no server has run on it.
    NeverMade,
    /// Yes. They must be there.
    Made,
    /// An operator gave them up. The next start makes new ones.
    Reset,
}
