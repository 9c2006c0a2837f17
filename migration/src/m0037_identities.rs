//! Accounts at a provider (OpenID Connect), and sign-ins that are under way there.

use sea_orm_migration::prelude::*;

use crate::columns::{big, id, index, references, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let mut identity = table(
            m,
            "account_identity",
            &["id"],
            vec![
                id("id"),
                id("account_id"),
                short("issuer", 255),
                short("subject", 255),
                big("created_at"),
                big("used_at"),
            ],
            Vec::new(),
        );
        references(&mut identity, "account_identity", "account_id", "account");
        m.create_table(identity).await?;
        index(m, "account_identity", "uq_account_identity", &["issuer", "subject"], true).await?;
        index(m, "account_identity", "ix_account_identity_account", &["account_id"], false).await?;
        let flow = table(
            m,
            "provider_flow",
            &["state_hash"],
            vec![
                short("state_hash", 64),
                // Of the cookie: the browser that began is the one that comes back.
                short("browser_hash", 64),
                short("nonce", 64),
                short("verifier", 64),
                short("next", 500),
                big("expires_at"),
            ],
            // Whose account is to be linked; none where somebody signs in.
            vec![id("account_id")],
        );
        m.create_table(flow).await?;
        index(m, "provider_flow", "ix_provider_flow_expires", &["expires_at"], false).await?;
        let used = table(m, "used_logout", &["jti_hash"], vec![short("jti_hash", 64), big("expires_at")], Vec::new());
        m.create_table(used).await?;
        index(m, "used_logout", "ix_used_logout_expires", &["expires_at"], false).await
    }
}
