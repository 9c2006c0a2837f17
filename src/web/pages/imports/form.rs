//! What the form of the import page sends: documents, and a word on each row.

use std::{collections::BTreeMap, future::Future, pin::Pin};

use actix_multipart::Multipart;
use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::{StatusCode, header},
    web,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::StreamExt as _;

use crate::{domain::checked::FieldError, service::imports, web::problem::Problem};

/// The most bytes of a form with files: the documents come back with every step, and the rows beside them.
const FORM_LIMIT: usize = 6 * 1024 * 1024;

/// The most fields of a form.
const FIELD_LIMIT: usize = 10_000;

/// The most bytes of all documents of one import.
const DOCUMENTS_LIMIT: usize = 1_536 * 1024;

/// The most documents of one import.
pub(super) const FILE_LIMIT: usize = 60;

/// The most rows of one import.
pub(super) const ROW_LIMIT: usize = 600;

/// The refusal of more than the page can hold.
pub(super) fn too_many() -> FieldError {
    let words = format!(
        "there are more than {FILE_LIMIT} files, {ROW_LIMIT} rows or 1.5 MB; import in parts, or with `fupan import`"
    );
    FieldError::shape("document", words)
}

/// A document as it was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub name: String,
    pub bytes: Vec<u8>,
    /// It was pasted into the page.
    pub pasted: bool,
}

impl Sent {
    /// Name and bytes as one value of a form, which browsers send back unchanged.
    pub fn packed(&self) -> String {
        format!("{}.{}", STANDARD.encode(&self.name), STANDARD.encode(&self.bytes))
    }

    fn unpacked(value: &str) -> Option<Self> {
        let (name, bytes) = value.split_once('.')?;
        let name = String::from_utf8(STANDARD.decode(name).ok()?).ok()?;
        Some(Self { pasted: name.is_empty(), name, bytes: STANDARD.decode(bytes).ok()? })
    }
}

/// The fields of a form, in the order in which they were sent.
#[derive(Debug, Default)]
pub struct Fields {
    /// Name and value.
    texts: Vec<(String, String)>,
    files: Vec<Sent>,
}

impl Fields {
    /// The value of a field; empty where it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.texts.iter().find(|(have, _)| have == name).map_or("", |(_, value)| value)
    }

    /// The documents: those of the step before, uploaded ones, pasted ones.
    pub(super) fn documents(&self) -> Result<Vec<Sent>, FieldError> {
        let mut sent = Vec::new();
        for (name, value) in &self.texts {
            match name.as_str() {
                "packed" => sent.push(Sent::unpacked(value).ok_or_else(|| {
                    FieldError::shape("document", "the form came back incomplete; choose the files again")
                })?),
                "document" if !value.trim().is_empty() => {
                    // Browsers send every line end of a text field as CR LF, whatever was pasted.
                    let plain = value.replace("\r\n", "\n");
                    sent.push(Sent { name: String::new(), bytes: plain.into_bytes(), pasted: true });
                }
                _ => {}
            }
        }
        sent.extend(self.files.iter().cloned());
        let bytes: usize = sent.iter().map(|document| document.bytes.len()).sum();
        if sent.len() > FILE_LIMIT || bytes > DOCUMENTS_LIMIT {
            return Err(too_many());
        }
        Ok(sent)
    }

    /// The first uploaded document, else the pasted one, as text.
    pub fn whole_text(&self) -> Result<String, crate::service::ServiceError> {
        let sent = self.documents()?;
        let first = sent.iter().find(|document| !document.pasted).or_else(|| sent.first());
        Ok(imports::document(first.map(|document| document.bytes.clone()).unwrap_or_default())?)
    }

    /// The words on rows, by the row's name: `0.e.3` is the fourth event of the first document.
    pub(super) fn rows(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut rows: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (name, value) in &self.texts {
            if let Some((row, field)) = name.rsplit_once('.') {
                rows.entry(row.to_owned()).or_default().insert(field.to_owned(), value.clone());
            }
        }
        rows
    }

    async fn of_parts(mut parts: Multipart) -> Result<Self, Problem> {
        let mut fields = Self::default();
        let mut left = FORM_LIMIT;
        while let Some(part) = parts.next().await {
            let mut part = part.map_err(unreadable)?;
            if fields.texts.len() + fields.files.len() >= FIELD_LIMIT {
                return Err(too_many().into());
            }
            let name = part.name().unwrap_or_default().to_owned();
            let file = part.content_disposition().and_then(|said| said.get_filename()).map(str::to_owned);
            let mut bytes = Vec::new();
            while let Some(chunk) = part.next().await {
                let chunk = chunk.map_err(unreadable)?;
                left = left.checked_sub(chunk.len()).ok_or_else(too_large)?;
                bytes.extend_from_slice(&chunk);
            }
            left = left.checked_sub(name.len()).ok_or_else(too_large)?;
            match file {
                // A file field that was left empty comes without a name.
                Some(file) if file.is_empty() && bytes.is_empty() => {}
                Some(file) => fields.files.push(Sent { name: base_name(&file), bytes, pasted: false }),
                None => {
                    let text = imports::document(bytes)?;
                    fields.texts.push((name, text));
                }
            }
        }
        Ok(fields)
    }
}

/// The name without folders; some browsers send them.
fn base_name(name: &str) -> String {
    name.rsplit(['/', '\\']).next().unwrap_or(name).chars().take(255).collect()
}

fn unreadable(error: impl std::fmt::Display) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed", format!("the form cannot be read: {error}"))
}

fn too_large() -> Problem {
    Problem::from(too_many())
}

impl FromRequest for Fields {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if media.is_some_and(|media| media.starts_with("multipart/form-data")) {
            let parts = Multipart::from_request(request, payload);
            return Box::pin(async move { Self::of_parts(parts.await.map_err(unreadable)?).await });
        }
        let form = web::Form::<Vec<(String, String)>>::from_request(request, payload);
        Box::pin(async move {
            let form = form.await.map_err(|error| {
                if error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE {
                    return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is larger than 2 MiB");
                }
                unreadable(error)
            })?;
            Ok(Self { texts: form.into_inner(), files: Vec::new() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_cut_off_the_names_of_uploads() {
        for (sent, kept) in [
            ("w34.md", "w34.md"),
            ("C:\\fakepath\\w34.md", "w34.md"),
            ("../../etc/passwd", "passwd"),
            ("reports/2024\\w34.md", "w34.md"),
            ("/", ""),
            ("周报/第34周.md", "第34周.md"),
        ] {
            assert_eq!(base_name(sent), kept, "{sent}");
        }
        assert_eq!(base_name(&"长".repeat(1_000)).chars().count(), 255);
    }
}
