//! The stage bar: where the minutes of an event went, from its clock points (发现 响应 定位 止损 恢复).

use chrono::{DateTime, Utc};

use crate::domain::{clock_point::Precision, event::EventFields, timeline::clock_points};

/// The stages; each ends with the clock point of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// 发现: from the beginning until someone knew.
    Detect,
    /// 响应: until someone worked on it.
    Acknowledge,
    /// 定位: until the cause was known.
    Locate,
    /// 止损: until the damage stopped.
    Mitigate,
    /// 恢复: until all was well.
    Recover,
}

/// All stages in order.
pub const STAGES: [Stage; 5] = [Stage::Detect, Stage::Acknowledge, Stage::Locate, Stage::Mitigate, Stage::Recover];

impl Stage {
    /// The name of the clock point that ends the stage.
    pub const fn point(self) -> &'static str {
        match self {
            Self::Detect => "detected",
            Self::Acknowledge => "acknowledged",
            Self::Locate => "located",
            Self::Mitigate => "mitigated",
            Self::Recover => "recovered",
        }
    }
}

/// What is known of a clock point that bounds no segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// Nobody said yet.
    Missing,
    /// Declared unknown for good.
    Unknown,
    /// Only the day is known: no minutes can be counted.
    DayOnly,
    /// It lies before the point in front of it.
    OutOfOrder,
}

/// A stretch between two known points. Where points between are not known, it covers several stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The stages it covers, at least one, in order.
    pub stages: Vec<Stage>,
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end; now, where it goes on.
    pub to: DateTime<Utc>,
    /// The event has not recovered: the segment grows.
    pub open: bool,
}

impl Segment {
    /// Whole minutes, 0 or more.
    pub fn minutes(&self) -> i64 {
        (self.to - self.from).num_minutes().max(0)
    }
}

/// The bar.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StageBar {
    /// In the order of the clock; empty where fewer than two points are known to the minute.
    pub segments: Vec<Segment>,
    /// Points that bound no segment, by name (`occurred` included), and why.
    pub gaps: Vec<(&'static str, Gap)>,
}

impl StageBar {
    /// Minutes from the first known point to the last one, or to now.
    pub fn minutes(&self) -> i64 {
        match (self.segments.first(), self.segments.last()) {
            (Some(first), Some(last)) => (last.to - first.from).num_minutes().max(0),
            _ => 0,
        }
    }

    /// Whether the event goes on.
    pub fn is_open(&self) -> bool {
        self.segments.last().is_some_and(|segment| segment.open)
    }

    /// The segment of one stage alone, as the figures read it: 发现 is TTD.
    pub fn of(&self, stage: Stage) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.stages == [stage])
    }
}

/// The bar of an event at `now`. Points known to the day, unknown ones and those out of order are named and bridged.
pub fn stage_bar(fields: &EventFields, now: DateTime<Utc>) -> StageBar {
    let mut bar = StageBar::default();
    let mut before: Option<DateTime<Utc>> = None;
    let mut waiting: Vec<Stage> = Vec::new();
    let points = clock_points(fields);
    for (at, (name, point)) in points.into_iter().enumerate() {
        let stage = at.checked_sub(1).and_then(|at| STAGES.get(at)).copied();
        waiting.extend(stage);
        let gap = match point {
            None if fields.unknown.iter().any(|unknown| unknown == name) => Some(Gap::Unknown),
            None => Some(Gap::Missing),
            Some(point) if point.precision == Precision::Day => Some(Gap::DayOnly),
            Some(point) if before.is_some_and(|before| point.at < before) => Some(Gap::OutOfOrder),
            Some(_) => None,
        };
        match (gap, point) {
            (None, Some(point)) => {
                if let Some(from) = before {
                    let stages = std::mem::take(&mut waiting);
                    bar.segments.push(Segment { stages, from, to: point.at, open: false });
                } else {
                    // What lies in front of the first known point cannot be counted.
                    waiting.clear();
                }
                before = Some(point.at);
            }
            (gap, _) => bar.gaps.extend(gap.map(|gap| (name, gap))),
        }
    }
    let goes_on = fields.recovered.is_none() && !fields.unknown.iter().any(|name| name == "recovered");
    if let Some(from) = before.filter(|from| goes_on && *from <= now && !waiting.is_empty()) {
        bar.segments.push(Segment { stages: waiting, from, to: now, open: true });
        // It has not come yet, which is no gap.
        bar.gaps.retain(|(name, _)| *name != "recovered");
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock_point::ClockPoint;

    fn at(clock: &str) -> DateTime<Utc> {
        format!("2024-08-19T{clock}:00+08:00").parse().unwrap()
    }

    fn fields(points: [&str; 6]) -> EventFields {
        let point = |text: &str| match text {
            "" | "?" => None,
            "day" => Some(ClockPoint::day(at("00:00"))),
            clock => Some(ClockPoint::minute(at(clock))),
        };
        let unknown = points.iter().zip(crate::domain::event_record::CLOCK_NAMES).filter(|(text, _)| **text == "?");
        EventFields {
            occurred: point(points[0]),
            detected: point(points[1]),
            acknowledged: point(points[2]),
            located: point(points[3]),
            mitigated: point(points[4]),
            recovered: point(points[5]),
            unknown: unknown.map(|(_, name)| name.to_owned()).collect(),
            ..EventFields::default()
        }
    }

    /// How many stages, minutes, open; and the gaps.
    type Told = (Vec<(usize, i64, bool)>, Vec<(&'static str, Gap)>);

    fn told(points: [&str; 6]) -> Told {
        let bar = stage_bar(&fields(points), at("16:00"));
        (bar.segments.iter().map(|one| (one.stages.len(), one.minutes(), one.open)).collect(), bar.gaps)
    }

    #[test]
    fn the_minutes_of_each_stage_lie_between_its_points() {
        let all = ["02:47", "02:51", "02:54", "03:05", "03:12", "03:29"];
        let (segments, gaps) = told(all);
        assert_eq!(segments, [(1, 4, false), (1, 3, false), (1, 11, false), (1, 7, false), (1, 17, false)]);
        assert_eq!(gaps, []);
        let bar = stage_bar(&fields(all), at("16:00"));
        assert_eq!((bar.minutes(), bar.is_open()), (42, false));
        assert_eq!(bar.of(Stage::Locate).map(Segment::minutes), Some(11));
    }

    #[test]
    fn unknown_points_are_named_and_bridged() {
        let (segments, gaps) = told(["15:00", "15:00", "?", "", "15:30", "15:40"]);
        assert_eq!(segments, [(1, 0, false), (3, 30, false), (1, 10, false)]);
        assert_eq!(gaps, [("acknowledged", Gap::Unknown), ("located", Gap::Missing)]);
        let (segments, gaps) = told(["", "15:00", "15:05", "", "", "15:30"]);
        assert_eq!(segments, [(1, 5, false), (3, 25, false)], "nothing in front of the first known point");
        assert_eq!(gaps.first(), Some(&("occurred", Gap::Missing)));
    }

    #[test]
    fn days_and_points_out_of_order_count_no_minutes() {
        let (segments, gaps) = told(["day", "15:00", "", "", "", "15:30"]);
        assert_eq!(segments, [(4, 30, false)]);
        assert_eq!(gaps[0], ("occurred", Gap::DayOnly));
        let (segments, gaps) = told(["15:00", "14:50", "", "", "", "15:30"]);
        assert_eq!((segments, gaps[0]), (vec![(5, 30, false)], ("detected", Gap::OutOfOrder)));
        assert_eq!(told(["day", "", "", "", "", "day"]).0, []);
    }

    #[test]
    fn an_event_that_goes_on_grows() {
        let (segments, gaps) = told(["15:00", "15:10", "", "", "", ""]);
        assert_eq!(segments, [(1, 10, false), (4, 50, true)]);
        assert!(!gaps.iter().any(|(name, _)| *name == "recovered"));
        assert_eq!(told(["15:00", "", "", "", "", "?"]).0, [], "nobody can tell the recovery: it does not go on");
        assert_eq!(told(["", "", "", "", "", ""]).0, []);
    }
}
