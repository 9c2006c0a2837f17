//! Hostile text in every field that people can write, and every page opened with it in a real browser.

mod fill;
#[allow(dead_code, reason = "the walk's own tests use the rest")]
#[path = "../../walk/targets.rs"]
mod targets;
#[allow(dead_code, reason = "the walk's own tests use the rest")]
#[path = "../../walk/world.rs"]
pub mod world;

use std::collections::BTreeSet;

use fill::{Filled, encoded, long, short};
use fupan::{service::sessions, web::routes::ROUTES};
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::{Browser, Kind};

/// Runs in every document before anything else: what happens is kept until somebody asks.
const WATCH: &str = "
(() => {
  const keep = (what) => {
    what = location.pathname + ': ' + what;
    try {
      localStorage.setItem('seen', JSON.stringify([...JSON.parse(localStorage.getItem('seen') || '[]'), what]));
    } catch {
      // A page in a sandbox has no storage.
      window.seen = [...(window.seen || []), what];
    }
  };
  window.addEventListener('securitypolicyviolation', (event) => {
    keep('policy ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample);
  });
  Object.defineProperty(globalThis, 'hacked', {set(value) { keep('a script of field ' + value + ' ran'); }, get() {}});
})();";

/// Opens everything that is folded, and answers what the texts would have made, what ran, and what can be read.
const LOOK: &str = "
for (const one of document.querySelectorAll('details')) one.open = true;
const wrong = [];
for (const one of document.querySelectorAll('x-evil, u, .xss, iframe, object, embed, base[href], svg[onload]')) wrong.push(one.outerHTML.slice(0, 200));
for (const one of document.querySelectorAll('*')) {
  for (const attribute of one.attributes) {
    if (attribute.name.startsWith('on') || attribute.name === 'srcdoc') wrong.push(one.outerHTML.slice(0, 200));
    if (['href', 'src', 'action', 'formaction', 'xlink:href', 'data', 'poster'].includes(attribute.name)) {
      const to = new URL(attribute.value, location.href).protocol;
      if (!['http:', 'https:', 'mailto:', 'file:'].includes(to)) wrong.push(one.outerHTML.slice(0, 200));
    }
  }
}
for (const one of document.scripts) if (one.textContent) wrong.push(one.outerHTML.slice(0, 200));
let text = document.body.innerText;
for (const one of document.querySelectorAll('input, textarea, option')) text += '\\n' + (one.value || '') + '\\n' + (one.textContent || '');
for (const one of document.querySelectorAll('[title], [aria-label], [placeholder]')) {
  text += '\\n' + one.title + '\\n' + (one.getAttribute('aria-label') || '');
}
const seen = window.seen || [];
try {
  seen.push(...JSON.parse(localStorage.getItem('seen') || '[]'));
  localStorage.removeItem('seen');
} catch {}
const fields = [...new Set([...text.matchAll(/HX(\\d+)X\\\\?[\"“”]['‘’]>/g)].map((found) => Number(found[1])))];
return {wrong, seen, fields};";

/// Sends every form of a page with hostile text in all its fields, and answers what the refusals and pages made of it.
const SEND_ALL: &str = "
const done = arguments[arguments.length - 1];
const [text, known, skipped] = arguments;
(async () => {
  const wrong = [], sent = [];
  for (const form of document.querySelectorAll('form')) {
    const method = (form.getAttribute('method') || 'get').toLowerCase();
    const path = new URL(form.action, location.href).pathname;
    const names = [...form.elements].map((one) => one.name).filter((name) => name);
    const key = method + path.replace(/[0-9a-f-]{36}|\\d+/g, '') + names.join();
    if (known.includes(key) || sent.includes(key) || skipped.some((one) => path.endsWith(one))) continue;
    sent.push(key);
    const body = new URLSearchParams();
    for (const one of form.elements) {
      if (!one.name || one.type === 'file' || one.type === 'submit') continue;
      body.append(one.name, one.type === 'hidden' ? one.value : text);
    }
    let answer;
    if (method === 'get') answer = await fetch(path + '?' + body);
    else if (form.enctype === 'multipart/form-data') {
      const data = new FormData();
      for (const [name, value] of body) data.append(name, value);
      answer = await fetch(path, {method: 'POST', body: data, headers: {Accept: 'text/html'}});
    } else answer = await fetch(path, {method: 'POST', body, headers: {Accept: 'text/html'}});
    if (answer.status >= 500) wrong.push(path + ' answers ' + answer.status);
    const kind = answer.headers.get('content-type') || '';
    if (!kind.startsWith('text/html')) continue;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const one of page.querySelectorAll('x-evil, u, .xss, iframe, base[href]')) wrong.push(path + ': ' + one.outerHTML.slice(0, 200));
    for (const one of page.querySelectorAll('*')) for (const attribute of one.attributes) {
      if (attribute.name.startsWith('on')) wrong.push(path + ': ' + one.outerHTML.slice(0, 200));
      if (['href', 'action', 'formaction'].includes(attribute.name) && /^\\s*(javascript|data):/i.test(attribute.value)) {
        wrong.push(path + ': ' + one.outerHTML.slice(0, 200));
      }
    }
    for (const one of page.scripts) if (one.textContent) wrong.push(path + ': ' + one.outerHTML.slice(0, 200));
  }
  done({wrong, sent});
})().catch((error) => done({wrong: [String(error)], sent: []}));";

/// Forms that end the session or the account of the test.
const ENDING: [&str; 8] =
    ["/logout", "/close", "/end", "/password", "/second-factor", "/language", "/sessions/end", "/privacy/close"];

/// What people write and no page of this world shows: words that are compared only, and those of a rule that is proposed nowhere.
const ON_NO_PAGE: [&str; 2] = ["/only_words/", "/policies/grading/rules/1/words"];

/// What a page was found to hold.
#[derive(serde::Deserialize)]
struct Found {
    wrong: Vec<String>,
    seen: Vec<String>,
    fields: Vec<usize>,
}

impl Browser {
    async fn look(&self) -> Found {
        self.driver.execute(LOOK, Vec::new()).await.unwrap().convert().unwrap()
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        self.driver.cdp().send_raw(command, parameters).await.unwrap();
    }
}

/// The pages of the world: every route that answers with one, and with hostile words in addresses.
async fn pages(filled: &Filled) -> (Vec<String>, Vec<String>) {
    let world = &filled.world;
    let mut paths = Vec::new();
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        let mut found: Vec<String> =
            targets::of(world, route.path).unwrap().into_iter().map(|target| target.path).collect();
        // Of things of a kind the first and the last: a restricted event, and the one that is full of it.
        if found.len() > 2 && route.path != "/w/{week}" {
            found = vec![found[0].clone(), found[found.len() - 1].clone()];
        }
        paths.extend(found);
    }
    let messages = world.get(world.person("admin"), "/api/v1/outbox?limit=100").await.json();
    let messages: Vec<String> =
        messages["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    for id in messages.iter().take(6) {
        paths.push(format!("/settings/outbox/{id}"));
        paths.push(format!("/settings/outbox/{id}/html"));
    }
    let made = |path: &str, name: &'static str, of: &'static str| {
        let path = format!("/api/v1/{path}limit=100");
        async move {
            let all = world.get(world.person("admin"), &path).await.json();
            let all = all["data"].as_array().unwrap_or_else(|| panic!("{path}: {all}")).clone();
            all.into_iter().map(|one| format!("{of}{}", one[name].to_string().trim_matches('"'))).collect::<Vec<_>>()
        }
    };
    let (events, items) = (made("events?", "number", "/e/").await, made("action-items?", "number", "/actions/").await);
    let indicators = made("indicators?", "key", "/indicators/").await;
    paths.extend(
        events.into_iter().chain(items).chain(indicators).filter(|path| !paths.contains(path)).collect::<Vec<_>>(),
    );
    let text = encoded(&long(0));
    for of in [
        "/events?q=",
        "/nothing/",
        "/w/",
        "/e/",
        "/indicators/",
        "/login?next=",
        "/analytics?team=",
        "/styles/edit?name=",
        "/settings/audit?actor=",
        "/actions?owner=",
        "/figures?week=",
        "/postmortems?team=",
        "/s/",
        "/act/",
        "/counts?from=",
        "/publishing?week=",
        "/settings/policies/",
        "/analytics/events?metric=",
        "/views?q=",
        "/unsubscribe/",
    ] {
        paths.push(format!("{of}{text}"));
    }
    let api = ["", "?format=html", "&format=html"];
    for (path, query) in [
        (format!("/api/v1/events/{}/postmortem", world::OPEN), api[1]),
        (format!("/e/{}/postmortem/export", world::OPEN), api[1]),
        (format!("/api/v1/reports/{}", world::WEEK), api[1]),
        (format!("/api/v1/reports/{}?as=now", world::WEEK), api[2]),
        (format!("/w/{}?as=now", world::WEEK), api[2]),
    ] {
        paths.push(format!("{path}{query}"));
    }
    paths.extend([
        "/settings/audit?limit=100".to_owned(),
        "/dips?state=dismissed".to_owned(),
        "/settings/calendar?of=company".to_owned(),
        "/settings/reminders?preview=true".to_owned(),
    ]);
    for style in world.get(world.person("admin"), "/api/v1/report-styles").await.json()["data"].as_array().unwrap() {
        paths.push(format!("/styles/edit?name={}", encoded(style["name"].as_str().unwrap())));
    }
    paths.dedup();
    let (mut shown, mut files) = (Vec::new(), Vec::new());
    for path in paths {
        let answer = world.get(world.person("admin"), &path).await;
        assert!(!answer.status.is_server_error(), "{path}: {}", answer.text);
        let header = |name: &str| answer.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let html = header("content-type").starts_with("text/html");
        if header("content-disposition").starts_with("attachment") {
            if html {
                files.push(answer.text);
            }
        } else if html || answer.status.is_redirection() {
            shown.push(path);
        } else {
            assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        }
    }
    (shown, files)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn what_people_write_runs_on_no_page_and_is_read_as_it_was_written() {
    let filled = Filled::new().await;
    let forgotten = filled.forgotten().await;
    assert!(forgotten.is_empty(), "fields that nobody filled; fill them or say that they are no text: {forgotten:#?}");
    let world = &filled.world;
    let (paths, files) = pages(&filled).await;
    assert!(paths.len() > 80, "{paths:#?}");
    let browser = Browser::start(Kind::Desktop).await;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": WATCH})).await;
    browser.open(&world.service, "/login").await;
    let account = world.person("admin").account.clone().unwrap();
    let (cookie, _) = sessions::open(&world.service.app, account, sessions::Entry::default()).await.unwrap();
    browser.driver.add_cookie(Cookie::new("fupan_session", cookie)).await.unwrap();

    let (mut wrong, mut read) = (Vec::new(), BTreeSet::new());
    // At first under the policy, whose violations tell; then without it, so that whatever can run does.
    for (lang, bypass) in [("zh-CN", false), ("en", true)] {
        browser.devtools("Page.setBypassCSP", json!({"enabled": bypass})).await;
        control(&browser, filled.world.service.url.as_str(), bypass).await;
        for path in &paths {
            browser.open(&world.service, path).await;
            let found = browser.look().await;
            // A document of the API brings its own styles, for the file that it becomes; a page of the service has none.
            let own_styles =
                |what: &&String| path.starts_with("/api/") && what.contains("policy style-src-elem inline");
            let seen = found.seen.iter().filter(|what| !own_styles(what));
            wrong.extend(found.wrong.iter().chain(seen).map(|what| format!("{path} in {lang}: {what}")));
            read.extend(found.fields);
        }
        if lang == "zh-CN" {
            browser.open(&world.service, "/settings").await;
            browser.find("main form[action='/language'] button").await.click().await.unwrap();
            browser.find("html[lang=en]").await;
        }
    }
    // What is taken away is opened without any policy.
    for (at, text) in files.iter().enumerate() {
        let file = world.service.database.folder().join(format!("taken-{at}.html"));
        std::fs::write(&file, text).unwrap();
        browser.driver.goto(format!("file://{}", file.display())).await.unwrap();
        let found = browser.look().await;
        wrong.extend(found.wrong.iter().chain(&found.seen).map(|what| format!("file {at}: {what}")));
    }
    assert!(wrong.is_empty(), "{} times it is more than text: {wrong:#?}", wrong.len());
    let unread: Vec<&String> = filled
        .fields
        .iter()
        .enumerate()
        .filter(|(number, _)| !read.contains(number))
        .filter_map(|(_, what)| what.as_ref())
        .filter(|what| !ON_NO_PAGE.iter().any(|one| what.contains(one)))
        .collect();
    println!(
        "{} pages, {} files, {} fields filled, {} refused",
        paths.len(),
        files.len(),
        filled.fields.iter().flatten().count(),
        filled.refused.len()
    );
    assert!(unread.is_empty(), "taken and to be read on no page as it was written: {unread:#?}");

    let mut known: Vec<String> = Vec::new();
    for path in &paths {
        browser.open(&world.service, path).await;
        let arguments = vec![json!(short(99_999)), json!(known), json!(ENDING)];
        let sent: Value = browser.driver.execute_async(SEND_ALL, arguments).await.unwrap().convert().unwrap();
        assert_eq!(sent["wrong"], json!([]), "a form of {path}");
        known.extend(sent["sent"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()));
    }
    println!("{} kinds of forms", known.len());
    assert!(known.len() > 40, "{known:#?}");
}

/// Shows that what is looked for would be found: markup that is put into a page is seen, and its script runs or is refused.
async fn control(browser: &Browser, url: &str, bypass: bool) {
    browser.driver.goto(format!("{url}/")).await.unwrap();
    let put = "document.body.insertAdjacentHTML('beforeend', arguments[0]); localStorage.setItem('control', '1');";
    browser.driver.execute(put, vec![json!(long(7))]).await.unwrap();
    for _ in 0..50 {
        let seen: String = browser
            .driver
            .execute("return localStorage.getItem('seen') || ''", Vec::new())
            .await
            .unwrap()
            .convert()
            .unwrap();
        if seen.contains(if bypass { "a script of field 7 ran" } else { "policy script-src" }) {
            let found = browser.look().await;
            assert!(found.wrong.iter().any(|what| what.contains("x-evil")), "{:?}", found.wrong);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the browser does not tell what runs, with bypass {bypass}");
}
