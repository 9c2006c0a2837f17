//! What events are filtered by stands in the index of the search: all documents are made anew. Counting what is owed
//! reads one index.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        // From which event on, in the order of their keys, documents are still to be made: `store::search`. The greatest
        // number says that there is none.
        m.get_connection()
            .execute_unprepared(
                "UPDATE counter SET value = CASE WHEN EXISTS (SELECT 1 FROM event) THEN 0 ELSE 9223372036854775807 END \
                 WHERE name = 'search'",
            )
            .await?;
        Ok(())
    }
}
