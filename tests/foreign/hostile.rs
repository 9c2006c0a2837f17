//! Texts that were made to break a reader: no panic, no time beyond the length, nothing expanded.

use std::time::{Duration, Instant};

use fupan::domain::foreign::{ENTRY_LIMIT, ForeignFormat, ForeignProblem, TEXT_LIMIT};
use proptest::prelude::*;

use super::{assert_storable, fixture, read_named};

const FIXTURES: [(ForeignFormat, &str); 12] = [
    (ForeignFormat::Statuspage, "statuspage.json"),
    (ForeignFormat::Statuspage, "incidents.jsonl"),
    (ForeignFormat::GoogleCloud, "google-cloud.json"),
    (ForeignFormat::Aws, "aws.json"),
    (ForeignFormat::Upptime, "summary.json"),
    (ForeignFormat::Upptime, "history/checkout.yml"),
    (ForeignFormat::Upptime, "issues.json"),
    (ForeignFormat::Atom, "history.atom"),
    (ForeignFormat::Atom, "feed.rss"),
    (ForeignFormat::FrontMatter, "2026-03-08-ledger-down.md"),
    (ForeignFormat::Csv, "events.csv"),
    (ForeignFormat::Csv, "windows.csv"),
];

/// Reads the text as every format; whatever becomes an event can be stored.
fn survives(text: &str) {
    for format in ForeignFormat::ALL {
        if let Ok(reading) = read_named(format, text, "2026-03-08-x.md") {
            reading.events.iter().for_each(assert_storable);
        }
    }
}

fn quick(what: &str, text: &str) {
    let start = Instant::now();
    survives(text);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "{what}: {took:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_fixture_with_bytes_changed_is_read_or_refused(
        which in 0..FIXTURES.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[\\PC\n\t\"'<>&{}\\[\\]:,0-9-]{0,6}"), 1..6),
    ) {
        let mut chars: Vec<char> = fixture(FIXTURES[which].1).chars().collect();
        for (at, cut, text) in edits {
            let at = at.index(chars.len().max(1)).min(chars.len());
            let end = (at + cut).min(chars.len());
            chars.splice(at..end, text.chars());
        }
        survives(&chars.into_iter().collect::<String>());
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        survives(&text);
        survives(&format!("---\n{text}\n---\n{text}"));
        survives(&format!("start,title\n{text},x\n2026-03-08,{text}\n"));
        survives(&format!("<feed><entry><id>{text}</id><published>2026-03-08T00:00:00Z</published><content>{text}</content></entry></feed>"));
    }
}

#[test]
fn times_at_the_ends_of_the_calendar_are_refused_not_computed_with() {
    for time in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-15:00", "1969-12-31T23:59:59Z"] {
        survives(&format!(
            "[{{\"id\": 1, \"name\": \"x\", \"started_at\": \"{time}\", \"updates\": [{{\"at\": \"{time}\", \"message\": \"x\"}}]}}]"
        ));
        survives(&format!("---\ntitle: x\ndate: {time}\n---\n"));
        survives(&format!("start,end,title\n{time},{time},x\n"));
        survives(&format!(
            "<feed><entry><id>1</id><published>{time}</published><content>Dec 31, 23:59 UTC&lt;br&gt;x</content></entry></feed>"
        ));
    }
    survives("start,duration,title\n9998-12-19,87000h,x\n");
    survives(
        "[{\"service\": \"x\", \"date\": \"9999999999999\", \"summary\": \"[RESOLVED] x\", \"description\": \"Between 1:00 AM and 2:00 AM PDT\"}]",
    );
}

#[test]
fn depth_costs_no_stack() {
    let deep = 100_000;
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{\"incidents\":[", "]}")] {
        quick(open, &format!("{}1{}", open.repeat(deep), close.repeat(deep)));
        quick(open, &open.repeat(deep));
    }
    quick("nested value", &format!("[{{\"id\": {}1{}, \"name\": \"x\"}}]", "[".repeat(deep), "]".repeat(deep)));
    quick("xml", &format!("<feed><entry>{}{}</entry></feed>", "<a>".repeat(deep), "</a>".repeat(deep)));
    quick("xml unclosed", &format!("<feed><entry>{}", "<a>".repeat(deep)));
    quick("yaml flow", &format!("---\na: {}{}\n---\n", "[".repeat(50_000), "]".repeat(50_000)));
    let steps = (0..2_000).map(|depth| " ".repeat(depth % 300) + "a:\n").collect::<String>();
    quick("yaml block", &format!("---\n{steps}---\n"));
}

#[test]
fn nothing_unfolds() {
    let mut lol = "<!DOCTYPE feed [<!ENTITY a0 \"lol\">".to_owned();
    for level in 1..12 {
        lol.push_str(&format!("<!ENTITY a{level} \"{}\">", format!("&a{};", level - 1).repeat(10)));
    }
    let feed = format!(
        "<?xml version=\"1.0\"?>{lol}]><feed><entry><id>1</id><title>&a11;</title><published>2026-01-01T00:00:00Z</published></entry></feed>"
    );
    let reading = read_named(ForeignFormat::Atom, &feed, "").unwrap();
    assert_eq!(reading.events[0].draft.summary.as_deref(), Some("&a11;"));

    let external = "<!DOCTYPE feed [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><feed><entry><id>1</id><title>a &x;</title><updated>2026-01-01T00:00:00Z</updated></entry></feed>";
    let reading = read_named(ForeignFormat::Atom, external, "").unwrap();
    assert_eq!(reading.events[0].draft.summary.as_deref(), Some("a &x;"));

    let mut bomb = "---\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", ")));
    }
    let problem = read_named(ForeignFormat::FrontMatter, &format!("{bomb}title: x\n---\n"), "").unwrap_err();
    assert!(matches!(problem, ForeignProblem::Broken { .. }), "{problem}");
}

#[test]
fn long_texts_take_time_in_proportion() {
    let many = 100_000;
    quick("quotes", &format!("start,title\n{}", "\"".repeat(many + 1)));
    quick("commas", &format!("start,title\n{}", ",".repeat(many)));
    quick("one header", &"start".repeat(many));
    quick("headers", &format!("start,title,{}\n2026-03-08,x", "summary,".repeat(many / 10)));
    quick("lines", &"2026-03-08 x\n".repeat(many / 10));
    quick(
        "tags",
        &format!(
            "<feed><entry><id>1</id><published>2026-01-01T00:00:00Z</published><content>{}</content></entry></feed>",
            "&lt;a ".repeat(many)
        ),
    );
    quick(
        "references",
        &format!(
            "<feed><entry><id>1</id><published>2026-01-01T00:00:00Z</published><content>{}</content></entry></feed>",
            "&amp;amp".repeat(many)
        ),
    );
    quick("attributes", &format!("<feed><entry><link {}/></entry></feed>", "a=\"1\" ".repeat(many)));
    quick(
        "stamps",
        &format!(
            "<feed><entry><id>1</id><published>2026-01-01T00:00:00Z</published><content>{}</content></entry></feed>",
            "Jan 1, 00:00 UTC&lt;br&gt;".repeat(many / 10)
        ),
    );
    quick(
        "bodies",
        &format!(
            "---\ntitle: x\ndate: 2026-01-01\n---\n{}",
            "[Update]\n\n{{< track \"2026-01-01\" >}}\n\n".repeat(many / 10)
        ),
    );
    quick(
        "sentences",
        &format!(
            "[{{\"id\":1,\"name\":\"x\",\"started_at\":\"2026-01-01T00:00:00Z\",\"resolved_at\":\"2026-01-01T01:00:00Z\",\"updates\":[{{\"at\":\"2026-01-01T01:00:00Z\",\"status\":\"resolved\",\"message\":\"{}\"}}]}}]",
            "root cause. between starting at ".repeat(many / 10)
        ),
    );
}

#[test]
fn too_much_is_refused_with_what_to_do() {
    let large = " ".repeat(TEXT_LIMIT + 1);
    assert_eq!(read_named(ForeignFormat::Csv, &large, ""), Err(ForeignProblem::TooLarge));
    let rows = format!("start,title\n{}", "2026-03-08,x\n".repeat(ENTRY_LIMIT + 1));
    assert_eq!(read_named(ForeignFormat::Csv, &rows, ""), Err(ForeignProblem::TooMany));
    let array = format!("[{}1]", "1,".repeat(ENTRY_LIMIT));
    assert_eq!(read_named(ForeignFormat::Statuspage, &array, ""), Err(ForeignProblem::TooMany));
    let lines = "{\"id\":1}\n".repeat(ENTRY_LIMIT + 1);
    assert_eq!(read_named(ForeignFormat::Statuspage, &lines, ""), Err(ForeignProblem::TooMany));
    assert!(ForeignProblem::TooMany.to_string().contains("in parts"));
}
