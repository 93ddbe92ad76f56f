//! The reports of a run: text on standard output, and HTML, JSON and `JUnit` files.

mod args;
mod axis;
mod chart;
mod files;
mod findings;
mod json;
mod junit;
mod page;
mod run_info;
pub(crate) mod unfinished;

pub(crate) use args::{OutputArgs, check_writable};
pub(crate) use axis::{Axis, Unit};
pub(crate) use chart::{Chart, Series, Tone};
pub(crate) use findings::{Findings, ReportWriter};
pub(crate) use json::{RequestFigures, Requests, outcome_counts};
pub(crate) use page::{Figure, Table, words};
pub(crate) use run_info::{Machine, ServerInfo};
