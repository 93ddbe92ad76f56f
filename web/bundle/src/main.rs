//! Builds the Hallpass frontend into the files that the server embeds: the JavaScript glue of the
//! WebAssembly module, content-hashed names, references that follow them, and precompressed copies.

mod assemble;
mod bindings;
mod compress;
mod glue;
mod imports;
mod names;
mod output;
mod sizes;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use output::Outcome;
use sizes::Sizes;

/// Bundle the frontend for embedding
#[derive(Parser)]
#[command(name = "hallpass-bundle")]
struct Args {
    /// The module as cargo built it for wasm32-unknown-unknown
    #[arg(long, value_name = "FILE")]
    wasm: PathBuf,
    /// Where index.html, style.css, main.js and favicon.svg are
    #[arg(long, value_name = "DIR", default_value = "web")]
    source: PathBuf,
    /// The directory to fill; whatever else is in it is removed
    #[arg(long, value_name = "DIR", default_value = "web/dist")]
    out: PathBuf,
    /// Fail if a first visit loads more than this, compressed; the bundle is there all the same
    #[arg(long, value_name = "BYTES")]
    budget: Option<usize>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let mut module = imports::shorten(&bindings::generate(&args.wasm)?)?;
    module.glue = glue::shorten(&module.glue)?;
    let sources = assemble::Sources::read(&args.source)?;
    let mut files = assemble::assemble(&sources, module)?;
    compress::add_compressed(&mut files)?;
    let outcome = output::replace(&args.out, &files)?;
    let sizes = Sizes::of(&files);
    if outcome == Outcome::Unchanged {
        eprintln!("{} is up to date", args.out.display());
    }
    if outcome == Outcome::Written || args.budget.is_some() {
        eprintln!("{sizes}");
    }
    args.budget.map_or(Ok(()), |budget| sizes.check(budget))
}
