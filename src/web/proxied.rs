//! Whom a proxy in front names.

use actix_web::HttpRequest;

use crate::service::proxy_sign_in::ProxyRules;

/// The e-mail in the header of the settings, if the connection itself comes from a named address and the header stands there once:
/// a second one was sent by somebody behind the proxy.
pub fn email(request: &HttpRequest, rules: Option<&ProxyRules>) -> Option<String> {
    let rules = rules?;
    let peer = request.peer_addr()?.ip().to_canonical();
    if !rules.from.iter().any(|network| network.holds(peer)) {
        return None;
    }
    let mut values = request.headers().get_all(rules.header.as_str());
    let (first, second) = (values.next()?, values.next());
    let email = first.to_str().ok().filter(|_| second.is_none())?.trim();
    (!email.is_empty() && email.len() <= 254 && !email.contains(',')).then(|| email.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use actix_web::test::TestRequest;

    use super::*;
    use crate::domain::outgoing::Network;

    #[test]
    fn only_a_named_address_says_who_it_is_and_says_it_once() {
        let from = vec![Network::parse("10.0.0.0/8").unwrap()];
        let rules = ProxyRules { header: "x-remote-user".to_owned(), from };
        let of = |peer: &str, values: &[&str]| {
            let mut request = TestRequest::default().peer_addr(peer.parse().unwrap());
            for value in values {
                request = request.append_header(("X-Remote-User", *value));
            }
            email(&request.to_http_request(), Some(&rules))
        };
        assert_eq!(of("10.1.2.3:4", &["a@example.com"]).as_deref(), Some("a@example.com"));
        assert_eq!(of("[::ffff:10.1.2.3]:4", &["a@example.com"]).as_deref(), Some("a@example.com"));
        assert_eq!(of("192.0.2.1:4", &["a@example.com"]), None, "anybody");
        assert_eq!(of("10.1.2.3:4", &["a@example.com", "b@example.com"]), None, "two");
        assert_eq!(of("10.1.2.3:4", &["a@example.com, b@example.com"]), None, "two in one");
        assert_eq!(of("10.1.2.3:4", &["  "]), None);
        assert_eq!(of("10.1.2.3:4", &[]), None);
        let request = TestRequest::default().peer_addr("10.1.2.3:4".parse().unwrap());
        let request = request.append_header(("X-Remote-User", "a@example.com")).to_http_request();
        assert_eq!(email(&request, None), None, "no setting, no header");
    }
}
