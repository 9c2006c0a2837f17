//! Charts of figures over time, drawn on the server: lines are stretched to the width there is, texts and markers are placed in
//! percent of it, so that a phone and a wide screen read the same words in the same size.

use std::fmt::Write as _;

use crate::domain::{ratio::Ratio, samples::Minute};

/// Height of the drawing that a line is scaled to.
const SIZE: f64 = 1_000.0;
/// The part of the height that the line uses, from the top, in percent: above it stand the names of markers, below it the times.
const TOP: f64 = 20.0;
const BOTTOM: f64 = 86.0;
/// Most markers that bear their name.
const NAMED: usize = 12;

/// A vertical line at an instant.
pub(super) struct Marker {
    /// In percent.
    pub x: String,
    /// Height of its name, in percent; empty where it has none.
    pub y: String,
    pub text: String,
    /// `end` where the name stands left of the line.
    pub anchor: &'static str,
    /// Where it leads; empty is nowhere.
    pub href: String,
    pub title: String,
    pub class: &'static str,
}

/// A shaded span.
pub(super) struct Band {
    /// Left edge, in percent.
    pub x: String,
    /// In percent.
    pub width: String,
    pub class: &'static str,
    /// What it is; empty of one that needs no words.
    pub title: String,
}

/// A chart.
#[derive(Default)]
pub(super) struct Chart {
    /// What it shows, in a sentence.
    pub label: String,
    /// The `d` of the line, in a square of 1,000.
    pub path: String,
    /// The `d` of single points that no line reaches.
    pub dots: String,
    /// Height in percent and the value there.
    pub grid: Vec<(String, String)>,
    /// Height in percent; empty where none lies in the drawing.
    pub target: String,
    pub target_words: String,
    /// Place in percent, words, anchor.
    pub ticks: Vec<(String, String, &'static str)>,
    pub markers: Vec<Marker>,
    /// Spans that are shaded.
    pub bands: Vec<Band>,
    /// The `d` of vertical drops and their class.
    pub drops: Vec<(String, &'static str)>,
}

/// An instant to mark.
pub(super) struct Mark {
    pub at: Minute,
    /// Short: `PE-22`.
    pub text: String,
    pub href: String,
    pub title: String,
    pub class: &'static str,
}

/// A span of time.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub from: Minute,
    pub to: Minute,
}

impl Axis {
    /// The place of a minute, 0 to 100.
    fn place(self, at: Minute) -> f64 {
        let whole = f64::from((self.to - self.from).max(1));
        (f64::from(at - self.from) / whole * 100.0).clamp(0.0, 100.0)
    }
}

fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

/// The rate of a part of a whole in percent; none where nothing counted.
pub(super) fn rate(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64 * 100.0)
}

/// The values at the lower and the upper end of the drawing.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    pub low: f64,
    pub high: f64,
}

impl Scale {
    /// The height of a value, in percent from the top.
    fn height(self, value: f64) -> f64 {
        TOP + (self.high - value) / (self.high - self.low) * (BOTTOM - TOP)
    }
}

/// Draws values in order of time; none leaves a gap. `digits` are those of the words beside the grid.
pub(super) fn line(axis: Axis, values: &[(Minute, Option<f64>)], target: Option<f64>, digits: u8) -> Option<Chart> {
    let known = || values.iter().filter_map(|(_, value)| *value);
    let least = known().fold(f64::INFINITY, f64::min);
    let most = known().fold(f64::NEG_INFINITY, f64::max);
    if known().count() < 2 {
        return None;
    }
    let (low, high) = (least.min(target.unwrap_or(least)), most.max(target.unwrap_or(most)));
    // A figure that hardly moves is not blown up to a mountain range.
    let room = ((high - low) * 0.06).max(10_f64.powi(-i32::from(digits)));
    let high = if most <= 100.0 { (high + room).min(100.0 + room / 2.0) } else { high + room };
    let scale = Scale { low: low - room, high };
    let mut chart = draw(axis, values, scale);
    let mut values = vec![most, f64::midpoint(least, most), least];
    let shown = |value: f64| format!("{value:.*}", usize::from(digits));
    if let Some(target) = target {
        chart.target = percent(scale.height(target));
        chart.target_words = shown(target);
        values.retain(|value| (scale.height(*value) - scale.height(target)).abs() > 8.0);
    }
    // Words that would stand on one another are left out.
    values.dedup_by(|one, before| (scale.height(*one) - scale.height(*before)).abs() < 8.0);
    chart.grid(scale, values.into_iter().map(|value| (value, shown(value))));
    Some(chart)
}

/// Draws values between two ends, without words.
pub(super) fn draw(axis: Axis, values: &[(Minute, Option<f64>)], scale: Scale) -> Chart {
    let mut chart = Chart::default();
    let mut last: Option<(f64, f64, bool)> = None;
    for (at, value) in values {
        let Some(value) = value else {
            last = close(&mut chart, last);
            continue;
        };
        let (x, y) = point(axis, scale, *at, *value);
        let _ = write!(chart.path, "{}{x:.1} {y:.1}", if last.is_some() { 'L' } else { 'M' });
        last = Some((x, y, last.is_none()));
    }
    close(&mut chart, last);
    chart
}

fn point(axis: Axis, scale: Scale, at: Minute, value: f64) -> (f64, f64) {
    (axis.place(at) * SIZE / 100.0, scale.height(value) * SIZE / 100.0)
}

/// A point alone between two gaps is a dot.
fn close(chart: &mut Chart, last: Option<(f64, f64, bool)>) -> Option<(f64, f64, bool)> {
    if let Some((x, y, true)) = last {
        let _ = write!(chart.dots, "M{x:.1} {y:.1}h0");
    }
    None
}

impl Chart {
    /// Adds vertical lines; names that would stand on one another go down a row.
    pub(super) fn mark(&mut self, axis: Axis, marks: Vec<Mark>) {
        let mut rows = [f64::NEG_INFINITY; 3];
        let inside: Vec<Mark> = marks.into_iter().filter(|mark| (axis.from..=axis.to).contains(&mark.at)).collect();
        let named = inside.len() <= NAMED;
        for mark in inside {
            let x = axis.place(mark.at);
            let left = x > 88.0;
            let row = rows.iter().position(|end| *end + 1.0 < if left { x - 12.0 } else { x }).filter(|_| named);
            if let Some(end) = row.and_then(|row| rows.get_mut(row)) {
                *end = if left { x } else { x + 12.0 };
            }
            let y = row.map(|row| percent(5.0 + 6.5 * row as f64)).unwrap_or_default();
            let anchor = if left { "end" } else { "start" };
            let Mark { text, href, title, class, .. } = mark;
            self.markers.push(Marker { x: percent(x), y, text, anchor, href, title, class });
        }
    }

    /// Writes values beside lines across the drawing.
    pub(super) fn grid(&mut self, scale: Scale, values: impl IntoIterator<Item = (f64, String)>) {
        self.grid.extend(values.into_iter().map(|(value, words)| (percent(scale.height(value)), words)));
    }

    /// Draws a drop from one value to another.
    pub(super) fn fall(&mut self, axis: Axis, scale: Scale, at: Minute, (from, to): (f64, f64), class: &'static str) {
        let ((x, top), (_, bottom)) = (point(axis, scale, at, from), point(axis, scale, at, to));
        self.drops.push((format!("M{x:.1} {top:.1}V{bottom:.1}"), class));
    }

    /// Shades a span.
    pub(super) fn band(&mut self, axis: Axis, (from, to): (Minute, Minute), class: &'static str, title: String) {
        let (left, right) = (axis.place(from), axis.place(to));
        if right > left {
            self.bands.push(Band { x: percent(left), width: percent(right - left), class, title });
        }
    }

    /// Writes times below; the first and the last stay inside.
    pub(super) fn times(&mut self, axis: Axis, ticks: impl IntoIterator<Item = (Minute, String)>) {
        for (at, words) in ticks {
            let x = axis.place(at);
            let anchor = if x < 4.0 {
                "start"
            } else if x > 96.0 {
                "end"
            } else {
                "middle"
            };
            self.ticks.push((percent(x), words, anchor));
        }
    }
}

/// A cell of the calendar.
pub(super) struct Cell {
    pub x: usize,
    pub y: usize,
    /// Height and top of its bar, of 10.
    pub height: String,
    pub top: String,
    pub class: &'static str,
    /// Its counts were written by hand.
    pub by_hand: bool,
    pub href: String,
    pub title: String,
}

/// How high a day's bar stands: by how many times the budget of such a day is used.
pub(super) fn cell(failed: i64, eligible: i64, allowed: Option<Ratio>) -> (f64, &'static str) {
    if eligible <= 0 {
        return (1.0, "none");
    }
    let allowed = allowed.and_then(|ratio| rate(ratio.part, ratio.whole)).unwrap_or(0.0);
    let failed = rate(failed, eligible).unwrap_or(0.0);
    match failed {
        failed if failed <= 0.0 => (2.0, "h0"),
        failed if failed <= allowed => (3.5, "h0"),
        failed if failed <= allowed * 3.0 => (5.5, "h1"),
        failed if failed <= allowed * 10.0 => (7.5, "h2"),
        _ => (10.0, "h3"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_gap_parts_the_line_and_a_lonely_point_is_a_dot() {
        let axis = Axis { from: 0, to: 40 };
        let values = [(0, Some(99.0)), (10, Some(98.0)), (20, None), (30, Some(99.5)), (40, None)];
        let chart = line(axis, &values, Some(99.9), 2).unwrap();
        assert_eq!((chart.path.matches('M').count(), chart.path.matches('L').count()), (2, 1), "{}", chart.path);
        assert!(chart.dots.starts_with("M750.0 "), "{}", chart.dots);
        assert!(!chart.target.is_empty());
        assert!(line(axis, &[(0, Some(1.0)), (1, None)], None, 2).is_none());
    }

    #[test]
    fn names_of_markers_do_not_stand_on_one_another() {
        let axis = Axis { from: 0, to: 100 };
        let mut chart = Chart::default();
        let mark = |at| Mark { at, text: "PE-1".to_owned(), href: String::new(), title: String::new(), class: "" };
        chart.mark(axis, [10, 11, 12, 13, 95, 140].into_iter().map(mark).collect());
        let rows: Vec<&str> = chart.markers.iter().map(|marker| marker.y.as_str()).collect();
        assert_eq!(rows, ["5.00%", "11.50%", "18.00%", "", "5.00%"], "the one outside is left out");
        assert_eq!(chart.markers.last().unwrap().anchor, "end");
    }

    #[test]
    fn a_day_is_as_high_as_its_use_of_the_budget() {
        let allowed = Some(Ratio { part: 1, whole: 10_000 });
        let class = |failed| cell(failed, 100_000, allowed).1;
        assert_eq!([class(0), class(10), class(11), class(31), class(101)], ["h0", "h0", "h1", "h2", "h3"]);
        assert_eq!(cell(0, 0, allowed).1, "none");
    }
}
