//! Which column of a table holds what: by the words of its header, or as people say it.

use std::str::FromStr;

use super::{ForeignProblem, cells::Order, plain, stamps};
use crate::domain::{
    capture::{FieldKey, field_key},
    text,
};

/// What a column may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// The row's id in its source.
    Id,
    /// A date whose times stand in columns of their own.
    Date,
    /// 发生.
    Occurred,
    /// 发现.
    Detected,
    /// 响应.
    Acknowledged,
    /// 定位.
    Located,
    /// 止损.
    Mitigated,
    /// 恢复.
    Recovered,
    /// How long it took; gives the recovery where no column does.
    Duration,
    /// The symptom, the title.
    Summary,
    /// The sentence of the report.
    Narrative,
    /// 影响.
    Impact,
    /// Transactions, orders, requests.
    Count,
    /// People or organisations.
    Users,
    /// Money, in yuan where no unit is written.
    Amount,
    /// 原因.
    Cause,
    /// 处理.
    Recovery,
    /// 等级.
    Severity,
    /// 复盘状态.
    Mark,
    /// Address of the row in its source.
    Link,
    /// Free text that is read like a pasted line; columns that say the same come first.
    Line,
    /// 类型: whether the row is an incident or planned work.
    Type,
}

impl Column {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 22] = [
        Self::Occurred,
        Self::Recovered,
        Self::Summary,
        Self::Narrative,
        Self::Line,
        Self::Impact,
        Self::Cause,
        Self::Recovery,
        Self::Severity,
        Self::Mark,
        Self::Id,
        Self::Date,
        Self::Duration,
        Self::Detected,
        Self::Acknowledged,
        Self::Located,
        Self::Mitigated,
        Self::Count,
        Self::Users,
        Self::Amount,
        Self::Link,
        Self::Type,
    ];

    /// The name that people type.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Date => "date",
            Self::Occurred => "occurred",
            Self::Detected => "detected",
            Self::Acknowledged => "acknowledged",
            Self::Located => "located",
            Self::Mitigated => "mitigated",
            Self::Recovered => "recovered",
            Self::Duration => "duration",
            Self::Summary => "summary",
            Self::Narrative => "narrative",
            Self::Impact => "impact",
            Self::Count => "count",
            Self::Users => "users",
            Self::Amount => "amount",
            Self::Cause => "cause",
            Self::Recovery => "recovery",
            Self::Severity => "severity",
            Self::Mark => "mark",
            Self::Link => "link",
            Self::Line => "line",
            Self::Type => "type",
        }
    }

    /// The column of a field's name in a mapping: `occurred`, `occurred_at`, `发生`.
    fn of_name(name: &str) -> Option<Self> {
        let name = folded(name);
        let bare = name.strip_suffix(" at").unwrap_or(&name);
        Self::ALL.into_iter().find(|column| column.code() == bare).or_else(|| Self::of_header(&name))
    }

    /// The column that a header names, its unit and zone left out.
    pub(super) fn of_header(header: &str) -> Option<Self> {
        let name = folded(header);
        let words = name.as_str();
        OWN.iter().find(|(_, names)| names.contains(&words)).map(|(column, _)| *column).or_else(|| {
            match field_key(words)? {
                FieldKey::OccurredAt => Some(Self::Occurred),
                FieldKey::DetectedAt => Some(Self::Detected),
                FieldKey::AcknowledgedAt => Some(Self::Acknowledged),
                FieldKey::LocatedAt => Some(Self::Located),
                FieldKey::MitigatedAt => Some(Self::Mitigated),
                FieldKey::RecoveredAt => Some(Self::Recovered),
                FieldKey::Summary => Some(Self::Summary),
                FieldKey::Impact => Some(Self::Impact),
                FieldKey::Cause => Some(Self::Cause),
                FieldKey::Recovery => Some(Self::Recovery),
                FieldKey::Severity => Some(Self::Severity),
                FieldKey::Mark => Some(Self::Mark),
                FieldKey::Other => None,
            }
        })
    }

    /// The names of all, for messages.
    pub(super) fn known() -> String {
        Self::ALL.map(Self::code).join(", ")
    }
}

/// Headers that tables have and lines have not, or that mean something else here than in a line.
const OWN: [(Column, &[&str]); 18] = [
    (
        Column::Id,
        &[
            "id",
            "incident id",
            "event id",
            "incident number",
            "number",
            "key",
            "incident key",
            "issue key",
            "ticket",
            "ticket id",
            "编号",
            "事件编号",
            "故障编号",
            "单号",
            "工单号",
            "工单编号",
            "事件单号",
            "事件id",
            "故障单号",
        ],
    ),
    (Column::Date, &["日期", "date", "发生日期", "故障日期", "事件日期", "day"]),
    (
        Column::Occurred,
        &[
            "occurred",
            "occurred on",
            "started on",
            "start at",
            "start date",
            "start datetime",
            "begin",
            "begin time",
            "began at",
            "downtime start",
            "outage start",
            "incident start",
            "created",
            "created at",
            "opened",
            "opened at",
            "from",
            "开始",
            "开始日期",
            "起始",
            "故障开始时间",
            "故障发生时间",
            "事件开始时间",
            "事件发生时间",
            "发生时刻",
            "开始时刻",
            "发生日期时间",
            "创建时间",
        ],
    ),
    (
        Column::Recovered,
        &[
            "end at",
            "end date",
            "end datetime",
            "ended at",
            "finish",
            "finished at",
            "downtime end",
            "outage end",
            "incident end",
            "resolved on",
            "resolved time",
            "closed",
            "closed at",
            "recovery time",
            "recovered on",
            "until",
            "to",
            "结束",
            "结束日期",
            "故障结束时间",
            "事件结束时间",
            "事件恢复时间",
            "解决时间",
            "关闭时间",
            "完成时间",
        ],
    ),
    (
        Column::Detected,
        &[
            "detected",
            "detected at",
            "detection time",
            "discovered at",
            "发现",
            "发现时间",
            "告警时间",
            "故障发现时间",
            "报警时间",
        ],
    ),
    (
        Column::Acknowledged,
        &[
            "acknowledged",
            "acknowledged at",
            "acked at",
            "ack time",
            "responded at",
            "响应",
            "响应时间",
            "受理时间",
            "接单时间",
        ],
    ),
    (Column::Located, &["located", "located at", "identified", "identified at", "定位", "定位时间", "故障定位时间"]),
    (Column::Mitigated, &["mitigated", "mitigated at", "mitigation time", "止损", "止损时间", "止血时间", "缓解时间"]),
    (
        Column::Duration,
        &[
            "duration",
            "duration minutes",
            "duration mins",
            "duration min",
            "duration hours",
            "duration seconds",
            "downtime",
            "downtime minutes",
            "minutes",
            "time to resolve",
            "ttr",
            "mttr",
            "时长",
            "持续时间",
            "持续时长",
            "故障时长",
            "影响时长",
            "恢复时长",
            "历时",
            "持续分钟",
            "持续分钟数",
            "耗时",
        ],
    ),
    (
        Column::Narrative,
        &["narrative", "details", "detail", "详情", "详细描述", "事件经过", "经过", "事件详情", "说明", "事件说明"],
    ),
    (
        Column::Summary,
        &[
            "name",
            "incident name",
            "subject",
            "headline",
            "主题",
            "事件标题",
            "故障标题",
            "故障描述",
            "故障名称",
            "事件概述",
            "故障概述",
            "事件简述",
        ],
    ),
    (
        Column::Count,
        &[
            "count",
            "affected count",
            "affected transactions",
            "transactions",
            "failed transactions",
            "orders",
            "影响笔数",
            "影响交易笔数",
            "失败笔数",
            "影响订单数",
            "影响交易数",
            "笔数",
            "影响单量",
        ],
    ),
    (
        Column::Users,
        &[
            "users",
            "affected users",
            "customers",
            "affected customers",
            "影响用户数",
            "影响用户",
            "影响商户数",
            "影响人数",
            "用户数",
        ],
    ),
    (Column::Amount, &["amount", "affected amount", "loss", "影响金额", "金额", "损失金额", "资损金额", "涉及金额"]),
    (Column::Severity, &["priority", "优先级", "故障级别", "严重级别", "定级结果", "sev level", "urgency"]),
    (Column::Link, &["link", "url", "shortlink", "permalink", "链接", "地址", "详情链接", "工单链接"]),
    (Column::Line, &["line", "text", "原文", "事件原文", "一句话", "周报行", "周报原文", "记录"]),
    (
        Column::Type,
        &[
            "type",
            "event type",
            "incident type",
            "ticket type",
            "issue type",
            "kind",
            "类型",
            "事件类型",
            "故障类型",
            "工单类型",
            "事件类别",
            "性质",
            "事件性质",
        ],
    ),
];

/// A header for comparing: plain forms, lower case, `_` and `-` as blanks, without what stands in brackets.
fn folded(header: &str) -> String {
    let header = text::fold(header).to_lowercase().replace('_', " ");
    let header = header.split_once(['(', '[', '（']).map_or(header.as_str(), |(name, _)| name);
    let header = if header.is_ascii() { header.replace('-', " ") } else { header.to_owned() };
    header.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands in the brackets of a header: `开始时间（UTC）`, `duration [min]`.
pub(super) fn in_brackets(header: &str) -> Option<String> {
    let header = text::fold(header).to_lowercase();
    let (_, inner) = header.split_once(['(', '['])?;
    Some(inner.trim_end().trim_end_matches([')', ']']).trim().to_owned()).filter(|inner| !inner.is_empty())
}

/// The zone of a header, in minutes east of UTC.
pub(super) fn zone_of(header: &str) -> Option<i32> {
    in_brackets(header).and_then(|inner| stamps::offsets(&inner)?.first().copied())
}

/// Columns as people named them: `occurred=开始时间,recovered=恢复时间`; `occurred=#3` is the third column, and
/// `dates=dmy` or `dates=mdy` says how 3/4/2024 is meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    pub(super) columns: Vec<(Column, String)>,
    pub(super) order: Option<Order>,
}

impl FromStr for Mapping {
    type Err = ForeignProblem;

    fn from_str(text: &str) -> Result<Self, ForeignProblem> {
        let wrong =
            |part: &str| ForeignProblem::Mapping { part: plain::bounded(part.trim(), 80), known: Column::known() };
        let mut mapping = Self::default();
        for part in parts(text) {
            let (name, column) = part.split_once(['=', '＝']).ok_or_else(|| wrong(&part))?;
            let (name, column) = (name.trim(), column.trim());
            if column.is_empty() {
                return Err(wrong(&part));
            }
            if name == "dates" {
                mapping.order = Some(match column.to_lowercase().as_str() {
                    "dmy" => Order::DayFirst,
                    "mdy" => Order::MonthFirst,
                    _ => return Err(wrong(&part)),
                });
                continue;
            }
            let field = Column::of_name(name).ok_or_else(|| wrong(&part))?;
            if mapping.columns.iter().any(|(known, _)| *known == field) {
                return Err(wrong(&part));
            }
            mapping.columns.push((field, column.to_owned()));
        }
        Ok(mapping)
    }
}

/// The parts between commas; a comma belongs to a header where no `field=` follows it.
fn parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in text.split([',', '，']) {
        let begins = part
            .split_once(['=', '＝'])
            .is_some_and(|(name, _)| name.trim() == "dates" || Column::of_name(name.trim()).is_some());
        match parts.last_mut() {
            Some(last) if !begins && !part.trim().is_empty() && !part.contains(['=', '＝']) => {
                last.push(',');
                last.push_str(part);
            }
            _ if part.trim().is_empty() => {}
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_known_in_both_languages_with_units_and_zones() {
        for (header, want) in [
            ("开始时间", Some(Column::Occurred)),
            ("Started At", Some(Column::Occurred)),
            ("downtime_start", Some(Column::Occurred)),
            ("恢复时间（UTC）", Some(Column::Recovered)),
            ("duration_minutes", Some(Column::Duration)),
            ("时长（分钟）", Some(Column::Duration)),
            ("影响笔数", Some(Column::Count)),
            ("事件等级", Some(Column::Severity)),
            ("根因", Some(Column::Cause)),
            ("复盘状态", Some(Column::Mark)),
            ("负责人", None),
            ("source", None),
        ] {
            assert_eq!(Column::of_header(header), want, "{header}");
        }
        assert_eq!(zone_of("开始时间（UTC）"), Some(0));
        assert_eq!(zone_of("Start (UTC+8)"), Some(480));
        assert_eq!(zone_of("时长（分钟）"), None);
    }

    #[test]
    fn a_mapping_names_fields_and_columns_and_says_where_it_is_wrong() {
        let mapping: Mapping = "occurred=Began, local time,summary=标题，recovered=#3,dates=dmy".parse().unwrap();
        let want = [(Column::Occurred, "Began, local time"), (Column::Summary, "标题"), (Column::Recovered, "#3")];
        assert_eq!(mapping.columns, want.map(|(column, name)| (column, name.to_owned())));
        assert_eq!(mapping.order, Some(Order::DayFirst));
        for wrong in ["occurred", "weather=sun", "occurred=", "occurred=a,occurred=b", "dates=ymd"] {
            let problem = wrong.parse::<Mapping>().unwrap_err().to_string();
            assert!(problem.contains("occurred") && problem.contains("line"), "{wrong}: {problem}");
        }
    }
}
