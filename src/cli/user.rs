//! `fupan user` and `fupan token`.

use clap::Subcommand;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::{actor::Role, checked::FieldError},
    service::{
        ServiceError,
        accounts::{self, NewAccount},
        tokens,
    },
};

/// Accounts.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add a person; prints a one-time link to choose a password.
    Add {
        /// E-mail.
        email: String,
        /// Name.
        #[arg(long)]
        name: String,
        /// viewer, reporter, lead or admin.
        #[arg(long, default_value = "reporter")]
        role: String,
        /// zh-CN or en.
        #[arg(long, default_value = "zh-CN")]
        lang: String,
    },
    /// All accounts.
    List,
    /// A new one-time set-up link, while there is no administrator.
    SetupLink,
}

/// API tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Make a token for an account; it is shown once.
    Create {
        /// E-mail of the account.
        email: String,
        /// Label.
        #[arg(long)]
        name: String,
    },
}

pub(super) async fn run(session: &Session, user: User) -> anyhow::Result<()> {
    match user {
        User::Add { email, name, role, lang } => {
            let role = Role::from_code(&role).ok_or_else(|| {
                ServiceError::from(FieldError::shape("role", "choose viewer, reporter, lead or admin"))
            })?;
            let (account, link) =
                accounts::add(&session.app, &session.actor, NewAccount { email, name, role, lang }).await?;
            data(&link);
            say(&format!(
                "已添加 {} {}（{}），上面的链接用来设置密码，7 天内有效",
                account.email,
                account.name,
                account.role.code()
            ));
        }
        User::List => {
            let accounts = accounts::list(&session.app, &session.actor).await?;
            if session.json {
                let rows: Vec<serde_json::Value> = accounts
                    .iter()
                    .map(|account| {
                        serde_json::json!({
                            "email": account.email,
                            "name": account.name,
                            "role": account.role.code(),
                            "active": account.active,
                        })
                    })
                    .collect();
                data(&serde_json::Value::Array(rows).to_string());
                return Ok(());
            }
            for account in accounts {
                data(&format!("{}\t{}\t{}", account.email, account.role.code(), account.name));
            }
        }
        User::SetupLink => match accounts::setup_link(&session.app).await? {
            Some(link) => data(&link),
            None => say("已有管理员，无需首次设置"),
        },
    }
    Ok(())
}

pub(super) async fn run_token(session: &Session, token: Token) -> anyhow::Result<()> {
    let Token::Create { email, name } = token;
    let account = accounts::owner_by_email(&session.app, &session.actor, &email).await?;
    let (_, secret) = tokens::create(&session.app, &session.actor, &account, &name).await?;
    data(&secret);
    say("令牌只显示这一次");
    Ok(())
}
