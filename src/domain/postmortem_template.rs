//! Which sections a postmortem has, by level: the policy document `postmortem`, which people edit.

use serde::{Deserialize, Serialize};

use crate::domain::{
    checked::{self, FieldError},
    policy::{self, PolicyKind, refused},
};

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

/// The sections of postmortems.
pub const POLICY: PolicyKind =
    PolicyKind { name: "postmortem", default: policy::default_text::<PostmortemTemplate>, check: check_text };

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

    /// Checks a document that people edited. Labels of levels are kept as events have them: in capitals.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        if self.sections.is_empty() || self.sections.len() > 30 {
            return Err(refused("sections", "give 1 to 30 sections"));
        }
        for (at, section) in self.sections.iter().enumerate() {
            let place = |part: &str| format!("sections[{at}].{part}");
            let key = &section.key;
            let good = !key.is_empty()
                && key.len() <= 32
                && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !good {
                return Err(refused(&place("key"), "write 1 to 32 small letters, digits and _"));
            }
            if self.sections.iter().take(at).any(|other| other.key == *key) {
                return Err(refused(&place("key"), &format!("{key} stands twice; give each section a key of its own")));
            }
            for (part, words) in [("title", Some(&section.title)), ("question", section.question.as_ref())] {
                for text in words.into_iter().flat_map(|words| [&words.zh, &words.en]) {
                    checked::line(policy::FIELD, text, 200)
                        .map_err(|_| refused(&place(part), "write one line of 1 to 200 characters in each language"))?;
                }
            }
        }
        if self.by_level.len() > 50 {
            return Err(refused("by_level", "give at most 50 entries"));
        }
        for (at, entry) in self.by_level.iter_mut().enumerate() {
            entry.levels = policy::labels(&format!("by_level[{at}].levels"), &entry.levels)?;
        }
        let lists =
            self.by_level.iter().enumerate().map(|(at, entry)| (format!("by_level[{at}].sections"), &entry.sections));
        for (place, keys) in lists.chain([("otherwise".to_owned(), &self.otherwise)]) {
            if keys.is_empty() {
                return Err(refused(&place, "give at least one section"));
            }
            if let Some(key) = keys.iter().find(|key| self.section(key).is_none()) {
                return Err(refused(&place, &format!("there is no section {key}; add one with this key")));
            }
            if keys.iter().enumerate().any(|(at, key)| keys.iter().take(at).any(|other| other == key)) {
                return Err(refused(&place, "name each section once"));
            }
        }
        Ok(self)
    }
}

fn check_text(document: &str) -> Result<String, FieldError> {
    policy::read::<PostmortemTemplate>(document)?.checked().map(|template| policy::text(&template))
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
        assert_eq!(policy::read::<PostmortemTemplate>(&check_text(&text).unwrap()).unwrap(), template);
        for (from, to, words) in [
            ("\"summary\",\"impact\"", "\"summary\",\"nosuch\"", "by_level[0].sections: there is no section nosuch"),
            ("\"key\":\"impact\"", "\"key\":\"summary\"", "sections[1].key: summary stands twice"),
            ("\"key\":\"impact\"", "\"key\":\"Im pact\"", "sections[1].key: write 1 to 32 small letters"),
            ("\"zh\":\"影响\"", "\"zh\":\"\"", "sections[1].title: write one line"),
            ("\"otherwise\":[", "\"otherwise\":[\"summary\",", "otherwise: name each section once"),
            ("[\"A\",", "[\"很坏\",", "by_level[0].levels: write a label"),
            ("{\"sections\"", "{\"extra\":1,\"sections\"", "unknown field `extra`"),
        ] {
            let bad = text.replacen(from, to, 1);
            assert_ne!(bad, text, "{from}");
            let refused = check_text(&bad).unwrap_err().to_string();
            assert!(refused.contains(words), "{to}: {refused}");
        }
    }
}
