//! The operator's endpoints.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use canvass::parts::OperatorKey;
use canvass::{AuthorizedRequest, Change, OwnerId, Request, RequestId};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::bus::Bus;
use super::call::{Answer, Call, Recipient};
use super::look::Looker;
use crate::log::record::{ChainId, REQUESTS};
use crate::placement::Table;

/// The largest body that is read.
const BODY: usize = 64 << 20;

/// A front: it keeps nothing.
#[derive(Debug)]
pub struct Front {
    bus: Bus,
    looker: Looker,
    key: OperatorKey,
    table: Table,
}

impl Front {
    /// A front for a region.
    #[must_use]
    pub fn new(bus: Bus, key: OperatorKey, table: Table) -> Arc<Self> {
        let looker = Looker::new(bus.clone(), key.clone());
        Arc::new(Self { bus, looker, key, table })
    }

    /// The endpoints.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/v1/owners/{owner}/changes", post(changes))
            .route("/v1/owners/{owner}", get(owner))
            .route("/v1/imports", post(import))
            .route("/v1/requests", post(open))
            .route("/v1/requests/{id}/route", get(route))
            .route("/v1/requests/{id}/ask", post(ask))
            .layer(DefaultBodyLimit::max(BODY))
            .layer(middleware::map_response(as_problem))
            .with_state(self)
    }
}

#[derive(Deserialize)]
struct AtLeast {
    #[serde(default)]
    at_least: u64,
}

async fn changes(
    State(front): State<Arc<Front>>,
    Path(owner): Path<u64>,
    body: String,
) -> Response {
    let changes: Vec<Change> = match serde_json::from_str(&body) {
        Ok(changes) => changes,
        Err(error) => return refusal("unreadable", &error.to_string()),
    };
    let owner = OwnerId(owner);
    let placement = front.table.current();
    let chain = placement.partition_of(owner);
    let call = Call::Change { owner, changes };
    match front.bus.write(chain, placement.workers(chain), &call).await {
        Answer::Written(sequence) => done(&json!({ "sequence": sequence })),
        answer => other(answer),
    }
}

/// Deals an import to the partitions. Each partition's share is applied whole or not at all.
async fn import(State(front): State<Arc<Front>>, body: String) -> Response {
    let changes: Vec<Change> = match serde_json::from_str(&body) {
        Ok(changes) => changes,
        Err(error) => return refusal("unreadable", &error.to_string()),
    };
    let placement = front.table.current();
    let mut shares = BTreeMap::<ChainId, Vec<Change>>::new();
    for change in changes {
        let Some(owner) = change.owner() else {
            return refusal("not_an_import", "a change names no owner");
        };
        shares.entry(placement.partition_of(owner)).or_default().push(change);
    }
    let calls = shares.into_iter().map(|(chain, changes)| {
        let call = Call::Import { chain, changes };
        let (front, placement) = (&front, &placement);
        async move { (chain, front.bus.write(chain, placement.workers(chain), &call).await) }
    });
    let mut sequences = BTreeMap::new();
    let mut refused = BTreeMap::new();
    for (chain, answer) in futures_util::future::join_all(calls).await {
        match answer {
            Answer::Written(sequence) => {
                sequences.insert(chain, sequence);
            }
            Answer::Refused { code, message } => {
                refused.insert(chain, json!({ "code": code, "message": message }));
            }
            _ => {
                refused.insert(chain, json!({ "code": "other_answer" }));
            }
        }
    }
    let status = if refused.is_empty() { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    let value = json!({ "sequences": sequences, "refused": refused });
    (status, axum::Json(value)).into_response()
}

async fn owner(
    State(front): State<Arc<Front>>,
    Path(owner): Path<u64>,
    Query(AtLeast { at_least }): Query<AtLeast>,
) -> Response {
    let (placement, owner) = (front.table.current(), OwnerId(owner));
    let workers = placement.workers(placement.partition_of(owner));
    match front.bus.look(workers, 0, &Call::Owner { owner, at_least }).await {
        Some(Answer::Owner(record)) => done(&json!(record)),
        Some(answer) => other(answer),
        None => {
            refusal("partition_unavailable", "no replica of the owner's partition answers in time")
        }
    }
}

async fn open(State(front): State<Arc<Front>>, body: String) -> Response {
    let request: Request = match serde_json::from_str(&body) {
        Ok(request) => request,
        Err(error) => return refusal("unreadable", &error.to_string()),
    };
    let call = Call::Open { request: Box::new(request) };
    match front.bus.write(REQUESTS, &front.table.current().requests, &call).await {
        Answer::Opened { id, sequence } => done(&json!({ "id": id, "sequence": sequence })),
        answer => other(answer),
    }
}

async fn route(
    State(front): State<Arc<Front>>,
    Path(id): Path<u64>,
    Query(AtLeast { at_least }): Query<AtLeast>,
) -> Response {
    let placement = front.table.current();
    let call = Call::Standing { id: RequestId(id), at_least };
    let sealed = match front.bus.look(&placement.requests, 0, &call).await {
        Some(Answer::Standing(sealed)) => sealed,
        Some(answer) => return other(answer),
        None => {
            return refusal(
                "requests_unavailable",
                "no process that keeps requests answers in time",
            );
        }
    };
    let authorized = match unsealed(&front.key, &sealed) {
        Ok(authorized) => authorized,
        Err(reason) => return refusal("sealed", &reason),
    };
    let now = Timestamp::now();
    match front.looker.route(&placement, &authorized, now, at_least).await {
        Ok(route) => {
            let recipients: Vec<Recipient> = route
                .recipients()
                .map(|to| Recipient {
                    owner: to.owner,
                    cameras: to.cameras.to_vec(),
                    not_before: to.not_before,
                })
                .collect();
            done(&json!({ "revision": route.revision(), "now": now, "recipients": recipients }))
        }
        Err(error) => refusal(error.code(), &error.to_string()),
    }
}

async fn ask(State(front): State<Arc<Front>>, Path(id): Path<u64>) -> Response {
    let call = Call::AskDue { id: RequestId(id) };
    match front.bus.write(REQUESTS, &front.table.current().requests, &call).await {
        Answer::Due { asked, revision, unavailable } => {
            done(&json!({ "asked": asked, "revision": revision, "unavailable": unavailable }))
        }
        answer => other(answer),
    }
}

fn unsealed(key: &OperatorKey, sealed: &str) -> Result<AuthorizedRequest, String> {
    let bytes = BASE64_STANDARD.decode(sealed).map_err(|error| error.to_string())?;
    AuthorizedRequest::unseal(key, &bytes).map_err(|error| error.to_string())
}

fn done(value: &Value) -> Response {
    (StatusCode::OK, axum::Json(value)).into_response()
}

fn other(answer: Answer) -> Response {
    match answer {
        Answer::Refused { code, message } => refusal(&code, &message),
        _ => refusal("other_answer", "the answer is to another call"),
    }
}

/// Refusals of the framework, which are plain text, as problems with a code.
async fn as_problem(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let is_json = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if parts.status.is_success() || is_json {
        return Response::from_parts(parts, body);
    }
    let code = match parts.status {
        StatusCode::NOT_FOUND => "no_such_endpoint",
        StatusCode::METHOD_NOT_ALLOWED => "other_method",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        _ => "unreadable",
    };
    let text = axum::body::to_bytes(body, 4_096).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let words = if text.is_empty() { parts.status.to_string() } else { text.into_owned() };
    (parts.status, axum::Json(json!({ "code": code, "message": words }))).into_response()
}

fn refusal(code: &str, message: &str) -> Response {
    let status = match code {
        "unreadable" | "other_owner" | "not_an_import" => StatusCode::BAD_REQUEST,
        "unknown_request" | "unknown_agency" => StatusCode::NOT_FOUND,
        "change_refused" | "refused_by_policy" | "not_open" | "not_opened" | "twice_camera"
        | "ask_under_way" => StatusCode::CONFLICT,
        "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let problem = json!({ "code": code, "message": message });
    (status, axum::Json(problem)).into_response()
}
