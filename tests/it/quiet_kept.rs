//! Quiet hours and zones in serde formats.

use canvass::{
    AgencyId, Change, Consent, IncidentKind, Layout, OwnerId, Policy, Question, QuietHours, Scope,
    Zone,
};
use jiff::civil::time;

use crate::quiet::zone;
use crate::support::*;

#[test]
fn a_zone_is_kept_with_the_consent_and_denies_nothing() {
    let consent =
        Consent::granted().with_agencies(Scope::only([AgencyId(1)])).with_zone(zone("Asia/Tokyo"));
    let question = Question { agency: AgencyId(1), incident: IncidentKind::Burglary, now: noon() };
    assert_eq!(consent.evaluate(&question, &[]), Ok(()));
    let registry = loaded(&street(3), Layout::default());
    let owner = OwnerId(1);
    registry.apply([Change::SetConsent { owner, consent: consent.clone() }]).unwrap();
    assert_eq!(registry.consent(owner), consent);
    assert_eq!(registry.consent(OwnerId(2)), Consent::granted());
    assert_eq!(
        serde_json::to_string(&consent).unwrap(),
        r#"{"standing":"granted","agencies":{"only":[1]},"incidents":"any","limit":{"per_7_days":2,"per_30_days":4},"zone":"Asia/Tokyo"}"#
    );
    assert_eq!(
        serde_json::from_str::<Consent>(&serde_json::to_string(&consent).unwrap()).unwrap(),
        consent
    );
}

#[test]
fn zones_are_read_and_written_by_name() {
    for (text, name) in [
        ("America/New_York", "America/New_York"),
        ("AMERICA/NEW_YORK", "America/New_York"),
        ("US/Eastern", "US/Eastern"),
        ("utc", "UTC"),
        ("+00:00", "UTC"),
        ("+05:30", "+05:30"),
        ("-03:30", "-03:30"),
        ("-00:30", "-00:30"),
        ("+14:00", "+14:00"),
        ("-14:00", "-14:00"),
    ] {
        assert_eq!(zone(text).to_string(), name);
        assert_eq!(zone(name), zone(text));
        assert_eq!(serde_json::to_string(&zone(text)).unwrap(), format!("\"{name}\""));
        assert_eq!(serde_json::from_str::<Zone>(&format!("\"{text}\"")).unwrap(), zone(text));
    }
    assert_ne!(zone("US/Eastern"), zone("America/New_York"));
    let no_zone = [
        "",
        "+",
        "Springfield",
        "EST5EDT,M3.2.0,M11.1.0",
        "+5:30",
        "+05",
        "+0530",
        "+05:60",
        "+05:3a",
        "-00:00",
        "Factory",
        "Etc/Unknown",
        "+05:30:00",
        "../etc/passwd",
        "+é5:3",
    ];
    for text in no_zone {
        let expected = format!(
            "`{text}` is not a time zone; write one such as `America/New_York` or `+05:30`"
        );
        assert_eq!(text.parse::<Zone>().unwrap_err().to_string(), expected);
    }
    for text in ["+14:01", "-14:01", "+99:59"] {
        let expected = format!("offset `{text}` is more than 14 hours from UTC");
        assert_eq!(text.parse::<Zone>().unwrap_err().to_string(), expected);
    }
    // Every name of the database is a zone, and reads back as it is written.
    let database = jiff::tz::TimeZoneDatabase::bundled();
    let mut names = 0;
    for name in database.available().filter(|name| name.as_str() != "Factory") {
        assert_eq!(zone(name.as_str()).to_string().parse::<Zone>().unwrap(), zone(name.as_str()));
        names += 1;
    }
    assert!(names > 500, "{names}");
}

#[test]
fn impossible_quiet_hours_are_refused_with_a_reason() {
    let six = time(6, 0, 0, 0);
    assert_eq!(
        QuietHours::new(six, six, Zone::UTC).unwrap_err().to_string(),
        "quiet hours from `06:00:00` to `06:00:00` could mean all day or never; for never, have none"
    );
    assert_eq!(
        QuietHours::new(time(6, 0, 0, 500_000_000), six, Zone::UTC).unwrap_err().to_string(),
        "quiet hours begin and end on whole seconds, not at `06:00:00.5`"
    );
    let policy = |hours: &str| {
        serde_json::from_str::<Policy>(&format!(r#"{{"quiet_hours":{hours}}}"#))
            .map_err(|error| error.to_string().split(" at line").next().unwrap().to_owned())
    };
    let evening = policy(r#"{"from":"22:30","until":"07:00","zone":"Europe/Paris"}"#).unwrap();
    assert_eq!(
        serde_json::to_string(&evening.quiet_hours).unwrap(),
        r#"{"from":"22:30:00","until":"07:00:00","zone":"Europe/Paris"}"#
    );
    for none in ["null", r#""none""#] {
        assert_eq!(policy(none).unwrap().quiet_hours, None);
    }
    // The JSON has no null, so that TOML can write it.
    let written = serde_json::to_value(Policy::without_limits_or_anonymity()).unwrap();
    assert_eq!(written["quiet_hours"], "none");
    assert_eq!(
        policy(r#""never""#).unwrap_err(),
        "invalid value: string \"never\", expected an object with `from`, `until` and `zone`, or `none`"
    );
    assert_eq!(
        policy(r#"{"from":"22:00","until":"07:00","zone":"Atlantis"}"#).unwrap_err(),
        "`Atlantis` is not a time zone; write one such as `America/New_York` or `+05:30`"
    );
    assert!(policy(r#"{"from":"7:00","until":"7:00","zone":"UTC"}"#).is_err());
    assert!(policy(r#"{"from":"25:00","until":"07:00","zone":"UTC"}"#).is_err());
}

/// A date, an offset or a zone behind a time of day would be dropped, and the hours be others.
#[test]
fn a_time_of_day_is_read_to_its_end() {
    let read = |from: &str| {
        serde_json::from_value::<QuietHours>(
            serde_json::json!({ "from": from, "until": "07:00", "zone": "UTC" }),
        )
    };
    for from in ["21:00", "21:00:00", "21:00:00.0", "210000"] {
        assert_eq!(read(from).unwrap().from(), time(21, 0, 0, 0), "{from}");
    }
    for behind in [
        "-05:00",
        "+00:00",
        "Z",
        "[America/New_York]",
        "-05:00[America/New_York]",
        " ",
        "\0",
        "x",
        ":",
        " PM",
    ] {
        let from = format!("21:00:00{behind}");
        let words = read(&from).unwrap_err().to_string();
        assert!(words.starts_with(&format!("`{from}` is not a time of day; write one")), "{words}");
    }
    for from in
        ["2026-05-01T21:00:00", "20260501T210000", "2026-05-01 21:00:00", "T21:00", "", "24:00"]
    {
        assert!(read(from).is_err(), "{from}");
    }
}
