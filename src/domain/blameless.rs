//! Hints for blameless writing: sentences that name a person's fault where systems and conditions would teach more. They
//! never block anything; a missed one does no harm, a false one annoys.

/// Why a sentence was pointed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlameKind {
    /// 操作失误, human error: taken for a cause, which it is not.
    HumanError,
    /// Someone forgot, mixed up, did not check.
    PersonAtFault,
    /// should have, 本应: judged by what is known now.
    Hindsight,
    /// 处罚, 问责: no part of a postmortem.
    Punishment,
    /// 责任人: the word is 负责人.
    Wording,
}

impl BlameKind {
    /// The code in the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::HumanError => "human_error",
            Self::PersonAtFault => "person_at_fault",
            Self::Hindsight => "hindsight",
            Self::Punishment => "punishment",
            Self::Wording => "wording",
        }
    }
}

/// A sentence that may be read as blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlameHint {
    /// Why.
    pub kind: BlameKind,
    /// The words that gave the reason.
    pub found: String,
    /// The sentence, at most 120 characters of it.
    pub sentence: String,
}

/// The most hints of one text.
const MOST: usize = 20;

/// The hints of a text, one a sentence.
pub fn hints(text: &str) -> Vec<BlameHint> {
    let mut found = Vec::new();
    for sentence in sentences(text) {
        if let Some((kind, words)) = blame(sentence) {
            let mut short: String = sentence.chars().take(120).collect();
            if sentence.chars().count() > 120 {
                short.push('…');
            }
            found.push(BlameHint { kind, found: words, sentence: short });
            if found.len() == MOST {
                break;
            }
        }
    }
    found
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['。', '！', '？', '!', '?', '\n', '；', ';'])
        .flat_map(|part| part.split(". "))
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// Words that make a cause of a person, whoever it was.
const HUMAN_ERROR: [&str; 18] = [
    "人为失误",
    "人为错误",
    "人为疏忽",
    "操作失误",
    "误操作",
    "操作不当",
    "责任心",
    "麻痹大意",
    "粗心",
    "马虎",
    "失职",
    "玩忽职守",
    "human error",
    "operator error",
    "pilot error",
    "careless",
    "negligen",
    "sloppy",
];

/// What people are said to have done wrong.
const FAULTS: [&str; 40] = [
    "忘",
    "漏掉",
    "漏了",
    "漏做",
    "漏配",
    "漏改",
    "遗漏",
    "疏忽",
    "失误",
    "误删",
    "误改",
    "误配",
    "误点",
    "误关",
    "弄错",
    "搞错",
    "写错",
    "填错",
    "配错",
    "输错",
    "看错",
    "没有检查",
    "没检查",
    "未检查",
    "没有确认",
    "没确认",
    "未确认",
    "没有遵守",
    "未遵守",
    "没有按",
    "没按",
    "未按",
    "不熟悉",
    "不了解",
    "违反",
    "不小心",
    "没有仔细",
    "未仔细",
    "没注意",
    "未注意",
];

/// Words for people in Chinese texts of our kind.
const PEOPLE: [&str; 26] = [
    "某某",
    "同学",
    "同事",
    "工程师",
    "值班人员",
    "值班员",
    "运维人员",
    "开发人员",
    "测试人员",
    "操作人员",
    "操作员",
    "研发人员",
    "产品经理",
    "员工",
    "当事人",
    "新人",
    "实习生",
    "负责人",
    "管理员",
    "运维",
    "开发",
    "测试",
    "研发",
    "值班",
    "他",
    "她",
];

/// Words that have a person for their subject by themselves.
const ALWAYS: [&str; 9] = ["忘记", "忘了", "忘却", "擅自", "违规操作", "私自", "工作疏忽", "粗枝大叶", "不小心"];

/// What brings a cause in.
const CAUSES: [&str; 8] = ["因为", "由于", "原因是", "根因是", "原因：", "根因：", "因", "归因于"];

/// Common surnames. Without one, two characters before a fault are a thing as likely as a name.
const SURNAMES: &str = "王李张刘陈杨黄赵周吴徐孙朱马胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜\
    崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严赖覃洪武莫孔汤温康施牛樊葛邢安齐庞颜倪庄聂章鲁岳\
    翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单裴霍涂成苗谷曲盛冉翁骆蓝路游辛靳管柴蒙鲍华喻祁闫肖";

/// Words that begin like a name and are none; by their first two characters.
const NO_NAMES: [&str; 150] = [
    "高峰", "高频", "高可", "高并", "高危", "高位", "高负", "高水", "高级", "高额", "高风", "任务", "任何", "任意",
    "余额", "余量", "余数", "方案", "方法", "方向", "方式", "金额", "金融", "金库", "白名", "白天", "白盒", "钱包",
    "钱款", "万一", "常量", "江苏", "江西", "江门", "江北", "范围", "范式", "许可", "许多", "顾客", "顾问", "周期",
    "周末", "周报", "周边", "周转", "周一", "周二", "周三", "周四", "周五", "周六", "周日", "周会", "曾经", "何时",
    "何种", "何处", "马上", "马来", "田间", "石油", "夏季", "夏令", "毛利", "毛刺", "董事", "黄金", "黄色", "黄山",
    "黄石", "陈旧", "陈述", "龙卡", "雷击", "雷达", "段落", "钟点", "钟表", "史诗", "武汉", "武器", "黎明", "郑州",
    "苏州", "苏宁", "沈阳", "韩国", "韩元", "罗马", "孟加", "秦皇", "徐州", "徐汇", "吴江", "杨浦", "唐山", "宋体",
    "程序", "程度", "安全", "安装", "安卓", "安徽", "温度", "康复", "施工", "章节", "管理", "管控", "管道", "管线",
    "包体", "包裹", "单据", "单点", "单机", "单元", "单笔", "单号", "成功", "成员", "成本", "路由", "路径", "游戏",
    "关单", "关口", "关系", "关联", "关键", "华为", "华东", "华南", "华北", "符号", "纪录", "牛市", "严格", "严重",
    "于是", "欧元", "欧洲", "左侧", "盛付", "凌晨", "童锁", "梅雨", "路线", "曲线",
];

/// What a person is said to have done or left undone, right behind the name.
const RIGHT_BEHIND: [&str; 14] =
    ["没有", "没能", "没把", "没", "未", "忘", "误", "漏", "疏忽", "失误", "操作", "弄错", "搞错", "粗心"];

/// Subjects that are no people: `告警本应触发`, `the alert should have fired`.
const SYSTEMS: [&str; 34] = [
    "告警",
    "系统",
    "服务",
    "监控",
    "任务",
    "请求",
    "熔断",
    "重试",
    "流量",
    "脚本",
    "配置",
    "开关",
    "订单",
    "交易",
    "数据",
    "缓存",
    "队列",
    "接口",
    "程序",
    "消息",
    "降级",
    "限流",
    "超时",
    "平台",
    "规则",
    "流程",
    "校验",
    "检查",
    "渠道",
    "网关",
    "连接",
    "发布",
    "回滚",
    "测试用例",
];

const ENGLISH_SYSTEMS: [&str; 40] = [
    "alert",
    "alerts",
    "alarm",
    "alarms",
    "system",
    "systems",
    "service",
    "services",
    "monitor",
    "monitors",
    "monitoring",
    "request",
    "requests",
    "retry",
    "retries",
    "job",
    "jobs",
    "breaker",
    "check",
    "checks",
    "deploy",
    "deployment",
    "rollout",
    "rollback",
    "failover",
    "timeout",
    "queue",
    "cache",
    "it",
    "which",
    "that",
    "this",
    "there",
    "script",
    "pipeline",
    "test",
    "tests",
    "traffic",
    "transaction",
    "transactions",
];

const ENGLISH_PEOPLE: [&str; 30] = [
    "engineer",
    "engineers",
    "developer",
    "developers",
    "operator",
    "operators",
    "admin",
    "he",
    "she",
    "they",
    "we",
    "i",
    "you",
    "someone",
    "somebody",
    "nobody",
    "who",
    "colleague",
    "employee",
    "on-call",
    "oncall",
    "team",
    "manager",
    "tester",
    "staff",
    "person",
    "intern",
    "dba",
    "sre",
    "contractor",
];

fn blame(sentence: &str) -> Option<(BlameKind, String)> {
    let lower = sentence.to_lowercase();
    let hit = |kind, words: &str| Some((kind, words.to_owned()));
    if let Some(word) = HUMAN_ERROR.iter().find(|word| stands_alone(&lower, word)) {
        return hit(BlameKind::HumanError, word);
    }
    if let Some(word) =
        ["处罚", "问责", "追责", "扣绩效", "通报批评", "写检讨", "记过"].iter().find(|word| stands_alone(&lower, word))
    {
        return hit(BlameKind::Punishment, word);
    }
    if let Some(word) = ALWAYS.iter().find(|word| lower.contains(*word) && !is_feature(&lower, word)) {
        return hit(BlameKind::PersonAtFault, word);
    }
    if let Some(words) = person_at_fault(&lower).or_else(|| name_as_cause(&lower)) {
        return Some((BlameKind::PersonAtFault, words));
    }
    for word in ["本应", "本该", "理应", "早该", "应该早点", "应当早点"] {
        if let Some(at) = lower.find(word) {
            let before: Vec<char> = lower.get(..at).unwrap_or_default().chars().rev().take(8).collect();
            let before: String = before.into_iter().rev().collect();
            if !SYSTEMS.iter().any(|system| before.contains(system)) {
                return hit(BlameKind::Hindsight, word);
            }
        }
    }
    if let Some(found) = english(&lower) {
        return Some(found);
    }
    lower.contains("责任人").then(|| (BlameKind::Wording, "责任人".to_owned()))
}

/// Whether the word is said of what happened, and not of what keeps it away: `防误操作`, `避免操作失误`, `avoid human error`.
fn stands_alone(sentence: &str, word: &str) -> bool {
    sentence.match_indices(word).any(|(at, _)| {
        let before: Vec<char> = sentence.get(..at).unwrap_or_default().chars().rev().take(14).collect();
        let before: String = before.into_iter().rev().collect();
        let kept_away = [
            "防",
            "避免",
            "杜绝",
            "减少",
            "降低",
            "非",
            "不是",
            "而不是",
            "无",
            "不作",
            "不做",
            "不追究",
            "avoid",
            "prevent",
            "not ",
            "no ",
            "against",
            "without",
        ];
        !before.ends_with('不') && !kept_away.iter().any(|word| before.contains(word))
    })
}

/// `忘记密码` is a page, not a fault.
fn is_feature(sentence: &str, word: &str) -> bool {
    sentence.match_indices(word).all(|(at, _)| {
        let after = sentence.get(at + word.len()..).unwrap_or_default();
        after.trim_start_matches(['了', '登', '录', '支', '付', '“', '"', ' ']).starts_with("密码")
    })
}

/// A person, and a fault close behind.
fn person_at_fault(sentence: &str) -> Option<String> {
    for person in PEOPLE {
        for (at, _) in sentence.match_indices(person) {
            let before = sentence.get(..at).unwrap_or_default();
            let other = matches!(person, "他" | "她") && before.ends_with('其');
            // `开发环境`, `测试用例`, `研发平台`: a thing.
            let behind = sentence.get(at + person.len()..).unwrap_or_default();
            let thing = [
                "环境", "用例", "平台", "团队", "流程", "阶段", "数据", "集群", "覆盖", "系统", "手册", "表", "群",
                "中心", "脚本", "工具", "账号", "计划",
            ];
            if other || thing.iter().any(|word| behind.starts_with(word)) {
                continue;
            }
            let near: String = behind.chars().take(10).collect();
            let near = near.split(['，', ',', '、', '：']).next().unwrap_or_default();
            let fault = FAULTS.iter().find(|fault| near.contains(*fault));
            if let Some(fault) = fault.filter(|_| !near.contains("密码")) {
                return Some(format!("{person}…{fault}"));
            }
        }
    }
    None
}

/// `因为张三没有检查`: a person's name as the cause. A name is a surname and one or two characters, `小张`, `老李` or `张工`,
/// with what was done right behind it.
fn name_as_cause(sentence: &str) -> Option<String> {
    for cause in CAUSES {
        for (at, _) in sentence.match_indices(cause) {
            let before = sentence.get(..at).unwrap_or_default();
            // `原因`, `根因`: a noun.
            if cause == "因" && before.ends_with(['原', '根', '起', '诱', '成', '归', '主']) {
                continue;
            }
            let behind = sentence.get(at + cause.len()..).unwrap_or_default();
            let behind = behind.trim_start_matches([' ', '：', ':', '是']);
            if let Some(found) = name_and_fault(behind) {
                return Some(found);
            }
        }
    }
    None
}

fn name_and_fault(text: &str) -> Option<String> {
    let head: Vec<char> = text.chars().take(3).collect();
    let first = *head.first()?;
    // `小包`, `老路`: small and old things.
    let called = |next: char| SURNAMES.contains(next) && !"包单金路成关游章温管万".contains(next);
    let familiar = matches!(first, '小' | '老') && head.get(1).is_some_and(|next| called(*next));
    if !familiar && !SURNAMES.contains(first) {
        return None;
    }
    let beginning: String = head.iter().take(2).collect();
    if NO_NAMES.contains(&beginning.as_str()) {
        return None;
    }
    // 欧阳锋 is as long as names are.
    let lengths: &[usize] = if familiar { &[2] } else { &[2, 3] };
    for length in lengths {
        let name: String = head.get(..*length)?.iter().collect();
        let given = name.get(first.len_utf8()..)?;
        // What stands in no name: it is the sentence that goes on.
        if given.chars().any(|c| !is_han(c) || "的没未不在时后和与及了是有把被将对从到又也都就误漏忘".contains(c))
        {
            return None;
        }
        let rest = text.get(name.len()..)?;
        let rest = rest.strip_prefix("同学").or_else(|| rest.strip_prefix("经理")).unwrap_or(rest);
        if let Some(fault) = RIGHT_BEHIND.iter().find(|fault| rest.starts_with(**fault)) {
            // `操作失误`, `操作不当`; an operation alone is none.
            let innocent = *fault == "操作" && !["失误", "错误", "不当"].iter().any(|wrong| rest.contains(wrong));
            if !innocent {
                return Some(format!("{name}…{fault}"));
            }
        }
    }
    None
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
}

fn english(sentence: &str) -> Option<(BlameKind, String)> {
    let words: Vec<&str> = sentence
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '\'' || c == '-'))
        .filter(|word| !word.is_empty())
        .collect();
    let subject = |at: usize| at.checked_sub(1).and_then(|at| words.get(at)).copied().unwrap_or_default();
    let person_near = |at: usize| {
        let from = at.saturating_sub(4);
        words.get(from..at).is_some_and(|near| near.iter().any(|word| ENGLISH_PEOPLE.contains(word)))
    };
    for (at, pair) in words.windows(2).enumerate() {
        let [one, two] = pair else { continue };
        match (*one, *two) {
            ("should" | "shouldn't" | "ought", "have" | "to" | "not") => {
                let perfect = *two == "have" || words.get(at + 2).is_some_and(|next| *next == "have");
                if perfect
                    && !ENGLISH_SYSTEMS.contains(&subject(at))
                    && (person_near(at) || words.get(at + 2).is_none_or(|next| *next != "been"))
                {
                    return Some((BlameKind::Hindsight, format!("{one} {two}")));
                }
            }
            ("forgot" | "forgets", next) if !next.starts_with("password") => {
                return Some((BlameKind::PersonAtFault, format!("{one} {two}")));
            }
            ("failed" | "neglected", "to") if *one == "neglected" || person_near(at) => {
                return Some((BlameKind::PersonAtFault, format!("{one} {two}")));
            }
            ("at", "fault") | ("to", "blame") => return Some((BlameKind::PersonAtFault, format!("{one} {two}"))),
            (who, "mistake" | "fault") if who.ends_with("'s") || matches!(who, "his" | "her" | "their") => {
                return Some((BlameKind::PersonAtFault, format!("{one} {two}")));
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blame_is_pointed_out() {
        for (sentence, kind) in [
            ("原因是某某忘记更新证书。", BlameKind::PersonAtFault),
            ("值班同学没有检查监控", BlameKind::PersonAtFault),
            ("运维人员误删了配置文件", BlameKind::PersonAtFault),
            ("开发忘了加索引", BlameKind::PersonAtFault),
            ("他未按流程发布", BlameKind::PersonAtFault),
            ("有人擅自修改了路由", BlameKind::PersonAtFault),
            ("根因：操作失误", BlameKind::HumanError),
            ("由于误操作导致配置丢失", BlameKind::HumanError),
            ("人为失误。", BlameKind::HumanError),
            ("值班人员责任心不强", BlameKind::HumanError),
            ("对当事人进行处罚", BlameKind::Punishment),
            ("值班本应在五分钟内发现", BlameKind::Hindsight),
            ("责任人：支付组", BlameKind::Wording),
            ("The cause was human error.", BlameKind::HumanError),
            ("The engineer forgot to renew the certificate", BlameKind::PersonAtFault),
            ("The on-call engineer failed to notice the alert", BlameKind::PersonAtFault),
            ("We should have tested the rollback", BlameKind::Hindsight),
            ("The operator shouldn't have restarted it", BlameKind::Hindsight),
            ("It was the developer's mistake", BlameKind::PersonAtFault),
        ] {
            let found = hints(sentence);
            assert_eq!(found.first().map(|hint| hint.kind), Some(kind), "{sentence}: {found:?}");
        }
        for sentence in [
            "因为张三没有检查监控",
            "由于李四未确认切换结果，渠道一直没有恢复",
            "因王小明漏配了白名单",
            "原因是赵六没把开关打开",
            "根因：陈晨未通知对方",
            "这次故障是因为小张没有看群消息",
            "由于老李漏看了告警",
            "因为欧阳锋没有复核",
            "由于周杰没有按时回滚",
            "由于高敏没有跟进",
            "因为刘工没有更新文档",
            "因为张三疏忽",
            "因为王五失误",
        ] {
            let found = hints(sentence);
            assert_eq!(found.first().map(|hint| hint.kind), Some(BlameKind::PersonAtFault), "{sentence}: {found:?}");
        }
        for sentence in ["因为张三误操作，配置丢失", "由于李四忘记续证书"] {
            assert_eq!(hints(sentence).len(), 1, "{sentence}");
        }
        assert_eq!(hints("操作失误。\n系统正常。\n操作失误").len(), 2);
        assert_eq!(hints(&"操作失误。".repeat(1_000)).len(), 20);
    }

    #[test]
    fn innocent_sentences_are_left_alone() {
        for sentence in [
            "风控规则更新后，提现请求被误判为高风险，约 684 笔失败。",
            "渠道 A 轮换证书后，失败握手被无上限重试，连接池在 4 分钟内耗尽。",
            "忘记密码页面打不开，用户无法重置。",
            "用户点击“忘记密码”后收不到短信",
            "增加二次确认，防止误操作。",
            "发布平台加校验，避免操作失误再次造成影响",
            "告警本应在 15:01 触发，但阈值设为 97%。",
            "熔断本应打开",
            "其他渠道未按预期切换",
            "开发环境没有检查证书有效期的任务",
            "测试用例漏了跨月的场景",
            "测试环境漏配了白名单",
            "负责人：支付组，截止 08/30。",
            "值班在 3 分钟内响应并切换备用渠道。",
            "对账任务遗漏了当日最后一个文件",
            "配置中心没有检查取值范围",
            "连接超时，服务未确认消息",
            "运维平台没有提供一键回滚",
            "应该把超时从 30 秒降到 3 秒",
            "无人为因素",
            "复盘不追责，只看系统和条件",
            "The alert should have fired at 15:01, but its threshold was 97%.",
            "The circuit breaker failed to open.",
            "The service failed to connect to the database.",
            "The job should retry three times.",
            "The forgot password page was down.",
            "The rollback should have been automatic; it needs two approvals today.",
            "We added a check to prevent human error.",
            "Requests failed to reach the gateway.",
            "The on-call switched to the backup channel within three minutes.",
            "Retries should have a limit",
            "因为渠道没有返回结果",
            "由于网络未恢复，重试堆积",
            "因高峰没有扩容",
            "因为任务未触发",
            "由于告警范围没有覆盖提现",
            "由于范围没有覆盖提现",
            "因为周末没有发布",
            "因为周五未封网",
            "因为顾客没有收到短信",
            "由于许可未续期",
            "因金额未校验",
            "因为余额没有更新",
            "由于方案没有覆盖夜间",
            "因为白名单没有同步",
            "因为连接未释放",
            "由于商户未配置回调",
            "由于银行未回盘",
            "因为程序没有处理空值",
            "由于成员服务未注册",
            "因为单笔没有限额",
            "因为路由没有生效",
            "因为江苏没有备用线路",
            "因为凌晨没有流量",
            "原因没有查明",
            "因此没有影响",
            "因素未知",
            "因为管理后台没有开关",
            "由于华东机房未切换",
            "因为关单没有重试",
            "因为安全组未放行",
            "因为何时恢复没有通知",
            "由于马上要大促，没有切换",
            "因为于是没有",
            "因为小程序没有缓存",
            "因为小额没有限流",
            "由于老版本没有兼容",
            "因为老系统未下线",
            "由于张家口机房未切流",
        ] {
            assert_eq!(hints(sentence), [], "{sentence}");
        }
    }
}
