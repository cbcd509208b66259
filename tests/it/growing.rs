//! Records grow without breaking callers: each field has a setter, so that nobody writes a literal.

use canvass::policy::{
    Anonymity, CaseDetails, FutureWindows, Jurisdiction, SeeingInto, SensitivePlaces, SensitiveRule,
};
use canvass::{
    AgencyId, AgencyKind, CameraId, CameraScope, Change, Consent, IncidentKind, LifecycleEvent,
    OwnerId, Policy, Position, Recording,
};

use super::places::some_places;
use super::random::Rng;
use super::support::*;

/// `setter` of a default policy changes the member `name`, and no other.
#[track_caller]
fn sets(name: &str, setter: impl FnOnce(Policy) -> Policy) {
    let of = |policy: &Policy| match serde_json::to_value(policy).unwrap() {
        serde_json::Value::Object(members) => members,
        other => panic!("{other}"),
    };
    let (before, after) = (of(&default_policy()), of(&setter(default_policy())));
    let keys = before.keys().chain(after.keys());
    let changed: Vec<_> = keys.filter(|key| before.get(*key) != after.get(*key)).collect();
    assert!(changed.iter().all(|key| *key == name) && !changed.is_empty(), "{name}: {changed:?}");
}

#[test]
fn each_setter_of_a_policy_sets_its_own_field() {
    let places: SensitivePlaces =
        some_places(&mut Rng(1), (10, 50), SensitiveRule::NeverAsk).into_iter().collect();
    sets("version", |it| it.with_version("2"));
    sets("min_area_m2", |it| it.with_min_area_m2(1.0));
    sets("max_area_m2", |it| it.with_max_area_m2(1e7));
    sets("min_window_minutes", |it| it.with_min_window_minutes(1));
    sets("max_window_minutes", |it| it.with_max_window_minutes(721));
    sets("max_look_back_days", |it| it.with_max_look_back_days(1));
    sets("future_windows", |it| it.with_future_windows(FutureWindows::Allowed));
    sets("seeing_into", |it| it.with_seeing_into(SeeingInto::Allowed));
    sets("max_vertices", |it| it.with_max_vertices(3));
    sets("max_parts", |it| it.with_max_parts(1));
    sets("paperwork", |it| it.with_paperwork(CaseDetails::Optional));
    sets("agency_kinds", |it| it.with_agency_kinds([AgencyKind::State]));
    sets("jurisdiction", |it| it.with_jurisdiction(Jurisdiction::Anywhere));
    sets("max_requests_per_case", |it| it.with_max_requests_per_case(3));
    sets("open_days", |it| it.with_open_days(9));
    sets("max_open_days", |it| it.with_max_open_days(29));
    sets("anonymity", |it| it.with_anonymity(Anonymity::Waived));
    sets("min_households", |it| it.with_min_households(12));
    sets("min_width_m", |it| it.with_min_width_m(3.25));
    sets("min_new_households", |it| it.with_min_new_households(7));
    sets("sharers_known_days", |it| it.with_sharers_known_days(3));
    sets("min_difference_m2", |it| it.with_min_difference_m2(1.0));
    sets("max_overlaps", |it| it.with_max_overlaps(7));
    sets("quiet_hours", |it| it.with_quiet_hours(None));
    sets("sensitive_places", |it| it.with_sensitive_places(places));
}

#[test]
fn each_setter_of_a_record_sets_its_own_field() {
    let facing = canvass::Facing::new(90.0, 100.0, 20.0).unwrap();
    let (from, to) = (camera_at(1, 2, place((10, 50), 0, 0)), place((10, 50), 9, 9));
    let recording = Recording::kept_for_days(1);
    let camera = from.with_id(CameraId(3)).with_owner(OwnerId(4)).with_position(to);
    let camera = camera.with_recording(recording).with_facing(facing);
    assert_eq!((camera.id, camera.owner, camera.position), (CameraId(3), OwnerId(4), to));
    assert_eq!((camera.recording, camera.facing), (recording, Some(facing)));
    assert_eq!(camera.with_facing(None).facing, None);

    let county = square(9.0, 49.0, 11.0, 51.0);
    let other = agency().with_id(AgencyId(9)).with_name("B").with_kind(AgencyKind::County);
    let other = other.with_jurisdiction(county.clone());
    assert_eq!((other.id, &*other.name, other.kind), (AgencyId(9), "B", AgencyKind::County));
    assert_eq!(other.jurisdiction.as_ref(), Some(&county));
    assert_eq!(other.with_jurisdiction(None).jurisdiction, None);

    let area = square(10.0, 50.0, 10.1, 50.1);
    let window = "2026-05-01T18:00:00Z/2026-05-01T19:00:00Z".parse().unwrap();
    let request = asking(county).with_agency(AgencyId(8)).with_incident(IncidentKind::Homicide);
    let request = request.with_area(area.clone()).with_window(window).with_case("c");
    let request = request.with_contact("d").with_camera_scope(CameraScope::SeeingInto);
    let asked = (request.agency, request.incident, request.area, request.window);
    assert_eq!(asked, (AgencyId(8), IncidentKind::Homicide, area, window));
    let written = (&*request.case_reference, &*request.contact, request.camera_scope);
    assert_eq!(written, ("c", "d", CameraScope::SeeingInto));
}

#[test]
fn an_event_is_made_of_its_parts() {
    let text = r#"{"sequence":12,"at":"2026-05-20T12:00:00Z","id":7,"step":"expired"}"#;
    let event: LifecycleEvent = serde_json::from_str(text).unwrap();
    let LifecycleEvent { sequence, at, id, ref step, .. } = event;
    assert_eq!(LifecycleEvent::new(sequence, at, id, step.clone()), event);
}

#[test]
fn a_change_names_its_camera_owner_and_position() {
    let (owner, id) = (OwnerId(2), CameraId(1));
    let (here, there) = (place((10, 50), 0, 0), place((10, 50), 9, 9));
    let camera = camera_at(1, 2, here);
    let named = |change: Change| (change.camera(), change.owner(), change.position());
    let whole: (_, _, Option<Position>) = (Some(id), Some(owner), Some(here));
    for change in [Change::Register(camera), Change::Replace(camera), Change::Upsert(camera)] {
        assert_eq!(named(change), whole);
    }
    let moved = Change::Move { camera: id, position: there };
    assert_eq!(named(moved), (Some(id), None, Some(there)));
    assert_eq!(named(Change::Remove { camera: id }), (Some(id), None, None));
    let consent = Consent::granted();
    for change in [
        Change::SetConsent { owner, consent },
        Change::Withdraw { owner },
        Change::Forget { owner },
        Change::RecordAsked { owner, agency: None, at: noon() },
    ] {
        assert_eq!(named(change), (None, Some(owner), None));
    }
}
