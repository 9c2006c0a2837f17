//! `fupan figures indicator`: what is measured, what counts, what it should reach.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::{
        checked::FieldError,
        indicator::{IndicatorFields, Party},
        report::reading::Decimal,
    },
    i18n,
    service::{
        ServiceError,
        indicators::{self, DefinitionFields, IndicatorPatch, Window, WithObjectives},
        services,
    },
    web::api::indicators as api,
};

/// Indicators. 指标。
#[derive(Debug, Subcommand)]
pub(super) enum IndicatorCommand {
    /// Those in use by key.
    List {
        /// Archived ones too.
        #[arg(long)]
        archived: bool,
    },
    /// One, with the versions of its definition.
    Show {
        /// Its key.
        key: String,
    },
    /// Add one.
    Add {
        /// Its name in addresses: small letters, digits, - _ and . It stays.
        key: String,
        /// Its name; by default the key.
        #[arg(long)]
        name: Option<String>,
        /// success_rate, availability, duration or number. It stays.
        #[arg(long, default_value = "success_rate")]
        kind: String,
        /// The business line or component.
        #[arg(long)]
        service: Option<String>,
        /// %, ms.
        #[arg(long)]
        unit: Option<String>,
        /// Digits behind the point, 0 to 6.
        #[arg(long)]
        digits: Option<u8>,
        /// Whether a smaller value is the better one: true or false.
        #[arg(long)]
        lower_is_better: Option<bool>,
    },
    /// Change one.
    Edit {
        /// Its key.
        key: String,
        /// Its name.
        #[arg(long)]
        name: Option<String>,
        /// The business line or component; - for none.
        #[arg(long)]
        service: Option<String>,
        /// %, ms; - for none.
        #[arg(long)]
        unit: Option<String>,
        /// Digits behind the point, 0 to 6.
        #[arg(long)]
        digits: Option<u8>,
        /// Whether a smaller value is the better one: true or false.
        #[arg(long)]
        lower_is_better: Option<bool>,
    },
    /// Take no samples any more; its past stays.
    Archive {
        /// Its key.
        key: String,
    },
    /// Take samples again.
    Restore {
        /// Its key.
        key: String,
    },
    /// Write a new version of what counts: the whole table of response codes.
    Define {
        /// Its key.
        key: String,
        /// CODE=ours, partner, user, risk_control or unknown; failures of user and risk_control do not count.
        #[arg(long = "code")]
        codes: Vec<String>,
        /// First date that it holds for; by default today.
        #[arg(long)]
        valid_from: Option<NaiveDate>,
        /// Why it changes.
        #[arg(long)]
        note: Option<String>,
    },
    /// Set what it should reach in a window, or remove that.
    Objective {
        /// Its key.
        key: String,
        /// week, month, rolling_28d, rolling_30d or year.
        #[arg(long, default_value = "year")]
        window: String,
        /// The target, like 99.95.
        #[arg(long, required_unless_present = "remove")]
        target: Option<String>,
        /// Remove it.
        #[arg(long, conflicts_with = "target")]
        remove: bool,
    },
}

pub(super) async fn run(session: &Session, command: IndicatorCommand) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let edit =
        |key: String, patch: IndicatorPatch| async move { indicators::update(app, actor, &key, None, patch).await };
    let found = match command {
        IndicatorCommand::List { archived } => return list(session, archived).await,
        IndicatorCommand::Show { key } => return show(session, &key).await,
        IndicatorCommand::Add { key, name, kind, service, unit, digits, lower_is_better } => {
            let kind = api::kind(&kind).map_err(ServiceError::from)?;
            let (default_unit, default_digits, default_lower) = api::defaults(kind);
            let fields = IndicatorFields {
                name: name.unwrap_or_else(|| key.clone()),
                key,
                kind,
                service_id: match service {
                    Some(service) => service_of(session, &service).await?,
                    None => None,
                },
                unit: unit.or_else(|| default_unit.map(str::to_owned)),
                digits: digits.unwrap_or(default_digits),
                lower_is_better: lower_is_better.unwrap_or(default_lower),
                archived: false,
            };
            let first = DefinitionFields { valid_from: app.today(), exclusions: BTreeMap::new(), note: None };
            indicators::create(app, actor, fields, first).await?
        }
        IndicatorCommand::Edit { key, name, service, unit, digits, lower_is_better } => {
            let service_id = match service {
                Some(service) => Some(service_of(session, &service).await?),
                None => None,
            };
            let unit = unit.map(|unit| Some(unit).filter(|unit| unit != "-"));
            edit(key, IndicatorPatch { name, service_id, unit, digits, lower_is_better, archived: None }).await?
        }
        IndicatorCommand::Archive { key } => {
            edit(key, IndicatorPatch { archived: Some(true), ..IndicatorPatch::default() }).await?
        }
        IndicatorCommand::Restore { key } => {
            edit(key, IndicatorPatch { archived: Some(false), ..IndicatorPatch::default() }).await?
        }
        IndicatorCommand::Define { key, codes, valid_from, note } => {
            let fields = DefinitionFields {
                valid_from: valid_from.unwrap_or_else(|| app.today()),
                exclusions: table(&codes).map_err(ServiceError::from)?,
                note,
            };
            let definition = indicators::define(app, actor, &key, None, fields).await?;
            say(&format!("定义第 {} 版，自 {} 起生效", definition.version, definition.fields.valid_from));
            indicators::find(app, actor, &key).await?
        }
        IndicatorCommand::Objective { key, window, target, remove } => {
            let window = Window::from_code(&window).map_err(ServiceError::from)?;
            if remove {
                indicators::delete_objective(app, actor, &key, window, None).await?;
            } else {
                let target =
                    Decimal::parse("target", target.as_deref().unwrap_or_default()).map_err(ServiceError::from)?;
                indicators::put_objective(app, actor, &key, window, target, None).await?;
            }
            indicators::find(app, actor, &key).await?
        }
    };
    data(&if session.json { serde_json::to_string(&api::body(&found))? } else { row(&found) });
    Ok(())
}

async fn list(session: &Session, archived: bool) -> anyhow::Result<()> {
    let mut after: Option<String> = None;
    let mut all = Vec::new();
    loop {
        let page = indicators::page(&session.app, &session.actor, after.as_deref(), archived, indicators::PAGE_LIMIT);
        let page = page.await?;
        let full = page.len() as u64 == indicators::PAGE_LIMIT;
        after = page.last().map(|last| last.indicator.fields.key.clone());
        for found in &page {
            if session.json {
                all.push(serde_json::to_value(api::body(found))?);
            } else {
                data(&row(found));
            }
        }
        if !full {
            break;
        }
    }
    if session.json {
        data(&json!({"data": all}).to_string());
    } else if after.is_none() {
        say("还没有指标 no indicators yet：fupan figures indicator add withdraw-success --name 提现有效成功率");
    }
    Ok(())
}

async fn show(session: &Session, key: &str) -> anyhow::Result<()> {
    let found = indicators::find(&session.app, &session.actor, key).await?;
    let definitions = indicators::definitions(&session.app, &session.actor, key).await?;
    if session.json {
        let versions: Vec<_> = definitions
            .iter()
            .map(|one| json!({"version": one.version, "valid_from": one.fields.valid_from, "exclusions": one.fields.exclusions, "note": one.fields.note}))
            .collect();
        data(&json!({"indicator": api::body(&found), "definitions": versions}).to_string());
        return Ok(());
    }
    data(&row(&found));
    for one in definitions {
        let codes: Vec<String> =
            one.fields.exclusions.iter().map(|(code, party)| format!("{code}={}", party.code())).collect();
        data(&format!(
            "v{}\t{}\t{}\t{}",
            one.version,
            one.fields.valid_from,
            codes.join(" "),
            one.fields.note.unwrap_or_default()
        ));
    }
    Ok(())
}

fn table(codes: &[String]) -> Result<BTreeMap<String, Party>, FieldError> {
    let mut table = BTreeMap::new();
    for text in codes {
        let party = text.split_once('=').and_then(|(code, party)| Some((code, Party::from_code(party.trim())?)));
        let remedy = || FieldError::shape("exclusions", "choose ours, partner, user, risk_control or unknown");
        let (code, party) = party.ok_or_else(remedy)?;
        if table.insert(code.trim().to_owned(), party).is_some() {
            return Err(FieldError::shape("exclusions", "name each response code once"));
        }
    }
    Ok(table)
}

async fn service_of(session: &Session, word: &str) -> anyhow::Result<Option<Uuid>> {
    if word == "-" {
        return Ok(None);
    }
    Ok(Some(services::find(&session.app, &session.actor, word).await?.id))
}

fn row(found: &WithObjectives) -> String {
    let fields = &found.indicator.fields;
    let objectives: Vec<String> = found
        .objectives
        .iter()
        .map(|objective| format!("{}≥{}", objective.window.code(), objective.target))
        .map(|text| if fields.lower_is_better { text.replace('≥', "≤") } else { text })
        .collect();
    let archived = if fields.archived { "\t已归档" } else { "" };
    let objectives = if objectives.is_empty() { "-".to_owned() } else { objectives.join(" ") };
    format!("{}\t{}\t{}\t{objectives}{archived}", fields.key, fields.name, i18n::samples::kind(fields.kind))
}
