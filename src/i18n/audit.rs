//! The words of the audit log: its page, what actions are called, what is wrong with a chain.

use crate::service::audit_chain::{Break, Broken};

macro_rules! audit_texts {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// Every text of the page in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct AuditTexts { $(pub $name: &'static str,)+ }
        static ZH_CN: AuditTexts = AuditTexts { $($name: $zh,)+ };
        static EN: AuditTexts = AuditTexts { $($name: $en,)+ };
    };
}

audit_texts! {
    audit: "审计记录", "Audit log";
    hint: "谁在什么时候改了什么、取走了什么、被拒绝了什么。只增不改，每一条都在哈希链里。", "Who changed what, took what out and was refused what, and when. It is only added to, and each entry is in a hash chain.";
    actor: "谁", "Who";
    actor_hint: "邮箱", "e-mail";
    action: "动作", "Action";
    action_hint: "如 account. 或 event.create", "account. or event.create";
    subject: "对象", "Subject";
    subject_hint: "如 PE-22", "PE-22";
    from: "从", "From";
    until: "到", "Until";
    filter: "筛选", "Filter";
    when: "时间", "When";
    none: "没有符合的记录。", "No entry like this.";
    more: "更早的", "Earlier";
    change: "内容", "What";
    chain: "哈希链", "Hash chain";
    chain_hint: "链头证明到此为止的全部记录。把它抄到别处，以后用它检查，连末尾被删也能发现。", "The head proves every entry up to it. Keep it elsewhere and verify with it later: even a removed end is found then.";
    head: "链头", "Head";
    kept: "记下的链头（可不填）", "A head that was kept, if any";
    verify: "检查", "Verify";
    whole: "链是完整的，检查了", "The chain is whole; entries checked:";
    not_whole: "链不完整。", "The chain is not whole.";
}

/// The words in a language; Chinese unless it is `en`.
pub fn texts(lang: &str) -> &'static AuditTexts {
    if lang == "en" { &EN } else { &ZH_CN }
}

/// What an action is called; an action that is not known is its code.
pub fn action_words(action: &str, english: bool) -> String {
    let whole = match action {
        "refused" => Some(("被拒绝", "refused")),
        "export" => Some(("取走文件", "took a file out")),
        "settings.change" => Some(("启动设置变了", "settings of the process changed")),
        "account.setup" => Some(("首次设置", "first set-up")),
        "account.password" => Some(("设置密码", "set a password")),
        "account.link" => Some(("发密码链接", "made a link for a password")),
        "account.close" => Some(("关闭账号", "closed an account")),
        "event.undo" => Some(("撤销修改", "took a change back")),
        "event.bulk" => Some(("批量修改", "changed many events")),
        "event.link" => Some(("关联指标", "tied to an indicator")),
        "report.import" => Some(("导入", "imported")),
        "import.undo" => Some(("撤销导入", "took an import back")),
        "report.publish" => Some(("发布周报", "published a week")),
        "report.withdraw" => Some(("撤回周报", "withdrew a week")),
        "policy.write" => Some(("改规则", "wrote a policy")),
        "postmortem.write" => Some(("写复盘", "wrote on a postmortem")),
        "mail.act" => Some(("用了邮件里的链接", "used a link of a mail")),
        "audit.cut" => Some(("按保留期删除最早的记录", "removed the first entries by the policy of retention")),
        "keys.rotate" => Some(("更换密钥", "changed the key of secrets")),
        "session.open" => Some(("登录", "signed in")),
        "session.close" => Some(("登出", "signed out")),
        "session.refused" => Some(("登录失败", "a sign-in was refused")),
        "session.code_refused" => Some(("验证码不对", "a code was refused")),
        "session.proved" => Some(("再次确认身份", "proved once more who they are")),
        "session.proof_refused" => Some(("再次确认身份没有通过", "failed to prove who they are")),
        "team.full" => Some(("团队已满，没有加入", "a team was full")),
        "session.revoke" => Some(("结束会话", "ended a session")),
        "session.revoke_all" => Some(("结束全部会话", "ended all sessions")),
        "identity.link" => Some(("关联统一登录", "linked an account of the provider")),
        "identity.unlink" => Some(("解除统一登录", "unlinked an account of the provider")),
        "second_factor.on" => Some(("开启两步登录", "turned two-step sign-in on")),
        "second_factor.off" => Some(("关闭两步登录", "turned two-step sign-in off")),
        "second_factor.codes" => Some(("更换恢复码", "made new recovery codes")),
        "second_factor.code_used" => Some(("用了一个恢复码", "used a recovery code")),
        "second_factor.reset" => Some(("重置两步登录", "reset two-step sign-in")),
        "mail.act_undone" => Some(("撤销邮件链接的操作", "took back what a link of a mail did")),
        "notifier.members" => Some(("改群里的点名", "said who people are in a tool")),
        "outbox.send_as_new" => Some(("作为新消息发送", "sent a message as a new one")),
        "dip.decide" => Some(("处理骤降", "decided on a dip")),
        "samples.reclassify" => Some(("按新口径重算样本", "counted samples by a new definition")),
        "mailing.unsubscribe" => Some(("退订周报邮件", "unsubscribed from a weekly mail")),
        "timeline.star" => Some(("时间线标星", "starred a line of the timeline")),
        _ => None,
    };
    if let Some((chinese, words)) = whole {
        return if english { words.to_owned() } else { chinese.to_owned() };
    }
    let Some((noun, verb)) = action.split_once('.') else { return action.to_owned() };
    let noun = match noun {
        "event" => ("事件", "event"),
        "account" => ("账号", "account"),
        "team" => ("团队", "team"),
        "service" => ("业务与组件", "service"),
        "token" => ("接口令牌", "API token"),
        "share" => ("分享链接", "share link"),
        "mailing" => ("周报邮件", "weekly mail"),
        "notifier" => ("通知方式", "notifier"),
        "source" => ("样本来源", "source of samples"),
        "indicator" => ("指标", "indicator"),
        "objective" => ("目标", "objective"),
        "figure" => ("运行数据", "figure"),
        "incident_count" => ("次数", "incident count"),
        "hand_count" => ("手填的数", "count by hand"),
        "calendar" => ("工作日历", "calendar"),
        "action_item" => ("改进项", "action item"),
        "timeline" => ("时间线", "timeline"),
        "relation" => ("关联", "relation"),
        "view" => ("视图", "saved view"),
        "style" => ("周报风格", "report style"),
        "review" => ("复盘会", "review"),
        "outbox" => ("发件箱", "outbox"),
        "mail_stop" => ("停发地址", "marked address"),
        "postmortem" => ("复盘", "postmortem"),
        "samples" => ("样本", "samples"),
        "session" => ("会话", "session"),
        _ => return action.to_owned(),
    };
    let verb = match verb {
        "create" | "add" | "schedule" => ("新增", "added"),
        "update" | "edit" | "put" | "define" | "save" | "day" | "correct" => ("修改", "changed"),
        "delete" | "remove" | "clear" | "cancel" => ("删除", "removed"),
        "revoke" => ("撤销", "revoked"),
        "restore" => ("恢复", "brought back"),
        "import" => ("导入", "imported"),
        "test" => ("测试", "tested"),
        "requeue" => ("重新发送", "sent again"),
        "rotate" => ("轮换", "rotated"),
        "reset" => ("恢复默认", "reset"),
        _ => return action.to_owned(),
    };
    if english { format!("{}: {}", noun.1, verb.1) } else { format!("{}{}", verb.0, noun.0) }
}

/// What is wrong with a chain, as a sentence that names the entry.
pub fn broken_words(broken: &Broken, english: bool) -> String {
    let place = broken.position.map(|position| position.to_string()).unwrap_or_default();
    let entry = broken.entry.map(|id| id.to_string()).unwrap_or_default();
    let named = broken.named.as_ref().map(|(action, subject)| format!("{action} {subject}")).unwrap_or_default();
    let named = if named.is_empty() { entry } else { format!("{entry} ({named})") };
    match (broken.what, english) {
        (Break::Removed, false) => format!("第 {place} 条被删除：{named}"),
        (Break::Removed, true) => format!("entry {place} was removed: {named}"),
        (Break::Changed, false) => format!("第 {place} 条被改动：{named}"),
        (Break::Changed, true) => format!("entry {place} was changed: {named}"),
        (Break::Place, false) => format!("从第 {place} 条起顺序不对，有记录被删、换位或插入：{named}"),
        (Break::Place, true) => {
            format!("from entry {place} on the order is broken, entries were removed, moved or put in between: {named}")
        }
        (Break::End, false) => format!("链的末尾（第 {place} 条）和链头不符，末尾被删或改写"),
        (Break::End, true) => {
            format!("the end of the chain (entry {place}) is not its head: it was cut off or written anew")
        }
        (Break::Inserted, false) => format!("有一条不是本服务写的：{named}"),
        (Break::Inserted, true) => format!("an entry was not written by this service: {named}"),
        (Break::KeptHead, false) => format!("链不经过记下的链头（第 {place} 条），末尾被删或改写过"),
        (Break::KeptHead, true) => {
            format!(
                "the chain does not go through the head that was kept (entry {place}): it was cut off or written anew"
            )
        }
        (Break::Beginning, false) => format!("链的开头（第 {place} 条之后）和最近一次按保留期的删除不符"),
        (Break::Beginning, true) => {
            format!(
                "the chain begins behind entry {place}, which is not where the last removal by the policy of retention left it"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// Names of the same form in the services that are no actions.
    const OTHERS: [&str; 9] = [
        "burn.warning",
        "chat.test",
        "chat.held",
        "reminder.digest",
        "report.weekly",
        "review.invite",
        "secret.key",
        "account.setup_link",
        "event.creat",
    ];

    fn is_name(text: &str) -> bool {
        text.split_once('.').is_some_and(|(noun, verb)| {
            let word = |part: &str| !part.is_empty() && part.bytes().all(|one| one.is_ascii_lowercase() || one == b'_');
            noun.len() > 1 && word(noun) && word(verb)
        })
    }

    fn names(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                names(&path, found);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let of_product = text.split("#[cfg(test)]").next().unwrap_or_default();
            found.extend(of_product.split('"').filter(|part| is_name(part)).map(str::to_owned));
        }
    }

    #[test]
    fn every_action_of_the_services_has_words() {
        let mut found = Vec::new();
        names(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/service"), &mut found);
        found.sort_unstable();
        found.dedup();
        assert!(found.len() > 60, "the sources are read: {}", found.len());
        let lacking: Vec<_> = found
            .iter()
            .filter(|name| !OTHERS.contains(&name.as_str()))
            .filter(|name| action_words(name, false) == **name || action_words(name, true) == **name)
            .collect();
        assert!(lacking.is_empty(), "{lacking:?}");
    }
}
