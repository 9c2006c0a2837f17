#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

/// Addresses of the registries, their edges and their neighbours.
const GOLDEN: &[(&str, Place)] = &[
    ("0.0.0.0", Place::Unspecified),
    ("0.255.255.255", Place::Unspecified),
    ("1.0.0.0", Place::Public),
    ("1.1.1.1", Place::Public),
    ("9.255.255.255", Place::Public),
    ("10.0.0.0", Place::Private),
    ("10.255.255.255", Place::Private),
    ("11.0.0.0", Place::Public),
    ("100.63.255.255", Place::Public),
    ("100.64.0.0", Place::Private),
    ("100.100.100.200", Place::Private),
    ("100.127.255.255", Place::Private),
    ("100.128.0.0", Place::Public),
    ("126.255.255.255", Place::Public),
    ("127.0.0.1", Place::Loopback),
    ("127.255.255.255", Place::Loopback),
    ("128.0.0.0", Place::Public),
    ("169.253.255.255", Place::Public),
    ("169.254.0.0", Place::LinkLocal),
    ("169.254.169.254", Place::LinkLocal),
    ("169.255.0.0", Place::Public),
    ("172.15.255.255", Place::Public),
    ("172.16.0.0", Place::Private),
    ("172.31.255.255", Place::Private),
    ("172.32.0.0", Place::Public),
    ("192.0.0.0", Place::Reserved),
    ("192.0.0.192", Place::Reserved),
    ("192.0.1.0", Place::Public),
    ("192.0.2.1", Place::Reserved),
    ("192.0.3.0", Place::Public),
    ("192.88.98.255", Place::Public),
    ("192.88.99.1", Place::Reserved),
    ("192.167.255.255", Place::Public),
    ("192.168.0.0", Place::Private),
    ("192.168.255.255", Place::Private),
    ("192.169.0.0", Place::Public),
    ("198.17.255.255", Place::Public),
    ("198.18.0.0", Place::Reserved),
    ("198.19.255.255", Place::Reserved),
    ("198.20.0.0", Place::Public),
    ("198.51.100.7", Place::Reserved),
    ("203.0.113.7", Place::Reserved),
    ("203.0.114.0", Place::Public),
    ("223.255.255.255", Place::Public),
    ("224.0.0.1", Place::Multicast),
    ("239.255.255.255", Place::Multicast),
    ("240.0.0.0", Place::Reserved),
    ("255.255.255.255", Place::Reserved),
    ("::", Place::Unspecified),
    ("::1", Place::Loopback),
    ("::2", Place::Embedded),
    ("::7f00:1", Place::Embedded),
    ("::ffff:127.0.0.1", Place::Embedded),
    ("::ffff:8.8.8.8", Place::Embedded),
    ("::ffff:0:7f00:1", Place::Embedded),
    ("64:ff9b::7f00:1", Place::Embedded),
    ("64:ff9b:1::a00:1", Place::Embedded),
    ("100::1", Place::Reserved),
    ("1fff:ffff::1", Place::Reserved),
    ("2000::1", Place::Public),
    ("2001::7f00:1", Place::Embedded),
    ("2001:2::1", Place::Reserved),
    ("2001:1ff::1", Place::Reserved),
    ("2001:200::1", Place::Public),
    ("2001:db8::1", Place::Reserved),
    ("2001:db9::1", Place::Public),
    ("2002:7f00:1::1", Place::Embedded),
    ("2003::1", Place::Public),
    ("240e::1", Place::Public),
    ("2606:4700:4700::1111", Place::Public),
    ("3ffe::1", Place::Public),
    ("3fff::1", Place::Reserved),
    ("3fff:1000::1", Place::Public),
    ("4000::1", Place::Reserved),
    ("5f00::1", Place::Reserved),
    ("fbff::1", Place::Reserved),
    ("fc00::1", Place::Private),
    ("fd00:ec2::254", Place::Private),
    ("fe00::1", Place::Reserved),
    ("fe80::1", Place::LinkLocal),
    ("febf::1", Place::LinkLocal),
    ("fec0::1", Place::Private),
    ("ff02::1", Place::Multicast),
];

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn exceptions(entries: &[&str]) -> Exceptions {
    Exceptions::parse(&entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>()).unwrap()
}

#[test]
fn every_address_lies_where_the_registries_say() {
    for (text, wanted) in GOLDEN {
        assert_eq!(place(address(text)), *wanted, "{text}");
    }
    assert!(GOLDEN.len() >= 60);
}

#[test]
fn without_exceptions_only_what_is_public_is_admitted_and_only_by_tls() {
    for (text, wanted) in GOLDEN {
        let none = Exceptions::default();
        assert_eq!(none.admit("prometheus.example.com", address(text), true), *wanted == Place::Public, "{text}");
        assert!(!none.admit("prometheus.example.com", address(text), false), "{text}");
    }
}

#[test]
fn a_network_is_an_exception_for_its_own_addresses_only() {
    let some = exceptions(&["10.1.0.0/16", "fd00::/8", "127.0.0.1", "169.254.10.0/24"]);
    for (text, wanted) in [
        ("10.1.255.255", true),
        ("10.2.0.0", false),
        ("fd12::1", true),
        ("fc00::1", false),
        ("127.0.0.1", true),
        ("127.0.0.2", false),
        ("169.254.10.1", true),
        ("169.254.169.254", false),
        ("::ffff:10.1.0.1", false),
    ] {
        assert_eq!(some.admit("any.example.com", address(text), false), wanted, "{text}");
    }
}

#[test]
fn a_name_is_an_exception_but_never_leads_to_a_link_local_address() {
    let some = exceptions(&["Prometheus.internal."]);
    for (host, text, wanted) in [
        ("prometheus.INTERNAL", "10.0.0.7", true),
        ("prometheus.internal.", "127.0.0.1", true),
        ("prometheus.internal", "8.8.8.8", true),
        ("prometheus.internal", "169.254.169.254", false),
        ("prometheus.internal", "0.0.0.0", false),
        ("prometheus.internal", "::ffff:10.0.0.7", false),
        ("other.internal", "10.0.0.7", false),
        ("a.prometheus.internal", "10.0.0.7", false),
    ] {
        assert_eq!(some.admit(host, address(text), false), wanted, "{host} {text}");
    }
}

#[test]
fn what_is_neither_a_network_nor_a_name_is_refused_as_an_entry() {
    for bad in
        ["10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/+8", "10.0.0", "2130706433", "fd00::/129", "http://a", "a b", "-a"]
    {
        assert_eq!(Exceptions::parse(&[bad.to_owned()]), Err(bad.to_owned()));
    }
    assert_eq!(exceptions(&["", " "]), Exceptions::default());
}

proptest! {
    /// The slow and obvious way: bit by bit.
    #[test]
    fn a_network_holds_the_addresses_that_begin_like_it(network in any::<u32>(), bits in 0_u32..=32, other in any::<u32>()) {
        let mask = (0..bits).fold(0_u32, |mask, bit| mask | (1 << (31 - bit)));
        let network = network & mask;
        let text = format!("{}/{bits}", Ipv4Addr::from(network));
        let read = Network::parse(&text).unwrap();
        for address in [other, (other & !mask) | network] {
            let same = (0..bits).all(|bit| (address >> (31 - bit)) & 1 == (network >> (31 - bit)) & 1);
            prop_assert_eq!(read.holds(IpAddr::V4(Ipv4Addr::from(address))), same);
        }
    }

    /// No IPv6 address that carries an IPv4 one is public, whatever it carries.
    #[test]
    fn an_address_inside_another_one_is_never_public(inner in any::<u32>()) {
        let [a, b] = [(inner >> 16) as u16, (inner & 0xffff) as u16];
        for outer in [[0, 0, 0, 0, 0, 0xffff, a, b], [0x64, 0xff9b, 0, 0, 0, 0, a, b], [0x2002, a, b, 0, 0, 0, 0, 1]] {
            let address = IpAddr::V6(Ipv6Addr::from(outer));
            prop_assert_ne!(place(address), Place::Public);
            prop_assert!(!Exceptions::default().admit("a.example.com", address, true));
        }
    }

    /// What std knows to be special is never public.
    #[test]
    fn what_std_calls_special_is_not_public(v4 in any::<u32>(), v6 in any::<u128>()) {
        let (v4, v6) = (Ipv4Addr::from(v4), Ipv6Addr::from(v6));
        if v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast() || v4.is_unspecified()
            || v4.is_broadcast() || v4.is_documentation() {
            prop_assert_ne!(place(IpAddr::V4(v4)), Place::Public);
        }
        if v6.is_loopback() || v6.is_multicast() || v6.is_unspecified() || v6.is_unique_local()
            || v6.is_unicast_link_local() || v6.to_ipv4().is_some() {
            prop_assert_ne!(place(IpAddr::V6(v6)), Place::Public);
        }
    }
}
