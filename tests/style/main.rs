//! The style of a team: learned from old reports, written again, put into documents.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may fail")]

use chrono::NaiveDate;
use chrono_tz::Asia::Shanghai;
use fupan::domain::{
    iso_week::IsoWeek,
    report::{self, style::ReportStyle, twin},
};

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()
}

fn corpus() -> Vec<(String, String)> {
    let mut files: Vec<_> = ["reports", "own/reports", "own2/reports"]
        .iter()
        .filter_map(|folder| std::fs::read_dir(format!("{}/tests/corpus/{folder}", env!("CARGO_MANIFEST_DIR"))).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "md") && !path.ends_with("SCHEMA.md"))
        .collect();
    files.sort();
    let name = |path: &std::path::Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    files.into_iter().map(|path| (name(&path), std::fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn show_twins() {
    for (name, document) in corpus() {
        let reading = report::read_report(&document, Shanghai, today());
        let style = ReportStyle::default().learn(&document, &reading, Shanghai);
        let week = reading.week.unwrap_or_else(|| IsoWeek::of(today()));
        let twin = twin::twin(&document, &reading, &style, week, Shanghai).unwrap();
        println!("COUNTS {:?}", reading.incident_counts);
        println!("=== {name}: {} of {}", twin.differences(), twin.lines.len());
        println!(
            "  figure: {:?}\n  counts: {:?}\n  event: {:?}\n  time: {:?}",
            style.figure, style.counts, style.event, style.time
        );
        println!("  FIGURES {:?}\n  EVENTS {:?}", style.figures, style.events);
        for line in &twin.lines {
            let short: String = line.text.chars().take(110).collect();
            match line.side {
                twin::Side::Both => {}
                twin::Side::Document => println!("  - {short}"),
                twin::Side::Style => println!("  + {short}"),
            }
        }
    }
}
