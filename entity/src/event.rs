//! A production event.

use sea_orm::entity::prelude::*;

/// A row of `event`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The people's number: PE-22. Unique, never reused.
    pub number: i64,
    /// Optimistic lock.
    pub version: i64,
    /// Milliseconds; none while unknown.
    pub occurred_at: Option<i64>,
    /// Only the date of `occurred_at` is known.
    pub occurred_day: bool,
    /// Milliseconds.
    pub detected_at: Option<i64>,
    /// Milliseconds.
    pub acknowledged_at: Option<i64>,
    /// Milliseconds.
    pub located_at: Option<i64>,
    /// Milliseconds.
    pub mitigated_at: Option<i64>,
    /// Milliseconds.
    pub recovered_at: Option<i64>,
    /// Only the date of `recovered_at` is known.
    pub recovered_day: bool,
    /// ISO week whose report holds the event (`2024-W34`).
    pub report_week: String,
    /// Label; none is 未定级.
    pub severity: Option<String>,
    /// The sentence, in the writer's words.
    pub narrative: String,
    /// The sentence follows the fields by itself.
    pub narrative_generated: bool,
    /// Symptom.
    pub summary: Option<String>,
    /// Impact clauses.
    pub impact: Option<String>,
    /// Cause.
    pub cause: Option<String>,
    /// change, capacity, dependency …
    pub cause_category: Option<String>,
    /// What was done.
    pub recovery: Option<String>,
    /// The text as pasted or imported, for ever.
    pub raw: Option<String>,
    /// line, form, api or import.
    pub source: String,
    /// The import it came with.
    pub import_id: Option<Uuid>,
    /// Fold of week, time and narrative as imported; unique.
    pub import_key: Option<String>,
    /// The mark as imported.
    pub import_mark: Option<String>,
    /// Order within its report.
    pub position: i64,
    /// Milliseconds.
    pub created_at: i64,
    /// Account; none is the local operator.
    pub created_by: Option<Uuid>,
    /// Milliseconds.
    pub updated_at: i64,
    /// Milliseconds; a deleted event keeps its number.
    pub deleted_at: Option<i64>,
    /// normal, drill or maintenance.
    pub kind: String,
    /// monitoring, customer, staff, reconciliation or other; none while nobody said.
    pub detection: Option<String>,
    /// The change that caused it, as people name it.
    pub change_link: Option<String>,
    /// 资损 as expected, in fen.
    pub loss_expected: Option<i64>,
    /// 资损 as it was, in fen.
    pub loss_actual: Option<i64>,
    /// What came back of it, in fen.
    pub loss_recovered: Option<i64>,
    /// Only the date of `detected_at` is known.
    pub detected_day: bool,
    /// Only the date of `acknowledged_at` is known.
    pub acknowledged_day: bool,
    /// Only the date of `located_at` is known.
    pub located_day: bool,
    /// Only the date of `mitigated_at` is known.
    pub mitigated_day: bool,
    /// Clock points that nobody can tell any more, separated by commas.
    pub clock_unknown: Option<String>,
    /// Other facts that nobody can tell any more, separated by commas.
    pub facts_unknown: Option<String>,
    /// The place in lists, `store::order_key`; unique.
    pub order_key: i64,
    /// Only the people of `event_viewer`, who logged it, and administrators see it.
    pub restricted: bool,
    /// Milliseconds: when reminders about it are to be looked at; 0 after every change.
    pub remind_at: i64,
    /// Milliseconds since when what it cost indicators is to be computed; none once it is.
    pub costs_due: Option<i64>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
