//! Workers beside each other: each goes by the clock of the database, and one whose own clock is far off does nothing until it
//! is right, because a mail that was sent early cannot be taken back (reliability study, section 2.6).

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

use super::{
    App, ServiceError,
    doctor::Finding,
    ports::{Clock, Reference},
    retry::retried,
};
use crate::store;

pub use crate::store::replicas::Replica;

/// Milliseconds that a clock may be off.
pub const TOLERATED: i64 = 60_000;

/// Milliseconds after which a worker that was not seen is not there.
const AWAY: i64 = 10 * 60_000;

/// Days that a worker is remembered.
const KEEP_DAYS: i64 = 7;

/// How the clock of this process stands.
pub enum InStep {
    /// It may work: with this product, which goes by the clock of the database.
    Yes(Box<App>, Ahead),
    /// It is off by so many milliseconds, more than is tolerated.
    No(i64),
}

/// Milliseconds that the own clock is ahead of the database's; none where there is nothing to compare with.
pub type Ahead = Option<i64>;

/// How far the own clock is ahead.
pub async fn ahead(app: &App) -> Result<Ahead, ServiceError> {
    Ok(match app.clock.reference() {
        Reference::Nothing => None,
        Reference::Time(at) => Some(app.now_millis() - at.timestamp_millis()),
        Reference::Database => {
            let asked = app.now_millis();
            let theirs = store::replicas::database_millis(app.store.read()).await?;
            // It was answered somewhere between question and answer.
            theirs.map(|theirs| asked.midpoint(app.now_millis()) - theirs)
        }
    })
}

/// Looks at the clock before a worker does something.
pub async fn in_step(app: &App) -> Result<InStep, ServiceError> {
    let ahead = ahead(app).await?;
    Ok(match ahead {
        Some(off) if off.abs() > TOLERATED => InStep::No(off),
        Some(off) if off != 0 => {
            let by = Duration::milliseconds(off);
            let clock = Arc::new(Behind { clock: Arc::clone(&app.clock), by });
            InStep::Yes(Box::new(App { clock, ..app.clone() }), ahead)
        }
        _ => InStep::Yes(Box::new(app.clone()), ahead),
    })
}

/// A clock that is set right by what it was found to be ahead.
struct Behind {
    clock: Arc<dyn Clock>,
    by: Duration,
}

impl Clock for Behind {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now() - self.by
    }
}

/// Notes that a worker runs.
pub async fn note(app: &App, replica: &Replica) -> Result<(), ServiceError> {
    let (app, replica) = (app.clone(), replica.clone());
    retried(move || {
        let (app, replica) = (app.clone(), replica.clone());
        async move {
            let tx = app.store.begin().await?;
            store::replicas::note(&tx, &replica).await?;
            store::replicas::remove_old(&tx, replica.seen_at - Duration::days(KEEP_DAYS).num_milliseconds()).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// Forgets a worker that stops.
pub async fn forget(app: &App, id: uuid::Uuid) -> Result<(), ServiceError> {
    let app = app.clone();
    retried(move || {
        let app = app.clone();
        async move {
            let tx = app.store.begin().await?;
            store::replicas::forget(&tx, id).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// Milliseconds that a message may wait before somebody should look.
const WAITED: i64 = 15 * 60_000;

/// No worker runs though it should: one was there and did not say that it stops, or messages wait.
pub(super) async fn silent(app: &App) -> Result<Vec<Finding>, ServiceError> {
    let now = app.now_millis() - ahead(app).await?.unwrap_or(0);
    let seen =
        store::replicas::seen_since(app.store.read(), now - Duration::days(KEEP_DAYS).num_milliseconds()).await?;
    let last = seen.iter().max_by_key(|replica| replica.seen_at);
    if last.is_some_and(|replica| replica.seen_at >= now - AWAY) {
        return Ok(Vec::new());
    }
    let waits = store::outbox::oldest_due(app.store.read(), None, now).await?.map(|since| now - since);
    let waits = waits.filter(|waited| *waited > WAITED).map(|waited| waited / 60_000);
    let (chinese, english) = match (last, waits) {
        (Some(replica), _) => {
            let (name, minutes) = (&replica.name, (now - replica.seen_at) / 60_000);
            (
                format!("worker {name} 已 {minutes} 分钟没有动静，也没有说过要停：提醒和消息不会发出"),
                format!(
                    "the worker {name} was not seen for {minutes} min and did not say that it stops: nothing is sent"
                ),
            )
        }
        (None, Some(minutes)) => (
            format!("没有 worker 在运行，到期的消息已等待 {minutes} 分钟"),
            format!("no worker runs, and a message that is due waits for {minutes} min"),
        ),
        (None, None) => return Ok(Vec::new()),
    };
    let remedy = "fupan serve, or fupan worker; see its log".to_owned();
    Ok(vec![Finding { subject: "worker", risky: true, chinese, english, remedy }])
}

/// Clocks that are off: of this machine, and of the workers that run.
pub(super) async fn findings(app: &App) -> Result<Vec<Finding>, ServiceError> {
    let mut off = Vec::new();
    let own = ahead(app).await?.unwrap_or(0);
    if own.abs() > TOLERATED {
        off.push(("本机".to_owned(), "this machine".to_owned(), own));
    }
    let now = app.now_millis() - own;
    for replica in store::replicas::seen_since(app.store.read(), now - AWAY).await? {
        if replica.ahead.abs() > TOLERATED {
            off.push((format!("worker {}", replica.name), format!("worker {}", replica.name), replica.ahead));
        }
    }
    let finding = |(chinese, english, ahead): (String, String, i64)| {
        let seconds = ahead.abs() / 1_000;
        let (zh, en) = if ahead > 0 { ("快", "ahead of") } else { ("慢", "behind") };
        Finding {
            subject: "clock",
            risky: true,
            chinese: format!("{chinese}的时钟比数据库{zh} {seconds} 秒：它不安排提醒，也不发消息，直到时钟校准"),
            english: format!(
                "the clock of {english} is {seconds} s {en} the database's: it plans and sends nothing until it is right"
            ),
            remedy: "timedatectl set-ntp true".to_owned(),
        }
    };
    Ok(off.into_iter().map(finding).collect())
}
