//! Who calls: the operator's plane and the agencies', told apart by bearer tokens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use canvass::AgencyId;
use jiff::Timestamp;
use subtle::ConditionallySelectable;

use super::App;
use super::callers::Account;
use super::connection::Peer;
use super::problem::{Kind, Problem};
use crate::engine::Engine;
use crate::settings::{Settings, TokenDigest};

/// Who has a token.
enum Recognised<'a> {
    Operator,
    Agency(AgencyId, &'a Account),
}

/// The tokens that are known.
#[derive(Debug)]
pub(crate) struct Callers {
    operator: TokenDigest,
    agencies: Vec<(TokenDigest, AgencyId, Account)>,
}

impl Callers {
    /// Who is known, with what each agency has used of the service before.
    pub(crate) fn new(settings: &Settings, engine: &Engine) -> Self {
        let (limits, now) = (&settings.limits, Timestamp::now());
        let open_days = settings.policy.open_days;
        let agency = |caller: &crate::settings::Caller| {
            let id = caller.agency.id;
            let account = engine
                .cases()
                .with_case_file(id, |file| Account::new(limits, open_days, file, now));
            (caller.token_sha256, id, account)
        };
        Self {
            operator: settings.operator,
            agencies: settings.agencies.iter().map(agency).collect(),
        }
    }

    /// The account of an agency that has a token.
    pub(crate) fn account(&self, agency: AgencyId) -> Option<&Account> {
        self.agencies.iter().find(|&&(_, id, _)| id == agency).map(|(_, _, account)| account)
    }

    fn recognise(&self, headers: &HeaderMap) -> Result<Recognised<'_>, Problem> {
        let token = bearer(headers).ok_or_else(|| {
            Problem::new(Kind::TokenMissing, "send the header `Authorization: Bearer` and a token")
        })?;
        let digest = TokenDigest::of(token);
        // Every token is compared, whichever it is: 0 is the operator, then come the agencies.
        let mut found = u64::MAX;
        let known = std::iter::once(&self.operator).chain(self.agencies.iter().map(|(d, ..)| d));
        for (place, known) in (0_u64..).zip(known) {
            found.conditional_assign(&place, known.same(&digest));
        }
        let agency = |place: u64| self.agencies.get(usize::try_from(place).ok()?);
        match found.checked_sub(1) {
            None => Ok(Recognised::Operator),
            Some(place) => agency(place)
                .map(|(_, id, account)| Recognised::Agency(*id, account))
                .ok_or_else(|| Problem::new(Kind::TokenUnknown, "ask the operator for a token")),
        }
    }
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    (scheme.eq_ignore_ascii_case(b"bearer ") && !token.is_empty()).then(|| token.trim_ascii())
}

/// Limits what an address may ask without a valid token. Without this limit, anybody could have the service
/// answer health checks and refusals, and nothing else.
pub(crate) async fn without_token(
    peer: Option<Extension<Arc<Peer>>>,
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let taken = || match &peer {
        Some(Extension(peer)) => peer.ask_without_token(Instant::now()),
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
    let has_token = request.headers().contains_key(header::AUTHORIZATION);
    if !has_token {
        taken().map_err(refused)?;
    }
    let response = next.run(request).await;
    if has_token && response.status() == StatusCode::UNAUTHORIZED {
        taken().map_err(refused)?;
    }
    Ok(response)
}

/// Who has the token of a request. Its connection is known from then on.
fn recognise<'a>(app: &'a App, request: &Request) -> Result<Recognised<'a>, Problem> {
    let recognised = app.callers.recognise(request.headers())?;
    if let Some(peer) = request.extensions().get::<Arc<Peer>>() {
        peer.recognise();
    }
    Ok(recognised)
}

/// Lets the operator pass.
pub(crate) async fn operator(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match recognise(&app, &request)? {
        Recognised::Operator => Ok(next.run(request).await),
        Recognised::Agency(..) => Err(Problem::new(Kind::WrongPlane, "this is the operator's")),
    }
}

/// Lets an agency pass that has not used up what it may, and says which it is.
pub(crate) async fn agency(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match recognise(&app, &request)? {
        Recognised::Agency(id, account) => {
            let _place = account.enter()?;
            request.extensions_mut().insert(id);
            Ok(next.run(request).await)
        }
        Recognised::Operator => Err(Problem::new(Kind::WrongPlane, "this is for agencies")),
    }
}
