//! Telling planned work from incidents. Maintenance is no production event: its downtime was announced, nobody was
//! surprised, and counted among the events it would spoil every figure. It is refused with a word, never dropped.

/// Why planned work is not taken.
pub(super) const WORDS: &str = "计划内维护，不是生产事件 planned maintenance, no incident";

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
