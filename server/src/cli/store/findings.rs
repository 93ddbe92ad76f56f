//! What is wrong with a database or a backup, as lines.

use std::process::ExitCode;

use crate::cli::terminal::{Stdout, note, printable};
use crate::store::Finding;

/// Lists what was found; says `sound` if nothing was.
pub(super) fn tell(findings: &[Finding], sound: &str) -> anyhow::Result<ExitCode> {
    let mut stdout = Stdout::lock();
    list(&mut stdout, "", findings)?;
    if findings.is_empty() {
        stdout.line(sound)?;
    } else {
        let things = things(findings);
        note(format_args!("hallpass: {things} wrong; `hallpass store repair` may help"));
    }
    stdout.flush()?;
    Ok(code(findings))
}

/// A line for each, with `what` was done about it before it.
pub(super) fn list(stdout: &mut Stdout, what: &str, findings: &[Finding]) -> anyhow::Result<()> {
    findings.iter().try_for_each(|finding| {
        stdout.line(format_args!("{what}{}", printable(&finding.to_string())))
    })
}

fn things(findings: &[Finding]) -> String {
    match findings.len() {
        1 => "1 thing is".to_owned(),
        count => format!("{count} things are"),
    }
}

/// The exit code for what is left.
pub(super) fn code(findings: &[Finding]) -> ExitCode {
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
