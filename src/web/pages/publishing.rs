//! Publishing on the report's page: where it stands, what differs since, and the buttons.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{redirect, rows};
use crate::{
    domain::{
        actor::Permission,
        iso_week::IsoWeek,
        publication::{Change, Subject},
    },
    i18n::{Texts, restated, samples},
    service::{
        App, ServiceError,
        publications::{self, PublicationHead, Published, Restated, Which},
    },
    web::{
        api::published::frozen_json,
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// Which text of the week, and what was just done.
#[derive(Debug, Default, Deserialize)]
pub struct ReportQuery {
    #[serde(rename = "as")]
    wanted: Option<String>,
    revision: Option<i64>,
    said: Option<String>,
    /// figures, events or all, for the plain forms.
    pub(super) section: Option<String>,
    /// A saved style, instead of that of the week.
    pub(super) style: Option<String>,
}

impl ReportQuery {
    /// Which text is wanted.
    pub fn which(&self) -> Result<Which, Problem> {
        Ok(Which::of(self.wanted.as_deref(), self.revision)?)
    }
}

/// A revision in the list.
struct RevisionRow {
    number: i64,
    words: String,
    withdrawn: bool,
    shown: bool,
}

/// A difference in the list.
struct DifferenceRow {
    name: String,
    link: Option<String>,
    published: String,
    current: String,
    /// `等级 C → B`.
    parts: Vec<String>,
    /// `08/26 10:00 小李 编辑`.
    edits: Vec<String>,
}

/// Where the publishing of a week stands.
#[derive(Template)]
#[template(path = "publishing_panel.html")]
struct Panel {
    t: &'static Texts,
    week: String,
    message: &'static str,
    /// The revision that is shown; none is the report as computed now.
    shown: Option<i64>,
    shown_words: String,
    /// The shown revision was withdrawn.
    withdrawn: bool,
    /// The latest live revision.
    live: Option<i64>,
    /// The shown revision is not the one that the week stands at.
    old: bool,
    may_publish: bool,
    revisions: Vec<RevisionRow>,
    /// The week ran when it was published, in words; empty of one that was over.
    partial: String,
    /// The published text is shown to nobody.
    withheld: bool,
    differences: Vec<DifferenceRow>,
}

/// The panel of a week of which the revision `shown` is on the page, as HTML.
pub(super) async fn panel(
    app: &App,
    caller: &Caller,
    t: &'static Texts,
    week: IsoWeek,
    shown: Option<&PublicationHead>,
    query: &ReportQuery,
) -> Result<String, Problem> {
    let panel = Panel::of(app, caller, t, week, shown, query).await?;
    panel.render().map_err(|error| ServiceError::Interrupted(error.to_string()).into())
}

impl Panel {
    async fn of(
        app: &App,
        caller: &Caller,
        t: &'static Texts,
        week: IsoWeek,
        shown: Option<&PublicationHead>,
        query: &ReportQuery,
    ) -> Result<Self, Problem> {
        let heads = publications::revisions(app, &caller.actor, week).await?;
        let live = heads.iter().find(|head| head.withdrawn_at.is_none()).map(|head| head.revision);
        let restatement = match live {
            Some(_) => publications::restatement(app, &caller.actor, week).await?,
            None => None,
        };
        let partial = restatement.as_ref().and_then(|restatement| restatement.partial_until);
        let withheld = restatement.as_ref().is_some_and(|restatement| restatement.withheld);
        let differences = restatement.map(|restatement| restatement.differences).unwrap_or_default();
        let said = |head: &PublicationHead| {
            let mut words = format!("{} {}", rows::when(app, head.published_at), head.published_by);
            if let (Some(at), Some(by)) = (head.withdrawn_at, &head.withdrawn_by) {
                words.push_str(&format!(" · {} {} {by}", t.pub_withdrawn, rows::when(app, at)));
            }
            words
        };
        Ok(Self {
            t,
            week: week.to_string(),
            message: match query.said.as_deref() {
                Some("unchanged") => t.pub_unchanged,
                _ => "",
            },
            shown: shown.map(|head| head.revision),
            shown_words: shown.map(said).unwrap_or_default(),
            withdrawn: shown.is_some_and(|head| head.withdrawn_at.is_some()),
            live,
            old: shown.is_some_and(|head| Some(head.revision) != live),
            may_publish: caller.actor.may(Permission::PublishReport),
            revisions: heads
                .iter()
                .map(|head| RevisionRow {
                    number: head.revision,
                    words: said(head),
                    withdrawn: head.withdrawn_at.is_some(),
                    shown: shown.is_some_and(|shown| shown.revision == head.revision),
                })
                .collect(),
            partial: partial.map(|at| format!("{} {}", t.pub_partial, rows::when(app, at))).unwrap_or_default(),
            withheld,
            differences: differences.iter().map(|one| difference_row(app, t, one)).collect(),
        })
    }
}

fn difference_row(app: &App, t: &Texts, restated: &Restated) -> DifferenceRow {
    let difference = &restated.difference;
    let colon = if t.lang.starts_with("zh") { "：" } else { ": " };
    let part = |change: &Change| {
        let side = |words: &str| if words.is_empty() { "—".to_owned() } else { words.to_owned() };
        let name = restated::field(t, change.part).unwrap_or(change.part);
        format!("{name}{colon}{} → {}", side(&change.published), side(&change.current))
    };
    DifferenceRow {
        name: match &difference.subject {
            Subject::IncidentCount(severity) => format!("{} {severity}", t.incident_counts),
            Subject::Text => t.pub_text.to_owned(),
            other => other.name(),
        },
        link: match (&difference.subject, &difference.current) {
            (Subject::Event(number), Some(_)) => Some(format!("/e/{number}")),
            _ => None,
        },
        published: difference.published.clone().unwrap_or_else(|| t.pub_not_there.to_owned()),
        current: difference.current.clone().unwrap_or_else(|| t.pub_gone.to_owned()),
        parts: match difference.subject {
            Subject::Event(_) => difference.changes.iter().map(part).collect(),
            // The words above say the value; what stands behind a measured one is told here.
            Subject::Figure(_) => {
                let behind = |change: &&Change| samples::part(true, change.part).is_some();
                difference.changes.iter().filter(behind).map(part).collect()
            }
            _ => Vec::new(),
        },
        edits: restated
            .edits
            .iter()
            .map(|edit| {
                let when = rows::when(app, edit.at.timestamp_millis());
                let fields = restated::fields(t, &edit.fields);
                let colon = if fields.is_empty() { "" } else { colon };
                let stretch = edit.samples.as_ref();
                let samples = stretch.map(|one| format!(" {}", samples::stretch(t.lang == "zh-CN", one, app.zone)));
                let action = rows::action(t, &edit.action);
                format!("{when} {} {action}{colon}{fields}{}", edit.by, samples.unwrap_or_default())
            })
            .collect(),
    }
}

/// Publishes a week.
pub async fn publish(
    request: HttpRequest,
    app: web::Data<App>,
    week: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week: IsoWeek = week.parse().map_err(ServiceError::from)?;
    let published = publications::publish(&app, &caller.actor, week, frozen_json, None).await?;
    let said = if matches!(published, Published::Unchanged(_)) { "?said=unchanged" } else { "" };
    Ok(redirect(&format!("/w/{week}{said}")))
}

/// Withdraws a published week.
pub async fn withdraw(
    request: HttpRequest,
    app: web::Data<App>,
    week: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week: IsoWeek = week.parse().map_err(ServiceError::from)?;
    publications::withdraw(&app, &caller.actor, week).await?;
    Ok(redirect(&format!("/w/{week}")))
}
