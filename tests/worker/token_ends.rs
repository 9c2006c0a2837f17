//! Owners of API tokens are told before their tokens end.

use fupan::{
    domain::actor::{Actor, Role},
    service::{
        accounts::{self, Account, AccountPatch},
        token_ends,
        tokens::{self, ApiToken, NewToken},
    },
};

use crate::stage::{Stage, TUESDAY};

async fn token(stage: &Stage, account: &Account, name: &str, days: i64) -> ApiToken {
    let new = NewToken { days: Some(days), ..NewToken::of_all(name) };
    tokens::create(&stage.app, &Actor::local_operator(), account, new).await.unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_of_a_token_is_told_once_a_week_before_it_ends_in_their_language() {
    let stage = Stage::at(TUESDAY).await;
    let operator = Actor::local_operator();
    let lee = stage.person("lee@example.com", "Lee", Role::Lead, "en").await;
    let gone = stage.person("gone@example.com", "Gone", Role::Lead, "en").await;
    let account = async |id| accounts::by_id_of(&stage.app, &operator, id).await.unwrap();
    let (lee, oncall, gone) = (account(lee).await, account(stage.oncall).await, account(gone).await);
    let ends = token(&stage, &lee, "deploy script", 30).await;
    token(&stage, &oncall, "采集脚本", 30).await;
    token(&stage, &lee, "a week only", 7).await;
    token(&stage, &lee, "far away", 90).await;
    let replaced = token(&stage, &lee, "replaced", 60).await;
    let revoked = token(&stage, &lee, "revoked", 30).await;
    tokens::revoke(&stage.app, &operator, revoked.id).await.unwrap();
    token(&stage, &gone, "of nobody", 30).await;
    let off = AccountPatch { active: Some(false), ..AccountPatch::default() };
    stage.person("admin@example.com", "Admin", Role::Admin, "en").await;
    accounts::change(&stage.app, &operator, gone.id, off).await.unwrap();

    assert_eq!(token_ends::tell(&stage.app).await.unwrap(), 0, "thirty days before");
    stage.clock.set("2024-09-19T10:06:59+08:00");
    assert_eq!(token_ends::tell(&stage.app).await.unwrap(), 0, "a second too early");
    stage.clock.set("2024-09-19T10:07:00+08:00");
    // It goes on for a week, and the one in its place for long.
    tokens::rotate(&stage.app, &operator, replaced.id, Some(168)).await.unwrap();
    let (one, other) = (stage.app.clone(), stage.replica().await);
    let (one, other) = tokio::join!(token_ends::tell(&one), token_ends::tell(&other));
    assert_eq!(one.unwrap() + other.unwrap(), 2, "of two workers one tells");
    assert_eq!(token_ends::tell(&stage.app).await.unwrap(), 0, "once");
    stage.round_at("2024-09-19T10:08:00+08:00").await;
    let mails = stage.sink.received();
    let to = |who: &str| mails.iter().find(|mail| mail.to == who).unwrap();
    assert_eq!(to("lee@example.com").decoded("Subject").unwrap(), "[Fupan] An API token ends soon: deploy script");
    assert_eq!(to("oncall@example.com").decoded("Subject").unwrap(), "【复盘台】接口令牌即将到期：采集脚本");
    let outbox = stage.outbox().await;
    let english = outbox.iter().find(|one| one.recipient == "lee@example.com").unwrap();
    for words in ["2024-09-26 10:07 (Asia/Shanghai)", &ends.prefix, "/settings"] {
        assert!(english.text.contains(words), "{words}: {}", english.text);
    }
    assert_eq!(outbox.len(), 2);

    // After the mails of then were removed it is still told once.
    stage.clock.set("2024-09-25T10:07:00+08:00");
    assert_eq!(token_ends::tell(&stage.app).await.unwrap(), 0);
}
