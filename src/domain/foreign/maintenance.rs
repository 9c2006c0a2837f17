//! Telling planned work from incidents. Maintenance is no production event: its downtime was announced, nobody was
//! surprised, and counted among the events it would spoil every figure. It is refused with a word, never dropped.

/// Why planned work is not taken.
pub(super) const WORDS: &str = "计划内维护，不是生产事件 planned maintenance, no incident";

/// Why a drill is not taken.
const DRILL: &str = "演练，不是生产事件 a drill, no incident";

const PLANNED: [&str; 19] = [
    "maintenance",
    "maintenances",
    "maintainance",
    "scheduled",
    "planned",
    "upgrade",
    "upgrades",
    "upgraded",
    "upgrading",
    "migration",
    "migrations",
    "migrate",
    "migrated",
    "migrating",
    "brownout",
    "维护",
    "割接",
    "升级",
    "迁移",
];

const PLANNED_CHINESE: [&str; 8] = ["维护", "割接", "升级", "迁移", "搬迁", "检修", "停机公告", "变更公告"];

const FAULT: [&str; 43] = [
    "incident",
    "incidents",
    "outage",
    "outages",
    "down",
    "issue",
    "issues",
    "problem",
    "problems",
    "error",
    "errors",
    "fail",
    "fails",
    "failed",
    "failing",
    "failure",
    "failures",
    "degraded",
    "degradation",
    "disruption",
    "disruptions",
    "disrupted",
    "slow",
    "slowness",
    "latency",
    "unavailable",
    "unreachable",
    "expired",
    "blocked",
    "broken",
    "flaky",
    "crash",
    "crashed",
    "stuck",
    "delays",
    "delayed",
    "timeout",
    "timeouts",
    "emergency",
    "unplanned",
    "unscheduled",
    "interrupted",
    "loss",
];

const FAULT_CHINESE: [&str; 10] = ["故障", "异常", "中断", "失败", "不可用", "宕机", "超时", "报错", "无法", "紧急"];

/// Words that call a row of a table planned work. Fewer than for status pages: a table of incidents speaks of
/// upgrades and migrations where they went wrong.
const PLANNED_ROW: [&str; 13] = [
    "计划维护",
    "计划内",
    "计划停机",
    "例行维护",
    "定期维护",
    "停机维护",
    "系统维护",
    "维护公告",
    "维护通知",
    "维护窗口",
    "停机公告",
    "割接",
    "检修",
];

/// Words with which a row that speaks of planned work tells what went wrong.
const HARM: [&str; 38] = [
    "rejected",
    "missing",
    "wrong",
    "drop",
    "dropped",
    "after",
    "during",
    "following",
    "caused",
    "非计划",
    "计划外",
    "导致",
    "引发",
    "引起",
    "造成",
    "触发",
    "下降",
    "降低",
    "积压",
    "延迟",
    "缓慢",
    "变慢",
    "抖动",
    "丢失",
    "错误",
    "误",
    "告警",
    "报警",
    "掉单",
    "卡单",
    "投诉",
    "差错",
    "拒绝",
    "不平",
    "割接后",
    "维护后",
    "演练后",
    "未",
];

/// Why a row with this title is not taken, where it is planned work or a drill and names no fault.
pub(super) fn of_row(title: &str) -> Option<&'static str> {
    // 故障演练 is a drill, whatever 故障 says elsewhere.
    let told = title.replace("故障演练", "演练");
    if is_fault(&told) || has(&told, &HARM, &HARM) {
        return None;
    }
    let bare = told.trim_matches(|c: char| !c.is_alphanumeric());
    let is_planned = has(&told, &["maintenance", "maintainance"], &PLANNED_ROW)
        || bare.starts_with("维护")
        || bare.ends_with("维护");
    match (is_planned, told.contains("演练") || has(&told, &["drill", "gameday"], &[])) {
        (_, true) => Some(DRILL),
        (true, false) => Some(WORDS),
        (false, false) => None,
    }
}

/// What a cell that names the type of a row says: that it is an incident (`Some(None)`), why it is not taken, or
/// nothing of either.
pub(super) fn of_type(cell: &str) -> Option<Option<&'static str>> {
    if is_fault(cell) || has(cell, &["unplanned"], &["非计划", "计划外", "事故"]) || cell.trim() == "事件" {
        return Some(None);
    }
    if has(cell, &["drill", "gameday"], &["演练"]) {
        return Some(Some(DRILL));
    }
    has(cell, &["maintenance", "scheduled", "planned"], &["维护", "割接", "检修", "计划内", "计划停机"])
        .then_some(Some(WORDS))
}

/// Whether a title announces planned work: it has a word for such work and none for a fault. `issues.example.com` and
/// `plugin-site-issues` are names, not words.
pub(super) fn is_title_of(title: &str) -> bool {
    has(title, &PLANNED, &PLANNED_CHINESE) && !is_fault(title)
}

/// Whether a text whose title says nothing either way speaks of planned work.
pub(super) fn is_text_of(title: &str, text: &str) -> bool {
    !is_fault(title) && has(text, &["maintenance", "maintainance", "planned", "scheduled"], &["计划内", "维护"])
}

/// Whether the name of a file says so, where the title says nothing either way: `2024-03-19-maintenance-cluster.md`.
pub(super) fn is_name_of(title: &str, file_name: &str) -> bool {
    let words = file_name.replace(['-', '_'], " ");
    !is_fault(title) && !is_fault(&words) && has(&words, &PLANNED, &PLANNED_CHINESE)
}

fn is_fault(text: &str) -> bool {
    has(text, &FAULT, &FAULT_CHINESE)
}

fn has(text: &str, words: &[&str], chinese: &[&str]) -> bool {
    let text = text.to_lowercase();
    chinese.iter().any(|word| text.contains(word))
        || text
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/')))
            .map(|word| word.trim_matches(['.', '-', '/', '_']))
            .any(|word| words.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_planned_work_and_drills_are_told_from_incidents() {
        for title in [
            "计划维护：割接",
            "计划维护：核心库割接",
            "机房割接",
            "【例行维护】数据库",
            "数据库维护",
            "维护：网银",
            "Planned maintenance: ledger",
            "Ledger maintenance",
            "计划内停机升级",
        ] {
            assert_eq!(of_row(title), Some(WORDS), "{title}");
        }
        for title in ["故障演练", "容灾切换演练", "DR drill"] {
            assert_eq!(of_row(title), Some(DRILL), "{title}");
        }
        for title in [
            "割接后交易失败",
            "割接导致提现不可用",
            "非计划维护",
            "维护人员误删配置",
            "客户投诉升级",
            "数据迁移后对账不平",
            "Scheduled job did not run",
            "Payments rejected during maintenance",
            "支付成功率下降",
            "故障演练导致支付中断",
        ] {
            assert_eq!(of_row(title), None, "{title}");
        }
        for (cell, want) in [
            ("维护", Some(Some(WORDS))),
            ("Planned Maintenance", Some(Some(WORDS))),
            ("演练", Some(Some(DRILL))),
            ("故障", Some(None)),
            ("incident", Some(None)),
            ("网络", None),
        ] {
            assert_eq!(of_type(cell), want, "{cell}");
        }
    }

    #[test]
    fn planned_work_is_told_from_faults() {
        for title in [
            "Maintenance on build.example.com",
            "Tracker (issues.example.com) LTS upgrade",
            "plugin-site-issues migration",
            "镜像站将于 12/4 停机维护",
            "Maintenance with downtime on the wiki",
        ] {
            assert!(is_title_of(title), "{title}");
        }
        for title in
            ["Outage after the upgrade", "LDAP is down", "Search unavailable during migration", "升级导致支付失败"]
        {
            assert!(!is_title_of(title), "{title}");
        }
        assert!(is_text_of("PostgreSQL 15", "Planned work, ten minutes."));
        assert!(!is_text_of("PostgreSQL failure", "It began during the planned work."));
    }
}
