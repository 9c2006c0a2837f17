//! What leaves the house over HTTP, against real servers on this machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may fail")]

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use fupan::{
    domain::outgoing::Exceptions,
    outgoing::{House, HttpOut, Lookup, NothingOut},
    service::ports::{Outgoing, OutgoingAnswer, OutgoingError, OutgoingRequest, RequestBody},
};
use support::http::{Elsewhere, Reply};

fn allowing(entries: &[&str]) -> Exceptions {
    Exceptions::parse(&entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>()).unwrap()
}

/// A resolver that answers each time with the next of these lists, and the last one for ever; it notes the names.
fn lookup(answers: &[&[&str]]) -> (Lookup, Arc<Mutex<Vec<String>>>) {
    let answers: Vec<Vec<IpAddr>> =
        answers.iter().map(|list| list.iter().map(|address| address.parse().unwrap()).collect()).collect();
    let names: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&names);
    let lookup: Lookup = Arc::new(move |host| {
        let mut names = noted.lock().unwrap();
        let answer = answers.get(names.len()).or(answers.last()).cloned().unwrap_or_default();
        names.push(host);
        Box::pin(async move { Ok(answer) })
    });
    (lookup, names)
}

fn to(url: impl Into<String>) -> OutgoingRequest {
    OutgoingRequest {
        url: url.into(),
        body: RequestBody::None,
        bearer: None,
        house_token: false,
        headers: Vec::new(),
        within: Duration::from_secs(5),
        most_bytes: 100_000,
    }
}

async fn send(out: &impl Outgoing, url: impl Into<String>) -> Result<OutgoingAnswer, OutgoingError> {
    out.send(&to(url)).await
}

fn ok(body: &str) -> Reply {
    Reply::Whole("200 OK".to_owned(), Vec::new(), body.to_owned())
}

#[tokio::test]
async fn an_inner_address_is_not_asked_unless_it_is_listed_whatever_family_and_spelling() {
    let four = Elsewhere::start(|_| ok("four")).await;
    let six = Elsewhere::on("[::1]:0", |_| ok("six")).await;
    let port = four.address.port();
    let closed = HttpOut::new(Exceptions::default()).unwrap();
    for host in
        ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0"]
    {
        for scheme in ["http", "https"] {
            let answer = send(&closed, format!("{scheme}://{host}:{port}/")).await;
            assert!(matches!(answer, Err(OutgoingError::Forbidden(_))), "{scheme} {host}: {answer:?}");
        }
    }
    let six_url = format!("http://[::1]:{}/", six.address.port());
    assert!(matches!(send(&closed, &six_url).await, Err(OutgoingError::Forbidden(_))));
    // A name of this machine is judged by what it resolves to.
    let named = send(&closed, format!("http://localhost:{port}/")).await;
    assert!(matches!(named, Err(OutgoingError::Forbidden(_))), "{named:?}");
    assert_eq!((four.count(), six.count()), (0, 0), "nobody was asked");

    let open = HttpOut::new(allowing(&["127.0.0.0/8", "::1"])).unwrap();
    assert_eq!(send(&open, four.url()).await.unwrap().body, b"four");
    assert_eq!(send(&open, &six_url).await.unwrap().body, b"six");
    assert!(matches!(
        send(&open, format!("http://[::ffff:127.0.0.1]:{port}/")).await,
        Err(OutgoingError::Forbidden(_))
    ));
}

#[tokio::test]
async fn every_kind_of_special_address_behind_a_name_is_refused_by_words() {
    for address in [
        "10.0.0.7",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "0.0.0.0",
        "192.0.2.1",
        "240.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.7",
        "64:ff9b::a00:7",
        "2002:a00:7::1",
        "2001:db8::1",
    ] {
        let (lookup, names) = lookup(&[&[address]]);
        let out = HttpOut::with_lookup(Exceptions::default(), &lookup).unwrap();
        let Err(OutgoingError::Forbidden(words)) = send(&out, "https://prometheus.example.com/").await else {
            panic!("{address} was asked")
        };
        assert!(words.contains("outgoing.allow") && words.contains(address), "{words}");
        assert_eq!(names.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_name_that_answers_otherwise_the_second_time_gains_nothing() {
    let good = Elsewhere::start(|_| ok("good")).await;
    let canary = Elsewhere::on(&format!("127.0.0.2:{}", good.address.port()), |_| ok("inner")).await;
    let url = format!("http://metrics.example.com:{}/", good.address.port());
    let (lookup, names) = lookup(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let out = HttpOut::with_lookup(allowing(&["127.0.0.1/32"]), &lookup).unwrap();
    assert_eq!(send(&out, &url).await.unwrap().body, b"good");
    assert_eq!(names.lock().unwrap().len(), 1, "what was judged is what is connected to");
    assert!(matches!(send(&out, &url).await, Err(OutgoingError::Forbidden(_))));
    assert_eq!(canary.count(), 0);
}

#[tokio::test]
async fn of_several_addresses_only_those_that_are_admitted_are_tried() {
    let good = Elsewhere::start(|_| ok("good")).await;
    let canary = Elsewhere::on(&format!("127.0.0.2:{}", good.address.port()), |_| ok("inner")).await;
    let (lookup, _) = lookup(&[&["127.0.0.2", "127.0.0.1"]]);
    let out = HttpOut::with_lookup(allowing(&["127.0.0.1/32"]), &lookup).unwrap();
    let url = format!("http://metrics.example.com:{}/", good.address.port());
    assert_eq!(send(&out, &url).await.unwrap().body, b"good");
    assert_eq!(canary.count(), 0);
}

#[tokio::test]
async fn a_public_server_is_asked_by_tls_and_on_the_usual_ports_only() {
    let (lookup, _) = lookup(&[&["8.8.8.8"]]);
    let out = HttpOut::with_lookup(allowing(&[]), &lookup).unwrap();
    for url in
        ["http://metrics.example.com/", "https://metrics.example.com:9090/", "http://8.8.8.8/", "https://8.8.8.8:22/"]
    {
        assert!(matches!(send(&out, url).await, Err(OutgoingError::Forbidden(_))), "{url}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let canary = Elsewhere::start(|_| ok("inner")).await;
    let target = canary.url();
    for status in ["301 Moved", "302 Found", "303 See", "307 Again", "308 Again"] {
        let target = target.clone();
        let server = Elsewhere::start(move |_| {
            Reply::Whole(status.to_owned(), vec![("Location", target.clone())], String::new())
        })
        .await;
        let out = HttpOut::new(allowing(&["127.0.0.1"])).unwrap();
        let code: u16 = status.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(send(&out, server.url()).await, Err(OutgoingError::Redirect(code)));
        assert_eq!(server.count(), 1);
    }
    assert_eq!(canary.count(), 0);
}

#[tokio::test]
async fn an_answer_is_bounded_in_size_and_in_time() {
    let out = HttpOut::new(allowing(&["127.0.0.1"])).unwrap();
    let endless = Elsewhere::start(|_| Reply::Endless).await;
    assert_eq!(send(&out, endless.url()).await, Err(OutgoingError::TooLong(100_000)));
    let long = Elsewhere::start(|_| ok(&"x".repeat(100_001))).await;
    assert_eq!(send(&out, long.url()).await, Err(OutgoingError::TooLong(100_000)));
    let whole = Elsewhere::start(|_| ok(&"x".repeat(100_000))).await;
    assert_eq!(send(&out, whole.url()).await.unwrap().body.len(), 100_000);
    for reply in [Reply::Slow, Reply::Silent] {
        let server = Elsewhere::start(move |_| reply.clone()).await;
        let begun = Instant::now();
        let request = OutgoingRequest { within: Duration::from_secs(1), ..to(server.url()) };
        assert_eq!(out.send(&request).await, Err(OutgoingError::TooSlow(1)));
        assert!(begun.elapsed() < Duration::from_secs(4));
    }
}

#[tokio::test]
async fn a_token_and_a_form_arrive_and_nothing_else_of_the_house_does() {
    let server = Elsewhere::start(|_| {
        Reply::Whole("503 Away".to_owned(), vec![("Retry-After", "7".to_owned())], "x".to_owned())
    })
    .await;
    let out = HttpOut::new(allowing(&["127.0.0.1"])).unwrap();
    let request = OutgoingRequest {
        body: RequestBody::Form(vec![("query", "a{b=\"提现\"} + 1".to_owned())]),
        bearer: Some("s3cret".to_owned().into()),
        ..to(format!("{}/api", server.url()))
    };
    assert!(!format!("{request:?}").contains("s3cret"));
    let answer = out.send(&request).await.unwrap();
    assert_eq!((answer.status, answer.retry_after, answer.body.as_slice()), (503, Some(7), b"x".as_slice()));
    let asked = server.asked.lock().unwrap()[0].clone();
    assert_eq!(asked.line, "POST /api HTTP/1.1");
    assert_eq!(asked.headers["authorization"], "Bearer s3cret");
    assert_eq!(asked.field("query"), "a{b=\"提现\"} + 1");
    assert!(!asked.headers.contains_key("referer") && !asked.headers.contains_key("cookie"));
}

#[tokio::test]
async fn what_speaks_no_tls_and_what_nobody_serves_is_unreachable() {
    let plain = Elsewhere::start(|_| ok("plain")).await;
    let out = HttpOut::new(allowing(&["127.0.0.1"])).unwrap();
    let request = OutgoingRequest {
        within: Duration::from_secs(1),
        ..to(format!("https://127.0.0.1:{}/", plain.address.port()))
    };
    let answer = out.send(&request).await;
    assert!(matches!(answer, Err(OutgoingError::Unreachable(_) | OutgoingError::TooSlow(1))), "{answer:?}");
    let port = plain.address.port();
    drop(plain);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let answer = send(&out, format!("http://127.0.0.1:{port}/")).await;
    assert!(matches!(answer, Err(OutgoingError::Unreachable(_))), "{answer:?}");
}

#[tokio::test]
async fn an_address_that_is_none_or_carries_a_password_is_refused_before_anything_is_sent() {
    let out = HttpOut::new(allowing(&["127.0.0.1"])).unwrap();
    for bad in [
        "",
        "prometheus",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://user:pw@127.0.0.1/",
        "http://@/",
        "javascript:1",
    ] {
        assert!(matches!(out.check(bad), Err(OutgoingError::Address(_))), "{bad}: {:?}", out.check(bad));
    }
    assert!(matches!(out.check(&format!("http://127.0.0.1/{}", "x".repeat(3_000))), Err(OutgoingError::Address(_))));
    assert!(matches!(NothingOut.check("https://example.com"), Err(OutgoingError::Forbidden(_))));
    assert!(matches!(send(&NothingOut, "https://example.com").await, Err(OutgoingError::Forbidden(_))));
}

/// What speaks TLS with a certificate of an authority that only this test knows.
fn acceptor() -> tokio_rustls::TlsAcceptor {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outgoing");
    let chain = CertificateDer::pem_file_iter(folder.join("server.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let settings = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    tokio_rustls::TlsAcceptor::from(Arc::new(settings))
}

/// A server behind TLS; it answers with what it was told as authorization.
async fn behind_tls() -> std::net::SocketAddr {
    let acceptor = acceptor();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).await.unwrap_or(0) == 0 {
                    break;
                }
                asked.push(byte[0]);
            }
            let asked = String::from_utf8(asked).unwrap();
            let told = asked.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap_or("nothing");
            let answer =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{told}", told.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = stream.shutdown().await;
        }
    });
    address
}

#[tokio::test]
async fn a_server_of_an_inner_authority_is_asked_once_its_certificate_is_in_the_settings() {
    let address = behind_tls().await;
    let (lookup, _) = lookup(&[&["127.0.0.1"]]);
    let url = format!("https://prometheus.internal:{}/", address.port());
    let exceptions = || allowing(&["prometheus.internal"]);
    let closed = HttpOut::with_lookup(exceptions(), &lookup).unwrap();
    let Err(OutgoingError::Unreachable(words)) = send(&closed, &url).await else { panic!("it was believed") };
    assert!(words.contains("UnknownIssuer"), "{words}");
    let authority = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outgoing/authority.pem");
    let open = HttpOut::set_up(exceptions(), House::of(Some(&authority), &[]).unwrap(), &lookup).unwrap();
    assert_eq!(send(&open, &url).await.unwrap().body, b"nothing");
    // Trusting it does not open what is not listed.
    let other = format!("https://other.internal:{}/", address.port());
    assert!(matches!(send(&open, &other).await, Err(OutgoingError::Forbidden(_))));
    let bare = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outgoing/server.key");
    let words = House::of(Some(&bare), &[]).unwrap_err();
    assert!(words.contains("server.key") && words.contains("no certificate"), "{words}");
}

#[tokio::test]
async fn a_token_of_the_settings_goes_to_its_server_alone_and_its_file_is_read_anew() {
    let told = |reply: &support::http::Asked| {
        let told = reply.headers.get("authorization").cloned().unwrap_or_default();
        Reply::Whole("200 OK".to_owned(), Vec::new(), told)
    };
    let (one, two) = (Elsewhere::start(told).await, Elsewhere::start(told).await);
    let folder = support::TestDatabase::new().await;
    let file = folder.folder().join("token");
    std::fs::write(&file, "first\n").unwrap();
    let with = |reference: &str| {
        let entry = format!("{}={reference}", one.url().trim_end_matches('/'));
        let house = House::of(None, &[entry]).unwrap();
        assert!(!format!("{house:?}").contains("first"));
        HttpOut::of_house(allowing(&["127.0.0.0/8"]), house).unwrap()
    };
    let ask = async |out: &HttpOut, url: String| {
        let request = OutgoingRequest { house_token: true, ..to(url) };
        out.send(&request).await.map(|answer| String::from_utf8(answer.body).unwrap())
    };
    let out = with(&format!("file:{}", file.display()));
    assert!(out.holds_token(&one.url()) && !out.holds_token(&two.url()));
    assert_eq!(ask(&out, one.url()).await.unwrap(), "Bearer first");
    assert_eq!(ask(&out, two.url()).await.unwrap(), "", "another port is another server");
    assert_eq!(send(&out, one.url()).await.unwrap().body, b"", "only who asks for it gets it: no group of a chat");
    let given = OutgoingRequest { bearer: Some("own".to_owned().into()), house_token: true, ..to(one.url()) };
    assert_eq!(out.send(&given).await.unwrap().body, b"Bearer own");
    std::fs::write(&file, "second").unwrap();
    assert_eq!(ask(&out, one.url()).await.unwrap(), "Bearer second");
    let basic = with(&format!("basic:file:{}", file.display()));
    std::fs::write(&file, "name:pass word\n").unwrap();
    assert_eq!(ask(&basic, one.url()).await.unwrap(), "Basic bmFtZTpwYXNzIHdvcmQ=");
    let Err(OutgoingError::Token(words)) = ask(&out, one.url()).await else { panic!("two words are no token") };
    assert!(!words.contains("pass word") && words.contains("outgoing.tokens"), "{words}");
    let environment = with("env:PATH");
    assert_eq!(ask(&environment, one.url()).await.unwrap(), format!("Bearer {}", std::env::var("PATH").unwrap()));
    let Err(OutgoingError::Token(words)) = ask(&with("env:NOT_SET_ANYWHERE"), one.url()).await else { panic!() };
    assert!(words.contains("NOT_SET_ANYWHERE"), "{words}");
}

#[tokio::test]
async fn no_mail_goes_to_a_server_whose_certificate_is_of_nobody_that_is_known_or_of_another_server() {
    use fupan::notify::mail::{SmtpSettings, SmtpTimeouts, SmtpTransport, TlsMode};
    use fupan::service::ports::{Delivery, OutgoingMessage, Transport as _};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let acceptor = acceptor();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
    let hearing = Arc::clone(&heard);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (acceptor, hearing) = (acceptor.clone(), Arc::clone(&hearing));
            tokio::spawn(async move {
                // Who begins in clear gets a greeting and the offer of TLS; a hello of TLS begins with 22.
                let mut first = [0];
                let asks = tokio::time::timeout(Duration::from_millis(300), stream.peek(&mut first)).await;
                if asks.is_err() {
                    let mut line = [0; 512];
                    stream.write_all(b"220 mail.example.com\r\n").await.unwrap();
                    let _ = stream.read(&mut line).await;
                    stream.write_all(b"250-mail.example.com\r\n250 STARTTLS\r\n").await.unwrap();
                    let _ = stream.read(&mut line).await;
                    stream.write_all(b"220 go ahead\r\n").await.unwrap();
                }
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut said = Vec::new();
                let _ = stream.read_to_end(&mut said).await;
                hearing.lock().unwrap().extend(said);
            });
        }
    });
    let soon = Duration::from_secs(2);
    let authority =
        std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outgoing/authority.pem"));
    for authority in [None, Some(authority.unwrap())] {
        for tls in [TlsMode::StartTls, TlsMode::Tls] {
            let transport = SmtpTransport::new(SmtpSettings {
                host: "127.0.0.1".to_owned(),
                port,
                tls,
                username: Some("fupan".to_owned()),
                password: Some("hunter22-of-mail".to_owned().into()),
                from: "fupan@fupan.test".to_owned(),
                mail_domain: "fupan.test".to_owned(),
                timeouts: SmtpTimeouts { connect: soon, command: soon, body: soon, dot: soon },
                connections: 1,
                authority: authority.clone(),
            })
            .unwrap();
            let message = OutgoingMessage {
                message_id: "r.abc@fupan.test".to_owned(),
                recipient: "oncall@example.com".to_owned(),
                subject: "secret subject".to_owned(),
                text: "secret text".to_owned(),
                html: "<p>secret text</p>".to_owned(),
                list: "reminders",
                unsubscribe_url: None,
                thread: None,
                calendar: None,
                date: "2024-08-27T02:07:00Z".parse().unwrap(),
            };
            let sent = transport.send(&message, Box::new(|| Box::pin(async { true }))).await;
            assert!(matches!(sent, Some(Delivery::Unreachable(_))), "{tls:?}: {sent:?}");
        }
    }
    assert_eq!(String::from_utf8_lossy(&heard.lock().unwrap()), "", "something was said to it");
}
