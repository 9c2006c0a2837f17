//! Why a file of another tool was not read, in Chinese.

use crate::domain::foreign::ForeignProblem;

/// The problem as a Chinese sentence.
pub fn problem(problem: &ForeignProblem) -> String {
    match problem {
        ForeignProblem::UnknownFormat => {
            "没有这种格式；可以写 csv、statuspage、google-cloud、aws、upptime、atom 或 front-matter".to_owned()
        }
        ForeignProblem::TooLarge => "文件大于 16 MiB；请分几次导入".to_owned(),
        ForeignProblem::TooMany => "文件超过 100000 条；请分几次导入".to_owned(),
        ForeignProblem::NotUtf8 { at } => {
            format!("不是 UTF-8 编码（第 {at} 字节）；在 Excel 里请另存为“CSV UTF-8”，其他文件请转成 UTF-8")
        }
        ForeignProblem::OtherFormat { format, expected } => {
            format!("这不是 {format} 的文件：{}", expected_of(format).unwrap_or(expected))
        }
        ForeignProblem::Broken { line, words } => format!("文件第 {line} 行有误：{words}；请重新导出"),
        ForeignProblem::MissingColumns { missing, headers, known } => format!(
            "没有哪一列说明{}；看到的表头是 {headers}；请写 --map occurred=开始时间,summary=标题 这样的对应（字段：{known}）",
            missing_of(missing)
        ),
        ForeignProblem::UnknownColumn { column, headers } => {
            format!("对应里写的列“{column}”不存在；看到的表头是 {headers}")
        }
        ForeignProblem::Mapping { part, known } => {
            format!("读不懂对应“{part}”；请写 字段=列名,字段=列名（字段：{known}）")
        }
    }
}

/// What a file of a format looks like.
fn expected_of(format: &str) -> Option<&'static str> {
    Some(match format {
        "csv" => "第一行要是表头",
        "statuspage" => "请给状态页 API 的 incidents.json、事件数组，或每行一个事件",
        "google-cloud" => "请给 status.cloud.google.com 的 incidents.json",
        "aws" => "请给 status.aws.amazon.com 的 data.json",
        "upptime" => "请给 history/summary.json、某个站点的 history/*.yml，或 issues 的 JSON",
        "atom" => "请给状态页的 history.atom 或 history.rss（XML，里面有 entry 或 item）",
        "front-matter" => "开头要有一行 ---（或 +++），然后是 title: 和 date:，再一行 ---",
        _ => return None,
    })
}

/// What no column says.
fn missing_of(missing: &str) -> &str {
    if missing.starts_with("when it began") {
        "何时发生（occurred、date 或 line）"
    } else if missing.starts_with("what happened") {
        "发生了什么（summary、narrative 或 line）"
    } else {
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::foreign::{ForeignContext, ForeignFormat, read};
    use crate::domain::{
        capture::draft::{CaptureContext, DateAnchor},
        iso_week::IsoWeek,
    };

    #[test]
    fn every_format_says_in_chinese_what_its_files_look_like() {
        let week: IsoWeek = "2026-W10".parse().unwrap_or_else(|_| unreachable!());
        let capture = CaptureContext { anchor: DateAnchor::Week(week), zone: chrono_tz::UTC, written: None };
        let context = ForeignContext { capture, file_name: None, columns: None };
        for format in ForeignFormat::ALL {
            assert!(expected_of(format.code()).is_some(), "{}", format.code());
            let refused = read(format, "", &context).map(|reading| reading.events.len());
            if let Err(ForeignProblem::OtherFormat { expected, .. }) = &refused {
                let words = refused.as_ref().map_err(problem).err().unwrap_or_default();
                assert!(words.starts_with("这不是") && !words.contains(expected), "{words}");
            }
        }
        for (table, want) in
            [("谁,何事\na,b\n", "没有哪一列说明何时发生"), ("开始时间,谁\na,b\n", "没有哪一列说明发生了什么")]
        {
            let words = read(ForeignFormat::Csv, table, &context).map_err(|refused| problem(&refused));
            assert!(words.as_ref().is_err_and(|words| words.starts_with(want)), "{words:?}");
        }
    }
}
