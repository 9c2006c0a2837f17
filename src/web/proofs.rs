//! What changes who gets in, or takes everything out: a session has to be proved for it (`service::proof`).
//!
//! Asked by the gate, by the pattern of the route, so that no handler can forget it. Tokens of the API are no sessions: what they
//! may do here is said by their scope alone (`admin`).

/// Method and path of each, and the page that people come from: the proof leads back there.
const PROVED: &[(&str, &str, &str)] = &[
    ("POST", "/settings/identity", "/settings/identity"),
    ("POST", "/settings/second-factor", "/settings/second-factor"),
    ("POST", "/settings/tokens", "/settings"),
    ("POST", "/settings/tokens/{id}/rotate", "/settings"),
    ("GET", "/settings/privacy/export", "/settings/privacy/export"),
    ("POST", "/settings/privacy/close", "/settings"),
    // Somebody new with a role is as much as another role.
    ("POST", "/settings/accounts", "/settings"),
    ("POST", "/settings/accounts/{id}", "/settings"),
    ("POST", "/settings/accounts/{id}/link", "/settings"),
    ("POST", "/settings/accounts/{id}/second-factor", "/settings"),
    ("POST", "/settings/accounts/{id}/close", "/settings"),
    ("POST", "/api/v1/tokens", ""),
    ("POST", "/api/v1/tokens/{id}:rotate", ""),
    ("GET", "/api/v1/account/export", ""),
    ("POST", "/api/v1/account:close", ""),
    ("GET", "/api/v1/accounts/{id}/export", ""),
    ("POST", "/api/v1/accounts/{id}:close", ""),
    ("PUT", "/api/v1/accounts/{account}/team-scope", ""),
    ("DELETE", "/api/v1/accounts/{id}/second-factor", ""),
];

/// The page where somebody proves who they are.
pub const PAGE: &str = "/settings/confirm";

/// Where the proof for a route leads back to; none where it needs no proof. Empty for programs.
pub fn back_of(method: &str, pattern: &str) -> Option<&'static str> {
    PROVED.iter().find(|(its, path, _)| *its == method && *path == pattern).map(|(_, _, page)| *page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::routes;

    #[test]
    fn what_is_named_here_is_a_route_and_leads_back_to_a_page() {
        for (method, path, page) in PROVED {
            assert!(routes::find(method, path).is_some(), "{method} {path}");
            assert_eq!(page.is_empty(), path.starts_with("/api/"), "{path}");
            assert!(page.is_empty() || routes::find("GET", page).is_some(), "{page}");
        }
    }

    #[test]
    fn whatever_is_written_about_accounts_and_tokens_is_named_here_or_known_to_need_no_proof() {
        // Taking rights away, one's own looks and the password, which asks for the old one itself.
        let without = [
            "/settings/tokens/{id}/revoke",
            "/api/v1/tokens/{id}",
            "/settings/password",
            "/settings/zone",
            "/api/v1/accounts/{account}/zone",
            PAGE,
        ];
        for route in routes::ROUTES.iter().filter(|route| route.method != "GET") {
            let about =
                ["/account", "/tokens", "/settings/identity", "/second-factor", "/privacy", "/settings/password"];
            let ends_sessions = route.path.contains("/sessions");
            if about.iter().any(|part| route.path.contains(part)) && !ends_sessions && !without.contains(&route.path) {
                assert!(back_of(route.method, route.path).is_some(), "{} {}", route.method, route.path);
            }
        }
    }
}
