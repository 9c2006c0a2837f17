//! The outline of a report: its week, its date, and where the two sections stand (SCHEMA sections 3 and 4).

use std::ops::Range;

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    outline::{self, Line, Outline},
    reading::SectionReading,
};
use crate::domain::{
    capture::{
        draft::{CaptureContext, DateAnchor},
        times::{self, DateWords},
    },
    iso_week::IsoWeek,
    text::Folded,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Figures,
    Events,
    Other,
}

/// A heading: its rank (1 to 6 for `#`, 7 for bold, 8 for brackets, 9 for a bare line) and what it heads.
struct Heading {
    /// The first character of the line, before signs of quotation.
    start: usize,
    line: Range<usize>,
    rank: u8,
    kind: Kind,
    /// `生产事件：无`: where the content on the heading's line begins.
    inline: Option<usize>,
}

/// The figures section and the events section.
pub fn find(text: &Folded, outline: &Outline) -> (Option<SectionReading>, Option<SectionReading>) {
    let mut headings = Vec::new();
    for (index, line) in outline.lines.iter().enumerate().filter(|(_, line)| line.is_text()) {
        let Some(mut heading) = heading(text, line) else { continue };
        if let Some(rule) = outline.lines.get(index + 1).filter(|rule| rule.kind == outline::Kind::Underline) {
            heading.line.end = rule.range.end;
        }
        headings.push(heading);
    }
    if headings.iter().any(|heading| heading.kind == Kind::Events && heading.rank < DOUBTFUL) {
        headings.retain(|heading| heading.rank < DOUBTFUL);
    }
    let mut found: [Option<(u8, SectionReading)>; 2] = [None, None];
    for (index, heading) in headings.iter().enumerate() {
        let slot = match heading.kind {
            Kind::Figures => 0,
            Kind::Events => 1,
            Kind::Other => continue,
        };
        let end = headings
            .iter()
            .skip(index + 1)
            .find(|next| next.rank <= heading.rank || next.kind != Kind::Other)
            .map_or(text.len(), |next| next.start);
        let start = heading.inline.unwrap_or_else(|| (heading.line.end + 1).min(end));
        let section = SectionReading { heading: text.bytes(&heading.line), body: text.bytes(&(start..end.max(start))) };
        // The highest heading of its kind is the section; a bare line of the same words elsewhere is not.
        if let Some(place) = found.get_mut(slot)
            && place.as_ref().is_none_or(|(rank, _)| heading.rank < *rank)
        {
            *place = Some((heading.rank, section));
        }
    }
    let [figures, events] = found.map(|place| place.map(|(_, section)| section));
    (figures, events)
}

/// The rank of a bare line that is a heading only where nothing better is.
const DOUBTFUL: u8 = 10;

/// The longest heading in characters.
const LONGEST_HEADING: usize = 60;

fn heading(text: &Folded, line: &Line) -> Option<Heading> {
    let first = text.skip_blanks(line.range.start);
    if first >= line.range.end || line.range.end - first > LONGEST_HEADING {
        return None;
    }
    let words = text.text(line.range.clone());
    let trimmed = words.trim();
    let hashes = trimmed.chars().take_while(|c| *c == '#').count();
    let indented = words.starts_with("  ") || words.starts_with('\t');
    if indented && !trimmed.starts_with('#') {
        return None;
    }
    let (rank, title) = if (1..=6).contains(&hashes) && !indented {
        (u8::try_from(hashes).unwrap_or(6), trimmed.trim_matches('#').trim())
    } else if let Some(inner) = trimmed.strip_prefix("**").and_then(|rest| rest.strip_suffix("**")) {
        (7, inner)
    } else if trimmed.starts_with('【') && !indented {
        (8, trimmed)
    } else if let outline::Kind::Underlined(level) = line.kind {
        (level, trimmed)
    } else {
        (9, trimmed)
    };
    let (title, inline) = match title.split_once(':') {
        Some((name, rest)) if rank >= 8 && !rest.trim().is_empty() => (name, Some(rest)),
        _ => (title, None),
    };
    let kind = kind_of(title);
    if rank >= 9 && kind == Kind::Other {
        return None;
    }
    // `事故：` may as well head a group of figures.
    let plain = title.trim_matches(['-', '*', '+', ' ', ':', '【', '】']);
    let plain = plain.strip_prefix("本周").unwrap_or(plain).to_lowercase();
    let rank = if rank == 9 && matches!(plain.as_str(), "事故" | "故障" | "事件" | "events" | "incidents") {
        DOUBTFUL
    } else {
        rank
    };
    if rank == 8 && !trimmed.ends_with(['】', ':']) && inline.is_none() {
        return None;
    }
    if rank == 7 && kind == Kind::Other && is_event_title(title) {
        return None;
    }
    if rank < 7 && kind == Kind::Other && is_event_title(title) {
        return None;
    }
    let line_start = line.start;
    let line = line.range.clone();
    let inline = inline
        .map(|rest| line.end - words.chars().rev().take_while(|c| c.is_whitespace()).count() - rest.chars().count());
    Some(Heading { start: line_start, line, rank, kind, inline })
}

/// `事件一：…`, `Incident 2`: a title inside the events section, not a heading of its own.
pub fn is_event_title(title: &str) -> bool {
    let lower = title.trim_matches(['【', '】', ' ', '*', '#']).to_lowercase();
    let numbered = |rest: &str| {
        let rest = rest.trim_start_matches([' ', '#', '(', '（']);
        rest.starts_with(|c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c))
    };
    ["事件", "故障", "问题", "incident", "event"].iter().any(|word| lower.strip_prefix(word).is_some_and(numbered))
        || lower.starts_with("pe-")
        || ["c级", "d级", "a级", "b级"].iter().any(|grade| lower.starts_with(grade))
}

/// Whether the words name one of the two sections.
pub fn is_section_name(words: &str) -> bool {
    words.chars().count() <= LONGEST_HEADING && kind_of(words) != Kind::Other
}

fn kind_of(title: &str) -> Kind {
    let title = title.trim().trim_matches(['【', '】', ' ', '*', ':', '　', '#']);
    // `生产事件（本周 3 起）`
    let title = match title.rfind('(') {
        Some(open) if open > 0 && title.ends_with(')') => title.get(..open).unwrap_or(title),
        _ => title,
    };
    let mut name = title.trim_matches(['【', '】', ' ', '*', ':', '(', ')', '#']).to_lowercase();
    // `三、`, `3.`, `(三)`, `O1`
    let after_number = name.trim_start_matches(|c: char| c.is_ascii_digit() || "一二三四五六七八九十(（".contains(c));
    if after_number.len() < name.len() && after_number.starts_with(['、', '.', ')', '）', ' ', '，']) {
        name = after_number.trim_start_matches(['、', '.', ')', '）', ' ', '，']).to_owned();
    }
    let name = name.trim_matches(['【', '】', ' ', '*', ':']);
    let name = name.strip_prefix("本周").unwrap_or(name);
    let is = |words: &[&str]| words.contains(&name);
    let figures = [
        "系统运行数据",
        "运行数据",
        "系统运行情况",
        "运行情况",
        "稳定性数据",
        "系统稳定性",
        "稳定性",
        "系统稳定性数据",
        "系统可用性数据",
        "稳定性指标",
        "运行指标",
        "系统指标",
        "系统运行指标",
        "system health",
        "reliability",
        "reliability figures",
        "system reliability",
        "service health",
        "stability",
        "health",
        "system stability",
        "availability figures",
        "operations data",
        "稳定性情况",
        "系统健康度",
        "系统运行概况",
        "运行概况",
        "运行情况数据",
        "核心指标",
        "可用性数据",
        "服务质量数据",
        "reliability data",
        "system health figures",
        "service reliability",
        "operational health",
        "slo",
        "slos",
    ];
    let events = [
        "生产事件",
        "线上事件",
        "线上问题",
        "生产问题",
        "生产故障",
        "线上故障",
        "故障",
        "事件",
        "本周生产事件",
        "本周事件",
        "生产事件回顾",
        "production incidents",
        "production events",
        "incidents",
        "production issues",
        "events",
        "incident review",
        "线上事故",
        "生产事故",
        "事故",
        "本周线上事件",
        "production incident",
        "生产事件情况",
        "生产异常",
        "线上异常",
        "生产事件及故障",
        "生产事件列表",
        "生产事件汇总",
        "线上事件汇总",
        "故障与事件",
        "事件与故障",
        "事件及故障",
        "故障回顾",
        "事件回顾",
        "production incidents and events",
        "incidents this week",
        "outages",
        "service incidents",
    ];
    if is(&figures) {
        Kind::Figures
    } else if is(&events) {
        Kind::Events
    } else {
        Kind::Other
    }
}

/// The ISO week of the title: `2024-W34`, `2024W34`, `2024年第34周`, or that of a range of dates.
pub fn week(text: &Folded, outline: &Outline) -> Option<IsoWeek> {
    /// What stands further behind on a line is no title.
    const LONGEST_TITLE: usize = 400;
    let titles: Vec<String> = outline
        .lines
        .iter()
        .filter(|line| line.is_text() && !text.is_blank(line.range.clone()))
        .take(6)
        .map(|line| text.text(line.range.start..line.range.end.min(line.range.start + LONGEST_TITLE)))
        .collect();
    titles.iter().find_map(|title| week_code(title)).or_else(|| titles.iter().find_map(|title| week_words(title)))
}

fn week_code(title: &str) -> Option<IsoWeek> {
    let text = Folded::new(title, 0);
    (0..text.len()).find_map(|index| {
        if index > 0 && text.at(index - 1).is_ascii_digit() {
            return None;
        }
        let (year, end) = text.digits(index, 4).filter(|(_, end)| end - index == 4)?;
        let mark = end + usize::from(matches!(text.at(end), '-' | ' ' | '_'));
        let (number, number_end) = text.digits(mark + 1, 2).filter(|_| matches!(text.at(mark), 'W' | 'w'))?;
        (!text.at(number_end).is_ascii_alphanumeric())
            .then(|| IsoWeek::new(i32::try_from(year).ok()?, number).ok())
            .flatten()
    })
}

fn week_words(title: &str) -> Option<IsoWeek> {
    let text = Folded::new(title, 0);
    let dates: Vec<NaiveDate> = times::scan(&text)
        .into_iter()
        .filter_map(|token| match token.date {
            Some(DateWords::Full(date)) => Some(date),
            _ => None,
        })
        .collect();
    let number = (0..text.len()).find_map(|index| {
        let at = text.any(index, &["第", "week ", "w"]).map(|length| text.skip_blanks(index + length))?;
        let (number, end) = text.digits(at, 2)?;
        let week = text.any(text.skip_blanks(end), &["周", "期"]).is_some() || text.has(index, "week ");
        week.then_some(number)
    });
    let year = (0..text.len()).find_map(|index| {
        let (year, end) = text.digits(index, 4).filter(|(_, end)| end - index == 4)?;
        let free = index == 0 || !text.at(index - 1).is_ascii_digit();
        (free && (1990..=2200).contains(&year) && !text.at(end).is_ascii_digit()).then_some(year)
    });
    if let Some(first) = dates.first() {
        let of_dates = IsoWeek::of(*first);
        return match number {
            Some(number) if of_dates.number() != number => {
                // The number counts unless no such week lies near the dates.
                [of_dates.previous(), of_dates.next()]
                    .into_iter()
                    .find(|week| week.number() == number)
                    .or(Some(of_dates))
            }
            _ => Some(of_dates),
        };
    }
    IsoWeek::new(i32::try_from(year?).ok()?, number?).ok()
}

/// The `Created:` line; a date alone means midnight.
pub fn created_at(text: &Folded, outline: &Outline, context: &CaptureContext) -> Option<DateTime<Utc>> {
    /// Such a line holds a label and a time.
    const LONGEST_LINE: usize = 200;
    let keys = ["created", "创建时间", "创建日期", "创建于", "date", "日期", "编写时间", "更新时间"];
    outline.lines.iter().take(15).filter(|line| line.is_text()).find_map(|line| {
        let own = text.slice(line.range.start..line.range.end.min(line.range.start + LONGEST_LINE));
        let words = own.text(0..own.len()).to_lowercase();
        let plain = words.trim().trim_start_matches(['*', '-', ' ', '>', '_', '#']);
        if !keys.iter().any(|key| plain.starts_with(key)) {
            return None;
        }
        let token = times::scan(&own).into_iter().find(|token| token.date.is_some())?;
        let (date, _) = times::resolve_date(token.date?, context, None)?;
        times::instant(date, token.seconds.unwrap_or(0), token.offset, context)
    })
}

/// What dates without a year are near to: the week, else the created date, else today.
pub fn anchor(week: Option<IsoWeek>, created: Option<NaiveDate>, today: NaiveDate) -> DateAnchor {
    match (week, created) {
        (Some(week), _) => DateAnchor::Week(week),
        (None, Some(day)) => DateAnchor::Nearest(day),
        (None, None) => DateAnchor::Nearest(today),
    }
}
