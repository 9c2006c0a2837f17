//! `fupan style`.

use std::{io::Read as _, path::PathBuf};

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;

use super::{
    CHECK_FOUND, Exit, Session,
    out::{data, raw, say},
};
use crate::{
    domain::report::{style::ReportStyle, twin::Side},
    service::{
        ServiceError, imports,
        report_styles::{self, Before, SaveStyle},
    },
};

/// 团队写周报的样式。 The styles that teams write their reports in.
#[derive(Debug, Subcommand)]
pub(super) enum Style {
    /// 列出样式，默认的有星号。 Styles by name; the default one has a star.
    List,
    /// 以 TOML 打印样式，改好再写回；不写名称是通用的。 A style as TOML, to be edited and set again; without a name that of the house.
    Show {
        /// 样式名称。 The team's name.
        name: Option<String>,
    },
    /// 从旧周报学样式，并说哪里会写得不同。 Derive the style of an old report, and say what it would write differently.
    Twin {
        /// 旧周报，- 为标准输入。 The old report; - for standard input.
        file: PathBuf,
        /// 拿这个样式（TOML）试写，不学。 Try this style (TOML) on the report instead of deriving one.
        #[arg(long, value_name = "FILE")]
        style: Option<PathBuf>,
        /// 以这个名称保存。 Save the style under this name.
        #[arg(long, value_name = "NAME")]
        save: Option<String>,
        /// 与 --save 一起，设为默认样式。 With --save: make it that of weeks without a document.
        #[arg(long)]
        default: bool,
        /// 有不同就以 7 退出。 Leave with 7 where lines differ.
        #[arg(long)]
        check: bool,
    },
    /// 保存样式（TOML）。 Save a style (TOML) under a name.
    Set {
        /// 样式名称。 The team's name.
        name: String,
        /// 样式文件，- 为标准输入。 The style; - for standard input.
        file: PathBuf,
        /// 设为默认样式。 Make it that of weeks without a document.
        #[arg(long)]
        default: bool,
    },
    /// 设为默认样式。 Make a style that of weeks without a document.
    Default {
        /// 样式名称。 The team's name.
        name: String,
    },
    /// 删除样式。 Remove a style.
    Remove {
        /// 样式名称。 The team's name.
        name: String,
    },
}

pub(super) async fn run(session: &Session, style: Style) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    match style {
        Style::List => {
            let styles = report_styles::all(app, actor).await?;
            if session.json {
                let rows: Vec<_> = styles
                    .iter()
                    .map(|style| json!({"name": style.name, "is_default": style.is_default, "version": style.version}))
                    .collect();
                data(&json!({"data": rows}).to_string());
            } else {
                for style in &styles {
                    data(&format!("{} {}", if style.is_default { "*" } else { " " }, style.name));
                }
                if styles.is_empty() {
                    say("还没有风格 no styles yet：fupan style twin 旧周报.md --save 团队");
                }
            }
            Ok(())
        }
        Style::Show { name } => {
            let style = match name {
                Some(name) => report_styles::find(app, actor, &name).await?.style,
                None => ReportStyle::default(),
            };
            print(session, &style)
        }
        Style::Twin { file, style, save, default, check } => {
            let document = imports::document(bytes_of(&file)?).map_err(ServiceError::from)?;
            let given = style.map(|file| read(&file)).transpose()?;
            let twin = report_styles::twin(app, actor, document, given).await?;
            let differences = twin.twin.differences();
            if session.json {
                let lines: Vec<_> = twin
                    .twin
                    .lines
                    .iter()
                    .filter(|line| line.side != Side::Both)
                    .map(|line| json!({"side": side(line.side), "text": line.text}))
                    .collect();
                let value = json!({
                    "week": twin.week.to_string(), "style": twin.style, "written": twin.twin.written,
                    "differences": lines, "unreadable": twin.unreadable,
                });
                data(&value.to_string());
            } else {
                print(session, &twin.style)?;
                for line in twin.twin.lines.iter().filter(|line| line.side != Side::Both) {
                    say(&format!("{} {}", if line.side == Side::Document { '-' } else { '+' }, line.text));
                }
                if differences == 0 {
                    say("逐行一致 no line differs");
                } else {
                    say(&format!("{differences} 行不同：- 旧周报，+ 按此风格 ({differences} lines differ)"));
                }
                for part in &twin.unreadable {
                    say(&format!(
                        "按此风格写出的 {part} 读不回来，导入时会漏 (what this style writes is not read again)"
                    ));
                }
            }
            if let Some(name) = save {
                let save =
                    SaveStyle { name, style: twin.style, is_default: default.then_some(true), before: Before::Any };
                let saved = report_styles::save(app, actor, save).await?;
                say(&format!("已保存风格 saved: {}", saved.name));
            }
            if check && differences > 0 {
                return Err(Exit(CHECK_FOUND).into());
            }
            Ok(())
        }
        Style::Set { name, file, default } => {
            let save =
                SaveStyle { name, style: read(&file)?, is_default: default.then_some(true), before: Before::Any };
            let saved = report_styles::save(app, actor, save).await?;
            say(&format!("已保存风格 saved: {}", saved.name));
            Ok(())
        }
        Style::Default { name } => {
            let style = report_styles::find(app, actor, &name).await?;
            let save = SaveStyle {
                name: style.name,
                style: style.style,
                is_default: Some(true),
                before: Before::Version(style.version),
            };
            let saved = report_styles::save(app, actor, save).await?;
            say(&format!("默认风格 default: {}", saved.name));
            Ok(())
        }
        Style::Remove { name } => {
            report_styles::remove(app, actor, &name, None).await?;
            say(&format!("已删除风格 removed: {name}"));
            Ok(())
        }
    }
}

/// The code of a side of the comparison.
pub(crate) const fn side(side: Side) -> &'static str {
    match side {
        Side::Both => "both",
        Side::Document => "document",
        Side::Style => "style",
    }
}

fn print(session: &Session, style: &ReportStyle) -> anyhow::Result<()> {
    if session.json {
        data(&serde_json::to_string_pretty(style)?);
    } else {
        raw(&toml::to_string_pretty(style)?);
    }
    Ok(())
}

fn bytes_of(file: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(bytes);
    }
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn read(file: &std::path::Path) -> anyhow::Result<ReportStyle> {
    let text = String::from_utf8(bytes_of(file)?).with_context(|| format!("{} is not UTF-8", file.display()))?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).with_context(|| format!("{} is no style", file.display()));
    }
    toml::from_str(text).with_context(|| format!("{} is no style; `fupan style show` prints one", file.display()))
}
