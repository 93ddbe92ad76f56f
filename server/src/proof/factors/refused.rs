/// Why a second factor does not count, for the audit log.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("wrong one-time code")]
    Code,
    #[error("wrong recovery code")]
    RecoveryCode,
    #[error("wrong passkey")]
    Passkey,
    #[error("the passkey's counter went back: somebody may have a copy of it")]
    Copied,
}
