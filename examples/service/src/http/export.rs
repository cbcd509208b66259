//! A registry as a list of changes that rebuilds it, one page of owners at a time: input for
//! `POST /v1/changes` and `--import`.

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

/// `GET /v1/export?after=OWNER`: the next owners in the order of their ids, with all their data.
/// Each page has its own revision: an owner is exported as of their page.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    after: Result<Query<After>, QueryRejection>,
) -> Result<Response, Problem> {
    let bad = |error: QueryRejection| Problem::new(Kind::BadQuery, error.body_text());
    let Query(After { after }) = after.map_err(bad)?;
    Ok(body::json(StatusCode::OK, &app.engine.export(after).await?))
}
