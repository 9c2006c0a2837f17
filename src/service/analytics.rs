//! Analytics over a period, and the lists behind their numbers.

use std::collections::HashMap;

use chrono::{Datelike as _, NaiveDate};
use uuid::Uuid;

use super::{
    App, ServiceError,
    action_items::{ActionFilter, Listed, Names},
    app::authorise,
    grading, policies,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        analytics::{self, Analysis, By, EventFacts, Limits, Metric, Outcome, Reading, Selection, Settings},
        checked::{self, FieldError},
        event::ProductionEvent,
        visibility::Sight,
        vocabulary,
    },
    store::{self, analytics::Period},
};

/// The most rows of a list's page.
pub const PAGE_LIMIT: usize = 200;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// First day of the beginning.
    pub from: NaiveDate,
    /// Last day of the beginning.
    pub to: NaiveDate,
    /// Broken down by.
    pub by: Option<By>,
    /// How 1-5-10 is read; none as the policy says.
    pub reading: Option<Reading>,
}

/// The figures of a period.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was asked.
    pub query: Query,
    /// The limits and the reading that were used.
    pub settings: Settings,
    /// The figures.
    pub analysis: Analysis,
    /// Drills and maintenance in the period, which do not count.
    pub left_out: u64,
    /// Names of the groups that have one (teams, services).
    pub names: HashMap<Uuid, String>,
}

/// What stands behind a number.
#[derive(Debug, Clone)]
pub struct Behind {
    /// Of which figure; none is the count of events.
    pub metric: Option<Metric>,
    /// How many there are in all.
    pub total: usize,
    /// The events of the page, or of its items.
    pub events: Vec<(ProductionEvent, Option<Outcome>)>,
    /// The items of the page, for the metric of action items.
    pub items: Vec<(Listed, Outcome)>,
    /// Where the next page begins.
    pub next: Option<i64>,
    /// Names of the groups.
    pub names: HashMap<Uuid, String>,
    /// The limits and the reading that were used.
    pub settings: Settings,
}

impl Query {
    /// The last twelve months up to `today`.
    pub fn last_year(today: NaiveDate) -> Self {
        let (year, month) = if today.month() == 12 { (today.year(), 1) } else { (today.year() - 1, today.month() + 1) };
        let from = NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(today);
        Self { from, to: today, by: None, reading: None }
    }

    /// The period and grouping as people write them; empty texts stand for the default.
    pub fn of(
        today: NaiveDate,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
        by: Option<&str>,
        reading: Option<&str>,
    ) -> Result<Self, FieldError> {
        let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let by = given(by).map(|code| vocabulary::GROUPING.read("by", &code).map(By::from_code));
        let reading = given(reading).map(|code| {
            Reading::from_code(&code).ok_or_else(|| FieldError::shape("reading", "choose segment or cumulative"))
        });
        let default = Self::last_year(today);
        let to = to.unwrap_or(default.to);
        // Where only an early last day is given, the twelve months before it.
        let from = from.unwrap_or_else(|| Self::last_year(to).from);
        Ok(Self { from, to, by: by.transpose()?.flatten(), reading: reading.transpose()? })
    }

    fn checked(self) -> Result<Self, FieldError> {
        checked::date("from", self.from)?;
        checked::date("to", self.to)?;
        if self.to < self.from {
            return Err(FieldError::shape("to", "give a last day that does not lie before the first"));
        }
        Ok(self)
    }
}

/// Computes the figures of a period. A period of more than 50,000 events is refused.
pub async fn compute(app: &App, actor: &Actor, query: Query) -> Result<Report, ServiceError> {
    let (events, left_out, settings) = load(app, actor, query).await?;
    let analysis = analytics::analyse(&events, query.by, &settings);
    Ok(Report { query, settings, analysis, left_out, names: names(app).await? })
}

/// A page of the list behind a number, the latest numbers first; `after` is the number that the page before ended with.
pub async fn behind(
    app: &App,
    actor: &Actor,
    query: Query,
    selection: &Selection,
    after: Option<i64>,
    limit: usize,
) -> Result<Behind, ServiceError> {
    let (events, _, settings) = load(app, actor, query).await?;
    let mut selection = selection.clone();
    if let Some((By::Level, label)) = &mut selection.group {
        let levels = grading::levels(app.store.read()).await?;
        *label = levels.meant(label).to_string();
    }
    let selection = &selection;
    let mut found = analytics::behind(&events, selection, &settings);
    found.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
    let total = found.len();
    let limit = limit.clamp(1, PAGE_LIMIT);
    let mut page: Vec<(i64, Option<Outcome>)> =
        found.into_iter().filter(|(number, _)| after.is_none_or(|after| *number < after)).take(limit + 1).collect();
    let more = page.len() > limit;
    page.truncate(limit);
    let next = page.last().filter(|_| more).map(|(number, _)| *number);
    let sight = Sight::of(actor);
    let read = app.store.read();
    let numbers: Vec<i64> = page.iter().map(|(number, _)| *number).collect();
    let metric = selection.metric;
    let mut behind =
        Behind { metric, total, events: Vec::new(), items: Vec::new(), next, names: names(app).await?, settings };
    if selection.metric == Some(Metric::ActionItemsOnTime) {
        let filter = ActionFilter { numbers: Some(numbers), ..ActionFilter::default() };
        let items = store::action_items::list(read, &filter, sight, None, limit as u64).await?;
        let ids: Vec<Uuid> = items.iter().map(|item| item.event_id).collect();
        let events: HashMap<Uuid, ProductionEvent> =
            store::events::by_ids(read, &ids).await?.into_iter().map(|event| (event.id, event)).collect();
        let named = Names::load(app).await?;
        let mut items: HashMap<i64, Listed> = items
            .into_iter()
            .filter_map(|item| {
                let event = events.get(&item.event_id)?.clone();
                Some((item.number, named.listed(item, event)))
            })
            .collect();
        behind.items =
            page.into_iter().filter_map(|(number, outcome)| Some((items.remove(&number)?, outcome?))).collect();
    } else {
        let ids = store::analytics::ids_of(read, sight, &numbers).await?;
        let mut events: HashMap<i64, ProductionEvent> =
            store::events::by_ids(read, &ids).await?.into_iter().map(|event| (event.number, event)).collect();
        behind.events = page
            .into_iter()
            .filter_map(|(number, outcome)| events.remove(&number).map(|event| (event, outcome)))
            .collect();
    }
    Ok(behind)
}

async fn load(app: &App, actor: &Actor, query: Query) -> Result<(Vec<EventFacts>, u64, Settings), ServiceError> {
    authorise(actor, Permission::Read)?;
    let query = query.checked()?;
    let period = Period { from: query.from, to: query.to, zone: app.zone, sight: Sight::of(actor) };
    let (count, left_out) = store::analytics::count(app.store.read(), &period).await?;
    analytics::bounded(count)?;
    // Another name of a level counts as that level.
    let levels = grading::levels(app.store.read()).await?;
    let mut events = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    let mut after = None;
    loop {
        let (page, next) = store::analytics::page(app.store.read(), &period, after).await?;
        events.extend(page.into_iter().map(|mut event| {
            event.severity = event.severity.map(|label| levels.meant(&label).to_owned());
            event
        }));
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let limits: Limits = policies::load(app.store.read(), analytics::POLICY.name).await?;
    let settings = Settings {
        now: app.now().timestamp(),
        today: app.today(),
        limits,
        reading: query.reading.unwrap_or(limits.reading),
    };
    Ok((events, left_out, settings))
}

async fn names(app: &App) -> Result<HashMap<Uuid, String>, ServiceError> {
    let read = app.store.read();
    let teams = store::names::teams(read).await?;
    let services = store::names::services(read).await?;
    Ok(teams.into_iter().chain(services).map(|one| (one.id, one.name)).collect())
}
