//! The audit log, the key of secrets, own data and `doctor` on the command line.

use sea_orm::{ConnectionTrait as _, Database, Statement};
use support::TestDatabase;

use crate::{LINE, err, fupan, out};

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_is_verified_with_a_head_that_was_kept_and_names_what_is_broken() {
    let database = TestDatabase::new().await;
    for n in 0..3 {
        let line = LINE.replace("684", &(700 + n).to_string());
        assert!(fupan(&database, &["add", &line], &[]).status.success());
    }
    let head = fupan(&database, &["audit", "head"], &[]);
    let kept = out(&head).trim().to_owned();
    assert!(kept.starts_with("3:") && kept.len() == 66, "{kept}");
    let whole = fupan(&database, &["audit", "verify", "--head", &kept], &[]);
    assert_eq!(whole.status.code(), Some(0), "{}{}", out(&whole), err(&whole));
    let list = fupan(&database, &["audit", "list", "--action", "event.", "--limit", "2"], &[]);
    assert_eq!(out(&list).lines().count(), 2, "{}", out(&list));
    assert!(err(&list).contains("--cursor"));
    assert_eq!(fupan(&database, &["audit", "verify", "--head", "x"], &[]).status.code(), Some(2));

    let connection = Database::connect(&database.url).await.unwrap();
    connection.execute_unprepared("UPDATE audit_entry SET actor_name = 'x' WHERE subject = 'event:2'").await.unwrap();
    let broken = fupan(&database, &["audit", "verify"], &[]);
    assert_eq!(broken.status.code(), Some(7));
    assert!(out(&broken).contains("第 2 条被改动") && out(&broken).contains("event:2"), "{}", out(&broken));
    let json = fupan(&database, &["--json", "audit", "verify"], &[]);
    let json: serde_json::Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!((json["whole"].as_bool(), json["broken"]["position"].as_i64()), (Some(false), Some(2)), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_with_the_first_secret_and_changed() {
    let database = TestDatabase::new().await;
    let allow = [("FUPAN_OUTGOING__ALLOW", "127.0.0.1")];
    let none = fupan(&database, &["keys", "status"], &[]);
    assert!(none.status.success() && out(&none).contains("—"), "{}{}", out(&none), err(&none));
    let add = ["notifier", "add", "群", "--tool", "feishu", "--url", "http://127.0.0.1:9/hook/very-secret"];
    let added = fupan(&database, &add, &allow);
    assert!(added.status.success(), "{}", err(&added));
    let one = out(&fupan(&database, &["keys", "status"], &[]));
    assert!(one.contains("secret.key") && one.contains("sealed 1"), "{one}");
    let rotated = fupan(&database, &["keys", "rotate"], &[]);
    assert!(rotated.status.success(), "{}", err(&rotated));
    let two = out(&fupan(&database, &["keys", "status"], &[]));
    assert!(two.contains("sealed 1") && two.lines().next() != one.lines().next(), "{two}");
    // The same keys from a setting, as a second replica takes them: the file holds two now.
    let file = one.split_whitespace().find(|word| word.ends_with("secret.key")).unwrap();
    let file = database.folder().join(file);
    let copied = [("FUPAN_SECRET_KEY_FILE", file.to_str().unwrap())];
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 2);
    let given = fupan(&database, &["keys", "status"], &copied);
    assert!(given.status.success() && out(&given).contains("sealed 1"), "{}{}", out(&given), err(&given));
    let other = [("FUPAN_SECRET_KEY", "a key of another house, that is long enough")];
    assert_eq!(fupan(&database, &["keys", "status"], &other).status.code(), Some(7));
    let doctor = fupan(&database, &["doctor"], &other);
    assert!(out(&doctor).contains("!\tkeys"), "{}", out(&doctor));
    assert_eq!(fupan(&database, &["keys", "status"], &[("FUPAN_SECRET_KEY", "short")]).status.code(), Some(1));
    let shown = out(&fupan(&database, &["config", "check"], &other));
    assert!(shown.contains("secret_key = (secret)") && !shown.contains("another house"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn own_data_is_printed_and_an_account_is_closed_only_when_it_is_meant() {
    let database = TestDatabase::new().await;
    let add = ["user", "add", "wang@example.com", "--name", "王工"];
    assert!(fupan(&database, &add, &[]).status.success());
    let export = fupan(&database, &["user", "export", "wang@example.com"], &[]);
    let export: serde_json::Value = serde_json::from_str(&out(&export)).unwrap();
    assert_eq!(export["account"]["name"], "王工");
    assert_eq!(fupan(&database, &["user", "close", "wang@example.com"], &[]).status.code(), Some(2));
    assert!(fupan(&database, &["user", "close", "wang@example.com", "--yes"], &[]).status.success());
    assert!(!out(&fupan(&database, &["user", "list"], &[])).contains("wang@example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_risky_settings_of_a_service_that_others_reach() {
    let database = TestDatabase::new().await;
    let risky = [("FUPAN_PUBLIC_URL", "http://fupan.example.com"), ("FUPAN_HTTP__PROXIES", "0.0.0.0/0")];
    let doctor = fupan(&database, &["doctor"], &risky);
    assert_eq!(doctor.status.code(), Some(7));
    for subject in ["!\ttls\t", "!\tproxies\t", "!\tbackup\t"] {
        assert!(out(&doctor).contains(subject), "{subject}: {}", out(&doctor));
    }
    // A copy that is young enough is seen.
    let copies = database.folder().join("copies");
    std::fs::create_dir(&copies).unwrap();
    std::fs::write(copies.join("fupan.db"), "copy").unwrap();
    let copied = [("FUPAN_PUBLIC_URL", "https://fupan.example.com"), ("FUPAN_BACKUP_DIR", copies.to_str().unwrap())];
    let doctor = fupan(&database, &["doctor"], &copied);
    assert!(!out(&doctor).contains("backup") && !out(&doctor).contains("!\ttls"), "{}", out(&doctor));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_database_and_its_folder_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("deep/er/fupan.db").display());
    let done = std::process::Command::new(env!("CARGO_BIN_EXE_fupan"))
        .args(["add", LINE])
        .current_dir(folder.path())
        .env("FUPAN_DATABASE_URL", &url)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", err(&done));
    let mode = |path: &str| std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("deep"), mode("deep/er"), mode("deep/er/fupan.db")), (0o700, 0o700, 0o600));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_wrote_is_in_the_chain_when_it_ends_and_what_it_printed_is_noted() {
    let database = TestDatabase::new().await;
    assert!(fupan(&database, &["add", LINE], &[]).status.success());
    for format in ["md", "html"] {
        let shown = fupan(&database, &["pm", "show", "PE-1", "--format", format], &[]);
        assert!(shown.status.success(), "{}", err(&shown));
    }
    let list = out(&fupan(&database, &["audit", "list", "--action", "export"], &[]));
    assert_eq!(list.lines().filter(|line| line.contains("event:1")).count(), 2, "{list}");
    let connection = Database::connect(&database.url).await.unwrap();
    let loose = "SELECT id FROM audit_entry WHERE id NOT IN (SELECT entry_id FROM audit_seal)";
    let loose =
        connection.query_all_raw(Statement::from_string(connection.get_database_backend(), loose)).await.unwrap();
    assert!(loose.is_empty(), "{} entries have no place in the chain", loose.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_key_file_is_named_with_its_cure_and_not_written_over() {
    let database = TestDatabase::new().await;
    let allow = [("FUPAN_OUTGOING__ALLOW", "127.0.0.1")];
    let status = out(&fupan(&database, &["keys", "status"], &[]));
    let file = status.split_whitespace().find(|word| word.ends_with("secret.key")).unwrap();
    let file = database.folder().join(file);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "\n").unwrap();
    let add = ["notifier", "add", "群", "--tool", "feishu", "--url", "http://127.0.0.1:9/hook/very-secret"];
    let refused = fupan(&database, &add, &allow);
    assert!(!refused.status.success() && err(&refused).contains("is empty: remove it"), "{}", err(&refused));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "\n");
    let doctor = out(&fupan(&database, &["doctor"], &[]));
    assert!(doctor.contains("!\tkeys") && doctor.contains("rm ") && doctor.contains("secret.key"), "{doctor}");
    std::fs::remove_file(&file).unwrap();
    let added = fupan(&database, &add, &allow);
    assert!(added.status.success(), "{}", err(&added));
    // Once something is sealed, its key is wanted back and no other one is made.
    std::fs::write(&file, "").unwrap();
    let rotated = fupan(&database, &["keys", "rotate"], &[]);
    assert!(!rotated.status.success(), "{}", out(&rotated));
    let doctor = out(&fupan(&database, &["doctor"], &[]));
    assert!(doctor.contains("give ") && doctor.contains(" back from its copy"), "{doctor}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_come_from_files_and_are_shown_nowhere() {
    let database = TestDatabase::new().await;
    let file = |name: &str, text: &str| {
        let path = database.folder().join(name);
        std::fs::write(&path, format!("{text}\n")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let url = file("url", &database.url);
    let password = file("password", "hunter22-of-mail");
    let (key, old) =
        (file("key", "a key of thirty-two characters or more"), file("old", "an older key of thirty-two characters"));
    let settings = [
        ("FUPAN_DATABASE_URL", ""),
        ("FUPAN_DATABASE_URL_FILE", url.as_str()),
        ("FUPAN_SMTP__HOST", "mail.example.com"),
        ("FUPAN_SMTP__PASSWORD_FILE", password.as_str()),
        ("FUPAN_SECRET_KEY_FILE", key.as_str()),
        ("FUPAN_SECRET_KEY_OLD_FILE", old.as_str()),
    ];
    let added = fupan(&database, &["add", LINE], &settings);
    assert!(added.status.success(), "{}", err(&added));
    let there = out(&fupan(&database, &["events"], &[]));
    assert!(there.contains("PE-1"), "the file's database is the one that was written: {there}");
    for arguments in [vec!["config", "check"], vec!["doctor"], vec!["keys", "status"], vec!["--json", "keys", "status"]]
    {
        let shown = fupan(&database, &arguments, &settings);
        let text = format!("{}{}", out(&shown), err(&shown));
        for secret in ["hunter22", "a key of thirty", "an older key"] {
            assert!(!text.contains(secret), "{arguments:?} shows {secret}: {text}");
        }
    }
    let checked = out(&fupan(&database, &["config", "check"], &settings));
    assert!(checked.contains("smtp.password") && checked.contains("secret_key"), "{checked}");
    let gone = [("FUPAN_SMTP__PASSWORD_FILE", "no-such-file")];
    let refused = fupan(&database, &["doctor"], &gone);
    assert!(!refused.status.success() && err(&refused).contains("no-such-file"), "{}", err(&refused));
}
