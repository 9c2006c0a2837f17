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
        indicator::{NewIndicator, Party},
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

/// 指标。 Indicators.
#[derive(Debug, Subcommand)]
pub(super) enum IndicatorCommand {
    /// 列出在用的指标。 Those in use by key.
    List {
        /// 也列出已归档的。 Archived ones too.
        #[arg(long)]
        archived: bool,
    },
    /// 一个指标和它定义的各个版本。 One, with the versions of its definition.
    Show {
        /// 指标的键。 Its key.
        key: String,
    },
    /// 新增指标。 Add one.
    Add {
        /// 键，用在地址里：小写字母、数字、- _ 和 . ，以后不变。 Its name in addresses: small letters, digits, - _ and . It stays.
        key: String,
        /// 名称，默认同键。 Its name; by default the key.
        #[arg(long)]
        name: Option<String>,
        /// 类别：success_rate 成功率、availability 可用率、duration 时长、number 其他数字，以后不变。 success_rate, availability, duration or number. It stays.
        #[arg(long, default_value = "success_rate")]
        kind: String,
        /// 业务线或组件。 The business line or component.
        #[arg(long)]
        service: Option<String>,
        /// 单位。 %, ms.
        #[arg(long)]
        unit: Option<String>,
        /// 小数位数，0 到 6。 Digits behind the point, 0 to 6.
        #[arg(long)]
        digits: Option<u8>,
        /// 是否越小越好：true 或 false。 Whether a smaller value is the better one: true or false.
        #[arg(long)]
        lower_is_better: Option<bool>,
    },
    /// 修改指标。 Change one.
    Edit {
        /// 指标的键。 Its key.
        key: String,
        /// 名称。 Its name.
        #[arg(long)]
        name: Option<String>,
        /// 业务线或组件，- 为不指定。 The business line or component; - for none.
        #[arg(long)]
        service: Option<String>,
        /// 单位，- 为没有。 %, ms; - for none.
        #[arg(long)]
        unit: Option<String>,
        /// 小数位数，0 到 6。 Digits behind the point, 0 to 6.
        #[arg(long)]
        digits: Option<u8>,
        /// 是否越小越好：true 或 false。 Whether a smaller value is the better one: true or false.
        #[arg(long)]
        lower_is_better: Option<bool>,
    },
    /// 归档：不再收样本，历史保留。 Take no samples any more; its past stays.
    Archive {
        /// 指标的键。 Its key.
        key: String,
    },
    /// 恢复归档的指标。 Take samples again.
    Restore {
        /// 指标的键。 Its key.
        key: String,
    },
    /// 写下新一版口径：整张返回码表。 Write a new version of what counts: the whole table of response codes.
    Define {
        /// 指标的键。 Its key.
        key: String,
        /// 返回码=success 成功、ours 我方、partner 合作方、user 用户、risk_control 风控或 unknown 不明；用户和风控的失败不计入。 CODE=success, ours, partner, user, risk_control or unknown; failures of user and risk_control do not count.
        #[arg(long = "code")]
        codes: Vec<String>,
        /// 生效的第一天，默认今天。 First date that it holds for; by default today.
        #[arg(long)]
        valid_from: Option<NaiveDate>,
        /// 为什么改。 Why it changes.
        #[arg(long)]
        note: Option<String>,
    },
    /// 设定或去掉一个窗口的目标。 Set what it should reach in a window, or remove that.
    Objective {
        /// 指标的键。 Its key.
        key: String,
        /// 窗口：week 周、month 月、rolling_28d 或 rolling_30d 滚动、year 年。 week, month, rolling_28d, rolling_30d or year.
        #[arg(long, default_value = "year")]
        window: String,
        /// 目标值。 The target, like 99.95.
        #[arg(long, required_unless_present = "remove")]
        target: Option<String>,
        /// 去掉目标。 Remove it.
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
            let service_id = match service {
                Some(service) => service_of(session, &service).await?,
                None => None,
            };
            let new = NewIndicator { key, name, kind: Some(kind), service_id, unit, digits, lower_is_better };
            let fields = new.fields().map_err(ServiceError::from)?;
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
        let remedy = || FieldError::shape("exclusions", "choose success, ours, partner, user, risk_control or unknown");
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
