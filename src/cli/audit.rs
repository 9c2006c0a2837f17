//! `fupan audit`: the audit log and its hash chain.

use chrono::DateTime;
use clap::{Args, Subcommand};

use super::{
    CHECK_FOUND, Exit, Session,
    out::{data, raw, say},
};
use crate::{
    i18n::audit::{action_words, broken_words},
    service::{
        audit_chain::{self, kept_text},
        audit_log::{self, Asked},
    },
    web::api::{
        audit::{head_body, list_body, verdict_body},
        published::line,
    },
};

/// 审计：列出、检查哈希链、打印链头。 The audit log: list it, verify its hash chain, print its head.
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// 列出，最新的在前。 List entries, the newest first.
    List(Listed),
    /// 检查哈希链，有问题时退出码 7 并指出第一条。 Verify the hash chain; exit code 7 and the first broken entry where it is not whole.
    Verify {
        /// 以前用 fupan audit head 记下的链头，链必须经过它。 A head that was kept: the chain has to go through it.
        #[arg(long)]
        head: Option<String>,
    },
    /// 打印链头，抄到别处保存：末尾被删也能发现。 Print the head; keep it elsewhere, so that a removed end is found.
    Head,
}

/// 筛选。 Which entries.
#[derive(Debug, Args)]
pub(super) struct Listed {
    /// 谁：邮箱或账号编号。 By whom: an e-mail address or the id of an account.
    #[arg(long)]
    actor: Option<String>,
    /// 动作或开头：event.create、account.。 An action or its beginning: event.create, account.
    #[arg(long)]
    action: Option<String>,
    /// 对象：PE-22、account:…。 A subject: PE-22, account:…
    #[arg(long)]
    subject: Option<String>,
    /// 从哪天或何时起。 From a day or time on.
    #[arg(long)]
    from: Option<String>,
    /// 到哪天（含）或何时前。 Until a day (with it) or before a time.
    #[arg(long)]
    until: Option<String>,
    /// 从哪里接着列，取自上次的输出。 Where to go on, as the last answer said.
    #[arg(long)]
    cursor: Option<String>,
    /// 最多几条，1 到 200。 At most so many, 1 to 200.
    #[arg(long, default_value_t = 50)]
    limit: u64,
}

pub(super) async fn run(session: &Session, command: AuditCommand) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    match command {
        AuditCommand::List(listed) => {
            let Listed { actor: by, action, subject, from, until, cursor, limit } = listed;
            let asked = Asked { actor: by, action, subject, from, until, cursor, limit: Some(limit) };
            let page = audit_log::list(app, actor, &asked).await?;
            if session.json {
                raw(&line(&list_body(app, &page)));
                return Ok(());
            }
            for entry in &page.entries {
                let at = DateTime::from_timestamp_millis(entry.at)
                    .map(|at| at.with_timezone(&app.zone).format("%Y-%m-%d %H:%M:%S").to_string())
                    .unwrap_or_default();
                let words = action_words(&entry.action, false);
                data(&format!("{at}\t{}\t{}\t{}\t{words}", entry.actor_name, entry.action, entry.subject));
            }
            if let Some(next) = page.next {
                say(&format!("更早的 earlier: --cursor {next}"));
            }
            Ok(())
        }
        AuditCommand::Head => {
            let head = audit_chain::head(app, actor).await?;
            if session.json {
                raw(&line(&head_body(app, &head)));
            } else {
                data(&kept_text(&head));
            }
            Ok(())
        }
        AuditCommand::Verify { head } => {
            let kept = head.as_deref().map(audit_chain::kept_of).transpose()?;
            let verdict = audit_chain::verify(app, actor, kept.as_ref()).await?;
            if session.json {
                raw(&line(&verdict_body(app, &verdict)));
            } else if let Some(broken) = &verdict.broken {
                data(&broken_words(broken, false));
                say(&broken_words(broken, true));
            } else {
                data(&format!("完整：{} 条，链头 {}", verdict.checked, kept_text(&verdict.head)));
                say(&format!("whole: {} entries, head {}", verdict.checked, kept_text(&verdict.head)));
                if verdict.older > 0 {
                    say(&format!(
                        "前 {} 条早于哈希链，链只证明它们此后没有改过 the first {} are older than the chain, which shows that they did not change since",
                        verdict.older, verdict.older
                    ));
                }
            }
            if verdict.broken.is_some() { Err(Exit(CHECK_FOUND).into()) } else { Ok(()) }
        }
    }
}
