//! The hash chain of the audit log: what each entry says as a hash, the places of the entries in the chain, and its head.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, big, flag, id, index, int, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        // None: the entry is older than the chain.
        add_columns(m, "audit_entry", vec![short("hash", 64).null().take()]).await?;
        index(m, "audit_entry", "ix_audit_at", &["at", "id"], false).await?;
        index(m, "audit_entry", "ix_audit_actor", &["actor_id", "at", "id"], false).await?;
        index(m, "audit_entry", "ix_audit_action", &["action", "at", "id"], false).await?;
        let seal = table(
            m,
            "audit_seal",
            &["position"],
            // Place in the chain, from 1; the hash binds the entry and the hash before.
            vec![big("position"), id("entry_id"), short("hash", 64)],
            Vec::new(),
        );
        m.create_table(seal).await?;
        index(m, "audit_seal", "uq_audit_seal_entry", &["entry_id"], true).await?;
        let head = table(
            m,
            "audit_head",
            &["id"],
            vec![
                int("id"),
                big("position"),
                short("hash", 64),
                big("sealed_at"),
                // Where the chain begins now: what came before was removed by the policy of retention.
                big("base_position"),
                short("base_hash", 64),
                // How many of the first entries are older than the chain.
                big("older"),
                // Entries without a hash are still taken in.
                flag("older_open"),
            ],
            Vec::new(),
        );
        m.create_table(head).await
    }
}
