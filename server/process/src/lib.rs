//! Starts, watches and ends `hallpass serve`, and other programs that say where they listen, for
//! the tests and tools of the workspace.
//!
//! 1. [`command::serve`] makes a command that no setting of the caller's environment reaches.
//! 2. [`Launch`] says where its log goes, how it announces its address, and how it ends.
//! 3. [`Server::start`] waits for the address. Its [`Process`] is watched and ended from there.
//!
//! A process ends with its handle, and so does all that it started. Everything here blocks: call it
//! from a thread of its own where an async runtime has other work to do.

mod announcement;
pub mod command;
mod group;
mod log;
mod process;
mod server;

pub use announcement::Announcement;
pub use group::kill_all;
pub use process::{Finished, Launch, Process};
pub use server::Server;
