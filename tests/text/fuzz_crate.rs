//! The fuzz crate compiles the domain layer by itself: it needs the same crates, in the same versions.

use std::path::Path;

use toml::{Table, Value};

fn table(file: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

/// The entry of a dependency as a table; that of the workspace where it stands there.
fn entry(value: &Value, name: &str, workspace: &Table) -> Table {
    match value {
        Value::String(version) => Table::from_iter([("version".to_owned(), Value::String(version.clone()))]),
        Value::Table(own) if own.get("workspace").is_some_and(|is| is.as_bool() == Some(true)) => {
            let mut whole = entry(&workspace[name], name, workspace);
            whole.extend(own.clone().into_iter().filter(|(key, _)| key != "workspace"));
            whole
        }
        Value::Table(own) => own.clone(),
        _ => panic!("{name} is neither a version nor a table"),
    }
}

/// Names and versions of a lock file's packages.
fn locked(file: &str) -> Vec<(String, String)> {
    let words = |package: &Value, key: &str| package[key].as_str().unwrap().to_owned();
    let table = table(file);
    table["package"].as_array().unwrap().iter().map(|it| (words(it, "name"), words(it, "version"))).collect()
}

/// The sources of the domain layer as one text.
fn domain(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&domain(&path));
        } else {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
    text
}

#[test]
fn the_fuzz_crate_has_what_the_domain_layer_needs_in_the_versions_of_the_service() {
    let (root, fuzz) = (table("Cargo.toml"), table("fuzz/Cargo.toml"));
    let workspace = root["workspace"]["dependencies"].as_table().unwrap();
    let (own, theirs) = (root["dependencies"].as_table().unwrap(), fuzz["dependencies"].as_table().unwrap());
    let source = domain(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain"));
    let (root_lock, fuzz_lock) = (locked("Cargo.lock"), locked("fuzz/Cargo.lock"));
    let version = |lock: &[(String, String)], name: &str| -> Vec<String> {
        lock.iter().filter(|(have, _)| have == name).map(|(_, version)| version.clone()).collect()
    };
    for (name, value) in own {
        let root_of_paths = name.replace('-', "_");
        let used = source
            .split(&format!("{root_of_paths}::"))
            .collect::<Vec<_>>()
            .windows(2)
            .any(|pair| !pair[0].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':')));
        assert!(!used || theirs.contains_key(name), "src/domain uses {name}: add it to fuzz/Cargo.toml");
        let Some(other) = theirs.get(name) else { continue };
        let (mine, other) = (entry(value, name, workspace), entry(other, name, workspace));
        assert_eq!(mine, other, "{name} of Cargo.toml and of fuzz/Cargo.toml");
        let (mine, other) = (version(&root_lock, name), version(&fuzz_lock, name));
        assert!(
            other.iter().all(|version| mine.contains(version)) && !other.is_empty(),
            "{name} is locked as {mine:?} and in fuzz/Cargo.lock as {other:?}: cargo update -p {name} in fuzz/"
        );
    }
}
