//! `fupan analytics`: times and ratios of a period, and the lists behind them.

use chrono::NaiveDate;
use clap::Args;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::analytics::{Key, Metric, Summary},
    i18n::analytics as texts,
    service::{ServiceError, analytics},
    web::api::analytics::{AnalyticsQuery, BehindQuery, behind_body, body},
};

/// 分析：时长与比率。 Times and ratios of a period.
#[derive(Debug, Args)]
pub(super) struct Analytics {
    /// 发生的第一天，默认往前一年。 First day of the beginning; by default eleven months before the month of the last day.
    #[arg(long)]
    from: Option<NaiveDate>,
    /// 最后一天，默认今天。 Last day; by default today.
    #[arg(long)]
    to: Option<NaiveDate>,
    /// 分组：团队、业务、等级、月份。 team, service, level or month.
    #[arg(long)]
    by: Option<String>,
    /// 1-5-10 的算法：segment 分段，cumulative 累计。 segment or cumulative, of 1-5-10.
    #[arg(long)]
    reading: Option<String>,
    /// 列出这个数字背后的事件。 The events behind this figure: time_to_recover, change_caused … (events for the count).
    #[arg(long, value_name = "METRIC")]
    list: Option<String>,
    /// 列表的哪一部分：used（默认）、hits、left、all。 used (the default), hits, left or all, of the list.
    #[arg(long, requires = "list")]
    part: Option<String>,
    /// 与 --by 一起，哪一组；- 为不属于任何组。 Key of a group, with --by, of the list; - for what belongs to none.
    #[arg(long, requires = "list", allow_hyphen_values = true)]
    group: Option<String>,
    /// 列表从哪里接着列。 Where the page of the list begins.
    #[arg(long, requires = "list")]
    cursor: Option<String>,
}

pub(super) async fn run(session: &Session, asked: Analytics) -> anyhow::Result<()> {
    if asked.list.is_some() {
        return list(session, asked).await;
    }
    let query = AnalyticsQuery { from: asked.from, to: asked.to, by: asked.by, reading: asked.reading };
    let query = query.query(&session.app).map_err(ServiceError::from)?;
    let report = analytics::compute(&session.app, &session.actor, query).await?;
    if session.json {
        data(&serde_json::to_string(&body(&report))?);
        return Ok(());
    }
    print(&report.analysis.whole, "合计");
    for (key, summary) in &report.analysis.groups {
        let name = match key {
            Key::Id(Some(id)) => report.names.get(id).cloned().unwrap_or_else(|| id.to_string()),
            other => other.code(),
        };
        print(summary, &name);
    }
    say(&format!(
        "{} – {}，演练与维护 {} 起不计；复盘时长按天，其余按分钟；公式见 --json",
        report.query.from, report.query.to, report.left_out
    ));
    Ok(())
}

/// `合计 ⇥ 恢复时长 TTR ⇥ 中位数 ⇥ 平均 ⇥ P90 ⇥ 3/5`, `合计 ⇥ 变更引入占比 ⇥ 25% ⇥ 2/8`.
fn print(summary: &Summary, name: &str) {
    data(&format!("{name}\t次数\t{}", texts::count(summary.share)));
    for one in &summary.durations {
        let metric = texts::name(one.metric, true);
        let base = format!("{}/{}", one.used(), one.all);
        match &one.spread {
            Some(spread) => data(&format!(
                "{name}\t{metric}\t{}\t{}\t{}\t{base}",
                spread.median(one.metric.unit()),
                spread.mean(one.metric.unit()),
                spread.p90(one.metric.unit())
            )),
            None => data(&format!("{name}\t{metric}\t—\t—\t—\t{base}")),
        }
    }
    for one in &summary.ratios {
        let percent = one.percent().map_or_else(|| "—".to_owned(), |percent| format!("{percent}%"));
        let (hits, base) = (texts::count(one.hit_share), texts::count(one.base_share));
        data(&format!("{name}\t{}\t{percent}\t{hits}/{base}", texts::name(one.metric, true)));
    }
}

async fn list(session: &Session, asked: Analytics) -> anyhow::Result<()> {
    let query = BehindQuery {
        from: asked.from,
        to: asked.to,
        by: asked.by,
        reading: asked.reading,
        metric: asked.list.filter(|metric| metric != "events"),
        part: asked.part,
        group: asked.group,
        cursor: asked.cursor,
        limit: None,
    };
    let period = query.query(&session.app).map_err(ServiceError::from)?;
    let selection = query.selection(&period).map_err(ServiceError::from)?;
    let after = query.after().map_err(ServiceError::from)?;
    let behind =
        analytics::behind(&session.app, &session.actor, period, &selection, after, analytics::PAGE_LIMIT).await?;
    if session.json {
        data(&serde_json::to_string(&behind_body(&session.app, &behind))?);
        return Ok(());
    }
    let metric = behind.metric.unwrap_or(Metric::Recurrence);
    for (event, outcome) in &behind.events {
        let words = outcome.map_or_else(|| "-".to_owned(), |outcome| texts::outcome(metric, outcome, true));
        data(&format!("{}\t{words}\t{}", event.label(), event.title()));
    }
    for (listed, outcome) in &behind.items {
        let words = texts::outcome(metric, *outcome, true);
        data(&format!("{}\t{words}\t{}\t{}", listed.item.label(), listed.event.label(), listed.item.fields.title));
    }
    say(&format!("共 {}", behind.total));
    if let Some(next) = behind.next {
        say(&format!("还有：--cursor {next}"));
    }
    Ok(())
}
