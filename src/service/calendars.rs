//! Calendars: read, imported, written day by day, and what follows from a change: due dates that nobody chose.

use chrono::{Datelike, NaiveDate};
use serde_json::json;
use uuid::Uuid;

use super::{App, ServiceError, app::authorise, events, grading, postmortems, retry::retried};
use crate::{
    domain::{
        actor::{Actor, Permission},
        calendar::{
            CalendarDay, bundled_years, is_whole,
            reading::{self, DAYS},
        },
        checked::FieldError,
        event::ProductionEvent,
    },
    store::{self, Tx, reminders::ConnectionTrait},
};

pub use crate::domain::calendar::sheets::{Calendars, Sheet, SheetKey};

/// Events per transaction while due dates are counted again.
const PAGE: u64 = 100;

/// Later than any due date.
const LAST: NaiveDate = match NaiveDate::from_ymd_opt(9998, 12, 31) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// A year, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YearStatus {
    /// The year.
    pub year: i32,
    /// Its official days are known.
    pub known: bool,
    /// They were imported or edited here; else they came with the program.
    pub own: bool,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The sheets as they are now.
    pub sheets: Vec<Sheet>,
    /// Entries of the file that are neither a day off nor a make-up day.
    pub skipped: usize,
    /// Due dates that moved.
    pub moved: usize,
}

/// A sheet that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The sheet as it is now.
    pub sheet: Sheet,
    /// Due dates that moved.
    pub moved: usize,
}

/// All sheets: the years, bundled ones too, the house's and those of teams, in this order.
pub async fn all(app: &App, actor: &Actor) -> Result<Vec<Sheet>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let mut sheets = store::calendars::all(app.store.read()).await?;
    for (year, days) in bundled_years() {
        let key = SheetKey::National(year);
        if !sheets.iter().any(|sheet| sheet.key == key) {
            sheets.push(Sheet { key, version: 0, days, changed_at: None });
        }
    }
    if !sheets.iter().any(|sheet| sheet.key == SheetKey::Company) {
        sheets.push(empty(SheetKey::Company));
    }
    sheets.sort_by_key(|sheet| sheet.key);
    Ok(sheets)
}

/// One sheet: a year's days as bundled, or none at all, while nobody wrote it.
pub async fn one(app: &App, actor: &Actor, key: SheetKey) -> Result<Sheet, ServiceError> {
    authorise(actor, Permission::Read)?;
    if let SheetKey::Team(team) = key {
        let found = store::teams::by_ids(app.store.read(), &[team]).await?;
        if found.is_empty() {
            return Err(missing(&team.to_string()));
        }
    }
    current(app.store.read(), key).await
}

async fn current(connection: &impl ConnectionTrait, key: SheetKey) -> Result<Sheet, ServiceError> {
    if let Some(sheet) = store::calendars::one(connection, key).await? {
        return Ok(sheet);
    }
    let mut sheet = empty(key);
    if let SheetKey::National(year) = key {
        sheet.days =
            bundled_years().into_iter().find(|(one, _)| *one == year).map(|(_, days)| days).unwrap_or_default();
    }
    Ok(sheet)
}

const fn empty(key: SheetKey) -> Sheet {
    Sheet { key, version: 0, days: Vec::new(), changed_at: None }
}

/// The key of a word: a year, `company`, or the id or name of a team.
pub async fn key_of(app: &App, actor: &Actor, word: &str) -> Result<SheetKey, ServiceError> {
    authorise(actor, Permission::Read)?;
    let word = word.trim();
    match SheetKey::from_code(word) {
        Some(key @ (SheetKey::National(_) | SheetKey::Company)) => Ok(key),
        _ => match super::teams::find(app, actor, word).await {
            Ok(team) => Ok(SheetKey::Team(team.id)),
            Err(ServiceError::NotFound(_)) => Err(missing(word)),
            Err(error) => Err(error),
        },
    }
}

fn missing(word: &str) -> ServiceError {
    let word: String = word.chars().take(60).collect();
    ServiceError::NotFound(format!("calendar {word}; name a year from 2000 to 2100, company, or a team"))
}

/// The years around today, and others that are known, with what is known of them.
pub async fn years(app: &App, actor: &Actor) -> Result<Vec<YearStatus>, ServiceError> {
    let sheets = all(app, actor).await?;
    let this = app.today().year();
    let mut years: Vec<YearStatus> = Vec::new();
    for sheet in &sheets {
        if let SheetKey::National(year) = sheet.key {
            years.push(YearStatus { year, known: is_whole(&sheet.days), own: sheet.version > 0 });
        }
    }
    for year in [this, this + 1] {
        if !years.iter().any(|one| one.year == year) {
            years.push(YearStatus { year, known: false, own: false });
        }
    }
    years.sort_by_key(|one| one.year);
    Ok(years)
}

/// The years that working days are counted by Monday to Friday alone though they are needed: this one; the next one from
/// October on, because the last days of December follow its paper; and those of due dates that stand already.
pub async fn missing_years(app: &App) -> Result<Vec<i32>, ServiceError> {
    let today = app.today();
    let calendar = app.calendar();
    let last = store::reminders::last_due(app.store.read()).await?.unwrap_or(today);
    let horizon = if today.month() >= 10 { today.year() + 1 } else { today.year() };
    let until = horizon.max(last.year().min(today.year() + 3));
    Ok((today.year()..=until).filter(|year| !calendar.knows(*year)).collect())
}

/// Imports a file: JSON in the shape of holiday-cn, CSV or iCalendar. Into the official days (`None`) each year of it
/// replaces what there was of that year; into the house's or a team's days they are added.
pub async fn import(
    app: &App,
    actor: &Actor,
    into: Option<SheetKey>,
    text: &str,
    given: Option<i64>,
) -> Result<Imported, ServiceError> {
    authorise(actor, Permission::ManageCalendars)?;
    let read = reading::read(text)?;
    let skipped = read.skipped;
    let sheets = match into {
        None => reading::by_year(read)?.into_iter().map(|(year, days)| (SheetKey::National(year), days)).collect(),
        Some(SheetKey::National(year)) => {
            let years = reading::by_year(reading::ReadCalendar { year: Some(year), ..read })?;
            years.into_iter().map(|(year, days)| (SheetKey::National(year), days)).collect()
        }
        Some(key) if read.days.is_empty() => {
            return Err(FieldError::shape("calendar", format!("file: it holds no days for {}", key.code())).into());
        }
        Some(key) => vec![(key, read.days)],
    };
    if let Some((SheetKey::National(year), _)) =
        sheets.iter().find(|(key, _)| matches!(key, SheetKey::National(year) if !(2000..=2100).contains(year)))
    {
        return Err(FieldError::shape("calendar", format!("{year}: give a year from 2000 to 2100")).into());
    }
    let (task_app, task_actor) = (app.clone(), actor.clone());
    let written = retried(move || {
        let (app, actor, sheets) = (task_app.clone(), task_actor.clone(), sheets.clone());
        async move {
            let tx = app.store.begin().await?;
            let mut written = Vec::with_capacity(sheets.len());
            for (key, days) in sheets {
                let edit = |before: &[CalendarDay]| match key {
                    SheetKey::National(_) => Ok(days.clone()),
                    SheetKey::Company | SheetKey::Team(_) => {
                        let kept = before.iter().filter(|old| !days.iter().any(|new| new.day == old.day));
                        reading::checked(kept.chain(&days).cloned().collect())
                    }
                };
                written.push(write_in(&app, &tx, &actor, key, given, ("calendar.import", edit)).await?);
            }
            tx.commit().await?;
            Ok(written)
        }
    })
    .await?;
    refresh(app).await?;
    let moved = follow(app).await?;
    Ok(Imported { sheets: written, skipped, moved })
}

/// Writes one day of a sheet that is still in version `given`, in place of what was said of it.
pub async fn set_day(
    app: &App,
    actor: &Actor,
    key: SheetKey,
    day: CalendarDay,
    given: Option<i64>,
) -> Result<Written, ServiceError> {
    authorise(actor, Permission::ManageCalendars)?;
    let day = reading::checked(vec![day])?.remove(0);
    if let SheetKey::National(year) = key {
        let belongs = day.day.year() == year || (day.day.year() == year - 1 && day.day.month() == 12);
        if !belongs {
            let remedy = format!("{}: give a day of {year}, or of the December before it", day.day);
            return Err(FieldError::shape("calendar", remedy).into());
        }
    }
    change(app, actor, key, given, "calendar.day", move |before| {
        let kept = before.iter().filter(|old| old.day != day.day);
        let mut days: Vec<CalendarDay> = kept.cloned().chain([day.clone()]).collect();
        days.sort_by_key(|day| day.day);
        Ok(days)
    })
    .await
}

/// Removes a day from a sheet that is still in version `given`: the sheet below it, or its weekday, holds again.
pub async fn remove_day(
    app: &App,
    actor: &Actor,
    key: SheetKey,
    day: NaiveDate,
    given: Option<i64>,
) -> Result<Written, ServiceError> {
    authorise(actor, Permission::ManageCalendars)?;
    change(app, actor, key, given, "calendar.day", move |before| {
        if !before.iter().any(|old| old.day == day) {
            return Err(FieldError::shape("calendar", format!("{day}: it is not in this calendar")));
        }
        Ok(before.iter().filter(|old| old.day != day).cloned().collect())
    })
    .await
}

/// Removes a sheet that is still in version `given`: of a year the bundled days hold again. Answers how many due dates moved.
pub async fn reset(app: &App, actor: &Actor, key: SheetKey, given: Option<i64>) -> Result<usize, ServiceError> {
    authorise(actor, Permission::ManageCalendars)?;
    let (task_app, task_actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (task_app.clone(), task_actor.clone());
        async move {
            let tx = app.store.begin().await?;
            store::calendars::changed(&tx).await?;
            let before = current(tx.conn(), key).await?;
            not_stale(&before, given)?;
            if before.version == 0 {
                tx.rollback().await?;
                return Ok(());
            }
            store::calendars::delete(&tx, key, before.version).await?;
            let since = app.now_millis() - super::reminder_items::ASKED_DAYS * 86_400_000;
            store::reminders::wake_all(&tx, since).await?;
            let after = empty(key);
            audit(&app, &tx, &actor, "calendar.reset", &before, &after).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await?;
    refresh(app).await?;
    follow(app).await
}

async fn change(
    app: &App,
    actor: &Actor,
    key: SheetKey,
    given: Option<i64>,
    action: &'static str,
    edit: impl Fn(&[CalendarDay]) -> Result<Vec<CalendarDay>, FieldError> + Clone + Send + Sync + 'static,
) -> Result<Written, ServiceError> {
    let (task_app, task_actor) = (app.clone(), actor.clone());
    let sheet = retried(move || {
        let (app, actor, edit) = (task_app.clone(), task_actor.clone(), edit.clone());
        async move {
            let tx = app.store.begin().await?;
            let sheet = write_in(&app, &tx, &actor, key, given, (action, edit)).await?;
            tx.commit().await?;
            Ok(sheet)
        }
    })
    .await?;
    refresh(app).await?;
    let moved = follow(app).await?;
    Ok(Written { sheet, moved })
}

fn not_stale(before: &Sheet, given: Option<i64>) -> Result<(), ServiceError> {
    match given.filter(|given| *given != before.version) {
        Some(given) => {
            Err(ServiceError::Stale { what: format!("calendar {}", before.key.code()), given, current: before.version })
        }
        None => Ok(()),
    }
}

/// Writes what `edit` makes of a sheet; one that changes nothing writes nothing.
async fn write_in(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    key: SheetKey,
    given: Option<i64>,
    (action, edit): (&str, impl Fn(&[CalendarDay]) -> Result<Vec<CalendarDay>, FieldError>),
) -> Result<Sheet, ServiceError> {
    // Writers of calendars go one after another; who only looks does not wait.
    store::calendars::changed(tx).await?;
    if let SheetKey::Team(team) = key {
        super::teams::check_in_use(tx, None, Some(team)).await?;
    }
    let before = current(tx.conn(), key).await?;
    not_stale(&before, given)?;
    let days = edit(&before.days)?;
    if days.len() > DAYS {
        return Err(FieldError::shape("calendar", format!("{}: at most {DAYS} days are kept", key.code())).into());
    }
    if days == before.days {
        return Ok(before);
    }
    let now = app.now_millis();
    let after = Sheet { key, version: before.version + 1, days, changed_at: Some(now) };
    store::calendars::write(tx, &after, before.version, now).await?;
    store::reminders::wake_all(tx, now - super::reminder_items::ASKED_DAYS * 86_400_000).await?;
    audit(app, tx, actor, action, &before, &after).await?;
    Ok(after)
}

async fn audit(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    action: &str,
    before: &Sheet,
    after: &Sheet,
) -> Result<(), ServiceError> {
    let only = |days: &[CalendarDay], others: &[CalendarDay]| -> Vec<CalendarDay> {
        days.iter().filter(|day| !others.contains(day)).cloned().collect()
    };
    let change = json!({"days": {"from": only(&before.days, &after.days), "to": only(&after.days, &before.days)}});
    let subject = format!("calendar:{}", before.key.code());
    store::audit::insert(tx, app.id(), app.now_millis(), actor, action, &subject, change).await?;
    Ok(())
}

/// Reads the calendars again where they changed; says whether they did.
pub async fn refresh(app: &App) -> Result<bool, ServiceError> {
    app.calendars.refresh(app.store.read()).await
}

/// What a worker does each round: where another process changed the calendars, due dates are counted again, because this one
/// may have counted some by the old ones.
pub async fn keep_up(app: &App) -> Result<usize, ServiceError> {
    if refresh(app).await? { follow(app).await } else { Ok(0) }
}

/// Counts the due dates of owed postmortems again that nobody chose; answers how many moved.
pub async fn follow(app: &App) -> Result<usize, ServiceError> {
    let levels = grading::levels(app.store.read()).await?;
    let (mut moved, mut after) = (0, None);
    loop {
        let (page, next) = store::reminders::owed_page(app.store.read(), LAST, after, PAGE).await?;
        let moves = |event: &ProductionEvent| {
            let due = events::due_of(app, &levels, &event.fields, event.created_at);
            !event.postmortem.due_fixed && event.postmortem.due_on != Some(due)
        };
        let numbers: Vec<i64> = page.iter().filter(|event| moves(event)).map(|event| event.number).collect();
        for number in numbers {
            moved += usize::from(postmortems::count_due_again(app, number).await?);
        }
        if next.is_none() {
            return Ok(moved);
        }
        after = next;
    }
}

/// The teams whose calendars events of a list follow, by the event; empty where no team has its own.
pub async fn teams_of_events(
    app: &App,
    events: &[Uuid],
) -> Result<std::collections::HashMap<Uuid, Uuid>, ServiceError> {
    let calendars = app.calendars();
    if !calendars.has_teams() || events.is_empty() {
        return Ok(std::collections::HashMap::new());
    }
    let found = store::events::by_ids(app.store.read(), events).await?;
    Ok(found.iter().filter_map(|event| Some((event.id, calendars.team_of(&event.fields)?))).collect())
}
