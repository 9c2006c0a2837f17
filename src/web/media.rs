//! Which media types the bodies of the API have, and how deep JSON may be nested.

use actix_web::{
    dev::ServiceRequest,
    http::{Method, StatusCode, header},
};

use super::problem::Problem;

/// JSON.
pub const JSON: &str = "application/json";

/// A JSON merge patch (RFC 7396): what `PATCH` takes, by its own name.
pub const MERGE_PATCH: &str = "application/merge-patch+json";

/// A list of operations (RFC 6902): JSON that means something else than a merge patch.
const JSON_PATCH: &str = "application/json-patch+json";

/// How deep bodies in JSON may be nested. The deepest that means something, a policy, has less than ten levels.
pub const DEPTH: usize = 32;

/// Samples are pushed here; their format may be said in the address.
pub const SAMPLES: &str = "/api/v1/indicators/{key}/samples";

/// Routes whose body is a file, and the types by which the OpenAPI document names it; the first one is meant where none is sent.
const FILES: [(&str, &[&str]); 4] = [
    (
        "/api/v1/imports",
        &[
            "text/markdown",
            "text/plain",
            "text/csv",
            "text/html",
            "text/xml",
            "text/yaml",
            JSON,
            "application/csv",
            "application/xml",
            "application/atom+xml",
            "application/rss+xml",
            "application/yaml",
            "application/octet-stream",
        ],
    ),
    ("/api/v1/reports:splice", &["text/markdown", "text/plain", "application/octet-stream"]),
    (
        "/api/v1/calendars:import",
        &["text/plain", "text/csv", "text/calendar", JSON, "application/csv", "application/octet-stream"],
    ),
    (
        SAMPLES,
        &[
            JSON,
            "application/x-ndjson",
            "application/ndjson",
            "application/jsonl",
            "text/csv",
            "application/csv",
            "text/tab-separated-values",
        ],
    ),
];

/// The media types that a route takes, as the OpenAPI document says.
pub fn of(method: &str, pattern: &str) -> &'static [&'static str] {
    match FILES.iter().find(|(of, _)| *of == pattern) {
        Some((_, types)) if method == "POST" => types,
        _ if method == "PATCH" => &[JSON, MERGE_PATCH],
        _ => &[JSON],
    }
}

/// The media type of a body without its parameters, in small letters.
fn named(request: &ServiceRequest) -> Option<String> {
    let value = request.headers().get(header::CONTENT_TYPE)?;
    let text = value.to_str().unwrap_or("?");
    Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

fn is_json(media: &str) -> bool {
    media == JSON || media.starts_with("application/") && media.ends_with("+json")
}

fn has_body(request: &ServiceRequest) -> bool {
    let length = request.headers().get(header::CONTENT_LENGTH).map(header::HeaderValue::as_bytes);
    length.is_some_and(|length| length != b"0") || request.headers().contains_key(header::TRANSFER_ENCODING)
}

/// The refusal of a body whose type a route of the API does not take. A form of another site can send a few types without asking;
/// JSON is none of them.
pub fn refused(request: &ServiceRequest, pattern: &str) -> Option<Problem> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || !pattern.starts_with("/api/") || !has_body(request) {
        return None;
    }
    let types = of(request.method().as_str(), pattern);
    let file = types.len() > 2;
    let fits = match named(request) {
        // A file may come without a name of what it is.
        None => file,
        Some(_) if pattern == SAMPLES && request.query_string().split('&').any(|part| part.starts_with("format=")) => {
            true
        }
        Some(media) => {
            types.contains(&media.as_str()) || is_json(&media) && types.contains(&JSON) && media != JSON_PATCH
        }
    };
    let words = || format!("this type of body is not taken here; send Content-Type: {}", types.join(", or "));
    (!fits).then(|| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", words()))
}

/// Whether a request's body is JSON that is read as it comes.
pub fn is_plain_json(request: &ServiceRequest) -> bool {
    let packed = request.headers().get(header::CONTENT_ENCODING);
    let plain = packed.is_none_or(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"));
    plain && named(request).is_some_and(|media| is_json(&media))
}

/// Counts the levels of JSON as its bytes come by: where it is JSON at all, it knows strings and escapes from structure.
#[derive(Debug, Clone, Copy, Default)]
pub struct Levels {
    open: usize,
    string: bool,
    escaped: bool,
}

impl Levels {
    /// Looks at the next bytes; whether they open a level too many.
    pub fn too_deep(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.string => self.escaped = true,
                b'"' => self.string = !self.string,
                _ if self.string => {}
                b'[' | b'{' => {
                    self.open += 1;
                    if self.open > DEPTH {
                        return true;
                    }
                }
                b']' | b'}' => self.open = self.open.saturating_sub(1),
                _ => {}
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_counted_outside_of_strings_however_the_bytes_come() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(!Levels::default().too_deep(deep(DEPTH).as_bytes()));
        assert!(Levels::default().too_deep(deep(DEPTH + 1).as_bytes()));
        assert!(
            !Levels::default().too_deep(deep(DEPTH).repeat(100).as_bytes()),
            "beside each other is not in each other"
        );
        let text = format!(r#"{{"text": "{}\"{}\\", "more": {{}}}}"#, "[".repeat(100), "{".repeat(100));
        assert!(!Levels::default().too_deep(text.as_bytes()), "{text}");
        let hidden = format!(r#"{{"a\\": {}"#, "[".repeat(DEPTH));
        for at in 0..hidden.len() {
            let mut levels = Levels::default();
            let (first, second) = hidden.as_bytes().split_at(at);
            let found = levels.too_deep(first) || levels.too_deep(second);
            assert!(found, "split at {at}");
        }
    }
}
