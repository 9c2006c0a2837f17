//! The styles of teams: saved under a name, tried on a week, learned from an old report.

use serde_json::json;

use super::{
    App, ServiceError,
    app::{aside, authorise},
    reports::unusable,
    retry::retried,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        capture::draft::Mark,
        checked::{self, FieldError},
        clock_point::ClockPoint,
        iso_week::IsoWeek,
        report::{
            self,
            reading::Decimal,
            render::{EventDetails, ReportCount, ReportEvent, ReportFigure, SectionsContent},
            style::ReportStyle,
            template::Writer,
            twin::{self, Twin},
        },
    },
    store,
};

pub use crate::store::report_styles::StoredStyle;

/// All styles by name.
pub async fn all(app: &App, actor: &Actor) -> Result<Vec<StoredStyle>, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::report_styles::all(app.store.read()).await?)
}

/// One style.
pub async fn find(app: &App, actor: &Actor, name: &str) -> Result<StoredStyle, ServiceError> {
    authorise(actor, Permission::Read)?;
    by_name(app, name).await
}

pub(super) async fn by_name(app: &App, name: &str) -> Result<StoredStyle, ServiceError> {
    store::report_styles::by_name(app.store.read(), name)
        .await?
        .ok_or_else(|| ServiceError::NotFound(format!("style {name}; `fupan style list` names those that are there")))
}

/// How a style is saved.
#[derive(Debug, Clone)]
pub struct SaveStyle {
    /// The team's name, 1 to 60 characters.
    pub name: String,
    /// The style.
    pub style: ReportStyle,
    /// Whether it shall be that of weeks without a document; none leaves that as it is.
    pub is_default: Option<bool>,
    /// What must stand under the name before.
    pub before: Before,
}

/// What a change was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Whatever is there.
    Any,
    /// Nothing: the name must be free.
    Nothing,
    /// This version.
    Version(i64),
}

/// Saves a style under its name, new or changed. A style that cannot write the sample week, or that nobody could read
/// again, is refused with its part.
pub async fn save(app: &App, actor: &Actor, save: SaveStyle) -> Result<StoredStyle, ServiceError> {
    authorise(actor, Permission::WriteStyle)?;
    let name = checked::line("name", &save.name, 60)?;
    if checked::fold(&name).chars().count() > 60 || name.contains(['/', '\\']) {
        return Err(FieldError::shape("name", "write a name of at most 60 characters without slashes").into());
    }
    let today = IsoWeek::of(app.today());
    trial(&save.style, today, app.zone)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, name, save) = (app.clone(), actor.clone(), name.clone(), save.clone());
        async move {
            let tx = app.store.begin().await?;
            let now = app.now_millis();
            let before = store::report_styles::by_name(tx.conn(), &name).await?;
            match (save.before, &before) {
                (Before::Nothing, Some(before)) => {
                    return Err(ServiceError::Conflict(format!("a style is called {} already", before.name)));
                }
                (Before::Version(given), before) if before.as_ref().map(|before| before.version) != Some(given) => {
                    let current = before.as_ref().map_or(0, |before| before.version);
                    return Err(ServiceError::Stale { what: name, given, current });
                }
                _ => {}
            }
            let is_default = save.is_default.unwrap_or_else(|| before.as_ref().is_some_and(|before| before.is_default));
            if is_default && !before.as_ref().is_some_and(|before| before.is_default) {
                store::report_styles::clear_default(&tx).await?;
            }
            let style = StoredStyle {
                id: before.as_ref().map_or_else(|| app.id(), |before| before.id),
                name,
                is_default,
                style: save.style,
                version: before.as_ref().map_or(1, |before| before.version + 1),
                updated_at: now,
            };
            match &before {
                Some(before) => store::report_styles::update(&tx, &style, before.version).await?,
                None => {
                    if !store::report_styles::insert(&tx, &style).await? {
                        return Err(ServiceError::Conflict(format!("a style is called {} already", style.name)));
                    }
                }
            }
            let change = json!({
                "style": {"from": before.as_ref().map(|before| &before.style), "to": &style.style},
                "is_default": {"from": before.as_ref().map(|before| before.is_default), "to": is_default},
            });
            let subject = format!("style:{}", style.id);
            store::audit::insert(&tx, app.id(), now, &actor, "style.save", &subject, change).await?;
            tx.commit().await?;
            Ok(style)
        }
    })
    .await
}

/// Removes a style, of the version `given` where one is named; published reports keep their text.
pub async fn remove(app: &App, actor: &Actor, name: &str, given: Option<i64>) -> Result<(), ServiceError> {
    authorise(actor, Permission::WriteStyle)?;
    let style = by_name(app, name).await?;
    if let Some(given) = given.filter(|given| *given != style.version) {
        return Err(ServiceError::Stale { what: style.name, given, current: style.version });
    }
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, style) = (app.clone(), actor.clone(), style.clone());
        async move {
            let tx = app.store.begin().await?;
            // Names the version that was read: a change in between is not removed with it.
            store::report_styles::delete(&tx, style.id, style.version).await?;
            let change = json!({"name": style.name, "style": style.style});
            let subject = format!("style:{}", style.id);
            store::audit::insert(&tx, app.id(), app.now_millis(), &actor, "style.remove", &subject, change).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// An old report beside what a style makes of it.
#[derive(Debug, Clone)]
pub struct StyleTwin {
    /// The week of the report; this week where it names none.
    pub week: IsoWeek,
    /// The style: the given one, else the one learned from the report.
    pub style: ReportStyle,
    /// Both texts.
    pub twin: Twin,
    /// Parts that nobody could read again in this style.
    pub unreadable: Vec<String>,
}

/// Derives the style of an old report, or tries a given style on it, and shows what still differs.
pub async fn twin(
    app: &App,
    actor: &Actor,
    document: String,
    style: Option<ReportStyle>,
) -> Result<StyleTwin, ServiceError> {
    let (app, actor) = (app.clone(), actor.clone());
    aside(move || twin_here(&app, &actor, &document, style)).await
}

fn twin_here(app: &App, actor: &Actor, document: &str, style: Option<ReportStyle>) -> Result<StyleTwin, ServiceError> {
    authorise(actor, Permission::WholeReport)?;
    if document.len() > super::imports::DOCUMENT_LIMIT {
        return Err(FieldError::shape("document", "the document is larger than 15 MiB; paste the week alone").into());
    }
    let reading = report::read_report(document, app.zone, app.today());
    if reading.events_section.is_none() && reading.figures_section.is_none() {
        let remedy =
            "it has neither a section 系统运行数据 nor a section 生产事件; check that this is the weekly report";
        return Err(FieldError::shape("document", remedy).into());
    }
    let style = style.unwrap_or_else(|| ReportStyle::default().learn(document, &reading, app.zone));
    let week = reading.week.unwrap_or_else(|| IsoWeek::of(app.today()));
    let twin = twin::twin(document, &reading, &style, week, app.zone).map_err(unusable)?;
    let unreadable = trial(&style, week, app.zone)?;
    Ok(StyleTwin { week, style, twin, unreadable })
}

/// What is stored of a week as a style writes it, saved or not.
pub async fn preview(app: &App, actor: &Actor, style: &ReportStyle, week: IsoWeek) -> Result<String, ServiceError> {
    authorise(actor, Permission::WholeReport)?;
    let lines = store::report_lines::of_week(app.store.read(), week).await?;
    let known = super::reports::Known::load(
        app,
        crate::domain::visibility::Sight::Everyone,
        week,
        style.carry_over,
        lines,
        &super::measured::Ends::new(),
    )
    .await?;
    Writer::new(style, week, app.zone).and_then(|writer| writer.sections(&known.content())).map_err(unusable)
}

/// Writes a sample week and a quiet one, and reads the sample again. Answers what was not read as it was written.
fn trial(style: &ReportStyle, week: IsoWeek, zone: chrono_tz::Tz) -> Result<Vec<String>, ServiceError> {
    let writer = Writer::new(style, week, zone).map_err(unusable)?;
    writer.sections(&SectionsContent::default()).map_err(unusable)?;
    // The longest sentence that an event may have.
    let mut longest = sample(week, zone);
    for event in &mut longest.events {
        event.narrative = "长".repeat(checked::LONG_TEXT);
    }
    writer.sections(&longest).map_err(unusable)?;
    let sample = sample(week, zone);
    let text = writer.sections(&sample).map_err(unusable)?;
    let read = report::read_report(&format!("# {week}\n\n{text}"), zone, week.monday());
    let mut unreadable = Vec::new();
    if read.figures.len() != sample.figures.len()
        || read.figures.iter().zip(&sample.figures).any(|(read, figure)| read.value != figure.value)
    {
        unreadable.push("figures".to_owned());
    }
    let same = read.events.len() == sample.events.len()
        && read
            .events
            .iter()
            .zip(&sample.events)
            .all(|(read, event)| read.draft.occurred == event.occurred && read.draft.mark == event.mark);
    if !same {
        unreadable.push("events".to_owned());
    }
    Ok(unreadable)
}

fn sample(week: IsoWeek, zone: chrono_tz::Tz) -> SectionsContent {
    let figure = |name: &str, units| ReportFigure {
        name: name.to_owned(),
        group: None,
        value: Decimal { units, scale: 3 },
        unit: Some("%".to_owned()),
        change: Some((Decimal { units: 20, scale: 3 }, "pp".to_owned())),
        last: Some(Decimal { units: units - 20, scale: 3 }),
        target: Some(Decimal { units: 9995, scale: 2 }),
    };
    let count =
        |severity: &str, units| ReportCount { severity: severity.to_owned(), count: Decimal { units, scale: 1 } };
    let begin = week.bounds(zone).0;
    let event = |hour: i64, mark, narrative: &str| ReportEvent {
        occurred: Some(ClockPoint::minute(begin + chrono::Duration::hours(hour))),
        recovered: None,
        narrative: narrative.to_owned(),
        mark,
        details: EventDetails {
            label: "PE-1".to_owned(),
            severity: Some("C".to_owned()),
            summary: Some("客户反馈商户操作提现失败".to_owned()),
            impact: Some("影响约684笔出金交易".to_owned()),
            cause: Some("风控规则更新".to_owned()),
            recovery: Some("下线规则，恢复正常".to_owned()),
        },
    };
    SectionsContent {
        figures: vec![figure("入金有效成功率", 99_998), figure("出金有效成功率", 99_991)],
        incident_counts: vec![count("C", 5)],
        year_to_date: vec![count("C", 15)],
        events: vec![
            event(15, Mark::Pending, "客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新。"),
            event(35, Mark::Done, "钱包首页访问个别响应504，恢复正常"),
        ],
        carried: Vec::new(),
    }
}
