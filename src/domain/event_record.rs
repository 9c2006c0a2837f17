//! The parts of an event's record that no sentence tells: its kind, how it was detected, what it cost, which services
//! it affected, who answers for it, and what it is linked to.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    checked::{self, FieldError},
    vocabulary,
};

/// Basis points of the whole: 10,000 are 100 %.
pub const WHOLE: i32 = 10_000;

/// What an event is to the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A production event.
    #[default]
    Normal,
    /// A drill: left out of reports, counts and figures.
    Drill,
    /// Planned maintenance: left out of reports and counts like a drill; figures treat it by their own rule (SEMANTICS).
    Maintenance,
}

/// All kinds.
pub const EVENT_KINDS: [EventKind; 3] = [EventKind::Normal, EventKind::Drill, EventKind::Maintenance];

impl EventKind {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Drill => "drill",
            Self::Maintenance => "maintenance",
        }
    }

    /// Whether events of the kind are in reports, counts, figures and among what is owed: drills and planned
    /// maintenance are not.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Normal)
    }

    /// The kind of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        EVENT_KINDS.into_iter().find(|kind| kind.code() == code)
    }
}

/// How an event came to light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detection {
    /// 监控告警.
    Monitoring,
    /// 客户反馈.
    Customer,
    /// 内部员工发现.
    Staff,
    /// 对账发现.
    Reconciliation,
    /// Anything else: a partner, a regulator, the press.
    Other,
}

/// All ways of detection.
pub const DETECTIONS: [Detection; 5] =
    [Detection::Monitoring, Detection::Customer, Detection::Staff, Detection::Reconciliation, Detection::Other];

impl Detection {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Monitoring => "monitoring",
            Self::Customer => "customer",
            Self::Staff => "staff",
            Self::Reconciliation => "reconciliation",
            Self::Other => "other",
        }
    }

    /// The way of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        DETECTIONS.into_iter().find(|detection| detection.code() == code)
    }
}

/// 资损, in fen of the house's currency; each part may be unknown, and 0 says that there was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FundLoss {
    /// What it was expected to cost.
    pub expected: Option<i64>,
    /// What it did cost.
    pub actual: Option<i64>,
    /// What came back.
    pub recovered: Option<i64>,
}

impl FundLoss {
    /// What stays lost: actual less recovered, once the actual loss is known.
    pub fn net(self) -> Option<i64> {
        self.actual.map(|actual| actual - self.recovered.unwrap_or(0))
    }
}

/// The affected share of a service from an instant on, until the next entry or the recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareFrom {
    /// Since when; none is the beginning of the event.
    pub from: Option<DateTime<Utc>>,
    /// Basis points of the service's traffic: 0 to 10,000.
    pub share: i32,
}

/// A service that the event affected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AffectedService {
    /// The business line or component.
    pub service_id: Uuid,
    /// The share over time, in the order of the clock; empty while nobody said.
    pub shares: Vec<ShareFrom>,
}

/// 定责: the share of the event that a team answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Responsibility {
    /// The team.
    pub team_id: Uuid,
    /// Basis points, 1 to 10,000; 5,000 are 0.5 次.
    pub share: i32,
}

/// The share that no team answers for yet, in basis points.
pub fn unsettled(responsibility: &[Responsibility]) -> i32 {
    WHOLE - responsibility.iter().map(|part| part.share).sum::<i32>()
}

/// What a link leads to.
pub const LINK_KINDS: [&str; 5] = ["ticket", "document", "chat", "dashboard", "other"];

/// A link to something outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventLink {
    /// One of [`LINK_KINDS`].
    pub kind: String,
    /// An address with http or https.
    pub url: String,
    /// What the link says; none shows the address.
    pub title: Option<String>,
}

/// The clock points that may be declared unknown for good.
pub const CLOCK_NAMES: [&str; 6] = ["occurred", "detected", "acknowledged", "located", "mitigated", "recovered"];

/// Everything that may be declared unknown for good: clock points, then facts.
pub const FACT_NAMES: [&str; 11] = [
    "occurred",
    "detected",
    "acknowledged",
    "located",
    "mitigated",
    "recovered",
    "impacts",
    "services",
    "detection",
    "cause",
    "loss",
];

/// Checks the shares of teams: each once, 1 to 10,000, together at most the whole event.
pub fn checked_responsibility(parts: &[Responsibility]) -> Result<(), FieldError> {
    const FIELD: &str = "responsibility";
    if parts.len() > 20 {
        return Err(FieldError::shape(FIELD, "give at most 20 teams"));
    }
    if parts.iter().any(|part| !(1..=WHOLE).contains(&part.share)) {
        return Err(FieldError::shape(FIELD, "give each team a share between 0.01% and 100%"));
    }
    if parts.iter().enumerate().any(|(at, part)| parts[..at].iter().any(|other| other.team_id == part.team_id)) {
        return Err(FieldError::shape(FIELD, "name each team once"));
    }
    let sum: i32 = parts.iter().map(|part| part.share).sum();
    if sum > WHOLE {
        let remedy = format!("the shares are {}.{:02}% together; they may be 100% at most", sum / 100, sum % 100);
        return Err(FieldError::shape(FIELD, remedy));
    }
    Ok(())
}

/// Checks the affected services: each once, shares of 0 to 100 % in the order of the clock.
pub fn checked_services(services: &[AffectedService]) -> Result<(), FieldError> {
    const FIELD: &str = "services";
    if services.len() > 50 {
        return Err(FieldError::shape(FIELD, "give at most 50 services"));
    }
    for (at, service) in services.iter().enumerate() {
        if services[..at].iter().any(|other| other.service_id == service.service_id) {
            return Err(FieldError::shape(FIELD, "name each service once"));
        }
        if service.shares.len() > 100 {
            return Err(FieldError::shape(FIELD, "give at most 100 shares for a service"));
        }
        if service.shares.iter().any(|share| !(0..=WHOLE).contains(&share.share)) {
            return Err(FieldError::shape(FIELD, "give shares between 0% and 100%"));
        }
        if service.shares.windows(2).any(|pair| pair[1].from.is_none() || pair[0].from >= pair[1].from) {
            return Err(FieldError::shape(FIELD, "give the shares of a service in the order of their times"));
        }
    }
    Ok(())
}

/// Tidies tags: trimmed, without `#` in front, each once, at most 20 of 64 characters.
pub fn checked_tags(tags: &[String]) -> Result<Vec<String>, FieldError> {
    let mut tidy: Vec<String> = Vec::with_capacity(tags.len());
    for tag in tags {
        let tag = checked::line("tags", tag.trim().trim_start_matches(['#', '＃']), 64)?;
        if !tidy.iter().any(|other| checked::fold(other) == checked::fold(&tag)) {
            tidy.push(tag);
        }
    }
    if tidy.len() > 20 {
        return Err(FieldError::shape("tags", "give at most 20 tags"));
    }
    Ok(tidy)
}

/// Tidies links: a known kind, an address with http or https.
pub fn checked_links(links: &[EventLink]) -> Result<Vec<EventLink>, FieldError> {
    if links.len() > 20 {
        return Err(FieldError::shape("links", "give at most 20 links"));
    }
    links
        .iter()
        .map(|link| {
            if !LINK_KINDS.contains(&link.kind.as_str()) {
                return Err(FieldError::shape("links.kind", vocabulary::LINK_KIND.remedy()));
            }
            let url = checked::line("links.url", &link.url, 1_000)?;
            let lower = url.to_ascii_lowercase();
            if !(lower.starts_with("https://") || lower.starts_with("http://")) || url.contains(char::is_whitespace) {
                return Err(FieldError::shape("links.url", "write an address that begins with https:// or http://"));
            }
            let title = checked::optional("links.title", link.title.as_deref(), 200)?;
            Ok(EventLink { kind: link.kind.clone(), url, title })
        })
        .collect()
}
