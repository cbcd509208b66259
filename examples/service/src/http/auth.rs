//! Who calls: the operator's plane and the agencies', told apart by bearer tokens.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use canvass::AgencyId;
use subtle::ConditionallySelectable;

use super::App;
use super::problem::{Kind, Problem};
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

    fn recognise(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let token = bearer(headers).ok_or_else(|| {
            Problem::new(Kind::TokenMissing, "send the header `Authorization: Bearer` and a token")
        })?;
        let digest = TokenDigest::of(token);
        // Every token is compared, whichever it is: 0 is the operator, then come the agencies.
        let mut found = u64::MAX;
        let known = std::iter::once(&self.operator).chain(self.agencies.iter().map(|(d, _)| d));
        for (place, known) in (0_u64..).zip(known) {
            found.conditional_assign(&place, known.same(&digest));
        }
        let agency = |place: u64| self.agencies.get(usize::try_from(place).ok()?);
        match found.checked_sub(1) {
            None => Ok(Caller::Operator),
            Some(place) => agency(place)
                .map(|&(_, id)| Caller::Agency(id))
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

/// Lets the operator pass.
pub(crate) async fn operator(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match app.callers.recognise(request.headers())? {
        Caller::Operator => Ok(next.run(request).await),
        Caller::Agency(_) => Err(Problem::new(Kind::WrongPlane, "this is the operator's")),
    }
}

/// Lets an agency pass, and says which.
pub(crate) async fn agency(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match app.callers.recognise(request.headers())? {
        Caller::Agency(id) => {
            request.extensions_mut().insert(id);
            Ok(next.run(request).await)
        }
        Caller::Operator => Err(Problem::new(Kind::WrongPlane, "this is for agencies")),
    }
}
