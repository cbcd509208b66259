//! Lists of changes compared with a model in plain collections.

use std::collections::BTreeSet;

use arbitrary::{Result, Unstructured};
use canvass::error::ChangeError;
use canvass::{
    Agency, AgencyId, AgencyKind, Area, CameraId, CaseFile, Change, OwnerId, Policy, Registry,
    Request, Route, Snapshot, TimeWindow,
};
use jiff::{SignedDuration, Timestamp};

use crate::Reached;
use crate::made::{self, Origin};
use crate::oracle::{Answer, Town, oracle, step};

/// The most lists, and the most changes in one.
const LISTS: u8 = 16;
const CHANGES: u8 = 40;

/// Applies lists of changes, each of which may be refused as a whole. After each list the registry
/// must equal the model: the number of cameras, their positions and owners, each owner's consent,
/// and the recipients of a few requests.
pub fn changes(bytes: &[u8]) -> Reached {
    replay(&mut Unstructured::new(bytes)).unwrap_or(Reached::Refused)
}

fn replay(u: &mut Unstructured<'_>) -> Result<Reached> {
    let registry = Registry::with_layout(made::layout(u)?);
    let origin = made::origin(u)?;
    let mut town = Town::default();
    let (mut revision, mut reached) = (0, Reached::Refused);
    for _ in 0..LISTS {
        if u.is_empty() {
            break;
        }
        let (mut list, mut after, mut expected) = (Vec::new(), town.clone(), Ok(()));
        for index in 0..=usize::from(u.int_in_range(0..=CHANGES)?) {
            let change = change(u, origin, &after)?;
            let stepped = step(&mut after, &change).map_err(|reason| ChangeError { index, reason });
            // Changes after a refused one do not matter.
            expected = expected.and(stepped);
            list.push(change);
        }
        let before = registry.snapshot();
        let (cameras, owners) = touched(&list);
        match registry.apply(list) {
            Ok(snapshot) => {
                assert_eq!(expected, Ok(()));
                revision += 1;
                reached = reached.max(Reached::Checked);
                assert_eq!(before.cameras(), town.cameras.len(), "an older snapshot stays");
                town = after;
                assert_eq!(snapshot.revision(), registry.snapshot().revision());
            }
            Err(error) => assert_eq!(expected, Err(error)),
        }
        let snapshot = registry.snapshot();
        assert_eq!(snapshot.revision().0, revision);
        assert_eq!(snapshot.cameras(), town.cameras.len());
        for camera in cameras {
            assert_eq!(snapshot.find(camera), town.cameras.get(&camera).copied());
        }
        owners_agree(&registry, &town, &owners);
        let now = made::instant(u)?;
        for _ in 0..2 {
            reached = reached.max(routes_agree(&snapshot, &town, made::area(u, origin)?, now));
        }
    }
    let owners = town.cameras.values().map(|camera| camera.owner);
    let owners = owners.chain(town.consents.keys().copied()).collect();
    owners_agree(&registry, &town, &owners);
    let world = Area::from_bounds(-180.0, -90.0, 180.0, 90.0).expect("the world");
    Ok(reached.max(routes_agree(&registry.snapshot(), &town, world, made::instant(u)?)))
}

/// Any change, mostly a possible one; the same cameras are removed, moved and registered
/// repeatedly.
fn change(u: &mut Unstructured<'_>, origin: Origin, town: &Town) -> Result<Change> {
    let id = made::camera_id(u)?;
    let is_known = town.cameras.contains_key(&id) != made::once_in(u, 250)?;
    Ok(match u.int_in_range(0..=9_u8)? {
        0..4 if !is_known => Change::Register(made::camera(u, id, origin)?),
        4 if !is_known => Change::Upsert(made::camera(u, id, origin)?),
        0 => Change::Replace(made::camera(u, id, origin)?),
        1 => Change::Upsert(made::camera(u, id, origin)?),
        2 => Change::Move { camera: id, position: made::position(u, origin)? },
        3 | 4 => Change::Remove { camera: id },
        5 => Change::Withdraw { owner: made::owner(u)? },
        6 => Change::RecordAsked { owner: made::owner(u)?, agency: None, at: made::instant(u)? },
        _ => Change::SetConsent { owner: made::owner(u)?, consent: made::consent(u)? },
    })
}

fn touched(list: &[Change]) -> (BTreeSet<CameraId>, BTreeSet<OwnerId>) {
    let (mut cameras, mut owners) = (BTreeSet::new(), BTreeSet::new());
    for change in list {
        cameras.extend(change.camera());
        owners.extend(change.owner());
    }
    (cameras, owners)
}

pub(crate) fn owners_agree(registry: &Registry, town: &Town, owners: &BTreeSet<OwnerId>) {
    for &owner in owners {
        let consent = town.consents.get(&owner).cloned().unwrap_or_default();
        assert_eq!(registry.consent(owner), consent);
        let theirs = town.cameras.values().filter(|camera| camera.owner == owner);
        assert_eq!(registry.cameras_of(owner), theirs.copied().collect::<Vec<_>>());
    }
}

pub(crate) fn routes_agree(
    snapshot: &Snapshot,
    town: &Town,
    area: Area,
    now: Timestamp,
) -> Reached {
    let hours = SignedDuration::from_hours(9);
    let evening = now.saturating_sub(hours).expect("not in calendar units");
    let window = TimeWindow::new(evening, now)
        .or_else(|_| TimeWindow::new(now, now + hours))
        .expect("a window");
    let agency = AgencyId(1);
    let request = Request::new(agency, canvass::IncidentKind::Burglary, area, window);
    let kind = AgencyKind::Local;
    let agency = Agency::new(agency, String::new(), kind);
    let file = CaseFile::new(agency.id);
    let authorized = Policy::without_limits_or_anonymity().review(&request, &agency, &file, now);
    let authorized = authorized.expect("nothing is limited");
    let expected = oracle(town, &authorized, now);
    let asked: usize = expected.iter().map(|(_, cameras)| cameras.len()).sum();
    assert_eq!(answer(&snapshot.route(authorized.assume_open(), now)), expected);
    assert_eq!(snapshot.funnel(&authorized, now).asked(), asked);
    if asked > 0 { Reached::Asked } else { Reached::Refused }
}

/// A route in the oracle's form.
pub(crate) fn answer(route: &Route) -> Answer {
    route.recipients().map(|recipient| (recipient.owner, recipient.cameras.to_vec())).collect()
}
