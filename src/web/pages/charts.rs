//! Small charts drawn on the server as SVG paths: they need no script and print.

use std::fmt::Write as _;

use crate::domain::report::reading::Decimal;

/// Width and height of the drawing.
const SIZE: (f64, f64) = (200.0, 34.0);
/// Free space at the edges.
const EDGE: f64 = 3.0;

/// A line over the last weeks.
pub(super) struct Spark {
    /// The `d` of the line; a week without a value leaves a gap.
    pub path: String,
    /// The `d` of the dot at the end.
    pub end: String,
    /// Height of the target line, where it lies within the drawing.
    pub target: String,
}

/// The drawing of `values`, oldest first; none where fewer than two are known.
pub(super) fn spark(values: &[Option<Decimal>], target: Option<Decimal>) -> Option<Spark> {
    let known: Vec<f64> = values.iter().flatten().copied().map(number).collect();
    if known.len() < 2 {
        return None;
    }
    let least = known.iter().copied().fold(f64::INFINITY, f64::min);
    let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let span = if most > least { most - least } else { 1.0 };
    let step = (SIZE.0 - 2.0 * EDGE) / (values.len() - 1) as f64;
    let height = |value: f64| EDGE + (most - value) / span * (SIZE.1 - 2.0 * EDGE);
    let mut path = String::new();
    let mut end = String::new();
    let mut drawing = false;
    for (place, value) in values.iter().enumerate() {
        let Some(value) = value else {
            drawing = false;
            continue;
        };
        let (x, y) = (EDGE + step * place as f64, height(number(*value)));
        let _ = write!(path, "{}{x:.1} {y:.1} ", if drawing { 'L' } else { 'M' });
        end = format!("M{x:.1} {y:.1}h0");
        drawing = true;
    }
    let target = target
        .map(|target| height(number(target)))
        .filter(|y| (0.0..=SIZE.1).contains(y))
        .map(|y| format!("{y:.1}"))
        .unwrap_or_default();
    Some(Spark { path: path.trim_end().to_owned(), end, target })
}

fn number(value: Decimal) -> f64 {
    value.units as f64 / 10_f64.powi(i32::from(value.scale))
}

/// A part of a bar.
pub(super) struct Part {
    /// Left edge, of 200.
    pub x: String,
    /// Width, of 200.
    pub width: String,
    /// Colour class: 1 to 4.
    pub level: usize,
}

/// Parts of one bar in the proportion of `sizes` (the grades A to D); empty parts are left out.
pub(super) fn parts(sizes: &[i64]) -> Vec<Part> {
    let total: i64 = sizes.iter().sum();
    if total <= 0 {
        return Vec::new();
    }
    let mut x = 0.0;
    let mut parts = Vec::new();
    for (level, size) in (1..).zip(sizes).filter(|(_, size)| **size > 0) {
        let width = *size as f64 / total as f64 * SIZE.0;
        parts.push(Part { x: format!("{x:.1}"), width: format!("{:.1}", (width - 1.5).max(1.0)), level });
        x += width;
    }
    parts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_line_begins_and_ends_at_the_edges_and_leaves_a_gap_for_an_unknown_week() {
        let value = |units| Some(Decimal { units, scale: 2 });
        let drawn = spark(&[value(9990), None, value(9995), value(9980)], value(9995)).unwrap();
        assert_eq!(drawn.path.matches('M').count(), 2, "{}", drawn.path);
        assert!(drawn.path.starts_with("M3.0 "), "{}", drawn.path);
        assert!(drawn.end.starts_with("M197.0 31.0"), "{}", drawn.end);
        assert_eq!(drawn.target, "3.0");
        assert!(spark(&[value(1), None], None).is_none());
    }

    #[test]
    fn parts_fill_the_bar_in_proportion() {
        let drawn = parts(&[0, 1, 3, 0]);
        assert_eq!(drawn.iter().map(|part| part.level).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(drawn[1].x, "50.0");
        assert!(parts(&[0, 0]).is_empty());
    }
}
