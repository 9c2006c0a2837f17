//! Links to published weeks: made, used without an account, framed, revoked, and leaking nothing.

use reqwest::{Response, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use crate::publishing::Week;

async fn made(week: &Week, body: &Value) -> Value {
    let made = week.post("report-shares", body).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    made.json().await.unwrap()
}

async fn visit(week: &Week, url: &str) -> Response {
    week.client.get(url).send().await.unwrap()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_published_week_is_shared_and_the_refusal_says_what_to_do() {
    let week = Week::new().await;
    for (wanted, words) in [("2024-W34", "fupan report publish 2024-W34"), ("latest", "fupan report publish")] {
        let refused = week.post("report-shares", &json!({"week": wanted})).await;
        assert_eq!(refused.status(), StatusCode::CONFLICT);
        let problem: Value = refused.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
    week.publish().await;
    for days in [0, 367, -1] {
        let refused = week.post("report-shares", &json!({"week": "2024-W34", "days": days})).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{days}");
    }
    let share = made(&week, &json!({"week": "2024-W34", "name": "wiki"})).await;
    assert_eq!(share["expires_at"], "2024-11-19T14:08:00+08:00", "90 days by default");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_read_without_an_account_in_every_form_and_known_again() {
    let week = Week::new().await;
    week.publish().await;
    let share = made(&week, &json!({"week": "2024-W34", "days": 30})).await;
    let url = share["url"].as_str().unwrap();
    let page = visit(&week, url).await;
    assert_eq!(page.status(), StatusCode::OK);
    let headers = page.headers().clone();
    let html = page.text().await.unwrap();
    assert!(html.contains("生产周报 2024-W34") && html.contains("修订 revision 1") && html.contains("684"), "{html}");
    assert!(!html.contains("<script") && !html.contains("style=") && !html.contains("<form"), "{html}");
    assert!(text(&headers, "content-security-policy").contains("frame-ancestors *"));
    assert!(text(&headers, "content-security-policy").contains("default-src 'none'"));
    assert!(!headers.contains_key("x-frame-options"), "a wiki may show it in a frame");
    assert_eq!(text(&headers, "referrer-policy"), "no-referrer");
    assert_eq!(text(&headers, "access-control-allow-origin"), "*");
    assert!(text(&headers, "x-robots-tag").contains("noindex"));
    assert_eq!(text(&headers, "cache-control"), "private, no-cache");
    assert_eq!(text(&headers, "x-content-type-options"), "nosniff");
    for (ending, kind) in
        [("", "text/html"), (".md", "text/markdown"), (".txt", "text/plain"), (".json", "application/json")]
    {
        let answer = visit(&week, &format!("{url}{ending}")).await;
        assert!(text(answer.headers(), "content-type").starts_with(kind), "{ending}");
        let etag = answer.headers()["etag"].clone();
        let body = answer.text().await.unwrap();
        assert!(body.contains("684"), "{body}");
        let again = week.client.get(format!("{url}{ending}")).header("If-None-Match", etag).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }
    let md = visit(&week, &format!("{url}.md")).await.text().await.unwrap();
    assert_eq!(md, week.text("reports/2024-W34?format=md").await);
    let posted = week.client.post(url).header("Sec-Fetch-Site", "same-origin").send().await.unwrap();
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED, "a link reads only");
    let elsewhere = visit(&week, &format!("{}/login", week.service.url)).await;
    assert!(text(elsewhere.headers(), "content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(text(elsewhere.headers(), "x-frame-options"), "DENY");
    assert!(!elsewhere.headers().contains_key("access-control-allow-origin"));
    let encoded = visit(&week, &url.replace("/s/", "/%73/")).await;
    assert!(text(encoded.headers(), "content-security-policy").contains("frame-ancestors *"), "the same page");

    let listed = week.json("report-shares").await;
    assert_eq!(listed["data"][0]["used_at"], "2024-08-21T14:08:00+08:00");
    assert!(listed["data"][0].get("url").is_none() && !listed.to_string().contains(&url[url.len() - 40..]));
    let stored = fupan::store::shares::list(week.service.app.store.read(), 0).await.unwrap();
    assert!(!url.contains(&stored[0].token_hash), "only the hash is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_the_latest_revision_and_never_what_was_not_published() {
    let week = Week::new().await;
    week.publish().await;
    let share = made(&week, &json!({"week": "latest"})).await;
    let url = format!("{}.json", share["url"].as_str().unwrap());
    week.figure("99.5").await;
    let shared: Value = visit(&week, &url).await.json().await.unwrap();
    assert_eq!((shared["figures"][0]["value"].as_str(), shared["revision"].as_i64()), (Some("99.998"), Some(1)));
    week.publish().await;
    let shared: Value = visit(&week, &url).await.json().await.unwrap();
    assert_eq!((shared["figures"][0]["value"].as_str(), shared["revision"].as_i64()), (Some("99.5"), Some(2)));
    let publish =
        |name: &str| week.client.post(week.url(&format!("reports/{name}:publish"))).bearer_auth(&week.token).send();
    publish("2024-W35").await.unwrap();
    publish("2024-W33").await.unwrap();
    let shared: Value = visit(&week, &url).await.json().await.unwrap();
    assert_eq!(shared["week"], "2024-W35", "the latest week, not the one published last");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_tells_nothing_of_accounts_and_history() {
    let week = Week::new().await;
    let url = week.url("events/1/postmortem");
    let people = fupan::service::accounts::list(&week.service.app, &fupan::domain::actor::Actor::local_operator())
        .await
        .unwrap();
    let owner = &people[0];
    let assign = week.client.patch(url).bearer_auth(&week.token).header("If-Match", "\"1\"");
    let assign = assign.json(&json!({"owner": owner.email}));
    assert!(assign.send().await.unwrap().status().is_success());
    week.publish().await;
    let share = made(&week, &json!({"week": "2024-W34", "name": "内部备注"})).await;
    for ending in ["", ".md", ".txt", ".json", ".html"] {
        let answer = visit(&week, &format!("{}{ending}", share["url"].as_str().unwrap())).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let body = answer.text().await.unwrap();
        let id = owner.id.to_string();
        for secret in [
            owner.email.as_str(),
            owner.name.as_str(),
            id.as_str(),
            "@example.com",
            "内部备注",
            "published_by",
            "owner",
            "version",
            "raw",
        ] {
            assert!(!body.contains(secret), "{secret} in {ending}: {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_expired_revoked_and_withdrawn_links_are_answered_alike() {
    let week = Week::new().await;
    week.publish().await;
    let url = |share: &Value| share["url"].as_str().unwrap().to_owned();
    let revoked = made(&week, &json!({"week": "2024-W34"})).await;
    let id = revoked["id"].as_str().unwrap();
    let revoke = async || {
        let request = week.client.delete(week.url(&format!("report-shares/{id}"))).bearer_auth(&week.token);
        request.send().await.unwrap().status()
    };
    assert_eq!(revoke().await, StatusCode::NO_CONTENT);
    assert_eq!(revoke().await, StatusCode::NOT_FOUND);
    let expired = made(&week, &json!({"week": "2024-W34", "days": 1})).await;
    let good = made(&week, &json!({"week": "2024-W34", "days": 2})).await;
    week.clock("2024-08-22T06:08:00Z");
    assert_eq!(visit(&week, &url(&good)).await.status(), StatusCode::OK);
    let unknown = format!("{}x", &url(&good)[..url(&good).len() - 1]);
    let mut answers = Vec::new();
    let mut all = vec![
        url(&revoked),
        url(&expired),
        unknown,
        format!("{}/s/x", week.service.url),
        format!("{}.pdf", url(&good)),
        format!("{}.json", url(&revoked)),
    ];
    let withdraw = week.client.post(week.url("reports/2024-W34:withdraw")).bearer_auth(&week.token).send();
    assert!(withdraw.await.unwrap().status().is_success());
    all.push(url(&good));
    for one in all {
        let answer = visit(&week, &one).await;
        let policy = text(answer.headers(), "content-security-policy").to_owned();
        assert!(policy.contains("frame-ancestors *"), "the wiki shows the reason in its frame");
        answers.push((answer.status(), policy, answer.text().await.unwrap()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0].0, StatusCode::NOT_FOUND);
    let listed = week.json("report-shares").await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1, "what works no more is not listed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_gets_another_address_and_the_old_one_goes_on_for_a_while() {
    let week = Week::new().await;
    week.publish().await;
    let old = made(&week, &json!({"week": "2024-W34", "name": "wiki"})).await;
    let (id, old_url) = (old["id"].as_str().unwrap(), old["url"].as_str().unwrap());
    let rotate = format!("report-shares/{id}:rotate");
    assert_eq!(week.post(&rotate, &json!({"overlap_hours": 169})).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let answer = week.post(&rotate, &json!({"overlap_hours": 3})).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let new: Value = answer.json().await.unwrap();
    assert_eq!((&new["name"], &new["expires_at"]), (&old["name"], &old["expires_at"]));
    let new_url = new["url"].as_str().unwrap();
    let works = async |url: &str| visit(&week, url).await.status() == StatusCode::OK;
    assert!(works(old_url).await && works(new_url).await);
    week.clock("2024-08-21T09:08:01Z");
    assert!(!works(old_url).await && works(new_url).await);
    assert_eq!(week.post(&rotate, &json!({})).await.status(), StatusCode::NOT_FOUND, "it has ended");
}
