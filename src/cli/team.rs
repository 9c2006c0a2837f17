//! `fupan team`.

use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::team::TeamFields,
    service::{
        accounts,
        teams::{self, Team, TeamPatch},
    },
};

/// 团队：负责业务和事件的份额。 Teams: they answer for services and for shares of events.
#[derive(Debug, Subcommand)]
pub(super) enum TeamCommand {
    /// 列出团队。 The teams by name.
    List,
    /// 新增团队。 Make a team.
    Add {
        /// 名称。 Its name.
        name: String,
        /// 组长的邮箱。 E-mail of the account that leads it.
        #[arg(long)]
        lead: Option<String>,
        /// 成员的邮箱，可写几次。 E-mail of a member; may be repeated.
        #[arg(long = "member")]
        members: Vec<String>,
    },
    /// 修改团队。 Change a team.
    Edit {
        /// 名称。 Its name.
        name: String,
        /// 新名称。 A new name.
        #[arg(long)]
        rename: Option<String>,
        /// 组长的邮箱，空着为未指定。 E-mail of the account that leads it; empty for nobody.
        #[arg(long)]
        lead: Option<String>,
        /// 成员的邮箱，可写几次，代替原来的成员。 E-mail of a member; may be repeated, and replaces the members.
        #[arg(long = "member")]
        members: Vec<String>,
    },
    /// 归档团队：历史保留，不再分配。 Archive a team: it keeps its past and gets nothing new.
    Archive {
        /// 名称。 Its name.
        name: String,
    },
    /// 恢复归档的团队。 Take an archived team back into use.
    Restore {
        /// 名称。 Its name.
        name: String,
    },
}

pub(super) async fn run(session: &Session, command: TeamCommand) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let done = match command {
        TeamCommand::List => return list(session).await,
        TeamCommand::Add { name, lead, members } => {
            let fields = TeamFields {
                name,
                lead: account(session, lead.as_deref()).await?,
                members: people(session, &members).await?,
                archived: false,
            };
            teams::create(app, actor, fields).await?
        }
        TeamCommand::Edit { name, rename, lead, members } => {
            let lead = match lead.as_deref() {
                None => None,
                Some(email) => Some(account(session, Some(email)).await?),
            };
            let members = if members.is_empty() { None } else { Some(people(session, &members).await?) };
            let patch = TeamPatch { name: rename, lead, members, archived: None };
            change(session, &name, patch).await?
        }
        TeamCommand::Archive { name } => {
            change(session, &name, TeamPatch { archived: Some(true), ..TeamPatch::default() }).await?
        }
        TeamCommand::Restore { name } => {
            change(session, &name, TeamPatch { archived: Some(false), ..TeamPatch::default() }).await?
        }
    };
    let archived = if done.fields.archived { "（已归档 archived）" } else { "" };
    say(&format!("团队 team: {}{archived}", done.fields.name));
    Ok(())
}

async fn change(session: &Session, name: &str, patch: TeamPatch) -> anyhow::Result<Team> {
    let team = teams::find(&session.app, &session.actor, name).await?;
    Ok(teams::update(&session.app, &session.actor, team.id, team.version, patch).await?)
}

async fn account(session: &Session, email: Option<&str>) -> anyhow::Result<Option<Uuid>> {
    match email.map(str::trim).filter(|email| !email.is_empty()) {
        None => Ok(None),
        Some(email) => Ok(Some(accounts::named(&session.app, &session.actor, "lead", email).await?.id)),
    }
}

async fn people(session: &Session, emails: &[String]) -> anyhow::Result<Vec<Uuid>> {
    Ok(accounts::all_named(&session.app, &session.actor, "members", emails).await?)
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let all = teams::all(&session.app, &session.actor).await?;
    let people = accounts::owners(&session.app, &session.actor).await?;
    let name = |id: Uuid| people.iter().find(|(have, _)| *have == id).map_or("-", |(_, name)| name.as_str());
    if session.json {
        let rows: Vec<_> = all
            .iter()
            .map(|team| {
                json!({
                    "id": team.id, "name": team.fields.name, "lead": team.fields.lead.map(name),
                    "members": team.fields.members.iter().map(|id| name(*id)).collect::<Vec<_>>(),
                    "archived": team.fields.archived, "version": team.version,
                })
            })
            .collect();
        data(&json!({"data": rows}).to_string());
        return Ok(());
    }
    for team in &all {
        let fields = &team.fields;
        let members: Vec<&str> = fields.members.iter().map(|id| name(*id)).collect();
        let state = if fields.archived { "已归档" } else { "在用" };
        data(&format!("{}\t{}\t{}\t{state}", fields.name, fields.lead.map_or("-", name), members.join("、")));
    }
    if all.is_empty() {
        say("还没有团队 no teams yet：fupan team add 支付");
    }
    Ok(())
}
