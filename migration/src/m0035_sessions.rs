//! What a session says of itself, and when an account got its second factor.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, big, index, short};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let mut browser = short("browser", 80);
        let mut method = short("method", 16);
        add_columns(
            m,
            "session",
            vec![
                // Its browser in words.
                browser.not_null().default("").take(),
                // password, provider, proxy or demo.
                method.not_null().default("password").take(),
                // The session at the provider that it came from (OpenID Connect, sid).
                short("provider_sid", 255),
            ],
        )
        .await?;
        index(m, "session", "ix_session_sid", &["provider_sid"], false).await?;
        index(m, "session", "ix_session_seen", &["seen_at"], false).await?;
        add_columns(m, "account", vec![big("second_factor_at")]).await
    }
}
