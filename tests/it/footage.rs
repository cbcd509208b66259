//! Footage: the seconds of a window that a camera has recorded and kept, by the specification and
//! in routes.

use canvass::{CameraId, Consent, Denial, Explanation, Recording, TimeWindow};
use proptest::prelude::*;

use crate::consent::{Case, DAY, Spot, noon_and, snapshot_of};
use crate::support::{Rng, *};

/// Whether a camera has footage of a window, in seconds after noon, asked at noon. Asserts that the
/// specification and a route with that camera alone agree.
#[track_caller]
fn footage(recording: Recording, from: i64, to: i64) -> bool {
    let window = TimeWindow::new(noon_and(from), noon_and(to)).unwrap();
    let specified = recording.has_footage(&window, noon());
    let (consent, spot) = (Consent::granted(), Spot::Elsewhere);
    let case = Case { consent, asked: vec![], recording, spot, expected: None };
    let area = square(9.0, 49.0, 11.0, 51.0);
    let request = asking(area).with_window(window);
    let authorized = authorize_request(&request);
    let snapshot = snapshot_of(&[case]);
    assert_eq!(
        snapshot.route(authorized.assume_open(), noon()).owners() == 1,
        specified,
        "{window}"
    );
    let no_footage = Explanation::Denied(Denial::NoFootage);
    let explained = if specified { Explanation::Asked } else { no_footage };
    assert_eq!(snapshot.explain(&authorized, noon(), CameraId(0)), explained);
    specified
}

fn recorded(since: i64, until: Option<i64>, kept_days: u16) -> Recording {
    Recording::between(noon_and(since), until.map(noon_and), kept_days).unwrap()
}

#[test]
fn footage_is_kept_up_to_the_second() {
    for kept in [1, 7, 60, 365] {
        let oldest = -i64::from(kept) * DAY;
        let recording = Recording::kept_for_days(kept);
        assert!(!footage(recording, oldest - 10, oldest), "touches only");
        assert!(footage(recording, oldest - 10, oldest + 1));
        assert!(footage(recording, oldest, oldest + 1));
        assert!(!footage(recording, oldest - 10, oldest - 1));
    }
    assert!(!footage(Recording::kept_for_days(0), -10, 10));
    assert!(footage(Recording::kept_for_days(u16::MAX), -20_000 * DAY, -19_999 * DAY));
}

#[test]
fn the_future_is_not_recorded_yet() {
    let recording = Recording::kept_for_days(60);
    assert!(footage(recording, -1, 0));
    assert!(footage(recording, -1, 3_600), "now is inside the window");
    assert!(!footage(recording, 0, 3_600), "the window starts now");
    assert!(!footage(recording, 1, 3_600));
    assert!(!footage(recorded(0, None, 60), -10, 10), "records since now");
    assert!(footage(recorded(-1, None, 60), -10, 10));
    assert!(!footage(recorded(5, None, 60), -10, 10), "will record");
    assert!(footage(recorded(-10, Some(5), 60), -10, 10), "will be taken down");
}

#[test]
fn a_camera_records_from_one_second_to_another() {
    let recording = recorded(-100, Some(-50), 60);
    for (from, to, expected) in [
        (-200, -100, false),
        (-200, -99, true),
        (-100, -99, true),
        (-51, -50, true),
        (-50, -49, false),
        (-80, -70, true),
        (-200, 200, true),
        (-49, 200, false),
    ] {
        assert_eq!(footage(recording, from, to), expected, "{from} {to}");
    }
    // Footage is gone once its last second is older than the storage time.
    let old = recorded(-3 * DAY, Some(-DAY), 1);
    assert!(!footage(old, -3 * DAY, 0));
    let last = recorded(-3 * DAY, Some(1 - DAY), 1);
    assert!(footage(last, -3 * DAY, 0));
    assert!(!footage(last, -3 * DAY, -DAY));
    assert!(footage(last, -DAY, 0));
}

#[test]
fn windows_that_touch_do_not_overlap() {
    // The camera records for one hour; the hours before and after have no footage.
    let recording = recorded(-7_200, Some(-3_600), 60);
    assert!(!footage(recording, -10_800, -7_200));
    assert!(footage(recording, -7_200, -3_600));
    assert!(!footage(recording, -3_600, 0));
}

#[test]
fn recordings_that_cannot_be_are_refused() {
    let words = |since: &str, until: Option<&str>| {
        Recording::between(at(since), until.map(at), 1).unwrap_err().to_string()
    };
    assert_eq!(
        words("2026-05-01T00:00:00Z", Some("2026-05-01T00:00:00Z")),
        "recording until `2026-05-01T00:00:00Z` does not end after it starts at \
         `2026-05-01T00:00:00Z`",
    );
    for outside in ["1969-12-31T23:59:59Z", "2106-02-07T06:28:15Z"] {
        let expected = format!("recording time `{outside}` is not between 1970 and 2106");
        assert_eq!(words(outside, None), expected);
        assert_eq!(words("1970-01-01T00:00:00Z", Some(outside)), expected);
    }
    let last = Recording::between(at("1970-01-01T00:00:00Z"), Some(at("2106-02-07T06:28:14Z")), 1);
    assert_eq!(last.unwrap().until(), Some(at("2106-02-07T06:28:14Z")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Compared second by second, around every edge: footage is a second of the window that was
    /// recorded, is kept, and has passed.
    #[test]
    fn footage_is_a_recorded_second_of_the_window(seed in any::<u64>()) {
        let mut rng = Rng(seed);
        let kept = rng.within(0, 3);
        let edges = [0, -kept * DAY, -kept * DAY + 4];
        let from = rng.pick(&edges) + rng.within(-6, 6);
        let to = from + rng.within(1, 9);
        let window = TimeWindow::new(noon_and(from), noon_and(to)).unwrap();
        let cases: Vec<(Case, bool)> = (0..70)
            .map(|_| {
                let since = if rng.once_in(3) { -9_000_000 } else { from + rng.within(-4, 8) };
                let until = (!rng.once_in(3)).then(|| (from + rng.within(-4, 12)).max(since + 1));
                let kept = if rng.once_in(2) { kept } else { rng.within(0, 60) };
                let recording = recorded(since, until, kept as u16);
                let is_kept = |second: i64| {
                    second >= since
                        && until.is_none_or(|until| second < until)
                        && second < 0
                        && second >= -kept * DAY
                };
                let footage = (from..to).any(is_kept);
                let consent = Consent::granted();
                let spot = Spot::Elsewhere;
                (Case { consent, asked: vec![], recording, spot, expected: None }, footage)
            })
            .collect();
        for (case, footage) in &cases {
            prop_assert_eq!(case.recording.has_footage(&window, noon()), *footage, "{:?}", case.recording);
        }
        let expected: Vec<u64> =
            (0..).zip(&cases).filter(|(_, (_, footage))| *footage).map(|(id, _)| id).collect();
        let area = square(9.0, 49.0, 11.0, 51.0);
        let request = asking(area).with_window(window);
        let authorized = authorize_request(&request);
        let cases: Vec<Case> = cases.into_iter().map(|(case, _)| case).collect();
        let route = snapshot_of(&cases).route(authorized.assume_open(), noon());
        let routed: Vec<u64> = route.cameras().iter().map(|camera| camera.0).collect();
        prop_assert_eq!(routed, expected);
    }
}
