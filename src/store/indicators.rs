//! Indicators, their definitions and objectives.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{indicator, indicator_definition, objective};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::{
    StoreError, Tx,
    tx::{inserted, one_row, updated},
};
use crate::domain::{
    checked,
    indicator::{Definition, DefinitionFields, Indicator, IndicatorFields, IndicatorKind, Objective, Window},
    report::reading::Decimal,
    samples::Minute,
};

/// Most indicators of a page.
pub const PAGE_LIMIT: u64 = 1_000;

/// Most versions of a definition.
pub const MOST_DEFINITIONS: u64 = 1_000;

/// Indicators in order of their keys, behind `after`, at most `limit` of them; archived ones only with `archived`.
pub async fn page(
    connection: &impl ConnectionTrait,
    after: Option<&str>,
    archived: bool,
    limit: u64,
) -> Result<Vec<Indicator>, StoreError> {
    let limit = if limit > PAGE_LIMIT { PAGE_LIMIT } else { limit };
    let mut query = indicator::Entity::find();
    if let Some(after) = after {
        query = query.filter(indicator::Column::Slug.gt(after));
    }
    if !archived {
        query = query.filter(indicator::Column::ArchivedAt.is_null());
    }
    let rows = query.order_by_asc(indicator::Column::Slug).limit(limit).all(connection).await?;
    rows.into_iter().map(value).collect()
}

/// The indicator of a key.
pub async fn by_key(connection: &impl ConnectionTrait, key: &str) -> Result<Option<Indicator>, StoreError> {
    let row = indicator::Entity::find().filter(indicator::Column::Slug.eq(key)).one(connection).await?;
    row.map(value).transpose()
}

/// Indicators by their numbers, archived ones too.
pub async fn by_numbers(
    connection: &impl ConnectionTrait,
    numbers: &[i32],
) -> Result<HashMap<i32, Indicator>, StoreError> {
    let mut found = HashMap::new();
    for chunk in numbers.chunks(1_000) {
        let rows = indicator::Entity::find()
            .filter(indicator::Column::Number.is_in(chunk.iter().copied()))
            .all(connection)
            .await?;
        for row in rows {
            found.insert(row.number, value(row)?);
        }
    }
    Ok(found)
}

/// The indicators of services, archived ones too, in order of their numbers; at most 1,000.
pub async fn of_services(connection: &impl ConnectionTrait, services: &[Uuid]) -> Result<Vec<Indicator>, StoreError> {
    if services.is_empty() {
        return Ok(Vec::new());
    }
    let rows = indicator::Entity::find()
        .filter(indicator::Column::ServiceId.is_in(services.iter().copied().take(1_000)))
        .order_by_asc(indicator::Column::Number)
        .limit(PAGE_LIMIT)
        .all(connection)
        .await?;
    rows.into_iter().map(value).collect()
}

/// The indicators with samples in the minutes `from..to`, as far as their first and last one tell, archived ones too; in order
/// of their numbers behind `after`, at most `limit`.
pub async fn sampled(
    connection: &impl ConnectionTrait,
    from: Minute,
    to: Minute,
    after: i32,
    limit: u64,
) -> Result<Vec<Indicator>, StoreError> {
    // By the key of each indicator that is walked anyway; no index holds both minutes.
    let within = Query::select()
        .expr(Expr::val(1))
        .from("sample_head")
        .and_where(Expr::col(("sample_head", "indicator")).equals((indicator::Entity, indicator::Column::Number)))
        .and_where(Expr::col(("sample_head", "first_minute")).lt(to))
        .and_where(Expr::col(("sample_head", "last_minute")).gte(from))
        .take();
    let rows = indicator::Entity::find()
        .filter(Expr::exists(within))
        .filter(indicator::Column::Number.gt(after))
        .filter(indicator::Column::Kind.ne(IndicatorKind::Number.code()))
        .order_by_asc(indicator::Column::Number)
        .limit(Ord::min(limit, PAGE_LIMIT))
        .all(connection)
        .await?;
    rows.into_iter().map(value).collect()
}

/// The versions of the definitions of indicators with their first dates, in order of version.
pub async fn definition_dates(
    connection: &impl ConnectionTrait,
    indicators: &[Uuid],
) -> Result<HashMap<Uuid, Vec<(i32, NaiveDate)>>, StoreError> {
    let mut found: HashMap<Uuid, Vec<(i32, NaiveDate)>> = HashMap::new();
    for chunk in indicators.chunks(1_000) {
        let rows: Vec<(Uuid, i32, NaiveDate)> = indicator_definition::Entity::find()
            .select_only()
            .columns([
                indicator_definition::Column::IndicatorId,
                indicator_definition::Column::Version,
                indicator_definition::Column::ValidFrom,
            ])
            .filter(indicator_definition::Column::IndicatorId.is_in(chunk.iter().copied()))
            .order_by_asc(indicator_definition::Column::Version)
            .into_tuple()
            .all(connection)
            .await?;
        for (indicator, version, from) in rows {
            found.entry(indicator).or_default().push((version, from));
        }
    }
    Ok(found)
}

/// Writes a new indicator; says no where its key or name is taken.
pub async fn insert(tx: &Tx, value: &Indicator) -> Result<bool, StoreError> {
    let row = indicator::ActiveModel {
        id: Set(value.id),
        number: Set(value.number),
        slug: Set(value.fields.key.clone()),
        kind: Set(value.fields.kind.code().to_owned()),
        created_at: Set(value.created_at),
        ..active(value)
    };
    inserted(indicator::Entity::insert(row).exec_without_returning(tx.conn()).await)
}

/// Changes the indicator that is still in `version`; the stored version becomes `version + 1`. Says no where the name is
/// another one's.
pub async fn update(tx: &Tx, value: &Indicator, version: i64) -> Result<bool, StoreError> {
    let done = indicator::Entity::update_many()
        .set(indicator::ActiveModel { version: Set(version + 1), ..active(value) })
        .filter(indicator::Column::Id.eq(value.id))
        .filter(indicator::Column::Version.eq(version))
        .exec(tx.conn())
        .await;
    updated(done)
}

fn active(value: &Indicator) -> indicator::ActiveModel {
    indicator::ActiveModel {
        version: Set(value.version),
        name: Set(value.fields.name.clone()),
        name_key: Set(checked::fold(&value.fields.name)),
        digits: Set(i32::from(value.fields.digits)),
        lower_is_better: Set(value.fields.lower_is_better),
        definition: Set(value.definition),
        service_id: Set(value.fields.service_id),
        unit: Set(value.fields.unit.clone()),
        archived_at: Set(value.archived_at),
        ..indicator::ActiveModel::default()
    }
}

fn value(row: indicator::Model) -> Result<Indicator, StoreError> {
    let kind = IndicatorKind::from_code(&row.kind)
        .ok_or_else(|| StoreError::Unreadable(format!("indicator kind {}", row.kind)))?;
    let digits =
        u8::try_from(row.digits).map_err(|_| StoreError::Unreadable(format!("indicator digits {}", row.digits)))?;
    Ok(Indicator {
        id: row.id,
        number: row.number,
        version: row.version,
        fields: IndicatorFields {
            key: row.slug,
            name: row.name,
            kind,
            service_id: row.service_id,
            unit: row.unit,
            digits,
            lower_is_better: row.lower_is_better,
            archived: row.archived_at.is_some(),
        },
        definition: row.definition,
        created_at: row.created_at,
        archived_at: row.archived_at,
    })
}

/// The definitions of an indicator in order of version.
pub async fn definitions(connection: &impl ConnectionTrait, indicator: Uuid) -> Result<Vec<Definition>, StoreError> {
    let rows = indicator_definition::Entity::find()
        .filter(indicator_definition::Column::IndicatorId.eq(indicator))
        .order_by_asc(indicator_definition::Column::Version)
        .limit(MOST_DEFINITIONS)
        .all(connection)
        .await?;
    rows.into_iter().map(definition_value).collect()
}

/// One version of a definition.
pub async fn definition(
    connection: &impl ConnectionTrait,
    indicator: Uuid,
    version: i32,
) -> Result<Option<Definition>, StoreError> {
    let row = indicator_definition::Entity::find_by_id((indicator, version)).one(connection).await?;
    row.map(definition_value).transpose()
}

fn definition_value(row: indicator_definition::Model) -> Result<Definition, StoreError> {
    let exclusions = serde_json::from_str(&row.exclusions)
        .map_err(|cause| StoreError::Unreadable(format!("definition {}: {cause}", row.version)))?;
    Ok(Definition {
        version: row.version,
        fields: DefinitionFields { valid_from: row.valid_from, exclusions, note: row.note },
        created_at: row.created_at,
        created_by: row.created_by,
    })
}

/// Writes a version of a definition.
pub async fn insert_definition(tx: &Tx, indicator: Uuid, definition: &Definition) -> Result<(), StoreError> {
    let exclusions = serde_json::to_string(&definition.fields.exclusions)
        .map_err(|cause| StoreError::Unreadable(format!("definition {}: {cause}", definition.version)))?;
    let row = indicator_definition::ActiveModel {
        indicator_id: Set(indicator),
        version: Set(definition.version),
        valid_from: Set(definition.fields.valid_from),
        exclusions: Set(exclusions),
        created_at: Set(definition.created_at),
        created_by: Set(definition.created_by.clone()),
        note: Set(definition.fields.note.clone()),
    };
    indicator_definition::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The objectives of indicators, in order of their windows.
pub async fn objectives(
    connection: &impl ConnectionTrait,
    indicators: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Objective>>, StoreError> {
    let mut found: HashMap<Uuid, Vec<Objective>> = HashMap::new();
    for chunk in indicators.chunks(1_000) {
        let rows = objective::Entity::find()
            .filter(objective::Column::IndicatorId.is_in(chunk.iter().copied()))
            .all(connection)
            .await?;
        for row in rows {
            let window = Window::from_code(&row.span)
                .map_err(|_| StoreError::Unreadable(format!("objective window {}", row.span)))?;
            let scale = u8::try_from(row.target_scale)
                .map_err(|_| StoreError::Unreadable(format!("objective scale {}", row.target_scale)))?;
            let target = Decimal { units: row.target_units, scale };
            let objective = Objective { id: row.id, version: row.version, window, target, created_at: row.created_at };
            found.entry(row.indicator_id).or_default().push(objective);
        }
    }
    for objectives in found.values_mut() {
        objectives.sort_by_key(|objective| objective.window);
    }
    Ok(found)
}

/// Writes a new objective; says no where the window has one.
pub async fn insert_objective(tx: &Tx, indicator: Uuid, value: &Objective) -> Result<bool, StoreError> {
    let row = objective::ActiveModel {
        id: Set(value.id),
        version: Set(value.version),
        indicator_id: Set(indicator),
        span: Set(value.window.code().to_owned()),
        target_units: Set(value.target.units),
        target_scale: Set(i32::from(value.target.scale)),
        created_at: Set(value.created_at),
    };
    inserted(objective::Entity::insert(row).exec_without_returning(tx.conn()).await)
}

/// Changes the target of the objective that is still in `version`.
pub async fn update_objective(tx: &Tx, value: &Objective, version: i64) -> Result<(), StoreError> {
    let done = objective::Entity::update_many()
        .col_expr(objective::Column::TargetUnits, Expr::value(value.target.units))
        .col_expr(objective::Column::TargetScale, Expr::value(i32::from(value.target.scale)))
        .col_expr(objective::Column::Version, Expr::col(objective::Column::Version).add(1_i64))
        .filter(objective::Column::Id.eq(value.id))
        .filter(objective::Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(done.rows_affected)
}

/// Removes the objective that is still in `version`.
pub async fn delete_objective(tx: &Tx, id: Uuid, version: i64) -> Result<(), StoreError> {
    let done = objective::Entity::delete_many()
        .filter(objective::Column::Id.eq(id))
        .filter(objective::Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(done.rows_affected)
}
