//! `fupan service`: business lines and components.

use clap::Subcommand;
use serde_json::json;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::{checked::FieldError, services::ServiceFields, vocabulary},
    service::{
        ServiceError,
        services::{self, Service, ServiceKind, ServicePatch},
    },
};

/// 业务线和组件。 Business lines and components that events affect.
#[derive(Debug, Subcommand)]
pub(super) enum Services {
    /// 列出，归档的在后。 Those in use by name, then the archived ones.
    List,
    /// 新增。 Add one.
    Add {
        /// 名称。 Its name.
        name: String,
        /// 类型：业务线 或 组件。 business_line or component.
        #[arg(long, default_value = "business_line")]
        kind: String,
        /// 核心，定级时权重更高。 Events on it weigh more when graded.
        #[arg(long)]
        core: bool,
        /// 负责团队。 The team that answers for it.
        #[arg(long)]
        team: Option<String>,
    },
    /// 修改。 Change one.
    Edit {
        /// 名称。 Its name.
        name: String,
        /// 新名称。 Its new name.
        #[arg(long)]
        rename: Option<String>,
        /// 类型：业务线 或 组件。 business_line or component.
        #[arg(long)]
        kind: Option<String>,
        /// 是否核心：true 或 false。 Core or not: true or false.
        #[arg(long)]
        core: Option<bool>,
        /// 负责团队，- 为未指定。 The team that answers for it; - for none.
        #[arg(long)]
        team: Option<String>,
    },
    /// 归档，历史保留。 Offer it no more; its past stays.
    Archive {
        /// 名称。 Its name.
        name: String,
    },
    /// 恢复使用。 Offer it again.
    Restore {
        /// 名称。 Its name.
        name: String,
    },
}

pub(super) async fn run(session: &Session, command: Services) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let changed = |name: String, patch: ServicePatch| async move {
        let service = services::find(app, actor, &name).await?;
        services::update(app, actor, service.id, None, patch).await
    };
    let service = match command {
        Services::List => return list(session).await,
        Services::Add { name, kind, core, team } => {
            let team_id = match team {
                Some(team) => team_of(session, &team).await?,
                None => None,
            };
            let fields = ServiceFields { name, kind: kind_of(&kind)?, core, team_id, archived: false };
            services::create(app, actor, fields).await?
        }
        Services::Edit { name, rename, kind, core, team } => {
            let team_id = match team {
                Some(team) => Some(team_of(session, &team).await?),
                None => None,
            };
            let kind = kind.as_deref().map(kind_of).transpose()?;
            changed(name, ServicePatch { name: rename, kind, core, team_id, archived: None }).await?
        }
        Services::Archive { name } => {
            changed(name, ServicePatch { archived: Some(true), ..ServicePatch::default() }).await?
        }
        Services::Restore { name } => {
            changed(name, ServicePatch { archived: Some(false), ..ServicePatch::default() }).await?
        }
    };
    if session.json {
        data(&value(&service).to_string());
    } else {
        let teams = services::teams(app, actor).await?;
        data(&row(&service, team_name(&teams, &service)));
    }
    Ok(())
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let all = services::all(&session.app, &session.actor).await?;
    if session.json {
        data(&json!({"data": all.iter().map(value).collect::<Vec<_>>()}).to_string());
        return Ok(());
    }
    let teams = services::teams(&session.app, &session.actor).await?;
    for service in &all {
        data(&row(service, team_name(&teams, service)));
    }
    if all.is_empty() {
        say("还没有业务线 no services yet：fupan service add 提现 --core");
    }
    Ok(())
}

/// The name of the team that answers for a service; nothing where there is none.
fn team_name<'a>(teams: &'a [(uuid::Uuid, String)], service: &Service) -> &'a str {
    let team = service.fields.team_id.and_then(|id| teams.iter().find(|(have, _)| *have == id));
    team.map_or("", |(_, name)| name)
}

fn kind_of(code: &str) -> Result<ServiceKind, ServiceError> {
    let kind = vocabulary::SERVICE_KIND.code_of(code).and_then(ServiceKind::from_code);
    Ok(kind.ok_or_else(|| FieldError::shape("service_kind", vocabulary::SERVICE_KIND.remedy()))?)
}

async fn team_of(session: &Session, word: &str) -> anyhow::Result<Option<uuid::Uuid>> {
    if word == "-" {
        return Ok(None);
    }
    let folded = crate::domain::checked::fold(word);
    let teams = services::teams(&session.app, &session.actor).await?;
    let found = teams.iter().find(|(_, name)| crate::domain::checked::fold(name) == folded);
    let missing = || ServiceError::NotFound(format!("team {word}"));
    Ok(Some(found.map(|(id, _)| *id).ok_or_else(missing)?))
}

fn value(service: &Service) -> serde_json::Value {
    json!({
        "id": service.id, "version": service.version, "name": service.fields.name,
        "kind": service.fields.kind.code(), "core": service.fields.core,
        "team_id": service.fields.team_id, "archived": service.fields.archived,
    })
}

fn row(service: &Service, team: &str) -> String {
    let kind = match service.fields.kind {
        ServiceKind::BusinessLine => "业务线",
        ServiceKind::Component => "组件",
    };
    let core = if service.fields.core { "核心" } else { "-" };
    let archived = if service.fields.archived { "\t已归档" } else { "" };
    let team = if team.is_empty() { "-" } else { team };
    format!("{}\t{kind}\t{core}\t{team}{archived}", service.fields.name)
}
