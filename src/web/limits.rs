//! Whose requests are counted, and where a request comes from.

use std::net::{IpAddr, SocketAddr};

use actix_web::{HttpRequest, http::Method};

use crate::{domain::outgoing::Network, service::limits::Kind};

/// What a request counts as before anybody looks who sent it; none where it does not count.
pub fn kind(method: &Method, pattern: &str) -> Option<Kind> {
    let post = *method == Method::POST;
    match pattern {
        "/login" | "/login/code" | "/setup" | "/settings/password" | "/settings/confirm" if post => Some(Kind::SignIn),
        "/login/provider" => Some(Kind::SignIn),
        // The provider signs out many people from one address.
        "/login/provider/callback" | "/login/provider/logout" => Some(Kind::Link),
        "/setup" => Some(Kind::Link),
        _ if ["/s/", "/unsubscribe/", "/act/"].iter().any(|start| pattern.starts_with(start)) => Some(Kind::Link),
        _ => None,
    }
}

/// Where a request comes from, as the name of its bucket: an IPv4 address, or the first half of an IPv6 one, which one customer
/// has whole.
pub fn source(request: &HttpRequest, proxies: &[Network]) -> String {
    let peer = request.peer_addr().map(|peer| peer.ip());
    let forwarded =
        request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
    match client(peer, &forwarded, proxies) {
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
        Some(address) => address.to_string(),
        None => String::new(),
    }
}

/// The address that asked. Each proxy writes at the end who asked it: only what one of the named ones wrote is believed.
fn client(peer: Option<IpAddr>, forwarded: &[&str], proxies: &[Network]) -> Option<IpAddr> {
    let mut client = peer?.to_canonical();
    for entry in forwarded.iter().rev().flat_map(|value| value.rsplit(',')) {
        if !proxies.iter().any(|network| network.holds(client)) {
            break;
        }
        let entry = entry.trim();
        let bare = entry.trim_start_matches('[').trim_end_matches(']');
        let Some(address) = bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|at| at.ip())) else {
            break;
        };
        client = IpAddr::to_canonical(&address);
    }
    Some(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_named_proxy_wrote_is_believed() {
        let proxies = ["10.0.0.0/8", "2001:db8::1"].map(|text| Network::parse(text).unwrap());
        let of = |peer: &str, forwarded: &[&str]| {
            client(peer.parse().ok(), forwarded, &proxies).map(|address| address.to_string()).unwrap_or_default()
        };
        assert_eq!(of("198.51.100.7", &["203.0.113.9"]), "198.51.100.7", "no proxy of ours");
        assert_eq!(of("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(of("::ffff:10.0.0.1", &["203.0.113.9:4711"]), "203.0.113.9");
        assert_eq!(of("10.0.0.1", &["1.1.1.1, 203.0.113.9"]), "203.0.113.9", "what the client wrote itself");
        assert_eq!(of("10.0.0.1", &["1.1.1.1", "203.0.113.9, 10.0.0.2"]), "203.0.113.9", "two proxies");
        assert_eq!(of("2001:db8::1", &["[2001:db8:7::9]:443"]), "2001:db8:7::9");
        assert_eq!(of("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(None, &["203.0.113.9"], &proxies), None);
    }

    #[test]
    fn passwords_and_links_count_and_pages_do_not() {
        assert_eq!(kind(&Method::POST, "/login"), Some(Kind::SignIn));
        assert_eq!(kind(&Method::GET, "/login"), None);
        assert_eq!(kind(&Method::POST, "/setup"), Some(Kind::SignIn));
        assert_eq!(kind(&Method::GET, "/setup"), Some(Kind::Link));
        assert_eq!(kind(&Method::GET, "/s/{token}"), Some(Kind::Link));
        assert_eq!(kind(&Method::GET, "/static/{name}"), None);
        assert_eq!(kind(&Method::GET, "/api/v1/events"), None);
    }
}
