//! Writing the two sections by the templates of a style. What people edit runs in a sandbox: no files, no functions, a
//! few filters, fuel for time and space.

use minijinja::{Environment, UndefinedBehavior, Value, context, filters, syntax::SyntaxConfig};
use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::{
    reading::Decimal,
    render::{self, ReportCount, ReportEvent, ReportFigure, SectionsContent},
    style::{Part, ReportStyle, TEMPLATE_LIMIT, WORDS_LIMIT},
    time_form,
};
use crate::domain::{capture::draft::Mark, clock_point::ClockPoint, iso_week::IsoWeek};

/// Instructions that one figure, count line or event may take.
const LINE_FUEL: u64 = 20_000;

/// Instructions that a section may take: ten thousand events with some text around each.
const SECTION_FUEL: u64 = 2_000_000;

/// Why a style cannot be used: which part of it, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {words}")]
pub struct StyleError {
    /// `figures`, `event`, `time.begin` …
    pub part: &'static str,
    /// What is wrong, where, and the remedy.
    pub words: String,
}

impl StyleError {
    fn new(part: &'static str, words: impl Into<String>) -> Self {
        Self { part, words: words.into() }
    }

    fn of(part: &'static str, error: &minijinja::Error) -> Self {
        use minijinja::ErrorKind;
        let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
        let what = match error.kind() {
            ErrorKind::OutOfFuel => "the template does too much; take loops out of loops".to_owned(),
            ErrorKind::UndefinedError => {
                format!("{}; docs/style.md lists the names", error.detail().unwrap_or("a name is not known here"))
            }
            kind => match error.detail() {
                Some(detail) => format!("{kind}: {detail}"),
                None => kind.to_string(),
            },
        };
        Self::new(part, format!("{line}{what}"))
    }
}

/// A style whose templates are ready to write.
#[derive(Debug)]
pub struct Writer<'a> {
    style: &'a ReportStyle,
    lines: Environment<'a>,
    sections: Environment<'a>,
    zone: Tz,
    week: IsoWeek,
}

impl<'a> Writer<'a> {
    /// Compiles the templates of a style; times are written in `zone`, and `week` is the report's.
    pub fn new(style: &'a ReportStyle, week: IsoWeek, zone: Tz) -> Result<Self, StyleError> {
        check_words(style)?;
        let mut lines = sandbox(LINE_FUEL);
        let mut sections = sandbox(SECTION_FUEL);
        for (part, text) in style.templates() {
            check_template(part, text)?;
            let environment = if matches!(part, "figures" | "events") { &mut sections } else { &mut lines };
            environment.add_template(part, text).map_err(|error| StyleError::of(part, &error))?;
        }
        Ok(Self { style, lines, sections, zone, week })
    }

    fn write_line(&self, part: &'static str, values: Value) -> Result<String, StyleError> {
        write(&self.lines, part, values)
    }

    /// A figure as a line; `number` is its place.
    pub fn figure_line(&self, figure: &ReportFigure, number: usize) -> Result<String, StyleError> {
        let unit = figure.unit.clone().unwrap_or_default();
        let (change, change_words, arrow) = figure.change.as_ref().map(change_of).unwrap_or_default();
        let last_value = figure.last.map(|last| last.to_string()).unwrap_or_default();
        let target_value = figure.target.map(|target| target.to_string()).unwrap_or_default();
        let with_unit = |value: &String| if value.is_empty() { String::new() } else { format!("{value}{unit}") };
        let (last, target) = (with_unit(&last_value), with_unit(&target_value));
        let by = figure.change.as_ref().map(|(by, _)| *by);
        let size = by.map(|by| Decimal { units: by.units.saturating_abs(), scale: by.scale });
        let change_size = size.map(|size| size.to_string()).unwrap_or_default();
        let change_unit = figure.change.as_ref().map(|(_, unit)| unit.clone()).unwrap_or_default();
        let (flat, up) = (by.is_some_and(|by| by.units == 0), by.is_some_and(|by| by.units > 0));
        self.write_line(
            "figure",
            context! {
                name => figure.name.clone(), group => figure.group.clone().unwrap_or_default(), value => figure.value.to_string(),
                unit, change, change_words, arrow, last, target, number, last_value, target_value, change_size,
                change_unit, flat, up,
                year => self.week.year(), week => self.week.to_string(),
            },
        )
    }

    /// The counts as a line.
    pub fn counts_line(&self, counts: &[ReportCount], year_to_date: &[ReportCount]) -> Result<String, StyleError> {
        let shown = |counts: &[ReportCount]| -> Vec<Value> {
            grouped(&self.style.levels, counts)
                .iter()
                .map(|count| {
                    context! { level => count.severity.clone(), slashed => slashed(&count.severity), label => level_label(&count.severity), count => count.count.to_string() }
                })
                .collect()
        };
        let year_to_date = if self.style.year_to_date { shown(year_to_date) } else { Vec::new() };
        self.write_line(
            "counts",
            context! { counts => shown(counts), year_to_date, year => self.week.year(), week => self.week.to_string() },
        )
    }

    /// An event as the style writes it, without a line end behind it; `number` is its place.
    pub fn event(&self, event: &ReportEvent, number: usize) -> Result<String, StyleError> {
        let form = &self.style.time;
        let local = |point: ClockPoint| point.at.with_timezone(&self.zone);
        let (grade, sentence) = render::split_grade(&event.narrative);
        let details = &event.details;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let minutes = event
            .occurred
            .zip(event.recovered)
            .map(|(from, to)| (to.at - from.at).num_minutes())
            .filter(|minutes| *minutes > 0);
        self.write_line(
            "event",
            context! {
                number, number_zh => chinese(number), number_circled => circled(number),
                time => render::time_words(form, event, self.zone).unwrap_or_default(),
                period => render::period_words(form, event, self.zone).unwrap_or_default(),
                begin => event.occurred.map(|point| form.begin_words(point, self.zone)).unwrap_or_default(),
                date => event.occurred.map(|point| local(point).format("%m/%d").to_string()).unwrap_or_default(),
                clock => event.occurred.map(|point| local(point).format("%H:%M").to_string()).unwrap_or_default(),
                end => event.recovered.map(|point| render::later_words(point.at, event.occurred.map(|o| o.at), self.zone))
                    .unwrap_or_default(),
                end_clock => event.recovered.map(|point| local(point).format("%H:%M").to_string()).unwrap_or_default(),
                day => event.occurred.map(|point| form.begin_words(ClockPoint::day(point.at), self.zone)).unwrap_or_default(),
                recovered => event.recovered.map(|point| form.begin_words(point, self.zone)).unwrap_or_default(),
                minutes => minutes.map(|minutes| minutes.to_string()).unwrap_or_default(),
                narrative => event.narrative.clone(), grade, sentence,
                mark => render::mark_words(self.style, event.mark), label => details.label.clone(),
                severity => text(&details.severity), level => details.severity.as_deref().map(level_label).unwrap_or_default(),
                summary => text(&details.summary), impact => text(&details.impact), cause => text(&details.cause),
                recovery => text(&details.recovery), year => self.week.year(),
            },
        )
    }

    /// The figures section.
    pub fn figures_section(&self, content: &SectionsContent) -> Result<String, StyleError> {
        let mut groups: Vec<(String, Vec<Value>)> = Vec::new();
        let mut all = Vec::new();
        for (number, figure) in (1..).zip(&content.figures) {
            let shown = ReportFigure {
                change: figure.change.clone().filter(|_| self.style.changes),
                last: figure.last.filter(|_| self.style.changes),
                ..figure.clone()
            };
            let value = context! {
                name => figure.name.clone(), value => figure.value.to_string(), unit => figure.unit.clone(),
                line => self.figure_line(&shown, number)?,
            };
            all.push(value.clone());
            let name = figure.group.clone().unwrap_or_default();
            match groups.last_mut() {
                Some((last, figures)) if *last == name => figures.push(value),
                _ => groups.push((name, vec![value])),
            }
        }
        let groups: Vec<Value> = groups.into_iter().map(|(name, figures)| context! { name, figures }).collect();
        let counts_line =
            if content.incident_counts.is_empty() && (content.year_to_date.is_empty() || !self.style.year_to_date) {
                String::new()
            } else {
                self.counts_line(&content.incident_counts, &content.year_to_date)?
            };
        let no_figures = &self.style.no_figures;
        let mut values = vec![("figures", Value::from(all)), ("groups", Value::from(groups))];
        values.extend([("counts_line", Value::from(counts_line)), ("no_figures", Value::from(no_figures.as_str()))]);
        self.section("figures", values)
    }

    /// The events section.
    pub fn events_section(&self, content: &SectionsContent) -> Result<String, StyleError> {
        let mut events: Vec<&ReportEvent> = content.events.iter().collect();
        // Behind one with a time, an event without one would be read as its details.
        events.sort_by_key(|event| event.occurred.is_some());
        let shown = |events: &[&ReportEvent]| -> Result<Vec<Value>, StyleError> {
            (1..)
                .zip(events)
                .map(|(number, event)| Ok(self.event_value(event, self.event(event, number)?, number)))
                .collect()
        };
        let mut days: Vec<(String, String, Vec<Value>)> = Vec::new();
        let all = shown(&events)?;
        for (event, value) in events.iter().zip(&all) {
            let local = event.occurred.map(|point| point.at.with_timezone(&self.zone));
            let day = local.map(|at| at.format("%Y-%m-%d").to_string()).unwrap_or_default();
            match days.last_mut() {
                Some((last, _, values)) if *last == day => values.push(value.clone()),
                _ => {
                    let words = event.occurred.map(|point| {
                        let day = ClockPoint::day(point.at);
                        self.style.time.begin_words(day, self.zone)
                    });
                    days.push((day, words.unwrap_or_default(), vec![value.clone()]));
                }
            }
        }
        let days: Vec<Value> = days.into_iter().map(|(_, date, events)| context! { date, events }).collect();
        let carried: Vec<&ReportEvent> = content.carried.iter().filter(|_| self.style.carry_over).collect();
        let quiet = &self.style.quiet;
        let mut values = vec![("events", Value::from(all)), ("days", Value::from(days))];
        values.extend([("carried", Value::from(shown(&carried)?)), ("quiet", Value::from(quiet.as_str()))]);
        self.section("events", values)
    }

    fn event_value(&self, event: &ReportEvent, text: String, number: usize) -> Value {
        let mark = render::mark_words(self.style, event.mark);
        let severity = event.details.severity.clone().unwrap_or_default();
        context! { text, number, narrative => event.narrative.clone(), mark, severity, label => event.details.label.clone() }
    }

    fn section(&self, part: &'static str, values: Vec<(&'static str, Value)>) -> Result<String, StyleError> {
        let week = [
            ("week", Value::from(self.week.to_string())),
            ("year", Value::from(self.week.year())),
            ("week_number", Value::from(self.week.number())),
            ("from", Value::from(self.week.monday().format("%m/%d").to_string())),
            ("to", Value::from(self.week.sunday().format("%m/%d").to_string())),
        ];
        let names: BTreeMap<&str, Value> = values.into_iter().chain(week).collect();
        write(&self.sections, part, Value::from(names))
    }

    /// One section as Markdown, with one line end behind.
    pub fn part(&self, part: Part, content: &SectionsContent) -> Result<String, StyleError> {
        let text = match part {
            Part::Figures => self.figures_section(content)?,
            Part::Events => self.events_section(content)?,
        };
        Ok(format!("{}\n", text.trim_end()))
    }

    /// Both sections as Markdown, in the style's order, with one blank line between and one line end behind.
    pub fn sections(&self, content: &SectionsContent) -> Result<String, StyleError> {
        let mut parts = Vec::new();
        for part in &self.style.order {
            parts.push(self.part(*part, content)?.trim_end().to_owned());
        }
        Ok(format!("{}\n", parts.join("\n\n")))
    }
}

fn write(environment: &Environment<'_>, part: &'static str, values: Value) -> Result<String, StyleError> {
    let template = environment.get_template(part).map_err(|error| StyleError::of(part, &error))?;
    template.render(values).map_err(|error| StyleError::of(part, &error))
}

/// An environment that reaches nothing and knows a few filters.
fn sandbox<'a>(fuel: u64) -> Environment<'a> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    // Of the default delimiters only the white space differs, so that the configuration is always a good one.
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_fuel(Some(fuel));
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("default", filters::default);
    environment.add_filter("join", filters::join);
    environment.add_filter("length", filters::length);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("replace", filters::replace);
    environment
}

/// `-0.02pp`, `下降0.02pp`, `↓0.02pp`.
pub(super) fn change_of((by, unit): &(Decimal, String)) -> (String, String, String) {
    let size = Decimal { units: by.units.saturating_abs(), scale: by.scale };
    match by.units.signum() {
        0 => (format!("{size}{unit}"), "持平".to_owned(), format!("→{size}{unit}")),
        1 => (format!("+{size}{unit}"), format!("上升{size}{unit}"), format!("↑{size}{unit}")),
        _ => (format!("-{size}{unit}"), format!("下降{size}{unit}"), format!("↓{size}{unit}")),
    }
}

/// `A/B` of `AB`.
pub(super) fn slashed(level: &str) -> String {
    if level.chars().all(|c| c.is_ascii_alphabetic()) && level.len() <= 4 {
        level.chars().map(String::from).collect::<Vec<_>>().join("/")
    } else {
        level.to_owned()
    }
}

/// `C级`, `P1 `: what stands before a count.
pub fn level_label(level: &str) -> String {
    if level.chars().all(|c| c.is_ascii_alphabetic()) && level.len() <= 4 {
        format!("{level}级")
    } else {
        format!("{level} ")
    }
}

/// The counts in the style's groups: a level that is counted alone is added to its group, a group that is reported as
/// one stays so; a group without any counts as 0 once something is counted.
pub fn grouped(levels: &[Vec<String>], counts: &[ReportCount]) -> Vec<ReportCount> {
    if counts.is_empty() {
        return Vec::new();
    }
    let mut rest: Vec<&ReportCount> = counts.iter().collect();
    let mut shown = Vec::new();
    // Other letters than the style's: those counts stay as they are, without zeros of levels that nobody uses.
    let known = counts
        .iter()
        .any(|count| levels.iter().any(|group| group.contains(&count.severity) || group.concat() == count.severity));
    for group in levels.iter().filter(|_| known) {
        let name = group.concat();
        let mut sum = Decimal { units: 0, scale: 0 };
        rest.retain(|count| {
            let mine = count.severity == name || group.contains(&count.severity);
            if mine {
                sum = sum.plus(count.count).unwrap_or(sum);
            }
            !mine
        });
        shown.push(ReportCount { severity: name, count: sum });
    }
    shown.extend(rest.into_iter().cloned());
    shown
}

pub(super) fn chinese(number: usize) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let digit = |n: usize| DIGITS.get(n).copied().unwrap_or_default();
    match number {
        0..=9 => digit(number).to_owned(),
        10..=19 => format!("十{}", digit(number % 10)),
        20..=99 => format!("{}十{}", digit(number / 10), digit(number % 10)),
        _ => number.to_string(),
    }
}

pub(super) fn circled(number: usize) -> String {
    u32::try_from(number)
        .ok()
        .filter(|n| (1..=20).contains(n))
        .and_then(|n| char::from_u32(0x245F + n))
        .map_or_else(|| number.to_string(), String::from)
}

fn check_words(style: &ReportStyle) -> Result<(), StyleError> {
    for (part, format) in style.time.formats() {
        if !time_form::is_writable(format) {
            return Err(StyleError::new(part, "write a format like %m/%d %H:%M, at most 60 characters"));
        }
    }
    for (part, words) in [
        ("pending", &style.pending),
        ("done", &style.done),
        ("not_required", &style.not_required),
        ("quiet", &style.quiet),
        ("no_figures", &style.no_figures),
        ("time.range", &style.time.range),
        ("place", &style.place),
    ] {
        if words.chars().count() > WORDS_LIMIT || words.contains(char::is_control) {
            return Err(StyleError::new(part, format!("write at most {WORDS_LIMIT} characters on one line")));
        }
    }
    for (part, words, mark) in [("pending", &style.pending, Mark::Pending), ("done", &style.done, Mark::Done)] {
        if !words.is_empty() && crate::domain::capture::marks::meaning_of_value(words) != mark {
            return Err(StyleError::new(
                part,
                "write a mark that says so, like 【待复盘】 and 【已复盘】: it is read again",
            ));
        }
    }
    let levels = style.levels.iter().flatten().count();
    if levels > 40 || style.levels.iter().flatten().any(|level| level.is_empty() || level.chars().count() > 16) {
        return Err(StyleError::new("levels", "name at most 40 levels of 1 to 16 characters"));
    }
    let both = style.order.len() == 2 && style.order.first() != style.order.last();
    if !both {
        return Err(StyleError::new("order", "name figures and events, once each"));
    }
    Ok(())
}

/// Refuses what a template needs for nothing and what fuel does not measure: lists and tuples that double each time.
fn check_template(part: &'static str, text: &str) -> Result<(), StyleError> {
    if text.chars().count() > TEMPLATE_LIMIT {
        return Err(StyleError::new(part, format!("write at most {TEMPLATE_LIMIT} characters")));
    }
    if text.contains('\0') || text.contains('\r') {
        return Err(StyleError::new(part, "leave out control characters; lines end with a line feed"));
    }
    let mut rest = text;
    let mut line = 1;
    while let Some(open) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        line += rest.get(..open).unwrap_or_default().matches('\n').count();
        let inside = rest.get(open + 2..).unwrap_or_default();
        let end = check_tag(inside).map_err(|sign| {
            let words =
                format!("line {line}: {sign} is not for templates; join words with ~, and take what has a name");
            StyleError::new(part, words)
        })?;
        line += inside.get(..end).unwrap_or_default().matches('\n').count();
        rest = inside.get(end..).unwrap_or_default();
        // `{% raw %}`: what follows is text, up to its end.
        if inside.get(..end).unwrap_or_default().trim_matches(['-', '+', ' ']) == "raw" {
            let Some(close) = rest.find("endraw") else { break };
            rest = rest.get(close..).unwrap_or_default();
        }
    }
    Ok(())
}

/// Where the tag ends, or the sign in it that is refused.
fn check_tag(inside: &str) -> Result<usize, char> {
    let mut quote = None;
    let mut escaped = false;
    // For each open bracket, whether it holds the arguments of a filter.
    let mut open: Vec<bool> = Vec::new();
    for (at, c) in inside.char_indices() {
        if let Some(q) = quote {
            (quote, escaped) = if escaped {
                (quote, false)
            } else if c == '\\' {
                (quote, true)
            } else if c == q {
                (None, false)
            } else {
                (quote, false)
            };
            continue;
        }
        match c {
            '"' | '\'' => quote = Some(c),
            '}' => return Ok(at),
            '%' if inside.get(at + 1..).is_some_and(|rest| rest.starts_with('}')) => return Ok(at),
            '[' | '{' | '*' => return Err(c),
            // `{%+ raw`: a sign of white space, not a sum.
            '+' if at > 0 && !inside.get(at + 1..).is_some_and(|rest| rest.starts_with(['%', '}'])) => return Err(c),
            '(' => open.push(is_filter(inside.get(..at).unwrap_or_default())),
            ')' => {
                open.pop();
            }
            ',' if open.last() != Some(&true) => return Err(c),
            _ => {}
        }
    }
    Ok(inside.len())
}

/// Whether a bracket behind these words holds the arguments of a filter: `|join(`. Behind `in` it would be a tuple.
fn is_filter(before: &str) -> bool {
    before.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_').trim_end().ends_with('|')
        && before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use chrono_tz::Asia::Shanghai;

    use super::*;

    fn week() -> IsoWeek {
        "2024-W34".parse().unwrap()
    }

    fn content() -> SectionsContent {
        let figure = |name: &str, units| ReportFigure {
            name: name.to_owned(),
            group: None,
            value: Decimal { units, scale: 3 },
            unit: Some("%".to_owned()),
            change: Some((Decimal { units: 20, scale: 3 }, "pp".to_owned())),
            last: None,
            target: None,
        };
        let count = |level: &str, units| ReportCount { severity: level.to_owned(), count: Decimal { units, scale: 1 } };
        SectionsContent {
            figures: vec![figure("入金有效成功率", 99_998)],
            incident_counts: vec![count("C", 5), count("A", 0)],
            year_to_date: vec![count("C", 35)],
            ..SectionsContent::default()
        }
    }

    #[test]
    fn switches_bring_changes_the_year_so_far_and_a_sentence_for_a_quiet_week() {
        let plain = ReportStyle::default();
        let text = Writer::new(&plain, week(), Shanghai).unwrap().sections(&content()).unwrap();
        assert_eq!(
            text,
            "## 【系统运行数据】\n\n- 入金有效成功率：99.998%\n- 事故数AB级0.0次，C级0.5次，D级0次\n\n## 【生产事件】\n\n本周无生产事件。\n"
        );
        let rich = ReportStyle { changes: true, year_to_date: true, ..plain };
        let text = Writer::new(&rich, week(), Shanghai).unwrap().sections(&content()).unwrap();
        assert!(text.contains("99.998%（较上周+0.020pp）"), "{text}");
        assert!(text.contains("D级0次（本年累计AB级0次，C级3.5次，D级0次）"), "{text}");
    }

    #[test]
    fn what_would_take_for_ever_or_reach_out_is_refused_in_words() {
        for bad in [
            "{% set a = [1] %}{% set a = a + a %}",
            "{% set a = (1,2) %}{% set a = (a,a) %}{{ a }}",
            "{% for a in narrative, narrative %}{% endfor %}",
            "{% for a in (1,2) %}{% endfor %}",
            "{% for a in(1,2) %}{% endfor %}",
            "{{ 'a' * 1000000000 }}",
            "{{ {'a': 1} }}",
            "{% for a in narrative %}{% for b in narrative %}{% for c in narrative %}{% for d in narrative %}{% for e in narrative %}x{% endfor %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
            "{% include '/etc/passwd' %}",
            "{{ nobody }}",
            "{{ range(10) }}",
            "{{ narrative|tojson }}",
            "{% if %}",
            "{{ narrative",
        ] {
            let style = ReportStyle { event: bad.to_owned(), ..ReportStyle::default() };
            let event = ReportEvent { narrative: "很长的一句话".repeat(20), ..ReportEvent::default() };
            let refused = Writer::new(&style, week(), Shanghai).and_then(|writer| writer.event(&event, 1));
            let error = refused.expect_err(bad);
            assert!(error.part == "event" && !error.words.is_empty(), "{bad}: {error}");
        }
        let doubling = format!("{{% set a = narrative %}}{}{{{{ a }}}}", "{% set a = a ~ a %}".repeat(60));
        let style = ReportStyle { event: doubling, ..ReportStyle::default() };
        let event = ReportEvent { narrative: "x".repeat(100), ..ReportEvent::default() };
        assert!(Writer::new(&style, week(), Shanghai).unwrap().event(&event, 1).is_err());
    }

    #[test]
    fn levels_are_counted_together_as_the_style_says() {
        let count =
            |level: &str, units, scale| ReportCount { severity: level.to_owned(), count: Decimal { units, scale } };
        let levels = ReportStyle::default().levels;
        let words = |counts: &[ReportCount]| -> Vec<String> {
            grouped(&levels, counts).iter().map(|c| format!("{}{}", c.severity, c.count)).collect()
        };
        assert_eq!(words(&[count("A", 5, 1), count("B", 1, 0), count("D", 2, 0)]), ["AB1.5", "C0", "D2"]);
        assert_eq!(words(&[count("AB", 0, 0), count("E", 1, 0)]), ["AB0", "C0", "D0", "E1"]);
        assert_eq!(words(&[count("P1", 1, 0)]), ["P11"]);
        assert!(words(&[]).is_empty());
    }
}
