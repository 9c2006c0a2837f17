//! Words that tell how far things are: well again, partly, not yet, in trouble, in hand.

use crate::domain::text::lower;

const ONGOING: [&str; 15] = [
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
];
const WELL: [&str; 27] = [
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
];
const PARTLY: [&str; 12] = [
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
];

/// Whether the words say that all is well again.
pub fn is_well(words: &str) -> bool {
    let words = lower(words);
    if words == "back" {
        return true;
    }
    let not = ["未恢复", "无法恢复", "不正常", "异常", "待恢复", "not recovered", "预计"];
    WELL.iter().any(|word| words.contains(word))
        && !PARTLY.iter().any(|word| words.contains(word))
        && !not.iter().any(|word| words.contains(word))
        && !ONGOING.iter().any(|word| words.contains(word))
}

/// Whether the words say that it was partly well, or that the damage was stopped.
pub fn is_partly(words: &str) -> bool {
    let words = lower(words);
    ["部分恢复", "基本恢复", "初步恢复", "陆续恢复", "partially", "partly", "mostly"]
        .iter()
        .any(|word| words.contains(word))
}

/// Whether what was done came to its end: `补跑完成`, `重跑成功`, `消费完毕`. Only for words behind a later time or behind
/// the symptom: `发布完成` alone begins many an event.
pub fn ends_well(words: &str) -> bool {
    let words = words.trim_end_matches(['。', '.', ' ', '，']);
    let ends = ["完成", "完毕", "成功", "结束", "清零", "归零", "回落", "回升", "追平", "到账", "补齐"];
    let not = ["未完成", "不成功", "未成功", "未结束", "失败", "未到账"];
    ends.iter().any(|word| words.ends_with(word)) && !not.iter().any(|word| words.contains(word)) && !is_ongoing(words)
}

/// Whether the words tell of trouble: such a clause is no way back.
pub fn is_trouble(words: &str) -> bool {
    let words = lower(words);
    [
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
    ]
    .iter()
    .any(|word| words.contains(word))
}

/// Whether the words begin with something that people do: `重启认证服务`, `回滚配置`.
pub fn is_action(words: &str) -> bool {
    const VERBS: [&str; 61] = [
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
    const ENGLISH: [&str; 20] = [
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
    let plain = lower(words);
    VERBS.iter().any(|verb| words.starts_with(verb)) || ENGLISH.iter().any(|verb| plain.starts_with(verb))
}

/// Whether the words say that it is not over yet.
pub fn is_ongoing(words: &str) -> bool {
    let words = lower(words);
    ONGOING.iter().any(|word| words.contains(word))
}
