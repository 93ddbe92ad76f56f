//! `failover`: what a cluster does when a node or the primary is killed, and whether it keeps its
//! promises.

mod act;
mod args;
mod checker;
mod cluster;
mod history;
mod kinds;
mod prober;
mod recovery;
mod report;
mod run;
mod service;
mod sessions;
mod streams;

pub(crate) use args::Args;
use cluster::Cluster;

use super::conduct;
use crate::interrupt::Interrupt;
use crate::verdict::Ending;

/// Its name in reports.
const EXPERIMENT: &str = "failover";

/// Carries out the command.
pub(crate) fn command(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    let cluster = Cluster::find(args)?;
    let mut common = args.common.clone();
    common.target.host = cluster.hosts.clone();
    conduct(EXPERIMENT, &common, interrupt, |scene| {
        let measured = run::measure(args, &cluster, scene)?;
        Ok(report::findings(args, &cluster, scene, &measured))
    })
}
