//! `fupan notifier members`, bots of Slack, `fupan outbox again`, and steps that name a notifier.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use support::{
    TestDatabase,
    smtp::{Script, SmtpSink},
};

use crate::{LINE, err, fupan, out};

#[tokio::test(flavor = "multi_thread")]
async fn people_of_a_notifier_are_set_listed_and_forgotten() {
    let database = TestDatabase::new().await;
    for (email, name) in [("oncall@example.com", "值班"), ("lead@example.com", "组长")] {
        assert!(fupan(&database, &["user", "add", email, "--name", name, "--role", "lead"], &[]).status.success());
    }
    let url = "https://open.feishu.cn/hook/0123456789abcdef";
    let add = fupan(&database, &["notifier", "add", "支付群", "--tool", "feishu", "--url", url], &[]);
    assert!(add.status.success(), "{}", err(&add));
    let members = |more: &[&str]| fupan(&database, &[&["notifier", "members", "支付群"], more].concat(), &[]);
    assert!(members(&["值班", "ou_1"]).status.success());
    let listed = members(&["lead@example.com", "ou_2"]);
    assert_eq!(out(&listed), "lead@example.com  组长  ou_2\noncall@example.com  值班  ou_1\n");
    assert_eq!(members(&["值班", "all"]).status.code(), Some(2), "everybody is nobody");
    assert_eq!(members(&["值班"]).status.code(), Some(2), "which id?");
    assert_eq!(members(&["nobody@example.com", "ou_3"]).status.code(), Some(2));
    assert_eq!(out(&members(&["组长", "none"])), "oncall@example.com  值班  ou_1\n");
    let mut replace = Command::new(env!("CARGO_BIN_EXE_fupan"))
        .args(["--json", "notifier", "members", "支付群", "--replace"])
        .current_dir(database.folder())
        .env("FUPAN_DATABASE_URL", &database.url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    replace.stdin.take().unwrap().write_all("组长 ou_9\n".as_bytes()).unwrap();
    let replaced = replace.wait_with_output().unwrap();
    let json: serde_json::Value = serde_json::from_str(&out(&replaced)).unwrap();
    assert_eq!((json["data"].as_array().unwrap().len(), &json["data"][0]["user_id"]), (1, &serde_json::json!("ou_9")));

    let bot = ["notifier", "add", "机器人", "--tool", "slack", "--channel", "#payments", "--secret", "xoxb-1-secret"];
    let bot = fupan(&database, &bot, &[]);
    assert!(bot.status.success() && out(&bot).contains("频道 #payments"), "{}", err(&bot));
    assert!(!out(&bot).contains("xoxb"));
    assert_eq!(
        fupan(&database, &["notifier", "add", "x", "--tool", "slack", "--channel", "#a"], &[]).status.code(),
        Some(2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_mail_goes_as_a_new_one_and_each_names_the_other() {
    let database = TestDatabase::new().await;
    let sink = SmtpSink::start(Script::NoSuchUser).await;
    let port = sink.port.to_string();
    let mail = [("FUPAN_SMTP__HOST", "127.0.0.1"), ("FUPAN_SMTP__PORT", &port), ("FUPAN_SMTP__TLS", "none")];
    assert!(fupan(&database, &["add", LINE], &[]).status.success());
    let test = fupan(&database, &["notifier", "test", "mail", "--to", "gone@example.com"], &[]);
    let old = out(&test).trim().to_owned();
    fupan(&database, &["worker", "--once"], &mail);
    assert!(fupan(&database, &["outbox", "clear", "gone@example.com"], &[]).status.success());
    let again = fupan(&database, &["outbox", "again", &old], &[]);
    assert!(again.status.success(), "{}", err(&again));
    let new = out(&again).split_whitespace().next().unwrap().to_owned();
    assert_ne!(new, old);
    assert_eq!(fupan(&database, &["outbox", "again", &old], &[]).status.code(), Some(6));
    assert!(out(&fupan(&database, &["outbox", "show", &old], &[])).contains(&format!("已作为新消息发送：{new}")));
    assert!(out(&fupan(&database, &["outbox", "show", &new], &[])).contains(&format!("代替 {old}")));
    sink.play(Script::Accept);
    let worker = fupan(&database, &["worker", "--once"], &mail);
    assert!(worker.status.success() && out(&worker).contains("发出 1"), "{} {}", out(&worker), err(&worker));
}
