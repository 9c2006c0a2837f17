//! Policies over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{needed_version, with_etag},
};
use crate::service::{
    App,
    policies::{self, Policy},
};

/// A policy as it holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyBody {
    /// Its name.
    name: &'static str,
    /// Optimistic lock, the ETag; 0 is the default that nobody changed yet.
    version: i64,
    /// The document.
    #[schema(value_type = Object)]
    document: serde_json::Value,
    /// When it changed last; null for the default.
    changed_at: Option<DateTime<FixedOffset>>,
}

/// All policies.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyList {
    /// By name.
    data: Vec<PolicyBody>,
    /// Always null: all policies are in one list.
    next_cursor: Option<String>,
}

/// A policy to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyChange {
    /// The whole document.
    #[schema(value_type = Object)]
    document: Box<RawValue>,
}

fn body(app: &App, policy: &Policy) -> PolicyBody {
    let at = |at: DateTime<chrono::Utc>| at.with_timezone(&app.zone).fixed_offset();
    PolicyBody {
        name: policy.name,
        version: policy.version,
        document: serde_json::from_str(&policy.document).unwrap_or_default(),
        changed_at: policy.changed_at.and_then(DateTime::from_timestamp_millis).map(at),
    }
}

/// All policies.
pub async fn list(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let all = policies::all(&app, &caller.actor).await?;
    let data = all.iter().map(|policy| body(&app, policy)).collect();
    Ok(HttpResponse::Ok().json(PolicyList { data, next_cursor: None }))
}

/// One policy.
pub async fn read(request: HttpRequest, app: web::Data<App>, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let policy = policies::read(&app, &caller.actor, &name).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), policy.version, &body(&app, &policy)))
}

/// Writes a policy over the one that was read.
pub async fn put(
    request: HttpRequest,
    app: web::Data<App>,
    name: web::Path<String>,
    change: web::Json<PolicyChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let given = needed_version(&request)?;
    let policy = policies::write(&app, &caller.actor, &name, change.document.get(), Some(given)).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), policy.version, &body(&app, &policy)))
}
