//! Sources that samples are pulled from.

use entity::sample_source::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    StoreError, Tx,
    tx::{inserted, one_row},
};
use crate::domain::{
    prometheus::Counted,
    source::{PullProblem, SampleSource, SourceFields, SourceState},
};

/// Most sources of a page.
pub const PAGE_LIMIT: u64 = 200;

/// The source of an indicator.
pub async fn of(connection: &impl ConnectionTrait, indicator: i32) -> Result<Option<SampleSource>, StoreError> {
    Entity::find_by_id(indicator).one(connection).await?.map(|row| value(row).map(|(source, _)| source)).transpose()
}

/// The source of an indicator with its token.
pub async fn with_token(
    connection: &impl ConnectionTrait,
    indicator: i32,
) -> Result<Option<(SampleSource, Option<SecretString>)>, StoreError> {
    Entity::find_by_id(indicator).one(connection).await?.map(value).transpose()
}

/// The tokens as they are stored, with their indicators' numbers; at most 5,000.
pub async fn tokens(connection: &impl ConnectionTrait) -> Result<Vec<(i32, String)>, StoreError> {
    let rows = Entity::find()
        .select_only()
        .columns([Column::Indicator, Column::Token])
        .filter(Column::Token.is_not_null())
        .order_by_asc(Column::Indicator)
        .limit(5_000)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows)
}

/// Stores a token in another form; no where it changed meanwhile.
pub async fn reseal(tx: &Tx, indicator: i32, was: &str, sealed: &str) -> Result<bool, StoreError> {
    let done = Entity::update_many()
        .set(ActiveModel { token: Set(Some(sealed.to_owned())), ..ActiveModel::default() })
        .filter(Column::Indicator.eq(indicator))
        .filter(Column::Token.eq(was))
        .exec(tx.conn())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Sources in order of their indicators' numbers, behind `after`.
pub async fn page(connection: &impl ConnectionTrait, after: i32, limit: u64) -> Result<Vec<SampleSource>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Indicator.gt(after))
        .order_by_asc(Column::Indicator)
        .limit(limit.min(PAGE_LIMIT))
        .all(connection)
        .await?;
    rows.into_iter().map(|row| value(row).map(|(source, _)| source)).collect()
}

/// Sources that are to be asked, those that wait longest first.
pub async fn due(connection: &impl ConnectionTrait, now: i64, limit: u64) -> Result<Vec<SampleSource>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Paused.eq(false))
        .filter(Column::NextAt.lte(now))
        .order_by_asc(Column::NextAt)
        .limit(limit.min(PAGE_LIMIT))
        .all(connection)
        .await?;
    rows.into_iter().map(|row| value(row).map(|(source, _)| source)).collect()
}

/// Writes a new source; says no where the indicator has one.
pub async fn insert(tx: &Tx, source: &SampleSource, token: Option<&SecretString>) -> Result<bool, StoreError> {
    let row =
        ActiveModel { indicator: Set(source.indicator), version: Set(source.version), ..active(source, Some(token)) };
    inserted(Entity::insert(row).exec_without_returning(tx.conn()).await)
}

/// Changes the source that is still in `version`; the stored version becomes `version + 1`. `token`: `None` leaves it.
pub async fn update(
    tx: &Tx,
    source: &SampleSource,
    token: Option<Option<&SecretString>>,
    version: i64,
) -> Result<(), StoreError> {
    let done = Entity::update_many()
        .set(ActiveModel { version: Set(version + 1), ..active(source, token) })
        .filter(Column::Indicator.eq(source.indicator))
        .filter(Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(done.rows_affected)
}

/// Notes how far a source has come; says no where its fields or its place changed meanwhile.
pub async fn note(tx: &Tx, was: &SampleSource, state: &SourceState) -> Result<bool, StoreError> {
    let done = Entity::update_many()
        .set(state_of(state))
        .filter(Column::Indicator.eq(was.indicator))
        .filter(Column::Version.eq(was.version))
        .filter(Column::NextMinute.eq(was.state.position))
        .filter(Column::NextAt.eq(was.state.next_at))
        .exec(tx.conn())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Removes the source that is still in `version`.
pub async fn delete(tx: &Tx, indicator: i32, version: i64) -> Result<(), StoreError> {
    let done = Entity::delete_many()
        .filter(Column::Indicator.eq(indicator))
        .filter(Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(done.rows_affected)
}

fn active(source: &SampleSource, token: Option<Option<&SecretString>>) -> ActiveModel {
    let fields = &source.fields;
    let mut row = ActiveModel {
        url: Set(fields.url.clone()),
        total: Set(fields.total.clone()),
        second: Set(fields.second.clone()),
        counted: Set(fields.counted.code().to_owned()),
        delay: Set(i32::from(fields.delay)),
        paused: Set(fields.paused),
        excluded: Set(fields.excluded.clone()),
        ..state_of(&source.state)
    };
    if let Some(token) = token {
        row.token = Set(token.map(|token| token.expose_secret().to_owned()));
    }
    row
}

fn state_of(state: &SourceState) -> ActiveModel {
    ActiveModel {
        since: Set(state.since),
        next_minute: Set(state.position),
        next_at: Set(state.next_at),
        failures: Set(state.failures),
        impossible: Set(state.impossible),
        problem: Set(state.problem.as_ref().map(|(problem, _)| problem.code().to_owned())),
        problem_words: Set(state.problem.as_ref().map(|(_, words)| words.clone())),
        problem_at: Set(state.problem_at),
        pulled_at: Set(state.pulled_at),
        note: Set(state.note.clone()),
        ..ActiveModel::default()
    }
}

fn value(row: Model) -> Result<(SampleSource, Option<SecretString>), StoreError> {
    let unreadable = |what: &str| StoreError::Unreadable(format!("source {}: {what}", row.indicator));
    let counted = Counted::from_code(&row.counted).ok_or_else(|| unreadable(&row.counted))?;
    let delay = u16::try_from(row.delay).map_err(|_| unreadable("delay"))?;
    let problem = match row.problem {
        None => None,
        Some(code) => {
            let problem = PullProblem::from_code(&code).ok_or_else(|| unreadable(&code))?;
            Some((problem, row.problem_words.unwrap_or_default()))
        }
    };
    let source = SampleSource {
        indicator: row.indicator,
        version: row.version,
        fields: SourceFields {
            url: row.url,
            total: row.total,
            second: row.second,
            counted,
            excluded: row.excluded,
            delay,
            paused: row.paused,
        },
        has_token: row.token.is_some(),
        state: SourceState {
            since: row.since,
            position: row.next_minute,
            next_at: row.next_at,
            failures: row.failures,
            problem,
            problem_at: row.problem_at,
            pulled_at: row.pulled_at,
            note: row.note,
            impossible: row.impossible,
        },
    };
    Ok((source, row.token.map(SecretString::from)))
}
