//! `/publishing`: share links, and the weekly report by mail.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::{Shell, redirect, refusal, render, rows};
use crate::{
    domain::{
        iso_week::IsoWeek,
        reminder::digest::Language,
        report_mailing::{Mailing, WEEKDAYS, weekday_code, weekday_name},
    },
    i18n::Texts,
    service::{
        App, ServiceError,
        report_mailings::{self, MailingPatch},
        shares::{self, DEFAULT_DAYS, Listed, NewShare},
    },
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// A link in the list.
struct ShareRow {
    id: Uuid,
    name: String,
    prefix: String,
    of: String,
    until: String,
    used: String,
    /// Why it shows nothing now; empty where it does.
    dead: &'static str,
}

/// A weekly mail in the list, with its form.
struct MailingRow {
    id: Uuid,
    version: i64,
    /// `下次：周五 17:00 → 2 人`.
    next: String,
    /// Addresses that unsubscribed.
    gone: Vec<String>,
    form: FormView,
}

/// What stands in a form.
struct FormView {
    name: String,
    recipients: String,
    weekday: String,
    time: String,
    zone: String,
    week: String,
    section: String,
    lang: String,
    only_published: bool,
    enabled: bool,
    weekdays: Vec<(&'static str, &'static str)>,
}

#[derive(Template)]
#[template(path = "publishing.html")]
struct Page {
    shell: Shell,
    message: String,
    /// A link that is shown this once.
    secret: Option<String>,
    week: String,
    days: i64,
    shares: Vec<ShareRow>,
    mailings: Vec<MailingRow>,
    /// The form for a new mail, as it was typed where it was refused.
    new: FormView,
}

/// What happened just before the page is shown.
#[derive(Default)]
struct Outcome {
    status: StatusCode,
    message: String,
    secret: Option<String>,
    typed: Option<MailingForm>,
}

/// The week that the page was opened from.
#[derive(Debug, Deserialize)]
pub struct Opened {
    #[serde(default)]
    week: String,
}

fn weekdays(t: &Texts) -> Vec<(&'static str, &'static str)> {
    let language = Language::from_code(t.lang);
    WEEKDAYS.into_iter().map(|(day, code)| (code, weekday_name(day, language))).collect()
}

fn form_of(t: &Texts, mailing: &Mailing) -> FormView {
    let fields = &mailing.fields;
    FormView {
        name: fields.name.clone(),
        recipients: mailing.recipients.iter().map(|one| one.email.as_str()).collect::<Vec<_>>().join("\n"),
        weekday: weekday_code(fields.slot.weekday).to_owned(),
        time: fields.slot.time_words(),
        zone: fields.slot.zone.name().to_owned(),
        week: fields.which.code().to_owned(),
        section: fields.section.clone(),
        lang: fields.lang.clone(),
        only_published: fields.only_published,
        enabled: fields.enabled,
        weekdays: weekdays(t),
    }
}

fn new_form(app: &App, t: &Texts, typed: Option<MailingForm>) -> FormView {
    let typed = typed.unwrap_or_else(|| MailingForm {
        name: String::new(),
        recipients: String::new(),
        weekday: "fri".to_owned(),
        time: "17:00".to_owned(),
        zone: app.zone.name().to_owned(),
        week: "this".to_owned(),
        section: "all".to_owned(),
        lang: t.lang.to_owned(),
        only_published: String::new(),
        enabled: "yes".to_owned(),
        version: None,
    });
    FormView {
        only_published: typed.only_published == "yes",
        enabled: typed.enabled == "yes",
        name: typed.name,
        recipients: typed.recipients,
        weekday: typed.weekday,
        time: typed.time,
        zone: typed.zone,
        week: typed.week,
        section: typed.section,
        lang: typed.lang,
        weekdays: weekdays(t),
    }
}

/// `下次：周五 17:00 → 2 人`; the date where it is further than a week away.
fn next_words(app: &App, t: &Texts, mailing: &Mailing) -> String {
    let people = mailing.wanted().count();
    let count = format!("{people} {}", if people == 1 { t.person_unit } else { t.people_unit });
    if !mailing.fields.enabled {
        return format!("{} → {count}", t.mail_off);
    }
    let slot = mailing.fields.slot;
    let next = mailing.next().with_timezone(&slot.zone);
    let day = weekday_name(slot.weekday, Language::from_code(t.lang));
    let zone = if slot.zone == app.zone { String::new() } else { format!(" {}", slot.zone.name()) };
    let time = slot.time_words();
    let date = next.format("%m/%d");
    let date = if t.lang.starts_with("zh") { format!("（{date}）") } else { format!(" ({date})") };
    format!("{}{day} {time}{zone}{date} → {count}", t.mail_next)
}

/// The page.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<Opened>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, &query.week, Outcome::default()).await
}

async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    week: &str,
    outcome: Outcome,
) -> Result<HttpResponse, Problem> {
    let shell = Shell::of(app, request, caller, "report").await?;
    let t = shell.t;
    let links = shares::list(app, &caller.actor).await?;
    let mailings = report_mailings::list(app, &caller.actor).await?;
    let page = Page {
        message: outcome.message,
        secret: outcome.secret,
        week: week.parse::<IsoWeek>().map_or_else(|_| "latest".to_owned(), |week| week.to_string()),
        days: DEFAULT_DAYS,
        shares: links
            .into_iter()
            .map(|Listed { share, shows }| ShareRow {
                dead: match (shows, share.week) {
                    (true, _) => "",
                    (false, Some(_)) => t.share_withdrawn,
                    (false, None) => t.share_none,
                },
                id: share.id,
                name: share.name,
                prefix: share.prefix,
                of: share.week.map_or_else(|| t.share_latest.to_owned(), |week| week.to_string()),
                until: rows::when(app, share.expires_at),
                used: share.used_at.map_or_else(|| t.never.to_owned(), |at| rows::when(app, at)),
            })
            .collect(),
        mailings: mailings
            .iter()
            .map(|mailing| MailingRow {
                id: mailing.id,
                version: mailing.version,
                next: next_words(app, t, mailing),
                gone: mailing
                    .recipients
                    .iter()
                    .filter(|one| one.unsubscribed_at.is_some())
                    .map(|one| one.email.clone())
                    .collect(),
                form: form_of(t, mailing),
            })
            .collect(),
        new: new_form(app, t, outcome.typed),
        shell,
    };
    render(outcome.status, &page)
}

/// Shows the page with what was refused, in the reader's language.
async fn refused(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    week: &str,
    error: ServiceError,
    typed: Option<MailingForm>,
) -> Result<HttpResponse, Problem> {
    let status = match &error {
        ServiceError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        ServiceError::Conflict(_) | ServiceError::Stale { .. } => StatusCode::CONFLICT,
        ServiceError::NotFound(_) => StatusCode::NOT_FOUND,
        _ => return Err(error.into()),
    };
    let message = refusal(super::words(caller), error);
    show(app, request, caller, week, Outcome { status, message, secret: None, typed }).await
}

/// A link to be made.
#[derive(Debug, Deserialize)]
pub struct ShareForm {
    week: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    days: String,
}

/// Makes a link and shows it this once.
pub async fn share(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<ShareForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let made = async {
        let days = match form.days.trim() {
            "" => None,
            // What is no number is refused with the words for a number that does not fit.
            days => Some(days.parse().unwrap_or(0)),
        };
        let new = NewShare { week: shares::week_of(form.week.trim())?, days, name: Some(form.name.clone()) };
        shares::create(&app, &caller.actor, new).await
    };
    match made.await {
        Ok((_, url)) => {
            show(&app, &request, &caller, &form.week, Outcome { secret: Some(url), ..Outcome::default() }).await
        }
        Err(error) => refused(&app, &request, &caller, &form.week, error, None).await,
    }
}

/// Gives a link another address and shows it this once; the old one goes on for a day.
pub async fn rotate(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    match shares::rotate(&app, &caller.actor, *id, None).await {
        Ok((_, url)) => show(&app, &request, &caller, "", Outcome { secret: Some(url), ..Outcome::default() }).await,
        Err(error) => refused(&app, &request, &caller, "", error, None).await,
    }
}

/// Revokes a link.
pub async fn revoke(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    match shares::revoke(&app, &caller.actor, *id).await {
        Ok(()) => Ok(redirect("/publishing")),
        Err(error) => refused(&app, &request, &caller, "", error, None).await,
    }
}

/// A weekly mail as its form sends it.
#[derive(Debug, Clone, Deserialize)]
pub struct MailingForm {
    name: String,
    recipients: String,
    weekday: String,
    time: String,
    zone: String,
    week: String,
    section: String,
    lang: String,
    #[serde(default)]
    only_published: String,
    #[serde(default)]
    enabled: String,
    version: Option<i64>,
}

impl MailingForm {
    fn patch(&self) -> MailingPatch {
        let separate = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '，' | '；' | '、');
        let recipients = self.recipients.split(separate).filter(|one| !one.is_empty()).map(str::to_owned);
        MailingPatch {
            name: Some(self.name.clone()),
            recipients: Some(recipients.collect()),
            weekday: Some(self.weekday.clone()),
            time: Some(self.time.clone()),
            zone: Some(self.zone.clone()),
            week: Some(self.week.clone()),
            section: Some(self.section.clone()),
            only_published: Some(self.only_published == "yes"),
            enabled: Some(self.enabled == "yes"),
            lang: Some(self.lang.clone()),
        }
    }
}

/// Sets up a weekly mail.
pub async fn create_mailing(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<MailingForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    match report_mailings::create(&app, &caller.actor, form.patch()).await {
        Ok(_) => Ok(redirect("/publishing")),
        Err(error) => refused(&app, &request, &caller, "", error, Some(form.into_inner())).await,
    }
}

/// Changes a weekly mail.
pub async fn change_mailing(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    form: web::Form<MailingForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = form.version.unwrap_or_default();
    match report_mailings::update(&app, &caller.actor, *id, version, form.patch()).await {
        Ok(_) => Ok(redirect("/publishing")),
        Err(error) => refused(&app, &request, &caller, "", error, None).await,
    }
}

/// Which state of a weekly mail was seen.
#[derive(Debug, Deserialize)]
pub struct Seen {
    version: i64,
}

/// Removes a weekly mail.
pub async fn remove_mailing(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    form: web::Form<Seen>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    match report_mailings::delete(&app, &caller.actor, *id, form.version).await {
        Ok(()) => Ok(redirect("/publishing")),
        Err(error) => refused(&app, &request, &caller, "", error, None).await,
    }
}

#[derive(Template)]
#[template(path = "mailing_preview.html")]
struct PreviewPage {
    shell: Shell,
    name: String,
    next: String,
    waits: bool,
    week: String,
    to: String,
    subject: String,
    text: String,
}

/// What the next mail would say.
pub async fn preview(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let preview = report_mailings::preview(&app, &caller.actor, *id).await?;
    let shell = Shell::of(&app, &request, &caller, "report").await?;
    let mailing = &preview.mailing;
    let page = PreviewPage {
        name: mailing.fields.name.clone(),
        next: next_words(&app, shell.t, mailing),
        waits: preview.waits,
        week: preview.week.to_string(),
        to: mailing.wanted().map(|one| one.email.as_str()).collect::<Vec<_>>().join(", "),
        subject: preview.words.subject,
        text: preview.words.text,
        shell,
    };
    render(StatusCode::OK, &page)
}
