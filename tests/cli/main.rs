//! The whole loop on the command line, as a person would type it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may fail")]

mod actions;
mod audit;
mod calendars;
mod coherence;
mod events;
mod foreign;
mod grading;
mod history;
mod imports;
mod measured;
mod notifiers;
mod outbox;
mod postmortem;
mod publishing;
mod record;
mod reminders;
mod serve;
mod sessions;
mod splice;
mod tokens;

use std::{
    path::Path,
    process::{Command, Output},
};

use support::{
    TestDatabase,
    smtp::{Script, SmtpSink},
};

const REPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/reports/2024-W34.md");
const LINE: &str = "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新，导致提现失败，15:30  下线规则，恢复正常。【待复盘】";

fn fupan(database: &TestDatabase, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fupan"))
        .args(arguments)
        .current_dir(database.folder())
        .env("FUPAN_DATABASE_URL", &database.url)
        .envs(settings.iter().copied())
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn copy_of_report(folder: &Path) -> std::path::PathBuf {
    let copy = folder.join("report.md");
    std::fs::copy(REPORT, &copy).unwrap();
    copy
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_goes_in_comes_out_and_goes_back_unchanged() {
    let database = TestDatabase::new().await;
    let dry = fupan(&database, &["import", REPORT, "--dry-run"], &[]);
    assert_eq!(out(&dry).matches("新增").count(), 9);
    let first = fupan(&database, &["import", REPORT], &[]);
    assert!(first.status.success(), "{}", err(&first));
    assert_eq!(out(&first).matches("新增").count(), 9, "nothing was written by the dry run");
    let second = fupan(&database, &["import", REPORT], &[]);
    assert_eq!((out(&second).matches("不变").count(), err(&second).contains("没有变化")), (9, true));

    let original = std::fs::read_to_string(REPORT).unwrap();
    let report = out(&fupan(&database, &["report", "2024-W34"], &[]));
    let (from, to) = (original.find("## 【系统运行数据】").unwrap(), original.find("\n\n## 【其他】").unwrap());
    assert_eq!(report.trim_end(), original[from..to].trim_end());

    let copy = copy_of_report(database.folder());
    assert!(fupan(&database, &["report", "splice", "report.md"], &[]).status.success());
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), original);
    assert!(fupan(&database, &["pm", "done", "PE-1"], &[]).status.success());
    assert_eq!(fupan(&database, &["report", "splice", "report.md", "--check"], &[]).status.code(), Some(7));
    fupan(&database, &["report", "splice", "report.md"], &[]);
    assert_eq!(
        std::fs::read_to_string(&copy).unwrap(),
        original.replacen("恢复正常。【待复盘】", "恢复正常。【已复盘】", 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_line_is_shown_as_understood_and_saved() {
    let database = TestDatabase::new().await;
    let tried = fupan(&database, &["add", LINE, "--week", "2024-W34", "--dry-run"], &[]);
    let shown = out(&tried);
    assert!(shown.contains("时间  推断  2024-08-19 15:00  ←「08/19 15:00」；没有写年份"), "{shown}");
    assert!(shown.contains("笔数  写明  约 684 笔  ←「684笔」"), "{shown}");
    let added = fupan(&database, &["add", LINE, "--week", "2024-W34"], &[]);
    let shown = out(&added);
    for part in ["2024-08-19 15:00", "2024-08-19 15:30", "约 684 笔", "风控规则更新", "下线规则，恢复正常", "待复盘"]
    {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
    assert!(err(&added).contains("PE-1"));
    let assumed = fupan(&database, &["add", "01/02 03:04 网关超时"], &[]);
    assert!(err(&assumed).contains("没有写年份"), "{}", err(&assumed));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_a_sentence_and_its_exit_code() {
    let database = TestDatabase::new().await;
    std::fs::write(database.folder().join("latin.md"), b"# 2024-W34\n\xe9\xff").unwrap();
    std::fs::write(database.folder().join("other.md"), "# 会议纪要\n\n没有周报").unwrap();
    let long = "长".repeat(30_000);
    for (arguments, code, words) in [
        (vec!["report", "2024-W54"], 5, "2024-W52"),
        (vec!["report", "week"], 2, "2024-W34"),
        (vec!["import", "latin.md"], 2, "UTF-8"),
        (vec!["import", "other.md"], 2, "生产事件"),
        (vec!["import", "missing.md"], 1, "missing.md"),
        (vec!["pm", "done", "PE-99"], 5, "PE-99"),
        (vec!["pm", "done", "x"], 2, "PE-1"),
        (vec!["add", &long], 2, "20000"),
        (vec!["user", "add", "nobody", "--name", "x"], 2, "oncall@example.com"),
    ] {
        let output = fupan(&database, &arguments, &[]);
        assert_eq!(output.status.code(), Some(code), "{:?}: {}", arguments.first(), err(&output));
        assert!(err(&output).contains(words), "{words}: {}", err(&output));
    }
    let unknown = fupan(&database, &["report"], &[("FUPAN_SMTP__HOSTT", "x")]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(err(&unknown).contains("did you mean"), "{}", err(&unknown));
    let gone = fupan(&database, &["report"], &[("FUPAN_DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(err(&gone).contains("FUPAN_DATABASE_URL"), "{}", err(&gone));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_gets_one_digest_and_nothing_after_done() {
    let database = TestDatabase::new().await;
    let sink = SmtpSink::start(Script::Accept).await;
    let port = sink.port.to_string();
    let smtp = [
        ("FUPAN_SMTP__HOST", "127.0.0.1"),
        ("FUPAN_SMTP__PORT", port.as_str()),
        ("FUPAN_SMTP__TLS", "none"),
        ("FUPAN_SMTP__FROM", "复盘台 <fupan@example.com>"),
    ];
    fupan(&database, &["import", REPORT], &[]);
    let added = fupan(&database, &["user", "add", "oncall@example.com", "--name", "值班", "--role", "reporter"], &[]);
    assert!(added.status.success(), "{}", err(&added));
    for event in ["PE-1", "PE-3"] {
        assert!(fupan(&database, &["pm", "assign", event, "--owner", "oncall@example.com"], &[]).status.success());
    }
    let round = ["worker", "--once", "--now", "2024-08-27T10:07:00+08:00"];
    for _ in 0..2 {
        let done = fupan(&database, &round, &smtp);
        assert!(done.status.success(), "{}", err(&done));
    }
    let mails = sink.received();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "oncall@example.com");
    assert_eq!(mails[0].header("Auto-Submitted").as_deref(), Some("auto-generated"));
    let text = mails[0].text();
    assert!(text.contains("PE-1") && text.contains("PE-3") && text.contains("逾期"), "{text}");
    for event in ["PE-1", "PE-3"] {
        fupan(&database, &["pm", "done", event], &[]);
    }
    fupan(&database, &["worker", "--once", "--now", "2024-08-28T10:07:00+08:00"], &smtp);
    assert_eq!(sink.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_without_tls_gets_no_mail_unless_it_is_set() {
    let database = TestDatabase::new().await;
    let sink = SmtpSink::start(Script::Accept).await;
    let port = sink.port.to_string();
    let smtp = [("FUPAN_SMTP__HOST", "127.0.0.1"), ("FUPAN_SMTP__PORT", port.as_str())];
    fupan(&database, &["import", REPORT], &[]);
    fupan(&database, &["user", "add", "oncall@example.com", "--name", "值班"], &[]);
    fupan(&database, &["pm", "assign", "PE-1", "--owner", "oncall@example.com"], &[]);
    let at = |time: &'static str| ["worker", "--once", "--now", time];
    let tried = [
        (None, "2024-08-27T10:07:00+08:00"),
        (Some("starttls"), "2024-08-27T12:00:00+08:00"),
        (Some("tls"), "2024-08-27T15:00:00+08:00"),
    ];
    for (tls, time) in tried {
        let settings: Vec<_> = smtp.iter().copied().chain(tls.map(|tls| ("FUPAN_SMTP__TLS", tls))).collect();
        let refused = fupan(&database, &at(time), &settings);
        assert_eq!(refused.status.code(), Some(1), "{tls:?}: {}", out(&refused));
        assert_eq!(sink.received().len(), 0, "{tls:?}: mail went out in clear");
    }
    let set: Vec<_> = smtp.iter().copied().chain([("FUPAN_SMTP__TLS", "none")]).collect();
    let sent = fupan(&database, &at("2024-08-27T18:00:00+08:00"), &set);
    assert!(sent.status.success(), "{}{}", out(&sent), err(&sent));
    assert_eq!(sink.received().len(), 1, "nothing is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_away_loses_nothing() {
    let database = TestDatabase::new().await;
    let sink = SmtpSink::start(Script::Closed).await;
    let port = sink.port.to_string();
    let smtp = [("FUPAN_SMTP__HOST", "127.0.0.1"), ("FUPAN_SMTP__PORT", port.as_str()), ("FUPAN_SMTP__TLS", "none")];
    fupan(&database, &["import", REPORT], &[]);
    fupan(&database, &["user", "add", "oncall@example.com", "--name", "值班"], &[]);
    fupan(&database, &["pm", "assign", "PE-1", "--owner", "oncall@example.com"], &[]);
    let away = fupan(&database, &["worker", "--once", "--now", "2024-08-27T10:07:00+08:00"], &smtp);
    assert_eq!(away.status.code(), Some(1), "{}", out(&away));
    sink.play(Script::Accept);
    let back = fupan(&database, &["worker", "--once", "--now", "2024-08-27T10:30:00+08:00"], &smtp);
    assert!(back.status.success(), "{}", err(&back));
    assert_eq!(sink.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_was_pasted_before_the_report_is_not_imported_twice() {
    let database = TestDatabase::new().await;
    assert!(fupan(&database, &["add", LINE, "--week", "2024-W34"], &[]).status.success());
    let imported = fupan(&database, &["import", REPORT], &[]);
    assert_eq!(out(&imported).matches("新增  事件").count(), 2, "{}", out(&imported));
    assert_eq!(out(&fupan(&database, &["import", REPORT], &[])).matches("不变").count(), 9);
    let report = out(&fupan(&database, &["report", "2024-W34"], &[]));
    assert_eq!(report.matches("客户反馈商户操作提现失败").count(), 1, "{report}");

    // The writer polishes the sentence: the same event, with its new words.
    let polished = std::fs::read_to_string(REPORT).unwrap().replace("客户反馈商户操作提现失败", "客户反馈商户提现报错");
    std::fs::write(database.folder().join("polished.md"), polished).unwrap();
    let again = fupan(&database, &["import", "polished.md"], &[]);
    assert_eq!(
        (out(&again).matches("更新  事件").count(), out(&again).matches("新增").count()),
        (1, 0),
        "{}",
        out(&again)
    );
    let report = out(&fupan(&database, &["report", "2024-W34"], &[]));
    assert!(report.contains("客户反馈商户提现报错") && !report.contains("商户操作提现失败"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_imported_file_by_file_and_a_bad_file_keeps_no_other_away() {
    let database = TestDatabase::new().await;
    let folder = database.folder().join("reports");
    std::fs::create_dir(&folder).unwrap();
    for name in ["2024-W34.md", "pay-2024-W38.md"] {
        let from = Path::new(REPORT).with_file_name(name);
        std::fs::copy(from, folder.join(name)).unwrap();
    }
    std::fs::write(folder.join("notes.md"), "# 会议纪要").unwrap();
    let imported = fupan(&database, &["import", "reports"], &[]);
    assert_eq!(imported.status.code(), Some(1));
    assert!(err(&imported).contains("notes.md") && err(&imported).contains("1 of 3"), "{}", err(&imported));
    for week in ["2024-W34", "2024-W38"] {
        assert!(out(&fupan(&database, &["report", week], &[])).lines().count() > 5, "{week}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_comes_by_section_in_every_format_with_changes_and_with_what_is_unfinished() {
    let database = TestDatabase::new().await;
    fupan(&database, &["import", REPORT], &[]);
    let before = std::fs::read_to_string(REPORT).unwrap().replace("2024-W34", "2024-W33").replace("99.989%", "99.990%");
    std::fs::write(database.folder().join("before.md"), before).unwrap();
    fupan(&database, &["import", "before.md", "--week", "2024-W33"], &[]);
    let figures = out(&fupan(&database, &["report", "2024-W34", "--section", "figures"], &[]));
    assert!(figures.contains("99.989%") && !figures.contains("生产事件】"), "{figures}");
    let html = out(&fupan(&database, &["report", "2024-W34", "--section", "events", "--format", "html"], &[]));
    assert!(html.starts_with("<h3>【生产事件】</h3>") && !html.contains("99.989"), "{html}");
    let changes = out(&fupan(&database, &["report", "2024-W34", "--diff", "2024-W33"], &[]));
    assert!(changes.contains("出金有效成功率 99.989%（较 2024-W33 −0.001pp）"), "{changes}");
    let strict = fupan(&database, &["report", "2024-W34", "--strict"], &[]);
    assert_eq!((strict.status.code(), err(&strict).matches("待复盘").count()), (Some(7), 2), "{}", err(&strict));
    assert_eq!(fupan(&database, &["report", "2024-W34", "--format", "pdf"], &[]).status.code(), Some(2));
}
