//! What is left of a run: text on standard output, and HTML, JSON and `JUnit` files.

mod args;
mod axis;
mod chart;
mod json;
mod junit;
mod machine;
mod page;
mod text;
pub(crate) mod unfinished;

pub(crate) use args::{OutputArgs, check_writable};
pub(crate) use axis::{Axis, Unit};
pub(crate) use chart::{Chart, Line, Tone};
pub(crate) use json::{Head, OpenBody, RequestFigures, Requests, requests, write_json};
pub(crate) use junit::write_junit;
pub(crate) use machine::{Machine, RunInfo, Server, command_line, wall_clock};
pub(crate) use page::{Figure, Page, Table, words};
pub(crate) use text::{grouped, time};
