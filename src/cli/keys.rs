//! `fupan keys`: what the secrets in the database are sealed with.

use clap::Subcommand;
use serde_json::json;

use super::{
    CHECK_FOUND, Exit, Session,
    out::{data, say},
};
use crate::service::vault;

/// 密钥：数据库里的密钥怎样保存、更换加密用的钥匙。 The key that secrets in the database are sealed with.
#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// 用哪把钥匙、还有多少没加密或打不开；打不开时退出码 7。 Which key, and how many secrets are clear or cannot be opened; exit code 7 then.
    Status,
    /// 换一把新钥匙，全部重新加密；旧的留在文件里。 A new key, and everything sealed with it; the old one stays in the file.
    Rotate,
}

pub(super) async fn run(session: &Session, command: KeysCommand) -> anyhow::Result<()> {
    let app = &session.app;
    match command {
        KeysCommand::Status => {
            let kept = vault::kept(app).await?;
            let place = match app.vault.file() {
                Some(file) => file.display().to_string(),
                None => "FUPAN_SECRET_KEY".to_owned(),
            };
            if session.json {
                data(
                    &json!({"keys": kept.keys, "from": place, "sealed": kept.sealed, "older": kept.older, "clear": kept.clear, "closed": kept.closed})
                        .to_string(),
                );
            } else {
                let current = kept.keys.first().map_or("—", String::as_str);
                data(&format!("{current}\t{place}"));
                data(&format!(
                    "已加密 sealed {}\t旧钥匙 older key {}\t明文 clear {}\t打不开 closed {}",
                    kept.sealed, kept.older, kept.clear, kept.closed
                ));
            }
            if kept.closed > 0 { Err(Exit(CHECK_FOUND).into()) } else { Ok(()) }
        }
        KeysCommand::Rotate => {
            let done = vault::rotate(app, &session.actor).await?;
            say(&format!("已用新钥匙加密 {done} 项 sealed anew: {done}"));
            if let Some(file) = app.vault.file() {
                say(&format!(
                    "旧钥匙留在 {} 里，旧备份要用它 the old key stays in the file, for older copies of the database",
                    file.display()
                ));
            }
            Ok(())
        }
    }
}
