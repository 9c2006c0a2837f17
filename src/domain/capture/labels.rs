//! Labelled parts of an event's text: `恢复时间：…`, the columns of a table, a line of nothing but labels.

use std::ops::Range;

use super::wording::skip_list_marker;
use crate::domain::text::{Folded, fold_char};

/// What a labelled part of an event's text holds: `恢复时间：…`, a column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKey {
    /// 时间, 发生时间.
    OccurredAt,
    /// 恢复时间, 结束时间.
    RecoveredAt,
    /// 发现时间.
    DetectedAt,
    /// 响应时间.
    AcknowledgedAt,
    /// 定位时间.
    LocatedAt,
    /// 止损时间.
    MitigatedAt,
    /// 现象, 事件, 标题.
    Summary,
    /// 影响.
    Impact,
    /// 原因.
    Cause,
    /// 处理, 恢复.
    Recovery,
    /// 定级.
    Severity,
    /// 复盘状态.
    Mark,
    /// 序号, 负责人 …: nothing of ours.
    Other,
}

/// The key that a label names, where it is one of ours.
pub fn field_key(label: &str) -> Option<FieldKey> {
    // The longest label has 17 letters.
    if label.len() > 80 {
        return None;
    }
    let folded: String = label.chars().map(|c| fold_char(c).to_ascii_lowercase()).collect();
    let key = match folded.trim_matches([' ', '*', '#', '-', '·', '[', ']', '【', '】']) {
        "发生时间" | "开始时间" | "故障时间" | "时间" | "起始时间" | "故障开始" | "发生" | "日期" | "日期时间"
        | "事件时间" | "起止时间" | "故障时段" | "时段" | "start" | "started" | "started at" | "start time"
        | "time" | "date" | "when" | "occurred at" | "began" => FieldKey::OccurredAt,
        "恢复时间" | "结束时间" | "修复时间" | "故障恢复时间" | "恢复时刻" | "end" | "ended" | "end time"
        | "recovered" | "recovered at" | "resolved" | "resolved at" | "restored at" => FieldKey::RecoveredAt,
        "现象" | "事件" | "事件描述" | "故障现象" | "问题现象" | "问题描述" | "描述" | "概述" | "标题" | "事件名称"
        | "内容" | "问题" | "简述" | "summary" | "title" | "symptom" | "description" | "what" | "what happened"
        | "event" | "incident" | "故障描述" | "事件简述" | "事件经过" | "简要描述" | "事件概述" | "事件标题"
        | "name" | "issue" => FieldKey::Summary,
        "影响"
        | "影响范围"
        | "影响面"
        | "影响情况"
        | "业务影响"
        | "影响笔数"
        | "impact"
        | "affected"
        | "scope"
        | "影响说明"
        | "影响用户"
        | "影响量"
        | "影响商户"
        | "影响交易"
        | "影响程度"
        | "影响时长及范围"
        | "customer impact"
        | "user impact" => FieldKey::Impact,
        "原因" | "根因" | "根本原因" | "故障原因" | "原因分析" | "问题原因" | "直接原因" | "cause" | "root cause"
        | "why" | "根因分析" | "根源" | "触发原因" | "主要原因" | "原因说明" => FieldKey::Cause,
        "处理" | "处理措施" | "处理过程" | "处理方式" | "处理结果" | "处置" | "处置措施" | "恢复" | "恢复措施"
        | "恢复情况" | "解决" | "解决方案" | "解决措施" | "应急措施" | "措施" | "recovery" | "resolution" | "fix"
        | "mitigation" | "action" | "actions" | "处置过程" | "处置情况" | "处理情况" | "应急处置" | "解决方式"
        | "解决过程" | "恢复过程" | "恢复方式" | "fix applied" | "remediation" => FieldKey::Recovery,
        "定级" | "等级" | "级别" | "事件级别" | "事件等级" | "故障等级" | "严重程度" | "severity" | "level" | "sev" => {
            FieldKey::Severity
        }
        "复盘" | "复盘状态" | "复盘情况" | "是否复盘" | "复盘进度" | "状态" | "postmortem" | "post-mortem"
        | "postmortem status" | "rca" | "复盘结论" | "复盘进展" | "是否已复盘" | "post mortem" | "pm status"
        | "review" => FieldKey::Mark,
        "序号" | "编号" | "负责人" | "值班" | "值班人" | "owner" | "备注" | "跟进人" | "责任方" | "#" | "no"
        | "no." | "id" | "系统" | "业务" | "持续时间" | "时长" | "duration" => FieldKey::Other,
        "发现" | "发现时间" | "告警时间" | "detected" | "detected at" | "detection" => FieldKey::DetectedAt,
        "响应" | "响应时间" | "介入时间" | "acknowledged" | "acknowledged at" => FieldKey::AcknowledgedAt,
        "定位" | "定位时间" | "located" | "located at" | "identified" => FieldKey::LocatedAt,
        "止损" | "止损时间" | "mitigated" | "mitigated at" => FieldKey::MitigatedAt,
        "开始" | "began at" | "from" => FieldKey::OccurredAt,
        "结束" | "until" => FieldKey::RecoveredAt,
        _ => return None,
    };
    Some(key)
}

/// `时间：06/03 12:00；现象：…；影响：…`: a line that is nothing but three or more labelled parts.
pub(super) fn parts(text: &Folded, line: &Range<usize>) -> Option<Vec<(FieldKey, Range<usize>)>> {
    if text.chars(line.clone()).iter().filter(|c| **c == ':').take(3).count() < 3 {
        return None;
    }
    let start = skip_list_marker(text, line.clone());
    let mut labels: Vec<(FieldKey, usize, usize)> = Vec::new();
    let mut at = start;
    let mut fresh = true;
    while at < line.end {
        if fresh && let Some((key, value)) = label_at(text, at, line.end) {
            labels.push((key, at, value));
            at = value;
            fresh = false;
            continue;
        }
        let blank = text.at(at) == ' ' && (text.at(at + 1) == ' ' || !labels.is_empty());
        fresh = matches!(text.at(at), '；' | ';' | '。' | '，' | ',' | '|' | '\t') || blank;
        at += 1;
    }
    let leads = labels.first().is_some_and(|(_, label, _)| *label == start);
    if !leads || labels.len() < 3 {
        return None;
    }
    let ends = labels.iter().skip(1).map(|(_, label, _)| *label).chain([line.end]);
    Some(labels.iter().zip(ends).map(|((key, _, value), end)| (*key, *value..end.max(*value))).collect())
}

/// A label with its colon at `at`: its key, and where the value begins.
fn label_at(text: &Folded, at: usize, end: usize) -> Option<(FieldKey, usize)> {
    let at = (at..end.min(at + 3)).find(|i| !matches!(text.at(*i), ' ' | '【' | '[' | '*'))?;
    let colon = text.find(at..end.min(at + 16), ':')?;
    let key = field_key(&text.text(at..colon))?;
    Some((key, text.skip_blanks(colon + 1)))
}

/// `- 原因：待查`: the key and the value.
pub(super) fn one(text: &Folded, line: Range<usize>) -> Option<(FieldKey, Range<usize>)> {
    let mut start = text.skip_blanks(line.start);
    while matches!(text.at(start), '-' | '*' | '+' | '•' | '>' | ' ') && start < line.end {
        start += 1;
    }
    let colon = text.find(start..line.end.min(start + 24), ':')?;
    if text.at(colon + 1).is_ascii_digit() && text.at(colon.saturating_sub(1)).is_ascii_digit() {
        return None;
    }
    let key = field_key(&text.text(start..colon))?;
    let mut value = text.skip_blanks(colon + 1);
    while text.at(value) == '*' {
        value = text.skip_blanks(value + 1);
    }
    // `事件：…` with a time or more clauses in it is a whole event line, not a field.
    Some((key, value.min(line.end)..line.end))
}
