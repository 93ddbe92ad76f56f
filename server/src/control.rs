//! What the command line can do with a data directory. An [`Operator`] does it: the one behind the
//! control socket of the server that runs there, or one of the command line's own if none does. So
//! both ways are the same code, and a server need not be stopped to make an admin.

mod client;
mod connection;
mod incident;
mod oauth;
mod operator;
mod protocol;
mod socket;
mod stream;

pub(crate) use client::ControlClient;
pub(crate) use incident::Incident;
pub(crate) use oauth::{OauthCommand, ShownOauthClient};
pub(crate) use operator::Operator;
pub(crate) use protocol::{Command, Reply};
pub(crate) use socket::{ControlSocket, SOCKET_FILE};

#[cfg(test)]
mod tests;
