//! Where requests of the product may go: anywhere public by TLS, and into the house's own networks only where somebody
//! allowed that (OWASP ASVS 1.3.6; the IANA registries of special-purpose addresses).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[cfg(test)]
mod tests;

/// Ports that a request may go to anywhere; to others only where the server is an exception.
pub const OPEN_PORTS: [u16; 2] = [443, 8443];

/// Where an address lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Reachable for everybody.
    Public,
    /// In somebody's own network: 10/8, 172.16/12, 192.168/16, the shared 100.64/10, fc00::/7.
    Private,
    /// This machine.
    Loopback,
    /// This wire: 169.254/16, where clouds answer with credentials, and fe80::/10.
    LinkLocal,
    /// Several machines at once.
    Multicast,
    /// No address at all, which systems take for this machine.
    Unspecified,
    /// An IPv6 address with an IPv4 one inside (mapped, compatible, NAT64, 6to4, Teredo), which may lead anywhere.
    Embedded,
    /// Set aside for documents, tests and the future.
    Reserved,
}

impl Place {
    /// Words for a refusal.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Public => "a public address",
            Self::Private => "an address of a private network",
            Self::Loopback => "an address of this machine",
            Self::LinkLocal => "a link-local address",
            Self::Multicast => "a multicast address",
            Self::Unspecified => "no address of a server",
            Self::Embedded => "an IPv6 address with an IPv4 address inside",
            Self::Reserved => "a reserved address",
        }
    }
}

/// Where an address lies.
pub fn place(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(address) => place_v4(address),
        IpAddr::V6(address) => place_v6(address),
    }
}

fn place_v4(address: Ipv4Addr) -> Place {
    match address.octets() {
        [0, ..] => Place::Unspecified,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Place::Private,
        [127, ..] => Place::Loopback,
        [169, 254, ..] => Place::LinkLocal,
        [224..=239, ..] => Place::Multicast,
        // IETF protocols, documents, the old 6to4 relays, benchmarks, the future and broadcast.
        [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [240..=255, ..] => Place::Reserved,
        _ => Place::Public,
    }
}

fn place_v6(address: Ipv6Addr) -> Place {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Place::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Place::Loopback,
        // Mapped and compatible, translated (SIIT), NAT64, Teredo, 6to4.
        [0, 0, 0, 0, 0 | 0xffff, ..] | [0x64, 0xff9b, ..] | [0x2001, 0, ..] | [0x2002, ..] => Place::Embedded,
        [0xfe80..=0xfebf, ..] => Place::LinkLocal,
        // Unique local ones, and the site-local ones that were before them.
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Place::Private,
        [0xff00..=0xffff, ..] => Place::Multicast,
        // Of 2000::/3: IETF protocols and documents.
        [0x2001, 0x0001..=0x01ff | 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Place::Reserved,
        [0x2000..=0x3fff, ..] => Place::Public,
        _ => Place::Reserved,
    }
}

/// A network as `10.0.0.0/8`; an address alone is one of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads one; none where the text is no network or has bits behind its prefix.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) if bits.bytes().all(|digit| digit.is_ascii_digit()) => bits.parse().ok()?,
            Some(_) => return None,
            None => whole,
        };
        let network = Self { address, bits };
        (bits <= whole && cut(address, bits) == cut(address, whole)).then_some(network)
    }

    /// Whether it is a single address.
    const fn is_one(self) -> bool {
        self.bits == if self.address.is_ipv4() { 32 } else { 128 }
    }

    /// Whether an address lies in it. A network of IPv4 holds no IPv6 address, not even one with such an address inside.
    pub fn holds(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && cut(address, self.bits) == cut(self.address, self.bits)
    }
}

/// The first bits of an address, at the upper end of a number.
fn cut(address: IpAddr, bits: u32) -> u128 {
    let number = match address {
        IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
        IpAddr::V6(address) => u128::from(address),
    };
    if bits == 0 { 0 } else { number & (u128::MAX << (128 - bits.min(128))) }
}

/// Where clouds answer with credentials outside the link-local networks: Alibaba Cloud, AWS by IPv6, Azure. Only an entry of the
/// very address allows one.
const METADATA: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// What may be reached although it is not public, or not by TLS, or on another port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exceptions {
    networks: Vec<Network>,
    hosts: Vec<String>,
}

impl Exceptions {
    /// Reads a list of networks (`10.0.0.0/8`), addresses and names of servers; the error is the entry that is none of these.
    pub fn parse(entries: &[String]) -> Result<Self, String> {
        let mut exceptions = Self::default();
        for entry in entries.iter().map(|entry| entry.trim()).filter(|entry| !entry.is_empty()) {
            match Network::parse(entry) {
                Some(network) => exceptions.networks.push(network),
                None if is_host(entry) => exceptions.hosts.push(entry.trim_end_matches('.').to_ascii_lowercase()),
                None => return Err(entry.to_owned()),
            }
        }
        Ok(exceptions)
    }

    /// Whether a server is an exception at this address. A name stands for addresses of private networks and of this machine,
    /// never for link-local ones: whoever answers for the name must not point it at a cloud's credentials.
    pub fn hold(&self, host: &str, address: IpAddr) -> bool {
        let alone = |network: &Network| !METADATA.contains(&address) || network.is_one();
        if self.networks.iter().any(|network| network.holds(address) && alone(network)) {
            return true;
        }
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.hosts.contains(&host)
            && matches!(place(address), Place::Public | Place::Private | Place::Loopback)
            && !METADATA.contains(&address)
    }

    /// Whether a request to `host` may go to this address. `open` says that it is one by TLS to a port of [`OPEN_PORTS`]: only
    /// such a one may go anywhere public.
    pub fn admit(&self, host: &str, address: IpAddr, open: bool) -> bool {
        (open && place(address) == Place::Public && !METADATA.contains(&address)) || self.hold(host, address)
    }
}

/// Whether a text can be the name of a server; what looks like a number or a broken network cannot.
fn is_host(text: &str) -> bool {
    let text = text.trim_end_matches('.');
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let last_is_a_number = text.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    text.len() <= 253 && text.split('.').all(label) && !last_is_a_number
}
