//! Where a request ends: whatever a proxy in front reads it as, no request is done that was hidden in another one.

use std::time::Duration;

use fupan::{domain::actor::Role, web::server::Bounds, web::server::Pace};
use support::Service;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::NOW;

/// What came back on a connection until the server ended it, or a while after it had nothing more to say; and whether it ended.
async fn sent(service: &Service, bytes: &[u8]) -> (String, bool) {
    let mut connection = TcpStream::connect(service.url.trim_start_matches("http://")).await.unwrap();
    // Who is sent away early may find the way closed.
    let _ = connection.write_all(bytes).await;
    let (mut answer, mut part) = (Vec::new(), [0; 4_096]);
    let mut wait = Duration::from_secs(6);
    loop {
        match tokio::time::timeout(wait, connection.read(&mut part)).await {
            Ok(Ok(0) | Err(_)) => return (String::from_utf8_lossy(&answer).into_owned(), true),
            Ok(Ok(len)) => answer.extend_from_slice(part.get(..len).unwrap()),
            Err(_) => return (String::from_utf8_lossy(&answer).into_owned(), false),
        }
        wait = Duration::from_millis(300);
    }
}

/// The statuses of the answers, in their order.
fn statuses(answer: &str) -> Vec<u16> {
    answer
        .split("HTTP/1.1 ")
        .skip(1)
        .filter_map(|rest| rest.get(..3)?.parse().ok())
        .chain(answer.split("HTTP/1.0 ").skip(1).filter_map(|rest| rest.get(..3)?.parse().ok()))
        .collect()
}

/// A service that waits for bodies only a moment, so that what never ends ends here.
async fn start() -> (Service, String) {
    let pace = Pace { first: Duration::from_secs(1), rate: 16 * 1_024 };
    let service =
        Service::start_with(NOW, fupan::service::limits::Limits::default(), Bounds { pace, ..Bounds::default() });
    let service = service.await;
    let token = service.token(Role::Lead).await;
    (service, token)
}

/// The request that an attacker hides: it would make an event.
fn hidden(token: &str) -> String {
    let body = r#"{"narrative": "smuggled", "occurred_at": "2024-08-20T12:00:00+08:00"}"#;
    format!(
        "POST /api/v1/events HTTP/1.1\r\nHost: fupan.test\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn events(service: &Service, token: &str) -> usize {
    let client = super::client();
    let answer =
        client.get(format!("{}/api/v1/events?limit=100", service.url)).bearer_auth(token).send().await.unwrap();
    answer.json::<serde_json::Value>().await.unwrap()["data"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_end_can_be_read_in_two_ways_is_refused_and_nothing_hidden_in_it_is_done() {
    let (service, token) = start().await;
    let inner = hidden(&token);
    let (answer, _) =
        sent(&service, format!("GET /healthz HTTP/1.1\r\nHost: fupan.test\r\n\r\n{inner}").as_bytes()).await;
    assert_eq!(statuses(&answer), [200, 201], "this is how two requests look: {answer}");
    let made = events(&service, &token).await;
    assert_eq!(made, 1);

    let all = inner.len();
    let post = "POST /login HTTP/1.1\r\nHost: fupan.test\r\nSec-Fetch-Site: same-origin\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n";
    let mut cases: Vec<(String, String)> = Vec::new();
    let mut add =
        |name: &str, headers: String, body: String| cases.push((name.to_owned(), format!("{post}{headers}\r\n{body}")));
    for (name, headers) in [
        ("a length and chunks", format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", 5 + all)),
        ("chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n".to_owned()),
        ("two codings", "Transfer-Encoding: chunked, identity\r\n".to_owned()),
        ("two codings, chunked last", "Transfer-Encoding: gzip, chunked\r\n".to_owned()),
        ("two fields of codings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n".to_owned()),
        ("chunked twice", "Transfer-Encoding: chunked, chunked\r\n".to_owned()),
        ("an unknown coding", "Transfer-Encoding: xchunked\r\n".to_owned()),
        ("a coding in quotes", "Transfer-Encoding: \"chunked\"\r\n".to_owned()),
        ("a coding behind a vertical tab", "Transfer-Encoding: \x0bchunked\r\n".to_owned()),
        ("a space before the colon", "Transfer-Encoding : chunked\r\n".to_owned()),
        ("a coding in a folded line", "Transfer-Encoding:\r\n chunked\r\n".to_owned()),
        ("identity and a length", format!("Transfer-Encoding: identity\r\nContent-Length: {all}\r\n")),
        ("a name with a space", "Transfer Encoding: chunked\r\n".to_owned()),
    ] {
        add(name, headers, format!("0\r\n\r\n{inner}"));
    }
    for (name, lengths) in [
        ("two lengths", format!("Content-Length: 0\r\nContent-Length: {all}\r\n")),
        ("two lengths, the other way", format!("Content-Length: {all}\r\nContent-Length: 0\r\n")),
        ("the same length twice", "Content-Length: 0\r\nContent-Length: 0\r\n".to_owned()),
        ("a list of lengths", format!("Content-Length: 0, {all}\r\n")),
        ("a length with a sign", "Content-Length: +0\r\n".to_owned()),
        ("a negative length", "Content-Length: -1\r\n".to_owned()),
        ("a length in hexadecimal digits", "Content-Length: 0x0\r\n".to_owned()),
        ("a length past all numbers", "Content-Length: 18446744073709551616\r\n".to_owned()),
        ("an empty length", "Content-Length: \r\n".to_owned()),
        ("a length with a space before the colon", "Content-Length : 0\r\n".to_owned()),
        ("a folded length", format!("Content-Length: 0\r\n {all}\r\n")),
        ("a length of two parts", format!("Content-Length: 0 {all}\r\n")),
    ] {
        add(name, lengths, inner.clone());
    }
    let chunked = |size: &str| format!("{size}\r\n{inner}\r\n0\r\n\r\n");
    for (name, body) in [
        ("a chunk past all numbers", chunked("FFFFFFFFFFFFFFFFF")),
        ("a chunk that wraps to a small one", chunked("10000000000000000")),
        ("a chunk with a sign", chunked("+0")),
        ("a negative chunk", chunked("-1")),
        ("a chunk with a prefix", chunked("0x0")),
        ("a chunk in other digits", chunked("０")),
        ("an empty size", chunked("")),
        ("a size of two parts", chunked("0 5")),
        ("a line feed alone behind the size", format!("0\n\n{inner}")),
        ("a line feed alone in an extension", format!("0;a\nb\r\n\r\n{inner}")),
        ("more bytes than the size says", format!("1\r\nab\r\n0\r\n\r\n{inner}")),
        ("no line behind the bytes", format!("1\r\na0\r\n\r\n{inner}")),
    ] {
        add(name, "Transfer-Encoding: chunked\r\n".to_owned(), body);
    }
    for (name, line) in [
        ("a NUL in a value", "X-A: a\0b\r\n"),
        ("a carriage return in a value", "X-A: a\rContent-Length: 0\r\n"),
        ("a carriage return alone as the end", "X-A: a\r\rGET /x HTTP/1.1\r\n"),
        ("a folded value", "X-A: a\r\n b\r\n"),
        ("a NUL in a name", "X\0A: a\r\n"),
        ("a name that is empty", ": a\r\n"),
        ("a line without a colon", "nothing\r\n"),
        ("a second host", "Host: another.test\r\n"),
    ] {
        add(name, format!("{line}Content-Length: {all}\r\n"), inner.clone());
    }
    for (name, request) in [
        ("no host", format!("GET /healthz HTTP/1.1\r\n\r\n{inner}")),
        (
            "chunks in the old protocol",
            format!("POST /login HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"),
        ),
        ("another protocol", format!("GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n{inner}")),
        ("a space in the address", format!("GET /health z HTTP/1.1\r\nHost: a\r\n\r\n{inner}")),
        ("no protocol", format!("GET /healthz\r\nHost: a\r\n\r\n{inner}")),
    ] {
        cases.push((name.to_owned(), request));
    }
    let mut wrong = Vec::new();
    for (name, request) in &cases {
        let (answer, ended) = sent(&service, request.as_bytes()).await;
        let statuses = statuses(&answer);
        let refused = statuses == [400] || statuses.is_empty();
        if !(refused && ended) {
            wrong.push(format!("{name}: {statuses:?}, ended: {ended}"));
        }
    }
    assert_eq!(events(&service, &token).await, made, "a hidden request was done");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_one_reading_only_is_one_request_and_its_body_is_no_other() {
    let (service, token) = start().await;
    let inner = hidden(&token);
    let all = inner.len();
    for (name, request, answers) in [
        (
            "a read with a body",
            format!("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: {all}\r\n\r\n{inner}"),
            vec![200],
        ),
        (
            "a read with chunks",
            format!("GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{all:x}\r\n{inner}\r\n0\r\n\r\n"),
            vec![200],
        ),
        (
            "a refused body",
            format!("POST /api/v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: {all}\r\n\r\n{inner}"),
            vec![401],
        ),
        (
            "a body with a length that asks for another protocol",
            format!("POST /api/v1/events HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n{inner}"),
            vec![401],
        ),
        (
            "another protocol is asked for",
            format!("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n{inner}"),
            vec![200],
        ),
        (
            "the second version is asked for",
            "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n".to_owned(),
            vec![200],
        ),
        ("a tunnel", format!("CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: a\r\n\r\n{inner}"), vec![404]),
        ("a tunnel by a path", format!("CONNECT /healthz HTTP/1.1\r\nHost: a\r\n\r\n{inner}"), vec![405]),
    ] {
        let (answer, _) = sent(&service, request.as_bytes()).await;
        assert_eq!(statuses(&answer), answers, "{name}: {answer}");
    }
    assert_eq!(events(&service, &token).await, 0, "a body was done as a request");

    // An address with a server in it is that of this one, whatever the server is called: it is not asked for anything.
    let whole = "GET http://169.254.169.254/healthz HTTP/1.1\r\nHost: fupan.test\r\nConnection: close\r\n\r\n";
    let (answer, _) = sent(&service, whole.as_bytes()).await;
    assert!(answer.ends_with("ok\n"), "{answer}");
    let other = "GET http://evil.example.com/e/1 HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n";
    let (answer, _) = sent(&service, other.as_bytes()).await;
    assert!(answer.contains("\r\nlocation: /login?next=/e/1\r\n") && !answer.contains("evil"), "{answer}");
    for (line, status) in
        [("OPTIONS *", 404), ("TRACE /healthz", 405), ("GET //evil.example.com/", 404), ("get /healthz", 405)]
    {
        let (answer, _) =
            sent(&service, format!("{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert_eq!(statuses(&answer), [status], "{line}: {answer}");
        assert!(!answer.contains("location:"), "{line}: {answer}");
    }
    // A line feed alone ends a line (RFC 9112, section 2.2): it is one request, whose length counts.
    let bare = format!("POST /login HTTP/1.1\nHost: a\nContent-Length: {all}\n\n{inner}");
    let (answer, _) = sent(&service, bare.as_bytes()).await;
    assert_eq!(statuses(&answer).len(), 1, "{answer}");
    assert_eq!(events(&service, &token).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_of_a_request_starts_a_header_or_a_file_name_of_the_answer() {
    let (service, token) = start().await;
    let (cookie, _) = service.signed_in(Role::Lead).await;
    let client = super::client();
    let made = client.post(format!("{}/api/v1/events", service.url)).bearer_auth(&token);
    let made = made.json(
        &serde_json::json!({"narrative": "一\"; filename=\"evil.exe", "occurred_at": "2024-08-20T12:00:00+08:00"}),
    );
    assert!(made.send().await.unwrap().status().is_success());
    let hostile = "%0d%0aX-Evil:%20yes%0d%0a%0d%0a%3Cscript%3E\"%22;filename=%22evil.exe";
    for path in [
        "/e/{}",
        "/w/{}",
        "/w/2024-W34.{}",
        "/indicators/{}",
        "/indicators/{}/minutes.csv",
        "/indicators/{}/days.csv",
        "/e/1/postmortem/export?format={}",
        "/e/{}/postmortem/export",
        "/e/{}/review.ics",
        "/login?next={}",
        "/login?next=/{}",
        "/login/provider?next={}",
        "/s/{}",
        "/static/{}",
        "/unsubscribe/{}",
        "/act/{}",
        "/events?q={}",
        "/{}",
        "/settings/privacy/export?x={}",
        "/api/v1/indicators/{}",
        "/api/v1/reports/{}?format={}",
        "/api/v1/events/{}",
        "/e/1/postmortem/export",
        "/settings/privacy/export",
    ] {
        for signed_in in [false, true] {
            let path = path.replace("{}", hostile);
            let session = if signed_in { format!("Cookie: fupan_session={cookie}\r\n") } else { String::new() };
            let request =
                format!("GET {path} HTTP/1.1\r\nHost: a\r\n{session}X-Request-Id: a\tb\r\nConnection: close\r\n\r\n");
            let (answer, _) = sent(&service, request.replace('"', "%22").as_bytes()).await;
            let head = answer.split("\r\n\r\n").next().unwrap();
            assert_eq!(statuses(head).len(), 1, "{path}: {answer}");
            for line in head.lines() {
                let lower = line.to_ascii_lowercase();
                assert!(!lower.starts_with("x-evil"), "{path}: {head}");
                if let Some(named) = lower.strip_prefix("content-disposition:") {
                    let name = named.split("filename=").nth(1).unwrap_or_default().trim_matches('"');
                    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
                    assert!(!name.is_empty() && name.chars().all(plain) && !name.contains("evil"), "{path}: {line}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_https_every_answer_says_so_for_a_year() {
    let secure =
        Service::start_as(NOW, Bounds::default(), |app| app.public_url = "https://fupan.example.com".to_owned()).await;
    let plain = Service::start(NOW).await;
    let client = super::client();
    for path in
        ["/healthz", "/login", "/", "/nothing", "/api/v1/events", "/static/app.css", "/s/fps_unknown", "/metrics"]
    {
        let answer = client.get(format!("{}{path}", secure.url)).send().await.unwrap();
        let header = answer.headers().get("strict-transport-security").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header.as_deref(), Some("max-age=31536000"), "{path}");
        let answer = client.get(format!("{}{path}", plain.url)).send().await.unwrap();
        assert!(answer.headers().get("strict-transport-security").is_none(), "{path}: nobody could go back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cell_of_a_csv_is_a_formula() {
    let (service, token) = start().await;
    let (cookie, _) = service.signed_in(Role::Lead).await;
    let client = super::client();
    let formula = "=HYPERLINK(\"http://evil.example.com\",\"看\")";
    let ask = |method: reqwest::Method, path: &str| {
        client.request(method, format!("{}{path}", service.url)).bearer_auth(&token)
    };
    let indicator = serde_json::json!({"key": "pay", "name": formula});
    let made = ask(reqwest::Method::POST, "/api/v1/indicators").json(&indicator).send().await.unwrap();
    assert!(made.status().is_success(), "{}", made.text().await.unwrap());
    let row = |minute: i64| format!("{},140,139\n", 1_724_050_800 + minute * 60);
    let rows = (0..120).map(row).collect::<Vec<_>>().concat();
    let samples = ask(reqwest::Method::POST, "/api/v1/indicators/pay/samples").header("Content-Type", "text/csv");
    let pushed = samples.body(format!("t,total,success\n{rows}")).send().await.unwrap();
    assert!(pushed.status().is_success(), "{}", pushed.text().await.unwrap());
    let count = serde_json::json!({"total": 10, "success": 9, "note": format!("{formula}\n@SUM(A1)")});
    let by_hand =
        ask(reqwest::Method::PUT, "/api/v1/indicators/pay/hand-counts/2024-08-05").json(&count).send().await.unwrap();
    assert!(by_hand.status().is_success(), "{}", by_hand.text().await.unwrap());
    let files = fupan::web::routes::ROUTES.iter().filter(|route| route.path.rsplit('.').next() == Some("csv"));
    let mut seen = 0;
    for route in files {
        let path = route.path.replace("{key}", "pay");
        assert!(!path.contains('{'), "{path}: say what stands there");
        for query in ["?from=2024-08-01&to=2024-08-21", "?period=2024-W34", "?period=2024-W32"] {
            let request = client.get(format!("{}{path}{query}", service.url));
            let answer = request.header("Cookie", format!("fupan_session={cookie}")).send().await.unwrap();
            assert!(answer.status().is_success(), "{path}{query}");
            assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/csv"), "{path}");
            let text = answer.text().await.unwrap();
            for cell in text.trim_start_matches('\u{feff}').lines().flat_map(|line| line.split(',')) {
                let cell = cell.trim_matches('"');
                assert!(
                    !cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !cell.contains("HYPERLINK"),
                    "{path}: {cell}"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 500, "{seen} cells");
}
