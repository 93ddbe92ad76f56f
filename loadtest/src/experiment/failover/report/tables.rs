//! The tables: recovery, history, broken promises.

use super::json::{SHOWN, counts};
use crate::experiment::failover::checker::Violation;
use crate::experiment::failover::cluster::Cluster;
use crate::experiment::failover::history::{Action, Answer, Event};
use crate::experiment::failover::kinds::{Kind, kinds};
use crate::experiment::failover::run::Measured;
use crate::experiment::failover::streams::STREAMS;
use crate::open::tables as run_tables;
use crate::report::Table;
use crate::text::grouped;

pub(super) fn tables(cluster: &Cluster, measured: &Measured) -> Vec<Table> {
    let mut tables = vec![recovery(measured), history(measured)];
    if !measured.violations.is_empty() {
        tables.push(violations(cluster, measured));
    }
    tables.extend(run_tables(&measured.result));
    tables
}

const RECOVERY_NOTE: &str = "\
    How many seconds after an act the objectives held for good, until the next act; the longest \
    such time of acts of one kind. In brackets: the requests that were due until the next act and \
    were not answered rightly.";

fn recovery(measured: &Measured) -> Table {
    let head = std::iter::once("Act".to_owned());
    let head = head.chain(STREAMS.map(|action| action.call().to_string()));
    let row = |kind: Kind| std::iter::once(kind.name.clone()).chain(kind.cells()).collect();
    let rows = kinds(&measured.acts).into_iter().map(row).collect();
    Table::new("Recovery", RECOVERY_NOTE, head, rows)
}

const HISTORY_NOTE: &str = "\
    All requests of the run, with those to every node after each sign-out and in the end. Refused: \
    the service said that the token is no good. Unknown: no answer, or one that leaves open whether \
    it was done.";

fn history(measured: &Measured) -> Table {
    let counts = counts(&measured.events);
    let count = |action: &str, answer: Answer| {
        let of_action = counts.get(action);
        grouped(of_action.and_then(|it| it.get(answer.key())).map_or(0, |count| *count as u64))
    };
    let row = |action: Action| {
        let key = action.call().key();
        std::iter::once(action.call().to_string())
            .chain(Answer::ALL.map(|answer| count(key, answer)))
            .collect()
    };
    let head = ["Request", "done", "refused", "unknown"];
    Table::new("History", HISTORY_NOTE, head, STREAMS.map(row).to_vec())
}

const VIOLATIONS_NOTE: &str = "\
    Times are in seconds since the set-up. After: the earlier request that should have prevented \
    this answer.";

fn violations(cluster: &Cluster, measured: &Measured) -> Table {
    let places: Vec<String> =
        cluster.hosts.iter().chain(&cluster.nodes).map(ToString::to_string).collect();
    let place = |event: &Event| places.get(event.node).cloned().unwrap_or_default();
    let told = |event: &Event| {
        let (begin, end) = (event.begin.as_secs_f64(), event.end.as_secs_f64());
        format!("{} at {}, {begin:.4} to {end:.4}", event.action.call(), place(event))
    };
    let row = |it: &Violation| {
        let session = it.event.session.to_string();
        let after = it.after.as_ref().map_or_else(|| "-".to_owned(), told);
        vec![it.promise.text().to_owned(), session, told(&it.event), after]
    };
    let head = ["Broken promise", "session", "request", "after"];
    let rows = measured.violations.iter().take(SHOWN).map(row).collect();
    Table::new("Broken promises", VIOLATIONS_NOTE, head, rows)
}
