//! Windows as texts: they read back as written, and a refusal gives the reason.

use canvass::TimeWindow;
use canvass::error::TimeWindowError;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::support::*;

proptest! {
    #[test]
    fn a_window_is_read_as_it_is_written(
        one in Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(),
        other in Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(),
    ) {
        prop_assume!(one != other);
        let [start, end] =
            [one.min(other), one.max(other)].map(|second| Timestamp::from_second(second).unwrap());
        let window = TimeWindow::new(start, end).unwrap();
        prop_assert_eq!(window.to_string().parse(), Ok(window));
        let backwards = TimeWindowError::Empty { start: end, end: start };
        prop_assert_eq!(format!("{end}/{start}").parse::<TimeWindow>(), Err(backwards));
    }

    #[test]
    fn windows_that_are_read_round_trip(text in mutated()) {
        if let Ok(window) = text.parse::<TimeWindow>() {
            prop_assert_eq!(window.to_string().parse(), Ok(window));
        }
    }
}

/// A zone's name has a slash, and the offset must be in use there at that instant.
#[test]
fn instants_with_a_zone_are_read_or_refused() {
    let window: TimeWindow = "2026-05-01T18:00:00Z/2026-05-01T20:30:00Z".parse().unwrap();
    for text in [
        "2026-05-01T14:00:00-04:00[America/New_York]/2026-05-01T22:30:00+02:00[Europe/Paris]",
        "2026-05-01T14:00:00[America/New_York]/2026-05-01T20:30:00Z",
        "2026-05-01T18:00:00Z/2026-05-01T16:30:00-04:00[America/New_York]",
        "2026-05-01T18:00:00Z[America/New_York]/2026-05-01T20:30:00Z[UTC]",
    ] {
        assert_eq!(text.parse(), Ok(window), "{text}");
    }
    let refused = |text: &str| text.parse::<TimeWindow>().unwrap_err().to_string();
    let disagree = "2026-05-01T14:00:00-04:00[Europe/Paris]";
    let words = format!(
        "the zone and the offset of `{disagree}` do not agree; leave out the one that is wrong"
    );
    assert_eq!(refused(&format!("{disagree}/2026-05-01T20:30:00Z")), words);
    assert_eq!(refused(&format!("2026-05-01T08:00:00Z/{disagree}")), words);
    let unknown = "2026-05-01T14:00:00-04:00[Europe/Springfield]/2026-05-01T20:30:00Z";
    assert!(refused(unknown).contains("do not agree"), "{}", refused(unknown));
    // The first local time occurs twice, the second never.
    for local in ["2026-11-01T01:30:00[America/New_York]", "2026-03-08T02:30:00[America/New_York]"]
    {
        let words =
            format!("the clocks of its zone show `{local}` twice or never; write the offset, too");
        assert_eq!(refused(&format!("{local}/2026-12-01T00:00:00Z")), words);
        let with_offset = local.replace('[', "-05:00[");
        let read = format!("{with_offset}/2026-12-01T00:00:00Z").parse::<TimeWindow>();
        assert_eq!(read.is_ok(), local.contains("11-01"), "{with_offset}");
    }
    let unknown = "2026-05-01T14:00:00[Europe/Springfield]";
    let words = format!("`{unknown}` is not an instant; write one such as `2026-05-01T18:00:00Z`");
    assert_eq!(refused(&format!("{unknown}/2026-12-01T00:00:00Z")), words);
    assert!(refused("2026-05-01T14:00:00-04:00[America/New_York]").contains("is not a window"));
}

/// Records use the same reader of instants.
#[test]
fn instants_of_records_must_agree_with_their_zone() {
    let at = "2026-05-01T14:00:00-04:00";
    let read = |zone: &str| {
        let at = format!("{at}{zone}");
        [
            serde_json::from_str::<TimeWindow>(&format!(
                r#"{{"start":"2026-01-01T00:00:00Z","end":"{at}"}}"#
            ))
            .is_ok(),
            serde_json::from_str::<canvass::Consent>(&format!(r#"{{"expires":"{at}"}}"#)).is_ok(),
            serde_json::from_str::<canvass::Recording>(&format!(
                r#"{{"since":"{at}","kept_days":1}}"#
            ))
            .is_ok(),
            serde_json::from_str::<canvass::Change>(&format!(
                r#"{{"record_asked":{{"owner":1,"at":"{at}"}}}}"#
            ))
            .is_ok(),
        ]
    };
    assert_eq!(read(""), [true; 4]);
    assert_eq!(read("[America/New_York]"), [true; 4]);
    assert_eq!(read("[Europe/Paris]"), [false; 4]);
}

/// Each verdict occurs often among the texts above.
#[test]
fn mutated_texts_are_read_and_refused_often() {
    let mut runner = TestRunner::deterministic();
    let mut text = || mutated().new_tree(&mut runner).unwrap().current();
    let read = (0..1_000).filter(|_| text().parse::<TimeWindow>().is_ok()).count();
    assert!((100..900).contains(&read), "{read}");
}

/// Valid texts of which a few characters were replaced.
fn mutated() -> impl Strategy<Value = String> {
    let valid = prop::sample::select(vec![
        "2026-05-09T18:00:00Z/2026-05-09T20:00:00Z",
        "-000044-03-15T11:59:59.5+23:59/9999-12-30T22:00:00Z",
        "20260509T18-04/20260510T180000,25+0530",
    ]);
    let with = prop::sample::select("0123459TZ+-:/., é".chars().collect::<Vec<_>>());
    let edits = prop::collection::vec((any::<Index>(), with), 1..3);
    (valid, edits).prop_map(|(text, edits)| {
        let mut text: Vec<char> = text.chars().collect();
        for (at, with) in edits {
            let at = at.index(text.len());
            text[at] = with;
        }
        text.into_iter().collect()
    })
}

#[test]
fn the_longest_and_shortest_windows_round_trip() {
    let second = jiff::SignedDuration::from_secs(1);
    for (start, end) in [(Timestamp::MIN, Timestamp::MAX), (noon(), noon() + second)] {
        let window = TimeWindow::new(start, end).unwrap();
        assert_eq!(window.to_string().parse(), Ok(window));
    }
}

#[test]
fn a_window_is_read_in_any_offset() {
    for text in [
        "2026-05-09T18:00:00Z/2026-05-09T20:00:00Z",
        "2026-05-09T14:00:00-04:00/2026-05-09T22:00+02:00",
        "2026-05-09T18:00:00.999Z/2026-05-09T20:00:00.999Z",
        "20260509T180000Z/20260509T20Z",
    ] {
        assert_eq!(text.parse(), Ok(evening()), "{text}");
    }
    // Before 1970 as well a fraction is dropped towards the past.
    let long_ago = TimeWindow::new(at("1969-12-31T23:59:58Z"), at("1969-12-31T23:59:59Z"));
    assert_eq!("1969-12-31T23:59:58.1Z/1969-12-31T23:59:59.9Z".parse(), long_ago);
}

#[test]
fn malformed_windows_are_refused_with_a_reason() {
    let words = |text: &str| text.parse::<TimeWindow>().unwrap_err().to_string();
    let example = "write one such as `2026-05-01T18:00:00Z/2026-05-01T20:30:00Z`";
    for text in ["", "2026-05-09T18:00:00Z", "2026-05-09T18:00:00Z--2026-05-09T20:00:00Z"] {
        assert_eq!(words(text), format!("`{text}` is not a window; {example}"));
    }
    let start = "2026-05-09T18:00:00Z";
    for end in ["2026-05-09T20:00:00", "2026-05-09 20:00", "2026-05-09", "20260509T2000"] {
        let expected = format!(
            "`{end}` has no offset from UTC; add it, as in `2026-05-01T14:00:00-04:00`, or `Z` for \
             UTC"
        );
        assert_eq!(words(&format!("{start}/{end}")), expected);
    }
    for end in ["", "20:00:00Z", "PT2H", "2026-05-09T20:00:00Z/P1D", " ", "2026-02-30T20:00:00"] {
        let expected =
            format!("`{end}` is not an instant; write one such as `2026-05-01T18:00:00Z`");
        assert_eq!(words(&format!("{start}/{end}")), expected);
    }
    assert_eq!(
        words("2026-05-09T18:00:00Z/2026-05-09T18:00:00.9Z"),
        "the window is empty: its end `2026-05-09T18:00:00Z` is not after its start \
         `2026-05-09T18:00:00Z`",
    );
    let long = "é".repeat(10_000);
    assert!(words(&long).len() < 300);
    assert!(words(&format!("{start}/{long}")).len() < 300);
}
