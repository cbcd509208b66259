//! Bytes that are no tile: each gives an error with the place, at a cost in proportion to its
//! bytes.

use canvass::error::*;
use canvass::tiles::*;
use canvass::*;
use h3o::Resolution;

use crate::support::*;
use crate::tiles::{first_of, kept, refusal, restored, small};

/// The same bytes with a valid checksum.
pub fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - 4;
    let checksum = crc32fast::hash(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

#[test]
fn every_flipped_bit_is_an_error() {
    let kept = kept(&small());
    assert!(kept.len() >= 4, "{kept:?}");
    for bytes in kept.values() {
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            refusal([flipped]);
        }
    }
}

#[test]
fn every_truncation_and_every_byte_more_is_an_error() {
    for bytes in kept(&small()).values() {
        for length in 0..bytes.len() {
            refusal([&bytes[..length]]);
            if length >= 40 {
                refusal([sealed(bytes[..length].to_vec())]);
            }
        }
        let mut longer = bytes.clone();
        longer.push(0);
        refusal([longer.clone()]);
        refusal([sealed(longer)]);
    }
}

/// Flips bytes behind a valid checksum, so that all later checks are reached.
#[test]
fn bytes_with_good_checksums_are_refused_or_valid() {
    let (mut refused, mut read) = (0, 0);
    for bytes in kept(&small()).values() {
        for byte in 0..bytes.len() - 4 {
            for change in [1, 0x80, 0xff] {
                let mut hostile = bytes.clone();
                hostile[byte] ^= change;
                match Registry::from_tiles(Revision(1), [sealed(hostile)]) {
                    Ok(registry) => {
                        read += 1;
                        // A registry that was read can be written and read again.
                        restored(&registry);
                    }
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(refused > 100 && read > 100, "{refused} refused, {read} read");
}

/// An allocation for this many rows, 170 GB, would fail.
#[test]
fn hostile_counts_do_not_allocate() {
    for bytes in kept(&small()).values() {
        for count in [24, 28, 32] {
            let mut hostile = bytes.clone();
            hostile[count..count + 4].fill(0xff);
            let error = refusal([sealed(hostile)]);
            let known =
                matches!(error.reason, TileFlaw::Truncated { .. } | TileFlaw::CountOfOwners { .. });
            assert!(known, "{error}");
        }
    }
}

#[test]
fn faults_of_tiles_name_tile_and_place() {
    let registry = small();
    let (two, one) = (first_of(&registry, 2), first_of(&registry, 1));
    let changed = |bytes: &[u8], at: usize, to: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes[at..at + to.len()].copy_from_slice(to);
        refusal([sealed(bytes)]).to_string()
    };
    let key = u64::from_le_bytes(two[8..16].try_into().unwrap());
    let other = u64::from_le_bytes(one[8..16].try_into().unwrap());
    let name = TileKey::from_u64(key).unwrap().to_string();
    let other_name = TileKey::from_u64(other).unwrap().to_string();
    assert_eq!(
        refusal([&two[..3]]).to_string(),
        "the tile at index 0, at byte 0: expected `4` more bytes, but `3` are left"
    );
    assert_eq!(
        changed(&two, 0, b"PNG"),
        "the tile at index 0, at byte 0: expected a tile, which starts with `CNVT`"
    );
    assert_eq!(
        changed(&two, 4, &[1]),
        "the tile at index 0, at byte 4: expected version `2` of the format, not `1`"
    );
    assert_eq!(
        changed(&two, 6, &[2]),
        format!("tile `{name}`, at byte 6: expected kind `1`, as the key has it, not `2`")
    );
    assert_eq!(
        changed(&two, 8, &[0xff; 8]),
        "the tile at index 0, at byte 8: expected an H3 cell or an owner page, not `18446744073709551615`"
    );
    assert_eq!(
        Registry::from_tiles(Revision(0), [&two]).unwrap_err().to_string(),
        format!("tile `{name}`, at byte 16: expected revision `0` or an earlier one, not `1`")
    );
    assert_eq!(
        changed(&two, 24, &[0; 4]),
        format!(
            "tile `{name}`, at byte 24: expected at least one row: a tile without any is not written"
        )
    );
    assert_eq!(
        changed(&two, 24, &[9]),
        format!("tile `{name}`, at byte 36: expected `306` more bytes, but `68` are left")
    );
    assert_eq!(
        changed(&two, 36, &[3]),
        format!("tile `{name}`, at byte 70: expected an id above `3`, not `3`: rows ascend")
    );
    assert_eq!(
        changed(&two, 8, &other.to_le_bytes()),
        format!("tile `{other_name}`, at byte 52: camera `1` stands in tile `{name}`")
    );
    assert_eq!(
        refusal([&two, &two]).to_string(),
        format!("tile `{name}`, at byte 8: the tile occurs twice")
    );
    let mut clash = one.clone();
    clash[36] = 3;
    let error = refusal([two.clone(), sealed(clash)]);
    assert_eq!(error.reason, TileFlaw::TwiceCamera { camera: CameraId(3) });
    let mut flipped = two.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let error = refusal([flipped]);
    assert_eq!(error.offset, two.len() - 4);
    assert!(error.to_string().ends_with("the bytes are not as written"), "{error}");
    let finer = loaded(&street(1), Layout::new(Resolution::Nine, 60));
    let error = refusal([two, first_of(&finer, 1)]);
    assert_eq!(error.reason, TileFlaw::Resolution { expected: 9, found: 5 });
}

#[test]
fn an_error_names_the_wrong_tile_by_its_key() {
    let mut good: Vec<Vec<u8>> = kept(&small()).into_values().collect();
    // The tiles in descending order of keys: any order is accepted.
    good.reverse();
    let at = |tiles: &[Vec<u8>]| {
        let error = refusal(tiles);
        (error.index, error.key)
    };
    for index in 0..good.len() {
        let mut tiles = good.clone();
        tiles[index][10] ^= 1;
        assert_eq!(at(&tiles), (Some(index), None), "its key is not to be trusted");
        let mut twice = good.clone();
        twice.push(good[index].clone());
        let key = u64::from_le_bytes(good[index][8..16].try_into().unwrap());
        assert_eq!(at(&twice), (Some(good.len()), Some(TileKey::from_u64(key).unwrap())));
    }
    let (two, mut clash) = (first_of(&small(), 2), first_of(&small(), 1));
    clash[36] = 3;
    let clash = sealed(clash);
    let finer = first_of(&loaded(&street(1), Layout::new(Resolution::Nine, 60)), 1);
    for other in [clash, finer] {
        let (a, b) = (at(&[two.clone(), other.clone()]), at(&[other, two.clone()]));
        let other_place = |(index, key): (Option<usize>, _)| (index.map(|index| 1 - index), key);
        assert_eq!(a, other_place(b), "the same tile, wherever it stands");
    }
}

/// A page of owner 1 in the documented format, with these consents and this number of owners.
fn page(consents: &[&str], number: u32) -> Vec<u8> {
    let registry = Registry::new();
    let yes = Change::SetConsent { owner: OwnerId(1), consent: Consent::granted() };
    registry.apply([yes]).unwrap();
    let mut bytes = kept(&registry).into_values().next().unwrap();
    bytes.truncate(28);
    bytes.extend(u32::try_from(consents.len()).unwrap().to_le_bytes());
    bytes.extend([0; 4]);
    for json in consents {
        bytes.extend(u32::try_from(json.len()).unwrap().to_le_bytes());
        bytes.extend(json.as_bytes());
    }
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(number.to_le_bytes());
    bytes.extend([0; 5]);
    sealed(bytes)
}

/// The encoding is canonical: a consent in another spelling is refused.
#[test]
fn a_consent_is_read_only_as_it_is_written() {
    let json = |consent: &Consent| serde_json::to_string(consent).unwrap();
    let (any, paused) =
        (json(&Consent::granted()), json(&Consent::granted().with_paused_until(noon())));
    for consent in [&any, &paused] {
        let bytes = page(&[consent], 0);
        let registry = Registry::from_tiles(Revision(1), [&bytes]).unwrap();
        assert_eq!(json(&registry.consent(OwnerId(1))), *consent);
        assert_eq!(kept(&registry).into_values().collect::<Vec<_>>(), [bytes]);
    }
    let form = "expected consent `0` of the page as it is written";
    let whole = "12:00:00Z";
    let zone = json(&Consent::granted().with_zone("Europe/Paris".parse().unwrap()));
    let agencies = Scope::only([AgencyId(1), AgencyId(2)]);
    let only = json(&Consent::granted().with_agencies(agencies));
    let reason = |consents: &[&str]| refusal([page(consents, 0)]).reason.to_string();
    for other in [
        any.replace(':', ": "),
        only.replace("[1,2]", "[2,1]"),
        r#"{"standing":"granted"}"#.to_owned(),
        paused.replace(whole, "12:00:00.25Z"),
        paused.replace(whole, "12:00:00+00:00"),
        zone.replace("Europe/Paris", "europe/paris"),
    ] {
        assert!(serde_json::from_str::<Consent>(&other).is_ok(), "{other}");
        assert_eq!(reason(&[&other]), form, "{other}");
    }
    assert_eq!(
        reason(&[&json(&Consent::default())]),
        "expected a granted consent in JSON: it is not granted"
    );
    // Quotations of the bytes are short.
    let long = reason(&[&format!("{{\"{}\":1}}", "long".repeat(10_000))]);
    assert!(long.len() < 300 && long.ends_with(" ..."), "{long}");
    let error = refusal([page(&[&any, &paused], 0)]);
    assert_eq!(
        error.to_string(),
        format!(
            "tile `owners-{}`, at byte {}: consent `1` of the page is nobody's",
            TileKey::to_u64(error.key.unwrap()),
            36 + 4 + any.len()
        )
    );
}

#[test]
fn a_page_counts_the_instants_that_its_owners_have() {
    let registry = Registry::new();
    registry.apply([Change::RecordAsked { owner: OwnerId(1), agency: None, at: noon() }]).unwrap();
    let mut bytes = kept(&registry).into_values().next().unwrap();
    bytes[32] = 0;
    let error = refusal([sealed(bytes.clone())]);
    assert_eq!(
        (error.offset, error.reason.to_string().as_str()),
        (32, "expected `1` instants, as many as the owners have, not `0`")
    );
    bytes[32] = 2;
    let error = refusal([sealed(bytes)]);
    assert!(matches!(error.reason, TileFlaw::Truncated { .. }), "{error}");
}

#[test]
fn a_camera_on_the_antimeridian_has_one_form() {
    let mut town = street(1);
    let west = Position::new(-180.0, 10.0).unwrap();
    town.cameras.values_mut().for_each(|camera| camera.position = west);
    let bytes = first_of(&loaded(&town, Layout::default()), 1);
    Registry::from_tiles(Revision(1), [&bytes]).unwrap();
    let mut other = bytes;
    other[52..56].copy_from_slice(&1_800_000_000_i32.to_le_bytes());
    assert_eq!(
        refusal([sealed(other)]).reason.to_string(),
        "camera `0`: expected longitude `-180`, not `180`: they are one"
    );
}
