//! Making and changing indicators, versions of what counts, and objectives.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Shell,
    forms::{percentage, refused, some},
    indicator,
    indicator_inputs::Typed,
    redirect, refusal, render, words,
};
use crate::{
    domain::{
        checked::FieldError,
        indicator::{INDICATOR_KINDS, NewIndicator, Party},
    },
    i18n::indicators::{self as texts, IndicatorTexts},
    service::{
        App, ServiceError,
        indicators::{self, DefinitionFields, IndicatorPatch, Window},
        services,
    },
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// Codes and words of a choice, and whether it is the chosen one.
pub(super) type Choice = (String, String, bool);

/// The form of a new indicator as typed.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct NewForm {
    #[serde(default)]
    key: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    service_id: String,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    digits: String,
    #[serde(default)]
    exclusions: String,
}

#[derive(Template)]
#[template(path = "indicator_new.html")]
struct NewPage {
    shell: Shell,
    w: &'static IndicatorTexts,
    message: String,
    form: NewForm,
    kinds: Vec<Choice>,
    services: Vec<Choice>,
}

/// The services in use, and the one that is chosen.
pub(super) async fn service_choices(app: &App, caller: &Caller, chosen: &str) -> Result<Vec<Choice>, ServiceError> {
    let all = services::all(app, &caller.actor).await?;
    let choice = |service: &services::Service| {
        let id = service.id.to_string();
        let is = id == chosen;
        (id, service.fields.name.clone(), is)
    };
    Ok(all
        .iter()
        .map(|one| (one, choice(one)))
        .filter(|(one, choice)| !one.fields.archived || choice.2)
        .map(|(_, choice)| choice)
        .collect())
}

async fn show_new(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    form: NewForm,
    why: Option<(StatusCode, ServiceError)>,
) -> Result<HttpResponse, Problem> {
    let shell = Shell::of(app, request, caller, "figures").await?;
    let w = texts::texts(shell.t.lang);
    let (status, message) = match why {
        Some((status, error)) => (status, refusal(shell.t, error)),
        None => (StatusCode::OK, String::new()),
    };
    let page = NewPage {
        w,
        message,
        kinds: INDICATOR_KINDS
            .into_iter()
            .map(|kind| (kind.code().to_owned(), texts::kind(w, kind).to_owned(), kind.code() == form.kind))
            .collect(),
        services: service_choices(app, caller, &form.service_id).await?,
        form,
        shell,
    };
    render(status, &page)
}

/// The form for a new indicator.
pub async fn new_page(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show_new(&app, &request, &caller, NewForm::default(), None).await
}

fn service_of(text: &str) -> Result<Option<Uuid>, FieldError> {
    let wrong = |_| FieldError::shape("service_id", "choose a service");
    if text.is_empty() { Ok(None) } else { Uuid::parse_str(text).map(Some).map_err(wrong) }
}

fn digits_of(text: &str) -> Result<u8, FieldError> {
    text.trim().parse().map_err(|_| FieldError::shape("digits", "give 0 to 6 digits"))
}

/// The table that a text area says: one code a line, `E51=user` or `E51 用户`.
pub(super) fn exclusions_of(text: &str) -> Result<BTreeMap<String, Party>, FieldError> {
    let mut table = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let remedy = || FieldError::shape("exclusions", "write one code a line: E51=user");
        let place = line.rfind(['=', '＝', ':', '：', '\t', ' ']).ok_or_else(remedy)?;
        let (code, party) = line.split_at(place);
        let mut party = party.chars();
        party.next();
        let code = code.trim().trim_end_matches(['=', '＝', ':', '：']).trim();
        let party = texts::party_of(party.as_str()).filter(|_| !code.is_empty()).ok_or_else(remedy)?;
        if table.insert(code.to_owned(), party).is_some() {
            return Err(FieldError::shape("exclusions", "name each response code once"));
        }
    }
    Ok(table)
}

/// Makes an indicator.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<NewForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let made = async {
        let digits = some(&form.digits).map(|digits| digits_of(&digits)).transpose()?;
        let new = NewIndicator {
            key: form.key.clone(),
            name: some(&form.name),
            kind: some(&form.kind),
            service_id: service_of(&form.service_id)?,
            unit: some(&form.unit),
            digits,
            lower_is_better: None,
        };
        let fields = new.fields()?;
        let exclusions = exclusions_of(&form.exclusions)?;
        let definition = DefinitionFields { valid_from: app.today(), exclusions, note: None };
        indicators::create(&app, &caller.actor, fields, definition).await
    };
    match made.await {
        Ok(made) => Ok(redirect(&format!("/indicators/{}", made.indicator.fields.key))),
        Err(error) => show_new(&app, &request, &caller, form.into_inner(), Some(refused(error)?)).await,
    }
}

/// What is changed of an indicator.
#[derive(Debug, Deserialize)]
pub struct EditForm {
    version: i64,
    name: String,
    #[serde(default)]
    service_id: String,
    #[serde(default)]
    unit: String,
    digits: String,
    #[serde(default)]
    lower_is_better: String,
    #[serde(default)]
    archived: String,
}

/// To the indicator's page, or back to it with what was refused.
pub(super) async fn after<T>(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    key: &str,
    done: Result<T, ServiceError>,
    typed: Typed,
) -> Result<HttpResponse, Problem> {
    match done {
        Ok(_) => Ok(redirect(&format!("/indicators/{key}"))),
        Err(error) => {
            let (status, error) = refused(error)?;
            let t = words(caller);
            let message = match error {
                ServiceError::Stale { .. } => texts::texts(t.lang).stale.to_owned(),
                other => refusal(t, other),
            };
            let refusal = indicator::Refusal { status, message, typed };
            indicator::show(app, request, caller, key, &super::indicators::PeriodQuery::default(), refusal).await
        }
    }
}

/// Changes an indicator.
pub async fn edit(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    form: web::Form<EditForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let changed = async {
        let patch = IndicatorPatch {
            name: Some(form.name.clone()),
            service_id: Some(service_of(&form.service_id)?),
            unit: Some(some(&form.unit)),
            digits: Some(digits_of(&form.digits)?),
            lower_is_better: Some(!form.lower_is_better.is_empty()),
            archived: Some(!form.archived.is_empty()),
        };
        indicators::update(&app, &caller.actor, &key, Some(form.version), patch).await
    };
    let changed = changed.await;
    after(&app, &request, &caller, &key, changed, Typed::default()).await
}

/// A new version of what counts.
#[derive(Debug, Deserialize)]
pub struct DefinitionForm {
    version: i64,
    #[serde(default)]
    valid_from: String,
    #[serde(default)]
    exclusions: String,
    #[serde(default)]
    note: String,
}

/// Writes a new version of what counts.
pub async fn define(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    form: web::Form<DefinitionForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let defined = async {
        let valid_from = match form.valid_from.trim() {
            "" => app.today(),
            text => text.parse().map_err(|_| FieldError::shape("valid_from", "write a date like 2024-08-19"))?,
        };
        let fields =
            DefinitionFields { valid_from, exclusions: exclusions_of(&form.exclusions)?, note: some(&form.note) };
        indicators::define(&app, &caller.actor, &key, Some(form.version), fields).await
    };
    let defined = defined.await;
    after(&app, &request, &caller, &key, defined, Typed::default()).await
}

/// A target as typed; an empty one takes the objective away.
#[derive(Debug, Deserialize)]
pub struct ObjectiveForm {
    window: String,
    #[serde(default)]
    target: String,
    version: Option<i64>,
    #[serde(default)]
    remove: String,
}

/// Sets or removes an objective.
pub async fn objective(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    form: web::Form<ObjectiveForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let done = async {
        let window = Window::from_code(&form.window)?;
        if !form.remove.is_empty() {
            return indicators::delete_objective(&app, &caller.actor, &key, window, form.version).await;
        }
        let target = percentage("target", &form.target)?;
        indicators::put_objective(&app, &caller.actor, &key, window, target, form.version).await.map(|_| ())
    };
    let done = done.await;
    after(&app, &request, &caller, &key, done, Typed::default()).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_table_of_codes_is_read_as_people_type_it() {
        let table = exclusions_of("E51=user\n R1 ： 风控\n\nBANK 05\t合作方\n7 unknown").unwrap();
        let read: Vec<(&str, Party)> = table.iter().map(|(code, party)| (code.as_str(), *party)).collect();
        let wanted =
            [("7", Party::Unknown), ("BANK 05", Party::Partner), ("E51", Party::User), ("R1", Party::RiskControl)];
        assert_eq!(read, wanted);
        for bad in ["E51", "E51=nobody", "=user", "E51=user\nE51=ours"] {
            assert!(exclusions_of(bad).is_err(), "{bad}");
        }
        assert!(exclusions_of(" \n").unwrap().is_empty());
    }
}
