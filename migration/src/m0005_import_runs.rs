//! Import runs with a ledger of what each changed, so that a run can be undone; further keys under which an import
//! knows its things again.

use sea_orm_migration::prelude::*;

use crate::columns::{big, id, index, long, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let run = table(
            m,
            "import_run",
            &["id"],
            vec![
                id("id"),
                big("at"),
                short("by_name", 100),
                short("source", 32),
                short("file_name", 255),
                big("files"),
                big("added"),
                big("changed"),
                big("same"),
                big("doubtful"),
            ],
            vec![id("by_id"), big("undone_at"), short("undone_by", 100)],
        );
        m.create_table(run).await?;
        index(m, "import_run", "ix_import_run_at", &["at", "id"], false).await?;

        let change = table(
            m,
            "import_change",
            &["run_id", "position"],
            vec![id("run_id"), big("position"), short("kind", 16), id("subject"), short("label", 255), big("version")],
            vec![long(m, "before_state"), long(m, "after_state")],
        );
        m.create_table(change).await?;
        index(m, "import_change", "ix_import_change_subject", &["subject"], false).await?;

        let alias = table(
            m,
            "import_alias",
            &["alias_key"],
            vec![short("alias_key", 64), short("kind", 16), short("week", 8), long(m, "raw")],
            vec![id("subject"), short("mark", 16)],
        );
        m.create_table(alias).await?;
        index(m, "import_alias", "ix_import_alias_week", &["week"], false).await?;
        index(m, "import_alias", "ix_import_alias_subject", &["subject"], false).await?;

        if !m.has_column("report_import", "undone_at").await? {
            let undone = Table::alter().table("report_import").add_column(big("undone_at").null()).take();
            m.alter_table(undone).await?;
        }
        Ok(())
    }
}
