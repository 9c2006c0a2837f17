//! Requests to servers of other people over HTTP: the one module through which the product asks anybody anything.
//!
//! A name is resolved here, its addresses are judged by `domain::outgoing`, and the connection goes to exactly those that were
//! judged, so that a name that answers otherwise the second time gains nothing. No redirect is followed, no proxy of the
//! environment is used, and time and size of an answer are bounded.

mod house;

use std::{error::Error as _, fmt, io, net::IpAddr, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{AUTHORIZATION, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use secrecy::ExposeSecret as _;

use crate::{
    domain::outgoing::{Exceptions, OPEN_PORTS, Place, place},
    service::ports::{Outgoing, OutgoingAnswer, OutgoingError, OutgoingRequest, RequestBody},
};

pub use house::House;

/// The longest that a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// The longest address, in bytes.
const LONGEST_URL: usize = 2_000;

/// The addresses of a name.
pub type Lookup =
    Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> + Send + Sync + 'static>;

/// The resolver of the system.
fn system() -> Lookup {
    Arc::new(|host| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// Says no, with the words that people read; found again behind the layers of the HTTP client.
#[derive(Debug)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// Resolves names to the addresses that may be asked.
struct Guard {
    lookup: Lookup,
    exceptions: Arc<Exceptions>,
    open: bool,
}

impl Guard {
    fn words(host: &str, address: IpAddr) -> String {
        let list = "list it under outgoing.allow where it is yours";
        match place(address) {
            Place::Public => format!("{host} is asked by https and on port 443 or 8443 only; {list}"),
            inner if host == address.to_string() => {
                format!("{host} is {}, and such ones are not asked; {list}", inner.words())
            }
            inner => format!("{host} is {address}, {}, and such ones are not asked; {list}", inner.words()),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, exceptions, open) = (Arc::clone(&self.lookup), Arc::clone(&self.exceptions), self.open);
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = lookup(host.clone()).await?;
            let good: Vec<SocketAddr> = found
                .iter()
                .filter(|address| exceptions.admit(&host, **address, open))
                .map(|address| SocketAddr::new(*address, 0))
                .collect();
            match found.first() {
                Some(first) if good.is_empty() => Err(Refused(Self::words(&host, *first)).into()),
                _ => Ok(Box::new(good.into_iter()) as Addrs),
            }
        })
    }
}

/// The way out.
pub struct HttpOut {
    exceptions: Arc<Exceptions>,
    house: House,
    /// By TLS to the usual ports: anywhere public.
    open: Client,
    /// Everything else: to exceptions only.
    narrow: Client,
}

impl fmt::Debug for HttpOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOut")
            .field("exceptions", &self.exceptions)
            .field("house", &self.house)
            .finish_non_exhaustive()
    }
}

impl HttpOut {
    /// One that resolves names as the system does.
    pub fn new(exceptions: Exceptions) -> Result<Self, OutgoingError> {
        Self::set_up(exceptions, House::default(), &system())
    }

    /// The same with what the settings say of the house's own servers.
    pub fn of_house(exceptions: Exceptions, house: House) -> Result<Self, OutgoingError> {
        Self::set_up(exceptions, house, &system())
    }

    /// One with another resolver.
    pub fn with_lookup(exceptions: Exceptions, lookup: &Lookup) -> Result<Self, OutgoingError> {
        Self::set_up(exceptions, House::default(), lookup)
    }

    /// One with everything.
    pub fn set_up(exceptions: Exceptions, house: House, lookup: &Lookup) -> Result<Self, OutgoingError> {
        let exceptions = Arc::new(exceptions);
        let roots = house.roots().map_err(OutgoingError::Address)?;
        let client = |open: bool| {
            let guard = Guard { lookup: Arc::clone(lookup), exceptions: Arc::clone(&exceptions), open };
            client(guard, roots.clone())
        };
        Ok(Self { open: client(true)?, narrow: client(false)?, exceptions: Arc::clone(&exceptions), house })
    }

    /// The address as it is asked, and by which client.
    fn read(&self, text: &str) -> Result<(Url, &Client), OutgoingError> {
        let wrong = |words: &str| OutgoingError::Address(words.to_owned());
        if text.len() > LONGEST_URL {
            return Err(wrong("the address is longer than 2,000 bytes"));
        }
        let remedy = "give an address like https://example.com";
        let url = Url::parse(text.trim()).map_err(|error| OutgoingError::Address(format!("{error}; {remedy}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong(remedy));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("the address holds a name or a password; give a token instead"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong(remedy))?;
        let port = url.port_or_known_default().ok_or_else(|| wrong(remedy))?;
        let open = url.scheme() == "https" && OPEN_PORTS.contains(&port);
        // An address in the place of a name is not resolved, so that it is judged here. The parser has read 0x7f.1 and
        // 2130706433 as what they are.
        let literal: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        if let Some(address) = literal.filter(|address| !self.exceptions.admit(host, *address, open)) {
            return Err(OutgoingError::Forbidden(Guard::words(host, address)));
        }
        let client = if open { &self.open } else { &self.narrow };
        Ok((url, client))
    }

    async fn ask(&self, request: &OutgoingRequest) -> Result<OutgoingAnswer, OutgoingError> {
        let (url, client) = self.read(&request.url)?;
        let of_house = match &request.bearer {
            None if request.house_token => {
                let words = |words| OutgoingError::Token(format!("outgoing.tokens: {words}"));
                self.house.authorization(&url).await.map_err(words)?
            }
            _ => None,
        };
        let mut asked = match &request.body {
            RequestBody::None => client.get(url),
            RequestBody::Form(fields) => client.post(url).form(fields),
            RequestBody::Json(bytes) => {
                client.post(url).header(reqwest::header::CONTENT_TYPE, "application/json").body(bytes.clone())
            }
        };
        for (name, value) in &request.headers {
            asked = asked.header(*name, value);
        }
        if let Some(token) = &request.bearer {
            asked = asked.bearer_auth(token.expose_secret());
        }
        if let Some(value) = &of_house {
            let header = HeaderValue::from_str(value.expose_secret()).map(|mut value| {
                value.set_sensitive(true);
                value
            });
            let wrong = |_| OutgoingError::Token("outgoing.tokens: it cannot stand in a header".to_owned());
            asked = asked.header(AUTHORIZATION, header.map_err(wrong)?);
        }
        let mut answer = asked.send().await.map_err(failure)?;
        let status = answer.status();
        if status.is_redirection() {
            return Err(OutgoingError::Redirect(status.as_u16()));
        }
        let most = request.most_bytes;
        if answer.content_length().is_some_and(|length| usize::try_from(length).map_or(true, |length| length > most)) {
            return Err(OutgoingError::TooLong(most));
        }
        let wait = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(failure)? {
            if body.len() + part.len() > most {
                return Err(OutgoingError::TooLong(most));
            }
            body.extend_from_slice(&part);
        }
        Ok(OutgoingAnswer { status: status.as_u16(), retry_after: wait, body })
    }
}

fn client(guard: Guard, roots: RootCertStore) -> Result<Client, OutgoingError> {
    let wrong = |error: &dyn std::error::Error| OutgoingError::Address(error.to_string());
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(guard))
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT_WITHIN)
        .pool_max_idle_per_host(4)
        .user_agent(concat!("fupan/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| wrong(&error))
}

/// What went wrong, in the innermost words, which are the useful ones; never with the address, which the caller knows.
fn failure(error: reqwest::Error) -> OutgoingError {
    let error = error.without_url();
    let mut inner: &dyn std::error::Error = &error;
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return OutgoingError::Forbidden(refused.0.clone());
        }
        inner = cause;
        next = cause.source();
    }
    if error.is_timeout() && !error.is_connect() {
        return OutgoingError::TooSlow(CONNECT_WITHIN.as_secs());
    }
    let words = inner.to_string();
    // The number of the system behind its words helps nobody.
    let words = words.split(" (os error").next().unwrap_or_default().chars().take(200).collect();
    if error.is_connect() || error.is_builder() {
        OutgoingError::Unreachable(words)
    } else {
        OutgoingError::Broken(words)
    }
}

impl Outgoing for HttpOut {
    fn check(&self, url: &str) -> Result<(), OutgoingError> {
        self.read(url).map(|_| ())
    }

    fn holds_token(&self, url: &str) -> bool {
        Url::parse(url.trim()).is_ok_and(|url| self.house.holds(&url))
    }

    fn send<'a>(
        &'a self,
        request: &'a OutgoingRequest,
    ) -> Pin<Box<dyn Future<Output = Result<OutgoingAnswer, OutgoingError>> + Send + 'a>> {
        Box::pin(async move {
            let within = request.within;
            let slow = |_| OutgoingError::TooSlow(within.as_secs());
            tokio::time::timeout(within, self.ask(request)).await.map_err(slow)?
        })
    }
}

/// The way out of the demo: there is none.
#[derive(Debug, Clone, Copy)]
pub struct NothingOut;

impl NothingOut {
    fn words() -> OutgoingError {
        OutgoingError::Forbidden("nothing leaves the demo".to_owned())
    }
}

impl Outgoing for NothingOut {
    fn check(&self, _url: &str) -> Result<(), OutgoingError> {
        Err(Self::words())
    }

    fn holds_token(&self, _url: &str) -> bool {
        false
    }

    fn send<'a>(
        &'a self,
        _request: &'a OutgoingRequest,
    ) -> Pin<Box<dyn Future<Output = Result<OutgoingAnswer, OutgoingError>> + Send + 'a>> {
        Box::pin(async move { Err(Self::words()) })
    }
}
