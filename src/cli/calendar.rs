//! `fupan calendar`: working days, and `fupan doctor`.

use std::{io::Read as _, path::PathBuf};

use anyhow::Context as _;
use chrono::NaiveDate;
use clap::Subcommand;
use serde_json::json;

use super::{
    CHECK_FOUND, Exit, Session,
    out::{data, say},
};
use crate::{
    domain::calendar::CalendarDay,
    runtime::doctor,
    service::calendars,
    web::api::{
        calendars::{calendar_body, calendar_import, calendar_list},
        published::line,
    },
};

/// 工作日历：法定节假日、调休、公司和团队自己的日子。 Working days: official ones, the company's, those of teams.
#[derive(Debug, Subcommand)]
pub(super) enum CalendarCommand {
    /// 列出，缺的年份也说明。 All calendars, and the years that are missing.
    List,
    /// 打印一份：年份、company、团队。 One of them: a year, company, or a team.
    Show {
        /// 年份、company 或团队名称。 A year, company, or the name of a team.
        calendar: String,
    },
    /// 导入 holiday-cn 的 JSON、CSV 或 ICS。 Import JSON of holiday-cn, CSV or ICS.
    Import {
        /// 文件，- 为标准输入。 The file; - for standard input.
        #[arg(default_value = "-")]
        file: PathBuf,
        /// 导入到：national（默认）、年份、company、团队。 Into national (the default), a year, company, or a team.
        #[arg(long, default_value = "national")]
        into: String,
    },
    /// 写一天。 Write one day.
    Set {
        /// 年份、company 或团队名称。 A year, company, or the name of a team.
        calendar: String,
        /// 日期。 The day.
        day: NaiveDate,
        /// off 休，work 班。 off or work.
        #[arg(value_parser = ["off", "work"])]
        kind: String,
        /// 说明。 Words for it.
        #[arg(default_value = "")]
        name: String,
    },
    /// 删一天。 Remove one day.
    Remove {
        /// 年份、company 或团队名称。 A year, company, or the name of a team.
        calendar: String,
        /// 日期。 The day.
        day: NaiveDate,
    },
    /// 清空一份；年份恢复随程序提供的。 Remove one; of a year the bundled days hold again.
    Reset {
        /// 年份、company 或团队名称。 A year, company, or the name of a team.
        calendar: String,
    },
    /// 某天之后第 N 个工作日。 The Nth working day after a day.
    Add {
        /// 起算日。 The day that is counted from.
        day: NaiveDate,
        /// 工作日数。 Working days.
        count: u32,
        /// 团队名称；默认公司。 The name of a team; by default the company's.
        #[arg(long)]
        team: Option<String>,
    },
}

pub(super) async fn run(session: &Session, command: CalendarCommand) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let key = async |word: &str| calendars::key_of(app, actor, word).await;
    match command {
        CalendarCommand::List => list(session).await?,
        CalendarCommand::Show { calendar } => {
            let sheet = calendars::one(app, actor, key(&calendar).await?).await?;
            if session.json {
                data(&line(&calendar_body(&sheet)));
            } else {
                for day in &sheet.days {
                    data(&format!("{}\t{}\t{}", day.day, if day.works { "班 work" } else { "休 off" }, day.name));
                }
            }
        }
        CalendarCommand::Import { file, into } => {
            let text = text_of(&file)?;
            let into = match into.as_str() {
                "national" => None,
                word => Some(key(word).await?),
            };
            let imported = calendars::import(app, actor, into, &text, None).await?;
            if session.json {
                data(&line(&calendar_import(&imported)));
            }
            for sheet in &imported.sheets {
                say(&format!("已导入 imported: {}，{} 天 days", sheet.key.code(), sheet.days.len()));
            }
            say(&format!("{} 个截止日随之改变 due dates moved；跳过 skipped {}", imported.moved, imported.skipped));
        }
        CalendarCommand::Set { calendar, day, kind, name } => {
            let day = CalendarDay { day, works: kind == "work", name };
            let written = calendars::set_day(app, actor, key(&calendar).await?, day, None).await?;
            say(&format!("已保存 saved；{} 个截止日随之改变 due dates moved", written.moved));
        }
        CalendarCommand::Remove { calendar, day } => {
            let written = calendars::remove_day(app, actor, key(&calendar).await?, day, None).await?;
            say(&format!("已删除 removed；{} 个截止日随之改变 due dates moved", written.moved));
        }
        CalendarCommand::Reset { calendar } => {
            let moved = calendars::reset(app, actor, key(&calendar).await?, None).await?;
            say(&format!("已清空 removed；{moved} 个截止日随之改变 due dates moved"));
        }
        CalendarCommand::Add { day, count, team } => {
            let team = match team {
                Some(word) => Some(crate::service::teams::find(app, actor, &word).await?.id),
                None => None,
            };
            let calendars = app.calendars();
            let calendar = calendars.of_team(team);
            let last = calendar.add_working_days(day, count);
            data(&last.to_string());
            if let Some(year) = calendar.first_unknown(day, last) {
                say(&format!("缺 {year} 年的法定节假日，按周一至周五算 official days of {year} are missing"));
            }
        }
    }
    Ok(())
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let sheets = calendars::all(&session.app, &session.actor).await?;
    let missing = calendars::missing_years(&session.app).await?;
    if session.json {
        data(&line(&calendar_list(&sheets, missing)));
        return Ok(());
    }
    for sheet in &sheets {
        let words = if sheet.version == 0 { "随程序 bundled" } else { "已改 edited" };
        data(&format!("{}\t{}\t{words}", sheet.key.code(), sheet.days.len()));
    }
    for year in missing {
        say(&format!("缺 {year} 年的法定节假日，按周一至周五算 official days of {year} are missing"));
    }
    Ok(())
}

fn text_of(file: &std::path::Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
    } else {
        bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    Ok(crate::service::imports::document(bytes)?)
}

/// `fupan doctor`: what was found with what to do, exit code 7 where something is risky.
pub(super) async fn doctor(session: &Session) -> anyhow::Result<()> {
    let found = doctor::findings(&session.settings, &session.app).await?;
    if session.json {
        let rows: Vec<_> = found
            .iter()
            .map(|one| json!({"subject": one.subject, "risky": one.risky, "zh": one.chinese, "en": one.english, "remedy": one.remedy}))
            .collect();
        data(&json!({"data": rows}).to_string());
    } else {
        for one in &found {
            let mark = if one.risky { "!" } else { "-" };
            data(&format!("{mark}\t{}\t{}\t{}\t{}", one.subject, one.chinese, one.english, one.remedy));
        }
    }
    if found.is_empty() {
        say("没有发现问题 nothing found");
    }
    if found.iter().any(|one| one.risky) { Err(Exit(CHECK_FOUND).into()) } else { Ok(()) }
}
