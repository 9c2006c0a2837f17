//! The difference of two texts: line by line, and within a changed line character by character, because Chinese has no
//! words between blanks. Bounded: what is too long to be compared closely is told as taken out and put in.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Lines that stand around a change and are shown with it.
pub const CONTEXT: usize = 3;

/// Texts with more changed lines than this are told as taken out and put in.
const LINES: usize = 2_000;

/// Lines of more characters than this are compared by what they share in front and behind.
const CLOSELY: usize = 300;

/// How many pairs of lines of one comparison are compared closely.
const PAIRS: usize = 100;

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// It is not in the other text's line.
    pub changed: bool,
    /// Its characters.
    pub text: String,
}

/// A line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffLine {
    /// In both texts.
    Same(String),
    /// Only in the first text.
    Removed(Vec<Part>),
    /// Only in the second text.
    Added(Vec<Part>),
    /// So many lines that are in both texts and far from any change.
    Skipped(usize),
}

impl DiffLine {
    /// The sign in front of the line: a blank, `-`, `+`, `…`.
    pub const fn sign(&self) -> char {
        match self {
            Self::Same(_) => ' ',
            Self::Removed(_) => '-',
            Self::Added(_) => '+',
            Self::Skipped(_) => '…',
        }
    }

    /// The whole line; empty for skipped ones.
    pub fn text(&self) -> String {
        match self {
            Self::Same(text) => text.clone(),
            Self::Removed(parts) | Self::Added(parts) => parts.iter().map(|part| part.text.as_str()).collect(),
            Self::Skipped(_) => String::new(),
        }
    }
}

/// The difference of two texts, with [`CONTEXT`] lines around each change; empty where they are the same.
pub fn difference(from: &str, to: &str) -> Vec<DiffLine> {
    let (old, new): (Vec<&str>, Vec<&str>) = (from.lines().collect(), to.lines().collect());
    if old == new {
        return Vec::new();
    }
    let front = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let (rest_old, rest_new) = (&old[front..], &new[front..]);
    let back = rest_old.iter().rev().zip(rest_new.iter().rev()).take_while(|(one, other)| one == other).count();
    let (mid_old, mid_new) = (&rest_old[..rest_old.len() - back], &rest_new[..rest_new.len() - back]);
    let mut lines: Vec<DiffLine> = old[..front].iter().map(|line| same(line)).collect();
    let mut pairs = PAIRS;
    if mid_old.len().max(mid_new.len()) > LINES {
        lines.extend(mid_old.iter().map(|line| DiffLine::Removed(whole(line))));
        lines.extend(mid_new.iter().map(|line| DiffLine::Added(whole(line))));
    } else {
        for op in capture_diff_slices(Algorithm::Myers, mid_old, mid_new) {
            match op {
                DiffOp::Equal { old_index, len, .. } => {
                    lines.extend(mid_old[old_index..old_index + len].iter().map(|line| same(line)));
                }
                other => {
                    let (was, is) = (&mid_old[other.old_range()], &mid_new[other.new_range()]);
                    replaced(was, is, &mut pairs, &mut lines);
                }
            }
        }
    }
    lines.extend(rest_old[rest_old.len() - back..].iter().map(|line| same(line)));
    folded(lines)
}

fn same(line: &str) -> DiffLine {
    DiffLine::Same(line.to_owned())
}

fn whole(line: &str) -> Vec<Part> {
    vec![Part { changed: true, text: line.to_owned() }]
}

/// Lines that came in place of others: the first of the one beside the first of the other, as far as both go.
fn replaced(was: &[&str], is: &[&str], pairs: &mut usize, lines: &mut Vec<DiffLine>) {
    let both = was.len().min(is.len());
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for (old, new) in was.iter().zip(is) {
        let close = if *pairs > 0 { close(old, new) } else { None };
        *pairs = pairs.saturating_sub(1);
        let (old, new) = close.unwrap_or_else(|| (whole(old), whole(new)));
        removed.push(DiffLine::Removed(old));
        added.push(DiffLine::Added(new));
    }
    removed.extend(was[both..].iter().map(|line| DiffLine::Removed(whole(line))));
    added.extend(is[both..].iter().map(|line| DiffLine::Added(whole(line))));
    lines.append(&mut removed);
    lines.append(&mut added);
}

/// Two lines character by character; none where they share so little that it would be a puzzle.
fn close(old: &str, new: &str) -> Option<(Vec<Part>, Vec<Part>)> {
    let (was, is): (Vec<char>, Vec<char>) = (old.chars().collect(), new.chars().collect());
    let front = was.iter().zip(&is).take_while(|(one, other)| one == other).count();
    let back = was[front..].iter().rev().zip(is[front..].iter().rev()).take_while(|(one, other)| one == other).count();
    let (mid_was, mid_is) = (&was[front..was.len() - back], &is[front..is.len() - back]);
    let (mut removed, mut added) = (Parts::default(), Parts::default());
    removed.push(false, &was[..front]);
    added.push(false, &was[..front]);
    let mut shared = front + back;
    if mid_was.len().max(mid_is.len()) > CLOSELY {
        removed.push(true, mid_was);
        added.push(true, mid_is);
    } else {
        for op in capture_diff_slices(Algorithm::Myers, mid_was, mid_is) {
            let changed = !matches!(op, DiffOp::Equal { .. });
            if !changed {
                shared += op.old_range().len();
            }
            removed.push(changed, &mid_was[op.old_range()]);
            added.push(changed, &mid_is[op.new_range()]);
        }
    }
    removed.push(false, &was[was.len() - back..]);
    added.push(false, &is[is.len() - back..]);
    (shared * 3 >= was.len().max(is.len())).then_some((removed.0, added.0))
}

/// Parts of a line, neighbours of one kind together.
#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn push(&mut self, changed: bool, characters: &[char]) {
        if characters.is_empty() {
            return;
        }
        match self.0.last_mut().filter(|last| last.changed == changed) {
            Some(last) => last.text.extend(characters),
            None => self.0.push(Part { changed, text: characters.iter().collect() }),
        }
    }
}

/// Lines in both texts that are far from any change become one line that counts them.
fn folded(lines: Vec<DiffLine>) -> Vec<DiffLine> {
    let changes = |line: &DiffLine| !matches!(line, DiffLine::Same(_));
    let mut near = vec![false; lines.len()];
    for (at, _) in lines.iter().enumerate().filter(|(_, line)| changes(line)) {
        let until = (at + CONTEXT + 1).min(lines.len());
        near[at.saturating_sub(CONTEXT)..until].fill(true);
    }
    let mut shown: Vec<DiffLine> = Vec::new();
    for (line, near) in lines.into_iter().zip(near) {
        match (near, shown.last_mut()) {
            (true, _) => shown.push(line),
            (false, Some(DiffLine::Skipped(count))) => *count += 1,
            (false, _) => shown.push(DiffLine::Skipped(1)),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(from: &str, to: &str) -> Vec<String> {
        let mark = |parts: &[Part]| -> String {
            parts.iter().map(|part| if part.changed { format!("[{}]", part.text) } else { part.text.clone() }).collect()
        };
        difference(from, to)
            .iter()
            .map(|line| match line {
                DiffLine::Same(text) => format!(" {text}"),
                DiffLine::Removed(parts) => format!("-{}", mark(parts)),
                DiffLine::Added(parts) => format!("+{}", mark(parts)),
                DiffLine::Skipped(count) => format!("…{count}"),
            })
            .collect()
    }

    #[test]
    fn a_changed_line_is_told_by_its_characters_and_what_is_far_away_is_counted() {
        let from = "一\n二\n三\n四\n五\n约684笔出金失败，半小时恢复。\n六";
        let to = "一\n二\n三\n四\n五\n约684笔提现失败，一小时后恢复。\n六\n七";
        assert_eq!(
            told(from, to),
            [
                "…2",
                " 三",
                " 四",
                " 五",
                "-约684笔[出金]失败，[半]小时恢复。",
                "+约684笔[提现]失败，[一]小时[后]恢复。",
                " 六",
                "+[七]"
            ]
        );
        assert!(difference(from, from).is_empty());
    }

    #[test]
    fn lines_that_share_next_to_nothing_are_told_whole() {
        assert_eq!(told("规则没有灰度", "由渠道方限流导致"), ["-[规则没有灰度]", "+[由渠道方限流导致]"]);
        assert_eq!(told("", "写了"), ["+[写了]"]);
        assert_eq!(told("写了", ""), ["-[写了]"]);
    }

    #[test]
    fn long_and_wholly_different_texts_are_told_at_once() {
        let text = |seed: usize| (0..30_000).map(|at| (at * seed % 7).to_string()).collect::<Vec<_>>().join("\n");
        assert!(!difference(&text(3), &text(5)).is_empty());
        let (one, other) = ("甲".repeat(20_000), "乙".repeat(20_000));
        let line = difference(&format!("同{one}同"), &format!("同{other}同"));
        assert_eq!(line.len(), 2);
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_from_their_difference(from in "[提现\na ]{0,40}", to in "[提现\na ]{0,40}") {
            let lines = difference(&from, &to);
            let skips = lines.iter().any(|line| matches!(line, DiffLine::Skipped(_)));
            if from.lines().eq(to.lines()) {
                prop_assert!(lines.is_empty());
            } else if !skips {
                let side = |without: char| -> Vec<String> {
                    lines.iter().filter(|line| line.sign() != without).map(DiffLine::text).collect()
                };
                prop_assert_eq!(side('+'), from.lines().map(str::to_owned).collect::<Vec<_>>());
                prop_assert_eq!(side('-'), to.lines().map(str::to_owned).collect::<Vec<_>>());
            }
        }
    }
}
