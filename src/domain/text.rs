//! Text as a row of folded characters: full-width forms, odd spaces and dashes read as their plain forms, and
//! every character knows where it came from.

use std::{borrow::Cow, ops::Range};

/// Folded characters with the byte offset of each in the original text.
#[derive(Debug, Clone)]
pub struct Folded {
    /// The characters.
    chars: Vec<char>,
    /// Byte offset of each character, and one more: the end. Four bytes each: no document of more than 4 GB is read.
    offsets: Vec<u32>,
}

fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

impl Folded {
    /// Folds `text` from byte `base` of its document on.
    pub fn new(text: &str, base: usize) -> Self {
        let mut chars = Vec::with_capacity(text.len() / 2);
        let mut offsets = Vec::with_capacity(text.len() / 2 + 1);
        for (at, c) in text.char_indices() {
            chars.push(fold_char(c));
            offsets.push(narrow(base + at));
        }
        offsets.push(narrow(base + text.len()));
        Self { chars, offsets }
    }

    /// A part of the text; its bytes are still those of the whole.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let (from, to) = (range.start.min(self.len()), range.end.min(self.len()));
        let chars = self.chars.get(from..to).unwrap_or_default().to_vec();
        let offsets = self.offsets.get(from..=to).unwrap_or_default().to_vec();
        Self { chars, offsets }
    }

    /// How many characters there are.
    pub fn len(&self) -> usize {
        self.chars.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// The byte offset of the character at `index` (the end for anything behind).
    pub fn offset(&self, index: usize) -> usize {
        self.offsets.get(index).or(self.offsets.last()).map_or(0, |offset| *offset as usize)
    }

    /// The index of the character at byte `offset` or the first behind it.
    pub fn index(&self, offset: usize) -> usize {
        self.offsets.partition_point(|have| (*have as usize) < offset).min(self.len())
    }

    /// The byte range of characters.
    pub fn bytes(&self, range: &Range<usize>) -> Range<usize> {
        self.offset(range.start)..self.offset(range.end)
    }

    /// The character at `index`, or a line feed outside.
    pub fn at(&self, index: usize) -> char {
        self.chars.get(index).copied().unwrap_or('\n')
    }

    /// The characters of a range.
    pub fn chars(&self, range: Range<usize>) -> &[char] {
        self.chars.get(range.start.min(self.len())..range.end.min(self.len())).unwrap_or_default()
    }

    /// Puts `c` in the place of every character of a range but line feeds.
    pub fn put(&mut self, range: &Range<usize>, c: char) {
        let (from, to) = (range.start.min(self.len()), range.end.min(self.len()));
        for have in self.chars.get_mut(from..to).unwrap_or_default().iter_mut().filter(|have| **have != '\n') {
            *have = c;
        }
    }

    /// The first place of `c` in a range.
    pub fn find(&self, range: Range<usize>, c: char) -> Option<usize> {
        let start = range.start;
        self.chars(range).iter().position(|have| *have == c).map(|at| start + at)
    }

    /// Whether `word` (folded) stands anywhere.
    pub fn contains(&self, word: &str) -> bool {
        let Some(first) = word.chars().next() else { return true };
        self.chars.iter().enumerate().any(|(index, c)| *c == first && self.has(index, word))
    }

    /// Whether a range holds nothing but white space.
    pub fn is_blank(&self, range: Range<usize>) -> bool {
        self.chars(range).iter().all(|c| c.is_whitespace())
    }

    /// The folded text of a range.
    pub fn text(&self, range: Range<usize>) -> String {
        self.chars(range).iter().collect()
    }

    /// Whether `word` (folded, lower case) stands at `index`, capitals ignored.
    pub fn has(&self, index: usize, word: &str) -> bool {
        word.chars()
            .enumerate()
            .all(|(i, c)| self.chars.get(index + i).is_some_and(|have| have.to_ascii_lowercase() == c))
    }

    /// Where `word` (folded, lower case) begins that ends before `end`, capitals ignored.
    pub fn before(&self, end: usize, word: &str) -> Option<usize> {
        let last = self.chars.get(end.checked_sub(1)?)?.to_ascii_lowercase();
        // Most words end otherwise: their last character tells.
        word.chars().next_back().filter(|have| *have == last)?;
        end.checked_sub(word.chars().count()).filter(|start| self.has(*start, word))
    }

    /// The first of `words` that stands at `index`, as its length.
    pub fn any(&self, index: usize, words: &[&str]) -> Option<usize> {
        // Most words begin otherwise: their first byte tells.
        let mut first = [0; 4];
        self.chars.get(index)?.to_ascii_lowercase().encode_utf8(&mut first);
        let begins = |word: &&&str| word.as_bytes().first().is_none_or(|byte| *byte == first[0]);
        words.iter().filter(begins).find(|word| self.has(index, word)).map(|word| word.chars().count())
    }

    /// The index after blanks from `index` on.
    pub fn skip_blanks(&self, mut index: usize) -> usize {
        while matches!(self.chars.get(index), Some(' ' | '\t')) {
            index += 1;
        }
        index
    }

    /// A Chinese numeral below 100 at `index`, `三`, `十二`, `二十`: its value and end. Longer ones are no match.
    pub fn numeral(&self, index: usize) -> Option<(u32, usize)> {
        let digit = |at: usize| match self.at(at) {
            '零' | '〇' => Some(0),
            '一' => Some(1),
            '二' | '两' => Some(2),
            '三' => Some(3),
            '四' => Some(4),
            '五' => Some(5),
            '六' => Some(6),
            '七' => Some(7),
            '八' => Some(8),
            '九' => Some(9),
            _ => None,
        };
        let (tens, at) = match (digit(index), self.at(index)) {
            (Some(tens), _) if self.at(index + 1) == '十' => (tens, index + 2),
            (Some(ones), _) => {
                let ends = digit(index + 1).is_none() && !matches!(self.at(index + 1), '百' | '千' | '万');
                return ends.then_some((ones, index + 1));
            }
            (None, '十') => (1, index + 1),
            _ => return None,
        };
        let (value, end) = digit(at).map_or((tens * 10, at), |ones| (tens * 10 + ones, at + 1));
        let ends = digit(end).is_none() && !matches!(self.at(end), '十' | '百' | '千' | '万');
        ends.then_some((value, end))
    }

    /// A run of ASCII digits at `index`, at most `most` long: its value and end. Longer runs are no match.
    pub fn digits(&self, index: usize, most: usize) -> Option<(u32, usize)> {
        let mut end = index;
        let mut value = 0_u32;
        while let Some(digit) = self.chars.get(end).and_then(|c| c.to_digit(10)) {
            if end - index >= most {
                return None;
            }
            value = value * 10 + digit;
            end += 1;
        }
        (end > index).then_some((value, end))
    }
}

/// The plain form of one character.
pub fn fold_char(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => {
            let plain = char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c);
            // These stay as they are: they are punctuation of Chinese sentences.
            if matches!(plain, ',' | ';' | '!' | '?') { c } else { plain }
        }
        '\u{3000}' | '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' => ' ',
        '–' | '—' | '‐' | '‑' | '−' => '-',
        '〜' => '~',
        '\r' | '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{fe0f}' => ' ',
        // Pictures are ornaments: ⚠ ✅ 🔥.
        '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' => ' ',
        _ => c,
    }
}

/// How alike two texts are, 0 to 1: twice the pairs of neighbouring letters that they share over the pairs that they
/// have. White space, punctuation and capitals do not matter.
pub fn likeness(one: &str, other: &str) -> f64 {
    let letters = |text: &str| -> Vec<char> {
        text.chars().map(fold_char).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let pairs = |letters: &[char]| {
        let mut pairs: std::collections::BTreeMap<(char, char), usize> = std::collections::BTreeMap::new();
        for pair in letters.windows(2) {
            if let [first, second] = pair {
                *pairs.entry((*first, *second)).or_default() += 1;
            }
        }
        pairs
    };
    let (one, other) = (letters(one), letters(other));
    if one == other {
        return 1.0;
    }
    let all = one.len().saturating_sub(1) + other.len().saturating_sub(1);
    if all == 0 {
        return 0.0;
    }
    let others = pairs(&other);
    let shared: usize =
        pairs(&one).into_iter().map(|(pair, count)| count.min(others.get(&pair).copied().unwrap_or(0))).sum();
    2.0 * shared as f64 / all as f64
}

/// The words with ASCII capitals made small, for comparing with lists of words.
pub fn lower(words: &str) -> Cow<'_, str> {
    if words.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(words.to_ascii_lowercase())
    } else {
        Cow::Borrowed(words)
    }
}

/// Whether one of the words of a list stands in the text.
pub fn contains_any(text: &str, list: &[&str]) -> bool {
    likely_in(text, list).any(|word| text.contains(word))
}

/// The words of a list all of whose bytes stand somewhere in the text. Most words are passed over by that alone, far
/// sooner than by looking for them.
pub fn likely_in<'w>(text: &str, list: &'w [&'w str]) -> impl Iterator<Item = &'w str> {
    let mut seen = [0_u64; 4];
    for byte in text.bytes() {
        seen[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }
    list.iter()
        .copied()
        .filter(move |word| word.bytes().all(|byte| seen[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1))
}

/// The folded form of a whole text.
pub fn fold(text: &str) -> String {
    text.chars().map(fold_char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_that_was_polished_is_still_like_itself_and_another_one_is_not() {
        let said = "客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新";
        assert!(likeness(said, "客户反馈商户提现失败，影响约684笔出金交易，原因为风控规则更新。") > 0.8);
        assert!(likeness(said, "钱包首页访问个别响应504") < 0.1);
        assert!((likeness("ＡＢ，c", "ab C") - 1.0).abs() < f64::EPSILON);
        assert!(likeness("", "x") < f64::EPSILON);
    }
}
