//! The chart for a README: one panel of bars for each question. It adapts to dark pages.

use std::path::Path;

use anyhow::Context as _;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Report;
use super::number::Quantity;
use crate::row::{Row, Unit};

const WIDTH: u32 = 860;
const BAR: i32 = 22;
const GAP: i32 = 8;
const TITLE: i32 = 44;
/// Where the bars begin, and the length of the longest one.
const LEFT: i32 = 270;
const LONGEST: i32 = 460;

const INK: RGBColor = RGBColor(0x1f, 0x23, 0x28);
const OURS: RGBColor = RGBColor(0x0b, 0x6b, 0xcb);
const THEIRS: RGBColor = RGBColor(0x9a, 0xa4, 0xaf);

/// Colours for readers who prefer dark pages. They override the others.
const DARK: &str = "<style>@media (prefers-color-scheme: dark) { \
[fill='#1F2328'] { fill: #e6edf3 } [fill='#0B6BCB'] { fill: #58a6ff } \
[fill='#9AA4AF'] { fill: #57606a } }</style>";

/// Bars under a title.
struct Panel {
    title: &'static str,
    unit: Unit,
    bars: Vec<Bar>,
}

struct Bar {
    name: String,
    figure: f64,
    is_ours: bool,
}

/// Writes the chart of the groups that were measured. Fails if none of them has a chart, or if the
/// file can't be written.
pub fn write(report: &Report, file: &Path) -> anyhow::Result<()> {
    let panels: Vec<Panel> = panels(report);
    anyhow::ensure!(!panels.is_empty(), "there is nothing to draw without kdf, verify or logins");
    let svg = svg(&panels).context("can't draw the chart")?;
    std::fs::write(file, svg).with_context(|| format!("can't write {}", file.display()))
}

/// The panels. All rows of such a group have the same unit.
fn panels(report: &Report) -> Vec<Panel> {
    let panel = |group: &str, title| {
        let rows = &report.groups.iter().find(|it| it.name == group)?.findings.rows;
        let unit = rows.first()?.unit;
        Some(Panel { title, unit, bars: bars(rows) })
    };
    let panels = [
        panel("verify", "GET /api/verify, requests per second on one core"),
        panel("kdf", "PBKDF2-HMAC-SHA256, 600,000 iterations, hashes per second on one core"),
        panel("logins", "POST /api/login, per second on one core"),
    ];
    panels.into_iter().flatten().collect()
}

/// One bar for each name, the greatest first.
fn bars(rows: &[Row]) -> Vec<Bar> {
    let mut bars = Vec::<Bar>::new();
    let mut add = |name: &str, figure, is_ours| {
        if !bars.iter().any(|bar| bar.name == name) {
            bars.push(Bar { name: name.to_owned(), figure, is_ours });
        }
    };
    for row in rows {
        add(&format!("Hallpass: {}", row.name), row.figure.median, true);
        if let Some(reference) = &row.reference {
            let is_ours = reference.name.starts_with("Hallpass");
            add(reference.name, reference.figure.median, is_ours);
        }
    }
    bars.sort_by(|one, other| other.figure.total_cmp(&one.figure));
    bars
}

fn svg(panels: &[Panel]) -> anyhow::Result<String> {
    let height = |panel: &Panel| TITLE + (BAR + GAP) * panel.bars.len() as i32 + GAP;
    let total = panels.iter().map(height).sum::<i32>().unsigned_abs();
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, total)).into_drawing_area();
        let mut top = 0;
        for panel in panels {
            draw(&area, panel, top)?;
            top += height(panel);
        }
        area.present()?;
    }
    let end = svg.find('>').context("no SVG")? + 1;
    svg.insert_str(end, DARK);
    Ok(svg)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(area: &Area<'_>, panel: &Panel, top: i32) -> anyhow::Result<()> {
    area.draw(&Text::new(panel.title, (12, top + 16), text(17)))?;
    let most = panel.bars.iter().map(|bar| bar.figure).fold(f64::MIN_POSITIVE, f64::max);
    for (bar, n) in panel.bars.iter().zip(0..) {
        let end = LEFT + (bar.figure / most * f64::from(LONGEST)).round() as i32;
        draw_bar(area, bar, panel.unit, (top + TITLE + n * (BAR + GAP), end))?;
    }
    Ok(())
}

/// Draws a bar, whose top and right end are given, with its name and its figure.
fn draw_bar(area: &Area<'_>, bar: &Bar, unit: Unit, (y, end): (i32, i32)) -> anyhow::Result<()> {
    let colour = if bar.is_ours { OURS } else { THEIRS };
    let middle = y + BAR / 2;
    let name = text(14).pos(Pos::new(HPos::Right, VPos::Center));
    area.draw(&Text::new(bar.name.as_str(), (LEFT - 8, middle), name))?;
    area.draw(&Rectangle::new([(LEFT, y), (end.max(LEFT + 1), y + BAR)], colour.filled()))?;
    let figure = text(14).pos(Pos::new(HPos::Left, VPos::Center));
    let quantity = Quantity(bar.figure, unit).to_string();
    area.draw(&Text::new(quantity, (end + 8, middle), figure))?;
    Ok(())
}

fn text(size: i32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Spread;

    #[test]
    fn every_name_has_one_bar_in_colours_that_a_dark_page_changes() {
        let row = |reference, figure| {
            let row = Row::new("EdDSA", Spread::single(900.0), Unit::PerSecond);
            row.beside(reference, Spread::single(figure))
        };
        let bars = bars(&[row("axum", 400.0), row("hyper", 1000.0)]);
        let names: Vec<_> = bars.iter().map(|bar| (bar.name.as_str(), bar.is_ours)).collect();
        assert_eq!(names, [("hyper", false), ("Hallpass: EdDSA", true), ("axum", false)]);

        let svg = svg(&[Panel { title: "verify", unit: Unit::PerSecond, bars }]).unwrap();
        for colour in ["#1F2328", "#0B6BCB", "#9AA4AF"] {
            assert!(svg.contains(&format!("fill=\"{colour}\"")), "{colour} is drawn: {svg}");
            assert!(DARK.contains(colour), "{colour} has another one on a dark page");
        }
    }
}
