//! Action items of the demo: done ones, one that is waiting for verification, late ones.

use chrono::Duration;
use uuid::Uuid;

use super::{
    App, ServiceError,
    action_items::{self, ActionPatch, Move, Person},
};
use crate::domain::{
    action_item::{ActionState, Priority},
    actor::Actor,
    event::ProductionEvent,
};

/// What is to be done, and what shows that it was done.
const ITEMS: [(&str, &str, Priority); 6] = [
    ("渠道证书轮换纳入变更日历并提前预热连接池", "变更日历链接与一次预热的截图", Priority::High),
    ("握手失败重试加退避与上限", "压测报告：失败时重试不超过 3 次", Priority::High),
    ("渠道级成功率告警阈值由 97% 调至 98.5%", "告警规则的提交记录", Priority::Medium),
    ("消费者扩容手册补上分区重分配一步", "手册新版与一次演练记录", Priority::Medium),
    ("对账文件晚到自动提醒上游", "提醒任务的运行日志", Priority::Low),
    ("风控规则上线前加灰度与回滚开关", "灰度开关的配置与回滚演练", Priority::High),
];

/// Gives an event of `back` weeks ago its action item.
pub(super) async fn fill(
    app: &App,
    actor: &Actor,
    event: &ProductionEvent,
    back: u32,
    owner: Uuid,
    verifier: Uuid,
) -> Result<(), ServiceError> {
    let Some(begun) = event.fields.occurred.map(|point| point.at) else { return Ok(()) };
    let seed = usize::try_from(event.number).unwrap_or(0);
    let Some((title, evidence, priority)) = ITEMS.get(seed % ITEMS.len()) else { return Ok(()) };
    let at = |days: i64| app.as_of(begun + Duration::days(days));
    let new = ActionPatch {
        title: Some((*title).to_owned()),
        priority: Some(*priority),
        owner: (seed % 7 != 3).then_some(Some(Person::Id(owner))),
        ..ActionPatch::default()
    };
    let owned = new.owner.is_some();
    action_items::create(&at(1), actor, event.number, new, None).await?;
    let filter = action_items::ActionFilter { event: Some(event.id), ..action_items::ActionFilter::default() };
    let Some(item) = action_items::list(app, actor, &filter, None, 1).await?.items.pop() else { return Ok(()) };
    let number = item.item.number;
    // The late ones among the old.
    if !owned || (back > 5 && seed % 6 == 0) || (back < 2 && seed % 2 == 0) {
        return Ok(());
    }
    action_items::move_to(&at(4), actor, number, None, Move::to(ActionState::InProgress)).await?;
    if back < 4 {
        return Ok(());
    }
    let shown = Move { evidence: Some((*evidence).to_owned()), ..Move::to(ActionState::InVerification) };
    action_items::move_to(&at(9), actor, number, None, shown).await?;
    if back < 6 {
        return Ok(());
    }
    // One in five is verified after its due date.
    let days = if seed % 5 == 0 { 40 } else { 12 };
    let verified = Move { verifier: Some(Person::Id(verifier)), ..Move::to(ActionState::Done) };
    action_items::move_to(&at(days), actor, number, None, verified).await?;
    Ok(())
}
