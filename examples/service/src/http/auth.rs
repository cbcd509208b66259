//! Authentication: the operator, an agency or an owner, by bearer tokens or sessions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use canvass::AgencyId;
use subtle::ConditionallySelectable;

use super::agency::no_account;
use super::callers::Account;
use super::connection::Peer;
use super::portal_hosts::Plane;
use super::problem::{Kind, Problem};
use super::session;
use super::{App, body};
use crate::engine::Engine;
use crate::settings::{Settings, TokenDigest};
use crate::store::Caller;

/// The known tokens.
#[derive(Debug)]
pub(crate) struct Callers {
    operator: TokenDigest,
    agencies: Vec<(TokenDigest, AgencyId, Arc<Account>)>,
}

impl Callers {
    /// The known callers, each agency with its earlier use of the service.
    pub(crate) fn new(settings: &Settings, engine: &Engine) -> Self {
        let (limits, now) = (&settings.limits, engine.time().now);
        let open_days = settings.policy.open_days;
        let agency = |caller: &crate::settings::Caller| {
            let id = caller.agency.id;
            let account = engine
                .cases()
                .with_case_file(id, |file| Account::new(limits, open_days, file, now));
            (caller.token_sha256, id, Arc::new(account))
        };
        Self {
            operator: settings.operator,
            agencies: settings.agencies.iter().map(agency).collect(),
        }
    }

    /// The same with a new configuration's tokens; agencies in it keep their use.
    pub(crate) fn exchanged(&self, settings: &Settings) -> Self {
        let agencies = settings.agencies.iter().filter_map(|caller| {
            let account = self.account(caller.agency.id)?;
            Some((caller.token_sha256, caller.agency.id, account))
        });
        Self { operator: settings.operator, agencies: agencies.collect() }
    }

    /// The account of an agency that has a token.
    pub(super) fn account(&self, agency: AgencyId) -> Option<Arc<Account>> {
        let found = self.agencies.iter().find(|&&(_, id, _)| id == agency);
        found.map(|(_, _, account)| Arc::clone(account))
    }

    /// The operator or an agency that has this token.
    fn recognise(&self, digest: TokenDigest) -> Option<Caller> {
        // Every token is compared, so that the time is the same: 0 is the operator, then come the
        // agencies.
        let mut found = u64::MAX;
        let known = std::iter::once(&self.operator).chain(self.agencies.iter().map(|(d, ..)| d));
        for (place, known) in (0_u64..).zip(known) {
            found.conditional_assign(&place, known.same(&digest));
        }
        let agency = |place: u64| self.agencies.get(usize::try_from(place).ok()?);
        match found.checked_sub(1) {
            None => Some(Caller::Operator),
            Some(place) => agency(place).map(|&(_, id, _)| Caller::Agency(id)),
        }
    }

    /// Whether a caller has a token.
    pub(crate) fn know(&self, token: [u8; 32], caller: Caller) -> bool {
        self.recognise(TokenDigest::from_bytes(token)) == Some(caller)
    }
}

impl App {
    /// The account of an agency.
    pub(super) fn account(&self, agency: AgencyId) -> Option<Arc<Account>> {
        self.callers.load().account(agency)
    }

    /// The caller who has a token.
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

    /// The caller, by a token or by a session.
    async fn caller(&self, presented: Result<Presented, Problem>) -> Result<Caller, Problem> {
        match presented? {
            Presented::Session(caller) => Ok(caller),
            Presented::Token(token) => self.holder(&token).await,
        }
    }

    /// A request's credential; two at once are refused, since they may belong to two people.
    fn presented(&self, request: &Request) -> Result<Presented, Problem> {
        let plane = request.extensions().get::<Plane>().copied().unwrap_or(Plane::Programs);
        let headers = request.headers();
        // Sessions are for people: on hosts for programs no cookie counts.
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

/// A credential.
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

/// Limits the requests of an address without a valid token. Without this limit, anybody could keep
/// the service busy with health checks and refusals.
pub(super) async fn without_token(
    app: &App,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let peer = request.extensions().get::<Arc<Peer>>().cloned();
    let taken = || match &peer {
        Some(peer) => peer.ask_without_token(Instant::now()),
        None => Ok(()),
    };
    let refused = |wait: Duration| {
        let detail = format!(
            "send at most {} requests a second without a valid token; there is room for one in {} ms",
            app.limits.without_token_per_second,
            wait.as_millis()
        );
        Problem::new(Kind::TooManyRequests, detail)
    };
    let headers = request.headers();
    let has_token =
        headers.contains_key(header::AUTHORIZATION) || session::cookie(headers).is_some();
    if !has_token {
        taken().map_err(refused)?;
    }
    let response = next.run(request).await;
    if has_token && response.status() == StatusCode::UNAUTHORIZED {
        taken().map_err(refused)?;
    }
    Ok(response)
}

/// Marks the connection of a request as a known caller's.
fn connection_is_known(request: &Request) {
    if let Some(peer) = request.extensions().get::<Arc<Peer>>() {
        peer.recognise();
    }
}

/// Admits the operator only, within the limit on concurrency, as each of these does.
pub(crate) async fn operator(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let caller = app.caller(app.presented(&request)).await?;
    connection_is_known(&request);
    match caller {
        Caller::Operator => {
            let _place = app.place_of_operator()?;
            Ok(next.run(request).await)
        }
        _ => Err(Problem::new(Kind::WrongPlane, "this is the operator's")),
    }
}

/// Admits an agency within its limits, and passes on its id.
pub(crate) async fn agency(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let caller = app.caller(app.presented(&request)).await?;
    connection_is_known(&request);
    match caller {
        Caller::Agency(id) => {
            let account = app.account(id).ok_or_else(no_account)?;
            let _places = (account.enter()?, app.place_of_agencies()?);
            request.extensions_mut().insert(id);
            Ok(next.run(request).await)
        }
        _ => Err(Problem::new(Kind::WrongPlane, "this is for agencies")),
    }
}

/// Admits an owner, and passes on the id.
pub(crate) async fn owner(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match app.caller(app.presented(&request)).await? {
        Caller::Owner(id) => {
            let owner = app.owners.enter(id, body::has_key(request.headers()))?;
            let _places = (owner, app.place_of_others()?);
            request.extensions_mut().insert(id);
            Ok(next.run(request).await)
        }
        _ => Err(Problem::new(Kind::WrongPlane, "this is for owners")),
    }
}

/// Admits everybody with a token or a session, and passes on the caller.
pub(crate) async fn somebody(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let caller = app.caller(app.presented(&request)).await?;
    let account = match caller {
        Caller::Agency(id) => Some(app.account(id).ok_or_else(no_account)?),
        _ => None,
    };
    let _agencys_place = account.as_ref().map(|account| account.enter()).transpose()?;
    let _owners_place = match caller {
        Caller::Owner(id) => Some(app.owners.enter(id, body::has_key(request.headers()))?),
        _ => None,
    };
    let _place = app.place_of_others()?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}
