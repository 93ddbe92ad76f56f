//! A report for people: one HTML file that needs nothing else, neither a script nor a network.

use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart::Chart;
use super::run_info::RunInfo;
use crate::slo::Judged;
use crate::verdict::{Ending, Verdict};

const STYLE: &str = include_str!("page.css");

/// A report.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) title: String,
    /// What the run was to find out, in a sentence that stands by itself.
    pub(crate) question: String,
    pub(crate) ending: &'a Ending,
    pub(crate) objectives: &'a [Judged],
    pub(crate) figures: Vec<Figure>,
    pub(crate) tables: Vec<Table>,
    pub(crate) run: &'a RunInfo,
}

/// A picture and how to read it.
#[derive(Debug)]
pub(crate) struct Figure {
    title: String,
    /// For somebody who sees such a picture for the first time.
    reading: String,
    chart: Chart,
}

/// Numbers.
#[derive(Debug)]
pub(crate) struct Table {
    title: String,
    /// What the columns mean.
    note: String,
    pub(crate) head: Vec<String>,
    /// The first cell of each names the row.
    pub(crate) rows: Vec<Vec<String>>,
}

/// The cells of a table's head.
pub(crate) fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

impl Page<'_> {
    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        let page = self.render()?.into_string();
        fs::write(file, page).with_context(|| format!("cannot write {}", file.display()))
    }

    fn render(&self) -> anyhow::Result<Markup> {
        let figures =
            self.figures.iter().map(Figure::render).collect::<anyhow::Result<Vec<Markup>>>()?;
        let (class, says) = banner(self.ending.verdict);
        Ok(html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) ": " (self.ending.verdict) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        h1 { (self.title) }
                        p.question { (self.question) }
                    }
                    section.verdict.(class) {
                        h2 { (self.ending.verdict) }
                        p { (self.ending.reason) "." }
                        p.says { (says) }
                    }
                    @if !self.objectives.is_empty() { (objectives(self.objectives)) }
                    @for figure in &figures { (figure) }
                    @for table in &self.tables { (table.render()) }
                    (how_it_was_run(self.run))
                }
            }
        })
    }
}

fn banner(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Pass => ("pass", "Everything that was asked for holds."),
        Verdict::Fail => ("fail", "Something that was asked for does not hold."),
        Verdict::Invalid => (
            "invalid",
            "The figures below say nothing certain about the server: the generator did not do its own part, \
             others took the machine's time, or there were too few requests. The reason says which.",
        ),
    }
}

fn objectives(judged: &[Judged]) -> Markup {
    html! {
        section {
            h2 { "Objectives" }
            div.scroll { table {
                thead { tr { th { "Request" } th { "Objective" } th { "Measured" } th { "Result" } } }
                tbody {
                    @for Judged { slo, request, observed, held, undecided } in judged {
                        tr {
                            th scope="row" { (request) }
                            td { (slo) }
                            td { (observed.as_deref().unwrap_or("nothing")) }
                            @let (class, text) = match (held, undecided) {
                                (true, _) => ("held", "holds"),
                                (false, None) => ("missed", "missed"),
                                (false, Some(why)) => ("undecided", why.as_str()),
                            };
                            td { span class=(class) { (text) } }
                        }
                    }
                }
            } }
        }
    }
}

impl Figure {
    pub(crate) fn new(title: impl Into<String>, reading: impl Into<String>, chart: Chart) -> Self {
        Self { title: title.into(), reading: reading.into(), chart }
    }

    fn render(&self) -> anyhow::Result<Markup> {
        let svg = self.chart.svg().map_err(|error| anyhow!("cannot draw a picture: {error}"))?;
        Ok(html! {
            figure {
                h2 { (self.title) }
                ul.legend aria-hidden="true" {
                    @for series in &self.chart.series {
                        li { span.swatch.(series.tone.class()) {} (series.name) }
                    }
                    @if !self.chart.bounds.is_empty() { li { span.swatch.red.thin {} "objective" } }
                }
                div role="img" aria-label=(self.title) { (PreEscaped(svg)) }
                figcaption { (self.reading) }
            }
        })
    }
}

impl Table {
    pub(crate) fn new(
        title: impl Into<String>,
        note: impl Into<String>,
        head: impl IntoIterator<Item = impl Into<String>>,
        rows: Vec<Vec<String>>,
    ) -> Self {
        let head = head.into_iter().map(Into::into).collect();
        Self { title: title.into(), note: note.into(), head, rows }
    }

    /// Values, each with its name.
    pub(crate) fn of_values(
        title: impl Into<String>,
        note: impl Into<String>,
        values: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Self {
        let row = |(name, value): (&str, String)| vec![name.to_owned(), value];
        Self::new(title, note, ["", ""], values.into_iter().map(row).collect())
    }

    fn render(&self) -> Markup {
        html! {
            section {
                h2 { (self.title) }
                div.scroll { table.numbers {
                    thead { tr { @for cell in &self.head { th { (cell) } } } }
                    tbody {
                        @for row in &self.rows {
                            tr {
                                @for (column, cell) in row.iter().enumerate() {
                                    @if column == 0 { th scope="row" { (cell) } }
                                    @else { td { (cell) } }
                                }
                            }
                        }
                    }
                } }
                p.note { (self.note) }
            }
        }
    }
}

fn how_it_was_run(run: &RunInfo) -> Markup {
    let machine = &run.machine;
    let cpu = if machine.cpu.is_empty() { "an unnamed processor" } else { &machine.cpu };
    html! {
        section {
            h2 { "How it was run" }
            dl {
                dt { "Command" }
                dd { code { (run.command()) } }
                dt { "Server" }
                dd {
                    (run.server.host)
                    @if run.server.own_server { ", started for this run on the same machine, which it shared with the generator" }
                }
                dt { "Began" }
                dd { (run.started_at.strftime("%Y-%m-%d %H:%M:%S UTC")) }
                dt { "Ended" }
                dd { (run.ended_at.strftime("%Y-%m-%d %H:%M:%S UTC")) }
                dt { "Generator" }
                dd { "hallpass-loadtest " (run.version) }
                dt { "Its machine" }
                dd {
                    (machine.cores) " cores of " (cpu) ", " (machine.os) " " (machine.kernel) " (" (machine.arch) ")"
                    @if let Some(load) = machine.load_average { "; load average before the run " (load) }
                }
            }
        }
    }
}
