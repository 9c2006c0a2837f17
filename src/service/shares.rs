//! Links under which a published week can be read without an account, for a wiki to embed. A link shows what is
//! published, always in its latest revision; it expires, and can be revoked at once. Its token has 256 random bits, is
//! shown once and kept as a hash, so that guessing is hopeless and the database opens nothing.

use std::collections::BTreeSet;

use serde_json::json;
use uuid::Uuid;

use super::{
    App, ServiceError,
    app::{authorise, detached},
    publications::Publication,
    retry::retried,
    secrets, tokens, withholding,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::{self, FieldError},
        iso_week::IsoWeek,
        visibility::Sight,
    },
    store::{self, StoreError},
};

pub use crate::store::shares::ShareLink;

/// Every token begins like this, so that scanners find leaked ones.
pub const PREFIX: &str = "fps_";
/// Characters of a token: the prefix and 32 bytes in base64.
const TOKEN_LENGTH: usize = 47;
/// Days that a link works unless said otherwise.
pub const DEFAULT_DAYS: i64 = 90;
/// The most days that a link works.
pub const MOST_DAYS: i64 = 366;
const DAY: i64 = 86_400_000;
/// Uses are noted at most this often, in milliseconds: one hour.
const USED_EVERY: i64 = 3_600_000;

/// A link to be made.
#[derive(Debug, Clone)]
pub struct NewShare {
    /// The week; none is whichever published week is the latest when someone looks.
    pub week: Option<IsoWeek>,
    /// Days that it works, 1 to 366; by default 90.
    pub days: Option<i64>,
    /// What it is for; by default the week.
    pub name: Option<String>,
}

/// The week of a word: `2024-W34`, or none for `latest`.
pub fn week_of(word: &str) -> Result<Option<IsoWeek>, ServiceError> {
    if matches!(word, "latest" | "最新") { Ok(None) } else { Ok(Some(word.parse()?)) }
}

/// Makes a link; its address is returned once.
pub async fn create(app: &App, actor: &Actor, new: NewShare) -> Result<(ShareLink, String), ServiceError> {
    authorise(actor, Permission::ShareReport)?;
    let days = new.days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(FieldError::shape("days", "give 1 to 366 days").into());
    }
    let label = new.week.map_or_else(|| "latest".to_owned(), |week| week.to_string());
    let name = match new.name.as_deref().map(str::trim) {
        None | Some("") => label.clone(),
        Some(name) => checked::line("name", name, 80)?,
    };
    let published = match new.week {
        Some(week) => store::publications::latest(app.store.read(), week).await?,
        None => store::publications::latest_week(app.store.read()).await?,
    };
    if let Some(found) = &published
        && withholding::is_hidden(app.store.read(), Sight::Everyone, &found.numbers).await?
    {
        let week = found.head.week;
        let words = format!(
            "the published text of {week} tells of an event that is restricted by now; publish it again: fupan report publish {week}"
        );
        return Err(ServiceError::Conflict(words));
    }
    if published.is_none() {
        let words = match new.week {
            Some(week) => format!("{week} is not published; publish it first: fupan report publish {week}"),
            None => "no week is published yet; publish one first: fupan report publish 2024-W34".to_owned(),
        };
        return Err(ServiceError::Conflict(words));
    }
    let now = app.now_millis();
    let secret = secrets::new_token(app, PREFIX);
    let share = ShareLink {
        id: app.id(),
        name,
        prefix: secret.chars().take(10).collect(),
        token_hash: secrets::hash(&secret),
        week: new.week,
        created_at: now,
        created_by: actor.name.clone(),
        expires_at: now + days * DAY,
        used_at: None,
    };
    let url = format!("{}/s/{secret}", app.public_url);
    let (app, actor, kept) = (app.clone(), actor.clone(), share.clone());
    retried(move || write(app.clone(), actor.clone(), kept.clone())).await?;
    Ok((share, url))
}

async fn write(app: App, actor: Actor, share: ShareLink) -> Result<(), ServiceError> {
    let tx = app.store.begin().await?;
    if store::shares::count(tx.conn(), share.created_at).await? >= store::shares::LIMIT {
        return Err(ServiceError::Conflict(
            "there are 200 share links already; revoke one that is not used".to_owned(),
        ));
    }
    store::shares::insert(&tx, &share).await?;
    let change = json!({
        "name": share.name,
        "prefix": share.prefix,
        "week": share.week.map(|week| week.to_string()),
        "expires_at": share.expires_at,
    });
    let subject = format!("share:{}", share.id);
    store::audit::insert(&tx, app.id(), app.now_millis(), &actor, "share.create", &subject, change).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives a link another address: a new link of the same name, week and end takes its place, and the old one goes on working
/// for `overlap` hours, so that pages that embed it can be changed without a gap. The address is returned once.
pub async fn rotate(
    app: &App,
    actor: &Actor,
    id: Uuid,
    overlap: Option<i64>,
) -> Result<(ShareLink, String), ServiceError> {
    authorise(actor, Permission::ShareReport)?;
    let overlap = overlap.unwrap_or(tokens::DEFAULT_OVERLAP);
    if !(0..=tokens::MOST_OVERLAP).contains(&overlap) {
        return Err(FieldError::shape("overlap_hours", "give 0 to 168 hours").into());
    }
    let now = app.now_millis();
    let gone = move || ServiceError::NotFound(format!("share {id}"));
    let old = store::shares::by_id(app.store.read(), id, now).await?.ok_or_else(gone)?;
    let ends = old.expires_at.min(now + overlap * 3_600_000);
    let secret = secrets::new_token(app, PREFIX);
    let new = ShareLink {
        id: app.id(),
        prefix: secret.chars().take(10).collect(),
        token_hash: secrets::hash(&secret),
        created_at: now,
        created_by: actor.name.clone(),
        used_at: None,
        ..old.clone()
    };
    let url = format!("{}/s/{secret}", app.public_url);
    let (app, actor, made) = (app.clone(), actor.clone(), new.clone());
    retried(move || {
        let (app, actor, old, new) = (app.clone(), actor.clone(), old.clone(), made.clone());
        async move {
            let tx = app.store.begin().await?;
            match store::shares::end_at(&tx, old.id, old.expires_at, ends).await {
                Err(StoreError::Stale) => {
                    return Err(ServiceError::Conflict("this changed meanwhile; read it again".to_owned()));
                }
                other => other?,
            }
            if store::shares::count(tx.conn(), now).await? >= store::shares::LIMIT {
                let words = "there are 200 share links already; revoke one that is not used";
                return Err(ServiceError::Conflict(words.to_owned()));
            }
            store::shares::insert(&tx, &new).await?;
            let change = json!({"replaces": old.id, "prefix": new.prefix, "old_ends_at": ends});
            let subject = format!("share:{}", new.id);
            store::audit::insert(&tx, app.id(), now, &actor, "share.rotate", &subject, change).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await?;
    Ok((new, url))
}

/// A link with what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The link.
    pub share: ShareLink,
    /// Whether it shows a report now: not while its week is withdrawn.
    pub shows: bool,
}

/// The links that are neither expired nor revoked, newest first.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Listed>, ServiceError> {
    authorise(actor, Permission::ShareReport)?;
    let connection = app.store.read();
    let links = store::shares::list(connection, app.now_millis()).await?;
    let weeks: BTreeSet<IsoWeek> = links.iter().filter_map(|share| share.week).collect();
    let published = withholding::shown_of(connection, &weeks).await?;
    let mut any = false;
    if links.iter().any(|share| share.week.is_none()) {
        let latest = store::publications::latest_week(connection).await?;
        any = withholding::unless_withheld(connection, latest).await?.is_some();
    }
    let shows = |share: &ShareLink| share.week.map_or(any, |week| published.contains(&week));
    Ok(links.into_iter().map(|share| Listed { shows: shows(&share), share }).collect())
}

/// Revokes a link: from now on it leads nowhere.
pub async fn revoke(app: &App, actor: &Actor, id: Uuid) -> Result<(), ServiceError> {
    authorise(actor, Permission::ShareReport)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let now = app.now_millis();
            match store::shares::revoke(&tx, id, now).await {
                Err(StoreError::Stale) => return Err(ServiceError::NotFound(format!("share {id}"))),
                other => other?,
            }
            let subject = format!("share:{id}");
            store::audit::insert(&tx, app.id(), now, &actor, "share.revoke", &subject, json!({})).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// What the link with this token shows; nothing where it is unknown, expired or revoked, or its week was withdrawn. Which
/// of these it is, nobody learns.
pub async fn open(app: &App, token: &str) -> Result<Option<Publication>, ServiceError> {
    if token.len() != TOKEN_LENGTH || !token.starts_with(PREFIX) {
        return Ok(None);
    }
    let now = app.now_millis();
    let connection = app.store.read();
    let Some(share) = store::shares::live(connection, &secrets::hash(token), now).await? else { return Ok(None) };
    let published = match share.week {
        Some(week) => store::publications::latest(connection, week).await?,
        None => store::publications::latest_week(connection).await?,
    };
    let published = withholding::unless_withheld(connection, published).await?;
    if published.is_some() && share.used_at.is_none_or(|used| now - used > USED_EVERY) {
        let (app, id) = (app.clone(), share.id);
        let noted = detached(async move {
            let tx = app.store.begin().await?;
            store::shares::used(&tx, id, now).await?;
            tx.commit().await?;
            Ok(())
        });
        // The reader gets the report also where its use cannot be noted.
        if let Err(error) = noted.await {
            tracing::warn!(share = %id, %error, "the use of a share link could not be noted");
        }
    }
    Ok(published)
}
