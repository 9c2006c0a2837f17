//! `fupan policy`.

use std::{io::Read as _, path::PathBuf};

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;

use super::{
    Session,
    out::{data, say},
};
use crate::service::policies;

/// 规则，每条是一份可以改的 JSON。 Policies that people edit, each a JSON document.
#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// 列出规则。 The policies by name.
    List,
    /// 以 JSON 打印一条规则，改好再写回。 A policy as JSON, to be edited and set again.
    Show {
        /// 规则的名称。 severity, grading, thresholds …
        name: String,
    },
    /// 写一条规则。 Write a policy.
    Set {
        /// 规则的名称。 severity, grading, thresholds …
        name: String,
        /// 规则文件，- 为标准输入。 The document; - for standard input.
        #[arg(default_value = "-")]
        file: PathBuf,
        /// 只在还是这个版本时；0 为默认规则。 Only over this version: 0 is the default.
        #[arg(long)]
        version: Option<i64>,
    },
}

pub(super) async fn run(session: &Session, command: PolicyCommand) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    match command {
        PolicyCommand::List => {
            let all = policies::all(app, actor).await?;
            if session.json {
                let rows: Vec<_> =
                    all.iter().map(|policy| json!({"name": policy.name, "version": policy.version})).collect();
                data(&json!({"data": rows}).to_string());
            } else {
                for policy in &all {
                    let words = if policy.version == 0 { "默认 default" } else { "已改 edited" };
                    data(&format!("{}\t{}\t{words}", policy.name, policy.version));
                }
            }
        }
        PolicyCommand::Show { name } => {
            let policy = policies::read(app, actor, &name).await?;
            data(&policy.document);
            say(&format!("{} 版本 version {}", policy.name, policy.version));
        }
        PolicyCommand::Set { name, file, version } => {
            let document = text_of(&file)?;
            let policy = policies::write(app, actor, &name, &document, version).await?;
            say(&format!("已保存 saved: {} 版本 version {}", policy.name, policy.version));
        }
    }
    Ok(())
}

fn text_of(file: &std::path::Path) -> anyhow::Result<String> {
    if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
