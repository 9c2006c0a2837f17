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
        ForeignProblem::OtherFormat { format, expected } => format!("这不是 {format} 的文件：{expected}"),
        ForeignProblem::Broken { line, words } => format!("文件第 {line} 行有误：{words}；请重新导出"),
        ForeignProblem::MissingColumns { missing, headers, known } => format!(
            "没有哪一列说明 {missing}；看到的表头是 {headers}；请写 --map occurred=开始时间,summary=标题 这样的对应（字段：{known}）"
        ),
        ForeignProblem::UnknownColumn { column, headers } => {
            format!("对应里写的列“{column}”不存在；看到的表头是 {headers}")
        }
        ForeignProblem::Mapping { part, known } => {
            format!("读不懂对应“{part}”；请写 字段=列名,字段=列名（字段：{known}）")
        }
    }
}
