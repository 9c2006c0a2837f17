//! The words of the record of an event: its panel, questions, services, relations.

use crate::domain::services::ServiceKind;

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
