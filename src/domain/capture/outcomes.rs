//! Words that tell how far things are: well again, partly, not yet, in trouble, in hand.

use crate::domain::text::{contains_any, likely_in, lower};

const ONGOING: &[&str] = &[
    "处理中",
    "排查中",
    "持续观察",
    "继续观察",
    "仍在",
    "尚未恢复",
    "未恢复",
    "定位中",
    "跟进中",
    "修复中",
    "ongoing",
    "investigating",
    "under investigation",
    "monitoring",
    "waiting for",
    "not fixed",
    "not yet",
    "not resolved",
    "still being",
    "仍未",
    "待恢复",
    "尚在",
];
const WELL: &[&str] = &[
    "back at",
    "back up",
    "back online",
    "stable since",
    "稳定运行",
    "恢复",
    "修复",
    "处理完成",
    "处理完毕",
    "自愈",
    "消除",
    "解决",
    "补数完成",
    "正常",
    "处理结束",
    "已完成",
    "重跑完成",
    "补发完成",
    "消化完成",
    "recovered",
    "restored",
    "back to normal",
    "resolved",
    "fixed",
    "mitigated",
    "recovery",
    "healthy",
    "还原",
    "解除",
    "放开",
    "消化完",
    "可用",
    "热修复",
    "重开",
    "self-healed",
    "resumed",
    "flushed",
    "clean since",
    "cleared",
    "drained",
    "caught up",
    "back in service",
    "reopened",
    "corrected",
    "taken down",
];
const PARTLY: &[&str] = &[
    "部分恢复",
    "逐步恢复",
    "开始恢复",
    "陆续恢复",
    "初步恢复",
    "基本恢复",
    "partially",
    "partly",
    "止损",
    "缓解",
    "starts to recover",
    "degraded mode",
    "恢复约",
    "大部分恢复",
    "workaround",
    "不可用",
];

/// Whether the words say that all is well again.
pub fn is_well(words: &str) -> bool {
    let words = lower(words);
    if words == "back" {
        return true;
    }
    let not = ["不正常", "异常", "not recovered", "预计"];
    let denied = |at: usize| {
        let before = words.get(..at).unwrap_or_default();
        ["未", "没", "不", "待", "无法", "不能", "没有", "尚未", "未能", "未曾"]
            .iter()
            .any(|word| before.ends_with(word))
    };
    likely_in(&words, WELL).any(|word| words.match_indices(word).any(|(at, _)| !denied(at)))
        && !contains_any(&words, PARTLY)
        && !contains_any(&words, &not)
        && !contains_any(&words, ONGOING)
}

/// Whether the words say that it was partly well, or that the damage was stopped.
pub fn is_partly(words: &str) -> bool {
    let words = lower(words);
    contains_any(&words, &["部分恢复", "基本恢复", "初步恢复", "陆续恢复", "partially", "partly", "mostly"])
}

/// Whether what was done came to its end: `补跑完成`, `重跑成功`, `消费完毕`. Only for words behind a later time or behind
/// the symptom: `发布完成` alone begins many an event.
pub fn ends_well(words: &str) -> bool {
    let words = words.trim_end_matches(['。', '.', ' ', '，']);
    let ends = [
        "完成",
        "完毕",
        "成功",
        "结束",
        "清零",
        "归零",
        "清空",
        "回落",
        "回升",
        "追平",
        "追回",
        "到账",
        "补齐",
        "退回",
        "冲回",
        "返还",
        "退还",
        "入账",
        "解除",
        "重开",
        "上线",
        "放行通过",
        "验证通过",
        "继续",
        "已更正",
    ];
    let not = ["未完成", "不成功", "未成功", "未结束", "失败", "未到账", "准备上线", "功能上线", "版本上线"];
    let done = words.starts_with("完成") && !words.contains("止损");
    (done || ends.iter().any(|word| words.ends_with(word))) && !contains_any(words, &not) && !is_ongoing(words)
}

/// Whether the words tell of trouble: such a clause is no way back.
pub fn is_trouble(words: &str) -> bool {
    let words = lower(words);
    contains_any(
        &words,
        &[
            "未同步",
            "未更新",
            "未适配",
            "不及时",
            "不足",
            "不当",
            "误操作",
            "耗尽",
            "打满",
            "触发",
            "故障",
            "失败",
            "无法",
            "异常",
            "超时",
            "延迟",
            "不可用",
            "错误",
            "报错",
            "中断",
            "下降",
            "升高",
            "上升",
            "告警",
            "缓慢",
            "卡顿",
            "丢失",
            "重复",
            "积压",
            "堆积",
            "宕机",
            "fail",
            "error",
            "timeout",
            "timed out",
            "unavailable",
            "delay",
            "slow",
            "down",
        ],
    )
}

/// Who acts, in front of what was done.
const AGENTS: &[&str] = &[
    "DBA",
    "值班同学",
    "值班人员",
    "值班",
    "运维同学",
    "运维",
    "研发",
    "开发",
    "SRE",
    "供应商侧",
    "供应商",
    "渠道侧",
    "对方",
    "我方",
    "银行侧",
    "厂商",
    "机房",
    "网络组",
    "we ",
    "We ",
];

/// Whether the words begin with something that people do: `重启认证服务`, `回滚配置`.
pub fn is_action(words: &str) -> bool {
    const VERBS: &[&str] = &[
        "切",
        "换",
        "扩",
        "限流",
        "推送",
        "停",
        "加索引",
        "加白",
        "加机器",
        "路由",
        "流量",
        "摘",
        "联系",
        "重拉",
        "冲正",
        "补账",
        "止付",
        "重启",
        "切换",
        "切回",
        "切流",
        "切至",
        "回滚",
        "回退",
        "版本回退",
        "版本回滚",
        "扩容",
        "缩容",
        "降级",
        "限流",
        "熔断",
        "清理",
        "清除",
        "清空",
        "清缓存",
        "修复",
        "修正",
        "更换",
        "替换",
        "更新",
        "下线",
        "摘除",
        "隔离",
        "屏蔽",
        "联系",
        "协调",
        "调整",
        "调大",
        "补跑",
        "补发",
        "补录",
        "补单",
        "重跑",
        "重发",
        "重推",
        "重新",
        "拆分",
        "升级",
        "关闭",
        "开启",
        "停用",
        "启用",
        "人工",
        "手工",
        "手动",
        "紧急",
        "添加",
        "增加",
        "删除",
        "刷新",
        "解锁",
        "释放",
        "恢复",
        "执行",
        "优化",
    ];
    // Anywhere in the clause: English tells what was done in the passive.
    const DONE: &[&str] = &[
        "pinned",
        "taken down",
        "removed",
        "rolled back",
        "restarted",
        "cancelled",
        "canceled",
        "reverted",
        "redeployed",
        "replaced",
        "switched",
        "moved",
        "rerouted",
        "patched",
        "renewed",
        "killed",
        "scaled",
        "drained",
        "failed over",
        "raised",
        "purged",
        "deployed",
        "corrected",
        "restored",
        "replayed",
        "disabled",
        "rebuilt",
        "reopened",
        "re-enabled",
        "whitelisted",
        "throttled",
        "rolled forward",
    ];
    const ENGLISH: &[&str] = &[
        "restart",
        "rolled back",
        "roll back",
        "rollback",
        "failed over",
        "switched",
        "scaled",
        "reverted",
        "revert",
        "renewed",
        "rerouted",
        "traffic was",
        "traffic shifted",
        "the query was killed",
        "killed",
        "redeployed",
        "patched",
        "disabled",
        "enabled",
        "replaced",
    ];
    let words = words.trim_start_matches(['已', '并', '先', '后', '再', '经']);
    let words =
        ["随后", "立即", "随即", "随之", "同时"].iter().find_map(|lead| words.strip_prefix(lead)).unwrap_or(words);
    // `DBA 手动提升从库`, `值班回滚索引配置`: who did it.
    let words = AGENTS.iter().find_map(|agent| words.strip_prefix(agent)).map_or(words, str::trim_start);
    let plain = lower(words);
    VERBS.iter().any(|verb| words.starts_with(verb))
        || ENGLISH.iter().any(|verb| plain.starts_with(verb))
        || words.is_ascii() && contains_any(&plain, DONE)
}

/// Whether the words are an action that takes the fault away: a roll-back, a switch, something turned off.
pub fn is_remedy(words: &str) -> bool {
    let plain = words.trim_start_matches(['已', '并', '先', '后', '再', '经']);
    plain.starts_with('补')
        || ["回滚", "回退", "切换", "切走", "切回", "下线", "摘除", "关闭", "停用", "重启", "熔断", "降级", "下架"]
            .iter()
            .any(|verb| plain.starts_with(verb) || plain.ends_with(verb))
}

/// `用户投诉 41 起`, `客服进线 320 通`: how many complained, which is not how many were affected.
pub fn is_complaints(words: &str) -> bool {
    contains_any(words, &["投诉", "客诉", "进线", "咨询量", "工单量"]) && words.contains(|c: char| c.is_ascii_digit())
}

/// Whether the words only tell whom one told, or what comes later: `已联系厂商`, `后续优化`.
pub fn is_follow_up(words: &str) -> bool {
    ["已联系", "已通知", "已告知", "已上报", "已报修", "已提单", "已知会", "后续", "遗留", "待进一步", "计划", "详见"]
        .iter()
        .any(|lead| words.starts_with(lead))
}

/// Whether words behind the symptom that are nothing else may tell the cause: no plan, no notice, no follow-up.
pub fn may_be_cause(words: &str) -> bool {
    const LEADS: &[&str] = &[
        "已",
        "将",
        "拟",
        "待",
        "需",
        "并",
        "其余",
        "剩余",
        "余下",
        "部分",
        "目前",
        "现",
        "后续",
        "遗留",
        "计划",
        "详见",
        "见",
        "建议",
        "累计",
        "相关",
        "预计",
        "请",
        "无",
        "当日",
        "定级",
        "级别",
        "等级",
        "未达",
        "未造成",
        "未影响",
        "未产生",
        "未接到",
        "未收到",
        "usd",
        "no ",
        "not ",
        "vendor ",
    ];
    const INSIDE: &[&str] = &[
        "验证",
        "观察",
        "已通知",
        "告知",
        "跟进",
        "整改",
        "未再",
        "无异常",
        "投诉",
        "反馈",
        "恢复",
        "正常",
        "follow",
        "顺延",
        "推迟",
        "已更正",
        "已补",
        "已退",
        "已修",
        "已处理",
        "已完成",
        "已发",
        "延后",
        "complain",
        "apolog",
        "notified",
    ];
    let words = lower(words);
    words.chars().count() >= 3
        && !LEADS.iter().any(|lead| words.starts_with(lead))
        && !contains_any(&words, INSIDE)
        && !is_ongoing(&words)
}

/// Whether the words say that it is not over yet.
pub fn is_ongoing(words: &str) -> bool {
    /// Words that end in 中 and name no work that goes on.
    const OTHER: &[&str] = &["其中", "集中", "途中", "期中", "当中", "命中", "过程中", "使用中", "空中"];
    let words = lower(words);
    contains_any(&words, ONGOING)
        || words.ends_with('中') && words.chars().count() >= 3 && !OTHER.iter().any(|word| words.ends_with(word))
}
