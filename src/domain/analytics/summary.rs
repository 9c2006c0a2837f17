//! Outcomes summed up: over all events, over groups, and the list behind each number.

use std::collections::BTreeMap;

use chrono::Datelike as _;
use uuid::Uuid;

use super::{DURATIONS, EventFacts, ItemFacts, Metric, Outcome, RATIOS, Settings, Why, item_outcome, outcome};
use crate::domain::{event_record::WHOLE, reliability::Figure, response_times::Spread};

/// How events are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Teams, by their shares of responsibility.
    Team,
    /// Business lines and components.
    Service,
    /// Severity labels.
    Level,
    /// Months of the day.
    Month,
}

/// All groupings.
pub const GROUPINGS: [By; 4] = [By::Team, By::Service, By::Level, By::Month];

impl By {
    /// The spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Service => "service",
            Self::Level => "level",
            Self::Month => "month",
        }
    }

    /// The grouping of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        GROUPINGS.into_iter().find(|by| by.code() == code)
    }
}

/// A group of events.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A team or a service; none holds what is not settled, or events without a service.
    Id(Option<Uuid>),
    /// A severity label; none is 未定级.
    Level(Option<String>),
    /// Year and month.
    Month(i32, u32),
}

impl Key {
    /// The spoken form: an id, a label, `2024-08`, or `-` for none.
    pub fn code(&self) -> String {
        match self {
            Self::Id(id) => id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
            Self::Level(label) => label.clone().unwrap_or_else(|| "-".to_owned()),
            Self::Month(year, month) => format!("{year:04}-{month:02}"),
        }
    }
}

/// The groups that an event belongs to, with the share that counts in each (basis points). Services and months count it
/// whole; what no team answers for stands in a group of its own.
pub fn keys(event: &EventFacts, by: By) -> Vec<(Key, i32)> {
    match by {
        By::Team => {
            let mut keys: Vec<(Key, i32)> =
                event.shares.iter().map(|(team, share)| (Key::Id(Some(*team)), *share)).collect();
            let rest = WHOLE - event.shares.iter().map(|(_, share)| share).sum::<i32>();
            if rest > 0 {
                keys.push((Key::Id(None), rest));
            }
            keys
        }
        By::Service if event.services.is_empty() => vec![(Key::Id(None), WHOLE)],
        By::Service => event.services.iter().map(|service| (Key::Id(Some(*service)), WHOLE)).collect(),
        By::Level => vec![(Key::Level(event.severity.clone()), WHOLE)],
        By::Month => vec![(Key::Month(event.day.year(), event.day.month()), WHOLE)],
    }
}

/// The groups of an action item: that of its own team, else those of its event.
fn item_keys(event: &EventFacts, item: &ItemFacts, by: By) -> Vec<(Key, i32)> {
    match (by, item.team) {
        (By::Team, Some(team)) => vec![(Key::Id(Some(team)), WHOLE)],
        _ => keys(event, by),
    }
}

/// How many were left out, and why.
pub type LeftOut = BTreeMap<Why, usize>;

/// A duration over a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duration {
    /// Which.
    pub metric: Metric,
    /// All events of the group.
    pub all: usize,
    /// Mean, median and ninetieth percentile; none where no event can be used.
    pub spread: Option<Spread>,
    /// Who was left out.
    pub left: LeftOut,
}

impl Duration {
    /// How many events it is made of.
    pub fn used(&self) -> usize {
        self.spread.as_ref().map_or(0, |spread| spread.used)
    }
}

/// A ratio over a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ratio {
    /// Which.
    pub metric: Metric,
    /// All events of the group (items, for [`Metric::ActionItemsOnTime`]).
    pub all: usize,
    /// How many are in the base.
    pub used: usize,
    /// How many of them are in the numerator.
    pub hits: usize,
    /// The base by shares, basis points: for teams the sum of the shares, else 10,000 an event.
    pub base_share: i64,
    /// The numerator by shares, basis points.
    pub hit_share: i64,
    /// Who was left out.
    pub left: LeftOut,
}

impl Ratio {
    /// In percent; none without a base.
    pub fn percent(&self) -> Option<Figure> {
        (self.base_share > 0)
            .then(|| Figure::ratio(100 * i128::from(self.hit_share), i128::from(self.base_share)))
            .flatten()
    }
}

/// All figures of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How many events.
    pub events: usize,
    /// Their shares together, basis points.
    pub share: i64,
    /// In the order of [`DURATIONS`].
    pub durations: Vec<Duration>,
    /// In the order of [`RATIOS`].
    pub ratios: Vec<Ratio>,
}

/// The figures of all events, and of each group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// All events, each once.
    pub whole: Summary,
    /// The groups in the order of their keys.
    pub groups: Vec<(Key, Summary)>,
}

#[derive(Default)]
struct Gathered {
    events: usize,
    share: i64,
    seconds: BTreeMap<Metric, Vec<i64>>,
    /// Base, hits, base share, hit share.
    counts: BTreeMap<Metric, (usize, usize, i64, i64)>,
    left: BTreeMap<Metric, LeftOut>,
}

impl Gathered {
    fn take(&mut self, metric: Metric, outcome: Outcome, share: i32) {
        match outcome {
            Outcome::Took(seconds) => self.seconds.entry(metric).or_default().push(seconds),
            Outcome::Counts(hit) => {
                let count = self.counts.entry(metric).or_default();
                count.0 += 1;
                count.2 += i64::from(share);
                if hit {
                    count.1 += 1;
                    count.3 += i64::from(share);
                }
            }
            Outcome::Left(why) => *self.left.entry(metric).or_default().entry(why).or_default() += 1,
        }
    }

    fn summary(mut self) -> Summary {
        let durations = DURATIONS.map(|metric| Duration {
            metric,
            all: self.events,
            spread: Spread::of(self.seconds.remove(&metric).unwrap_or_default()),
            left: self.left.remove(&metric).unwrap_or_default(),
        });
        let ratios = RATIOS.map(|metric| {
            let (used, hits, base_share, hit_share) = self.counts.get(&metric).copied().unwrap_or_default();
            let left = self.left.remove(&metric).unwrap_or_default();
            let all = used + left.values().sum::<usize>();
            Ratio { metric, all, used, hits, base_share, hit_share, left }
        });
        Summary { events: self.events, share: self.share, durations: durations.into(), ratios: ratios.into() }
    }
}

/// Computes the figures.
pub fn analyse(events: &[EventFacts], by: Option<By>, settings: &Settings) -> Analysis {
    let mut whole = Gathered::default();
    let mut groups: BTreeMap<Key, Gathered> = BTreeMap::new();
    for event in events {
        let keys = by.map(|by| keys(event, by)).unwrap_or_default();
        whole.events += 1;
        whole.share += i64::from(WHOLE);
        for (key, share) in &keys {
            let group = groups.entry(key.clone()).or_default();
            group.events += 1;
            group.share += i64::from(*share);
        }
        for metric in DURATIONS.into_iter().chain(RATIOS).filter(|metric| *metric != Metric::ActionItemsOnTime) {
            let outcome = outcome(event, metric, settings);
            whole.take(metric, outcome, WHOLE);
            for (key, share) in &keys {
                groups.entry(key.clone()).or_default().take(metric, outcome, *share);
            }
        }
        for item in &event.items {
            let outcome = item_outcome(item, settings);
            whole.take(Metric::ActionItemsOnTime, outcome, WHOLE);
            for (key, share) in by.map(|by| item_keys(event, item, by)).unwrap_or_default() {
                groups.entry(key).or_default().take(Metric::ActionItemsOnTime, outcome, share);
            }
        }
    }
    let groups = groups.into_iter().map(|(key, group)| (key, group.summary())).collect();
    Analysis { whole: whole.summary(), groups }
}

/// Which events of a metric a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Those that the figure is made of.
    Used,
    /// Those in the numerator.
    Hits,
    /// Those that were left out.
    Left,
    /// All of the group.
    All,
}

impl Part {
    /// The part of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "used" => Some(Self::Used),
            "hits" => Some(Self::Hits),
            "left" => Some(Self::Left),
            "all" => Some(Self::All),
            _ => None,
        }
    }

    const fn holds(self, outcome: Outcome) -> bool {
        match self {
            Self::Used => matches!(outcome, Outcome::Took(_) | Outcome::Counts(_)),
            Self::Hits => matches!(outcome, Outcome::Counts(true)),
            Self::Left => matches!(outcome, Outcome::Left(_)),
            Self::All => true,
        }
    }
}

/// Which list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Of which figure; none is the count of events.
    pub metric: Option<Metric>,
    /// Which part of it.
    pub part: Part,
    /// Of which group, by its code; none is all.
    pub group: Option<(By, String)>,
}

/// The numbers behind a figure with their outcomes, in the order given: of events, or of items for
/// [`Metric::ActionItemsOnTime`].
pub fn behind(events: &[EventFacts], selection: &Selection, settings: &Settings) -> Vec<(i64, Option<Outcome>)> {
    let inside = |keys: &[(Key, i32)], code: &str| keys.iter().any(|(key, _)| key.code() == code);
    let mut found = Vec::new();
    for event in events {
        if selection.metric == Some(Metric::ActionItemsOnTime) {
            for item in &event.items {
                let outcome = item_outcome(item, settings);
                let here = selection.group.as_ref().is_none_or(|(by, code)| inside(&item_keys(event, item, *by), code));
                if here && selection.part.holds(outcome) {
                    found.push((item.number, Some(outcome)));
                }
            }
            continue;
        }
        let here = selection.group.as_ref().is_none_or(|(by, code)| inside(&keys(event, *by), code));
        let outcome = selection.metric.map(|metric| outcome(event, metric, settings));
        if here && outcome.is_none_or(|outcome| selection.part.holds(outcome)) {
            found.push((event.number, outcome));
        }
    }
    found
}
