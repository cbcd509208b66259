//! Who calls: the operator, an agency or an owner, told apart by bearer tokens or by their sessions.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use canvass::AgencyId;
use subtle::ConditionallySelectable;

use super::App;
use super::portal_hosts::Plane;
use super::problem::{Kind, Problem};
use super::session;
use crate::settings::{Settings, TokenDigest};
use crate::store::Caller;

/// The tokens that are known.
#[derive(Debug)]
pub(crate) struct Callers {
    operator: TokenDigest,
    agencies: Vec<(TokenDigest, AgencyId)>,
}

impl Callers {
    pub(crate) fn new(settings: &Settings) -> Self {
        let agency = |caller: &crate::settings::Caller| (caller.token_sha256, caller.agency.id);
        Self {
            operator: settings.operator,
            agencies: settings.agencies.iter().map(agency).collect(),
        }
    }

    /// The operator or an agency, if the token is theirs.
    fn recognise(&self, digest: TokenDigest) -> Option<Caller> {
        // Every token is compared, whichever it is: 0 is the operator, then come the agencies.
        let mut found = u64::MAX;
        let known = std::iter::once(&self.operator).chain(self.agencies.iter().map(|(d, _)| d));
        for (place, known) in (0_u64..).zip(known) {
            found.conditional_assign(&place, known.same(&digest));
        }
        let agency = |place: u64| self.agencies.get(usize::try_from(place).ok()?);
        match found.checked_sub(1) {
            None => Some(Caller::Operator),
            Some(place) => agency(place).map(|&(_, id)| Caller::Agency(id)),
        }
    }

    /// Whether a token is somebody's of these.
    pub(crate) fn know(&self, token: [u8; 32], caller: Caller) -> bool {
        self.recognise(TokenDigest::from_bytes(token)) == Some(caller)
    }
}

impl App {
    /// Whose token it is.
    pub(super) async fn holder(&self, token: &[u8]) -> Result<Caller, Problem> {
        let digest = TokenDigest::of(token);
        if let Some(caller) = self.callers.load().recognise(digest) {
            return Ok(caller);
        }
        let engine = Arc::clone(&self.engine);
        let owner = self.blocking(move || engine.owner_with(digest.bytes())).await??;
        let unknown = || Problem::new(Kind::TokenUnknown, "ask the operator for a token");
        owner.map(Caller::Owner).ok_or_else(unknown)
    }

    /// Who calls, by a token or by a session.
    async fn caller(&self, presented: Result<Presented, Problem>) -> Result<Caller, Problem> {
        match presented? {
            Presented::Session(caller) => Ok(caller),
            Presented::Token(token) => self.holder(&token).await,
        }
    }

    /// What a request has to show who calls; both at once are refused, since they may be two people's.
    fn presented(&self, request: &Request) -> Result<Presented, Problem> {
        let plane = request.extensions().get::<Plane>().copied().unwrap_or(Plane::Programs);
        let headers = request.headers();
        // Sessions are for people: where programs are answered, no cookie counts.
        let cookie = session::cookie(headers).filter(|_| plane != Plane::Programs);
        match (bearer(headers), cookie) {
            (Some(_), Some(_)) => {
                Err(Problem::new(Kind::TwoCredentials, "send a token or a session's cookie"))
            }
            (Some(token), None) => Ok(Presented::Token(token.to_vec())),
            (None, Some(secret)) => {
                let (caller, _) = self.signed_in(plane, secret, request.method(), headers)?;
                Ok(Presented::Session(caller))
            }
            (None, None) if plane == Plane::Programs => Err(Problem::new(
                Kind::TokenMissing,
                "send the header `Authorization: Bearer` and a token",
            )),
            (None, None) => Err(session::missing()),
        }
    }
}

/// What shows who calls.
enum Presented {
    Token(Vec<u8>),
    Session(Caller),
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    (scheme.eq_ignore_ascii_case(b"bearer ") && !token.is_empty()).then(|| token.trim_ascii())
}

/// Lets the operator pass.
pub(crate) async fn operator(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match app.caller(app.presented(&request)).await? {
        Caller::Operator => Ok(next.run(request).await),
        _ => Err(Problem::new(Kind::WrongPlane, "this is the operator's")),
    }
}

/// Lets an agency pass, and says which.
pub(crate) async fn agency(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match app.caller(app.presented(&request)).await? {
        Caller::Agency(id) => {
            request.extensions_mut().insert(id);
            Ok(next.run(request).await)
        }
        _ => Err(Problem::new(Kind::WrongPlane, "this is for agencies")),
    }
}

/// Lets an owner pass, and says which.
pub(crate) async fn owner(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match app.caller(app.presented(&request)).await? {
        Caller::Owner(id) => {
            request.extensions_mut().insert(id);
            Ok(next.run(request).await)
        }
        _ => Err(Problem::new(Kind::WrongPlane, "this is for owners")),
    }
}

/// Lets everybody with a token or a session pass, and says who.
pub(crate) async fn somebody(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let caller = app.caller(app.presented(&request)).await?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}
