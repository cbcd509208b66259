//! The agencies' plane: requests go in, receipts come out, and outcomes after the end. Nothing here
//! routes, so no answer reveals who lives where, not even by its time.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::Response;
use canvass::error::CaseFileError;
use canvass::{AgencyId, AuthorizedRequest, Request, RequestId, Violations};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::body::{Nothing, Sent};
use super::problem::{Kind, Problem};
use super::reviews::{read, record, refusals};
use super::{App, body};
use crate::engine::{Refusal, Step, Told};
use crate::record::Record;
use crate::store::{Answered, Caller, Once};

/// The number of reviews of a request while overlapping ones are being opened.
const REVIEWS: usize = 5;

/// The result of a review.
enum Looked {
    Again(Answered),
    Passed(Box<AuthorizedRequest>),
    Refused(Box<(Request, Violations)>),
}

/// `POST /v1/requests`
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let sent = Sent::receive(request, app.limits.body_bytes, app.body_within()).await?;
    for _ in 0..REVIEWS {
        let now = app.sure_now()?;
        let once = sent.once(Caller::Agency(agency), now);
        let (looking, text, same) = (Arc::clone(&app), sent.text.clone(), once.clone());
        let looked =
            app.blocking(move || look(&looking, agency, &text, same.as_ref(), now)).await??;
        let authorized = match looked {
            Looked::Again(answered) => return Ok(body::answered(StatusCode::CREATED, answered)),
            Looked::Passed(authorized) => *authorized,
            Looked::Refused(refused) => {
                let (request, violations) = *refused;
                // The entry of a refusal is stored for good, so it is charged like an opened
                // request.
                let account = app.account(agency).ok_or_else(no_account)?;
                let reserved = account.refuse()?;
                app.engine.refused(&request, &violations, now).await?;
                reserved.keep();
                let told = refusals(&app, &request, record(&app, agency)?, &violations);
                return Err(
                    Problem::new(Kind::Refused, violations.to_string()).with("violations", told)
                );
            }
        };
        let open = || app.engine.cases().with_case_file(agency, |file| file.open_at(now).count());
        let account = app.account(agency).ok_or_else(no_account)?;
        let reserved = account.open(authorized.request(), open)?;
        match app.engine.open(authorized, now, once).await {
            // An overlapping request was opened since the review, which must include it.
            Err(Refusal::CaseFile(CaseFileError::OverlapOpened { .. })) => {}
            opened => {
                let opened = opened?;
                reserved.keep();
                return Ok(body::answered(StatusCode::CREATED, opened));
            }
        }
    }
    let detail =
        "your agency opened other requests about the same place at the same time; try again";
    Err(Problem::new(Kind::Overloaded, detail))
}

/// Reviews a request, unless it was answered before. An opened request counts against a repetition
/// of itself, so the key is looked up first, and again if the review refuses: the first answer may
/// have been given meanwhile.
fn look(
    app: &App,
    agency: AgencyId,
    text: &[u8],
    once: Option<&Once>,
    now: Timestamp,
) -> Result<Looked, Problem> {
    let before = || answered_before(app, once);
    if let Some(answered) = before()? {
        return Ok(Looked::Again(answered));
    }
    let looked = (|| {
        let request = read(app, text)?;
        // The token identifies the agency; the policy refuses a request that names another.
        match app.engine.cases().review(&request, record(app, agency)?, now) {
            Ok(authorized) => Ok(Looked::Passed(Box::new(authorized))),
            Err(violations) => Ok(Looked::Refused(Box::new((request, violations)))),
        }
    })();
    match looked {
        Ok(passed @ Looked::Passed(_)) => Ok(passed),
        refused => match before()? {
            Some(answered) => Ok(Looked::Again(answered)),
            None => refused,
        },
    }
}

pub(super) fn no_account() -> Problem {
    Problem::new(Kind::Internal, "the agency of this token is not on record")
}

/// `GET /v1/requests/{id}`
pub(super) async fn receipt(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    id: Path<String>,
) -> Result<Response, Problem> {
    let (id, now) = (request_id(&id)?, app.now());
    let pool = Arc::clone(&app);
    let looking = move || {
        let opened = app.engine.cases().request(id);
        // Another agency's request gets the same answer as one that does not exist.
        let own = opened.filter(|opened| opened.request().agency == agency);
        let receipt = app.engine.receipt(id)?;
        let (opened, receipt) = own.zip(receipt).ok_or_else(|| no_such_request(id))?;
        Ok(body::json(StatusCode::OK, &Told::of(&opened, &receipt, now)))
    };
    pool.blocking(looking).await?
}

/// `GET /v1/requests/{id}/outcome`: the outcome of the agency's own request, after its end.
pub(super) async fn outcome(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    id: Path<String>,
) -> Result<Response, Problem> {
    let outcome = app.engine.outcome(agency, request_id(&id)?).await?;
    Ok(body::json(StatusCode::OK, &outcome?))
}

/// `GET /v1/outcomes/pools/{pool}`: the outcome of ten of the agency's own requests together.
pub(super) async fn pool(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    pool: Path<String>,
) -> Result<Response, Problem> {
    let refused = |_| Problem::new(Kind::BadRequest, "a pool's number is a whole number");
    let outcome = app.engine.pool(agency, pool.parse().map_err(refused)?).await?;
    Ok(body::json(StatusCode::OK, &outcome?))
}

/// `POST /v1/requests/{id}/resolve`
pub(super) async fn resolve(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    go_on(app, agency, &id, request, |Nothing {}| Step::Resolve).await
}

/// `POST /v1/requests/{id}/withdraw`
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    go_on(app, agency, &id, request, |Nothing {}| Step::Withdraw).await
}

/// Takes the step that a body describes.
async fn go_on<T: DeserializeOwned>(
    app: Arc<App>,
    agency: AgencyId,
    id: &str,
    request: HttpRequest,
    step: impl FnOnce(T) -> Step,
) -> Result<Response, Problem> {
    let id = request_id(id)?;
    let sent = Sent::receive(request, app.limits.body_bytes, app.body_within()).await?;
    // A body may arrive slowly: the time of its end counts.
    let now = app.now();
    let Record(asked) = sent.read()?;
    let (step, once) = (step(asked), sent.once(Caller::Agency(agency), now));
    Ok(body::answered(StatusCode::OK, app.engine.go_on(agency, id, step, now, once).await?))
}

/// The earlier answer to the same body under the same key.
pub(super) fn answered_before(app: &App, once: Option<&Once>) -> Result<Option<Answered>, Problem> {
    match once.map(|once| app.engine.answered(once)) {
        Some(kept) => kept?.transpose().map_err(|other| Problem::from(Refusal::from(other))),
        None => Ok(None),
    }
}

pub(super) fn request_id(text: &str) -> Result<RequestId, Problem> {
    let refused = |_| Problem::new(Kind::NoSuchRequest, "a request's number is a whole number");
    text.parse().map(RequestId).map_err(refused)
}

pub(super) fn no_such_request(id: RequestId) -> Problem {
    Problem::new(Kind::NoSuchRequest, format!("no request `{id}` is yours to see"))
}
