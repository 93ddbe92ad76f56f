//! The experiments. Each answers one question about a server, with a verdict, pictures and numbers.
//!
//! Most are one call of [`conduct`]. It finds or starts the server, signs users in, lets the
//! experiment run on the [`Scene`], and writes the reports.

mod args;
mod compare;
mod duel;
mod ending;
mod enumerate;
mod failover;
mod gate;
mod generator;
mod isolate;
mod knee;
mod open;
mod overload;
mod recovery;
mod scene;
mod steps;
mod storm;
mod streams;

pub(crate) use args::Common;
pub(crate) use compare::{Args as CompareArgs, command as compare};
pub(crate) use enumerate::{Args as EnumerateArgs, command as enumerate};
pub(crate) use failover::{Args as FailoverArgs, command as failover};
pub(crate) use gate::{Args as GateArgs, command as gate};
pub(crate) use generator::GeneratorArgs;
pub(crate) use isolate::{Args as IsolateArgs, command as isolate};
pub(crate) use knee::{Args as KneeArgs, command as knee};
pub(crate) use open::{Args as OpenArgs, command as open};
pub(crate) use overload::{Args as OverloadArgs, command as overload};
pub(crate) use scene::{Scene, conduct};
pub(crate) use steps::Steps;
pub(crate) use storm::{Args as StormArgs, command as storm};
pub(crate) use streams::Stream;
