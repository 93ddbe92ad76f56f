//! The runner of `scripts/bench`.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use hallpass_bench::bench::Bench;
use hallpass_bench::compare::{Comparison, Recorded};
use hallpass_bench::machine::Machine;
use hallpass_bench::options::Options;
use hallpass_bench::report::{FORMAT, GroupReport, Report, chart};
use hallpass_bench::row::Findings;
use hallpass_bench::rows::{GROUPS, Group, against};

/// How a run ended.
enum Outcome {
    /// Everything was measured.
    Complete,
    /// Something could not be measured.
    Incomplete,
    /// Everything was measured, and something is worse than in the run it was compared with.
    Worse,
}

fn main() -> ExitCode {
    let options = Options::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    if options.list {
        for group in GROUPS {
            println!("{:10} {}", group.name, group.about);
        }
        return ExitCode::SUCCESS;
    }
    // Read now, before the measurements take their time.
    let recorded = options.compare.iter().map(|file| Recorded::read(file));
    let outcome = match recorded.collect::<anyhow::Result<Vec<_>>>().as_deref() {
        Ok([before, now]) => Ok(compare(before, now)),
        Ok(before) => run(&options, before.first()),
        Err(error) => {
            eprintln!("bench: {error:#}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(Outcome::Complete) => ExitCode::SUCCESS,
        Ok(Outcome::Incomplete) => ExitCode::FAILURE,
        Ok(Outcome::Worse) => ExitCode::from(3),
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints what has changed between two runs.
fn compare(before: &Recorded, now: &Recorded) -> Outcome {
    let comparison = Comparison::of(before, now);
    println!("{comparison}");
    match (now.is_complete(), comparison.is_worse()) {
        (false, _) => Outcome::Incomplete,
        (true, true) => Outcome::Worse,
        (true, false) => Outcome::Complete,
    }
}

/// Runs the benchmark, and compares it with an earlier run.
fn run(options: &Options, before: Option<&Recorded>) -> anyhow::Result<Outcome> {
    // Checked now, before the measurements take their time.
    options.json.iter().chain(&options.chart).try_for_each(|file| check_writable(file))?;
    let bench = Bench::begin(options.quick)?;
    let machine = Machine::describe(&bench.root, bench.work(), bench.cores)?;
    eprintln!("{machine}\n");
    let groups = match &options.against {
        Some(other) => {
            vec![measure("against", &format!("beside {}", other.display()), |findings| {
                against::run(&bench, other, findings)
            })]
        }
        None => groups(options).iter().map(|it| of_group(it, &bench)).collect(),
    };
    let report = Report { format: FORMAT, machine, quick: options.quick, groups };
    println!("{report}");
    write(options, &report)?;
    Ok(match before {
        Some(before) => compare(before, &Recorded::try_from(&report)?),
        None if report.is_complete() => Outcome::Complete,
        None => Outcome::Incomplete,
    })
}

/// Writes the files that were asked for.
fn write(options: &Options, report: &Report) -> anyhow::Result<()> {
    if let Some(file) = &options.json {
        let failed = || format!("can't write {}", file.display());
        serde_json::to_writer_pretty(File::create(file).with_context(failed)?, report)
            .with_context(failed)?;
    }
    options.chart.as_ref().map_or(Ok(()), |file| chart::write(report, file))
}

/// The groups that were asked for, or all of them.
fn groups(options: &Options) -> Vec<&'static Group> {
    if options.only.is_empty() { GROUPS.iter().collect() } else { options.only.clone() }
}

fn of_group(group: &Group, bench: &Bench) -> GroupReport {
    measure(group.name, group.about, |findings| (group.run)(bench, findings))
}

fn measure(
    name: &'static str,
    about: &str,
    run: impl FnOnce(&mut Findings) -> anyhow::Result<()>,
) -> GroupReport {
    eprintln!("{name}: {about}");
    let began = Instant::now();
    let mut findings = Findings::default();
    if let Err(error) = run(&mut findings) {
        findings.problems.push(format!("{error:#}"));
    }
    for problem in &findings.problems {
        eprintln!("   not measured: {problem}");
    }
    for warning in &findings.warnings {
        eprintln!("   disturbed: {warning}");
    }
    GroupReport { name, seconds: began.elapsed().as_secs_f64(), findings }
}

fn check_writable(file: &Path) -> anyhow::Result<()> {
    let opened = OpenOptions::new().create(true).append(true).open(file);
    opened.map(drop).with_context(|| format!("can't write {}", file.display()))
}
