//! Other people's data: own fixtures in the shapes of status pages and spreadsheets, hostile texts, and the third-party
//! corpus where it lies beside the workspace.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may fail")]

mod hostile;
mod realdata;

use chrono_tz::Tz;
use fupan::domain::{
    capture::draft::{CaptureContext, DateAnchor, ImpactKind, Mark, Notice},
    clock_point::{ClockPoint, Precision},
    event::EventFields,
    foreign::{self, ForeignContext, ForeignEvent, ForeignFormat, ForeignProblem, ForeignReading, Mapping},
};

fn capture() -> CaptureContext {
    CaptureContext {
        anchor: DateAnchor::Nearest("2026-03-10".parse().unwrap()),
        zone: Tz::Asia__Shanghai,
        written: Some("2026-03-10".parse().unwrap()),
    }
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/corpus/foreign/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn read_named(format: ForeignFormat, text: &str, name: &str) -> Result<ForeignReading, ForeignProblem> {
    let file_name = name.rsplit('/').next().filter(|name| !name.is_empty());
    foreign::read(format, text, &ForeignContext { capture: capture(), file_name, columns: None })
}

fn read(format: ForeignFormat, name: &str) -> ForeignReading {
    read_named(format, &fixture(name), name).unwrap()
}

fn mapped(text: &str, mapping: &str) -> Result<ForeignReading, ForeignProblem> {
    let mapping: Mapping = mapping.parse()?;
    let context = ForeignContext { capture: capture(), file_name: None, columns: Some(&mapping) };
    foreign::read(ForeignFormat::Csv, text, &context)
}

fn at(point: Option<ClockPoint>) -> String {
    point.map(|point| point.at.format("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

fn refused(reading: &ForeignReading) -> Vec<String> {
    reading.refused.iter().map(|refused| format!("{}: {}", refused.place, refused.words)).collect()
}

/// What the import does with every event: its fields must pass the checks of the service.
fn assert_storable(event: &ForeignEvent) {
    EventFields::from_draft(&event.draft).checked().unwrap_or_else(|error| panic!("{}: {error}", event.key));
    assert!(!event.key.is_empty() && event.key.chars().count() <= 500);
    assert!(event.raw.chars().count() <= foreign::RAW_LIMIT && !event.raw.is_empty(), "{}", event.key);
    assert!(event.timeline.len() <= foreign::TIMELINE_LIMIT);
    assert!(event.timeline.is_sorted_by_key(|(at, _)| *at), "{}", event.key);
    for link in &event.links {
        assert!(link.starts_with("https://") || link.starts_with("http://"), "{link}");
    }
}

#[test]
fn a_statuspage_incident_keeps_its_stages_words_and_zones() {
    let reading = read(ForeignFormat::Statuspage, "statuspage.json");
    let [slow, failed] = reading.events.as_slice() else { panic!("{:?}", reading.events) };
    assert_eq!(slow.key, "inc3");
    assert_eq!(at(slow.draft.occurred), "2026-03-10T00:50:00Z");
    assert_eq!(at(slow.draft.acknowledged), "2026-03-10T00:55:00Z");
    assert_eq!(at(slow.draft.located), "2026-03-10T01:05:00Z");
    assert_eq!(at(slow.draft.mitigated), "2026-03-10T01:15:00Z", "the time that the page shows");
    assert_eq!(slow.draft.recovered, None, "it goes on");
    assert_eq!(slow.draft.severity.as_deref(), Some("MAJOR"));
    assert_eq!(slow.draft.summary.as_deref(), Some("Payouts are slow"));
    assert_eq!(slow.draft.narrative, "Payouts are slow，影响 Payouts、API");
    assert_eq!(slow.draft.impact.as_deref(), Some("Payouts、API"));
    assert_eq!(slow.draft.mark, Mark::Unknown);
    assert_eq!(slow.links, ["https://stspg.example.com/inc3"]);
    let words: Vec<_> = slow.timeline.iter().map(|(_, words)| words.as_str()).collect();
    let want = [
        "investigating - Payouts take long.",
        "identified - A queue is full.\nWe drain it.",
        "monitoring - A fix is in place & we watch it.",
    ];
    assert_eq!(words, want);
    assert!(slow.raw.contains("\"body\": \"A queue is <b>full</b>"), "the source as it was");

    assert_eq!(at(failed.draft.recovered), "2026-03-01T10:44:00Z");
    assert_eq!(failed.draft.mark, Mark::Done, "its postmortem is published");
    assert_eq!(
        failed.draft.cause.as_deref(),
        Some("The outage was caused by an expired certificate of gw-8.example.com.")
    );
    assert_eq!(failed.draft.recovery, None, "a phrase that says nothing is no recovery");
    assert!(failed.links.is_empty(), "an address that runs a script is none");

    let refused = refused(&reading);
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(refused[0].contains("entry 3") && refused[0].contains("maintenance"), "{refused:?}");
    assert!(refused[1].contains("entry 4") && refused[1].contains("soon"), "{refused:?}");
    assert!(refused[2].contains("entry 5") && refused[2].contains("JSON"), "{refused:?}");
}

#[test]
fn a_bad_line_of_json_lines_keeps_none_of_the_others_away() {
    let reading = read(ForeignFormat::Statuspage, "incidents.jsonl");
    let [first, second] = reading.events.as_slice() else { panic!("{:?}", reading.events) };
    assert_eq!((first.key.as_str(), second.key.as_str()), ("101", "104"));
    assert_eq!(at(first.draft.occurred), "2026-01-05T02:00:00Z");
    assert_eq!(at(first.draft.recovered), "2026-01-05T02:44:00Z");
    assert_eq!(first.draft.narrative, "Incident with Refunds", "a component that the title names is not repeated");
    assert_eq!(
        first.draft.cause.as_deref(),
        Some("The root cause of the incident was a full disk on the refund host.")
    );
    assert!(first.draft.recovery.as_deref().unwrap().ends_with("We added space."));
    assert_eq!(second.draft.severity, None, "impact none is no grade");
    assert_eq!(second.draft.impact.as_deref(), Some("影响时段 2026-01-07 01:50 至 02:55 UTC"));
    assert_eq!(second.draft.mark, Mark::Done);
    let refused = refused(&reading);
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(refused[0].contains("line 2"), "{refused:?}");
    assert!(refused[1].contains("line 4") && refused[1].contains("maintenance"), "{refused:?}");
    assert!(refused[2].contains("line 6") && refused[2].contains("101"), "{refused:?}");
    // Windows line ends and a byte order mark change nothing.
    let text = format!("\u{feff}{}", fixture("incidents.jsonl").replace('\n', "\r\n"));
    assert_eq!(read_named(ForeignFormat::Statuspage, &text, "").unwrap(), reading);
}

#[test]
fn google_cloud_incidents_have_places_causes_and_reports() {
    let reading = read(ForeignFormat::GoogleCloud, "google-cloud.json");
    let [queue, console] = reading.events.as_slice() else { panic!("{:?}", reading.events) };
    assert_eq!(at(queue.draft.occurred), "2026-02-03T08:37:00Z");
    assert_eq!(at(queue.draft.recovered), "2026-02-03T11:14:00Z");
    assert_eq!(queue.draft.severity.as_deref(), Some("MEDIUM"));
    assert_eq!(queue.draft.impact.as_deref(), Some("Queue、Functions；Paris (europe-west9)"));
    assert_eq!(
        queue.draft.cause.as_deref(),
        Some("From preliminary analysis, the root cause of the issue was a bad rollout.")
    );
    assert_eq!(queue.draft.recovery.as_deref(), Some("The issue with the queue has been resolved."));
    assert_eq!(queue.draft.mark, Mark::Done);
    assert_eq!(queue.links, ["https://status.cloud.google.com/incidents/g1"]);
    assert_eq!(queue.timeline.len(), 3);
    assert_eq!(console.draft.recovered, None);
    assert_eq!(console.draft.impact.as_deref(), Some("Console"));
    assert!(refused(&reading)[0].contains("yesterday"));
}

#[test]
fn aws_times_are_those_of_the_text_in_its_zone() {
    let reading = read(ForeignFormat::Aws, "aws.json");
    let [queue, store] = reading.events.as_slice() else { panic!("{:?}", reading.events) };
    assert_eq!(at(queue.draft.occurred), "2021-06-29T18:45:00Z", "11:45 AM PDT, not the first post");
    assert_eq!(at(queue.draft.recovered), "2021-06-30T02:25:00Z", "7:25 PM PDT, not the news of days later");
    assert_eq!(at(queue.draft.acknowledged), "2021-06-29T20:58:00Z");
    assert_eq!(queue.timeline.last().unwrap().0.to_rfc3339(), "2021-07-02T16:00:00+00:00");
    assert_eq!(queue.draft.narrative, "Increased Error Rates，影响 Example Queue (Ohio)");
    assert_eq!(queue.draft.severity.as_deref(), Some("DEGRADATION"));
    assert_eq!(queue.draft.mark, Mark::Done, "a report is linked");
    assert_eq!(store.draft.recovered, None);
    assert_eq!(at(store.draft.occurred), "2021-11-27T13:56:00Z");
    assert_eq!(reading.refused.len(), 1);
}

#[test]
fn upptime_days_are_days_and_its_issues_have_minutes() {
    let reading = read(ForeignFormat::Upptime, "summary.json");
    let [first, last] = reading.events.as_slice() else { panic!("{:?}", reading.events) };
    assert_eq!(first.key, "checkout/2026-03-02");
    assert_eq!(first.draft.narrative, "Checkout 不可用 36 分钟（Upptime 按 UTC 日统计，起止时刻不详）");
    let occurred = first.draft.occurred.unwrap();
    assert_eq!(occurred.precision, Precision::Day);
    assert_eq!(occurred.at.to_rfc3339(), "2026-03-01T16:00:00+00:00", "the date in the zone of the reader");
    assert_eq!(first.draft.recovered, first.draft.occurred, "over on the same day");
    assert_eq!(last.draft.recovered, None, "the site is down now");
    let refused_words = refused(&reading);
    assert_eq!(refused_words.len(), 3, "{refused_words:?}");

    let state = read(ForeignFormat::Upptime, "history/checkout.yml");
    assert_eq!(state.events[0].key, last.key, "the summary will know it again");
    assert_eq!(state.events[0].draft.narrative, "checkout 不可用（HTTP 503），03-05 23:23 UTC 仍未恢复");
    let up = fixture("history/checkout.yml").replace("status: down", "status: up");
    let up = read_named(ForeignFormat::Upptime, &up, "checkout.yml").unwrap();
    assert!(up.events.is_empty() && refused(&up)[0].contains("summary.json"));

    let issues = read(ForeignFormat::Upptime, "issues.json");
    let [down, slow] = issues.events.as_slice() else { panic!("{:?}", issues.events) };
    assert_eq!(down.draft.summary.as_deref(), Some("Checkout is down"));
    assert_eq!(at(down.draft.occurred), "2026-03-02T04:10:00Z");
    assert_eq!(at(down.draft.recovered), "2026-03-02T04:46:00Z");
    assert_eq!(slow.draft.recovered, None);
    assert!(refused(&issues)[0].contains("maintenance"));
}

#[test]
fn atom_updates_take_the_year_that_is_near_and_scripts_are_gone() {
    let reading = read(ForeignFormat::Atom, "history.atom");
    let [event] = reading.events.as_slice() else { panic!("{:?}", reading.events) };
    assert_eq!(event.key, "tag:status.example.com,2005:Incident/2");
    assert_eq!(at(event.draft.occurred), "2025-12-31T23:31:00Z");
    assert_eq!(at(event.draft.acknowledged), "2025-12-31T23:31:00Z");
    assert_eq!(at(event.draft.mitigated), "2025-12-31T23:50:00Z");
    assert_eq!(at(event.draft.recovered), "2026-01-01T00:20:00Z");
    assert_eq!(event.draft.summary.as_deref(), Some("Refunds & payouts delayed &boom;"), "no entity is expanded");
    assert_eq!(event.draft.cause.as_deref(), Some("The delay was caused by a lock."));
    assert_eq!(event.timeline[2].1, "Resolved - The delay was caused by a lock.\n\nWe removed it & watch.");
    assert_eq!(event.links, ["https://status.example.com/incidents/2"]);
    assert!(event.raw.starts_with("<entry>") && event.raw.ends_with("</entry>"));
    let refused = refused(&reading);
    assert!(refused[0].contains("line 16") && refused[0].contains("maintenance"), "{refused:?}");
    assert!(refused[1].contains("line 24"), "{refused:?}");
    // The zone's name has two meanings; the feed's own time tells which.
    let american =
        fixture("history.atom").replace(" UTC&lt;", " CST&lt;").replace("2026-01-01T00:20:44Z", "2026-01-01T06:20:44Z");
    let reading = read_named(ForeignFormat::Atom, &american, "").unwrap();
    assert_eq!(at(reading.events[0].draft.recovered), "2026-01-01T06:20:00Z");
}

#[test]
fn rss_items_have_one_time_unless_their_text_tells_more() {
    let reading = read(ForeignFormat::Atom, "feed.rss");
    let [queue, store] = reading.events.as_slice() else { panic!("{:?} {:?}", reading.events, reading.refused) };
    assert_eq!(queue.draft.summary.as_deref(), Some("Queue errors"));
    assert_eq!(at(queue.draft.occurred), "2021-06-24T19:15:00Z");
    assert_eq!(at(queue.draft.recovered), "2021-06-24T19:21:00Z");
    assert_eq!(at(store.draft.occurred), "2021-06-25T00:00:00Z");
    assert_eq!(store.draft.recovered, None);
    assert_eq!(store.timeline[0].1, "We are looking.");
}

#[test]
fn front_matter_gives_an_event_or_a_maintenance_notice() {
    for format in [ForeignFormat::FrontMatter, ForeignFormat::Statuspage, ForeignFormat::Upptime] {
        let reading = read(format, "2026-03-08-ledger-down.md");
        let [event] = reading.events.as_slice() else { panic!("{:?}", reading.refused) };
        assert_eq!(event.key, "2026-03-08-ledger-down");
        assert_eq!(at(event.draft.occurred), "2026-03-08T01:15:00Z");
        assert_eq!(at(event.draft.recovered), "2026-03-08T04:00:00Z");
        assert_eq!(event.draft.severity.as_deref(), Some("DISRUPTED"));
        assert_eq!(event.draft.narrative, "Ledger: writes fail，影响 Ledger、Payouts");
        assert_eq!(event.draft.recovery.as_deref(), Some("The disk was replaced."));
        let first = "Initial message - Writes fail, see <https://status.example.com/ledger> and [the board](https://board.example.com).";
        assert_eq!(event.timeline[0].1, first);
        assert_eq!(event.timeline[1].1, "Final message - The disk was replaced.");
    }
    let notice = read(ForeignFormat::FrontMatter, "2026-03-09-maintenance-ledger.md");
    assert!(notice.events.is_empty() && refused(&notice)[0].contains("maintenance"));
}

#[test]
fn front_matter_without_a_time_of_recovery_or_with_a_wrong_one_says_so() {
    let text = "---\r\ntitle: Cards fail\r\ndate: 2026-03-08 10:00\r\nresolved: true\r\nresolvedWhen: 2026-02-08 10:00\r\n---\r\nx";
    let reading = read_named(ForeignFormat::FrontMatter, text, "").unwrap();
    let event = &reading.events[0];
    assert_eq!(event.draft.recovered, None);
    let said = |event: &ForeignEvent, words: &str| {
        event.draft.notices.iter().any(|notice| matches!(notice, Notice::LeftOver { text } if text.contains(words)))
    };
    assert!(said(event, "2026-02-08"), "{:?}", event.draft.notices);
    assert_eq!(at(event.draft.occurred), "2026-03-08T10:00:00Z", "YAML takes a time without a zone for UTC");
    let reading =
        read_named(ForeignFormat::FrontMatter, &text.replace("resolvedWhen: 2026-02-08 10:00\r\n", ""), "").unwrap();
    assert!(said(&reading.events[0], "已恢复"));
    // Jekyll keeps the day in the name; cState the times of updates in the text; Hugo may write TOML.
    let post = "---\nlayout: news\ntitle: \"镜像站故障通知\"\n---\n磁盘已满。";
    let reading = read_named(ForeignFormat::FrontMatter, post, "2017-12-25-disk-full.md").unwrap();
    let occurred = reading.events[0].draft.occurred.unwrap();
    assert_eq!((occurred.precision, at(Some(occurred)).as_str()), (Precision::Day, "2017-12-24T16:00:00Z"));
    let tracked = "+++\ntitle = \"API\"\ndate = 2026-03-08T10:00:00Z\nresolved = false\n+++\n\
                   *Monitoring* - We watch it. {{< track \"2026-03-08 10:40:00\" >}}\n\n\
                   **Investigating** - Errors. {{< track \"2026-03-08 10:05:00\" >}}";
    let reading = read_named(ForeignFormat::FrontMatter, tracked, "api.md").unwrap();
    let draft = &reading.events[0].draft;
    assert_eq!(at(draft.acknowledged), "2026-03-08T10:05:00Z");
    assert_eq!(at(draft.mitigated), "2026-03-08T10:40:00Z");
    assert_eq!(reading.events[0].timeline[0].1, "Investigating - Errors.");
}

#[test]
fn a_table_with_chinese_headers_maps_by_itself() {
    let reading = read(ForeignFormat::Csv, "events.csv");
    let keys: Vec<_> = reading.events.iter().map(|event| event.key.as_str()).collect();
    let unnamed = "1772758800|没有编号";
    assert_eq!(keys, ["E-1", "E-2", "E-3", unnamed, &format!("{unnamed}#2")]);
    let first = &reading.events[0].draft;
    assert_eq!(at(first.occurred), "2026-03-02T01:30:00Z");
    assert_eq!(at(first.recovered), "2026-03-02T02:15:00Z", "a time alone is one of the same day");
    assert_eq!(first.summary.as_deref(), Some("提现失败"));
    assert_eq!(first.impact.as_deref(), Some("影响684笔"));
    assert_eq!((first.impacts[0].kind, first.impacts[0].number), (ImpactKind::Count, 684));
    assert_eq!(first.cause.as_deref(), Some("风控规则更新"));
    assert_eq!(first.recovery.as_deref(), Some("下线规则"));
    assert_eq!(first.severity.as_deref(), Some("C"));
    assert_eq!(first.mark, Mark::Pending);
    assert_eq!(first.narrative, "提现失败，影响684笔，原因风控规则更新，10:15 下线规则。");
    let second = &reading.events[1].draft;
    assert_eq!(at(second.occurred), "2026-03-03T07:30:00Z", "full-width digits and 下午");
    assert_eq!(second.recovered, None);
    assert_eq!(second.summary.as_deref(), Some("渠道超时， 商户反馈慢"));
    assert_eq!(second.impacts[0].kind, ImpactKind::Users);
    let third = &reading.events[2].draft;
    assert_eq!(at(third.recovered), "2026-03-04T16:10:00Z", "a time before the beginning is one of the next day");
    assert_eq!((third.severity.as_deref(), third.mark), (None, Mark::Done));
    let refused = refused(&reading);
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused[0].contains("line 6") && refused[0].contains("很久以前"), "{refused:?}");
    assert!(refused[1].contains("line 7"), "{refused:?}");
}

#[test]
fn a_table_of_a_german_excel_is_read_with_a_mapping() {
    let text = fixture("excel.csv");
    let problem = mapped(&text, "").unwrap_err().to_string();
    for word in ["Began", "What went wrong", "Priorität", "occurred", "summary", "--map"] {
        assert!(problem.contains(word), "{problem}");
    }
    let mapping = "occurred=Began,duration=#3,summary=What went wrong,severity=Priorität";
    let reading = mapped(&text, mapping).unwrap();
    let [first, second, third] = reading.events.as_slice() else { panic!("{:?}", reading.refused) };
    assert_eq!(first.key, "7");
    assert_eq!(at(first.draft.occurred), "2024-08-09T01:30:00Z", "31.08. shows that the day comes first");
    assert_eq!(at(first.draft.recovered), "2024-08-09T02:15:00Z");
    assert_eq!(first.draft.summary.as_deref(), Some("Zahlung; langsam \"sehr\""));
    assert_eq!(first.draft.severity.as_deref(), Some("1HOCH"));
    assert_eq!(second.draft.occurred.unwrap().precision, Precision::Day);
    assert_eq!(at(third.draft.occurred), "2024-08-09T01:30:00Z", "Excel's number of days");
    assert_eq!(at(third.draft.recovered), "2024-08-09T02:50:00Z");
    let unknown = mapped(&text, "occurred=Start,summary=What went wrong").unwrap_err().to_string();
    assert!(unknown.contains("“Start”") && unknown.contains("Began"), "{unknown}");
}

#[test]
fn the_windows_of_a_status_page_map_by_themselves_and_their_impact_is_a_grade() {
    let reading = read(ForeignFormat::Csv, "windows.csv");
    let [first, second] = reading.events.as_slice() else { panic!("{:?}", reading.refused) };
    assert_eq!((first.key.as_str(), first.draft.severity.as_deref()), ("201", Some("CRITICAL")));
    assert_eq!(at(first.draft.recovered), "2026-01-05T02:44:00Z");
    assert_eq!(first.draft.impact, None);
    assert_eq!(second.draft.severity, None);
    assert_eq!(at(second.draft.recovered), "2026-01-06T02:30:00Z", "from the duration");
    assert_eq!(second.draft.summary.as_deref(), Some("Incident with \"Cards\", again"));
    assert!(refused(&reading)[0].contains("maintenance"));
}

#[test]
fn zones_of_headers_lines_and_two_columns_for_one_time_are_understood() {
    let text = "日期\t时间\t恢复时间\t现象\n2026-03-02\t09:30\t09:50\t支付失败\n";
    let reading = mapped(text, "").unwrap();
    assert_eq!(at(reading.events[0].draft.occurred), "2026-03-02T01:30:00Z");
    assert_eq!(at(reading.events[0].draft.recovered), "2026-03-02T01:50:00Z");

    let text = "Start (UTC),End (UTC+8),Duration [h],Title,URL\n3/2/2026 9:30 PM,,1.5,\"Cards, slow\",https://example.com/1\n\
                3/3/2026 9:30 AM,2026-03-03 18:00,,Cards,javascript:x\n";
    let reading = mapped(text, "").unwrap();
    assert_eq!(at(reading.events[0].draft.occurred), "2026-03-02T21:30:00Z");
    assert_eq!(at(reading.events[0].draft.recovered), "2026-03-02T23:00:00Z");
    assert_eq!(reading.events[0].links, ["https://example.com/1"]);
    assert_eq!(at(reading.events[1].draft.recovered), "2026-03-03T10:00:00Z");
    assert!(reading.events[1].links.is_empty());

    let text = "记录,等级\n03/02 09:30 提现失败，影响约684笔，10:15 恢复,B\n,\n随便写的,C\n";
    let reading = mapped(text, "").unwrap();
    let draft = &reading.events[0].draft;
    assert_eq!(at(draft.occurred), "2026-03-02T01:30:00Z");
    assert_eq!(at(draft.recovered), "2026-03-02T02:15:00Z");
    assert_eq!((draft.severity.as_deref(), draft.impacts[0].number), (Some("B"), 684));
    assert!(reading.refused[0].words.contains("no time"), "a line without a time has no place in a list of events");

    let text = "start,what\n3/4/2026 10:00,x\n";
    let month_first = mapped(text, "summary=what").unwrap();
    assert_eq!(at(month_first.events[0].draft.occurred), "2026-03-04T02:00:00Z");
    let day_first = mapped(text, "summary=what,dates=dmy").unwrap();
    assert_eq!(at(day_first.events[0].draft.occurred), "2026-04-03T02:00:00Z");
}

#[test]
fn a_file_of_another_kind_is_named_with_what_is_expected() {
    for (format, text, word) in [
        (ForeignFormat::Statuspage, "<html>", "incidents.json"),
        (ForeignFormat::Statuspage, "[1,2", "line 1"),
        (ForeignFormat::GoogleCloud, "{\"archive\": []}", "status.cloud.google.com"),
        (ForeignFormat::Aws, "[{\"id\": 1}]", "data.json"),
        (ForeignFormat::Upptime, "name: x", "summary.json"),
        (ForeignFormat::Atom, "{}", "history.atom"),
        (ForeignFormat::Atom, "<html><body/></html>", "history.atom"),
        (ForeignFormat::FrontMatter, "# Title", "title:"),
        (ForeignFormat::FrontMatter, "---\ntitle: [x\n---\n", "broken"),
        (ForeignFormat::Csv, "", "headers"),
        (ForeignFormat::Csv, "a,b\n1,2\n", "a | b"),
    ] {
        let problem = read_named(format, text, "").unwrap_err().to_string();
        assert!(problem.contains(word), "{format:?} {text}: {problem}");
    }
    let problem = "excel".parse::<ForeignFormat>().unwrap_err().to_string();
    for format in ForeignFormat::ALL {
        assert!(problem.contains(format.code()), "{problem}");
        assert_eq!(format.code().parse(), Ok(format));
    }
}

#[test]
fn every_event_of_the_fixtures_can_be_stored() {
    for (format, name) in [
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
    ] {
        let reading = read(format, name);
        assert!(!reading.events.is_empty(), "{name}");
        reading.events.iter().for_each(assert_storable);
    }
}

#[test]
fn a_range_in_one_cell_is_a_beginning_and_a_recovery() {
    let text =
        "起止时间,现象\n2026/3/2 9:30-10:15,提现失败\n3月3日 23:50至次日0:20,对账延迟\n2026-03-04T09:30:00-05:00,卡\n";
    let reading = mapped(text, "").unwrap();
    let times: Vec<_> =
        reading.events.iter().map(|event| (at(event.draft.occurred), at(event.draft.recovered))).collect();
    let want = [
        ("2026-03-02T01:30:00Z", "2026-03-02T02:15:00Z"),
        ("2026-03-03T15:50:00Z", "2026-03-03T16:20:00Z"),
        ("2026-03-04T14:30:00Z", ""),
    ];
    assert_eq!(times, want.map(|(from, to)| (from.to_owned(), to.to_owned())), "{:?}", reading.refused);
}

#[test]
fn a_quote_that_is_never_closed_costs_its_row_and_an_inch_costs_nothing() {
    let text = "start,title\n2026-03-02,disk of 5\" fails\n2026-03-03,\"a \"\"quoted\"\" word\"\n2026-03-04,\"open\n2026-03-05,x\n";
    let reading = mapped(text, "").unwrap();
    let titles: Vec<_> = reading.events.iter().filter_map(|event| event.draft.summary.as_deref()).collect();
    assert_eq!(titles, ["disk of 5\" fails", "a \"quoted\" word"]);
    assert!(refused(&reading)[0].contains("line 4") && refused(&reading)[0].contains("quote"), "{:?}", reading.refused);
    let last = mapped("start,title\n2026-03-02,disk of 5\" fails", "").unwrap();
    assert_eq!(last.events.len(), 1);
}
