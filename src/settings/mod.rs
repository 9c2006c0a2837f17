//! Settings: environment (`FUPAN_SMTP__HOST`) over `fupan.toml` over defaults. Flags are laid over them by the
//! command line. Secrets may also be given as a file: `FUPAN_SMTP__PASSWORD_FILE`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use chrono_tz::Tz;
use secrecy::SecretString;
use serde::Deserialize;
use thiserror::Error;

/// Variables of the environment that begin with `FUPAN_` and are no settings.
const NOT_SETTINGS: [&str; 3] = ["FUPAN_URL", "FUPAN_TOKEN", "FUPAN_CONFIG"];

/// Secrets that may be given as a file.
const SECRETS: [&str; 5] = [
    "FUPAN_SMTP__PASSWORD",
    "FUPAN_DATABASE_URL",
    "FUPAN_SECRET_KEY",
    "FUPAN_SECRET_KEY_OLD",
    "FUPAN_OIDC__CLIENT_SECRET",
];

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Folder of the embedded database.
    #[serde(default = "default_data_dir")]
    pub data_dir: PathBuf,
    /// `sqlite:PATH`, `postgres://…` or `mysql://…`; by default SQLite in the data folder.
    pub database_url: Option<String>,
    /// Where people reach the pages; by default the address that the service listens on.
    pub public_url: Option<String>,
    /// What secrets in the database are sealed with, at least 32 characters; by default a file beside the database.
    pub secret_key: Option<SecretString>,
    /// The key before, while secrets are sealed anew.
    pub secret_key_old: Option<SecretString>,
    /// The report zone.
    #[serde(default = "default_zone")]
    pub zone: Tz,
    /// The HTTP side.
    #[serde(default)]
    pub http: HttpSettings,
    /// How often somebody may ask.
    #[serde(default)]
    pub limits: LimitSettings,
    /// How people sign in.
    #[serde(default)]
    pub sign_in: SignInSection,
    /// A provider of accounts.
    #[serde(default)]
    pub oidc: OidcSection,
    /// Outgoing mail.
    #[serde(default)]
    pub smtp: SmtpSection,
    /// Requests to other servers.
    #[serde(default)]
    pub outgoing: OutgoingSettings,
    /// How long what is over is kept.
    #[serde(default)]
    pub retention: RetentionSettings,
    /// Where copies of the database are put: `fupan doctor` looks whether the newest is younger than two days.
    pub backup_dir: Option<PathBuf>,
    /// Logs.
    #[serde(default)]
    pub log: LogSettings,
}

/// The HTTP side.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Address and port.
    pub bind: String,
    /// The most connections at the same time, by default 16,384; further ones wait.
    pub connections: Option<usize>,
    /// How long a request's body may take to arrive, in seconds, by default 15.
    pub body_seconds: Option<u64>,
    /// A large body may take longer if it comes at this rate: bytes a second, by default 16,384.
    pub body_rate: Option<u32>,
    /// How long nobody may read an answer, in seconds, by default 30.
    pub answer_seconds: Option<u64>,
    /// At which rate an answer has to be read: bytes a second, by default 4,096.
    pub answer_rate: Option<u32>,
    /// Addresses and networks of the proxies in front, whose `X-Forwarded-For` is believed; in the environment with commas
    /// between them.
    #[serde(deserialize_with = "list")]
    pub proxies: Vec<String>,
    /// Whether `/metrics` is there for everybody; by default it needs a session or a token.
    pub public_metrics: bool,
    /// Whether `/api/openapi.json` is there for everybody; by default it needs a session or a token.
    pub public_api_document: bool,
}

/// How often somebody may ask, a minute; 0 is no limit.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Sign-ins and passwords of an address, by default 60.
    pub sign_in: Option<u32>,
    /// Share links, links to unsubscribe and for passwords, and tokens that open nothing, of an address; by default 600.
    pub links: Option<u32>,
    /// Requests of an API token, by default 60,000.
    pub token: Option<u32>,
    /// Requests of an account, by default 120,000.
    pub account: Option<u32>,
}

/// How long what is over is kept, in days; 0 is for ever.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionSettings {
    /// Entries of the audit log, by default for ever; else at least 90.
    pub audit_days: Option<u32>,
    /// Mails that went or were withdrawn, by default 90.
    pub mail_days: Option<u32>,
    /// Mails that failed, by default 365.
    pub failed_mail_days: Option<u32>,
    /// Texts of imported reports that a later one of their week took the place of, by default for ever.
    pub imports_days: Option<u32>,
}

/// How people sign in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignInSection {
    /// A session that is unused this long ends, in minutes, by default 10,080: a week.
    pub idle_minutes: Option<u32>,
    /// The longest life of a session, in hours, by default 720: thirty days.
    pub absolute_hours: Option<u32>,
    /// Roles that must have an authenticator when they sign in with a password; in the environment with commas between them.
    #[serde(deserialize_with = "list")]
    pub second_factor: Vec<String>,
    /// The header in which a proxy in front writes the e-mail of who is signed in there; needs `proxy_from`.
    pub proxy_header: Option<String>,
    /// Addresses and networks of that proxy; from anybody else the header is not looked at.
    #[serde(deserialize_with = "list")]
    pub proxy_from: Vec<String>,
}

/// A provider of accounts (OpenID Connect); without an issuer there is none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OidcSection {
    /// Its name, as its documents and tokens say it: `https://sso.example.com`.
    pub issuer: Option<String>,
    /// What this service is called there.
    pub client_id: Option<String>,
    /// What opens its token endpoint; none for a public client.
    pub client_secret: Option<SecretString>,
    /// What is asked for besides `openid`, by default `profile` and `email`.
    #[serde(deserialize_with = "list")]
    pub scopes: Vec<String>,
    /// The words of the button.
    pub name: Option<String>,
    /// The claim that says the role.
    pub role_claim: Option<String>,
    /// `VALUE=ROLE`: its values and the roles that they give.
    #[serde(deserialize_with = "list")]
    pub roles: Vec<String>,
    /// The role of who has none of these values; by default viewer without `role_claim`, and none with it.
    pub default_role: Option<String>,
    /// `own`: an account that is made at its first sign-in sees the events of its own teams alone; by default `all`.
    pub team_scope: Option<String>,
    /// The claim that says the teams.
    pub team_claim: Option<String>,
    /// `VALUE=TEAM`: its values and the names of the teams.
    #[serde(deserialize_with = "list")]
    pub teams: Vec<String>,
    /// Whether an account here with the same verified e-mail is taken for the same person.
    pub link_verified_email: bool,
}

/// Outgoing mail; without a host nothing is sent and messages wait.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpSection {
    /// Server name.
    pub host: Option<String>,
    /// Port; by default 587, with `tls = "tls"` 465, with `none` 25.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub tls: TlsSetting,
    /// Login, where the server wants one.
    pub username: Option<String>,
    /// Password.
    pub password: Option<SecretString>,
    /// Sender: `复盘台 <fupan@example.com>`.
    pub from: Option<String>,
    /// Connections at once, 1 to 32; by default 4.
    pub connections: Option<usize>,
    /// A file of certificates (PEM) of a private authority that the server's may be signed with.
    pub ca_file: Option<PathBuf>,
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsSetting {
    /// Not at all: for a server on the same machine or a test.
    None,
    /// STARTTLS, required.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
}

/// Requests to other servers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutgoingSettings {
    /// Networks (`10.0.0.0/8`) and names of servers that may be asked although they are not public, without TLS and on any
    /// port; in the environment with commas between them.
    #[serde(deserialize_with = "list")]
    pub allow: Vec<String>,
    /// A file of certificates in PEM: authorities that are trusted beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// What opens servers: `SERVER=env:NAME` or `SERVER=file:PATH`, with `basic:` before it for a name and a password. The value
    /// itself never stands here.
    #[serde(deserialize_with = "list")]
    pub tokens: Vec<String>,
}

fn list<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Text(String),
        List(Vec<String>),
    }
    Ok(match Given::deserialize(source)? {
        Given::Text(text) => text.split(',').map(|entry| entry.trim().to_owned()).collect(),
        Given::List(list) => list,
    })
}

/// Logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// What is logged, as a filter of tracing-subscriber.
    pub filter: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

/// The shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8080".to_owned(),
            connections: None,
            body_seconds: None,
            body_rate: None,
            answer_seconds: None,
            answer_rate: None,
            proxies: Vec::new(),
            public_metrics: false,
            public_api_document: false,
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { filter: "info,sqlx=warn,sea_orm_migration=warn".to_owned(), format: LogFormat::Text }
    }
}

fn default_data_dir() -> PathBuf {
    PathBuf::from("data")
}

const fn default_zone() -> Tz {
    chrono_tz::Asia::Shanghai
}

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// A file of settings or of a secret cannot be read.
    #[error("cannot read {path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// A value or a name is wrong.
    #[error("settings: {0}; `fupan config check` shows every value and where it came from")]
    Value(String),
}

/// A setting and where it came from, for `fupan config check`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// `smtp.host`.
    pub key: String,
    /// The value; secrets are not shown.
    pub value: String,
    /// `environment FUPAN_SMTP__HOST`, or the file.
    pub from: String,
}

/// The settings of an environment and a file, and where each value came from. `file` is `fupan.toml` unless the
/// caller names another; a missing `fupan.toml` is fine, a missing named file is not.
pub fn load(
    environment: impl Iterator<Item = (String, String)>,
    file: Option<&Path>,
) -> Result<(Settings, Vec<Provenance>), SettingsError> {
    let mut builder = config::Config::builder();
    let mut origins = Vec::new();
    let path = file.map_or_else(|| PathBuf::from("fupan.toml"), Path::to_path_buf);
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let table: toml::Table =
                text.parse().map_err(|error| SettingsError::Value(format!("{}: {error}", path.display())))?;
            note_table(&mut origins, "", &table, &path);
            builder = builder.add_source(config::File::from_str(&text, config::FileFormat::Toml));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && file.is_none() => {}
        Err(cause) => return Err(SettingsError::File { path, cause }),
    }
    let mut variables: BTreeMap<String, String> = environment
        .filter(|(name, value)| {
            name.starts_with("FUPAN_") && !NOT_SETTINGS.contains(&name.as_str()) && !value.is_empty()
        })
        .collect();
    for secret in SECRETS {
        if let Some(path) = variables.remove(&format!("{secret}_FILE")) {
            let path = PathBuf::from(path);
            let value = std::fs::read_to_string(&path).map_err(|cause| SettingsError::File { path, cause })?;
            variables.insert(secret.to_owned(), value.trim_end_matches(['\r', '\n']).to_owned());
        }
    }
    for (name, value) in variables {
        let key = name.trim_start_matches("FUPAN_").to_lowercase().replace("__", ".");
        origins.retain(|origin: &Provenance| origin.key != key);
        origins.push(Provenance { value: shown(&key, &value), from: format!("environment {name}"), key: key.clone() });
        builder =
            builder.set_override(&key, value).map_err(|error| SettingsError::Value(format!("{name}: {error}")))?;
    }
    let settings = builder
        .build()
        .and_then(config::Config::try_deserialize)
        .map_err(|error| SettingsError::Value(with_suggestion(&error.to_string())))?;
    Ok((settings, origins))
}

fn note_table(origins: &mut Vec<Provenance>, prefix: &str, table: &toml::Table, path: &Path) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if let toml::Value::Table(inner) = value {
            note_table(origins, &key, inner, path);
        } else {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            origins.push(Provenance { value: shown(&key, &text), from: path.display().to_string(), key });
        }
    }
}

impl Settings {
    /// The database as people may see it: without its password.
    pub fn shown_database(&self) -> String {
        crate::store::connect::without_password(&self.database())
    }
}

fn shown(key: &str, value: &str) -> String {
    if ["password", "secret", "secret_key", "secret_key_old"].iter().any(|secret| key.ends_with(secret)) {
        "(secret)".to_owned()
    } else if key == "database_url" {
        crate::store::connect::without_password(value)
    } else {
        value.to_owned()
    }
}

/// Adds "did you mean" to serde's `unknown field `smpt`, expected one of …`.
fn with_suggestion(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let Some((unknown, expected)) = quoted.split_first().filter(|_| message.contains("unknown field")) else {
        return message.to_owned();
    };
    match expected.iter().min_by_key(|name| distance(unknown, name)) {
        Some(nearest) if distance(unknown, nearest) <= 3 => format!("{message}; did you mean `{nearest}`?"),
        _ => message.to_owned(),
    }
}

/// Levenshtein distance of two short names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let swap = row.get(j).copied().unwrap_or(0) + usize::from(from != *to);
            let drop = row.get(j + 1).copied().unwrap_or(0) + 1;
            let insert = next.get(j).copied().unwrap_or(0) + 1;
            next.push(swap.min(drop).min(insert));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

impl Settings {
    /// The database: as set, else SQLite in the data folder.
    pub fn database(&self) -> String {
        self.database_url.clone().unwrap_or_else(|| format!("sqlite:{}", self.data_dir.join("fupan.db").display()))
    }

    /// Where the key of secrets is where none is set: beside the SQLite file, else in the data folder.
    pub fn key_file(&self) -> PathBuf {
        let database = self.database();
        let file = database.strip_prefix("sqlite:").map(|path| {
            let path = path.trim_start_matches("//");
            PathBuf::from(path.split('?').next().unwrap_or(path))
        });
        let folder = file.as_deref().and_then(Path::parent).map_or_else(|| self.data_dir.clone(), Path::to_path_buf);
        folder.join("secret.key")
    }

    /// Where people reach the pages, without a slash at the end.
    pub fn public(&self) -> String {
        self.public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", self.http.bind.replace("0.0.0.0", "localhost")))
            .trim_end_matches('/')
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<(Settings, Vec<Provenance>), SettingsError> {
        load(variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())), None)
    }

    #[test]
    fn the_environment_sets_nested_values_and_says_so() {
        let (settings, origins) =
            of(&[("FUPAN_SMTP__HOST", "mail"), ("FUPAN_SMTP__PORT", "1025"), ("FUPAN_SMTP__TLS", "none")]).unwrap();
        assert_eq!(settings.smtp.host.as_deref(), Some("mail"));
        assert_eq!((settings.smtp.port, settings.smtp.tls), (Some(1025), TlsSetting::None));
        assert!(origins.iter().any(|o| o.key == "smtp.host" && o.from.contains("FUPAN_SMTP__HOST")));
    }

    #[test]
    fn a_list_of_the_environment_has_commas() {
        let (settings, _) = of(&[("FUPAN_OUTGOING__ALLOW", "10.0.0.0/8, prometheus.internal")]).unwrap();
        assert_eq!(settings.outgoing.allow, ["10.0.0.0/8", "prometheus.internal"]);
        assert!(of(&[]).unwrap().0.outgoing.allow.is_empty());
        let tokens = "https://a.internal=env:A_TOKEN,https://b.internal=file:/run/b";
        let (settings, _) =
            of(&[("FUPAN_OUTGOING__TOKENS", tokens), ("FUPAN_OUTGOING__CA_FILE", "/etc/ca.pem")]).unwrap();
        assert_eq!(settings.outgoing.tokens, ["https://a.internal=env:A_TOKEN", "https://b.internal=file:/run/b"]);
        assert_eq!(settings.outgoing.ca_file.as_deref(), Some(Path::new("/etc/ca.pem")));
    }

    #[test]
    fn limits_are_set_one_by_one() {
        let (settings, _) =
            of(&[("FUPAN_LIMITS__TOKEN", "0"), ("FUPAN_HTTP__PROXIES", "10.0.0.0/8, 192.0.2.1")]).unwrap();
        assert_eq!((settings.limits.token, settings.limits.account), (Some(0), None));
        assert_eq!(settings.http.proxies, ["10.0.0.0/8", "192.0.2.1"]);
        assert_eq!(settings.http.bind, "127.0.0.1:8080");
        assert!(of(&[("FUPAN_LIMITS__TOKEN", "-1")]).is_err());
    }

    #[test]
    fn an_unknown_name_is_an_error_with_a_suggestion() {
        let error = of(&[("FUPAN_SMTP__HOSTT", "mail")]).unwrap_err().to_string();
        assert!(error.contains("did you mean `host`"), "{error}");
    }
}
