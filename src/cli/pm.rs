//! `fupan pm`: postmortems.

use chrono::NaiveDate;
use clap::Subcommand;
use uuid::Uuid;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::{checked::FieldError, event, postmortem::PostmortemState},
    service::{
        ServiceError, accounts,
        postmortems::{self, PostmortemChange},
    },
};

/// Postmortems: list, assign, move on.
#[derive(Debug, Subcommand)]
pub(super) enum Pm {
    /// The owed ones, the earliest due date first.
    List,
    /// 看板。 The board: by age in working days, by team, and the trend of the oldest.
    Board(super::board::Board),
    /// Name an owner, or choose a due date.
    Assign {
        /// PE-1.
        event: String,
        /// E-mail of the owner.
        #[arg(long)]
        owner: Option<String>,
        /// Due date, 2024-08-27.
        #[arg(long)]
        due: Option<NaiveDate>,
    },
    /// Owed after all.
    Reopen {
        /// PE-1.
        event: String,
    },
    /// Being written.
    Draft {
        /// PE-1.
        event: String,
    },
    /// Being reviewed.
    Review {
        /// PE-1.
        event: String,
    },
    /// Done.
    Done {
        /// PE-1.
        event: String,
    },
    /// Not required, with a reason.
    Waive {
        /// PE-1.
        event: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

pub(super) async fn run(session: &Session, pm: Pm) -> anyhow::Result<()> {
    let to = |state| PostmortemChange { to: Some(state), ..PostmortemChange::default() };
    let (label, change) = match pm {
        Pm::List => return list(session).await,
        Pm::Board(asked) => return super::board::run(session, asked).await,
        Pm::Assign { event, owner, due } => {
            if owner.is_none() && due.is_none() {
                anyhow::bail!("name --owner EMAIL or --due DATE");
            }
            let owner = match owner {
                Some(email) => Some(Some(accounts::owner_by_email(&session.app, &session.actor, &email).await?.id)),
                None => None,
            };
            (event, PostmortemChange { owner, due_on: due.map(Some), ..PostmortemChange::default() })
        }
        Pm::Reopen { event } => (event, to(PostmortemState::Pending)),
        Pm::Draft { event } => (event, to(PostmortemState::Drafting)),
        Pm::Review { event } => (event, to(PostmortemState::InReview)),
        Pm::Done { event } => (event, to(PostmortemState::Done)),
        Pm::Waive { event, reason } => {
            (event, PostmortemChange { reason: Some(reason), ..to(PostmortemState::NotRequired) })
        }
    };
    let number = event::number_of(&label)
        .ok_or_else(|| ServiceError::from(FieldError::shape("event", format!("“{label}”: write PE-1"))))?;
    let event = postmortems::change(&session.app, &session.actor, number, None, change).await?;
    let due = event.postmortem.due_on.filter(|_| event.postmortem.state.is_owed());
    let due = due.map(|day| format!("，截止 {day}")).unwrap_or_default();
    let people = accounts::owners(&session.app, &session.actor).await?;
    let owner =
        event.postmortem.owner_id.map_or_else(String::new, |id| format!("，负责人 {}", name_of(&people, Some(id))));
    say(&format!("{}：{}{owner}{due}", event.label(), words(event.postmortem.state)));
    Ok(())
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let owed = postmortems::owed(&session.app, &session.actor, None).await?;
    let people = accounts::owners(&session.app, &session.actor).await?;
    if session.json {
        let rows: Vec<serde_json::Value> = owed
            .iter()
            .map(|event| {
                serde_json::json!({
                    "label": event.label(),
                    "title": event.title(),
                    "state": event.postmortem.state.code(),
                    "owner": event.postmortem.owner_id.map(|id| name_of(&people, Some(id))),
                    "due_on": event.postmortem.due_on,
                })
            })
            .collect();
        data(&serde_json::Value::Array(rows).to_string());
        return Ok(());
    }
    for event in &owed {
        let owner = name_of(&people, event.postmortem.owner_id);
        let due = event.postmortem.due_on.map_or_else(|| "-".to_owned(), |day| day.to_string());
        data(&format!("{}\t{due}\t{owner}\t{}\t{}", event.label(), words(event.postmortem.state), event.title()));
    }
    say(&format!("待复盘 {} 项", owed.len()));
    Ok(())
}

fn name_of(people: &[(Uuid, String)], id: Option<Uuid>) -> &str {
    id.and_then(|id| people.iter().find(|(have, _)| *have == id)).map_or("未指定", |(_, name)| name.as_str())
}

const fn words(state: PostmortemState) -> &'static str {
    match state {
        PostmortemState::Undecided => "未定",
        PostmortemState::NotRequired => "免复盘",
        PostmortemState::Pending => "待复盘",
        PostmortemState::Drafting => "撰写中",
        PostmortemState::InReview => "评审中",
        PostmortemState::Done => "已复盘",
    }
}
