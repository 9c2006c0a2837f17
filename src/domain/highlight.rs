//! Where the words of a search stand in a text: the text in parts, some of them marked, and a piece of a long text
//! around the first of them.

use unicode_normalization::UnicodeNormalization as _;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedPart {
    /// The characters.
    pub text: String,
    /// A word that was looked for.
    pub marked: bool,
}

/// The parts of a text; together they are the text, whatever the words are.
pub fn marked(text: &str, words: &[String]) -> Vec<MarkedPart> {
    // Most lists look for no word: folding each title would take longer than to read it.
    if words.is_empty() && !text.is_empty() {
        return vec![MarkedPart { text: text.to_owned(), marked: false }];
    }
    let places = places(text, words);
    let mut parts = Vec::new();
    let mut from = 0;
    let mut push = |range: std::ops::Range<usize>, marked: bool| {
        if let Some(words) = text.get(range).filter(|words| !words.is_empty()) {
            parts.push(MarkedPart { text: words.to_owned(), marked });
        }
    };
    for place in places {
        push(from..place.start, false);
        push(place.clone(), true);
        from = place.end;
    }
    push(from..text.len(), false);
    parts
}

/// At most about `chars` characters around the first word that stands in the text; none where none does.
pub fn snippet(text: &str, words: &[String], chars: usize) -> Option<Vec<MarkedPart>> {
    let first = places(text, words).into_iter().next()?;
    let before = text.get(..first.start)?;
    let lead = chars / 4;
    let start = before.char_indices().rev().nth(lead.saturating_sub(1)).map_or(0, |(at, _)| at);
    let rest = text.get(start..)?;
    let end = rest.char_indices().nth(chars).map_or(text.len(), |(at, _)| start + at).max(first.end.min(text.len()));
    let mut parts = marked(text.get(start..end)?, words);
    if start > 0 {
        parts.insert(0, MarkedPart { text: "…".to_owned(), marked: false });
    }
    if end < text.len() {
        parts.push(MarkedPart { text: "…".to_owned(), marked: false });
    }
    Some(parts)
}

/// The byte ranges of the words in order, joined where they meet.
fn places(text: &str, words: &[String]) -> Vec<std::ops::Range<usize>> {
    // Character by character, so that each folded byte knows where it came from.
    let mut folded = String::with_capacity(text.len());
    let mut origins: Vec<usize> = Vec::with_capacity(text.len());
    let mut spaced = true;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() {
            if !spaced {
                folded.push(' ');
                origins.push(at);
            }
            spaced = true;
            continue;
        }
        for plain in c.nfkc().flat_map(char::to_lowercase) {
            // A sign that folds to a space and a mark is no word of its own.
            spaced = plain.is_whitespace();
            folded.push(plain);
            origins.resize(folded.len(), at);
        }
    }
    origins.push(text.len());
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for word in words.iter().filter(|word| !word.is_empty()) {
        found.extend(folded.match_indices(word.as_str()).take(200).filter_map(|(at, _)| {
            let start = *origins.get(at)?;
            let last = *origins.get(at + word.len() - 1)?;
            // To the end of the character that the last byte came from.
            let end = text.get(last..)?.chars().next().map_or(last, |c| last + c.len_utf8());
            Some(start..end)
        }));
    }
    found.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<std::ops::Range<usize>> = Vec::new();
    for range in found {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(parts: &[MarkedPart]) -> String {
        parts.iter().map(|part| if part.marked { format!("[{}]", part.text) } else { part.text.clone() }).collect()
    }

    #[test]
    fn words_are_marked_as_they_stand_in_the_text() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(shown(&marked("商户Ｂ２Ｃ提现失败", &words(&["b2c", "提现"]))), "商户[Ｂ２Ｃ提现]失败");
        assert_eq!(shown(&marked("Exact  Words here", &words(&["exact words"]))), "[Exact  Words] here");
        assert_eq!(shown(&marked("<b>提现</b>", &words(&["提现"]))), "<b>[提现]</b>");
        assert_eq!(shown(&marked("ﬁx ½ ㎏ İ", &words(&["fi", "kg", "i"]))), "[ﬁ]x ½ [㎏] [İ]");
        assert_eq!(shown(&marked("", &words(&["x"]))), "");
        assert_eq!(
            (shown(&marked("商户Ｂ２Ｃ", &[])), shown(&marked("", &[]))),
            ("商户Ｂ２Ｃ".to_owned(), String::new())
        );
        let long = format!("{}提现{}", "前".repeat(500), "后".repeat(500));
        let parts = snippet(&long, &words(&["提现"]), 40).unwrap_or_default();
        assert!(shown(&parts).starts_with("…前") && shown(&parts).contains("[提现]") && shown(&parts).ends_with("后…"));
        assert!(shown(&parts).chars().count() < 60);
        assert_eq!(snippet("另一句", &words(&["提现"]), 40), None);
    }
}
