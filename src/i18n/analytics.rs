//! Names and formulas of the analytics, with the values put in.

use crate::domain::{
    analytics::{Duration, Metric, Outcome, Ratio, Reading, Settings, Why},
    event_record::WHOLE,
    reliability::Figure,
};

/// A metric's name.
pub const fn name(metric: Metric, chinese: bool) -> &'static str {
    match (metric, chinese) {
        (Metric::TimeToDetect, true) => "发现时长 TTD",
        (Metric::TimeToDetect, false) => "Time to detect (TTD)",
        (Metric::TimeToAcknowledge, true) => "响应时长",
        (Metric::TimeToAcknowledge, false) => "Time to acknowledge",
        (Metric::TimeToLocate, true) => "定位时长 TTI",
        (Metric::TimeToLocate, false) => "Time to locate (TTI)",
        (Metric::TimeToRecover, true) => "恢复时长 TTR",
        (Metric::TimeToRecover, false) => "Time to recover (TTR)",
        (Metric::TimeToPostmortem, true) => "复盘时长",
        (Metric::TimeToPostmortem, false) => "Time to postmortem",
        (Metric::DetectInTime, true) => "发现达标率",
        (Metric::DetectInTime, false) => "Detected in time",
        (Metric::LocateInTime, true) => "定位达标率",
        (Metric::LocateInTime, false) => "Located in time",
        (Metric::RecoverInTime, true) => "恢复达标率",
        (Metric::RecoverInTime, false) => "Recovered in time",
        (Metric::OneFiveTen, true) => "1-5-10 达标率",
        (Metric::OneFiveTen, false) => "1-5-10",
        (Metric::ChangeCaused, true) => "变更引入占比",
        (Metric::ChangeCaused, false) => "Caused by a change",
        (Metric::FoundByMonitoring, true) => "监控发现率",
        (Metric::FoundByMonitoring, false) => "Found by monitoring",
        (Metric::ReportedByCustomer, true) => "客户反馈率",
        (Metric::ReportedByCustomer, false) => "Reported by customers",
        (Metric::PostmortemDone, true) => "复盘完成率",
        (Metric::PostmortemDone, false) => "Postmortems done",
        (Metric::PostmortemOnTime, true) => "复盘及时率",
        (Metric::PostmortemOnTime, false) => "Postmortems on time",
        (Metric::ActionItemsOnTime, true) => "改进项按期率",
        (Metric::ActionItemsOnTime, false) => "Action items on time",
        (Metric::Recurrence, true) => "重复故障率",
        (Metric::Recurrence, false) => "Recurrence",
    }
}

/// What a metric is, in words.
pub fn formula(metric: Metric, settings: &Settings, chinese: bool) -> String {
    let limits = settings.limits;
    let (detect, locate, recover) = (limits.detect, limits.locate, limits.recover);
    let segment = settings.reading == Reading::Segment;
    let fixed = match (metric, chinese) {
        (Metric::TimeToDetect, true) => "发现 − 发生",
        (Metric::TimeToDetect, false) => "detected − began",
        (Metric::TimeToAcknowledge, true) => "响应 − 发现",
        (Metric::TimeToAcknowledge, false) => "acknowledged − detected",
        (Metric::TimeToLocate, true) => "定位 − 发现",
        (Metric::TimeToLocate, false) => "located − detected",
        (Metric::TimeToRecover, true) => "恢复 − 发生",
        (Metric::TimeToRecover, false) => "recovered − began",
        (Metric::TimeToPostmortem, true) => "复盘完成 − 恢复",
        (Metric::TimeToPostmortem, false) => "postmortem done − recovered",
        (Metric::DetectInTime, true) => return format!("（发现 − 发生）≤ {detect} 分钟的事件 ÷ 两个时间都知道的事件"),
        (Metric::DetectInTime, false) => {
            return format!("events with (detected − began) ≤ {detect} min ÷ events with both times");
        }
        (Metric::LocateInTime, true) => {
            let from = if segment { "发现" } else { "发生" };
            return format!("（定位 − {from}）≤ {locate} 分钟的事件 ÷ 两个时间都知道的事件");
        }
        (Metric::LocateInTime, false) => {
            let from = if segment { "detected" } else { "began" };
            return format!("events with (located − {from}) ≤ {locate} min ÷ events with both times");
        }
        (Metric::RecoverInTime, true) => {
            let from = if segment { "定位" } else { "发生" };
            return format!("（恢复 − {from}）≤ {recover} 分钟的事件 ÷ 两个时间都知道的事件");
        }
        (Metric::RecoverInTime, false) => {
            let from = if segment { "located" } else { "began" };
            return format!("events with (recovered − {from}) ≤ {recover} min ÷ events with both times");
        }
        (Metric::OneFiveTen, true) => {
            let how = if segment { "分段" } else { "自发生累计" };
            return format!(
                "{how}：{detect} 分钟发现、{locate} 分钟定位、{recover} 分钟恢复都达标的事件 ÷ 四个时间都知道的事件"
            );
        }
        (Metric::OneFiveTen, false) => {
            let how = if segment { "each stage by itself" } else { "all from the beginning" };
            return format!(
                "{how}: events detected within {detect}, located within {locate} and recovered within {recover} min ÷ events with all four times"
            );
        }
        (Metric::ChangeCaused, true) => "原因类别为“变更”的事件 ÷ 全部事件",
        (Metric::ChangeCaused, false) => "events whose cause is a change ÷ all events",
        (Metric::FoundByMonitoring, true) => "监控发现的事件 ÷ 全部事件",
        (Metric::FoundByMonitoring, false) => "events detected by monitoring ÷ all events",
        (Metric::ReportedByCustomer, true) => "客户反馈的事件 ÷ 全部事件",
        (Metric::ReportedByCustomer, false) => "events reported by customers ÷ all events",
        (Metric::PostmortemDone, true) => "已复盘 ÷ 应复盘（待复盘、进行中与已复盘）",
        (Metric::PostmortemDone, false) => "done ÷ required (owed or done)",
        (Metric::PostmortemOnTime, true) => "截止日前完成 ÷ 已完成或已过截止日的应复盘",
        (Metric::PostmortemOnTime, false) => "done by the due date ÷ required ones that are done or past due",
        (Metric::ActionItemsOnTime, true) => "截止日前验收的改进项 ÷ 已完成或已过截止日的改进项（“不做”不计）",
        (Metric::ActionItemsOnTime, false) => {
            "action items verified by the due date ÷ those done or past due (without “won't do”)"
        }
        (Metric::Recurrence, true) => "标为重复发生的事件 ÷ 全部事件",
        (Metric::Recurrence, false) => "events linked as a recurrence ÷ all events",
    };
    fixed.to_owned()
}

/// A duration's formula with its values.
pub fn duration(duration: &Duration, settings: &Settings, chinese: bool) -> String {
    let what = formula(duration.metric, settings, chinese);
    let Some(spread) = &duration.spread else {
        return if chinese {
            format!("{what}；没有可用的事件")
        } else {
            format!("{what}; no event can be used")
        };
    };
    let unit = duration.metric.unit();
    let sum = in_unit(spread.sum, unit);
    let (used, mean, median, p90) = (spread.used, spread.mean(unit), spread.median(unit), spread.p90(unit));
    let (middle, rank, unit) = (middle(used), spread.p90_rank, unit_words(duration.metric, chinese));
    if chinese {
        format!(
            "{what}；平均 = {sum} ÷ {used} = {mean} {unit}；中位数 = 从小到大第 {middle} 个 = {median} {unit}；P90 = 最近秩 ⌈0.9 × {used}⌉，第 {rank} 个 = {p90} {unit}"
        )
    } else {
        format!(
            "{what}; mean = {sum} ÷ {used} = {mean} {unit}; median = no. {middle} in order = {median} {unit}; P90 = nearest rank ⌈0.9 × {used}⌉, no. {rank} = {p90} {unit}"
        )
    }
}

/// The unit in which people read a duration.
pub const fn unit_words(metric: Metric, chinese: bool) -> &'static str {
    match (metric, chinese) {
        (Metric::TimeToPostmortem, true) => "天",
        (Metric::TimeToPostmortem, false) => "days",
        (_, true) => "分钟",
        (_, false) => "min",
    }
}

/// Which of so many stands in the middle: `2`, or `2 & 3`.
fn middle(used: usize) -> String {
    if used % 2 == 1 { format!("{}", used / 2 + 1) } else { format!("{} & {}", used / 2, used / 2 + 1) }
}

/// Seconds in units of so many seconds.
fn in_unit(seconds: i64, unit: i64) -> String {
    Figure::ratio(i128::from(seconds), i128::from(unit)).map_or_else(|| "—".to_owned(), |figure| figure.to_string())
}

/// A ratio's formula with its values.
pub fn ratio(ratio: &Ratio, settings: &Settings, chinese: bool) -> String {
    let what = formula(ratio.metric, settings, chinese);
    let (hits, base) = (count(ratio.hit_share), count(ratio.base_share));
    match ratio.percent() {
        Some(percent) => format!("{what} = {hits} ÷ {base} = {percent}%"),
        None if chinese => format!("{what}；没有分母"),
        None => format!("{what}; there is no base"),
    }
}

/// Basis points as a count: `1.5`.
pub fn count(share: i64) -> String {
    Figure::ratio(i128::from(share), i128::from(WHOLE)).map_or_else(|| "—".to_owned(), |figure| figure.to_string())
}

/// Why something was left out.
pub const fn why(why: Why, chinese: bool) -> &'static str {
    match (why, chinese) {
        (Why::Missing, true) => "未填",
        (Why::Missing, false) => "not told",
        (Why::DayOnly, true) => "只有日期",
        (Why::DayOnly, false) => "date only",
        (Why::Negative, true) => "先后颠倒",
        (Why::Negative, false) => "clock runs backwards",
        (Why::NotYet, true) => "还没到",
        (Why::NotYet, false) => "not yet",
        (Why::NotApplicable, true) => "不适用",
        (Why::NotApplicable, false) => "does not apply",
    }
}

/// What an event is to a metric: `12 分钟`, `在分子中`, `未计入：只有日期`.
pub fn outcome(metric: Metric, outcome: Outcome, chinese: bool) -> String {
    match (outcome, chinese) {
        (Outcome::Took(seconds), _) => {
            format!("{} {}", in_unit(seconds, metric.unit()), unit_words(metric, chinese))
        }
        (Outcome::Counts(true), true) => "在分子中".to_owned(),
        (Outcome::Counts(true), false) => "in the numerator".to_owned(),
        (Outcome::Counts(false), true) => "不在分子中".to_owned(),
        (Outcome::Counts(false), false) => "not in the numerator".to_owned(),
        (Outcome::Left(reason), true) => format!("未计入：{}", why(reason, true)),
        (Outcome::Left(reason), false) => format!("left out: {}", why(reason, false)),
    }
}
