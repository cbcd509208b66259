//! Whole requests: reviewed by a second statement of the policy, and routed by the oracle.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::{Result, Unstructured};
use canvass::policy::{Anonymity, CaseDetails, FutureWindows, Jurisdiction, SeeingInto};
use canvass::{
    Agency, AgencyId, AgencyKind, Area, Ask, AuthorizedRequest, Camera, CameraId, CameraScope,
    CaseFile, Change, Explanation, Policy, Registry, Request, RequestId, Route, Scratch, SimdLevel,
    Snapshot, TimeWindow, Zone,
};
use jiff::{SignedDuration, Timestamp};

use crate::Reached;
use crate::areas::holds;
use crate::changes::answer;
use crate::made::{self, Origin, once_in, pick};
use crate::oracle::{Town, oracle, waiting};

/// Any area, window, policy, agency and town.
pub fn requests(bytes: &[u8]) -> Reached {
    ask(&mut Unstructured::new(bytes)).unwrap_or(Reached::Refused)
}

fn ask(u: &mut Unstructured<'_>) -> Result<Reached> {
    let origin = made::origin(u)?;
    let (policy, agency, now) = (policy(u)?, agency(u, origin)?, made::instant(u)?);
    let request = request(u, origin, now)?;
    holds(&request.area);
    let mut file = CaseFile::new(agency.id);
    let mut reached = Reached::Refused;
    for number in 0..2 {
        let broken = broken(&policy, &request, &agency, &file, now);
        match policy.review(&request, &agency, &file, now) {
            Ok(authorized) => {
                assert_eq!(broken, BTreeSet::new());
                if number == 0 {
                    reached = routed(u, origin, &authorized, now)?;
                }
                let opened = file.open(RequestId(number), &authorized, now);
                assert_eq!(opened, Ok(()), "a request can be opened right after its review");
            }
            Err(violations) => {
                let found: BTreeSet<_> = violations.iter().map(canvass::Violation::code).collect();
                assert_eq!(found, broken);
                assert!(!violations.to_string().is_empty());
            }
        }
    }
    Ok(reached)
}

fn policy(u: &mut Unstructured<'_>) -> Result<Policy> {
    let mut policy = if once_in(u, 9)? {
        Policy::in_zone(Zone::UTC)
    } else {
        Policy::without_limits_or_anonymity()
    };
    policy.anonymity = Anonymity::Waived;
    policy.min_households = pick(u, &[0, 0, 0, 1, 4, 11, u32::MAX])?;
    // The twin of the least width is in `tests/it/width.rs`.
    policy.min_width_m = 0.0;
    // Changes one limit at a time, so that the others do not hide it.
    match u.int_in_range(0..=31_u8)? {
        16 => policy.min_area_m2 = pick(u, &[1.0, 1e6])?,
        17 => policy.max_area_m2 = pick(u, &[0.0, 1e4, 1e9])?,
        18 => policy.min_window_minutes = pick(u, &[15, u32::MAX])?,
        19 => policy.max_window_minutes = pick(u, &[0, 60])?,
        20 => policy.max_look_back_days = pick(u, &[0, 1, 30])?,
        21 => policy.future_windows = FutureWindows::Refused,
        22 => policy.max_vertices = pick(u, &[0, 4, 10])?,
        23 => policy.max_parts = pick(u, &[0, 1, 2])?,
        24 => policy.paperwork = CaseDetails::Required,
        25 => policy.agency_kinds = BTreeSet::from([AgencyKind::County]),
        26 | 27 => policy.jurisdiction = Jurisdiction::Within,
        28 => policy.max_requests_per_case = pick(u, &[0, 1, 2])?,
        29 => policy.seeing_into = SeeingInto::Refused,
        _ => {}
    }
    Ok(policy)
}

fn agency(u: &mut Unstructured<'_>, origin: Origin) -> Result<Agency> {
    Ok(Agency::new(
        AgencyId(pick(u, &[1, 1, 1, 1, 1, 1, 1, 2])?),
        "Springfield Police",
        pick(u, &[AgencyKind::Local, AgencyKind::Local, AgencyKind::Federal])?,
    )
    .with_jurisdiction(match u.int_in_range(0..=2_u8)? {
        0 => None,
        1 => Some(made::area(u, origin)?),
        _ => Area::from_bounds(-180.0, -90.0, 180.0, 90.0).ok(),
    }))
}

fn request(u: &mut Unstructured<'_>, origin: Origin, now: Timestamp) -> Result<Request> {
    // Mostly the hours before now, for which many cameras have footage.
    let end = if once_in(u, 3)? { made::instant(u)? } else { now };
    let hours = SignedDuration::from_hours(u.int_in_range(1..=300)?);
    let start =
        if once_in(u, 3)? { made::instant(u)? } else { now.saturating_sub(hours).unwrap_or(now) };
    let window = TimeWindow::new(start.min(end), start.max(end))
        .or_else(|_| TimeWindow::new(Timestamp::MIN, Timestamp::MAX))
        .map_err(|_| arbitrary::Error::IncorrectFormat)?;
    let area = made::area(u, origin)?;
    let camera_scope =
        pick(u, &[CameraScope::StandingIn, CameraScope::StandingIn, CameraScope::SeeingInto])?;
    let request = Request::new(
        AgencyId(pick(u, &[1, 1, 1, 1, 1, 1, 1, 2])?),
        made::incident(u)?,
        area,
        window,
    );
    Ok(request
        .with_camera_scope(camera_scope)
        .with_case(pick(u, &["26-0117", " 26-0117\n", "", "\u{2003}"])?)
        .with_contact(pick(u, &["Det. Smith", "", " "])?))
}

/// The codes of all violations, by a second implementation.
fn broken(
    policy: &Policy,
    request: &Request,
    agency: &Agency,
    file: &CaseFile,
    now: Timestamp,
) -> BTreeSet<&'static str> {
    let second = |instant: Timestamp| instant.as_nanosecond().div_euclid(1_000_000_000);
    let (area, window) = (&request.area, &request.window);
    let (vertices, parts) = (area.vertices() as u64, area.parts() as u64);
    let within = policy.jurisdiction == Jurisdiction::Within;
    let many_vertices = vertices > policy.max_vertices.into();
    let many_parts = parts > policy.max_parts.into();
    let outside = agency.jurisdiction.as_ref().is_some_and(|jurisdiction| {
        let covered = jurisdiction.covers_area(area);
        if covered {
            covered_everywhere(jurisdiction, area);
        }
        !covered
    });
    let length = second(window.end()) - second(window.start());
    let small = area.size_m2() < policy.min_area_m2;
    let small_part = area.part_sizes_m2().any(|m2| m2 < policy.min_area_m2);
    let required = policy.paperwork == CaseDetails::Required;
    let case = request.case_reference.trim();
    let opened = file.iter().filter(|opened| opened.request().case_reference.trim() == case);
    let refused = policy.future_windows == FutureWindows::Refused;
    let look_back_minutes = u64::from(policy.max_look_back_days) * 24 * 60;
    let contradiction = policy.min_area_m2 > policy.max_area_m2
        || policy.min_window_minutes > policy.max_window_minutes
        || (refused && u64::from(policy.min_window_minutes).max(1) > look_back_minutes);
    [
        ("invalid_policy", contradiction),
        ("unknown_agency", request.agency != agency.id),
        ("agency_kind_not_allowed", !policy.agency_kinds.contains(&agency.kind)),
        ("jurisdiction_unknown", within && agency.jurisdiction.is_none()),
        ("outside_jurisdiction", within && outside && !many_vertices && !many_parts),
        ("too_many_vertices", many_vertices),
        ("too_many_parts", many_parts),
        ("area_too_small", small),
        ("area_too_large", area.size_m2() > policy.max_area_m2),
        ("part_too_small", parts > 1 && !small && small_part),
        ("window_too_short", length < i128::from(policy.min_window_minutes) * 60),
        ("window_too_long", length > i128::from(policy.max_window_minutes) * 60),
        ("window_in_future", refused && window.end() > now),
        (
            "window_too_old",
            second(now) - second(window.start()) > i128::from(policy.max_look_back_days) * 86_400,
        ),
        (
            "seeing_into_not_allowed",
            request.camera_scope == CameraScope::SeeingInto
                && policy.seeing_into == SeeingInto::Refused,
        ),
        ("case_reference_missing", required && case.is_empty()),
        ("contact_missing", required && request.contact.trim().is_empty()),
        ("other_case_file", file.agency() != request.agency),
        ("case_exhausted", opened.count() as u64 >= policy.max_requests_per_case.into()),
    ]
    .into_iter()
    .filter_map(|(code, holds)| holds.then_some(code))
    .collect()
}

fn covered_everywhere(outer: &Area, inner: &Area) {
    for polygon in &inner.to_multi_polygon() {
        for vertex in polygon.exterior().0.iter().take(64) {
            let corner = canvass::Position::new(vertex.x, vertex.y).expect("on the map");
            assert!(outer.covers(corner), "{corner:?}");
        }
    }
    let slack = 1.0 + 1e-9;
    assert!(
        inner.size_m2() <= outer.size_m2() * slack + 1.0,
        "an area within another is not larger"
    );
}

/// Builds a town, and compares the route with the oracle by every way to route.
fn routed(
    u: &mut Unstructured<'_>,
    origin: Origin,
    authorized: &AuthorizedRequest,
    now: Timestamp,
) -> Result<Reached> {
    let (town, registry) = town(u, origin)?;
    let snapshot = registry.snapshot();
    let expected = oracle(&town, authorized, now);
    let route = snapshot.route(authorized.assume_open(), now);
    assert_eq!(answer(&route), expected);
    let waits = route.recipients().filter_map(|asked| Some((asked.owner, asked.not_before?)));
    assert_eq!(waits.collect::<Vec<_>>(), waiting(&town, authorized, now));
    for level in SimdLevel::ALL {
        let Some(mut scratch) = Scratch::with_simd(level) else { continue };
        let mut again = Route::empty(authorized, now);
        snapshot.route_into(authorized.assume_open(), now, &mut scratch, &mut again);
        assert_eq!(again, route, "{level:?}");
    }
    let twice = [authorized.assume_open(); 2];
    assert_eq!(snapshot.route_batch(&twice, now), [route.clone(), route.clone()]);
    assert_eq!(
        route.recheck(route.authorized().assume_open(), &snapshot, now).expect("the same snapshot"),
        route
    );
    explained(&snapshot, &town, &route, now);
    // The agency's receipt does not reveal whether anybody is asked.
    let nobody = Route::empty(authorized, now);
    assert_eq!(route.receipt(), nobody.receipt());
    Ok(if route.is_empty() { Reached::Checked } else { Reached::Asked })
}

fn town(u: &mut Unstructured<'_>, origin: Origin) -> Result<(Town, Registry)> {
    let mut town = Town::default();
    let number = pick(u, &[20, 63, 64, 65, 200, 1, 0])?;
    for id in 0..number {
        if u.is_empty() {
            break;
        }
        let camera = made::camera(u, CameraId(id * 7), origin)?;
        town.cameras.insert(camera.id, camera);
        if !once_in(u, 4)? {
            town.consents.insert(camera.owner, made::consent(u)?);
        }
        if once_in(u, 5)? {
            town.asked
                .entry(camera.owner)
                .or_default()
                .push(Ask { agency: None, at: made::instant(u)? });
        }
    }
    let cameras: Vec<Camera> = town.cameras.values().copied().collect();
    let consents: BTreeMap<_, _> = town.consents.clone();
    let registry = Registry::bulk_load_with_layout(&cameras, consents, made::layout(u)?);
    let registry = registry.expect("no camera and no consent is given twice");
    let asked = town.asked.iter().flat_map(|(&owner, asked)| {
        asked.iter().map(move |&Ask { at, .. }| Change::RecordAsked { owner, agency: None, at })
    });
    registry.apply(asked).expect("anybody can be asked");
    Ok((town, registry))
}

fn explained(snapshot: &Snapshot, town: &Town, route: &Route, now: Timestamp) {
    let authorized = route.authorized();
    let funnel = snapshot.funnel(authorized, now);
    let denied: usize = funnel.denied().map(|(_, cameras)| cameras).sum();
    assert_eq!(funnel.in_area(), denied + funnel.permitted());
    assert_eq!(funnel.asked(), route.cameras().len());
    for camera in town.cameras.values().take(20) {
        let asked = route.cameras().contains(&camera.id);
        let why = snapshot.explain(authorized, now, camera.id);
        assert_eq!(why == Explanation::Asked, asked, "{why:?}");
        let Request { area, camera_scope, .. } = authorized.request();
        let in_area = match camera_scope {
            CameraScope::StandingIn => area.covers(camera.position),
            CameraScope::SeeingInto => camera.sees_into(area),
        };
        assert_eq!(why == Explanation::OutsideArea, !in_area, "{why:?}");
    }
    let stranger = snapshot.explain(authorized, now, CameraId(u64::MAX));
    assert_eq!(stranger, Explanation::NotRegistered);
}
