//! The difference of two versions of a section of a postmortem, as a page and as a part of others.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;

use super::{Shell, render, rows};
use crate::{
    domain::{
        event,
        text_diff::{DiffLine, Part},
    },
    i18n::{history, postmortem},
    service::{
        App,
        section_versions::{self, SectionVersion},
    },
    web::{api::number_of, gate::caller, problem::Problem},
};

/// A line as it is shown.
pub(super) struct DiffRow {
    /// same, removed, added or skipped.
    kind: &'static str,
    parts: Vec<Part>,
    skipped: usize,
}

/// The lines of a difference.
#[derive(Template)]
#[template(path = "diff_lines.html")]
pub(super) struct DiffLines {
    words: &'static history::Words,
    rows: Vec<DiffRow>,
}

impl DiffLines {
    pub fn of(lines: Vec<DiffLine>, chinese: bool) -> Self {
        let visible = |parts: Vec<Part>| {
            parts.into_iter().map(|part| Part { changed: part.changed, text: rows::visible(&part.text) }).collect()
        };
        let row = |line: DiffLine| {
            let (kind, parts, skipped) = match line {
                DiffLine::Same(text) => ("same", vec![Part { changed: false, text }], 0),
                DiffLine::Removed(parts) => ("removed", parts, 0),
                DiffLine::Added(parts) => ("added", parts, 0),
                DiffLine::Skipped(count) => ("skipped", Vec::new(), count),
            };
            DiffRow { kind, parts: visible(parts), skipped }
        };
        Self { words: history::words(chinese), rows: lines.into_iter().map(row).collect() }
    }
}

/// A version that can be chosen: its number, and who wrote it when.
struct Choice {
    version: i64,
    words: String,
}

#[derive(Template)]
#[template(path = "section_diff.html")]
struct DiffPage {
    shell: Shell,
    w: &'static postmortem::Words,
    words: &'static history::Words,
    number: i64,
    label: String,
    key: String,
    title: String,
    from: i64,
    to: i64,
    choices: Vec<Choice>,
    diff: DiffLines,
}

/// Which versions are compared.
#[derive(Debug, Deserialize)]
pub struct Asked {
    from: Option<i64>,
    to: Option<i64>,
}

/// The difference of two versions of a section.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&path.0)?;
    let compared = section_versions::compare(&app, &caller.actor, number, &path.1, asked.from, asked.to).await?;
    let shell = Shell::of(&app, &request, &caller, "events").await?;
    let chinese = shell.t.lang == "zh-CN";
    let words = history::words(chinese);
    let choice = |one: &SectionVersion| Choice {
        version: one.version,
        words: match one.at {
            Some(at) => format!("{} · {} {}", one.version, rows::when(&app, at), one.by),
            None => words.unwritten.to_owned(),
        },
    };
    let page = DiffPage {
        w: postmortem::words(chinese),
        words,
        number,
        label: event::label(number),
        key: compared.section.key.clone(),
        title: compared.section.title.of_language(chinese).to_owned(),
        from: compared.from.version,
        to: compared.to.version,
        choices: compared.versions.iter().map(choice).collect(),
        diff: DiffLines::of(compared.lines, chinese),
        shell,
    };
    render(StatusCode::OK, &page)
}
