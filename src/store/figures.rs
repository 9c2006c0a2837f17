//! Reported figures and incident counts of weeks.

use entity::{figure, incident_count};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{
    StoreError, Tx, bulk,
    tx::{all_rows, one_row},
};
use crate::domain::{
    figures::{Figure, FigureFields, IncidentCount, IncidentCountFields, WEEK_LIMIT},
    iso_week::IsoWeek,
    report::reading::Decimal,
};

/// The most rows that the weeks `from..=to` hold.
fn limit(from: IsoWeek, to: IsoWeek) -> u64 {
    let weeks = (to.monday() - from.monday()).num_weeks().clamp(0, 1_000) + 1;
    WEEK_LIMIT as u64 * weeks.unsigned_abs()
}

/// Figures of weeks `from..=to`, in order of week and report.
pub async fn of_weeks(
    connection: &impl ConnectionTrait,
    from: IsoWeek,
    to: IsoWeek,
) -> Result<Vec<Figure>, StoreError> {
    figure::Entity::find()
        .filter(figure::Column::Week.between(from.to_string(), to.to_string()))
        .order_by_asc(figure::Column::Week)
        .order_by_asc(figure::Column::Position)
        .order_by_asc(figure::Column::Id)
        .limit(limit(from, to))
        .all(connection)
        .await?
        .into_iter()
        .map(figure_value)
        .collect()
}

/// Figures of one week in report order.
pub async fn of_week(connection: &impl ConnectionTrait, week: IsoWeek) -> Result<Vec<Figure>, StoreError> {
    of_weeks(connection, week, week).await
}

/// One figure.
pub async fn by_id(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Figure>, StoreError> {
    figure::Entity::find_by_id(id).one(connection).await?.map(figure_value).transpose()
}

/// Writes a new figure; `key` (its folded name, at most 100 characters) must be free in its week.
pub async fn insert(tx: &Tx, value: &Figure, key: &str, now: i64) -> Result<(), StoreError> {
    figure::Entity::insert(figure_row(value, key, now)).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Writes new figures, each with its key.
pub async fn insert_all(tx: &Tx, values: &[(Figure, String)], now: i64) -> Result<(), StoreError> {
    bulk::insert_all(tx, values.iter().map(|(value, key)| figure_row(value, key, now)).collect()).await
}

fn figure_row(value: &Figure, key: &str, now: i64) -> figure::ActiveModel {
    let mut row = active(&value.fields);
    row.id = Set(value.id);
    row.week = Set(value.week.to_string());
    row.name_key = Set(key.to_owned());
    row.position = Set(value.position);
    row.source = Set(value.source.clone());
    row.updated_at = Set(now);
    row.version = Set(value.version);
    row
}

/// The figures of these ids, in no particular order.
pub async fn by_ids(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Figure>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(1_000) {
        let rows =
            figure::Entity::find().filter(figure::Column::Id.is_in(chunk.iter().copied())).all(connection).await?;
        found.extend(rows.into_iter().map(figure_value).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(found)
}

/// The incident counts of these ids, in no particular order.
pub async fn counts_by_ids(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<IncidentCount>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(1_000) {
        let rows = incident_count::Entity::find()
            .filter(incident_count::Column::Id.is_in(chunk.iter().copied()))
            .all(connection)
            .await?;
        found.extend(rows.into_iter().map(count_value).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(found)
}

/// Replaces the fields of the figure that is still in `version`.
pub async fn update(tx: &Tx, value: &Figure, version: i64, now: i64) -> Result<(), StoreError> {
    let mut row = active(&value.fields);
    row.source = Set(value.source.clone());
    row.updated_at = Set(now);
    row.version = Set(version + 1);
    let result = figure::Entity::update_many()
        .set(row)
        .filter(figure::Column::Id.eq(value.id))
        .filter(figure::Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Removes the figure that is still in `version`.
pub async fn delete(tx: &Tx, id: Uuid, version: i64) -> Result<(), StoreError> {
    let result = figure::Entity::delete_many()
        .filter(figure::Column::Id.eq(id))
        .filter(figure::Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Incident counts of weeks `from..=to`, in order of week and report.
pub async fn counts_of_weeks(
    connection: &impl ConnectionTrait,
    from: IsoWeek,
    to: IsoWeek,
) -> Result<Vec<IncidentCount>, StoreError> {
    incident_count::Entity::find()
        .filter(incident_count::Column::Week.between(from.to_string(), to.to_string()))
        .order_by_asc(incident_count::Column::Week)
        .order_by_asc(incident_count::Column::Position)
        .order_by_asc(incident_count::Column::Id)
        .limit(limit(from, to))
        .all(connection)
        .await?
        .into_iter()
        .map(count_value)
        .collect()
}

/// Writes a new incident count; its label must be free in its week.
pub async fn insert_count(tx: &Tx, value: &IncidentCount, now: i64) -> Result<(), StoreError> {
    incident_count::Entity::insert(count_row(value, now)).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Writes new incident counts.
pub async fn insert_counts(tx: &Tx, values: &[IncidentCount], now: i64) -> Result<(), StoreError> {
    bulk::insert_all(tx, values.iter().map(|value| count_row(value, now)).collect()).await
}

fn count_row(value: &IncidentCount, now: i64) -> incident_count::ActiveModel {
    incident_count::ActiveModel {
        id: Set(value.id),
        week: Set(value.week.to_string()),
        severity: Set(value.fields.severity.clone()),
        count_units: Set(value.fields.count.units),
        count_scale: Set(i32::from(value.fields.count.scale)),
        position: Set(value.position),
        source: Set(value.source.clone()),
        updated_at: Set(now),
        version: Set(value.version),
    }
}

/// Replaces the count that is still in `version`.
pub async fn update_count(tx: &Tx, value: &IncidentCount, version: i64, now: i64) -> Result<(), StoreError> {
    let result = incident_count::Entity::update_many()
        .col_expr(incident_count::Column::CountUnits, Expr::value(value.fields.count.units))
        .col_expr(incident_count::Column::CountScale, Expr::value(i32::from(value.fields.count.scale)))
        .col_expr(incident_count::Column::Source, Expr::value(value.source.clone()))
        .col_expr(incident_count::Column::UpdatedAt, Expr::value(now))
        .col_expr(incident_count::Column::Version, Expr::col(incident_count::Column::Version).add(1))
        .filter(incident_count::Column::Id.eq(value.id))
        .filter(incident_count::Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Removes the count that is still in `version`.
pub async fn delete_count(tx: &Tx, id: Uuid, version: i64) -> Result<(), StoreError> {
    let result = incident_count::Entity::delete_many()
        .filter(incident_count::Column::Id.eq(id))
        .filter(incident_count::Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Removes the figures that are still in these versions; where one is not, all stays as it is.
pub async fn delete_all(tx: &Tx, rows: &[(Uuid, i64)]) -> Result<(), StoreError> {
    for chunk in rows.chunks(200) {
        let named = chunk.iter().fold(Condition::any(), |any, (id, version)| {
            let one = Condition::all().add(figure::Column::Id.eq(*id)).add(figure::Column::Version.eq(*version));
            any.add(one)
        });
        let result = figure::Entity::delete_many().filter(named).exec(tx.conn()).await?;
        all_rows(result.rows_affected, chunk.len())?;
    }
    Ok(())
}

/// Removes the counts that are still in these versions; where one is not, all stays as it is.
pub async fn delete_counts(tx: &Tx, rows: &[(Uuid, i64)]) -> Result<(), StoreError> {
    for chunk in rows.chunks(200) {
        let named = chunk.iter().fold(Condition::any(), |any, (id, version)| {
            let one = Condition::all()
                .add(incident_count::Column::Id.eq(*id))
                .add(incident_count::Column::Version.eq(*version));
            any.add(one)
        });
        let result = incident_count::Entity::delete_many().filter(named).exec(tx.conn()).await?;
        all_rows(result.rows_affected, chunk.len())?;
    }
    Ok(())
}

fn active(fields: &FigureFields) -> figure::ActiveModel {
    figure::ActiveModel {
        name: Set(fields.name.clone()),
        group_name: Set(fields.group.clone()),
        value_units: Set(fields.value.units),
        value_scale: Set(i32::from(fields.value.scale)),
        unit: Set(fields.unit.clone()),
        delta_units: Set(fields.delta.map(|d| d.units)),
        delta_scale: Set(fields.delta.map(|d| i32::from(d.scale))),
        delta_unit: Set(fields.delta_unit.clone()),
        target_units: Set(fields.target.map(|d| d.units)),
        target_scale: Set(fields.target.map(|d| i32::from(d.scale))),
        ..figure::ActiveModel::default()
    }
}

fn decimal(units: i64, scale: i32) -> Result<Decimal, StoreError> {
    let scale = u8::try_from(scale).map_err(|_| StoreError::Unreadable(format!("scale {scale}")))?;
    Ok(Decimal { units, scale })
}

fn week(text: &str) -> Result<IsoWeek, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable(format!("week {text}")))
}

fn figure_value(row: figure::Model) -> Result<Figure, StoreError> {
    let both = |units: Option<i64>, scale: Option<i32>| units.zip(scale).map(|(u, s)| decimal(u, s)).transpose();
    Ok(Figure {
        id: row.id,
        week: week(&row.week)?,
        version: row.version,
        position: row.position,
        source: row.source,
        fields: FigureFields {
            name: row.name,
            group: row.group_name,
            value: decimal(row.value_units, row.value_scale)?,
            unit: row.unit,
            delta: both(row.delta_units, row.delta_scale)?,
            delta_unit: row.delta_unit,
            target: both(row.target_units, row.target_scale)?,
        },
        updated_at: row.updated_at,
        measured: None,
    })
}

fn count_value(row: incident_count::Model) -> Result<IncidentCount, StoreError> {
    Ok(IncidentCount {
        id: row.id,
        week: week(&row.week)?,
        version: row.version,
        position: row.position,
        source: row.source,
        fields: IncidentCountFields { severity: row.severity, count: decimal(row.count_units, row.count_scale)? },
        updated_at: row.updated_at,
    })
}
