//! What a store must do, in terms of the domain. Each operation is atomic by itself, and when one
//! that writes has answered, its effect survives the loss of power.

mod id;
mod redb;
mod revoked;
mod session;
mod user;

pub use id::{SessionId, UserId, uuid_v7};
pub use redb::{
    DamagedFile, Empty, Finding, InUse, Panic, RedbStore, Repaired, check_file, count_panic,
    repair_file,
};
pub use session::{
    Lifetimes, MAX_SESSIONS, Moment, NewSession, REFRESH_GRACE, Refresh, Rotation, Session,
    UsedBefore, Verified,
};
pub use user::{
    Actor, CreateUserError, EditUserError, Edited, OpenReset, ResetOffer, User, UserEdit,
};

use std::fmt;

use async_trait::async_trait;
use hallpass_contract::Secret;
use jiff::Timestamp;

/// The store could not do its work. A write may have taken effect or not, as when the disk fails
/// while it syncs.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StoreError(#[from] pub anyhow::Error);

/// How much a store holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StoreCounts {
    /// Users.
    pub users: u64,
    /// Sessions that have not ended, and those that expired since the last sweep.
    pub sessions: u64,
    /// Sessions that [`Store::is_revoked`] knows.
    pub revoked: u64,
    /// Writes that wait to be made.
    pub queue: u64,
}

/// Some of the users.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Users {
    /// Those whose records can be read.
    pub users: Vec<User>,
    /// Those whose records can't be.
    pub damaged: Vec<UserId>,
    /// What to give as `after` for more; none if there are no more.
    pub next: Option<UserId>,
}

/// Whether keys were made for a database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeysRecord {
    /// Never: no server has run on it.
    NeverMade,
    /// They were, and must be there.
    Made,
    /// An operator gave them up; the next start makes new ones.
    Reset,
}

/// Where users and sessions are kept.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Adds a user, unless another one has the name in whatever spelling. Of several at once with
    /// the same name, one is added. `address` is from where a person registers, and `None` if an
    /// operator makes the user. It is remembered, and a person's name must not look like another's.
    async fn create_user(&self, user: User, address: Option<String>)
    -> Result<(), CreateUserError>;

    /// Adds those users whose names nobody has yet in whatever spelling, and says of each whether it was
    /// added.
    async fn import_users(&self, users: Vec<User>) -> Result<Vec<bool>, StoreError>;

    /// The user with this id.
    async fn user_by_id(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user with this case-mapped name, or else the only one of whose name it is another
    /// spelling.
    async fn user_by_name(&self, username_key: &str) -> Result<Option<User>, StoreError>;

    /// The same for all spellings of a name, whether or not somebody has it: what attempts are
    /// counted by. Two users whose names were told apart before they were folded have two.
    async fn account_of(&self, username_key: &str) -> Result<String, StoreError>;

    /// Whether the name, as it is shown, looks like that of a user who is there, and one of the two
    /// has letters beyond ASCII. It takes the same time however many users there are.
    async fn looks_like_another(&self, username: &str) -> Result<bool, StoreError>;

    /// The next `limit` records of users in the order of their ids, after `after`. A record that
    /// can't be read costs no other.
    async fn users(&self, after: Option<UserId>, limit: usize) -> Result<Users, StoreError>;

    /// Changes a user. What shuts the user out ends the user's sessions and reset offer, and who is no
    /// admin any more has made no offers. The last active admin stays one. Without an actor it is the
    /// command line that asks.
    async fn edit_user(
        &self,
        id: UserId,
        edit: UserEdit,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<Edited, EditUserError>;

    /// Removes a user with all that belongs to them and the reset offers they made, unless they are the last active admin.
    async fn delete_user(
        &self,
        id: UserId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<User, EditUserError>;

    /// Sets a password hash, whatever was there before; the user's sessions end, and so does any
    /// reset offer to the user or by them. Whether the user is there.
    async fn set_password(&self, id: UserId, new: Secret, at: Moment) -> Result<bool, StoreError>;

    /// Sets the actor's own password hash in the place of the one with this
    /// [version](User::password_version); the actor's other sessions end, and so does any reset
    /// offer to the actor or by them.
    async fn change_password(
        &self,
        by: Actor,
        version: u32,
        new: Secret,
        at: Moment,
    ) -> Result<(), EditUserError>;

    /// Lets whoever knows the token set a new password, once; an earlier offer to the user ends.
    async fn offer_reset(&self, offer: ResetOffer) -> Result<(), EditUserError>;

    /// The offers that can still be taken up, in the order in which they were made.
    async fn open_resets(&self, now: Timestamp) -> Result<Vec<OpenReset>, StoreError>;

    /// Withdraws the offer to this user.
    async fn withdraw_reset(
        &self,
        user: UserId,
        by: Option<Actor>,
        now: Timestamp,
    ) -> Result<(), EditUserError>;

    /// Whose password the token with this SHA-256 may set.
    async fn reset_offered(
        &self,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<User>, StoreError>;

    /// Takes up the offer: sets the password hash and ends the user's sessions. Not if the offer is
    /// gone by now; then `None`.
    async fn take_up_reset(
        &self,
        token_hash: [u8; 32],
        new: Secret,
        at: Moment,
    ) -> Result<Option<UserId>, StoreError>;

    /// Starts a session, and yields the user as they are now; not if the user is gone, is disabled
    /// or has another password by now. Beyond [`MAX_SESSIONS`] of a user, another one ends.
    async fn start_session(&self, new: NewSession) -> Result<Option<User>, StoreError>;

    /// Whether the user with this case-mapped name registered or signed in from this address
    /// before, as far as is remembered.
    async fn is_known_address(&self, username_key: &str, address: &str)
    -> Result<bool, StoreError>;

    /// The session, if it has not ended.
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// The user's sessions that have not ended.
    async fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Exchanges a session's refresh token for the next one. One that was used before ends the
    /// session and the reset offers that its user made, unless [its answer may have been
    /// lost](Session::used_before).
    async fn refresh(&self, refresh: Refresh) -> Result<Rotation, StoreError>;

    /// Notes that the user gave their password again, and yields the session and the user as they
    /// are now, if the session and that password are still there.
    async fn reauthenticate(
        &self,
        id: SessionId,
        verified: Verified,
        at: Moment,
    ) -> Result<Option<(Session, User)>, StoreError>;

    /// Ends a session, also one that is forgotten by now: its access tokens may still be around.
    async fn end_session(&self, id: SessionId, at: Moment) -> Result<(), StoreError>;

    /// Ends the actor's own sessions but the one in which they ask, and says how many.
    async fn end_other_sessions(&self, by: Actor, at: Moment) -> Result<usize, EditUserError>;

    /// Ends all sessions of a user, and says how many. If somebody else asks, the reset offers that the
    /// user made end, too.
    async fn end_sessions(
        &self,
        user: UserId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<usize, EditUserError>;

    /// Ends the sessions of all users, and says how many.
    async fn end_all_sessions(&self, at: Moment) -> Result<usize, StoreError>;

    /// Whether the session was ended while its access tokens may still be around. Answered from
    /// memory, at once.
    fn is_revoked(&self, id: SessionId) -> bool;

    /// Another number whenever a user may have changed, from before that change is acknowledged: what
    /// was read after the number was asked for holds for as long as the number is the same. Users
    /// who come to be don't count. Answered from memory, at once.
    fn users_version(&self) -> u64;

    /// Forgets what has expired, and says how many sessions that were.
    async fn sweep(&self, now: Timestamp) -> Result<usize, StoreError>;

    /// How much there is.
    async fn counts(&self) -> Result<StoreCounts, StoreError>;

    /// Whether the store can read and write.
    async fn check(&self) -> Result<(), StoreError>;
}
