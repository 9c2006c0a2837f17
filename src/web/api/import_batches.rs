//! Importing several documents with one request: one import, a transaction for each document.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    imports::{ImportBody, RefusedEntry, body, reads_chinese},
};
use crate::{
    domain::{
        actor::Actor,
        checked::{FieldError, FieldProblem},
        import_plan::Choices,
        iso_week::IsoWeek,
    },
    service::{
        App, ServiceError,
        imports::{self, Doubtful, Options, Run, ToolFormat},
    },
};

/// The most documents of one request; together with the limit of a body.
const DOCUMENT_LIMIT: usize = 60;

/// Documents to import, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportBatch {
    /// 1 to 60 documents, in the order in which they are imported; together at most 2 MiB.
    documents: Vec<ImportDocument>,
    /// Only say what would happen: each document knows what the earlier ones would bring.
    #[serde(default)]
    dry_run: bool,
    /// What happens to doubtful events: `add` (the default) or `skip`.
    doubtful: Option<String>,
    /// The documents are data of another tool: csv, statuspage, google-cloud, aws, upptime, atom or front-matter.
    from: Option<String>,
    /// With `from: csv`: which column is what, like `occurred=开始时间,recovered=恢复时间,summary=标题`.
    map: Option<String>,
    /// With `from`: a name for the tool, where two tools have the same ids.
    source: Option<String>,
}

/// A document.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportDocument {
    /// Name of the file.
    file: String,
    /// Its text: a weekly report in Markdown, or with `from` the data of another tool.
    content: String,
    /// The ISO week, where a report names none.
    week: Option<String>,
}

/// What an import of several documents did.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportBatchBody {
    /// Whether nothing was written because that was asked for.
    dry_run: bool,
    /// The import that can be undone, with all of its documents; null where nothing was written.
    run: Option<Uuid>,
    /// How many documents were not imported.
    failed: usize,
    /// Each document, in order.
    data: Vec<ImportedDocument>,
}

/// What became of one document. What is wrong with one keeps none of the others away.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedDocument {
    /// Name of the file.
    file: String,
    /// What its import did; null where it was refused.
    import: Option<ImportBody>,
    /// Why it was refused.
    problem: Option<DocumentProblem>,
}

/// Why a document was refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentProblem {
    /// Stable, as in problem details.
    code: &'static str,
    /// A sentence, in the language of Accept-Language.
    detail: String,
}

/// Imports documents.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    batch: web::Json<ImportBatch>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let batch = batch.into_inner();
    if batch.documents.is_empty() {
        return Err(FieldError { field: "documents", problem: FieldProblem::Empty }.into());
    }
    if batch.documents.len() > DOCUMENT_LIMIT {
        return Err(FieldError::shape("documents", "give at most 60 documents at once").into());
    }
    let doubtful = batch.doubtful.as_deref().map_or(Ok(Doubtful::Add), Doubtful::from_code)?;
    let how = |from: &str| ToolFormat::of(from, batch.map.as_deref(), batch.source.as_deref());
    let how = batch.from.as_deref().map(how).transpose()?;
    if how.is_none() && (batch.map.is_some() || batch.source.is_some()) {
        return Err(FieldError::shape("from", "name the format: from=csv").into());
    }
    let source = how.as_ref().map_or("api", |how| how.source.as_str()).to_owned();
    let mut run = Run::new(&app, Options { source, dry_run: batch.dry_run, doubtful });
    let chinese = reads_chinese(&request);
    let mut data = Vec::with_capacity(batch.documents.len());
    for document in batch.documents {
        let file = document.file.clone();
        let (import, problem) = match one(&app, &caller.actor, &mut run, how.as_ref(), document, chinese).await {
            Ok(import) => (Some(import), None),
            Err(error @ (ServiceError::Forbidden { .. } | ServiceError::SignInNeeded)) => return Err(error.into()),
            Err(error) => {
                let problem = Problem::from(error);
                let detail = problem.sentence(chinese).to_owned();
                (None, Some(DocumentProblem { code: problem.code, detail }))
            }
        };
        data.push(ImportedDocument { file, import, problem });
    }
    let failed = data.iter().filter(|document| document.problem.is_some()).count();
    Ok(HttpResponse::Ok().json(ImportBatchBody { dry_run: batch.dry_run, run: run.written(), failed, data }))
}

async fn one(
    app: &App,
    actor: &Actor,
    run: &mut Run,
    how: Option<&ToolFormat>,
    document: ImportDocument,
    chinese: bool,
) -> Result<ImportBody, ServiceError> {
    let ImportDocument { file, content, week } = document;
    let week = week.as_deref().map(str::parse::<IsoWeek>).transpose()?;
    if let Some(how) = how {
        if week.is_some() {
            return Err(FieldError::shape("week", "events of another tool have their own weeks; leave it out").into());
        }
        let read = imports::import_tool_file(app, actor, run, how, Some(&file), content.into_bytes()).await?;
        let mut import = body(&read.report, app.zone, chinese);
        import.refused = read.refused.iter().map(RefusedEntry::of).collect();
        return Ok(import);
    }
    let content = imports::document(content.into_bytes())?;
    let document = imports::read(app, &file, content, week).await?;
    let report = imports::import_document(app, actor, run, &document, &Choices::new()).await?;
    Ok(body(&report, app.zone, chinese))
}
