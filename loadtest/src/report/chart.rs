//! Pictures as inline SVG.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;

use super::axis::{Axis, Unit};

/// In the picture's own units; a page scales it.
const SIZE: (u32, u32) = (860, 320);

/// A line with at most this many points shows each of them as a dot.
const DOTTED: usize = 16;

/// A picture: series of points over one x axis, each drawn as a line.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    x: Axis,
    y: Axis,
    pub(super) series: Vec<Series>,
    /// Where on the x axis something begins.
    marks: Vec<f64>,
    /// Bounds on the y axis.
    pub(super) bounds: Vec<f64>,
}

/// The points of a line.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// For the legend.
    pub(super) name: String,
    pub(super) tone: Tone,
    /// In ascending x.
    points: Vec<(f64, f64)>,
}

impl Series {
    pub(crate) fn new(name: impl Into<String>, tone: Tone, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), tone, points }
    }
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

/// A straight line and how it is drawn.
type Straight = (Vec<(f64, f64)>, ShapeStyle);

impl Chart {
    pub(crate) fn new(x: Axis, y: Axis, series: Vec<Series>) -> Self {
        Self { x, y, series, marks: Vec::new(), bounds: Vec::new() }
    }

    /// Over the seconds of a run.
    pub(crate) fn over_time(y: Axis, series: Vec<Series>) -> Self {
        Self::new(Axis::new("seconds since the start", Unit::Number), y, series)
    }

    /// With vertical lines where something begins.
    pub(crate) fn with_marks(self, marks: Vec<f64>) -> Self {
        Self { marks, ..self }
    }

    /// With horizontal lines at bounds that must be kept.
    pub(crate) fn with_bounds(self, bounds: Vec<f64>) -> Self {
        Self { bounds, ..self }
    }

    /// The picture as an `svg` element.
    pub(super) fn svg(&self) -> Result<String, String> {
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
        let points = || self.series.iter().flat_map(|series| &series.points);
        let x = Scale::of(&self.x, points().map(|point| point.0).chain(self.marks.clone()));
        let y = Scale::of(&self.y, points().map(|point| point.1).chain(self.bounds.clone()));
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .margin_right(24)
            .x_label_area_size(44)
            .y_label_area_size(76)
            .build_cartesian_2d(x.clone(), y.clone())?;
        self.draw_mesh(&mut chart)?;
        for (ends, style) in self.straight_lines(&x, &y) {
            chart.draw_series(std::iter::once(PathElement::new(ends, style)))?;
        }
        for series in &self.series {
            let color = series.tone.color();
            let at = |(a, b): &(f64, f64)| (x.forth(*a), y.forth(*b));
            let points: Vec<(f64, f64)> = series.points.iter().map(at).collect();
            if points.len() <= DOTTED {
                let dot = |point: &(f64, f64)| Circle::new(*point, 3, color.filled());
                chart.draw_series(points.iter().map(dot))?;
            }
            if points.len() > 1 {
                chart.draw_series(LineSeries::new(points, color.stroke_width(2)))?;
            }
        }
        Ok(())
    }

    fn draw_mesh<B: DrawingBackend>(
        &self,
        chart: &mut ChartContext<'_, B, Cartesian2d<Scale, Scale>>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
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
            .x_label_formatter(&|value| self.x.format(self.x.back(*value)))
            .y_label_formatter(&|value| self.y.format(self.y.back(*value)))
            .draw()
    }

    fn straight_lines(&self, x: &Scale, y: &Scale) -> Vec<Straight> {
        let mark = |at: &f64| {
            (vec![(x.forth(*at), y.range.start), (x.forth(*at), y.range.end)], GRID.stroke_width(2))
        };
        let red = Tone::Red.color().stroke_width(1);
        let bound =
            |at: &f64| (vec![(x.range.start, y.forth(*at)), (x.range.end, y.forth(*at))], red);
        self.marks.iter().map(mark).chain(self.bounds.iter().map(bound)).collect()
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
