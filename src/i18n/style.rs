//! Why a style cannot be used, in Chinese.

/// What stands before the part of a style.
fn part_name(part: &str) -> String {
    match part {
        "figures" | "figure" | "counts" | "events" | "event" => format!("模板 {part}"),
        _ => format!("样式的 {part}"),
    }
}

/// `event: line 1: …` as a Chinese sentence; none where there is no part in front.
pub fn problem(words: &str) -> Option<String> {
    let (part, rest) = words.split_once(": ")?;
    if part.is_empty() || !part.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | '.')) {
        return None;
    }
    let part = part_name(part);
    let numbered = rest.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
    let numbered = numbered.filter(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()));
    Some(match numbered {
        Some((number, what)) => format!("{part} 第 {number} 行：{}", what_of(what)),
        None => format!("{part}：{}", what_of(rest)),
    })
}

fn what_of(what: &str) -> String {
    let fixed = match what {
        "the template does too much; take loops out of loops" => "做得太多，请不要在循环里再写循环",
        "name at most 40 levels of 1 to 16 characters" => "最多 40 个等级，每个 1 到 16 个字符",
        "name figures and events, once each" => "figures 和 events 各写一次",
        "leave out control characters; lines end with a line feed" => "有控制字符，请去掉；换行只用 LF",
        "write a format like %m/%d %H:%M, at most 60 characters" => "请写成 %m/%d %H:%M 这样，最多 60 个字符",
        "write a mark that says so, like 【待复盘】 and 【已复盘】: it is read again" => {
            "标记要看得出意思，如【待复盘】和【已复盘】：以后还要读回来"
        }
        _ => "",
    };
    if !fixed.is_empty() {
        return fixed.to_owned();
    }
    let number = |front: &str, behind: &str| {
        let number = what.strip_prefix(front)?.strip_suffix(behind)?;
        number.bytes().all(|b| b.is_ascii_digit()).then(|| number.to_owned())
    };
    if let Some(most) = number("write at most ", " characters on one line") {
        return format!("最多 {most} 个字符，写在一行里");
    }
    if let Some(most) = number("write at most ", " characters") {
        return format!("最多 {most} 个字符");
    }
    if let Some(sign) = what.strip_suffix(" is not for templates; join words with ~, and take what has a name") {
        return format!("模板里不能用 {sign}；连接文字用 ~，只用有名字的值");
    }
    if let Some(detail) = what.strip_suffix("; docs/style.md lists the names") {
        return match detail.strip_suffix(" is undefined") {
            Some(name) => format!("没有 {name} 这个名字；可用的名字见 docs/style.md"),
            None => format!("有个名字这里没有（{detail}）；可用的名字见 docs/style.md"),
        };
    }
    // The words of the template engine stay: they quote the template.
    for (kind, words) in [
        ("syntax error", "语法有误"),
        ("unknown filter", "没有这个过滤器"),
        ("unknown function", "没有这个函数"),
        ("unknown method", "没有这个方法"),
        ("unknown test", "没有这个测试"),
        ("invalid operation", "不能这样运算"),
        ("too many arguments", "参数太多"),
        ("missing argument", "缺少参数"),
        ("bad string escape", "字符串里的转义有误"),
        ("cannot unpack", "拆不开这个值"),
        ("template not found", "没有这个模板"),
    ] {
        if let Some(detail) = what.strip_prefix(kind) {
            return match detail.strip_prefix(": ") {
                Some(detail) => format!("{words}：{detail}"),
                None => words.to_owned(),
            };
        }
    }
    what.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        iso_week::IsoWeek,
        report::{style::ReportStyle, template::Writer},
    };

    #[test]
    fn what_is_wrong_with_a_template_is_said_in_chinese_with_its_place() {
        let week: IsoWeek = "2026-W10".parse().unwrap_or_else(|_| unreachable!());
        for (template, want) in [
            ("{{ narrative", "模板 event 第 1 行：语法有误："),
            ("a\n{{ sentence | }}", "模板 event 第 2 行：语法有误："),
            ("{{ [1] }}", "模板 event 第 1 行：模板里不能用 [；"),
            ("a\rb", "模板 event：有控制字符"),
        ] {
            let mut style = ReportStyle::default();
            template.clone_into(&mut style.event);
            let said = Writer::new(&style, week, chrono_tz::UTC).map(|_| ()).map_err(|error| error.to_string());
            let words = said.err().and_then(|said| problem(&said)).unwrap_or_default();
            assert!(words.starts_with(want), "{template}: {words}");
        }
        let filter = problem("event: line 2: unknown filter: filter shout is unknown");
        assert_eq!(filter.as_deref(), Some("模板 event 第 2 行：没有这个过滤器：filter shout is unknown"));
        let undefined = problem("event: line 1: `narative` is undefined; docs/style.md lists the names");
        assert_eq!(
            undefined.as_deref(),
            Some("模板 event 第 1 行：没有 `narative` 这个名字；可用的名字见 docs/style.md")
        );
        assert_eq!(problem("there is no style"), None);
    }
}
