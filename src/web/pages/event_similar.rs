//! 类似事件 on the page of an event: what happened before that was like it.

use askama::Template;

use super::rows;
use crate::{
    domain::{actor::Actor, event::ProductionEvent},
    i18n::{Texts, search as words},
    service::{App, ServiceError, search},
};

/// The most events that the panel shows.
const SHOWN: usize = 5;

/// A like event.
struct SimilarRow {
    number: i64,
    title: String,
    time: String,
    owed: bool,
    notes: Vec<String>,
}

/// The panel; empty where no event is like this one.
#[derive(Template)]
#[template(path = "event_similar.html")]
pub(super) struct Similar {
    w: &'static words::Words,
    rows: Vec<SimilarRow>,
}

impl Similar {
    /// The panel of an event.
    pub(super) async fn of(app: &App, actor: &Actor, t: &Texts, event: &ProductionEvent) -> Result<Self, ServiceError> {
        let w = words::words(t.lang == "zh-CN");
        let found = search::similar(app, actor, event, SHOWN).await?;
        let rows = found.into_iter().map(|one| {
            let mut notes = Vec::new();
            if one.same_service {
                notes.push(w.same_service.to_owned());
            }
            if one.same_cause {
                notes.push(w.same_cause.to_owned());
            }
            if one.likeness >= 30 {
                notes.push(format!("{} {}%", w.likeness, one.likeness));
            }
            SimilarRow {
                number: one.event.number,
                title: search::title_of(&one.event.text),
                time: one.event.occurred.map(|point| rows::time(app, point)).unwrap_or_default(),
                owed: one.event.state.is_owed(),
                notes,
            }
        });
        Ok(Self { w, rows: rows.collect() })
    }

    /// The panel as HTML.
    pub(super) fn html(&self) -> String {
        // Words alone, which always render.
        self.render().unwrap_or_default()
    }
}
