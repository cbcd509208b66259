//! The audit log: proofs compared with the recursion of RFC 6962, and bytes that are no entry.

use std::collections::BTreeSet;

use canvass::audit::*;
use canvass::*;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::support::*;

pub fn seed(number: u64) -> EntrySeed {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    EntrySeed::new(bytes)
}

pub fn salt(owner: OwnerId) -> OwnerSalt {
    OwnerSalt::new(Sha256::digest(format!("salt of {owner}")).into())
}

#[expect(clippy::unnecessary_wraps, reason = "a look-up may find nothing")]
pub fn salts(owner: OwnerId) -> Option<OwnerSalt> {
    Some(salt(owner))
}

pub fn everywhere() -> AuthorizedRequest {
    authorize(square(9.9, 49.9, 10.1, 50.1))
}

pub fn street_route(number: u64) -> Route {
    snapshot(&street(number)).route(everywhere().assume_open(), noon())
}

/// One entry, of each kind in turn.
pub fn entry(number: u64) -> AuditEntry {
    let (route, seed) = (street_route(number % 3), seed(number));
    match number % 5 {
        0 => AuditEntry::accepted(route.authorized(), &seed),
        1 => refused(&seed),
        2 | 3 => routed(&route, &seed),
        _ => AuditEntry::receipt(&route.receipt(), noon(), &seed),
    }
}

/// The one entry of a route of a few owners.
pub fn routed(route: &Route, seed: &EntrySeed) -> AuditEntry {
    let [entry] = AuditEntry::routed(route, seed, salts).unwrap().try_into().unwrap();
    entry
}

pub fn refused(seed: &EntrySeed) -> AuditEntry {
    let request =
        Request::new(AgencyId(1), IncidentKind::Theft, square(0.0, 0.0, 1.0, 1.0), evening());
    let policy = default_policy();
    let violations =
        policy.review(&request, &agency(), &CaseFile::new(AgencyId(1)), noon()).unwrap_err();
    AuditEntry::refused(&request, &policy, &violations, noon(), seed)
}

/// `MTH(D[n])` as RFC 6962 defines it.
fn mth(leaves: &[Vec<u8>]) -> [u8; 32] {
    let digest = |parts: &[&[u8]]| Sha256::digest(parts.concat()).into();
    match leaves {
        [] => digest(&[]),
        [leaf] => digest(&[&[0], leaf]),
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            digest(&[&[1], &mth(left), &mth(right)])
        }
    }
}

#[test]
fn proofs_verify_for_all_sizes_and_every_index() {
    let mut log = AuditLog::new();
    let (mut heads, mut leaves) = (vec![log.head()], Vec::new());
    for size in 0..=130_u64 {
        let head = log.head();
        assert_eq!((head.size(), head.root()), (size, Digest(mth(&leaves))));
        for (index, entry) in (0..).zip(log.entries()) {
            let proof = log.inclusion_proof(index).unwrap();
            head.verify_inclusion(index, entry, &proof).unwrap();
            for other in [index.wrapping_sub(1), index + 1, index ^ 2, u64::MAX] {
                assert!(head.verify_inclusion(other, entry, &proof).is_err(), "{index} {other}");
            }
        }
        for older in &heads {
            let proof = log.consistency_proof(older.size()).unwrap();
            head.verify_extends(older, &proof).unwrap();
            assert_eq!(older.verify_extends(&head, &proof).is_ok(), *older == head);
        }
        let entry = entry(size);
        leaves.push(entry.to_bytes());
        assert_eq!(log.append(entry), Ok(size));
        heads.push(log.head());
    }
    assert_eq!((log.len(), log.is_empty(), log.entries().len()), (131, false, 131));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// With one bit flipped in a head, a proof or an entry, verification fails.
    #[test]
    fn a_flipped_bit_anywhere_fails(older in 1..40_u64, added in 1..40_u64, pick in any::<u64>()) {
        let mut rng = Rng(pick);
        let flip = |digest: Digest, rng: &mut crate::support::Rng| {
            let mut bytes = digest.0;
            bytes[rng.below(32) as usize] ^= 1 << rng.below(8);
            Digest(bytes)
        };
        let mut log = AuditLog::from_entries((0..older).map(entry)).unwrap();
        let old = log.head();
        for number in older..older + added {
            log.append(entry(number)).unwrap();
        }
        let head = log.head();
        let index = rng.below(log.len());
        let entry = log.entry(index).unwrap();
        let inclusion = log.inclusion_proof(index).unwrap();
        let consistency = log.consistency_proof(older).unwrap();
        prop_assert!(head.verify_inclusion(index, entry, &inclusion).is_ok());
        prop_assert!(head.verify_extends(&old, &consistency).is_ok());

        let forged = TreeHead::new(head.size(), flip(head.root(), &mut rng)).unwrap();
        prop_assert!(forged.verify_inclusion(index, entry, &inclusion).is_err());
        prop_assert!(forged.verify_extends(&old, &consistency).is_err());
        let forged = TreeHead::new(old.size(), flip(old.root(), &mut rng)).unwrap();
        prop_assert!(head.verify_extends(&forged, &consistency).is_err());
        for node in 0..inclusion.nodes().len() {
            let mut nodes = inclusion.nodes().to_vec();
            nodes[node] = flip(nodes[node], &mut rng);
            prop_assert!(head.verify_inclusion(index, entry, &InclusionProof::new(nodes)).is_err());
        }
        for node in 0..consistency.nodes().len() {
            let mut nodes = consistency.nodes().to_vec();
            nodes[node] = flip(nodes[node], &mut rng);
            prop_assert!(head.verify_extends(&old, &ConsistencyProof::new(nodes)).is_err());
        }
        // Proofs with one node too many or too few.
        let more = [inclusion.nodes(), &[head.root()]].concat();
        prop_assert!(head.verify_inclusion(index, entry, &InclusionProof::new(more)).is_err());
        let fewer = inclusion.nodes()[1..].to_vec();
        prop_assert!(head.verify_inclusion(index, entry, &InclusionProof::new(fewer)).is_err());
        let more = [consistency.nodes(), &[head.root()]].concat();
        prop_assert!(head.verify_extends(&old, &ConsistencyProof::new(more)).is_err());

        let mut bytes = entry.to_bytes();
        let place = rng.below(bytes.len() as u64) as usize;
        bytes[place] ^= 1 << rng.below(8);
        if let Ok(other) = AuditEntry::from_bytes(&bytes) {
            prop_assert!(head.verify_inclusion(index, &other, &inclusion).is_err());
        }
    }

    /// The encoding is canonical: mutated bytes are refused, or encode to themselves.
    #[test]
    fn mutated_bytes_are_refused_or_reencode_alike(
        number in 0..5_u64,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..3),
        keep in any::<prop::sample::Index>(),
    ) {
        let original = entry(number).to_bytes();
        let mut bytes = original.clone();
        for (place, byte) in edits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(entry) = AuditEntry::from_bytes(&bytes) {
            prop_assert_eq!(entry.to_bytes(), bytes);
        }
        let short = &original[..keep.index(original.len())];
        prop_assert_eq!(AuditEntry::from_bytes(short), Err(EntryError::Truncated));
    }

    /// Each owner finds in an entry whether they were asked, and the replayed route has the same
    /// digest.
    #[test]
    fn owners_find_whether_they_were_asked(seed_number in any::<u64>()) {
        let mut rng = Rng(seed_number);
        let town = town(&mut rng, (10, 50), 200);
        let authorized = authorize(area(&mut rng, (10, 50)));
        let registry = loaded(&town, Layout::default());
        let route = registry.snapshot().route(authorized.assume_open(), noon());
        let asked: BTreeSet<OwnerId> = route.recipients().map(|one| one.owner).collect();
        let entries = AuditEntry::routed(&route, &seed(1), salts).unwrap();
        prop_assert_eq!(entries.len(), asked.len().div_ceil(AskedTags::PER_ENTRY).max(1));
        let read = |entry: AuditEntry| AuditEntry::from_bytes(&entry.to_bytes()).unwrap();
        let entries: Vec<AuditEntry> = entries.into_iter().map(read).collect();
        let said = |owner: OwnerId, salt: &OwnerSalt| {
            let mut said = entries.iter().map(|entry| entry.whether_asked(owner, salt).unwrap());
            if said.any(|said| said == Asked::Asked) { Asked::Asked } else { Asked::NotAsked }
        };
        let all: BTreeSet<OwnerId> = town.cameras.values().map(|camera| camera.owner).collect();
        for &owner in &all {
            let expected =
                if asked.contains(&owner) { Asked::Asked } else { Asked::NotAsked };
            prop_assert_eq!(said(owner, &salt(owner)), expected);
            // Another's salt finds nothing.
            prop_assert_eq!(said(owner, &salt(OwnerId(u64::MAX))), Asked::NotAsked);
        }
        let replayed = registry.snapshot().route(authorized.assume_open(), noon());
        for (entry, number) in entries.iter().zip(0..) {
            let key = seed(1).part(number).subject_key();
            prop_assert!(entry.verify_subject(&key, replayed.digest()).is_ok());
        }
        prop_assert!(asked.len() < all.len());
        // An owner who withdrew is not in the recheck's entry.
        if let Some(&leaving) = asked.first() {
            let newer = registry.apply([Change::Withdraw { owner: leaving }]).unwrap();
            let left = route.recheck(route.authorized().assume_open(), &newer, noon()).unwrap();
            for entry in AuditEntry::routed(&left, &seed(2), salts).unwrap() {
                let said = entry.whether_asked(leaving, &salt(leaving));
                prop_assert_eq!(said, Some(Asked::NotAsked));
            }
        }
    }
}

#[test]
fn malformed_entries_are_refused_with_a_reason() {
    let bytes = |number: u64| entry(number).to_bytes();
    let with = |number: u64, place: usize, byte: u8| {
        let mut bytes = bytes(number);
        bytes[place] = byte;
        bytes
    };
    // The policy's version starts at 54; three commitments and the event follow. A route names none.
    let routed = 54 + 96;
    let twice = {
        let mut bytes = bytes(2);
        bytes.copy_within(routed + 8..routed + 40, routed + 40);
        bytes
    };
    let cases = [
        (Vec::new(), "the bytes end before the entry does"),
        ([bytes(0), vec![0]].concat(), "`1` bytes follow the entry"),
        (with(0, 0, 1), "version `1` of the layout is not known: expected 2"),
        (with(0, 1, 5), "event `5` is not known: expected 1 to 4"),
        (with(0, 42, 0x80), "the instant is out of range, or its seconds and nanoseconds disagree"),
        (with(0, 42, 0xff), "the instant is out of range, or its seconds and nanoseconds disagree"),
        (with(0, 54, 0xff), "a text is not UTF-8"),
        (
            with(1, 2 + 32 + 12 + 8 + 9 + 96 + 8 + 8, b'A'),
            "a refusal needs at least one code, each of `a-z`, `0-9` and `_`",
        ),
        (with(2, routed + 7, 63), "an entry has 64 tags, not `63`"),
        (with(2, routed + 8, 0xff), "tag `1` is not greater than the one before"),
        (twice, "tag `1` is not greater than the one before"),
    ];
    for (bytes, words) in cases {
        let error = AuditEntry::from_bytes(&bytes).unwrap_err();
        assert_eq!(error.to_string(), words);
    }
    let mut json = serde_json::to_value(entry(1)).unwrap();
    json["event"]["refused"]["codes"] = serde_json::json!([]);
    let error = serde_json::from_value::<AuditEntry>(json).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a refusal needs at least one code, each of `a-z`, `0-9` and `_`"
    );
    // A code names the limit; a longer text is refused, so that nothing else can be hidden in it.
    for (length, fits) in [(64, true), (65, false)] {
        let mut json = serde_json::to_value(entry(1)).unwrap();
        json["event"]["refused"]["codes"] = serde_json::json!(["a".repeat(length)]);
        assert_eq!(serde_json::from_value::<AuditEntry>(json).is_ok(), fits);
    }
    let mut json = serde_json::to_value(entry(2)).unwrap();
    json["owner"] = 7.into();
    assert!(serde_json::from_value::<AuditEntry>(json).is_err());
}

#[test]
fn a_wrong_proof_is_refused_with_a_reason() {
    let log = AuditLog::from_entries((0..5).map(entry)).unwrap();
    let (head, entry) = (log.head(), log.entry(2).unwrap());
    let proof = log.inclusion_proof(2).unwrap();
    let empty = AuditLog::new().head();
    let wrong_empty = TreeHead::new(0, head.root()).unwrap();
    let none = ConsistencyProof::new(Vec::new());
    for (error, words) in [
        (
            TreeHead::new(u64::MAX, head.root()).map(drop),
            "a log of `18446744073709551615` entries is larger than 281474976710656",
        ),
        (log.inclusion_proof(5).map(drop), "there is no entry `5` in a log of `5` entries"),
        (head.verify_inclusion(5, entry, &proof), "there is no entry `5` in a log of `5` entries"),
        (empty.verify_inclusion(0, entry, &proof), "there is no entry `0` in a log of `0` entries"),
        (
            head.verify_inclusion(3, entry, &proof),
            "the proof does not show that the entry is the log's entry `3`",
        ),
        (
            log.consistency_proof(6).map(drop),
            "the proof does not show that the log of `5` entries extends that of `6`",
        ),
        (
            head.verify_extends(&wrong_empty, &none),
            "the proof does not show that the log of `5` entries extends that of `0`",
        ),
        (
            head.verify_extends(&empty, &ConsistencyProof::new(vec![head.root()])),
            "the proof does not show that the log of `5` entries extends that of `0`",
        ),
        (
            wrong_empty.verify_extends(&empty, &none),
            "the proof does not show that the log of `0` entries extends that of `0`",
        ),
        (
            empty.verify_extends(&wrong_empty, &none),
            "the proof does not show that the log of `0` entries extends that of `0`",
        ),
    ] {
        assert_eq!(error.unwrap_err().to_string(), words);
    }
    let error = serde_json::from_str::<TreeHead>(&format!(
        r#"{{"size":281474976710657,"root":"{}"}}"#,
        head.root()
    ));
    assert!(error.is_err());
    let written = serde_json::to_string(&head).unwrap();
    assert_eq!(serde_json::from_str::<TreeHead>(&written).unwrap(), head);
    assert_eq!(
        "xyz".parse::<Digest>().unwrap_err().to_string(),
        "`xyz` is not a digest: expected 64 hexadecimal digits in lower case"
    );
    for text in ["0".repeat(63), "0".repeat(65), "0".repeat(66), "A".repeat(64), "é".repeat(32)] {
        assert!(text.parse::<Digest>().is_err(), "{text}");
    }
}
