//! Which passwords are refused: too short, commonly used, or made of what everybody knows about their owner.

use std::{collections::HashSet, io::Read as _, sync::OnceLock};

use flate2::read::GzDecoder;

use crate::domain::checked::{self, FieldError};

/// Passwords that are used most, one a line, in small letters (see `LICENSE.txt` beside it).
const COMMON: &[u8] = include_bytes!("common.txt.gz");

/// The fewest and the most characters.
pub const LENGTHS: std::ops::RangeInclusive<usize> = 12..=200;

/// Words that everybody tries here: the product's own.
const PRODUCT: [&str; 4] = ["fupan", "复盘台", "复盘", "postmortem"];

fn common() -> &'static HashSet<String> {
    static LIST: OnceLock<HashSet<String>> = OnceLock::new();
    LIST.get_or_init(|| {
        let mut text = String::new();
        // The list is part of the program: a test reads it.
        let _ = GzDecoder::new(COMMON).read_to_string(&mut text);
        text.lines().map(str::to_owned).collect()
    })
}

/// Refuses a password that is too short or too long, that is used by many, that has few different characters, or that holds the
/// name of the product or something of its owner: e-mail and name. No composition is asked for (NIST SP 800-63B).
pub fn check(field: &'static str, password: &str, email: &str, name: &str) -> Result<(), FieldError> {
    let length = password.chars().count();
    if !LENGTHS.contains(&length) {
        return Err(FieldError::shape(field, "choose 12 to 200 characters"));
    }
    let folded = checked::fold(password);
    if is_common(&folded) {
        return Err(FieldError::shape(
            field,
            "many people use this one; choose a few words that do not belong together",
        ));
    }
    if let Some(word) = known_words(email, name).into_iter().find(|word| folded.contains(word)) {
        return Err(FieldError::shape(field, format!("leave out “{word}”: whoever guesses tries it first")));
    }
    Ok(())
}

/// Letters behind the digits and signs that people write for them.
fn without_disguise(text: &str) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(letter).collect()
}

/// Whether many use a folded password: as it is, with signs between, with letters disguised, with something that is no letter before
/// and behind, or over and over; or whether it has fewer than five different characters, or is a row of neighbours.
fn is_common(folded: &str) -> bool {
    let different: HashSet<char> = folded.chars().collect();
    if different.len() < 5 || is_row(folded) {
        return true;
    }
    let list = common();
    let close: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
    let bare = |text: &str| text.trim_matches(|c: char| !c.is_alphabetic()).to_owned();
    let plain = without_disguise(folded);
    [folded.to_owned(), close.clone(), plain.clone(), bare(folded), bare(&close), bare(&plain)].iter().any(|text| {
        let added = folded.chars().count().saturating_sub(text.chars().count());
        list.contains(text) && added <= 8 || repeated(text).is_some_and(|unit| list.contains(unit) || unit.len() <= 4)
    })
}

/// What a text is a repetition of, if it is one.
fn repeated(text: &str) -> Option<&str> {
    let length = text.len();
    (1..=length / 2).filter(|unit| length.is_multiple_of(*unit)).find_map(|unit| {
        let first = text.get(..unit)?;
        text.as_bytes().chunks(unit).all(|part| part == first.as_bytes()).then_some(first)
    })
}

/// Whether each character is the neighbour of the one before, always in the same direction; behind 9 comes 0.
fn is_row(text: &str) -> bool {
    let codes: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    let step = |pair: &[i64]| pair.last().copied().unwrap_or(0) - pair.first().copied().unwrap_or(0);
    [[1, -9], [-1, 9]].iter().any(|steps| codes.windows(2).all(|pair| steps.contains(&step(pair))))
}

/// What everybody knows of somebody, folded: words of four letters, or of two where they are not Latin.
fn known_words(email: &str, name: &str) -> Vec<String> {
    let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    // The last part of a domain is everybody's.
    let domain = domain.rsplit_once('.').map_or("", |(own, _)| own);
    let words = [local, domain, name].into_iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let long = |word: &String| {
        let least = if word.is_ascii() { 4 } else { 2 };
        word.chars().count() >= least
    };
    PRODUCT.into_iter().chain(words).map(checked::fold).filter(long).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(password: &str) -> bool {
        check("password", password, "li.lei@pay.example.com", "李雷 Leonard").is_err()
    }

    #[test]
    fn the_list_is_there_and_holds_more_than_three_thousand() {
        assert!(common().len() > 3_000, "{}", common().len());
        assert!(common().contains("qwerty123456"));
    }

    #[test]
    fn what_many_use_is_refused_in_its_usual_disguises() {
        for password in [
            "password1234",
            "Password2024!",
            "P@ssw0rd!2024",
            "qwertyuiop12",
            "1qaz2wsx3edc",
            "QWERTY-123456",
            "passwordpassword",
            "aaaaaaaaaaaa",
            "abcabcabcabcabc",
            "123412341234",
            "abcdefghijklm",
            "9876543210987",
            "12345678901234",
            "administrator",
        ] {
            assert!(refused(password), "{password}");
        }
    }

    #[test]
    fn what_everybody_knows_of_its_owner_is_refused() {
        for password in ["fupan-secret-9", "复盘台 is our tool", "leonard went home", "my 李雷 password here"] {
            assert!(refused(password), "{password}");
        }
        assert!(check("password", "blue kettle seventeen", "ops@example.com", "Li").is_ok());
    }

    #[test]
    fn words_that_do_not_belong_together_are_taken_and_so_is_any_script() {
        for password in [
            "correct horse battery staple",
            "a long password",
            "蓝色的水壶在十七楼等着你呢",
            "tR7#kQ9!mZ2x",
            "夜里三点的猫头鹰在窗台上唱歌",
        ] {
            assert!(!refused(password), "{password}");
        }
        assert!(refused("elevenchars"));
        assert!(check("password", &"long enough ".repeat(20), "a@example.com", "A").is_err());
    }
}
