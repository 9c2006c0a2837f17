//! The words of postmortems and of the panels around them, in both languages; the postmortem as a document.

use chrono::{DateTime, FixedOffset};

use super::{EN, ZH_CN, timeline};
use crate::{
    domain::{
        blameless::BlameKind,
        clock_point::{ClockPoint, Precision},
        postmortem_export::{DocumentSection, PostmortemDocument},
    },
    service::{App, error::api_names, postmortem_text::PostmortemView, recurrence::Similar},
};

macro_rules! words {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// Every word of these panels in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct Words { $(pub $name: &'static str,)+ }
        /// Chinese.
        static ZH_WORDS: Words = Words { $($name: $zh,)+ };
        /// English.
        static EN_WORDS: Words = Words { $($name: $en,)+ };
    };
}

words! {
    where_gone: "这 {}去哪了", "Where the {} went";
    going_on: "仍在进行", "going on";
    no_stages: "时点不足两个，画不出阶段。", "Fewer than two times are known; no stages can be drawn.";
    missing_times: "还缺的时点", "Times that are missing";
    entry_hint: "03:12 切换备用渠道（时间写在前面；可一次粘贴多行）", "03:12 switched to the backup channel (time in front; several lines at once)";
    entry_time: "时间（不写就看文字前面的时间，再没有就是现在）", "Time (empty: as written in front, else now)";
    add: "添加", "Add";
    edit: "改", "Edit";
    save: "保存", "Save";
    remove: "删除", "Remove";
    star: "标星：写进复盘", "Star: goes into the postmortem";
    unstar: "取消标星", "Take the star away";
    always_in: "时点总在复盘里", "Clock points are always in the postmortem";
    show_removed: "显示已删除的", "Show removed lines";
    hide_removed: "隐藏已删除的", "Hide removed lines";
    removed_by: "已删除：", "removed by ";
    edited_by: "修改：", "edited by ";
    automatic: "自动", "automatic";
    older: "更早的", "Earlier entries";
    written_of: "节已写", "sections written";
    go_on: "继续写", "Write on";
    read: "打开复盘", "Open the postmortem";
    owner: "负责人", "Owner";
    reviewer: "评审人", "Reviewer";
    due: "截止", "Due";
    due_fixed: "（人工指定）", " (set by hand)";
    state: "状态", "State";
    choose: "请选择", "Choose";
    nobody: "未指定", "nobody";
    assign: "负责人、评审人与截止", "Owner, reviewer and due date";
    due_hint: "清空则按等级的工作日重新计算", "Empty: counted again in working days by the level";
    update: "更新", "Update";
    submit: "提交评审", "Submit for review";
    approve: "通过，复盘完成", "Approve: done";
    done_without: "直接标为已复盘", "Mark done without a review";
    done_unwritten: "还没有写任何一节，确认直接完成", "No section is written; it is done all the same";
    asked: "完成前先回答：", "To be answered first:";
    asked_or: "还没有回答；在别处复盘过的，写明理由：", "Not answered yet; where it was reviewed elsewhere, give the reason:";
    send_back: "退回修改", "Send back";
    begin: "开始写", "Begin writing";
    waive: "免复盘", "Waive";
    reopen: "重新打开", "Reopen";
    owe: "需要复盘", "A postmortem is owed";
    put_back: "放回待复盘", "Back to pending";
    reason: "理由", "Reason";
    moves: "流转记录", "Moves";
    saved: "已保存", "Saved";
    saving: "保存中…", "Saving…";
    unsaved: "没有保存：", "Not saved: ";
    is_writing: "正在编辑", "is writing";
    both_kept: "有人在你之前保存了这一节：左边是现在的，右边是你的，两份都在。合并到右边再保存。", "Someone saved this section before you: theirs is on the left, yours on the right, nothing is lost. Merge into yours and save again.";
    theirs: "现在的", "As it stands";
    meanwhile: "看看你打开之后改了什么", "See what changed since you opened it";
    apart: "现在的和你的差在哪", "Where theirs and yours differ";
    yours: "你的", "Yours";
    take_facts: "按事实生成的文字", "What the facts say";
    you_wrote: "你写的没有保存：", "What you wrote was not saved:";
    quicker: "提交前已被别人改过：", "Someone was quicker:";
    check_again: "。请核对现在的内容，再提交一次。", ". Check what it is now, and send it again.";
    from_facts: "由事实自动生成，改过就以你的为准", "Written from the facts until you edit it";
    written_by: "最后修改", "Last edited by";
    why: "为何", "Why";
    whys: "追问（5 个为什么）", "Five whys";
    hints: "措辞提示（不影响保存）", "Hints on wording (they never block)";
    questions: "还缺", "Still missing";
    write_one: "写一句", "Write a line";
    markdown_hint: "支持 Markdown，每节最多 64 KB；输入后自动保存", "Markdown, up to 64 KB a section; saved while you type";
    preview: "预览", "Preview";
    export: "导出", "Export";
    print: "打印", "Print";
    back: "返回事件", "Back to the event";
    history: "历史", "History";
    recurrence: "似曾相识", "Seen before";
    recurrence_hint: "相似事件还有没做完的改进项：", "Similar events have open action items:";
    overdue: "逾期", "overdue";
    severity: "等级", "Severity";
    time: "时间", "Time";
    lasted: "时长", "Duration";
    stages: "阶段", "Stages";
    approved: "完成", "Done";
    postmortem: "复盘", "Postmortem";
    same_service: "同一业务", "same service";
    same_cause: "同类原因", "same cause";
    alike: "文字相似", "alike";
    closed: "复盘已完成或已免除；要改请先重新打开。", "It is done or waived; reopen it to change it.";
    not_you: "负责人和唯一作者不能自己通过。", "The owner and the only author cannot approve it themselves.";
}

/// The words of one language.
pub const fn words(chinese: bool) -> &'static Words {
    if chinese { &ZH_WORDS } else { &EN_WORDS }
}

/// What to write instead of blame.
pub const fn hint(kind: BlameKind, chinese: bool) -> &'static str {
    match (kind, chinese) {
        (BlameKind::HumanError, true) => "“操作失误”不是原因：写出是什么让这一步容易出错，又为什么没有被拦住。",
        (BlameKind::HumanError, false) => {
            "Human error is no cause: say what made the step easy to get wrong, and why nothing stopped it."
        }
        (BlameKind::PersonAtFault, true) => "写系统和条件，不写人：缺了哪个检查、提醒或保护，才会漏掉这一步？",
        (BlameKind::PersonAtFault, false) => {
            "Name systems and conditions: which check, reminder or guard was missing, so that the step could be missed?"
        }
        (BlameKind::Hindsight, true) => "事后看才清楚：写当时看到了什么，什么条件会让人更早判断。",
        (BlameKind::Hindsight, false) => {
            "That is clear only now: say what could be seen then, and what would have shown it earlier."
        }
        (BlameKind::Punishment, true) => "复盘不写处罚：写改什么能让它不再发生。",
        (BlameKind::Punishment, false) => {
            "No punishment in a postmortem: say what change keeps it from happening again."
        }
        (BlameKind::Wording, true) => "用“负责人”，不用“责任人”。",
        (BlameKind::Wording, false) => "Say 负责人 (owner), not 责任人.",
    }
}

/// Why an earlier event counts as similar: `同一业务`, `文字相似 62%`.
pub fn similar(similar: Similar, percent: u32, chinese: bool) -> String {
    let w = words(chinese);
    match similar {
        Similar::Service => w.same_service.to_owned(),
        Similar::Cause => w.same_cause.to_owned(),
        Similar::Text => format!("{} {percent}%", w.alike),
    }
}

/// A refusal of the services of this part in Chinese.
pub fn conflict(words: &str) -> Option<String> {
    Some(match words {
        _ if words.starts_with("the owner or only author") => {
            "负责人或唯一作者不能自己通过复盘，请换一位评审人".to_owned()
        }
        _ if words.starts_with("a postmortem that is done or waived") => {
            "复盘已完成或已免除，要改请先写理由重新打开".to_owned()
        }
        _ if words.contains(" relations, the most of one event") => {
            let label = words.split(' ').next()?;
            format!("{label} 已有 200 条相关事件，最多这么多；请先移除一条")
        }
        _ if words.starts_with("a timeline holds at most") => {
            "一条事件的时间线最多 1000 行，细节请放到文档里".to_owned()
        }
        _ => return None,
    })
}

/// Which facts a record lacks before its postmortem may be done, in Chinese.
pub fn unanswered(facts: &[&str], reason_helps: bool) -> String {
    let names = api_names(facts);
    let names: Vec<&str> = names.iter().map(|name| super::problems::field_name(name)).collect();
    let other = if reason_helps { "；在别处复盘过的，写明理由也可以完成" } else { "" };
    format!("还缺这些事实：{}，补上再完成复盘{other}", names.join("、"))
}

/// A remedy of this part in Chinese.
pub fn remedy(remedy: &str) -> Option<String> {
    Some(match remedy {
        "give a time that does not lie in the future" => "时间不能在将来".to_owned(),
        "give a time that lies at most a year before the event" => "时间最多早于事件一年".to_owned(),
        "write a time like 03:12 or 08/20 03:12 in front" => "请在前面写 03:12 或 08/20 03:12 这样的时间".to_owned(),
        "write what happened behind the time" => "请在时间后面写发生了什么".to_owned(),
        "give a date within the next two years" => "截止日期要在两年之内".to_owned(),
        "name someone else than the owner" => "请换一位，不能是负责人自己".to_owned(),
        "let the owner or a lead name you as the reviewer" => "请由负责人或组长指定你为评审人".to_owned(),
        "name someone who may write postmortems" => "这个账号只读，请换一位能写复盘的人".to_owned(),
        "choose clock, written or automatic" => "请选择 clock、written 或 automatic".to_owned(),
        "no section is written; tick that it is done all the same" => {
            "还没有写任何一节；确认要直接完成，请打勾".to_owned()
        }
        "choose md, html or json" => "请选择 md、html 或 json".to_owned(),
        _ if remedy.starts_with("write at most 64 KB") => {
            let size = remedy.split("here are ").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_default();
            format!("每节最多 64 KB，现在 {size}；长的证据请放到文档里")
        }
        _ if remedy.starts_with("write at most") && remedy.contains("lines at once") => "一次最多 100 行".to_owned(),
        _ if remedy.starts_with("ask at most") => "最多追问 10 次为什么".to_owned(),
        _ => return None,
    })
}

/// What is not there, in Chinese.
pub fn not_found(what: &str) -> Option<String> {
    if what.starts_with("timeline entry") {
        return Some("没有这一行，或它是自动生成的，不能改".to_owned());
    }
    if let Some(rest) = what.strip_prefix("version ") {
        let (version, rest) = rest.split_once(" of section ")?;
        let latest = rest.rsplit(' ').next()?;
        return Some(format!("这一节没有版本 {version}，最新是版本 {latest}"));
    }
    let key = what.strip_prefix("section ")?.split(' ').next()?;
    Some(format!("这条事件的复盘模板里没有“{key}”这一节"))
}

fn time(app: &App, point: ClockPoint) -> String {
    let local = point.at.with_timezone(&app.zone);
    match point.precision {
        Precision::Minute => local.format("%Y-%m-%d %H:%M").to_string(),
        Precision::Day => local.format("%Y-%m-%d").to_string(),
    }
}

/// Milliseconds as a local time with its offset.
pub fn local(app: &App, millis: i64) -> Option<DateTime<FixedOffset>> {
    DateTime::from_timestamp_millis(millis).map(|at| at.with_timezone(&app.zone).fixed_offset())
}

/// The postmortem as a document to take away. Sections without a word say so; removed lines and open questions are left
/// out.
pub fn document(app: &App, view: &PostmortemView, chinese: bool) -> PostmortemDocument {
    let w = words(chinese);
    let t = if chinese { &ZH_CN } else { &EN };
    let fields = &view.event.fields;
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut fact = |name: &str, value: String| facts.push((name.to_owned(), value));
    let severity = match fields.severity.as_deref() {
        Some(label) if chinese && label.chars().all(|c| ('A'..='E').contains(&c)) => format!("{label}级"),
        Some(label) => label.to_owned(),
        None => t.ungraded.to_owned(),
    };
    fact(w.severity, severity);
    if let Some(occurred) = fields.occurred {
        let day = |point: ClockPoint| point.at.with_timezone(&app.zone).date_naive();
        let end = fields.recovered.map(|point| {
            let same = day(point) == day(occurred) && point.precision == Precision::Minute;
            let end = time(app, point);
            format!(" – {}", if same { end.split(' ').nth(1).unwrap_or(&end) } else { &end })
        });
        fact(w.time, format!("{}{}", time(app, occurred), end.unwrap_or_default()));
    }
    if view.bar.minutes() > 0 {
        fact(w.lasted, timeline::minutes(view.bar.minutes(), chinese));
    }
    let stages: Vec<String> = view
        .bar
        .segments
        .iter()
        .map(|one| format!("{} {}", timeline::segment(one, chinese), timeline::minutes(one.minutes(), chinese)))
        .collect();
    if stages.len() > 1 {
        fact(w.stages, stages.join(if chinese { "，" } else { ", " }));
    }
    let postmortem = &view.event.postmortem;
    fact(w.postmortem, timeline::state(postmortem.state.code(), chinese).to_owned());
    if let Some(name) = view.name_of(postmortem.owner_id) {
        fact(w.owner, name.to_owned());
    }
    if let Some(name) = view.name_of(postmortem.reviewer_id) {
        fact(w.reviewer, name.to_owned());
    }
    if let Some(at) = postmortem.done_at.and_then(|at| local(app, at)) {
        fact(w.approved, at.format("%Y-%m-%d").to_string());
    }
    let sections = view
        .sections
        .iter()
        .map(|one| DocumentSection {
            title: one.section.title.of_language(chinese).to_owned(),
            text: one.text.clone(),
            whys: one.whys.clone(),
        })
        .collect();
    PostmortemDocument { label: view.event.label(), title: view.event.title(), facts, sections, chinese }
}
