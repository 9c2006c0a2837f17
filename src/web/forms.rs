//! The token of the session in every form: put there by the gate, asked for by the gate, seen by no page and no handler.
//!
//! Cross-site requests are refused by what browsers say of them (`gate::same_origin`); the token holds where a browser says
//! nothing or something of this site was made to speak for another.

use actix_web::{
    HttpMessage as _,
    dev::{Payload, ServiceRequest},
    error::PayloadError,
    http::header,
    web::{Bytes, BytesMut},
};
use futures_util::{StreamExt as _, stream};

/// Name of the field.
pub const FIELD: &str = "csrf";

/// Name of the header that scripts send instead.
pub const HEADER: &str = "x-csrf-token";

/// How much of a body is looked at for the field: a whole form, or the head of an upload.
const WHOLE_FORM: usize = 2 * 1024 * 1024;
const HEAD_OF_UPLOAD: usize = 64 * 1024;
/// How much more has to come before the head of an upload is looked through again.
const STRIDE: usize = 1024;

/// A page with the token in each form that posts, and at the top for scripts.
pub fn with_token(html: &str, token: &str) -> String {
    let mut page = String::with_capacity(html.len() + 1_024);
    let mut rest = html;
    if let Some(at) = rest.find("<head>") {
        let (head, behind) = rest.split_at(at + "<head>".len());
        page.push_str(head);
        page.push_str(&format!("\n<meta name=\"{FIELD}\" content=\"{token}\">"));
        rest = behind;
    }
    while let Some(at) = rest.find("<form") {
        let (before, form) = rest.split_at(at);
        page.push_str(before);
        let Some(end) = end_of_tag(form) else {
            rest = form;
            break;
        };
        let (tag, behind) = form.split_at(end);
        page.push_str(tag);
        if tag.contains("method=\"post\"") {
            page.push_str(&format!("<input type=\"hidden\" name=\"{FIELD}\" value=\"{token}\">"));
        }
        rest = behind;
    }
    page.push_str(rest);
    page
}

/// Where a tag ends: behind the first `>` that stands in no quotes.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return Some(at + 1),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// What a request brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brought {
    /// The token of the session.
    Token,
    /// None, or that of another session.
    Another,
    /// More than a form may hold, and no token in it.
    TooMuch,
}

impl Brought {
    const fn of(good: bool) -> Self {
        if good { Self::Token } else { Self::Another }
    }
}

/// Whether a request that changes something brings the token. The field is taken out of the body, which stays as it was
/// otherwise; of an upload only the head is waited for.
pub async fn look(request: &mut ServiceRequest, token: &str) -> Brought {
    if let Some(sent) = request.headers().get(HEADER) {
        return Brought::of(same(sent.as_bytes(), token.as_bytes()));
    }
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let urlencoded = media.starts_with("application/x-www-form-urlencoded");
    let boundary = media.strip_prefix("multipart/form-data").and_then(boundary);
    let most = match (urlencoded, &boundary) {
        (true, _) => WHOLE_FORM,
        (false, Some(_)) => HEAD_OF_UPLOAD,
        (false, None) => return Brought::Another,
    };
    let mut payload = request.take_payload();
    let mut head = BytesMut::new();
    let mut failure = None;
    let mut looked = 0;
    while head.len() <= most {
        match payload.next().await {
            Some(Ok(bytes)) => head.extend_from_slice(&bytes),
            Some(Err(error)) => {
                failure = Some(error);
                break;
            }
            None => break,
        }
        // The field stands first: nobody waits for the rest of an upload. Not looked for after each of a thousand small pieces.
        if looked > 0 && head.len() < looked + STRIDE {
            continue;
        }
        looked = head.len();
        if boundary.as_ref().is_some_and(|boundary| in_parts(&head, boundary).is_some()) {
            break;
        }
    }
    let found = match &boundary {
        Some(boundary) if !urlencoded => in_parts(&head, boundary),
        _ => in_pairs(&head),
    };
    let (good, left) = match found {
        Some((sent, left)) => (same(&sent, token.as_bytes()), left),
        // A form with the token has it at the top.
        None if urlencoded && head.len() > WHOLE_FORM => return Brought::TooMuch,
        None => (false, head.freeze()),
    };
    let broken = stream::iter(failure.map(Err::<Bytes, PayloadError>));
    let whole = stream::iter([Ok(left)]).chain(broken).chain(payload);
    request.set_payload(Payload::Stream { payload: Box::pin(whole) });
    Brought::of(good)
}

/// Whether two texts are the same, in a time that does not tell where they differ.
fn same(sent: &[u8], token: &[u8]) -> bool {
    sent.len() == token.len() && sent.iter().zip(token).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

fn boundary(parameters: &str) -> Option<String> {
    let value = parameters.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?;
    let value = value.trim_matches('"');
    (!value.is_empty() && value.len() <= 70).then(|| format!("--{value}"))
}

/// The field of a form and the form without it.
fn in_pairs(body: &[u8]) -> Option<(Vec<u8>, Bytes)> {
    let field = [FIELD.as_bytes(), b"="].concat();
    let is_field = |pair: &&[u8]| pair.starts_with(&field);
    let sent = body.split(|byte| *byte == b'&').find(is_field)?.get(field.len()..)?.to_vec();
    let others: Vec<&[u8]> = body.split(|byte| *byte == b'&').filter(|pair| !is_field(pair)).collect();
    // The characters of the token are never percent-encoded by browsers; nothing has to be decoded.
    Some((sent, others.join(&b'&').into()))
}

/// The field of an upload and the upload without it, as far as it has come.
fn in_parts(body: &[u8], boundary: &str) -> Option<(Vec<u8>, Bytes)> {
    let find = |from: usize, what: &[u8]| {
        body.get(from..)?.windows(what.len()).position(|window| window == what).map(|at| from + at)
    };
    let mut at = find(0, boundary.as_bytes())?;
    loop {
        let head = at + boundary.len();
        let head_end = find(head, b"\r\n\r\n")?;
        let end = find(head_end + 4, &[b"\r\n", boundary.as_bytes()].concat())?;
        let named = String::from_utf8_lossy(body.get(head..head_end)?).to_ascii_lowercase();
        if named.contains(&format!("name=\"{FIELD}\"")) && !named.contains("filename") {
            let sent = body.get(head_end + 4..end)?.to_vec();
            let left = [body.get(..at)?, body.get(end + 2..)?].concat();
            return Some((sent, left.into()));
        }
        at = end + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_posts_gets_the_token_and_no_other_does() {
        let page = "<html><head><title>x</title></head><form method=\"get\" action=\"/a\"></form>\
                    <form class=\"a>b\" method=\"post\" action='/b'><input></form><form method=\"post\">";
        let with = with_token(page, "T");
        assert_eq!(with.matches("name=\"csrf\" value=\"T\"").count(), 2);
        assert!(with.contains("action='/b'><input type=\"hidden\" name=\"csrf\" value=\"T\"><input>"));
        assert!(with.contains("<head>\n<meta name=\"csrf\" content=\"T\">"));
        assert_eq!(with_token("<p>nothing</p>", "T"), "<p>nothing</p>");
        assert_eq!(with_token("<form broken", "T"), "<form broken");
    }

    #[test]
    fn the_field_is_found_and_taken_out_of_a_form() {
        let (sent, left) = in_pairs(b"a=1&csrf=T&b=2&csrf=X").unwrap();
        assert_eq!((sent.as_slice(), left.as_ref()), (b"T".as_slice(), b"a=1&b=2".as_slice()));
        assert!(in_pairs(b"a=csrf&xcsrf=T").is_none());
        assert_eq!(in_pairs(b"csrf=T").unwrap().1.as_ref(), b"");
    }

    #[test]
    fn the_field_is_found_and_taken_out_of_an_upload() {
        let file = "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"csrf\"\r\n\r\nname=\"csrf\"\r\n";
        let token = "--B\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nT\r\n";
        for (body, whole) in [
            (format!("{token}{file}--B--\r\n"), true),
            (format!("{file}{token}--B--\r\n"), true),
            (format!("{file}--B--\r\n"), false),
        ] {
            let found = in_parts(body.as_bytes(), "--B");
            assert_eq!(found.is_some(), whole, "{body}");
            if let Some((sent, left)) = found {
                assert_eq!((sent.as_slice(), left.as_ref()), (b"T".as_slice(), format!("{file}--B--\r\n").as_bytes()));
            }
        }
        assert!(in_parts(b"--B\r\nno end", "--B").is_none());
        assert_eq!(boundary("; boundary=\"x y\"").as_deref(), Some("--x y"));
        assert_eq!(boundary("; charset=utf-8"), None);
    }
}
