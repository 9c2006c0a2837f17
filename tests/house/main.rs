//! The plan of the house: a layer uses only what the table of ARCHITECTURE.md allows.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test may fail")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// What each layer may use of the others, and of the crates that belong to one layer.
const TABLE: [(&str, &[&str]); 11] = [
    ("domain", &[]),
    ("store", &["domain", "entity", "sea_orm", "migration"]),
    ("service", &["domain", "store"]),
    ("notify", &["domain", "service", "lettre", "askama"]),
    ("outgoing", &["domain", "service", "reqwest"]),
    ("i18n", &["domain", "service"]),
    ("web", &["domain", "service", "i18n", "actix_web", "askama"]),
    ("worker", &["domain", "service", "notify"]),
    ("settings", &["store"]),
    // The one place where everything comes together.
    (
        "runtime",
        &["domain", "store", "service", "notify", "outgoing", "web", "worker", "settings", "actix_web", "anyhow"],
    ),
    // What the API answers, the command line prints as --json.
    ("cli", &["domain", "service", "i18n", "web", "worker", "runtime", "settings", "anyhow"]),
];

/// Crates that only the layers of the table may name.
const CRATES: [&str; 9] =
    ["entity", "migration", "sea_orm", "sqlx", "lettre", "askama", "actix_web", "anyhow", "reqwest"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// The code without comments, and without the tests at the end of a file.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// The first names behind `crate::`, those of a group `crate::{a::b, c}` included; and the crates that are named.
fn names(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = code.get(at + "crate::".len()..).unwrap_or_default();
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(word(rest).to_owned());
            continue;
        };
        let (mut depth, mut begins) = (1, true);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => begins = true,
                c if begins && c.is_alphabetic() => {
                    found.insert(word(group.get(at..).unwrap_or_default()).to_owned());
                    begins = false;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    for name in CRATES {
        let named = code.match_indices(name).any(|(at, _)| {
            let before = code.get(..at).unwrap_or_default().chars().next_back();
            let behind = code.get(at + name.len()..).unwrap_or_default();
            let apart = before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':' && c != '.');
            apart && (behind.starts_with("::") && !behind.starts_with("::<"))
        });
        if named {
            found.insert(name.to_owned());
        }
    }
    found
}

#[test]
fn a_layer_uses_only_what_the_plan_allows() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let table: BTreeMap<&str, &[&str]> = TABLE.into_iter().collect();
    let mut wrong = Vec::new();
    let mut read = 0;
    for (layer, allowed) in &table {
        let mut found = Vec::new();
        files(&source.join(layer), &mut found);
        for file in found {
            read += 1;
            let code = code(&fs::read_to_string(&file).unwrap());
            let used = names(&code);
            let layers =
                used.iter().filter(|name| table.contains_key(name.as_str()) || CRATES.contains(&name.as_str()));
            for name in layers.filter(|name| *name != layer && !allowed.contains(&name.as_str())) {
                wrong.push(format!("{} uses {name}", file.strip_prefix(&source).unwrap().display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the table of ARCHITECTURE.md:\n{}", wrong.join("\n"));
    assert!(read > 150, "only {read} files were read");
}

/// The names of the shapes that a file gives to the API.
fn shapes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut derived = false;
    for line in text.lines() {
        derived |= line.starts_with("#[derive(") && line.contains("ToSchema");
        let name = line.trim_start_matches("pub ").trim_start_matches("pub(super) ");
        if let Some(name) = name.strip_prefix("struct ").or_else(|| name.strip_prefix("enum ")) {
            if derived {
                found.push(word(name).to_owned());
            }
            derived = false;
        }
    }
    found
}

#[test]
fn no_two_shapes_of_the_api_share_a_name() {
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web"), &mut found);
    let mut names: BTreeMap<String, PathBuf> = BTreeMap::new();
    for file in found {
        for name in shapes(&fs::read_to_string(&file).unwrap()) {
            let before = names.insert(name.clone(), file.clone());
            assert!(before.is_none(), "{name} stands in {before:?} and {}", file.display());
        }
    }
    assert!(names.len() > 80, "only {} shapes were read", names.len());
}

#[test]
fn every_folder_of_the_source_is_a_layer_of_the_table() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(!path.is_dir() || TABLE.iter().any(|(layer, _)| *layer == name), "{name} is no layer of the table");
    }
}

#[test]
fn what_stands_against_the_plan_is_found() {
    let bad =
        "use crate::{\n    domain::{self, store},\n    notify::mail,\n};\nfn a() { crate::store::b(); lettre::c(); }";
    let names: Vec<String> = names(bad).into_iter().collect();
    assert_eq!(names, ["domain", "lettre", "notify", "store"]);
    assert_eq!(code("a // crate::web\n#[cfg(test)]\nmod tests {\n    use crate::web;"), "a ");
}
