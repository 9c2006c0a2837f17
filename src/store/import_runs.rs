//! Import runs and the ledger of their changes.

use entity::{import_change, import_run};
pub use sea_orm::ConnectionTrait;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{StoreError, Tx, bulk, tx::one_row};

/// One act of importing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRun {
    /// UUIDv7.
    pub id: Uuid,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// Account; none is the local operator.
    pub by_id: Option<Uuid>,
    /// Name of the actor at that time, at most 100 characters.
    pub by_name: String,
    /// cli, web, api, or the tool that the events come from; at most 32 characters.
    pub source: String,
    /// Of the first file, at most 255 characters.
    pub file_name: String,
    /// How many files wrote something.
    pub files: i64,
    /// Things that were new.
    pub added: i64,
    /// Things that changed.
    pub changed: i64,
    /// Things that were there.
    pub same: i64,
    /// Things that a person should look at.
    pub doubtful: i64,
    /// Milliseconds; none while the run stands.
    pub undone_at: Option<i64>,
    /// Who undid it.
    pub undone_by: Option<String>,
}

/// One change of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportChange {
    /// The run.
    pub run_id: Uuid,
    /// Order within the run, from 1; below that what passed on from a run that was undone.
    pub position: i64,
    /// event, postmortem, figure, incident_count, document or alias; told or named where the run tells of something
    /// without changing it.
    pub kind: String,
    /// Id of what changed.
    pub subject: Uuid,
    /// What it is, for people; at most 255 characters.
    pub label: String,
    /// Version of the subject after the change; 0 where it has none.
    pub version: i64,
    /// JSON; none where it was not there.
    pub before: Option<String>,
    /// JSON.
    pub after: Option<String>,
}

/// Where the next page of runs begins: after this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunCursor {
    /// Milliseconds.
    pub at: i64,
    /// UUIDv7.
    pub id: Uuid,
}

/// Records what one file of a run did: the first makes the row, the others add to it.
pub async fn record(tx: &Tx, run: &ImportRun, first: bool) -> Result<(), StoreError> {
    use import_run::{ActiveModel, Column, Entity};
    if first {
        let row = ActiveModel {
            id: Set(run.id),
            at: Set(run.at),
            by_id: Set(run.by_id),
            by_name: Set(run.by_name.clone()),
            source: Set(run.source.clone()),
            file_name: Set(run.file_name.clone()),
            files: Set(run.files),
            added: Set(run.added),
            changed: Set(run.changed),
            same: Set(run.same),
            doubtful: Set(run.doubtful),
            undone_at: Set(None),
            undone_by: Set(None),
        };
        Entity::insert(row).exec_without_returning(tx.conn()).await?;
        return Ok(());
    }
    let more = |column: Column, by: i64| Expr::col(column).add(by);
    let result = Entity::update_many()
        .col_expr(Column::Files, more(Column::Files, run.files))
        .col_expr(Column::Added, more(Column::Added, run.added))
        .col_expr(Column::Changed, more(Column::Changed, run.changed))
        .col_expr(Column::Same, more(Column::Same, run.same))
        .col_expr(Column::Doubtful, more(Column::Doubtful, run.doubtful))
        .filter(Column::Id.eq(run.id))
        .filter(Column::UndoneAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// One run.
pub async fn by_id(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<ImportRun>, StoreError> {
    Ok(import_run::Entity::find_by_id(id).one(connection).await?.map(run_value))
}

/// A page of runs, the latest first.
pub async fn list(
    connection: &impl ConnectionTrait,
    after: Option<RunCursor>,
    limit: u64,
) -> Result<Vec<ImportRun>, StoreError> {
    use import_run::{Column, Entity};
    let mut condition = Condition::all();
    if let Some(cursor) = after {
        let same = Condition::all().add(Column::At.eq(cursor.at)).add(Column::Id.lt(cursor.id));
        condition = condition.add(Condition::any().add(Column::At.lt(cursor.at)).add(same));
    }
    let rows = Entity::find()
        .filter(condition)
        .order_by_desc(Column::At)
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(run_value).collect())
}

/// Marks a run that stands as undone; one that is undone already is stale.
pub async fn mark_undone(tx: &Tx, id: Uuid, at: i64, by: &str) -> Result<(), StoreError> {
    use import_run::{Column, Entity};
    let result = Entity::update_many()
        .col_expr(Column::UndoneAt, Expr::value(at))
        .col_expr(Column::UndoneBy, Expr::value(by))
        .filter(Column::Id.eq(id))
        .filter(Column::UndoneAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Writes changes.
pub async fn insert_changes(tx: &Tx, changes: &[ImportChange]) -> Result<(), StoreError> {
    let rows = changes.iter().map(|change| import_change::ActiveModel {
        run_id: Set(change.run_id),
        position: Set(change.position),
        kind: Set(change.kind.clone()),
        subject: Set(change.subject),
        label: Set(change.label.clone()),
        version: Set(change.version),
        before_state: Set(change.before.clone()),
        after_state: Set(change.after.clone()),
    });
    bulk::insert_all(tx, rows.collect()).await
}

/// Every change of a run, in order.
pub async fn all_changes(connection: &impl ConnectionTrait, run_id: Uuid) -> Result<Vec<ImportChange>, StoreError> {
    /// Changes that are read at once.
    const PAGE: u64 = 2_000;
    let mut all: Vec<ImportChange> = Vec::new();
    loop {
        let behind = all.last().map_or(i64::MIN, |change| change.position);
        let page = changes(connection, run_id, behind, &[], PAGE).await?;
        let whole = (page.len() as u64) < PAGE;
        all.extend(page);
        if whole {
            return Ok(all);
        }
    }
}

/// Changes of a run behind `after`, in order, at most `limit`; without those of the kinds `but`.
pub async fn changes(
    connection: &impl ConnectionTrait,
    run_id: Uuid,
    after: i64,
    but: &[&str],
    limit: u64,
) -> Result<Vec<ImportChange>, StoreError> {
    use import_change::{Column, Entity};
    let rows = Entity::find()
        .filter(Column::RunId.eq(run_id))
        .filter(Column::Position.gt(after))
        .filter(Column::Kind.is_not_in(but.iter().copied()))
        .order_by_asc(Column::Position)
        .limit(limit)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(change_value).collect())
}

/// The changes of runs that stand to any of these events, the latest run first.
pub async fn of_subjects(
    connection: &impl ConnectionTrait,
    subjects: &[Uuid],
) -> Result<Vec<ImportChange>, StoreError> {
    use import_change::{Column, Entity};
    use sea_orm::sea_query::Query;
    let mut found = Vec::new();
    for chunk in subjects.chunks(1_000) {
        let standing = Query::select()
            .column(import_run::Column::Id)
            .from(import_run::Entity)
            .and_where(import_run::Column::UndoneAt.is_null())
            .take();
        let rows = Entity::find()
            .filter(Column::Subject.is_in(chunk.iter().copied()))
            .filter(Column::Kind.eq("event"))
            .filter(Column::RunId.in_subquery(standing))
            .order_by_desc(Column::RunId)
            .order_by_desc(Column::Position)
            .limit(10_000)
            .all(connection)
            .await?;
        found.extend(rows.into_iter().map(change_value));
    }
    Ok(found)
}

/// The changes that other runs that stand made to these things, in order of runs and of their ledgers.
pub async fn of_others(
    connection: &impl ConnectionTrait,
    run_id: Uuid,
    subjects: &[Uuid],
) -> Result<Vec<ImportChange>, StoreError> {
    use import_change::{Column, Entity};
    use sea_orm::sea_query::Query;
    /// Changes that are read at once.
    const PAGE: u64 = 2_000;
    let mut found = Vec::new();
    for chunk in subjects.chunks(500) {
        let mut behind: Option<(Uuid, i64)> = None;
        loop {
            let standing = Query::select()
                .column(import_run::Column::Id)
                .from(import_run::Entity)
                .and_where(import_run::Column::UndoneAt.is_null())
                .take();
            let mut condition = Condition::all()
                .add(Column::Subject.is_in(chunk.iter().copied()))
                .add(Column::RunId.ne(run_id))
                .add(Column::RunId.in_subquery(standing));
            if let Some((run, position)) = behind {
                let same = Condition::all().add(Column::RunId.eq(run)).add(Column::Position.gt(position));
                condition = condition.add(Condition::any().add(Column::RunId.gt(run)).add(same));
            }
            let rows = Entity::find()
                .filter(condition)
                .order_by_asc(Column::RunId)
                .order_by_asc(Column::Position)
                .limit(PAGE)
                .all(connection)
                .await?;
            let whole = (rows.len() as u64) < PAGE;
            behind = rows.last().map(|row| (row.run_id, row.position));
            found.extend(rows.into_iter().map(change_value));
            if whole {
                break;
            }
        }
    }
    Ok(found)
}

/// Writes changes of an undone run into the ledgers of others, before everything that those hold. Their positions are
/// given here.
pub async fn inherit(tx: &Tx, changes: &[ImportChange]) -> Result<(), StoreError> {
    use import_change::{Column, Entity};
    let heirs: std::collections::BTreeSet<Uuid> = changes.iter().map(|change| change.run_id).collect();
    let heirs: Vec<Uuid> = heirs.into_iter().collect();
    let mut first: std::collections::HashMap<Uuid, i64> = std::collections::HashMap::new();
    for chunk in heirs.chunks(500) {
        let lowest: Vec<(Uuid, i64)> = Entity::find()
            .select_only()
            .column(Column::RunId)
            .column_as(Column::Position.min(), "lowest")
            .filter(Column::RunId.is_in(chunk.iter().copied()))
            .group_by(Column::RunId)
            .into_tuple()
            .all(tx.conn())
            .await?;
        first.extend(lowest);
    }
    let rows: Vec<ImportChange> = changes
        .iter()
        .map(|change| {
            let position = first.entry(change.run_id).or_insert(1);
            *position -= 1;
            ImportChange { position: *position, ..change.clone() }
        })
        .collect();
    insert_changes(tx, &rows).await
}

/// Gives a change another state before it.
pub async fn set_before(tx: &Tx, run_id: Uuid, position: i64, before: Option<&str>) -> Result<(), StoreError> {
    use import_change::{Column, Entity};
    // MariaDB does not count a row whose values stay as they are: nobody else writes it in this transaction's time.
    Entity::update_many()
        .col_expr(Column::BeforeState, Expr::value(before.map(str::to_owned)))
        .filter(Column::RunId.eq(run_id))
        .filter(Column::Position.eq(position))
        .exec(tx.conn())
        .await?;
    Ok(())
}

fn run_value(row: import_run::Model) -> ImportRun {
    let import_run::Model {
        id,
        at,
        by_name,
        source,
        file_name,
        files,
        added,
        changed,
        same,
        doubtful,
        by_id,
        undone_at,
        undone_by,
    } = row;
    ImportRun { id, at, by_id, by_name, source, file_name, files, added, changed, same, doubtful, undone_at, undone_by }
}

fn change_value(row: import_change::Model) -> ImportChange {
    ImportChange {
        run_id: row.run_id,
        position: row.position,
        kind: row.kind,
        subject: row.subject,
        label: row.label,
        version: row.version,
        before: row.before_state,
        after: row.after_state,
    }
}
