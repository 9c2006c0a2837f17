//! API tokens: what they may be used for, until when, and how they are replaced.

use fupan::{
    domain::{
        actor::{Actor, ROLES, Role},
        scope::{SCOPES, Scope, Scopes},
    },
    service::{
        accounts::{self, NewAccount},
        tokens::{self, NewToken},
    },
    store::accounts::Account,
    web::{routes::ROUTES, server::Bounds},
};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use support::Service;

use super::{NOW, client};

struct Desk {
    service: Service,
    client: Client,
}

impl Desk {
    async fn new() -> Self {
        Self { service: Service::start(NOW).await, client: client() }
    }

    async fn account(&self, role: Role) -> Account {
        let email = format!("{}@example.com", self.service.app.id().simple());
        let new = NewAccount { email, name: role.code().to_owned(), role, lang: "en".to_owned() };
        accounts::add(&self.service.app, &Actor::local_operator(), new).await.unwrap().0
    }

    async fn token(&self, account: &Account, codes: &[&str], days: i64) -> String {
        let scopes = Scopes::from_codes(codes.iter().copied()).unwrap();
        let new = NewToken { name: codes.join(" "), scopes, days: Some(days) };
        tokens::create(&self.service.app, &Actor::local_operator(), account, new).await.unwrap().1
    }

    async fn send(&self, token: &str, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.client.request(method, format!("{}{path}", self.service.url)).bearer_auth(token);
        let answer = request.json(&body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn status(&self, token: &str, path: &str) -> StatusCode {
        self.client.get(format!("{}{path}", self.service.url)).bearer_auth(token).send().await.unwrap().status()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_every_role_and_scope_opens_what_both_allow_and_nothing_else() {
    let desk = Desk::new().await;
    for role in ROLES {
        let account = desk.account(role).await;
        for scope in SCOPES {
            let token = desk.token(&account, &[scope.code()], 90).await;
            let scopes = Scopes::from_codes([scope.code()]).unwrap();
            for route in ROUTES {
                let Some(needs) = route.permission.needs() else { continue };
                let path = route.path.replace("{number}", "1").replace("{week}", "2024-W34").replace("{name}", "x");
                let path = path.replace("{id}", "0197a000-0000-7000-8000-000000000000").replace(['{', '}'], "");
                let method: Method = route.method.parse().unwrap();
                let request = desk.client.request(method, format!("{}{path}", desk.service.url)).bearer_auth(&token);
                let answer = request.header("Accept", "application/json").send().await.unwrap();
                let (status, text) = (answer.status(), answer.text().await.unwrap());
                let who = format!("{} {path} as {} with {}: {status} {text}", route.method, role.code(), scope.code());
                let refused_by_role = role < needs;
                let refused_by_scope = !scopes.allow(route.permission.scope());
                if refused_by_role || refused_by_scope {
                    assert_eq!(status, StatusCode::FORBIDDEN, "{who}");
                    let code = if refused_by_role { "\"forbidden\"" } else { "\"out_of_scope\"" };
                    assert!(text.contains(code), "{who}");
                } else {
                    assert!(status != StatusCode::UNAUTHORIZED && status != StatusCode::FORBIDDEN, "{who}");
                    assert!(!status.is_server_error(), "{who}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_manages_accounts_tokens_and_settings_needs_the_scope_of_administration() {
    for route in ROUTES {
        let managing = route.path.starts_with("/settings")
            || ["/tokens", "/policies", "/notifiers", "/outbox", "/mail-stops"]
                .iter()
                .any(|name| route.path.starts_with(&format!("/api/v1{name}")));
        let writes = route.method != "GET" || route.path.contains("tokens") || route.path.contains("outbox");
        if managing && writes {
            assert_eq!(route.permission.scope(), Scope::Admin, "{} {}", route.method, route.path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_is_said_to_end_soon_and_has_a_longest_life() {
    let desk = Desk::new().await;
    let account = desk.account(Role::Admin).await;
    let token = desk.token(&account, &["admin"], 366).await;
    for days in [0, 367, -1] {
        let (status, refusal) =
            desk.send(&token, Method::POST, "/api/v1/tokens", json!({"name": "x", "days": days})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refusal}");
    }
    for scopes in [json!([]), json!(["root"]), json!(["read", "everything"])] {
        let (status, refusal) =
            desk.send(&token, Method::POST, "/api/v1/tokens", json!({"name": "x", "scopes": scopes})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refusal}");
    }
    let (status, made) = desk.send(&token, Method::POST, "/api/v1/tokens", json!({"name": "ci"})).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert_eq!((&made["scopes"], &made["life"]), (&json!(["read", "write"]), &json!("works")));
    assert_eq!(made["expires_at"], "2024-11-19T14:08:00+08:00", "90 days by default");
    let secret = made["token"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("fpn_"));
    let list = async || desk.send(&token, Method::GET, "/api/v1/tokens", Value::Null).await.1;
    assert!(!list().await.to_string().contains(&secret), "shown once");
    let life = async || {
        let list = list().await;
        list["data"].as_array().unwrap().iter().find(|one| one["id"] == made["id"]).unwrap()["life"].clone()
    };
    assert_eq!(desk.status(&secret, "/api/v1/events").await, StatusCode::OK);
    desk.service.clock.set("2024-11-05T14:09:00+08:00");
    assert_eq!(life().await, "soon");
    desk.service.clock.set("2024-11-19T14:07:59+08:00");
    assert_eq!(desk.status(&secret, "/api/v1/events").await, StatusCode::OK);
    desk.service.clock.set("2024-11-19T14:08:00+08:00");
    assert_eq!(desk.status(&secret, "/api/v1/events").await, StatusCode::UNAUTHORIZED);
    assert_eq!(life().await, "over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_replaced_without_a_gap_and_only_once() {
    let desk = Desk::new().await;
    let account = desk.account(Role::Admin).await;
    let token = desk.token(&account, &["admin"], 90).await;
    let (_, made) =
        desk.send(&token, Method::POST, "/api/v1/tokens", json!({"name": "ci", "scopes": ["samples"]})).await;
    let (id, old) = (made["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned());
    let rotate = format!("/api/v1/tokens/{id}:rotate");
    let (status, _) = desk.send(&token, Method::POST, &rotate, json!({"overlap_hours": 169})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, new) = desk.send(&token, Method::POST, &rotate, json!({"overlap_hours": 2})).await;
    assert_eq!(status, StatusCode::CREATED, "{new}");
    assert_eq!((&new["name"], &new["scopes"]), (&json!("ci"), &json!(["samples"])));
    let new = new["token"].as_str().unwrap().to_owned();
    let works = async |secret: &str| desk.status(secret, "/api/v1/events").await == StatusCode::FORBIDDEN;
    assert!(works(&old).await && works(&new).await, "both are known; neither reads");
    let (status, again) = desk.send(&token, Method::POST, &rotate, json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{again}");
    desk.service.clock.set("2024-08-21T16:07:59+08:00");
    assert!(works(&old).await);
    desk.service.clock.set("2024-08-21T16:08:00+08:00");
    assert_eq!(desk.status(&old, "/api/v1/events").await, StatusCode::UNAUTHORIZED);
    assert!(works(&new).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_revoked_by_their_owner_and_by_administrators_and_are_not_there_for_others() {
    let desk = Desk::new().await;
    let (owner, lead, admin) =
        (desk.account(Role::Reporter).await, desk.account(Role::Lead).await, desk.account(Role::Admin).await);
    let of_owner = desk.token(&owner, &["admin"], 90).await;
    let (of_lead, of_admin) = (desk.token(&lead, &["admin"], 90).await, desk.token(&admin, &["admin"], 90).await);
    let mut made = Vec::new();
    for name in ["one", "two"] {
        made.push(desk.send(&of_owner, Method::POST, "/api/v1/tokens", json!({"name": name})).await.1);
    }
    let path = |at: usize| format!("/api/v1/tokens/{}", made[at]["id"].as_str().unwrap());
    for (method, path) in [(Method::DELETE, path(0)), (Method::POST, format!("{}:rotate", path(0)))] {
        assert_eq!(desk.send(&of_lead, method, &path, json!({})).await.0, StatusCode::NOT_FOUND, "another's: {path}");
    }
    let everyone = "/api/v1/tokens?everyone=true";
    assert_eq!(desk.status(&of_lead, everyone).await, StatusCode::FORBIDDEN);
    let (_, all) = desk.send(&of_admin, Method::GET, everyone, Value::Null).await;
    let shown = all["data"].as_array().unwrap();
    assert!(shown.iter().any(|one| one["id"] == made[0]["id"] && one["account"] == owner.email.as_str()), "{all}");
    let (_, first) = desk.send(&of_admin, Method::GET, "/api/v1/tokens?everyone=true&limit=2", Value::Null).await;
    let next = format!("/api/v1/tokens?everyone=true&limit=200&cursor={}", first["next_cursor"].as_str().unwrap());
    let (_, rest) = desk.send(&of_admin, Method::GET, &next, Value::Null).await;
    assert_eq!(rest["data"].as_array().unwrap().len() + 2, shown.len());
    for (at, by) in [(0, &of_owner), (1, &of_admin)] {
        assert_eq!(desk.send(by, Method::DELETE, &path(at), Value::Null).await.0, StatusCode::NO_CONTENT);
        let secret = made[at]["token"].as_str().unwrap();
        assert_eq!(desk.status(secret, "/api/v1/events").await, StatusCode::UNAUTHORIZED);
        assert_eq!(desk.send(by, Method::DELETE, &path(at), Value::Null).await.0, StatusCode::NOT_FOUND);
    }
    let (status, _) =
        desk.send(&of_lead, Method::POST, "/api/v1/tokens", json!({"name": "x", "account": owner.email})).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "nobody makes a token of another one");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_the_service_and_the_document_are_open_only_where_it_is_set() {
    let paths = ["/metrics", "/api/openapi.json"];
    let desk = Desk::new().await;
    let account = desk.account(Role::Viewer).await;
    let (reads, pushes) = (desk.token(&account, &["read"], 90).await, desk.token(&account, &["samples"], 90).await);
    for path in paths {
        let url = format!("{}{path}", desk.service.url);
        let answer = desk.client.get(&url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(!answer.text().await.unwrap().contains("fupan_build_info"));
        assert_eq!(
            desk.client.get(&url).bearer_auth("fpn_wrong").send().await.unwrap().status(),
            StatusCode::UNAUTHORIZED
        );
        assert_eq!(desk.status(&pushes, path).await, StatusCode::FORBIDDEN);
        assert_eq!(desk.status(&reads, path).await, StatusCode::OK);
    }
    let bounds = Bounds { public_metrics: true, public_api_document: true, ..Bounds::default() };
    let open = Service::start_with(NOW, fupan::service::limits::Limits::default(), bounds).await;
    for path in paths {
        let answer = client().get(format!("{}{path}", open.url)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_before_there_were_scopes_keeps_all_rights_of_its_account_and_is_named_as_one_to_rotate() {
    use entity::api_token::{ActiveModel, Entity};
    use sea_orm::{ActiveValue::Set, EntityTrait};

    let desk = Desk::new().await;
    let account = desk.account(Role::Admin).await;
    let secret = "fpn_0123456789abcdef0123456789abcdef0123456789a";
    let row = ActiveModel {
        id: Set(desk.service.app.id()),
        account_id: Set(account.id),
        name: Set("old".to_owned()),
        prefix: Set("fpn_012345".to_owned()),
        token_hash: Set(fupan::service::secrets::hash(secret)),
        created_at: Set(0),
        used_at: Set(None),
        revoked_at: Set(None),
        scopes: Set(None),
        expires_at: Set(None),
        replaced_by: Set(None),
        warned_at: Set(None),
    };
    let tx = desk.service.app.store.begin().await.unwrap();
    Entity::insert(row).exec_without_returning(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(desk.status(secret, "/api/v1/outbox").await, StatusCode::OK);
    let (_, list) = desk.send(secret, Method::GET, "/api/v1/tokens", Value::Null).await;
    let old = &list["data"][0];
    assert_eq!((&old["scopes"], &old["life"], &old["expires_at"]), (&json!(["admin"]), &json!("soon"), &Value::Null));
    let rotate = format!("/api/v1/tokens/{}:rotate", old["id"].as_str().unwrap());
    let (status, new) = desk.send(secret, Method::POST, &rotate, json!({})).await;
    assert_eq!(status, StatusCode::CREATED, "{new}");
    assert_eq!(new["expires_at"], "2024-11-19T14:08:00+08:00");
}
