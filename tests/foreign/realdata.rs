//! The third-party corpus, where it lies beside the workspace; it is not part of the tree.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use fupan::domain::foreign::{ForeignFormat, ForeignReading};

use super::{assert_storable, read_named};

fn corpus() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["../shared", "../../shared"]
        .iter()
        .map(|shared| workspace.join(shared).join("corpus/realdata"))
        .find(|folder| folder.is_dir())
}

fn files(folder: &Path, format: ForeignFormat) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| format.endings().contains(&e.to_str().unwrap())))
        .collect();
    files.sort();
    files
}

fn checked(path: &Path, format: ForeignFormat, years: (&str, &str)) -> ForeignReading {
    let text = std::fs::read_to_string(path).unwrap();
    let reading = read_named(format, &text, path.file_name().unwrap().to_str().unwrap()).unwrap();
    let (from, to): (DateTime<Utc>, DateTime<Utc>) = (years.0.parse().unwrap(), years.1.parse().unwrap());
    for event in &reading.events {
        assert_storable(event);
        let occurred = event.draft.occurred.unwrap().at;
        assert!((from..to).contains(&occurred), "{}: {occurred}", event.key);
        if let Some(recovered) = event.draft.recovered {
            let days = (recovered.at - occurred).num_days();
            assert!(recovered.at >= occurred && days <= 120, "{}: {days} days", event.key);
        }
    }
    for refused in &reading.refused {
        assert!(refused.words.chars().count() > 5, "{}", refused.place);
    }
    reading
}

const ALL_YEARS: (&str, &str) = ("2016-01-01T00:00:00Z", "2027-01-01T00:00:00Z");

#[test]
fn every_entry_of_the_real_histories_is_an_event_or_refused_with_a_reason() {
    let Some(root) = corpus() else { return };
    for (file, format, entries, events) in [
        ("github-status/incidents.jsonl", ForeignFormat::Statuspage, 300, 292),
        ("github-status/downtime_windows.csv", ForeignFormat::Csv, 300, 292),
        ("github-status/history.atom", ForeignFormat::Atom, 13, 13),
        ("google-cloud/incidents.json", ForeignFormat::GoogleCloud, 60, 60),
        ("aws/data.json", ForeignFormat::Aws, 43, 43),
        // 22 days with downtime, and seven sites without any.
        ("upptime-search-vendor/summary.json", ForeignFormat::Upptime, 29, 22),
    ] {
        let reading = checked(&root.join(file), format, ALL_YEARS);
        assert_eq!(reading.events.len() + reading.refused.len(), entries, "{file}");
        assert_eq!(reading.events.len(), events, "{file}");
    }
    for (folder, format, entries, events) in [
        ("jenkins-status", ForeignFormat::FrontMatter, 149, 52),
        ("zh-mirror-notices", ForeignFormat::FrontMatter, 4, 1),
    ] {
        let (mut read, mut taken) = (0, 0);
        for path in files(&root.join(folder), format) {
            let reading = checked(&path, format, ALL_YEARS);
            read += reading.events.len() + reading.refused.len();
            taken += reading.events.len();
        }
        assert_eq!((read, taken), (entries, events), "{folder}");
    }
    let sites = files(&root.join("upptime-search-vendor"), ForeignFormat::Upptime);
    for path in sites.iter().filter(|path| path.extension().is_some_and(|ending| ending == "yml")) {
        let reading = checked(path, ForeignFormat::Upptime, ALL_YEARS);
        assert_eq!((reading.events.len(), reading.refused.len()), (0, 1), "every site is up: {}", path.display());
    }
}

#[test]
fn the_times_of_json_lines_are_those_of_their_fields() {
    let Some(root) = corpus() else { return };
    let path = root.join("github-status/incidents.jsonl");
    let reading = checked(&path, ForeignFormat::Statuspage, ALL_YEARS);
    let text = std::fs::read_to_string(path).unwrap();
    let values: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &reading.events {
        let value = values.iter().find(|value| value["id"] == event.key.as_str()).unwrap();
        let time = |name: &str| value[name].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
        assert_eq!(event.draft.occurred.unwrap().at, time("started_at"), "{}", event.key);
        assert_eq!(event.draft.recovered.unwrap().at, time("resolved_at"), "{}", event.key);
        assert_eq!(event.timeline.len(), value["updates"].as_array().unwrap().len(), "{}", event.key);
    }
}
