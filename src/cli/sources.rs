//! `fupan figures source` and `fupan figures pull`: samples from Prometheus-compatible servers.

use std::{io::Read as _, path::PathBuf};

use anyhow::Context;
use chrono::{DateTime, FixedOffset};
use clap::{Args, Subcommand};
use secrecy::SecretString;

use super::{
    CHECK_FOUND, Exit, Session,
    out::{data, say},
};
use crate::{
    i18n,
    service::{
        ServiceError,
        sources::{self, DELAY, PAGE_LIMIT, SourceChange, SourceFields, SourceOf},
    },
    web::api::sources as api,
};

/// 样本的来源：Prometheus、VictoriaMetrics、Thanos、Mimir 的 query_range。 Where samples are pulled from: the query_range of Prometheus and what is compatible.
#[derive(Debug, Subcommand)]
pub(super) enum SourceCommand {
    /// 设置一个指标的来源；没写的查询和等待时间回到默认，令牌保留。 Set the source of an indicator; the token stays where none is given.
    Set(SetSource),
    /// 查看来源和进度。 Show one and how far it is.
    Show {
        /// 指标的键。 The indicator's key.
        indicator: String,
    },
    /// 列出所有来源。 List all.
    List,
    /// 去掉来源，已拉取的样本保留。 Remove one; what was pulled stays.
    Remove {
        /// 指标的键。 The indicator's key.
        indicator: String,
    },
}

/// A source to set.
#[derive(Debug, Args)]
pub(super) struct SetSource {
    /// 指标的键。 The indicator's key.
    indicator: String,
    /// 服务地址，后面会加上 /api/v1/query_range。 Address of the server, to which /api/v1/query_range is added.
    #[arg(long)]
    url: String,
    /// 每分钟总数的查询。 Query for the attempts of a minute: 'sum(increase(payments_total[1m]))'.
    #[arg(long)]
    total: String,
    /// 成功数的查询；与 --failed 二选一。 Query for those that succeeded; this or --failed.
    #[arg(long, conflicts_with = "failed", required_unless_present = "failed")]
    success: Option<String>,
    /// 计入的失败数的查询。 Query for failures that count.
    #[arg(long)]
    failed: Option<String>,
    /// 不计入的失败数的查询。 Query for failures that do not count.
    #[arg(long)]
    excluded: Option<String>,
    /// 从这个时刻起补录；默认从现在开始。 Pull anew from this time on, 2024-08-01T00:00:00+08:00; a new one begins with the present.
    #[arg(long)]
    since: Option<DateTime<FixedOffset>>,
    /// 等迟到数据的分钟数。 Minutes that are waited for late data.
    #[arg(long, default_value_t = DELAY)]
    delay: u16,
    /// 存有 Bearer 令牌的文件，- 为标准输入。 File that holds the bearer token; - is standard input.
    #[arg(long, conflicts_with = "no_token")]
    token_file: Option<PathBuf>,
    /// 去掉令牌。 Take the token away.
    #[arg(long)]
    no_token: bool,
    /// 暂停拉取。 Pull nothing for now.
    #[arg(long)]
    paused: bool,
}

pub(super) async fn run(session: &Session, command: SourceCommand) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    match command {
        SourceCommand::Set(set) => {
            let token = match (&set.token_file, set.no_token) {
                (Some(path), _) => Some(Some(read_token(path)?)),
                (None, true) => Some(None),
                (None, false) => None,
            };
            let (second, counted) = api::second(set.success, set.failed).map_err(ServiceError::from)?;
            let change = SourceChange {
                fields: SourceFields {
                    url: set.url,
                    total: set.total,
                    second,
                    counted,
                    excluded: set.excluded,
                    delay: set.delay,
                    paused: set.paused,
                },
                token,
                since: set.since.map(|at| crate::domain::samples::minute_of(at.timestamp_millis())),
            };
            tell(session, &sources::put(app, actor, &set.indicator, None, change).await?)
        }
        SourceCommand::Show { indicator } => tell(session, &sources::find(app, actor, &indicator).await?),
        SourceCommand::List => {
            let mut after = 0;
            let mut all = Vec::new();
            loop {
                let page = sources::page(app, actor, after, PAGE_LIMIT).await?;
                after = page.last().map_or(0, |last| last.source.indicator);
                let more = page.len() as u64 == PAGE_LIMIT;
                all.extend(page);
                if !more {
                    break;
                }
            }
            if session.json {
                data(&serde_json::to_string(&api::list_body(app, &all, u64::MAX))?);
                return Ok(());
            }
            for one in &all {
                data(&line(session, one));
            }
            if all.is_empty() {
                say("没有来源。 No sources.");
            }
            Ok(())
        }
        SourceCommand::Remove { indicator } => {
            sources::remove(app, actor, &indicator, None).await?;
            say("已去掉；已拉取的样本保留。 Removed; what was pulled stays.");
            Ok(())
        }
    }
}

fn read_token(path: &std::path::Path) -> anyhow::Result<SecretString> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    } else {
        text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Pulls until the present is reached or something is in the way.
pub(super) async fn pull(session: &Session, indicator: &str) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let mut before = sources::find(app, actor, indicator).await?;
    if before.source.fields.paused {
        say("来源已暂停。 The source is paused.");
    }
    loop {
        let of = sources::pull(app, actor, indicator).await?;
        let (pulled, due) = of.source.progress(app.now_millis());
        let stuck = of.source.state.position == before.source.state.position;
        if of.source.state.problem.is_some() || pulled >= due || stuck {
            tell(session, &of)?;
            return if of.source.state.problem.is_some() { Err(Exit(CHECK_FOUND).into()) } else { Ok(()) };
        }
        say(&format!("{indicator} {pulled} / {due} 分钟 minutes"));
        before = of;
    }
}

fn tell(session: &Session, of: &SourceOf) -> anyhow::Result<()> {
    if session.json {
        data(&serde_json::to_string(&api::body(&session.app, of))?);
        return Ok(());
    }
    data(&line(session, of));
    if let Some((problem, words)) = &of.source.state.problem {
        say(&format!("{} {}（{words}）", i18n::samples::pull_problem("zh-CN", *problem), problem.words()));
    }
    if let Some(note) = &of.source.state.note {
        say(note);
    }
    if of.source.state.impossible > 0 {
        say(&format!("{} 分钟的数字不可能成立，已略过。 minutes were left out", of.source.state.impossible));
    }
    Ok(())
}

fn line(session: &Session, of: &SourceOf) -> String {
    let (pulled, due) = of.source.progress(session.app.now_millis());
    let state = match &of.source.state.problem {
        Some((problem, _)) => problem.code(),
        None if of.source.fields.paused => "paused",
        None if pulled >= due => "ok",
        None => "behind",
    };
    format!("{}\t{}\t{pulled} / {due}\t{state}", of.indicator.fields.key, of.source.fields.url)
}
