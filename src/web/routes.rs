//! Every route with the permission it needs: the gate, the tests and the OpenAPI document read this one table.

use crate::domain::actor::Permission;

/// A method and a path.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// HTTP method.
    pub method: &'static str,
    /// Path pattern as registered.
    pub path: &'static str,
    /// What it needs.
    pub permission: Permission,
    /// What it does, for the OpenAPI document.
    pub summary: &'static str,
}

const fn route(method: &'static str, path: &'static str, permission: Permission, summary: &'static str) -> Route {
    Route { method, path, permission, summary }
}

/// All routes. A request that matches none of them is answered 404 or 405 and reaches no handler.
pub const ROUTES: &[Route] = &[
    route("GET", "/healthz", Permission::Public, "The process lives"),
    route("GET", "/readyz", Permission::Public, "The database answers and the service is not stopping"),
    route("GET", "/metrics", Permission::Public, "Figures of the service itself, Prometheus text"),
    route("GET", "/static/{name}", Permission::Public, "A static file"),
    route("GET", "/api/openapi.json", Permission::Public, "This document"),
    route("GET", "/login", Permission::Public, "The sign-in page"),
    route("POST", "/login", Permission::Public, "Sign in"),
    route("GET", "/setup", Permission::Public, "The first set-up, or a new password"),
    route("POST", "/setup", Permission::Public, "Do the set-up"),
    route("POST", "/logout", Permission::OwnProfile, "Sign out"),
    route("POST", "/language", Permission::OwnProfile, "Choose the language"),
    route("POST", "/theme", Permission::OwnProfile, "Choose the colours"),
    route("GET", "/settings", Permission::OwnProfile, "One's own settings"),
    route("POST", "/settings/password", Permission::OwnProfile, "Change one's own password"),
    route("POST", "/settings/tokens", Permission::OwnProfile, "Make an API token"),
    route("POST", "/settings/tokens/{id}/revoke", Permission::OwnProfile, "Revoke an API token"),
    route("POST", "/settings/accounts", Permission::ManageAccounts, "Add an account"),
    route("POST", "/settings/accounts/{id}", Permission::ManageAccounts, "Change role and access of an account"),
    route("POST", "/settings/accounts/{id}/link", Permission::ManageAccounts, "A new link for a password"),
    route("GET", "/", Permission::Read, "Home"),
    route("GET", "/events", Permission::Read, "Events"),
    route("POST", "/events", Permission::WriteEvent, "Log an event"),
    route("GET", "/events/new", Permission::WriteEvent, "The form for a new event"),
    route("POST", "/events/new", Permission::WriteEvent, "Log an event from the form"),
    route("POST", "/lines/preview", Permission::ParseLine, "What a line says"),
    route("GET", "/e/{number}", Permission::Read, "An event"),
    route("POST", "/events/{number}/edit", Permission::WriteEvent, "Edit an event"),
    route("POST", "/events/{number}/sentence", Permission::WriteEvent, "Take the generated sentence"),
    route("POST", "/events/{number}/delete", Permission::DeleteEvent, "Delete an event"),
    route("POST", "/events/{number}/recover", Permission::WriteEvent, "Mark as recovered"),
    route("POST", "/events/{number}/timeline", Permission::WriteEvent, "Add to the timeline"),
    route("POST", "/events/{number}/postmortem", Permission::WritePostmortem, "Move the postmortem on"),
    route("GET", "/postmortems", Permission::Read, "Owed postmortems"),
    route("GET", "/figures", Permission::Read, "Figures of a week"),
    route("POST", "/figures/{week}", Permission::WriteFigure, "Write a figure"),
    route("POST", "/figures/{week}/counts", Permission::WriteFigure, "Write an incident count"),
    route("POST", "/figures/{week}/delete", Permission::WriteFigure, "Remove a figure or a count"),
    route("GET", "/import", Permission::ImportReport, "The form to import a weekly report"),
    route("POST", "/import", Permission::ImportReport, "What an import would do, or the import"),
    route("GET", "/styles", Permission::Read, "The styles of teams"),
    route("GET", "/styles/edit", Permission::Read, "The workshop of a style"),
    route("POST", "/styles/edit", Permission::Read, "Derive, try, save or remove a style"),
    route("GET", "/import/runs/{id}", Permission::ImportReport, "An import and what it changed"),
    route("POST", "/import/runs/{id}/undo", Permission::ImportReport, "Undo an import"),
    route("GET", "/w", Permission::Read, "This week's report"),
    route("GET", "/w/{week}", Permission::Read, "A weekly report"),
    route("POST", "/w/{week}/publish", Permission::PublishReport, "Publish a week"),
    route("POST", "/w/{week}/withdraw", Permission::PublishReport, "Withdraw a published week"),
    route("GET", "/unsubscribe/{token}", Permission::Public, "Unsubscribe from a weekly mail: the question"),
    route("POST", "/unsubscribe/{token}", Permission::Public, "Unsubscribe from a weekly mail"),
    route("GET", "/publishing", Permission::PublishReport, "Share links and weekly mails"),
    route("POST", "/publishing/shares", Permission::ShareReport, "Make a link to a published week"),
    route("POST", "/publishing/shares/{id}/revoke", Permission::ShareReport, "Revoke a share link"),
    route("POST", "/publishing/mailings", Permission::ManageMailings, "Set up a weekly mail"),
    route("POST", "/publishing/mailings/{id}", Permission::ManageMailings, "Change a weekly mail"),
    route("POST", "/publishing/mailings/{id}/remove", Permission::ManageMailings, "Remove a weekly mail"),
    route("GET", "/publishing/mailings/{id}", Permission::ManageMailings, "What the next mail would say"),
    route("GET", "/s/{token}", Permission::Public, "What a share link shows: a published week"),
    route("GET", "/api/v1/events", Permission::Read, "Events, the latest beginning first"),
    route("POST", "/api/v1/events", Permission::WriteEvent, "Create an event from fields or from a line"),
    route("GET", "/api/v1/events/{number}", Permission::Read, "One event"),
    route("PATCH", "/api/v1/events/{number}", Permission::WriteEvent, "Change an event (JSON merge patch, If-Match)"),
    route("DELETE", "/api/v1/events/{number}", Permission::DeleteEvent, "Delete an event (If-Match)"),
    route("GET", "/api/v1/events/{number}/timeline", Permission::Read, "What people added to the timeline"),
    route("POST", "/api/v1/events/{number}/timeline", Permission::WriteEvent, "Add to the timeline"),
    route("PATCH", "/api/v1/events/{number}/postmortem", Permission::WritePostmortem, "Move a postmortem on"),
    route("GET", "/api/v1/postmortems", Permission::Read, "Owed postmortems, the earliest due date first"),
    route("POST", "/api/v1/lines:parse", Permission::ParseLine, "Read a line without saving it"),
    route(
        "POST",
        "/api/v1/imports",
        Permission::ImportReport,
        "Import a weekly report (Markdown), or data of another tool",
    ),
    route("GET", "/api/v1/imports", Permission::ImportReport, "The imports there were, the latest first"),
    route("POST", "/api/v1/imports/{id}:undo", Permission::ImportReport, "Undo an import: its id, or last"),
    route("POST", "/api/v1/reports:splice", Permission::Read, "Put the sections of a week into a document"),
    route("GET", "/api/v1/report-styles", Permission::Read, "The styles of teams"),
    route(
        "POST",
        "/api/v1/report-styles:twin",
        Permission::Read,
        "Derive the style of an old report, or try one on it",
    ),
    route("GET", "/api/v1/report-styles/{name}", Permission::Read, "One style"),
    route("PUT", "/api/v1/report-styles/{name}", Permission::WriteStyle, "Save a style (If-Match optional)"),
    route("DELETE", "/api/v1/report-styles/{name}", Permission::WriteStyle, "Remove a style (If-Match)"),
    route("GET", "/api/v1/reports/{week}", Permission::Read, "A weekly report: format md, json, html or text"),
    route("POST", "/api/v1/reports/{week}:publish", Permission::PublishReport, "Publish a week: freeze its report"),
    route("POST", "/api/v1/reports/{week}:withdraw", Permission::PublishReport, "Withdraw a published week"),
    route("GET", "/api/v1/reports/{week}/restatement", Permission::Read, "What differs since a week was published"),
    route("GET", "/api/v1/report-shares", Permission::ShareReport, "Share links that work"),
    route("POST", "/api/v1/report-shares", Permission::ShareReport, "Make a link to a published week"),
    route("DELETE", "/api/v1/report-shares/{id}", Permission::ShareReport, "Revoke a share link"),
    route("GET", "/api/v1/report-mailings", Permission::ManageMailings, "Weekly mails"),
    route("POST", "/api/v1/report-mailings", Permission::ManageMailings, "Set up a weekly mail"),
    route("GET", "/api/v1/report-mailings/{id}", Permission::ManageMailings, "One weekly mail"),
    route("PATCH", "/api/v1/report-mailings/{id}", Permission::ManageMailings, "Change a weekly mail (If-Match)"),
    route("DELETE", "/api/v1/report-mailings/{id}", Permission::ManageMailings, "Remove a weekly mail (If-Match)"),
    route("GET", "/api/v1/report-mailings/{id}/preview", Permission::ManageMailings, "What the next mail would say"),
    route("GET", "/api/v1/policies", Permission::Read, "The policies that people edit"),
    route("GET", "/api/v1/policies/{name}", Permission::Read, "One policy"),
    route("PUT", "/api/v1/policies/{name}", Permission::ManagePolicies, "Write a policy (If-Match)"),
    route("GET", "/api/v1/figures", Permission::Read, "Reported figures and incident counts of a week"),
    route(
        "PUT",
        "/api/v1/figures/{week}/{name}",
        Permission::WriteFigure,
        "Write a figure of a week (If-Match optional)",
    ),
    route("GET", "/api/v1/figures/{week}/{name}", Permission::Read, "One figure of a week"),
    route("DELETE", "/api/v1/figures/{week}/{name}", Permission::WriteFigure, "Remove a figure (If-Match)"),
    route("PUT", "/api/v1/incident-counts/{week}/{severity}", Permission::WriteFigure, "Write an incident count"),
    route(
        "DELETE",
        "/api/v1/incident-counts/{week}/{severity}",
        Permission::WriteFigure,
        "Remove an incident count (If-Match)",
    ),
];

/// The route of a method and a registered pattern. HEAD is read as GET.
pub fn find(method: &str, pattern: &str) -> Option<&'static Route> {
    let method = if method == "HEAD" { "GET" } else { method };
    ROUTES.iter().find(|route| route.method == method && route.path == pattern)
}
