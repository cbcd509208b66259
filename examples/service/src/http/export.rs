//! A registry as a list of changes that makes it again, a page of owners at a time: what `POST /v1/changes` and
//! `--import` take.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use canvass::OwnerId;
use serde::Deserialize;

use super::problem::{Kind, Problem};
use super::{App, body};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    after: Option<OwnerId>,
}

/// `GET /v1/export?after=OWNER`: the next owners in the order of their numbers, with all that is known of them. Each
/// page is as of its own revision: with changes in between, an owner is as they were when their page was made.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    after: Result<Query<After>, QueryRejection>,
) -> Result<Response, Problem> {
    let bad = |error: QueryRejection| Problem::new(Kind::BadQuery, error.body_text());
    let Query(After { after }) = after.map_err(bad)?;
    Ok(body::json(StatusCode::OK, &app.engine.export(after).await?))
}
