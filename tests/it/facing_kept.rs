//! Facings and their storage: in records, in a registry and in tiles.

use canvass::error::TileFlaw;
use canvass::{Camera, CameraId, Change, Consent, Facing, OwnerId, Registry, Revision};

use crate::facing::looks;
use crate::support::*;
use crate::tiles_hostile::sealed;

#[test]
fn a_facing_is_rounded_to_its_units() {
    let rounded = Facing::new(359.996, 0.005, 0.05).unwrap();
    assert_eq!((rounded.bearing(), rounded.angle(), rounded.reach_m()), (0.0, 0.01, 0.1));
    let rounded = Facing::new(12.344, 109.999, 24.96).unwrap();
    assert_eq!((rounded.bearing(), rounded.angle(), rounded.reach_m()), (12.34, 110.0, 25.0));
    assert_eq!(Facing::new(360.0, 360.0, 200.0), Facing::new(0.0, 360.0, Facing::MAX_REACH_M));
    assert_eq!(Facing::new(-0.0, 90.0, 10.0), Facing::new(0.0, 90.0, 10.0));
    assert!(size_of::<Facing>() == 6 && size_of::<Option<Facing>>() <= 8);
}

#[test]
fn faults_of_a_facing_are_named() {
    let text = |bearing, angle, reach| Facing::new(bearing, angle, reach).unwrap_err().to_string();
    assert_eq!(text(f64::NAN, 1.0, 1.0), "bearing `NaN` is outside 0..360 degrees");
    assert_eq!(text(-0.5, 90.0, 10.0), "bearing `-0.5` is outside 0..360 degrees");
    assert_eq!(text(360.001, 90.0, 10.0), "bearing `360.001` is outside 0..360 degrees");
    for angle in [0.0, 0.004, -1.0, 360.001, f64::INFINITY] {
        let expected = format!("angle of view `{angle}` is not between 0.01 and 360 degrees");
        assert_eq!(text(0.0, angle, 10.0), expected);
    }
    for reach in [0.0, 0.04, -1.0, 200.01, f64::MAX, f64::NAN] {
        let expected = format!("reach `{reach}` is not between 0.1 and 200 metres");
        assert_eq!(text(0.0, 90.0, reach), expected);
    }
}

#[test]
fn a_facing_is_written_and_optional_when_read() {
    let porch = camera(7, Some(looks(90.0, 110.5, 25.0)));
    let json = serde_json::to_string(&porch).unwrap();
    let facing = r#","facing":{"bearing":90.0,"angle":110.5,"reach_m":25.0}}"#;
    assert!(json.ends_with(facing), "{json}");
    assert_eq!(serde_json::from_str::<Camera>(&json).unwrap(), porch);
    // A record as it was written before facings existed.
    let before = json.replace(facing, "}");
    assert_eq!(serde_json::from_str::<Camera>(&before).unwrap(), camera(7, None));
    assert_eq!(serde_json::to_string(&camera(7, None)).unwrap(), before);
    let refused = |from: &str, to: &str| {
        serde_json::from_str::<Camera>(&json.replace(from, to)).unwrap_err().to_string()
    };
    assert!(refused("25.0", "250.0").starts_with("reach `250` is not between 0.1 and 200 metres"));
    assert!(refused("bearing", "heading").starts_with("unknown field `heading`"));
    assert!(refused(r#","reach_m":25.0"#, "").starts_with("missing field `reach_m`"));
}

#[test]
fn any_facing_reads_as_it_was_written() {
    let mut rng = Rng(1);
    for _ in 0..20_000 {
        let hundredths = |number| number as f64 / 100.0;
        let bearing = hundredths(rng.within(0, 35_999));
        let (angle, reach) =
            (hundredths(rng.within(1, 36_000)), rng.within(1, 2_000) as f64 / 10.0);
        let facing = Facing::new(bearing, angle, reach).unwrap();
        assert_eq!((facing.bearing(), facing.angle(), facing.reach_m()), (bearing, angle, reach));
        let json = serde_json::to_string(&facing).unwrap();
        assert_eq!(serde_json::from_str::<Facing>(&json).unwrap(), facing);
    }
}

fn camera(id: u64, facing: Option<Facing>) -> Camera {
    (camera_at(id, id, place((10, 50), id as i64 * 100, 0))).with_facing(facing)
}

#[test]
fn only_replacing_a_camera_drops_its_facing() {
    let registry = Registry::new();
    let [old, new] = [Some(looks(90.0, 110.0, 25.0)), Some(looks(270.0, 60.0, 5.0))];
    let of = |id: u64| registry.cameras_of(OwnerId(id))[0].facing;
    registry.apply((0..200).map(|id| Change::Register(camera(id, old)))).unwrap();
    let position = place((11, 50), 0, 0);
    registry
        .apply([
            Change::Move { camera: CameraId(1), position },
            Change::Replace(camera(2, new)),
            Change::Replace(camera(3, None)),
            Change::SetConsent { owner: OwnerId(4), consent: Consent::granted() },
            Change::Remove { camera: CameraId(5) },
        ])
        .unwrap();
    assert_eq!([of(1), of(2), of(3), of(4)], [old, new, None, old]);
    // Rows change places within a block; each keeps its facing.
    assert!((6..200).all(|id| of(id) == old));
    let snapshot = registry.apply([Change::Withdraw { owner: OwnerId(4) }]).unwrap();
    assert_eq!(snapshot.find(CameraId(2)).unwrap().facing, new);
    assert_eq!(of(4), old);
}

/// The tile of cameras of a registry in which two of three have a facing.
fn tile() -> Vec<u8> {
    let facings = [Some(looks(90.0, 110.0, 25.0)), None, Some(looks(0.0, 360.0, 200.0))];
    let registry = Registry::new();
    let cameras = (0..).zip(facings).map(|(id, facing)| Change::Register(camera(id, facing)));
    registry.apply(cameras).unwrap();
    registry.tiles().changed[0].encode()
}

fn read(bytes: &[u8]) -> Result<Registry, canvass::error::TileError> {
    Registry::from_tiles(Revision(1), [sealed(bytes.to_vec())])
}

#[test]
fn a_tile_has_ten_bytes_more_for_each_facing() {
    let bytes = tile();
    assert_eq!(bytes.len(), 36 + 3 * 34 + 2 * 10 + 4);
    assert_eq!(bytes[24..36], [3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    // Row 0 looks to 90.00 degrees, 110.00 wide, 25.0 m far.
    assert_eq!(bytes[138..148], [0, 0, 0, 0, 0x28, 0x23, 0xf8, 0x2a, 0xfa, 0]);
    let registry = read(&bytes).unwrap();
    assert_eq!(registry.tiles().changed[0].encode(), bytes);
    assert_eq!(registry.cameras_of(OwnerId(2)), [camera(2, Some(looks(0.0, 360.0, 200.0)))]);
    assert_eq!(registry.cameras_of(OwnerId(1)), [camera(1, None)]);
}

#[test]
fn hostile_facings_in_a_tile_are_errors() {
    let changed = |at: usize, to: &[u8]| {
        let mut bytes = tile();
        bytes[at..at + to.len()].copy_from_slice(to);
        let error = read(&bytes).unwrap_err();
        error.to_string().split_once(", at byte ").unwrap().1.to_owned()
    };
    assert_eq!(changed(28, &[3]), "36: expected `132` more bytes, but `122` are left");
    assert_eq!(changed(28, &[1]), "148: expected the end, but `10` bytes are left");
    assert_eq!(changed(31, &[0xff]), "36: expected `42781900922` more bytes, but `122` are left");
    assert_eq!(changed(32, &[1]), "32: expected `0` instants in a tile of cameras, not `1`");
    for [first, second] in [[2, 2], [2, 1]] {
        let mut bytes = tile();
        (bytes[138], bytes[148]) = (first, second);
        let error = read(&bytes).unwrap_err();
        let flaw = TileFlaw::FacingRow { from: 3, rows: 3, found: second.into() };
        assert_eq!((error.offset, error.reason), (148, flaw));
    }
    assert_eq!(
        changed(148, &[3]),
        "148: expected a facing of a row from `1` to below `3`, not of `3`: they ascend"
    );
    assert_eq!(
        changed(142, &36_000_u16.to_le_bytes()),
        "142: camera `0`: bearing `360` is outside 0..360 degrees"
    );
    assert_eq!(
        changed(144, &[0, 0]),
        "142: camera `0`: angle of view `0` is not between 0.01 and 360 degrees"
    );
    assert_eq!(
        changed(146, &2_001_u16.to_le_bytes()),
        "142: camera `0`: reach `200.1` is not between 0.1 and 200 metres"
    );
    for length in 0..tile().len() {
        assert!(Registry::from_tiles(Revision(1), [&tile()[..length]]).is_err(), "{length}");
        assert!(length < 40 || read(&tile()[..length]).is_err(), "{length}");
    }
}
