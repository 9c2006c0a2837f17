//! Weekly mails over the API.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use chrono::{DateTime, FixedOffset, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{needed_version, with_etag},
};
use crate::{
    domain::report_mailing::{Mailing, weekday_code},
    service::{
        App,
        report_mailings::{self, MailingPatch, Preview},
    },
};

/// A weekly mail to set up or to change; what is absent stays, or stands at its default when the mail is new.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailingChange {
    /// Label, unique; needed when new.
    name: Option<String>,
    /// 1 to 50 addresses; needed when new.
    recipients: Option<Vec<String>>,
    /// mon to sun; by default fri.
    weekday: Option<String>,
    /// Local time; by default `17:00`.
    time: Option<String>,
    /// IANA name; by default the report zone.
    zone: Option<String>,
    /// this (the week of that day, the default) or last.
    week: Option<String>,
    /// all (the default), figures or events.
    section: Option<String>,
    /// Wait until the week is published, at most three days; by default false: what there is goes out.
    only_published: Option<bool>,
    /// By default true.
    enabled: Option<bool>,
    /// zh-CN (the default) or en, of the words around the report.
    lang: Option<String>,
}

/// An address.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecipientBody {
    /// Mailbox.
    email: String,
    /// When its reader unsubscribed; null gets mail.
    unsubscribed_at: Option<DateTime<FixedOffset>>,
}

/// A weekly mail.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailingBody {
    id: Uuid,
    /// Label.
    name: String,
    /// To whom.
    recipients: Vec<RecipientBody>,
    /// mon to sun.
    weekday: &'static str,
    /// Local time.
    time: String,
    /// IANA name.
    zone: &'static str,
    /// this or last.
    week: &'static str,
    /// all, figures or events.
    section: String,
    /// Waits until the week is published.
    only_published: bool,
    /// Mails go out.
    enabled: bool,
    /// zh-CN or en.
    lang: String,
    /// The next mail, in the zone of the mail; null while switched off.
    next_at: Option<DateTime<FixedOffset>>,
    /// Optimistic lock, the ETag.
    version: i64,
}

/// All weekly mails.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailingList {
    /// In order of their names, at most 100.
    data: Vec<MailingBody>,
    /// Always null: there are never more.
    next_cursor: Option<String>,
}

/// What the next mail would be.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailingPreview {
    /// When.
    next_at: Option<DateTime<FixedOffset>>,
    /// To whom.
    recipients: Vec<String>,
    /// About which ISO week.
    week: String,
    /// It would wait: the week is not published.
    waits: bool,
    /// Subject, as of now.
    subject: String,
    /// Plain text part, as of now.
    text: String,
    /// HTML part, as of now.
    html: String,
}

impl From<MailingChange> for MailingPatch {
    fn from(change: MailingChange) -> Self {
        let MailingChange { name, recipients, weekday, time, zone, week, section, only_published, enabled, lang } =
            change;
        Self { name, recipients, weekday, time, zone, week, section, only_published, enabled, lang }
    }
}

fn local(mailing: &Mailing, at: DateTime<Utc>) -> DateTime<FixedOffset> {
    at.with_timezone(&mailing.fields.slot.zone).fixed_offset()
}

/// A weekly mail as JSON.
pub fn mailing_body(mailing: &Mailing) -> MailingBody {
    let fields = &mailing.fields;
    let recipients = mailing.recipients.iter().map(|one| RecipientBody {
        email: one.email.clone(),
        unsubscribed_at: one.unsubscribed_at.and_then(DateTime::from_timestamp_millis).map(|at| local(mailing, at)),
    });
    MailingBody {
        id: mailing.id,
        name: fields.name.clone(),
        recipients: recipients.collect(),
        weekday: weekday_code(fields.slot.weekday),
        time: fields.slot.time_words(),
        zone: fields.slot.zone.name(),
        week: fields.which.code(),
        section: fields.section.clone(),
        only_published: fields.only_published,
        enabled: fields.enabled,
        lang: fields.lang.clone(),
        next_at: fields.enabled.then(|| local(mailing, mailing.next())),
        version: mailing.version,
    }
}

/// All weekly mails as JSON.
pub fn mailing_list(mailings: &[Mailing]) -> MailingList {
    MailingList { data: mailings.iter().map(mailing_body).collect(), next_cursor: None }
}

/// What the next mail would be, as JSON.
pub fn preview_body(preview: &Preview) -> MailingPreview {
    let mailing = &preview.mailing;
    MailingPreview {
        next_at: mailing.fields.enabled.then(|| local(mailing, mailing.next())),
        recipients: mailing.wanted().map(|one| one.email.clone()).collect(),
        week: preview.week.to_string(),
        waits: preview.waits,
        subject: preview.words.subject.clone(),
        text: preview.words.text.clone(),
        html: preview.words.html.clone(),
    }
}

/// All weekly mails.
pub async fn list(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    Ok(HttpResponse::Ok().json(mailing_list(&report_mailings::list(&app, &caller.actor).await?)))
}

/// Sets up a weekly mail. Its name is unique: sent twice, it is made once.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Json<MailingChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let mailing = report_mailings::create(&app, &caller.actor, body.into_inner().into()).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/api/v1/report-mailings/{}", mailing.id)));
    Ok(with_etag(&request, answer, mailing.version, &mailing_body(&mailing)))
}

/// One weekly mail.
pub async fn read(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let mailing = report_mailings::get(&app, &caller.actor, *id).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), mailing.version, &mailing_body(&mailing)))
}

/// Changes a weekly mail.
pub async fn patch(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    body: web::Json<MailingChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let mailing = report_mailings::update(&app, &caller.actor, *id, version, body.into_inner().into()).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), mailing.version, &mailing_body(&mailing)))
}

/// Removes a weekly mail.
pub async fn delete(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    report_mailings::delete(&app, &caller.actor, *id, version).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What the next mail would say.
pub async fn preview(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let preview = report_mailings::preview(&app, &caller.actor, *id).await?;
    Ok(HttpResponse::Ok().json(preview_body(&preview)))
}
