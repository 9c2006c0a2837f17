//! What people type. `stdout` is data, `stderr` is words.

mod action;
mod add;
mod analytics;
mod board;
mod event;
mod events;
mod figures;
mod grade;
mod history;
mod import;
mod indicators;
mod mailing;
mod openslo;
mod out;
mod parse;
mod pm;
mod policy;
mod publish;
mod report;
mod services;
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
    service::{App, ServiceError, ports::Clock},
    settings::{self, Settings, SettingsError},
};
use out::{data, say};

/// 复盘台：生产事件、指标、复盘与周报。 A tracker of production events.
#[derive(Debug, Parser)]
#[command(name = "fupan", version, about)]
struct Arguments {
    /// Settings file; by default fupan.toml, where it exists.
    #[arg(long, global = true, env = "FUPAN_CONFIG")]
    config: Option<PathBuf>,
    /// Data as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service (the default).
    Serve {
        /// With a year of demo data in a database of its own.
        #[arg(long)]
        demo: bool,
        /// Address and port.
        #[arg(long)]
        bind: Option<String>,
    },
    /// Read a line and save the event.
    Add(add::Add),
    /// Events: show, change, mark, relate.
    #[command(subcommand)]
    Event(event::Event),
    /// Find events, or change many: fupan events "提现 severity:C" --set add-tag=大促.
    #[command(visible_alias = "search")]
    Events(events::Events),
    /// Saved views: list, save, remove.
    #[command(subcommand)]
    View(events::View),
    /// Index all events for the search anew.
    Reindex,
    /// Read report files without saving: NAME.json in the shape of the corpus.
    Parse(parse::Parse),
    /// Import a weekly report.
    Import(import::Import),
    /// Print a week's two sections, or put them into a document.
    Report(report::Report),
    /// The styles of teams: derived from an old report, shown, set.
    #[command(subcommand)]
    Style(style::Style),
    /// The weekly report by mail.
    #[command(subcommand)]
    Mailing(mailing::MailingCommand),
    /// Figures: compute a case, indicators, samples per minute.
    #[command(subcommand)]
    Figures(figures::Figures),
    /// Postmortems: list, assign, move on.
    #[command(subcommand)]
    Pm(pm::Pm),
    /// Who changed what of an event.
    History(history::History),
    /// The deleted events.
    Deleted,
    /// Bring a deleted event back.
    Restore(history::Restore),
    /// Business lines and components that events affect.
    #[command(subcommand)]
    Service(services::Services),
    /// The grade of an event: what is proposed, give it, regrade it.
    Grade(grade::Grade),
    /// Which teams answer for an event.
    Share(grade::Share),
    /// How far an event is from the thresholds of regulators.
    Thresholds(grade::Thresholds),
    /// Events per team and level of a period.
    Counts(grade::Counts),
    /// Teams.
    #[command(subcommand)]
    Team(team::TeamCommand),
    /// Policies: levels, grading rules, thresholds.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// 分析。 Times and ratios of a period, whole and by group.
    Analytics(analytics::Analytics),
    /// 改进项。 Action items: write down, list, edit, move on.
    #[command(subcommand)]
    Action(action::ActionCommand),
    /// The timeline of an event: list, add, edit, rm, star.
    Timeline(timeline::Timeline),
    /// Accounts.
    #[command(subcommand)]
    User(user::User),
    /// API tokens.
    #[command(subcommand)]
    Token(user::Token),
    /// Plan reminders and send what is due.
    Worker(worker::WorkerCommand),
    /// Bring the database's schema up to date.
    Migrate,
    /// Settings.
    #[command(subcommand)]
    Config(Config),
    /// Ask a running service whether it is well.
    Health,
    /// Print the OpenAPI document.
    Openapi,
}

#[derive(Debug, Subcommand)]
enum Config {
    /// Print each setting and where it came from.
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
                Some(refused) => say(&format!("fupan: {} ({})", problems::chinese(refused), sentence(&error))),
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
        Some(ServiceError::SignInNeeded | ServiceError::TooMany { .. } | ServiceError::Forbidden { .. }) => SIGN_IN,
        Some(ServiceError::Conflict(_) | ServiceError::Stale { .. }) => CONFLICT,
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
                Command::Deleted => history::deleted(&session).await,
                Command::Restore(restore) => history::restore(&session, restore).await,
                Command::Service(command) => services::run(&session, command).await,
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
                Command::User(user) => user::run(&session, user).await,
                Command::Token(token) => user::run_token(&session, token).await,
                Command::Worker(worker) => worker::run(&session, worker).await,
                _ => {
                    say(&format!("the schema of {} is up to date", session.app.store.product()));
                    Ok(())
                }
            };
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
