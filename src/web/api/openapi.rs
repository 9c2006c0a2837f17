//! The OpenAPI 3.1 document: paths, roles and summaries from the table of routes, shapes from the handlers' own types.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::{IntoParams as _, OpenApi, openapi::path::ParameterIn};

use super::{
    accounts, action_items, analytics, audit, boards, bulk, burn_warnings, calendars, counts, dips, error_budgets,
    event_body, event_costs, event_history, event_relations, events, figures, grading, hand_counts, import_batches,
    imports, indicators, lines, notifiers, outbox, policies, postmortem_text, postmortems, privacy, published,
    reminders, report_mailings, report_styles, reports, review_meetings, samples, saved_views, section_versions,
    services, sessions, shares, sources, teams, timeline, tokens,
};
use crate::web::{
    media::{self, MERGE_PATCH},
    routes::{ROUTES, Route},
};

#[derive(OpenApi)]
#[openapi(components(schemas(
    accounts::AccountBody,
    accounts::AccountList,
    accounts::TeamScopeBody,
    accounts::ZoneBody,
    action_items::ActionItemBody,
    action_items::ActionItemChange,
    action_items::ActionItemList,
    action_items::ActionItemMove,
    analytics::AnalyticsBody,
    analytics::BehindList,
    privacy::AccountClose,
    audit::AuditBody,
    audit::AuditHeadBody,
    audit::AuditList,
    audit::AuditVerdict,
    audit::AuditVerify,
    boards::BoardBody,
    bulk::BulkAnswer,
    bulk::BulkRequest,
    burn_warnings::BurnWarningBody,
    burn_warnings::BurnWarningList,
    reminders::ReminderAct,
    reminders::ReminderHoldBody,
    reminders::ReminderPreviewBody,
    reminders::ReminderPreviewItem,
    reminders::ReminderPreviewLine,
    reminders::ReminderPreviewRequest,
    calendars::CalendarBody,
    calendars::CalendarDayBody,
    calendars::CalendarDayChange,
    calendars::CalendarImportBody,
    calendars::CalendarLine,
    calendars::CalendarList,
    dips::DipAccept,
    dips::DipBody,
    dips::DipDismiss,
    dips::DipList,
    dips::DipMerge,
    error_budgets::ErrorBudgetBody,
    event_body::EventBody,
    event_body::EventChange,
    event_costs::EventCostBody,
    event_costs::EventCostList,
    event_costs::LedgerBody,
    event_costs::LinkChange,
    event_history::DeletedBody,
    event_history::DeletedList,
    event_history::FieldChangeBody,
    event_history::HistoryEntry,
    event_history::HistoryList,
    event_relations::QuestionBody,
    event_relations::QuestionList,
    event_relations::RelationBody,
    event_relations::RelationList,
    event_relations::RelationNew,
    events::EventCreated,
    events::EventList,
    figures::CountBody,
    figures::CountChange,
    figures::FigureBody,
    figures::FigureChange,
    figures::FigureList,
    hand_counts::HandCountBody,
    hand_counts::HandCountChange,
    hand_counts::HandCountList,
    import_batches::ImportBatch,
    import_batches::ImportBatchBody,
    counts::CountLine,
    counts::CountsBody,
    grading::GradeBody,
    grading::GradeChange,
    grading::GradingBody,
    counts::LevelCount,
    grading::MeasureBody,
    grading::ProposalBody,
    grading::DistanceBody,
    grading::ResponsibilityBody,
    grading::ResponsibilityChange,
    grading::ShareOfTeam,
    grading::ShareToSet,
    grading::ThresholdBody,
    grading::ThresholdList,
    imports::ImportBody,
    imports::RunList,
    imports::UndoBody,
    lines::LineReading,
    lines::ParseLine,
    policies::PolicyBody,
    policies::PolicyChange,
    policies::PolicyList,
    postmortems::PostmortemPatch,
    postmortem_text::PostmortemDocumentBody,
    postmortem_text::RecurringList,
    postmortem_text::SectionBody,
    postmortem_text::SectionChange,
    postmortem_text::WriterList,
    section_versions::SectionDiffBody,
    timeline::Timeline,
    timeline::TimelineAdded,
    timeline::TimelineBody,
    timeline::TimelineChange,
    timeline::TimelineNew,
    published::PublishedBody,
    published::RestatementBody,
    report_styles::StyleBody,
    report_styles::StyleChange,
    report_styles::StyleList,
    report_styles::TwinBody,
    report_styles::TwinLineBody,
    report_styles::TwinRequest,
    report_mailings::MailingBody,
    report_mailings::MailingChange,
    report_mailings::MailingList,
    report_mailings::MailingPreview,
    reports::ReportBody,
    sources::SourceBody,
    sources::SourceChangeBody,
    sources::SourceList,
    indicators::DefinitionBody,
    indicators::DefinitionList,
    indicators::DefinitionNew,
    indicators::IndicatorBody,
    indicators::IndicatorChange,
    indicators::IndicatorList,
    indicators::IndicatorNew,
    indicators::ObjectiveBody,
    indicators::ObjectiveChange,
    samples::MinuteList,
    samples::RefusedBody,
    samples::SampleRow,
    samples::SampleBatch,
    samples::SamplesBody,
    samples::TotalsBody,
    notifiers::ChatPreview,
    notifiers::DeliveryBody,
    notifiers::DeliveryList,
    notifiers::MemberBody,
    notifiers::MemberGiven,
    notifiers::MemberList,
    notifiers::MembersChange,
    notifiers::NotifierBody,
    notifiers::NotifierChange,
    notifiers::NotifierList,
    outbox::AttemptBody,
    outbox::MailStopBody,
    outbox::MailStopList,
    outbox::OutboxBody,
    outbox::OutboxDetail,
    outbox::OutboxList,
    outbox::RequeueClass,
    outbox::Requeued,
    outbox::TestMail,
    review_meetings::InvitedBody,
    review_meetings::ReviewMeetingBody,
    review_meetings::ReviewMeetingChange,
    samples::CodeList,
    services::ServiceBody,
    services::ServiceChange,
    services::ServiceList,
    saved_views::SimilarList,
    saved_views::ViewBody,
    saved_views::ViewList,
    saved_views::ViewRequest,
    sessions::SessionBody,
    sessions::SessionList,
    sessions::SessionsEnded,
    shares::ShareBody,
    shares::ShareList,
    shares::ShareNew,
    teams::TeamBody,
    teams::TeamChange,
    teams::TeamList,
    teams::TeamNew,
    tokens::TokenBody,
    tokens::TokenList,
    tokens::TokenNew,
    tokens::TokenRotate,
)))]
struct Shapes;

/// What goes in and comes out of a route.
struct Exchange {
    /// Media type and schema of the request body.
    takes: Option<(&'static str, &'static str)>,
    /// Status, media type and schema of the answer; no media type is no body.
    gives: (&'static str, &'static str, &'static str),
}

const JSON: &str = "application/json";
const MARKDOWN: &str = "text/markdown";

fn exchange(route: &Route) -> Option<Exchange> {
    let give = |schema| Exchange { takes: None, gives: ("200", JSON, schema) };
    let swap = |takes, gives| Exchange { takes: Some((JSON, takes)), gives: ("200", JSON, gives) };
    let nothing = Exchange { takes: None, gives: ("204", "", "") };
    Some(match (route.method, route.path) {
        ("GET", "/api/openapi.json") => Exchange { takes: None, gives: ("200", JSON, "") },
        ("GET", "/api/v1/events" | "/api/v1/postmortems") => give("EventList"),
        ("POST", "/api/v1/events") => {
            Exchange { takes: Some((JSON, "EventChange")), gives: ("201", JSON, "EventCreated") }
        }
        ("GET", "/api/v1/events/{number}") => give("EventBody"),
        ("PATCH", "/api/v1/events/{number}") => swap("EventChange", "EventBody"),
        ("PATCH", "/api/v1/events/{number}/postmortem") => swap("PostmortemPatch", "EventBody"),
        ("GET", "/api/v1/events/{number}/timeline") => give("Timeline"),
        ("POST", "/api/v1/events/{number}/timeline") => {
            Exchange { takes: Some((JSON, "TimelineNew")), gives: ("201", JSON, "TimelineAdded") }
        }
        ("GET", "/api/v1/events/{number}/history") => give("HistoryList"),
        ("GET", "/api/v1/deleted-events") => give("DeletedList"),
        ("POST", "/api/v1/events/{number}:restore" | "/api/v1/events/{number}:undo") => give("EventBody"),
        ("GET", "/api/v1/analytics") => give("AnalyticsBody"),
        ("GET", "/api/v1/analytics/events") => give("BehindList"),
        ("GET", "/api/v1/postmortems/board") => give("BoardBody"),
        ("GET", "/api/v1/action-items" | "/api/v1/events/{number}/action-items") => give("ActionItemList"),
        ("POST", "/api/v1/events/{number}/action-items") => {
            Exchange { takes: Some((JSON, "ActionItemChange")), gives: ("201", JSON, "ActionItemBody") }
        }
        ("GET", "/api/v1/action-items/{number}") => give("ActionItemBody"),
        ("PATCH", "/api/v1/action-items/{number}") => swap("ActionItemChange", "ActionItemBody"),
        ("POST", "/api/v1/action-items/{number}:move") => swap("ActionItemMove", "ActionItemBody"),
        ("PATCH", "/api/v1/events/{number}/timeline/{id}") => swap("TimelineChange", "TimelineBody"),
        ("PUT", "/api/v1/events/{number}/timeline/{id}/star")
        | (
            "DELETE",
            "/api/v1/events/{number}/timeline/{id}"
            | "/api/v1/events/{number}/timeline/{id}/star"
            | "/api/v1/events/{number}/postmortem/lock",
        ) => nothing,
        ("GET", "/api/v1/events/{number}/postmortem") => give("PostmortemDocumentBody"),
        ("GET", "/api/v1/events/{number}/postmortem/sections/{name}") => give("SectionBody"),
        ("GET", "/api/v1/events/{number}/postmortem/sections/{name}/diff") => give("SectionDiffBody"),
        ("PUT", "/api/v1/events/{number}/postmortem/sections/{name}") => swap("SectionChange", "SectionBody"),
        ("PUT", "/api/v1/events/{number}/postmortem/lock") => give("WriterList"),
        ("GET", "/api/v1/events/{number}/recurrence") => give("RecurringList"),
        ("GET", "/api/v1/events/{number}/similar") => give("SimilarList"),
        ("POST", "/api/v1/events:bulk") => swap("BulkRequest", "BulkAnswer"),
        ("GET", "/api/v1/views") => give("ViewList"),
        ("POST", "/api/v1/views") => Exchange { takes: Some((JSON, "ViewChange")), gives: ("201", JSON, "ViewBody") },
        ("GET", "/api/v1/views/{id}") => give("ViewBody"),
        ("PATCH", "/api/v1/views/{id}") => swap("ViewChange", "ViewBody"),
        ("POST", "/api/v1/lines:parse") => swap("ParseLine", "LineReading"),
        ("POST", "/api/v1/imports") => Exchange { takes: Some((MARKDOWN, "")), gives: ("200", JSON, "ImportBody") },
        ("POST", "/api/v1/imports:batch") => swap("ImportBatch", "ImportBatchBody"),
        ("GET", "/api/v1/imports") => give("RunList"),
        ("POST", "/api/v1/imports/{id}:undo") => give("UndoBody"),
        ("POST", "/api/v1/reports:splice") => Exchange { takes: Some((MARKDOWN, "")), gives: ("200", MARKDOWN, "") },
        ("GET", "/api/v1/report-styles") => give("StyleList"),
        ("POST", "/api/v1/report-styles:twin") => swap("TwinRequest", "TwinBody"),
        ("GET", "/api/v1/report-styles/{name}") => give("StyleBody"),
        ("PUT", "/api/v1/report-styles/{name}") => swap("StyleChange", "StyleBody"),
        ("GET", "/api/v1/reports/{week}") => give("ReportBody"),
        ("POST", "/api/v1/reports/{week}:publish") => Exchange { takes: None, gives: ("201", JSON, "PublishedBody") },
        ("POST", "/api/v1/reports/{week}:withdraw") => nothing,
        ("GET", "/api/v1/reports/{week}/restatement") => give("RestatementBody"),
        ("GET", "/api/v1/sessions" | "/api/v1/accounts/{id}/sessions") => give("SessionList"),
        ("DELETE", "/api/v1/sessions" | "/api/v1/accounts/{id}/sessions") => give("SessionsEnded"),
        (
            "DELETE",
            "/api/v1/sessions/{id}"
            | "/api/v1/accounts/{id}/sessions/{session}"
            | "/api/v1/accounts/{id}/second-factor",
        ) => nothing,
        ("GET", "/api/v1/tokens") => give("TokenList"),
        ("POST", "/api/v1/tokens") => Exchange { takes: Some((JSON, "TokenNew")), gives: ("201", JSON, "TokenBody") },
        ("POST", "/api/v1/tokens/{id}:rotate") => {
            Exchange { takes: Some((JSON, "TokenRotate")), gives: ("201", JSON, "TokenBody") }
        }
        ("GET", "/api/v1/report-shares") => give("ShareList"),
        ("POST", "/api/v1/report-shares") => {
            Exchange { takes: Some((JSON, "ShareNew")), gives: ("201", JSON, "ShareBody") }
        }
        ("POST", "/api/v1/report-shares/{id}:rotate") => {
            Exchange { takes: Some((JSON, "TokenRotate")), gives: ("201", JSON, "ShareBody") }
        }
        ("GET", "/api/v1/report-mailings") => give("MailingList"),
        ("POST", "/api/v1/report-mailings") => {
            Exchange { takes: Some((JSON, "MailingChange")), gives: ("201", JSON, "MailingBody") }
        }
        ("GET", "/api/v1/report-mailings/{id}") => give("MailingBody"),
        ("PATCH", "/api/v1/report-mailings/{id}") => swap("MailingChange", "MailingBody"),
        ("GET", "/api/v1/report-mailings/{id}/preview") => give("MailingPreview"),
        ("GET", "/api/v1/events/{number}/missing") => give("QuestionList"),
        ("GET", "/api/v1/events/{number}/relations") => give("RelationList"),
        ("POST", "/api/v1/events/{number}/relations") => {
            Exchange { takes: Some((JSON, "RelationNew")), gives: ("201", JSON, "RelationList") }
        }
        ("POST", "/api/v1/reminder-policy:preview") => swap("ReminderPreviewRequest", "ReminderPreviewBody"),
        ("GET", "/api/v1/reminders/{item}") => give("ReminderHoldBody"),
        ("POST", "/api/v1/reminders/{item}") => swap("ReminderAct", "ReminderHoldBody"),
        ("GET", "/api/v1/calendars") => give("CalendarList"),
        ("POST", "/api/v1/calendars:import") => {
            Exchange { takes: Some(("text/plain", "")), gives: ("200", JSON, "CalendarImportBody") }
        }
        ("GET", "/api/v1/calendars/{key}") => give("CalendarBody"),
        ("PUT", "/api/v1/calendars/{key}/days/{day}") => swap("CalendarDayChange", "CalendarBody"),
        ("GET", "/api/v1/notifiers") => give("NotifierList"),
        ("POST", "/api/v1/notifiers") => {
            Exchange { takes: Some((JSON, "NotifierChange")), gives: ("201", JSON, "NotifierBody") }
        }
        ("GET", "/api/v1/notifiers/{id}") => give("NotifierBody"),
        ("PATCH", "/api/v1/notifiers/{id}") => swap("NotifierChange", "NotifierBody"),
        ("GET", "/api/v1/notifiers/{id}/preview") => give("ChatPreview"),
        ("POST", "/api/v1/notifiers/{id}/test") => Exchange { takes: None, gives: ("202", JSON, "DeliveryBody") },
        ("GET", "/api/v1/notifiers/{id}/deliveries") => give("DeliveryList"),
        ("GET", "/api/v1/account/export" | "/api/v1/accounts/{id}/export") => {
            Exchange { takes: None, gives: ("200", JSON, "") }
        }
        ("POST", "/api/v1/account:close" | "/api/v1/accounts/{id}:close") => {
            Exchange { takes: Some((JSON, "AccountClose")), gives: ("204", "", "") }
        }
        ("GET", "/api/v1/audit") => give("AuditList"),
        ("GET", "/api/v1/audit/head") => give("AuditHeadBody"),
        ("POST", "/api/v1/audit:verify") => swap("AuditVerify", "AuditVerdict"),
        ("GET", "/api/v1/notifiers/{id}/members") => give("MemberList"),
        ("PUT", "/api/v1/notifiers/{id}/members") => swap("MembersChange", "MemberList"),
        ("GET", "/api/v1/outbox") => give("OutboxList"),
        ("GET", "/api/v1/outbox/{id}") => give("OutboxDetail"),
        ("POST", "/api/v1/outbox:test") => {
            Exchange { takes: Some((JSON, "TestMail")), gives: ("202", JSON, "OutboxBody") }
        }
        ("POST", "/api/v1/outbox/{id}:requeue") => Exchange { takes: None, gives: ("202", JSON, "OutboxBody") },
        ("POST", "/api/v1/outbox/{id}:cancel") => give("OutboxBody"),
        ("POST", "/api/v1/outbox:requeue") => swap("RequeueClass", "Requeued"),
        ("POST", "/api/v1/outbox/{id}:send-as-new") => Exchange { takes: None, gives: ("201", JSON, "OutboxBody") },
        ("GET", "/api/v1/mail-stops") => give("MailStopList"),
        ("GET", "/api/v1/events/{number}/review-meeting") => give("ReviewMeetingBody"),
        ("PUT", "/api/v1/events/{number}/review-meeting") => swap("ReviewMeetingChange", "ReviewMeetingBody"),
        ("GET", "/api/v1/services") => give("ServiceList"),
        ("POST", "/api/v1/services") => {
            Exchange { takes: Some((JSON, "ServiceChange")), gives: ("201", JSON, "ServiceBody") }
        }
        ("GET", "/api/v1/services/{id}") => give("ServiceBody"),
        ("PATCH", "/api/v1/services/{id}") => swap("ServiceChange", "ServiceBody"),
        ("GET", "/api/v1/events/{number}/grading") => give("GradingBody"),
        ("PUT", "/api/v1/events/{number}/grading") => swap("GradeChange", "EventBody"),
        ("GET", "/api/v1/events/{number}/thresholds") => give("ThresholdList"),
        ("GET", "/api/v1/events/{number}/responsibility") => give("ResponsibilityBody"),
        ("PUT", "/api/v1/events/{number}/responsibility") => swap("ResponsibilityChange", "ResponsibilityBody"),
        ("GET", "/api/v1/counts") => give("CountsBody"),
        ("GET", "/api/v1/accounts") => give("AccountList"),
        ("GET", "/api/v1/accounts/{account}/team-scope") => give("TeamScopeBody"),
        ("PUT", "/api/v1/accounts/{account}/team-scope") => swap("TeamScopeBody", "TeamScopeBody"),
        ("GET", "/api/v1/accounts/{account}/zone") => give("ZoneBody"),
        ("PUT", "/api/v1/accounts/{account}/zone") => swap("ZoneBody", "ZoneBody"),
        ("GET", "/api/v1/teams") => give("TeamList"),
        ("POST", "/api/v1/teams") => Exchange { takes: Some((JSON, "TeamNew")), gives: ("201", JSON, "TeamBody") },
        ("GET", "/api/v1/teams/{id}") => give("TeamBody"),
        ("PATCH", "/api/v1/teams/{id}") => swap("TeamChange", "TeamBody"),
        ("GET", "/api/v1/policies") => give("PolicyList"),
        ("GET", "/api/v1/policies/{name}") => give("PolicyBody"),
        ("PUT", "/api/v1/policies/{name}") => swap("PolicyChange", "PolicyBody"),
        ("GET", "/api/v1/indicators") => give("IndicatorList"),
        ("POST", "/api/v1/indicators") => {
            Exchange { takes: Some((JSON, "IndicatorNew")), gives: ("201", JSON, "IndicatorBody") }
        }
        ("GET", "/api/v1/indicators/{key}") => give("IndicatorBody"),
        ("PATCH", "/api/v1/indicators/{key}") => swap("IndicatorChange", "IndicatorBody"),
        ("GET", "/api/v1/indicators/{key}/definitions") => give("DefinitionList"),
        ("POST", "/api/v1/indicators/{key}/definitions") => {
            Exchange { takes: Some((JSON, "DefinitionNew")), gives: ("201", JSON, "DefinitionBody") }
        }
        ("PUT", "/api/v1/indicators/{key}/objectives/{window}") => swap("ObjectiveChange", "ObjectiveBody"),
        ("GET", "/api/v1/indicators/{key}/samples") => give("MinuteList"),
        ("POST", "/api/v1/indicators/{key}/samples") => swap("SampleBatch", "SamplesBody"),
        ("GET", "/api/v1/indicators/{key}/totals") => give("TotalsBody"),
        ("GET", "/api/v1/sample-sources") => give("SourceList"),
        ("GET", "/api/v1/indicators/{key}/source") => give("SourceBody"),
        ("PUT", "/api/v1/indicators/{key}/source") => swap("SourceChangeBody", "SourceBody"),
        ("POST", "/api/v1/indicators/{key}/source:pull") => give("SourceBody"),
        ("GET", "/api/v1/indicators/{key}/hand-counts") => give("HandCountList"),
        ("PUT", "/api/v1/indicators/{key}/hand-counts/{span}") => swap("HandCountChange", "HandCountBody"),
        ("GET", "/api/v1/indicators/{key}/codes") => give("CodeList"),
        ("GET", "/api/v1/burn-warnings") => give("BurnWarningList"),
        ("GET", "/api/v1/indicators/{key}/budget") => give("ErrorBudgetBody"),
        ("GET", "/api/v1/indicators/{key}/ledger") => give("LedgerBody"),
        ("GET", "/api/v1/events/{number}/costs") => give("EventCostList"),
        ("PUT", "/api/v1/events/{number}/indicators/{key}") => swap("LinkChange", "EventCostList"),
        ("GET", "/api/v1/dips") => give("DipList"),
        ("POST", "/api/v1/dips/{id}/accept") => swap("DipAccept", "DipBody"),
        ("POST", "/api/v1/dips/{id}/merge") => swap("DipMerge", "DipBody"),
        ("POST", "/api/v1/dips/{id}/dismiss") => swap("DipDismiss", "DipBody"),
        ("GET", "/api/v1/figures") => give("FigureList"),
        ("GET", "/api/v1/figures/{week}/{name}") => give("FigureBody"),
        ("PUT", "/api/v1/figures/{week}/{name}") => swap("FigureChange", "FigureBody"),
        ("PUT", "/api/v1/incident-counts/{week}/{severity}") => swap("CountChange", "CountBody"),
        ("DELETE", path) if path.starts_with("/api/") => nothing,
        _ => return None,
    })
}

fn content(media: &str, schema: &str) -> Value {
    let schema = match (media, schema) {
        (JSON, "") => json!({"type": "object"}),
        (_, "") => json!({"type": "string"}),
        (_, name) => json!({"$ref": format!("#/components/schemas/{name}")}),
    };
    json!({media: {"schema": schema}})
}

/// Routes whose body may be left out.
const BODY_OPTIONAL: &[&str] = &["/api/v1/reminder-policy:preview", "/api/v1/outbox:test"];

/// Routes besides `DELETE` that need `If-Match`.
const VERSIONED: &[(&str, &str)] = &[
    ("PATCH", "/api/v1/action-items/{number}"),
    ("PATCH", "/api/v1/events/{number}"),
    ("PATCH", "/api/v1/events/{number}/postmortem"),
    ("PATCH", "/api/v1/indicators/{key}"),
    ("PATCH", "/api/v1/report-mailings/{id}"),
    ("PATCH", "/api/v1/notifiers/{id}"),
    ("PUT", "/api/v1/notifiers/{id}/members"),
    ("PATCH", "/api/v1/services/{id}"),
    ("PATCH", "/api/v1/teams/{id}"),
    ("PATCH", "/api/v1/views/{id}"),
    ("PATCH", "/api/v1/events/{number}/timeline/{id}"),
    ("PUT", "/api/v1/events/{number}/grading"),
    ("PUT", "/api/v1/events/{number}/postmortem/sections/{name}"),
    ("PUT", "/api/v1/events/{number}/responsibility"),
    ("PUT", "/api/v1/policies/{name}"),
];

fn parameters(route: &Route) -> Vec<Value> {
    let mut all: Vec<Value> = route
        .path
        .split('{')
        .skip(1)
        .filter_map(|part| part.split('}').next())
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    let query = || Some(ParameterIn::Query);
    let more = match (route.method, route.path) {
        ("GET", "/api/v1/events") => events::ListQuery::into_params(query),
        ("GET", "/api/v1/events/{number}/history" | "/api/v1/deleted-events") => {
            event_history::PageQuery::into_params(query)
        }
        ("GET", "/api/v1/analytics") => analytics::AnalyticsQuery::into_params(query),
        ("GET", "/api/v1/analytics/events") => analytics::BehindQuery::into_params(query),
        ("GET", "/api/v1/postmortems/board") => boards::BoardQuery::into_params(query),
        ("GET", "/api/v1/action-items") => action_items::ActionQuery::into_params(query),
        ("GET", "/api/v1/tokens") => tokens::TokenQuery::into_params(query),
        ("GET", "/api/v1/accounts") => accounts::AccountQuery::into_params(query),
        ("GET", "/api/v1/figures") => figures::WeekQuery::into_params(query),
        ("GET", "/api/v1/indicators") => indicators::IndicatorQuery::into_params(query),
        ("GET", "/api/v1/indicators/{key}/samples") => samples::MinutesQuery::into_params(query),
        ("POST", "/api/v1/indicators/{key}/samples") => samples::PushQuery::into_params(query),
        ("GET", "/api/v1/dips") => dips::DipQuery::into_params(query),
        (
            "GET",
            "/api/v1/indicators/{key}/totals" | "/api/v1/indicators/{key}/codes" | "/api/v1/indicators/{key}/ledger",
        ) => samples::TotalsQuery::into_params(query),
        ("GET", "/api/v1/sample-sources") => sources::SourceQuery::into_params(query),
        ("GET", "/api/v1/indicators/{key}/hand-counts") => hand_counts::HandCountQuery::into_params(query),
        ("GET", "/api/v1/burn-warnings") => burn_warnings::BurnQuery::into_params(query),
        ("GET", "/api/v1/audit") => audit::AuditQuery::into_params(query),
        ("GET", "/api/v1/outbox") => outbox::OutboxQuery::into_params(query),
        ("GET", "/api/v1/mail-stops") => outbox::MailStopQuery::into_params(query),
        ("GET", "/api/v1/indicators/{key}/budget") => error_budgets::BudgetQuery::into_params(query),
        ("GET", "/api/v1/counts") => counts::CountsQuery::into_params(query),
        ("GET", "/api/v1/reports/{week}") => reports::ReportQuery::into_params(query),
        ("GET", "/api/v1/events/{number}/timeline") => timeline::TimelineQuery::into_params(query),
        ("GET", "/api/v1/events/{number}/postmortem") => postmortem_text::PostmortemQuery::into_params(query),
        ("GET", "/api/v1/events/{number}/postmortem/sections/{name}/diff") => {
            section_versions::DiffQuery::into_params(query)
        }
        ("POST", "/api/v1/imports") => imports::ImportQuery::into_params(query),
        ("POST", "/api/v1/calendars:import") => calendars::CalendarImportQuery::into_params(query),
        ("GET", "/api/v1/imports") => imports::RunQuery::into_params(query),
        ("POST", "/api/v1/reports:splice") => imports::SpliceQuery::into_params(query),
        _ => Vec::new(),
    };
    all.extend(more.iter().filter_map(|parameter| serde_json::to_value(parameter).ok()).map(|mut parameter| {
        // More than a page holds is answered with a full page, and less than one with one: no number is refused.
        if parameter["name"] == "limit"
            && let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut)
        {
            schema.remove("maximum");
            schema.remove("format");
            schema.insert("minimum".to_owned(), json!(0));
        }
        parameter
    }));
    let header = |name: &str, required: bool| json!({"name": name, "in": "header", "required": required, "schema": {"type": "string"}});
    match (route.method, route.path) {
        ("POST", "/api/v1/action-items/{number}:move") => all.push(header("If-Match", true)),
        ("POST", "/api/v1/events/{number}/action-items") => all.push(header("Idempotency-Key", false)),
        // A link has no version: revoking it twice is the same as once.
        (
            "DELETE",
            "/api/v1/mail-stops/{id}"
            | "/api/v1/report-shares/{id}"
            | "/api/v1/sessions"
            | "/api/v1/sessions/{id}"
            | "/api/v1/accounts/{id}/sessions"
            | "/api/v1/accounts/{id}/sessions/{session}"
            | "/api/v1/accounts/{id}/second-factor"
            | "/api/v1/tokens/{id}"
            | "/api/v1/events/{number}/relations/{kind}/{other}",
        )
        | (
            "PUT" | "DELETE",
            "/api/v1/events/{number}/timeline/{id}/star" | "/api/v1/events/{number}/postmortem/lock",
        ) => {}
        versioned if versioned.0 == "DELETE" || VERSIONED.contains(&versioned) => all.push(header("If-Match", true)),
        ("PUT" | "PATCH", _) => all.push(header("If-Match", false)),
        ("POST", "/api/v1/events" | "/api/v1/events/{number}/timeline" | "/api/v1/reports/{week}:publish") => {
            all.push(header("Idempotency-Key", false));
        }
        _ => {}
    }
    all
}

fn operation(route: &Route) -> Value {
    let problem = json!({"$ref": "#/components/responses/Problem"});
    let mut operation = json!({
        "summary": route.summary,
        "operationId": operation_id(route),
        "parameters": parameters(route),
        "responses": {"default": problem},
    });
    let (Some(map), Some(exchange)) = (operation.as_object_mut(), exchange(route)) else { return operation };
    let (status, media, schema) = exchange.gives;
    let mut answer = json!({"description": "Done"});
    if !media.is_empty() {
        answer = json!({"description": "Done", "content": content(media, schema)});
    }
    if route.method == "GET"
        && route.path == "/api/v1/events/{number}/postmortem"
        && let Some(forms) = answer.get_mut("content").and_then(Value::as_object_mut)
    {
        for media in [MARKDOWN, "text/html"] {
            forms.insert(media.to_owned(), json!({"schema": {"type": "string"}}));
        }
    }
    if route.path == "/api/v1/reports/{week}"
        && let Some(forms) = answer.get_mut("content").and_then(Value::as_object_mut)
    {
        for media in [MARKDOWN, "text/html", "text/plain"] {
            forms.insert(media.to_owned(), json!({"schema": {"type": "string"}}));
        }
    }
    let mut responses = json!({status: answer.clone(), "default": problem});
    if route.path == "/api/v1/reports/{week}:publish" {
        // Nothing has changed since the last revision: none is made, and that one is named.
        responses["200"] = answer;
    }
    map.insert("responses".to_owned(), responses);
    if let Some((_, schema)) = exchange.takes {
        // The gate takes these types and no other.
        let types = media::of(route.method, route.path).iter();
        let forms: serde_json::Map<String, Value> = types
            .map(|media| {
                let form = match *media {
                    // A file in JSON may be a list.
                    JSON if schema.is_empty() => json!({"schema": {}}),
                    JSON | MERGE_PATCH => json!({"schema": {"$ref": format!("#/components/schemas/{schema}")}}),
                    _ => json!({"schema": {"type": "string"}}),
                };
                ((*media).to_owned(), form)
            })
            .collect();
        let required = !BODY_OPTIONAL.contains(&route.path);
        map.insert("requestBody".to_owned(), json!({"required": required, "content": forms}));
    }
    if let Some(role) = route.permission.needs() {
        map.insert("security".to_owned(), json!([{"bearer": []}]));
        map.insert("x-needs-role".to_owned(), json!(role.code()));
        map.insert("x-needs-scope".to_owned(), json!(route.permission.scope().code()));
    }
    operation
}

/// `get_events_number`: method and the names of the path.
fn operation_id(route: &Route) -> String {
    let words: Vec<&str> = route
        .path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty() && !matches!(*word, "api" | "v1"))
        .collect();
    format!("{}_{}", route.method.to_lowercase(), words.join("_"))
}

/// The document as text.
pub fn document() -> String {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES.iter().filter(|route| route.path.starts_with("/api/")) {
        let entry = paths.entry(route.path.to_owned()).or_insert_with(|| json!({}));
        if let Some(map) = entry.as_object_mut() {
            map.insert(route.method.to_lowercase(), operation(route));
        }
    }
    let shapes = serde_json::to_value(Shapes::openapi()).unwrap_or_default();
    let mut schemas = shapes.pointer("/components/schemas").cloned().unwrap_or_else(|| json!({}));
    if let Some(map) = schemas.as_object_mut() {
        let text = json!({"type": "string"});
        map.insert(
            "Problem".to_owned(),
            json!({
                "description": "RFC 9457. `code` never changes; `detail` is a sentence in the language of Accept-Language.",
                "type": "object",
                "required": ["type", "status", "code", "detail"],
                "properties": {
                    "type": text, "title": text, "status": {"type": "integer"}, "code": text, "detail": text,
                    "request_id": text,
                    "errors": {"type": "array", "items": {"type": "object", "properties": {"field": text, "pointer": text, "detail": text}}},
                },
            }),
        );
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Fupan",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "复盘台: production events, their figures, postmortems and weekly reports.",
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "A token fpn_… from the settings page or `fupan token create`."}},
            "responses": {"Problem": {
                "description": "Refused",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }},
            "schemas": schemas,
        },
    });
    format!("{:#}", sorted(document))
}

/// Names in alphabetical order, whatever order the JSON library was built to keep.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<String, Value> = map.into_iter().collect();
            Value::Object(ordered.into_iter().map(|(name, value)| (name, sorted(value))).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_route_of_the_api_says_what_goes_in_and_out_and_every_named_shape_is_there() {
        let document: Value = serde_json::from_str(&document()).unwrap();
        for route in ROUTES.iter().filter(|route| route.path.starts_with("/api/")) {
            assert!(exchange(route).is_some(), "{} {}", route.method, route.path);
        }
        let text = document.to_string();
        for name in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }

    #[test]
    fn the_described_fields_of_an_event_are_the_ones_that_are_read() {
        let document: Value = serde_json::from_str(&document()).unwrap();
        let described = document["components"]["schemas"]["EventChange"]["properties"].as_object().unwrap();
        for name in described.keys().filter(|name| !matches!(name.as_str(), "line" | "postmortem")) {
            let map: Map<String, Value> = [(name.clone(), Value::Null)].into_iter().collect();
            let read = event_body::patch_of(&map, &[]);
            assert!(!read.is_err_and(|problem| problem.detail.contains("there is no field")), "{name}");
        }
    }
}
