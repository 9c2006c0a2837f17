//! `fupan figures`.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
};

use anyhow::Context;
use chrono::{DateTime, NaiveDate};
use clap::{Args, Subcommand};
use flate2::bufread::MultiGzDecoder;

use super::{
    CHECK_FOUND, Exit, Session, dips, event_costs, hand_counts, indicators, openslo,
    out::{data, say},
    sources,
};
use crate::{
    domain::{
        checked::FieldError,
        period::Period,
        reliability::{self, Case},
        samples::{
            RefusedRow,
            read::{self, Format, Mapping},
        },
    },
    i18n,
    service::{
        ServiceError, burn_warnings,
        error_budgets::{self, Asked},
        sample_codes, sample_retention,
        samples::{self, Batch, Ingested, NAMED_REFUSALS},
    },
    web::api::samples as api,
};

/// Rows of a file that are stored in one transaction.
const STORED_TOGETHER: usize = 50_000;

/// 可靠性指标：算例、指标、分钟样本。 Figures of the reliability: cases, indicators, samples.
#[derive(Debug, Subcommand)]
pub(super) enum Figures {
    /// 计算一个算例的可用性、成功率、停机、次数和 MTTR（读写 JSON）。 Compute availability, success rates, downtime, incident counts and MTTR of a case (JSON in, JSON out).
    Compute {
        /// 算例，默认标准输入。 The case; by default standard input.
        file: Option<PathBuf>,
    },
    /// 指标：新增、列出、查看、修改、口径、目标。 Indicators: add, list, show, edit, define, objectives.
    #[command(subcommand)]
    Indicator(indicators::IndicatorCommand),
    /// 写入分钟样本：带表头的 CSV、JSON 或 NDJSON，也可 .gz。 Store samples per minute of a file: CSV with a header, JSON or NDJSON, also .gz.
    Push(Push),
    /// 从 Prometheus 兼容的服务拉取样本：设置、查看、去掉。 Pull samples from Prometheus-compatible servers: set, show, list, remove.
    #[command(subcommand)]
    Source(sources::SourceCommand),
    /// 现在就拉取，直到追上现在。 Pull now, up to the present.
    Pull {
        /// 指标的键。 The indicator's key.
        indicator: String,
    },
    /// 手工填写一天或一周的笔数。 Counts of a day or a week written by hand.
    #[command(subcommand)]
    Hand(hand_counts::HandCommand),
    /// 误差预算：允许、已用、剩余、燃烧率。 The error budget of a period: allowed, used, remaining, burn rates.
    Budget {
        /// 指标的键。 The indicator's key.
        indicator: String,
        /// 周期，默认到现在、最长的有目标的窗口。 2026, 2026-08 or 2026-W34; by default the longest window with an objective, up to now.
        #[arg(long)]
        period: Option<String>,
        /// 窗口，代替周期。 week, month, rolling_28d, rolling_30d or year, instead of a period.
        #[arg(long, conflicts_with = "period")]
        window: Option<String>,
        /// 百分比目标，代替指标的目标。 A target in percent, instead of the objective's.
        #[arg(long)]
        target: Option<String>,
    },
    /// 燃烧过快的误差预算。 Error budgets that burn too fast.
    Warnings {
        /// 已关闭的也列出。 Those that closed, too.
        #[arg(long)]
        all: bool,
    },
    /// 事件让指标损失了多少。 What an event cost its indicators.
    Cost {
        /// PE-1.
        event: String,
    },
    /// 把事件和指标关联或断开。 Tie an event to an indicator, or cut it off.
    Link {
        /// PE-1.
        event: String,
        /// 指标的键。 The indicator's key.
        indicator: String,
        /// linked 关联，cut 断开，auto 按受影响的业务。 linked, cut, or auto: as its services say.
        how: String,
    },
    /// 一个周期的指标和影响它的事件。 A figure with the events that moved it.
    Ledger {
        /// 指标的键。 The indicator's key.
        indicator: String,
        /// 2024-W34、2024-08、2024-Q3 或 2024，默认本月。 2024-W34, 2024-08, 2024-Q3 or 2024; by default this month.
        #[arg(long)]
        period: Option<String>,
        /// 第一天，代替周期。 First day, instead of a period.
        #[arg(long)]
        from: Option<NaiveDate>,
        /// 最后一天，默认今天。 Last day; by default today.
        #[arg(long)]
        to: Option<NaiveDate>,
    },
    /// 指标骤降：列出、采纳、并入、忽略。 Drops of indicators: list, accept, merge, dismiss.
    #[command(subcommand)]
    Dips(dips::Dips),
    /// 从 OpenSLO v1 文件（YAML）建立指标和目标；对不上的会说明并略过。 Make indicators and objectives of an OpenSLO v1 file (YAML); what does not map is told and left out.
    ImportOpenslo {
        /// 文件。 The file.
        file: PathBuf,
        /// 只说会建什么，不写入。 Only say what would be made.
        #[arg(long)]
        dry_run: bool,
    },
    /// 一个周期里各返回码的笔数和归属。 How often each response code came in a period, and who is behind it.
    Codes {
        /// 指标的键。 The indicator's key.
        indicator: String,
        /// 2024-W34、2024-08，默认本月，最长 92 天。 2024-W34 or 2024-08; by default this month, at most 92 days.
        #[arg(long)]
        period: Option<String>,
    },
    /// 分钟和小时保留多久，什么会被删除。 How long minutes and hours are kept, and what would go.
    Retention {
        /// 换一个天数看看，不改策略。 Look at another number of days; the policy stays.
        #[arg(long)]
        days: Option<u32>,
    },
    /// 一个周期的合计和比率。 The sums of a period with their rate.
    Totals {
        /// 指标的键。 The indicator's key.
        indicator: String,
        /// 周期，默认本月。 2024-W34, 2024-08, 2024-Q3 or 2024; by default this month.
        #[arg(long)]
        period: Option<String>,
        /// 第一天，代替周期。 First day, instead of a period.
        #[arg(long)]
        from: Option<NaiveDate>,
        /// 最后一天，默认今天。 Last day; by default today.
        #[arg(long)]
        to: Option<NaiveDate>,
    },
}

/// What to store.
#[derive(Debug, Args)]
pub(super) struct Push {
    /// 文件，- 为标准输入。 The file; - is standard input.
    file: PathBuf,
    /// 指标的键。 The indicator's key.
    #[arg(long)]
    indicator: String,
    /// 格式，默认看文件名。 csv, json or ndjson; by default what the name of the file says.
    #[arg(long)]
    format: Option<String>,
    /// 列名看不出含义的列，也可 success、excluded、failed、estimated。 Columns whose names do not tell: --map total=支付笔数 --map time=分钟点. Also success, excluded, failed, estimated.
    #[arg(long)]
    map: Vec<String>,
    /// 有行被拒时仍收下其余的行；默认一行被拒就整份不收。 Store the good rows where others are refused; by default one refused row refuses the file.
    #[arg(long)]
    keep_good: bool,
}

/// Computes a case.
pub(super) fn compute(file: Option<PathBuf>) -> anyhow::Result<()> {
    let (name, text) = if let Some(file) = file.filter(|file| file.as_os_str() != "-") {
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        (file.display().to_string(), text)
    } else {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        ("standard input".to_owned(), text)
    };
    let case: Case = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .with_context(|| format!("{name} is no case of figures"))?;
    let answer = reliability::compute(&case).with_context(|| name)?;
    data(&serde_json::to_string_pretty(&answer)?);
    Ok(())
}

pub(super) async fn run(session: &Session, figures: Figures) -> anyhow::Result<()> {
    match figures {
        Figures::Compute { file } => compute(file),
        Figures::Indicator(command) => indicators::run(session, command).await,
        Figures::Push(command) => push(session, command).await,
        Figures::Source(command) => sources::run(session, command).await,
        Figures::Pull { indicator } => sources::pull(session, &indicator).await,
        Figures::Hand(command) => hand_counts::run(session, command).await,
        Figures::Cost { event } => event_costs::cost(session, &event).await,
        Figures::Link { event, indicator, how } => event_costs::link(session, &event, &indicator, &how).await,
        Figures::Ledger { indicator, period, from, to } => {
            event_costs::ledger(session, &indicator, period.as_deref(), from, to).await
        }
        Figures::Dips(command) => dips::run(session, command).await,
        Figures::ImportOpenslo { file, dry_run } => openslo::run(session, &file, dry_run).await,
        Figures::Warnings { all } => {
            let (app, open) = (&session.app, (!all).then_some(true));
            let found = burn_warnings::page(app, &session.actor, open, None, burn_warnings::PAGE_LIMIT).await?;
            if session.json {
                let body = crate::web::api::burn_warnings::list_body(app, &found, burn_warnings::PAGE_LIMIT);
                data(&serde_json::to_string(&body)?);
                return Ok(());
            }
            for of in &found {
                let (warning, fields) = (&of.warning, &of.indicator.fields);
                let at =
                    DateTime::from_timestamp_millis(warning.opened_at).unwrap_or_default().with_timezone(&app.zone);
                let rate = warning.long.burn_rate(warning.target).map(|rate| rate.to_string()).unwrap_or_default();
                let state = if warning.closed_at.is_some() { "closed" } else { "open" };
                let (window, target, opened) = (warning.window.code(), warning.target, at.format("%Y-%m-%d %H:%M"));
                data(&format!("{}\t{window} {target}%\t{state}\t{opened}\t×{rate}\t{}", fields.key, fields.name));
            }
            if found.is_empty() {
                say("没有燃烧过快的误差预算。 No error budget burns too fast.");
            }
            Ok(())
        }
        Figures::Budget { indicator, period, window, target } => {
            let (app, actor) = (&session.app, &session.actor);
            let found = crate::service::indicators::find(app, actor, &indicator).await?;
            let (period, window, target) = (period.as_deref(), window.as_deref(), target.as_deref());
            let budget = error_budgets::budget(app, actor, &found, Asked { period, window, target }).await?;
            let body = crate::web::api::error_budgets::body(app, &budget);
            data(&if session.json { serde_json::to_string(&body)? } else { serde_json::to_string_pretty(&body)? });
            Ok(())
        }
        Figures::Codes { indicator, period } => {
            let (app, actor) = (&session.app, &session.actor);
            let period = Period::asked(period.as_deref(), None, None, app.today()).map_err(ServiceError::from)?;
            let found = crate::service::indicators::find(app, actor, &indicator).await?;
            let sums = sample_codes::sums(app, actor, &found, period).await?;
            if session.json {
                data(&serde_json::to_string(&api::codes_body(app, sums))?);
                return Ok(());
            }
            for one in &sums.codes {
                data(&format!("{}\t{}\t{}", one.code, one.party.code(), one.count));
            }
            if sums.minutes == 0 {
                say("这段时间没有带返回码的样本。 No sample of that time came with response codes.");
            }
            Ok(())
        }
        Figures::Retention { days } => retention(session, days).await,
        Figures::Totals { indicator, period, from, to } => {
            let (app, actor) = (&session.app, &session.actor);
            let period = Period::asked(period.as_deref(), from, to, app.today()).map_err(ServiceError::from)?;
            let found = crate::service::indicators::find(app, actor, &indicator).await?;
            let sums = api::sums(app, actor, &found, period).await?;
            data(&if session.json { serde_json::to_string(&sums)? } else { serde_json::to_string_pretty(&sums)? });
            Ok(())
        }
    }
}

/// A file that can be read from its beginning more than once.
enum Source {
    File(PathBuf),
    Bytes(Vec<u8>),
}

impl Source {
    fn of(path: &Path) -> anyhow::Result<Self> {
        if path.as_os_str() != "-" {
            return Ok(Self::File(path.to_owned()));
        }
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        Ok(Self::Bytes(bytes))
    }

    fn open(&self) -> anyhow::Result<Box<dyn BufRead + '_>> {
        let mut plain: Box<dyn BufRead + '_> = match self {
            Self::File(path) => {
                let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
                Box::new(BufReader::with_capacity(1 << 18, file))
            }
            Self::Bytes(bytes) => Box::new(bytes.as_slice()),
        };
        let packed = plain.fill_buf().context("cannot read the file")?.starts_with(&[0x1f, 0x8b]);
        Ok(if packed { Box::new(BufReader::new(MultiGzDecoder::new(plain))) } else { plain })
    }
}

fn format_of(path: &Path, word: Option<&str>) -> Result<Format, ServiceError> {
    if let Some(word) = word {
        return Ok(Format::from_word(word)?);
    }
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let ending = name.trim_end_matches(".gz").rsplit_once('.').map(|(_, ending)| ending.to_owned());
    let remedy = || FieldError::shape("format", "choose csv, json or ndjson");
    Ok(Format::from_word(&ending.ok_or_else(remedy)?)?)
}

async fn push(session: &Session, command: Push) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let found = crate::service::indicators::find(app, actor, &command.indicator).await?;
    let open_from = sample_retention::first_open(app, actor, found.indicator.number).await?;
    let format = format_of(&command.file, command.format.as_deref())?;
    let mapping = Mapping::parse(&command.map).map_err(ServiceError::from)?;
    let source = Source::of(&command.file)?;
    let rows = |source| read::rows(format, source, &mapping, app.zone).map_err(ServiceError::from);
    let now = app.now_millis();
    if !command.keep_good {
        // One walk to look, so that a bad row at the end of a long file leaves nothing of it behind.
        let mut looked = Batch { open_from, ..Batch::default() };
        for (row, read) in rows(source.open()?)? {
            looked.add(row, read, now);
            looked.samples.clear();
            looked.codes.clear();
        }
        if looked.refused_count > 0 {
            tell(session, &Ingested::default(), &looked.refused, looked.refused_count)?;
            say("什么也没有写入；改正后再来，或用 --keep-good 只收其余的行。 Nothing was stored.");
            return Err(Exit(CHECK_FOUND).into());
        }
    }
    let mut done = Ingested::default();
    let (mut refused, mut refused_count) = (Vec::new(), 0);
    let mut batch = Batch { open_from, ..Batch::default() };
    let mut rows = rows(source.open()?)?;
    loop {
        let next = rows.next();
        let over = next.is_none();
        if let Some((row, read)) = next {
            batch.add(row, read, now);
        }
        if batch.samples.len() == STORED_TOGETHER || over {
            let (rows, codes) = (std::mem::take(&mut batch.samples), std::mem::take(&mut batch.codes));
            let part = samples::ingest_coded(app, actor, &command.indicator, rows, codes).await?;
            done.accepted += part.accepted;
            done.changed += part.changed;
            done.corrected += part.corrected;
            refused_count += batch.refused_count;
            refused.extend(batch.refused.into_iter().take(NAMED_REFUSALS - refused.len()));
            batch = Batch { open_from, ..Batch::default() };
            if done.accepted % 1_000_000 < part.accepted && !over && done.accepted >= 1_000_000 {
                say(&format!("已写入 {} 行 stored", done.accepted));
            }
        }
        if over {
            break;
        }
    }
    drop(rows);
    // The worker would do it, too: now the next reading is quick at once.
    while samples::tidy(app).await? != samples::Tidied::default() {}
    tell(session, &done, &refused, refused_count)?;
    if refused_count > 0 { Err(Exit(CHECK_FOUND).into()) } else { Ok(()) }
}

fn tell(session: &Session, done: &Ingested, refused: &[RefusedRow], refused_count: usize) -> anyhow::Result<()> {
    if session.json {
        data(&serde_json::to_string(&api::body(done, refused, refused_count))?);
        return Ok(());
    }
    for row in refused {
        say(&format!("第 {} 行：{}（{}）", row.row, i18n::samples::refusal(&row.reason), row.reason));
    }
    if refused_count > refused.len() {
        say(&format!("……共 {refused_count} 行不合要求 refused"));
    }
    data(&format!("写入 {}\t变化 {}\t更正 {}\t拒绝 {refused_count}", done.accepted, done.changed, done.corrected));
    Ok(())
}

/// Tells what is kept of each indicator, and what the policy takes away; nothing is removed here.
async fn retention(session: &Session, days: Option<u32>) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let day = |minute: i32| {
        let at = DateTime::from_timestamp(i64::from(minute) * 60, 0).unwrap_or_default().with_timezone(&app.zone);
        (minute > 0).then(|| at.format("%Y-%m-%d %H:%M").to_string())
    };
    let (mut after, mut rows, mut before) = (None, Vec::new(), None);
    loop {
        let (of_policy, page) = sample_retention::overview(app, actor, days, after.as_deref()).await?;
        before = of_policy.or(before);
        let Some(last) = page.last() else { break };
        after = Some(last.indicator.fields.key.clone());
        rows.extend(page);
    }
    if session.json {
        let body = |one: &sample_retention::Retention| {
            serde_json::json!({
                "indicator": one.indicator.fields.key, "hours": one.held.hours, "bytes": one.held.bytes,
                "old_hours": one.held.old, "stays_hours": one.stays(), "goes_hours": one.goes, "goes_bytes": one.goes_bytes,
                "removed_before": day(one.gone_before),
            })
        };
        let rows: Vec<_> = rows.iter().map(body).collect();
        let all = serde_json::json!({"removes_before": before.and_then(day), "data": rows, "next_cursor": null});
        data(&serde_json::to_string(&all)?);
        return Ok(());
    }
    for one in &rows {
        let gone = day(one.gone_before).unwrap_or_else(|| "-".to_owned());
        let (held, key) = (one.held, &one.indicator.fields.key);
        let (stays, goes, bytes) = (one.stays(), one.goes, one.goes_bytes);
        data(&format!("{key}\t{}\t{}\t{goes}\t{bytes}\t{stays}\t{gone}", held.hours, held.bytes));
    }
    say(&match before.and_then(day) {
        None => {
            "分钟一直保留：策略 figures 的 keep_minutes_days 是 0。 Minutes are kept for ever (keep_minutes_days is 0)."
                .to_owned()
        }
        Some(before) => format!(
            "列：指标、小时数、字节、将删除的小时、将删除的字节、为事件保留的小时、已删除到。{before} 之前的小时由工作进程删除，事件及其基线所用的除外；按天、按月的合计一直在。 \
             Columns: indicator, hours, bytes, hours that go, their bytes, old hours that stay for events, removed up to. The worker removes hours \
             before {before} except those that events are computed from; sums of days and months stay."
        ),
    });
    Ok(())
}
