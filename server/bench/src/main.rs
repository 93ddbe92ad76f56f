//! The runner of `scripts/bench`.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::Parser as _;
use hallpass_bench::bench::Bench;
use hallpass_bench::machine::Machine;
use hallpass_bench::options::Options;
use hallpass_bench::report::{GroupReport, Report, chart};
use hallpass_bench::row::Findings;
use hallpass_bench::rows::{GROUPS, Group, against};

fn main() -> ExitCode {
    let options = Options::parse();
    if options.list {
        for group in GROUPS {
            println!("{:10} {}", group.name, group.about);
        }
        return ExitCode::SUCCESS;
    }
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the benchmark. Returns whether everything could be measured.
fn run(options: &Options) -> anyhow::Result<bool> {
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
    let report = Report { machine, quick: options.quick, groups };
    println!("{report}");
    if let Some(file) = &options.json {
        let failed = || format!("can't write {}", file.display());
        serde_json::to_writer_pretty(File::create(file).with_context(failed)?, &report)
            .with_context(failed)?;
    }
    if let Some(file) = &options.chart {
        chart::write(&report, file)?;
    }
    Ok(report.is_complete())
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
