//! Splitting an event's text into clauses, and what each clause is about (SCHEMA section 7, "Text fields").

use std::ops::Range;

use crate::domain::text::Folded;

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

/// A piece of a sentence, without the punctuation around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Characters.
    pub range: Range<usize>,
    /// The first clause of its sentence.
    pub starts_sentence: bool,
}

/// The clauses of `range`.
pub fn split(text: &Folded, range: Range<usize>) -> Vec<Clause> {
    let mut clauses = Vec::new();
    let mut start = range.start;
    let mut starts_sentence = true;
    let mut depth = 0_i32;
    let mut index = range.start;
    while index <= range.end {
        let c = if index == range.end { '\n' } else { text.at(index) };
        match c {
            '“' | '「' | '《' | '(' => depth += 1,
            '”' | '」' | '》' | ')' => depth = (depth - 1).max(0),
            _ => {}
        }
        let (ends, sentence) = boundary(text, index, c, depth);
        if ends || index == range.end {
            let from = (start..index).find(|i| !text.at(*i).is_whitespace());
            if let Some(from) = from {
                let to = (from..index).rev().find(|i| !text.at(*i).is_whitespace()).map_or(index, |i| i + 1);
                clauses.push(Clause { range: from..to, starts_sentence });
                starts_sentence = false;
            }
            starts_sentence = starts_sentence || sentence || index == range.end;
            start = index + 1;
            if sentence {
                depth = 0;
            }
        }
        index += 1;
    }
    clauses
}

/// Whether the character ends a clause, and whether it ends a sentence.
fn boundary(text: &Folded, index: usize, c: char, depth: i32) -> (bool, bool) {
    let before = if index == 0 { ' ' } else { text.at(index - 1) };
    let after = text.at(index + 1);
    match c {
        '。' | '！' | '？' | '!' | '?' | '\n' => (true, true),
        '；' | ';' => (true, true),
        ' ' | '\t' if depth == 0 && ends_at_blank(text, index) => (true, false),
        '，' => (!(before.is_ascii_digit() && after.is_ascii_digit() && depth > 0), false),
        ',' => (depth == 0 && !(before.is_ascii_digit() && after.is_ascii_digit()), false),
        '.' => {
            let end = (after.is_whitespace() || after == '\n') && !before.is_whitespace();
            let short = index >= 2 && text.at(index - 2) == ' ' && before.is_ascii_alphabetic();
            (end && !short, end && !short)
        }
        _ => (false, false),
    }
}

/// Blanks end a clause where people use them in place of commas: two or more of them, or one before a word that
/// begins another part (`页面打不开 影响约20笔 原因：…`). Blanks behind a time that was taken out end nothing.
fn ends_at_blank(text: &Folded, index: usize) -> bool {
    const PARTS: [&str; 14] = [
        "影响",
        "受影响",
        "涉及",
        "原因",
        "根因",
        "由于",
        "现象:",
        "处理:",
        "处置:",
        "措施:",
        "恢复:",
        "恢复时间",
        "复盘:",
        "复盘状态",
    ];
    let before = if index == 0 { '\n' } else { text.at(index - 1) };
    let ends_words = before.is_alphanumeric() || matches!(before, ')' | '%' | '”' | '」' | '》');
    if !ends_words {
        return false;
    }
    let next = text.skip_blanks(index);
    if matches!(text.at(next), '\n' | '，' | '。' | '；' | ',' | ';' | '(') {
        return false;
    }
    let wide = next - index >= 2 || text.at(index) == '\t';
    (wide && !(before.is_ascii() && text.at(next).is_ascii())) || text.any(next, &PARTS).is_some()
}

const CAUSE_KEYS: [&str; 17] = [
    "reason",
    "原因分析",
    "根本原因",
    "直接原因",
    "故障原因",
    "问题原因",
    "初步原因",
    "经排查",
    "原因",
    "根因",
    "起因",
    "由于",
    "缘于",
    "root cause",
    "cause",
    "due to",
    "because of",
];
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

/// What a clause is about, by its own words. `after_action` says that it stands behind the time of an action.
pub fn role(text: &Folded, range: &Range<usize>, after_action: bool) -> Role {
    let words = text.text(range.clone()).to_lowercase();
    let starts = |list: &[&str]| list.iter().any(|word| words.starts_with(word));
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    if starts(&[
        "现场记录",
        "日志",
        "log:",
        "logs:",
        "附:",
        "附日志",
        "报错日志",
        "错误日志",
        "相关单号",
        "备注",
        "traceid",
        "trace",
    ]) {
        return Role::Aside;
    }
    if is_cause(&words) {
        return Role::Cause;
    }
    if is_impact(&words) {
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
    if has(&ONGOING) {
        return Role::Ongoing;
    }
    if found_out(&words).is_some() {
        return Role::Location;
    }
    if starts(&["定位到", "定位:", "排查发现"]) || (after_action && words.starts_with("定位")) {
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
    if starts(&["导致", "致使", "造成", "使得", "引发"]) {
        return Role::Consequence;
    }
    if after_action || is_well(&words) {
        return Role::Recovery;
    }
    Role::Symptom
}

/// `初步定位为X`, `值班确认为X`: where X begins, in bytes.
fn found_out(words: &str) -> Option<usize> {
    ["定位为", "确认为", "判断为", "判定为", "排查为", "定位系", "确认是", "定位是"].iter().find_map(|key| {
        let at = words.find(key)?;
        (words.get(..at)?.chars().count() <= 8).then_some(at + key.len())
    })
}

fn is_cause(words: &str) -> bool {
    if CAUSE_KEYS.iter().any(|key| words.starts_with(key)) {
        return true;
    }
    let because = words.strip_prefix('因').is_some_and(|rest| !rest.starts_with(['此', '而', '子', '素', '果']));
    let is_of = words.starts_with('系') && !words.starts_with("系统");
    let by = words.starts_with('由') && ["引起", "导致", "造成", "所致", "触发"].iter().any(|end| words.contains(end));
    let by_end = ["引起", "所致"].iter().any(|end| words.ends_with(end));
    because || is_of || by || by_end || words.starts_with("caused by") || words.starts_with("root cause")
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
    let inside = [
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
        " impacted",
        "were affected",
    ];
    if inside.iter().any(|word| words.contains(word)) {
        return true;
    }
    let during = ["期间", "其间", "故障期间", "累计", "共", "合计"];
    if during.iter().any(|word| words.starts_with(word)) && !super::quantities::scan(words).is_empty() {
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
    leads && !super::quantities::scan(words).is_empty()
}

/// Whether the words say that all is well again.
pub fn is_well(words: &str) -> bool {
    let words = words.to_lowercase();
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
    let words = words.to_lowercase();
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
    let words = words.to_lowercase();
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
    let lower = words.to_lowercase();
    VERBS.iter().any(|verb| words.starts_with(verb)) || ENGLISH.iter().any(|verb| lower.starts_with(verb))
}

/// Whether the words say that it is not over yet.
pub fn is_ongoing(words: &str) -> bool {
    let words = words.to_lowercase();
    ONGOING.iter().any(|word| words.contains(word))
}

/// The cause alone: without 原因, 由于, 系…引起. `None` when the words say that it is unknown.
pub fn cause_of(words: &str) -> Option<String> {
    let mut text = words.trim();
    if let Some(behind) = found_out(text).and_then(|at| text.get(at..)) {
        text = behind;
    }
    loop {
        let before = text;
        for lead in [
            "初步排查",
            "经排查",
            "经定位",
            "原因分析",
            "根本原因",
            "直接原因",
            "故障原因",
            "问题原因",
            "初步原因",
            "原因",
            "根因",
            "起因",
            "由于",
            "缘于",
            "定位到",
            "定位为",
            "定位系",
            "定位",
            "排查发现",
            "排查为",
            "Reason",
            "reason",
            "Root cause",
            "root cause",
            "Cause",
            "cause",
            "due to",
            "Due to",
            "because of",
            "Because of",
            "caused by",
            "Caused by",
            "was",
            "is",
            "是因为",
            "是由于",
            "是",
            "为",
            "系",
            "因为",
            "因",
            "由",
            "：",
            ":",
            " ",
            "，",
        ] {
            if let Some(rest) = text.strip_prefix(lead) {
                let word = lead.chars().all(|c| c.is_ascii_alphabetic() || c == ' ');
                if word && lead != " " && rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    continue;
                }
                if (lead == "系" && rest.starts_with('统')) || (lead == "因" && rest.starts_with(['子', '素', '果']))
                {
                    continue;
                }
                text = rest;
                break;
            }
        }
        if text == before {
            break;
        }
    }
    for end in ["所引起", "引起的", "所导致", "导致的", "造成的", "引起", "所致", "导致", "造成"]
    {
        if let Some(rest) = text.strip_suffix(end) {
            text = rest;
            break;
        }
    }
    let text = text.trim().trim_matches(['，', '。', '；', ',', ';', ':', '：', '.', ' ']);
    let unknown = [
        "待查",
        "不明",
        "未知",
        "待排查",
        "排查中",
        "待定位",
        "定位中",
        "待确认",
        "尚不明确",
        "未明",
        "unknown",
        "tbd",
        "under investigation",
        "being investigated",
        "待定",
        "调查中",
        "not known",
        "-",
        "无",
    ];
    let lower = text.to_lowercase();
    let is_unknown = unknown.iter().any(|word| lower == *word)
        || (lower.chars().count() <= 12
            && ["待查", "不明", "排查", "待确认", "尚不", "待进一步"].iter().any(|word| lower.contains(word)));
    (!text.is_empty() && !is_unknown).then(|| text.to_owned())
}
