//! Refusals in Chinese. The sentences of the services are English, for logs, command line and programs; people who
//! read Chinese get these.

use crate::{
    domain::{
        checked::{FieldError, FieldProblem},
        vocabulary,
    },
    service::ServiceError,
};

/// A refusal as a Chinese sentence.
pub fn chinese(error: &ServiceError) -> String {
    match error {
        ServiceError::Forbidden { needs } => {
            format!("没有权限：这需要“{}”角色，请联系管理员", needs.map_or("只读", role_name))
        }
        ServiceError::OutOfScope { needs } => {
            format!("这个令牌没有“{}”范围，请另做一个有此范围的令牌，或登录后再做", super::tokens::scope(true, *needs))
        }
        ServiceError::OwnTeamsOnly => "这关系到所有团队，而你的账号范围是仅本团队，请联系管理员".to_owned(),
        ServiceError::SignInNeeded => "请先登录".to_owned(),
        ServiceError::SecondFactorNeeded => {
            "这个令牌的账号所属角色必须启用两步登录；请先在设置里绑定验证器，之后令牌才能用".to_owned()
        }
        ServiceError::TooMany { seconds } if *seconds > 7_200 => {
            format!("密码或动态码错误次数太多，请 {} 小时后再试，或换一台登录过的设备", (seconds + 3_599) / 3_600)
        }
        ServiceError::TooMany { seconds } => format!("密码错误次数太多，请 {seconds} 秒后再试"),
        ServiceError::Busy { seconds } => format!("此刻登录的人太多，请 {seconds} 秒后再试"),
        ServiceError::NotFound(what) => not_found(what),
        ServiceError::Invalid(error) => field(error),
        ServiceError::Foreign(problem) => super::foreign::problem(problem),
        ServiceError::Query(problem) => super::search::problem(problem),
        ServiceError::Stale { what, given, current } => {
            format!("{what} 已被别人改过：你手上是版本 {given}，现在是版本 {current}；请重新打开后再改")
        }
        ServiceError::Unanswered { facts, reason_helps } => super::postmortem::unanswered(facts, *reason_helps),
        ServiceError::Conflict(words) => conflict(words),
        ServiceError::Store(_) | ServiceError::Interrupted(_) => {
            "服务暂时办不了，请稍后再试；日志里按请求号能查到原因".to_owned()
        }
    }
}

/// The role as people read it.
pub const fn role_name(role: crate::domain::actor::Role) -> &'static str {
    use crate::domain::actor::Role;
    match role {
        Role::Viewer => "只读",
        Role::Reporter => "登记人",
        Role::Lead => "组长",
        Role::Admin => "管理员",
    }
}

fn field(error: &FieldError) -> String {
    let name = super::actions::place(error).unwrap_or_else(|| field_name(error.field));
    match &error.problem {
        FieldProblem::Empty => format!("{name}不能为空"),
        FieldProblem::TooLong { max, len } => format!("{name}太长：最多 {max} 个字符，现在 {len} 个"),
        FieldProblem::ControlCharacters => format!("{name}里有控制字符，请去掉"),
        FieldProblem::Shape(remedy) if error.field == "style" => match super::style::problem(remedy) {
            Some(words) => words,
            None => format!("{name}：{remedy}"),
        },
        FieldProblem::Shape(remedy) if error.field == "policy" => {
            match super::grading::problem(remedy)
                .or_else(|| super::reminders::remedy(remedy))
                .or_else(|| super::notifiers::rules_remedy(remedy))
            {
                Some(words) => format!("{name}的 {words}"),
                None => format!("{name}：{remedy}"),
            }
        }
        FieldProblem::Shape(remedy) => match remedy_of(remedy) {
            Some(words) => format!("{name}：{words}"),
            None => format!("{name}：{remedy}"),
        },
    }
}

/// A field's name in Chinese; names that nobody translated stay as they are.
pub fn field_name(field: &str) -> &str {
    match field {
        "line" => "这一行",
        "event" => "事件",
        "occurred_at" => "发生时间",
        "detected_at" => "发现时间",
        "acknowledged_at" => "响应时间",
        "located_at" => "定位时间",
        "mitigated_at" => "止损时间",
        "recovered_at" => "恢复时间",
        "severity" => "等级",
        "severity_reason" => "定级理由",
        "responsibility" | "shares" | "evenly" => "定责",
        "policy" => "规则",
        "calendar" => "日历",
        "lead" => "组长",
        "members" => "成员",
        "period" => "时段",
        "narrative" => "周报句子",
        "kind" => "性质",
        "service_kind" => "类型",
        "relation" => "关系",
        "other" => "另一个事件",
        "answer" => "回答",
        "point" => "时间点",
        "field" => "字段",
        "set" => "--set",
        "team_id" => "团队",
        "detection" => "发现方式",
        "change_link" => "关联变更",
        "loss" => "资损",
        "loss_expected" | "loss_expected_fen" => "预计资损",
        "loss_actual" | "loss_actual_fen" => "实际资损",
        "loss_recovered" | "loss_recovered_fen" => "追回金额",
        "services" => "影响的业务线和组件",
        "tags" => "标签",
        "links" | "links.kind" => "链接",
        "links.url" => "链接地址",
        "links.title" => "链接文字",
        "unknown" => "不知道的项",
        "restricted" => "限制可见",
        "viewers" => "可见的人",
        "precision" => "时间精度",
        "impacts.unit" => "影响数量的单位",
        "summary" => "现象",
        "impact" => "影响",
        "impacts" | "impacts.number" => "影响数量",
        "cause" => "原因",
        "cause_category" => "原因类别",
        "recovery" => "处理",
        "entry" => "时间线",
        "due_on" => "截止日期",
        "at" => "时间",
        "owner" => "负责人",
        "to" => "复盘状态",
        "state" => "状态",
        "confirm" => "直接标为已复盘",
        "reviewer" => "评审人",
        "text" => "正文",
        "whys" => "追问",
        "week" => "周",
        "name" => "名称",
        "value" => "数值",
        "count" => "次数",
        "unit" => "单位",
        "group" => "分组",
        "target" => "目标",
        "email" => "邮箱",
        "password" => "密码",
        "new_password" => "新密码",
        "old_password" => "当前密码",
        "role" => "角色",
        "lang" => "语言",
        "url" => "地址",
        "secret" => "签名密钥",
        "keyword" => "群关键词",
        "tool" => "工具",
        "topics" => "主题",
        "document" => "周报文件",
        "revision" => "修订",
        "days" => "天数",
        "recipients" => "收件人",
        "weekday" => "星期",
        "time" => "时间",
        "zone" => "时区",
        "section" => "章节",
        "idempotency_key" => "Idempotency-Key",
        "style" => "样式",
        "cursor" => "翻页位置",
        "map" => "列的对应",
        "doubtful" => "存疑的",
        "source" => "来源",
        "from" => "格式",
        "events" | "events.number" => "事件",
        "order" | "sort" => "排序",
        other => super::actions::field_name(other).or_else(|| super::samples::field_name(other)).unwrap_or(other),
    }
}

fn remedy_of(remedy: &str) -> Option<String> {
    if let Some(words) = super::sign_in::remedy(remedy) {
        return Some(words);
    }
    if let Some((_, formats)) = remedy.split_once(": import it with --from ") {
        let formats = formats.replace(" or ", " 或 ");
        return Some(format!(
            "没有【系统运行数据】也没有【生产事件】，看起来是别处的数据；请写明格式：--from {formats}（网页里选“格式”）"
        ));
    }
    if let Some((week, rest)) = remedy.split_once(" would have ") {
        let what = if rest.contains("incident counts") { "事故数" } else { "指标" };
        let many = rest.split(' ').next().unwrap_or_default();
        return Some(format!("{week} 会有 {many} 个{what}，一周最多 500 个，请去掉一些"));
    }
    if let Some(words) = vocabulary::fields_of_remedy(remedy) {
        return Some(format!("请从这些里选：{words}"));
    }
    if let Some((name, words)) = remedy.strip_prefix("there is no field ").and_then(|rest| rest.rsplit_once("; ")) {
        let words = vocabulary::of_remedy(words).map(|words| format!("，请写 {}", words.list(true)));
        return Some(format!("没有“{name}”{}", words.unwrap_or_default()));
    }
    if let Some(words) = vocabulary::of_remedy(remedy) {
        return Some(format!("请写 {}", words.list(true)));
    }
    super::postmortem::remedy(remedy)
        .or_else(|| fixed_remedy(remedy).map(str::to_owned))
        .or_else(|| super::actions::remedy(remedy))
        .or_else(|| super::grading::remedy_of(remedy))
        .or_else(|| super::reminders::remedy(remedy))
        .or_else(|| super::calendar::remedy(remedy))
        .or_else(|| super::notifiers::remedy(remedy))
        .or_else(|| super::outbox::remedy(remedy))
        .or_else(|| super::samples::remedy(remedy))
        .or_else(|| super::record::remedy(remedy))
        .or_else(|| super::remedies::remedy(remedy))
}

fn fixed_remedy(remedy: &str) -> Option<&'static str> {
    Some(match remedy {
        "write a time like 2024-08-19T15:00" | "write a time like 2024-08-19T15:00:00+08:00" => {
            "请写成 2024-08-19T15:00 这样"
        }
        "take it from next_cursor as it is" => "请原样使用 next_cursor 的值",
        "the form came back incomplete; choose the files again" => "表单没有传完整，请重新选择文件",
        "the document is larger than 15 MiB; paste the week alone" => "文件太大，请只贴那一周",
        "the document is larger than 16 MiB; paste the week alone" => "文件太大，请只贴那一周",
        "choose at least one event" => "请至少选一起事件",
        "choose at most 200 events" => "一次最多 200 起事件",
        "say what to change" => "请填写要改什么",
        "name each event once" => "每起事件只写一次",
        "give at most 20 tags" => "最多 20 个标签",
        "use plain ASCII" => "请只用 ASCII 字符",
        "choose light, dark or auto" => "请选择 light、dark 或 auto",
        "write a name of at most 60 characters without slashes" => "名称最多 60 个字符，不要用斜杠",
        "only csv has columns to map" => "只有 csv 有列可以对应",
        "events of another tool have their own weeks; leave it out" => "别处的事件各有各的周，请不要写周次",
        "name the format: from=csv" => "请写明格式：from=csv",
        "a target of 100 leaves no budget; give less" => "目标为 100 就没有预算了，请写小一些",
        "choose a state" => "请选择一个状态",
        "choose a person" => "请选择一个人",
        "choose all or own" => "请选择全部团队或仅本团队",
        "an administrator is of all teams; choose all, or another role" => {
            "管理员总是全部团队，请选全部团队，或换一个角色"
        }
        "choose viewer, reporter, lead or admin" => "请选择只读、登记人、组长或管理员",
        "it is not your current password" => "与当前密码不符",
        "choose zh-CN or en" => "请选择中文或 English",
        "give a percentage between 0 and 100" => "百分比要在 0 到 100 之间",
        "give a number of 0 or more" => "不能是负数",
        "write a number like 99.998" => "请写成 99.998 这样的数字",
        "give at most 20 numbers" => "最多 20 个数量",
        "give a time between 1970 and 9998" | "give a date between 1970 and 9998" => "年份要在 1970 到 9998 之间",
        "give a recovery that does not lie before the beginning" => "恢复不能早于发生",
        "write an address like oncall@example.com" => "请写成 oncall@example.com 这样",
        "write a label like A, B, C, D or P1" => "请写成 A、B、C、D 或 P1 这样",
        "it was used for another request; take a new key" => "已用于另一个请求，请换一个新的",
        "begin with a letter or digit, and leave out : | \\ and `" => {
            "请以文字或数字开头，不要用冒号、竖线、反斜杠和反引号"
        }
        "send one event at a time" => "这里有好几条事件，请一次发一条",
        "choose add or skip" => "请选择 add（照常新增）或 skip（不导入）",
        "choose figures, events or all" => "请选择 figures、events 或 all",
        "choose md, json, html or text" | "choose md, html, text or json" => "请选择 md、html、text 或 json",
        "give 1 to 366 days" => "请写 1 到 366 天",
        "write mon, tue, wed, thu, fri, sat or sun" => "请写 mon、tue … sun，或周一 … 周日",
        "write a time like 17:00" => "请写成 17:00 这样",
        "write a zone like Asia/Shanghai" => "请写成 Asia/Shanghai 这样",
        "choose this or last" => "请选择 this（当周）或 last（上周）",
        "give 1 to 50 addresses" => "请写 1 到 50 个邮箱",
        "write a shorter name" => "名称太长，请写短一些",
        "choose now or published" => "请选择 now 或 published",
        "give a number like 1, and no as beside it" => "请写修订号，如 1，不要同时写 as",
        "write 2024-W34" => "请写成 2024-W34 这样",
        _ if remedy.starts_with("it has neither a section") => "没有【系统运行数据】也没有【生产事件】，请确认这是周报",
        _ if remedy.starts_with("the document names no week") => "文中没有周次，请写上 2024-W34 这样的周",
        _ if remedy.starts_with("the file is larger than") => "文件太大，请只导入那一周",
        _ if remedy.starts_with("the file is not UTF-8") => "不是 UTF-8 编码，请另存为 UTF-8",
        "give at most 60 documents at once" => "一次最多 60 份文件",
        _ if remedy.ends_with("already; remove one first") => "这一周已经有 500 个，请先删掉一个",
        _ if remedy.starts_with("there are more than") => {
            "太多了：一次最多 60 份文件、600 行；请分几次，或用命令行 fupan import"
        }
        _ if remedy.contains("” names several; write the e-mail") => "有几个同名的，请写邮箱",
        _ if remedy.ends_with("”; check the name") => "没有这个名称，请检查",
        _ if remedy.ends_with("write PE-1") => "请写成 PE-1 这样",
        _ if remedy.contains("is not a week") => "请写成 2024-W34 这样",
        _ => return None,
    })
}

fn not_found(what: &str) -> String {
    if let Some(own) = super::outbox::not_found(what) {
        return own;
    }
    if let Some(own) = super::postmortem::not_found(what) {
        return own;
    }
    match what {
        "session like this; it may have ended" => return "没有这个会话，可能已经结束".to_owned(),
        "account of that id" => return "没有这个账号".to_owned(),
        _ => {}
    }
    if let Some(week) = what.strip_prefix("event or figure of ") {
        let week = week.split(';').next().unwrap_or_default();
        return format!("{week} 还没有事件和指标，请先导入那一周的周报");
    }
    if let Some(label) = what.strip_prefix("action item ") {
        return format!("没有改进项 {label}，可能已被删除");
    }
    if let Some(label) = what.strip_prefix("event ") {
        return format!("没有事件 {label}，可能已被删除");
    }
    if let Some(words) = what.strip_prefix("such week: ") {
        // “2024 has no week 54: its last week is 2024-W52”
        let last = words.rsplit(' ').next().unwrap_or_default();
        return format!("没有这一周：那一年的最后一周是 {last}");
    }
    if let Some(rest) = what.strip_prefix("publication of ") {
        let week = rest.split(';').next().unwrap_or_default();
        return format!("{week} 还没有发布，先发布：fupan report publish {week}");
    }
    if let Some(name) = what.strip_prefix("style ").and_then(|rest| rest.split(';').next()) {
        return format!("没有样式“{name}”；fupan style list 列出已有的样式");
    }
    if let Some(name) = what.strip_prefix("team ").and_then(|rest| rest.split(';').next()) {
        return format!("没有团队“{name}”；fupan team list 列出已有的团队");
    }
    if let Some((name, known)) = what.strip_prefix("policy ").and_then(|rest| rest.split_once("; there are ")) {
        return format!("没有规则“{name}”；有 {}", known.replace(", ", "、"));
    }
    if let Some(name) = what.strip_prefix("calendar ").and_then(|rest| rest.split(';').next()) {
        return format!("没有日历“{name}”；请写年份（2000 至 2100）、company 或团队");
    }
    if let Some(name) = what.strip_prefix("notifier ").and_then(|rest| rest.split(';').next()) {
        return format!("没有通知方式 {name}；fupan notifier list 列出已有的");
    }
    if let Some(name) = what.strip_prefix("service ").and_then(|rest| rest.split(';').next()) {
        return format!("没有业务线或组件“{name}”；fupan service list 列出已有的");
    }
    if let Some(own) = super::samples::not_found(what) {
        return own;
    }
    if let Some(id) = what.strip_prefix("message ") {
        return format!("没有这封邮件：{id}");
    }
    if what.starts_with("weekly mail ") {
        return "没有这个周报邮件，可能已被删除".to_owned();
    }
    if what.starts_with("share ") {
        return "没有这个分享链接，可能已被撤销".to_owned();
    }
    if let Some((revision, week)) = what.strip_prefix("revision ").and_then(|rest| rest.split_once(" of ")) {
        return format!("{week} 没有修订 {revision}");
    }
    if what == "import yet" {
        return "还没有导入过".to_owned();
    }
    if let Some(run) = what.strip_prefix("import ") {
        return format!("没有这次导入：{run}；fupan import --list 列出所有导入");
    }
    if let Some(name) = what.strip_prefix("saved view ") {
        return format!("没有这个视图：{name}，可能已被删除");
    }
    if what.starts_with("figure ") {
        return "没有这项指标，可能已被删除".to_owned();
    }
    if what.contains("link") || what.contains("invitation") {
        return "这个链接已用过或已过期，请向管理员要一个新的".to_owned();
    }
    if what.starts_with("active account") || what.starts_with("account") {
        return "没有这个在用的账号".to_owned();
    }
    format!("没有找到：{what}")
}

fn conflict(words: &str) -> String {
    if let Some(own) = super::sign_in::conflict(words) {
        return own.to_owned();
    }
    if let Some(own) = super::postmortem::conflict(words) {
        return own;
    }
    if let Some((event, _)) = words.split_once(" is not in review: ") {
        return format!("{event} 不在评审中，只有评审中的复盘可以退回");
    }
    if words.starts_with("the dip was ") {
        return "这次骤降已经有人处理过，请刷新后再看".to_owned();
    }
    if words.contains(" indicators; take one away first") {
        return "关联的指标已有 100 个，先去掉一个".to_owned();
    }
    if words.starts_with("an account with the e-mail") {
        return "这个邮箱已经有账号".to_owned();
    }
    if words.starts_with("the set-up was done") {
        return "首次设置已经完成，请直接登录".to_owned();
    }
    if words.starts_with("a postmortem that is") {
        return "复盘现在的状态不能这样改，请刷新后再看".to_owned();
    }
    if words.starts_with("this is your own account") {
        return "这是您自己的账号：请在自己的页面操作，或请另一位管理员".to_owned();
    }
    if words.starts_with("a closed account stays closed") {
        return "已注销的账号不能恢复，请重新添加这个人".to_owned();
    }
    if words.starts_with("the last administrator") {
        return "这是最后一位管理员，不能停用或降级；先设一位新的管理员".to_owned();
    }
    if words.starts_with("a weekly mail with the name") {
        return "已有同名的周报邮件，请换一个名称".to_owned();
    }
    if words.starts_with("there are 100 weekly mails") {
        return "周报邮件已有 100 个，先删除不用的".to_owned();
    }
    if words.starts_with("no week is published yet") {
        return "还没有发布过任何一周，先发布：fupan report publish 2024-W34".to_owned();
    }
    if let Some((week, _)) = words.split_once(" is not published; ") {
        return format!("{week} 还没有发布，先发布：fupan report publish {week}");
    }
    if words.starts_with("there are 200 saved views") {
        return "保存的视图已有 200 个，先删除不用的".to_owned();
    }
    if words.starts_with("there are 200 share links") {
        return "分享链接已有 200 个，先撤销不用的".to_owned();
    }
    if let Some(when) = words.strip_prefix("the import was undone already") {
        let when = when.trim().trim_start_matches("at ").replace(" by ", "，");
        return format!("这次导入已经撤销过了（{when}）");
    }
    if words.starts_with("this cannot be undone any more") || words.starts_with("a field of this edit was changed") {
        return "不能撤销了：已过一分钟，或之后又有人改过".to_owned();
    }
    if let Some(name) = words.strip_prefix("a team is called ").and_then(|rest| rest.strip_suffix(" already")) {
        return format!("已有团队叫“{name}”，请换一个名称");
    }
    if words.starts_with("no rule proposes a level") {
        return "没有规则给出建议，请写明等级".to_owned();
    }
    if words.starts_with("this exists already") {
        return "已经有一条相同的记录".to_owned();
    }
    if words.starts_with("this changed meanwhile") {
        return "刚刚被别人改过，请重新打开后再改".to_owned();
    }
    super::actions::conflict(words)
        .or_else(|| super::notifiers::conflict(words))
        .or_else(|| super::outbox::conflict(words))
        .or_else(|| super::samples::conflict(words))
        .or_else(|| super::record::conflict(words))
        .unwrap_or_else(|| format!("与现状冲突：{words}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// Every text of the sources behind `FieldError::shape(`, with its place; what stands in braces is a 7.
    fn remedies(folder: &std::path::Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                remedies(&path, found);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let of_product = text.split("#[cfg(test)]").next().unwrap_or_default();
            for call in of_product.split("FieldError::shape(").skip(1) {
                let Some((_, said)) = call.split_once(',') else { continue };
                let said = said.trim_start().trim_start_matches("format!(").trim_start();
                let Some(literal) = said.strip_prefix('"').and_then(|rest| rest.split('"').next()) else { continue };
                let mut sample = String::new();
                let mut inside = false;
                for sign in literal.chars() {
                    match sign {
                        '{' => {
                            inside = true;
                            sample.push('7');
                        }
                        '}' => inside = false,
                        _ if inside => {}
                        _ => sample.push(sign),
                    }
                }
                // A text that is put together of others is theirs.
                let own: String = sample.chars().filter(char::is_ascii_alphabetic).collect();
                if !own.is_empty() && own != "the" {
                    found.push((path.display().to_string(), sample.replace("\\\\", "\\")));
                }
            }
        }
    }

    #[test]
    fn every_remedy_has_chinese_words() {
        let mut found = Vec::new();
        remedies(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert!(found.len() > 150, "the sources are read: {}", found.len());
        let english: Vec<_> = found.into_iter().filter(|(_, text)| remedy_of(text).is_none()).collect();
        assert!(english.is_empty(), "{}: {english:#?}", english.len());
    }

    #[test]
    fn a_refusal_names_the_field_and_the_remedy_in_chinese() {
        let shape = FieldError::shape("recovered_at", "give a recovery that does not lie before the beginning");
        assert_eq!(chinese(&shape.into()), "恢复时间：恢复不能早于发生");
        let long = FieldError { field: "line", problem: FieldProblem::TooLong { max: 20_000, len: 100_000 } };
        assert_eq!(chinese(&long.into()), "这一行太长：最多 20000 个字符，现在 100000 个");
        let cursor = FieldError::shape("cursor", "take it from next_cursor as it is");
        assert_eq!(chinese(&cursor.into()), "翻页位置：请原样使用 next_cursor 的值");
        let style = ServiceError::NotFound("style nosuch; `fupan style list` names those that are there".to_owned());
        assert_eq!(chinese(&style), "没有样式“nosuch”；fupan style list 列出已有的样式");
        let week: crate::domain::iso_week::WeekError =
            "2024-W54".parse::<crate::domain::iso_week::IsoWeek>().unwrap_err();
        assert_eq!(chinese(&week.into()), "没有这一周：那一年的最后一周是 2024-W52");
    }
}
