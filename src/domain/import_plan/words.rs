//! Values of a plan as short texts that read the same in both languages.

use chrono_tz::Tz;

use crate::domain::{
    capture::draft::{Impact, ImpactKind, Mark},
    clock_point::{ClockPoint, Precision},
};

/// `2024-08-19 15:00`, or the date alone where only that is known; empty for none.
pub fn time_word(point: Option<ClockPoint>, zone: Tz) -> String {
    let Some(point) = point else { return String::new() };
    let local = point.at.with_timezone(&zone);
    match point.precision {
        Precision::Minute => local.format("%Y-%m-%d %H:%M").to_string(),
        Precision::Day => local.format("%Y-%m-%d").to_string(),
    }
}

/// `2024-08-19 15:00–16:05`, `2024-08-19 23:50–2024-08-20 00:20`; without a recovery the beginning alone, without a
/// beginning nothing.
pub fn span_word(occurred: Option<ClockPoint>, recovered: Option<ClockPoint>, zone: Tz) -> String {
    let begin = time_word(occurred, zone);
    let (Some(from), Some(to)) = (occurred, recovered) else { return begin };
    let same_day = from.at.with_timezone(&zone).date_naive() == to.at.with_timezone(&zone).date_naive();
    let end = match (same_day, from.precision, to.precision) {
        (true, _, Precision::Day) => return begin,
        (true, Precision::Minute, Precision::Minute) => to.at.with_timezone(&zone).format("%H:%M").to_string(),
        _ => time_word(recovered, zone),
    };
    format!("{begin}–{end}")
}

/// Most characters of a word that is kept whole where a text is cut.
const WORD_LIMIT: usize = 30;

/// A text on one line of at most `most` characters: line breaks, controls and rows of blanks become one blank. Where
/// something is left out an ellipsis stands, and never inside an English word or a number.
pub fn short(text: &str, most: usize) -> String {
    let mut kept: Vec<char> = Vec::with_capacity(most + 1);
    for c in text.chars() {
        let blank = c.is_whitespace() || c.is_control();
        match kept.last() {
            None | Some(' ') if blank => {}
            _ => kept.push(if blank { ' ' } else { c }),
        }
        // A blank may be the last one of the text.
        if kept.len() > most && kept.last() != Some(&' ') {
            break;
        }
    }
    let whole = kept.len() - usize::from(kept.last() == Some(&' '));
    if whole <= most {
        return kept.into_iter().take(whole).collect();
    }
    let cut = most.saturating_sub(1);
    let in_word = |at: usize| kept.get(at).copied().is_some_and(is_of_word);
    let mut end = cut;
    while end > 0 && in_word(end) && in_word(end - 1) {
        end -= 1;
    }
    // What has no end is no word: it is cut where the room ends.
    if end == 0 || cut - end > WORD_LIMIT {
        end = cut;
    }
    let shown: String = kept.into_iter().take(end).collect();
    format!("{}…", shown.trim_end_matches([' ', ',', '.', ':', '-', '，', '、', '；', '：']))
}

/// Whether a sign belongs to a word or number that blanks and Chinese signs end.
fn is_of_word(c: char) -> bool {
    c < '\u{2e80}' && (c.is_alphanumeric() || matches!(c, '.' | ',' | ':' | '-' | '_' | '\'' | '’' | '%'))
}

/// The mark as a report writes it; empty for none.
pub const fn mark_word(mark: Mark) -> &'static str {
    match mark {
        Mark::Unknown => "",
        Mark::Pending => "待复盘",
        Mark::Done => "已复盘",
        Mark::NotRequired => "无需复盘",
    }
}

/// `684笔、3家`.
pub fn impacts_word(impacts: &[Impact]) -> String {
    let one = |impact: &Impact| {
        let number = if impact.kind == ImpactKind::Amount {
            format!("{}.{:02}", impact.number / 100, (impact.number % 100).abs())
        } else {
            impact.number.to_string()
        };
        format!("{number}{}", impact.unit)
    };
    impacts.iter().map(one).collect::<Vec<_>>().join("、")
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    #[test]
    fn a_text_is_shown_on_one_line_and_cut_between_words() {
        assert_eq!(short("  Ledger: \r\n\r\n writes\tfail \n", 60), "Ledger: writes fail");
        assert_eq!(short("Payments were failing for customers", 20), "Payments were…");
        assert_eq!(short("Payments were failing", 21), "Payments were failing");
        assert_eq!(short("Payments were failing\n\n", 21), "Payments were failing");
        assert_eq!(short("提现审核队列积压影响约1200笔提现", 14), "提现审核队列积压影响约…");
        assert_eq!(short("提现审核队列积压", 5), "提现审核…");
        assert_eq!(short(&"x".repeat(100), 60), format!("{}…", "x".repeat(59)));
        assert_eq!(short("a\u{1b}[31mb", 60), "a [31mb");
        assert_eq!((short("", 60), short("ab", 0)), (String::new(), "…".to_owned()));
    }

    #[test]
    fn beginning_and_recovery_are_one_word_in_the_zone_of_the_report() {
        let at = |text: &str| Some(ClockPoint::minute(text.parse::<DateTime<Utc>>().unwrap()));
        let zone = chrono_tz::Asia::Shanghai;
        let from = at("2026-03-11T01:30:00Z");
        assert_eq!(span_word(from, at("2026-03-11T02:15:00Z"), zone), "2026-03-11 09:30–10:15");
        assert_eq!(span_word(from, at("2026-03-11T16:15:00Z"), zone), "2026-03-11 09:30–2026-03-12 00:15");
        assert_eq!(span_word(from, None, zone), "2026-03-11 09:30");
        assert_eq!(span_word(None, from, zone), "");
        let day = from.map(|point| ClockPoint::day(point.at));
        assert_eq!(span_word(day, None, zone), "2026-03-11");
    }
}
