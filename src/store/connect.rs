//! Opening the database: one writer and several readers on SQLite, one pool elsewhere.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sea_orm::{ConnectOptions, Database, DatabaseBackend, DatabaseConnection, Statement};
use thiserror::Error;
use tokio::sync::Notify;

use super::StoreError;

/// The database. Cloning shares the pools.
#[derive(Debug, Clone)]
pub struct Store {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    audit: Arc<Audited>,
}

/// Whether this process wrote audit entries, and who waits for the next one.
#[derive(Debug, Default)]
pub(super) struct Audited {
    any: AtomicBool,
    next: Notify,
}

impl Audited {
    /// One is committed.
    pub(super) fn tell(&self) {
        self.any.store(true, Ordering::Relaxed);
        self.next.notify_one();
    }
}

/// Why the database could not be opened; each sentence names the remedy.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Not one of the three schemes.
    #[error("database URL “{0}”: use sqlite:PATH, postgres://USER@HOST/NAME or mysql://USER@HOST/NAME")]
    Scheme(String),
    /// The folder of the SQLite file cannot be made.
    #[error("cannot create the data folder {folder}: {cause}; choose another with FUPAN_DATA_DIR")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// Nothing answers, or it refuses.
    #[error("cannot open the database at {place}: {cause}; check FUPAN_DATABASE_URL and that the server runs")]
    Connect {
        /// The URL without its password.
        place: String,
        /// The driver's words.
        cause: String,
    },
}

impl Store {
    /// Opens `url`; a missing SQLite file is created with its folder.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let place = without_password(url);
        let fail = |cause: sea_orm::DbErr| OpenError::Connect { place: place.clone(), cause: cause.to_string() };
        match url.split(':').next() {
            Some("sqlite") => {
                let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
                let path = path.split('?').next().unwrap_or(path);
                if let Some(folder) = std::path::Path::new(path).parent().filter(|f| !f.as_os_str().is_empty()) {
                    private_folder(folder).map_err(|cause| OpenError::Folder { folder: folder.to_owned(), cause })?;
                }
                // Made for its owner alone before the driver opens it; its journal gets the same mode. One that is there stays.
                let _ = private_file(std::path::Path::new(path));
                let file = format!("sqlite:{path}?mode=rwc");
                let writer = Database::connect(sqlite(&file, 1, false)).await.map_err(fail)?;
                let reader = Database::connect(sqlite(&file, 4, true)).await.map_err(fail)?;
                Ok(Self { writer, reader, audit: Arc::default() })
            }
            Some("postgres" | "postgresql" | "mysql" | "mariadb") => {
                let url = url.replacen("mariadb:", "mysql:", 1);
                let mut options = common(&url);
                options.max_connections(12);
                let pool = Database::connect(options).await.map_err(fail)?;
                Ok(Self { writer: pool.clone(), reader: pool, audit: Arc::default() })
            }
            _ => Err(OpenError::Scheme(place)),
        }
    }

    /// Shows every statement with its values to `see` from now on, on this store and on what is cloned of it later: for tests of
    /// plans and for measurements.
    pub fn observe(&mut self, see: impl Fn(&Statement) + Send + Sync + 'static) {
        let see = std::sync::Arc::new(see);
        let reading = std::sync::Arc::clone(&see);
        self.reader.set_metric_callback(move |info| reading(info.statement));
        self.writer.set_metric_callback(move |info| see(info.statement));
    }

    /// For reads outside a transaction.
    pub const fn read(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For [`super::tx`] and [`super::migrate`] only.
    pub(super) const fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// For [`super::tx`] only.
    pub(super) const fn audit(&self) -> &Arc<Audited> {
        &self.audit
    }

    /// Waits until this process has written audit entries since the last time somebody waited for them.
    pub async fn audited(&self) {
        self.audit.next.notified().await;
    }

    /// Whether this process wrote an audit entry at all.
    pub fn has_audited(&self) -> bool {
        self.audit.any.load(Ordering::Relaxed)
    }

    /// Which of the three databases this is.
    pub fn backend(&self) -> DatabaseBackend {
        self.writer.get_database_backend()
    }

    /// `SQLite`, `PostgreSQL` or `MariaDB/MySQL`, for words to people.
    pub fn product(&self) -> &'static str {
        match self.backend() {
            DatabaseBackend::Sqlite => "SQLite",
            DatabaseBackend::Postgres => "PostgreSQL",
            _ => "MariaDB/MySQL",
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.writer.ping().await?;
        Ok(())
    }

    /// Closes the pools after the last write.
    pub async fn close(self) -> Result<(), StoreError> {
        self.reader.close().await?;
        self.writer.close().await?;
        Ok(())
    }
}

/// Makes a folder that only its owner may look into, with those above it, unless it is there.
pub fn private_folder(folder: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes a file that only its owner may read and write; fails where it is there.
pub fn private_file(path: &std::path::Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn common(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.to_owned());
    options
        .acquire_timeout(Duration::from_secs(5))
        .connect_timeout(Duration::from_secs(8))
        .sqlx_logging_level(log::LevelFilter::Debug)
        .record_stmt_in_spans(false)
        .test_before_acquire_if_idle_for(Duration::from_secs(30));
    options
}

fn sqlite(file: &str, connections: u32, query_only: bool) -> ConnectOptions {
    let mut options = common(file);
    options.max_connections(connections).map_sqlx_sqlite_opts(move |o| {
        o.pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            .pragma("foreign_keys", "ON")
            .pragma("busy_timeout", "10000")
            .pragma("query_only", if query_only { "ON" } else { "OFF" })
            .row_buffer_size(256)
    });
    options
}

/// The URL with its password replaced, for messages and logs.
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((user, place)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{place}")
        }
        None => url.to_owned(),
    }
}
