//! The hash chain of the audit log: what an entry says as a hash, its place in the chain, and the head.

use entity::{audit_entry, audit_head, audit_seal};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    StoreError, Tx,
    audit::{self, AuditCursor, AuditEntry},
    bulk,
    tx::inserted,
};

/// The hash before the first entry.
pub const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// SHA-256 over everything that an entry says, in hexadecimal digits. Each field has its length before it, so that no two entries
/// say the same bytes; names in `change` are sorted, because a database may keep them in another order.
pub fn content_hash(entry: &AuditEntry) -> String {
    let mut hasher = Sha256::new();
    let mut put = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    put(b"fupan audit entry 1");
    put(entry.id.as_bytes());
    put(&entry.at.to_be_bytes());
    put(entry.actor_id.as_ref().map_or(&[], |id| &id.as_bytes()[..]));
    put(entry.actor_name.as_bytes());
    put(entry.action.as_bytes());
    put(entry.subject.as_bytes());
    put(sorted(&entry.change).as_bytes());
    hex(&hasher.finalize())
}

/// The hash of an entry's place: over the hash before it, the position and what the entry says.
pub fn link_hash(before: &str, position: i64, content: &str) -> String {
    hex(&Sha256::digest(format!("fupan audit link 1\n{before}\n{position}\n{content}").as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// JSON with sorted names. Its depth is that of what the product writes.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_unstable_by_key(|(name, _)| name.as_str());
            let pairs =
                pairs.into_iter().map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), sorted(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(sorted).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// The end of the chain, and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Position of the last entry; 0 before the first.
    pub position: i64,
    /// Hash there.
    pub hash: String,
    /// Milliseconds: when entries were chained last.
    pub sealed_at: i64,
    /// Position behind which the chain begins; 0 unless old entries were removed.
    pub base_position: i64,
    /// Hash there.
    pub base_hash: String,
    /// How many of the first entries are older than the chain.
    pub older: i64,
    /// Entries that are older than the chain are still being taken in.
    pub older_open: bool,
}

/// The head; none before the first entry was chained.
pub async fn head(connection: &impl ConnectionTrait) -> Result<Option<Head>, StoreError> {
    Ok(audit_head::Entity::find_by_id(1).one(connection).await?.map(value))
}

/// The head, locked until the transaction ends: one chains at a time.
pub async fn lock_head(tx: &Tx) -> Result<Head, StoreError> {
    let find = || audit_head::Entity::find_by_id(1).lock_exclusive();
    if let Some(row) = find().one(tx.conn()).await? {
        return Ok(value(row));
    }
    let first = Head {
        position: 0,
        hash: NOTHING.to_owned(),
        sealed_at: 0,
        base_position: 0,
        base_hash: NOTHING.to_owned(),
        older: 0,
        older_open: true,
    };
    let savepoint = tx.savepoint().await?;
    if inserted(audit_head::Entity::insert(active(&first)).exec_without_returning(savepoint.conn()).await)? {
        savepoint.commit().await?;
    } else {
        savepoint.rollback().await?;
    }
    find().one(tx.conn()).await?.map(value).ok_or(StoreError::Stale)
}

/// Writes the locked head.
pub async fn write_head(tx: &Tx, head: &Head) -> Result<(), StoreError> {
    let done = audit_head::Entity::update_many()
        .set(active(head))
        .filter(audit_head::Column::Id.eq(1))
        .exec(tx.conn())
        .await?;
    super::tx::one_row(done.rows_affected)
}

fn active(head: &Head) -> audit_head::ActiveModel {
    audit_head::ActiveModel {
        id: Set(1),
        position: Set(head.position),
        hash: Set(head.hash.clone()),
        sealed_at: Set(head.sealed_at),
        base_position: Set(head.base_position),
        base_hash: Set(head.base_hash.clone()),
        older: Set(head.older),
        older_open: Set(head.older_open),
    }
}

fn value(row: audit_head::Model) -> Head {
    Head {
        position: row.position,
        hash: row.hash,
        sealed_at: row.sealed_at,
        base_position: row.base_position,
        base_hash: row.base_hash,
        older: row.older,
        older_open: row.older_open,
    }
}

/// An entry as it stands in the database, with the hash that was written with it.
#[derive(Debug, Clone)]
pub struct Written {
    /// The entry.
    pub entry: AuditEntry,
    /// What it said when it was written; none where it is older than the chain.
    pub hash: Option<String>,
}

/// Which entries that have no place in the chain are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loose {
    /// Those that are older than the chain.
    Older,
    /// All from a time on, in milliseconds.
    Since(i64),
}

/// Entries without a place in the chain, the oldest first, from the one behind `after` on.
pub async fn loose(
    connection: &impl ConnectionTrait,
    which: Loose,
    after: Option<AuditCursor>,
    limit: u64,
) -> Result<Vec<Written>, StoreError> {
    use audit_entry::Column;
    let placed = Query::select()
        .expr(Expr::val(1))
        .from(audit_seal::Entity)
        .and_where(
            Expr::col((audit_seal::Entity, audit_seal::Column::EntryId)).equals((audit_entry::Entity, Column::Id)),
        )
        .to_owned();
    let mut condition = Condition::all().add(Expr::exists(placed).not());
    condition = match which {
        Loose::Older => condition.add(Column::Hash.is_null()),
        Loose::Since(at) => condition.add(Column::At.gte(at)),
    };
    if let Some(cursor) = after {
        let later = Condition::all().add(Column::At.eq(cursor.at)).add(Column::Id.gt(cursor.id));
        condition =
            condition.add(Column::At.gte(cursor.at)).add(Condition::any().add(Column::At.gt(cursor.at)).add(later));
    }
    let rows = audit_entry::Entity::find()
        .filter(condition)
        .order_by_asc(Column::At)
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(written).collect())
}

fn written(mut row: audit_entry::Model) -> Written {
    let hash = row.hash.take();
    Written { entry: audit::entry(row), hash }
}

/// Which of these entries have a place already.
pub async fn placed(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(1_000) {
        let some: Vec<Uuid> = audit_seal::Entity::find()
            .select_only()
            .column(audit_seal::Column::EntryId)
            .filter(audit_seal::Column::EntryId.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(connection)
            .await?;
        found.extend(some);
    }
    Ok(found)
}

/// A place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// From 1.
    pub position: i64,
    /// The entry.
    pub entry_id: Uuid,
    /// The hash there.
    pub hash: String,
}

/// Writes the next places.
pub async fn append(tx: &Tx, seals: &[Seal]) -> Result<(), StoreError> {
    let rows = seals.iter().map(|seal| audit_seal::ActiveModel {
        position: Set(seal.position),
        entry_id: Set(seal.entry_id),
        hash: Set(seal.hash.clone()),
    });
    bulk::insert_all(tx, rows.collect()).await
}

/// The places behind `after`, in order, at most `limit`.
pub async fn seals(connection: &impl ConnectionTrait, after: i64, limit: u64) -> Result<Vec<Seal>, StoreError> {
    let rows = audit_seal::Entity::find()
        .filter(audit_seal::Column::Position.gt(after))
        .order_by_asc(audit_seal::Column::Position)
        .limit(limit)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| Seal { position: row.position, entry_id: row.entry_id, hash: row.hash }).collect())
}

/// Entries by their ids, in no particular order.
pub async fn entries(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Written>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(1_000) {
        let rows = audit_entry::Entity::find()
            .filter(audit_entry::Column::Id.is_in(chunk.iter().copied()))
            .all(connection)
            .await?;
        found.extend(rows.into_iter().map(written));
    }
    Ok(found)
}

/// Removes the first entries of the chain with their places: all up to a position.
pub async fn cut(tx: &Tx, seals: &[Seal]) -> Result<(), StoreError> {
    for chunk in seals.chunks(1_000) {
        let ids = chunk.iter().map(|seal| seal.entry_id);
        audit_entry::Entity::delete_many().filter(audit_entry::Column::Id.is_in(ids)).exec(tx.conn()).await?;
        let places = chunk.iter().map(|seal| seal.position);
        audit_seal::Entity::delete_many().filter(audit_seal::Column::Position.is_in(places)).exec(tx.conn()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry() -> AuditEntry {
        AuditEntry {
            id: Uuid::nil(),
            at: 1_724_050_800_000,
            actor_id: None,
            actor_name: "local".to_owned(),
            action: "event.create".to_owned(),
            subject: "event:1".to_owned(),
            change: json!({"week": "2024-W34", "a": [1, {"z": null, "b": "提现"}]}),
        }
    }

    #[test]
    fn every_field_moves_the_hash_and_the_order_of_names_does_not() {
        let whole = content_hash(&entry());
        let changed: [fn(&mut AuditEntry); 8] = [
            |e| e.id = Uuid::from_u128(1),
            |e| e.at += 1,
            |e| e.actor_id = Some(Uuid::nil()),
            |e| e.actor_name.push(' '),
            |e| e.action.push('d'),
            |e| e.subject.push('0'),
            |e| e.change = json!({"week": "2024-W35", "a": [1, {"z": null, "b": "提现"}]}),
            // A character that goes from one field to the next.
            |e| (e.action, e.subject) = ("event.creat".to_owned(), "eevent:1".to_owned()),
        ];
        for (place, change) in changed.into_iter().enumerate() {
            let mut other = entry();
            change(&mut other);
            assert_ne!(content_hash(&other), whole, "change {place}");
        }
        let mut turned = entry();
        turned.change = serde_json::from_str(r#"{"a":[1,{"b":"提现","z":null}],"week":"2024-W34"}"#).unwrap();
        assert_eq!(content_hash(&turned), whole);
        assert_ne!(link_hash(NOTHING, 1, &whole), link_hash(NOTHING, 2, &whole));
    }
}
