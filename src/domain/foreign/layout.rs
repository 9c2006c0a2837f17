//! What a row of a table says: its cells under the meaning of their columns.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveTime, TimeZone as _, Utc};
use csv::StringRecord;

use super::{
    ForeignContext, ForeignEvent, ForeignProblem, RAW_LIMIT,
    cells::{self, Moment, Order},
    columns::{self, Column},
    csv::Row,
    entry::{severity, web_address},
    maintenance, plain, stamps,
};
use crate::domain::{
    capture::{
        self,
        draft::{DraftEvent, Impact, ImpactKind, Mark, Notice},
        marks, quantities,
    },
    checked::{self, LONG_TEXT},
    clock_point::ClockPoint,
    report::render::generate_narrative,
};

/// Which column is where, and how its cells are meant.
pub(super) struct Layout {
    places: BTreeMap<Column, usize>,
    headers: BTreeMap<Column, String>,
    order: Order,
    /// The column of the impact holds labels of a status page: `none`, `minor`, `major`, `critical`.
    graded: bool,
}

impl Layout {
    pub(super) fn of(
        head: &StringRecord,
        rows: &[Row<'_>],
        context: &ForeignContext<'_>,
    ) -> Result<Self, ForeignProblem> {
        let listed = || {
            let shown: Vec<String> = head.iter().take(40).map(|name| plain::bounded(&plain::line(name), 60)).collect();
            shown.join(" | ")
        };
        let mut places = BTreeMap::new();
        for (column, name) in context.columns.map(|mapping| mapping.columns.as_slice()).unwrap_or_default() {
            let folded = checked::fold(name);
            let numbered = name.strip_prefix('#').and_then(|number| number.parse::<usize>().ok()?.checked_sub(1));
            let found = head
                .iter()
                .position(|header| checked::fold(header) == folded)
                .or(numbered.filter(|at| *at < head.len()));
            let Some(at) = found else {
                return Err(ForeignProblem::UnknownColumn { column: plain::bounded(name, 80), headers: listed() });
            };
            places.insert(*column, at);
        }
        for (at, header) in head.iter().enumerate() {
            let taken = places.values().any(|place| *place == at);
            match Column::of_header(header).filter(|_| !taken) {
                // `title` and `description`: the second tells more.
                Some(Column::Summary) if places.contains_key(&Column::Summary) => {
                    places.entry(Column::Narrative).or_insert(at);
                }
                Some(column) => {
                    places.entry(column).or_insert(at);
                }
                None => {}
            }
        }
        let has = |columns: &[Column]| columns.iter().any(|column| places.contains_key(column));
        let missing = if !has(&[Column::Occurred, Column::Date, Column::Line]) {
            Some("when it began (occurred, date or line)")
        } else if !has(&[Column::Summary, Column::Narrative, Column::Line, Column::Impact, Column::Cause]) {
            Some("what happened (summary, narrative or line)")
        } else {
            None
        };
        if let Some(missing) = missing {
            return Err(ForeignProblem::MissingColumns { missing, headers: listed(), known: Column::known() });
        }
        let headers = places.iter().filter_map(|(column, at)| Some((*column, head.get(*at)?.to_owned()))).collect();
        let mut layout = Self { places, headers, order: Order::MonthFirst, graded: false };
        layout.order = context.columns.and_then(|mapping| mapping.order).unwrap_or_else(|| layout.usual_order(rows));
        layout.graded = !layout.places.contains_key(&Column::Severity) && layout.impact_is_grade(rows);
        Ok(layout)
    }

    /// Day first where a cell can mean nothing else, or where dots stand between the numbers.
    fn usual_order(&self, rows: &[Row<'_>]) -> Order {
        let times = [Column::Occurred, Column::Date, Column::Recovered];
        let cells = || rows.iter().flat_map(|row| times.iter().filter_map(|column| self.cell(row, *column)));
        cells().find_map(cells::order_of).unwrap_or_else(|| {
            let dotted = cells().next().is_some_and(|cell| {
                cell.split(' ').next().is_some_and(|date| date.matches('.').count() == 2 && date.len() <= 10)
            });
            if dotted { Order::DayFirst } else { Order::MonthFirst }
        })
    }

    fn impact_is_grade(&self, rows: &[Row<'_>]) -> bool {
        let mut any = false;
        for cell in rows.iter().filter_map(|row| self.cell(row, Column::Impact)) {
            if !["none", "minor", "major", "critical", "maintenance"].contains(&cell.trim().to_lowercase().as_str()) {
                return false;
            }
            any = true;
        }
        any
    }

    /// The cell of a column, where it says something.
    pub(super) fn cell<'r>(&self, row: &'r Row<'_>, column: Column) -> Option<&'r str> {
        let cell = row.cells.get(*self.places.get(&column)?)?;
        // Exports put an apostrophe before cells that a spreadsheet would compute.
        let cell = match cell.strip_prefix('\'') {
            Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
            _ => cell,
        };
        (!cells::is_blank(cell) || (column == Column::Severity && cell.trim() == "none")).then_some(cell)
    }

    pub(super) fn event(&self, row: &Row<'_>, context: &ForeignContext<'_>) -> Result<ForeignEvent, String> {
        if row.open {
            return Err("引号没有结束 a quote is not closed".to_owned());
        }
        let mut draft = match self.cell(row, Column::Line) {
            Some(line) => capture::read_line(line, &context.capture),
            None => DraftEvent::default(),
        };
        // Spans are places in the line, which is not the text of the event.
        draft.spans.clear();
        self.grade(row, &mut draft)?;
        self.clock(row, context, &mut draft)?;
        self.words(row, context, &mut draft)?;
        self.planned(row, &draft)?;
        let occurred = draft.occurred.map(|point| point.at.timestamp()).unwrap_or_default();
        let words = draft.summary.as_deref().unwrap_or(&draft.narrative);
        let key = match self.cell(row, Column::Id) {
            Some(id) => plain::line(&plain::printable(id)),
            None => format!("{occurred}|{}", checked::fold(words)),
        };
        Ok(ForeignEvent {
            key: plain::bounded(&key, 500),
            draft,
            raw: plain::bounded(&plain::printable(row.raw), RAW_LIMIT),
            timeline: Vec::new(),
            links: self.cell(row, Column::Link).and_then(web_address).into_iter().collect(),
        })
    }

    /// Refuses planned work: the column of the type decides where it says what the row is, else the title.
    fn planned(&self, row: &Row<'_>, draft: &DraftEvent) -> Result<(), String> {
        let of_type = self.cell(row, Column::Type).and_then(maintenance::of_type);
        let refused = of_type.unwrap_or_else(|| {
            let title = draft.summary.as_deref().unwrap_or_else(|| draft.narrative.lines().next().unwrap_or_default());
            maintenance::of_row(title)
        });
        refused.map_or(Ok(()), |words| Err(words.to_owned()))
    }

    fn grade(&self, row: &Row<'_>, draft: &mut DraftEvent) -> Result<(), String> {
        let column = if self.graded { Column::Impact } else { Column::Severity };
        let Some(label) = self.cell(row, column).map(str::trim) else { return Ok(()) };
        if label.eq_ignore_ascii_case("maintenance") || matches!(label, "维护" | "计划维护") {
            return Err(maintenance::WORDS.to_owned());
        }
        if label.eq_ignore_ascii_case("none") || matches!(label, "未定级" | "不定级") {
            return Ok(());
        }
        match severity(label) {
            Some(label) => draft.severity = Some(label),
            None => draft.notices.push(Notice::LeftOver { text: plain::bounded(&plain::line(label), 60) }),
        }
        Ok(())
    }

    /// The times of a row, in the order in which they depend on each other.
    fn clock(&self, row: &Row<'_>, context: &ForeignContext<'_>, draft: &mut DraftEvent) -> Result<(), String> {
        let date = match self.cell(row, Column::Date) {
            None => None,
            Some(cell) => Some(cells::moment(cell, self.order).ok_or_else(|| unreadable(cell))?),
        };
        if let Some(cell) = self.cell(row, Column::Occurred) {
            let point = self.point(cell, Column::Occurred, date, context);
            draft.occurred = Some(if let Some(point) = point {
                point
            } else {
                // `8月19日 9:30至10:15`: as in a line.
                let read = capture::read_line(&format!("{cell} 。"), &context.capture);
                draft.recovered = read.recovered;
                draft.notices.extend(read.notices.into_iter().filter(|n| matches!(n, Notice::YearAssumed { .. })));
                read.occurred.ok_or_else(|| unreadable(cell))?
            });
        } else if let (Some(cell), None) = (self.cell(row, Column::Date), draft.occurred) {
            draft.occurred = self.point(cell, Column::Date, None, context);
        }
        let Some(occurred) = draft.occurred else {
            return Err("没有发生时间 no time of the beginning".to_owned());
        };
        let begin = occurred.at.with_timezone(&context.capture.zone).date_naive();
        let later = |column: Column| -> Result<Option<ClockPoint>, String> {
            let Some(cell) = self.cell(row, column) else { return Ok(None) };
            let day = Some(Moment::Day(begin));
            let mut point = self.point(cell, column, day, context).ok_or_else(|| unreadable(cell))?;
            // A time alone that lies before the beginning is one of the next day.
            if matches!(cells::moment(cell, self.order), Some(Moment::Time(_))) && point.at < occurred.at {
                point.at += Duration::days(1);
            }
            Ok(Some(point))
        };
        draft.detected = later(Column::Detected)?.or(draft.detected);
        draft.acknowledged = later(Column::Acknowledged)?.or(draft.acknowledged);
        draft.located = later(Column::Located)?.or(draft.located);
        draft.mitigated = later(Column::Mitigated)?.or(draft.mitigated);
        draft.recovered = later(Column::Recovered)?.or(draft.recovered);
        if draft.recovered.is_none()
            && let Some(cell) = self.cell(row, Column::Duration)
        {
            let seconds = cells::duration(cell, self.unit()).ok_or_else(|| {
                format!("读不懂的时长 cannot read the duration: {}", plain::bounded(&plain::line(cell), 60))
            })?;
            draft.recovered = occurred.at.checked_add_signed(Duration::seconds(seconds)).map(ClockPoint::minute);
        }
        let points =
            [draft.occurred, draft.detected, draft.acknowledged, draft.located, draft.mitigated, draft.recovered];
        if points.into_iter().flatten().any(|point| checked::instant("occurred_at", point.at).is_err()) {
            return Err("时间不在 1970 至 9998 年之间 a time outside 1970 to 9998".to_owned());
        }
        if let Some(recovered) = draft.recovered
            && recovered.at < occurred.at
        {
            return Err("恢复时间早于发生时间 the recovery lies before the beginning".to_owned());
        }
        Ok(())
    }

    /// Seconds of a duration without a unit: the unit of the header, else minutes.
    fn unit(&self) -> f64 {
        let header = self.headers.get(&Column::Duration).map(String::as_str).unwrap_or_default();
        let last = header.rsplit(['_', ' ', '-']).next().unwrap_or_default().to_lowercase();
        columns::in_brackets(header).and_then(|unit| cells::unit_of(&unit)).or(cells::unit_of(&last)).unwrap_or(60.0)
    }

    /// The point of a cell; a time alone belongs to `day`.
    fn point(
        &self,
        cell: &str,
        column: Column,
        day: Option<Moment>,
        context: &ForeignContext<'_>,
    ) -> Option<ClockPoint> {
        let zone = self.headers.get(&column).and_then(|header| columns::zone_of(header));
        let at = |date: NaiveDate, time: NaiveTime, offset: Option<i32>| -> Option<DateTime<Utc>> {
            let naive = date.and_time(time);
            match offset.or(zone) {
                Some(minutes) => FixedOffset::east_opt(minutes * 60)?
                    .from_local_datetime(&naive)
                    .single()
                    .map(|at| at.with_timezone(&Utc)),
                None => stamps::local(naive, context.capture.zone),
            }
        };
        match cells::moment(cell, self.order)? {
            Moment::Instant(at) => Some(ClockPoint::minute(at)),
            Moment::Both(date, time, offset) => at(date, time, offset).map(ClockPoint::minute),
            Moment::Day(date) => at(date, NaiveTime::MIN, None).map(ClockPoint::day),
            Moment::Time(time) => match day? {
                Moment::Day(date) | Moment::Both(date, ..) => at(date, time, None).map(ClockPoint::minute),
                Moment::Time(_) | Moment::Instant(_) => None,
            },
        }
    }

    fn words(&self, row: &Row<'_>, context: &ForeignContext<'_>, draft: &mut DraftEvent) -> Result<(), String> {
        let text = |column: Column| {
            let text = plain::printable(&plain::from_mixed(self.cell(row, column)?)).trim().to_owned();
            (!text.is_empty()).then(|| plain::bounded(&text, LONG_TEXT))
        };
        draft.summary = text(Column::Summary).map(|text| plain::line(&text)).or(draft.summary.take());
        if !self.graded {
            draft.impact = text(Column::Impact).or(draft.impact.take());
        }
        draft.cause = text(Column::Cause).or(draft.cause.take());
        draft.recovery = text(Column::Recovery).or(draft.recovery.take());
        self.impacts(row, draft);
        if let Some(cell) = self.cell(row, Column::Mark) {
            // 状态 may be that of the event: only words about the postmortem count there.
            let header = self.headers.get(&Column::Mark).map(|header| header.to_lowercase()).unwrap_or_default();
            let of_postmortem = ["复盘", "postmortem", "post-mortem", "rca", "mark"].iter().any(|w| header.contains(w));
            let mark = if of_postmortem { marks::meaning_of_value(cell) } else { marks::meaning(cell) };
            if mark != Mark::Unknown {
                draft.mark = mark;
            }
        }
        draft.narrative = match text(Column::Narrative) {
            Some(narrative) => narrative,
            None if !draft.narrative.trim().is_empty() => std::mem::take(&mut draft.narrative),
            None => generate_narrative(draft, context.capture.zone),
        };
        if draft.summary.is_none() && self.cell(row, Column::Line).is_none() {
            let first = draft.narrative.lines().next().unwrap_or_default();
            draft.summary = Some(plain::bounded(&plain::line(first), 200)).filter(|summary| !summary.is_empty());
        }
        if draft.narrative.trim().is_empty() || draft.summary.is_none() && draft.narrative.trim() == "。" {
            return Err("没有文字 no words about what happened".to_owned());
        }
        draft.narrative = plain::bounded(draft.narrative.trim(), LONG_TEXT);
        Ok(())
    }

    /// Numbers of the impact: of their own columns, else those that the impact's words name.
    fn impacts(&self, row: &Row<'_>, draft: &mut DraftEvent) {
        let mut found: Vec<Impact> = Vec::new();
        for (column, kind, unit) in [
            (Column::Count, ImpactKind::Count, "笔"),
            (Column::Users, ImpactKind::Users, "用户"),
            (Column::Amount, ImpactKind::Amount, "元"),
        ] {
            let Some(cell) = self.cell(row, column) else { continue };
            let of_kind = |text: &str| quantities::scan(text).into_iter().find(|impact| impact.kind == kind);
            let with_unit = format!("{}{unit}", cell.trim());
            match of_kind(cell).or_else(|| of_kind(&with_unit)) {
                Some(impact) if impact.number > 0 => found.push(impact),
                Some(_) => {}
                None => draft.notices.push(Notice::LeftOver { text: plain::bounded(&plain::line(cell), 60) }),
            }
        }
        let told = draft.impact.as_deref().map(quantities::scan).unwrap_or_default();
        for impact in told {
            if !found.iter().any(|known| known.kind == impact.kind) {
                found.push(impact);
            }
        }
        if !found.is_empty() {
            draft.impacts.retain(|known| !found.iter().any(|impact| impact.kind == known.kind));
            draft.impacts.extend(found);
        }
        if draft.impact.is_none() && !draft.impacts.is_empty() {
            let words: Vec<String> = draft.impacts.iter().map(words_of).collect();
            draft.impact = Some(format!("影响{}", words.join("、")));
        }
    }
}

fn words_of(impact: &Impact) -> String {
    let about = if impact.approximate { "约" } else { "" };
    if impact.kind == ImpactKind::Amount {
        let (yuan, fen) = (impact.number / 100, impact.number % 100);
        return if fen == 0 { format!("{about}{yuan}元") } else { format!("{about}{yuan}.{fen:02}元") };
    }
    format!("{about}{}{}", impact.number, impact.unit)
}

fn unreadable(cell: &str) -> String {
    format!("读不懂的时间 cannot read the time: {}", plain::bounded(&plain::line(cell), 60))
}
