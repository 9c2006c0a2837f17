//! Unsubscribing from a weekly mail by the link in it. Looking at the page changes nothing, because mail scanners follow
//! links; the button does, and so does the one click of a mail program (RFC 8058), which sends the same request.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;

use super::{Shell, render};
use crate::{
    service::{App, ServiceError, report_mailings},
    web::problem::Problem,
};

#[derive(Template)]
#[template(path = "unsubscribe.html")]
struct Page {
    shell: Shell,
    token: String,
    name: String,
    email: String,
    done: bool,
}

async fn show(request: &HttpRequest, app: &App, token: String) -> Result<HttpResponse, Problem> {
    let found = report_mailings::by_token(app, &token).await?;
    let (name, recipient) = found.ok_or_else(|| ServiceError::NotFound("link to unsubscribe".to_owned()))?;
    let page = Page {
        shell: Shell::outside(request),
        token,
        name,
        email: recipient.email,
        done: recipient.unsubscribed_at.is_some(),
    };
    render(StatusCode::OK, &page)
}

/// The question.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    show(&request, &app, token.into_inner()).await
}

/// Unsubscribes.
pub async fn unsubscribe(
    request: HttpRequest,
    app: web::Data<App>,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    report_mailings::unsubscribe(&app, &token).await?;
    show(&request, &app, token.into_inner()).await
}
