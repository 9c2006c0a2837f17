//! `fupan report publish WEEK`, `withdraw WEEK`, what differs since, and `share`, `shares`, `unshare`.

use clap::Args;

use super::{
    CHECK_FOUND, Exit, Session,
    out::{data, raw, say},
    report::week_of,
};
use crate::{
    domain::{
        checked::FieldError,
        iso_week::IsoWeek,
        publication::{Change, Edit},
    },
    i18n::{EN, ZH_CN, restated, samples},
    service::{
        ServiceError,
        publications::{self, PublicationHead, Published, Shown, Which},
        reports,
        shares::{self, Listed, NewShare},
    },
    web::api::{
        published::{frozen_json, line, published_body, restatement_body},
        shares::{share_body, share_list},
    },
};

/// The words behind `fupan report` that belong here.
pub(super) const VERBS: [&str; 5] = ["publish", "withdraw", "share", "shares", "unshare"];

/// Which text of a week.
#[derive(Debug, Args)]
pub(super) struct Publishing {
    /// 按现在计算的，已发布的也是。 As computed now, also where the week is published.
    #[arg(long, conflicts_with = "revision")]
    now: bool,
    /// 哪个修订，默认最新。 This published revision; by default the latest.
    #[arg(long, value_name = "NUMBER")]
    revision: Option<i64>,
    /// 与发布时比，现在有什么不同，是哪次修改造成的。 What would be otherwise now than it was published, and which edit made it so; with --strict leave with 7 where
    /// there is something.
    #[arg(long)]
    pub restatement: bool,
    /// 用 share 时，链接有效几天，1 到 366，默认 90。 With share: days that the link works, 1 to 366; by default 90.
    #[arg(long, value_name = "NUMBER")]
    days: Option<i64>,
    /// 用 share 时，链接做什么用。 With share: what the link is for.
    #[arg(long)]
    name: Option<String>,
}

impl Publishing {
    /// Which text is wanted.
    pub(super) fn which(&self) -> Result<Which, FieldError> {
        Which::of(self.now.then_some("now"), self.revision)
    }
}

pub(super) async fn run(session: &Session, asked: &Publishing, verb: &str, words: &[&str]) -> anyhow::Result<()> {
    match (verb, words) {
        ("publish", [week]) => publish(session, week_of(session, week)?).await,
        ("withdraw", [week]) => {
            let week = week_of(session, week)?;
            publications::withdraw(&session.app, &session.actor, week).await?;
            say(&format!("{week}：已撤回发布，历次修订仍可用 --revision 查看 withdrawn"));
            Ok(())
        }
        ("share", [week]) => share(session, asked, week).await,
        ("shares", []) => shares(session).await,
        ("unshare", [id]) => {
            let id = id.parse().map_err(|_| ServiceError::NotFound(format!("share {id}")))?;
            shares::revoke(&session.app, &session.actor, id).await?;
            say("已撤销，链接马上失效 revoked");
            Ok(())
        }
        ("shares", _) => anyhow::bail!("write `fupan report shares`"),
        ("unshare", _) => anyhow::bail!("name the link: fupan report unshare ID (fupan report shares lists them)"),
        _ => anyhow::bail!("name the week: fupan report {verb} 2024-W34"),
    }
}

async fn publish(session: &Session, week: IsoWeek) -> anyhow::Result<()> {
    let published = publications::publish(&session.app, &session.actor, week, frozen_json, None).await?;
    let (publication, unchanged) = match &published {
        Published::New(publication) => (publication, false),
        Published::Unchanged(publication) => (publication, true),
        Published::Before(_) => return Ok(()),
    };
    if session.json {
        raw(&line(&published_body(&session.app, publication, unchanged)));
    }
    let sign = sign(session, &publication.head);
    if unchanged {
        say(&format!("{week}：没有变化，不需要再发布；{sign} nothing changed"));
    } else {
        say(&format!("{week}：{sign}  {}/w/{week}", session.app.public_url));
        say_assumed_address(session);
    }
    Ok(())
}

async fn share(session: &Session, asked: &Publishing, week: &str) -> anyhow::Result<()> {
    let week = match shares::week_of(week) {
        Ok(week) => week,
        Err(_) => Some(week_of(session, week)?),
    };
    let new = NewShare { week, days: asked.days, name: asked.name.clone() };
    let (share, url) = shares::create(&session.app, &session.actor, new).await?;
    if session.json {
        raw(&line(&share_body(&session.app, &share, true, Some(url))));
    } else {
        data(&url);
    }
    let of = share.week.map_or_else(|| "最新发布的一周".to_owned(), |week| week.to_string());
    let until = day(session, share.expires_at);
    say(&format!("{of}：链接只显示这一次，{until} 前有效；撤销：fupan report unshare {}", share.id));
    say_assumed_address(session);
    Ok(())
}

/// Says that an address was put together without knowing where people reach the pages.
fn say_assumed_address(session: &Session) {
    if session.settings.public_url.is_none() {
        say("没有设置公开地址，按默认地址写出；设置 FUPAN_PUBLIC_URL 以得到可打开的地址 (set FUPAN_PUBLIC_URL)");
    }
}

async fn shares(session: &Session) -> anyhow::Result<()> {
    let links = shares::list(&session.app, &session.actor).await?;
    if session.json {
        raw(&line(&share_list(&session.app, &links)));
        return Ok(());
    }
    for Listed { share, shows } in &links {
        let of = share.week.map_or_else(|| "latest".to_owned(), |week| week.to_string());
        let used = share.used_at.map_or_else(|| "从未".to_owned(), |at| day(session, at));
        let until = day(session, share.expires_at);
        let dead = match (shows, share.week) {
            (true, _) => "",
            (false, Some(_)) => "\t这一周已撤回，链接打不开 withdrawn",
            (false, None) => "\t现在没有已发布的一周，链接打不开 nothing published",
        };
        data(&format!("{}\t{of}\t{}…\t{}\t到期 {until}\t最近使用 {used}{dead}", share.id, share.prefix, share.name));
    }
    let live = links.iter().filter(|link| link.shows).count();
    let dead = links.len() - live;
    let dead = if dead > 0 { format!("，打不开的 {dead} 个") } else { String::new() };
    say(&format!("有效的分享链接 {live} 个{dead}"));
    Ok(())
}

fn day(session: &Session, millis: i64) -> String {
    let at = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
    at.with_timezone(&session.app.zone).format("%Y-%m-%d %H:%M").to_string()
}

/// `已发布（修订 1，2024-08-23 17:00，local）`.
fn sign(session: &Session, head: &PublicationHead) -> String {
    let at = day(session, head.published_at);
    format!("已发布（修订 {}，{at}，{}）", head.revision, head.published_by)
}

/// Says on standard error which text this is, where the week is published.
pub(super) async fn say_which(session: &Session, shown: &Shown, which: Which) -> anyhow::Result<()> {
    let week = shown.report.week;
    let Some(publication) = &shown.publication else {
        if which == Which::Now && !publications::revisions(&session.app, &session.actor, week).await?.is_empty() {
            say(&format!("{week}：这是现在的计算，不是已发布的"));
        }
        return Ok(());
    };
    let withdrawn = if publication.head.withdrawn_at.is_some() { "，已撤回 withdrawn" } else { "" };
    say(&format!("{week}：{}{withdrawn}", sign(session, &publication.head)));
    if matches!(which, Which::Revision(_)) {
        let heads = publications::revisions(&session.app, &session.actor, week).await?;
        let live = heads.iter().find(|head| head.withdrawn_at.is_none()).map(|head| head.revision);
        if let Some(live) = live.filter(|live| *live != publication.head.revision) {
            let shown = publication.head.revision;
            say(&format!("{week}：修订 {shown} 不是最新，最新是修订 {live}，见 fupan report {week} (not the latest)"));
        }
    }
    if which == Which::Published {
        let found = publications::restatement(&session.app, &session.actor, week).await?;
        let count = found.map_or(0, |restatement| restatement.differences.len());
        if count > 0 {
            say(&format!("{week}：发布后修订 {count} 处，见 fupan report {week} --restatement"));
        }
    }
    Ok(())
}

/// With --strict: what the week lacks as things stand now, and what differs from its publication.
pub(super) async fn unfinished(session: &Session, strict: bool, week: IsoWeek) -> anyhow::Result<Vec<String>> {
    if !strict {
        return Ok(Vec::new());
    }
    let mut found = reports::weekly(&session.app, &session.actor, week).await?.unfinished();
    if let Some(restatement) = publications::restatement(&session.app, &session.actor, week).await? {
        found.extend(restatement.differences.iter().map(|restated| {
            let difference = &restated.difference;
            format!("{week}：发布后修订 {} restated", difference.subject.name())
        }));
    }
    Ok(found)
}

/// `等级 Severity：C → B`.
fn change_words(change: &Change) -> String {
    let side = |words: &str| if words.is_empty() { "—".to_owned() } else { words.to_owned() };
    let name = |t| restated::field(t, change.part).unwrap_or(change.part);
    format!("{} {}：{} → {}", name(&ZH_CN), name(&EN), side(&change.published), side(&change.current))
}

/// `编辑：影响、原因 Edit: Impact, Cause`.
fn edit_words(edit: &Edit) -> String {
    let words = |t, colon: &str| {
        let fields = restated::fields(t, &edit.fields);
        let colon = if fields.is_empty() { "" } else { colon };
        format!("{}{colon}{fields}", restated::action(t, &edit.action))
    };
    format!("{} {}", words(&ZH_CN, "："), words(&EN, ": "))
}

/// Prints what differs since a week was published.
pub(super) async fn restatement(session: &Session, week: IsoWeek, strict: bool) -> anyhow::Result<()> {
    let restatement = publications::restatement(&session.app, &session.actor, week)
        .await?
        .ok_or_else(|| publications::not_published(week))?;
    if session.json {
        raw(&line(&restatement_body(&session.app, &restatement)));
    } else {
        for restated in &restatement.differences {
            let difference = &restated.difference;
            let none = || "（没有）".to_owned();
            let subject = &difference.subject;
            let kind = format!("{} {}", restated::kind(&ZH_CN, subject), restated::kind(&EN, subject));
            data(format!("{kind}\t{}", subject.name()).trim_end());
            data(&format!("  发布时 {}", difference.published.clone().unwrap_or_else(none)));
            data(&format!("  现在　 {}", difference.current.clone().unwrap_or_else(none)));
            for change in &difference.changes {
                data(&format!("  {}", change_words(change)));
            }
            for edit in &restated.edits {
                let at = edit.at.with_timezone(&session.app.zone).format("%Y-%m-%d %H:%M");
                let stretch = edit.samples.as_ref();
                let samples = stretch.map(|one| format!("（{}）", samples::stretch(true, one, session.app.zone)));
                data(&format!("  改动　 {at} {} {}{}", edit.by, edit_words(edit), samples.unwrap_or_default()));
            }
        }
    }
    let (sign, count) = (sign(session, &restatement.publication), restatement.differences.len());
    say(&format!("{week}：{sign}，发布后修订 {count} 处"));
    if let Some(at) = restatement.partial_until.and_then(chrono::DateTime::from_timestamp_millis) {
        let at = at.with_timezone(&session.app.zone).format("%Y-%m-%d %H:%M");
        say(&format!(
            "发布时这一周还没有结束，数值到 {at} 为止；结束后请再发布一次。 Figures end there; publish the week again."
        ));
    }
    if strict && count > 0 {
        return Err(Exit(CHECK_FOUND).into());
    }
    Ok(())
}
