//! Published texts that tell of an event which is restricted by now. They are frozen, so that nothing can be taken out of
//! them: the whole text is withheld from everybody, its links lead nowhere, and the week is shown as computed now until
//! somebody publishes it again. A revision that somebody asks for by its number is there for those who see all of its events.

use std::collections::BTreeSet;

use super::{App, ServiceError, app::authorise};
use crate::{
    domain::{
        actor::{Actor, Permission},
        event::ProductionEvent,
        iso_week::IsoWeek,
        publication::Numbers,
        visibility::Sight,
    },
    store::{self, policies::ConnectionTrait, publications::Publication},
};

/// Whether a report with these numbers tells of an event that these eyes do not see.
pub(super) async fn is_hidden(
    connection: &impl ConnectionTrait,
    sight: Sight,
    numbers: &Numbers,
) -> Result<bool, ServiceError> {
    Ok(!store::events::hidden_among(connection, sight, &numbers.named()).await?.is_empty())
}

/// A publication, unless it is withheld.
pub(super) async fn unless_withheld(
    connection: &impl ConnectionTrait,
    publication: Option<Publication>,
) -> Result<Option<Publication>, ServiceError> {
    let Some(publication) = publication else { return Ok(None) };
    let hidden = is_hidden(connection, Sight::Everyone, &publication.numbers).await?;
    Ok(Some(publication).filter(|_| !hidden))
}

/// Whether a week is published and its text is not withheld.
pub(super) async fn is_shown(connection: &impl ConnectionTrait, week: IsoWeek) -> Result<bool, ServiceError> {
    Ok(!shown_of(connection, &BTreeSet::from([week])).await?.is_empty())
}

/// Those of these weeks, at most as many as there are share links, that are published and whose text is not withheld.
pub(super) async fn shown_of(
    connection: &impl ConnectionTrait,
    weeks: &BTreeSet<IsoWeek>,
) -> Result<BTreeSet<IsoWeek>, ServiceError> {
    let numbers = store::publications::numbers_of(connection, weeks).await?;
    let named = numbers.values().flat_map(Numbers::named).collect();
    let hidden = store::events::hidden_among(connection, Sight::Everyone, &named).await?;
    let shown = numbers.into_iter().filter(|(_, numbers)| numbers.named().is_disjoint(&hidden));
    Ok(shown.map(|(week, _)| week).collect())
}

/// The weeks whose published text is withheld because of this event.
pub async fn because_of(app: &App, actor: &Actor, event: &ProductionEvent) -> Result<Vec<IsoWeek>, ServiceError> {
    authorise(actor, Permission::Read)?;
    if !event.fields.restricted || Sight::of(actor).by_event(event) != Some(true) {
        return Ok(Vec::new());
    }
    let connection = app.store.read();
    // A report tells of its own week and of what is owed from earlier ones; figures tell of the days that an event ran.
    let from = event.fields.occurred.map_or(event.week, |point| event.week.min(IsoWeek::of(point.at.date_naive())));
    let weeks = store::publications::weeks_from(connection, from.previous()).await?;
    let numbers = store::publications::numbers_of(connection, &weeks).await?;
    Ok(numbers
        .into_iter()
        .filter(|(_, numbers)| numbers.named().contains(&event.number))
        .map(|(week, _)| week)
        .collect())
}

/// Whether a text tells of an event of a week that is restricted by now.
pub(super) async fn tells_of_restricted(
    connection: &impl ConnectionTrait,
    week: IsoWeek,
    text: &str,
) -> Result<bool, ServiceError> {
    let sentences = store::withholding::sentences(connection, week).await?;
    let told = |sentence: &String| sentence.lines().map(str::trim).any(|line| !line.is_empty() && text.contains(line));
    Ok(sentences.iter().any(told))
}
