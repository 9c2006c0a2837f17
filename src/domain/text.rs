//! Text as a row of folded characters: full-width forms, odd spaces and dashes read as their plain forms, and
//! every character knows where it came from.

use std::ops::Range;

/// Folded characters with the byte offset of each in the original text.
#[derive(Debug, Clone)]
pub struct Folded {
    /// The characters.
    pub chars: Vec<char>,
    /// Byte offset of each character, and one more: the end.
    offsets: Vec<usize>,
}

impl Folded {
    /// Folds `text` from byte `base` of its document on.
    pub fn new(text: &str, base: usize) -> Self {
        let mut chars = Vec::with_capacity(text.len() / 2);
        let mut offsets = Vec::with_capacity(text.len() / 2 + 1);
        for (at, c) in text.char_indices() {
            chars.push(fold_char(c));
            offsets.push(base + at);
        }
        offsets.push(base + text.len());
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
        self.offsets.get(index).or(self.offsets.last()).copied().unwrap_or(0)
    }

    /// The index of the character at byte `offset` or the first behind it.
    pub fn index(&self, offset: usize) -> usize {
        self.offsets.partition_point(|have| *have < offset).min(self.len())
    }

    /// The byte range of characters.
    pub fn bytes(&self, range: &Range<usize>) -> Range<usize> {
        self.offset(range.start)..self.offset(range.end)
    }

    /// The character at `index`, or a line feed outside.
    pub fn at(&self, index: usize) -> char {
        self.chars.get(index).copied().unwrap_or('\n')
    }

    /// The folded text of a range.
    pub fn text(&self, range: Range<usize>) -> String {
        self.chars.get(range.start.min(self.len())..range.end.min(self.len())).unwrap_or_default().iter().collect()
    }

    /// Whether `word` (folded, lower case) stands at `index`, capitals ignored.
    pub fn has(&self, index: usize, word: &str) -> bool {
        word.chars()
            .enumerate()
            .all(|(i, c)| self.chars.get(index + i).is_some_and(|have| have.to_ascii_lowercase() == c))
    }

    /// The first of `words` that stands at `index`, as its length.
    pub fn any(&self, index: usize, words: &[&str]) -> Option<usize> {
        words.iter().find(|word| self.has(index, word)).map(|word| word.chars().count())
    }

    /// The index after blanks from `index` on.
    pub fn skip_blanks(&self, mut index: usize) -> usize {
        while matches!(self.chars.get(index), Some(' ' | '\t')) {
            index += 1;
        }
        index
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
        '\r' | '\u{feff}' | '\u{200b}' => ' ',
        _ => c,
    }
}

/// The folded form of a whole text.
pub fn fold(text: &str) -> String {
    text.chars().map(fold_char).collect()
}
