/// The keys of a database, as it holds them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedKeys {
    /// It grows whenever they are replaced.
    pub version: u64,
    /// None until a server has made them, and after an operator has given them up.
    pub sealed: Option<Vec<u8>>,
    /// The id of the database, which a copy of it shares.
    pub database: String,
}
