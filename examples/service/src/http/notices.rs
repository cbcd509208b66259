//! Notices: drafted and linted as often as a reviewer likes, approved by a person, and sent as
//! letters in each owner's local time. An approval publishes the request's bulletin.

use std::sync::Arc;

use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::Response;
use canvass::bulletin::{Bulletin, BulletinError};
use canvass::h3o::Resolution;
use canvass::notice::lint_public;
use canvass::notice::{NoticeDraft, NoticeTemplate, Placeholder};
use canvass::{Agency, AuthorizedRequest, CameraId, OwnerId, Zone};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::agency::request_id;
use super::body::Sent;
use super::problem::{Kind, Problem};
use super::{App, body};
use crate::engine::NotAuthorized;
use crate::record::Record;
use crate::store::{Caller, KeptNotice};
use crate::texts;

/// A notice as a reviewer writes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    template: String,
    stop: String,
    #[serde(default)]
    withheld: Vec<String>,
    #[serde(default)]
    public_text: String,
    #[serde(default)]
    reviewer: String,
    #[serde(default)]
    approve: bool,
}

/// `GET /v1/requests/{id}/notice`: the template for a reviewer, and the approved notice.
pub(super) async fn look(
    State(app): State<Arc<App>>,
    id: Path<String>,
) -> Result<Response, Problem> {
    let id = request_id(&id)?;
    app.engine.cases().request(id).ok_or(NotAuthorized::Unknown(id))?;
    let disclosed = app.engine.disclosed().read();
    let approved = disclosed.notice(id).map(|kept| {
        json!({
            "template": kept.template, "stop": kept.stop, "withheld": kept.withheld,
            "public_text": kept.public_text, "reviewer": kept.reviewer, "at": kept.at,
            "text": kept.text, "bulletin": disclosed.number(id),
        })
    });
    let placeholders: Vec<_> = Placeholder::ALL.iter().map(|place| place.code()).collect();
    let answer = json!({
        "request": id, "template": app.notices.template, "stop": app.notices.stop,
        "placeholders": placeholders, "approved": approved,
    });
    Ok(body::json(StatusCode::OK, &answer))
}

/// A draft, with all findings.
struct Linted {
    draft: Option<NoticeDraft>,
    bulletin: Option<Bulletin>,
    told: Value,
    passes: bool,
}

/// `POST /v1/requests/{id}/notice`: lints a draft without storing it, or approves it.
pub(super) async fn write(
    State(app): State<Arc<App>>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let id = request_id(&id)?;
    let sent = Sent::receive(request, app.limits.body_bytes, app.body_within()).await?;
    let now = app.now();
    let once = sent.once(Caller::Operator, now);
    let Record(written): Record<Written> = sent.read()?;
    texts::check(&written.reviewer, app.limits.text_characters)
        .map_err(|error| Problem::text("reviewer", error))?;
    let authorized = {
        let (app, look) = (Arc::clone(&app), Arc::clone(&app));
        app.blocking(move || look.engine.cases().authorized(id, now)).await??
    };
    let agency = super::reviews::record(&app, authorized.request().agency)?;
    let linted = lint(&app, &written, &authorized, agency, now)?;
    if !written.approve {
        let mut told = linted.told;
        tell(&mut told, "request", json!(id));
        tell(&mut told, "approved", json!(false));
        return Ok(body::json(StatusCode::OK, &told));
    }
    let refused = |told: &Value| {
        let mut problem =
            Problem::new(Kind::NoticeRefused, "correct the marked text, and approve again");
        for (name, value) in told.as_object().into_iter().flatten() {
            problem = problem.with(name, value);
        }
        problem
    };
    let Linted { draft: Some(draft), bulletin: Some(bulletin), told, passes: true } = linted else {
        return Err(refused(&linted.told));
    };
    let notice = match draft.review(&written.reviewer, now) {
        Ok(notice) => notice,
        Err(canvass::notice::ReviewError::ReviewerMissing) => {
            return Err(Problem::new(Kind::ReviewerMissing, "name the person who has read it"));
        }
        Err(_) => return Err(refused(&told)),
    };
    let kept = KeptNotice {
        template: written.template,
        stop: written.stop,
        withheld: written.withheld,
        public_text: written.public_text,
        agency: agency.name.clone(),
        reviewer: notice.reviewer().to_owned(),
        at: now,
        text: notice.text_in(&Zone::UTC),
    };
    let answered = app.engine.approve(id, kept, bulletin, now, once).await?;
    Ok(body::answered(StatusCode::OK, answered))
}

fn tell(told: &mut Value, name: &str, value: Value) {
    if let Some(told) = told.as_object_mut() {
        told.insert(name.to_owned(), value);
    }
}

/// Lints both texts: the owners' notice, and the public one.
fn lint(
    app: &App,
    written: &Written,
    authorized: &AuthorizedRequest,
    agency: &Agency,
    now: Timestamp,
) -> Result<Linted, Problem> {
    let template = written.template.parse::<NoticeTemplate>();
    let template_error = template.as_ref().err().map(ToString::to_string);
    let draft = match template {
        Ok(template) => {
            let internal = |error: canvass::notice::DraftError| {
                Problem::new(Kind::Internal, error.to_string())
            };
            let draft = template.draft(authorized, agency, &written.stop).map_err(internal)?;
            Some(draft.withholding(written.withheld.iter().cloned()))
        }
        Err(_) => None,
    };
    let findings = draft.as_ref().map(|draft| draft.lint().err());
    let resolution = Resolution::try_from(app.notices.resolution).unwrap_or(Resolution::Seven);
    let bulletin = Bulletin::open(authorized, agency, &written.public_text, resolution, now);
    let public_error = match &bulletin {
        Err(BulletinError::Findings(_)) | Ok(_) => None,
        Err(error) => Some(error.to_string()),
    };
    let none: [(); 0] = [];
    let public = lint_public(&written.public_text).err();
    let told = json!({
        "text": draft.as_ref().map(NoticeDraft::text),
        "findings": findings.as_ref().and_then(Option::as_ref).map_or(json!(none), |found| json!(found)),
        "public_findings": public.as_ref().map_or(json!(none), |found| json!(found)),
        "template_error": template_error, "public_error": public_error,
    });
    let passes = matches!(findings, Some(None)) && bulletin.is_ok();
    Ok(Linted { draft, bulletin: bulletin.ok(), told, passes })
}

/// One owner's letter.
#[derive(Serialize)]
struct Letter {
    owner: OwnerId,
    cameras: Vec<CameraId>,
    zone: Zone,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
    text: String,
}

/// `GET /v1/requests/{id}/letters`: a letter for each owner who was asked and still agrees, in their local time.
pub(super) async fn letters(
    State(app): State<Arc<App>>,
    id: Path<String>,
) -> Result<Response, Problem> {
    let (id, now) = (request_id(&id)?, app.now());
    let look = Arc::clone(&app);
    let (authorized, notice) = app
        .blocking(move || {
            let authorized = look.engine.cases().authorized(id, now)?;
            let (notice, _) = look.engine.notice(id, &authorized)?;
            Ok::<_, Problem>((authorized, notice))
        })
        .await??;
    let asked = app.engine.asked(id, &authorized, now).await?;
    let otherwise = app.zone_of_owners(&authorized);
    let letters: Vec<Letter> = asked
        .into_iter()
        .map(|asked| {
            let zone = asked.zone.unwrap_or_else(|| otherwise.clone());
            let quiet = authorized.quiet_hours();
            Letter {
                owner: asked.owner,
                cameras: asked.cameras,
                not_before: quiet.and_then(|hours| hours.not_before(now, &zone)),
                text: notice.text_in(&zone),
                zone,
            }
        })
        .collect();
    Ok(body::json(StatusCode::OK, &json!({ "request": id, "letters": letters })))
}

impl App {
    /// The zone of owners without a zone of their own.
    pub(super) fn zone_of_owners(&self, authorized: &AuthorizedRequest) -> Zone {
        let quiet = || authorized.quiet_hours().map(|hours| hours.zone().clone());
        self.notices.zone.clone().or_else(quiet).unwrap_or(Zone::UTC)
    }
}
