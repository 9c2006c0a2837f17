//! Publishing on the command line.

use support::TestDatabase;

use crate::{LINE, REPORT, err, fupan, out};

#[tokio::test(flavor = "multi_thread")]
async fn a_week_is_published_once_per_change_and_a_restatement_is_found_by_strict() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    run(&["import", REPORT]);
    let missing = run(&["report", "2024-W34", "--restatement"]);
    assert_eq!(missing.status.code(), Some(5));
    assert!(err(&missing).contains("还没有发布") && err(&missing).contains("fupan report publish 2024-W34"));
    assert_eq!(run(&["report", "publish"]).status.code(), Some(1));

    let published = run(&["report", "publish", "2024-W34"]);
    assert!(published.status.success() && err(&published).contains("已发布（修订 1"), "{}", err(&published));
    let frozen = out(&run(&["report", "2024-W34"]));
    let again = run(&["report", "publish", "2024-W34", "--json"]);
    assert!(err(&again).contains("没有变化"), "{}", err(&again));
    assert!(out(&again).contains("\"unchanged\":true"), "{}", out(&again));
    let clean = run(&["report", "2024-W34", "--restatement", "--strict"]);
    assert_eq!((clean.status.code(), out(&clean).as_str()), (Some(0), ""));

    run(&["pm", "done", "PE-1"]);
    run(&["add", LINE, "--week", "2024-W34"]);
    assert_eq!(out(&run(&["report", "2024-W34"])), frozen);
    assert_ne!(out(&run(&["report", "2024-W34", "--now"])), frozen);
    let restated = run(&["report", "2024-W34", "--restatement", "--strict"]);
    assert_eq!(restated.status.code(), Some(7));
    let words = out(&restated);
    assert!(
        words.contains("事件 Event\tPE-1") && words.contains("local 复盘 · 已复盘") && words.contains("Log an event"),
        "{words}"
    );
    assert!(!words.contains("postmortem.") && !words.contains("event."), "no keys of the log: {words}");
    assert!(words.contains("复盘 Postmortem：待复盘 → 已复盘"), "{words}");
    let strict = run(&["report", "2024-W34", "--strict"]);
    assert!(strict.status.code() == Some(7) && err(&strict).contains("发布后修订 PE-1"), "{}", err(&strict));
    let json = out(&run(&["report", "2024-W34", "--restatement", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json["open"].as_bool(), json["differences"].as_array().unwrap().len()), (Some(true), 2), "{json:#}");

    assert!(err(&run(&["report", "publish", "2024-W34"])).contains("修订 2"));
    assert_eq!(out(&run(&["report", "2024-W34", "--revision", "1"])), frozen);
    assert!(err(&run(&["report", "2024-W34", "--revision", "1"])).contains("修订 1 不是最新，最新是修订 2"));
    assert!(!err(&run(&["report", "2024-W34", "--revision", "2"])).contains("不是最新"));
    assert!(run(&["report", "withdraw", "2024-W34"]).status.success());
    assert_eq!(run(&["report", "withdraw", "2024-W34"]).status.code(), Some(5));
    assert_eq!(run(&["report", "2024-W34", "--revision", "3"]).status.code(), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_week_is_shared_listed_and_revoked() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    run(&["import", REPORT]);
    let early = run(&["report", "share", "2024-W34"]);
    assert_eq!(early.status.code(), Some(6));
    assert!(err(&early).contains("先发布：fupan report publish 2024-W34"), "{}", err(&early));
    run(&["report", "publish", "2024-W34"]);
    let shared = run(&["report", "share", "2024-W34", "--days", "30", "--name", "wiki"]);
    let url = out(&shared);
    assert!(url.contains("/s/fps_") && err(&shared).contains("只显示这一次"), "{url}");
    assert!(out(&run(&["report", "share", "latest", "--json"])).contains("\"url\":\"http"));
    let listed = out(&run(&["report", "shares"]));
    assert!(listed.contains("\twiki\t") && listed.contains("latest") && !listed.contains(url.trim()), "{listed}");
    assert!(err(&shared).contains("设置 FUPAN_PUBLIC_URL"), "{}", err(&shared));
    let placed = fupan(&database, &["report", "share", "latest"], &[("FUPAN_PUBLIC_URL", "https://fupan.example.com")]);
    assert!(out(&placed).starts_with("https://fupan.example.com/s/") && !err(&placed).contains("FUPAN_PUBLIC_URL"));
    run(&["report", "withdraw", "2024-W34"]);
    let withdrawn = run(&["report", "shares"]);
    assert!(out(&withdrawn).contains("这一周已撤回") && err(&withdrawn).contains("有效的分享链接 0 个，打不开的 3 个"));
    run(&["report", "publish", "2024-W34"]);
    assert!(err(&run(&["report", "shares"])).contains("有效的分享链接 3 个"));
    let id = listed.lines().find(|line| line.contains("\twiki\t")).unwrap().split('\t').next().unwrap().to_owned();
    assert!(run(&["report", "unshare", &id]).status.success());
    assert_eq!(run(&["report", "unshare", &id]).status.code(), Some(5));
    assert_eq!(run(&["report", "unshare", "x"]).status.code(), Some(5));
    assert_eq!(run(&["report", "share", "2024-W34", "--days", "999"]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weekly_mail_is_added_shown_switched_off_and_removed() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    let added = run(&[
        "mailing",
        "add",
        "SRE",
        "--to",
        "a@example.com",
        "--to",
        "b@example.com",
        "--on",
        "周五",
        "--at",
        "17:00",
    ]);
    assert!(added.status.success() && err(&added).contains("周五 17:00（Asia/Shanghai）→ 2 人"), "{}", err(&added));
    assert_eq!(run(&["mailing", "add", "SRE", "--to", "a@example.com"]).status.code(), Some(6));
    assert_eq!(run(&["mailing", "add", "X", "--to", "nonsense"]).status.code(), Some(2));
    assert_eq!(run(&["mailing", "add", "X"]).status.code(), Some(2), "nobody to send it to");
    let listed = run(&["mailing", "list"]);
    assert!(out(&listed).contains("\tSRE\t下次：") && err(&listed).contains("周报邮件 1 个"), "{}", out(&listed));
    let json: serde_json::Value = serde_json::from_str(&out(&run(&["mailing", "list", "--json"]))).unwrap();
    assert_eq!(json["data"][0]["weekday"], "fri");
    let preview = run(&["mailing", "preview", "SRE"]);
    assert!(
        out(&preview).starts_with("【复盘台】生产周报 20") && err(&preview).contains("→ 2 人"),
        "{}",
        out(&preview)
    );
    let set = run(&["mailing", "set", "SRE", "--only-published", "--to", "c@example.com", "--json"]);
    assert!(out(&set).contains("\"only_published\":true") && err(&set).contains("→ 1 人"), "{}", err(&set));
    assert!(err(&run(&["mailing", "off", "SRE"])).contains("已停用"));
    assert!(err(&run(&["mailing", "on", "SRE"])).contains("下次："));
    assert!(run(&["mailing", "remove", "SRE"]).status.success());
    let gone = run(&["mailing", "preview", "SRE"]);
    assert_eq!(gone.status.code(), Some(5));
    assert!(err(&gone).contains("没有这个周报邮件"), "{}", err(&gone));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_published_is_told_in_the_words_of_its_text_whatever_the_style_of_the_team() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    run(&["import", REPORT]);
    let style = database.folder().join("style.toml");
    std::fs::write(&style, "[time]\nbegin = \"%-m月%-d日 %H:%M\"\n").unwrap();
    let saved = run(&["style", "set", "团队", style.to_str().unwrap(), "--default"]);
    assert!(saved.status.success(), "{}", err(&saved));
    run(&["report", "publish", "2024-W34"]);
    let text = out(&run(&["report", "2024-W34"]));
    assert!(text.contains("08/19 15:00") && text.contains("【待复盘】"), "{text}");
    run(&["pm", "done", "PE-1"]);
    let words = out(&run(&["report", "2024-W34", "--restatement"]));
    let was = words.lines().find(|line| line.contains("发布时")).unwrap();
    assert!(was.contains("08/19 15:00") && was.ends_with("【待复盘】"), "{words}");
    let now = words.lines().find(|line| line.contains("现在")).unwrap();
    assert!(now.contains("08/19 15:00") && !now.contains("【待复盘】"), "{words}");
}
