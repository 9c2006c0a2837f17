//! What a full-text index keeps of a text: pieces of two characters, so that a word of two characters (提现) is found
//! in text that has no spaces between its words. The pieces are ASCII and of one length, so that the three databases
//! see the same ones, whatever they take for a word, a stop word or punctuation.

use std::collections::BTreeSet;

use crate::domain::checked;

/// Most characters of a document; what lies behind them is not found. A `tsvector` of PostgreSQL holds 1 MB: 131,071
/// pieces.
pub const DOCUMENT_CHARS: usize = 120_000;

/// The most pieces that a word asks the index for; a longer word is compared with the text anyway.
const ASKED: usize = 8;

/// In front of the pieces of a title. No character's code begins with it: the last one's is `nvnj`.
const TITLE: char = 't';

/// Texts as they are found: folded, each on a line of its own.
pub fn document<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut document = String::new();
    let mut left = DOCUMENT_CHARS;
    for text in texts {
        let line = fold(text);
        if line.is_empty() || left == 0 {
            continue;
        }
        if !document.is_empty() {
            document.push('\n');
        }
        let line: &str = line.char_indices().nth(left).map_or(line.as_str(), |(at, _)| line.get(..at).unwrap_or(&line));
        left = left.saturating_sub(line.chars().count() + 1);
        document.push_str(line);
    }
    document
}

/// A text as it is found: compatibility forms, capitals and runs of white space made plain.
pub fn fold(text: &str) -> String {
    if text.contains('\0') { checked::fold(&text.replace('\0', "")) } else { checked::fold(text) }
}

/// The pieces of a document, separated by spaces, each once: of all its words, of its title again, marked, and those of
/// `search_facets`.
pub fn of_document(title: &str, words: &str, facets: &[String]) -> String {
    let mut codes = BTreeSet::new();
    each_piece(words, |first, second| {
        codes.insert((false, first, second));
    });
    each_piece(title, |first, second| {
        codes.insert((true, first, second));
    });
    let mut pieces = String::with_capacity(codes.len() * 9 + facets.len() * 16);
    for (of_title, first, second) in codes {
        if !pieces.is_empty() {
            pieces.push(' ');
        }
        if of_title {
            pieces.push(TITLE);
        }
        push_code(&mut pieces, first);
        push_code(&mut pieces, second.map_or(0, u32::from));
    }
    for facet in facets.iter().collect::<BTreeSet<_>>() {
        if !pieces.is_empty() {
            pieces.push(' ');
        }
        pieces.push_str(facet);
    }
    pieces
}

/// Pairs of neighbours; the last character before a space or the end is a piece of its own, for the search of one
/// character, which asks for a beginning.
fn each_piece(text: &str, mut found: impl FnMut(char, Option<char>)) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            continue;
        }
        found(c, chars.peek().copied().filter(|next| !next.is_whitespace()));
    }
}

/// Four digits to the base of 36 hold every character.
fn push_code(pieces: &mut String, c: impl Into<u32>) {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let code: u32 = c.into();
    for place in [46_656, 1_296, 36, 1] {
        let digit = DIGITS.get((code / place % 36) as usize).copied().unwrap_or(b'0');
        pieces.push(char::from(digit));
    }
}

/// What a word asks the index for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Whole pieces, all of which must be there.
    pub pieces: Vec<String>,
    /// Beginnings of pieces: a character that stands alone in the word.
    pub beginnings: Vec<String>,
    /// A document with all of these has the word; otherwise its text is to be looked at.
    pub exact: bool,
}

/// The pieces of a folded word, in a title alone or anywhere.
pub fn of_word(word: &str, in_title: bool) -> Asked {
    let mut pieces = BTreeSet::new();
    let mut beginnings = BTreeSet::new();
    let mut runs = 0;
    for run in word.split(char::is_whitespace).filter(|run| !run.is_empty()) {
        runs += 1;
        let chars: Vec<char> = run.chars().collect();
        let mut piece = String::new();
        if in_title {
            piece.push(TITLE);
        }
        if let [alone] = chars.as_slice() {
            push_code(&mut piece, *alone);
            beginnings.insert(piece);
            continue;
        }
        let pairs: Vec<&[char]> = chars.windows(2).collect();
        // Spread over the word: its beginning and end are rarer together than neighbours.
        let asked = pairs.len().min(ASKED);
        for place in 0..asked {
            let at = if asked > 1 { place * (pairs.len() - 1) / (asked - 1) } else { 0 };
            if let Some([first, second]) = pairs.get(at) {
                let mut piece = piece.clone();
                push_code(&mut piece, *first);
                push_code(&mut piece, *second);
                pieces.insert(piece);
            }
        }
    }
    let exact = runs == 1 && word.chars().count() <= 2;
    // Of a long phrase the first pieces will do: the rest is compared with the text.
    Asked {
        pieces: pieces.into_iter().take(2 * ASKED).collect(),
        beginnings: beginnings.into_iter().take(ASKED).collect(),
        exact,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_the_pieces_that_its_words_ask_for_and_others_have_not() {
        let text = "客户反馈商户操作提现失败，影响约684笔 t+0 出金";
        let words = document([text, "B2C 支付"]);
        let pieces = of_document(&fold("提现失败"), &words, &[]);
        let has = |asked: &Asked| {
            asked.pieces.iter().all(|piece| pieces.split(' ').any(|have| have == piece))
                && asked.beginnings.iter().all(|piece| pieces.split(' ').any(|have| have.starts_with(piece.as_str())))
        };
        for word in ["提现", "提现失败", "败", "684", "t+0", "b2c", "t", "0", "户操作提", "笔"] {
            assert!(has(&of_word(word, false)), "{word}");
        }
        for word in ["现提", "685", "t0", "金支", "告"] {
            assert!(!has(&of_word(word, false)), "{word}");
        }
        assert!(has(&of_word("失败", true)) && !has(&of_word("反馈", true)));
        assert!(of_word("提现", false).exact && of_word("提", false).exact && !of_word("提现失", false).exact);
        assert!(pieces.split(' ').all(|piece| piece.len() == 8 || piece.len() == 9 && piece.starts_with('t')));
    }

    #[test]
    fn a_huge_text_has_a_bounded_document_and_few_questions() {
        let huge: String = (0..400_000_u32).filter_map(|n| char::from_u32(0x4e00 + n * 7 % 20_000)).collect();
        let words = document([huge.as_str(), "unreached"]);
        assert!(words.chars().count() <= DOCUMENT_CHARS);
        assert!(of_document("", &words, &[]).len() < 1_048_576 / 8 * 9);
        let asked = of_word(&huge, false);
        assert!(asked.pieces.len() <= 2 * ASKED && !asked.exact);
        assert!(of_word("", false).pieces.is_empty());
    }
}
