use super::{StoredHash, foreign, phc};

impl StoredHash {
    /// Reads a hash in one of these formats. The foreign ones use the bytes of their salt
    /// undecoded:
    ///
    /// - our own: the PHC string `$pbkdf2-sha256$i=600000,l=32$salt$key`
    /// - Werkzeug: `pbkdf2:sha256:iterations$salt$hex`, also with `sha1` and `sha512`, and
    ///   `scrypt:N:r:p$salt$hex`
    /// - Django: `pbkdf2_sha256$iterations$salt$base64`
    ///
    /// # Errors
    ///
    /// Says what is wrong, without quoting the hash: an unknown format, a missing or damaged part,
    /// or parameters with which one verification would stall the server.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        if text.starts_with('$') { phc::parse(text) } else { foreign::parse(text) }
    }
}
