//! The public plane: bulletins, coverage, the policy and the agencies, and the audit log. Nobody
//! signs in, and all get the same answers.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use canvass::audit::{AuditEntry, ProofError};
use canvass::{IncidentKind, Violation};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::{Kind, Problem};
use super::{App, body};
use crate::engine::Disclosures;
use crate::store::KeptBulletin;

/// The number of items on a page.
const PAGE: usize = 100;

/// An answer that is the same for all, and may be cached for five minutes.
fn shared(answer: &Value) -> Response {
    let mut response = body::json(StatusCode::OK, answer);
    let kept = HeaderValue::from_static("public, max-age=300");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    response
}

/// `GET /v1/agencies`: the agencies on record.
pub(super) async fn agencies(State(app): State<Arc<App>>) -> Response {
    let agencies = app.engine.cases().agencies();
    let agencies: Vec<Value> =
        agencies.map(|agency| json!({ "name": agency.name, "kind": agency.kind })).collect();
    shared(&json!({ "agencies": agencies }))
}

/// `GET /v1/policy`: the limits in force, without the sensitive places, some of which are secret.
pub(super) async fn policy(State(app): State<Arc<App>>) -> Response {
    let mut policy = json!(app.engine.cases().policy());
    if let Some(policy) = policy.as_object_mut() {
        policy.remove("sensitive_places");
    }
    shared(&json!({
        "policy": policy, "incidents": IncidentKind::ALL, "refusals": Violation::CODES,
        "flaws": FLAWS,
    }))
}

/// The codes of all flaws of drawings.
const FLAWS: [&str; 17] = [
    "too_few_vertices",
    "not_finite",
    "latitude_out_of_range",
    "longitude_out_of_range",
    "self_crossing",
    "self_touch",
    "spike",
    "hole_crosses_shell",
    "hole_along_shell",
    "hole_outside_shell",
    "holes_overlap",
    "nested_hole",
    "parts_overlap",
    "parts_share_edge",
    "interior_disconnected",
    "pole_enclosed",
    "too_wide",
];

/// A query for the bulletins before one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Before {
    before: Option<u64>,
}

fn bad(error: &QueryRejection) -> Problem {
    Problem::new(Kind::BadQuery, error.body_text())
}

/// `GET /v1/bulletins?before=N`: the newest first.
pub(super) async fn bulletins(
    State(app): State<Arc<App>>,
    before: Result<Query<Before>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Before { before }) = before.map_err(|error| bad(&error))?;
    let telling = {
        let app = Arc::clone(&app);
        move || {
            let disclosed = app.engine.disclosed().read();
            let last = disclosed.bulletins();
            let end = before.map_or(last, |before| last.min(before.saturating_sub(1)));
            let numbers = (1..=end).rev();
            let page: Vec<Value> = numbers
                .clone()
                .take(PAGE)
                .filter_map(|number| Some(bulletin_of(number, disclosed.bulletin(number)?)))
                .collect();
            json!({ "bulletins": page, "more": numbers.count() > PAGE })
        }
    };
    Ok(shared(&app.blocking(telling).await?))
}

/// `GET /v1/bulletins/{id}`.
pub(super) async fn bulletin(
    State(app): State<Arc<App>>,
    number: Path<String>,
) -> Result<Response, Problem> {
    let none = || Problem::new(Kind::NoSuchBulletin, "bulletins are numbered from 1");
    let number: u64 = number.parse().map_err(|_| none())?;
    let disclosed = app.engine.disclosed().read();
    let kept = disclosed.bulletin(number).ok_or_else(none)?;
    Ok(shared(&bulletin_of(number, kept)))
}

/// A bulletin for the public: without the id of its request, which its agency knows.
fn bulletin_of(number: u64, kept: &KeptBulletin) -> Value {
    let bulletin = &kept.bulletin;
    let mut told = json!(bulletin);
    let outline: Value = serde_json::from_str(&bulletin.to_geojson()).unwrap_or_default();
    if let Some(told) = told.as_object_mut() {
        told.insert("id".to_owned(), json!(number));
        told.insert("ending".to_owned(), json!(bulletin.ending()));
        told.insert("head".to_owned(), json!(bulletin.head()));
        told.insert("outline".to_owned(), outline);
    }
    told
}

/// `GET /v1/coverage`: the last one, made at a fixed date. Made on demand, two in succession would
/// reveal single registrations.
pub(super) async fn coverage(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let disclosed = app.engine.disclosed().read();
    let none = || Problem::new(Kind::NoCoverage, "the first is made shortly after the start");
    let (_, made) = disclosed.coverage().ok_or_else(none)?;
    Ok(shared(&json!(made)))
}

/// `GET /v1/log/head`: to be kept by whoever wants to find out whether the log is ever rewritten. One a period.
pub(super) async fn head(State(app): State<Arc<App>>) -> Response {
    body::json(StatusCode::OK, &app.engine.disclosed().read().log().head())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    #[serde(default)]
    from: u64,
}

/// `GET /v1/log/entries?from=N`: the entries of all batches that were closed. None is withheld: neither its size nor
/// its place follows who was asked, and to show some of them later would tell when their requests end.
pub(super) async fn entries(
    State(app): State<Arc<App>>,
    from: Result<Query<Start>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Start { from }) = from.map_err(|error| bad(&error))?;
    let telling = {
        let app = Arc::clone(&app);
        move || entries_of(&app.engine.disclosed().read(), from)
    };
    Ok(body::json(StatusCode::OK, &app.blocking(telling).await?))
}

fn entries_of(disclosed: &Disclosures, from: u64) -> Value {
    let log = disclosed.log();
    let end = log.len().min(from.saturating_add(PAGE as u64));
    let entries: Vec<Value> =
        (from..end).filter_map(|index| Some(entry(index, log.entry(index)?))).collect();
    json!({ "head": log.head(), "entries": entries, "more": end < log.len() })
}

/// An entry with its bytes, which are the leaf of the log's tree.
pub(super) fn entry(index: u64, found: &AuditEntry) -> Value {
    json!({ "index": index, "bytes": hex(&found.to_bytes()), "entry": found })
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Index {
    index: u64,
}

/// `GET /v1/log/inclusion?index=N`: the proof that the log has an entry.
pub(super) async fn inclusion(
    State(app): State<Arc<App>>,
    index: Result<Query<Index>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Index { index }) = index.map_err(|error| bad(&error))?;
    let disclosed = app.engine.disclosed().read();
    let proof = disclosed.log().inclusion_proof(index).map_err(no_such_entry)?;
    let answer = json!({ "head": disclosed.log().head(), "index": index, "proof": proof });
    Ok(body::json(StatusCode::OK, &answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Older {
    older: u64,
}

/// `GET /v1/log/consistency?older=N`: the proof that the log extends its first `older` entries.
pub(super) async fn consistency(
    State(app): State<Arc<App>>,
    older: Result<Query<Older>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Older { older }) = older.map_err(|error| bad(&error))?;
    let disclosed = app.engine.disclosed().read();
    let proof = disclosed.log().consistency_proof(older).map_err(no_such_entry)?;
    let answer = json!({ "head": disclosed.log().head(), "older": older, "proof": proof });
    Ok(body::json(StatusCode::OK, &answer))
}

fn no_such_entry(error: ProofError) -> Problem {
    Problem::new(Kind::NoSuchEntry, error.to_string())
}
