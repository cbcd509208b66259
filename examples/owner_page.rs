//! An owner's page: their consent, their cameras, when they were asked, and a proof from the audit log.
//!
//! ```text
//! cargo run --example owner_page
//! ```
#![allow(clippy::print_stdout, clippy::wildcard_imports, reason = "a short example")]

use std::fmt::Write as _;

use canvass::audit::{AuditBatch, AuditEntry, AuditLog, EntrySeed, OwnerSalt, TreeHead};
use canvass::jiff::Timestamp;
use canvass::*;

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The records that a service keeps.
struct Kept {
    registry: Registry,
    agency: Agency,
    open: OpenRequests,
    events: Vec<LifecycleEvent>,
    log: AuditLog,
}

/// The page of an owner with the salt that the operator made for them. `published` is a head of the
/// log that the owner kept: with this copy they notice if anybody rewrites the past.
fn page(kept: &Kept, published: &TreeHead, (owner, salt): (OwnerId, &OwnerSalt)) -> Done<String> {
    let Kept { registry, agency, open, events, log } = kept;
    let consent = registry.consent(owner);
    let mut page = format!("Owner {owner}\n  consent: {}\n", serde_json::to_string(&consent)?);
    for camera in registry.cameras_of(owner) {
        writeln!(page, "  camera {} at {}", camera.id, camera.position)?;
    }
    let home = consent.zone().cloned().unwrap_or(Zone::UTC);
    for (at, opened) in open.asked_of(owner, events) {
        let (at, incident) = (home.time_zone().to_datetime(at), opened.request().incident);
        writeln!(page, "  asked by {} about a {incident} on {at}", agency.name)?;
    }
    let head = log.head();
    head.verify_extends(published, &log.consistency_proof(published.size())?)?;
    writeln!(page, "  the log of {} entries extends the one you kept", head.size())?;
    for (index, entry) in log.entries_naming(owner, salt) {
        head.verify_inclusion(index, entry, &log.inclusion_proof(index)?)?;
        writeln!(page, "  proven: entry {index}, in the batch of {}, has you asked", entry.at())?;
    }
    Ok(page)
}

fn main() -> Done {
    let (ada, ben) = (OwnerId(1), OwnerId(2));
    let now: Timestamp = "2026-05-02T09:00:00Z".parse()?;
    let (registry, mut open, mut log) = (Registry::new(), OpenRequests::new(0), AuditLog::new());
    let camera = |id, owner, lon| -> Done<Change> {
        let (at, recording) = (Position::new(lon, 50.005)?, Recording::kept_for_days(60));
        Ok(Change::Register(Camera::new(CameraId(id), owner, at, recording)))
    };
    let yes = Consent::granted().with_zone("+02:00".parse()?);
    let cautious = Consent::granted().with_incidents(Scope::only([IncidentKind::MissingPerson]));
    let (a, b, c) = (camera(1, ada, 10.004)?, camera(2, ada, 10.006)?, camera(3, ben, 10.005)?);
    let consents = [(ada, yes), (ben, cautious)];
    registry.apply([a, b, c])?;
    let snapshot =
        registry.apply(consents.map(|(owner, consent)| Change::SetConsent { owner, consent }))?;

    // Random bytes from the service's own source; fixed here, so that the output is the same each time.
    let salts = [(ada, OwnerSalt::new([1; 32])), (ben, OwnerSalt::new([2; 32]))];
    let salt = |owner| salts.iter().find(|(of, _)| *of == owner).map(|(_, salt)| salt.clone());
    let agency = Agency::new(AgencyId(3), "Example Police", AgencyKind::Local);
    let area = Area::from_bounds(10.0, 50.0, 10.01, 50.01)?;
    let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
    let request =
        Request::new(agency.id, IncidentKind::Burglary, area, window).with_case("26-0117");
    let (policy, id) = (Policy::without_limits_or_anonymity(), RequestId(1));
    let authorized = policy.review(&request, &agency, &open.case_file(agency.id), now)?;
    let published = log.head();
    let mut entries = vec![AuditEntry::accepted(&authorized, &EntrySeed::new([3; 32]))];
    let mut events = open.open(id, &authorized, now)?;
    events.extend(open.decide(id, &authorized, &snapshot, now)?);

    // The event and the entry are kept before anybody is asked, and each owner's limit counts afterwards.
    let due = open.due(id, &authorized, &snapshot, now)?;
    let (route, asked) = open.record_asked(id, &due, now)?;
    events.extend(asked);
    entries.extend(AuditEntry::routed(&route, &EntrySeed::new([4; 32]), salt)?);
    let by = Some(agency.id);
    let asked = |to: Recipient<'_>| Change::RecordAsked { owner: to.owner, agency: by, at: now };
    registry.apply(route.recipients().map(asked))?;

    // At the end of the day the log grows by a batch, which shows neither when nor how many.
    let closed = "2026-05-03T00:00:00Z".parse()?;
    for entry in AuditBatch::close(entries, closed, &EntrySeed::new([5; 32])) {
        log.append(entry)?;
    }

    let kept = Kept { registry, agency, open, events, log };
    for (owner, salt) in &salts {
        print!("{}", page(&kept, &published, (*owner, salt))?);
    }
    Ok(())
}
