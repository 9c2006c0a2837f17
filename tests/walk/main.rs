//! A walk over every route and every page, as everybody, in a world with something to hide.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may fail")]

mod bodies;
mod targets;
mod world;

use std::{collections::BTreeSet, sync::Arc};

use fupan::{
    domain::actor::Permission,
    web::routes::{ROUTES, Route},
};
use reqwest::StatusCode;
use serde_json::Value;
use targets::Target;
use world::{Answer, HIDDEN, HIDDEN_ITEM, Hiding, OPEN, OPEN_ITEM, Person, SEARCH, SECRET, WEEK, World};

/// What is asked with each parameter of the OpenAPI document, by its name.
const QUERIES: &[(&str, &[&str])] = &[
    ("action", &["event.", "account.password"]),
    ("actor", &["lead@example.com"]),
    ("archived", &["true"]),
    ("as", &["now", "published"]),
    ("by", &["team", "service", "severity", "level", "month", "beginning", "logged"]),
    ("channel", &["mail", "chat"]),
    ("cursor", &[]),
    ("everyone", &["true"]),
    ("diff", &["2024-W33"]),
    ("due_week", &[WEEK]),
    ("format", &["md", "json", "html", "text"]),
    ("from", &["2024-08-01", "2024-08-19T00:00:00+08:00"]),
    ("group", &["支付", "A"]),
    ("kind", &["clock", "line", "change"]),
    ("limit", &["1", "100"]),
    ("metric", &["events", "incidents", "mttr", "restore"]),
    ("ongoing", &["true"]),
    ("order", &["logged", "oldest", "severity"]),
    ("overdue", &["true"]),
    ("owner", &["named-reporter@example.com", "none"]),
    ("part", &["counted", "all"]),
    ("period", &[WEEK, "2024-08", "2024"]),
    ("q", &["绝密渠道", "7341", "PE-7341", "tag:绝密标签", "severity:A", "has:loss", "state:owed", "topsecret"]),
    ("reading", &["primary", "shares"]),
    ("recipient", &["named-reporter@example.com"]),
    ("removed", &["true"]),
    ("revision", &["1"]),
    ("section", &["events", "figures"]),
    ("severity", &["A"]),
    ("state", &["owed", "overdue", "done", "open", "merged", "proposed", "dismissed", "closed", "all"]),
    ("style", &["house"]),
    ("subject", &["PE-7341", "event:7341"]),
    ("target", &["99.9"]),
    ("team", &["支付"]),
    ("to", &["2024-08-31", "2024-08-20T00:00:00+08:00"]),
    ("until", &["2024-08-31"]),
    ("view", &["hidden view"]),
    ("week", &[WEEK]),
    ("window", &["week"]),
];

/// What pages are asked with; a page that knows no such name ignores it or refuses.
const PAGE_QUERIES: &[&str] = &[
    "q=%E7%BB%9D%E5%AF%86%E6%B8%A0%E9%81%93",
    "q=tag%3A%E7%BB%9D%E5%AF%86%E6%A0%87%E7%AD%BE",
    "q=PE-7341",
    "q=severity%3AA",
    "severity=A",
    "week=2024-W34",
    "state=owed",
    "state=merged",
    "state=all",
    "state=done",
    "period=2024-W34",
    "period=2024-08",
    "from=2024-08-01&to=2024-08-31",
    "as=now",
    "as=published",
    "revision=1",
    "format=md",
    "format=html",
    "format=json",
    "metric=events&part=all&from=2024-08-01&to=2024-08-31",
    "order=severity",
    "removed=true",
    "overdue=true",
    "from=1&to=2",
];

fn api_queries(document: &Value, world: &World, route: &Route) -> Vec<String> {
    let parameters = &document["paths"][route.path][route.method.to_lowercase()]["parameters"];
    let names = parameters.as_array().into_iter().flatten().filter(|one| one["in"] == "query");
    let names: Vec<&str> = names.map(|one| one["name"].as_str().unwrap()).collect();
    let mut queries = Vec::new();
    for name in &names {
        let (_, values) = QUERIES
            .iter()
            .find(|(known, _)| known == name)
            .unwrap_or_else(|| panic!("{} {}: say what is asked with {name}", route.method, route.path));
        for value in *values {
            let value = world.ids.get(value).map_or(*value, String::as_str);
            queries.push(form(&[(name, value)]));
        }
    }
    if names.contains(&"from") && names.contains(&"to") {
        queries.push("from=2024-08-01&to=2024-08-31".to_owned());
        queries.push("from=2024-08-19T00%3A00%3A00%2B08%3A00&to=2024-08-21T00%3A00%3A00%2B08%3A00".to_owned());
        queries.push("from=1&to=2".to_owned());
    }
    if names.contains(&"metric") {
        for metric in ["events", "postmortems", "time_to_recover", "loss", "actions"] {
            queries.push(format!("from=2024-08-01&to=2024-08-31&metric={metric}&part=all"));
        }
    }
    queries
}

fn form(pairs: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://x.example.com/").unwrap();
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// What an answer tells of the hidden events, if anything. Numbers that were asked for may stand in it again.
fn told(world: &World, asked: &str, answer: &Answer) -> Option<String> {
    let mut texts = vec![answer.text.clone()];
    let counted = answer.headers.iter().filter(|(name, _)| *name != "content-length");
    texts.extend(counted.map(|(_, value)| String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let mut words: Vec<&str> = vec![SECRET, "topsecret.example.com", "734100", "7,341.00"];
    // What strangers write by themselves they may read again.
    if !asked.contains("%E7%BB%9D") && !asked.contains("绝密") && !asked.contains("(sent)") {
        words.extend([SEARCH, "绝密标签"]);
    }
    words.extend(["hidden entry", "hidden view"].map(|name| world.id(name)).iter().filter(|id| !asked.contains(**id)));
    for text in &texts {
        let text = text.replace("\\u", "\\\\u");
        if let Some(word) = words.iter().find(|word| text.contains(**word)) {
            return Some((*word).to_owned());
        }
        for number in HIDDEN.iter().chain([&HIDDEN_ITEM]).map(ToString::to_string) {
            if asked.contains(&number) {
                continue;
            }
            let mut rest = text.as_str();
            let mut before = ' ';
            while let Some((head, tail)) = rest.split_once(&number) {
                before = head.chars().last().unwrap_or(before);
                let after = tail.chars().next().unwrap_or(' ');
                // Four digits also stand in ids and in times.
                let of_more = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
                let between = before == '-' && after == '-';
                if !(of_more(before) || of_more(after) || between || before == '.') {
                    return Some(number);
                }
                rest = tail;
            }
        }
    }
    None
}

/// What an answer to a change may say again.
fn sent(route: &Route, target: &Target) -> String {
    let named = if bodies::names_hidden(route) { " 7341" } else { "" };
    format!("{} (sent){named}", target.path)
}

fn around(answer: &Answer, word: &str) -> String {
    let at = answer.text.find(word).unwrap_or(0);
    let from = answer.text[..at].char_indices().rev().nth(300).map_or(0, |(at, _)| at);
    answer.text[from..].chars().take(700).collect()
}

/// The headers that every answer carries.
fn lacks_a_header(path: &str, answer: &Answer) -> Option<String> {
    let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default();
    let shared = path.starts_with("/s/");
    let policy = header("content-security-policy");
    let wanted = [
        ("x-content-type-options", header("x-content-type-options") == "nosniff"),
        ("x-frame-options", shared || header("x-frame-options") == "DENY"),
        ("referrer-policy", matches!(header("referrer-policy"), "same-origin" | "no-referrer")),
        ("cross-origin-opener-policy", header("cross-origin-opener-policy") == "same-origin"),
        ("permissions-policy", header("permissions-policy").contains("camera=()")),
        (
            "content-security-policy",
            policy.contains("default-src 'none'")
                && policy.contains(if shared { "frame-ancestors *" } else { "frame-ancestors 'none'" })
                && (!policy.contains("unsafe") || policy.starts_with("sandbox;")),
        ),
        ("cache-control", path.starts_with("/static/") || !header("cache-control").is_empty()),
        ("x-request-id", !header("x-request-id").is_empty()),
        ("access-control-allow-origin", shared || header("access-control-allow-origin").is_empty()),
        ("set-cookie", !path.starts_with("/api/") || header("set-cookie").is_empty()),
    ];
    wanted.into_iter().find(|(_, holds)| !holds).map(|(name, _)| format!("{name}: {:?}", answer.headers))
}

/// Here roles are not enough: a thing is its owner's, besides leads'.
const OF_THEIR_OWNERS: &[&str] = &["/reminders/", "/api/v1/reminders/", "/views/", "/api/v1/views/"];

/// Whether an answer is one that the table of permissions gives this person.
fn fits(route: &Route, person: &Person, target: &Target, answer: &Answer) -> bool {
    let status = answer.status;
    if status.is_server_error() {
        return false;
    }
    let Some(needs) = route.permission.needs() else { return true };
    let Some(role) = person.role else {
        let to_sign_in = answer.headers.get("location").is_some_and(|to| to.to_str().unwrap().starts_with("/login"));
        return if route.path.starts_with("/api/") || route.path == "/metrics" || route.method != "GET" {
            matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        } else {
            status == StatusCode::SEE_OTHER && to_sign_in
        };
    };
    if role < needs {
        return status == StatusCode::FORBIDDEN;
    }
    if person.of_own_teams && route.permission.is_of_all_teams() {
        return status == StatusCode::FORBIDDEN;
    }
    if target.hidden && !person.named {
        // A dip is the indicator's, and everybody's; who it was put to is not.
        let decided = status == StatusCode::CONFLICT && route.path.contains("/dips/{id}");
        return decided || matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN);
    }
    if status == StatusCode::FORBIDDEN && OF_THEIR_OWNERS.iter().any(|path| route.path.starts_with(path)) {
        return route.method != "GET";
    }
    status != StatusCode::UNAUTHORIZED && status != StatusCode::FORBIDDEN
}

/// Reads everything as everybody, each on their own way at the same time; what is wrong, a line each. A thin walk asks no queries.
async fn read_everything(world: &Arc<World>, thin: bool) -> Vec<String> {
    let document = Arc::new(world.get(world.person("admin"), "/api/openapi.json").await.json());
    let walks: Vec<_> = (0..world.people.len())
        .map(|at| {
            let (world, document) = (Arc::clone(world), Arc::clone(&document));
            tokio::spawn(async move { read_as(&world, &document, &world.people[at], thin).await })
        })
        .collect();
    let mut wrong = Vec::new();
    for walk in walks {
        wrong.extend(walk.await.unwrap());
    }
    wrong
}

async fn read_as(world: &World, document: &Value, person: &Person, thin: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        let mut queries = vec![String::new()];
        if route.path.starts_with("/api/") {
            queries.extend(api_queries(document, world, route));
        } else if route.permission != Permission::Public {
            queries.extend(PAGE_QUERIES.iter().map(|query| (*query).to_owned()));
        }
        let refused = route.permission.needs().is_some_and(|needs| person.role.is_none_or(|role| role < needs));
        queries.truncate(if refused || thin { 1 } else { queries.len() });
        let found = targets::of(world, route.path).unwrap_or_default();
        for (at, target) in found.iter().enumerate() {
            // Queries are tried on the first and the last of the things of a kind: a hidden one and an open one.
            let of_this = if at == 0 || at + 1 == found.len() { queries.len() } else { 1 };
            for query in &queries[..of_this] {
                let path = match query.as_str() {
                    "" => target.path.clone(),
                    query => format!("{}?{query}", target.path),
                };
                let answer = world.get(person, &path).await;
                let who = format!("GET {path} as {}: {}", person.title, answer.status);
                if query.is_empty() && !fits(route, person, target, &answer) || answer.status.is_server_error() {
                    wrong.push(format!("{who} does not fit\n{}", around(&answer, "<main")));
                }
                let there = answer.status.is_success() || answer.status == StatusCode::SEE_OTHER;
                if query.is_empty() && person.title == "admin" && !there && !is_not_there(world, &path) {
                    wrong.push(format!("{who}: the world has no such thing\n{}", around(&answer, "<main")));
                }
                if let Some(lacking) = lacks_a_header(&path, &answer) {
                    wrong.push(format!("{who} lacks {lacking}"));
                }
                // A link of a mail is that of the person who got it; one to a published week tells whoever has it.
                let by_link =
                    route.path == "/act/{token}" || (route.path == "/s/{token}" && world.hiding == Hiding::OtherTeam);
                // Who nobody is, is not of a team: what is there for all who sign in is behind the sign-in.
                if !person.named
                    && !by_link
                    && let Some(word) = told(world, &path, &answer)
                {
                    wrong.push(format!("{who} tells {word}\n{}", around(&answer, &word)));
                }
            }
        }
    }
    wrong
}

/// What a walk by real keys does not find all the same: what is deleted or another's, what nobody set up, what asks for more.
fn is_not_there(world: &World, path: &str) -> bool {
    path.contains("7343")
        || path.contains(world.id("hidden view"))
        || matches!(
            path,
            "/setup"
                | "/login/provider"
                | "/login/provider/callback"
                | "/e/7344/review.ics"
                | "/api/v1/events/7344/review-meeting"
                | "/api/v1/indicators/withdraw/samples"
        )
        || path.starts_with("/s/")
}

fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_has_real_keys_in_this_walk() {
    let world = World::new().await;
    let patterns: Vec<&str> = ROUTES.iter().map(|route| route.path).collect();
    let missing: BTreeSet<&str> =
        patterns.iter().copied().filter(|pattern| targets::of(&world, pattern).is_none()).collect();
    assert!(missing.is_empty(), "say in tests/walk/targets.rs what their names stand for: {missing:?}");
    assert_eq!(targets::stale(&patterns), Vec::<&str>::new());
    for pattern in &patterns {
        for target in targets::of(&world, pattern).unwrap() {
            let unknown =
                ["hidden ", " token", "import run", "notifier/"].iter().any(|name| target.path.contains(name));
            assert!(!unknown, "the world lacks what stands in {}", target.path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_of_a_hidden_event_anywhere_who_is_not_named() {
    let world = Arc::new(World::new().await);
    report(&read_everything(&world, false).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_of_an_event_of_another_team_who_is_of_their_own_teams_alone() {
    let world = Arc::new(World::hiding(Hiding::OtherTeam).await);
    report(&read_everything(&world, false).await);
}

/// An answer without what is another one's each time: the number asked for and the request's own.
fn without_its_own(answer: &Answer, number: i64) -> String {
    let id = answer.headers.get("x-request-id").map(|id| id.to_str().unwrap()).unwrap_or_default();
    answer.text.replace(id, "").replace(&number.to_string(), "")
}

async fn hidden_is_answered_as_unknown(world: &World, title: &str) -> Vec<String> {
    const UNKNOWN: i64 = 9341;
    let person = world.person(title);
    let mut wrong = Vec::new();
    for route in ROUTES {
        for target in targets::of(world, route.path).unwrap_or_default().into_iter().filter(|target| target.hidden) {
            let Some(number) =
                HIDDEN.into_iter().chain([HIDDEN_ITEM]).find(|number| target.path.contains(&number.to_string()))
            else {
                continue;
            };
            let asked = async |path: &str| match route.method {
                "GET" => world.get(person, path).await,
                method => {
                    let request = world.program(person, method, path);
                    Answer::of(bodies::with(request, route).send().await.unwrap()).await
                }
            };
            let hidden = asked(&target.path).await;
            let unknown = asked(&target.path.replace(&number.to_string(), &UNKNOWN.to_string())).await;
            let same = hidden.status == unknown.status
                && without_its_own(&hidden, number) == without_its_own(&unknown, UNKNOWN);
            if !same {
                let (one, other) = (without_its_own(&hidden, number), without_its_own(&unknown, UNKNOWN));
                wrong.push(format!(
                    "{} {} as {title}: {} {one}\n{} {other}",
                    route.method, target.path, hidden.status, unknown.status
                ));
            }
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_event_is_answered_as_one_that_is_not_there() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for title in ["viewer", "reporter", "lead"] {
        wrong.extend(hidden_is_answered_as_unknown(&world, title).await);
    }
    let world = World::hiding(Hiding::OtherTeam).await;
    for title in ["scoped viewer", "scoped reporter", "scoped lead"] {
        wrong.extend(hidden_is_answered_as_unknown(&world, title).await);
    }
    report(&wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_of_their_own_teams_alone_reads_and_writes_what_is_theirs() {
    let world = World::hiding(Hiding::OtherTeam).await;
    for title in ["scoped viewer", "scoped reporter", "scoped lead", "reporter"] {
        let person = world.person(title);
        for path in [
            format!("/e/{OPEN}"),
            format!("/api/v1/events/{OPEN}"),
            "/api/v1/events".to_owned(),
            "/events?q=%E9%80%80%E6%AC%BE".to_owned(),
            format!("/api/v1/reports/{WEEK}?as=now&format=md"),
            format!("/w/{WEEK}"),
            "/".to_owned(),
        ] {
            let answer = world.get(person, &path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path} as {title}: {}", answer.text);
            let text = answer.text.replace("<mark>", "").replace("</mark>", "");
            assert!(text.contains("退款延迟"), "{path} as {title}: {text}");
        }
        let item = world.get(person, &format!("/actions/{OPEN_ITEM}")).await;
        assert_eq!(item.status, StatusCode::OK, "as {title}");
        let home = world.get(person, "/").await.text;
        assert_eq!(home.contains("范围：清算"), person.of_own_teams, "as {title}");
        let report = world.get(person, &format!("/api/v1/reports/{WEEK}")).await;
        let part = report.json()["own_teams"] == serde_json::json!(["清算"]);
        assert_eq!(part, person.of_own_teams, "as {title}: {}", report.text);
        assert_eq!(report.text.contains("仅本团队的事件：清算"), person.of_own_teams, "as {title}: {}", report.text);
    }
    let event = format!("/events/{OPEN}");
    let cause = serde_json::json!({"cause": "锁"});
    assert_eq!(world.send("scoped reporter", "PATCH", &event, cause).await["cause"], "锁");
    let level = serde_json::json!({"severity": "B", "severity_reason": "改过"});
    assert_eq!(world.send("scoped lead", "PATCH", &event, level).await["severity"], "B");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_named_reads_it_all() {
    let world = World::new().await;
    let [hidden, since, _] = HIDDEN;
    for title in ["named viewer", "named reporter", "admin"] {
        let person = world.person(title);
        for number in [hidden, since] {
            for path in [
                format!("/e/{number}"),
                format!("/api/v1/events/{number}"),
                format!("/api/v1/events/{number}/timeline"),
                format!("/api/v1/events/{number}/history"),
                format!("/e/{number}/history"),
                format!("/e/{number}/postmortem"),
                format!("/e/{number}/postmortem/export?format=html"),
                format!("/e/{number}/review.ics"),
                format!("/api/v1/events/{number}/postmortem/sections/impact"),
            ] {
                let answer = world.get(person, &path).await;
                assert_eq!(answer.status, StatusCode::OK, "{path} as {title}: {}", answer.text);
                // A calendar file folds its lines.
                let text = answer.text.replace("\r\n ", "");
                assert!(text.contains(SECRET), "{path} as {title}: {text}");
            }
        }
        for path in [
            "/events?q=%E7%BB%9D%E5%AF%86%E6%B8%A0%E9%81%93".to_owned(),
            "/api/v1/events".to_owned(),
            format!("/actions/{HIDDEN_ITEM}"),
        ] {
            assert!(world.get(person, &path).await.text.contains(SECRET), "{path} as {title}");
        }
        let related = world.get(person, &format!("/api/v1/events/{OPEN}/relations")).await;
        assert!(related.text.contains(&format!("PE-{hidden}")), "{}", related.text);
    }
    assert_eq!(world.get(world.person("viewer"), &format!("/actions/{OPEN_ITEM}")).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_a_hidden_event_who_is_not_named() {
    let world = World::new().await;
    report(&change_what_is_hidden(&world, &["nobody", "viewer", "reporter", "lead"]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_an_event_of_another_team_who_is_of_their_own_teams_alone() {
    let world = World::hiding(Hiding::OtherTeam).await;
    report(&change_what_is_hidden(&world, &["scoped viewer", "scoped reporter", "scoped lead"]).await);
}

/// Changes the hidden events by every route, as strangers; what is wrong, a line each.
async fn change_what_is_hidden(world: &World, strangers: &[&str]) -> Vec<String> {
    let before = world.hidden_state().await;
    let mut wrong = Vec::new();
    for title in strangers {
        let person = world.person(title);
        for route in ROUTES.iter().filter(|route| route.method != "GET") {
            let found = targets::of(world, route.path).unwrap_or_default();
            for target in found.into_iter().filter(|target| target.hidden) {
                let request = world.program(person, route.method, &target.path);
                let answer = Answer::of(bodies::with(request, route).send().await.unwrap()).await;
                let who = format!("{} {} as {title}: {}", route.method, target.path, answer.status);
                if !fits(route, person, &target, &answer) {
                    wrong.push(format!("{who} does not fit\n{}", around(&answer, "<main")));
                }
                if let Some(word) = told(world, &sent(route, &target), &answer) {
                    wrong.push(format!("{who} tells {word}\n{}", around(&answer, &word)));
                }
                if let Some(lacking) = lacks_a_header(&target.path, &answer) {
                    wrong.push(format!("{who} lacks {lacking}"));
                }
            }
        }
    }
    for (was, is) in before.iter().zip(&world.hidden_state().await) {
        assert_eq!(was, is, "a stranger changed it");
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_anybody_does_tells_nothing_and_breaks_nothing() {
    let world = Arc::new(World::new().await);
    let everybody = ["nobody", "viewer", "reporter", "lead", "named reporter", "admin"];
    report(&do_everything(&world, &everybody, "lead").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_those_of_their_own_teams_do_tells_nothing_and_breaks_nothing() {
    let world = Arc::new(World::hiding(Hiding::OtherTeam).await);
    let scoped = ["scoped viewer", "scoped reporter", "scoped lead"];
    report(&do_everything(&world, &scoped, "scoped lead").await);
}

/// Does everything by every route as these people, and reads everything after `reads`; what is wrong, a line each.
async fn do_everything(world: &Arc<World>, people: &[&str], reads: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for title in people {
        let person = world.person(title);
        // What ends the world comes last.
        for last in [false, true] {
            for route in ROUTES.iter().filter(|route| route.method != "GET" && route.path != "/logout") {
                let ends = route.method == "DELETE"
                    || ["withdraw", "remove", "revoke", "delete"].iter().any(|word| route.path.contains(word));
                if ends != last {
                    continue;
                }
                let found = targets::of(world, route.path).unwrap_or_default();
                for target in found.into_iter().filter(|target| !target.hidden) {
                    let request = world.program(person, route.method, &target.path);
                    let answer = Answer::of(bodies::with(request, route).send().await.unwrap()).await;
                    let who = format!("{} {} as {title}: {}", route.method, target.path, answer.status);
                    if !fits(route, person, &target, &answer) {
                        wrong.push(format!("{who} does not fit\n{}", around(&answer, "<main")));
                    }
                    if !person.named
                        && let Some(word) = told(world, &sent(route, &target), &answer)
                    {
                        wrong.push(format!("{who} tells {word}\n{}", around(&answer, &word)));
                    }
                    if let Some(lacking) = lacks_a_header(&target.path, &answer) {
                        wrong.push(format!("{who} lacks {lacking}"));
                    }
                }
            }
        }
        if *title == reads {
            let told = |line: &String| line.contains(" tells ") && !line.contains(&format!(" tells {SEARCH}"));
            wrong.extend(read_everything(world, true).await.into_iter().filter(told));
        }
    }
    wrong
}

/// Methods and paths that handlers are registered for, as the source says.
fn registered(folder: &std::path::Path, found: &mut BTreeSet<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            registered(&path, found);
            continue;
        }
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for resource in source.split("web::resource(\"").skip(1) {
            let (pattern, handlers) = resource.split_once('"').unwrap();
            for method in ["get", "post", "put", "patch", "delete"] {
                if handlers.contains(&format!("web::{method}()")) {
                    found.insert((method.to_uppercase(), pattern.to_owned()));
                }
            }
        }
        assert!(!source.contains("web::scope("), "{}: say in this test how scopes are walked", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_handler_is_in_the_table_of_permissions_once_and_the_document_is_that_of_the_table() {
    let mut handlers = BTreeSet::new();
    registered(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web"), &mut handlers);
    let table: Vec<(String, String)> =
        ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    let once: BTreeSet<(String, String)> = table.iter().cloned().collect();
    assert_eq!(once.len(), table.len(), "a route stands in the table twice");
    assert_eq!(handlers.difference(&once).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "without a permission");
    assert_eq!(once.difference(&handlers).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "without a handler");

    let document: Value = serde_json::from_str(&fupan::web::api::openapi_json()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            documented.insert((method.to_uppercase(), path.clone()));
            let route = ROUTES.iter().find(|one| one.path == path && one.method == method.to_uppercase()).unwrap();
            let needs = route.permission.needs().map(fupan::domain::actor::Role::code);
            assert_eq!(operation["x-needs-role"].as_str(), needs, "{method} {path}");
        }
    }
    let api: BTreeSet<(String, String)> = once.into_iter().filter(|(_, path)| path.starts_with("/api/")).collect();
    assert_eq!(documented, api);
    // What is in no table is answered before any handler, whoever asks; another method is told which ones there are.
    let service = support::Service::start(world::NOW).await;
    for path in ["/api/v1/nothing", "/nothing", "/api/v1/events/1/nothing", "/static/x/y"] {
        let answer = reqwest::get(format!("{}{path}", service.url)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    for (path, methods) in
        [("/api/v1/teams", "GET, POST, HEAD"), ("/api/v1/lines:parse", "POST"), ("/e/1", "GET, HEAD")]
    {
        let url = format!("{}{path}", service.url);
        let answer = reqwest::Client::new().request(reqwest::Method::TRACE, url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(answer.headers()["allow"], methods, "{path}");
    }
}
