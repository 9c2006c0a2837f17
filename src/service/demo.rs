//! A year of coherent demo data, relative to today: events, figures, owed and overdue postmortems.

use chrono::{DateTime, Datelike, Duration, Utc};

use super::{
    App, ServiceError,
    app::detached,
    demo_actions,
    events::{self, NewEvent},
    figures, postmortems,
    sessions::{self, Entry, Method, SignedIn},
    teams,
};
use crate::{
    domain::{
        actor::{Actor, Role},
        capture::draft::{Impact, ImpactKind},
        clock_point::ClockPoint,
        event::{EventFields, Source},
        event_record::Detection,
        event_record::{Responsibility, WHOLE},
        figures::{FigurePatch, IncidentCountFields},
        iso_week::IsoWeek,
        postmortem::PostmortemState,
        report::reading::Decimal,
        team::TeamFields,
    },
    store,
};

/// E-mail of the demo account.
const EMAIL: &str = "demo@example.com";

/// What went wrong, whom it hit, why, and what was done.
const STORIES: [(&str, &str, &str, &str, &str); 8] = [
    ("C", "快捷支付银行渠道超时", "付款交易", "渠道证书轮换，握手重试打满连接池", "切换备用渠道，恢复正常"),
    ("D", "对账文件延迟", "对账单", "上游出账晚到", "补发文件，处理完成"),
    ("C", "代付队列消费停滞", "代付交易", "消费者扩容时分区未重新分配", "重启消费者，恢复正常"),
    ("B", "收银台下单大面积失败", "收单交易", "数据库主从切换期间连接未释放", "重置连接池，恢复正常"),
    ("D", "退款回调积压", "退款", "回调线程池配置过小", "调大线程池并重放，处理完成"),
    ("C", "钱包首页访问个别响应504", "访问请求", "网关单机房链路抖动", "自动摘除节点，恢复正常"),
    ("D", "账单下载页打不开", "下载请求", "对象存储权限变更", "恢复权限，恢复正常"),
    ("C", "商户操作提现失败", "出金交易", "风控规则更新", "下线规则，恢复正常"),
];

/// The category of each story's cause.
const CATEGORIES: [&str; 8] =
    ["change", "dependency", "capacity", "capacity", "capacity", "network", "change", "change"];

/// Fills an empty database; one that holds the demo already is left alone.
pub async fn fill(app: &App) -> Result<(), ServiceError> {
    if store::accounts::by_email(app.store.read(), EMAIL).await?.is_some() {
        return Ok(());
    }
    let made = app.clone();
    let owner = detached(async move {
        let tx = made.store.begin().await?;
        let account = super::accounts::account(
            &made,
            EMAIL.to_owned(),
            "演示值班".to_owned(),
            Role::Lead,
            "zh-CN".to_owned(),
            None,
        );
        store::accounts::insert(&tx, &account).await?;
        let lead = super::accounts::account(
            &made,
            "demo-lead@example.com".to_owned(),
            "演示组长".to_owned(),
            Role::Lead,
            "zh-CN".to_owned(),
            None,
        );
        store::accounts::insert(&tx, &lead).await?;
        tx.commit().await?;
        Ok((account.id, lead.id))
    })
    .await?;
    let actor = Actor::local_operator();
    let mut teams = Vec::new();
    for name in ["支付组", "渠道组", "风控组"] {
        let fields = TeamFields {
            name: name.to_owned(),
            lead: Some(owner.1),
            members: vec![owner.0, owner.1],
            ..TeamFields::default()
        };
        teams.push(teams::create(app, &actor, fields).await?.id);
    }
    let this_week = IsoWeek::of(app.today());
    let mut week = this_week;
    for back in 0..52_u32 {
        fill_week(app, &actor, week, back, owner, &teams).await?;
        week = week.previous();
    }
    super::demo_indicator::fill(app, &actor).await
}

/// Who answers for an event: one team, two with half each, or in the latest weeks nobody yet.
fn shares(back: u32, index: usize, teams: &[uuid::Uuid]) -> Vec<Responsibility> {
    let team = |at: usize| teams.get(at % teams.len().max(1)).copied();
    let (first, second) = (team(index), team(index + 1));
    let part = |team: Option<uuid::Uuid>, share| team.map(|team_id| Responsibility { team_id, share });
    let parts = match (back, index % 3) {
        (0..2, _) => [None, None],
        (_, 0) => [part(first, WHOLE / 2), part(second, WHOLE / 2)],
        _ => [part(first, WHOLE), None],
    };
    parts.into_iter().flatten().collect()
}

async fn fill_week(
    app: &App,
    actor: &Actor,
    week: IsoWeek,
    back: u32,
    (owner, lead): (uuid::Uuid, uuid::Uuid),
    teams: &[uuid::Uuid],
) -> Result<(), ServiceError> {
    let today = app.today();
    let (start, _) = week.bounds(app.zone);
    // Every other week has one event; the last two have two each.
    let count = if back < 2 { 2 } else { (back + 1) % 2 };
    let mut failed = 0_i64;
    let mut minutes_down = 0_i64;
    let mut graded = [0_i64; 4];
    for place in 0..count {
        let index = usize::try_from((back * 3 + place * 5) % 8).unwrap_or(0);
        let Some((severity, summary, what, cause, done)) = STORIES.get(index) else { continue };
        let seed = i64::from(back * 37 + place * 101);
        let day = if week == IsoWeek::of(today) {
            i64::from(today.weekday().num_days_from_monday()).min(i64::from(place))
        } else {
            seed % 5
        };
        let began: DateTime<Utc> = start + Duration::days(day) + Duration::minutes(30 + seed * 13 % (11 * 60));
        if began >= app.now() {
            continue;
        }
        let minutes = 6 + seed % 35;
        let number = 120 + seed * 17 % 2_400;
        failed += number;
        minutes_down += minutes;
        if let Some(slot) =
            ["A", "B", "C", "D"].iter().position(|label| label == severity).and_then(|at| graded.get_mut(at))
        {
            *slot += 1;
        }
        let fields = EventFields {
            occurred: Some(ClockPoint::minute(began)),
            detected: Some(ClockPoint::minute(began + Duration::minutes(seed % 4))),
            acknowledged: Some(ClockPoint::minute(began + Duration::minutes(seed % 4 + 1))),
            located: (seed % 5 != 4)
                .then(|| ClockPoint::minute(began + Duration::minutes((seed % 4 + 3).min(minutes)))),
            recovered: Some(ClockPoint::minute(began + Duration::minutes(minutes))),
            detection: Some(if seed % 3 == 0 { Detection::Customer } else { Detection::Monitoring }),
            cause_category: CATEGORIES.get(index).map(|category| (*category).to_owned()),
            severity: Some((*severity).to_owned()),
            summary: Some((*summary).to_owned()),
            impact: Some(format!("影响约{number}笔{what}")),
            impacts: vec![Impact { kind: ImpactKind::Count, number, unit: "笔".to_owned(), approximate: true }],
            cause: Some((*cause).to_owned()),
            recovery: Some((*done).to_owned()),
            responsibility: shares(back, index, teams),
            ..EventFields::default()
        };
        let owed = back < 3;
        let state = match (owed, *severity) {
            (true, _) => PostmortemState::Pending,
            (false, "D") => PostmortemState::Undecided,
            (false, _) => PostmortemState::Pending,
        };
        let logged = app.as_of(began + Duration::minutes(minutes + 20));
        let new = NewEvent { fields, state, week: Some(week), raw: None, source: Source::Form };
        let event = events::create(&logged, actor, new).await?;
        if state == PostmortemState::Pending {
            let change = postmortems::PostmortemChange { owner: Some(Some(owner)), ..Default::default() };
            postmortems::change(&logged, actor, event.number, None, change).await?;
        }
        if !owed && state == PostmortemState::Pending {
            let done = app.as_of(began + Duration::days(1 + seed % 9));
            let change = postmortems::PostmortemChange { to: Some(PostmortemState::Done), ..Default::default() };
            postmortems::change(&done, actor, event.number, None, change).await?;
        }
        demo_actions::fill(app, actor, &event, back, owner, lead).await?;
    }
    // Some 4.2 million transactions a week: the rate shows what the events cost.
    let total = 4_200_000_i64;
    let background = 60 + i64::from(back) * 7 % 40;
    let rate = |lost: i64| Decimal { units: (total - lost) * 100_000 / total, scale: 3 };
    let week_minutes = 7 * 24 * 60;
    let available = Decimal { units: (week_minutes * 10 - minutes_down / 4) * 100_000 / (week_minutes * 10), scale: 3 };
    for (name, group, value) in [
        ("入金有效成功率", "支付成功率", rate(failed / 2 + background)),
        ("出金有效成功率", "支付成功率", rate(failed / 3 + background * 2)),
        ("年度可用性", "系统可用性", available),
    ] {
        let patch = FigurePatch { value: Some(value), group: Some(Some(group.to_owned())), ..FigurePatch::default() };
        figures::put(app, actor, week, name.to_owned(), patch, None, "manual").await?;
    }
    let [a, b, c, d] = graded;
    for (severity, number) in [("AB", a + b), ("C", c), ("D", d)] {
        let fields = IncidentCountFields { severity: severity.to_owned(), count: Decimal { units: number, scale: 0 } };
        figures::put_count(app, actor, week, fields, None, "manual").await?;
    }
    Ok(())
}

/// A session of the demo account.
pub async fn sign_in(app: &App) -> Result<(String, SignedIn), ServiceError> {
    let account = store::accounts::by_email(app.store.read(), EMAIL).await?.ok_or(ServiceError::SignInNeeded)?;
    sessions::open(app, account, Entry { method: Method::Demo, ..Entry::default() }).await
}
