//! Consent: a truth table and edge cases, for the specification and for routes.

use std::collections::BTreeMap;

use canvass::policy::{SensitiveKind, SensitivePlace, SensitiveRule};
use canvass::{
    AgencyId, Ask, AskLimit, AuthorizedRequest, Camera, CameraId, Consent, Denial, Explanation,
    Funnel, IncidentKind, OwnerId, Policy, Question, Recording, Registry, Scope, Snapshot,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::support::*;

pub const DAY: i64 = 86_400;

/// An instant some seconds after noon.
pub fn noon_and(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

/// Requests of as many agencies, none of which asks in these tests.
pub fn others(asked: impl IntoIterator<Item = Timestamp>) -> Vec<Ask> {
    (100..).map(AgencyId).zip(asked).map(|(by, at)| Ask { agency: Some(by), at }).collect()
}

pub fn question() -> Question {
    Question { agency: AgencyId(1), incident: IncidentKind::Burglary, now: noon() }
}

/// One owner with one camera: the consent, the instants of earlier requests, and the recording.
#[derive(Clone, Debug)]
pub struct Case {
    pub consent: Consent,
    pub asked: Vec<Ask>,
    pub recording: Recording,
    pub spot: Spot,
    pub expected: Option<Denial>,
}

/// Whether the camera stands in the place that [`everywhere`] protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    InClinic,
    Elsewhere,
}

/// A request that meets all rows, in a town with a clinic from which nobody is asked.
fn everywhere() -> AuthorizedRequest {
    let (kind, rule) = (SensitiveKind::Clinic, SensitiveRule::NeverAsk);
    let clinic = square(9.0, 49.0, 10.0, 51.0);
    let clinic = SensitivePlace::new(kind, "St Mary's", rule, clinic, None).unwrap();
    let sensitive_places = std::iter::once(clinic).collect();
    let policy = Policy::without_limits_or_anonymity().with_sensitive_places(sensitive_places);
    authorize_under(&policy, square(9.0, 49.0, 11.0, 51.0))
}

/// All kinds of scopes, and whether each includes `this` but not `other`.
fn scopes<T: Ord + Copy>(this: T, other: T) -> [(Scope<T>, bool); 9] {
    [
        (Scope::Any, true),
        (Scope::only([]), false),
        (Scope::only([this]), true),
        (Scope::only([other]), false),
        (Scope::only([this, other]), true),
        (Scope::all_but([]), true),
        (Scope::all_but([this]), false),
        (Scope::all_but([other]), true),
        (Scope::all_but([this, other]), false),
    ]
}

#[test]
fn a_scope_without_a_member_is_unchanged_for_others() {
    for (scope, _) in scopes(1, 2) {
        let without = scope.clone().without(1);
        assert!(!without.includes(&1), "{scope:?}");
        for other in [2, 3] {
            assert_eq!(without.includes(&other), scope.includes(&other), "{scope:?}");
        }
        assert_eq!(without.clone().without(1), without, "{scope:?}");
    }
}

/// All combinations of parts of a consent, a history and a recording.
fn table() -> Vec<Case> {
    // Offsets from noon in seconds, and whether a pause or an expiry at that instant denies.
    let pauses = [(None, false), (Some(-1), false), (Some(0), false), (Some(1), true)];
    let expiries = [(None, false), (Some(-1), true), (Some(0), true), (Some(1), false)];
    // Days ago; the default limit is 2 in 7 days and 4 in 30 days.
    let histories: [(&[i64], bool); 6] = [
        (&[], false),
        (&[1], false),
        (&[1, 6], true),
        (&[1, 8, 29], false),
        (&[8, 9, 10, 29], true),
        (&[8, 31, 32, 33, 34], false),
    ];
    let recordings = [(Recording::kept_for_days(60), true), (Recording::kept_for_days(0), false)];
    let mut cases = Vec::new();
    for granted in [true, false] {
        for (agencies, agency_fits) in scopes(AgencyId(1), AgencyId(2)) {
            for (incidents, incident_fits) in scopes(IncidentKind::Burglary, IncidentKind::Arson) {
                for (pause, paused) in pauses {
                    for (expiry, expired) in expiries {
                        for (history, often) in histories {
                            for (recording, footage) in recordings {
                                let mut consent =
                                    if granted { Consent::granted() } else { Consent::default() };
                                consent = consent.with_agencies(agencies.clone());
                                consent = consent.with_incidents(incidents.clone());
                                if let Some(seconds) = pause {
                                    consent = consent.with_paused_until(noon_and(seconds));
                                }
                                if let Some(seconds) = expiry {
                                    consent = consent.with_expiry(noon_and(seconds));
                                }
                                let asked = others(history.iter().map(|&ago| noon() - days(ago)));
                                let expected = [
                                    (!granted, Denial::NotGranted),
                                    (expired, Denial::Expired),
                                    (!agency_fits, Denial::AgencyOutOfScope),
                                    (!incident_fits, Denial::IncidentOutOfScope),
                                    (paused, Denial::Paused),
                                    (often, Denial::AskedOftenEnough),
                                    (!footage, Denial::NoFootage),
                                ];
                                let expected = expected.into_iter().find(|(holds, _)| *holds);
                                let expected = expected.map(|(_, denial)| denial);
                                let spot = Spot::Elsewhere;
                                cases.push(Case { consent, asked, recording, spot, expected });
                            }
                        }
                    }
                }
            }
        }
    }
    // A protected place is the last reason in the order of denials.
    let in_clinic = |case: &Case| {
        let expected = case.expected.or(Some(Denial::SensitivePlace));
        Case { spot: Spot::InClinic, expected, ..case.clone() }
    };
    cases.iter().flat_map(|case| [case.clone(), in_clinic(case)]).collect()
}

/// A snapshot in which each case has an owner of its own, with one camera.
pub fn snapshot_of(cases: &[Case]) -> Snapshot {
    let ids = || (0..cases.len() as u64).zip(cases);
    let cameras: Vec<Camera> = ids()
        .map(|(id, case)| {
            Camera::new(
                CameraId(id),
                OwnerId(id),
                match case.spot {
                    Spot::InClinic => {
                        place((9, 50), (id % 500) as i64 * 1_000, (id / 500) as i64 * 1_000)
                    }
                    Spot::Elsewhere => {
                        place((10, 50), 1 + (id % 500) as i64 * 1_000, (id / 500) as i64 * 1_000)
                    }
                },
                case.recording,
            )
        })
        .collect();
    let consents = ids().map(|(id, case)| (OwnerId(id), case.consent.clone()));
    let registry = Registry::bulk_load(&cameras, consents).unwrap();
    let asked = ids().flat_map(|(id, case)| {
        let owner = OwnerId(id);
        case.asked.iter().map(move |&ask| recorded(owner, ask))
    });
    registry.apply(asked).unwrap()
}

fn counts(funnel: &Funnel) -> BTreeMap<Option<Denial>, usize> {
    let denied = funnel.denied().map(|(denial, number)| (Some(denial), number));
    denied.chain([(None, funnel.asked())]).filter(|&(_, number)| number > 0).collect()
}

#[test]
fn the_truth_table_holds_for_the_specification_and_for_routes() {
    let cases = table();
    let mut expected = BTreeMap::new();
    for case in &cases {
        *expected.entry(case.expected).or_insert(0_usize) += 1;
        let denial = case.consent.evaluate(&question(), &case.asked).err();
        let of_the_camera = [Denial::NoFootage, Denial::SensitivePlace];
        assert_eq!(denial, case.expected.filter(|it| !of_the_camera.contains(it)), "{case:?}");
    }
    // The table has every denial, and "asked".
    assert_eq!(expected.len(), Denial::ALL.len() + 1, "{expected:?}");
    let snapshot = snapshot_of(&cases);
    let everywhere = everywhere();
    let route = snapshot.route(everywhere.assume_open(), noon());
    let may_be: Vec<u64> =
        (0..).zip(&cases).filter(|(_, case)| case.expected.is_none()).map(|(id, _)| id).collect();
    assert_eq!(owners(&route), may_be);
    assert_eq!(counts(&snapshot.funnel(&everywhere, noon())), expected);
}

#[test]
fn the_operator_gets_the_first_reason_of_each_row() {
    // Every 61st row: 61 divides none of the table's sides, so that all parts vary.
    let cases: Vec<Case> = table().into_iter().step_by(61).collect();
    let snapshot = snapshot_of(&cases);
    let everywhere = everywhere();
    for (id, case) in (0..).zip(&cases) {
        let expected = case.expected.map_or(Explanation::Asked, Explanation::Denied);
        assert_eq!(snapshot.explain(&everywhere, noon(), CameraId(id)), expected, "{case:?}");
    }
}

/// The specification and a route with one camera agree.
#[track_caller]
pub fn denies(consent: &Consent, asked: &[i64], expected: Option<Denial>) {
    let asked = others(asked.iter().map(|&seconds| noon_and(seconds)));
    denies_after(consent, asked, expected);
}

/// The same after requests of any agencies.
#[track_caller]
pub fn denies_after(consent: &Consent, asked: Vec<Ask>, expected: Option<Denial>) {
    assert_eq!(consent.evaluate(&question(), &asked).err(), expected, "{asked:?}");
    let recording = Recording::kept_for_days(60);
    let spot = Spot::Elsewhere;
    let case = Case { consent: consent.clone(), asked, recording, spot, expected };
    let snapshot = snapshot_of(&[case]);
    let everywhere = everywhere();
    assert_eq!(
        snapshot.route(everywhere.assume_open(), noon()).owners(),
        usize::from(expected.is_none())
    );
    let explained = expected.map_or(Explanation::Asked, Explanation::Denied);
    assert_eq!(snapshot.explain(&everywhere, noon(), CameraId(0)), explained);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any history under any limits, compared with counting.
    #[test]
    fn a_limit_counts_requests_within_its_spans(week in 0..5_u8, month in 0..7_u8, asked in prop::collection::vec(-31..2_i64, 0..9), second in -1..2_i64) {
        let asked: Vec<i64> = asked.iter().map(|day| day * DAY + second).collect();
        let within = |span: i64| asked.iter().filter(|&&at| at > -span).count();
        let often = within(7 * DAY) >= week.into() || within(30 * DAY) >= month.into();
        let consent = Consent::granted().with_limit(AskLimit::new(week, month).unwrap());
        denies(&consent, &asked, often.then_some(Denial::AskedOftenEnough));
    }

    /// Of three agencies, of which one asks: nobody may ask more often than the limit is, nor the one more
    /// often than its share.
    #[test]
    fn a_limit_leaves_no_agency_more_than_half(week in 0..6_u8, month in 0..8_u8, asked in prop::collection::vec((1..4_u64, -31..2_i64), 0..12), second in -1..2_i64) {
        let within = |span: i64, of: &dyn Fn(u64) -> bool| {
            asked.iter().filter(|&&(by, day)| of(by) && day * DAY + second > -span).count()
        };
        let often = |span, number: u8| {
            within(span, &|_| true) >= number.into() || within(span, &|by| by == 1) >= number.div_ceil(2).into()
        };
        let expected = (often(7 * DAY, week) || often(30 * DAY, month)).then_some(Denial::AskedOftenEnough);
        let consent = Consent::granted().with_limit(AskLimit::new(week, month).unwrap());
        let asked = asked.iter().map(|&(by, day)| Ask { agency: Some(AgencyId(by)), at: noon_and(day * DAY + second) });
        denies_after(&consent, asked.collect(), expected);
    }
}
