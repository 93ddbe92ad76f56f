//! Pictures as inline SVG.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;

use super::axis::Axis;

/// In the picture's own units; a page scales it.
const SIZE: (u32, u32) = (860, 320);

/// Lines of so few points show each of them as a dot.
const DOTTED: usize = 16;

/// A picture: lines over one x axis.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) lines: Vec<Line>,
    /// Where on the x axis something begins.
    pub(crate) marks: Vec<f64>,
    /// Bounds on the y axis.
    pub(crate) bounds: Vec<f64>,
}

/// A line of a picture.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// For the legend.
    pub(crate) name: String,
    pub(crate) tone: Tone,
    /// In ascending x.
    pub(crate) points: Vec<(f64, f64)>,
}

/// The colours of lines. A page's style sheet replaces each by its counterpart where it is dark.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tone {
    Blue,
    LightBlue,
    Orange,
    LightOrange,
    Green,
    Red,
}

impl Tone {
    /// The class of its swatch.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::LightBlue => "light-blue",
            Self::Orange => "orange",
            Self::LightOrange => "light-orange",
            Self::Green => "green",
            Self::Red => "red",
        }
    }

    /// As the style sheet has it.
    fn color(self) -> RGBColor {
        match self {
            Self::Blue => RGBColor(0x1D, 0x5F, 0xBF),
            Self::LightBlue => RGBColor(0x7F, 0xA8, 0xDB),
            Self::Orange => RGBColor(0xB4, 0x53, 0x09),
            Self::LightOrange => RGBColor(0xE0, 0xA2, 0x6A),
            Self::Green => RGBColor(0x1A, 0x7F, 0x4B),
            Self::Red => RGBColor(0xC0, 0x22, 0x2B),
        }
    }
}

const TEXT: RGBColor = RGBColor(0x24, 0x29, 0x2F);
const GRID: RGBColor = RGBColor(0xD8, 0xDE, 0xE4);

impl Chart {
    /// The picture as an `svg` element.
    ///
    /// # Errors
    ///
    /// None that is known of: it is written to memory.
    pub(crate) fn svg(&self) -> Result<String, String> {
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
            self.draw(&area).map_err(|error| error.to_string())?;
            area.present().map_err(|error| error.to_string())?;
        }
        Ok(svg)
    }

    fn draw<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, plotters::coord::Shift>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        let xs = self.lines.iter().flat_map(|line| &line.points).map(|point| point.0);
        let ys = self.lines.iter().flat_map(|line| &line.points).map(|point| point.1);
        let x = Scale::of(&self.x, xs.chain(self.marks.iter().copied()));
        let y = Scale::of(&self.y, ys.chain(self.bounds.iter().copied()));
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .margin_right(24)
            .x_label_area_size(44)
            .y_label_area_size(76)
            .build_cartesian_2d(x.clone(), y.clone())?;
        let text = ("sans-serif", 13).into_font().color(&TEXT);
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GRID)
            .label_style(text.clone())
            .axis_desc_style(text)
            .x_desc(&self.x.label)
            .y_desc(&self.y.label)
            .x_labels(12)
            .y_labels(12)
            .x_label_formatter(&|value| self.x.format(x.back(*value)))
            .y_label_formatter(&|value| self.y.format(y.back(*value)))
            .draw()?;
        for mark in &self.marks {
            let at = x.forth(*mark);
            let ends = vec![(at, y.range.start), (at, y.range.end)];
            chart.draw_series(std::iter::once(PathElement::new(ends, GRID.stroke_width(2))))?;
        }
        for bound in &self.bounds {
            let at = y.forth(*bound);
            let ends = vec![(x.range.start, at), (x.range.end, at)];
            let style = Tone::Red.color().stroke_width(1);
            chart.draw_series(std::iter::once(PathElement::new(ends, style)))?;
        }
        for line in &self.lines {
            let points: Vec<(f64, f64)> =
                line.points.iter().map(|(a, b)| (x.forth(*a), y.forth(*b))).collect();
            let style = line.tone.color().stroke_width(2);
            if points.len() <= DOTTED {
                let dot = |point: &(f64, f64)| Circle::new(*point, 3, line.tone.color().filled());
                chart.draw_series(points.iter().map(dot))?;
            }
            if points.len() > 1 {
                chart.draw_series(LineSeries::new(points, style))?;
            }
        }
        Ok(())
    }
}

/// An axis with its range and ticks, on which a logarithmic one is drawn like any other.
#[derive(Clone)]
struct Scale {
    axis: Axis,
    /// As it is drawn.
    range: Range<f64>,
    ticks: Vec<f64>,
}

impl Scale {
    fn of(axis: &Axis, values: impl Iterator<Item = f64>) -> Self {
        let values = values.map(|value| axis.forth(value)).filter(|value| value.is_finite());
        let (range, ticks) = axis.span(values);
        Self { axis: axis.clone(), range, ticks }
    }

    fn forth(&self, value: f64) -> f64 {
        self.axis.forth(value).max(self.range.start)
    }

    fn back(&self, value: f64) -> f64 {
        self.axis.back(value)
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        limit.0 + (f64::from(limit.1 - limit.0) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Scale {
    fn format(value: &f64) -> String {
        value.to_string()
    }
}
