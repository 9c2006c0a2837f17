//! The parts of a record as people type them, on a phone and on the command line: `￥1.2万`, `约684笔`, `15:10`,
//! `提现 25%; 15:10 60%`. What is shown is read again as the same.

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use unicode_normalization::UnicodeNormalization as _;

use crate::domain::{
    capture::draft::{Impact, ImpactKind},
    checked::{self, FieldError},
    clock_point::{ClockPoint, Precision},
    event_record::{EventLink, ShareFrom, WHOLE},
    iso_week, vocabulary,
};

/// Longest text that is read as a number, a time or a share.
const SHORT: usize = 80;

/// Full-width signs as plain ones, without spaces around.
fn plain(text: &str) -> String {
    text.trim().chars().take(SHORT * 50).collect::<String>().nfkc().collect()
}

/// Whether a text says that nobody can tell.
pub fn is_unknown(text: &str) -> bool {
    matches!(plain(text).to_lowercase().as_str(), "?" | "不知道" | "不详" | "未知" | "unknown" | "n/a")
}

/// A number of up to `scale` decimals with 万 or 亿 behind, as units of its last decimal: `1.2万` at scale 2 is 1,200,000.
fn number(text: &str, scale: u32) -> Option<i64> {
    let text: String = text.chars().filter(|c| !matches!(c, ',' | ' ')).collect();
    let (digits, factor) = match text.chars().last()? {
        '万' | 'w' | 'W' => (text.get(..text.len() - text.chars().last()?.len_utf8())?, 10_000_i128),
        '亿' => (text.strip_suffix('亿')?, 100_000_000),
        '千' | 'k' | 'K' => (text.get(..text.len() - text.chars().last()?.len_utf8())?, 1_000),
        _ => (text.as_str(), 1),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let good = |text: &str| text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !good(whole) || !good(part) || (part.is_empty() && digits.contains('.')) {
        return None;
    }
    let decimals = u32::try_from(part.len()).ok()?;
    let units: i128 = format!("{whole}{part}").parse().ok()?;
    let scaled = units * factor * 10_i128.pow(scale);
    let divisor = 10_i128.pow(decimals);
    // What does not come out even is a typing mistake: 0.001 yuan, 1.5 people.
    (scaled % divisor == 0).then(|| scaled / divisor).and_then(|value| i64::try_from(value).ok())
}

/// Fen of `1.2万`, `￥3,200.50`, `3200元`, `0`, `无`. Empty is none.
pub fn fen(field: &'static str, text: &str) -> Result<Option<i64>, FieldError> {
    let tidy = plain(text);
    if tidy.is_empty() {
        return Ok(None);
    }
    if matches!(tidy.as_str(), "无" | "没有" | "none") {
        return Ok(Some(0));
    }
    let bare = tidy.trim_start_matches(['¥', '约']).trim_end_matches('元').trim_start_matches('¥').trim();
    let remedy = || FieldError::shape(field, "write yuan like 3200, 3,200.50 or 1.2万");
    if tidy.chars().count() > SHORT {
        return Err(remedy());
    }
    number(bare, 2).map(Some).ok_or_else(remedy)
}

/// `3200`, `3200.50`: fen as yuan, as [`fen`] reads it.
pub fn yuan(fen: i64) -> String {
    let (whole, part) = (fen.div_euclid(100), fen.rem_euclid(100));
    if part == 0 { whole.to_string() } else { format!("{whole}.{part:02}") }
}

/// A number of the impact: `约684笔`, `1.2万 笔`, `12 户`, `3,200元`. The unit tells the kind unless one is given.
pub fn impact(text: &str, kind: Option<ImpactKind>) -> Result<Impact, FieldError> {
    let remedy = || FieldError::shape("impacts", "write a number with its unit, like 约684笔, 1.2万户 or 3200元");
    let tidy = plain(text);
    if tidy.chars().count() > SHORT {
        return Err(remedy());
    }
    let mut rest = tidy.as_str();
    let mut approximate = false;
    for word in ["大约", "约", "近", "about ", "~"] {
        if let Some(behind) = rest.strip_prefix(word) {
            (rest, approximate) = (behind.trim_start(), true);
            break;
        }
    }
    let money = rest.starts_with('¥');
    rest = rest.trim_start_matches('¥').trim_start();
    let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | ' '))).unwrap_or(rest.len());
    let (digits, behind) = rest.split_at(end);
    let (big, unit) = match behind.chars().next() {
        Some(c @ ('万' | '亿' | '千')) => (c.to_string(), behind.get(c.len_utf8()..).unwrap_or_default()),
        _ => (String::new(), behind),
    };
    let mut unit = unit.trim();
    for word in ["余", "多"] {
        if let Some(behind) = unit.strip_prefix(word) {
            (unit, approximate) = (behind, true);
        }
    }
    if unit.is_empty() {
        unit = if money || kind == Some(ImpactKind::Amount) { "元" } else { "笔" };
    }
    if matches!(unit.to_lowercase().as_str(), "cny" | "rmb" | "yuan") {
        unit = "元";
    }
    let kind = kind.unwrap_or(match unit {
        "元" => ImpactKind::Amount,
        "户" | "customers" | "人" | "个用户" | "名用户" | "用户" | "位" | "客户" | "users" | "people" => {
            ImpactKind::Users
        }
        _ => ImpactKind::Count,
    });
    let scale = if kind == ImpactKind::Amount { 2 } else { 0 };
    let number = number(&format!("{}{big}", digits.trim()), scale).ok_or_else(remedy)?;
    Ok(Impact { kind, number, unit: unit.to_owned(), approximate })
}

/// The number of an impact without its unit, as it is typed: `约684`.
pub fn impact_number(impact: &Impact) -> String {
    let about = if impact.approximate { "约" } else { "" };
    let number = if impact.kind == ImpactKind::Amount { yuan(impact.number) } else { impact.number.to_string() };
    format!("{about}{number}")
}

/// Several numbers of the impact, separated by `;` or lines.
pub fn impacts(text: &str) -> Result<Vec<Impact>, FieldError> {
    parts(text, &[';', '；', '\n']).map(|part| impact(part, None)).collect()
}

/// Several numbers as [`impacts`] reads them.
pub fn impacts_text(impacts: &[Impact]) -> String {
    let texts: Vec<String> = impacts.iter().map(|one| format!("{}{}", impact_number(one), one.unit)).collect();
    texts.join("; ")
}

fn parts<'a>(text: &'a str, between: &'a [char]) -> impl Iterator<Item = &'a str> {
    text.split(between).map(str::trim).filter(|part| !part.is_empty())
}

/// What a bare time of the day is near to.
#[derive(Debug, Clone, Copy)]
pub struct Near {
    /// The zone of the text.
    pub zone: Tz,
    /// The beginning of the event, where it is known.
    pub begun: Option<ClockPoint>,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Near {
    fn day(self) -> NaiveDate {
        self.begun.map_or(self.now, |point| point.at).with_timezone(&self.zone).date_naive()
    }

    fn at(self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        // A time that a change of clocks leaves out is read as the one an hour later.
        let found = self.zone.from_local_datetime(&local).earliest();
        found
            .or_else(|| self.zone.from_local_datetime(&(local + Duration::hours(1))).earliest())
            .map(|at| at.with_timezone(&Utc))
    }

    /// A time of the day: on the day of the beginning, the next day where it would lie before it. Without a beginning
    /// the latest such time that is not ahead. A time that would lie ahead of now on the next day was mistyped: it stays
    /// on the day of the beginning, and the order of the clock refuses it.
    fn clock(self, clock: NaiveTime) -> Option<DateTime<Utc>> {
        let day = self.day();
        let same = self.at(day.and_time(clock))?;
        let soon = self.now + Duration::minutes(5);
        match self.begun {
            Some(begun) if begun.precision == Precision::Minute && same < begun.at => {
                let next = self.at(day.succ_opt()?.and_time(clock))?;
                Some(if next > soon && begun.at <= soon { same } else { next })
            }
            None if same > soon => self.at(day.pred_opt()?.and_time(clock)),
            _ => Some(same),
        }
    }
}

/// A point of the clock: `15:00`, `08/19 15:00`, `8月19日 15:00`, `2024-08-19 15:00`, `2024-08-19T15:00`, or a day
/// alone. Empty is none.
pub fn clock(field: &'static str, text: &str, near: Near) -> Result<Option<ClockPoint>, FieldError> {
    let tidy = plain(text).replace('T', " ");
    if tidy.is_empty() {
        return Ok(None);
    }
    let remedy = || FieldError::shape(field, "write a time like 15:00, 08/19 15:00 or 2024-08-19 15:00");
    if tidy.chars().count() > SHORT {
        return Err(remedy());
    }
    let (day, time) = match tidy.rsplit_once(' ') {
        Some((day, time)) if time.contains(':') => (Some(day.trim()), Some(time)),
        _ if tidy.contains(':') => (None, Some(tidy.as_str())),
        _ => (Some(tidy.as_str()), None),
    };
    let day = day.map(|day| date(day, near).ok_or_else(remedy)).transpose()?;
    let time = time.map(|time| clock_time(time).ok_or_else(remedy)).transpose()?;
    let point = match (day, time) {
        (Some(day), Some(time)) => near.at(day.and_time(time)).map(ClockPoint::minute),
        (Some(day), None) => Some(ClockPoint::day(iso_week::midnight(day, near.zone))),
        (None, Some(time)) => near.clock(time).map(ClockPoint::minute),
        (None, None) => None,
    };
    point.map(Some).ok_or_else(remedy)
}

fn clock_time(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S"].iter().find_map(|shape| NaiveTime::parse_from_str(text, shape).ok())
}

/// `2024-08-19`, `2024/8/19`, `08/19`, `8月19日`; without a year the one that lies nearest to the event, and with a
/// beginning unknown the latest that is not ahead.
fn date(text: &str, near: Near) -> Option<NaiveDate> {
    let tidy = text.replace(['年', '月', '/', '.'], "-").replace('日', "");
    let numbers: Vec<u32> = tidy.split('-').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    match numbers.as_slice() {
        [year, month, day] => NaiveDate::from_ymd_opt(i32::try_from(*year).ok()?, *month, *day),
        [month, day] => {
            let base = near.day();
            (-1..=1)
                .filter_map(|by| NaiveDate::from_ymd_opt(base.year() + by, *month, *day))
                .min_by_key(|found| (*found - base).num_days().abs())
        }
        _ => None,
    }
}

/// `2024-08-19 15:00`, or the day alone: as [`clock`] reads it.
pub fn clock_text(point: ClockPoint, zone: Tz) -> String {
    let local = point.at.with_timezone(&zone);
    match point.precision {
        Precision::Minute => local.format("%Y-%m-%d %H:%M").to_string(),
        Precision::Day => local.format("%Y-%m-%d").to_string(),
    }
}

/// A percentage as basis points: `25%`, `0`, `12.5 %`.
pub fn share(field: &'static str, text: &str) -> Result<i32, FieldError> {
    let tidy = plain(text);
    let remedy = || FieldError::shape(field, "write shares like 25%; 15:10 60%; 15:30 0");
    let value = number(tidy.trim_end_matches('%').trim(), 2).ok_or_else(remedy)?;
    i32::try_from(value).ok().filter(|value| *value <= WHOLE).ok_or_else(remedy)
}

/// `25%`, `12.5%`.
pub fn share_text(share: i32) -> String {
    let (whole, part) = (share / 100, share % 100);
    match (part, part % 10) {
        (0, _) => format!("{whole}%"),
        (_, 0) => format!("{whole}.{}%", part / 10),
        _ => format!("{whole}.{part:02}%"),
    }
}

/// The affected share over time: `25%; 15:10 60%; 15:30 0`. The first one may go without a time: it holds from the
/// beginning.
pub fn shares(text: &str, near: Near) -> Result<Vec<ShareFrom>, FieldError> {
    const FIELD: &str = "services";
    parts(text, &[';', '；', ',', '，', '、'])
        .map(|part| {
            let part = plain(part);
            let (time, percent) =
                part.rsplit_once(' ').map_or((None, part.as_str()), |(time, percent)| (Some(time), percent));
            // `25 %` has its sign apart.
            let (time, percent) = match (time, percent) {
                (Some(front), "%") => {
                    front.rsplit_once(' ').map_or((None, front), |(time, number)| (Some(time), number))
                }
                other => other,
            };
            let from = match time.map(str::trim).filter(|time| !time.is_empty()) {
                None => None,
                Some(time) => clock(FIELD, time.trim_start_matches('从').trim(), near)?.map(|point| point.at),
            };
            Ok(ShareFrom { from, share: share(FIELD, percent)? })
        })
        .collect()
}

/// Shares as [`shares`] reads them: on the day of the beginning the time alone.
pub fn shares_text(shares: &[ShareFrom], near: Near) -> String {
    let day = near.begun.map(|point| point.at.with_timezone(&near.zone).date_naive());
    let texts: Vec<String> = shares
        .iter()
        .map(|share| match share.from {
            None => share_text(share.share),
            Some(from) => {
                let local = from.with_timezone(&near.zone);
                let time = if Some(local.date_naive()) == day && near.clock(local.time()) == Some(from) {
                    local.format("%H:%M")
                } else {
                    local.format("%Y-%m-%d %H:%M")
                };
                format!("{time} {}", share_text(share.share))
            }
        })
        .collect();
    texts.join("; ")
}

/// What stands behind the longest of `names` that a line begins with, and which one that is: `提现 25%; 15:10 60%` is
/// the name 提现 and the shares behind it. Case and width do not matter.
pub fn split_service<'a>(line: &str, names: impl Iterator<Item = &'a str>) -> Option<(usize, String)> {
    let line = checked::fold(&line.replace(['；', '：'], ";"));
    names
        .enumerate()
        .filter_map(|(at, name)| {
            let name = checked::fold(name);
            let rest = line.strip_prefix(name.as_str())?;
            // 提现2 is not the service 提现.
            let apart = rest.is_empty() || rest.starts_with([' ', ';', ':', ',']);
            apart.then(|| (name.len(), at, rest.trim_start_matches([' ', ';', ':', ',']).to_owned()))
        })
        .max_by_key(|(len, ..)| *len)
        .map(|(_, at, rest)| (at, rest))
}

/// The lines of affected services, one a line or separated by `|`.
pub fn service_lines(text: &str) -> impl Iterator<Item = &str> {
    parts(text, &['\n', '|'])
}

/// Tags, separated by commas, semicolons or lines.
pub fn tags(text: &str) -> Vec<String> {
    parts(text, &[',', '，', '、', ';', '；', '\n']).map(str::to_owned).collect()
}

/// Links, one a line: an address, perhaps a kind in front and words behind: `ticket https://example.com/1 工单 1`.
pub fn links(text: &str) -> Result<Vec<EventLink>, FieldError> {
    parts(text, &['\n'])
        .map(|line| {
            let at = line.find("http").ok_or_else(|| {
                FieldError::shape("links.url", "write an address that begins with https:// or http://")
            })?;
            let (front, rest) = line.split_at(at);
            let (url, title) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let kind = match front.trim().trim_end_matches([':', '：']).trim() {
                "" => kind_of_address(url).to_owned(),
                word => vocabulary::LINK_KIND.code_of(word).unwrap_or(word).to_owned(),
            };
            Ok(EventLink { kind, url: url.to_owned(), title: Some(title.trim().to_owned()).filter(|t| !t.is_empty()) })
        })
        .collect()
}

/// What an address most likely leads to, by the words in it.
fn kind_of_address(url: &str) -> &'static str {
    let lower = url.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["jira", "ticket", "issue", "/browse/", "zentao"]) {
        "ticket"
    } else if has(&["grafana", "dashboard", "kibana", "/d/"]) {
        "dashboard"
    } else if has(&["wiki", "/doc", "confluence", "/wiki/", "yuque", "notion"]) {
        "document"
    } else if has(&["chat", "slack", "applink"]) {
        "chat"
    } else {
        "other"
    }
}

/// Links as [`links`] reads them.
pub fn links_text(links: &[EventLink]) -> String {
    let lines: Vec<String> = links
        .iter()
        .map(|link| {
            format!("{} {} {}", link.kind, link.url, link.title.as_deref().unwrap_or_default()).trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use chrono_tz::Asia::Shanghai;
    use proptest::prelude::*;

    use super::*;

    fn near() -> Near {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        // 15:00 and 20:00 in Shanghai.
        Near {
            zone: Shanghai,
            begun: Some(ClockPoint::minute(at("2024-08-19T07:00:00Z"))),
            now: at("2024-08-19T12:00:00Z"),
        }
    }

    #[test]
    fn money_is_read_in_yuan_with_big_units_and_shown_so_that_it_is_read_again() {
        for (text, expected) in [
            ("1.2万", Some(1_200_000)),
            ("￥1.2万", Some(1_200_000)),
            ("约3,200元", Some(320_000)),
            ("３２００．５０", Some(320_050)),
            ("0", Some(0)),
            ("无", Some(0)),
            ("", None),
            ("1亿", Some(10_000_000_000)),
        ] {
            assert_eq!(fen("loss_actual_fen", text).unwrap(), expected, "{text}");
        }
        for text in ["-1", "1.234", "abc", "1e9", "1..2", ".5", "99999999999999999999", "1.2.3万"] {
            assert!(fen("loss_actual_fen", text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_of_the_impact_tell_their_kind_by_their_unit() {
        let read = |text: &str| {
            let one = impact(text, None).unwrap();
            (one.kind, one.number, one.unit, one.approximate)
        };
        assert_eq!(read("约684笔"), (ImpactKind::Count, 684, "笔".to_owned(), true));
        assert_eq!(read("1.2万 笔"), (ImpactKind::Count, 12_000, "笔".to_owned(), false));
        assert_eq!(read("12户"), (ImpactKind::Users, 12, "户".to_owned(), false));
        assert_eq!(read("近3万余元"), (ImpactKind::Amount, 3_000_000, "元".to_owned(), true));
        assert_eq!(read("￥3,200.50"), (ImpactKind::Amount, 320_050, "元".to_owned(), false));
        assert!(impact("很多笔", None).is_err());
        assert!(impact("1.5笔", None).is_err(), "half a transaction is a typing mistake");
        assert_eq!(impacts_text(&impacts("约684笔；12户; 3200元").unwrap()), "约684笔; 12户; 3200元");
    }

    #[test]
    fn a_time_alone_lies_behind_the_beginning() {
        let read = |text: &str| clock("detected_at", text, near()).unwrap().map(|point| clock_text(point, Shanghai));
        assert_eq!(read("15:02").unwrap(), "2024-08-19 15:02");
        assert_eq!(
            read("00:10").unwrap(),
            "2024-08-19 00:10",
            "what would lie ahead of now is no time of the next day"
        );
        let later = Near { now: near().now + Duration::hours(6), ..near() };
        let read_later = |text: &str| clock_text(clock("detected_at", text, later).unwrap().unwrap(), Shanghai);
        assert_eq!(read_later("00:10"), "2024-08-20 00:10");
        let planned = Near { now: near().now - Duration::hours(10), ..near() };
        let read_planned = clock("recovered_at", "00:10", planned).unwrap().unwrap();
        assert_eq!(clock_text(read_planned, Shanghai), "2024-08-20 00:10", "planned maintenance lies ahead");
        assert_eq!(read("08/20 09:00").unwrap(), "2024-08-20 09:00");
        assert_eq!(read("8月20日 9:00").unwrap(), "2024-08-20 09:00");
        assert_eq!(read("2024-08-19T15:02").unwrap(), "2024-08-19 15:02");
        assert_eq!(read("2024/8/19").unwrap(), "2024-08-19");
        assert_eq!(read(""), None);
        for text in ["25:00", "15", "13/45 10:00", "soon", "2024-02-30"] {
            assert!(clock("detected_at", text, near()).is_err(), "{text}");
        }
        let yesterday = Near { begun: None, ..near() };
        let read = clock("occurred_at", "23:50", yesterday).unwrap().unwrap();
        assert_eq!(clock_text(read, Shanghai), "2024-08-18 23:50", "a time ahead was yesterday");
    }

    #[test]
    fn shares_over_time_are_typed_in_one_line() {
        let text = "25%; 15:10 60%; 15:30 0%";
        let read = shares(text, near()).unwrap();
        assert_eq!(read.iter().map(|one| one.share).collect::<Vec<_>>(), [2_500, 6_000, 0]);
        assert_eq!(read[0].from, None);
        assert_eq!(read[1].from.unwrap().to_rfc3339(), "2024-08-19T07:10:00+00:00");
        assert_eq!(shares_text(&read, near()), text);
        assert_eq!(shares("25，15:10 60 %", near()).unwrap().len(), 2);
        assert!(shares("120%", near()).is_err());
        assert!(shares("x", near()).is_err());
        let names = ["快捷", "快捷 支付", "网关 2"];
        let split = |line: &str| split_service(line, names.into_iter());
        assert_eq!(split("快捷 支付 25%; 15:10 60%"), Some((1, "25%; 15:10 60%".to_owned())));
        assert_eq!(split("快捷：25%"), Some((0, "25%".to_owned())));
        assert_eq!(split("网关 2"), Some((2, String::new())), "a name may end with a number");
        assert_eq!(split("快捷2 25%"), None);
    }

    #[test]
    fn links_are_read_as_they_are_shown() {
        let read = links("工单 https://example.com/t/1 工单 1\nhttps://grafana.example.com/d/x").unwrap();
        assert_eq!((read[0].kind.as_str(), read[0].title.as_deref()), ("ticket", Some("工单 1")));
        assert_eq!(read[1].kind, "dashboard");
        assert_eq!(links(&links_text(&read)).unwrap(), read);
        assert!(links("no address").is_err());
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(
            number in 0_i64..1_000_000_000_000,
            minutes in 0_i64..3_000,
            values in prop::collection::vec(0_i32..=10_000, 1..6),
            about: bool,
        ) {
            prop_assert_eq!(fen("f", &yuan(number)).unwrap(), Some(number));
            for (kind, unit) in [(ImpactKind::Count, "笔"), (ImpactKind::Users, "户"), (ImpactKind::Amount, "元")] {
                let one = Impact { kind, number, unit: unit.to_owned(), approximate: about };
                prop_assert_eq!(impacts(&impacts_text(std::slice::from_ref(&one))).unwrap(), vec![one]);
            }
            let begun = near().begun.unwrap().at;
            let point = ClockPoint::minute(begun + Duration::minutes(minutes));
            prop_assert_eq!(clock("f", &clock_text(point, Shanghai), near()).unwrap(), Some(point));
            let told: Vec<ShareFrom> = (0_i64..)
                .zip(&values)
                .map(|(at, share)| ShareFrom {
                    from: (at > 0).then(|| begun + Duration::minutes(minutes * at)),
                    share: *share,
                })
                .collect();
            prop_assert_eq!(shares(&shares_text(&told, near()), near()).unwrap(), told);
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            let _ = fen("f", &text);
            let _ = impacts(&text);
            let _ = clock("f", &text, near());
            let _ = shares(&text, near());
            let _ = split_service(&text, ["a", ""].into_iter());
            let _ = links(&text);
        }
    }
}
