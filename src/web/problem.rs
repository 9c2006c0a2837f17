//! Problem details (RFC 9457) at the edge of the web.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde_json::json;

use crate::{domain::checked::FieldError, service::ServiceError};

/// A refusal on its way out.
#[derive(Debug)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable code for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: String,
    /// The field it is about.
    pub field: Option<&'static str>,
}

impl Problem {
    /// A refusal.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), field: None }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut body = json!({
            "type": format!("urn:fupan:problem:{}", self.code),
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if let (Some(map), Some(field)) = (body.as_object_mut(), self.field) {
            map.insert("errors".to_owned(), json!([{"field": field, "detail": self.detail}]));
        }
        let mut answer = HttpResponse::build(self.status);
        if self.status == StatusCode::UNAUTHORIZED {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        answer.content_type("application/problem+json").body(body.to_string())
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let detail = error.to_string();
        let (status, code) = match &error {
            ServiceError::Forbidden { .. } => (StatusCode::FORBIDDEN, "forbidden"),
            ServiceError::SignInNeeded => (StatusCode::UNAUTHORIZED, "sign_in_needed"),
            ServiceError::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            ServiceError::Invalid(field) => {
                return Self {
                    status: StatusCode::UNPROCESSABLE_ENTITY,
                    code: "invalid",
                    detail,
                    field: Some(field.field),
                };
            }
            ServiceError::Stale { .. } => (StatusCode::PRECONDITION_FAILED, "stale_version"),
            ServiceError::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            ServiceError::Store(_) | ServiceError::Interrupted(_) => {
                tracing::error!(%error, "a request failed");
                let words = "the service cannot do this now; the log names the cause under the request id";
                return Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", words);
            }
        };
        Self::new(status, code, detail)
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        ServiceError::from(error).into()
    }
}
