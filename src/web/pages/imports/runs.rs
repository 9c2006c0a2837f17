//! The imports there were, and undoing one.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::DateTime;

use super::super::{Shell, refusal, render};
use crate::{
    i18n::{Texts, imports as words},
    service::{
        App, ServiceError,
        imports::{self, ImportRun},
    },
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// An import in the list.
pub(super) struct RunRow {
    pub id: String,
    pub when: String,
    pub by: String,
    pub source: String,
    pub files: String,
    pub added: i64,
    pub changed: i64,
    pub same: i64,
    pub doubtful: i64,
    /// When and by whom it was undone; empty while it stands.
    pub undone: String,
}

/// The row of a run.
pub(super) fn row(app: &App, t: &'static Texts, run: &ImportRun) -> RunRow {
    let when = |at: i64| {
        let at = DateTime::from_timestamp_millis(at).map(|at| at.with_timezone(&app.zone));
        at.map(|at| at.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
    };
    let files = if run.files > 1 {
        format!("{} … {} {}", run.file_name, run.files, t.files_unit)
    } else {
        run.file_name.clone()
    };
    RunRow {
        id: run.id.to_string(),
        when: when(run.at),
        by: run.by_name.clone(),
        source: words::source(&run.source, t.lang == "zh-CN"),
        files,
        added: run.added,
        changed: run.changed,
        same: run.same,
        doubtful: run.doubtful,
        undone: run
            .undone_at
            .map(|at| format!("{} {}", when(at), run.undone_by.as_deref().unwrap_or_default()))
            .unwrap_or_default(),
    }
}

/// Something that was changed, undone or kept.
struct Item {
    kind: &'static str,
    words: String,
    /// What happened to it.
    outcome: &'static str,
    /// Class of the words.
    tone: &'static str,
    why: String,
}

#[derive(Template)]
#[template(path = "import_run.html")]
struct RunPage {
    shell: Shell,
    message: String,
    run: RunRow,
    items: Vec<Item>,
    more: bool,
    /// It was undone just now.
    just_undone: bool,
}

/// An import, what it changed, and a button that undoes it.
pub async fn page(request: HttpRequest, app: web::Data<App>, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, &path, StatusCode::OK, String::new()).await
}

async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    word: &str,
    status: StatusCode,
    message: String,
) -> Result<HttpResponse, Problem> {
    let detail = imports::detail(app, &caller.actor, word).await?;
    let shell = Shell::of(app, request, caller, "report").await?;
    let t = shell.t;
    let items = detail
        .changes
        .into_iter()
        .map(|change| Item {
            kind: words::kind_of_code(&change.kind, t.lang == "zh-CN"),
            words: change.label,
            outcome: if change.new { t.outcome_added } else { t.outcome_changed },
            tone: if change.new { "ok" } else { "todo" },
            why: String::new(),
        })
        .collect();
    let run = row(app, t, &detail.run);
    render(status, &RunPage { shell, message, run, items, more: detail.more, just_undone: false })
}

/// Undoes an import, and shows what was undone and what stays.
pub async fn undo(request: HttpRequest, app: web::Data<App>, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let report = match imports::undo(&app, &caller.actor, &path).await {
        Ok(report) => report,
        Err(error @ ServiceError::Conflict(_)) => {
            let message = refusal(super::super::words(&caller), error);
            return show(&app, &request, &caller, &path, StatusCode::CONFLICT, message).await;
        }
        Err(error) => return Err(error.into()),
    };
    let shell = Shell::of(&app, &request, &caller, "report").await?;
    let t = shell.t;
    let chinese = t.lang == "zh-CN";
    let kept = report.kept.iter().map(|kept| Item {
        kind: words::kind_of_code(&kept.kind, chinese),
        words: kept.label.clone(),
        outcome: t.import_kept,
        tone: "todo",
        why: words::kept(&kept.fields, chinese),
    });
    let undone = report.undone.iter().map(|(kind, label)| Item {
        kind: words::kind_of_code(kind, chinese),
        words: label.clone(),
        outcome: t.import_undone,
        tone: "",
        why: String::new(),
    });
    let items: Vec<Item> = kept.chain(undone).take(500).collect();
    let more = report.kept.len() + report.undone.len() > items.len();
    let run = row(&app, t, &report.run);
    render(StatusCode::OK, &RunPage { shell, message: String::new(), run, items, more, just_undone: true })
}
