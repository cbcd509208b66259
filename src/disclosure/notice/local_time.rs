//! A window as people write it where they live.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::model::{TimeWindow, Zone};

const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A window in a time zone, in English: the day once if it is one, and the offset once unless the
/// clocks change in between. `Saturday, 9 May 2026, 14:00 to 16:00 (EDT, UTC-04:00)`.
pub(crate) fn in_zone(window: &TimeWindow, zone: &Zone) -> String {
    let zone = zone.time_zone();
    let (start, end) = (zone.to_datetime(window.start()), zone.to_datetime(window.end()));
    let (from, to) = (offset(window.start(), zone), offset(window.end(), zone));
    let from = if from == to { String::new() } else { format!(" ({from})") };
    let day = if start.date() == end.date() { String::new() } else { format!("{}, ", date(end)) };
    format!("{}, {}{from} to {day}{} ({to})", date(start), clock(start), clock(end))
}

fn date(at: DateTime) -> String {
    let name = |names: &[&'static str], number: i8| {
        usize::try_from(number - 1).ok().and_then(|index| names.get(index)).copied()
    };
    let weekday = name(&WEEKDAYS, at.weekday().to_monday_one_offset()).unwrap_or_default();
    let month = name(&MONTHS, at.month()).unwrap_or_default();
    format!("{weekday}, {} {month} {}", at.day(), at.year())
}

fn clock(at: DateTime) -> String {
    let seconds = if at.second() == 0 { String::new() } else { format!(":{:02}", at.second()) };
    format!("{:02}:{:02}{seconds}", at.hour(), at.minute())
}

/// `EDT, UTC-04:00`; only the latter where the zone has no name for it.
fn offset(at: Timestamp, zone: &TimeZone) -> String {
    let info = zone.to_offset_info(at);
    let from_utc = match info.offset().seconds() {
        0 => "UTC".to_owned(),
        seconds => {
            let sign = if seconds < 0 { '-' } else { '+' };
            let minutes = seconds.unsigned_abs() / 60;
            format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        }
    };
    match info.abbreviation() {
        name if name != "UTC" && name.starts_with(|first: char| first.is_ascii_alphabetic()) => {
            format!("{name}, {from_utc}")
        }
        _ => from_utc,
    }
}
