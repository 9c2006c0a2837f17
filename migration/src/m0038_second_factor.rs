//! Codes of an authenticator (RFC 6238), and codes for when it is lost.

use sea_orm_migration::prelude::*;

use crate::columns::{big, id, index, references, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let mut factor = table(
            m,
            "second_factor",
            &["account_id"],
            vec![
                id("account_id"),
                // Base32, 160 bits.
                short("secret", 64),
                big("created_at"),
                // The step of the last code that was taken: none is taken twice.
                big("last_step"),
            ],
            // When the first code was right; until then it is an offer.
            vec![big("confirmed_at")],
        );
        references(&mut factor, "second_factor", "account_id", "account");
        m.create_table(factor).await?;
        let mut code = table(
            m,
            "recovery_code",
            &["id"],
            vec![id("id"), id("account_id"), short("code_hash", 64)],
            vec![big("used_at")],
        );
        references(&mut code, "recovery_code", "account_id", "account");
        m.create_table(code).await?;
        index(m, "recovery_code", "uq_recovery_code", &["account_id", "code_hash"], true).await
    }
}
