//! Zones without the feature `zone-names`: offsets and UTC are read, and a name is refused with the reason.

use canvass::Zone;

#[test]
#[cfg(not(feature = "zone-names"))]
fn without_the_database_only_offsets_are_read() {
    for text in ["UTC", "utc", "+05:30", "-08:00"] {
        let zone: Zone = text.parse().unwrap();
        assert_eq!(zone.to_string(), text.to_uppercase());
    }
    for name in ["America/New_York", "Etc/UTC", "Springfield"] {
        let error = name.parse::<Zone>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{name}` cannot be looked up: ")), "{error}");
        assert!(error.contains("`zone-names`"), "{error}");
    }
    let policy = serde_json::from_str::<canvass::Policy>(
        r#"{"quiet_hours":{"from":"21:00","until":"08:00","zone":"Europe/Paris"}}"#,
    );
    assert!(policy.unwrap_err().to_string().contains("`zone-names`"));
    let window = "2026-05-01T18:00:00+02:00[Europe/Paris]/2026-05-01T19:00:00Z";
    assert!(window.parse::<canvass::TimeWindow>().is_err());
}

#[test]
#[cfg(feature = "zone-names")]
fn a_zone_is_read_by_name_with_the_database() {
    assert_eq!("europe/paris".parse::<Zone>().unwrap().to_string(), "Europe/Paris");
}
