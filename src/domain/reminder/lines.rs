//! Steps and ladders as lines that people type: `-1 owner`, `+1/1 负责人,组长`, `0 14:00 逐级:上报`, `0/1 groups`. Recipients
//! are named in either language, and kept as codes.

use chrono::NaiveTime;

use super::policy::{By, Ladder, NOTIFIER, Rung, StepRule};
use crate::domain::{checked::FieldError, policy::refused, vocabulary::RECIPIENT};

/// What a ladder's name stands behind, in Chinese and as a code.
const LADDER: [&str; 2] = ["逐级:", "ladder:"];

/// Recipients as people read them.
fn shown(to: &[String], chinese: bool) -> String {
    let word = |code: &String| match (RECIPIENT.words(code, chinese), code.strip_prefix(LADDER[1])) {
        (Some(word), _) => word.to_owned(),
        (None, Some(name)) if chinese => format!("{}{name}", LADDER[0]),
        (None, _) => code.clone(),
    };
    to.iter().map(word).collect::<Vec<_>>().join(",")
}

/// Recipients as they are kept.
fn codes(words: &str) -> Vec<String> {
    let code = |word: &str| match (RECIPIENT.code_of(word), word.strip_prefix(LADDER[0])) {
        (Some(code), _) => code.to_owned(),
        (None, Some(name)) => format!("{}{name}", LADDER[1]),
        (None, None) => word.to_owned(),
    };
    words.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty()).map(code).collect()
}

/// A step as a line.
pub fn of_step(step: &StepRule, chinese: bool) -> String {
    let day = if step.day > 0 { format!("+{}", step.day) } else { step.day.to_string() };
    let every = step.every.map(|every| format!("/{every}")).unwrap_or_default();
    let at = step.at.map(|at| format!(" {}", at.format("%H:%M"))).unwrap_or_default();
    let to = match step.by {
        By::Groups if step.to.is_empty() => shown(&["groups".to_owned()], chinese),
        By::Groups | By::Mail => shown(&step.to, chinese),
    };
    format!("{day}{every}{at} {to}")
}

/// The steps of lines; empty lines are skipped. A refusal names the line.
pub fn steps(place: &str, text: &str) -> Result<Vec<StepRule>, FieldError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let remedy = "write the day, the time where it is another one, and recipients: +1/1 10:30 owner,leads";
            step(line).ok_or_else(|| refused(&format!("{place} line {}", number + 1), remedy))
        })
        .collect()
}

fn step(line: &str) -> Option<StepRule> {
    let line = line.replace(['，', '、'], ",").replace('：', ":");
    let mut words = line.split_whitespace().peekable();
    let first = words.next()?;
    let (day, every) = match first.split_once('/') {
        Some((day, every)) => (day, Some(every.parse().ok()?)),
        None => (first, None),
    };
    let day = day.trim_start_matches('+').parse().ok()?;
    let at = words.peek().and_then(|word| NaiveTime::parse_from_str(word, "%H:%M").ok());
    if at.is_some() {
        words.next();
    }
    // The name of a notifier may hold blanks.
    if words.clone().any(|word| word.starts_with(NOTIFIER)) {
        let rest: Vec<&str> = words.collect();
        let to: Vec<String> =
            rest.join(" ").split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        return Some(StepRule { day, every, at, to, by: By::Groups });
    }
    let to = codes(&words.collect::<Vec<_>>().join(","));
    let groups = to.iter().any(|word| word == "groups");
    match (groups, to.len()) {
        (true, 1) => Some(StepRule { day, every, at, to: Vec::new(), by: By::Groups }),
        (true, _) | (false, 0) => None,
        (false, _) => Some(StepRule { day, every, at, to, by: By::Mail }),
    }
}

/// A ladder as a line: `上报: 1 leads; 3 admins,boss@example.com`.
pub fn of_ladder(ladder: &Ladder, chinese: bool) -> String {
    let rung = |rung: &Rung| format!("{} {}", rung.from, shown(&rung.to, chinese));
    let rungs: Vec<String> = ladder.rungs.iter().map(rung).collect();
    format!("{}: {}", ladder.name, rungs.join("; "))
}

/// The ladders of lines; empty lines are skipped. A refusal names the line.
pub fn ladders(text: &str) -> Result<Vec<Ladder>, FieldError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let remedy = "write a name and rungs: 上报: 1 leads; 3 admins,boss@example.com";
            ladder(line).ok_or_else(|| refused(&format!("ladders line {}", number + 1), remedy))
        })
        .collect()
}

fn ladder(line: &str) -> Option<Ladder> {
    let line = line.replace('：', ":").replace(['，', '、'], ",").replace('；', ";");
    let (name, rungs) = line.split_once(':')?;
    let rungs = rungs
        .split(';')
        .filter(|rung| !rung.trim().is_empty())
        .map(|rung| {
            let (from, to) = rung.trim().split_once(' ')?;
            Some(Rung { from: from.parse().ok()?, to: codes(to) })
        })
        .collect::<Option<Vec<Rung>>>()?;
    Some(Ladder { name: name.trim().to_owned(), rungs })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::domain::reminder::policy::ReminderPolicy;

    #[test]
    fn the_steps_of_the_default_are_lines_and_back() {
        for rule in ReminderPolicy::default().rules {
            for chinese in [true, false] {
                let text: Vec<String> = rule.steps.iter().map(|step| of_step(step, chinese)).collect();
                assert_eq!(steps("steps", &text.join("\r\n")).unwrap(), rule.steps, "{text:?}");
            }
        }
        let typed = steps("steps", "\n+2/3 14:30 owner， boss@example.com\n0/1 groups").unwrap();
        let shown = |chinese| typed.iter().map(|step| of_step(step, chinese)).collect::<Vec<_>>();
        assert_eq!(shown(false), ["+2/3 14:30 owner,boss@example.com", "0/1 groups"]);
        assert_eq!(shown(true), ["+2/3 14:30 负责人,boss@example.com", "0/1 群"]);
        assert_eq!(steps("steps", &shown(true).join("\n")).unwrap(), typed);
        let rising = steps("steps", "+1 负责人、组长 逐级：上报").unwrap();
        assert_eq!(rising[0].to, ["owner", "leads", "ladder:上报"]);
        assert_eq!(of_step(&rising[0], true), "+1 负责人,组长,逐级:上报");
        let named = steps("steps", "+1/1 14:30 notifier:支付 群，notifier:SRE").unwrap();
        assert_eq!((named[0].by, named[0].to.len()), (By::Groups, 2));
        assert_eq!(of_step(&named[0], false), "+1/1 14:30 notifier:支付 群,notifier:SRE");
        let ladder = ladders("上报：1 leads；3 admins，boss@example.com\n").unwrap();
        assert_eq!(of_ladder(&ladder[0], false), "上报: 1 leads; 3 admins,boss@example.com");
        assert_eq!(of_ladder(&ladder[0], true), "上报: 1 组长; 3 管理员,boss@example.com");
        assert_eq!(ladders("上报: 1 组长; 3 管理员 boss@example.com").unwrap(), ladder);
    }

    #[test]
    fn a_line_that_says_nothing_is_refused_with_its_number() {
        for text in ["owner", "+1", "+1/x owner", "x owner", "0 groups,owner", "+1 10:30"] {
            let refusal = steps("rules[0].steps", &format!("0 owner\n{text}")).unwrap_err().to_string();
            assert!(refusal.contains("rules[0].steps line 2"), "{text}: {refusal}");
        }
        for text in ["上报", "上报: leads", "上报: x leads"] {
            assert!(ladders(text).unwrap_err().to_string().contains("ladders line 1"), "{text}");
        }
    }
}
