//! What is risky in the settings and on the machine: `fupan doctor`, beside what services find in the database.

use std::{path::Path, time::SystemTime};

use crate::{
    domain::outgoing::Network,
    service::{
        App,
        doctor::{self, Finding},
        vault,
    },
    settings::{Settings, TlsSetting},
};

/// Hours that the newest copy of the database may be old.
const COPY_HOURS: u64 = 48;

/// Everything found, the risky first.
pub async fn findings(settings: &Settings, app: &App) -> anyhow::Result<Vec<Finding>> {
    let mut found = doctor::findings(app).await?;
    found.extend(of_settings(settings));
    found.extend(of_files(settings));
    found.extend(of_secrets(app, settings).await?);
    if is_deployed(settings) {
        found.extend(of_copies(settings));
        found.extend(open_files(settings, &std::fs::read_to_string("/proc/self/limits").unwrap_or_default()));
    }
    found.sort_by_key(|finding| !finding.risky);
    Ok(found)
}

fn finding(
    subject: &'static str,
    risky: bool,
    chinese: impl Into<String>,
    english: impl Into<String>,
    remedy: impl Into<String>,
) -> Finding {
    Finding { subject, risky, chinese: chinese.into(), english: english.into(), remedy: remedy.into() }
}

/// The host of a URL or of an address with a port, in small letters.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.to_ascii_lowercase()
}

fn is_loopback(host: &str) -> bool {
    host.is_empty()
        || host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether others than this machine reach the service: what is tried out on a laptop needs no backup.
fn is_deployed(settings: &Settings) -> bool {
    settings.public_url.as_deref().is_some_and(|url| !is_loopback(&host(url)))
        || !is_loopback(&host(&settings.http.bind))
}

/// What the settings say.
fn of_settings(settings: &Settings) -> Vec<Finding> {
    let mut found = Vec::new();
    let deployed = is_deployed(settings);
    let public = settings.public();
    if deployed && !public.starts_with("https://") {
        found.push(finding(
            "tls",
            true,
            format!("public_url 是 {public}：会话 Cookie 没有 Secure，没有 HSTS，密码明文经过网络"),
            format!("public_url is {public}: cookies are not Secure, there is no HSTS, and passwords cross the network in clear"),
            "FUPAN_PUBLIC_URL=https://… behind a proxy with TLS (docs/operation.md)",
        ));
    }
    let all = |entry: &String| {
        let prefix = entry.rsplit_once('/').and_then(|(_, bits)| bits.parse::<u8>().ok());
        let six = entry.contains(':');
        prefix.filter(|bits| *bits < if six { 32 } else { 8 })
    };
    if settings.http.proxies.iter().any(|entry| all(entry).is_some()) {
        found.push(finding(
            "proxies",
            true,
            "http.proxies 包含几乎全部地址：任何人都能用 X-Forwarded-For 伪造来源，绕过限速",
            "http.proxies holds nearly every address: anybody may claim another address by X-Forwarded-For and pass the limits",
            "FUPAN_HTTP__PROXIES=the address of the proxy alone",
        ));
    }
    if deployed && public.starts_with("https://") && settings.http.proxies.is_empty() {
        found.push(finding(
            "proxies",
            false,
            "没有设置 http.proxies：代理后面所有人算同一个来源，登录限速会互相影响",
            "http.proxies is not set: behind a proxy everybody counts as one address, and shares its limit of sign-ins",
            "FUPAN_HTTP__PROXIES=the address of the proxy",
        ));
    }
    for entry in &settings.outgoing.allow {
        let metadata = entry.starts_with("169.254.") || entry.to_ascii_lowercase().starts_with("fe80");
        if metadata || all(entry).is_some() || Network::parse(entry).is_none() && entry == "*" {
            found.push(finding(
                "outgoing",
                true,
                format!("outgoing.allow 的 {entry} 太宽：通知和样本来源能够到内网和云的元数据地址"),
                format!(
                    "outgoing.allow has {entry}: notifiers and sources reach inner servers, or the metadata of a cloud"
                ),
                "FUPAN_OUTGOING__ALLOW=only the servers that are needed",
            ));
        }
    }
    let limits = [
        ("sign_in", settings.limits.sign_in, 60),
        ("links", settings.limits.links, 600),
        ("token", settings.limits.token, 60_000),
        ("account", settings.limits.account, 120_000),
    ];
    for (name, set, usual) in limits {
        if set.is_some_and(|set| set == 0 || set > usual * 10) {
            let value = set.unwrap_or_default();
            found.push(finding(
                "limits",
                true,
                format!("limits.{name} 是 {value}：{}", if value == 0 { "不限速" } else { "是默认值的十倍以上" }),
                format!(
                    "limits.{name} is {value}: {}",
                    if value == 0 { "no limit" } else { "more than ten times the default" }
                ),
                format!("leave FUPAN_LIMITS__{} out ({usual} a minute)", name.to_ascii_uppercase()),
            ));
        }
    }
    let smtp = &settings.smtp;
    if smtp.tls == TlsSetting::None && smtp.host.as_deref().is_some_and(|name| !is_loopback(&host(name))) {
        let login = if smtp.username.is_some() { "，密码也是明文" } else { "" };
        let also = if smtp.username.is_some() { ", and so does the password" } else { "" };
        found.push(finding(
            "smtp",
            true,
            format!("smtp.tls = none：邮件明文经过网络{login}"),
            format!("smtp.tls is none: mail crosses the network in clear{also}"),
            "FUPAN_SMTP__TLS=starttls (or tls)",
        ));
    }
    if deployed && settings.http.public_metrics {
        found.push(finding(
            "metrics",
            true,
            "http.public_metrics = true：谁都能读 /metrics，里面有进行中的事件数、欠的复盘、数据库和版本",
            "http.public_metrics is on: anybody reads /metrics, with the events that go on, owed postmortems, database and version",
            "leave FUPAN_HTTP__PUBLIC_METRICS out and give the monitoring system a token of a viewer",
        ));
    }
    if deployed && settings.http.public_api_document {
        found.push(finding(
            "document",
            false,
            "http.public_api_document = true：谁都能读接口文档（里面没有数据）",
            "http.public_api_document is on: anybody reads the document of the API (there is no data in it)",
            "leave FUPAN_HTTP__PUBLIC_API_DOCUMENT out",
        ));
    }
    let database = settings.database();
    if !database.starts_with("sqlite:") && !is_loopback(&host(&database)) {
        let safe = ["sslmode=require", "sslmode=verify-", "ssl-mode=REQUIRED", "ssl-mode=VERIFY_"];
        if !safe.iter().any(|word| database.contains(word)) {
            found.push(finding(
                "database",
                true,
                "数据库连接可能不加密：地址里没有 sslmode（PostgreSQL）或 ssl-mode（MariaDB）",
                "the connection to the database may be in clear: its URL names no sslmode (PostgreSQL) or ssl-mode (MariaDB)",
                "FUPAN_DATABASE_URL=…?sslmode=verify-full (or ?ssl-mode=VERIFY_IDENTITY)",
            ));
        }
    }
    if deployed && settings.retention.audit_days.unwrap_or(0) == 0 {
        found.push(finding(
            "retention",
            false,
            "审计记录一直保留；法规或内部规定有期限时设置 retention.audit_days",
            "the audit log is kept for ever; where a rule wants an end, set retention.audit_days",
            "FUPAN_RETENTION__AUDIT_DAYS=1095",
        ));
    }
    found
}

/// Whether others than the owner may read a file, and which bits to take away.
#[cfg(unix)]
fn is_open(path: &Path, bits: u32) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|data| data.permissions().mode() & bits != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path, _: u32) -> bool {
    false
}

/// Files that others on the machine can read.
fn of_files(settings: &Settings) -> Vec<Finding> {
    let key = settings.key_file();
    let database = settings.database();
    let sqlite = database.strip_prefix("sqlite:").map(|path| {
        let path = path.trim_start_matches("//");
        Path::new(path.split('?').next().unwrap_or(path)).to_path_buf()
    });
    let mut found = Vec::new();
    let mut open = |path: &Path, mode: &str, zh: &str, en: &str| {
        found.push(finding(
            "files",
            true,
            format!("{} 对别的系统用户可读：{zh}", path.display()),
            format!("{} can be read by other users of the machine: {en}", path.display()),
            format!("chmod {mode} {}", path.display()),
        ));
    };
    if is_open(&key, 0o077) {
        open(&key, "600", "里面是加密密钥", "it holds the key of secrets");
    }
    if let Some(file) = sqlite.filter(|file| is_open(file, 0o077)) {
        // In a folder that nobody else may enter the file's own bits mean nothing.
        if file.parent().is_none_or(|folder| is_open(folder, 0o077)) {
            open(&file, "600", "里面是全部数据", "it is the database");
        }
    }
    // Elsewhere than by default the folder may be one of many purposes.
    if settings.database_url.is_none() && is_open(&settings.data_dir, 0o077) {
        open(&settings.data_dir, "700", "里面是数据库", "the database is in it");
    }
    let file = Path::new("fupan.toml");
    let has_secret =
        std::fs::read_to_string(file).is_ok_and(|text| text.contains("password") || text.contains("secret_key"));
    if has_secret && is_open(file, 0o077) {
        open(file, "600", "里面有密码", "it holds a password");
    }
    found
}

/// Secrets that cannot be opened, or are not sealed yet.
async fn of_secrets(app: &App, settings: &Settings) -> anyhow::Result<Vec<Finding>> {
    let mut found = Vec::new();
    let kept = match vault::kept(app).await {
        Ok(kept) => kept,
        Err(error) => {
            let remedy = "FUPAN_SECRET_KEY_FILE=…";
            return Ok(vec![finding("keys", true, format!("密钥不能用：{error}"), error.to_string(), remedy)]);
        }
    };
    if let Some(file) = app.vault.file().filter(|file| kept.keys.is_empty() && file.exists()) {
        let file = file.display();
        // What is sealed already needs its key back; else nothing was lost with what stood there.
        let (zh, en, remedy) = if kept.closed > 0 {
            ("要用的钥匙没有了", "the key that is needed is gone", format!("give {file} back from its copy"))
        } else {
            ("新的密钥没法加密保存", "no secret can be stored", format!("rm {file}: the next secret makes a new key"))
        };
        found.push(finding("keys", true, format!("{file} 是空的：{zh}"), format!("{file} is empty: {en}"), remedy));
    }
    if kept.closed > 0 {
        found.push(finding(
            "keys",
            true,
            format!("{} 个密钥打不开：加密它们的钥匙不在这里，通知、样本来源、动态码因此用不了", kept.closed),
            format!(
                "{} secrets cannot be opened: their key is not here, and notifiers, sources or codes of authenticators stand still",
                kept.closed
            ),
            "FUPAN_SECRET_KEY_FILE=the key of the service, or enter the secrets again",
        ));
    }
    if kept.clear > 0 {
        found.push(finding(
            "keys",
            true,
            format!("数据库里有 {} 个密钥是明文", kept.clear),
            format!("{} secrets stand in the database in clear", kept.clear),
            "start the service once, or run fupan keys rotate",
        ));
    }
    let server = !settings.database().starts_with("sqlite:");
    if is_deployed(settings) && settings.secret_key.is_none() && !kept.keys.is_empty() {
        let (zh, en) = if server {
            ("每个副本都要用同一把钥匙", "every replica needs the same key")
        } else {
            ("备份数据库时一并备份，但不要放在一起", "keep it with the copies of the database, but not beside them")
        };
        let file = settings.key_file().display().to_string();
        found.push(finding(
            "keys",
            false,
            format!("钥匙在 {file}：{zh}"),
            format!("the key is in {file}: {en}"),
            "FUPAN_SECRET_KEY_FILE=…",
        ));
    }
    Ok(found)
}

/// Whether the database is copied.
fn of_copies(settings: &Settings) -> Vec<Finding> {
    let remedy = if settings.database().starts_with("sqlite:") {
        "sqlite3 data/fupan.db \".backup COPY\" every day, and FUPAN_BACKUP_DIR=its folder"
    } else {
        "a copy by the tools of the database server every day, and FUPAN_BACKUP_DIR=its folder"
    };
    let Some(folder) = &settings.backup_dir else {
        return vec![finding(
            "backup",
            true,
            "不知道有没有备份：没有设置 backup_dir",
            "nobody knows of a copy of the database: backup_dir is not set",
            remedy,
        )];
    };
    let newest = std::fs::read_dir(folder)
        .ok()
        .and_then(|files| files.filter_map(Result::ok).filter_map(|file| file.metadata().ok()?.modified().ok()).max());
    #[expect(clippy::disallowed_methods, reason = "the age of a file is by the clock of its machine")]
    let now = SystemTime::now();
    let young = newest.is_some_and(|at| now.duration_since(at).map_or(true, |age| age.as_secs() < COPY_HOURS * 3_600));
    if young {
        return Vec::new();
    }
    vec![finding(
        "backup",
        true,
        format!("{} 里没有两天内的备份", folder.display()),
        format!("no copy in {} is younger than two days", folder.display()),
        remedy,
    )]
}

/// Whether the process may open as many files as it takes connections. `limits` is the text of `/proc/self/limits`.
fn open_files(settings: &Settings, limits: &str) -> Option<Finding> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let soft: usize = line.split_whitespace().next()?.parse().ok()?;
    let connections = settings.http.connections.unwrap_or(16_384);
    (soft < connections + 64).then(|| {
        finding(
            "files",
            true,
            format!("进程最多打开 {soft} 个文件，少于 {connections} 个连接：慢连接占满后新请求和数据库都会失败"),
            format!("the process may open {soft} files and takes {connections} connections: slow ones could use up all of them"),
            format!("LimitNOFILE={} in the unit (or ulimit -n), or FUPAN_HTTP__CONNECTIONS={}", connections * 2, soft / 2),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        crate::settings::load(variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())), None).unwrap().0
    }

    fn subjects(variables: &[(&str, &str)]) -> Vec<(&'static str, bool)> {
        of_settings(&settings(variables)).into_iter().map(|one| (one.subject, one.risky)).collect()
    }

    #[test]
    fn what_is_tried_out_on_one_machine_is_not_risky() {
        assert!(subjects(&[]).is_empty());
        assert!(subjects(&[("FUPAN_PUBLIC_URL", "http://localhost:8080")]).is_empty());
        assert!(!is_deployed(&settings(&[("FUPAN_HTTP__BIND", "[::1]:8080")])));
        assert!(is_deployed(&settings(&[("FUPAN_HTTP__BIND", "0.0.0.0:8080")])));
    }

    #[test]
    fn each_risky_setting_is_named_and_its_cure_is_enough() {
        let https = ("FUPAN_PUBLIC_URL", "https://fupan.example.com");
        let proxy = ("FUPAN_HTTP__PROXIES", "10.0.0.7");
        let kept = ("FUPAN_RETENTION__AUDIT_DAYS", "1095");
        assert!(subjects(&[https, proxy, kept]).is_empty(), "{:?}", subjects(&[https, proxy, kept]));
        for (variable, value, subject) in [
            ("FUPAN_PUBLIC_URL", "http://fupan.example.com", "tls"),
            ("FUPAN_HTTP__PROXIES", "0.0.0.0/0", "proxies"),
            ("FUPAN_HTTP__PROXIES", "::/0", "proxies"),
            ("FUPAN_OUTGOING__ALLOW", "0.0.0.0/0", "outgoing"),
            ("FUPAN_OUTGOING__ALLOW", "169.254.169.254", "outgoing"),
            ("FUPAN_LIMITS__SIGN_IN", "0", "limits"),
            ("FUPAN_LIMITS__SIGN_IN", "100000", "limits"),
            ("FUPAN_HTTP__PUBLIC_METRICS", "true", "metrics"),
            ("FUPAN_DATABASE_URL", "postgres://app:secret@db.example.com/fupan", "database"),
        ] {
            let found = subjects(&[https, proxy, kept, (variable, value)]);
            assert_eq!(found, [(subject, true)], "{variable}={value}");
        }
        let document = subjects(&[https, proxy, kept, ("FUPAN_HTTP__PUBLIC_API_DOCUMENT", "true")]);
        assert_eq!(document, [("document", false)]);
        assert!(subjects(&[("FUPAN_HTTP__PUBLIC_METRICS", "true")]).is_empty(), "nobody else reaches it");
        let smtp = [https, proxy, kept, ("FUPAN_SMTP__HOST", "mail.example.com"), ("FUPAN_SMTP__TLS", "none")];
        assert_eq!(subjects(&smtp), [("smtp", true)]);
        let safe = ("FUPAN_DATABASE_URL", "postgres://app@db.example.com/fupan?sslmode=verify-full");
        assert!(subjects(&[https, proxy, kept, safe]).is_empty());
    }

    #[test]
    fn fewer_files_than_connections_are_named() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max open files            1024                 524288               files\n";
        let found = open_files(&settings(&[]), limits).unwrap();
        assert!(found.remedy.contains("LimitNOFILE=32768"), "{}", found.remedy);
        assert!(open_files(&settings(&[("FUPAN_HTTP__CONNECTIONS", "400")]), limits).is_none());
        assert!(open_files(&settings(&[]), "").is_none());
    }

    #[test]
    fn no_finding_shows_a_secret() {
        let found = of_settings(&settings(&[("FUPAN_DATABASE_URL", "postgres://app:hunter22@db.example.com/fupan")]));
        assert!(!found.is_empty() && !format!("{found:?}").contains("hunter22"));
    }
}
