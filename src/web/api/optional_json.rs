//! A JSON body that may be left out.

use std::pin::Pin;

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::header, web};
use serde::de::DeserializeOwned;

/// The body, or none where none was sent. What was sent and cannot be read is refused as any other body is; actix's own
/// `Option<Json<T>>` takes it for none.
#[derive(Debug)]
pub struct OptionalJson<T>(pub Option<T>);

impl<T: DeserializeOwned + 'static> FromRequest for OptionalJson<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let length = request.headers().get(header::CONTENT_LENGTH).map(header::HeaderValue::as_bytes);
        let nothing = length.is_none_or(|length| length == b"0") && !request.chunked().unwrap_or(true);
        if nothing {
            return Box::pin(async { Ok(Self(None)) });
        }
        let body = web::Json::<T>::from_request(request, payload);
        Box::pin(async move { Ok(Self(Some(body.await?.into_inner()))) })
    }
}
