//! A week in one neighbourhood: who is asked, who is not, and what everybody gets to see.
//!
//! ```text
//! cargo run --release --example consent
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to its terminal")]

use std::error::Error;

use canvass::{
    Agency, AgencyId, AgencyKind, Area, Asked, AuditEntry, AuditLog, AuthorizedRequest, Camera,
    CameraId, Change, ChangeError, Consent, EntrySeed, IncidentKind, NoticeTemplate, OpenRequests,
    OwnerId, OwnerSalt, Policy, Position, Recording, Registry, Request, RequestId, Route, Scope,
    TimeWindow, Zone,
};
use jiff::Timestamp;

/// What owners get, in the operator's words.
const TEMPLATE: &str = "{agency} asks for footage of {window}, case {case}. \
    To share is voluntary, and this is not a warrant. Questions: {contact}. {stop}";

const ADA: OwnerId = OwnerId(7);
const BEN: OwnerId = OwnerId(8);
const CLEO: OwnerId = OwnerId(9);
const DANA: OwnerId = OwnerId(24);
/// Who never answered.
const SILENT: OwnerId = OwnerId(10);

fn main() -> Result<(), Box<dyn Error>> {
    let registry = Registry::new();
    let (policy, agency) = (Policy::default(), agency()?);
    let mut requests = OpenRequests::new(0);
    let mut log = AuditLog::new();

    day("Monday: a street registers its cameras, and all but one household agree to be asked");
    let cameras = (0..24).map(camera).collect::<Result<Vec<_>, _>>()?;
    registry.apply(cameras.into_iter().map(Change::Register))?;
    let zone: Zone = "America/Indiana/Indianapolis".parse()?;
    let yes = Consent::granted().zone(zone);
    let owners = (0..24).map(OwnerId).filter(|&owner| owner != SILENT);
    registry.apply(owners.map(|owner| Change::SetConsent { owner, consent: yes.clone() }))?;
    let cautious = yes.clone().incidents(Scope::only([IncidentKind::MissingPerson]));
    registry.apply([Change::SetConsent { owner: CLEO, consent: cautious }])?;
    println!("24 cameras; owner {SILENT} never answered, {CLEO} agreed for missing persons only");

    day("Tuesday evening: a burglary, a request, a route for the operator, and a receipt");
    let now: Timestamp = "2026-05-06T01:30:00Z".parse()?; // 21:30 on the street
    let request = burglary("AS-2026-0417", "2026-05-04T22:00:00Z", "2026-05-05T02:00:00Z")?;
    let first = policy.review(&request, &agency, &requests.case_file(agency.id), now)?;
    requests.open(RequestId(1), &first, now)?;
    log.append(AuditEntry::accepted(&first, &seed(1)))?;
    println!("receipt  {}", serde_json::to_string(&first.receipt())?);
    let route = registry.snapshot().route(&first, now);
    why(&registry, &first, now, [ADA, CLEO, SILENT]);
    let ada = route.recipients().find(|asked| asked.owner == ADA).ok_or("Ada is not asked")?;
    let wait = ada.not_before.ok_or("at once")?;
    println!("{} owners; it is late: Ada's notice waits until {wait}", route.owners());

    day("Wednesday, 8:00: the notices go out, each in its owner's local time");
    let now: Timestamp = "2026-05-06T12:00:00Z".parse()?;
    let stop = "To stop being asked, reply STOP.";
    let draft = TEMPLATE.parse::<NoticeTemplate>()?.draft(&first, &agency, stop)?;
    let notice = draft.review("J. Hill", now)?;
    let route = route.recheck(&registry.snapshot(), now);
    let (route, _) = requests.record_asked(RequestId(1), &route, now)?;
    let entry = log.append(AuditEntry::routed(&route, &seed(2), salt_of)?)?;
    send(&registry, &route, now)?;
    let mailing = route.with_notice(&notice, |_| "America/New_York".parse().ok())?;
    println!("{}", mailing.letters().next().ok_or("no letter")?.text);

    day("Wednesday, 16:00: Dana moves in and agrees; the request is open, so she is asked as well");
    let now: Timestamp = "2026-05-06T20:00:00Z".parse()?;
    let agreed = Change::SetConsent { owner: DANA, consent: yes };
    let changes = [Change::Register(camera(DANA.0)?), agreed];
    ask_who_is_new((&registry, &mut requests), &first, &changes, now)?;

    day("Thursday: Ben pauses for a month; the agency asks a second time in the same case");
    let now: Timestamp = "2026-05-07T14:00:00Z".parse()?;
    let paused = Consent::granted().paused_until("2026-06-07T00:00:00Z".parse()?);
    registry.apply([Change::SetConsent { owner: BEN, consent: paused }])?;
    let request = burglary("AS-2026-0417", "2026-05-05T02:00:00Z", "2026-05-05T06:00:00Z")?;
    let second = policy.review(&request, &agency, &requests.case_file(agency.id), now)?;
    requests.open(RequestId(2), &second, now)?;
    let route = registry.snapshot().route(&second, now);
    why(&registry, &second, now, [ADA, BEN]);
    send(&registry, &route, now)?;
    let third = policy
        .review(&request, &agency, &requests.case_file(agency.id), now)
        .err()
        .ok_or("a third request passed")?;
    println!("a third request in the case: {third}");

    day("Friday: another case, but everybody was asked twice this week");
    let now: Timestamp = "2026-05-08T14:00:00Z".parse()?;
    let request = burglary("AS-2026-0431", "2026-05-07T22:00:00Z", "2026-05-08T02:00:00Z")?;
    let other = policy.review(&request, &agency, &requests.case_file(agency.id), now)?;
    let route = registry.snapshot().route(&other, now);
    why(&registry, &other, now, [ADA]);
    println!("{} owners; the receipt is as on Tuesday, but for the request:", route.owners());
    println!("receipt  {}", serde_json::to_string(&route.receipt())?);

    day("Saturday: Ada withdraws, and no snapshot taken since has her");
    registry.apply([Change::Withdraw { owner: ADA }])?;
    let next_month = "2026-06-20T14:00:00Z".parse()?;
    let request = burglary("AS-2026-0502", "2026-06-19T22:00:00Z", "2026-06-20T02:00:00Z")?;
    let later = policy.review(&request, &agency, &requests.case_file(agency.id), next_month)?;
    why(&registry, &later, next_month, [ADA, BEN]);

    day("Sunday: was I asked? The log answers, and proves that nobody rewrote it");
    let head = log.head();
    let asked = log.entry(entry).ok_or("no such entry")?;
    head.verify_inclusion(entry, asked, &log.inclusion_proof(entry)?)?;
    for owner in [ADA, SILENT] {
        let salt = salt_of(owner).ok_or("no salt")?;
        let answer = match asked.whether_asked(owner, &salt) {
            Some(Asked::Asked) => "was asked",
            Some(Asked::NotAsked) => "was not asked",
            None => "is no matter of this entry",
        };
        println!("entry {entry} of {}: owner {owner} {answer}", head.size());
    }
    println!("without their salts, which only owners and the operator have, it names nobody");
    Ok(())
}

fn agency() -> Result<Agency, Box<dyn Error>> {
    Ok(Agency {
        id: AgencyId(1),
        name: "Ashford Police Department".to_owned(),
        kind: AgencyKind::Local,
        jurisdiction: Some(Area::from_bounds(-84.97, 41.11, -84.92, 41.14)?),
    })
}

/// The house with a number, of the owner with the same one.
fn camera(house: u64) -> Result<Camera, Box<dyn Error>> {
    let lon_e7 = -849_460_000 + i32::try_from(house)? * 2_000;
    let position = Position::from_e7(lon_e7, 411_240_000)?;
    let recording = Recording::kept_for_days(30);
    Ok(Camera { id: CameraId(house), owner: OwnerId(house), position, recording, facing: None })
}

fn burglary(case: &str, from: &str, until: &str) -> Result<Request, Box<dyn Error>> {
    let area = Area::from_bounds(-84.9465, 41.1220, -84.9405, 41.1260)?;
    let window = TimeWindow::new(from.parse()?, until.parse()?)?;
    let request = Request::new(AgencyId(1), IncidentKind::Burglary, area, window);
    Ok(request.case(case).contact("Sgt. Ames, +1 555 0100"))
}

/// Sending is the service's; that it was done is the registry's to know.
fn send(registry: &Registry, route: &Route, at: Timestamp) -> Result<(), ChangeError> {
    let asked = route.recipients().map(|asked| Change::RecordAsked { owner: asked.owner, at });
    registry.apply(asked).map(|_| ())
}

/// Applies changes, and asks whom they add to a request that is open.
fn ask_who_is_new(
    (registry, requests): (&Registry, &mut OpenRequests),
    authorized: &AuthorizedRequest,
    changes: &[Change],
    now: Timestamp,
) -> Result<(), Box<dyn Error>> {
    let snapshot = registry.apply(changes.iter().cloned())?;
    for id in requests.touched_by(registry.touched(changes), now) {
        let due = requests.due(id, authorized, &snapshot, now)?;
        let (due, _) = requests.record_asked(id, &due, now)?;
        send(registry, &due, now)?;
        println!("request {id}: {} owner more", due.owners());
    }
    Ok(())
}

/// Why some owners are asked or not. The operator's, never the agency's.
fn why<const N: usize>(
    registry: &Registry,
    request: &AuthorizedRequest,
    now: Timestamp,
    owners: [OwnerId; N],
) {
    for owner in owners {
        let reason = registry.snapshot().explain(request, now, CameraId(owner.0));
        println!("owner {owner:<3} {reason:?}");
    }
}

/// A service takes both from its own randomness.
fn seed(entry: u8) -> EntrySeed {
    EntrySeed::new([entry; 32])
}

fn salt_of(owner: OwnerId) -> Option<OwnerSalt> {
    Some(OwnerSalt::new([u8::try_from(owner.0).ok()?; 32]))
}

fn day(text: &str) {
    println!("\n== {text}");
}
