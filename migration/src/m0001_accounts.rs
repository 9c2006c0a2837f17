//! Accounts, sessions, invitations, API tokens, the audit log and kept answers.

use sea_orm_migration::prelude::*;

use crate::columns::{big, flag, id, index, int, json, long, references, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let account = table(
            m,
            "account",
            &["id"],
            vec![
                id("id"),
                short("email", 254),
                short("email_key", 254),
                short("name", 80),
                short("role", 16),
                short("lang", 8),
                flag("active"),
                big("created_at"),
                big("version"),
            ],
            vec![short("password_hash", 255)],
        );
        m.create_table(account).await?;
        index(m, "account", "uq_account_email", &["email_key"], true).await?;

        let mut session = table(
            m,
            "session",
            &["id"],
            vec![
                id("id"),
                id("account_id"),
                short("token_hash", 64),
                short("csrf", 64),
                big("created_at"),
                big("seen_at"),
                big("expires_at"),
            ],
            vec![],
        );
        references(&mut session, "session", "account_id", "account");
        m.create_table(session).await?;
        index(m, "session", "uq_session_token", &["token_hash"], true).await?;
        index(m, "session", "ix_session_account", &["account_id"], false).await?;
        index(m, "session", "ix_session_expires", &["expires_at"], false).await?;

        let mut invitation = table(
            m,
            "invitation",
            &["id"],
            vec![id("id"), short("kind", 16), short("token_hash", 64), big("created_at"), big("expires_at")],
            vec![id("account_id"), big("used_at")],
        );
        references(&mut invitation, "invitation", "account_id", "account");
        m.create_table(invitation).await?;
        index(m, "invitation", "uq_invitation_token", &["token_hash"], true).await?;

        let mut token = table(
            m,
            "api_token",
            &["id"],
            vec![
                id("id"),
                id("account_id"),
                short("name", 80),
                short("prefix", 16),
                short("token_hash", 64),
                big("created_at"),
            ],
            vec![big("used_at"), big("revoked_at")],
        );
        references(&mut token, "api_token", "account_id", "account");
        m.create_table(token).await?;
        index(m, "api_token", "uq_api_token_hash", &["token_hash"], true).await?;
        index(m, "api_token", "ix_api_token_account", &["account_id"], false).await?;

        let audit = table(
            m,
            "audit_entry",
            &["id"],
            vec![
                id("id"),
                big("at"),
                short("actor_name", 80),
                short("action", 40),
                short("subject", 80),
                json("change"),
            ],
            vec![id("actor_id")],
        );
        m.create_table(audit).await?;
        index(m, "audit_entry", "ix_audit_subject", &["subject", "at", "id"], false).await?;

        let mut kept = table(
            m,
            "idempotency_key",
            &["id"],
            vec![
                id("id"),
                id("account_id"),
                short("key", 200),
                short("request_hash", 64),
                int("status"),
                long(m, "body"),
                big("created_at"),
            ],
            vec![short("etag", 80), short("location", 255)],
        );
        references(&mut kept, "idempotency_key", "account_id", "account");
        m.create_table(kept).await?;
        index(m, "idempotency_key", "uq_idempotency_key", &["account_id", "key"], true).await?;
        index(m, "idempotency_key", "ix_idempotency_created", &["created_at"], false).await
    }
}
