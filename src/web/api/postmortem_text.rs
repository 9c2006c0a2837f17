//! The text of a postmortem over the API: the document, its sections, who is writing, and what came back before.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{needed_version, with_bytes_of_version, with_etag},
    events::number_of,
    timeline::reads_chinese,
};
use crate::{
    domain::{checked::FieldError, markdown},
    i18n::{self, timeline::words as entry_words},
    service::{
        App,
        postmortem_text::{self, PostmortemView, SectionView, Writer},
        recurrence::{self, RecurringItem},
    },
};

/// A section of a postmortem.
#[derive(Debug, Serialize, ToSchema)]
pub struct SectionBody {
    /// `summary`, `impact`, … as the template names it.
    key: String,
    /// Its heading.
    title: String,
    /// Optimistic lock, for If-Match; 0 while nobody wrote it and the facts alone speak.
    version: i64,
    /// Markdown: as written, else as the facts say it.
    text: String,
    /// The text as safe HTML.
    html: String,
    /// The chain of whys.
    whys: Vec<String>,
    /// A person wrote it.
    written: bool,
    /// When it was written last.
    updated_at: Option<DateTime<FixedOffset>>,
    /// By whom.
    updated_by: Option<String>,
    /// One question for each gap.
    questions: Vec<String>,
    /// What the facts say now, where something else is written.
    suggestion: Option<String>,
    /// Sentences that may be read as blame; they never block.
    hints: Vec<HintBody>,
}

/// A hint on wording.
#[derive(Debug, Serialize, ToSchema)]
pub struct HintBody {
    /// `human_error`, `person_at_fault`, `hindsight`, `punishment` or `wording`.
    kind: &'static str,
    /// The words that gave the reason.
    found: String,
    /// The sentence.
    sentence: String,
    /// What to write instead.
    advice: &'static str,
}

/// A move of a postmortem.
#[derive(Debug, Serialize, ToSchema)]
pub struct MoveBody {
    at: Option<DateTime<FixedOffset>>,
    /// Who moved it.
    by: String,
    /// State before.
    from: &'static str,
    /// State since.
    to: &'static str,
    /// Why, where that was asked.
    reason: Option<String>,
}

/// A stretch of the stage bar.
#[derive(Debug, Serialize, ToSchema)]
pub struct StageBody {
    /// The clock points that end the stages it covers: `detected` … `recovered`.
    stages: Vec<&'static str>,
    from: DateTime<FixedOffset>,
    to: DateTime<FixedOffset>,
    /// Whole minutes.
    minutes: i64,
    /// It goes on.
    open: bool,
}

/// A clock point that bounds no stretch.
#[derive(Debug, Serialize, ToSchema)]
pub struct GapBody {
    /// Its name.
    point: &'static str,
    /// Why, in words.
    why: String,
}

/// Someone who has the postmortem open for writing.
#[derive(Debug, Serialize, ToSchema)]
pub struct WriterBody {
    name: String,
    /// Until when that holds without being renewed.
    until: Option<DateTime<FixedOffset>>,
}

/// A postmortem with its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostmortemDocumentBody {
    /// `PE-22`.
    label: String,
    /// Title of the event.
    title: String,
    /// Version of the event, for moves.
    event_version: i64,
    /// undecided, not_required, pending, drafting, in_review or done.
    state: &'static str,
    /// States that it may move to.
    next_states: Vec<&'static str>,
    owner_id: Option<Uuid>,
    owner: Option<String>,
    reviewer_id: Option<Uuid>,
    reviewer: Option<String>,
    due_on: Option<NaiveDate>,
    /// A person chose the due date; it does not follow the severity.
    due_fixed: bool,
    /// Why it is not required.
    reason: Option<String>,
    sections: Vec<SectionBody>,
    stages: Vec<StageBody>,
    gaps: Vec<GapBody>,
    /// The latest first.
    moves: Vec<MoveBody>,
    writers: Vec<WriterBody>,
}

/// A section to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SectionChange {
    /// Markdown, up to 64 KB.
    text: String,
    /// The chain of whys, up to 10; left out, it stays.
    whys: Option<Vec<String>>,
}

/// Who else is writing.
#[derive(Debug, Serialize, ToSchema)]
pub struct WriterList {
    data: Vec<WriterBody>,
}

/// An open action item of a similar earlier event.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecurringBody {
    /// `PE-9`.
    event: String,
    event_title: String,
    /// `AI-7`.
    item: String,
    title: String,
    state: String,
    due_on: Option<NaiveDate>,
    overdue: bool,
    /// `service`, `cause` or `text`.
    similar: &'static str,
    /// How much the texts are alike.
    percent: u32,
}

/// Open action items of similar earlier events.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecurringList {
    data: Vec<RecurringBody>,
}

/// The wanted format.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PostmortemQuery {
    /// md, html or json; by default json.
    format: Option<String>,
}

fn section_body(app: &App, view: &SectionView, chinese: bool) -> SectionBody {
    SectionBody {
        key: view.section.key.clone(),
        title: view.section.title.of_language(chinese).to_owned(),
        version: view.version(),
        text: view.text.clone(),
        html: markdown::html(&view.text),
        whys: view.whys.clone(),
        written: view.written.is_some(),
        updated_at: view.written.as_ref().and_then(|written| i18n::postmortem::local(app, written.updated_at)),
        updated_by: view.written.as_ref().map(|written| written.updated_name.clone()),
        questions: view.questions(chinese),
        suggestion: view.suggestion().map(str::to_owned),
        hints: view
            .hints
            .iter()
            .map(|hint| HintBody {
                kind: hint.kind.code(),
                found: hint.found.clone(),
                sentence: hint.sentence.clone(),
                advice: i18n::postmortem::hint(hint.kind, chinese),
            })
            .collect(),
    }
}

fn writers(app: &App, writers: &[Writer]) -> Vec<WriterBody> {
    writers
        .iter()
        .map(|writer| WriterBody { name: writer.name.clone(), until: i18n::postmortem::local(app, writer.until) })
        .collect()
}

/// The postmortem as JSON, for the API and the command line.
pub fn body(app: &App, view: &PostmortemView, chinese: bool) -> PostmortemDocumentBody {
    let postmortem = &view.event.postmortem;
    let local = |at: DateTime<chrono::Utc>| at.with_timezone(&app.zone).fixed_offset();
    PostmortemDocumentBody {
        label: view.event.label(),
        title: view.event.title(),
        event_version: view.event.version,
        state: postmortem.state.code(),
        next_states: crate::domain::postmortem::POSTMORTEM_STATES
            .into_iter()
            .filter(|to| postmortem.state.may_become(*to))
            .map(crate::domain::postmortem::PostmortemState::code)
            .collect(),
        owner_id: postmortem.owner_id,
        owner: view.name_of(postmortem.owner_id).map(str::to_owned),
        reviewer_id: postmortem.reviewer_id,
        reviewer: view.name_of(postmortem.reviewer_id).map(str::to_owned),
        due_on: postmortem.due_on,
        due_fixed: postmortem.due_fixed,
        reason: postmortem.reason.clone(),
        sections: view.sections.iter().map(|section| section_body(app, section, chinese)).collect(),
        stages: view
            .bar
            .segments
            .iter()
            .map(|one| StageBody {
                stages: one.stages.iter().map(|stage| stage.point()).collect(),
                from: local(one.from),
                to: local(one.to),
                minutes: one.minutes(),
                open: one.open,
            })
            .collect(),
        gaps: view
            .bar
            .gaps
            .iter()
            .map(|(point, gap)| GapBody { point, why: i18n::timeline::gap(point, *gap, chinese) })
            .collect(),
        moves: view
            .moves
            .iter()
            .map(|one| MoveBody {
                at: i18n::postmortem::local(app, one.at),
                by: one.by.clone(),
                from: one.from.code(),
                to: one.to.code(),
                reason: one.reason.clone(),
            })
            .collect(),
        writers: writers(app, &view.writers),
    }
}

/// The postmortem of an event in a format.
pub async fn read(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    query: web::Query<PostmortemQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let chinese = reads_chinese(&request);
    let number = number_of(&number)?;
    let format = query.format.as_deref().unwrap_or("json");
    if !matches!(format, "json" | "md" | "html") {
        return Err(FieldError::shape("format", "choose md, html or json").into());
    }
    let view = postmortem_text::view(&app, &caller.actor, number, chinese, entry_words).await?;
    let version = view.event.version;
    let document = || i18n::postmortem::document(&app, &view, chinese);
    let (media, bytes) = match format {
        "md" => ("text/markdown; charset=utf-8", document().markdown()),
        "html" => ("text/html; charset=utf-8", document().html()),
        // Never 304: sections and hints change without the version of the event.
        _ => {
            let etag = format!("\"{version}\"");
            return Ok(HttpResponse::Ok().insert_header(("ETag", etag)).json(body(&app, &view, chinese)));
        }
    };
    Ok(with_bytes_of_version(&request, version, media, bytes))
}

/// One section.
pub async fn section(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let chinese = reads_chinese(&request);
    let view =
        postmortem_text::section(&app, &caller.actor, number_of(&path.0)?, &path.1, chinese, entry_words).await?;
    let answer = section_body(&app, &view, chinese);
    // What the facts say moves without a version: nobody keeps a copy of it.
    match view.version() {
        0 => Ok(HttpResponse::Ok().insert_header(("ETag", "\"0\"")).json(answer)),
        version => Ok(with_etag(&request, HttpResponse::Ok(), version, &answer)),
    }
}

/// Writes a section over the version of `If-Match`; `"0"` where nothing is written yet.
pub async fn put(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    change: web::Json<SectionChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let chinese = reads_chinese(&request);
    let (number, key) = (number_of(&path.0)?, path.1.as_str());
    let version = needed_version(&request)?;
    let change = change.into_inner();
    postmortem_text::write(&app, &caller.actor, number, key, version, &change.text, change.whys.as_deref()).await?;
    let view = postmortem_text::section(&app, &caller.actor, number, key, chinese, entry_words).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), view.version(), &section_body(&app, &view, chinese)))
}

/// Takes or renews the soft lock for 120 seconds, and answers who else is writing. It keeps nobody out.
pub async fn hold(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let others = postmortem_text::hold(&app, &caller.actor, number_of(&number)?).await?;
    Ok(HttpResponse::Ok().json(WriterList { data: writers(&app, &others) }))
}

/// Gives the soft lock back.
pub async fn release(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    postmortem_text::release(&app, &caller.actor, number_of(&number)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// An open item of an earlier event as JSON.
pub fn recurring(item: RecurringItem) -> RecurringBody {
    RecurringBody {
        event: item.event,
        event_title: item.event_title,
        item: item.item,
        title: item.title,
        state: item.state,
        due_on: item.due_on,
        overdue: item.overdue,
        similar: item.similar.code(),
        percent: item.percent,
    }
}

/// Open action items of similar earlier events.
pub async fn recurrence(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let items = recurrence::of_event(&app, &caller.actor, number_of(&number)?).await?;
    Ok(HttpResponse::Ok().json(RecurringList { data: items.into_iter().map(recurring).collect() }))
}
