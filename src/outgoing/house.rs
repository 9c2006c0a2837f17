//! What the settings say of servers that are the house's own: which certificates they have, and which tokens open them.
//!
//! A token of the settings is bound to its server: whoever may set a source cannot have it sent anywhere else. Its value is read
//! when it is sent, so that a file may be replaced while the service runs, and is kept nowhere.

use std::{fmt, path::Path, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Url;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use secrecy::SecretString;

/// Longest secret, in bytes.
const LONGEST_SECRET: usize = 8_000;

/// Where the value of a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Environment(String),
    File(PathBuf),
}

/// A server and what opens it.
#[derive(Debug, Clone)]
struct ServerToken {
    server: Url,
    /// A name and a password instead of a bearer token.
    basic: bool,
    place: Place,
}

/// What the settings say of servers that are the house's own.
#[derive(Clone, Default)]
pub struct House {
    certificates: Vec<CertificateDer<'static>>,
    tokens: Vec<ServerToken>,
}

impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("House").field("certificates", &self.certificates.len()).field("tokens", &self.tokens).finish()
    }
}

impl House {
    /// Of the settings `outgoing.ca_file`, a file of PEM certificates, and `outgoing.tokens`, entries `SERVER=env:NAME`,
    /// `SERVER=file:PATH`, `SERVER=basic:env:NAME` or `SERVER=basic:file:PATH`. The error names the entry and the remedy, never a
    /// secret.
    pub fn of(ca_file: Option<&Path>, tokens: &[String]) -> Result<Self, String> {
        let certificates = ca_file.map(certificates).transpose()?.unwrap_or_default();
        let tokens = tokens.iter().map(String::as_str).filter(|entry| !entry.trim().is_empty());
        let tokens = tokens.map(server_token).collect::<Result<_, _>>()?;
        Ok(Self { certificates, tokens })
    }

    /// The public certificate authorities and the house's own.
    pub(super) fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for certificate in &self.certificates {
            let added = roots.add(certificate.clone());
            added.map_err(|error| format!("outgoing.ca_file: a certificate cannot be used: {error}"))?;
        }
        Ok(roots)
    }

    /// Whether there is a token for the server of an address.
    pub(super) fn holds(&self, url: &Url) -> bool {
        self.token(url).is_some()
    }

    fn token(&self, url: &Url) -> Option<&ServerToken> {
        self.tokens.iter().find(|token| token.server.origin() == url.origin())
    }

    /// The value of the header `Authorization` for the server of an address, where there is one.
    pub(super) async fn authorization(&self, url: &Url) -> Result<Option<SecretString>, String> {
        let Some(token) = self.token(url) else { return Ok(None) };
        let value = match &token.place {
            Place::Environment(name) => {
                std::env::var(name).map_err(|_| format!("the environment of the service has no {name}"))?
            }
            Place::File(path) => {
                let shown = path.display();
                tokio::fs::read_to_string(path).await.map_err(|error| format!("{shown} cannot be read: {error}"))?
            }
        };
        let value = value.trim_end_matches(['\r', '\n']);
        let good = (1..=LONGEST_SECRET).contains(&value.len());
        if token.basic {
            if !good || !value.contains(':') || value.contains(['\r', '\n']) {
                return Err("it is not one line NAME:PASSWORD".to_owned());
            }
            return Ok(Some(SecretString::from(format!("Basic {}", STANDARD.encode(value)))));
        }
        if !good || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("it is not one line of letters, digits and signs without blanks".to_owned());
        }
        Ok(Some(SecretString::from(format!("Bearer {value}"))))
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |words: String| format!("outgoing.ca_file: {}: {words}", path.display());
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| wrong(format!("a certificate cannot be read: {error}")))?;
    if found.is_empty() {
        return Err(wrong("there is no certificate in PEM in it (-----BEGIN CERTIFICATE-----)".to_owned()));
    }
    Ok(found)
}

fn server_token(entry: &str) -> Result<ServerToken, String> {
    let entry = entry.trim();
    let server = entry.split('=').next().unwrap_or_default().trim();
    // What stands behind the server may be a secret that somebody wrote there by mistake: it is not repeated.
    let shown = server.rsplit('@').next().unwrap_or_default();
    let wrong = || {
        format!(
            "outgoing.tokens: the entry of {shown:?} is not SERVER=env:NAME or SERVER=file:PATH, like \
             https://prometheus.internal=file:/run/secrets/prometheus; basic:file:PATH for NAME:PASSWORD"
        )
    };
    let (_, reference) = entry.split_once('=').ok_or_else(wrong)?;
    let url = Url::parse(server).map_err(|_| wrong())?;
    let bare = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let reference = reference.trim();
    let (basic, reference) = reference.strip_prefix("basic:").map_or((false, reference), |rest| (true, rest));
    let place = match reference.split_once(':') {
        Some(("env", name)) if !name.is_empty() => Place::Environment(name.to_owned()),
        Some(("file", path)) if !path.is_empty() => Place::File(PathBuf::from(path)),
        _ => return Err(wrong()),
    };
    if !bare {
        return Err(wrong());
    }
    Ok(ServerToken { server: url, basic, place })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_token_belongs_to_its_server_and_to_no_other() {
        let house = House::of(None, &["https://prom.internal=env:HOME".to_owned(), String::new()]).unwrap();
        let holds = |url: &str| house.holds(&Url::parse(url).unwrap());
        assert!(holds("https://prom.internal/api/v1/query_range") && holds("https://PROM.internal:443/x"));
        for other in ["http://prom.internal/", "https://prom.internal:9090/", "https://prom.internal.example.com/"] {
            assert!(!holds(other), "{other}");
        }
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_named_without_what_may_be_a_secret() {
        for entry in [
            "https://a=s3cret",
            "https://a=Bearer s3cret",
            "https://a=env:",
            "https://a/x=env:A",
            "a=env:A",
            "https://u:s3cret@a=env:A",
            "env:A",
        ] {
            let words = House::of(None, &[entry.to_owned()]).unwrap_err();
            assert!(words.contains("outgoing.tokens") && words.contains("file:PATH"), "{entry}: {words}");
            assert!(!words.contains("s3cret"), "{words}");
        }
        let missing = House::of(Some(Path::new("/nowhere/ca.pem")), &[]).unwrap_err();
        assert!(missing.contains("outgoing.ca_file: /nowhere/ca.pem"), "{missing}");
    }
}
