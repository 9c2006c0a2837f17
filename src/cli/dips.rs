//! `fupan figures dips`: drops that are proposed as events.

use clap::Subcommand;
use uuid::Uuid;

use super::{
    Session,
    out::{data, say},
    timeline::number_of,
};
use crate::{
    service::{ServiceError, dips},
    web::api::dips as api,
};

/// 指标骤降：程序提出，由人采纳、并入或忽略。 Drops of indicators: proposed by the program, decided by people.
#[derive(Debug, Subcommand)]
pub(super) enum Dips {
    /// 列出骤降，最近的在前。 The drops, the latest first.
    List {
        /// proposed（默认）、accepted、merged 或 dismissed。 proposed by default.
        #[arg(long)]
        state: Option<String>,
    },
    /// 采纳为事件。 Make an event of one.
    Accept {
        /// 骤降的编号。 Its id.
        id: Uuid,
        /// 等级，默认未定级。 A level; by default ungraded.
        #[arg(long)]
        severity: Option<String>,
    },
    /// 并入已有的事件。 Put one to an event that is there.
    Merge {
        /// 骤降的编号。 Its id.
        id: Uuid,
        /// PE-1.
        event: String,
    },
    /// 忽略：不是事件。 Say that one is no event.
    Dismiss {
        /// 骤降的编号。 Its id.
        id: Uuid,
        /// 理由。 Why.
        #[arg(long)]
        reason: String,
    },
}

pub(super) async fn run(session: &Session, command: Dips) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    match command {
        Dips::List { state } => {
            dips::watch(app).await?;
            let state = api::state(state.as_deref()).map_err(ServiceError::from)?;
            let mut before = None;
            let mut bodies = Vec::new();
            loop {
                let page = dips::page(app, actor, state, before, dips::PAGE_LIMIT).await?;
                before = page.last().map(|last| (last.dip.found_at, last.dip.id));
                let more = page.len() as u64 == dips::PAGE_LIMIT;
                bodies.extend(page.iter().map(|proposal| api::body(app, proposal)));
                if !more {
                    break;
                }
            }
            if session.json {
                data(&serde_json::to_string(&serde_json::json!({"data": bodies, "next_cursor": null}))?);
                return Ok(());
            }
            if bodies.is_empty() {
                say("没有 none");
            }
            for body in &bodies {
                data(&api::line(body));
            }
        }
        Dips::Accept { id, severity } => {
            let event = dips::accept(app, actor, id, severity).await?;
            data(&if session.json {
                crate::web::api::event_json(app, &event).to_string()
            } else {
                format!("{} {}", event.label(), event.fields.narrative)
            });
        }
        Dips::Merge { id, event } => {
            let event = dips::merge(app, actor, id, number_of(&event)?).await?;
            say(&format!("并入 merged into {}", event.label()));
        }
        Dips::Dismiss { id, reason } => {
            dips::dismiss(app, actor, id, &reason).await?;
            say("已忽略 dismissed");
        }
    }
    Ok(())
}
