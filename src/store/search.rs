//! The search: a document of folded words for each event, and an index of its pieces. Whoever writes words of an event
//! calls [`reindex`] in the same transaction, and so does whoever writes what events are filtered by
//! ([`super::search_facets`]). What differs between the three databases is here and in
//! [`Found`].

use std::collections::HashMap;

use entity::{action_item, counter, event, event_link, event_tag, postmortem_section, search_document, timeline_entry};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query, SimpleExpr},
};
use uuid::Uuid;

use super::{
    StoreError, Tx,
    events::order_key,
    search_facets::{self, Facets},
};
use crate::domain::{
    event::{self as record, ProductionEvent},
    query::Has,
    search_facets::Facet,
    search_pieces,
};

/// Most texts of one kind that are read for a document.
const TEXTS: u64 = 500;

/// A document as it is written.
struct Document {
    order_key: i64,
    event_id: Uuid,
    title: String,
    words: String,
    /// Pieces of what the event is filtered by.
    facets: Vec<String>,
}

/// Writes the documents of new events, of which nothing but the event is there yet.
pub(super) async fn insert_new(tx: &Tx, events: &[&ProductionEvent]) -> Result<(), StoreError> {
    let documents: Vec<Document> = events
        .iter()
        .map(|event| {
            let fields = &event.fields;
            let own = OwnTexts {
                number: event.number,
                narrative: &fields.narrative,
                summary: fields.summary.as_deref(),
                impact: fields.impact.as_deref(),
                cause: fields.cause.as_deref(),
                recovery: fields.recovery.as_deref(),
                change_link: fields.change_link.as_deref(),
                raw: event.raw.as_deref(),
            };
            let links = fields.links.iter().map(|link| link.title.as_deref().unwrap_or(&link.url));
            let more: Vec<&str> = fields.tags.iter().map(String::as_str).chain(links).collect();
            own.document(order_key(event), event.id, &more, search_facets::of_new(event))
        })
        .collect();
    write(tx, &documents).await
}

/// The texts that stand in the event's own row.
struct OwnTexts<'a> {
    number: i64,
    narrative: &'a str,
    summary: Option<&'a str>,
    impact: Option<&'a str>,
    cause: Option<&'a str>,
    recovery: Option<&'a str>,
    change_link: Option<&'a str>,
    raw: Option<&'a str>,
}

impl OwnTexts<'_> {
    fn document(&self, order_key: i64, event_id: Uuid, more: &[&str], facets: Vec<String>) -> Document {
        let first_line = self.narrative.lines().next().unwrap_or_default();
        let title: String = self.summary.unwrap_or(first_line).chars().take(200).collect();
        let label = record::label(self.number);
        let own = [
            Some(title.as_str()),
            Some(label.as_str()),
            self.summary.filter(|summary| *summary != title),
            Some(self.narrative),
            // What the sentence says already is not said twice.
            self.impact.filter(|text| !self.narrative.contains(text)),
            self.cause.filter(|text| !self.narrative.contains(text)),
            self.recovery.filter(|text| !self.narrative.contains(text)),
            self.change_link,
            self.raw.filter(|raw| raw.trim() != self.narrative),
        ];
        let texts = own.into_iter().flatten().chain(more.iter().copied());
        let words = search_pieces::document(texts);
        Document { order_key, event_id, title: search_pieces::fold(&title), words, facets }
    }
}

/// The columns of an event that a document is made of.
#[derive(FromQueryResult)]
struct EventTexts {
    id: Uuid,
    order_key: i64,
    number: i64,
    narrative: String,
    summary: Option<String>,
    impact: Option<String>,
    cause: Option<String>,
    recovery: Option<String>,
    change_link: Option<String>,
    raw: Option<String>,
}

/// Makes the documents of these events (at most a thousand) anew from everything that is stored of them; deleted events
/// lose theirs. Two transactions that index one event at once do not lose words: the later one waits, or runs again.
pub async fn reindex(tx: &Tx, ids: &[Uuid]) -> Result<(), StoreError> {
    // First, because this waits for whoever indexes the same event: what is read afterwards has their words.
    remove(tx, ids).await?;
    let events = event::Entity::find()
        .select_only()
        .columns([
            event::Column::Id,
            event::Column::OrderKey,
            event::Column::Number,
            event::Column::Narrative,
            event::Column::Summary,
            event::Column::Impact,
            event::Column::Cause,
            event::Column::Recovery,
            event::Column::ChangeLink,
            event::Column::Raw,
        ])
        .filter(event::Column::Id.is_in(ids.iter().copied()))
        .filter(event::Column::DeletedAt.is_null())
        .into_model::<EventTexts>()
        .all(tx.conn())
        .await?;
    let mut facets = search_facets::of_events(tx.conn(), ids).await?;
    let texts = texts_of(tx.conn(), ids, &mut facets).await?;
    let documents: Vec<Document> = events
        .iter()
        .map(|row| {
            let own = OwnTexts {
                number: row.number,
                narrative: &row.narrative,
                summary: row.summary.as_deref(),
                impact: row.impact.as_deref(),
                cause: row.cause.as_deref(),
                recovery: row.recovery.as_deref(),
                change_link: row.change_link.as_deref(),
                raw: row.raw.as_deref(),
            };
            let more: Vec<&str> = texts.get(&row.id).into_iter().flatten().map(String::as_str).collect();
            own.document(row.order_key, row.id, &more, facets.remove(&row.id).unwrap_or_default())
        })
        .collect();
    write(tx, &documents).await
}

/// Everything that hangs on these events in rows of its own: tags, titles of links, action items, the timeline. A new kind of text is one more query here.
/// What is filtered by and read here anyway goes into `facets`.
async fn texts_of(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
    facets: &mut HashMap<Uuid, Vec<String>>,
) -> Result<HashMap<Uuid, Vec<String>>, StoreError> {
    let mut found: HashMap<Uuid, Vec<String>> = HashMap::new();
    let mut filtered = |id: Uuid, facet: Facet<'_>| facets.entry(id).or_default().push(facet.piece());
    let named = || ids.iter().copied();
    let limit = TEXTS * u64::try_from(ids.len()).unwrap_or(1);
    let mut add = |id: Uuid, texts: &mut dyn Iterator<Item = String>| found.entry(id).or_default().extend(texts);
    let tags = event_tag::Entity::find()
        .filter(event_tag::Column::EventId.is_in(named()))
        .order_by_asc(event_tag::Column::EventId)
        .order_by_asc(event_tag::Column::Position)
        .all(connection)
        .await?;
    for row in tags {
        filtered(row.event_id, Facet::Tag(&row.tag));
        filtered(row.event_id, Facet::Has(Has::Tags));
        add(row.event_id, &mut [row.tag].into_iter());
    }
    let links = event_link::Entity::find()
        .filter(event_link::Column::EventId.is_in(named()))
        .order_by_asc(event_link::Column::EventId)
        .order_by_asc(event_link::Column::Position)
        .all(connection)
        .await?;
    for row in links {
        filtered(row.event_id, Facet::Has(Has::Links));
        add(row.event_id, &mut [row.title.unwrap_or(row.url)].into_iter());
    }
    let items = action_item::Entity::find()
        .filter(action_item::Column::EventId.is_in(named()))
        .filter(action_item::Column::DeletedAt.is_null())
        .order_by_asc(action_item::Column::EventId)
        .order_by_asc(action_item::Column::Number)
        .limit(limit)
        .all(connection)
        .await?;
    for row in items {
        filtered(row.event_id, Facet::Has(Has::Actions));
        add(row.event_id, &mut [Some(row.title), row.detail, row.evidence, row.reason].into_iter().flatten());
    }
    let entries: Vec<(Uuid, String)> = timeline_entry::Entity::find()
        .select_only()
        .columns([timeline_entry::Column::EventId, timeline_entry::Column::Text])
        .filter(timeline_entry::Column::EventId.is_in(named()))
        .filter(timeline_entry::Column::DeletedAt.is_null())
        .order_by_asc(timeline_entry::Column::EventId)
        .order_by_desc(timeline_entry::Column::At)
        .order_by_desc(timeline_entry::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?;
    for (id, text) in entries {
        filtered(id, Facet::Has(Has::Timeline));
        add(id, &mut [text].into_iter());
    }
    let sections: Vec<(Uuid, String, serde_json::Value)> = postmortem_section::Entity::find()
        .select_only()
        .columns([
            postmortem_section::Column::EventId,
            postmortem_section::Column::Text,
            postmortem_section::Column::Whys,
        ])
        .filter(postmortem_section::Column::EventId.is_in(named()))
        .order_by_asc(postmortem_section::Column::EventId)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?;
    for (id, text, whys) in sections {
        let whys = whys.as_array().cloned().unwrap_or_default();
        let whys = whys.into_iter().filter_map(|why| why.as_str().map(str::to_owned));
        add(id, &mut std::iter::once(text).chain(whys));
    }
    Ok(found)
}

/// Most bytes of words in one statement, pieces come to three times as many: far below MariaDB's packet of 16 MB.
const STATEMENT_BYTES: usize = 1_000_000;

async fn write(tx: &Tx, documents: &[Document]) -> Result<(), StoreError> {
    let sqlite = tx.backend() == DatabaseBackend::Sqlite;
    let mut rest = documents;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |one: &&Document| {
            bytes += one.words.len();
            bytes <= STATEMENT_BYTES
        };
        let (chunk, behind) = rest.split_at(rest.iter().take(200).take_while(fits).count().max(1));
        rest = behind;
        let mut rows = Query::insert();
        rows.into_table("search_document");
        let mut columns = vec!["order_key", "event_id", "title", "words"];
        let mut index = Query::insert();
        index.into_table("search_piece").columns(["rowid", "pieces"]);
        if !sqlite {
            columns.push("pieces");
        }
        rows.columns(columns);
        for one in chunk {
            let pieces = search_pieces::of_document(&one.title, &one.words, &one.facets);
            let mut values: Vec<SimpleExpr> =
                vec![one.order_key.into(), one.event_id.into(), one.title.as_str().into(), one.words.as_str().into()];
            match tx.backend() {
                DatabaseBackend::Sqlite => {
                    index.values_panic([SimpleExpr::from(one.order_key), pieces.into()]);
                }
                DatabaseBackend::Postgres => values.push(Expr::val(pieces).cast_as("tsvector")),
                _ => values.push(pieces.into()),
            }
            rows.values_panic(values);
        }
        match tx.conn().execute(&rows).await.map_err(StoreError::from) {
            // Another transaction indexed the event meanwhile: with its words known, all is well.
            Err(StoreError::Duplicate(key)) => return Err(StoreError::Contended(key)),
            other => other?,
        };
        if sqlite {
            tx.conn().execute(&index).await?;
        }
    }
    Ok(())
}

/// Takes the documents of events away.
pub async fn remove(tx: &Tx, ids: &[Uuid]) -> Result<(), StoreError> {
    for chunk in ids.chunks(1_000) {
        let of_events = search_document::Column::EventId.is_in(chunk.iter().copied());
        if tx.backend() == DatabaseBackend::Sqlite {
            let mut keys = Query::select();
            keys.column("order_key").from("search_document").and_where(of_events.clone());
            let mut pieces = Query::delete();
            pieces.from_table("search_piece").and_where(Expr::col("rowid").in_subquery(keys));
            tx.conn().execute(&pieces).await?;
        }
        search_document::Entity::delete_many().filter(of_events).exec(tx.conn()).await?;
    }
    Ok(())
}

/// The name of the counter that says how far old events have documents.
const PROGRESS: &str = "search";

/// Where the next part of old events begins; none when every event has its document.
pub async fn progress(connection: &impl ConnectionTrait) -> Result<Option<i64>, StoreError> {
    let row = counter::Entity::find_by_id(PROGRESS.to_owned()).one(connection).await?;
    Ok(row.map(|row| row.value).filter(|value| *value < i64::MAX))
}

/// Whether every event has its document, as a condition: the same as [`progress`] being none.
pub(super) fn is_complete() -> SimpleExpr {
    let mut left = Query::select();
    left.expr(Expr::val(1)).from("counter");
    left.and_where(Expr::col(("counter", "name")).eq(PROGRESS)).and_where(Expr::col(("counter", "value")).lt(i64::MAX));
    Expr::exists(left).not()
}

/// Notes where the next part of old events begins.
pub async fn set_progress(tx: &Tx, next: Option<i64>) -> Result<(), StoreError> {
    let value = next.unwrap_or(i64::MAX);
    let there = counter::Entity::update_many()
        .col_expr(counter::Column::Value, Expr::value(value))
        .filter(counter::Column::Name.eq(PROGRESS))
        .exec(tx.conn())
        .await?;
    // MariaDB counts found rows, as the others do: no row is there only in a database that lost it.
    if there.rows_affected == 0 {
        let row = counter::ActiveModel { name: Set(PROGRESS.to_owned()), value: Set(value) };
        counter::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

/// Makes documents for at most `limit` events from the order key `from` on; the key of the next one, if there is one.
pub async fn reindex_part(tx: &Tx, from: i64, limit: u64) -> Result<Option<i64>, StoreError> {
    let rows: Vec<(Uuid, i64)> = event::Entity::find()
        .select_only()
        .columns([event::Column::Id, event::Column::OrderKey])
        .filter(event::Column::OrderKey.gte(from))
        .order_by_asc(event::Column::OrderKey)
        .limit(limit)
        .into_tuple()
        .all(tx.conn())
        .await?;
    let ids: Vec<Uuid> = rows.iter().map(|(id, _)| *id).collect();
    for chunk in ids.chunks(500) {
        reindex(tx, chunk).await?;
    }
    Ok(rows.last().filter(|_| rows.len() as u64 == limit).map(|(_, key)| key.saturating_add(1)))
}

/// A folded word that is looked for, or that must not be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoughtWord {
    /// Folded.
    pub text: String,
    /// It must not be there.
    pub not: bool,
}

/// Where the words have to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Anywhere.
    Anywhere,
    /// All in the title.
    Title,
    /// Anywhere, but not all in the title.
    NotTitle,
}

/// How the index is asked and what is compared with the text.
pub(super) struct Found {
    /// The condition on `search_piece` (SQLite) or `search_document` (the others).
    pub index: SimpleExpr,
    /// Conditions on `search_document`; empty where the index says all.
    pub texts: Vec<SimpleExpr>,
}

/// The conditions under which a document has the words, narrowed by `facets`; words that are to be there must be sought.
pub(super) fn found(backend: DatabaseBackend, words: &[SoughtWord], place: Place, facets: &Facets) -> Found {
    let sought: Vec<&SoughtWord> = words.iter().filter(|word| !word.not).collect();
    let in_title = place == Place::Title;
    let asked: Vec<_> = sought.iter().map(|word| search_pieces::of_word(&word.text, in_title)).collect();
    let mut texts = Vec::new();
    for (word, asked) in sought.iter().zip(&asked) {
        if !asked.exact {
            texts.push(has(backend, if in_title { "title" } else { "words" }, &word.text));
        }
    }
    for word in words.iter().filter(|word| word.not) {
        texts.push(has(backend, "words", &word.text).not());
    }
    let mut query = narrowed(backend, expression(backend, &asked), facets);
    if place == Place::NotTitle {
        let titles: Vec<_> = sought.iter().map(|word| search_pieces::of_word(&word.text, true)).collect();
        if titles.iter().all(|asked| asked.exact) && backend != DatabaseBackend::MySql {
            query = match backend {
                DatabaseBackend::Sqlite => format!("({query}) NOT ({})", expression(backend, &titles)),
                _ => format!("({query}) & !({})", expression(backend, &titles)),
            };
        } else {
            let all = sought
                .iter()
                .map(|word| has(backend, "title", &word.text))
                .reduce(SimpleExpr::and)
                .unwrap_or_else(|| Expr::val(false).eq(true));
            texts.push(all.not());
        }
    }
    let index = match backend {
        DatabaseBackend::Sqlite => Expr::cust_with_values("search_piece MATCH ?", [query]),
        DatabaseBackend::Postgres => Expr::cust_with_values("search_document.pieces @@ CAST($1 AS tsquery)", [query]),
        _ => Expr::cust_with_values("MATCH (search_document.pieces) AGAINST (? IN BOOLEAN MODE)", [query]),
    };
    Found { index, texts }
}

/// The same conditions on the texts of documents alone.
pub(super) fn in_text(backend: DatabaseBackend, words: &[SoughtWord], place: Place) -> Vec<SimpleExpr> {
    let column = if place == Place::Title { "title" } else { "words" };
    let sought = words.iter().filter(|word| !word.not);
    let mut texts: Vec<SimpleExpr> = sought.clone().map(|word| has(backend, column, &word.text)).collect();
    texts.extend(words.iter().filter(|word| word.not).map(|word| has(backend, "words", &word.text).not()));
    if place == Place::NotTitle {
        let title = sought.map(|word| has(backend, "title", &word.text)).reduce(SimpleExpr::and);
        texts.extend(title.map(SimpleExpr::not));
    }
    texts
}

/// The question in the language of the index. Pieces are letters and digits, so nothing that people type is an operator.
fn expression(backend: DatabaseBackend, asked: &[search_pieces::Asked]) -> String {
    let pieces = asked.iter().flat_map(|asked| &asked.pieces);
    let beginnings = asked.iter().flat_map(|asked| &asked.beginnings);
    match backend {
        DatabaseBackend::Sqlite => pieces
            .map(|piece| format!("\"{piece}\""))
            .chain(beginnings.map(|piece| format!("\"{piece}\"*")))
            .collect::<Vec<_>>()
            .join(" AND "),
        DatabaseBackend::Postgres => pieces
            .map(|piece| format!("'{piece}'"))
            .chain(beginnings.map(|piece| format!("'{piece}':*")))
            .collect::<Vec<_>>()
            .join(" & "),
        _ => pieces
            .map(|piece| format!("+{piece}"))
            .chain(beginnings.map(|piece| format!("+{piece}*")))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// The question, which may be empty, narrowed by what events are filtered by.
fn narrowed(backend: DatabaseBackend, words: String, facets: &Facets) -> String {
    let any = |any: &Vec<String>| match backend {
        DatabaseBackend::Sqlite => format!("({})", any.join(" OR ")),
        DatabaseBackend::Postgres => format!("({})", any.join(" | ")),
        _ if any.len() == 1 => format!("+{}", any.join("")),
        _ => format!("+({})", any.join(" ")),
    };
    let parts: Vec<String> =
        Some(words).filter(|words| !words.is_empty()).into_iter().chain(facets.all.iter().map(any)).collect();
    let all = parts.join(match backend {
        DatabaseBackend::Sqlite => " AND ",
        DatabaseBackend::Postgres => " & ",
        _ => " ",
    });
    match (backend, facets.none.as_slice()) {
        (_, []) => all,
        (DatabaseBackend::Sqlite, none) => format!("({all}) NOT ({})", none.join(" OR ")),
        (DatabaseBackend::Postgres, none) => format!("({all}) & !({})", none.join(" | ")),
        (_, none) => format!("{all} -{}", none.join(" -")),
    }
}

/// Whether a text of the document has the word, byte by byte.
pub(super) fn has(backend: DatabaseBackend, column: &'static str, word: &str) -> SimpleExpr {
    let sql = match (backend, column) {
        (DatabaseBackend::Sqlite, "title") => "instr(search_document.title, ?) > 0",
        (DatabaseBackend::Sqlite, _) => "instr(search_document.words, ?) > 0",
        (DatabaseBackend::Postgres, "title") => "strpos(search_document.title, $1) > 0",
        (DatabaseBackend::Postgres, _) => "strpos(search_document.words, $1) > 0",
        (_, "title") => "locate(?, search_document.title) > 0",
        (_, _) => "locate(?, search_document.words) > 0",
    };
    Expr::cust_with_values(sql, [word])
}

/// The documents' words of events by their order keys, for showing where the words stand.
pub async fn words_of(connection: &impl ConnectionTrait, keys: &[i64]) -> Result<HashMap<i64, String>, StoreError> {
    let mut found = HashMap::new();
    for chunk in keys.chunks(1_000) {
        let rows: Vec<(i64, String)> = search_document::Entity::find()
            .select_only()
            .columns([search_document::Column::OrderKey, search_document::Column::Words])
            .filter(search_document::Column::OrderKey.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(connection)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}
