//! The chart for a README: one panel of bars for each question. It adapts to dark pages.

use std::path::Path;

use anyhow::Context as _;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Report;
use super::number::Quantity;
use crate::published::{Published, REFRESHES_OF_A_CORE};
use crate::row::{Row, Unit};

const WIDTH: u32 = 860;
const BAR: i32 = 22;
const GAP: i32 = 8;
const TITLE: i32 = 44;
/// The height of the label of a published figure.
const LABEL: i32 = 20;
/// What dashed lines mean.
const DASHED: &str = "dashed: published by others, of machines of their own, not measured here";
/// Where the bars begin, and the length of the longest one.
const LEFT: i32 = 270;
const LONGEST: i32 = 460;

const INK: RGBColor = RGBColor(0x1f, 0x23, 0x28);
const OURS: RGBColor = RGBColor(0x0b, 0x6b, 0xcb);
const THEIRS: RGBColor = RGBColor(0x9a, 0xa4, 0xaf);
const PUBLISHED: RGBColor = RGBColor(0xbc, 0x4c, 0x00);

/// Colours for readers who prefer dark pages. They override the others.
const DARK: &str = "<style>@media (prefers-color-scheme: dark) { \
[fill='#1F2328'] { fill: #e6edf3 } [fill='#0B6BCB'] { fill: #58a6ff } \
[fill='#9AA4AF'] { fill: #57606a } [stroke='#BC4C00'] { stroke: #f0883e } }</style>";

/// Bars under a title.
struct Panel {
    title: &'static str,
    unit: Unit,
    bars: Vec<Bar>,
    lines: Vec<Line>,
}

/// A figure that others have published: a line across the bars.
struct Line {
    label: String,
    figure: f64,
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
    anyhow::ensure!(!panels.is_empty(), "none of these groups has a chart");
    let svg = svg(&panels).context("can't draw the chart")?;
    std::fs::write(file, svg).with_context(|| format!("can't write {}", file.display()))
}

/// What a panel shows: a group, its rows whose names contain a text, and a title. All these rows
/// have the same unit.
const PANELS: [(&str, &str, &str); 6] = [
    ("verify", "", "GET /api/verify, requests per second on one core"),
    ("tls", "verify", "GET /api/verify over TLS, requests per second on one core"),
    ("tls", "handshakes", "TLS 1.3 handshakes per second on one core"),
    ("kdf", "", "PBKDF2-HMAC-SHA256, 600,000 iterations, hashes per second on one core"),
    ("logins", "", "POST /api/login, per second on one core"),
    ("writes", REFRESHES_OF_A_CORE, "POST /api/refresh, durable, for each second of a core"),
];

fn panels(report: &Report) -> Vec<Panel> {
    let panels = PANELS.into_iter().filter_map(|(group, name, title)| {
        let rows = &report.groups.iter().find(|it| it.name == group)?.findings.rows;
        let rows: Vec<_> = rows.iter().filter(|row| row.name.contains(name)).collect();
        let unit = rows.first()?.unit;
        Some(Panel { title, unit, bars: bars(&rows), lines: lines(&rows) })
    });
    panels.collect()
}

/// One bar for each name, the greatest first.
fn bars(rows: &[&Row]) -> Vec<Bar> {
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

/// One line for each published figure, the least first: so no line crosses the label of another.
fn lines(rows: &[&Row]) -> Vec<Line> {
    let published = rows.iter().flat_map(|row| row.published.iter().map(|it| (row.unit, it)));
    let mut lines: Vec<Line> = published.map(|(unit, it)| Line::of(it, unit)).collect();
    lines.sort_by(|one, other| one.figure.total_cmp(&other.figure));
    lines
}

impl Line {
    fn of(published: &Published, unit: Unit) -> Self {
        let Published { product, figure, machine, .. } = *published;
        let quantity = Quantity(figure, unit);
        Self { label: format!("{product}, {machine}: {quantity}"), figure }
    }
}

fn svg(panels: &[Panel]) -> anyhow::Result<String> {
    let height = |panel: &Panel| {
        let labels = panel.lines.len() + usize::from(!panel.lines.is_empty());
        TITLE + (BAR + GAP) * panel.bars.len() as i32 + LABEL * labels as i32 + GAP
    };
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
    let figures = panel.bars.iter().map(|bar| bar.figure);
    let figures = figures.chain(panel.lines.iter().map(|line| line.figure));
    let most = figures.fold(f64::MIN_POSITIVE, f64::max);
    let end = |figure: f64| LEFT + (figure / most * f64::from(LONGEST)).round() as i32;
    for (bar, n) in panel.bars.iter().zip(0..) {
        draw_bar(area, bar, panel.unit, (top + TITLE + n * (BAR + GAP), end(bar.figure)))?;
    }
    let top = top + TITLE;
    let foot =
        |n: usize| top + (BAR + GAP) * panel.bars.len() as i32 + n as i32 * LABEL + LABEL / 2;
    for (n, line) in panel.lines.iter().enumerate() {
        draw_line(area, line, end(line.figure), (top - GAP / 2, foot(n)))?;
    }
    if !panel.lines.is_empty() {
        let style = text(13).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new(DASHED, (LEFT, foot(panel.lines.len())), style))?;
    }
    Ok(())
}

/// Draws a line from the top of the bars down to its label.
fn draw_line(area: &Area<'_>, line: &Line, x: i32, (top, foot): (i32, i32)) -> anyhow::Result<()> {
    area.draw(&DashedPathElement::new([(x, top), (x, foot)], 4, 3, PUBLISHED))?;
    let style = text(13).pos(Pos::new(HPos::Right, VPos::Center));
    area.draw(&Text::new(line.label.as_str(), (x - 6, foot), style))?;
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
    fn what_others_have_published_is_a_dashed_line_and_no_bar() {
        let row = Row::new("POST /api/login", Spread::single(30.0), Unit::PerSecond);
        let row = row.published(&crate::published::LOGINS);
        let (bars, lines) = (bars(&[&row]), lines(&[&row]));
        assert_eq!((bars.len(), lines.len()), (1, 3));
        let panel =
            |lines| Panel { title: "logins", unit: Unit::PerSecond, bars: Vec::new(), lines };
        let drawn = svg(&[Panel { bars, ..panel(lines) }]).unwrap();
        let (before, behind) = drawn.split_once("Keycloak, one vCPU: 15.0/s").unwrap();
        assert!(behind.contains(DASHED), "{drawn}");
        // The longest bar or line is the greatest figure's, 78, and the others are in proportion.
        let x = LEFT + LONGEST * 15 / 78;
        assert!(before.contains(&format!("points=\"{x},")), "{before}");
        assert!(DARK.contains("stroke='#BC4C00'") && before.contains("stroke=\"#BC4C00\""));
        assert!(!svg(&[panel(Vec::new())]).unwrap().contains(DASHED));
    }

    #[test]
    fn every_name_has_one_bar_in_colours_that_a_dark_page_changes() {
        let row = |reference, figure| {
            let row = Row::new("EdDSA", Spread::single(900.0), Unit::PerSecond);
            row.beside(reference, Spread::single(figure))
        };
        let bars = bars(&[&row("axum", 400.0), &row("hyper", 1000.0)]);
        let names: Vec<_> = bars.iter().map(|bar| (bar.name.as_str(), bar.is_ours)).collect();
        assert_eq!(names, [("hyper", false), ("Hallpass: EdDSA", true), ("axum", false)]);

        let svg = svg(&[Panel { title: "verify", unit: Unit::PerSecond, bars, lines: Vec::new() }])
            .unwrap();
        for colour in ["#1F2328", "#0B6BCB", "#9AA4AF"] {
            assert!(svg.contains(&format!("fill=\"{colour}\"")), "{colour} is drawn: {svg}");
            assert!(DARK.contains(colour), "{colour} has another one on a dark page");
        }
    }
}
