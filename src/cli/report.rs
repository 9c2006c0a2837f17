//! `fupan report WEEK` and `fupan report splice FILE`; publishing is in `publish.rs`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::{
    CHECK_FOUND, Exit, Session,
    out::{data, raw, say},
    publish::{self, Publishing},
};
use crate::{
    domain::iso_week::IsoWeek,
    service::{
        ServiceError, imports,
        publications::{self, Which},
        report_splice::{self, SplicedReport},
        reports::{self, Section},
    },
};

/// 打印一周的两节，或写进文件。 Print a week's two sections, or put them into a document.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// 一周，如 2024-W34、this、last（默认 this）；或 splice、publish、withdraw、share 等。 A week: 2024-W34, this, last (by default this); or `splice FILE`, `publish WEEK`, `withdraw WEEK`,
    /// `share WEEK`, `share latest`, `shares`, `unshare ID`.
    #[arg(num_args = 0..=2)]
    words: Vec<String>,
    /// 格式：md、html、text 或 json。 md, html, text or json.
    #[arg(long, default_value = "md")]
    format: String,
    /// 用哪个样式，代替那一周的。 A saved style (fupan style list), instead of that of the week.
    #[arg(long, value_name = "NAME")]
    style: Option<String>,
    /// 哪些章节：figures 指标、events 事件 或 all 全部。 figures, events or all.
    #[arg(long, default_value = "all")]
    section: String,
    /// 与另一周比有什么变化，代替周报。 What changed since another week, instead of the report.
    #[arg(long, value_name = "WEEK")]
    diff: Option<String>,
    /// 那一周还有没做完的就以 7 退出并说明。 Leave with 7 where something of the week is unfinished, and say what.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    publishing: Publishing,
    /// 用 splice 时，打印而不写文件。 With splice: print the document instead of writing the file.
    #[arg(long)]
    stdout: bool,
    /// 用 splice 时，不写；会有改动就以 7 退出。 With splice: write nothing, leave with 7 where the file would change.
    #[arg(long)]
    check: bool,
    /// 用 splice 时，文中没有写周次的周。 With splice: the week, where the document names none.
    #[arg(long)]
    week: Option<String>,
}

pub(super) async fn run(session: &Session, report: Report) -> anyhow::Result<()> {
    let words: Vec<&str> = report.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["splice", file] => splice(session, &report, PathBuf::from(file)).await,
        ["splice"] => anyhow::bail!("name the file: fupan report splice FILE"),
        [verb, rest @ ..] if publish::VERBS.contains(verb) => {
            publish::run(session, &report.publishing, verb, rest).await
        }
        [] => print(session, &report, week_of(session, "this")?).await,
        [week] => print(session, &report, week_of(session, week)?).await,
        _ => anyhow::bail!("write `fupan report 2024-W34` or `fupan report splice FILE`"),
    }
}

pub(super) fn week_of(session: &Session, word: &str) -> anyhow::Result<IsoWeek> {
    Ok(reports::named_week(&session.app, word)?)
}

async fn print(session: &Session, asked: &Report, week: IsoWeek) -> anyhow::Result<()> {
    let section = Section::from_code(&asked.section).map_err(ServiceError::from)?;
    if asked.publishing.restatement {
        return publish::restatement(session, week, asked.strict).await;
    }
    let which = asked.publishing.which().map_err(ServiceError::from)?;
    let whole = publications::shown(&session.app, &session.actor, week, which, asked.style.as_deref()).await?;
    let mut shown = whole.clone().only(section);
    let unfinished = publish::unfinished(session, asked.strict, week).await?;
    publish::say_which(session, &shown, which).await?;
    if let Some(against) = &asked.diff {
        let against = week_of(session, against)?;
        let before = publications::shown(&session.app, &session.actor, against, Which::default(), None).await?;
        let changes = reports::changes(&whole.report, &before.report, section);
        if session.json || asked.format == "json" {
            shown = shown.with_changes(changes);
        } else {
            for line in &changes {
                data(line);
            }
            return strict(asked, &unfinished);
        }
    }
    let format = if session.json { "json" } else { asked.format.as_str() };
    let (_, bytes) = crate::web::api::reports::form(&session.app, &shown, format).map_err(ServiceError::from)?;
    raw(&bytes);
    if format != "json" && section != Section::Events && !asked.strict {
        for note in whole.report.figure_notes() {
            say(&format!("注意：{note}"));
        }
    }
    strict(asked, &unfinished)
}

fn strict(asked: &Report, unfinished: &[String]) -> anyhow::Result<()> {
    if !asked.strict || unfinished.is_empty() {
        return Ok(());
    }
    for line in unfinished {
        say(line);
    }
    Err(Exit(CHECK_FOUND).into())
}

async fn splice(session: &Session, report: &Report, file: PathBuf) -> anyhow::Result<()> {
    let week = report.week.as_deref().map(str::parse::<IsoWeek>).transpose().map_err(ServiceError::from)?;
    let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let document = imports::document(bytes).map_err(ServiceError::from)?;
    let made = report_splice::splice(&session.app, &session.actor, &document, week).await?;
    say_what_stays(&made);
    let (week, spliced) = (made.week, made.document);
    if report.stdout {
        raw(&spliced);
    }
    if spliced == document {
        say(&format!("{week}：{} 没有变化", file.display()));
        return Ok(());
    }
    for (sign, line) in diff(&document, &spliced) {
        say(&format!("{sign} {line}"));
    }
    if report.check {
        say(&format!("{week}：{} 与记录不一致", file.display()));
        return Err(Exit(CHECK_FOUND).into());
    }
    if report.stdout {
        return Ok(());
    }
    replace(&file, &spliced)?;
    say(&format!("{week}：已更新 {}", file.display()));
    Ok(())
}

/// Names what the document keeps though it is of another week, or stored otherwise.
fn say_what_stays(made: &SplicedReport) {
    /// Lines of each kind that are shown.
    const SHOWN: usize = 20;
    let week = made.week;
    let list = |lines: &mut dyn Iterator<Item = String>, count: usize| {
        lines.take(SHOWN).for_each(|line| say(&format!("  {line}")));
        if count > SHOWN {
            say(&format!("  …（共 {count} 条）"));
        }
    };
    let of_other = &made.of_other_weeks;
    if !of_other.is_empty() {
        let (events, figures) = (of_other.events.len(), of_other.figures.len());
        say(&format!("注意：文件里有 {events} 起事件、{figures} 项指标不属于 {week}，原样保留；是上周留下的就删掉："));
        for lines in [&of_other.events, &of_other.figures] {
            list(&mut lines.iter().map(|(of, words)| format!("{of}  {words}")), lines.len());
        }
    }
    if !made.left.is_empty() {
        say(&format!("注意：{} 起事件的改动写进文件后读不回来，原样保留，请手工修改：", made.left.len()));
        list(&mut made.left.iter().cloned(), made.left.len());
    }
}

/// The lines that differ, at most 200.
fn diff(before: &str, after: &str) -> Vec<(char, String)> {
    // Of a long document mostly a line or two differ: only what lies between the first and the last of them is compared.
    let (before, after) = apart(before, after);
    let diff = similar::TextDiff::from_lines(before, after);
    let changed = diff.iter_all_changes().filter_map(|change| {
        let sign = match change.tag() {
            similar::ChangeTag::Equal => return None,
            similar::ChangeTag::Delete => '-',
            similar::ChangeTag::Insert => '+',
        };
        Some((sign, change.value().trim_end_matches(['\r', '\n']).to_owned()))
    });
    changed.take(200).collect()
}

/// The two texts without the whole lines with which both begin and both end.
fn apart<'a>(before: &'a str, after: &'a str) -> (&'a str, &'a str) {
    let same = before.bytes().zip(after.bytes()).take_while(|(one, other)| one == other).count();
    let front = before.as_bytes().get(..same).and_then(|front| front.iter().rposition(|byte| *byte == b'\n'));
    let front = front.map_or(0, |at| at + 1);
    let (before, after) = (before.get(front..).unwrap_or_default(), after.get(front..).unwrap_or_default());
    let same = before.bytes().rev().zip(after.bytes().rev()).take_while(|(one, other)| one == other).count();
    let tail = before.len() - same;
    let back = before.as_bytes().get(tail..).and_then(|back| back.iter().position(|byte| *byte == b'\n'));
    let back = back.map_or(0, |at| same - at - 1);
    let cut = |text: &'a str| text.get(..text.len() - back).unwrap_or(text);
    (cut(before), cut(after))
}

/// Writes beside the file and renames, so that a full disk cannot leave half a report. A link stays a link, and who may
/// read the file stays as it was.
fn replace(file: &std::path::Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let target = std::fs::canonicalize(file).with_context(|| format!("cannot find {}", file.display()))?;
    let mut beside = target.clone().into_os_string();
    beside.push(format!(".{}.fupan-new", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = || -> std::io::Result<()> {
        let mut new = std::fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
        new.set_permissions(std::fs::metadata(&target)?.permissions())?;
        new.write_all(text.as_bytes())?;
        new.sync_all()?;
        std::fs::rename(&beside, &target)
    };
    written()
        .inspect_err(|_| drop(std::fs::remove_file(&beside)))
        .with_context(|| format!("cannot replace {}", target.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_found_between_the_lines_that_are_the_same() {
        let signs = |before: &str, after: &str| -> Vec<String> {
            diff(before, after).into_iter().map(|(sign, line)| format!("{sign}{line}")).collect()
        };
        assert_eq!(signs("一\n二\n三\n", "一\n二\n三\n"), Vec::<String>::new());
        assert_eq!(signs("一\n二\n三\n", "一\n贰\n三\n"), ["-二", "+贰"]);
        // 二 and 丌 begin with the same bytes: a cut between letters would be none.
        assert_eq!(signs("一\n丌\n三", "一\n三"), ["-丌"]);
        assert_eq!(signs("三\n", "一\n二\n三\n"), ["+一", "+二"]);
        assert_eq!(signs("一\n一\n", "一\n"), ["-一"]);
        assert_eq!(signs("一\n二", "一\n二\n三"), ["-二", "+二", "+三"]);
        assert_eq!(signs("", "一\n"), ["+一"]);
    }
}
