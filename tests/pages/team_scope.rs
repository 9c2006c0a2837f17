//! The team scope of accounts on the pages.

use fupan::{
    domain::actor::{Actor, Role, TeamScope},
    service::{accounts, sessions},
};
use reqwest::StatusCode;
use support::Service;

use crate::{NOW, Person};

#[tokio::test(flavor = "multi_thread")]
async fn administrators_say_of_which_teams_somebody_is_and_the_sessions_end() {
    let service = Service::start(NOW).await;
    let mut admin = Person::of(&service, Role::Admin).await;
    let form = [("email", "li@example.com"), ("name", "Li"), ("role", "reporter"), ("team_scope", "own")];
    let (status, _, page) = admin.post("/settings/accounts", &form).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let operator = Actor::local_operator();
    let li = accounts::named(&service.app, &operator, "email", "li@example.com").await.unwrap();
    assert_eq!(li.team_scope, TeamScope::Own);
    let sign_in = async || {
        let account = accounts::named(&service.app, &operator, "email", "li@example.com").await.unwrap();
        let (cookie, signed_in) = sessions::open(&service.app, account, sessions::Entry::default()).await.unwrap();
        let mut person = Person::of(&service, Role::Viewer).await;
        person.cookie = format!("fupan_session={cookie}");
        person.csrf = signed_in.session.csrf;
        person
    };
    let person = sign_in().await;
    let (_, page) = person.get("/").await;
    assert!(page.contains("范围：还没有加入团队"), "{page}");
    let (_, page) = person.get("/settings").await;
    assert!(page.contains("数字只算这些事件"), "{page}");
    let (_, page) = admin.get("/settings").await;
    assert!(page.contains(r#"<option value="own" selected>仅本团队</option>"#), "{page}");

    let path = format!("/settings/accounts/{}", li.id);
    let change = |scope: &'static str, role: &'static str| [("role", role), ("team_scope", scope), ("active", "yes")];
    // The same again ends nothing.
    assert_eq!(admin.post(&path, &change("own", "reporter")).await.0, StatusCode::SEE_OTHER);
    assert_eq!(person.get("/").await.0, StatusCode::OK);
    assert_eq!(admin.post(&path, &change("all", "reporter")).await.0, StatusCode::SEE_OTHER);
    assert_eq!(person.get("/").await.0, StatusCode::SEE_OTHER, "the session had the other scope");
    let person = sign_in().await;
    let (_, page) = person.get("/").await;
    assert!(!page.contains(r#"id="scope""#), "{page}");
    assert_eq!(admin.post(&path, &change("own", "reporter")).await.0, StatusCode::SEE_OTHER);
    assert_eq!(person.get("/").await.0, StatusCode::SEE_OTHER);

    let (status, _, page) = admin.post(&path, &change("own", "admin")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("管理员总是全部团队"), "{page}");
    let (status, _, page) = admin.post(&path, &change("some", "reporter")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("请选择全部团队或仅本团队"), "{page}");
    // A form that says nothing of it leaves it as it is.
    assert_eq!(admin.post(&path, &[("role", "lead"), ("active", "yes")]).await.0, StatusCode::SEE_OTHER);
    let li = accounts::named(&service.app, &operator, "email", "li@example.com").await.unwrap();
    assert_eq!((li.role, li.team_scope), (Role::Lead, TeamScope::Own));

    admin = Person::of(&service, Role::Admin).await;
    let (_, _) = admin.get("/settings").await;
    let (status, page) = sign_in().await.get("/styles/edit").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(page.contains("仅本团队"), "{page}");
}
