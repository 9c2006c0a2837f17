//! The policies: levels as rows of a form, the others as their documents.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;

use super::{Shell, redirect, refusal, render, rows, words};
use crate::{
    domain::{
        actor::Permission,
        checked::FieldError,
        policy,
        severity::{self, Level, SeverityPolicy, TONES, Tone},
    },
    i18n::{grading as texts, grading::GradingTexts},
    service::{App, ServiceError, policies},
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// A policy of the list.
struct PolicyRow {
    address: String,
    name: &'static str,
    state: String,
}

#[derive(Template)]
#[template(path = "policies.html")]
struct PoliciesPage {
    shell: Shell,
    g: &'static GradingTexts,
    rows: Vec<PolicyRow>,
}

/// All policies.
pub async fn list(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let shell = Shell::of(&app, &request, &caller, "settings").await?;
    let g = texts::texts(shell.t.lang);
    let rows = policies::all(&app, &caller.actor)
        .await?
        .into_iter()
        .map(|policy| PolicyRow {
            address: if policy.name == severity::POLICY.name {
                "/settings/severity".to_owned()
            } else if policy.name == crate::domain::reminder::policy::POLICY.name {
                "/settings/reminders".to_owned()
            } else {
                format!("/settings/policies/{}", policy.name)
            },
            name: texts::policy_name(policy.name, g),
            state: policy.changed_at.map_or_else(
                || g.policy_default.to_owned(),
                |at| format!("{} {}", g.policy_edited, rows::when(&app, at)),
            ),
        })
        .collect();
    render(StatusCode::OK, &PoliciesPage { shell, g, rows })
}

#[derive(Template)]
#[template(path = "policy.html")]
struct PolicyPage {
    shell: Shell,
    g: &'static GradingTexts,
    message: String,
    name: &'static str,
    heading: &'static str,
    version: i64,
    document: String,
    may_manage: bool,
}

/// One policy as its document.
pub async fn page(request: HttpRequest, app: web::Data<App>, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let policy = policies::read(&app, &caller.actor, &name).await?;
    document(&app, &request, &caller, StatusCode::OK, policy, String::new()).await
}

async fn document(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    status: StatusCode,
    policy: policies::Policy,
    message: String,
) -> Result<HttpResponse, Problem> {
    let shell = Shell::of(app, request, caller, "settings").await?;
    let g = texts::texts(shell.t.lang);
    let page = PolicyPage {
        g,
        message,
        name: policy.name,
        heading: texts::policy_name(policy.name, g),
        version: policy.version,
        document: policy.document,
        may_manage: caller.actor.may(Permission::ManagePolicies),
        shell,
    };
    render(status, &page)
}

/// A document as sent.
#[derive(Debug, Deserialize)]
pub struct DocumentForm {
    version: i64,
    document: String,
}

/// Writes a policy; a refused one is shown again as typed.
pub async fn write(
    request: HttpRequest,
    app: web::Data<App>,
    name: web::Path<String>,
    form: web::Form<DocumentForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let before = policies::read(&app, &caller.actor, &name).await?;
    match policies::write(&app, &caller.actor, &name, &form.document, Some(form.version)).await {
        Ok(_) => Ok(redirect("/settings/policies")),
        Err(error) => {
            let Some(status) = shown(&error) else { return Err(error.into()) };
            let typed = policies::Policy { document: form.document.clone(), version: before.version, ..before };
            document(&app, &request, &caller, status, typed, refusal(words(&caller), error)).await
        }
    }
}

/// The status of a refusal that is shown on the form; none for others, which are passed on.
const fn shown(error: &ServiceError) -> Option<StatusCode> {
    match error {
        ServiceError::Invalid(_) => Some(StatusCode::UNPROCESSABLE_ENTITY),
        ServiceError::Stale { .. } => Some(StatusCode::CONFLICT),
        _ => None,
    }
}

/// A level as a row of the form, as typed.
#[derive(Default)]
struct LevelRow {
    order: String,
    label: String,
    name: String,
    aliases: String,
    tone: String,
    postmortem: bool,
    due: String,
    action: String,
    points: String,
}

#[derive(Template)]
#[template(path = "severity.html")]
struct SeverityPage {
    shell: Shell,
    g: &'static GradingTexts,
    message: String,
    version: i64,
    levels: Vec<LevelRow>,
    ungraded_due: String,
    ungraded_action: String,
    tones: Vec<(&'static str, &'static str)>,
    may_manage: bool,
}

/// Empty rows for new levels.
const SPARE: usize = 2;

impl LevelRow {
    fn of(at: usize, level: &Level) -> Self {
        Self {
            order: (at + 1).to_string(),
            label: level.label.clone(),
            name: level.name.clone(),
            aliases: level.aliases.join(", "),
            tone: level.tone.code().to_owned(),
            postmortem: level.postmortem,
            due: level.due_working_days.to_string(),
            action: level.action_due_days.to_string(),
            points: level.points.to_string(),
        }
    }

    fn level(&self, at: usize) -> Result<Level, FieldError> {
        let number = |part: &str, text: &str| {
            let text = text.trim();
            let text = if text.is_empty() { "0" } else { text };
            text.parse::<u32>().map_err(|_| policy::refused(&format!("levels[{at}].{part}"), "write whole numbers"))
        };
        let aliases = self.aliases.split([',', '，', '、', ' ']).map(str::trim).filter(|alias| !alias.is_empty());
        Ok(Level {
            label: self.label.clone(),
            name: self.name.clone(),
            aliases: aliases.map(str::to_owned).collect(),
            tone: Tone::from_code(&self.tone).unwrap_or(Tone::Grey),
            postmortem: self.postmortem,
            due_working_days: number("due_working_days", &self.due)?,
            action_due_days: number("action_due_days", &self.action)?,
            points: number("points", &self.points)?,
        })
    }
}

/// The levels P0 to P4, with A to D as their other names.
fn numbered() -> SeverityPolicy {
    let old = SeverityPolicy::default();
    let level = |at: usize, aliases: &[&str]| {
        let like = old.levels.get(at.min(old.levels.len() - 1)).cloned();
        like.map(|like| Level {
            label: format!("P{at}"),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            ..like
        })
    };
    let levels = [
        level(0, &["A", "SEV0", "SEV1"]),
        level(1, &["B", "SEV2"]),
        level(2, &["C", "SEV3"]),
        level(3, &["D", "SEV4"]),
        level(4, &["SEV5"]),
    ];
    SeverityPolicy { levels: levels.into_iter().flatten().collect(), ..old }
}

/// What the page of levels is asked for.
#[derive(Debug, Deserialize)]
pub struct SeverityQuery {
    preset: Option<String>,
}

/// The levels.
pub async fn severity_page(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<SeverityQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let policy = policies::read(&app, &caller.actor, severity::POLICY.name).await?;
    let levels = match query.preset.as_deref() {
        Some("p") => numbered(),
        _ => policy::read(&policy.document)?,
    };
    let rows = levels.levels.iter().enumerate().map(|(at, level)| LevelRow::of(at, level)).collect();
    let ungraded = (levels.ungraded_due_working_days.to_string(), levels.ungraded_action_due_days.to_string());
    severity_form(&app, &request, &caller, StatusCode::OK, policy.version, rows, ungraded, String::new()).await
}

#[expect(clippy::too_many_arguments, reason = "a form as it is shown: each is a part of it")]
async fn severity_form(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    status: StatusCode,
    version: i64,
    mut levels: Vec<LevelRow>,
    ungraded: (String, String),
    message: String,
) -> Result<HttpResponse, Problem> {
    let shell = Shell::of(app, request, caller, "settings").await?;
    let chinese = shell.t.lang == "zh-CN";
    levels.retain(|row| !row.label.trim().is_empty());
    levels.resize_with(levels.len() + SPARE, || LevelRow { tone: Tone::Grey.code().to_owned(), ..LevelRow::default() });
    let page = SeverityPage {
        g: texts::texts(shell.t.lang),
        message,
        version,
        levels,
        ungraded_due: ungraded.0,
        ungraded_action: ungraded.1,
        tones: TONES.into_iter().map(|tone| (tone.code(), texts::tone(tone, chinese))).collect(),
        may_manage: caller.actor.may(Permission::ManagePolicies),
        shell,
    };
    render(status, &page)
}

/// Writes the levels: rows in the order of their numbers, those without a label left out.
pub async fn write_severity(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let find = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let text = |name: String| find(&name).unwrap_or_default();
    let mut typed: Vec<LevelRow> = (0..40)
        .map_while(|at| find(&format!("{at}.label")).map(|label| (at, label)))
        .map(|(at, label)| LevelRow {
            label,
            order: text(format!("{at}.order")),
            name: text(format!("{at}.name")),
            aliases: text(format!("{at}.aliases")),
            tone: text(format!("{at}.tone")),
            postmortem: find(&format!("{at}.postmortem")).is_some(),
            due: text(format!("{at}.due")),
            action: text(format!("{at}.action")),
            points: text(format!("{at}.points")),
        })
        .filter(|row| !row.label.trim().is_empty())
        .collect();
    // A row without a number comes last.
    typed.sort_by_key(|row| row.order.trim().parse::<u32>().unwrap_or(u32::MAX));
    let ungraded = (text("ungraded_due".to_owned()), text("ungraded_action".to_owned()));
    let version = text("version".to_owned()).parse().unwrap_or(-1);
    let done = match levels_of(&typed, &ungraded) {
        Ok(levels) => {
            let document = policy::text(&levels);
            policies::write(&app, &caller.actor, severity::POLICY.name, &document, Some(version)).await
        }
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(_) => Ok(redirect("/settings/severity")),
        Err(error) => {
            let Some(status) = shown(&error) else { return Err(error.into()) };
            let version = match &error {
                ServiceError::Stale { current, .. } => *current,
                _ => version,
            };
            let message = refusal(words(&caller), error);
            severity_form(&app, &request, &caller, status, version, typed, ungraded, message).await
        }
    }
}

fn levels_of(typed: &[LevelRow], ungraded: &(String, String)) -> Result<SeverityPolicy, FieldError> {
    let number =
        |place: &str, text: &str| text.trim().parse::<u32>().map_err(|_| policy::refused(place, "write whole numbers"));
    Ok(SeverityPolicy {
        levels: typed.iter().enumerate().map(|(at, row)| row.level(at)).collect::<Result<_, _>>()?,
        ungraded_due_working_days: number("ungraded_due_working_days", &ungraded.0)?,
        ungraded_action_due_days: number("ungraded_action_due_days", &ungraded.1)?,
    })
}
