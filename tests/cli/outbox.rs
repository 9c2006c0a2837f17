//! `fupan outbox`, `fupan notifier test mail` and `fupan pm meeting`.

use support::{
    TestDatabase,
    smtp::{Script, SmtpSink},
};

use crate::{LINE, err, fupan, out};

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_mail_is_found_cleared_and_sent_again() {
    let database = TestDatabase::new().await;
    let sink = SmtpSink::start(Script::NoSuchUser).await;
    let port = sink.port.to_string();
    let mail = [("FUPAN_SMTP__HOST", "127.0.0.1"), ("FUPAN_SMTP__PORT", &port), ("FUPAN_SMTP__TLS", "none")];
    let test = fupan(&database, &["notifier", "test", "mail", "--to", "gone@example.com"], &[]);
    assert!(test.status.success(), "{}", err(&test));
    let id = out(&test).trim().to_owned();
    let worker = fupan(&database, &["worker", "--once"], &mail);
    assert_eq!(worker.status.code(), Some(1), "{}", err(&worker));
    let list = fupan(&database, &["outbox", "list", "--state", "dead"], &[]);
    assert!(
        out(&list).contains(&id) && out(&list).contains("邮件服务器不接受收件人：550 no such user"),
        "{}",
        out(&list)
    );
    let show = fupan(&database, &["outbox", "show", &id], &[]);
    assert!(out(&show).contains("被拒绝") && out(&show).contains("Message-ID: <r."), "{}", out(&show));
    let json = fupan(&database, &["--json", "outbox", "show", &id], &[]);
    let json: serde_json::Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!((&json["state"], &json["tries"][0]["phase"]), (&serde_json::json!("dead"), &serde_json::json!("rcpt")));

    let again = fupan(&database, &["outbox", "requeue", &id], &[]);
    assert_eq!(again.status.code(), Some(6), "marked");
    assert!(out(&fupan(&database, &["outbox", "marked"], &[])).contains("gone@example.com  bounced"));
    assert!(fupan(&database, &["outbox", "clear", "Gone@example.com"], &[]).status.success());
    assert!(fupan(&database, &["outbox", "requeue", &id], &[]).status.success());
    sink.play(Script::Accept);
    let worker = fupan(&database, &["worker", "--once"], &mail);
    assert!(worker.status.success() && out(&worker).contains("发出 1"), "{} {}", out(&worker), err(&worker));
    assert_eq!(sink.received()[0].to, "gone@example.com");

    assert_eq!(fupan(&database, &["outbox", "list", "--state", "nonsense"], &[]).status.code(), Some(2));
    assert_eq!(
        fupan(&database, &["outbox", "show", "0197a000-0000-7000-8000-000000000000"], &[]).status.code(),
        Some(5)
    );
    assert_eq!(fupan(&database, &["notifier", "test", "mail"], &[]).status.code(), Some(2), "whom to?");
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "the command line has the clock of the machine, and a review lies ahead")]
async fn a_review_is_set_shown_and_cancelled() {
    let database = TestDatabase::new().await;
    assert!(fupan(&database, &["add", LINE], &[]).status.success());
    for (email, name) in [("oncall@example.com", "值班"), ("lead@example.com", "组长")] {
        assert!(fupan(&database, &["user", "add", email, "--name", name, "--role", "lead"], &[]).status.success());
    }
    let none = fupan(&database, &["pm", "meeting", "PE-1"], &[]);
    assert_eq!(none.status.code(), Some(5));
    let year = chrono::Datelike::year(&chrono::Utc::now()) + 1;
    let at = format!("{year}-03-04 14:00");
    let set = fupan(
        &database,
        &["pm", "meeting", "PE-1", "--at", &at, "--with", "值班", "--with", "lead@example.com", "--place", "会议室 3"],
        &[],
    );
    assert!(set.status.success(), "{}", err(&set));
    assert_eq!(out(&set).trim(), format!("{at}  60 分钟  会议室 3  值班、组长"));
    let ics = out(&fupan(&database, &["pm", "meeting", "PE-1", "--ics"], &[]));
    assert!(ics.contains(&format!("DTSTART:{year}0304T060000Z\r\n")), "{ics}");
    assert!(fupan(&database, &["pm", "meeting", "PE-1", "--cancel"], &[]).status.success());
    assert!(out(&fupan(&database, &["pm", "meeting", "PE-1"], &[])).contains("已取消"));
    let past = fupan(&database, &["pm", "meeting", "PE-1", "--at", "2020-01-01 10:00"], &[]);
    assert_eq!(past.status.code(), Some(2));
    assert!(err(&past).contains("复盘会的时间已过"), "{}", err(&past));
}
