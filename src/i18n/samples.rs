//! The words of indicators and samples.

use crate::domain::{indicator::IndicatorKind, publication::SamplesEdit, samples::Refusal, source::PullProblem};

/// Why a row is no sample, in Chinese.
pub fn refusal(reason: &Refusal) -> &'static str {
    match reason {
        Refusal::Unreadable(words) if words.starts_with("write a time") => {
            "时间读不懂，请写成 2024-08-19T15:00:00+08:00，或 1970 年起的秒数"
        }
        Refusal::Unreadable(words) if words.starts_with("this local time") => {
            "这个本地时间出现两次或不存在，请写上与 UTC 的偏移"
        }
        Refusal::Unreadable(words) if words.starts_with("write counts") => "数量请写成整数",
        Refusal::Unreadable(words) if words.starts_with("write codes") => {
            r#"返回码读不懂：写成 {"00": 950, "51": 12}，一分钟最多 200 个，每个最多 40 个字符"#
        }
        Refusal::Unreadable(words) if words.starts_with("give total") => {
            "请写 total、success、excluded，或者写 codes（返回码和笔数），不要都写"
        }
        Refusal::Unreadable(words) if words.starts_with("the file") => "文件没能读到最后",
        Refusal::Unreadable(_) => {
            r#"读不懂，请写成 {"t":"2024-08-19T15:00:00+08:00","total":100,"success":98,"excluded":1}"#
        }
        Refusal::NotAMinute => "时间不是整分钟",
        Refusal::Future => "这一分钟还没有开始",
        Refusal::TooOld => "时间早于 1970 年",
        Refusal::Negative => "数量不能是负数",
        Refusal::TooLarge => "数量大于 1,000,000,000,000",
        Refusal::MoreThanTotal => "成功与剔除之和大于总数",
        Refusal::Removed => "这么早的分钟已按保留期删除（策略 figures 的 keep_minutes_days），合计保持不变",
    }
}

/// What is in the way of a source, with the remedy.
pub fn pull_problem(lang: &str, problem: PullProblem) -> &'static str {
    if !lang.starts_with("zh") {
        return problem.words();
    }
    match problem {
        PullProblem::Forbidden => "这个地址不允许访问；确属自己的服务时，请管理员写进设置 outgoing.allow",
        PullProblem::Unreachable => "连不上这个服务；请检查地址，以及服务是否在运行",
        PullProblem::Slow => "服务没有及时回答；请把查询改得更省，例如用 recording rule",
        PullProblem::TooLong => "回答太长；请让查询只给出一条序列，例如用 sum()",
        PullProblem::Redirect => "服务指向另一个地址；请直接填那个地址",
        PullProblem::Denied => "服务不接受这个令牌；请换一个",
        PullProblem::NoInterface => "这个地址下没有 /api/v1/query_range；请检查路径",
        PullProblem::Unavailable => "服务暂时不可用，稍后会再试",
        PullProblem::Query => "服务不接受其中一条查询；请修改",
        PullProblem::ManySeries => "有一条查询给出多条序列；请在外面加 sum()",
        PullProblem::Histogram => "有一条查询给出直方图；请查询它的计数",
        PullProblem::Unreadable => "回答不是步长 60 秒的 query_range；请检查地址",
        PullProblem::NotTaken => "这个指标不收样本",
        PullProblem::NoToken => "设置里为这个服务写的令牌读不到；请管理员检查 outgoing.tokens",
    }
}

/// Words beside a measured figure.
#[derive(Debug, Clone, Copy)]
pub struct MeasuredWords {
    /// It was computed from samples.
    pub measured: &'static str,
    /// The part of the time that was measured.
    pub coverage: &'static str,
    /// What somebody reported.
    pub reported: &'static str,
    /// Some of the counts were written by hand.
    pub by_hand: &'static str,
}

/// The words in a language.
pub const fn words(chinese: bool) -> MeasuredWords {
    if chinese {
        MeasuredWords { measured: "实测", coverage: "覆盖率", reported: "上报", by_hand: "含手填" }
    } else {
        MeasuredWords { measured: "measured", coverage: "coverage", reported: "reported", by_hand: "partly by hand" }
    }
}

/// What stands behind a measured figure: a part of a restatement.
pub fn part(chinese: bool, part: &str) -> Option<&'static str> {
    let (zh, en) = match part {
        "success" => ("成功数", "Successes"),
        "eligible" => ("计入数", "Attempts that count"),
        "coverage" => ("覆盖率", "Coverage"),
        "definition" => ("口径版本", "Version of the definition"),
        "losses" => ("事件损失", "Losses by events"),
        "reported" => ("上报值", "Reported value"),
        _ => return None,
    };
    Some(if chinese { zh } else { en })
}

/// What was done to samples or an indicator, by the code of the audit log.
pub fn done(chinese: bool, action: &str) -> Option<&'static str> {
    let (zh, en) = match action {
        "samples.correct" => ("更正样本", "Samples corrected"),
        "samples.add" => ("补充样本", "Samples came late"),
        "hand_count.put" => ("手工填写笔数", "Counts written by hand"),
        "hand_count.delete" => ("删除手工笔数", "Counts by hand removed"),
        "source.put" => ("设置数据来源", "Source set"),
        "source.delete" => ("去掉数据来源", "Source removed"),
        "samples.reclassify" => ("按新口径重算样本", "Samples classed anew"),
        "indicator.create" => ("新建指标", "Indicator made"),
        "indicator.define" => ("修改口径", "Definition changed"),
        "indicator.update" => ("修改指标", "Indicator changed"),
        "objective.put" => ("设置目标", "Objective set"),
        "objective.delete" => ("删除目标", "Objective removed"),
        "event.link" => ("改动事件与指标的关联", "Ties to indicators changed"),
        _ => return None,
    };
    Some(if chinese { zh } else { en })
}

/// The samples that an edit changed: `12 分钟 08-19 15:00 – 08-19 15:30`.
pub fn stretch(chinese: bool, edit: &SamplesEdit, zone: chrono_tz::Tz) -> String {
    let at = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&zone).format("%m-%d %H:%M").to_string();
    let unit = if chinese { "分钟" } else { "minutes" };
    format!("{} {unit} {} – {}", edit.minutes, at(edit.from), at(edit.to))
}

/// A kind of indicators.
pub const fn kind(kind: IndicatorKind) -> &'static str {
    match kind {
        IndicatorKind::SuccessRate => "成功率",
        IndicatorKind::Availability => "可用率",
        IndicatorKind::Duration => "耗时",
        IndicatorKind::Number => "数值",
    }
}

/// A field's name in Chinese.
pub fn field_name(field: &str) -> Option<&'static str> {
    Some(match field {
        "key" => "指标代码",
        "digits" => "小数位数",
        "lower_is_better" => "越低越好",
        "valid_from" => "生效日期",
        "exclusions" => "返回码表",
        "note" => "说明",
        "window" => "窗口",
        "samples" => "样本",
        "format" => "格式",
        "indicator_kind" => "指标类型",
        "indicators" => "指标",
        "service_id" => "业务线或组件",
        _ => return None,
    })
}

/// What to do about a value, in Chinese.
pub fn remedy(remedy: &str) -> Option<String> {
    let fixed = match remedy {
        "write 1 to 60 small letters, digits, - _ and . like withdraw-success" => {
            "请用 1 到 60 个小写字母、数字、- _ .，如 withdraw-success"
        }
        "give 0 to 6 digits" => "请写 0 到 6",
        "a rate is better the higher it is" => "比率越高越好，不能设为越低越好",
        "give at most 2000 response codes" => "最多 2000 个返回码",
        "name each response code once" => "每个返回码只写一次",
        "choose success, ours, partner, user, risk_control or unknown" => {
            "请选择 success（成功）、ours（我方）、partner（合作方）、user（用户）、risk_control（风控）或 unknown（不明）"
        }
        "choose week, month, rolling_28d, rolling_30d or year" => {
            "请选择 week（周）、month（月）、rolling_28d（滚动 28 天）、rolling_30d（滚动 30 天）或 year（年）"
        }
        "give a percentage above 0 and below 100 with at most 6 digits, like 99.95; 100 leaves no budget" => {
            "请写大于 0、小于 100 的百分数，最多 6 位小数，如 99.95；100 不留任何预算"
        }
        "write one code a line: E51=user" => {
            "每行一个返回码：E51=user，归属为 success、ours、partner、user、risk_control 或 unknown"
        }
        "choose a service" => "请选择业务线或组件",
        "give a period of at most 92 days" => "时段最长 92 天",
        "choose an indicator of a service that measured failures of this event" => {
            "请选择属于业务线或组件、且测到这次失败的指标"
        }
        "choose csv, json or ndjson" => "请选择 csv、json 或 ndjson",
        "choose success_rate, availability, duration or number" => {
            "请选择 success_rate（成功率）、availability（可用率）、duration（耗时）或 number（数值）"
        }
        "write time, total, success, excluded, failed or estimated, = and the column: total=支付笔数" => {
            "请写 time、total、success、excluded、failed 或 estimated，等号，列名：total=支付笔数"
        }
        "give at most 100000 rows at once" => "一次最多 100000 行",
        "give at most 1000 indicators at once" => "一次最多 1000 个指标",
        "give a period of at most two years" => "时段最长两年",
        "give a period of at most eight days" => "时段最长八天",
        "give an array of rows, or {\"samples\": [rows]}" => "请给行的数组，或 {\"samples\": [行]}",
        "the header cannot be read as UTF-8" => "表头不是 UTF-8 编码",
        "the file cannot be read to its end" => "文件没能读到最后",
        _ => "",
    };
    if !fixed.is_empty() {
        return Some(fixed.to_owned());
    }
    if let Some(rest) = remedy.strip_prefix("minutes before ")
        && let Some((at, rest)) = rest.split_once(" are removed")
        && let Some((_, zone)) = rest.split_once("sums of whole days of ")
    {
        let zone = zone.split(' ').next().unwrap_or_default();
        return Some(format!(
            "{at} 之前的分钟已按保留期（策略 figures 的 keep_minutes_days）删除，不是没有测量；{zone} 的整天、整月合计仍在：请问整天，或 {at} 之后"
        ));
    }
    if let Some(rest) = remedy.strip_prefix("there is no column ")
        && let Some((column, have)) = rest.split_once("; the file has ")
    {
        return Some(format!("没有列{column}；文件里有 {have}"));
    }
    if let Some(rest) = remedy.strip_prefix("say which column is ")
        && let Some((word, have)) = rest.split_once("; the file has ")
    {
        let word = word.split(':').next().unwrap_or_default();
        return Some(format!("请写明哪一列是 {word}：{word}=列名；文件里有 {have}"));
    }
    let date = remedy.strip_suffix(" or later: the version before begins then")?.strip_prefix("give ")?;
    Some(format!("不能早于 {date}，上一版从那天生效"))
}

/// What is not there, in Chinese.
pub fn not_found(what: &str) -> Option<String> {
    if let Some(key) = what.strip_prefix("indicator ").and_then(|rest| rest.split(';').next()) {
        return Some(format!("没有指标“{key}”；fupan figures indicator list 列出已有的"));
    }
    let (window, key) = what.strip_prefix("objective ")?.split_once(" of ")?;
    Some(format!("{key} 没有窗口 {window} 的目标"))
}

/// What stands against it, in Chinese.
pub fn conflict(words: &str) -> Option<String> {
    if let Some(key) = words.strip_suffix(" is archived and takes no samples") {
        return Some(format!("{key} 已归档，不再接收样本"));
    }
    if let Some(key) =
        words.strip_suffix(" would have more than 2,000 response codes; send those that are many under one name")
    {
        return Some(format!("{key} 的返回码会超过 2,000 个，请把零散的归到一个代码下"));
    }
    if let Some(rest) = words.strip_prefix("samples before ")
        && let Some((at, _)) = rest.split_once(" are closed")
    {
        return Some(format!("{at} 之前的样本已封存：那时的分钟按保留期删除，合计不再改动；请只发更晚的分钟"));
    }
    if let Some(key) = words.strip_suffix(" is a number: it has no samples; write its value per week") {
        return Some(format!("{key} 是数值型指标，没有样本，请按周写数值"));
    }
    if words.starts_with("an indicator has the key ") {
        return Some("已有相同代码或名称的指标，请换一个".to_owned());
    }
    if let Some(key) = words.strip_suffix(" has 1,000 versions of its definition already") {
        return Some(format!("{key} 的定义已有 1,000 个版本"));
    }
    words.starts_with("there are 100,000 indicators").then(|| "指标已有 100,000 个".to_owned())
}
