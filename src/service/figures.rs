//! Reported figures and incident counts of a week.

use serde_json::json;
use uuid::Uuid;

use super::{App, ServiceError, app::authorise, measured, retry::retried, secrets};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::{self, FieldError},
        figures::{Figure, FigureFields, FigurePatch, IncidentCount, IncidentCountFields, WEEK_LIMIT},
        iso_week::IsoWeek,
        visibility::Sight,
    },
    store::{self, Tx},
};

/// Figures and counts of weeks `from..=to`, in order of week and report. Where samples say something of a figure, it is the
/// measured one, with what was reported beside it.
pub async fn of_weeks(
    app: &App,
    actor: &Actor,
    from: IsoWeek,
    to: IsoWeek,
) -> Result<(Vec<Figure>, Vec<IncidentCount>), ServiceError> {
    authorise(actor, Permission::Read)?;
    // With the week before, which the first one is compared with.
    let before = from.previous();
    let reported = store::figures::of_weeks(app.store.read(), before, to).await?;
    let mut figures =
        measured::over(app, Sight::of_report(actor), reported, before, to, &measured::Ends::new()).await?;
    figures.retain(|figure| figure.week >= from);
    let counts = store::figures::counts_of_weeks(app.store.read(), from, to).await?;
    Ok((figures, counts))
}

/// One figure.
pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<Figure, ServiceError> {
    authorise(actor, Permission::Read)?;
    store::figures::by_id(app.store.read(), id).await?.ok_or_else(|| ServiceError::NotFound(format!("figure {id}")))
}

/// The figure of a week by its name as it stands: the measured one where there are samples.
pub async fn shown_by_name(app: &App, actor: &Actor, week: IsoWeek, name: &str) -> Result<Figure, ServiceError> {
    let (figures, _) = of_weeks(app, actor, week, week).await?;
    let found = figures.into_iter().find(|figure| figure.fields.is_named(name, None));
    found.ok_or_else(|| ServiceError::NotFound(format!("figure {name} of {week}")))
}

/// A figure that was written, as it stands: the measured one where there are samples.
pub async fn as_it_stands(app: &App, actor: &Actor, written: Figure) -> Result<Figure, ServiceError> {
    let (figures, _) = of_weeks(app, actor, written.week, written.week).await?;
    Ok(figures.into_iter().find(|figure| figure.id == written.id).unwrap_or(written))
}

/// The reported figure of a week by its name, whatever its capitals and widths.
pub async fn by_name(app: &App, actor: &Actor, week: IsoWeek, name: &str) -> Result<Figure, ServiceError> {
    authorise(actor, Permission::Read)?;
    let figures = store::figures::of_week(app.store.read(), week).await?;
    figures
        .into_iter()
        .find(|figure| figure.fields.is_named(name, None))
        .ok_or_else(|| ServiceError::NotFound(format!("figure {name} of {week}")))
}

/// Writes a figure of a week by its name: a new one, or parts of the one that is there. With a version the
/// stored figure must be in it.
pub async fn put(
    app: &App,
    actor: &Actor,
    week: IsoWeek,
    name: String,
    patch: FigurePatch,
    version: Option<i64>,
    source: &'static str,
) -> Result<Figure, ServiceError> {
    authorise(actor, Permission::WriteFigure)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, name, patch) = (app.clone(), actor.clone(), name.clone(), patch.clone());
        async move {
            let tx = app.store.begin().await?;
            let existing = store::figures::of_week(tx.conn(), week).await?;
            let group = patch.group.clone().flatten();
            let found = existing.iter().find(|figure| figure.fields.is_named(&name, group.as_deref()));
            let current = found.map_or(0, |figure| figure.version);
            if let Some(given) = version.filter(|given| *given != current) {
                return Err(ServiceError::Stale { what: name, given, current });
            }
            let fields = patch.over(name, found.map(|figure| &figure.fields))?.checked()?;
            let figure = write(&app, &tx, &actor, week, fields, &existing, source).await?;
            tx.commit().await?;
            Ok(figure)
        }
    })
    .await
}

/// Writes one figure inside a transaction; `existing` are the figures of the week.
pub(super) async fn write(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    week: IsoWeek,
    fields: FigureFields,
    existing: &[Figure],
    source: &'static str,
) -> Result<Figure, ServiceError> {
    let now = app.now_millis();
    let same = |figure: &&Figure| figure.fields.is_named(&fields.name, fields.group.as_deref());
    if let Some(before) = existing.iter().find(same) {
        let fields = FigureFields { group: fields.group.or_else(|| before.fields.group.clone()), ..fields };
        if before.fields == fields {
            return Ok(before.clone());
        }
        let after = Figure { fields, source: source.to_owned(), ..before.clone() };
        store::figures::update(tx, &after, before.version, now).await?;
        let change = json!({"from": shown(&before.fields), "to": shown(&after.fields)});
        audit(app, tx, actor, "figure.update", week, &after.fields.name, change).await?;
        return Ok(Figure { version: before.version + 1, updated_at: now, ..after });
    }
    if existing.len() >= WEEK_LIMIT {
        let remedy = format!("{week} has {WEEK_LIMIT} figures already; remove one first");
        return Err(FieldError::shape("name", remedy).into());
    }
    let position = existing.iter().map(|figure| figure.position).max().unwrap_or(0) + 1;
    let taken = existing.iter().any(|other| other.fields.is_named(&fields.name, None));
    let figure = Figure {
        id: app.id(),
        week,
        version: 1,
        position,
        source: source.to_owned(),
        fields,
        updated_at: now,
        measured: None,
    };
    store::figures::insert(tx, &figure, &key_of(&figure.fields, taken), now).await?;
    audit(app, tx, actor, "figure.create", week, &figure.fields.name, json!({"to": shown(&figure.fields)})).await?;
    Ok(figure)
}

/// The key of a new figure of a week: under another heading the same label is another figure. `taken` says that the
/// week has a figure of that label.
pub(super) fn key_of(fields: &FigureFields, taken: bool) -> String {
    match fields.group.as_deref().filter(|_| taken) {
        Some(group) => secrets::hash(&format!("{}\n{}", checked::fold(group), checked::fold(&fields.name))),
        None => checked::fold(&fields.name),
    }
}

/// Removes a figure that is still in `version`.
pub async fn delete(app: &App, actor: &Actor, id: Uuid, version: i64) -> Result<(), ServiceError> {
    authorise(actor, Permission::WriteFigure)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let figure = store::figures::by_id(tx.conn(), id)
                .await?
                .ok_or_else(|| ServiceError::NotFound(format!("figure {id}")))?;
            if figure.version != version {
                return Err(ServiceError::Stale { what: figure.fields.name, given: version, current: figure.version });
            }
            store::figures::delete(&tx, id, version).await?;
            let was = json!({"from": shown(&figure.fields)});
            audit(&app, &tx, &actor, "figure.delete", figure.week, &figure.fields.name, was).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// Removes an incident count that is still in `version`.
pub async fn delete_count(
    app: &App,
    actor: &Actor,
    week: IsoWeek,
    severity: &str,
    version: i64,
) -> Result<(), ServiceError> {
    authorise(actor, Permission::WriteFigure)?;
    let severity = checked::severity("severity", severity)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, severity) = (app.clone(), actor.clone(), severity.clone());
        async move {
            let tx = app.store.begin().await?;
            let count = store::figures::counts_of_weeks(tx.conn(), week, week)
                .await?
                .into_iter()
                .find(|count| count.fields.severity == severity)
                .ok_or_else(|| ServiceError::NotFound(format!("figure {severity} of {week}")))?;
            if count.version != version {
                return Err(ServiceError::Stale { what: severity, given: version, current: count.version });
            }
            store::figures::delete_count(&tx, count.id, version).await?;
            let was = json!({"from": count.fields.count.to_string()});
            audit(&app, &tx, &actor, "incident_count.delete", week, &severity, was).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// Writes an incident count of a week: a new one, or the value of the one that is there.
pub async fn put_count(
    app: &App,
    actor: &Actor,
    week: IsoWeek,
    fields: IncidentCountFields,
    version: Option<i64>,
    source: &'static str,
) -> Result<IncidentCount, ServiceError> {
    authorise(actor, Permission::WriteFigure)?;
    let fields = IncidentCountFields { severity: checked::severity("severity", &fields.severity)?, ..fields };
    if fields.count.units < 0 {
        return Err(FieldError::shape("count", "give a number of 0 or more").into());
    }
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, fields) = (app.clone(), actor.clone(), fields.clone());
        async move {
            let tx = app.store.begin().await?;
            let existing = store::figures::counts_of_weeks(tx.conn(), week, week).await?;
            let found = existing.iter().find(|count| count.fields.severity == fields.severity);
            let current = found.map_or(0, |count| count.version);
            if let Some(given) = version.filter(|given| *given != current) {
                return Err(ServiceError::Stale { what: fields.severity, given, current });
            }
            let count = write_count(&app, &tx, &actor, week, fields, &existing, source).await?;
            tx.commit().await?;
            Ok(count)
        }
    })
    .await
}

/// Writes one count inside a transaction; `existing` are the counts of the week.
pub(super) async fn write_count(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    week: IsoWeek,
    fields: IncidentCountFields,
    existing: &[IncidentCount],
    source: &'static str,
) -> Result<IncidentCount, ServiceError> {
    let now = app.now_millis();
    if let Some(before) = existing.iter().find(|count| count.fields.severity == fields.severity) {
        if before.fields == fields {
            return Ok(before.clone());
        }
        let after = IncidentCount { fields, source: source.to_owned(), ..before.clone() };
        store::figures::update_count(tx, &after, before.version, now).await?;
        let change = json!({"from": before.fields.count.to_string(), "to": after.fields.count.to_string()});
        audit(app, tx, actor, "incident_count.update", week, &after.fields.severity, change).await?;
        return Ok(IncidentCount { version: before.version + 1, updated_at: now, ..after });
    }
    if existing.len() >= WEEK_LIMIT {
        let remedy = format!("{week} has {WEEK_LIMIT} incident counts already; remove one first");
        return Err(FieldError::shape("severity", remedy).into());
    }
    let position = existing.iter().map(|count| count.position).max().unwrap_or(0) + 1;
    let count =
        IncidentCount { id: app.id(), week, version: 1, position, source: source.to_owned(), fields, updated_at: now };
    store::figures::insert_count(tx, &count, now).await?;
    let change = json!({"to": count.fields.count.to_string()});
    audit(app, tx, actor, "incident_count.create", week, &count.fields.severity, change).await?;
    Ok(count)
}

pub(super) fn shown(fields: &FigureFields) -> String {
    format!("{}{}", fields.value, fields.unit.as_deref().unwrap_or_default())
}

async fn audit(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    action: &str,
    week: IsoWeek,
    name: &str,
    change: serde_json::Value,
) -> Result<(), ServiceError> {
    store::audit::insert(tx, app.id(), app.now_millis(), actor, action, &subject(week, name), change).await?;
    Ok(())
}

/// The subject of audit entries about a figure or a count.
pub(super) fn subject(week: IsoWeek, name: &str) -> String {
    format!("figure:{week}:{name}").chars().take(80).collect()
}
