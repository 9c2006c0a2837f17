//! Keys of this installation: made once, kept in the database, the same for all replicas.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::sync::OnceCell;

use super::{App, ServiceError, retry::retried};
use crate::store;

/// The key of a name, made where there is none; `cell` remembers it.
pub(super) async fn key(app: &App, cell: &OnceCell<[u8; 32]>, name: &'static str) -> Result<[u8; 32], ServiceError> {
    let made = || async {
        let read = |text: String| URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let broken = || ServiceError::Interrupted(format!("the key {name} of this installation cannot be read"));
        if let Some(kept) = store::mail_acts::secret(app.store.read(), name).await? {
            return read(kept).ok_or_else(broken);
        }
        let new = URL_SAFE_NO_PAD.encode(app.ids.secret());
        let (task_app, value) = (app.clone(), new.clone());
        let kept = retried(move || {
            let (app, value) = (task_app.clone(), value.clone());
            async move {
                let tx = app.store.begin().await?;
                if store::mail_acts::insert_secret(&tx, name, &value).await? {
                    tx.commit().await?;
                    return Ok(value);
                }
                // Another process was quicker.
                let kept = store::mail_acts::secret(tx.conn(), name).await?;
                kept.ok_or_else(|| ServiceError::Interrupted(format!("the key {name} of this installation is gone")))
            }
        })
        .await?;
        read(kept).ok_or_else(broken)
    };
    cell.get_or_try_init(made).await.copied()
}
