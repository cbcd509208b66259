//! The life of a request: every state with every step, limits to the second, and files as JSON.

use canvass::error::CaseFileError;
use canvass::{AgencyId, CaseFile, IncidentKind, Policy, Request, RequestId, RequestState};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::support::*;

const FIRST: RequestId = RequestId(7);

fn second() -> SignedDuration {
    SignedDuration::from_secs(1)
}

fn policy() -> Policy {
    Policy::without_limits_or_anonymity().with_open_days(10).with_max_open_days(28)
}

fn open(file: &mut CaseFile, id: RequestId, now: Timestamp) -> Result<(), CaseFileError> {
    let area = square(10.0, 50.0, 10.005, 50.005);
    let request =
        Request::new(AgencyId(1), IncidentKind::Burglary, area, evening()).with_case("26-1");
    let authorized = policy().review(&request, &agency(), file, noon()).unwrap();
    file.open(id, &authorized, now)
}

/// A file with a request that was opened at noon.
fn opened() -> CaseFile {
    let mut file = CaseFile::new(AgencyId(1));
    open(&mut file, FIRST, noon()).unwrap();
    file
}

type Verb = fn(&mut CaseFile, Timestamp) -> Result<(), CaseFileError>;

const VERBS: [Verb; 3] = [
    |file, now| file.resolve(FIRST, now),
    |file, now| file.withdraw(FIRST, now),
    |file, now| file.extend(FIRST, noon() + days(11), now),
];

#[test]
fn only_an_open_request_can_be_changed() {
    let (early, late) = (noon() + days(1), noon() + days(10));
    let mut resolved = opened();
    resolved.resolve(FIRST, early).unwrap();
    let mut withdrawn = opened();
    withdrawn.withdraw(FIRST, early).unwrap();
    for (file, now, state) in [
        (opened(), early, RequestState::Open),
        (opened(), late, RequestState::Expired),
        (resolved.clone(), early, RequestState::Resolved),
        (resolved, late, RequestState::Resolved),
        (withdrawn.clone(), early, RequestState::Withdrawn),
        (withdrawn, late, RequestState::Withdrawn),
    ] {
        assert_eq!(file.state(FIRST, now), Ok(state));
        for (verb, then) in VERBS.iter().zip(["Resolved", "Withdrawn", "Open"]) {
            let mut changed = file.clone();
            if state == RequestState::Open {
                assert_eq!(verb(&mut changed, now), Ok(()));
                assert_eq!(format!("{:?}", changed.state(FIRST, now).unwrap()), then);
            } else {
                let refused = CaseFileError::NotOpen { id: FIRST, state };
                assert_eq!(verb(&mut changed, now), Err(refused));
                assert_eq!(changed, file, "nothing changes");
            }
        }
        // The request counts in its case in every state.
        assert_eq!(file.opened_in("26-1"), 1);
    }
}

#[test]
fn a_request_expires_on_the_second() {
    let file = opened();
    let end = noon() + days(10);
    assert_eq!(file.state(FIRST, noon() - second()), Ok(RequestState::Authorized));
    assert_eq!(file.state(FIRST, noon()), Ok(RequestState::Open));
    assert_eq!(file.state(FIRST, end - second()), Ok(RequestState::Open));
    assert_eq!(file.state(FIRST, end), Ok(RequestState::Expired));
    let mut extended = file;
    let latest = noon() + days(28);
    extended.extend(FIRST, latest, end - second()).unwrap();
    assert_eq!(extended.state(FIRST, latest - second()), Ok(RequestState::Open));
    assert_eq!(extended.state(FIRST, latest), Ok(RequestState::Expired));
}

#[test]
fn impossible_steps_are_refused_with_a_reason() {
    let mut file = opened();
    let words = |result: Result<(), CaseFileError>| result.unwrap_err().to_string();
    let choose = "choose from `2026-05-20T12:00:00Z` to `2026-06-07T12:00:00Z`";
    for (until, text) in [
        (noon() + days(28) + second(), "2026-06-07T12:00:01Z"),
        (noon() + days(10) - second(), "2026-05-20T11:59:59Z"),
    ] {
        let expected = format!("request `7` cannot be extended to `{text}`; {choose}");
        assert_eq!(words(file.extend(FIRST, until, noon())), expected);
    }
    // An extension to the current end is accepted.
    assert_eq!(file.extend(FIRST, noon() + days(10), noon()), Ok(()));
    let unknown = "the case file has no request `8`";
    assert_eq!(words(file.resolve(RequestId(8), noon())), unknown);
    assert_eq!(file.state(RequestId(8), noon()).unwrap_err().to_string(), unknown);
    let back = "`2026-05-10T11:59:59Z` is before `2026-05-10T12:00:00Z`, which is in the case \
                file; time does not run backwards";
    assert_eq!(words(file.withdraw(FIRST, noon() - second())), back);
    assert_eq!(words(open(&mut file, RequestId(8), noon() - second())), back);
    file.withdraw(FIRST, noon()).unwrap();
    assert_eq!(words(file.resolve(FIRST, noon())), "request `7` is withdrawn, not open");
}

#[test]
fn only_a_review_authorises_an_open_request_again() {
    let mut file = opened();
    open(&mut file, RequestId(8), noon() + days(1)).unwrap();
    let strict = policy().with_max_requests_per_case(1);
    let again = |policy: &Policy, file: &CaseFile, id, now| {
        policy.reopen(file, RequestId(id), &agency(), now).map_err(|error| error.to_string())
    };
    let (open, over) = (noon() + days(9), noon() + days(10));
    let authorized = again(&policy(), &file, 7, open).unwrap();
    assert_eq!(authorized.reviewed_at(), noon());
    assert_eq!(authorized.request(), file.iter().next().unwrap().request());
    // A request is not compared with itself; the second is refused by a policy that allows one.
    assert!(again(&strict, &file, 7, open).is_ok());
    let refused = "the case has had 1 requests, and no more are allowed";
    assert_eq!(again(&strict, &file, 8, open).unwrap_err(), refused);
    assert!(again(&policy(), &file, 8, over).is_ok());
    assert_eq!(again(&policy(), &file, 7, over).unwrap_err(), "request `7` is expired, not open");
    let unknown = "the case file has no request `9`";
    assert_eq!(again(&policy(), &file, 9, open).unwrap_err(), unknown);
}

#[test]
fn open_requests_of_a_file_are_those_in_state_open() {
    let mut file = opened();
    open(&mut file, RequestId(8), noon() + days(1)).unwrap();
    open(&mut file, RequestId(9), noon() + days(2)).unwrap();
    file.withdraw(RequestId(8), noon() + days(3)).unwrap();
    for (day, expected) in
        [(-1, vec![]), (0, vec![7]), (2, vec![7, 8, 9]), (3, vec![7, 9]), (10, vec![9])]
    {
        let ids: Vec<u64> = file.open_at(noon() + days(day)).map(|one| one.id().0).collect();
        assert_eq!(ids, expected, "{day}");
    }
}

#[test]
fn without_limits_a_request_stays_open_for_ever() {
    let mut file = CaseFile::new(AgencyId(1));
    let area = square(10.0, 50.0, 10.005, 50.005);
    let request = Request::new(AgencyId(1), IncidentKind::Burglary, area, evening());
    let review = Policy::without_limits_or_anonymity().review(&request, &agency(), &file, noon());
    file.open(FIRST, &review.unwrap(), noon()).unwrap();
    assert_eq!(file.iter().next().unwrap().open_until(), Timestamp::MAX);
}

#[test]
fn the_form_of_a_file_is_pinned_and_checked() {
    let mut file = opened();
    file.resolve(FIRST, noon() + days(1)).unwrap();
    open(&mut file, RequestId(8), noon() + days(2)).unwrap();
    let text = serde_json::to_string(&file).unwrap();
    let times = r#""at":"2026-05-10T12:00:00Z","until":"2026-05-20T12:00:00Z","latest":"2026-06-07T12:00:00Z","ended":{"resolved":"2026-05-11T12:00:00Z"}}"#;
    assert!(text.contains(times), "{text}");
    assert_eq!(serde_json::from_str::<CaseFile>(&text).unwrap(), file);
    for (from, to, words) in [
        (r#""id":8"#, r#""id":7"#, "request `7` was opened before"),
        (
            r#"{"agency":1,"opened""#,
            r#"{"agency":2,"opened""#,
            "the request is agency `1`'s, but the case file is agency `2`'s",
        ),
        (
            r#""at":"2026-05-12T"#,
            r#""at":"2026-05-02T"#,
            "`2026-05-02T12:00:00Z` is before `2026-05-10T12:00:00Z`, which is in the case file; \
             time does not run backwards",
        ),
        (
            r#""latest":"2026-06-07T"#,
            r#""latest":"2026-05-19T"#,
            "request `7` was opened at `2026-05-10T12:00:00Z`, until `2026-05-20T12:00:00Z`, \
             `2026-05-19T12:00:00Z` at the latest: these do not ascend",
        ),
        (
            r#""until":"2026-05-20T"#,
            r#""until":"2026-05-09T"#,
            "request `7` was opened at `2026-05-10T12:00:00Z`, until `2026-05-09T12:00:00Z`, \
             `2026-06-07T12:00:00Z` at the latest: these do not ascend",
        ),
        (
            r#""resolved":"2026-05-11T"#,
            r#""resolved":"2026-05-20T"#,
            "request `7` ended at `2026-05-20T12:00:00Z`, but it was open from \
             `2026-05-10T12:00:00Z` to before `2026-05-20T12:00:00Z`",
        ),
        (
            r#""resolved""#,
            r#""revoked""#,
            "unknown variant `revoked`, expected `resolved` or `withdrawn`",
        ),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        let refused = serde_json::from_str::<CaseFile>(&changed).unwrap_err().to_string();
        assert!(refused.starts_with(words), "{refused}");
    }
}

proptest! {
    #[test]
    fn a_file_round_trips_after_any_steps(
        verbs in proptest::collection::vec((0..4_u8, 0..4_u64, 0..40_i64, 0..20_i64), 20..60),
    ) {
        let mut file = CaseFile::new(AgencyId(1));
        let (mut now, mut done, mut refused) = (noon(), 0, 0);
        for (verb, id, more, step) in verbs {
            now += days(step) / 5;
            let id = RequestId(id);
            let before = file.clone();
            let result = match verb {
                0 => open(&mut file, id, now),
                1 => file.resolve(id, now),
                2 => file.withdraw(id, now),
                _ => file.extend(id, now + days(more), now),
            };
            if result.is_ok() { done += 1 } else { refused += 1 }
            prop_assert_eq!(result.is_err() && verb < 3, before == file && verb < 3);
            for opened in &file {
                prop_assert!(opened.opened_at() <= opened.open_until());
                prop_assert!(opened.open_until() <= opened.latest());
                prop_assert_eq!(opened.latest(), opened.opened_at() + days(28));
                prop_assert!(opened.ended_at().is_none_or(|end| end < opened.open_until()));
            }
            let text = serde_json::to_string(&file).unwrap();
            prop_assert_eq!(&serde_json::from_str::<CaseFile>(&text).unwrap(), &file);
        }
        prop_assert!(refused > 0);
        prop_assert_eq!(done > 0, file.iter().len() > 0);
    }
}

#[test]
fn codes_of_errors_are_pinned() {
    let (id, now, agency) = (FIRST, noon(), AgencyId(1));
    let state = RequestState::Withdrawn;
    let codes = [
        CaseFileError::OtherAgency { named: agency, file: agency },
        CaseFileError::IdTaken { id },
        CaseFileError::CaseExhausted { allowed: 2 },
        CaseFileError::OverlapOpened { id },
        CaseFileError::Unknown { id },
        CaseFileError::NotOpen { id, state },
        CaseFileError::CannotExtend { id, until: now, from: now, latest: now },
        CaseFileError::BackInTime { now, last: now },
        CaseFileError::Disordered { id, at: now, until: now, latest: now },
        CaseFileError::EndedWhileNotOpen { id, end: now, at: now, until: now },
    ]
    .map(|error| error.code());
    assert_eq!(
        codes,
        [
            "other_agency",
            "id_taken",
            "case_exhausted",
            "overlap_opened",
            "unknown",
            "not_open",
            "cannot_extend",
            "back_in_time",
            "disordered",
            "ended_while_not_open",
        ]
    );
}
