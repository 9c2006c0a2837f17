//! `fupan figures cost`, `link` and `ledger`: what events cost indicators.

use chrono::NaiveDate;

use super::{
    Session,
    out::{data, say},
    timeline::number_of,
};
use crate::{
    domain::{event::label, loss_ledger::Declared, period::Period},
    service::{ServiceError, event_costs, indicators},
    web::api::event_costs as api,
};

/// Prints what an event cost its indicators.
pub(super) async fn cost(session: &Session, event: &str) -> anyhow::Result<()> {
    let number = number_of(event)?;
    let costs = event_costs::of_event(&session.app, &session.actor, number).await?;
    if session.json {
        let bodies: Vec<_> = costs.iter().map(|cost| api::body(&session.app, cost)).collect();
        data(&serde_json::to_string(&serde_json::json!({"data": bodies, "next_cursor": null}))?);
        return Ok(());
    }
    if costs.is_empty() {
        say(&format!(
            "{}：没有关联的指标；给它受影响的业务加一个指标，或 fupan figures link {} KEY linked \
             (no indicator; add one to a service that it affected, or link one)",
            label(number),
            label(number)
        ));
    }
    for cost in &costs {
        let body = api::body(&session.app, cost);
        data(&format!("{}  {}", cost.indicator.fields.key, cost.indicator.fields.name));
        if cost.gone_before.is_some() {
            data("  分钟样本已按保留期删除 its minutes are removed");
        }
        if cost.pieces.is_empty() {
            if cost.gone_before.is_none() {
                data("  没有样本 no samples");
            }
            continue;
        }
        if !cost.loss.known {
            data("  没有可比的基线，损失未知 no baseline, so the loss is not known");
        }
        let (low, high) = cost.loss.impact_range();
        data(&format!(
            "  影响 impact {}（失败 failed {} + 未到达 missing {}，范围 range {low}–{high}）",
            cost.loss.impact(),
            cost.loss.excess,
            cost.loss.missing
        ));
        match cost.declared {
            Some((number, Declared::TooLow)) => {
                data(&format!("  填报 {number}，少于实测 declared {number}, less than measured"));
            }
            Some((number, Declared::TooHigh)) => {
                data(&format!("  填报 {number}，多于实测 declared {number}, more than measured"));
            }
            Some((number, Declared::Fits)) => {
                data(&format!("  填报 {number}，与实测相符 declared {number}, as measured"));
            }
            None => {}
        }
        for period in &body.periods {
            data(&format!("  {}", api::period_line(period)));
        }
        if cost.postmortem_advised {
            data("  用去的预算多，建议复盘 it used much of the budget: a postmortem is advised");
        }
    }
    Ok(())
}

/// Ties an event to an indicator.
pub(super) async fn link(session: &Session, event: &str, indicator: &str, how: &str) -> anyhow::Result<()> {
    let number = number_of(event)?;
    let link = event_costs::link_of_code(Some(how)).map_err(ServiceError::from)?;
    event_costs::link(&session.app, &session.actor, number, indicator, link).await?;
    say(&format!("{} {indicator} {how}", label(number)));
    Ok(())
}

/// Prints a figure with the events that moved it.
pub(super) async fn ledger(
    session: &Session,
    indicator: &str,
    period: Option<&str>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let period = Period::asked(period, from, to, app.today()).map_err(ServiceError::from)?;
    let found = indicators::find(app, actor, indicator).await?;
    let ledger = event_costs::ledger_of(app, actor, &found, period).await?;
    let body = api::ledger_body(app, &ledger);
    if session.json {
        data(&serde_json::to_string(&body)?);
    } else {
        for line in api::ledger_lines(&body) {
            data(&line);
        }
    }
    Ok(())
}
