//! Which sections a postmortem has, by level: the policy document `postmortem`, which people edit.

use serde::{Deserialize, Serialize};

use crate::domain::checked::{self, FieldError};

/// Words in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Bilingual {
    fn of(zh: &str, en: &str) -> Self {
        Self { zh: zh.to_owned(), en: en.to_owned() }
    }

    /// The words of one language.
    pub fn of_language(&self, chinese: bool) -> &str {
        if chinese { &self.zh } else { &self.en }
    }
}

/// A section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// `summary`, `impact`, `timeline`, `root_cause`, `detection`, `went_well`, `actions`, or a word of the team's own:
    /// small letters, digits and `_`, up to 32. The facts fill the seven known ones half.
    pub key: String,
    /// Its heading.
    pub title: Bilingual,
    /// What it asks while nobody wrote it; empty for none.
    #[serde(default)]
    pub question: Option<Bilingual>,
    /// It has a chain of whys (5-why) as structure beside its text.
    #[serde(default)]
    pub whys: bool,
}

/// The sections of some levels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelSections {
    /// Severity labels in capitals.
    pub levels: Vec<String>,
    /// Keys of sections, in their order.
    pub sections: Vec<String>,
}

/// The template document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostmortemTemplate {
    /// All sections there are.
    pub sections: Vec<Section>,
    /// Which ones by level; the first entry that names the level counts.
    pub by_level: Vec<LevelSections>,
    /// Those of all other levels and of ungraded events.
    pub otherwise: Vec<String>,
}

/// The name of the policy document.
pub const POLICY: &str = "postmortem";

/// The most whys of a chain.
pub const WHYS: usize = 10;

/// The keys that the facts fill.
pub const KNOWN: [&str; 7] = ["summary", "impact", "timeline", "root_cause", "detection", "went_well", "actions"];

impl Default for PostmortemTemplate {
    /// A and B have all seven sections; C and below leave out what went well.
    fn default() -> Self {
        let section = |key: &str, zh, en, question: Option<(&str, &str)>| Section {
            key: key.to_owned(),
            title: Bilingual::of(zh, en),
            question: question.map(|(zh, en)| Bilingual::of(zh, en)),
            whys: key == "root_cause",
        };
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        Self {
            sections: vec![
                section("summary", "综述", "Summary", None),
                section("impact", "影响", "Impact", None),
                section("timeline", "时间线", "Timeline", None),
                section("root_cause", "根因", "Root cause", None),
                section(
                    "detection",
                    "为什么没有更早发现",
                    "Why it was not found earlier",
                    Some(("什么条件下能更早发现？", "What would have shown it earlier?")),
                ),
                section(
                    "went_well",
                    "做得好的",
                    "What went well",
                    Some(("哪些做法起了作用，值得保留？", "What worked and should stay?")),
                ),
                section("actions", "改进项", "Action items", None),
            ],
            by_level: vec![LevelSections {
                levels: keys(&["A", "B", "P0", "P1", "SEV0", "SEV1", "SEV2"]),
                sections: keys(&KNOWN),
            }],
            otherwise: keys(&["summary", "impact", "timeline", "root_cause", "detection", "actions"]),
        }
    }
}

impl PostmortemTemplate {
    /// The sections of a level, in order.
    pub fn of_level(&self, severity: Option<&str>) -> Vec<&Section> {
        let named = severity.and_then(|label| {
            self.by_level.iter().find(|entry| entry.levels.iter().any(|level| level.eq_ignore_ascii_case(label)))
        });
        let keys = named.map_or(&self.otherwise, |entry| &entry.sections);
        keys.iter().filter_map(|key| self.section(key)).collect()
    }

    /// The section of a key.
    pub fn section(&self, key: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.key == key)
    }

    /// Checks a document that people edited.
    pub fn checked(self) -> Result<Self, FieldError> {
        const FIELD: &str = "document";
        if self.sections.is_empty() || self.sections.len() > 30 {
            return Err(FieldError::shape(FIELD, "give 1 to 30 sections"));
        }
        for (at, section) in self.sections.iter().enumerate() {
            let key = &section.key;
            let good = !key.is_empty()
                && key.len() <= 32
                && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !good {
                return Err(FieldError::shape(FIELD, format!("“{key}”: write keys of small letters, digits and _")));
            }
            if self.sections.iter().take(at).any(|other| other.key == *key) {
                return Err(FieldError::shape(
                    FIELD,
                    format!("“{key}” stands twice; give each section a key of its own"),
                ));
            }
            for words in [Some(&section.title), section.question.as_ref()].into_iter().flatten() {
                checked::line(FIELD, &words.zh, 200)?;
                checked::line(FIELD, &words.en, 200)?;
            }
        }
        let lists = self.by_level.iter().map(|entry| &entry.sections).chain([&self.otherwise]);
        for keys in lists {
            if keys.is_empty() {
                return Err(FieldError::shape(FIELD, "give each level at least one section"));
            }
            if let Some(key) = keys.iter().find(|key| self.section(key).is_none()) {
                return Err(FieldError::shape(
                    FIELD,
                    format!("“{key}” is named by a level; add a section with this key"),
                ));
            }
            if keys.iter().enumerate().any(|(at, key)| keys.iter().take(at).any(|other| other == key)) {
                return Err(FieldError::shape(FIELD, "name each section once for a level"));
            }
        }
        Ok(self)
    }

    /// Reads a policy document.
    pub fn read(document: &str) -> Result<Self, FieldError> {
        let template: Self = serde_json::from_str(document)
            .map_err(|error| FieldError::shape("document", format!("it is not the expected JSON: {error}")))?;
        template.checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sections_follow_the_level() {
        let template = PostmortemTemplate::default();
        let keys = |level| template.of_level(level).iter().map(|section| section.key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(Some("A")), KNOWN);
        assert_eq!(keys(None), ["summary", "impact", "timeline", "root_cause", "detection", "actions"]);
        assert_eq!(keys(Some("C")), keys(None));
    }

    #[test]
    fn a_document_reads_back_and_bad_ones_are_refused() {
        let template = PostmortemTemplate::default();
        let text = serde_json::to_string(&template).unwrap();
        assert_eq!(PostmortemTemplate::read(&text).unwrap(), template);
        for (from, to, words) in [
            ("\"summary\",\"impact\"", "\"summary\",\"nosuch\"", "nosuch"),
            ("\"key\":\"impact\"", "\"key\":\"summary\"", "twice"),
            ("\"key\":\"impact\"", "\"key\":\"Im pact\"", "small letters"),
            ("\"otherwise\":[", "\"otherwise\":[\"summary\",", "once"),
            ("{\"sections\"", "{\"extra\":1,\"sections\"", "JSON"),
        ] {
            let bad = text.replacen(from, to, 1);
            assert_ne!(bad, text, "{from}");
            let refused = PostmortemTemplate::read(&bad).unwrap_err().to_string();
            assert!(refused.contains(words), "{to}: {refused}");
        }
    }
}
