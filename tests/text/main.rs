//! The pure text core on the corpus: reading, putting back, and total functions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may fail")]

use chrono::NaiveDate;
use chrono_tz::Asia::Shanghai;
use fupan::domain::{
    capture::{
        self,
        draft::{CaptureContext, DateAnchor, Mark, Notice},
    },
    iso_week::IsoWeek,
    report::{
        self,
        render::ReportEvent,
        splice::{SpliceContent, SpliceEvent},
        style::ReportStyle,
    },
};
use proptest::prelude::*;

mod fuzz_crate;
mod lists;
mod lossless;
mod nights;
mod packaging;
mod pasted;
mod properties;
mod provenance;
mod structure;
mod words;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()
}

fn corpus() -> Vec<(String, String)> {
    let folders = ["/tests/corpus/reports", "/tests/corpus/own/reports", "/tests/corpus/own2/reports"];
    let mut files: Vec<_> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(format!("{}{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "md") && !path.ends_with("SCHEMA.md"))
        .collect();
    files.sort();
    files.into_iter().map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap())).collect()
}

fn put_back(document: &str, change: impl FnOnce(&mut SpliceContent)) -> String {
    let reading = report::read_report(document, Shanghai, today());
    let week = reading.week.unwrap_or_else(|| IsoWeek::of(today()));
    let mut content = SpliceContent::as_read(&reading);
    change(&mut content);
    report::splice(document, &reading, &ReportStyle::default(), week, Shanghai, &content).unwrap().document
}

#[test]
fn a_report_that_did_not_change_is_put_back_byte_for_byte() {
    let corpus = corpus();
    assert_eq!(corpus.len(), 27);
    for (name, document) in corpus {
        assert!(put_back(&document, |_| {}) == document, "{name} changed");
    }
}

#[test]
fn a_mark_that_changed_is_the_only_difference() {
    let (_, document) = corpus().into_iter().find(|(name, _)| name.contains("2024-W34")).unwrap();
    let spliced = put_back(&document, |content| content.events[0].event.to_mut().mark = Mark::Done);
    let expected = document.replacen("恢复正常。【待复盘】", "恢复正常。【已复盘】", 1);
    assert_eq!(spliced, expected);
    let unmarked = put_back(&document, |content| content.events[1].event.to_mut().mark = Mark::Pending);
    assert_eq!(unmarked, document.replacen("11:20 恢复正常\n", "11:20 恢复正常【待复盘】\n", 1));
}

#[test]
fn an_event_that_is_gone_takes_its_lines_with_it_and_a_new_one_gets_its_own() {
    let (_, document) = corpus().into_iter().find(|(name, _)| name.contains("2024-W34")).unwrap();
    let without = put_back(&document, |content| {
        content.events.remove(1);
        content.removed.events.insert(1);
    });
    let own = put_back(&document, |content| drop(content.events.remove(1)));
    assert_eq!(own, document, "what was never imported is the writer's own");
    assert_eq!(without, document.replacen("08/20 11:19 \n\n钱包首页访问个别响应504，11:20 恢复正常\n\n", "", 1));
    let more = put_back(&document, |content| {
        let mut event = content.events[0].event.clone();
        event.to_mut().narrative = "新的一起。".to_owned();
        event.to_mut().recovered = None;
        content.events.push(SpliceEvent { reading_index: None, event });
    });
    let reading = report::read_report(&more, Shanghai, today());
    assert_eq!(reading.events.len(), 4);
    assert!(more.contains("\n\n08/19 15:00 \n\n新的一起。【待复盘】\n\n## 【其他】"), "{more}");
}

#[test]
fn a_carriage_return_document_keeps_its_line_ends() {
    let (_, document) = corpus().into_iter().find(|(name, _)| name.contains("adv-")).unwrap();
    assert!(document.contains("\r\n"));
    let spliced = put_back(&document, |content| content.events[3].event.to_mut().mark = Mark::Pending);
    assert_ne!(spliced, document);
    assert_eq!(spliced.matches('\n').count(), spliced.matches("\r\n").count());
}

#[test]
fn lines_of_many_kinds_are_understood() {
    let context = CaptureContext {
        anchor: DateAnchor::Nearest(NaiveDate::from_ymd_opt(2024, 8, 21).unwrap()),
        zone: Shanghai,
        written: None,
    };
    for (line, occurred, recovered) in [
        ("2024年8月19日 下午3点20分 登录失败，15点50分 恢复。", "2024-08-19T15:20", Some("2024-08-19T15:50")),
        ("8月19日 20时56分 转账超时，持续8分钟后恢复", "2024-08-19T20:56", Some("2024-08-19T21:04")),
        ("8/19 23:58 对账失败，次日00:06 恢复", "2024-08-19T23:58", Some("2024-08-20T00:06")),
        ("2024-08-19T15:00:03+08:00 网关报错，排查中", "2024-08-19T15:00", None),
        ("08-19 15:00~15:30 查询超时，恢复正常", "2024-08-19T15:00", Some("2024-08-19T15:30")),
        ("Aug 19, 3:05 PM refunds failed, recovered at 3:40 PM", "2024-08-19T15:05", Some("2024-08-19T15:40")),
        ("0819 登录失败", "", None),
    ] {
        let draft = capture::read_line(line, &context);
        let shown = |at: Option<fupan::domain::clock_point::ClockPoint>| {
            at.map(|point| point.at.with_timezone(&Shanghai).format("%Y-%m-%dT%H:%M").to_string())
        };
        assert_eq!(shown(draft.occurred).unwrap_or_default(), occurred, "{line}");
        assert_eq!(shown(draft.recovered).as_deref(), recovered, "{line}");
    }
}

#[test]
fn odd_lines_are_read_partly_and_say_so() {
    let now = "2026-11-24T00:00:00Z".parse().unwrap();
    let context = CaptureContext { anchor: DateAnchor::LatestPast(now), zone: Shanghai, written: None };
    let without = capture::read_line("提现失败，影响约684笔", &context);
    assert!(without.occurred.is_none() && without.notices.contains(&Notice::TimeMissing));
    let two = capture::read_line("08/19 15:00 提现失败，与 07/01 10:00 的问题相同", &context);
    assert!(two.notices.iter().any(|notice| matches!(notice, Notice::SecondDate { .. })), "{:?}", two.notices);
    let long = capture::read_line(&"长".repeat(100_000), &context);
    assert!(long.notices.contains(&Notice::TooLong { read: 20_000, total: 100_000 }));
    let control = capture::read_line("08/19 15:00 提现\u{7}失败", &context);
    assert!(control.notices.contains(&Notice::ControlCharacters { count: 1 }));
    assert_eq!(control.narrative, "提现失败");
}

proptest! {
    #[test]
    fn no_text_makes_the_readers_fail_and_no_document_changes_by_itself(text in "\\PC{0,200}", tail in "[0-9/:： 年月日\\-，。【】待复盘无\\n\\r|#*`]{0,200}") {
        let document = format!("# 2024-W34\n\n## 系统运行数据\n\n{text}\n\n## 生产事件\n\n{tail}\n{text}");
        let context = CaptureContext { anchor: DateAnchor::Nearest(today()), zone: Shanghai, written: None };
        for line in [&text, &tail, &document] {
            let draft = capture::read_line(line, &context);
            for span in &draft.spans {
                prop_assert!(line.get(span.range.clone()).is_some());
            }
        }
        prop_assert_eq!(put_back(&document, |_| {}), document);
    }
}

#[test]
fn what_is_said_of_the_year_so_far_is_no_count_of_the_week() {
    let document = "# 2025-W27\n\n## 【系统运行数据】\n\n事故数 AB级0次、C级1次（本年累计 AB级0次、C级3.5次）\n";
    let reading = report::read_report(document, Shanghai, today());
    let counts: Vec<_> = reading
        .incident_counts
        .iter()
        .map(|count| (count.severity.as_str(), count.count.to_string(), count.is_of_week()))
        .collect();
    assert_eq!(
        counts,
        [
            ("AB", "0".to_owned(), true),
            ("C", "1".to_owned(), true),
            ("AB", "0".to_owned(), false),
            ("C", "3.5".to_owned(), false)
        ]
    );
    let behind = document.replace("（本年累计 AB级0次、C级3.5次）", "（本年累计）");
    let reading = report::read_report(&behind, Shanghai, today());
    assert!(reading.incident_counts.iter().all(|count| !count.is_of_week()));
}

fn differences(path: &str, have: &serde_json::Value, want: &serde_json::Value, found: &mut Vec<String>) {
    use serde_json::Value;
    match (have, want) {
        (Value::Object(have), Value::Object(want)) => {
            if have.keys().collect::<std::collections::BTreeSet<_>>() != want.keys().collect() {
                found.push(format!("{path}: other names"));
            }
            for (name, want) in want {
                differences(&format!("{path}.{name}"), have.get(name).unwrap_or(&Value::Null), want, found);
            }
        }
        (Value::Array(have), Value::Array(want)) if have.len() == want.len() => {
            for (index, (have, want)) in have.iter().zip(want).enumerate() {
                differences(&format!("{path}[{index}]"), have, want, found);
            }
        }
        (Value::Number(have), Value::Number(want)) => {
            // The tolerance of SEMANTICS.md.
            if (have.as_f64().unwrap() - want.as_f64().unwrap()).abs() > 0.000_001 {
                found.push(format!("{path}: {have}, expected {want}"));
            }
        }
        _ if have == want => {}
        _ => found.push(format!("{path}: {have}, expected {want}")),
    }
}

#[test]
fn every_figure_case_of_the_corpus_is_computed_as_expected() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/figures");
    let mut cases = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path().display().to_string();
        let Some(name) = path.strip_suffix(".input.json") else { continue };
        let case: fupan::domain::reliability::Case =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let expected = std::fs::read_to_string(format!("{name}.expected.json")).unwrap();
        let answer = serde_json::to_value(fupan::domain::reliability::compute(&case).unwrap()).unwrap();
        let mut found = Vec::new();
        differences(name, &answer, &serde_json::from_str(&expected).unwrap(), &mut found);
        assert!(found.is_empty(), "{found:#?}");
        cases += 1;
    }
    assert!(cases >= 3);
}

/// The minutes that a line pasted on 24 November 2026 names: beginning and recovery, as local time.
fn read_times(line: &str) -> (Option<String>, Option<String>, Vec<Notice>) {
    let now = "2026-11-24T10:00:00+08:00".parse().unwrap();
    let context = CaptureContext { anchor: DateAnchor::LatestPast(now), zone: Shanghai, written: None };
    let draft = capture::read_line(line, &context);
    let local = |point: fupan::domain::clock_point::ClockPoint| {
        point.at.with_timezone(&Shanghai).format("%m/%d %H:%M").to_string()
    };
    (draft.occurred.map(local), draft.recovered.map(local), draft.notices)
}

#[test]
fn a_date_that_is_none_is_no_date_and_never_today() {
    for date in ["2026-11-31", "02/30", "13/45", "23/11", "2999-06-01"] {
        let (occurred, _, notices) = read_times(&format!("{date} 10:00 支付失败"));
        assert_eq!(occurred, None, "{date}");
        assert!(notices.contains(&Notice::DateUnreadable { text: date.to_owned() }), "{date}: {notices:?}");
    }
}

#[test]
fn the_end_is_found_in_the_words_that_people_use_for_it() {
    for (line, occurred, recovered) in [
        ("3天前 10:00 失败，10:20 恢复", "11/21 10:00", "11/21 10:20"),
        ("11/23 提现失败，10:30恢复", "11/23 00:00", "11/23 10:30"),
        ("11/23 晚上8点 支付失败，8点半恢复", "11/23 20:00", "11/23 20:30"),
        ("昨天下午3点 支付失败，3点半恢复", "11/23 15:00", "11/23 15:30"),
        ("昨晚11点 支付失败，次日1点恢复", "11/23 23:00", "11/24 01:00"),
        ("yesterday 3pm payouts failing, back at 4pm", "11/23 15:00", "11/23 16:00"),
        ("11/23 10:00 支付失败，持续到10:45", "11/23 10:00", "11/23 10:45"),
        ("11/23 10:00 支付失败，约10:30左右基本恢复", "11/23 10:00", "11/23 10:30"),
        ("11/23 10:00 支付失败，15 分钟后恢复", "11/23 10:00", "11/23 10:15"),
        ("11/23 10:00 支付失败，持续35分钟", "11/23 10:00", "11/23 10:35"),
        ("11/23 10:00 gateway down until 10:20", "11/23 10:00", "11/23 10:20"),
        ("11/23 10:00 失败，10:05 发现，10:10 响应，10:20 定位，10:30 止损，10:40 恢复", "11/23 10:00", "11/23 10:40"),
    ] {
        let (from, to, notices) = read_times(line);
        assert_eq!((from.as_deref(), to.as_deref()), (Some(occurred), Some(recovered)), "{line}: {notices:?}");
    }
}

#[test]
fn a_paste_of_several_events_is_taken_apart_and_one_of_several_lines_is_not() {
    let two = "11/23 10:00 失败甲\n\n2. 【C级】11/23 11:00 失败乙，11:20 恢复【待复盘】\n后续观察";
    assert_eq!(
        capture::split(two),
        ["11/23 10:00 失败甲", "2. 【C级】11/23 11:00 失败乙，11:20 恢复【待复盘】\n后续观察"]
    );
    for one in ["", "没有时间\n也没有日期", "11/23 10:00 失败甲\n10:20 恢复\n原因：11/22 20:00 的变更"]
    {
        assert_eq!(capture::split(one), [one]);
    }
}

#[test]
fn a_line_that_is_read_and_written_again_tells_the_same_times() {
    let now = "2026-11-24T10:00:00+08:00".parse().unwrap();
    let context = CaptureContext { anchor: DateAnchor::LatestPast(now), zone: Shanghai, written: None };
    for (line, written) in [
        ("11/18 08:55-09:03 短信回执延迟，自动恢复。【无需复盘】", "11/18 08:55-09:03 短信回执延迟，自动恢复。"),
        ("11/18 19:00 至 19:26，扫码失败，回滚后恢复【待复盘】", "11/18 19:00-19:26 扫码失败，回滚后恢复【待复盘】"),
        ("11/18 23:50-11/19 00:20 批量中断", "11/18 23:50-11/19 00:20 批量中断"),
        ("11/18 10:00 失败，10:20 恢复", "11/18 10:00 失败，10:20 恢复"),
        ("11/18 10:00 失败，10点20分恢复", "11/18 10:00 失败，10点20分恢复"),
        ("11/18 10:00 失败，持续8分钟后恢复", "11/18 10:00 失败，持续8分钟后恢复"),
    ] {
        let draft = capture::read_line(line, &context);
        let event = ReportEvent {
            occurred: draft.occurred,
            recovered: draft.recovered,
            narrative: draft.narrative.clone(),
            mark: draft.mark,
            ..ReportEvent::default()
        };
        let style = ReportStyle { not_required: String::new(), ..ReportStyle::default() };
        let again = report::event_line(&style, &event, Shanghai);
        assert_eq!(again, written);
        let read = capture::read_line(&again, &context);
        assert_eq!((read.occurred, read.recovered), (draft.occurred, draft.recovered), "{again}");
    }
}
