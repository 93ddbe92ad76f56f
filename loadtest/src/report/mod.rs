//! What is left of a run: text on standard output, and JSON, HTML and JUnit files.

mod args;
mod json;
mod machine;
mod text;

pub(crate) use args::OutputArgs;
pub(crate) use json::{Head, OpenBody, write_json};
pub(crate) use machine::{Machine, RunInfo, wall_clock};
pub(crate) use text::{grouped, time};
