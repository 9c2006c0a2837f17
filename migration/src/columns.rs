//! Columns and tables that mean the same on SQLite, PostgreSQL and MariaDB.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

/// A UUID column.
pub fn id(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().take()
}

/// Milliseconds since the epoch, a counter, or digits with a scale beside them.
pub fn big(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().take()
}

/// A 32-bit number.
pub fn int(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).integer().take()
}

/// A flag.
pub fn flag(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().take()
}

/// A calendar date.
pub fn day(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).date().take()
}

/// Text of at most `len` characters.
pub fn short(name: &'static str, len: u32) -> ColumnDef {
    ColumnDef::new(name).string_len(len).take()
}

/// Text of up to 16 MB; MariaDB's `text` holds 64 KB only.
pub fn long(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DatabaseBackend::MySql => column.custom("mediumtext"),
        _ => column.text(),
    };
    column
}

/// A JSON document, never queried inside.
pub fn json(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).json().take()
}

/// A table that does not exist yet: first the required columns, then the optional ones.
/// Text compares byte by byte on all three databases.
pub fn table(
    manager: &SchemaManager<'_>,
    name: &'static str,
    key: &[&'static str],
    required: Vec<ColumnDef>,
    optional: Vec<ColumnDef>,
) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name).if_not_exists();
    if manager.get_database_backend() == DatabaseBackend::MySql {
        table.character_set("utf8mb4").collate("utf8mb4_bin");
    }
    for mut column in required {
        table.col(column.not_null());
    }
    for mut column in optional {
        table.col(column.null());
    }
    let mut primary = Index::create();
    for column in key {
        primary.col(*column);
    }
    table.primary_key(&mut primary);
    table
}

/// A table of samples: its key is the order of its rows.
pub fn tight(
    m: &SchemaManager<'_>,
    name: &'static str,
    key: &[&'static str],
    required: Vec<ColumnDef>,
) -> TableCreateStatement {
    let mut created = table(m, name, key, required, Vec::new());
    if m.get_database_backend() == DatabaseBackend::Sqlite {
        created.extra("WITHOUT ROWID");
    }
    created
}

/// A foreign key that refuses to leave orphans.
pub fn references(table: &mut TableCreateStatement, from: &'static str, column: &'static str, to: &'static str) {
    table.foreign_key(
        ForeignKey::create()
            .name(format!("fk_{from}_{column}"))
            .from(from, column)
            .to(to, "id")
            .on_delete(ForeignKeyAction::Restrict),
    );
}

/// Creates an index unless it is there.
pub async fn index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    name: &'static str,
    columns: &[&'static str],
    unique: bool,
) -> Result<(), DbErr> {
    if manager.has_index(table, name).await? {
        return Ok(());
    }
    let mut statement = Index::create();
    statement.name(name).table(table);
    for column in columns {
        statement.col(*column);
    }
    if unique {
        statement.unique();
    }
    manager.create_index(statement).await
}

/// Adds columns that are not there yet, one statement each: SQLite adds one at a time. A required column needs a default.
pub async fn add_columns(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: Vec<ColumnDef>,
) -> Result<(), DbErr> {
    for column in columns {
        if !manager.has_column(table, column.get_column_name()).await? {
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
    }
    Ok(())
}
