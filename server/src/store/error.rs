//! Why an operation of the store was not carried out.

/// The store failed. A write may have taken effect all the same, as when the disk fails during
/// the sync.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store can't do its work now, and may be able to soon: the disk is full, or the database
    /// is being opened again.
    #[error("the store is not available right now; try again soon")]
    Unavailable(#[source] anyhow::Error),
    /// This server has lost touch with the database that it shares with others. So it can't tell
    /// whether a token is still good.
    #[error("this server has lost touch with the database; ask another one, or try again soon")]
    OutOfTouch(#[source] anyhow::Error),
    /// Another transaction changed the same rows. The same operation may succeed at once.
    #[error("another change came between; try again")]
    Conflict(#[source] anyhow::Error),
    /// A record or the whole database can't be read or written, and a person has to mend it.
    #[error("the store can't read what it needs")]
    Damaged(#[source] anyhow::Error),
}

impl StoreError {
    /// As [`OutOfTouch`](Self::OutOfTouch), if the database could not be asked.
    pub(super) fn out_of_touch(self) -> Self {
        match self {
            Self::Unavailable(cause) => Self::OutOfTouch(cause),
            error => error,
        }
    }
}

/// Why a user was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    /// Another user has the name.
    #[error("the username is taken")]
    NameTaken,
    /// Another user has a name that looks like it.
    #[error("the username looks like another user's")]
    LooksLikeAnother,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a user, or what is restricted, was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditUserError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// There is no open reset offer to the user.
    #[error("there is no reset link for this user")]
    NoOffer,
    /// The user has no such session, or not any more.
    #[error("the user has no such session")]
    NoSession,
    /// The user has no such factor, or has not begun to set it up.
    #[error("there is no such factor")]
    NoFactor,
    /// The user must have a second factor, and this is the last.
    #[error("a second factor is required, and this is the last")]
    LastFactor,
    /// The user has as many passkeys as may be.
    #[error("there are as many passkeys as may be; remove one first")]
    TooManyPasskeys,
    /// The user has this passkey already.
    #[error("this passkey was added before")]
    SamePasskey,
    /// There is no such block, or not any more.
    #[error("there is no such block")]
    NoBlock,
    /// As many networks are blocked as may be.
    #[error("too many networks are blocked; end the block of another one first")]
    TooManyBlocks,
    /// No active admin would be left.
    #[error("this is the last admin; make another one first")]
    LastAdmin,
    /// The session in which the actor asked has ended.
    #[error("the session of whoever asked has ended")]
    SessionEnded,
    /// The actor is no admin, or not any more.
    #[error("whoever asked is no admin any more")]
    NoAdmin,
    /// The actor's login is not fresh.
    #[error("the login of whoever asked is too old for this")]
    NotFresh,
    /// The password that was checked is not the user's any more.
    #[error("the password was changed meanwhile")]
    PasswordChanged,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<'a> From<&'a CreateUserError> for Option<&'a StoreError> {
    fn from(error: &'a CreateUserError) -> Self {
        if let CreateUserError::Store(error) = error { Some(error) } else { None }
    }
}

impl<'a> From<&'a EditUserError> for Option<&'a StoreError> {
    fn from(error: &'a EditUserError) -> Self {
        if let EditUserError::Store(error) = error { Some(error) } else { None }
    }
}
