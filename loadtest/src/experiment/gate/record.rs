//! Makes a server the baseline.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::bail;

use super::args::Args;
use super::baseline::{Baseline, Recorded};
use super::session::ACCOUNTS;
use crate::closed::Block;
use crate::experiment::Steps;
use crate::experiment::duel::{Contestant, Pin, Side, Subject};
use crate::interrupt::Interrupt;
use crate::machine::wall_clock;
use crate::report::Machine;
use crate::stats::{median, sorted};
use crate::sut::Host;
use crate::text::time;
use crate::verdict::{Ending, Verdict};

/// Blocks of each subject, enough for a figure that people recognize.
const BLOCKS: u32 = 10;

/// Measures the server once, and writes the file.
///
/// # Errors
///
/// The server does not start or does not answer rightly, or the file cannot be written.
pub(super) fn record(args: &Args, file: &Path, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    let contestant = Contestant { target: args.target.clone(), accounts: ACCOUNTS, delay: None };
    let _pin = if args.target.host.is_empty() { Some(Pin::here()?) } else { None };
    let mut side = Side::set(&contestant, interrupt)?;
    let figures = figures(&args.of, &mut side, interrupt);
    side.end(figures.is_err());
    let figures = figures?;
    let binary = match args.target.host.is_empty() {
        true => Some(Host::binary(&args.target)?),
        false => None,
    };
    let machine = serde_json::to_value(Machine::this())?;
    let at = wall_clock();
    Baseline::of(&args.target, binary.as_deref(), file, figures.clone(), machine, at)?
        .write(file)?;
    for (subject, Recorded { p50_us, p90_us, per_second }) in &figures {
        println!(
            "{subject:8} p50 {}, p90 {}, {per_second:.0}/s on one connection",
            time(*p50_us),
            time(*p90_us)
        );
    }
    println!("baseline: {}", file.display());
    let reason = "recorded; commit the file, and keep what is next to it".to_owned();
    Ok(Ending { verdict: Verdict::Pass, reason })
}

fn figures(
    subjects: &[Subject],
    side: &mut Side,
    interrupt: &Interrupt,
) -> anyhow::Result<BTreeMap<String, Recorded>> {
    let mut steps = Steps::begin(subjects.len() as u64 * u64::from(BLOCKS));
    let mut figures = BTreeMap::new();
    for (subject, before) in subjects.iter().zip(0u64..) {
        side.block(*subject, 1, subject.span());
        let mut blocks: Vec<Block> = Vec::new();
        for number in 0..BLOCKS {
            let block = side.block(*subject, 1, subject.span());
            if let Some(failure) = block.failures.first() {
                bail!("{subject}: {failure}");
            }
            if interrupt.caught() {
                bail!("interrupted");
            }
            blocks.push(block);
            let done = before * u64::from(BLOCKS) + u64::from(number) + 1;
            steps.at(done, || format!("{subject}: {} of {BLOCKS} blocks", number + 1));
        }
        let of = |figure: fn(&Block) -> f64| median(&sorted(blocks.iter().map(figure).collect()));
        let (p50_us, p90_us) = (of(Block::p50), of(Block::p90));
        let per_second = of(|block| block.per_second);
        figures.insert(subject.key().to_owned(), Recorded { p50_us, p90_us, per_second });
    }
    Ok(figures)
}
