//! Consent: a truth table and edge cases, for the specification and for routes.

use std::collections::BTreeMap;

use canvass::policy::{SensitiveKind, SensitivePlace, SensitiveRule};
use canvass::{
    AgencyId, Ask, AskLimit, AuthorizedRequest, Camera, CameraId, Change, Consent, Denial,
    Explanation, Funnel, IncidentKind, OwnerId, Policy, Question, Recording, Registry, Scope,
    Snapshot, Standing, Zone,
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

fn question() -> Question {
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
fn denies(consent: &Consent, asked: &[i64], expected: Option<Denial>) {
    let asked = others(asked.iter().map(|&seconds| noon_and(seconds)));
    denies_after(consent, asked, expected);
}

/// The same after requests of any agencies.
#[track_caller]
fn denies_after(consent: &Consent, asked: Vec<Ask>, expected: Option<Denial>) {
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

#[test]
fn an_ask_counts_until_its_span_ends() {
    let often = Some(Denial::AskedOftenEnough);
    let limited = |week, month| Consent::granted().with_limit(AskLimit::new(week, month).unwrap());
    for (consent, span) in [(limited(1, 30), 7 * DAY), (limited(30, 1), 30 * DAY)] {
        denies(&consent, &[], None);
        denies(&consent, &[1 - span], often);
        denies(&consent, &[-span], None);
        denies(&consent, &[-1 - span], None);
        denies(&consent, &[0], often);
        // An instant in the future counts as well, since a clock may be behind.
        denies(&consent, &[1], often);
        denies(&consent, &[40 * DAY], often);
    }
    let default = Consent::granted();
    denies(&default, &[1 - 7 * DAY], None);
    denies(&default, &[1 - 7 * DAY, -5], often);
    denies(&default, &[-7 * DAY, -5], None);
    let month = [1 - 30 * DAY, -29 * DAY, -28 * DAY];
    denies(&default, &month, None);
    denies(&default, &[month[0], month[1], month[2], -10 * DAY], often);
    denies(&default, &[-30 * DAY, month[1], month[2], -10 * DAY], None);
    // The order is irrelevant, and two in one second count as two.
    denies(&default, &[-10 * DAY, month[1], month[0], month[2]], often);
    denies(&default, &[-3, -3], often);
    for nobody in [limited(0, 30), limited(30, 0), limited(0, 0)] {
        denies(&nobody, &[], often);
    }
}

#[test]
fn pauses_and_grants_end_on_the_second() {
    let granted = Consent::granted;
    denies(&granted().with_paused_until(noon_and(1)), &[], Some(Denial::Paused));
    denies(&granted().with_paused_until(noon_and(0)), &[], None);
    denies(&granted().with_expiry(noon_and(1)), &[], None);
    denies(&granted().with_expiry(noon_and(0)), &[], Some(Denial::Expired));
    // A pause that outlasts the grant does not revive it.
    let both = granted().with_paused_until(noon_and(5)).with_expiry(noon_and(-5));
    denies(&both, &[], Some(Denial::Expired));
    for far in [Timestamp::MIN, Timestamp::MAX] {
        let (paused, expired) =
            if far < noon() { (None, Some(Denial::Expired)) } else { (Some(Denial::Paused), None) };
        denies(&granted().with_paused_until(far), &[], paused);
        denies(&granted().with_expiry(far), &[], expired);
    }
    // With a fraction of a second a pause ends at the next whole second, and a grant expires at the
    // start of its own.
    let off = SignedDuration::from_nanos(1);
    denies(&granted().with_paused_until(noon() + off), &[], Some(Denial::Paused));
    denies(&granted().with_paused_until(noon() - off), &[], None);
    denies(&granted().with_expiry(noon_and(1) - off), &[], Some(Denial::Expired));
    denies(&granted().with_expiry(noon_and(1) + off), &[], None);
    // Before 1970 as well.
    let paused = granted().with_paused_until(at("1969-12-31T23:59:58.5Z"));
    let asked = |now| paused.evaluate(&Question { now: at(now), ..question() }, &[]);
    assert_eq!(asked("1969-12-31T23:59:58.9Z"), Err(Denial::Paused));
    assert_eq!(asked("1969-12-31T23:59:59Z"), Ok(()));
    // At the end of time there is no next second, and the instant is kept.
    let forever = granted().with_paused_until(Timestamp::MAX);
    let registry = Registry::new();
    let set = Change::SetConsent { owner: OwnerId(1), consent: forever.clone() };
    registry.apply([set]).unwrap();
    assert_eq!(registry.consent(OwnerId(1)), forever);
}

#[test]
fn an_owner_reads_their_consent_and_ends_a_pause() {
    let (agencies, incidents) = (Scope::only([AgencyId(3)]), Scope::all_but([IncidentKind::Theft]));
    let (limit, zone) = (AskLimit::new(1, 3).unwrap(), "Asia/Kathmandu".parse::<Zone>().unwrap());
    let consent = Consent::granted()
        .with_agencies(agencies.clone())
        .with_incidents(incidents.clone())
        .with_paused_until(noon_and(60))
        .with_expiry(noon_and(3_600))
        .with_limit(limit)
        .with_zone(zone.clone());
    let registry = Registry::new();
    let set = |consent| Change::SetConsent { owner: OwnerId(1), consent };
    registry.apply([set(consent.clone())]).unwrap();
    let kept = registry.consent(OwnerId(1));
    assert_eq!(kept, consent);
    assert_eq!((kept.standing(), kept.zone()), (Standing::Granted, Some(&zone)));
    assert_eq!((kept.agencies(), kept.incidents()), (&agencies, &incidents));
    assert_eq!((kept.paused_until(), kept.expiry()), (Some(noon_and(60)), Some(noon_and(3_600))));
    assert_eq!(kept.limit(), limit);

    registry.apply([set(kept.without_pause())]).unwrap();
    let resumed = registry.consent(OwnerId(1));
    assert_eq!(resumed.paused_until(), None);
    assert_eq!(resumed.with_paused_until(noon_and(60)), consent, "nothing else changed");
    let silent = registry.consent(OwnerId(2));
    assert_eq!((silent.standing(), silent.paused_until()), (Standing::NotGranted, None));
}

#[test]
fn asks_remain_readable_after_a_withdrawal() {
    let registry = Registry::new();
    let by = Some(AgencyId(4));
    let asked = |at| recorded(OwnerId(1), Ask { agency: by, at });
    let known = |instants: &[Timestamp]| {
        instants.iter().map(|&at| Ask { agency: by, at }).collect::<Vec<_>>()
    };
    assert!(registry.asked(OwnerId(1)).is_empty());
    registry.apply([asked(noon_and(60)), asked(noon_and(0)), asked(noon_and(60))]).unwrap();
    let all = known(&[noon_and(0), noon_and(60), noon_and(60)]);
    assert_eq!(registry.asked(OwnerId(1)), all);
    assert!(registry.asked(OwnerId(2)).is_empty());
    registry.apply([Change::Withdraw { owner: OwnerId(1) }]).unwrap();
    assert_eq!(registry.asked(OwnerId(1)), all);

    // The registry keeps as many instants as a limit can count: the last ones.
    registry.apply((0..40).map(|second| asked(noon_and(100 + second)))).unwrap();
    let last: Vec<Timestamp> = (10..40).map(|second| noon_and(100 + second)).collect();
    assert_eq!(registry.asked(OwnerId(1)), known(&last));
}

#[test]
fn a_limit_of_more_than_thirty_requests_is_refused() {
    assert_eq!((AskLimit::default().per_7_days(), AskLimit::default().per_30_days()), (2, 4));
    assert!(AskLimit::new(30, 30).is_ok());
    for (week, month) in [(31, 1), (1, 31), (255, 255)] {
        let error = AskLimit::new(week, month).unwrap_err().to_string();
        assert_eq!(error, format!("a limit of `{}` requests is more than 30", week.max(month)));
    }
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

/// The agency that asks as often as it may leaves the others their part.
#[test]
fn no_agency_uses_up_the_limit_of_all() {
    let ask =
        |agency, days_ago| Ask { agency: Some(AgencyId(agency)), at: noon() - days(days_ago) };
    let (granted, often) = (Consent::granted(), Some(Denial::AskedOftenEnough));
    // Agency 1 asks; of the default, 2 in 7 days and 4 in 30, its part is 1 and 2.
    denies_after(&granted, vec![ask(2, 1)], None);
    denies_after(&granted, vec![ask(1, 1)], often);
    denies_after(&granted, vec![ask(2, 9), ask(2, 20)], None);
    denies_after(&granted, vec![ask(1, 9), ask(1, 20)], often);
    denies_after(&granted, vec![ask(1, 9), ask(2, 10), ask(3, 11)], None);
    denies_after(&granted, vec![ask(1, 9), ask(2, 10), ask(3, 11), ask(3, 12)], often);
    // An odd number is rounded up, so that 1 in 7 days is anybody's.
    let limit = |week, month| Consent::granted().with_limit(AskLimit::new(week, month).unwrap());
    denies_after(&limit(1, 30), vec![], None);
    denies_after(&limit(3, 30), vec![ask(1, 1)], None);
    denies_after(&limit(3, 30), vec![ask(1, 1), ask(1, 2)], often);
    denies_after(&limit(3, 30), vec![ask(2, 1), ask(2, 2)], None);
}
