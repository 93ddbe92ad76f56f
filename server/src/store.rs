//! Where accounts and sessions are kept: what every backend promises.
//!
//! A backend carries out the decisions of `rules` and makes none of its own. `conformance` has a
//! test for each promise of [`Store`]; a new backend is done when it passes them all.

mod actor;
mod applied;
mod audit;
mod backup;
mod challenge;
#[cfg(test)]
mod conformance;
mod copy;
mod error;
mod factor_edit;
mod factors;
mod failures;
mod id;
mod keys_record;
mod lease;
mod oauth_client;
mod postgres;
mod redb;
mod reset;
mod restrictions;
mod retrying;
mod revoked;
mod rules;
mod sealed_keys;
mod session;
mod user;
mod versions;

#[cfg(test)]
pub(crate) use postgres::tests::fresh_store;

pub use actor::Actor;
pub use audit::{AuditEntry, AuditPage, AuditQuery, AuditRecord};
pub use backup::{BackupError, Beside, Head as BackupHead, NotSound, verify as verify_backup};
pub use challenge::{Challenge, MAX_ANSWERS};
pub use copy::{Copied, Copying, Kind, Place, Progress};
pub use error::{CreateUserError, EditUserError, StoreError};
pub use factor_edit::{FactorEdit, FactorPolicy};
pub use factors::{
    FactorChange, FactorUse, Factors, MAX_PASSKEYS, Passkey, PasskeyState, RecoveryCode, Sealed,
    Totp,
};
pub use failures::{FailureQuota, Failures, SharedFailures};
pub use id::{AuditId, BlockId, ChallengeId, OauthClientId, PasskeyId, SessionId, UserId, uuid_v7};
pub use keys_record::KeysRecord;
pub use lease::Lease;
pub use oauth_client::{MAX_OAUTH_CLIENTS, OauthClient, OauthClientAdded, OauthGrant};
pub use postgres::{DatabaseUrl, KeyRows, LONGEST_LEASE, NodeSettings, PostgresStore, check_url};
pub use redb::{
    BadBackup, DamagedFile, Empty, Finding, InUse, Panic, RedbStore, Repaired, check_backup,
    check_file, count_panic, repair_file, restore_backup,
};
pub use reset::{OpenReset, ResetOffer};
pub use restrictions::{Block, MAX_BLOCKS, Restricted, Restrictions};
pub use retrying::Retrying;
pub(crate) use rules::is_exchangeable;
pub use sealed_keys::SealedKeys;
pub use session::{
    Authority, Lifetimes, MAX_SESSIONS, Moment, NewSession, REFRESH_GRACE, Refresh, Rotation,
    Session, Verified,
};
pub use user::{Edited, User, UserEdit};

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use async_trait::async_trait;
use hallpass_contract::Secret;
use jiff::Timestamp;

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

/// One page of the users.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Users {
    /// The users whose records can be read.
    pub users: Vec<User>,
    /// The users whose records can't be read.
    pub damaged: Vec<UserId>,
    /// The `after` of the next page. None on the last one.
    pub next: Option<UserId>,
}

/// Where accounts and sessions are kept.
///
/// Each operation is atomic. Once one that writes has answered, its effect survives a loss of
/// power. An operation that is refused changes nothing, unless its documentation says otherwise.
///
/// Where an operation takes `by`, the actor is checked in the same transaction: their session is
/// there, they are not disabled, and an admin still has the role. Without `by` the operator asks,
/// who may do anything. An actor who does not ask as an admin changes nobody but themselves, and
/// neither roles nor reset offers.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Adds a user.
    ///
    /// Refused if another user has the name in whatever spelling. Of several at once with the same
    /// name, one is added. `address` is the network from which a person registers; it is
    /// remembered. A person's name must not look like another user's. Without an address an
    /// operator makes the user, whose name may.
    async fn create_user(&self, user: User, address: Option<String>)
    -> Result<(), CreateUserError>;

    /// Adds those users whose names nobody has in whatever spelling. Says of each in turn whether
    /// they were added.
    async fn import_users(&self, users: Vec<User>) -> Result<Vec<bool>, StoreError>;

    /// The user with this id.
    async fn user_by_id(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user with this case-mapped name. If nobody has it, the only user of whose name it is
    /// another spelling.
    async fn user_by_name(&self, username_key: &str) -> Result<Option<User>, StoreError>;

    /// The key by which attempts on a name are counted. It is the same for all spellings, whether
    /// or not somebody has the name. Where two users have spellings of one name, each has a key.
    async fn account_of(&self, username_key: &str) -> Result<String, StoreError>;

    /// Whether the name, as it is shown, looks like another user's and one of the two has letters
    /// beyond ASCII. It takes the same time however many users there are.
    async fn looks_like_another(&self, username: &str) -> Result<bool, StoreError>;

    /// At most `limit` users after `after`, in the order of their ids. A record that can't be read
    /// does not keep the others from being read.
    async fn users(&self, after: Option<UserId>, limit: usize) -> Result<Users, StoreError>;

    /// As [`users`](Self::users), of those whose names hold `part` in whatever spelling. `part` is
    /// folded as names are.
    async fn find_users(
        &self,
        part: &str,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Users, StoreError>;

    /// Changes a user.
    ///
    /// - Disabling a user ends their sessions and the reset offer to them.
    /// - When a user becomes or ceases to be an active admin, the reset offers they made end.
    /// - The last active admin stays one.
    /// - An admin needs a fresh login if the user is or becomes an admin, or is enabled again.
    async fn edit_user(
        &self,
        id: UserId,
        edit: UserEdit,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<Edited, EditUserError>;

    /// Removes a user, their sessions, the reset offer to them and the reset offers they made. The
    /// name is free then. The last active admin is not removed. The audit log forgets the user's
    /// addresses and browsers before this answers; of very many, a crash may leave some.
    async fn delete_user(
        &self,
        id: UserId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<User, EditUserError>;

    /// Sets a password hash, whatever was there before. The user's sessions end, and so do the
    /// reset offer to them and the reset offers they made. Says whether the user is there.
    async fn set_password(&self, id: UserId, new: Secret, at: Moment) -> Result<bool, StoreError>;

    /// Sets the actor's own password hash.
    ///
    /// Refused unless the actor's password still has this [version](User::password_version). The
    /// actor's other sessions end, and so do the reset offer to them and the reset offers they
    /// made.
    async fn change_password(
        &self,
        by: Actor,
        version: u32,
        new: Secret,
        at: Moment,
    ) -> Result<(), EditUserError>;

    /// Changes the actor's own second factors, and returns the user as they are then. The login
    /// must be fresh.
    ///
    /// - One-time codes count from [`FactorChange::ConfirmTotp`] on. That confirms the secret which
    ///   was begun last, and no other. The actor's other sessions end with it.
    /// - Recovery codes go with the last factor. That stays where it [must](FactorEdit::policy).
    /// - If the edit [starts](FactorEdit::starts) a session and gives the actor the first factor,
    ///   all sessions of the actor end but that one.
    async fn change_factors(
        &self,
        by: Actor,
        edit: FactorEdit,
        at: Moment,
    ) -> Result<User, EditUserError>;

    /// Takes all second factors from a user, and returns the user as they were. Their sessions end,
    /// and so do the reset offers they made. An admin needs a fresh login.
    async fn remove_factors(
        &self,
        id: UserId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<User, EditUserError>;

    /// Counts an attempt to answer a challenge. Says whether there may be one: there are
    /// [so many](Challenge::answers), and none after a right answer.
    async fn count_answer(&self, challenge: Challenge) -> Result<bool, StoreError>;

    /// Keeps an offer: the token sets a new password, once. An earlier offer to the user ends.
    async fn offer_reset(&self, offer: ResetOffer) -> Result<(), EditUserError>;

    /// The offers that can still be taken up, in the order in which they were made.
    async fn open_resets(&self, now: Timestamp) -> Result<Vec<OpenReset>, StoreError>;

    /// Withdraws the offer to this user. For an offer to an admin, an admin needs a fresh login. A
    /// void offer is withdrawn, too, and the answer is that there was none.
    async fn withdraw_reset(
        &self,
        user: UserId,
        by: Option<Actor>,
        now: Timestamp,
    ) -> Result<(), EditUserError>;

    /// The user whose password the token with this SHA-256 may set. An offer is void once it has
    /// expired, or once its maker is no active admin.
    async fn reset_offered(
        &self,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<User>, StoreError>;

    /// Takes up an offer: sets the password hash, and ends all that
    /// [`set_password`](Self::set_password) ends. None if the offer is void or was taken up. Of
    /// several at once, one succeeds.
    async fn take_up_reset(
        &self,
        token_hash: [u8; 32],
        new: Secret,
        at: Moment,
    ) -> Result<Option<UserId>, StoreError>;

    /// Starts a session, remembers the address, and returns the user as they are now.
    ///
    /// None if the user is gone, is disabled, or has another password by now. None also if the user
    /// has a second factor and none was shown, or the one that was shown is not theirs or was used
    /// before. A one-time code counts once, and so does a recovery code. Nobody can answer the
    /// challenge again. Beyond [`MAX_SESSIONS`] of a user, the session that was not used for the
    /// longest time ends.
    async fn start_session(&self, new: NewSession) -> Result<Option<User>, StoreError>;

    /// Whether the user with this case-mapped name registered or signed in from this address
    /// before. A backend remembers at least the last 16 addresses of a user.
    async fn is_known_address(&self, username_key: &str, address: &str)
    -> Result<bool, StoreError>;

    /// The session, if it has not ended. It may have expired.
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// The user's sessions that have neither ended nor expired.
    async fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Exchanges a refresh token for the next one. Of several at once with one token, one rotates
    /// it and the others are [`Rotation::Raced`].
    ///
    /// A token that is one ahead of the stored one counts as current: a primary that is gone may
    /// have issued it. A token that was used before is a sign of a copy, unless the answer that
    /// brought its successor may have been lost. A copy ends the session and the reset offers that
    /// its user made.
    async fn refresh(&self, refresh: Refresh) -> Result<Rotation, StoreError>;

    /// Notes that the user has shown a proof again. Returns the session and the user as they are
    /// now. None if the session has ended or expired, or [`start_session`](Self::start_session)
    /// would refuse the proof.
    async fn reauthenticate(
        &self,
        id: SessionId,
        verified: Verified,
        at: Moment,
    ) -> Result<Option<(Session, User)>, StoreError>;

    /// Ends a session. One that is not there is revoked all the same, since access tokens of it
    /// may be in use.
    async fn end_session(&self, id: SessionId, at: Moment) -> Result<(), StoreError>;

    /// Ends the actor's own sessions but the one in which they ask. Says how many ended.
    async fn end_other_sessions(&self, by: Actor, at: Moment) -> Result<usize, EditUserError>;

    /// Ends all sessions of a user, and says how many. If somebody else asks, the reset offers that
    /// the user made end, too. An admin needs a fresh login to do it to an admin.
    async fn end_sessions(
        &self,
        user: UserId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<usize, EditUserError>;

    /// Ends one session of a user, as [`end_sessions`](Self::end_sessions) ends all. Refused if
    /// the user has no such session, or if it has expired.
    async fn end_session_of(
        &self,
        user: UserId,
        session: SessionId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<(), EditUserError>;

    /// Ends the sessions of all users, the asker's among them, and says how many. All reset offers
    /// end, too. An admin needs a fresh login.
    async fn end_all_sessions(&self, by: Option<Actor>, at: Moment)
    -> Result<usize, EditUserError>;

    /// Opens or closes registration, until somebody says otherwise. An admin needs a fresh login.
    async fn set_registration(&self, is_open: bool, by: Option<Actor>)
    -> Result<(), EditUserError>;

    /// Blocks a network from the block's beginning to its end. A block of the same network ends,
    /// and the new one has its id. Refused beyond [`MAX_BLOCKS`]. An admin needs a fresh login.
    async fn add_block(&self, block: Block, by: Option<Actor>) -> Result<Block, EditUserError>;

    /// Ends a block that is not over, and returns it. An admin needs a fresh login.
    async fn remove_block(
        &self,
        id: BlockId,
        by: Option<Actor>,
        now: Timestamp,
    ) -> Result<Block, EditUserError>;

    /// What is restricted, as it is kept.
    async fn restricted(&self) -> Result<Restricted, StoreError>;

    /// Adds an OAuth client. Refused if there is one of its name, or beyond [`MAX_OAUTH_CLIENTS`].
    async fn add_oauth_client(&self, client: OauthClient) -> Result<OauthClientAdded, StoreError>;

    /// All OAuth clients, in the order of their names.
    async fn oauth_clients(&self) -> Result<Vec<OauthClient>, StoreError>;

    /// The OAuth client with this name. Read at once, from where it is kept: whichever server
    /// removes one, none finds it afterwards.
    async fn oauth_client(&self, name: &str) -> Result<Option<OauthClient>, StoreError>;

    /// Removes an OAuth client, and returns it as it was.
    async fn remove_oauth_client(&self, name: &str) -> Result<Option<OauthClient>, StoreError>;

    /// Keeps records of the audit log. One that is kept already stays as it is. Where the owner of
    /// an address is gone, the record is kept without it. While all records take more than `most`
    /// bytes, some of the oldest are removed, but none of these.
    async fn add_audit(&self, entries: Vec<AuditEntry>, most: u64) -> Result<(), StoreError>;

    /// Records of the audit log, the latest one first.
    async fn audit(&self, query: AuditQuery) -> Result<AuditPage, StoreError>;

    /// Removes the records of the audit log from before this time, and the oldest ones while all
    /// take more than `most` bytes. Says how many.
    async fn sweep_audit(&self, before: Timestamp, most: u64) -> Result<usize, StoreError>;

    /// What is restricted, to be asked at each request. It follows each change before the operation
    /// that made it answers.
    fn restrictions(&self) -> Restrictions;

    /// Whether the session was revoked: it has ended, while access tokens of it may be in use. It
    /// is so before the operation that ended the session answers. Answered from memory, at once.
    fn is_revoked(&self, id: SessionId) -> bool;

    /// A counter that grows before a change of this user is acknowledged. A user who was read after
    /// the counter is current while the counter is the same. A new hash of the same password is no
    /// change. Answered from memory, at once. Users may share a counter.
    fn user_version(&self, id: UserId) -> u64;

    /// How long [`is_revoked`](Self::is_revoked) and [`user_version`](Self::user_version) can be
    /// trusted. Take it before you ask them, and look whether it holds after you have asked.
    fn lease(&self) -> Lease;

    /// What there is of a session and its user: what decides whether an access token is accepted.
    /// Read at once, from where it is kept.
    async fn authority(&self, session: SessionId, user: UserId) -> Result<Authority, StoreError>;

    /// Where several servers count failed attempts together. None where there is one server.
    fn shared_failures(&self) -> Option<Arc<dyn SharedFailures>> {
        None
    }

    /// Removes what has expired: sessions, reset offers and revocations. Says how many sessions.
    async fn sweep(&self, now: Timestamp) -> Result<usize, StoreError>;

    /// How much there is.
    async fn counts(&self) -> Result<StoreCounts, StoreError>;

    /// Writes a backup of all that was acknowledged so far, with what is `beside` it. Other
    /// operations go on meanwhile.
    async fn back_up(
        &self,
        beside: Beside,
        out: Box<dyn Write + Send>,
    ) -> Result<BackupHead, BackupError>;

    /// Fails unless the store can do its work. A store that several servers share passes while the
    /// [lease](Self::lease) holds.
    async fn check(&self) -> Result<(), StoreError>;

    /// Takes leave of the other servers that use the store, if there are any. Afterwards nothing
    /// that is answered from memory can be trusted.
    async fn leave(&self) {}
}
