//! The words of the record of an event: its panel, questions, services, relations.

use crate::domain::{
    event_record::{Detection, EventKind},
    event_relation::RelationKind,
    services::ServiceKind,
};

macro_rules! record_texts {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// Every text of the record in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct RecordTexts { $(pub $name: &'static str,)+ }
        static ZH_CN: RecordTexts = RecordTexts { $($name: $zh,)+ };
        static EN: RecordTexts = RecordTexts { $($name: $en,)+ };
    };
}

record_texts! {
    relation_added: "关联事件", "Relate events";
    relation_removed: "移除关联", "Take a relation away";
    service_changed: "修改业务线或组件", "Change a service";
    services: "业务线和组件", "Services";
    services_hint: "事件影响的业务线（客户用的）和组件（业务线的组成部分）。核心服务在定级时权重更高；归档后不再可选，历史保留。", "Business lines that customers use and components they are built of. Core services weigh more when events are graded; archived ones keep their past.";
    no_services: "还没有业务线或组件。", "No services yet.";
    add_service: "新增业务线或组件", "Add a service";
    name: "名称", "Name";
    team: "负责团队", "Team";
    core: "核心", "Core";
    archived: "已归档", "Archived";
    kind: "类型", "Kind";
    business_line: "业务线", "Business line";
    component: "组件", "Component";
    record: "事件要素", "Facts";
    fill_in: "补充和修改", "Fill in and change";
    record_hint: "缺的可以以后补；不知道也是一种答案。", "What is missing can follow later; unknown is an answer too.";
    normal: "正常", "Normal";
    drill: "演练", "Drill";
    maintenance: "维护", "Maintenance";
    event_kind: "性质", "Kind";
    not_counted: "不进周报，不计入次数和待复盘", "Not in reports, not counted, no postmortem owed";
    detection: "发现方式", "Detection";
    monitoring: "监控告警", "Monitoring";
    customer: "客户反馈", "Customer";
    staff: "内部员工", "Staff";
    reconciliation: "对账", "Reconciliation";
    other: "其他", "Other";
    cause_category: "原因类别", "Cause category";
    change: "变更", "Change";
    capacity: "容量", "Capacity";
    dependency: "外部依赖", "Dependency";
    network: "网络", "Network";
    hardware: "硬件", "Hardware";
    data: "数据", "Data";
    security: "安全", "Security";
    human_process: "流程", "Process";
    unknown: "不知道", "Unknown";
    change_link: "关联变更", "Linked change";
    change_link_hint: "变更单号或链接", "Number or address of the change";
    loss: "资损（元）", "Fund loss (yuan)";
    loss_hint: "可写 1.2万；没有资损写 0", "1.2万 works too; 0 where there was none";
    loss_expected: "预计", "Expected";
    loss_actual: "实际", "Actual";
    loss_recovered: "追回", "Recovered";
    loss_net: "净资损", "Net loss";
    affected: "影响的业务线和组件", "Services affected";
    shares_hint: "25%; 15:10 60%; 15:30 0", "25%; 15:10 60%; 15:30 0";
    shares: "受影响比例", "Affected share";
    impacts: "影响数量", "Numbers of the impact";
    impact_number: "数量，如 约684、1.2万", "Number, like about 684";
    unit: "单位", "Unit";
    of_kind: "类别", "Kind";
    by_unit: "按单位", "By its unit";
    count: "笔数", "Count";
    users: "用户", "Users";
    amount: "金额", "Money";
    remove_hint: "清空一行就是删除", "Empty a line to remove it";
    clock: "时间点", "Points of time";
    occurred: "发生", "Occurred";
    detected: "发现", "Detected";
    acknowledged: "响应", "Acknowledged";
    located: "定位", "Located";
    mitigated: "止损", "Mitigated";
    recovered: "恢复", "Recovered";
    to_minute: "到分钟", "Minute";
    day_only: "仅日期", "Day only";
    tags: "标签", "Tags";
    tags_hint: "逗号分隔", "Separated by commas";
    links: "链接", "Links";
    links_hint: "一行一个：链接和说明", "One a line: address and words";
    who_sees: "谁能看到", "Who sees it";
    everyone: "所有人", "Everyone";
    restricted: "限制可见", "Restricted";
    only_named: "仅限名单、登记人和管理员", "Only those named, who logged it, and administrators";
    withheld: "这起事件在已发布的周报里，那份文字和分享链接已对所有人停止显示；到周报页重新发布，新的一版不含这起事件：", "A published report tells of this event; its text and links are shown to nobody. Publish the week again, without this event:";
    restricted_note: "限制可见：不进周报和对外统计，其他人看不到也查不到。", "Restricted: not in reports and their counts; others neither see nor find it.";
    relations: "相关事件", "Related events";
    relation_kind: "关系", "Relation";
    related: "相关", "Related to";
    duplicate: "重复于", "Duplicate of";
    duplicated: "被重复登记为", "Logged again as";
    recurrence: "再次发生，上一次是", "Recurrence of";
    recurred: "再次发生为", "Happened again as";
    other_event: "另一个事件，如 PE-3", "The other event, like PE-3";
    is_duplicate: "这是重复登记，原事件：", "Logged twice; the original: ";
    take_away: "移除", "Remove";
    needed: "复盘完成前要填", "Needed before the postmortem is done";
    later: "以后再说", "Later";
    left_open: "还缺", "Still missing";
    mark_mitigated: "标记止损", "Mark mitigated";
    mark_time: "时间，如 15:30；空着就是现在", "Time, like 15:30; empty is now";
    stale: "有人先改了，下面留着你填的，看一眼再保存。", "Someone was quicker. What you typed is kept below; look and save again.";
    q_occurred: "什么时候发生的？", "When did it begin?";
    q_recovered: "什么时候恢复的？", "When was it over?";
    q_summary: "一句话说现象？", "What happened, in one line?";
    q_impacts: "影响了多少？", "How much was affected?";
    q_detected: "什么时候发现的？", "When was it noticed?";
    q_services: "影响了哪条业务线？", "Which service was affected?";
    q_mitigated: "什么时候止损的？", "When was the damage stopped?";
    q_detection: "怎么发现的？", "How was it noticed?";
    q_cause: "原因是什么？", "What was the cause?";
    q_loss: "预计资损多少元？没有写 0", "Expected fund loss in yuan? 0 for none";
    q_severity: "定几级？", "Which level?";
    q_cause_category: "原因属于哪一类？", "Which kind of cause?";
    q_acknowledged: "什么时候开始响应的？", "When did someone respond?";
    q_located: "什么时候定位的？", "When was it located?";
    ex_clock: "15:00", "15:00";
    ex_impacts: "约684笔; 3200元", "about 684 transactions; 3200 CNY";
    ex_loss: "0 或 1.2万", "0 or 12000";
    ex_severity: "A、B、C、D", "A, B, C, D";
}

/// The words of a language: `zh-CN`, else English.
pub fn texts(lang: &str) -> &'static RecordTexts {
    if lang == "zh-CN" { &ZH_CN } else { &EN }
}

/// What a service is.
pub const fn service_kind(r: &RecordTexts, kind: ServiceKind) -> &'static str {
    match kind {
        ServiceKind::BusinessLine => r.business_line,
        ServiceKind::Component => r.component,
    }
}

/// What an event is to the figures.
pub const fn event_kind(r: &RecordTexts, kind: EventKind) -> &'static str {
    match kind {
        EventKind::Normal => r.normal,
        EventKind::Drill => r.drill,
        EventKind::Maintenance => r.maintenance,
    }
}

/// How it came to light.
pub const fn detection(r: &RecordTexts, detection: Detection) -> &'static str {
    match detection {
        Detection::Monitoring => r.monitoring,
        Detection::Customer => r.customer,
        Detection::Staff => r.staff,
        Detection::Reconciliation => r.reconciliation,
        Detection::Other => r.other,
    }
}

/// A category of causes.
pub fn cause_category(r: &RecordTexts, code: &str) -> &'static str {
    match code {
        "change" => r.change,
        "capacity" => r.capacity,
        "dependency" => r.dependency,
        "network" => r.network,
        "hardware" => r.hardware,
        "data" => r.data,
        "security" => r.security,
        "human_process" => r.human_process,
        _ => r.unknown,
    }
}

/// A point of the clock.
pub fn point(r: &RecordTexts, name: &str) -> &'static str {
    match name {
        "detected" => r.detected,
        "acknowledged" => r.acknowledged,
        "located" => r.located,
        "mitigated" => r.mitigated,
        "recovered" => r.recovered,
        _ => r.occurred,
    }
}

/// What an event is to another one, seen from it.
pub const fn relation(r: &RecordTexts, kind: RelationKind, outgoing: bool) -> &'static str {
    match (kind, outgoing) {
        (RelationKind::Related, _) => r.related,
        (RelationKind::Duplicate, true) => r.duplicate,
        (RelationKind::Duplicate, false) => r.duplicated,
        (RelationKind::Recurrence, true) => r.recurrence,
        (RelationKind::Recurrence, false) => r.recurred,
    }
}

/// The question about a fact.
pub fn question(r: &RecordTexts, fact: &str) -> &'static str {
    match fact {
        "recovered" => r.q_recovered,
        "summary" => r.q_summary,
        "impacts" => r.q_impacts,
        "detected" => r.q_detected,
        "services" => r.q_services,
        "mitigated" => r.q_mitigated,
        "detection" => r.q_detection,
        "cause" => r.q_cause,
        "loss" => r.q_loss,
        "severity" => r.q_severity,
        "cause_category" => r.q_cause_category,
        "acknowledged" => r.q_acknowledged,
        "located" => r.q_located,
        _ => r.q_occurred,
    }
}

/// What to do about a refused part of a record, in Chinese.
pub fn remedy(remedy: &str) -> Option<String> {
    let fixed = match remedy {
        "write yuan like 3200, 3,200.50 or 1.2万" => "请写成元，如 3200、3,200.50 或 1.2万",
        "write a number with its unit, like 约684笔, 1.2万户 or 3200元" => {
            "请写数量和单位，如 约684笔、1.2万户、3200元"
        }
        "write a time like 15:00, 08/19 15:00 or 2024-08-19 15:00" => {
            "请写成 15:00、08/19 15:00 或 2024-08-19 15:00 这样"
        }
        "write shares like 25%; 15:10 60%; 15:30 0" => "请写成 25%; 15:10 60%; 15:30 0 这样，每个在 0% 到 100% 之间",
        "give shares between 0% and 100%" => "比例要在 0% 到 100% 之间",
        "give the shares of a service in the order of their times" => "比例要按时间先后写",
        "name each service once" => "每条业务线只写一次",
        "it is known already; change it in the record" => "已经有时间了，请在记录里修改",
        "name each team once" => "每个团队只写一次",
        "give each team a share between 0.01% and 100%" => "每个团队的份额要在 0.01% 到 100% 之间",
        "give a time that does not lie in the future" => "不能在未来",
        "give an amount of 0 or more" => "不能是负数",
        "write an address that begins with https:// or http://" => "请写以 https:// 或 http:// 开头的地址",
        "write an answer, or choose unknown" => "请填一个回答，或选“不知道”",
        "answer the question that is asked" => "请回答页面上的问题",
        "choose a point of the clock" => "请选择一个时间点",
        "choose a business line or component" => "请选择业务线或组件",
        "write a number like PE-3" => "请写成 PE-3 这样",
        "name another event than the event itself" => "不能是它自己",
        "write a name without | ; / \\" => "名称不能有 | ; / \\",
        "choose a team" => "请选择团队",
        "write yes or no" => "请写 是 或 否",
        "the event is restricted; name the person among those who see it first" => {
            "事件限制可见，请先把这个人加到能看到的名单里"
        }
        "the person sees the events of their own teams alone; give one of these a part of the event first" => {
            "这个人只看得到本团队的事件，请先让事件涉及此人的团队"
        }
        "write minute or day" => "请写 minute 或 day",
        "give no more than the actual loss" => "不能多于实际资损",
        "name active accounts by e-mail, name or id" => "请写在用账号的邮箱、姓名或编号",
        _ => "",
    };
    if !fixed.is_empty() {
        return Some(fixed.to_owned());
    }
    if let Some(name) = remedy.strip_prefix("there is no business line or component called ") {
        return Some(format!("没有业务线或组件{name}，先在“业务线和组件”里新增"));
    }
    if let Some(name) = remedy.strip_prefix("there is no team called ") {
        return Some(format!("没有团队{name}"));
    }
    if remedy.starts_with("there is none with the id ") {
        return Some("没有这一项，或已归档".to_owned());
    }
    if let Some(codes) = remedy.strip_prefix("write one of ").or_else(|| remedy.strip_prefix("write some of ")) {
        return Some(format!("请从这些里选：{codes}"));
    }
    if let Some(sum) = remedy.strip_prefix("the shares are ").and_then(|rest| rest.split(' ').next()) {
        return Some(format!("份额合计 {sum}，不能超过 100%"));
    }
    remedy.strip_prefix("give at most ").and_then(|rest| rest.split(' ').next()).map(|most| format!("最多 {most} 个"))
}

/// What stands against a change of a record, in Chinese.
pub fn conflict(words: &str) -> Option<String> {
    if words.starts_with("a service is called ") {
        return Some("已有同名的业务线或组件，请换一个名称".to_owned());
    }
    let label = words.split(' ').next().unwrap_or_default();
    if words.ends_with("is a duplicate already; take that away first") {
        return Some(format!("{label} 已经标为重复，先移除原来的"));
    }
    if words.ends_with("is a duplicate itself; name its original") {
        return Some(format!("{label} 本身就是重复登记，请写它的原事件"));
    }
    if let Some(rest) = words.strip_prefix("others are duplicates of ") {
        let label = rest.split(';').next().unwrap_or_default();
        return Some(format!("别的事件重复于 {label}，它不能再标为重复"));
    }
    let other = words.split_once(" came before ")?.1.split(';').next().unwrap_or_default();
    Some(format!("{label} 在 {other} 之前，请反过来写"))
}

/// What an audit entry about relations and services says was done.
pub fn action(r: &RecordTexts, action: &str) -> Option<&'static str> {
    Some(match action {
        "relation.add" => r.relation_added,
        "relation.remove" => r.relation_removed,
        "service.create" => r.add_service,
        "service.update" => r.service_changed,
        _ => return None,
    })
}

/// A field of an entry of the audit log; none where readers know no such thing.
pub fn field(r: &RecordTexts, name: &str) -> Option<&'static str> {
    Some(match name {
        "kind" => r.event_kind,
        "detection" => r.detection,
        "cause_category" => r.cause_category,
        "change_link" => r.change_link,
        "loss" => r.loss,
        "services" => r.affected,
        "tags" => r.tags,
        "links" => r.links,
        "unknown" => r.unknown,
        "restricted" | "viewers" => r.who_sees,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_a_record_are_told_in_chinese() {
        assert_eq!(
            remedy("the shares are 120.00% together; they may be 100% at most").as_deref(),
            Some("份额合计 120.00%，不能超过 100%")
        );
        assert_eq!(remedy("give at most 20 links").as_deref(), Some("最多 20 个"));
        assert_eq!(remedy("something else"), None);
        assert_eq!(
            conflict("PE-2 is a duplicate already; take that away first").as_deref(),
            Some("PE-2 已经标为重复，先移除原来的")
        );
        assert_eq!(
            conflict("PE-1 came before PE-3; name them the other way round").as_deref(),
            Some("PE-1 在 PE-3 之前，请反过来写")
        );
        assert_eq!(conflict("anything"), None);
    }
}
