//! What forms have in common: what an empty field means, percentages as people type them, and which refusals a page shows.

use actix_web::http::StatusCode;

use crate::{
    domain::{checked::FieldError, report::reading::Decimal},
    service::ServiceError,
};

/// A text as typed; nothing where only blanks stand in it.
pub(super) fn some(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A percentage as typed, with its sign or without.
pub(super) fn percentage(field: &'static str, text: &str) -> Result<Decimal, FieldError> {
    Decimal::parse(field, text.trim().trim_end_matches(['%', '％']))
}

/// The status of a refusal that the form's page shows; others are passed on.
pub(super) fn refused(error: ServiceError) -> Result<(StatusCode, ServiceError), ServiceError> {
    match error {
        ServiceError::Invalid(_) => Ok((StatusCode::UNPROCESSABLE_ENTITY, error)),
        ServiceError::Stale { .. } | ServiceError::Conflict(_) => Ok((StatusCode::CONFLICT, error)),
        other => Err(other),
    }
}
