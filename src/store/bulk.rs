//! Many rows in few statements: as many at once as every database takes.

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ActiveValue, ConnectionTrait as _, DatabaseBackend, EntityTrait,
    IntoActiveModel, Iterable, Statement, Value,
};

use super::{StoreError, Tx};

/// Bytes of one statement: MariaDB refuses packets of more than 16 MB, or 1 MB where a hoster was thrifty.
const STATEMENT_BYTES: usize = 900_000;

/// Values of one statement: SQLite takes 32,766, PostgreSQL and MariaDB 65,535.
const STATEMENT_VALUES: usize = 30_000;

/// Bytes of a value that is no text, and of what stands around each value.
const VALUE_BYTES: usize = 20;

/// Writes rows of one table, in their order. A row alone may be larger than what is sent at once.
pub(super) async fn insert_all<A>(tx: &Tx, rows: Vec<A>) -> Result<(), StoreError>
where
    A: ActiveModelTrait + ActiveModelBehavior + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    let mut batch = Batch::new(<A::Entity as EntityTrait>::Column::iter().count());
    let mut together = Vec::new();
    for row in rows {
        if batch.is_full_with(size(&row)) {
            let full = std::mem::take(&mut together);
            <A::Entity as EntityTrait>::insert_many::<A, _>(full).exec_without_returning(tx.conn()).await?;
        }
        together.push(row);
    }
    if !together.is_empty() {
        <A::Entity as EntityTrait>::insert_many::<A, _>(together).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

/// Bytes of a row in a statement, about.
fn size<A: ActiveModelTrait>(row: &A) -> usize {
    <A::Entity as EntityTrait>::Column::iter()
        .map(|column| match row.get(column) {
            ActiveValue::Set(value) | ActiveValue::Unchanged(value) => VALUE_BYTES + value_size(&value),
            ActiveValue::NotSet => VALUE_BYTES,
        })
        .sum()
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::String(Some(text)) => text.len(),
        Value::Bytes(Some(bytes)) => bytes.len(),
        Value::Json(Some(json)) => json.to_string().len(),
        _ => 0,
    }
}

/// A table whose rows are written straight by the driver and take the place of those with the same key.
pub(super) struct Upsert {
    /// The table.
    pub table: &'static str,
    /// The columns of its key.
    pub key: &'static [&'static str],
    /// The other columns.
    pub values: &'static [&'static str],
}

/// Writes rows of a table; `values` puts those of a row behind what is there, first those of the key. Building
/// statements for each row would take longer than the database takes to write them.
pub(super) async fn upsert_all<R>(
    tx: &Tx,
    into: &Upsert,
    rows: &[R],
    values: impl Fn(&R, &mut Vec<Value>),
) -> Result<(), StoreError> {
    let columns = into.key.len() + into.values.len();
    let mut batch = Batch::new(columns);
    let mut together: Vec<Value> = Vec::with_capacity((rows.len() * columns).min(STATEMENT_VALUES));
    let mut text = (0, String::new());
    for row in rows {
        let before = together.len();
        values(row, &mut together);
        let size = columns * VALUE_BYTES + together.iter().skip(before).map(value_size).sum::<usize>();
        if batch.is_full_with(size) {
            let rest = together.split_off(before);
            let full = std::mem::replace(&mut together, rest);
            send(tx, into, full, &mut text).await?;
        }
    }
    if together.is_empty() { Ok(()) } else { send(tx, into, together, &mut text).await }
}

async fn send(tx: &Tx, into: &Upsert, values: Vec<Value>, text: &mut (usize, String)) -> Result<(), StoreError> {
    let rows = values.len() / (into.key.len() + into.values.len());
    if text.0 != rows {
        *text = (rows, into.text(tx.backend(), rows));
    }
    let statement = Statement::from_sql_and_values(tx.backend(), text.1.as_str(), values);
    tx.conn().execute_raw(statement).await?;
    Ok(())
}

impl Upsert {
    fn text(&self, backend: DatabaseBackend, rows: usize) -> String {
        let columns: Vec<&str> = self.key.iter().chain(self.values).copied().collect();
        let mut text = format!("INSERT INTO {} ({}) VALUES ", self.table, columns.join(", "));
        let mut place = 0;
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..columns.len() {
                place += 1;
                if column > 0 {
                    text.push_str(", ");
                }
                match backend {
                    DatabaseBackend::Postgres => text.push_str(&format!("${place}")),
                    _ => text.push('?'),
                }
            }
            text.push(')');
        }
        text.push(' ');
        text.push_str(&self.again(backend));
        text
    }

    /// How an insert ends, so that what is there with the same key gets the new values.
    pub(super) fn again(&self, backend: DatabaseBackend) -> String {
        let sets = |new: &dyn Fn(&str) -> String| {
            self.values.iter().map(|column| format!("{column} = {}", new(column))).collect::<Vec<_>>().join(", ")
        };
        match backend {
            DatabaseBackend::MySql => {
                format!("ON DUPLICATE KEY UPDATE {}", sets(&|column| format!("VALUES({column})")))
            }
            _ => format!(
                "ON CONFLICT ({}) DO UPDATE SET {}",
                self.key.join(", "),
                sets(&|column| format!("excluded.{column}"))
            ),
        }
    }
}

/// A statement that is written out: `?` is a value, `{int}` the name of a 64-bit number in a `CAST`, `{div}` the division
/// of whole numbers.
pub(super) fn statement(backend: DatabaseBackend, text: &str, values: Vec<Value>) -> Statement {
    let (int, div) = match backend {
        DatabaseBackend::MySql => ("SIGNED", "DIV"),
        _ => ("bigint", "/"),
    };
    let text = text.replace("{int}", int).replace("{div}", div);
    if backend != DatabaseBackend::Postgres {
        return Statement::from_sql_and_values(backend, text, values);
    }
    let mut numbered = String::with_capacity(text.len() + values.len() * 3);
    for (place, part) in text.split('?').enumerate() {
        if place > 0 {
            numbered.push_str(&format!("${place}"));
        }
        numbered.push_str(part);
    }
    Statement::from_sql_and_values(backend, numbered, values)
}

/// How much is in a statement so far.
struct Batch {
    columns: usize,
    rows: usize,
    bytes: usize,
}

impl Batch {
    const fn new(columns: usize) -> Self {
        Self { columns, rows: 0, bytes: 0 }
    }

    /// Adds a row of this size. Says whether the rows before it have to be sent first, because with it they would be
    /// too many or too large.
    const fn is_full_with(&mut self, size: usize) -> bool {
        let full =
            self.rows > 0 && (self.bytes + size > STATEMENT_BYTES || (self.rows + 1) * self.columns > STATEMENT_VALUES);
        if full {
            (self.rows, self.bytes) = (0, 0);
        }
        self.rows += 1;
        self.bytes += size;
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(columns: usize, sizes: &[usize]) -> Vec<usize> {
        let mut batch = Batch::new(columns);
        let mut found = Vec::new();
        for size in sizes {
            if batch.is_full_with(*size) || found.is_empty() {
                found.push(0);
            }
            if let Some(last) = found.last_mut() {
                *last += 1;
            }
        }
        found
    }

    #[test]
    fn rows_are_sent_together_as_long_as_neither_their_bytes_nor_their_values_are_too_many() {
        assert_eq!(batches(10, &[]), Vec::<usize>::new());
        assert_eq!(batches(10, &vec![100; 5_000]), [3_000, 2_000], "30,000 values");
        assert_eq!(batches(3, &[300_000; 7]), [3, 3, 1], "900,000 bytes");
        assert_eq!(batches(3, &[1_000, 5_000_000, 1_000]), [1, 1, 1], "a large row goes alone");
        assert_eq!(batches(3, &[5_000_000]), [1]);
    }
}
