//! What groups are reminded of: the notifiers that rules name, and the words of their digests.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{App, ServiceError, doctor::Finding, notifier_members, reminder_items::Directory, reminders};
use crate::{
    domain::{
        announcement,
        chat::ChatMessage,
        checked,
        notifier::Notifier,
        policy,
        reminder::{
            digest::{self, Reader},
            plan::{Item, Reason},
            policy::ReminderPolicy,
        },
    },
    store::{self, reminders::ConnectionTrait},
};

/// Refuses rules that name a notifier that is not there: nobody would be told, and nobody would notice.
pub(super) async fn admit(connection: &impl ConnectionTrait, document: &str) -> Result<(), ServiceError> {
    let named = policy::read::<ReminderPolicy>(document)?.notifiers();
    match missing(connection, &named, false).await?.first() {
        None => Ok(()),
        Some(name) => {
            let words = format!("there is no notifier {name}; `fupan notifier list` names those that are there");
            Err(policy::refused("rules", &words).into())
        }
    }
}

/// Those of the folded names that no notifier has; or none that is switched on.
async fn missing(
    connection: &impl ConnectionTrait,
    named: &[String],
    switched_on: bool,
) -> Result<Vec<String>, ServiceError> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let all = store::notifiers::all(connection).await?;
    let there = all.iter().filter(|notifier| notifier.fields.enabled || !switched_on);
    let there: BTreeSet<String> = there.map(|notifier| checked::fold(&notifier.fields.name)).collect();
    Ok(named.iter().filter(|name| !there.contains(*name)).cloned().collect())
}

/// Rules that name a notifier which is gone or switched off.
pub(super) async fn findings(app: &App) -> Result<Vec<Finding>, ServiceError> {
    let connection = app.store.read();
    let named = reminders::policy(connection).await?.notifiers();
    let finding = |name: String| Finding {
        subject: "reminders",
        risky: true,
        chinese: format!("提醒规则写着通知方式 {name}，它不在或已停用：这一步没有人收到"),
        english: format!(
            "the rules of reminders name the notifier {name}, which is gone or switched off: nobody is told"
        ),
        remedy: format!("fupan notifier on {name}"),
    };
    Ok(missing(connection, &named, true).await?.into_iter().map(finding).collect())
}

/// What a group is told is pending; who owns something of it is called.
pub(super) async fn words(
    app: &App,
    connection: &impl ConnectionTrait,
    directory: &Directory,
    group: &Notifier,
    day: NaiveDate,
    items: &[(Item, Reason)],
) -> Result<ChatMessage, ServiceError> {
    let reader =
        Reader { id: group.id, name: &group.fields.name, language: group.language(), day, public_url: &app.public_url };
    let digest = digest::build(reader, items, &[], &app.calendars(), &reminders::name_of(directory));
    // The oldest first, as the lines stand: where there are too many, those who are later than others are called.
    let mut owned: Vec<(NaiveDate, Uuid)> =
        items.iter().filter_map(|(item, _)| Some((item.due_on, item.owner?))).collect();
    owned.sort_unstable();
    let owners: Vec<Uuid> = owned.into_iter().map(|(_, owner)| owner).collect();
    let mentions = notifier_members::calls(connection, &[group.id], &owners).await?.remove(&group.id);
    Ok(ChatMessage { mentions: mentions.unwrap_or_default(), ..announcement::of_pending(&digest) })
}
