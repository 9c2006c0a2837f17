//! `fupan user` and `fupan token`.

use clap::Subcommand;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::{actor::Role, checked::FieldError, scope::Scopes, vocabulary},
    service::{
        ServiceError,
        accounts::{self, Account, AccountPatch, NewAccount},
        privacy, second_factor, sessions,
        tokens::{self, ApiToken, Life, NewToken},
    },
    web::api::{
        self,
        tokens::{token_body, token_list},
    },
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
        /// 团队范围：all 全部团队，own 仅本团队。 all teams, or own: the events of their own teams alone.
        #[arg(long, default_value = "all")]
        teams: String,
    },
    /// 一个人所在的时区，- 为报告时区；提醒按当地时间发。 The zone that a person lives in, - for the report zone; reminders come in the morning there.
    Zone {
        /// 邮箱。 E-mail.
        email: String,
        /// 时区，如 Europe/London。 A zone like Europe/London.
        zone: String,
    },
    /// 团队范围：all 全部团队，own 只看、只改本团队的事件；改了会结束此人的会话。 Of which teams a person sees and changes the events; another scope ends their sessions.
    Scope {
        /// 邮箱。 E-mail.
        email: String,
        /// all 或 own；不写则显示。 all or own; without it the scope is shown.
        teams: Option<String>,
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
        /// 范围，用逗号分开：read、write、samples（只推样本）、admin；不写为账号的全部权利。 Scopes with commas between them: read, write, samples (pushing samples only), admin; without it all rights of the account.
        #[arg(long, value_delimiter = ',')]
        scope: Vec<String>,
        /// 有效天数，1 到 366。 Days that it works, 1 to 366.
        #[arg(long, default_value_t = tokens::DEFAULT_DAYS)]
        days: i64,
    },
    /// 所有账号的令牌：编号、账号、范围、到期、最近使用。 Tokens of all accounts: id, account, scopes, end, last use.
    List,
    /// 换新令牌，旧的再用一段时间。 Give a token another secret; the old one goes on working for a while.
    Rotate {
        /// 令牌编号。 Id of the token.
        id: uuid::Uuid,
        /// 旧令牌还能用几小时，0 到 168。 Hours for which the old one goes on working, 0 to 168.
        #[arg(long, default_value_t = tokens::DEFAULT_OVERLAP)]
        overlap_hours: i64,
    },
    /// 撤销令牌，立刻不能用。 Revoke a token; from now on it opens nothing.
    Revoke {
        /// 令牌编号。 Id of the token.
        id: uuid::Uuid,
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
        User::Scope { email, teams } => {
            let mut account = accounts::named(&session.app, &session.actor, "email", &email).await?;
            if let Some(code) = teams {
                let team_scope = Some(accounts::team_scope_of(&code).map_err(ServiceError::from)?);
                let patch = AccountPatch { team_scope, ..AccountPatch::default() };
                account = accounts::change(&session.app, &session.actor, account.id, patch).await?;
                say(&format!("已保存 saved: {}", account.email));
            }
            data(scope(&account));
        }
        User::Add { email, name, role, lang, teams } => {
            let role = vocabulary::ROLE
                .code_of(&role)
                .and_then(Role::from_code)
                .ok_or_else(|| ServiceError::from(FieldError::shape("role", vocabulary::ROLE.remedy())))?;
            let team_scope = accounts::team_scope_of(&teams).map_err(ServiceError::from)?;
            let new = NewAccount { email, name, role, lang };
            let (account, link) = accounts::add_scoped(&session.app, &session.actor, new, team_scope).await?;
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
        }
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
                            "team_scope": scope(account),
                            "active": account.active,
                        })
                    })
                    .collect();
                data(&serde_json::json!({"data": rows, "next_cursor": null}).to_string());
                return Ok(());
            }
            for account in accounts {
                let teams = if scope(&account) == "own" { "\town" } else { "" };
                data(&format!("{}\t{}\t{}{teams}", account.email, account.role.code(), account.name));
            }
        }
        User::SetupLink => match accounts::setup_link(&session.app).await? {
            Some(link) => data(&link),
            None => say("已有管理员，无需首次设置"),
        },
    }
    Ok(())
}

/// The team scope as it works.
fn scope(account: &Account) -> &'static str {
    if account.actor().is_of_own_teams() { "own" } else { "all" }
}

/// The most tokens per question.
const PAGE: u64 = 200;

pub(super) async fn run_token(session: &Session, token: Token) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    match token {
        Token::Create { email, name, scope, days } => {
            let account = accounts::named(app, actor, "email", &email).await?;
            let scopes = match scope.as_slice() {
                [] => Scopes::ALL,
                codes => tokens::scopes_of(codes.iter().map(|code| code.trim())).map_err(ServiceError::from)?,
            };
            let (made, secret) =
                tokens::create(app, actor, &account, NewToken { name, scopes, days: Some(days) }).await?;
            shown_once(session, &made, &account.email, secret);
        }
        Token::Rotate { id, overlap_hours } => {
            let (made, secret) = tokens::rotate(app, actor, id, Some(overlap_hours)).await?;
            shown_once(session, &made, "", secret);
        }
        Token::Revoke { id } => {
            tokens::revoke(app, actor, id).await?;
            say(&format!("已撤销 revoked: {id}"));
        }
        Token::List => {
            let mut after = None;
            let mut list = Vec::new();
            loop {
                let page = tokens::of_all(app, actor, after, PAGE).await?;
                list.extend(page.tokens);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            if session.json {
                let page = tokens::TokenPage { tokens: list, next: None };
                data(&serde_json::to_string(&token_list(app, &page))?);
                return Ok(());
            }
            let day = |millis: Option<i64>| {
                let at = millis.and_then(chrono::DateTime::from_timestamp_millis);
                at.map_or_else(|| "-".to_owned(), |at| at.with_timezone(&app.zone).format("%Y-%m-%d").to_string())
            };
            for (one, account) in list {
                let (scopes, ends, used) = (one.scopes.codes().join(","), day(one.expires_at), day(one.used_at));
                data(&format!("{}\t{}\t{}\t{scopes}\t{ends}\t{used}", one.id, account.email, one.name));
                match tokens::life(&one, app.now_millis()) {
                    Life::Soon if one.replaced_by.is_none() => {
                        say(&format!(
                            "{}：快到期或没有到期日，请轮换 ends soon or never, rotate it: fupan token rotate {}",
                            one.name, one.id
                        ));
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

/// Prints a secret: the only time that it is shown.
fn shown_once(session: &Session, made: &ApiToken, email: &str, secret: String) {
    if session.json {
        let account = Some(email.to_owned()).filter(|email| !email.is_empty());
        let body = token_body(&session.app, made, account, Some(secret));
        data(&serde_json::to_string(&body).unwrap_or_default());
    } else {
        data(&secret);
    }
    say("令牌只显示这一次");
}
