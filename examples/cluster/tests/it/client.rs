//! Callers of the front, and the notes that they keep for the checker.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use canvass::{
    AgencyId, Area, AskLimit, Camera, CameraId, Change, Consent, IncidentKind, OwnerId, Position,
    Recording, Request, RequestId, TimeWindow,
};
use canvass_cluster::roles::call::Recipient;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A call with its answer, or none.
pub fn call(front: SocketAddr, path: &str, body: Option<String>) -> Option<(u16, Value)> {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(30)))
        .http_status_as_error(false)
        .build();
    let agent = ureq::Agent::new_with_config(config);
    let url = format!("http://{front}{path}");
    let answer = match body {
        Some(body) => agent.post(&url).send(body),
        None => agent.get(&url).call(),
    };
    let mut answer = answer.ok()?;
    let text = answer.body_mut().read_to_string().ok()?;
    Some((answer.status().as_u16(), serde_json::from_str(&text).ok()?))
}

/// A list of changes that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub owner: OwnerId,
    pub changes: Vec<Change>,
    pub begun: Instant,
    /// When it was acknowledged, and its record; none if it was refused or its outcome is unknown.
    pub acknowledged: Option<(Instant, u64)>,
    /// Whether it may be in the log.
    pub is_refused: bool,
}

/// A route that was answered.
#[derive(Clone, Debug)]
pub struct Looked {
    pub request: RequestId,
    pub at_least: u64,
    pub revision: u64,
    pub now: Timestamp,
    pub recipients: Vec<Recipient>,
}

/// Owners who were handed over.
#[derive(Clone, Debug)]
pub struct HandedOver {
    pub request: RequestId,
    pub begun: Instant,
    pub asked: Vec<Recipient>,
}

/// How often an owner may be asked in seven and in thirty days.
pub fn limit(owner: OwnerId) -> u8 {
    [30, 1, 2][owner.0 as usize % 3]
}

pub fn consent(owner: u64) -> Consent {
    let most = limit(OwnerId(owner));
    Consent::granted().with_limit(AskLimit::new(most, most).unwrap())
}

pub fn camera(owner: u64) -> Camera {
    let at = |step: u64| step as f64 * 1e-4;
    let position = Position::new(10.0 + at(owner % 10), 50.0 + at(owner / 10)).unwrap();
    Camera::new(CameraId(owner), OwnerId(owner), position, Recording::kept_for_days(30))
}

/// Sends a list of changes of one owner.
pub fn change(front: SocketAddr, owner: u64, changes: Vec<Change>) -> Sent {
    let begun = Instant::now();
    let body = serde_json::to_string(&changes).unwrap();
    let answer = call(front, &format!("/v1/owners/{owner}/changes"), Some(body));
    let acknowledged = match &answer {
        Some((200, value)) => Some((Instant::now(), value["sequence"].as_u64().unwrap())),
        _ => None,
    };
    let is_refused = matches!(&answer, Some((409 | 400, _)));
    Sent { owner: OwnerId(owner), changes, begun, acknowledged, is_refused }
}

/// Opens a request about all owners, or about some.
pub fn open(front: SocketAddr, agency: u64, rows: u64) -> Option<RequestId> {
    let north = 50.0 + rows as f64 * 1e-4 - 5e-5;
    let area = Area::from_bounds(9.999, 49.999, 10.01, north).unwrap();
    let now = Timestamp::now();
    let ago = |hours| now - SignedDuration::from_hours(hours);
    let window = TimeWindow::new(ago(3), ago(1)).unwrap();
    let request = Request::new(AgencyId(agency), IncidentKind::Burglary, area, window);
    let (status, value) =
        call(front, "/v1/requests", Some(serde_json::to_string(&request).unwrap()))?;
    (status == 200).then(|| RequestId(value["id"].as_u64().unwrap()))
}

/// Looks at a request; the code of the refusal if there is no route.
pub fn look(front: SocketAddr, request: RequestId, at_least: u64) -> Result<Looked, String> {
    let answer = call(front, &format!("/v1/requests/{request}/route?at_least={at_least}"), None);
    let (status, value) = answer.ok_or("no answer")?;
    if status != 200 {
        return Err(value["code"].as_str().unwrap().to_owned());
    }
    Ok(Looked {
        request,
        at_least,
        revision: value["revision"].as_u64().unwrap(),
        now: value["now"].as_str().unwrap().parse().unwrap(),
        recipients: serde_json::from_value(value["recipients"].clone()).unwrap(),
    })
}

/// Asks whoever is due; the code of the refusal if nobody was.
pub fn ask(front: SocketAddr, request: RequestId) -> Result<HandedOver, String> {
    let begun = Instant::now();
    let answer = call(front, &format!("/v1/requests/{request}/ask"), Some(String::new()));
    let (status, value) = answer.ok_or("no answer")?;
    if status != 200 {
        return Err(value["code"].as_str().unwrap().to_owned());
    }
    let asked = serde_json::from_value(value["asked"].clone()).unwrap();
    Ok(HandedOver { request, begun, asked })
}
