//! Slow clients and floods: who is slow is sent away, who asks too often is told when to come back, and the others are answered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may fail")]

use std::time::{Duration, Instant};

use fupan::{
    domain::actor::{Actor, Role},
    service::{
        accounts,
        limits::{Limits, Rates},
        tokens,
    },
    web::server::{Bounds, Pace},
};
use reqwest::{Client, StatusCode, redirect::Policy};
use support::Service;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const NOW: &str = "2024-08-21T10:00:00+08:00";

/// Sends `head`, then `more` again and again, and returns what was answered until the server ended the connection.
async fn slow(url: String, head: String, more: &'static str) -> String {
    let mut connection = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    connection.write_all(head.as_bytes()).await.unwrap();
    let (mut from, mut to) = connection.split();
    let (mut answer, mut part) = (Vec::new(), [0; 4_096]);
    loop {
        match tokio::time::timeout(Duration::from_millis(400), from.read(&mut part)).await {
            Ok(Ok(0) | Err(_)) => return String::from_utf8_lossy(&answer).into_owned(),
            Ok(Ok(len)) => answer.extend_from_slice(part.get(..len).unwrap()),
            // What cannot be sent any more is seen by reading.
            Err(_) => drop(to.write_all(more.as_bytes()).await),
        }
    }
}

fn pace() -> Bounds {
    Bounds { pace: Pace { first: Duration::from_secs(3), rate: 16 * 1_024 }, ..Bounds::default() }
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(Policy::none()).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_and_slow_bodies_are_sent_away_while_others_are_answered() {
    let many = std::env::var("SLOW_CLIENTS").ok().and_then(|many| many.parse().ok()).unwrap_or(300);
    let service = Service::start_with(NOW, Limits::default(), pace()).await;
    let token = service.token(Role::Reporter).await;
    let begun = "POST /api/v1/events HTTP/1.1\r\nHost: fupan.test\r\n";
    let heads: Vec<_> = (0..many).map(|_| tokio::spawn(slow(service.url.clone(), begun.to_owned(), "x"))).collect();
    let head = format!(
        "{begun}Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{"
    );
    let bodies: Vec<_> = (0..many).map(|_| tokio::spawn(slow(service.url.clone(), head.clone(), " "))).collect();

    let client = client();
    let mut times = Vec::new();
    // As long as any of them is there.
    while !heads.iter().chain(&bodies).all(tokio::task::JoinHandle::is_finished) {
        let sent = Instant::now();
        let request = client.get(format!("{}/api/v1/events", service.url)).bearer_auth(&token);
        let answer = request.timeout(Duration::from_secs(10)).send().await.expect("an answer beside the slow ones");
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.unwrap();
        times.push(sent.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    times.sort();
    let (count, at) = (times.len(), |percent: usize| times[times.len() * percent / 100]);
    assert!(count > 50, "the slow ones are gone after {count} requests");
    println!("{many} slow heads, {many} slow bodies; {count} others: median {:?}, p99 {:?}", at(50), at(99));

    for body in bodies {
        let answer = body.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer:?}");
        assert!(answer.contains("urn:fupan:problem:slow"), "{answer}");
    }
    for head in heads {
        let answer = head.await.unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer:?}");
    }
}

#[tokio::test]
async fn a_body_that_nobody_reads_ends_with_the_answer_however_it_is_sent() {
    let service = Service::start_with(NOW, Limits::default(), pace()).await;
    for framing in ["Content-Length: 100000", "Transfer-Encoding: chunked"] {
        let head = format!("POST /api/v1/events HTTP/1.1\r\nHost: fupan.test\r\n{framing}\r\n\r\n");
        let sent = tokio::time::timeout(Duration::from_secs(30), slow(service.url.clone(), head, "1\r\nx\r\n"));
        let answer = sent.await.unwrap_or_else(|_| panic!("{framing}: the connection does not end"));
        assert!(answer.starts_with("HTTP/1.1 401 "), "{framing}: {answer}");
    }
}

#[tokio::test]
async fn a_body_that_comes_steadily_has_as_long_as_it_needs() {
    let bounds = Bounds { pace: Pace { first: Duration::from_secs(2), rate: 1 }, ..Bounds::default() };
    let service = Service::start_with(NOW, Limits::default(), bounds).await;
    let token = service.token(Role::Reporter).await;
    let mut connection = TcpStream::connect(service.url.trim_start_matches("http://")).await.unwrap();
    let line = r#"{"line": "08/19 15:00 提现失败，影响约684笔"}"#;
    let spaces = " ".repeat(10);
    let length = line.len() + 8 * spaces.len();
    let head = format!(
        "POST /api/v1/events HTTP/1.1\r\nHost: fupan.test\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        connection.write_all(spaces.as_bytes()).await.unwrap();
    }
    connection.write_all(line.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back_and_nobody_else_is() {
    let rates = Rates { sign_in: 3, links: 3, token: 5, account: 7 };
    let bounds =
        Bounds { proxies: vec![fupan::domain::outgoing::Network::parse("127.0.0.1").unwrap()], ..Bounds::default() };
    let service = Service::start_with(NOW, Limits::new(rates), bounds).await;
    let (client, url) = (client(), service.url.clone());
    let told = |answer: reqwest::Response| {
        let wait = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), wait)
    };

    let sign_in = |from: &'static str, email: String| {
        let form = [("email", email.as_str()), ("password", "not the right one")];
        let request = client.post(format!("{url}/login")).header("sec-fetch-site", "same-origin");
        request.header("x-forwarded-for", from).form(&form).send()
    };
    for guess in 0..3 {
        assert_eq!(told(sign_in("192.0.2.1", format!("{guess}@example.com")).await.unwrap()), (401, None));
    }
    let refused = sign_in("192.0.2.1", "3@example.com".to_owned()).await.unwrap();
    assert_eq!(told(refused), (429, Some("20".to_owned())), "another e-mail, the same address");
    assert_eq!(told(sign_in("192.0.2.2", "0@example.com".to_owned()).await.unwrap()).0, 401, "another address");
    service.clock.set("2024-08-21T10:00:20+08:00");
    assert_eq!(told(sign_in("192.0.2.1", "4@example.com".to_owned()).await.unwrap()).0, 401);

    let link = || client.get(format!("{url}/s/fps_unknown")).header("x-forwarded-for", "192.0.2.1").send();
    for _ in 0..3 {
        assert_eq!(told(link().await.unwrap()).0, 404);
    }
    let refused = link().await.unwrap();
    assert_eq!(told(refused), (429, Some("20".to_owned())));

    let ask = |token: String, from: &'static str| {
        client.get(format!("{url}/api/v1/events")).header("x-forwarded-for", from).bearer_auth(token).send()
    };
    for guess in 0..3 {
        assert_eq!(told(ask(format!("fpn_{guess}"), "192.0.2.3").await.unwrap()).0, 401);
    }
    assert_eq!(told(ask("fpn_3".to_owned(), "192.0.2.3").await.unwrap()).0, 429, "guesses of tokens");

    let operator = Actor::local_operator();
    let new = accounts::NewAccount {
        email: "li@example.com".to_owned(),
        name: "Li".to_owned(),
        role: Role::Viewer,
        lang: "en".to_owned(),
    };
    let account = accounts::add(&service.app, &operator, new).await.unwrap().0;
    let one = tokens::create(&service.app, &operator, &account, tokens::NewToken::of_all("one")).await.unwrap().1;
    let two = tokens::create(&service.app, &operator, &account, tokens::NewToken::of_all("two")).await.unwrap().1;
    for _ in 0..5 {
        assert_eq!(told(ask(one.clone(), "192.0.2.4").await.unwrap()).0, 200);
    }
    let refused = ask(one, "192.0.2.4").await.unwrap();
    assert_eq!(told(refused), (429, Some("12".to_owned())), "the token");
    for _ in 0..2 {
        assert_eq!(told(ask(two.clone(), "192.0.2.4").await.unwrap()).0, 200, "another token of the same account");
    }
    let refused = ask(two, "192.0.2.4").await.unwrap();
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    assert_eq!(told(refused), (429, Some("9".to_owned())), "the account");
    let another = service.token(Role::Viewer).await;
    assert_eq!(told(ask(another, "192.0.2.4").await.unwrap()).0, 200, "somebody else at the same address");
}

/// Asks for so many answers at once on one connection whose reader takes little into its buffer; answers the connection.
async fn asks_for(url: &str, answers: usize) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1_024).unwrap();
    let mut stream = socket.connect(url.trim_start_matches("http://").parse().unwrap()).await.unwrap();
    let ask = "GET /static/app.css HTTP/1.1\r\nHost: fupan.test\r\n\r\n".repeat(answers);
    // What does not fit is not sent: the server reads no more than it answers.
    let _ = tokio::time::timeout(Duration::from_millis(500), stream.write_all(ask.as_bytes())).await;
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_the_answer_is_sent_away_and_who_reads_slowly_but_steadily_gets_it() {
    const ANSWERS: usize = 600;
    let reading = Pace { first: Duration::from_secs(1), rate: 64 * 1_024 };
    let service = Service::start_with(NOW, Limits::default(), Bounds { reading, ..Bounds::default() }).await;
    let whole =
        client().get(format!("{}/static/app.css", service.url)).send().await.unwrap().bytes().await.unwrap().len();
    let whole = whole * ANSWERS;

    // A hundred that read nothing do not keep others waiting.
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(asks_for(&service.url, ANSWERS).await);
    }
    let health = client().get(format!("{}/readyz", service.url)).send().await.unwrap();
    assert_eq!(health.status(), StatusCode::OK);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut got = Vec::new();
    let mut first = silent.swap_remove(0);
    // An end or a reset: both are the end.
    let _ =
        tokio::time::timeout(Duration::from_secs(10), first.read_to_end(&mut got)).await.expect("the connection ended");
    assert!(got.len() < whole, "{} of {whole}", got.len());

    let (from, mut to) = asks_for(&service.url, 1).await.into_split();
    let mut from = from;
    let more = tokio::spawn(async move {
        let ask = "GET /static/app.css HTTP/1.1\r\nHost: fupan.test\r\n\r\n".repeat(ANSWERS - 1);
        to.write_all(ask.as_bytes()).await.unwrap();
        to
    });
    let (mut part, mut taken) = (vec![0; 64 * 1_024], 0);
    while taken < whole {
        match tokio::time::timeout(Duration::from_secs(5), from.read(&mut part)).await.unwrap().unwrap() {
            0 => break,
            some => taken += some,
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(taken >= whole, "{taken} of {whole}");
    drop(more.await.unwrap());
}

/// Asks for much and reads so many bytes every twentieth of a second for so long; answers the connection and whether it still stands.
async fn reads(url: &str, part: usize, long: Duration) -> (TcpStream, bool, usize) {
    const ASK: &str = "GET /static/app.css HTTP/1.1\r\nHost: fupan.test\r\n\r\n";
    // With what the system gives by itself to both sides.
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    let _ = tokio::time::timeout(Duration::from_millis(500), stream.write_all(ASK.repeat(600).as_bytes())).await;
    let (mut bytes, mut taken, begun) = (vec![0; part], 0, Instant::now());
    while begun.elapsed() < long {
        let due = usize::try_from(begun.elapsed().as_millis() / 50 + 1).unwrap() * part;
        while taken < due {
            match tokio::time::timeout(Duration::from_secs(1), stream.read(&mut bytes)).await {
                Ok(Ok(read)) if read > 0 => taken += read,
                Ok(_) => return (stream, false, taken),
                Err(_) => break,
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    (stream, true, taken)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_a_little_faster_than_the_pace_is_kept_however_much_the_system_keeps_for_it() {
    // The pace by default is 30 s and 4 KiB a second: the same here, sixty times as fast.
    let reading = Pace { first: Duration::from_millis(500), rate: 240 * 1_024 };
    let service = Service::start_with(NOW, Limits::default(), Bounds { reading, ..Bounds::default() }).await;
    // What is read in a twentieth of a second is asked for by the clock, however late the machine is: a third more than the pace.
    let url = service.url.clone();
    let steady: Vec<_> = (0..4)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { reads(&url, 16 * 1_024, Duration::from_secs(4)).await })
        })
        .collect();
    // A sixteenth of that.
    let slow = tokio::spawn(async move { reads(&url, 1_024, Duration::from_secs(4)).await });
    for one in steady {
        let (_stream, stands, taken) = one.await.unwrap();
        assert!(stands, "sent away after {taken} bytes");
    }
    let (mut stream, _, taken) = slow.await.unwrap();
    let mut rest = Vec::new();
    // What the systems on the way still hold is no more than what they may keep.
    let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "who reads at a twelfth of the pace is still answered");
    assert!(rest.len() < 8 * 1_024 * 1_024, "{taken} and {} bytes", rest.len());
}

/// Asks one after the other until the slow ones are gone or so many were asked; the times, sorted.
async fn asked_beside(service: &Service, token: &str, gone: impl Fn() -> bool, most: usize) -> Vec<Duration> {
    let client = client();
    let mut times = Vec::new();
    while !gone() && times.len() < most {
        let sent = Instant::now();
        let request = client.get(format!("{}/api/v1/events", service.url)).bearer_auth(token);
        // Long enough to be told, where the machine has too much to do.
        let answer = request.timeout(Duration::from_secs(60)).send().await.expect("an answer beside the slow ones");
        // A busy machine may answer 503: that is part of what is measured.
        answer.bytes().await.unwrap();
        times.push(sent.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    times.sort();
    times
}

/// A measurement and no check: what it prints depends on the machine, so it prints what the machine does without slow clients too.
/// `cargo test --release --test floods -- --ignored --nocapture measured`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn two_thousand_slow_heads_and_two_thousand_slow_bodies_are_measured_beside_none() {
    const MANY: usize = 2_000;
    let pace = Pace { first: Duration::from_secs(20), rate: 16 * 1_024 };
    let service = Service::start_with(NOW, Limits::default(), Bounds { pace, ..Bounds::default() }).await;
    let token = service.token(Role::Reporter).await;
    let at = |times: &[Duration], percent: usize| times[times.len() * percent / 100];
    let told = |name: &str, times: &[Duration]| {
        println!(
            "{name}: {} requests, p50 {:?}, p99 {:?}, most {:?}",
            times.len(),
            at(times, 50),
            at(times, 99),
            times[times.len() - 1]
        );
    };
    drop(asked_beside(&service, &token, || false, 100).await);
    told("without slow clients", &asked_beside(&service, &token, || false, 1_000).await);
    let begun = "POST /api/v1/events HTTP/1.1\r\nHost: fupan.test\r\n";
    let head = format!(
        "{begun}Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{"
    );
    let slow: Vec<_> = (0..MANY)
        .flat_map(|_| [(begun.to_owned(), "x"), (head.clone(), " ")])
        .map(|(head, more)| tokio::spawn(slow(service.url.clone(), head, more)))
        .collect();
    let gone = || slow.iter().all(tokio::task::JoinHandle::is_finished);
    told("beside 2,000 slow heads and 2,000 slow bodies", &asked_beside(&service, &token, gone, 100_000).await);
    told("after them", &asked_beside(&service, &token, || false, 1_000).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_more_than_sixteen_kibibytes_is_refused() {
    let service = Service::start(NOW).await;
    let ask = |bytes: usize| {
        let ask = client().get(format!("{}/healthz", service.url)).header("X-Long", "x".repeat(bytes));
        async move { ask.send().await.unwrap().status() }
    };
    assert_eq!(ask(15_000).await, StatusCode::OK);
    assert_eq!(ask(17_000).await, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}
