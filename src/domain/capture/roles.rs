//! What a clause of an event's text is about.

use super::{
    causes::{found_out, is_cause},
    outcomes::{is_ongoing, is_well},
    quantities,
};
use crate::domain::text::{contains_any, lower};

/// What a clause says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What happened, as far as nothing else is known.
    Symptom,
    /// Who or how much was affected.
    Impact,
    /// Why.
    Cause,
    /// What followed from the cause: `导致提现失败`.
    Consequence,
    /// What was done, or that it was well again.
    Recovery,
    /// Not over yet: `排查中`.
    Ongoing,
    /// 发现, 告警.
    Detection,
    /// 定位.
    Location,
    /// Log excerpts and the like.
    Aside,
}

/// What a clause is about, by its own words. `after_action` says that it stands behind the time of an action.
pub fn role(words: &str, after_action: bool) -> Role {
    let words = &*lower(words);
    let starts = |list: &[&str]| list.iter().any(|word| words.starts_with(word));
    if starts(&[
        "现场记录",
        "日志:",
        "日志如",
        "日志 ",
        "log:",
        "logs:",
        "附:",
        "附日志",
        "报错日志",
        "错误日志",
        "相关单号",
        "备注",
        "详见",
        "附件",
        "工单",
        "traceid",
        "trace",
    ]) {
        return Role::Aside;
    }
    if is_cause(words) {
        return Role::Cause;
    }
    if is_impact(words) {
        return Role::Impact;
    }
    if starts(&[
        "处理措施",
        "处理:",
        "处理方式",
        "处置",
        "措施:",
        "解决方案",
        "解决措施",
        "恢复措施",
        "恢复:",
        "应急:",
        "fix:",
        "recovery:",
        "resolution:",
        "mitigation:",
        "action:",
    ]) {
        return Role::Recovery;
    }
    if is_ongoing(words) {
        return Role::Ongoing;
    }
    if found_out(words).is_some() {
        return Role::Location;
    }
    if starts(&["定位到", "定位:", "排查发现"])
        || (after_action && (words.starts_with("定位") || words.starts_with("确认") && !is_well(words)))
    {
        return Role::Location;
    }
    if after_action
        && starts(&[
            "客服反馈",
            "监控告警",
            "监控发现",
            "告警",
            "收到告警",
            "商户反馈",
            "用户反馈",
            "值班响应",
            "发现",
            "客户反馈",
            "接到反馈",
            "收到反馈",
            "业务反馈",
            "报警",
        ])
    {
        return Role::Detection;
    }
    let short = words.chars().count() <= 12;
    if after_action && short && ["反馈", "发现", "告警", "投诉", "报障"].iter().any(|end| words.ends_with(end))
    {
        return Role::Detection;
    }
    if starts(&["导致", "致使", "造成", "使得", "引发"]) {
        return Role::Consequence;
    }
    if after_action || is_well(words) {
        return Role::Recovery;
    }
    Role::Symptom
}

fn is_impact(words: &str) -> bool {
    let starts = [
        "影响",
        "涉及",
        "受影响",
        "波及",
        "共影响",
        "共计",
        "合计",
        "累计影响",
        "仅影响",
        "预计影响",
        "未影响",
        "不影响",
        "无影响",
        "金额",
        "涉及金额",
        "资损",
        "无资损",
        "资金无",
        "无损失",
        "invisible to",
        "未造成",
        "其中",
        "预计损失",
        "损失",
        "造成损失",
        "涉资",
        "impact",
        "affecting",
        "affected",
        "impacting",
        "no customer",
    ];
    if starts.iter().any(|word| words.starts_with(word)) {
        return true;
    }
    let only = words.starts_with('仅') && words.chars().count() <= 14;
    if only {
        return true;
    }
    let inside = [
        "用户影响",
        "涉用户",
        "受影响",
        "影响约",
        "影响用户",
        "影响商户",
        "影响交易",
        "影响订单",
        "笔受影响",
        "造成影响",
        "业务影响",
        "客户影响",
        "资金影响",
        "无影响",
        "未影响",
        "不影响",
        "没有影响",
        "影响较小",
        " affected",
        "% of ",
        " complaints",
        " impacted",
        "were affected",
    ];
    if contains_any(words, &inside) {
        return true;
    }
    let during = ["期间", "其间", "故障期间", "累计", "共", "合计"];
    if during.iter().any(|word| words.starts_with(word)) && !quantities::scan(words).is_empty() {
        return true;
    }
    // `约684笔交易失败`, `2.4k transactions unmatched`: a number with its unit in front.
    let first = words.chars().next().unwrap_or(' ');
    let leads = first.is_ascii_digit()
        || matches!(first, '~' | '≈')
        || [
            "约",
            "近",
            "超过",
            "逾",
            "至少",
            "大约",
            "nearly",
            "about",
            "around",
            "over",
            "roughly",
            "more than",
            "at least",
        ]
        .iter()
        .any(|word| words.starts_with(word));
    leads && !quantities::scan(words).is_empty()
}
