//! The page on which a postmortem is written and read, its print and its files.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;
use serde_json::json;

use super::{
    Shell,
    event_postmortem::{PanelSection, RecurringRow, is_open, others, panel_section, recurring},
    event_timeline::{StagePanel, drawn},
    redirect, refusal, render, rows,
    section_diff::DiffLines,
};
use crate::{
    domain::{actor::Permission, blameless::BlameHint, markdown, postmortem_template::WHYS, text_diff},
    i18n::{
        self,
        postmortem::{Words, words},
        timeline::words as entry_words,
    },
    service::{
        App, ServiceError,
        postmortem_text::{self, SectionView},
        section_versions::contents,
    },
    web::{
        api::{number_of, with_bytes},
        gate::{Caller, caller},
        problem::Problem,
    },
};

#[derive(Template)]
#[template(path = "postmortem.html")]
struct PostmortemPage {
    shell: Shell,
    w: &'static Words,
    number: i64,
    label: String,
    heading: String,
    state_words: &'static str,
    due: String,
    /// Who else is writing.
    writers: String,
    /// Text may be written here.
    writes: bool,
    /// It is done or waived.
    closed: bool,
    message: String,
    sections: Vec<Editor>,
    recurring: Vec<RecurringRow>,
}

/// A section as it is edited.
struct Editor {
    part: PanelSection,
    version: i64,
    text: String,
    has_whys: bool,
    /// Label and text, two empty ones at the end.
    why_fields: Vec<(String, String)>,
    questions: Vec<String>,
    suggestion: String,
    /// Sentence and advice.
    hints: Vec<(String, &'static str)>,
    /// `08/21 14:08 name`; empty while nobody wrote.
    edited: String,
    /// What someone else saved meanwhile; none where nobody did.
    theirs: Option<String>,
    their_whys: Vec<String>,
    /// What stands there and what was typed, apart.
    apart: String,
    /// Where it is shown what changed since the section was opened.
    meanwhile: String,
}

#[derive(Template)]
#[template(path = "postmortem_print.html")]
struct PrintPage {
    lang: &'static str,
    heading: String,
    stages: StagePanel,
    body: String,
}

/// What was typed into a section and not saved.
struct Typed {
    key: String,
    text: String,
    whys: Vec<String>,
    message: String,
    /// Someone else was quicker.
    overtaken: bool,
    /// The version that was opened.
    opened: i64,
}

/// The postmortem of an event. Opening it says nothing to others: who begins to write takes the soft lock.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, number_of(&number)?, StatusCode::OK, None).await
}

async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    number: i64,
    status: StatusCode,
    typed: Option<Typed>,
) -> Result<HttpResponse, Problem> {
    let shell = Shell::of(app, request, caller, "events").await?;
    let t = shell.t;
    let chinese = t.lang == "zh-CN";
    let view = postmortem_text::view(app, &caller.actor, number, chinese, entry_words).await?;
    let state = view.event.postmortem.state;
    let may_write = caller.actor.may(Permission::WritePostmortem);
    let writes = may_write && is_open(state);
    let message = typed.as_ref().map(|typed| typed.message.clone()).unwrap_or_default();
    let sections: Vec<Editor> =
        view.sections.iter().map(|section| editor(app, number, section, typed.as_ref(), chinese)).collect();
    let page = PostmortemPage {
        w: words(chinese),
        number,
        label: view.event.label(),
        heading: view.event.title(),
        state_words: rows::state(t, state),
        due: rows::due(app, t, &view.event),
        writers: others(&view, caller.actor.account_id).join(t.list_mark),
        writes,
        closed: may_write && !is_open(state),
        message,
        sections,
        recurring: recurring(app, caller, t, number).await?,
        shell,
    };
    render(status, &page)
}

/// What stands in a section and what was typed into it, apart.
fn apart(view: &SectionView, text: &str, whys: &[String], chinese: bool) -> String {
    let (theirs, yours) = (contents(&view.text, &view.whys), contents(text, whys));
    DiffLines::of(text_diff::difference(&theirs, &yours), chinese).render().unwrap_or_default()
}

/// Where it is shown what changed in a section since the version that was opened.
fn meanwhile(number: i64, key: &str, opened: i64) -> String {
    format!("/e/{number}/postmortem/sections/{key}/diff?from={opened}")
}

fn editor(app: &App, number: i64, view: &SectionView, typed: Option<&Typed>, chinese: bool) -> Editor {
    let typed = typed.filter(|typed| typed.key == view.section.key);
    let overtaken = typed.filter(|typed| typed.overtaken);
    let (text, whys) = match typed {
        Some(typed) => (typed.text.clone(), typed.whys.clone()),
        None => (view.text.clone(), view.whys.clone()),
    };
    let fields = (whys.len() + 2).clamp(3, WHYS);
    let why_fields = (0..fields)
        .map(|at| {
            let label = crate::domain::postmortem_export::why_words(at + 1, chinese);
            (label, whys.get(at).cloned().unwrap_or_default())
        })
        .collect();
    let edited = view
        .written
        .as_ref()
        .map(|written| format!("{} {}", rows::when(app, written.updated_at), written.updated_name));
    Editor {
        part: panel_section(view, chinese),
        version: view.version(),
        text,
        has_whys: view.section.whys,
        why_fields,
        questions: view.questions(chinese),
        suggestion: view.suggestion().unwrap_or_default().to_owned(),
        hints: hints(&view.hints, chinese),
        edited: edited.unwrap_or_default(),
        theirs: overtaken.map(|_| view.text.clone()),
        their_whys: view.whys.clone(),
        apart: overtaken.map(|typed| apart(view, &typed.text, &typed.whys, chinese)).unwrap_or_default(),
        meanwhile: overtaken.map(|typed| meanwhile(number, &view.section.key, typed.opened)).unwrap_or_default(),
    }
}

fn hints(hints: &[BlameHint], chinese: bool) -> Vec<(String, &'static str)> {
    let advice = |hint: &BlameHint| (hint.sentence.clone(), i18n::postmortem::hint(hint.kind, chinese));
    hints.iter().map(advice).collect()
}

/// A section as the form sends it.
struct SectionForm {
    version: i64,
    text: String,
    whys: Option<Vec<String>>,
    /// The script saves while the person types, and wants JSON.
    auto: bool,
}

impl SectionForm {
    fn of(fields: Vec<(String, String)>) -> Self {
        let mut form = Self { version: 0, text: String::new(), whys: None, auto: false };
        for (name, value) in fields {
            match name.as_str() {
                "version" => form.version = value.parse().unwrap_or(0),
                "text" => form.text = value.replace("\r\n", "\n"),
                "why" => form.whys.get_or_insert_default().push(value),
                "auto" => form.auto = true,
                _ => {}
            }
        }
        form
    }
}

/// Saves a section. Where someone else was quicker, both texts come back and nothing is lost.
pub async fn save(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let t = super::words(&caller);
    let chinese = t.lang == "zh-CN";
    let (number, key) = (number_of(&path.0)?, path.1.clone());
    let form = SectionForm::of(form.into_inner());
    let whys = form.whys.as_deref();
    // The facts go on speaking where nobody changed their words: asked only while nobody wrote.
    let facts = match form.version {
        0 => Some(postmortem_text::section(&app, &caller.actor, number, &key, chinese, entry_words).await?),
        _ => None,
    };
    let same = |view: &&SectionView| {
        let same_whys = whys.is_none_or(|whys| tidy(whys) == tidy(&view.whys));
        view.written.is_none() && form.text.trim() == view.text.trim() && same_whys
    };
    let done = match facts.as_ref().filter(same) {
        Some(view) => Ok((0, view.text.clone(), view.whys.clone())),
        None if form.auto => {
            postmortem_text::autosave(&app, &caller.actor, number, &key, form.version, &form.text, whys)
                .await
                .map(|written| (written.version, written.text, written.whys))
        }
        None => postmortem_text::write(&app, &caller.actor, number, &key, form.version, &form.text, whys)
            .await
            .map(|written| (written.version, written.text, written.whys)),
    };
    match done {
        Ok((version, text, whys)) if form.auto => {
            let clock = app.now().with_timezone(&app.zone).format("%H:%M");
            let hints: Vec<_> = hints(&postmortem_text::hints(&text, &whys), chinese)
                .into_iter()
                .map(|(sentence, advice)| json!({"sentence": sentence, "advice": advice}))
                .collect();
            let saved = format!("{} {clock}", words(chinese).saved);
            Ok(HttpResponse::Ok().json(json!({
                "version": version, "message": saved, "hints": hints, "html": markdown::html(&text),
            })))
        }
        Ok(_) => {
            // Without the script nobody else says that this person writes.
            postmortem_text::hold(&app, &caller.actor, number).await?;
            Ok(redirect(&format!("/e/{number}/postmortem#s-{key}")))
        }
        Err(error @ (ServiceError::Stale { .. } | ServiceError::Invalid(_) | ServiceError::Conflict(_))) => {
            let overtaken = matches!(error, ServiceError::Stale { .. });
            let status = match &error {
                ServiceError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::CONFLICT,
            };
            let message = if overtaken { words(chinese).both_kept.to_owned() } else { refusal(t, error) };
            if form.auto {
                let now = postmortem_text::section(&app, &caller.actor, number, &key, chinese, entry_words).await?;
                let typed = whys.map_or_else(|| now.whys.clone(), tidy);
                return Ok(HttpResponse::build(status).json(json!({
                    "version": now.version(), "message": message, "whys": now.whys,
                    "theirs": overtaken.then(|| now.text.clone()),
                    "apart": overtaken.then(|| apart(&now, &form.text, &typed, chinese)),
                    "meanwhile": overtaken.then(|| meanwhile(number, &key, form.version)),
                })));
            }
            let whys = match (whys, facts) {
                (Some(whys), _) => tidy(whys),
                (None, Some(view)) => view.whys,
                (None, None) => {
                    postmortem_text::section(&app, &caller.actor, number, &key, chinese, entry_words).await?.whys
                }
            };
            let typed = Typed { key, text: form.text, whys, message, overtaken, opened: form.version };
            show(&app, &request, &caller, number, status, Some(typed)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Whys without blanks around them and without empty ones.
fn tidy(whys: &[String]) -> Vec<String> {
    whys.iter().map(|why| why.trim().to_owned()).filter(|why| !why.is_empty()).collect()
}

/// Renews the soft lock, and answers who else is writing.
pub async fn hold(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let t = super::words(&caller);
    let others = postmortem_text::hold(&app, &caller.actor, number_of(&number)?).await?;
    let names: Vec<String> = others.into_iter().map(|writer| writer.name).collect();
    let w = words(t.lang == "zh-CN");
    let message =
        if names.is_empty() { String::new() } else { format!("{} {}", names.join(t.list_mark), w.is_writing) };
    Ok(HttpResponse::Ok().json(json!({ "message": message })))
}

/// The postmortem for the printer: two pages of A4 at most, as a rule.
pub async fn print(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let t = super::words(&caller);
    let chinese = t.lang == "zh-CN";
    let view = postmortem_text::view(&app, &caller.actor, number_of(&number)?, chinese, entry_words).await?;
    let mut document = i18n::postmortem::document(&app, &view, chinese);
    // The bar shows the stages already.
    document.facts.retain(|(name, _)| name != words(chinese).stages);
    let page = PrintPage {
        lang: t.lang,
        heading: format!("{} {}", document.label, document.title),
        stages: drawn(&view.bar, chinese),
        body: document.body(),
    };
    render(StatusCode::OK, &page)
}

/// The wanted file.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    format: String,
}

/// The postmortem as a file.
pub async fn export(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    wanted: web::Query<Wanted>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let chinese = super::words(&caller).lang == "zh-CN";
    let view = postmortem_text::view(&app, &caller.actor, number_of(&number)?, chinese, entry_words).await?;
    let document = i18n::postmortem::document(&app, &view, chinese);
    let (media, bytes, ending) = match wanted.format.as_str() {
        "html" => ("text/html; charset=utf-8", document.html(), "html"),
        _ => ("text/markdown; charset=utf-8", document.markdown(), "md"),
    };
    let mut answer = with_bytes(&request, media, bytes);
    let name = format!("attachment; filename=\"{}-postmortem.{ending}\"", view.event.label());
    if let Ok(value) = actix_web::http::header::HeaderValue::from_str(&name) {
        answer.headers_mut().insert(actix_web::http::header::CONTENT_DISPOSITION, value);
    }
    Ok(answer)
}
