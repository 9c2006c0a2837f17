//! `fupan notifier`: groups of chat tools, and servers, that messages go to.

use clap::{Args, Subcommand};

use super::{
    Session,
    out::{data, raw, say},
};
use crate::{
    domain::{notifier::Topic, notifier_member, reminder::digest::Language},
    i18n::outbox::problem_words,
    service::{
        accounts, notifier_members,
        notifiers::{self, Notifier, NotifierPatch, QuietText},
        outbox_admin, teams,
    },
    web::api::{
        notifiers::{delivery_body, member_list, notifier_body, notifier_list},
        published::line,
    },
};

/// 通知方式：飞书、钉钉、企业微信、Slack、Webhook。 Notifiers: where messages go besides mail.
#[derive(Debug, Subcommand)]
pub(super) enum NotifierCommand {
    /// 列出。 All of them.
    List,
    /// 新增。 Set one up.
    Add {
        /// 名称。 Its name.
        name: String,
        /// 工具：feishu、dingtalk、wecom、slack、webhook。 The tool: feishu, dingtalk, wecom, slack, webhook.
        #[arg(long)]
        tool: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// 修改。 Change one.
    Set {
        /// 名称或编号。 Its name or id.
        notifier: String,
        /// 新名称。 Another name.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// 暂停发送。 Send nothing to it for now.
    Off {
        /// 名称或编号。 Its name or id.
        notifier: String,
    },
    /// 恢复发送。 Send to it again.
    On {
        /// 名称或编号。 Its name or id.
        notifier: String,
    },
    /// 删除，等待中的消息取消。 Remove it; messages that wait are cancelled.
    Remove {
        /// 名称或编号。 Its name or id.
        notifier: String,
    },
    /// 预览测试消息和字节数。 The test message as its tool gets it, and its bytes.
    Preview {
        /// 名称或编号。 Its name or id.
        notifier: String,
    },
    /// 发一条测试消息（由 worker 发出）；mail 为测试邮件。 Send a test message; the worker takes it along. mail is a test mail.
    Test {
        /// 名称或编号，或 mail。 Its name or id, or mail.
        notifier: String,
        /// 测试邮件发到的地址。 The address that a test mail goes to.
        #[arg(long)]
        to: Option<String>,
    },
    /// 谁在这个工具里是谁：列出，或设一个人的。 Who people are in its tool: list them, or say who one is.
    Members {
        /// 名称或编号。 Its name or id.
        notifier: String,
        /// 账号：邮箱、姓名或编号。 The person: an e-mail, a name or an id.
        #[arg(requires = "user_id")]
        account: Option<String>,
        /// 工具里的标识（飞书 open_id 或 user_id、钉钉 userId 或手机号、企业微信 userid、Slack 成员 ID），none 为去掉。 The id in the tool; none to forget it.
        user_id: Option<String>,
        /// 从标准输入读全部，一行一人：邮箱 标识。 Read all of them from standard input, a person a line: an e-mail and an id.
        #[arg(long, conflicts_with = "account")]
        replace: bool,
    },
    /// 最近 20 条消息。 Its latest 20 messages.
    Deliveries {
        /// 名称或编号。 Its name or id.
        notifier: String,
    },
}

/// 可以设的。 What can be set.
#[derive(Args)]
pub(super) struct Settings {
    /// 机器人的地址；写 - 从标准输入读，不留在命令历史里。 Its address; - reads it from standard input, so that it stays out of the shell's history.
    #[arg(long)]
    url: Option<String>,
    /// 签名密钥，none 为不签名，- 从标准输入读（地址也写 - 时是第二行）。 What messages are signed with; none for nothing, - reads it from standard input, behind the address where that is - too.
    #[arg(long)]
    secret: Option<String>,
    /// 群的关键词（飞书、钉钉），none 为没有。 The keyword of the group, Feishu and DingTalk; none for none.
    #[arg(long)]
    keyword: Option<String>,
    /// Slack 机器人发到的频道（C012AB3CD 或 #payments），令牌写在 --secret；none 改回 incoming webhook。 Where a bot of Slack posts, its token is the --secret; none for an incoming webhook.
    #[arg(long)]
    channel: Option<String>,
    /// 语言 zh-CN（默认）或 en。 zh-CN (the default) or en.
    #[arg(long)]
    lang: Option<String>,
    /// 只发与这个团队有关的，none 为全部。 Only what touches this team; none for everything.
    #[arg(long)]
    team: Option<String>,
    /// 主题，可写几次；默认全部：event.logged、event.recovered、event.graded、postmortem.done、postmortem.overdue、report.published、postmortem.pending、budget.burning。 A topic, several times for several; by default all of them.
    #[arg(long = "topic")]
    topics: Vec<String>,
    /// 静默时段，如 22:00-08:00，none 为没有；时段内的消息到结束时合成一条。 Quiet hours like 22:00-08:00, none for none; what comes meanwhile is told in one message at their end.
    #[arg(long)]
    quiet: Option<String>,
    /// 静默时段的时区，默认报告时区。 Their zone; by default the report's.
    #[arg(long, requires = "quiet")]
    quiet_zone: Option<String>,
    /// 静默时段内照常发送的等级，可写几次；UNGRADED 为未定级。 A level that goes through, several times for several; UNGRADED is none.
    #[arg(long, requires = "quiet")]
    quiet_through: Vec<String>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").finish_non_exhaustive()
    }
}

impl Settings {
    async fn patch(self, session: &Session, name: Option<String>) -> anyhow::Result<NotifierPatch> {
        let or_none = |text: String| (text != "none").then_some(text);
        let team_id = match self.team {
            None => None,
            Some(word) if word == "none" => Some(None),
            Some(word) => Some(Some(teams::find(&session.app, &session.actor, &word).await?.id)),
        };
        let quiet = match self.quiet {
            None => None,
            Some(word) if word == "none" => Some(None),
            Some(hours) => {
                let (from, until) = hours.split_once('-').unwrap_or((&hours, ""));
                let (from, until) = (from.to_owned(), until.to_owned());
                Some(Some(QuietText { from, until, zone: self.quiet_zone, through: self.quiet_through }))
            }
        };
        let mut lines = std::io::stdin().lines();
        let mut given = |value: Option<String>| match value {
            Some(dash) if dash == "-" => lines.next().transpose().map(|line| Some(line.unwrap_or_default())),
            other => Ok(other),
        };
        let (url, secret) = (given(self.url)?, given(self.secret)?);
        Ok(NotifierPatch {
            name,
            tool: None,
            url,
            secret: secret.map(or_none),
            keyword: self.keyword.map(or_none),
            channel: self.channel.map(or_none),
            lang: self.lang,
            team_id,
            topics: (!self.topics.is_empty()).then_some(self.topics),
            enabled: None,
            quiet,
        })
    }
}

pub(super) async fn run(session: &Session, command: NotifierCommand) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let switch = |on| NotifierPatch { enabled: Some(on), ..NotifierPatch::default() };
    let (word, patch) = match command {
        NotifierCommand::List => return list(session).await,
        NotifierCommand::Add { name, tool, settings } => {
            let new = NotifierPatch { tool: Some(tool), ..settings.patch(session, Some(name)).await? };
            let made = notifiers::create(app, actor, new).await?;
            tell(session, &made);
            return Ok(());
        }
        NotifierCommand::Remove { notifier } => {
            let found = notifiers::find(app, actor, &notifier).await?;
            notifiers::delete(app, actor, found.id, None).await?;
            say(&format!("已删除通知方式“{}” removed", found.fields.name));
            return Ok(());
        }
        NotifierCommand::Preview { notifier } => return preview(session, &notifier).await,
        NotifierCommand::Test { notifier, to } if notifier == "mail" || to.is_some() => {
            return test_mail(session, to.as_deref()).await;
        }
        NotifierCommand::Test { notifier, .. } => return test(session, &notifier).await,
        NotifierCommand::Deliveries { notifier } => return deliveries(session, &notifier).await,
        NotifierCommand::Members { notifier, account, user_id, replace } => {
            return members(session, &notifier, account.zip(user_id), replace).await;
        }
        NotifierCommand::Set { notifier, name, settings } => (notifier, settings.patch(session, name).await?),
        NotifierCommand::Off { notifier } => (notifier, switch(false)),
        NotifierCommand::On { notifier } => (notifier, switch(true)),
    };
    let found = notifiers::find(app, actor, &word).await?;
    let changed = notifiers::update(app, actor, found.id, None, patch).await?;
    tell(session, &changed);
    Ok(())
}

fn tell(session: &Session, notifier: &Notifier) {
    if session.json {
        raw(&line(&notifier_body(notifier)));
    } else {
        data(&row(notifier));
    }
}

/// `支付群  飞书  https://open.feishu.cn/…a1b2  签名  新事件、已恢复`.
fn row(notifier: &Notifier) -> String {
    let fields = &notifier.fields;
    let topics: Vec<&str> = fields.topics.iter().map(|topic: &Topic| topic.words(Language::Chinese)).collect();
    let mut parts = vec![fields.name.clone(), fields.tool.name(Language::Chinese).to_owned(), notifier.target.masked()];
    match &fields.channel {
        Some(channel) => parts.push(format!("频道 {channel}")),
        None => parts.extend(notifier.target.secret.is_some().then(|| "签名".to_owned())),
    }
    parts.extend(fields.keyword.as_ref().map(|word| format!("关键词 {word}")));
    parts.extend((!fields.enabled).then(|| "已停用".to_owned()));
    parts.push(topics.join("、"));
    parts.join("  ")
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let all = notifiers::all(&session.app, &session.actor).await?;
    if session.json {
        raw(&line(&notifier_list(&all)));
        return Ok(());
    }
    for notifier in &all {
        data(&row(notifier));
    }
    say(&format!("通知方式 {} 个", all.len()));
    Ok(())
}

async fn preview(session: &Session, word: &str) -> anyhow::Result<()> {
    let notifier = notifiers::find(&session.app, &session.actor, word).await?;
    let rendered = notifiers::preview(&session.app, &notifier);
    if session.json {
        raw(&rendered.body);
        raw("\n");
        return Ok(());
    }
    data(&rendered.text);
    say(&format!("{} / {} 字节 bytes", rendered.bytes, rendered.limit));
    Ok(())
}

async fn test(session: &Session, word: &str) -> anyhow::Result<()> {
    let notifier = notifiers::find(&session.app, &session.actor, word).await?;
    let message = notifiers::test(&session.app, &session.actor, notifier.id).await?;
    if session.json {
        raw(&line(&delivery_body(&session.app, &message)));
        return Ok(());
    }
    say(&format!(
        "测试消息已进入发件箱，运行中的服务半分钟内发出，或 fupan worker --once；结果看 fupan notifier deliveries {}",
        notifier.fields.name
    ));
    Ok(())
}

async fn test_mail(session: &Session, to: Option<&str>) -> anyhow::Result<()> {
    let message = outbox_admin::test_mail(&session.app, &session.actor, to).await?;
    if session.json {
        raw(&line(&crate::web::api::outbox::body(&session.app, &message)));
        return Ok(());
    }
    data(&message.id.to_string());
    say(&format!(
        "发给 {} 的测试邮件已进入发件箱，运行中的服务半分钟内发出，或 fupan worker --once；结果看 fupan outbox show {}",
        message.recipient, message.id
    ));
    Ok(())
}

async fn deliveries(session: &Session, word: &str) -> anyhow::Result<()> {
    let notifier = notifiers::find(&session.app, &session.actor, word).await?;
    for message in notifiers::deliveries(&session.app, &session.actor, notifier.id).await? {
        let body = delivery_body(&session.app, &message);
        if session.json {
            raw(&line(&body));
            continue;
        }
        let at = chrono::DateTime::from_timestamp_millis(message.created_at).unwrap_or_default();
        let at = at.with_timezone(&session.app.zone).format("%Y-%m-%d %H:%M");
        let problem = message.last_error.map(|said| problem_words(true, message.last_phase, &said));
        let problem = problem.map(|words| format!("  {words}")).unwrap_or_default();
        data(&format!("{at}  {}  {}{problem}", message.state.code(), message.subject));
    }
    Ok(())
}

async fn members(session: &Session, word: &str, one: Option<(String, String)>, replace: bool) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let notifier = notifiers::find(app, actor, word).await?;
    let mut known = notifier_members::of(app, actor, notifier.id).await?;
    if replace {
        let people = notifier_member::of_lines(&std::io::read_to_string(std::io::stdin())?)?;
        (_, known) = notifier_members::replace(app, actor, notifier.id, None, &people).await?;
    } else if let Some((account, user_id)) = one {
        let account = accounts::named(app, actor, "members", &account).await?;
        let others = known.iter().filter(|(other, _)| other.id != account.id && other.active);
        let mut people: Vec<(String, String)> =
            others.map(|(other, user_id)| (other.id.to_string(), user_id.clone())).collect();
        people.extend((user_id != "none").then(|| (account.id.to_string(), user_id)));
        // What somebody else writes between is not lost.
        let version = Some(notifier.version);
        (_, known) = notifier_members::replace(app, actor, notifier.id, version, &people).await?;
    }
    if session.json {
        raw(&line(&member_list(&known)));
        return Ok(());
    }
    for (account, user_id) in &known {
        let off = if account.active { "" } else { "  已停用" };
        data(&format!("{}  {}  {user_id}{off}", account.email, account.name));
    }
    say(&format!("{} 人 people", known.len()));
    Ok(())
}
