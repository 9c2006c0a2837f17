//! Samples that are pulled from a server which speaks `query_range`.

use std::{
    collections::BTreeMap,
    process::{Command, Output},
    sync::{Arc, Mutex},
};

use fupan::{
    domain::{
        actor::{Actor, Role},
        samples::Minute,
    },
    runtime::system::SystemClock,
    service::{App, ServiceError, indicators, ports::Clock as _, samples, sources},
};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use support::{
    Service,
    http::{Asked, Elsewhere, Reply},
};

const NOW: &str = "2024-08-21T06:08:30Z";

/// What the fake server holds: by query the values of minutes.
type Held = Arc<Mutex<BTreeMap<String, BTreeMap<Minute, String>>>>;

/// Answers as Prometheus 2.42 does.
fn prometheus(held: &Held) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    let held = Arc::clone(held);
    move |asked| {
        if asked.line != "POST /prom/api/v1/query_range HTTP/1.1" {
            return Reply::Whole("404 Not Found".to_owned(), Vec::new(), "404 page not found".to_owned());
        }
        let second = |name: &str| asked.field(name).parse::<i64>().unwrap();
        let (start, end) = (second("start"), second("end"));
        assert_eq!(asked.field("step"), "60");
        if (end - start) / 60 + 1 > 11_000 {
            let words = "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)";
            return Reply::json(400, json!({"status": "error", "errorType": "bad_data", "error": words}).to_string());
        }
        let held = held.lock().unwrap();
        let Some(minutes) = held.get(&asked.field("query")) else {
            return Reply::json(200, r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#);
        };
        // The value at the end of a minute is that of the minute.
        let values: Vec<Value> = minutes
            .iter()
            .map(|(minute, value)| (i64::from(*minute + 1) * 60, value))
            .filter(|(at, _)| (start..=end).contains(at))
            .map(|(at, value)| json!([at, value]))
            .collect();
        let result = if values.is_empty() { json!([]) } else { json!([{"metric": {"job": "pay"}, "values": values}]) };
        Reply::json(200, json!({"status": "success", "data": {"resultType": "matrix", "result": result}}).to_string())
    }
}

fn minute(text: &str) -> Minute {
    let at: chrono::DateTime<chrono::Utc> = text.parse().unwrap();
    fupan::domain::samples::minute_of(at.timestamp_millis())
}

struct House {
    service: Service,
    client: Client,
    token: String,
}

impl House {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let service = Service::start(NOW).await;
        let token = service.token(Role::Lead).await;
        let house = Self { service, client: Client::new(), token };
        let made = house.send("POST", "", &json!({"key": "pay", "name": "支付成功率"})).await;
        assert_eq!(made.0, StatusCode::CREATED);
        house
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let url = format!("{}/api/v1/indicators{path}", self.service.url);
        let request = self.client.request(method.parse().unwrap(), url).bearer_auth(&self.token).json(body);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn put(&self, body: &Value) -> Value {
        let (status, body) = self.send("PUT", "/pay/source", body).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    async fn source(&self) -> Value {
        self.send("GET", "/pay/source", &Value::Null).await.1
    }

    fn app(&self) -> &App {
        &self.service.app
    }

    async fn stored(&self, from: &str, to: &str) -> Vec<(Minute, i64, i64, i64, bool)> {
        let actor = Actor::local_operator();
        let number = indicators::find(self.app(), &actor, "pay").await.unwrap().indicator.number;
        let found = samples::minutes(self.app(), &actor, number, minute(from), minute(to)).await.unwrap();
        found.map(|s| (s.minute, s.counts.total, s.counts.success, s.counts.excluded, s.counts.estimated)).collect()
    }
}

fn fill(held: &Held, query: &str, values: impl IntoIterator<Item = (Minute, String)>) {
    held.lock().unwrap().entry(query.to_owned()).or_default().extend(values);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_filled_in_stretches_and_then_the_present_is_followed() {
    let house = House::new().await;
    let held: Held = Arc::default();
    let server = Elsewhere::start(prometheus(&held)).await;
    let (since, now) = (minute("2024-08-07T00:00:00Z"), minute(NOW));
    fill(&held, "total", (since..now + 10).map(|minute| (minute, "100".to_owned())));
    fill(&held, "ok", (since..now + 10).map(|minute| (minute, "99".to_owned())));
    let url = format!("{}/prom/", server.url());
    let body =
        house.put(&json!({"url": url, "total": "total", "success": "ok", "since": "2024-08-07T08:00:00+08:00"})).await;
    assert_eq!((body["pulled_minutes"].as_i64(), body["up_to_date"].as_bool()), (Some(0), Some(false)));

    let (status, pulled) = house.send("POST", "/pay/source:pull", &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let due = i64::from(now - 2 - since);
    assert_eq!((pulled["pulled_minutes"].as_i64(), pulled["due_minutes"].as_i64()), (Some(due), Some(due)));
    assert_eq!((&pulled["up_to_date"], &pulled["problem"]), (&json!(true), &Value::Null));
    let stretches = usize::try_from(due).unwrap().div_ceil(10_000);
    assert_eq!((server.count(), stretches), (2 * stretches, 3), "below 11,000 points each");
    let stored = house.stored("2024-08-07T00:00:00Z", NOW).await;
    assert_eq!(
        (i64::try_from(stored.len()).unwrap(), stored[0], stored.last().unwrap().0),
        (due, (since, 100, 99, 0, false), now - 3)
    );

    // Nothing new: nothing is asked. Three minutes later the worker asks for three minutes.
    sources::pull_due(house.app()).await.unwrap();
    assert_eq!(server.count(), 2 * stretches);
    house.service.clock.set("2024-08-21T06:11:30Z");
    let pulled = sources::pull_due(house.app()).await.unwrap();
    assert_eq!((pulled.asked, pulled.failed, pulled.more), (1, 0, false));
    assert_eq!(house.stored("2024-08-07T00:00:00Z", "2024-08-22T00:00:00Z").await.len(), stored.len() + 3);
    let asked = server.asked.lock().unwrap().last().cloned().unwrap();
    assert_eq!(
        (asked.field("start"), asked.field("end")),
        ((i64::from(now - 2 + 1) * 60).to_string(), (i64::from(now + 1) * 60).to_string())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_whole_is_marked_and_what_is_no_number_was_not_measured() {
    let house = House::new().await;
    let held: Held = Arc::default();
    let server = Elsewhere::start(prometheus(&held)).await;
    let first = minute("2024-08-21T05:00:00Z");
    let of = |values: &[&str]| {
        (first..).zip(values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    fill(&held, "total", of(&["100", "100.04", "NaN", "+Inf", "0", "100", "10", "100"]));
    fill(&held, "bad", of(&["1", "1.00004", "0", "0", "0", "NaN", "50", "2"]));
    fill(&held, "user", of(&["3", "3", "3", "3", "0", "3", "0", "2"]));
    held.lock().unwrap().get_mut("bad").unwrap().remove(&(first + 7));
    house
        .put(&json!({"url": format!("{}/prom", server.url()), "total": "total", "failed": "bad", "excluded": "user",
        "since": "2024-08-21T05:00:00Z"}))
        .await;
    let (_, pulled) = house.send("POST", "/pay/source:pull", &Value::Null).await;
    assert_eq!((pulled["impossible_minutes"].as_i64(), &pulled["failed"]), (Some(1), &json!("bad")));
    let stored = house.stored("2024-08-21T05:00:00Z", NOW).await;
    assert_eq!(stored, [(first, 100, 96, 3, false), (first + 1, 100, 96, 3, true), (first + 4, 0, 0, 0, false)]);
    let (_, sums) = house.send("GET", "/pay/totals?from=2024-08-21&to=2024-08-21", &Value::Null).await;
    assert_eq!((&sums["measured"], &sums["estimated"], &sums["failed"]), (&json!(3), &json!(1), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_trouble_is_told_with_a_sentence_asked_more_rarely_and_goes_on_where_it_was() {
    let house = House::new().await;
    let reply: Arc<Mutex<Reply>> = Arc::new(Mutex::new(Reply::json(503, "busy")));
    let held: Held = Arc::default();
    let (now_reply, whole) = (Arc::clone(&reply), prometheus(&held));
    let server = Elsewhere::start(move |asked| match now_reply.lock().unwrap().clone() {
        Reply::Silent => whole(asked),
        other => other,
    })
    .await;
    let (since, now) = (minute("2024-08-21T06:00:00Z"), minute(NOW));
    fill(&held, "total", (since..now).map(|minute| (minute, "5".to_owned())));
    fill(&held, "ok", (since..now).map(|minute| (minute, "5".to_owned())));
    house.put(&json!({"url": format!("{}/prom", server.url()), "total": "total", "success": "ok", "since": "2024-08-21T06:00:00Z"})).await;
    let error = |kind: &str, words: &str| json!({"status": "error", "errorType": kind, "error": words}).to_string();
    let series = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"1"},"values":[]},{"metric":{"a":"2"},"values":[]}]}}"#;
    for (answer, code, words) in [
        (Reply::json(503, "busy"), "unavailable", "HTTP 503"),
        (
            Reply::json(503, error("timeout", "query timed out in expression evaluation")),
            "unavailable",
            "HTTP 503: query timed out in expression evaluation",
        ),
        (
            Reply::json(422, error("execution", "multiple matches for labels: many-to-one matching must be explicit")),
            "query",
            "HTTP 422: multiple matches for labels: many-to-one matching must be explicit",
        ),
        (
            Reply::json(400, error("bad_data", "invalid parameter \"query\": 1:5: parse error")),
            "query",
            "HTTP 400: invalid parameter \"query\": 1:5: parse error",
        ),
        (Reply::json(401, "secret page"), "denied", "HTTP 401"),
        (Reply::json(404, "secret page"), "no_interface", "HTTP 404"),
        (Reply::json(200, "<html>secret page</html>"), "unreadable", ""),
        (Reply::json(200, series), "many_series", "2 series"),
        (
            Reply::Whole("302 Found".to_owned(), vec![("Location", "http://127.0.0.1:1/".to_owned())], String::new()),
            "redirect",
            "",
        ),
        (Reply::Endless, "too_long", ""),
    ] {
        *reply.lock().unwrap() = answer;
        let (status, body) = house.send("POST", "/pay/source:pull", &Value::Null).await;
        assert_eq!((status, body["problem"]["code"].as_str()), (StatusCode::OK, Some(code)), "{body}");
        let said = body["problem"]["words"].as_str().unwrap();
        assert!(said == words || words.is_empty(), "{said}");
        assert!(!body.to_string().contains("secret page"), "{body}");
        assert!(body["problem"]["detail"].as_str().unwrap().len() > 20);
        assert_eq!(body["pulled_minutes"], 0);
    }
    // Ten failures in a row: an hour of rest, which the worker keeps and a person may break.
    let asked = server.count();
    house.service.clock.set("2024-08-21T07:07:00Z");
    assert_eq!(sources::pull_due(house.app()).await.unwrap().asked, 0);
    assert_eq!(server.count(), asked);
    *reply.lock().unwrap() = Reply::Silent;
    house.service.clock.set("2024-08-21T07:09:00Z");
    assert_eq!(sources::pull_due(house.app()).await.unwrap().failed, 0);
    let source = house.source().await;
    assert_eq!((&source["problem"], &source["up_to_date"]), (&Value::Null, &json!(true)));
    assert_eq!(house.stored("2024-08-21T05:00:00Z", NOW).await.len(), usize::try_from(now - since).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_sent_never_shown_and_stays_with_its_server() {
    let house = House::new().await;
    let held: Held = Arc::default();
    let (one, other) = (Elsewhere::start(prometheus(&held)).await, Elsewhere::start(prometheus(&held)).await);
    let body = |server: &Elsewhere| json!({"url": format!("{}/prom", server.url()), "total": "t", "success": "s", "since": "2024-08-21T06:00:00Z"});
    let mut with_token = body(&one);
    with_token["token"] = json!("s3cret-token");
    let made = house.put(&with_token).await;
    assert_eq!((&made["has_token"], made.to_string().contains("s3cret")), (&json!(true), false));
    house.send("POST", "/pay/source:pull", &Value::Null).await;
    assert_eq!(one.asked.lock().unwrap()[0].headers["authorization"], "Bearer s3cret-token");
    assert_eq!(house.put(&body(&one)).await["has_token"], true, "left out, it stays");
    assert_eq!(house.put(&body(&other)).await["has_token"], false, "another server does not get it");
    house.send("POST", "/pay/source:pull", &Value::Null).await;
    assert!(!other.asked.lock().unwrap()[0].headers.contains_key("authorization"));
    let mut bad = body(&other);
    bad["token"] = json!("two words");
    assert_eq!(house.send("PUT", "/pay/source", &bad).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let entries = fupan::store::audit::of_subjects_since(house.app().store.read(), &["indicator:pay".to_owned()], 0)
        .await
        .unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.action == "source.put").count(), 3);
    assert!(entries.iter().all(|entry| !entry.change.to_string().contains("s3cret")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_refused_where_it_may_not_be_asked_and_by_who_may_not_set_it() {
    let house = House::new().await;
    let body = |url: &str| json!({"url": url, "total": "t", "success": "s"});
    for url in
        ["http://10.0.0.7:9090", "http://169.254.169.254/latest", "ftp://x", "http://8.8.8.8", "http://u:p@127.0.0.1"]
    {
        let (status, refused) = house.send("PUT", "/pay/source", &body(url)).await;
        assert_eq!(
            (status, refused["errors"][0]["field"].as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, Some("url")),
            "{url} {refused}"
        );
    }
    let (status, _) = house.send("PUT", "/pay/source", &json!({"url": "http://127.0.0.1", "total": "t"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "one of two queries is needed");
    let (status, _) = house
        .send(
            "PUT",
            "/pay/source",
            &json!({"url": "http://127.0.0.1", "total": "t", "success": "s", "since": "2024-08-22T00:00:00Z"}),
        )
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "the future");
    assert_eq!(house.send("GET", "/pay/source", &Value::Null).await.0, StatusCode::NOT_FOUND);
    let made = house.put(&body("http://127.0.0.1:1")).await;
    let stale = house
        .client
        .put(format!("{}/api/v1/indicators/pay/source", house.service.url))
        .bearer_auth(&house.token)
        .header("If-Match", "\"0\"")
        .json(&body("http://127.0.0.1:2"))
        .send()
        .await
        .unwrap();
    assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED);
    let reporter = house.service.token(Role::Reporter).await;
    let forbidden = house
        .client
        .put(format!("{}/api/v1/indicators/pay/source", house.service.url))
        .bearer_auth(&reporter)
        .json(&body("http://127.0.0.1:2"))
        .send()
        .await
        .unwrap();
    assert_eq!(forbidden.status(), StatusCode::FORBIDDEN);
    let deleted = house
        .client
        .delete(format!("{}/api/v1/indicators/pay/source", house.service.url))
        .bearer_auth(&house.token)
        .header("If-Match", format!("\"{}\"", made["version"]))
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert!(matches!(
        sources::find(house.app(), &Actor::local_operator(), "pay").await,
        Err(ServiceError::NotFound(_))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_pull_a_source_once_and_a_changed_source_is_not_moved_by_an_old_answer() {
    let house = House::new().await;
    let held: Held = Arc::default();
    let server = Elsewhere::start(prometheus(&held)).await;
    house.put(&json!({"url": format!("{}/prom", server.url()), "total": "t", "success": "s", "since": "2024-08-21T06:00:00Z"})).await;
    let (one, other) = (house.app().clone(), house.app().clone());
    let (one, other) = tokio::join!(
        tokio::spawn(async move { sources::pull_due(&one).await.unwrap() }),
        tokio::spawn(async move { sources::pull_due(&other).await.unwrap() })
    );
    assert_eq!(one.unwrap().asked + other.unwrap().asked, 1);
    assert_eq!(server.count(), 2);
    // Paused: nobody asks.
    house.put(&json!({"url": format!("{}/prom", server.url()), "total": "t", "success": "s", "paused": true})).await;
    house.service.clock.set("2024-08-21T08:00:00Z");
    assert_eq!(sources::pull_due(house.app()).await.unwrap().asked, 0);
}

fn fupan(database: &support::TestDatabase, arguments: &[&str], token: &str) -> Output {
    use std::io::Write as _;
    let mut child = Command::new(env!("CARGO_BIN_EXE_fupan"))
        .args(arguments)
        .current_dir(database.folder())
        .env("FUPAN_DATABASE_URL", &database.url)
        .env("FUPAN_OUTGOING__ALLOW", "127.0.0.1/32, localhost")
        // A proxy of the environment is nobody's business.
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("http_proxy", "http://127.0.0.1:1")
        .env("ALL_PROXY", "http://127.0.0.1:1")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_sets_a_source_pulls_it_and_tells_what_is_in_the_way() {
    let database = support::TestDatabase::new().await;
    let held: Held = Arc::default();
    let server = Elsewhere::start(prometheus(&held)).await;
    let now = fupan::domain::samples::minute_of(SystemClock.now().timestamp_millis());
    let since = now - 70_000;
    fill(&held, "t", (since..now).map(|minute| (minute, "7".to_owned())));
    fill(&held, "s", (since..now).map(|minute| (minute, "6.5".to_owned())));
    let run = |arguments: &[&str]| fupan(&database, arguments, "");
    assert!(run(&["figures", "indicator", "add", "pay"]).status.success());
    let since_text = chrono::DateTime::from_timestamp(i64::from(since) * 60, 0).unwrap().to_rfc3339();
    let url = format!("http://localhost:{}/prom", server.address.port());
    let set = fupan(
        &database,
        &[
            "figures",
            "source",
            "set",
            "pay",
            "--url",
            &url,
            "--total",
            "t",
            "--success",
            "s",
            "--since",
            &since_text,
            "--token-file",
            "-",
        ],
        "s3cret\n",
    );
    assert!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
    let pulled = run(&["figures", "pull", "pay"]);
    let words = String::from_utf8_lossy(&pulled.stderr).into_owned();
    assert!(pulled.status.success(), "{words}");
    assert!(words.contains("pay 60000 / "), "progress is told: {words}");
    assert_eq!(server.asked.lock().unwrap()[0].headers["authorization"], "Bearer s3cret");
    let listed = || -> Value {
        let list = run(&["--json", "figures", "source", "list"]);
        serde_json::from_slice::<Value>(&list.stdout).unwrap()["data"][0].clone()
    };
    let mut source = listed();
    // The command goes by the clock of the machine: where that is busy, a minute has passed since.
    for _ in 0..3 {
        if source["up_to_date"] == json!(true) {
            break;
        }
        run(&["figures", "pull", "pay"]);
        source = listed();
    }
    assert_eq!((&source["up_to_date"], &source["has_token"]), (&json!(true), &json!(true)));
    let year = run(&["--json", "figures", "totals", "pay", "--from", &since_text[..10]]);
    let sums: Value = serde_json::from_slice(&year.stdout).unwrap();
    assert!(sums["estimated"].as_i64().unwrap() >= 69_990 && sums["estimated"] == sums["measured"], "{sums}");

    drop(server);
    let again = fupan(
        &database,
        &["figures", "source", "set", "pay", "--url", &url, "--total", "t", "--success", "s", "--since", &since_text],
        "",
    );
    assert!(again.status.success());
    let failed = run(&["figures", "pull", "pay"]);
    assert_eq!(failed.status.code(), Some(7));
    assert!(
        String::from_utf8_lossy(&failed.stderr).contains("连不上这个服务"),
        "{}",
        String::from_utf8_lossy(&failed.stderr)
    );
    let refused =
        run(&["figures", "source", "set", "pay", "--url", "http://10.0.0.1:9090", "--total", "t", "--success", "s"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(run(&["figures", "source", "remove", "pay"]).status.success());
    assert_eq!(run(&["figures", "source", "show", "pay"]).status.code(), Some(5));
}
