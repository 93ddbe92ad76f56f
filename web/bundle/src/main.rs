//! Builds the Hallpass frontend into the files that the server embeds: the JavaScript glue of the
//! WebAssembly module, content-hashed names, references that follow them, and precompressed copies.

mod assemble;
mod bindings;
mod compress;
mod names;
mod output;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use output::Outcome;

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
    let module = bindings::generate(&args.wasm)?;
    let sources = assemble::Sources::read(&args.source)?;
    let mut files = assemble::assemble(&sources, module)?;
    compress::add_compressed(&mut files)?;
    match output::replace(&args.out, &files)? {
        Outcome::Unchanged => eprintln!("{} is up to date", args.out.display()),
        Outcome::Written => print_sizes(&files),
    }
    Ok(())
}

/// What each file costs over the wire.
fn print_sizes(files: &output::Files) {
    eprintln!("{:>9} {:>9} {:>9}  file", "raw", "gzip", "brotli");
    for (name, contents) in files.iter().filter(|(name, _)| !compress::is_compressed(name)) {
        let size = |suffix| {
            let copy = files.get(&format!("{name}{suffix}"));
            copy.map_or_else(|| "-".to_owned(), |copy| copy.len().to_string())
        };
        eprintln!("{:>9} {:>9} {:>9}  {name}", contents.len(), size(".gz"), size(".br"));
    }
}
