//! An owner's page: their consent, their cameras, when they were asked, and a proof from the audit log.
//!
//! ```text
//! cargo run --example owner_page
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to its terminal")]

use std::fmt::Write as _;

use canvass::audit::{AuditBatch, AuditEntry, AuditLog, EntrySeed, OwnerSalt, TreeHead};
use canvass::jiff::Timestamp;
use canvass::{
    Agency, AgencyId, AgencyKind, Area, Camera, CameraId, CaseFile, Change, Consent, IncidentKind,
    OwnerId, Policy, Position, Recording, Registry, Request, Scope,
};

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The page of an owner with the salt that the operator made for them. `published` is a head of the
/// log that the owner kept: with this copy they notice if anybody rewrites the past.
fn page(
    registry: &Registry,
    log: &AuditLog,
    published: &TreeHead,
    (owner, salt): (OwnerId, &OwnerSalt),
) -> Done<String> {
    let consent = registry.consent(owner);
    let mut page = format!("Owner {owner}\n  consent: {}\n", serde_json::to_string(&consent)?);
    for camera in registry.cameras_of(owner) {
        writeln!(page, "  camera {} at {}", camera.id, camera.position)?;
    }
    for ask in registry.asked(owner) {
        let by = ask.agency.map_or_else(String::new, |agency| format!(" by agency {agency}"));
        writeln!(page, "  asked{by} at {}", ask.at)?;
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
    let registry = Registry::new();
    let camera = |id, owner, lon| -> Done<Change> {
        let (at, recording) = (Position::new(lon, 50.005)?, Recording::kept_for_days(60));
        Ok(Change::Register(Camera::new(CameraId(id), owner, at, recording)))
    };
    let cautious = Consent::granted().with_incidents(Scope::only([IncidentKind::MissingPerson]));
    let snapshot = registry.apply([
        camera(1, ada, 10.004)?,
        camera(2, ada, 10.006)?,
        camera(3, ben, 10.005)?,
        Change::SetConsent { owner: ada, consent: Consent::granted() },
        Change::SetConsent { owner: ben, consent: cautious },
    ])?;

    // Random bytes from the service's own source; fixed here, so that the output is the same each time.
    let salts = [(ada, OwnerSalt::new([1; 32])), (ben, OwnerSalt::new([2; 32]))];
    let salt = |owner| salts.iter().find(|(of, _)| *of == owner).map(|(_, salt)| salt.clone());
    let mut log = AuditLog::new();
    let agency = Agency::new(AgencyId(3), "Example Police", AgencyKind::Local);
    let area = Area::from_bounds(10.0, 50.0, 10.01, 50.01)?;
    let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
    let request =
        Request::new(agency.id, IncidentKind::Burglary, area, window).with_case("26-0117");
    let (policy, file) = (Policy::without_limits_or_anonymity(), CaseFile::new(agency.id));
    let authorized = policy.review(&request, &agency, &file, now)?;
    let published = log.head();
    let mut entries = vec![AuditEntry::accepted(&authorized, &EntrySeed::new([3; 32]))];

    // The entry is kept before anybody is asked, and each owner's history afterwards. This example keeps no
    // requests; a service would take `OpenRequests::due`.
    let route = snapshot.route(authorized.assume_open(), now);
    entries.extend(AuditEntry::routed(&route, &EntrySeed::new([4; 32]), salt)?);
    registry.apply(route.recipients().map(|to| Change::RecordAsked {
        owner: to.owner,
        agency: Some(route.authorized().request().agency),
        at: now,
    }))?;

    // At the end of the day the log grows by a batch, which shows neither when nor how many.
    let closed = "2026-05-03T00:00:00Z".parse()?;
    for entry in AuditBatch::close(entries, closed, &EntrySeed::new([5; 32])) {
        log.append(entry)?;
    }

    for (owner, salt) in &salts {
        print!("{}", page(&registry, &log, &published, (*owner, salt))?);
    }
    Ok(())
}
