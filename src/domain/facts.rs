//! What is known of an event, in the measures that grading rules and thresholds ask.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{
    capture::draft::{Impact, ImpactKind},
    clock_point::{ClockPoint, Precision},
    event::EventFields,
};

/// What rules and thresholds ask of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Whether a core service is affected.
    Core,
    /// How far the success rate fell, in basis points of the traffic.
    Drop,
    /// How long it took, in minutes.
    Minutes,
    /// Transactions affected.
    Transactions,
    /// People or merchants affected.
    Users,
    /// Money in affected transactions, in fen.
    Amount,
    /// 资损 in fen: the actual one, else the expected one.
    Loss,
    /// Records of data that leaked.
    Records,
}

impl Measure {
    /// The code in API and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Drop => "drop",
            Self::Minutes => "minutes",
            Self::Transactions => "transactions",
            Self::Users => "users",
            Self::Amount => "amount",
            Self::Loss => "loss",
            Self::Records => "records",
        }
    }
}

/// A service that the event affected, as far as rules ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceFacts {
    /// A core service.
    pub core: bool,
    /// The greatest affected share of its traffic in basis points, where somebody told it.
    pub drop: Option<i64>,
}

/// What is known of an event; none is not known, 0 is known to be nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// Services affected; empty while nobody named one.
    pub services: Vec<ServiceFacts>,
    /// How far the success rate fell, in basis points, where it is told for the event as a whole.
    pub drop: Option<i64>,
    /// How long it took, in seconds; of an ongoing event until now.
    pub seconds: Option<i64>,
    /// The event has not recovered: the duration still grows.
    pub ongoing: bool,
    /// The duration counts from the detection, because nobody knows when it began.
    pub from_detection: bool,
    /// Transactions.
    pub transactions: Option<i64>,
    /// People or merchants.
    pub users: Option<i64>,
    /// Fen.
    pub amount: Option<i64>,
    /// Fen.
    pub loss: Option<i64>,
    /// Records of data.
    pub records: Option<i64>,
}

/// Units of numbers that count transactions, folded.
const TRANSACTION_UNITS: [&str; 25] = [
    "笔",
    "单",
    "票",
    "次",
    "交易",
    "订单",
    "个订单",
    "流水",
    "tx",
    "txn",
    "txns",
    "transaction",
    "transactions",
    "order",
    "orders",
    "payment",
    "payments",
    "payout",
    "payouts",
    "charges",
    "checkouts",
    "captures",
    "settlements",
    "transfers",
    "refunds",
];
/// Units of numbers that count records of data, folded.
const RECORD_UNITS: [&str; 6] = ["条", "条记录", "条数据", "record", "records", "rows"];

impl Facts {
    /// The facts of an event at `now`. `core` says of each affected service whether it is a core one; `drop` is the fall
    /// of the success rate where the figures tell it.
    pub fn of(fields: &EventFields, core: &dyn Fn(uuid::Uuid) -> bool, drop: Option<i64>, now: DateTime<Utc>) -> Self {
        let begun = fields.occurred.or(fields.detected);
        let minute = |point: ClockPoint| (point.precision == Precision::Minute).then_some(point.at);
        let end = match fields.recovered {
            Some(point) => minute(point),
            None if fields.unknown.iter().any(|name| name == "recovered") => None,
            None => Some(now),
        };
        let seconds = begun.and_then(minute).zip(end).map(|(from, to)| (to - from).num_seconds().max(0));
        let services = fields
            .services
            .iter()
            .map(|service| ServiceFacts {
                core: core(service.service_id),
                drop: service.shares.iter().map(|share| i64::from(share.share)).max(),
            })
            .collect();
        let with_unit = |units: &'static [&'static str]| {
            move |impact: &&Impact| {
                let unit = crate::domain::checked::fold(&impact.unit);
                impact.kind == ImpactKind::Count && units.contains(&unit.as_str())
            }
        };
        Self {
            services,
            drop,
            seconds,
            ongoing: fields.recovered.is_none() && seconds.is_some(),
            from_detection: fields.occurred.is_none() && seconds.is_some(),
            transactions: sum(fields.impacts.iter().filter(with_unit(&TRANSACTION_UNITS))),
            users: sum(fields.impacts.iter().filter(|impact| impact.kind == ImpactKind::Users)),
            amount: sum(fields.impacts.iter().filter(|impact| impact.kind == ImpactKind::Amount)),
            loss: fields.loss.actual.or(fields.loss.expected),
            records: sum(fields.impacts.iter().filter(with_unit(&RECORD_UNITS))),
        }
    }

    /// A measure that is a plain number, where it is known. `Core` is 1 or 0; `Drop` the greatest of all services.
    pub fn value(&self, measure: Measure) -> Option<i64> {
        match measure {
            Measure::Core => {
                (!self.services.is_empty()).then(|| i64::from(self.services.iter().any(|service| service.core)))
            }
            Measure::Drop => self.services.iter().filter_map(|service| service.drop).chain(self.drop).max(),
            Measure::Minutes => self.seconds.map(|seconds| seconds / 60),
            Measure::Transactions => self.transactions,
            Measure::Users => self.users,
            Measure::Amount => self.amount,
            Measure::Loss => self.loss,
            Measure::Records => self.records,
        }
    }
}

/// Numbers of several rows together; none where there is no row.
fn sum<'a>(impacts: impl Iterator<Item = &'a Impact>) -> Option<i64> {
    impacts.map(|impact| impact.number).fold(None, |sum, number| Some(sum.unwrap_or(0_i64).saturating_add(number)))
}
