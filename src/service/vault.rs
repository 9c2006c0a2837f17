//! Secrets at rest: what opens other servers is sealed in the database with a key that is not in it.
//!
//! AES-256-GCM with a random nonce; what a value is for is bound into it, so that a sealed value moved to another row opens nothing.
//! The key comes from the settings, else from a file beside the database, which is made when the first secret is written.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Mutex,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{App, ServiceError, app::authorise, retry::retried};
use crate::{
    domain::actor::{Actor, Permission},
    store,
};

/// What sealed values begin with.
const SEALED: &str = "sealed1:";

/// The shortest key that may be set, in characters.
const SHORTEST: usize = 32;

/// Under which name the database remembers which key its secrets are sealed with.
const REMEMBERED: &str = "secret_key";

/// Why a secret cannot be sealed or opened; each sentence names the remedy, none holds a value.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key that was set is too short.
    #[error("secret_key is shorter than 32 characters; make one with: openssl rand -base64 32")]
    Short,
    /// The file cannot be used.
    #[error("the key file {path} cannot be used: {cause}; give it back, or set FUPAN_SECRET_KEY_FILE")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// Sealed with a key that is not here.
    #[error(
        "the secrets of this database are sealed with the key {id}, which is not here; set FUPAN_SECRET_KEY_FILE (or FUPAN_DATA_DIR) \
         to that of the service, or enter the secrets again"
    )]
    OtherKey {
        /// The id of the key.
        id: String,
    },
    /// No key, and nowhere to keep one.
    #[error("there is no key to seal secrets with; set FUPAN_SECRET_KEY_FILE")]
    None,
    /// There is a file without a key in it, and no secret of the database needs one of it.
    #[error("the key file {path} is empty: remove it, and the next secret makes a new key")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Changed since, or moved from another row.
    #[error("a sealed secret was changed or moved; enter it again")]
    Broken,
}

impl From<VaultError> for ServiceError {
    fn from(error: VaultError) -> Self {
        Self::Conflict(error.to_string())
    }
}

struct Key {
    id: String,
    cipher: LessSafeKey,
}

impl Key {
    /// The key of a text that was set or stands in the file.
    fn of(text: &str) -> Result<Self, VaultError> {
        let text = text.trim();
        if text.chars().count() < SHORTEST {
            return Err(VaultError::Short);
        }
        let bytes = Sha256::digest(format!("fupan secret key 1\n{text}").as_bytes());
        let named = Sha256::digest([b"fupan key id 1\n", bytes.as_slice()].concat());
        let id = named.iter().take(4).fold(String::new(), |mut id, byte| {
            // Writing to a string cannot fail.
            let _ = write!(id, "{byte:02x}");
            id
        });
        let cipher = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| VaultError::None)?;
        Ok(Self { id, cipher: LessSafeKey::new(cipher) })
    }
}

/// The keys of this process: the first seals, the others open what was sealed before.
pub struct Vault {
    given: Vec<SecretString>,
    file: Option<PathBuf>,
    known: Mutex<Vec<Key>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Vault {
    /// With keys that were set (the current one first), else with those of a file.
    pub fn new(given: Vec<SecretString>, file: Option<PathBuf>) -> Result<Self, VaultError> {
        for one in &given {
            Key::of(one.expose_secret())?;
        }
        Ok(Self { given, file, known: Mutex::default() })
    }

    /// Whether the key was set, else it is in a file.
    pub fn is_given(&self) -> bool {
        !self.given.is_empty()
    }

    /// Where the key is where none was set.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref().filter(|_| self.given.is_empty())
    }

    fn read(&self) -> Result<Vec<Key>, VaultError> {
        if !self.given.is_empty() {
            return self.given.iter().map(|text| Key::of(text.expose_secret())).collect();
        }
        let Some(path) = &self.file else { return Ok(Vec::new()) };
        match std::fs::read_to_string(path) {
            Ok(text) => text.lines().filter(|line| !line.trim().is_empty()).map(Key::of).collect(),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(cause) => Err(VaultError::File { path: path.clone(), cause }),
        }
    }

    /// Ids of the keys that are here, the current one first.
    pub fn ids(&self) -> Result<Vec<String>, VaultError> {
        Ok(self.read()?.into_iter().map(|key| key.id).collect())
    }

    /// Seals with the current key; answers its id too. The file is read each time: another process may have changed the key.
    fn seal(&self, random: [u8; 32], purpose: &str, text: &str) -> Result<(String, String), VaultError> {
        let keys = self.read()?;
        let key = keys.first().ok_or(VaultError::None)?;
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(random.get(..NONCE_LEN).ok_or(VaultError::None)?);
        let mut sealed = text.as_bytes().to_vec();
        key.cipher
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(purpose.as_bytes()), &mut sealed)
            .map_err(|_| VaultError::None)?;
        let bytes = [nonce.as_slice(), &sealed].concat();
        let id = key.id.clone();
        let text = format!("{SEALED}{id}:{}", URL_SAFE_NO_PAD.encode(bytes));
        *self.known() = keys;
        Ok((text, id))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Vec<Key>> {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Opens a sealed value; one that is not sealed is itself: it is older than sealing.
    pub fn open(&self, purpose: &str, text: &str) -> Result<String, VaultError> {
        let Some((id, coded)) = text.strip_prefix(SEALED).and_then(|rest| rest.split_once(':')) else {
            return Ok(text.to_owned());
        };
        let mut known = self.known();
        if !known.iter().any(|key| key.id == id) {
            *known = self.read()?;
        }
        let key = known.iter().find(|key| key.id == id).ok_or_else(|| VaultError::OtherKey { id: id.to_owned() })?;
        let mut bytes = URL_SAFE_NO_PAD.decode(coded).map_err(|_| VaultError::Broken)?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(VaultError::Broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Broken)?;
        let opened =
            key.cipher.open_in_place(nonce, Aad::from(purpose.as_bytes()), sealed).map_err(|_| VaultError::Broken)?;
        String::from_utf8(opened.to_vec()).map_err(|_| VaultError::Broken)
    }

    /// Writes a new key into the file, before those that are there; with `first` only where there is none. Processes that do so at
    /// the same time wait for each other: none takes away what another one put there.
    fn add_key(&self, random: [u8; 32], first: bool) -> Result<(), VaultError> {
        let Some(path) = self.file() else { return Err(VaultError::None) };
        let fail = |cause| VaultError::File { path: path.to_owned(), cause };
        let _alone = alone(path).map_err(fail)?;
        let before = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                return write_new(path, &format!("{}\n", URL_SAFE_NO_PAD.encode(random))).map_err(fail);
            }
            Err(cause) => return Err(fail(cause)),
        };
        if before.trim().is_empty() {
            return Err(VaultError::Empty { path: path.to_owned() });
        }
        if first {
            return Ok(());
        }
        let text = format!("{}\n{before}", URL_SAFE_NO_PAD.encode(random));
        let beside = path.with_extension("new");
        let _ = std::fs::remove_file(&beside);
        write_new(&beside, &text).and_then(|()| std::fs::rename(&beside, path)).map_err(fail)
    }
}

/// Keeps other processes from changing the key file for as long as the answer lives.
fn alone(path: &Path) -> std::io::Result<std::fs::File> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        store::connect::private_folder(folder)?;
    }
    let file =
        std::fs::OpenOptions::new().create(true).write(true).truncate(false).open(path.with_extension("lock"))?;
    match file.lock() {
        // Some file systems of networks know no locks; there one process has to do it after the other.
        Err(cause) if cause.kind() == std::io::ErrorKind::Unsupported || cause.raw_os_error() == Some(NO_LOCKS) => {
            Ok(file)
        }
        other => other.map(|()| file),
    }
}

/// `ENOLCK` of Linux: the file system would know locks, and the service that keeps them is not there.
const NO_LOCKS: i32 = 37;

/// Writes a file that was not there, for its owner alone.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        store::connect::private_folder(folder)?;
    }
    let mut file = store::connect::private_file(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Whether a stored value is sealed.
pub fn is_sealed(text: &str) -> bool {
    text.starts_with(SEALED)
}

/// Seals a secret inside a transaction, after [`ready`].
pub(super) fn seal_known(app: &App, purpose: &str, text: &str) -> Result<String, ServiceError> {
    Ok(app.vault.seal(app.ids.secret(), purpose, text)?.0)
}

/// Makes sure that there is the key to seal with, before a transaction begins.
pub(super) async fn ready(app: &App) -> Result<(), ServiceError> {
    seal(app, "", "").await.map(drop)
}

/// Seals a secret; makes the key where there is none yet. `purpose` names the row and the field.
pub async fn seal(app: &App, purpose: &str, text: &str) -> Result<String, ServiceError> {
    let remembered = store::mail_acts::secret(app.store.read(), REMEMBERED).await?;
    let here = app.vault.ids()?;
    match &remembered {
        Some(id) if !here.contains(id) => return Err(VaultError::OtherKey { id: id.clone() }.into()),
        None if here.is_empty() => app.vault.add_key(app.ids.secret(), true)?,
        _ => {}
    }
    let (sealed, id) = app.vault.seal(app.ids.secret(), purpose, text)?;
    if remembered.as_deref() != Some(id.as_str()) {
        remember(app, id).await?;
    }
    Ok(sealed)
}

/// Notes which key the secrets are sealed with, so that no process makes another one beside it.
async fn remember(app: &App, id: String) -> Result<(), ServiceError> {
    let app = app.clone();
    retried(move || {
        let (app, id) = (app.clone(), id.clone());
        async move {
            let tx = app.store.begin().await?;
            store::mail_acts::put_secret(&tx, REMEMBERED, &id).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// How the secrets of the database are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Ids of the keys that are here, the current one first.
    pub keys: Vec<String>,
    /// Sealed with the current key.
    pub sealed: usize,
    /// Sealed with an older key that is here.
    pub older: usize,
    /// Not sealed.
    pub clear: usize,
    /// Cannot be opened: their key is not here, or they were changed.
    pub closed: usize,
}

/// A secret as it is stored: what it is for, and its text.
struct Stored {
    purpose: String,
    text: String,
    place: Place,
}

enum Place {
    Url(uuid::Uuid),
    Secret(uuid::Uuid),
    Token(i32),
    Factor(uuid::Uuid),
}

/// What a notifier's address is sealed for.
pub(super) fn url_of(notifier: uuid::Uuid) -> String {
    format!("notifier:{notifier}:url")
}

/// What a notifier's secret is sealed for.
pub(super) fn secret_of(notifier: uuid::Uuid) -> String {
    format!("notifier:{notifier}:secret")
}

/// What a source's token is sealed for.
pub(super) fn token_of(indicator: i32) -> String {
    format!("source:{indicator}:token")
}

/// What the key of an account's authenticator is sealed for.
pub(super) fn factor_of(account: uuid::Uuid) -> String {
    format!("second_factor:{account}:secret")
}

async fn stored(app: &App) -> Result<Vec<Stored>, ServiceError> {
    let mut all = Vec::new();
    for (id, url, secret) in store::notifiers::secrets(app.store.read()).await? {
        all.push(Stored { purpose: url_of(id), text: url, place: Place::Url(id) });
        all.extend(secret.map(|text| Stored { purpose: secret_of(id), text, place: Place::Secret(id) }));
    }
    for (indicator, text) in store::sources::tokens(app.store.read()).await? {
        all.push(Stored { purpose: token_of(indicator), text, place: Place::Token(indicator) });
    }
    for (account, text) in store::second_factors::secrets(app.store.read()).await? {
        all.push(Stored { purpose: factor_of(account), text, place: Place::Factor(account) });
    }
    Ok(all)
}

/// How the secrets are kept, for `fupan keys` and `fupan doctor`.
pub async fn kept(app: &App) -> Result<Kept, ServiceError> {
    let mut kept = Kept { keys: app.vault.ids()?, ..Kept::default() };
    let current = kept.keys.first().map(|id| format!("{SEALED}{id}:"));
    for one in stored(app).await? {
        let now = current.as_ref().is_some_and(|current| one.text.starts_with(current));
        *match app.vault.open(&one.purpose, &one.text) {
            Err(_) => &mut kept.closed,
            Ok(_) if !is_sealed(&one.text) => &mut kept.clear,
            Ok(_) if now => &mut kept.sealed,
            Ok(_) => &mut kept.older,
        } += 1;
    }
    Ok(kept)
}

/// Seals what is not sealed with the current key: rows older than sealing, and those of an older key. Answers how many; what cannot
/// be opened stays as it is.
pub async fn seal_all(app: &App) -> Result<usize, ServiceError> {
    let mut done = 0;
    for one in stored(app).await? {
        let current = app.vault.ids()?.first().map(|id| format!("{SEALED}{id}:"));
        if current.is_some_and(|current| one.text.starts_with(&current)) {
            continue;
        }
        let Ok(text) = app.vault.open(&one.purpose, &one.text) else { continue };
        let sealed = seal(app, &one.purpose, &text).await?;
        let app = app.clone();
        let (was, place) = (one.text, one.place);
        let moved = super::detached(async move {
            let tx = app.store.begin().await?;
            // Who changed it meanwhile has sealed it already.
            let moved = match place {
                Place::Url(id) => store::notifiers::reseal_url(&tx, id, &was, &sealed).await?,
                Place::Secret(id) => store::notifiers::reseal_secret(&tx, id, &was, &sealed).await?,
                Place::Token(indicator) => store::sources::reseal(&tx, indicator, &was, &sealed).await?,
                Place::Factor(account) => store::second_factors::reseal(&tx, account, &was, &sealed).await?,
            };
            tx.commit().await?;
            Ok(moved)
        })
        .await?;
        done += usize::from(moved);
    }
    Ok(done)
}

/// A new key: in the file it is made and put before the others; where keys are set, the operator has set the new one. Then everything
/// is sealed with it. The old one stays, because a copy of the database may need it.
pub async fn rotate(app: &App, actor: &Actor) -> Result<usize, ServiceError> {
    authorise(actor, Permission::ManageNotifiers)?;
    let before = app.vault.ids()?;
    let remembered = store::mail_acts::secret(app.store.read(), REMEMBERED).await?;
    if let Some(id) = remembered.as_ref().filter(|id| !before.contains(id)) {
        return Err(VaultError::OtherKey { id: id.clone() }.into());
    }
    if !app.vault.is_given() {
        app.vault.add_key(app.ids.secret(), false)?;
    } else if remembered.is_some() && remembered.as_ref() == before.first() {
        return Err(ServiceError::Conflict(
            "the key is set, not in a file: set FUPAN_SECRET_KEY to the new one and FUPAN_SECRET_KEY_OLD to the one before, and try again"
                .to_owned(),
        ));
    }
    let done = seal_all(app).await?;
    let now = app.vault.ids()?.first().cloned().unwrap_or_default();
    remember(app, now.clone()).await?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, now) = (app.clone(), actor.clone(), now.clone());
        async move {
            let tx = app.store.begin().await?;
            let change = json!({"key": now, "secrets": done});
            store::audit::insert(&tx, app.id(), app.now_millis(), &actor, "keys.rotate", "keys", change).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(keys: &[&str]) -> Vault {
        Vault::new(keys.iter().map(|key| SecretString::from((*key).to_owned())).collect(), None).unwrap()
    }

    const ONE: &str = "one key that is long enough for this purpose";
    const TWO: &str = "two keys that are long enough for this purpose";

    #[test]
    fn a_sealed_value_opens_with_its_key_for_its_purpose_and_not_otherwise() {
        let first = vault(&[ONE]);
        let (sealed, _) = first.seal([7; 32], "notifier:1:url", "https://open.example.com/hook/4f1b").unwrap();
        assert!(is_sealed(&sealed) && !sealed.contains("hook"));
        assert_eq!(first.open("notifier:1:url", &sealed).unwrap(), "https://open.example.com/hook/4f1b");
        assert!(matches!(first.open("notifier:2:url", &sealed), Err(VaultError::Broken)), "moved to another row");
        assert!(matches!(vault(&[TWO]).open("notifier:1:url", &sealed), Err(VaultError::OtherKey { .. })));
        assert_eq!(vault(&[TWO, ONE]).open("notifier:1:url", &sealed).unwrap().len(), 34, "an older key opens");
        assert_eq!(first.open("x", "https://clear.example.com").unwrap(), "https://clear.example.com");
        for at in [SEALED.len() + 9, sealed.len() - 1] {
            let mut other = sealed.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert!(first.open("notifier:1:url", &String::from_utf8(other).unwrap()).is_err());
        }
        for odd in [
            "sealed1:",
            "sealed1:00000000",
            "sealed1:00000000:",
            "sealed1::",
            "sealed1:00000000:====",
            "sealed1:00000000:AA",
        ] {
            let _ = first.open("x", odd);
        }
    }

    #[test]
    fn a_short_key_is_refused() {
        let short = Vault::new(vec![SecretString::from("secret".to_owned())], None);
        assert!(matches!(short, Err(VaultError::Short)));
    }

    #[cfg(unix)]
    #[test]
    fn the_key_file_is_for_its_owner_alone_and_a_new_key_stands_first() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("fupan-vault-{}", std::process::id()));
        let path = folder.join("secret.key");
        let of_file = Vault::new(Vec::new(), Some(path.clone())).unwrap();
        assert!(of_file.ids().unwrap().is_empty());
        of_file.add_key([1; 32], true).unwrap();
        let (sealed, first) = of_file.seal([3; 32], "a", "b").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&folder)), (0o600, 0o700));
        of_file.add_key([2; 32], false).unwrap();
        assert_eq!(mode(&path), 0o600);
        let ids = of_file.ids().unwrap();
        assert_eq!((ids.len(), &ids[1]), (2, &first));
        assert_eq!(of_file.open("a", &sealed).unwrap(), "b");
        // Another process that knew only the first key finds the second.
        let other = Vault::new(Vec::new(), Some(path)).unwrap();
        assert_eq!(other.open("a", &of_file.seal([4; 32], "a", "c").unwrap().0).unwrap(), "c");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn keys_that_are_made_at_once_are_all_kept_and_an_empty_file_is_not_written_over() {
        let folder = std::env::temp_dir().join(format!("fupan-vault-at-once-{}", std::process::id()));
        let path = folder.join("secret.key");
        let made: Vec<_> = (1..=16)
            .map(|byte| {
                let path = path.clone();
                std::thread::spawn(move || {
                    let vault = Vault::new(Vec::new(), Some(path)).unwrap();
                    vault.add_key([byte; 32], false).unwrap();
                    // What was sealed with any of them at any time can be opened for ever.
                    vault.seal([byte; 32], "a", "b").unwrap().0
                })
            })
            .collect();
        let sealed: Vec<String> = made.into_iter().map(|one| one.join().unwrap()).collect();
        let later = Vault::new(Vec::new(), Some(path.clone())).unwrap();
        assert_eq!(later.ids().unwrap().len(), 16);
        assert!(sealed.iter().all(|one| later.open("a", one).unwrap() == "b"));
        later.add_key([99; 32], true).unwrap();
        assert_eq!(later.ids().unwrap().len(), 16, "the first key is there");
        std::fs::write(&path, " \n").unwrap();
        for first in [true, false] {
            let refused = later.add_key([99; 32], first);
            assert!(matches!(refused, Err(VaultError::Empty { .. })), "{refused:?}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), " \n");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
