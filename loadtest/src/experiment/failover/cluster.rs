//! Where a cluster's nodes are, as its script says.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use reqwest::Url;

use super::act::Act;
use super::args::Args;
use crate::sut::parse_host;
use crate::usage::UsageError;

/// What is asked where there is no --host.
const SCRIPT: &str = "scripts/cluster";
/// How long requests arrive, unless the command line says.
const TIME: Duration = Duration::from_secs(140);

/// A cluster under test, and what is done to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cluster {
    /// Where the load goes.
    pub(super) hosts: Vec<Url>,
    /// Which nodes are asked about tokens that were signed out.
    pub(super) nodes: Vec<Url>,
    pub(super) script: Option<PathBuf>,
    pub(super) acts: Vec<Act>,
    /// How long requests arrive after the warm-up.
    pub(super) time: Duration,
}

impl Cluster {
    /// The cluster of a command line.
    ///
    /// # Errors
    ///
    /// The script cannot be asked, or the options do not fit together ([`UsageError`]).
    pub(super) fn find(args: &Args) -> anyhow::Result<Self> {
        let named = args.common.target.host.clone();
        let script = args.cluster.clone().or_else(|| named.is_empty().then(|| SCRIPT.into()));
        let (mut hosts, mut nodes) = (named, args.node.clone());
        if let Some(script) = &script {
            let status = Status::of(&asked(script)?);
            if hosts.is_empty() {
                hosts = status.balancer.map_or(status.nodes.clone(), |balancer| vec![balancer]);
            }
            nodes = if nodes.is_empty() { status.nodes } else { nodes };
        }
        if hosts.is_empty() {
            let script = script.unwrap_or_default();
            let why = format!("{0} status names no node: run {0} up first", script.display());
            return Err(UsageError(why).into());
        }
        let nodes = if nodes.is_empty() { hosts.clone() } else { nodes };
        let (acts, time) = plan(args, script.is_some(), nodes.len()).map_err(UsageError)?;
        Ok(Self { hosts, nodes, script, acts, time })
    }
}

/// The acts of a command line, and how long the run takes with them.
fn plan(args: &Args, scripted: bool, nodes: usize) -> Result<(Vec<Act>, Duration), String> {
    let (acts, time) = match args.kills {
        Some(count) => Act::kills(count, nodes),
        None if args.acts.is_empty() && scripted => (Act::usual(), TIME),
        None => (args.acts.iter().filter(|act| !act.is_none()).cloned().collect(), TIME),
    };
    let time = args.time.unwrap_or(time);
    if !acts.is_empty() && !scripted {
        return Err("acts need the script that carries them out: give --cluster".to_owned());
    }
    if !acts.is_sorted_by_key(|act| act.at) {
        return Err("--acts must be in the order of their times".to_owned());
    }
    match acts.last() {
        Some(last) if last.at >= time => {
            Err(format!("the act {:?} comes after --time: give a longer one", last.text()))
        }
        _ => Ok((acts, time)),
    }
}

/// What the script says about the cluster.
fn asked(script: &Path) -> anyhow::Result<String> {
    let mut command = Command::new(script);
    let output = command.arg("status").stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| {
        format!("cannot run {}: give --cluster SCRIPT, or --host", script.display())
    })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The lines `node N URL` and `balancer URL` of a cluster's status; others are of no interest.
#[derive(Debug, Default, PartialEq)]
struct Status {
    nodes: Vec<Url>,
    balancer: Option<Url>,
}

impl Status {
    fn of(text: &str) -> Self {
        let mut status = Self::default();
        for line in text.lines() {
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["node", _, url, ..] => status.nodes.extend(parse_host(url)),
                ["balancer", url, ..] => status.balancer = parse_host(url).ok(),
                _ => {}
            }
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    #[command(args_override_self = true)]
    struct CommandLine {
        #[command(flatten)]
        args: Args,
    }

    fn find(args: &[&str]) -> Result<Cluster, String> {
        let line = std::iter::once("failover").chain(args.iter().copied());
        let parsed = CommandLine::try_parse_from(line).map_err(|error| error.to_string())?;
        Cluster::find(&parsed.args).map_err(|error| error.to_string())
    }

    #[test]
    fn the_script_names_nodes_and_balancer() {
        let status = Status::of(
            "node 1 http://127.0.0.1:7001\nnode 2 http://127.0.0.1:7002\n\
             balancer http://127.0.0.1:7000\nprimary 127.0.0.1:5432\n",
        );
        assert_eq!(status.nodes.len(), 2);
        assert_eq!(status.balancer.unwrap().port(), Some(7000));
    }

    #[test]
    fn named_hosts_need_no_script_and_are_the_nodes_too() {
        let cluster = find(&["--host", "http://127.0.0.1:1", "--host", "http://127.0.0.1:2"]);
        let cluster = cluster.unwrap();
        assert_eq!((cluster.hosts.len(), &cluster.nodes), (2, &cluster.hosts));
        assert_eq!((cluster.script, cluster.acts), (None, vec![]));
        let apart = find(&["--host", "http://127.0.0.1:1", "--node", "http://127.0.0.1:2"]);
        assert_eq!(apart.unwrap().nodes[0].port(), Some(2));
    }

    #[test]
    fn acts_need_a_script_an_order_and_time() {
        let host = ["--host", "http://127.0.0.1:1", "--acts"];
        let refused = |acts| find(&[&host[..], &[acts]].concat()).unwrap_err();
        assert!(refused("10s kill-primary").contains("--cluster"));
        assert!(find(&[&host[..], &["none"]].concat()).unwrap().acts.is_empty());
        let scripted =
            |acts| find(&[&host[..], &[acts, "--cluster", "true", "-t", "60s"]].concat());
        assert!(scripted("20s one, 10s two").unwrap_err().contains("order"));
        assert!(scripted("60s one").unwrap_err().contains("--time"));
        assert_eq!(scripted("10s one, 20s two 2").unwrap().acts.len(), 2);
        let killed = find(&["--host", "http://127.0.0.1:1", "--cluster", "true", "--kills", "2"]);
        let killed = killed.unwrap();
        assert_eq!((killed.acts.len(), killed.time.as_secs()), (2, 70));
    }

    #[test]
    fn a_script_that_names_no_node_is_an_error_that_says_what_to_do() {
        assert!(find(&["--cluster", "true"]).unwrap_err().contains("run true up first"));
        assert!(find(&["--cluster", "/nonexistent/script"]).unwrap_err().contains("--host"));
    }
}
