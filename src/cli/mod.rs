//! What people type. `stdout` is data, `stderr` is words.

mod action;
mod add;
mod analytics;
mod audit;
mod board;
mod calendar;
mod dips;
mod event;
mod event_costs;
mod events;
mod figures;
mod grade;
mod hand_counts;
mod history;
mod import;
mod indicators;
mod keys;
mod mailing;
mod meeting;
mod notifiers;
mod openslo;
mod out;
mod outbox;
mod parse;
mod pm;
mod policy;
mod publish;
mod reminders;
mod report;
mod section_diff;
mod services;
mod sources;
mod style;
mod team;
mod timeline;
mod user;
mod worker;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand};

use crate::{
    domain::actor::Actor,
    i18n::problems,
    runtime::{build, lifecycle, system::FixedClock, telemetry},
    service::{
        App, ServiceError,
        audit_chain::{self, Reach},
        ports::Clock,
    },
    settings::{self, Settings, SettingsError},
};
use out::{data, say};

/// 复盘台：生产事件、指标、复盘与周报。 A tracker of production events.
#[derive(Debug, Parser)]
#[command(name = "fupan", version)]
struct Arguments {
    /// 设置文件，默认 fupan.toml（存在时）。 Settings file; by default fupan.toml, where it exists.
    #[arg(long, global = true, env = "FUPAN_CONFIG")]
    config: Option<PathBuf>,
    /// 以 JSON 输出数据。 Data as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 启动服务（默认）。 Run the service (the default).
    Serve {
        /// 带一年的演示数据，用单独的数据库。 With a year of demo data in a database of its own.
        #[arg(long)]
        demo: bool,
        /// 地址和端口。 Address and port.
        #[arg(long)]
        bind: Option<String>,
    },
    /// 读一行并登记事件。 Read a line and save the event.
    Add(add::Add),
    /// 事件：查看、修改、标记、关联、删除、恢复、撤销。 Events: show, change, mark, relate.
    #[command(subcommand)]
    Event(event::Event),
    /// 查找事件，或批量修改。 Find events, or change many: fupan events "提现 severity:C" --set add-tag=大促.
    #[command(visible_alias = "search")]
    Events(events::Events),
    /// 保存的视图：列出、保存、删除。 Saved views: list, save, remove.
    #[command(subcommand)]
    View(events::View),
    /// 重建全部事件的搜索索引。 Index all events for the search anew.
    Reindex,
    /// 只读周报文件，不保存。 Read report files without saving: NAME.json in the shape of the corpus.
    Parse(parse::Parse),
    /// 导入周报或别处的数据。 Import a weekly report.
    Import(import::Import),
    /// 打印一周的两节，或写进文件。 Print a week's two sections, or put them into a document.
    Report(report::Report),
    /// 团队的周报样式：从旧周报学来、查看、设置。 The styles of teams: derived from an old report, shown, set.
    #[command(subcommand)]
    Style(style::Style),
    /// 周报邮件。 The weekly report by mail.
    #[command(subcommand)]
    Mailing(mailing::MailingCommand),
    /// 指标：计算算例、指标定义、分钟样本。 Figures: compute a case, indicators, samples per minute.
    #[command(subcommand)]
    Figures(figures::Figures),
    /// 复盘：列出、指派、流转。 Postmortems: list, assign, move on.
    #[command(subcommand)]
    Pm(pm::Pm),
    /// 一起事件的变更记录。 Who changed what of an event.
    History(history::History),
    /// 已删除的事件。 The deleted events.
    Deleted(history::Deleted),
    /// 恢复已删除的事件。 Bring a deleted event back.
    Restore(history::Restore),
    /// 业务线和组件。 Business lines and components that events affect.
    #[command(subcommand)]
    Service(services::Services),
    /// 通知方式：飞书、钉钉、企业微信、Slack、Webhook。 Notifiers: where messages go besides mail.
    #[command(subcommand)]
    Notifier(notifiers::NotifierCommand),
    /// 发件箱：等待、发出、被拒绝的邮件和群消息。 The outbox: mails and messages that wait, went, or were refused.
    #[command(subcommand)]
    Outbox(outbox::OutboxCommand),
    /// 提醒：预览规则、延后、停止、恢复。 Reminders: what the policy would do, put off, stop, resume.
    #[command(subcommand)]
    Remind(reminders::RemindCommand),
    /// 工作日历：法定节假日、调休、公司和团队自己的日子。 Working days: official ones, the company's, those of teams.
    #[command(subcommand)]
    Calendar(calendar::CalendarCommand),
    /// 检查隐患和补救办法，有风险时退出码 7。 What may go wrong, with remedies; exit code 7 where something is risky.
    Doctor,
    /// 定级：看建议、定级、改定级。 The grade of an event: what is proposed, give it, regrade it.
    Grade(grade::Grade),
    /// 定责：哪些团队负责一起事件。 Which teams answer for an event.
    Share(grade::Share),
    /// 一起事件离监管门槛多远。 How far an event is from the thresholds of regulators.
    Thresholds(grade::Thresholds),
    /// 一段时间里各团队、各等级的次数。 Events per team and level of a period.
    Counts(grade::Counts),
    /// 团队。 Teams.
    #[command(subcommand)]
    Team(team::TeamCommand),
    /// 规则：等级、定级规则、监管门槛。 Policies: levels, grading rules, thresholds.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// 分析。 Times and ratios of a period, whole and by group.
    Analytics(analytics::Analytics),
    /// 改进项。 Action items: write down, list, edit, move on.
    #[command(subcommand)]
    Action(action::ActionCommand),
    /// 事件的时间线：列出、补记、修改、删除、标星。 The timeline of an event: list, add, edit, rm, star.
    Timeline(timeline::Timeline),
    /// 审计：列出、检查哈希链、打印链头。 The audit log: list it, verify its hash chain, print its head.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// 密钥：数据库里的密钥怎样保存、更换加密用的钥匙。 The key that secrets in the database are sealed with.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// 账号。 Accounts.
    #[command(subcommand)]
    User(user::User),
    /// 接口令牌。 API tokens.
    #[command(subcommand)]
    Token(user::Token),
    /// 安排提醒，发出到期的。 Plan reminders and send what is due.
    Worker(worker::WorkerCommand),
    /// 把数据库结构升到最新。 Bring the database's schema up to date.
    Migrate,
    /// 设置。 Settings.
    #[command(subcommand)]
    Config(Config),
    /// 问运行中的服务是否正常。 Ask a running service whether it is well.
    Health,
    /// 打印 OpenAPI 文档。 Print the OpenAPI document.
    Openapi,
}

#[derive(Debug, Subcommand)]
enum Config {
    /// 打印每项设置和它的来源。 Print each setting and where it came from.
    Check,
}

/// Exit codes (DESIGN section 8).
pub(crate) const FAILED: u8 = 1;
const USAGE: u8 = 2;
const SIGN_IN: u8 = 4;
const NOT_FOUND: u8 = 5;
const CONFLICT: u8 = 6;
pub(crate) const CHECK_FOUND: u8 = 7;

/// What a command leaves with: an exit code of its own.
#[derive(Debug, thiserror::Error)]
#[error("")]
pub(crate) struct Exit(pub u8);

/// Runs the command line.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A second provider cannot be there yet: this is the first thing the program does.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("fupan: cannot start: {error}"));
            return ExitCode::from(FAILED);
        }
    };
    match runtime.block_on(run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(exit) = error.downcast_ref::<Exit>() {
                return ExitCode::from(exit.0);
            }
            match error.downcast_ref::<ServiceError>() {
                Some(refused) => {
                    say(&format!("fupan: {} ({})", problems::chinese(refused), sentence(&error)));
                    if let ServiceError::Unanswered { facts, reason_helps } = refused {
                        pm::ask(facts, *reason_helps);
                    }
                }
                None => say(&format!("fupan: {}", sentence(&error))),
            }
            ExitCode::from(code(&error))
        }
    }
}

/// The chain of causes as one sentence, without repeating itself.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let words = cause.to_string();
        if !text.contains(&words) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&words);
        }
    }
    text
}

fn code(error: &anyhow::Error) -> u8 {
    if error.downcast_ref::<SettingsError>().is_some() {
        return USAGE;
    }
    match error.downcast_ref::<ServiceError>() {
        Some(ServiceError::NotFound(_)) => NOT_FOUND,
        Some(ServiceError::Invalid(_) | ServiceError::Foreign(_) | ServiceError::Query(_)) => USAGE,
        Some(
            ServiceError::SignInNeeded
            | ServiceError::SecondFactorNeeded
            | ServiceError::TooMany { .. }
            | ServiceError::Forbidden { .. },
        ) => SIGN_IN,
        Some(ServiceError::Conflict(_) | ServiceError::Unanswered { .. } | ServiceError::Stale { .. }) => CONFLICT,
        _ => FAILED,
    }
}

/// What commands work with.
pub(crate) struct Session {
    pub app: App,
    pub actor: Actor,
    pub json: bool,
    pub settings: Settings,
}

async fn session(settings: Settings, json: bool, now: Option<DateTime<Utc>>) -> anyhow::Result<Session> {
    let clock = now.map(|now| Arc::new(FixedClock(now)) as Arc<dyn Clock>);
    let app = build::app(&settings, clock, false).await?;
    Ok(Session { app, actor: Actor::local_operator(), json, settings })
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let (mut settings, origins) = settings::load(std::env::vars(), arguments.config.as_deref())?;
    let json = arguments.json;
    match arguments.command.unwrap_or(Command::Serve { demo: false, bind: None }) {
        Command::Serve { demo, bind } => {
            telemetry::start(&settings.log);
            if let Some(bind) = bind {
                settings.http.bind = bind;
            }
            let folder = demo.then(|| std::env::temp_dir().join(format!("fupan-demo-{}", std::process::id())));
            if let Some(folder) = &folder {
                settings.database_url = Some(format!("sqlite:{}", folder.join("demo.db").display()));
            }
            let app = build::app(&settings, None, demo).await?;
            if demo {
                crate::service::demo::fill(&app).await?;
            }
            if !demo {
                let values = origins.iter().map(|origin| (origin.key.clone(), origin.value.clone())).collect();
                crate::service::audit_log::settings_read(&app, values).await?;
            }
            let served = lifecycle::serve(&settings, app, &say).await;
            if let Some(folder) = folder {
                // The demo leaves nothing behind; a folder that cannot be removed does no harm.
                let _ = std::fs::remove_dir_all(folder);
            }
            served
        }
        Command::Parse(parse) => parse::run(&parse, settings.zone),
        Command::Config(Config::Check) => {
            for origin in &origins {
                data(&format!("{} = {}  ({})", origin.key, origin.value, origin.from));
            }
            data(&format!("database = {}", settings.shown_database()));
            data(&format!("http.bind = {}", settings.http.bind));
            data(&format!("zone = {}", settings.zone));
            say("everything else stands at its default");
            Ok(())
        }
        Command::Figures(figures::Figures::Compute { file }) => figures::compute(file),
        Command::Openapi => {
            data(&crate::web::api::openapi_json());
            Ok(())
        }
        Command::Health => health(&settings).await,
        command => {
            let now = match &command {
                Command::Worker(worker) => worker.now,
                _ => None,
            };
            if matches!(command, Command::Worker(_)) {
                telemetry::start(&settings.log);
            }
            let session = session(settings, json, now).await?;
            let done = match command {
                Command::Add(add) => add::run(&session, add).await,
                Command::Event(command) => Box::pin(event::run(&session, command)).await,
                Command::Events(events) => events::run(&session, events).await,
                Command::View(view) => events::run_view(&session, view).await,
                Command::Reindex => events::reindex(&session).await,
                Command::Import(import) => import::run(&session, import).await,
                Command::Report(report) => report::run(&session, report).await,
                Command::Style(style) => style::run(&session, style).await,
                Command::Mailing(mailing) => mailing::run(&session, mailing).await,
                Command::Pm(pm) => pm::run(&session, pm).await,
                Command::History(history) => history::run(&session, history).await,
                Command::Deleted(deleted) => history::deleted(&session, deleted).await,
                Command::Restore(restore) => history::restore(&session, restore).await,
                Command::Service(command) => services::run(&session, command).await,
                Command::Notifier(command) => Box::pin(notifiers::run(&session, command)).await,
                Command::Outbox(command) => Box::pin(outbox::run(&session, command)).await,
                Command::Remind(command) => Box::pin(reminders::run(&session, command)).await,
                Command::Calendar(command) => Box::pin(calendar::run(&session, command)).await,
                Command::Doctor => calendar::doctor(&session).await,
                Command::Figures(figures) => Box::pin(figures::run(&session, figures)).await,
                Command::Grade(grade) => grade::run(&session, grade).await,
                Command::Share(share) => grade::share(&session, share).await,
                Command::Thresholds(thresholds) => grade::thresholds(&session, thresholds).await,
                Command::Counts(counts) => grade::counts(&session, counts).await,
                Command::Team(team) => team::run(&session, team).await,
                Command::Policy(policy) => policy::run(&session, policy).await,
                Command::Analytics(asked) => analytics::run(&session, asked).await,
                Command::Action(action) => action::run(&session, action).await,
                Command::Timeline(timeline) => timeline::run(&session, timeline).await,
                Command::Audit(command) => Box::pin(audit::run(&session, command)).await,
                Command::Keys(command) => keys::run(&session, command).await,
                Command::User(user) => user::run(&session, user).await,
                Command::Token(token) => user::run_token(&session, token).await,
                Command::Worker(worker) => worker::run(&session, worker).await,
                _ => {
                    say(&format!("the schema of {} is up to date", session.app.store.product()));
                    Ok(())
                }
            };
            if session.app.store.has_audited()
                && let Err(error) = audit_chain::chain(&session.app, Reach::Latest).await
            {
                tracing::warn!(%error, "what this command wrote is chained in the audit log by the next worker");
            }
            session.app.store.close().await?;
            done
        }
    }
}

async fn health(settings: &Settings) -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let port = settings.http.bind.rsplit(':').next().unwrap_or("8080");
    let address = format!("127.0.0.1:{port}");
    let asked = tokio::time::timeout(std::time::Duration::from_secs(3), async {
        let mut stream = tokio::net::TcpStream::connect(&address).await?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    })
    .await;
    match asked {
        Ok(Ok(answer)) if answer.starts_with("HTTP/1.1 200") => Ok(()),
        _ => anyhow::bail!("no healthy answer from http://{address}/healthz"),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    use super::Arguments;

    fn walk(command: &Command, path: &str, wrong: &mut Vec<String>) {
        let chinese = |text: &str| text.starts_with(|c: char| !c.is_ascii());
        for argument in command.get_arguments().filter(|one| !matches!(one.get_id().as_str(), "help" | "version")) {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let label = matches!(help.as_str(), "PE-1" | "PE-22" | "AI-1");
            if help.is_ascii() && !label {
                wrong.push(format!("{path} {}: {help}", argument.get_id()));
            }
        }
        for one in command.get_subcommands().filter(|one| one.get_name() != "help") {
            let about = one.get_about().map(ToString::to_string).unwrap_or_default();
            let path = format!("{path} {}", one.get_name());
            if !chinese(&about) || !about.contains(|c: char| c.is_ascii_alphabetic()) {
                wrong.push(format!("{path}: {about}"));
            }
            walk(one, &path, wrong);
        }
    }

    #[test]
    fn every_command_and_option_is_told_in_chinese_first_and_in_english() {
        let mut wrong = Vec::new();
        walk(&Arguments::command(), "fupan", &mut wrong);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
