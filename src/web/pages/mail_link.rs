//! Where links of mails lead: a page with one button. Looking changes nothing, because mail scanners follow links; the button
//! does, and so does the one click of a mail program (RFC 8058), which sends the same request.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;

use super::{Shell, render, rows};
use crate::{
    domain::mail_act::MailAct,
    i18n::{
        self,
        mail::{self as words, MailTexts},
    },
    service::{
        App,
        mail_acts::{self, LinkPage, LinkState},
    },
    web::problem::Problem,
};

#[derive(Template)]
#[template(path = "mail_link.html")]
struct Page {
    shell: Shell,
    w: &'static MailTexts,
    token: String,
    heading: &'static str,
    asks: &'static str,
    person: String,
    /// Label, number, line.
    event: Option<(String, i64, String)>,
    due_on: String,
    open: bool,
    /// What is said in place of the button.
    said: String,
    may_undo: bool,
}

fn show(app: &App, token: String, link: LinkPage, just_done: bool) -> Result<HttpResponse, Problem> {
    let w = words::texts(&link.lang);
    let (heading, asks, done) = match link.act {
        MailAct::Own => (w.own, w.own_asks, w.own_done),
        MailAct::Snooze => (w.snooze, w.snooze_asks, w.snooze_done),
        MailAct::Unsubscribe => (w.unsubscribe, w.unsubscribe_asks, w.unsubscribe_done),
    };
    let said = match link.state {
        LinkState::Open => String::new(),
        LinkState::Used(_) if just_done => done.to_owned(),
        LinkState::Used(at) => format!("{done} {} ({})", w.used, rows::when(app, at)),
        LinkState::Undone(_) if just_done => w.undone.to_owned(),
        LinkState::Undone(at) => format!("{} ({})", w.undone, rows::when(app, at)),
        LinkState::Expired => w.expired.to_owned(),
        LinkState::Moot => w.moot.to_owned(),
    };
    let page = Page {
        shell: Shell::bare(i18n::texts(w.lang)),
        w,
        token,
        heading,
        asks,
        person: format!("{} · {}", link.name, link.address),
        event: link.event,
        due_on: link.due_on.map(|day| day.to_string()).unwrap_or_default(),
        open: link.state == LinkState::Open,
        may_undo: link.may_undo,
        said,
    };
    render(StatusCode::OK, &page)
}

/// The question.
pub async fn page(app: web::Data<App>, token: web::Path<String>) -> Result<HttpResponse, Problem> {
    let link = mail_acts::look(&app, &token).await?;
    show(&app, token.into_inner(), link, false)
}

/// Does it.
pub async fn act(_: HttpRequest, app: web::Data<App>, token: web::Path<String>) -> Result<HttpResponse, Problem> {
    let open = mail_acts::look(&app, &token).await?.state == LinkState::Open;
    let link = mail_acts::perform(&app, &token).await?;
    show(&app, token.into_inner(), link, open)
}

/// Takes it back.
pub async fn undo(app: web::Data<App>, token: web::Path<String>) -> Result<HttpResponse, Problem> {
    let could = mail_acts::look(&app, &token).await?.may_undo;
    let link = mail_acts::undo(&app, &token).await?;
    show(&app, token.into_inner(), link, could)
}
