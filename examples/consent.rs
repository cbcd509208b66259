//! A week in one street: the owners who are asked, those who are not, and the view of each party.
//!
//! ```text
//! cargo run --release --example consent
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to its terminal")]

use canvass::audit::{Asked, AuditBatch, AuditEntry, AuditLog, EntrySeed, OwnerSalt};
use canvass::bulletin::{Bulletin, Ending};
use canvass::h3o::Resolution;
use canvass::jiff::Timestamp;
use canvass::notice::NoticeTemplate;
use canvass::{
    Agency, AgencyId, AgencyKind, Area, AuthorizedRequest, Camera, CameraId, Change, Consent,
    IncidentKind, OpenRequests, OwnerId, Policy, Position, Recording, Registry, Request, RequestId,
    Route, Scope, Zone,
};

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

const ADA: OwnerId = OwnerId(7);
const BEN: OwnerId = OwnerId(8);
const CLEO: OwnerId = OwnerId(9);
/// The owner who never answered.
const SILENT: OwnerId = OwnerId(10);
/// The owner who moves in on Wednesday.
const DANA: OwnerId = OwnerId(24);

fn main() -> Done {
    let mut portal = Portal::new()?;

    day("Monday: a street registers its cameras, and all but one household agree to be asked");
    let cameras = (0..24).map(OwnerId).map(camera).collect::<Done<Vec<_>>>()?;
    portal.registry.apply(cameras.into_iter().map(Change::Register))?;
    let zone: Zone = "America/Indiana/Indianapolis".parse()?;
    let yes = Consent::granted().with_zone(zone.clone());
    let owners = (0..24).map(OwnerId).filter(|&owner| owner != SILENT);
    portal.registry.apply(owners.map(|owner| says(owner, &yes)))?;
    let cautious = yes.clone().with_incidents(Scope::only([IncidentKind::MissingPerson]));
    portal.registry.apply([says(CLEO, &cautious)])?;
    println!("24 cameras; owner {SILENT} never answered, {CLEO} agreed for missing persons only");

    day("Tuesday, 21:30: a request about a burglary; a receipt for the agency, a bulletin for all");
    let now: Timestamp = "2026-05-06T01:30:00Z".parse()?;
    let request = burglary("AS-2026-0417", "2026-05-04T22:00:00Z/2026-05-05T02:00:00Z")?;
    let first = portal.open(RequestId(1), &request, now)?;
    println!("receipt   {}", serde_json::to_string(&first.receipt())?);
    let text = "A home was entered on Monday evening. Owners of cameras nearby may be asked.";
    let mut bulletin = Bulletin::open(&first, &portal.agency, text, Resolution::Eight, now)?;
    let (cells, window) = (bulletin.cells().len(), bulletin.window());
    println!("bulletin  {text} {cells} cells of 0.7 km2, {window}");
    portal.close_log("2026-05-06T00:00:00Z".parse()?)?;
    let (kept_bulletin, kept_log) = (bulletin.head(), portal.log.head());

    day("The operator alone sees whom to ask, and why not the others; it is late, so they wait");
    let route = portal.requests.due(RequestId(1), &first, &portal.registry.snapshot(), now)?;
    portal.tell_why(&first, [ADA, CLEO, SILENT], now);
    let ada = route.recipients().find(|asked| asked.owner == ADA).ok_or("Ada is not asked")?;
    let wait = ada.not_before.ok_or("at once")?;
    println!("{} owners; Ada's notice waits until {wait}", route.owners());

    day("Wednesday, 8:00: a person has read the notice; each owner gets it in their local time");
    let now: Timestamp = "2026-05-06T12:00:00Z".parse()?;
    let template: NoticeTemplate = "{agency} asks for footage of {window}, case {case}. To share \
        is voluntary, and this is not a warrant. Questions: {contact}. {stop}"
        .parse()?;
    let draft = template.draft(&first, &portal.agency, "To stop being asked, reply STOP.")?;
    let notice = draft.review("J. Hill", now)?;
    let standing = portal.requests.standing(RequestId(1), &first, now)?.ok_or("it has ended")?;
    let route = route.recheck(standing, &portal.registry.snapshot(), now)?;
    let route = portal.ask(RequestId(1), &route, now)?;
    let mailing = route.with_notice(&notice, |_| Some(zone.clone()))?;
    println!("{}", mailing.letters().next().ok_or("no letter")?.text);

    day("Wednesday, 16:00: Dana moves in and agrees. The request stands, so she is asked, once");
    let now: Timestamp = "2026-05-06T20:00:00Z".parse()?;
    let changes = [Change::Register(camera(DANA)?), says(DANA, &yes)];
    let snapshot = portal.registry.apply(changes.clone())?;
    for id in portal.requests.touched_by(portal.registry.touched(&changes), now) {
        let due = portal.requests.due(id, &first, &snapshot, now)?;
        println!("request {id}: {} owner more", portal.ask(id, &due, now)?.owners());
    }

    day("Thursday: Ben pauses for a month; the agency asks a second time in the case, and a third");
    let now: Timestamp = "2026-05-07T14:00:00Z".parse()?;
    let away = yes.clone().with_paused_until("2026-06-07T00:00:00Z".parse()?);
    portal.registry.apply([says(BEN, &away)])?;
    let request = burglary("AS-2026-0417", "2026-05-05T02:00:00Z/2026-05-05T06:00:00Z")?;
    let second = portal.open(RequestId(2), &request, now)?;
    portal.tell_why(&second, [ADA, BEN], now);
    let due = portal.requests.due(RequestId(2), &second, &portal.registry.snapshot(), now)?;
    portal.ask(RequestId(2), &due, now)?;
    let third = portal.open(RequestId(3), &request, now).err().ok_or("a third request passed")?;
    println!("refused: {third}");

    day("Friday: another case, but everybody was asked twice this week. The receipt is as ever");
    let now: Timestamp = "2026-05-08T14:00:00Z".parse()?;
    let request = burglary("AS-2026-0431", "2026-05-07T22:00:00Z/2026-05-08T02:00:00Z")?;
    let other = portal.open(RequestId(3), &request, now)?;
    let route = portal.requests.due(RequestId(3), &other, &portal.registry.snapshot(), now)?;
    portal.tell_why(&other, [ADA], now);
    println!("{} owners; receipt  {}", route.owners(), serde_json::to_string(&route.receipt())?);

    day("Saturday: Ada withdraws, and no snapshot taken since has her");
    portal.registry.apply([Change::Withdraw { owner: ADA }])?;
    portal.tell_why(&other, [ADA], now);

    day("Sunday: the case is solved. The bulletin can be extended, and never rewritten");
    let now: Timestamp = "2026-05-10T14:00:00Z".parse()?;
    portal.requests.resolve(RequestId(1), now)?;
    bulletin.end(Ending::Resolved, now)?;
    let goes_on = bulletin.continues(&kept_bulletin);
    println!(
        "bulletin  {} entries, continues the kept head: {goes_on}",
        bulletin.history().count()
    );

    portal.close_log("2026-05-11T00:00:00Z".parse()?)?;
    day("Was I asked? The log answers, and proves that nobody rewrote it");
    let (log, head) = (&portal.log, portal.log.head());
    head.verify_extends(&kept_log, &log.consistency_proof(kept_log.size())?)?;
    for owner in [ADA, SILENT] {
        let salt = salt_of(owner).ok_or("no salt")?;
        let (mut named, mut others) = (0, 0);
        for (index, entry) in (0..).zip(log.entries()) {
            head.verify_inclusion(index, entry, &log.inclusion_proof(index)?)?;
            named += u32::from(entry.whether_asked(owner, &salt) == Some(Asked::Asked));
            others += u32::from(entry.whether_asked(owner, &salt) == Some(Asked::NotAsked));
        }
        println!("owner {owner} was asked in {named} entries, and not in {others} others");
    }
    println!("without their salts, which only owners and the operator have, it names nobody");
    Ok(())
}

/// The operator's state; a service would store it.
struct Portal {
    registry: Registry,
    policy: Policy,
    agency: Agency,
    requests: OpenRequests,
    /// Entries that wait for the day to end.
    entries: Vec<AuditEntry>,
    log: AuditLog,
    /// How many seeds were taken.
    seeds: u8,
}

impl Portal {
    fn new() -> Done<Self> {
        let jurisdiction = Some(Area::from_bounds(-84.97, 41.11, -84.92, 41.14)?);
        let (id, name) = (AgencyId(1), "Ashford Police Department".to_owned());
        let agency = Agency::new(id, name, AgencyKind::Local).with_jurisdiction(jurisdiction);
        let policy = Policy::in_zone("America/Indiana/Indianapolis".parse()?);
        let registry = Registry::new();
        let (requests, log) = (OpenRequests::new(0), AuditLog::new());
        Ok(Self { registry, policy, agency, requests, entries: Vec::new(), log, seeds: 0 })
    }

    /// Reviews a request, and opens it if it passes.
    fn open(&mut self, id: RequestId, what: &Request, now: Timestamp) -> Done<AuthorizedRequest> {
        let file = self.requests.case_file(self.agency.id);
        let authorized = self.policy.review(what, &self.agency, &file, now)?;
        self.requests.open(id, &authorized, now)?;
        self.requests.decide(id, &authorized, &self.registry.snapshot(), now)?;
        let seed = self.seed();
        self.entries.push(AuditEntry::accepted(&authorized, &seed));
        Ok(authorized)
    }

    /// Records, right before sending, the owners of a route who were not asked before, and returns
    /// them.
    fn ask(&mut self, id: RequestId, route: &Route, now: Timestamp) -> Done<Route> {
        let (route, _) = self.requests.record_asked(id, route, now)?;
        let seed = self.seed();
        self.entries.extend(AuditEntry::routed(&route, &seed, salt_of)?);
        let (owners, agency) = (route.recipients().map(|asked| asked.owner), self.agency.id);
        self.registry.apply(owners.map(|owner| Change::RecordAsked {
            owner,
            agency: Some(agency),
            at: now,
        }))?;
        Ok(route)
    }

    fn tell_why<const N: usize>(&self, of: &AuthorizedRequest, who: [OwnerId; N], now: Timestamp) {
        for owner in who {
            let why = self.registry.snapshot().explain(of, now, CameraId(owner.0));
            println!("owner {owner:<3} {why}");
        }
    }

    /// A service takes it, like salts, from its own randomness.
    fn seed(&mut self) -> EntrySeed {
        self.seeds += 1;
        EntrySeed::new([self.seeds; 32])
    }

    /// Has the log grow by a batch: neither its size nor its order shows when somebody was asked.
    fn close_log(&mut self, closed: Timestamp) -> Done {
        let (entries, seed) = (std::mem::take(&mut self.entries), self.seed());
        for entry in AuditBatch::close(entries, closed, &seed) {
            self.log.append(entry)?;
        }
        Ok(())
    }
}

/// The camera of an owner, in the house with the same number.
fn camera(owner: OwnerId) -> Done<Camera> {
    let position = Position::from_e7(-849_460_000 + i32::try_from(owner.0)? * 2_000, 411_240_000)?;
    let recording = Recording::kept_for_days(30);
    Ok(Camera::new(CameraId(owner.0), owner, position, recording))
}

fn says(owner: OwnerId, consent: &Consent) -> Change {
    Change::SetConsent { owner, consent: consent.clone() }
}

fn burglary(case: &str, window: &str) -> Done<Request> {
    let area = Area::from_bounds(-84.9465, 41.1220, -84.9405, 41.1260)?;
    let request = Request::new(AgencyId(1), IncidentKind::Burglary, area, window.parse()?);
    Ok(request.with_case(case).with_contact("Sgt. Ames, +1 555 0100"))
}

fn salt_of(owner: OwnerId) -> Option<OwnerSalt> {
    Some(OwnerSalt::new([u8::try_from(owner.0).ok()?; 32]))
}

fn day(text: &str) {
    println!("\n== {text}");
}
