//! Lookups in the store, and what they cost in redb alone.

use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::bench::Bench;
use crate::row::{Row, Target, Unit};
use crate::statistics::{self, Spread};

/// A data directory and the number of its users.
#[derive(Clone, Copy)]
pub(super) struct Filled<'a> {
    pub dir: &'a Path,
    pub users: usize,
}

/// The report of `hallpass-probe lookup`.
#[derive(Debug, Deserialize)]
struct Lookup {
    by_name_p50_ns: f64,
    by_id_p50_ns: f64,
}

/// The report of `hallpass-probe tree`.
#[derive(Debug, Deserialize)]
struct Tree {
    height: u32,
    pages_read: f64,
    get_ns: f64,
    get_in_memory_ns: f64,
    read_ns: f64,
}

pub(super) fn rows(bench: &Bench, few: Filled, many: Filled) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::from(timed_lookups(bench, few, many)?);
    bench.step("lookups in redb alone");
    let (few, many): (Tree, Tree) =
        (probe(bench, few, "tree", None)?, probe(bench, many, "tree", None)?);
    let row = |what, figure: fn(&Tree) -> f64| {
        let us = |tree: &Tree| Spread::single(figure(tree) / 1000.0);
        Row::new(what, us(&many), Unit::Microseconds).beside("10,000 users", us(&few))
    };
    let note =
        format!("a tree of {} pages' height, {:.2} of them read", many.height, many.pages_read);
    rows.push(row("redb's part of a lookup by id, p50", |tree| tree.get_ns).note(note));
    rows.push(row("the same with the whole file in memory, p50", |tree| tree.get_in_memory_ns));
    rows.push(row("one page read from the system's cache, p50", |tree| tree.read_ns));
    Ok(rows)
}

fn timed_lookups(bench: &Bench, few: Filled, many: Filled) -> anyhow::Result<[Row; 2]> {
    bench.step("lookups in the store");
    let (mut of_few, mut of_many) = (Vec::new(), Vec::new());
    for _ in 0..bench.pick(5, 2) {
        of_few.push(lookup(bench, few)?);
        of_many.push(lookup(bench, many)?);
    }
    let row = |name, figure: fn(&Lookup) -> f64| {
        let us = |lookups: &[Lookup]| -> Vec<f64> {
            lookups.iter().map(|lookup| figure(lookup) / 1000.0).collect()
        };
        let (few, many) = (us(&of_few), us(&of_many));
        let of = |figures: &[f64]| Spread::of(figures.iter().copied());
        let row = Row::new(name, of(&many), Unit::Microseconds);
        let row = row.beside_by("10,000 users", of(&few), statistics::paired(&many, &few));
        row.must(Target::RatioAtMost(1.2))
    };
    Ok([
        row("a user by id, p50", |lookup| lookup.by_id_p50_ns),
        row("a user by name, p50, the first time", |lookup| lookup.by_name_p50_ns),
    ])
}

fn lookup(bench: &Bench, data: Filled) -> anyhow::Result<Lookup> {
    probe(bench, data, "lookup", Some(data.users.to_string()))
}

fn probe<T: DeserializeOwned>(
    bench: &Bench,
    data: Filled,
    what: &str,
    users: Option<String>,
) -> anyhow::Result<T> {
    let mut command = bench.program("hallpass-probe")?;
    command.arg(what).arg(data.dir).args(users);
    let output = bench.output("hallpass-probe", command, Some(bench.cores.server))?;
    serde_json::from_str(&output).context("hallpass-probe reports something else")
}
