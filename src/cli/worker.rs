//! `fupan worker`: plan reminders and send what is due.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::Args;
use tokio::sync::{Notify, watch};

use super::{
    Exit, FAILED, Session,
    out::{data, say},
};
use crate::{
    runtime::{build, system::host_name},
    worker,
};

/// 安排提醒，发出到期的。 Plan reminders and send what is due.
#[derive(Debug, Args)]
pub(super) struct WorkerCommand {
    /// 只做一轮。 One round, then leave.
    #[arg(long)]
    once: bool,
    /// 把这个时刻当作现在，与 --once 一起。 Take this time for now, 2024-08-27T10:07:00+08:00; with --once.
    #[arg(long, requires = "once")]
    pub now: Option<DateTime<Utc>>,
}

pub(super) async fn run(session: &Session, command: WorkerCommand) -> anyhow::Result<()> {
    let transport = build::transport(&session.settings, &session.app)?;
    if !command.once {
        let (stop, stopped) = watch::channel(false);
        let app = session.app.clone();
        let work = worker::Worker {
            app,
            transport,
            name: "worker".to_owned(),
            host: host_name(),
            wake: Arc::new(Notify::new()),
        };
        let pulling = tokio::spawn(worker::pulling::run(session.app.clone(), stopped.clone()));
        tokio::spawn(worker::chaining::run(session.app.clone(), stopped.clone()));
        let telling = tokio::spawn(worker::telling::run(session.app.clone(), stopped.clone()));
        let working = tokio::spawn(worker::run(work, stopped));
        tokio::signal::ctrl_c().await?;
        stop.send_replace(true);
        working.await?;
        pulling.await?;
        telling.await?;
        return Ok(());
    }
    let report = worker::run_once(&session.app, transport.as_deref(), "once").await?;
    data(&format!(
        "计划 {} 封（{} 条提醒），周报 {} 封，发出 {}，取消 {}，等待 {}，不可达 {}，退信 {}，群消息 {}，未送达 {}",
        report.planned,
        report.reminders,
        report.report_mails,
        report.sent,
        report.cancelled,
        report.waiting,
        report.unreachable,
        report.dead,
        report.told,
        report.untold
    ));
    if let Some(opens) = report.opens_at {
        say(&format!("提醒时段之外，下次 {}", opens.with_timezone(&session.app.zone).format("%Y-%m-%d %H:%M")));
    }
    if let Some(off) = report.clock_off {
        say(&format!(
            "本机时钟与数据库相差 {} 秒，什么也没有做；校准时钟后再试。 The clock is {} s off the database's; nothing was done",
            off.abs() / 1_000,
            off.abs() / 1_000
        ));
        return Err(Exit(FAILED).into());
    }
    if report.failed > 0 {
        say(&format!(
            "有 {} 处失败，原因见日志；下一轮再试。 {} parts failed; the log says why, the next round tries again",
            report.failed, report.failed
        ));
        return Err(Exit(FAILED).into());
    }
    if transport.is_none() && report.waiting > 0 {
        say("没有配置邮件服务器（FUPAN_SMTP__HOST），邮件留在发件箱里等待");
    }
    if let Some(problem) = &report.last_problem {
        say(problem);
        return Err(Exit(FAILED).into());
    }
    Ok(())
}
