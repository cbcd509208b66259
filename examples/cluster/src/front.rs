//! The operator's endpoints.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use canvass::parts::OperatorKey;
use canvass::{AuthorizedRequest, Change, OwnerId, Request, RequestId};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bus::{Answer, Bus, Call, Recipient};
use crate::look::Looker;
use crate::placement::Placement;

/// A front: it keeps nothing.
#[derive(Debug)]
pub struct Front {
    bus: Bus,
    looker: Looker,
    key: OperatorKey,
    placement: RwLock<Arc<Placement>>,
}

impl Front {
    /// A front for a region.
    #[must_use]
    pub fn new(bus: Bus, key: OperatorKey, placement: Placement) -> Arc<Self> {
        let looker = Looker::new(bus.clone(), key.clone());
        Arc::new(Self { bus, looker, key, placement: RwLock::new(Arc::new(placement)) })
    }

    fn placement(&self) -> Arc<Placement> {
        Arc::clone(&self.placement.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the table again whenever it changes, so that workers come and go while requests are answered. A
    /// table of another region, or of another number of partitions, is passed over.
    pub async fn follow_placement(self: Arc<Self>, file: PathBuf) {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let Ok(table) = Placement::read(&file) else { continue };
            let known = self.placement();
            let is_same =
                table.region == known.region && table.partitions.len() == known.partitions.len();
            if is_same && table != *known {
                *self.placement.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
            }
        }
    }

    /// The endpoints.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/v1/owners/{owner}/changes", post(changes))
            .route("/v1/owners/{owner}", get(owner))
            .route("/v1/requests", post(open))
            .route("/v1/requests/{id}/route", get(route))
            .route("/v1/requests/{id}/ask", post(ask))
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
    let placement = front.placement();
    let workers = placement.workers(placement.partition_of(owner));
    match front.bus.write(workers, &Call::Change { owner, changes }).await {
        Answer::Written(sequence) => done(&json!({ "sequence": sequence })),
        answer => other(answer),
    }
}

async fn owner(
    State(front): State<Arc<Front>>,
    Path(owner): Path<u64>,
    Query(AtLeast { at_least }): Query<AtLeast>,
) -> Response {
    let (placement, owner) = (front.placement(), OwnerId(owner));
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
    match front.bus.write(&front.placement().requests, &call).await {
        Answer::Opened { id, sequence } => done(&json!({ "id": id, "sequence": sequence })),
        answer => other(answer),
    }
}

async fn route(
    State(front): State<Arc<Front>>,
    Path(id): Path<u64>,
    Query(AtLeast { at_least }): Query<AtLeast>,
) -> Response {
    let placement = front.placement();
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
    let bytes = BASE64_STANDARD.decode(sealed).unwrap_or_default();
    let authorized = match AuthorizedRequest::unseal(&front.key, &bytes) {
        Ok(authorized) => authorized,
        Err(error) => return refusal("sealed", &error.to_string()),
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
    match front.bus.write(&front.placement().requests, &Call::AskDue { id: RequestId(id) }).await {
        Answer::Due { asked, revision, unavailable } => {
            done(&json!({ "asked": asked, "revision": revision, "unavailable": unavailable }))
        }
        answer => other(answer),
    }
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

fn refusal(code: &str, message: &str) -> Response {
    let status = match code {
        "unreadable" | "other_owner" => StatusCode::BAD_REQUEST,
        "unknown_request" | "unknown_agency" => StatusCode::NOT_FOUND,
        "change_refused" | "refused_by_policy" | "not_open" | "not_opened" | "twice_camera" => {
            StatusCode::CONFLICT
        }
        "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let problem = json!({ "code": code, "message": message });
    (status, axum::Json(problem)).into_response()
}
