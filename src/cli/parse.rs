//! `fupan parse`: files to JSON in the shape of the corpus, without a database.

use std::path::PathBuf;

use anyhow::Context;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::Args;
use serde::Deserialize;

use super::out::say;
use crate::{
    domain::{
        capture::{
            self,
            draft::{CaptureContext, DateAnchor},
        },
        iso_week::IsoWeek,
        report::{read_report, schema},
    },
    runtime::system::SystemClock,
    service::{imports, ports::Clock},
};

/// 只读周报文件，不保存。 Read report files without saving.
#[derive(Debug, Args)]
pub(super) struct Parse {
    /// 周报文件。 Report files.
    files: Vec<PathBuf>,
    /// 单行文件，每行一个 JSON。 A file of single lines, one JSON object a line: name, line, week, created_at.
    #[arg(long)]
    lines: Option<PathBuf>,
    /// 结果放在哪个文件夹，没有就新建。 Folder for the answers; it is made where it is missing.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the corpus")]
struct Line {
    name: String,
    line: String,
    week: Option<String>,
    created_at: Option<DateTime<Utc>>,
}

pub(super) fn run(parse: &Parse, zone: Tz) -> anyhow::Result<()> {
    std::fs::create_dir_all(&parse.out).with_context(|| format!("cannot make {}", parse.out.display()))?;
    let today = SystemClock.now().with_timezone(&zone).date_naive();
    let mut written = 0_usize;
    for file in &parse.files {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let document =
            imports::document(bytes).map_err(|error| anyhow::anyhow!("{}: {}", file.display(), error.problem))?;
        let answer = schema::report(&read_report(&document, zone, today), zone);
        let stem = file.file_stem().map_or_else(|| "report".into(), |stem| stem.to_string_lossy().into_owned());
        write(parse, &stem, &answer)?;
        written += 1;
    }
    if let Some(file) = &parse.lines {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            let line: Line = serde_json::from_str(line).with_context(|| format!("{} line {number}", file.display()))?;
            let week = line.week.as_deref().map(str::parse::<IsoWeek>).transpose()?;
            let anchor = match (week, line.created_at) {
                (Some(week), _) => DateAnchor::Week(week),
                (None, Some(at)) => DateAnchor::Nearest(at.with_timezone(&zone).date_naive()),
                (None, None) => DateAnchor::Nearest(today),
            };
            let day = line.created_at.map(|at| at.with_timezone(&zone).date_naive());
            let draft = capture::read_line(&line.line, &CaptureContext { anchor, zone, written: day });
            let safe = !line.name.is_empty() && line.name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
            anyhow::ensure!(safe, "{} line {number}: the name may hold letters, digits, - _ . only", file.display());
            write(parse, &line.name, &schema::line(&draft, week, line.created_at, zone))?;
            written += 1;
        }
    }
    say(&format!("{written} 份已写入 {}", parse.out.display()));
    Ok(())
}

fn write(parse: &Parse, name: &str, answer: &serde_json::Value) -> anyhow::Result<()> {
    let path = parse.out.join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(answer)?;
    std::fs::write(&path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
}
