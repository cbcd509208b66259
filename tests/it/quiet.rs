//! Quiet hours: every edge of a night, and clock changes.

use canvass::{AgencyId, Ask, AskLimit, Consent, Denial, IncidentKind, Question, QuietHours, Zone};
use jiff::civil::{DateTime, Time, time};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::oracle::not_before;
use crate::support::*;

pub fn zone(text: &str) -> Zone {
    text.parse().unwrap()
}

pub fn hours(from: Time, until: Time) -> QuietHours {
    QuietHours::new(from, until, Zone::UTC).unwrap()
}

pub fn night() -> QuietHours {
    hours(time(21, 0, 0, 0), time(8, 0, 0, 0))
}

/// Asserts the first instant at which a notice may be sent, with the local time and offset written
/// out, so that the zone arithmetic is compared with a wall clock.
#[track_caller]
fn sent(hours: &QuietHours, place: &str, now: &str, expected: Option<&str>) {
    let (zone, now) = (zone(place), at(now));
    let found = hours.not_before(now, &zone);
    assert_eq!(found, expected.map(at), "{place} at {now}");
    assert_eq!(found, not_before(hours, now, &zone), "the naive twin: {place} at {now}");
}

#[test]
fn a_night_begins_and_ends_on_the_second() {
    for (place, offset) in
        [("UTC", "+00:00"), ("+05:30", "+05:30"), ("-03:30", "-03:30"), ("+14:00", "+14:00")]
    {
        let morning = format!("2026-05-11T08:00:00{offset}");
        for (clock, waits) in [
            ("2026-05-10T20:59:59", false),
            ("2026-05-10T21:00:00", true),
            ("2026-05-10T21:00:01", true),
            ("2026-05-11T00:00:00", true),
            ("2026-05-11T07:59:59", true),
            ("2026-05-11T08:00:00", false),
            ("2026-05-11T08:00:01", false),
        ] {
            let expected = waits.then_some(morning.as_str());
            sent(&night(), place, &format!("{clock}{offset}"), expected);
        }
    }
    // A fraction of a second belongs to its second, before 1970 as well.
    for day in ["2026-05-11", "1969-07-20"] {
        let on = |clock: &str| at(&format!("{day}T{clock}Z"));
        let late = night().not_before(on("07:59:59.999"), &Zone::UTC);
        assert_eq!(late, Some(on("08:00:00")));
        assert_eq!(night().not_before(on("20:59:59.999"), &Zone::UTC), None);
    }
}

#[test]
fn hours_that_do_not_pass_midnight() {
    let noon = hours(time(12, 0, 0, 0), time(13, 30, 0, 0));
    sent(&noon, "UTC", "2026-05-10T11:59:59Z", None);
    sent(&noon, "UTC", "2026-05-10T12:00:00Z", Some("2026-05-10T13:30:00Z"));
    sent(&noon, "UTC", "2026-05-10T13:29:59Z", Some("2026-05-10T13:30:00Z"));
    sent(&noon, "UTC", "2026-05-10T13:30:00Z", None);
    sent(&noon, "UTC", "2026-05-10T00:00:00Z", None);
    // Hours up to midnight, from midnight, and all day but one second.
    let evening = hours(time(22, 0, 0, 0), Time::midnight());
    sent(&evening, "UTC", "2026-05-10T23:59:59Z", Some("2026-05-11T00:00:00Z"));
    sent(&evening, "UTC", "2026-05-11T00:00:00Z", None);
    let small = hours(Time::midnight(), time(6, 0, 0, 0));
    sent(&small, "UTC", "2026-05-10T23:59:59Z", None);
    sent(&small, "UTC", "2026-05-11T00:00:00Z", Some("2026-05-11T06:00:00Z"));
    let nearly = hours(time(12, 0, 1, 0), time(12, 0, 0, 0));
    sent(&nearly, "UTC", "2026-05-10T12:00:00Z", None);
    sent(&nearly, "UTC", "2026-05-10T12:00:01Z", Some("2026-05-11T12:00:00Z"));
}

#[test]
fn clocks_set_forward_in_the_night_shorten_it() {
    // 2026-03-08 in New York: from 02:00 -05 to 03:00 -04.
    let place = "America/New_York";
    let morning = Some("2026-03-08T08:00:00-04:00");
    sent(&night(), place, "2026-03-07T20:59:59-05:00", None);
    sent(&night(), place, "2026-03-07T21:00:00-05:00", morning);
    sent(&night(), place, "2026-03-08T01:59:59-05:00", morning);
    sent(&night(), place, "2026-03-08T03:00:00-04:00", morning);
    sent(&night(), place, "2026-03-08T07:59:59-04:00", morning);
    sent(&night(), place, "2026-03-08T08:00:00-04:00", None);
}

#[test]
fn clocks_set_over_the_end_end_the_quiet() {
    // In the same night, hours that end within the hour that is left out.
    let until = hours(time(21, 0, 0, 0), time(2, 30, 0, 0));
    let place = "America/New_York";
    sent(&until, place, "2026-03-08T01:59:59-05:00", Some("2026-03-08T03:00:00-04:00"));
    sent(&until, place, "2026-03-08T03:00:00-04:00", None);
    // Hours that begin within the missing hour: quiet from the first second after it.
    let from = hours(time(2, 30, 0, 0), time(8, 0, 0, 0));
    sent(&from, place, "2026-03-08T01:59:59-05:00", None);
    sent(&from, place, "2026-03-08T03:00:00-04:00", Some("2026-03-08T08:00:00-04:00"));
    // Hours that lie within the missing hour do not occur that day.
    let within = hours(time(2, 10, 0, 0), time(2, 50, 0, 0));
    sent(&within, place, "2026-03-08T01:59:59-05:00", None);
    sent(&within, place, "2026-03-08T03:00:00-04:00", None);
    sent(&within, place, "2026-03-09T02:10:00-04:00", Some("2026-03-09T02:50:00-04:00"));
}

#[test]
fn clocks_set_by_half_an_hour_or_by_a_day() {
    // Lord Howe on 2026-10-04: from 02:00 +10:30 to 02:30 +11.
    let place = "Australia/Lord_Howe";
    let until = hours(time(15, 0, 0, 0), time(2, 15, 0, 0));
    sent(&until, place, "2026-10-04T01:59:59+10:30", Some("2026-10-04T02:30:00+11:00"));
    sent(&until, place, "2026-10-04T02:30:00+11:00", None);
    sent(&night(), place, "2026-10-04T01:59:59+10:30", Some("2026-10-04T08:00:00+11:00"));
    // The clock is set back on 2026-04-05 from 02:00 +11 to 01:30 +10:30: 01:30 to 02:00 occurs
    // twice.
    sent(&until, place, "2026-04-05T01:59:59+11:00", Some("2026-04-05T02:15:00+10:30"));
    let twice = hours(time(21, 0, 0, 0), time(1, 45, 0, 0));
    sent(&twice, place, "2026-04-05T01:44:59+11:00", Some("2026-04-05T01:45:00+11:00"));
    sent(&twice, place, "2026-04-05T01:45:00+11:00", None);
    sent(&twice, place, "2026-04-05T01:59:59+11:00", None);
    sent(&twice, place, "2026-04-05T01:30:00+10:30", Some("2026-04-05T01:45:00+10:30"));
    sent(&twice, place, "2026-04-05T01:45:00+10:30", None);
    // Kwajalein left out the whole of 1993-08-21.
    let place = "Pacific/Kwajalein";
    sent(&night(), place, "1993-08-20T23:59:59-12:00", Some("1993-08-22T08:00:00+12:00"));
}

/// All changes of clocks in the database that pass 08:00 or 21:00, under the default hours.
#[test]
fn clocks_set_over_eight_and_over_nine() {
    let database = jiff::tz::TimeZoneDatabase::bundled();
    let (eight, nine) = (night().until(), night().from());
    let (mut forward, mut back, mut waits) = ([0, 0], [0, 0], 0);
    for name in database.available().filter(|name| name.as_str() != "Factory") {
        let clock = database.get(name.as_str()).unwrap();
        let till = at("2040-01-01T00:00:00Z");
        for transition in clock.following(Timestamp::MIN).take_while(|t| t.timestamp() < till) {
            let instant = transition.timestamp();
            let after = clock.to_datetime(instant);
            let before = clock.to_datetime(instant - SignedDuration::from_secs(1));
            let mut over = false;
            for (edge, index) in [(eight, 0), (nine, 1)] {
                let jumped = |from: DateTime, to: DateTime| {
                    [from.date(), to.date()].iter().any(|day| {
                        let edge = day.to_datetime(edge);
                        from < edge && edge < to
                    })
                };
                forward[index] += usize::from(jumped(before, after));
                back[index] += usize::from(jumped(after, before));
                over |= jumped(before, after) || jumped(after, before);
            }
            for near in [-3_601, -1, 0, 1, 3_601].into_iter().filter(|_| over) {
                let now = instant + SignedDuration::from_secs(near);
                let found = night().not_before(now, &zone(name.as_str()));
                let naive = not_before(&night(), now, &zone(name.as_str()));
                assert_eq!(found, naive, "{name} {now}");
                waits += usize::from(found.is_some());
            }
        }
    }
    let counts = [forward[0], forward[1], back[0], back[1]];
    assert!(counts.iter().all(|&count| count > 0) && waits > 0, "{counts:?} {waits}");
}

#[test]
fn clocks_set_back_make_the_night_longer() {
    // 2026-11-01 in New York: from 02:00 -04 to 01:00 -05.
    let place = "America/New_York";
    let morning = Some("2026-11-01T08:00:00-05:00");
    sent(&night(), place, "2026-10-31T21:00:00-04:00", morning);
    sent(&night(), place, "2026-11-01T01:30:00-04:00", morning);
    sent(&night(), place, "2026-11-01T01:30:00-05:00", morning);
    // Hours that end in the hour that occurs twice are quiet again in its second pass.
    let until = hours(time(21, 0, 0, 0), time(1, 30, 0, 0));
    sent(&until, place, "2026-11-01T01:29:59-04:00", Some("2026-11-01T01:30:00-04:00"));
    sent(&until, place, "2026-11-01T01:59:59-04:00", None);
    sent(&until, place, "2026-11-01T01:00:00-05:00", Some("2026-11-01T01:30:00-05:00"));
    // Hours that end in the second in which the clock is set back have not ended, and come again.
    let until = hours(time(21, 0, 0, 0), time(2, 0, 0, 0));
    sent(&until, place, "2026-11-01T01:59:59-04:00", Some("2026-11-01T02:00:00-05:00"));
    sent(&until, place, "2026-10-31T21:00:00-04:00", Some("2026-11-01T02:00:00-05:00"));
    sent(&until, place, "2026-11-01T01:59:59-05:00", Some("2026-11-01T02:00:00-05:00"));
    // Hours that begin in the repeated hour begin twice.
    let from = hours(time(1, 30, 0, 0), time(8, 0, 0, 0));
    sent(&from, place, "2026-11-01T01:29:59-04:00", None);
    sent(&from, place, "2026-11-01T01:30:00-04:00", Some("2026-11-01T01:00:00-05:00"));
    sent(&from, place, "2026-11-01T01:29:59-05:00", None);
    sent(&from, place, "2026-11-01T01:30:00-05:00", morning);
}

#[test]
fn a_notice_skips_a_day_that_never_was() {
    // Samoa went from 2011-12-29 to 2011-12-31.
    let place = "Pacific/Apia";
    let morning = Some("2011-12-31T08:00:00+14:00");
    sent(&night(), place, "2011-12-29T20:59:59-10:00", None);
    sent(&night(), place, "2011-12-29T21:00:00-10:00", morning);
    sent(&night(), place, "2011-12-29T23:59:59-10:00", morning);
    sent(&night(), place, "2011-12-31T00:00:00+14:00", morning);
    sent(&night(), place, "2011-12-31T08:00:00+14:00", None);
    // Hours up to midnight of the day that was left out.
    let evening = hours(time(21, 0, 0, 0), Time::midnight());
    sent(&evening, place, "2011-12-29T23:59:59-10:00", Some("2011-12-31T00:00:00+14:00"));
}

#[test]
fn the_end_of_time_is_waited_for_and_no_longer() {
    for place in ["UTC", "+14:00", "-14:00", "America/New_York"] {
        for hour in 0..24 {
            let from = time(hour, 0, 0, 0);
            let nearly = hours(from, from.wrapping_sub(SignedDuration::from_secs(1)));
            let waits = nearly.not_before(Timestamp::MAX, &zone(place));
            assert_eq!(waits, Some(Timestamp::MAX), "{place} {hour}");
            if let Some(instant) = nearly.not_before(Timestamp::MIN, &zone(place)) {
                assert!(instant > Timestamp::MIN && instant.as_second() < -377_000_000_000);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Any hours, in any zone of the database, near any of its transitions since 1840 or at any
    /// time, compared with the clock of each second.
    #[test]
    fn quiet_hours_follow_the_local_clock(seed in any::<u64>()) {
        let mut rng = Rng(seed);
        let database = jiff::tz::TimeZoneDatabase::bundled();
        let names: Vec<String> =
            database.available().map(|name| name.as_str().to_owned()).collect();
        let place = names[usize::try_from(rng.below(names.len() as u64)).unwrap()].clone();
        prop_assume!(place != "Factory");
        let clock = database.get(&place).unwrap();
        let start = Timestamp::from_second(rng.within(-4_100_000_000, 4_100_000_000)).unwrap();
        let instant = clock.following(start).next().map_or(start, |t| t.timestamp());
        let wall = clock.to_datetime(instant).time();
        for _ in 0..6 {
            // Hours often begin or end exactly at the clock change, by the time shown before or
            // after it.
            let shown = clock.to_datetime(instant - SignedDuration::from_secs(1)).time();
            let marks = [wall, shown.wrapping_add(SignedDuration::from_secs(1))];
            let mut near = || {
                let off = if rng.once_in(2) { 0 } else { rng.within(-9_000, 9_000) };
                rng.pick(&marks).wrapping_add(SignedDuration::from_secs(off))
            };
            let Ok(hours) = QuietHours::new(near(), near(), Zone::UTC) else { continue };
            let now = instant + SignedDuration::from_secs(rng.within(-9_000, 9_000));
            let zone = zone(&place);
            prop_assert_eq!(hours.not_before(now, &zone), not_before(&hours, now, &zone), "{} {:?} {}", place, hours, now);
        }
    }
}

#[test]
fn a_limit_counts_days_of_24_hours() {
    // Across the night of 2026-03-08, in which clocks in New York lose an hour.
    let asked = at("2026-03-05T12:00:00-05:00");
    let once = Consent::granted()
        .with_limit(AskLimit::new(1, 30).unwrap())
        .with_zone(zone("America/New_York"));
    let month = Consent::granted()
        .with_limit(AskLimit::new(30, 1).unwrap())
        .with_zone(zone("America/New_York"));
    let denial = |consent: &Consent, now: &str| {
        let question =
            Question { agency: AgencyId(1), incident: IncidentKind::Burglary, now: at(now) };
        consent.evaluate(&question, &[Ask { agency: None, at: asked }]).err()
    };
    let often = Some(Denial::AskedOftenEnough);
    // Noon by the wall clock would be 23 hours short of seven days and an hour.
    assert_eq!(denial(&once, "2026-03-12T12:00:00-04:00"), often);
    assert_eq!(denial(&once, "2026-03-12T12:59:59-04:00"), often);
    assert_eq!(denial(&once, "2026-03-12T13:00:00-04:00"), None);
    assert_eq!(denial(&month, "2026-04-04T12:59:59-04:00"), often);
    assert_eq!(denial(&month, "2026-04-04T13:00:00-04:00"), None);
    // In the night of 2026-11-01 the clock is set back: twice in seven days.
    let twice = Consent::granted().with_zone(zone("America/New_York"));
    let asked = [(2, "2026-10-29T12:00:00-04:00"), (3, "2026-10-30T09:00:00-04:00")]
        .map(|(agency, text)| Ask { agency: Some(AgencyId(agency)), at: at(text) });
    let denial = |now: &str| {
        let question =
            Question { agency: AgencyId(1), incident: IncidentKind::Burglary, now: at(now) };
        twice.evaluate(&question, &asked).err()
    };
    assert_eq!(denial("2026-11-05T10:59:59-05:00"), often);
    assert_eq!(denial("2026-11-05T11:00:00-05:00"), None);
}
