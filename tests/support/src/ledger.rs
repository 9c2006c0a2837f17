//! The invariants of the outbox (reliability study, section 2.5) as one check over the database and over what came to the
//! mail server. It reads the tables themselves: what a test trusts must not be the service's own word.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};

use super::smtp::Received;

struct Message {
    id: String,
    kind: String,
    message_id: String,
    state: String,
    mail: bool,
    error: Option<String>,
}

/// Everything that breaks an invariant, one sentence each; empty where all hold. `received` is what came to the one mail
/// server of the test; without it only the database is looked at.
pub async fn violations(url: &str, received: Option<&[Received]>) -> Vec<String> {
    let db = Database::connect(url).await.unwrap();
    let mut found = Vec::new();
    let messages = messages(&db).await;
    let attempts = attempts(&db).await;
    ledger(&db, &messages, &mut found).await;
    let none = BTreeMap::new();
    let of = |id: &str, outcome: &str| attempts.get(id).unwrap_or(&none).get(outcome).copied().unwrap_or(0);
    for message in &messages {
        // I2: acknowledged once.
        let sent = of(&message.id, "sent");
        if sent > 1 {
            found.push(format!("I2: {} was acknowledged and noted {sent} times", message.message_id));
        }
        if (message.state == "sent") != (sent == 1) {
            found.push(format!("I2: {} is {} and was noted as sent {sent} times", message.message_id, message.state));
        }
        if message.state == "dead" && of(&message.id, "refused") == 0 && message.error.is_none() {
            found.push(format!("I4: {} is dead without a reason", message.message_id));
        }
        if message.state == "unconfirmed" && of(&message.id, "unknown") == 0 {
            found.push(format!("I4: {} is unconfirmed without an unknown outcome", message.message_id));
        }
    }
    if let Some(received) = received {
        copies(&messages, received, &of, &mut found);
    }
    db.close().await.unwrap();
    found
}

/// How many mails are still on their way.
pub async fn waiting(url: &str) -> usize {
    let db = Database::connect(url).await.unwrap();
    let messages = messages(&db).await;
    db.close().await.unwrap();
    messages.iter().filter(|one| one.mail && matches!(one.state.as_str(), "pending" | "claimed" | "committing")).count()
}

/// I3 and I4: copies come from unknown outcomes alone, are the same bytes, and nothing is called sent that never came.
fn copies(messages: &[Message], received: &[Received], of: &dyn Fn(&str, &str) -> usize, found: &mut Vec<String>) {
    let mut copies: BTreeMap<String, Vec<&Received>> = BTreeMap::new();
    for mail in received {
        let id = mail.header("Message-ID").unwrap_or_default();
        copies.entry(id.trim_matches(['<', '>']).to_owned()).or_default().push(mail);
    }
    for message in messages.iter().filter(|message| message.mail) {
        let came = copies.remove(&message.message_id).unwrap_or_default();
        let unknown = of(&message.id, "unknown");
        // A message that is on its way right now may have come without a word of it yet.
        let under_way = usize::from(message.state == "committing");
        let most = of(&message.id, "sent") + unknown + under_way;
        if came.len() > most {
            found.push(format!(
                "I3: {} copies of {} ({}), at most {most}",
                came.len(),
                message.message_id,
                message.kind
            ));
        }
        let bytes: BTreeSet<&str> = came.iter().map(|mail| mail.raw.as_str()).collect();
        if bytes.len() > 1 {
            found.push(format!("I3: copies of {} differ", message.message_id));
        }
        if message.state == "sent" && came.is_empty() {
            found.push(format!("I4: {} is sent and never came", message.message_id));
        }
        if message.state == "cancelled" && came.len() > unknown {
            found.push(format!("I5: {} was withdrawn and came", message.message_id));
        }
    }
    for (id, came) in copies {
        found.push(format!("I3: {} mails with the unknown Message-ID {id}", came.len()));
    }
}

/// I1 and I6: each reminder is in a state with a reason, and one a working day.
async fn ledger(db: &DatabaseConnection, messages: &[Message], found: &mut Vec<String>) {
    let states: BTreeMap<&str, &str> =
        messages.iter().map(|message| (message.id.as_str(), message.state.as_str())).collect();
    let rows = query(db, "SELECT item_id, recipient_id, occurrence, step, state, outbox_id FROM reminder_entry").await;
    let mut of_day: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for row in rows {
        let text = |name: &str| text(&row, name);
        let (item, recipient, state) = (uuid(&row, "item_id"), uuid(&row, "recipient_id"), text("state"));
        // An event may be asked about as one that goes on and as one that lacks facts: `ongoing.due`, `due`.
        let step = text("step");
        let item = format!("{} {item}", step.split_once('.').map_or("postmortem", |(subject, _)| subject));
        let day = day(&row, "occurrence");
        let place = format!("reminder of {item} to {recipient} on {day}");
        let outbox = optional_uuid(&row, "outbox_id");
        let carried = outbox.as_deref().and_then(|id| states.get(id).copied());
        let right = match (state.as_str(), carried) {
            ("planned", Some(carried)) => {
                matches!(carried, "pending" | "claimed" | "committing" | "dead" | "unconfirmed" | "expired")
            }
            ("sent", Some(carried)) => carried == "sent",
            ("superseded", Some(carried)) => carried == "superseded",
            ("cancelled", Some(_)) => true,
            // Its message was removed after its time; what is planned has one.
            (state, None) => state != "planned",
            _ => false,
        };
        if !right {
            found.push(format!("I1: {place} is {state} while its message is {carried:?}"));
        }
        if state == "planned" || state == "sent" {
            *of_day.entry((item, recipient, day)).or_default() += 1;
        }
    }
    for ((item, recipient, day), count) in of_day.into_iter().filter(|(_, count)| *count > 1) {
        found.push(format!("I6: {count} reminders of {item} to {recipient} on {day}"));
    }
}

async fn messages(db: &DatabaseConnection) -> Vec<Message> {
    let rows = query(db, "SELECT id, kind, message_id, state, notifier_id, last_error FROM outbox_message").await;
    rows.iter()
        .map(|row| Message {
            id: uuid(row, "id"),
            kind: text(row, "kind"),
            message_id: text(row, "message_id"),
            state: text(row, "state"),
            mail: optional_uuid(row, "notifier_id").is_none(),
            error: row.try_get("", "last_error").unwrap(),
        })
        .collect()
}

/// How many tries of each message ended in each way.
async fn attempts(db: &DatabaseConnection) -> BTreeMap<String, BTreeMap<String, usize>> {
    let mut attempts: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for row in query(db, "SELECT outbox_id, outcome FROM outbox_attempt").await {
        *attempts.entry(uuid(&row, "outbox_id")).or_default().entry(text(&row, "outcome")).or_default() += 1;
    }
    attempts
}

async fn query(db: &DatabaseConnection, sql: &str) -> Vec<sea_orm::QueryResult> {
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql.to_owned())).await.unwrap()
}

fn text(row: &sea_orm::QueryResult, name: &str) -> String {
    row.try_get("", name).unwrap()
}

fn uuid(row: &sea_orm::QueryResult, name: &str) -> String {
    row.try_get::<uuid::Uuid>("", name).unwrap().to_string()
}

fn optional_uuid(row: &sea_orm::QueryResult, name: &str) -> Option<String> {
    row.try_get::<Option<uuid::Uuid>>("", name).unwrap().map(|id| id.to_string())
}

fn day(row: &sea_orm::QueryResult, name: &str) -> String {
    row.try_get::<chrono::NaiveDate>("", name).unwrap().to_string()
}
