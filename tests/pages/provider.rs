//! Signing in at a provider that may lie: a server of the test that gives whatever the test says.

use std::sync::{Arc, Mutex};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use fupan::{
    domain::{
        actor::{Actor, Role, TeamScope},
        team::TeamFields,
    },
    service::{
        accounts,
        oidc::OidcRules,
        sign_in_rules::{SignIn, SignInRules},
        teams,
    },
    web::server::Bounds,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Response, StatusCode};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use support::{
    Service,
    http::{Elsewhere, Reply},
};

use crate::{
    NOW,
    sessions::{Browser, PASSWORD, with_password},
};

/// What the provider says next.
#[derive(Default)]
struct Plan {
    issuer: String,
    description: Option<Value>,
    keys: Vec<Value>,
    id_token: String,
    /// Instead of that one, by the code that is brought.
    by_code: std::collections::HashMap<String, String>,
    user_info: Value,
    /// Where the keys lie, instead of here.
    jwks_uri: Option<String>,
}

/// A provider of the test, and a service that trusts it.
pub struct House {
    service: Service,
    plan: Arc<Mutex<Plan>>,
    provider: Elsewhere,
    es: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn es_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()
}

fn es_jwk(key: &EcdsaKeyPair, kid: &str) -> Value {
    let point = key.public_key().as_ref();
    json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": base64(&point[1..33]), "y": base64(&point[33..])})
}

/// A token with any header, signed by `sign`.
fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let text = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
    let signature = base64(sign(text.as_bytes()));
    format!("{text}.{signature}")
}

/// A part of the query of an address, decoded.
fn part(url: &str, name: &str) -> String {
    let url = reqwest::Url::parse(url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Makes a token of the claims of a good one.
type Forgery<'a> = Box<dyn Fn(Value) -> String + 'a>;

/// A browser that is at the provider: what it was sent with.
struct There {
    browser: Browser,
    state: String,
    nonce: String,
    url: String,
}

impl House {
    async fn new(change: impl FnOnce(&mut OidcRules)) -> Self {
        let plan: Arc<Mutex<Plan>> = Arc::default();
        let told = Arc::clone(&plan);
        let provider = Elsewhere::start(move |asked| {
            let plan = told.lock().unwrap();
            let path = asked.line.split(' ').nth(1).unwrap_or_default();
            match path {
                "/.well-known/openid-configuration" => {
                    let issuer = &plan.issuer;
                    let usual = json!({
                        "issuer": issuer,
                        "authorization_endpoint": format!("{issuer}/auth"),
                        "token_endpoint": format!("{issuer}/token"),
                        "userinfo_endpoint": format!("{issuer}/userinfo"),
                        "end_session_endpoint": format!("{issuer}/end"),
                        "jwks_uri": plan.jwks_uri.clone().unwrap_or_else(|| format!("{issuer}/jwks")),
                    });
                    Reply::json(200, plan.description.clone().unwrap_or(usual).to_string())
                }
                "/jwks" => Reply::json(200, json!({"keys": plan.keys}).to_string()),
                "/token" => {
                    let basic = asked.headers.get("authorization").is_some_and(|value| value.starts_with("Basic "));
                    assert!(basic && asked.field("code_verifier").len() == 43, "{asked:?}");
                    let id_token = plan.by_code.get(&asked.field("code")).unwrap_or(&plan.id_token);
                    Reply::json(
                        200,
                        json!({"id_token": id_token, "access_token": "opaque", "token_type": "Bearer"}).to_string(),
                    )
                }
                "/userinfo" => Reply::json(200, plan.user_info.to_string()),
                _ => Reply::json(404, "{}"),
            }
        })
        .await;
        let mut rules = OidcRules {
            issuer: provider.url(),
            client_id: "fupan".to_owned(),
            client_secret: Some("a secret of the test".to_owned().into()),
            scopes: vec!["email".to_owned()],
            name: None,
            role_claim: None,
            roles: Vec::new(),
            default_role: Some(Role::Viewer),
            team_scope: TeamScope::All,
            team_claim: None,
            teams: Vec::new(),
            link_verified_email: false,
        };
        change(&mut rules);
        let es = es_key();
        let ed = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        {
            let mut plan = plan.lock().unwrap();
            plan.issuer = provider.url();
            let ed_jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": base64(ed.public_key().as_ref())});
            plan.keys = vec![es_jwk(&es, "es"), ed_jwk, json!({"kty": "unknown", "kid": "x"})];
        }
        let service = Service::start_as(NOW, Bounds::default(), |app| {
            app.sign_in = Arc::new(SignIn::new(SignInRules::default()).with_provider(rules));
        })
        .await;
        Self { service, plan, provider, es, ed }
    }

    /// Claims of a good token.
    fn claims(&self, nonce: &str) -> Value {
        let now = self.service.app.now().timestamp();
        json!({
            "iss": self.provider.url(), "aud": "fupan", "sub": "248289761001", "nonce": nonce, "iat": now, "exp": now + 300,
            "email": "Wang@example.com", "name": "王芳", "sid": "s1",
        })
    }

    fn by_es(&self, claims: &Value) -> String {
        let sign = |text: &[u8]| self.es.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec();
        token(&json!({"alg": "ES256", "kid": "es"}), claims, sign)
    }

    async fn go(&self) -> There {
        let mut browser = Browser::new(&self.service);
        let answer = browser.ask("/login/provider?next=/events").await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let url = answer.headers()["location"].to_str().unwrap().to_owned();
        There { browser, state: part(&url, "state"), nonce: part(&url, "nonce"), url }
    }

    /// The provider gives this token and these user infos, and the browser comes back.
    async fn back(&self, there: &mut There, id_token: String, info: Value) -> Response {
        {
            let mut plan = self.plan.lock().unwrap();
            (plan.id_token, plan.user_info) = (id_token, info);
        }
        let path = format!("/login/provider/callback?code=c&state={}", there.state);
        there.browser.ask(&path).await
    }

    /// A whole sign-in with these claims besides the usual ones.
    async fn sign_in(&self, more: &[(&str, Value)]) -> (Response, Browser) {
        let mut there = self.go().await;
        let mut claims = self.claims(&there.nonce);
        for (name, value) in more {
            claims[*name] = value.clone();
        }
        let info = json!({"sub": claims["sub"]});
        let answer = self.back(&mut there, self.by_es(&claims), info).await;
        (answer, there.browser)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_at_the_provider_makes_an_account_and_the_next_one_finds_it_by_issuer_and_subject() {
    let house = House::new(|_| {}).await;
    let page = Browser::new(&house.service).get("/login?next=/e/1").await.1;
    assert!(page.contains("href=\"/login/provider?next=/e/1\"") && page.contains("统一登录"), "{page}");
    let mut there = house.go().await;
    assert_eq!(part(&there.url, "response_type"), "code");
    assert_eq!(part(&there.url, "code_challenge_method"), "S256");
    assert_eq!(part(&there.url, "scope"), "openid email");
    assert_eq!(part(&there.url, "code_challenge").len(), 43);
    let good = house.by_es(&house.claims(&there.nonce));
    let answer = house.back(&mut there, good, json!({"sub": "248289761001"})).await;
    assert_eq!((answer.status(), answer.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/events"));
    let (_, page) = there.browser.get("/settings").await;
    assert!(page.contains("Wang@example.com") && page.contains("王芳"), "{page}");
    assert!(there.browser.get("/settings/sessions").await.1.contains("统一登录"));

    // EdDSA, another e-mail, the same subject: the same person.
    let mut there = house.go().await;
    let mut claims = house.claims(&there.nonce);
    claims["email"] = json!("fang@example.com");
    let by_ed = token(&json!({"alg": "EdDSA", "kid": "ed"}), &claims, |text| house.ed.sign(text).as_ref().to_vec());
    assert_eq!(house.back(&mut there, by_ed, json!({"sub": "248289761001"})).await.status(), StatusCode::SEE_OTHER);
    assert!(there.browser.get("/settings").await.1.contains("Wang@example.com"));

    // Signing out leads on to the provider.
    let out = there.browser.post("/settings", "/logout", &[]).await;
    let page = out.text().await.unwrap();
    let there_too = format!("{}/end?client_id=fupan&#38;post_logout_redirect_uri=", house.provider.url());
    assert!(page.contains(&there_too) || page.contains(&there_too.replace("&#38;", "&amp;")), "{page}");
    assert_eq!(there.browser.get("/settings").await.0, StatusCode::SEE_OTHER);

    // The account is switched off: the provider's word opens nothing.
    let operator = Actor::local_operator();
    house.service.account(Role::Admin).await;
    let account = accounts::named(&house.service.app, &operator, "who", "wang@example.com").await.unwrap();
    let off = accounts::AccountPatch { active: Some(false), ..accounts::AccountPatch::default() };
    accounts::change(&house.service.app, &operator, account.id, off).await.unwrap();
    assert_eq!(house.sign_in(&[]).await.0.status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_believed_that_is_not_exactly_what_was_asked_for() {
    let house = House::new(|_| {}).await;
    let url = house.provider.url();
    let now = house.service.app.now().timestamp();
    let foreign = es_key();
    let random = SystemRandom::new();
    let hs = |key: Vec<u8>| {
        move |text: &[u8]| {
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
            mac.update(text);
            mac.finalize().into_bytes().to_vec()
        }
    };
    let changed: Vec<(&str, Value)> = vec![
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("aud", json!("another-service")),
        ("aud", json!(["another-service"])),
        ("aud", json!(["fupan", "another-service"])),
        ("aud", Value::Null),
        ("azp", json!("another-service")),
        ("iss", json!("https://evil.example.com")),
        ("iss", json!(format!("{url}/"))),
        ("iss", Value::Null),
        ("exp", json!(now - 3_600)),
        ("exp", json!(now.to_string())),
        ("exp", Value::Null),
        ("iat", json!(now - 3_600)),
        ("iat", json!(now + 3_600)),
        ("nbf", json!(now + 3_600)),
        ("sub", json!("")),
        ("sub", Value::Null),
    ];
    let es = json!({"alg": "ES256", "kid": "es"});
    let by_es = |text: &[u8]| house.es.sign(&random, text).unwrap().as_ref().to_vec();
    let mut made: Vec<(String, Forgery<'_>)> = Vec::new();
    for (name, value) in changed {
        let what = format!("{name} = {value}");
        let es = es.clone();
        made.push((
            what,
            Box::new(move |mut claims| {
                if value.is_null() {
                    claims.as_object_mut().unwrap().remove(name);
                } else {
                    claims[name] = value.clone();
                }
                token(&es, &claims, by_es)
            }),
        ));
    }
    made.push(("none".to_owned(), Box::new(|claims| token(&json!({"alg": "none"}), &claims, |_| Vec::new()))));
    made.push((
        "None".to_owned(),
        Box::new(|claims| token(&json!({"alg": "None", "kid": "es"}), &claims, |_| Vec::new())),
    ));
    let secret = b"a secret of the test".to_vec();
    made.push((
        "HS256 by the client secret".to_owned(),
        Box::new(move |claims| token(&json!({"alg": "HS256"}), &claims, hs(secret.clone()))),
    ));
    let public = house.es.public_key().as_ref().to_vec();
    made.push((
        "HS256 by the public key".to_owned(),
        Box::new(move |claims| token(&json!({"alg": "HS256", "kid": "es"}), &claims, hs(public.clone()))),
    ));
    made.push((
        "ES256 called EdDSA".to_owned(),
        Box::new(|claims| token(&json!({"alg": "EdDSA", "kid": "es"}), &claims, by_es)),
    ));
    made.push((
        "a foreign key".to_owned(),
        Box::new(|claims| token(&es, &claims, |text| foreign.sign(&random, text).unwrap().as_ref().to_vec())),
    ));
    made.push((
        "a foreign key in the header".to_owned(),
        Box::new(|claims| {
            let header = json!({"alg": "ES256", "jwk": es_jwk(&foreign, "own")});
            token(&header, &claims, |text| foreign.sign(&random, text).unwrap().as_ref().to_vec())
        }),
    ));
    made.push((
        "an unknown key id".to_owned(),
        Box::new(|claims| token(&json!({"alg": "ES256", "kid": "nobody"}), &claims, by_es)),
    ));
    made.push(("no signature".to_owned(), Box::new(|claims| token(&es, &claims, |_| Vec::new()))));
    made.push((
        "claims changed afterwards".to_owned(),
        Box::new(|claims| {
            let good = token(&es, &claims, by_es);
            let parts: Vec<&str> = good.split('.').collect();
            let mut other = claims.clone();
            other["sub"] = json!("somebody else");
            format!("{}.{}.{}", parts[0], base64(other.to_string()), parts[2])
        }),
    ));
    made.push(("no token".to_owned(), Box::new(|_| "x.y.z".to_owned())));
    for (what, make) in made {
        let mut there = house.go().await;
        let id_token = make(house.claims(&there.nonce));
        let answer = house.back(&mut there, id_token, json!({"sub": "248289761001"})).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{what}");
        assert!(answer.text().await.unwrap().contains("凭据不可信"), "{what}");
        assert!(!there.browser.cookies.contains_key("fupan_session"), "{what}");
    }
    // The infos are of who the token is of.
    let mut there = house.go().await;
    let good = house.by_es(&house.claims(&there.nonce));
    assert_eq!(house.back(&mut there, good, json!({"sub": "another"})).await.status(), StatusCode::UNAUTHORIZED);
    let list = accounts::list(&house.service.app, &Actor::local_operator()).await.unwrap();
    assert!(list.is_empty(), "nobody was made: {list:?}");
    let entries =
        fupan::store::audit::of_subject(house.service.app.store.read(), "account:unknown", 100).await.unwrap();
    assert!(entries.iter().filter(|entry| entry.change["why"] == "token").count() > 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_is_the_browser_that_went_once_and_in_time() {
    let house = House::new(|_| {}).await;
    let refused = |answer: Response| async move {
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(answer.text().await.unwrap().contains("不是从这个浏览器开始的"));
    };
    let mut there = house.go().await;
    let good = house.by_es(&house.claims(&there.nonce));
    let info = json!({"sub": "248289761001"});
    // Another browser, with the state of the first one: nobody is signed in with the code of somebody else.
    let mut victim = house.go().await;
    let own = std::mem::replace(&mut victim.state, there.state.clone());
    refused(house.back(&mut victim, good.clone(), info.clone()).await).await;
    // That used the state up; a state that nobody gave out is none.
    refused(house.back(&mut there, good.clone(), info.clone()).await).await;
    victim.state = own;
    refused(house.back(&mut victim, good.clone(), info.clone()).await).await;
    there.state = "made-up".to_owned();
    refused(house.back(&mut there, good, info.clone()).await).await;

    // Twice.
    let mut there = house.go().await;
    let good = house.by_es(&house.claims(&there.nonce));
    let kept = there.browser.cookies["fupan_flow"].clone();
    assert_eq!(house.back(&mut there, good.clone(), info.clone()).await.status(), StatusCode::SEE_OTHER);
    there.browser.cookies.insert("fupan_flow".to_owned(), kept);
    refused(house.back(&mut there, good, info.clone()).await).await;

    // Another issuer's answer (RFC 9207), and a refusal.
    let mut there = house.go().await;
    let path = format!("/login/provider/callback?code=c&state={}&iss=https%3A%2F%2Fevil.example.com", there.state);
    refused(there.browser.ask(&path).await).await;
    let mut there = house.go().await;
    let path = format!("/login/provider/callback?error=access_denied&state={}", there.state);
    let answer = there.browser.ask(&path).await;
    assert!(answer.status() == StatusCode::UNAUTHORIZED && answer.text().await.unwrap().contains("没有放行"));

    // Too late.
    let mut there = house.go().await;
    house.service.clock.set("2024-08-21T06:18:00Z");
    let good = house.by_es(&house.claims(&there.nonce));
    refused(house.back(&mut there, good, info).await).await;

    // The next page is one of this service.
    let mut browser = Browser::new(&house.service);
    let answer = browser.ask("/login/provider?next=//evil.example.com").await;
    let url = answer.headers()["location"].to_str().unwrap().to_owned();
    let mut there = There { browser, state: part(&url, "state"), nonce: part(&url, "nonce"), url };
    let good = house.by_es(&house.claims(&there.nonce));
    let answer = house.back(&mut there, good, json!({"sub": "248289761001"})).await;
    assert_eq!(answer.headers()["location"], "/");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_not_the_one_of_the_settings_or_points_into_the_house_is_not_asked() {
    let house = House::new(|_| {}).await;
    let issuer = house.provider.url();
    let whole = |name: &str, value: &str| {
        let mut described = json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"), "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwks"),
        });
        described[name] = json!(value);
        described
    };
    for described in [
        whole("issuer", "https://evil.example.com"),
        whole("jwks_uri", "http://169.254.169.254/latest/meta-data"),
        whole("jwks_uri", "http://10.0.0.1/jwks"),
        whole("jwks_uri", "file:///etc/passwd"),
        whole("authorization_endpoint", "javascript:alert(1)"),
        json!({"issuer": issuer}),
        json!([]),
    ] {
        house.plan.lock().unwrap().description = Some(described.clone());
        let mut browser = Browser::new(&house.service);
        let answer = browser.ask("/login/provider").await;
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY, "{described}");
        let page = answer.text().await.unwrap();
        assert!(page.contains("统一登录的服务器现在用不了") && page.contains("name=\"password\""), "{page}");
        assert!(!page.contains("169.254"), "the cause is in the log alone");
    }
    // Without a provider there is no way to one.
    let plain = Service::start(NOW).await;
    let mut browser = Browser::new(&plain);
    assert_eq!(browser.ask("/login/provider").await.status(), StatusCode::NOT_FOUND);
    assert!(!browser.get("/login").await.1.contains("/login/provider"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_there_is_linked_by_its_owner_or_by_a_setting_for_verified_e_mails() {
    let house = House::new(|_| {}).await;
    let (account, email) = with_password(&house.service, Role::Lead).await;
    let mail = || ("email", json!(email));
    let (answer, _) = house.sign_in(&[mail(), ("email_verified", json!(true))]).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT, "an e-mail alone is no proof");
    assert!(answer.text().await.unwrap().contains("请用密码登录"));

    // The owner links it.
    let mut browser = Browser::new(&house.service);
    browser.sign_in(&email, PASSWORD).await;
    let begun = browser.post("/settings/identity", "/settings/identity", &[("act", "link")]).await;
    let page = begun.text().await.unwrap();
    let url = page.split("id=\"on\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let url = url.replace("&#38;", "&").replace("&amp;", "&");
    let mut there = There { browser, state: part(&url, "state"), nonce: part(&url, "nonce"), url: url.clone() };
    let good = house.by_es(&house.claims(&there.nonce));
    let linked = house.back(&mut there, good.clone(), json!({"sub": "248289761001"})).await;
    assert_eq!(linked.headers()["location"], "/settings/identity");
    assert!(there.browser.get("/settings/identity").await.1.contains("已关联"));
    let (answer, mut by_provider) = house.sign_in(&[("email", json!("x@example.com"))]).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(by_provider.get("/settings").await.1.contains(&email));

    // A subject belongs to one account, and a link is made in the session that asked for it.
    let (_, second) = with_password(&house.service, Role::Viewer).await;
    let mut browser = Browser::new(&house.service);
    browser.sign_in(&second, PASSWORD).await;
    for (stays, status) in [(true, StatusCode::CONFLICT), (false, StatusCode::UNAUTHORIZED)] {
        let begun = browser.post("/settings/identity", "/settings/identity", &[("act", "link")]).await;
        let page = begun.text().await.unwrap();
        let url = page
            .split("id=\"on\" href=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .replace("&#38;", "&")
            .replace("&amp;", "&");
        let mut other = Browser::new(&house.service);
        other.cookies.clone_from(&browser.cookies);
        if !stays {
            other.cookies.remove("fupan_session");
        }
        let mut there = There { browser: other, state: part(&url, "state"), nonce: part(&url, "nonce"), url };
        let token = house.by_es(&house.claims(&there.nonce));
        assert_eq!(house.back(&mut there, token, json!({"sub": "248289761001"})).await.status(), status);
    }

    // Unlinked, the subject opens nothing any more.
    let gone = there.browser.post("/settings/identity", "/settings/identity", &[("act", "unlink")]).await;
    assert_eq!(gone.status(), StatusCode::SEE_OTHER);
    assert_eq!(house.sign_in(&[mail()]).await.0.status(), StatusCode::CONFLICT);
    let subject = format!("account:{}", account.id);
    let entries = fupan::store::audit::of_subject(house.service.app.store.read(), &subject, 100).await.unwrap();
    for action in ["identity.link", "identity.unlink", "session.open"] {
        assert!(entries.iter().any(|entry| entry.action == action), "{action}");
    }

    let trusting = House::new(|rules| rules.link_verified_email = true).await;
    let (_, email) = with_password(&trusting.service, Role::Lead).await;
    for (verified, status) in [
        (json!(false), StatusCode::CONFLICT),
        (json!("true"), StatusCode::CONFLICT),
        (json!(true), StatusCode::SEE_OTHER),
    ] {
        let answer = trusting.sign_in(&[("email", json!(email)), ("email_verified", verified.clone())]).await.0;
        assert_eq!(answer.status(), status, "{verified}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_give_roles_and_teams_at_every_sign_in_and_the_last_administrator_stays() {
    let house = House::new(|rules| {
        rules.role_claim = Some("groups".to_owned());
        let pair = |value: &str, role| (value.to_owned(), role);
        rules.roles = vec![pair("sre", Role::Reporter), pair("sre-leads", Role::Lead), pair("owners", Role::Admin)];
        rules.default_role = None;
        rules.team_claim = Some("groups".to_owned());
        rules.teams = vec![("sre".to_owned(), "支付".to_owned()), ("risk".to_owned(), "风控".to_owned())];
    })
    .await;
    let (app, operator) = (&house.service.app, Actor::local_operator());
    for name in ["支付", "风控"] {
        let fields = TeamFields { name: name.to_owned(), lead: None, members: Vec::new(), archived: false };
        teams::create(app, &operator, fields).await.unwrap();
    }
    let members = async |name: &str| teams::find(app, &operator, name).await.unwrap().fields.members.len();
    let role = async || accounts::named(app, &operator, "who", "wang@example.com").await.unwrap().role;
    assert_eq!(house.sign_in(&[]).await.0.status(), StatusCode::FORBIDDEN, "no group, no way in");
    assert_eq!(house.sign_in(&[("groups", json!(["guests"]))]).await.0.status(), StatusCode::FORBIDDEN);
    let (answer, mut first) = house.sign_in(&[("groups", json!(["sre", "sre-leads", 7]))]).await;
    assert_eq!((answer.status(), role().await), (StatusCode::SEE_OTHER, Role::Lead));
    assert_eq!((members("支付").await, members("风控").await), (1, 0));
    let (_, mut second) = house.sign_in(&[("groups", json!(["sre", "risk"]))]).await;
    assert_eq!(role().await, Role::Reporter);
    assert_eq!((members("支付").await, members("风控").await), (1, 1));
    assert_eq!(first.get("/settings").await.0, StatusCode::SEE_OTHER, "the session had the old role");
    assert_eq!(second.get("/settings").await.0, StatusCode::OK);
    house.sign_in(&[("groups", json!("owners"))]).await;
    assert_eq!((role().await, members("支付").await, members("风控").await), (Role::Admin, 0, 0));
    assert_eq!(house.sign_in(&[("groups", json!(["sre"]))]).await.0.status(), StatusCode::SEE_OTHER);
    assert_eq!(role().await, Role::Admin, "the last administrator stays one");
    assert_eq!(house.sign_in(&[("groups", json!([]))]).await.0.status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_at_the_provider_ends_its_sessions_here_and_nobody_elses_word_does() {
    let house = House::new(|_| {}).await;
    let (_, mut browser) = house.sign_in(&[]).await;
    let (_, mut another) = house.sign_in(&[("sid", json!("s2"))]).await;
    let now = house.service.app.now().timestamp();
    let event = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    let logout = |changes: &[(&str, Value)]| {
        let mut claims = json!({
            "iss": house.provider.url(), "aud": "fupan", "sub": "248289761001", "sid": "s1", "iat": now, "exp": now + 120,
            "jti": "j1", "events": event,
        });
        for (name, value) in changes {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(*name);
            } else {
                claims[*name] = value.clone();
            }
        }
        house.by_es(&claims)
    };
    let client = browser.client.clone();
    let url = format!("{}/login/provider/logout", house.service.url);
    let send = |token: String| client.post(&url).form(&[("logout_token", token)]).send();
    for bad in [
        logout(&[("nonce", json!("n"))]),
        logout(&[("events", Value::Null)]),
        logout(&[("aud", json!("another"))]),
        logout(&[("exp", json!(now - 3_600))]),
        logout(&[("jti", Value::Null)]),
        logout(&[("sub", Value::Null), ("sid", Value::Null)]),
        "x".to_owned(),
    ] {
        assert_eq!(send(bad).await.unwrap().status(), StatusCode::BAD_REQUEST);
    }
    assert_eq!(browser.get("/settings").await.0, StatusCode::OK);
    assert_eq!(send(logout(&[])).await.unwrap().status(), StatusCode::OK);
    assert_eq!(browser.get("/settings").await.0, StatusCode::SEE_OTHER);
    assert_eq!(another.get("/settings").await.0, StatusCode::OK, "another session there");
    assert_eq!(send(logout(&[])).await.unwrap().status(), StatusCode::BAD_REQUEST, "once");
    let all = logout(&[("sid", Value::Null), ("jti", json!("j2"))]);
    assert_eq!(send(all).await.unwrap().status(), StatusCode::OK);
    assert_eq!(another.get("/settings").await.0, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_to_a_full_team_gets_in_and_those_who_come_at_once_are_all_members() {
    let house = House::new(|rules| {
        rules.team_claim = Some("groups".to_owned());
        rules.teams = vec![("sre".to_owned(), "支付".to_owned()), ("risk".to_owned(), "风控".to_owned())];
    })
    .await;
    let (app, operator) = (&house.service.app, Actor::local_operator());
    let mut members = Vec::new();
    for at in 0..200 {
        let (email, name) = (format!("m{at}@example.com"), format!("m{at}"));
        let new = accounts::NewAccount { email, name, role: Role::Viewer, lang: "en".to_owned() };
        members.push(accounts::add(app, &operator, new).await.unwrap().0.id);
    }
    for (name, members) in [("支付", members), ("风控", Vec::new())] {
        let fields = TeamFields { name: name.to_owned(), lead: None, members, archived: false };
        teams::create(app, &operator, fields).await.unwrap();
    }
    let (answer, mut browser) = house.sign_in(&[("groups", json!(["sre"]))]).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/settings").await.0, StatusCode::OK, "the 201st is in");
    let full = teams::find(app, &operator, "支付").await.unwrap();
    assert_eq!(full.fields.members.len(), 200);
    let subject = format!("team:{}", full.id);
    let told = fupan::store::audit::of_subject(app.store.read(), &subject, 10).await.unwrap();
    assert!(told.iter().any(|one| one.action == "team.full"), "{told:?}");

    // Many at once, who all change the same team.
    let url = house.provider.url();
    house.plan.lock().unwrap().description = Some(json!({
        "issuer": url, "authorization_endpoint": format!("{url}/auth"), "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/jwks"),
    }));
    house.service.clock.set("2024-08-21T08:08:00Z");
    let mut there = Vec::new();
    for at in 0..6 {
        let one = house.go().await;
        let mut claims = house.claims(&one.nonce);
        claims["sub"] = json!(format!("s-{at}"));
        claims["email"] = json!(format!("s{at}@example.com"));
        claims["groups"] = json!(["risk"]);
        house.plan.lock().unwrap().by_code.insert(format!("code{at}"), house.by_es(&claims));
        there.push((one, format!("code{at}")));
    }
    let all = there.into_iter().map(|(mut one, code)| {
        let path = format!("/login/provider/callback?code={code}&state={}", one.state);
        tokio::spawn(async move { one.browser.ask(&path).await.status() })
    });
    for one in all.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap(), StatusCode::SEE_OTHER);
    }
    assert_eq!(teams::find(app, &operator, "风控").await.unwrap().fields.members.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_password_proves_who_they_are_by_being_asked_again_at_the_provider() {
    let house = House::new(|_| {}).await;
    let (_, mut browser) = house.sign_in(&[]).await;
    assert_eq!(browser.get("/settings/privacy/export").await.0, StatusCode::OK, "fresh from the sign-in");
    let lately = house.service.app.now().timestamp();
    house.service.clock.set("2024-08-21T06:24:00Z");
    let page = "/settings/confirm?next=/settings/privacy/export";
    let asked = browser.ask("/settings/privacy/export").await;
    assert_eq!(asked.headers()["location"], page);
    let (_, html) = browser.get(page).await;
    let way = "/login/provider?again=yes&amp;next=/settings/privacy/export";
    assert!(html.contains(way) && !html.contains("name=\"password\""), "{html}");
    // No password is taken where there is none.
    let form = [("password", PASSWORD), ("next", "/")];
    assert_eq!(browser.post(page, "/settings/confirm", &form).await.status(), StatusCode::CONFLICT);

    let again = async |browser: Browser, more: &[(&str, Value)]| {
        let mut browser = browser;
        let answer = browser.ask(&way.replace("&amp;", "&")).await;
        let url = answer.headers()["location"].to_str().unwrap().to_owned();
        assert_eq!((part(&url, "prompt"), part(&url, "max_age")), ("login".to_owned(), "0".to_owned()));
        let mut there = There { browser, state: part(&url, "state"), nonce: part(&url, "nonce"), url };
        let mut claims = house.claims(&there.nonce);
        for (name, value) in more {
            claims[*name] = value.clone();
        }
        let info = json!({"sub": claims["sub"], "auth_time": 4_000_000_000_i64});
        let answer = house.back(&mut there, house.by_es(&claims), info).await;
        assert_eq!(answer.headers()["location"], "/settings/privacy/export");
        there.browser
    };
    // The provider did not ask again: it says when it did, and that is the time that counts.
    let before = browser.cookies["fupan_session"].clone();
    let mut browser = again(browser, &[("auth_time", json!(lately))]).await;
    assert_eq!(browser.ask("/settings/privacy/export").await.status(), StatusCode::SEE_OTHER);
    let now = house.service.app.now().timestamp();
    let mut browser = again(browser, &[("auth_time", json!(now))]).await;
    assert_eq!(browser.get("/settings/privacy/export").await.0, StatusCode::OK);
    // The sessions that this browser had before are over.
    let mut thief = Browser::new(&house.service);
    thief.cookies.insert("fupan_session".to_owned(), before);
    assert_eq!(thief.get("/settings").await.0, StatusCode::SEE_OTHER);
    // Somebody else at the provider is somebody else here, and proves nothing for this account.
    let mut other = again(browser, &[("sub", json!("another")), ("email", json!("li@example.com"))]).await;
    assert!(other.get("/settings").await.1.contains("li@example.com"));
}
