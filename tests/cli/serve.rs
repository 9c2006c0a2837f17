//! `fupan serve` as a process: its first words, its port, its end.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::Client;
use serde_json::json;
use support::TestDatabase;

use super::{err, fupan, out};

/// A service in a process of its own; it does not outlive the test.
struct Served {
    process: Child,
    /// What it said on standard error until it listened.
    words: String,
    bind: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        // One that has ended already is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Served {
    fn start(database: &TestDatabase, arguments: &[&str]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let bind = format!("127.0.0.1:{port}");
        let mut process = Command::new(env!("CARGO_BIN_EXE_fupan"))
            .args(["serve", "--bind", &bind])
            .args(arguments)
            .current_dir(database.folder())
            .env("FUPAN_DATABASE_URL", &database.url)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut words = String::new();
        // The listener is open before the first words.
        for line in lines.by_ref() {
            let line = line.unwrap();
            words.push_str(&line);
            words.push('\n');
            if line.contains("/setup?t=") || line.contains("Demo data") {
                break;
            }
        }
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, words, bind }
    }

    fn terminate(&mut self) -> Option<i32> {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.process.wait().unwrap().code()
    }
}

fn client() -> Client {
    // Another test may have set the provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(Duration::from_secs(20)).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_prints_its_address_and_a_link_answers_and_keeps_its_port() {
    let database = TestDatabase::new().await;
    let mut served = Served::start(&database, &[]);
    assert!(served.words.contains(&format!("http://{}", served.bind)), "{}", served.words);
    let link = served.words.lines().find(|line| line.contains("/setup?t=")).unwrap().trim().to_owned();
    let client = client();
    let page = client.get(&link).send().await.unwrap();
    assert!(page.status().is_success() && page.text().await.unwrap().contains("首次设置"));
    let bind = served.bind.clone();
    let setting = [("FUPAN_HTTP__BIND", bind.as_str())];
    assert!(fupan(&database, &["health"], &setting).status.success());
    let second = fupan(&database, &["serve", "--bind", &served.bind], &[]);
    assert_eq!(second.status.code(), Some(1));
    assert!(err(&second).contains(&served.bind) && err(&second).contains("--bind"), "{}", err(&second));
    assert_eq!(served.terminate(), Some(0));
    assert_eq!(fupan(&database, &["health"], &setting).status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_the_middle_of_the_work_loses_no_acknowledged_event() {
    let database = TestDatabase::new().await;
    fupan(&database, &["user", "add", "oncall@example.com", "--name", "值班"], &[]);
    let token = out(&fupan(&database, &["token", "create", "oncall@example.com", "--name", "t"], &[]));
    let token = token.trim().to_owned();
    let mut served = Served::start(&database, &[]);
    let url = format!("http://{}/api/v1/events", served.bind);
    let made = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (client, url, token, made) = (client(), url.clone(), token.clone(), Arc::clone(&made));
            tokio::spawn(async move {
                let body = json!({"line": "08/19 15:00 提现失败，影响3笔"});
                while let Ok(answer) = client.post(&url).bearer_auth(&token).json(&body).send().await {
                    assert!(answer.status().is_success(), "{}", answer.status());
                    made.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    while made.load(Ordering::SeqCst) < 20 {
        tokio::task::yield_now().await;
    }
    assert_eq!(tokio::task::block_in_place(|| served.terminate()), Some(0));
    for writer in writers {
        writer.await.unwrap();
    }
    let served = Served::start(&database, &[]);
    let list: serde_json::Value = client()
        .get(format!("http://{}/api/v1/events?limit=1", served.bind))
        .bearer_auth(&token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let kept = usize::try_from(list["data"][0]["number"].as_i64().unwrap()).unwrap();
    // A request that was written but whose answer did not get out may be there too: one per writer.
    let acknowledged = made.load(Ordering::SeqCst);
    assert!((acknowledged..=acknowledged + 4).contains(&kept), "{acknowledged} acknowledged, {kept} kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_signs_in_by_itself_and_leaves_nothing_behind() {
    let database = TestDatabase::new().await;
    let mut served = Served::start(&database, &["--demo"]);
    let jar = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap_or_else(|_| client());
    let answer = jar.get(format!("http://{}/login", served.bind)).send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let home = jar.get(format!("http://{}/", served.bind)).header("Cookie", cookie).send().await.unwrap();
    let page = home.text().await.unwrap();
    assert!(page.contains("演示数据") && page.contains("较上周") && page.contains("逾期"), "a year of coherent data");
    let folder = std::env::temp_dir().join(format!("fupan-demo-{}", served.process.id()));
    assert!(folder.exists());
    assert_eq!(served.terminate(), Some(0));
    assert!(!folder.exists());
}
