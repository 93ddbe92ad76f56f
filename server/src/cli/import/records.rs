use std::io;

use crate::accounts::UserRecord;

/// A record, or what is wrong with it, and the number of its first line.
pub(super) type Numbered = (u64, Result<UserRecord, String>);

/// The records of a file.
pub(super) trait Records {
    /// The next one.
    fn next(&mut self) -> io::Result<Option<Numbered>>;

    /// How much of the file was read.
    fn bytes_read(&self) -> u64;
}
