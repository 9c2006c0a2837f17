//! Wrong passwords and codes of late, counted for all replicas.

use sea_orm_migration::prelude::*;

use crate::columns::{big, id, index, int, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let guess = table(
            m,
            "guess",
            &["key_hash"],
            vec![
                // Of whom and from where: nothing in it can be read.
                short("key_hash", 64),
                int("count"),
                // When the first of them was.
                big("since"),
            ],
            Vec::new(),
        );
        m.create_table(guess).await?;
        index(m, "guess", "ix_guess_since", &["since"], false).await?;
        let step = table(
            m,
            "sign_in_step",
            &["token_hash"],
            vec![
                // Who has given a password and owes a code.
                short("token_hash", 64),
                id("account_id"),
                int("tries"),
                big("expires_at"),
            ],
            Vec::new(),
        );
        m.create_table(step).await?;
        index(m, "sign_in_step", "ix_sign_in_step_expires", &["expires_at"], false).await?;
        index(m, "sign_in_step", "ix_sign_in_step_account", &["account_id"], false).await
    }
}
