//! Chinese of remedies that belong to no subject of its own.

/// A remedy in Chinese, where it is one of these.
pub fn remedy(remedy: &str) -> Option<String> {
    fixed(remedy).map(str::to_owned).or_else(|| with_values(remedy))
}

fn fixed(remedy: &str) -> Option<&'static str> {
    Some(match remedy {
        "give one query: for successes, or for failures" => "查询只写一个：查成功的，或查失败的",
        "write dead, unconfirmed or expired" => "请写 dead、unconfirmed 或 expired",
        "choose open, closed or all" => "请选择 open（进行中）、closed（已结束）或 all（全部）",
        "give week, or from and to" => "请写 week，或者 from 和 to",
        "choose proposed, accepted, merged or dismissed" => {
            "请选择 proposed（待确认）、accepted（已采纳）、merged（已并入）或 dismissed（已忽略）"
        }
        "send an object with line, or with fields" => "请发送带 line 或带各字段的对象",
        "send the line as a string" => "line 要是字符串",
        "send an object with the fields to change" => "请发送一个对象，写要修改的字段",
        "send at or text" => "请发送 at 或 text",
        "send true or false" => "请发送 true 或 false",
        "send whole fen: 120000 are 1,200 yuan" => "请发送整数的分：120000 是 1,200 元",
        "send a string" => "请发送字符串",
        "take it from the analytics as it is" => "请原样使用分析给出的值",
        "take it from the last answer as it is" => "请原样使用上次回答里的值",
        "write a day like 2024-08-19" | "write a date like 2024-08-19" | "write a date like 2024-08-27" => {
            "请写成 2024-08-19 这样的日期"
        }
        "write business_line or component" => "请选择 business_line（业务线）或 component（组件）",
        "these are your own; end the others on your page" => "这是您自己的会话，请在自己的页面结束其他会话",
        "choose link or unlink" => "请选择 link（关联）或 unlink（解除）",
        "open the page again" => "请重新打开这一页",
        "choose offer, confirm, codes or remove" => "请选择 offer、confirm、codes 或 remove",
        "name a figure or a count" => "请写明是哪项指标或次数",
        "write related, duplicate or recurrence" => "请选择 related（相关）、duplicate（重复）或 recurrence（复发）",
        "write a year: 2024" => "请写年份，如 2024",
        "give a whole number of 0 or more" => "请写 0 或更大的整数",
        "write --set field=value, like detected=15:02" => "请写成 --set 字段=值，如 detected=15:02",
        "write an action like event.create, or its beginning like account." => {
            "请写动作，如 event.create，或它的开头，如 account."
        }
        "1 to 200" => "请写 1 到 200",
        "write a day like 2024-08-19 or a time like 2024-08-19T15:00:00+08:00" => {
            "请写成 2024-08-19 或 2024-08-19T15:00:00+08:00 这样"
        }
        "give periods of at most two years together" => "一次最多两年",
        "give either a period or a window" => "周期和窗口只写一个",
        "nothing of this window is over yet" => "这个窗口还没有开始",
        "write it as fupan audit head prints it: POSITION:HASH" => "请照 fupan audit head 打印的写：位置:哈希",
        "it lies before the beginning that retention left; take a newer one" => {
            "它早于按保留期留下的开头，请用更新的链头"
        }
        "the secret cannot be read; write it again, or none" => "现在读不出密钥：请重新填写，或清空",
        "choose among read, write, samples and admin" => {
            "请从 read（读）、write（写）、samples（样本）、admin（管理）里选"
        }
        "write the name of a zone like Asia/Shanghai or Europe/London" => "请写时区名，如 Asia/Shanghai",
        "write the e-mail of the account that is to be closed" => "请写要注销的账号的邮箱",
        "choose linked, cut or auto" => "请选择 linked（关联）、cut（断开）或 auto（自动）",
        "give a day or week that has begun" => "请写已经开始的一天或一周",
        "write a name without | ; / \\" => "名称里不要用 | ; / \\",
        "write a day like 2024-08-19 or a week like 2024-W34" => "请写成 2024-08-19 或 2024-W34 这样",
        "success and excluded together exceed total" => "成功与剔除之和大于总数",
        "give the address of the server without a query behind it" => "请只写服务器地址，后面不带查询",
        "begin with a letter or digit, and leave out : | \\ and `" => {
            "请以文字或数字开头，不要用冒号、竖线、反斜杠和反引号"
        }
        _ => return None,
    })
}

fn with_values(remedy: &str) -> Option<String> {
    let between = |before: &str, after: &str| remedy.strip_prefix(before)?.strip_suffix(after);
    if let Some(name) = between("there is no field “", "”") {
        return Some(format!("没有字段“{name}”"));
    }
    if let Some(window) = between("there is no objective for ", "; set one or give a target") {
        let window = crate::domain::indicator::Window::from_code(window).map_or("这段时间", window_words);
        return Some(format!("{window}没有目标，请先设定，或写明目标值"));
    }
    if let Some(error) = remedy.strip_prefix("the address cannot be used: ") {
        return Some(format!("这个地址不能用：{error}"));
    }
    if let Some(count) = between("choose at most ", " events") {
        return Some(format!("一次最多 {count} 起事件"));
    }
    if let Some(count) = between("name at most ", " people") {
        return Some(format!("最多 {count} 人"));
    }
    if let Some(other) = remedy.strip_prefix("give an array of rows, or ") {
        return Some(format!("请发送行的数组，或 {other}"));
    }
    if let Some((first, other)) = remedy.strip_prefix("send ").and_then(|rest| rest.split_once(" with ")) {
        return Some(format!("{first} 要和 {other} 一起发送"));
    }
    if let Some((what, known)) = remedy.split_once(": write ").filter(|(what, _)| what.starts_with('“')) {
        return Some(format!("{what}：请写 {known}"));
    }
    let (place, rest) = remedy.split_once(": ")?;
    let days = rest.strip_prefix("at most ").and_then(|rest| rest.strip_suffix(" days are kept"))?;
    Some(format!("{place}：最多保留 {days} 天"))
}

const fn window_words(window: crate::domain::indicator::Window) -> &'static str {
    use crate::domain::indicator::Window;
    match window {
        Window::Week => "每周",
        Window::Month => "每月",
        Window::Rolling28 => "滚动 28 天",
        Window::Rolling30 => "滚动 30 天",
        Window::Year => "全年",
    }
}
