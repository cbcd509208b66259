//! Planes by host name: routes of another plane do not exist on a host. Each host is an origin of
//! its own, so the browser keeps the planes' cookies and pages apart.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use super::App;
use super::problem::{Kind, Problem};
use crate::planes::Hosts;

/// The callers of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plane {
    /// Agencies.
    Agency,
    /// The operator.
    Operator,
    /// Owners.
    Owner,
    /// Everybody.
    Public,
    /// Programs of all callers, identified by their tokens.
    Programs,
}

impl Plane {
    pub(crate) const ALL: [Self; 5] =
        [Self::Agency, Self::Operator, Self::Owner, Self::Public, Self::Programs];

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Operator => "operator",
            Self::Owner => "owner",
            Self::Public => "public",
            Self::Programs => "programs",
        }
    }

    /// The plane of a host. An address is for programs, and so is a name without a dot, as programs
    /// call each other in a local network: nobody else can register such a name and point it at
    /// this machine, as they could with a domain to bring a browser here under their name.
    fn of(host: &str, hosts: &Hosts) -> Option<Self> {
        let named = [
            (&hosts.agency, Self::Agency),
            (&hosts.operator, Self::Operator),
            (&hosts.owner, Self::Owner),
            (&hosts.public, Self::Public),
        ];
        let is = |name: &str| name.eq_ignore_ascii_case(host);
        let found = named.into_iter().find(|(name, _)| is(name)).map(|(_, plane)| plane);
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_local = !host.is_empty() && !host.contains(['.', ':', '[']);
        let programs = is_local
            || address.unwrap_or(host).parse::<IpAddr>().is_ok()
            || hosts.programs.iter().any(|name| is(name));
        found.or_else(|| programs.then_some(Self::Programs))
    }
}

/// The host of a request, without its port.
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let whole = uri.authority().map(axum::http::uri::Authority::as_str).or(named)?;
    let end = match whole.find(']') {
        Some(bracket) => bracket.saturating_add(1),
        None => whole.find(':').unwrap_or(whole.len()),
    };
    whole.get(..end)
}

/// The routers of all planes.
pub(crate) struct Planes {
    app: Arc<App>,
    routers: [(Plane, Router); 5],
}

impl Planes {
    pub(super) fn new(app: &Arc<App>, router: impl Fn(Plane) -> Router) -> Self {
        let routers = Plane::ALL.map(|plane| (plane, router(plane)));
        Self { app: Arc::clone(app), routers }
    }

    /// Answers with the routes of the host's plane.
    pub(crate) async fn answer(&self, mut request: Request) -> Response {
        let plane = match host(request.uri(), request.headers()) {
            Some(host) => Plane::of(host, &self.app.hosts),
            // HTTP/1.0 allows a request without a host; browsers always send one.
            None => Some(Plane::Programs),
        };
        let found = self.routers.iter().find(|(of, _)| Some(*of) == plane);
        let Some((plane, router)) = found else {
            let mut response =
                Problem::new(Kind::UnknownHost, "this service has other names").into_response();
            // The body was not read.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            return secured(response);
        };
        request.extensions_mut().insert(*plane);
        match router.clone().oneshot(request).await {
            Ok(response) => secured(response),
            Err(never) => match never {},
        }
    }
}

/// The strictest policy that a page of own files can have: no inline script or style, no foreign origin, and
/// no text becomes markup.
const CONTENT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Headers of every answer that does not set its own. Checked once, by the compiler.
static HEADERS: [(HeaderName, HeaderValue); 7] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT)),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("geolocation=(), camera=(), microphone=()"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.reserve(HEADERS.len());
    for (name, value) in &HEADERS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, Uri, header};

    use super::{Plane, host};
    use crate::planes::Hosts;

    #[test]
    fn a_host_is_one_plane_in_any_port_and_case() {
        let hosts = Hosts { programs: ["api.example.org".to_owned()].into(), ..Hosts::default() };
        let plane = |named: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::HOST,
                HeaderValue::from_str(named).unwrap_or_else(|_| HeaderValue::from_static("")),
            );
            host(&Uri::from_static("/v1/me"), &headers).and_then(|host| Plane::of(host, &hosts))
        };
        for (named, expected) in [
            ("agency.localhost", Some(Plane::Agency)),
            ("Agency.LOCALHOST:8787", Some(Plane::Agency)),
            ("operator.localhost:1", Some(Plane::Operator)),
            ("owner.localhost", Some(Plane::Owner)),
            ("localhost:8787", Some(Plane::Public)),
            ("127.0.0.1:8787", Some(Plane::Programs)),
            ("[::1]:8787", Some(Plane::Programs)),
            ("api.example.org", Some(Plane::Programs)),
            ("canvass:8787", Some(Plane::Programs)),
            ("canvass.", None),
            ("evil.example", None),
            ("agency.localhost.evil.example", None),
            ("", None),
        ] {
            assert_eq!(plane(named), expected, "{named}");
        }
    }
}
