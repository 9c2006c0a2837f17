//! `fupan user` and `fupan token`.

use clap::Subcommand;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::{actor::Role, checked::FieldError, vocabulary},
    service::{
        ServiceError,
        accounts::{self, NewAccount},
        privacy, second_factor, sessions, tokens,
    },
    web::api,
};

/// 账号。 Accounts.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// 新增账号，打印一次性链接用来设密码。 Add a person; prints a one-time link to choose a password.
    Add {
        /// 邮箱。 E-mail.
        email: String,
        /// 姓名。 Name.
        #[arg(long)]
        name: String,
        /// 角色：只读、登记人、组长、管理员。 viewer, reporter, lead or admin.
        #[arg(long, default_value = "reporter")]
        role: String,
        /// 语言：zh-CN 或 en。 zh-CN or en.
        #[arg(long, default_value = "zh-CN")]
        lang: String,
    },
    /// 一个人所在的时区，- 为报告时区；提醒按当地时间发。 The zone that a person lives in, - for the report zone; reminders come in the morning there.
    Zone {
        /// 邮箱。 E-mail.
        email: String,
        /// 时区，如 Europe/London。 A zone like Europe/London.
        zone: String,
    },
    /// 一个人在服务里的全部数据，JSON。 Everything that is held on a person, as JSON.
    Export {
        /// 邮箱。 E-mail.
        email: String,
    },
    /// 注销账号，不能恢复；团队写下的文字不变。 Close an account for good; what the team wrote stays.
    Close {
        /// 邮箱。 E-mail.
        email: String,
        /// 确认。 Say that it is meant.
        #[arg(long)]
        yes: bool,
    },
    /// 列出账号。 All accounts.
    List,
    /// 一个账号登录在哪里。 Where an account is signed in.
    Sessions {
        /// 邮箱。 E-mail.
        email: String,
    },
    /// 结束一个账号的全部会话，或其中一个。 End all sessions of an account, or one of them.
    SignOut {
        /// 邮箱。 E-mail.
        email: String,
        /// 只结束这一个（来自 sessions）。 Only this one, from `sessions`.
        #[arg(long)]
        session: Option<uuid::Uuid>,
    },
    /// 重置一个账号的两步登录，它的会话全部结束。 Take the authenticator of an account away; its sessions end.
    ResetSecondFactor {
        /// 邮箱。 E-mail.
        email: String,
    },
    /// 新的首次设置链接（还没有管理员时）。 A new one-time set-up link, while there is no administrator.
    SetupLink,
}

/// 接口令牌。 API tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// 为账号生成令牌，只显示一次。 Make a token for an account; it is shown once.
    Create {
        /// 账号的邮箱。 E-mail of the account.
        email: String,
        /// 标注。 Label.
        #[arg(long)]
        name: String,
    },
}

pub(super) async fn run(session: &Session, user: User) -> anyhow::Result<()> {
    match user {
        User::Zone { email, zone } => {
            let account = accounts::named(&session.app, &session.actor, "email", &email).await?;
            let zone = Some(zone.as_str()).filter(|zone| *zone != "-");
            accounts::set_zone(&session.app, &session.actor, account.id, zone).await?;
            say(&format!("已保存 saved: {} {}", account.email, zone.unwrap_or("报告时区 report zone")));
        }
        User::Add { email, name, role, lang } => {
            let role = vocabulary::ROLE
                .code_of(&role)
                .and_then(Role::from_code)
                .ok_or_else(|| ServiceError::from(FieldError::shape("role", vocabulary::ROLE.remedy())))?;
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
        User::Export { email } => {
            let account = accounts::named(&session.app, &session.actor, "email", &email).await?;
            let export = privacy::export(&session.app, &session.actor, account.id).await?;
            data(&serde_json::to_string_pretty(&export)?);
        }
        User::Close { email, yes } => {
            let account = accounts::named(&session.app, &session.actor, "email", &email).await?;
            if !yes {
                let remedy = format!("add --yes to close the account {} for good", account.email);
                return Err(ServiceError::from(FieldError::shape("yes", remedy)).into());
            }
            privacy::close(&session.app, &session.actor, account.id, &account.email).await?;
            say("账号已注销 the account is closed");
        User::Sessions { email } => {
            let account = accounts::named(&session.app, &session.actor, "email", &email).await?;
            let list = sessions::list(&session.app, &session.actor, account.id).await?;
            if session.json {
                let body = api::sessions::session_list(&session.app, list, None);
                data(&serde_json::to_string(&body)?);
                return Ok(());
            }
            let at = |millis| {
                let at = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
                at.with_timezone(&session.app.zone).format("%Y-%m-%d %H:%M").to_string()
            };
            for one in list {
                let (since, used) = (at(one.created_at), at(one.seen_at));
                data(&format!("{}\t{}\t{}\t{since}\t{used}", one.id, one.browser, one.method));
            }
        }
        User::SignOut { email, session: one } => {
            let account = accounts::named(&session.app, &session.actor, "email", &email).await?;
            let ended = match one {
                Some(id) => {
                    sessions::revoke(&session.app, &session.actor, account.id, id).await?;
                    1
                }
                None => sessions::revoke_all(&session.app, &session.actor, account.id, None).await?,
            };
            say(&format!("已结束 {ended} 个会话 sessions ended: {}", account.email));
        }
        User::ResetSecondFactor { email } => {
            let account = accounts::named(&session.app, &session.actor, "email", &email).await?;
            second_factor::reset(&session.app, &session.actor, account.id).await?;
            say(&format!("已重置两步登录 two-step sign-in is off: {}", account.email));
        }
        User::List => {
            let accounts = accounts::list(&session.app, &session.actor).await?;
            if session.json {
                let rows: Vec<serde_json::Value> = accounts
                    .iter()
                    .map(|account| {
                        serde_json::json!({
                            "id": account.id,
                            "email": account.email,
                            "name": account.name,
                            "role": account.role.code(),
                            "active": account.active,
                        })
                    })
                    .collect();
                data(&serde_json::json!({"data": rows, "next_cursor": null}).to_string());
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
    let account = accounts::named(&session.app, &session.actor, "email", &email).await?;
    let (_, secret) = tokens::create(&session.app, &session.actor, &account, &name).await?;
    data(&secret);
    say("令牌只显示这一次");
    Ok(())
}
