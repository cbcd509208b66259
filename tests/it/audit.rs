//! The audit log: proofs against the recursion of RFC 6962, and what the entries tell to whom.

use std::collections::BTreeSet;

use canvass::*;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::support::*;

fn seed(number: u64) -> EntrySeed {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    EntrySeed::new(bytes)
}

fn salt(owner: OwnerId) -> OwnerSalt {
    OwnerSalt::new(Sha256::digest(format!("salt of {owner}")).into())
}

#[expect(clippy::unnecessary_wraps, reason = "a look-up may find nothing")]
fn salts(owner: OwnerId) -> Option<OwnerSalt> {
    Some(salt(owner))
}

fn everywhere() -> AuthorizedRequest {
    authorize(square(9.9, 49.9, 10.1, 50.1))
}

fn street_route(number: u64) -> Route {
    snapshot(&street(number)).route(&everywhere(), noon())
}

/// An entry of each kind in turn.
fn entry(number: u64) -> AuditEntry {
    let (route, seed) = (street_route(number % 3), seed(number));
    match number % 5 {
        0 => AuditEntry::accepted(route.authorized(), &seed),
        1 => refused(&seed),
        2 => AuditEntry::routed(&route, &seed, salts).unwrap(),
        3 => AuditEntry::rechecked(&route, &seed, salts).unwrap(),
        _ => AuditEntry::receipt(&route.receipt(), noon(), &seed),
    }
}

fn refused(seed: &EntrySeed) -> AuditEntry {
    let request =
        Request::new(AgencyId(1), IncidentKind::Theft, square(0.0, 0.0, 1.0, 1.0), evening());
    let policy = Policy::default();
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

    /// A flipped bit anywhere, in a head, a proof or an entry, and nothing is shown.
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
        // Nodes too many or too few.
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

    /// There is one form of bytes: what is read is what is written, whatever was done to it.
    #[test]
    fn mutated_bytes_are_refused_or_mean_what_they_say(
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

    /// Each owner finds in an entry what happened, and the route replays to the same digest.
    #[test]
    fn owners_find_whether_they_were_asked(seed_number in any::<u64>()) {
        let mut rng = Rng(seed_number);
        let town = town(&mut rng, (10, 50), 200);
        let authorized = authorize(area(&mut rng, (10, 50)));
        let registry = loaded(&town, Layout::default());
        let route = registry.snapshot().route(&authorized, noon());
        let asked: BTreeSet<OwnerId> = route.recipients().map(|one| one.owner).collect();
        let entry = AuditEntry::routed(&route, &seed(1), salts).unwrap();
        let entry = AuditEntry::from_bytes(&entry.to_bytes()).unwrap();
        let all: BTreeSet<OwnerId> = town.cameras.values().map(|camera| camera.owner).collect();
        for &owner in &all {
            let expected =
                if asked.contains(&owner) { Asked::Asked } else { Asked::NotAsked };
            prop_assert_eq!(entry.whether_asked(owner, &salt(owner)), Some(expected));
            // Another's salt finds nothing.
            let other = salt(OwnerId(u64::MAX));
            prop_assert_eq!(entry.whether_asked(owner, &other), Some(Asked::NotAsked));
        }
        let replayed = registry.snapshot().route(&authorized, noon());
        prop_assert!(entry.verify_subject(&seed(1).subject_key(), replayed.digest()).is_ok());
        prop_assert!(asked.len() < all.len());
        // Who withdrew is not in the recheck's entry.
        if let Some(&leaving) = asked.first() {
            let newer = registry.apply([Change::Withdraw { owner: leaving }]).unwrap();
            let left = route.recheck(&newer, noon());
            let entry = AuditEntry::rechecked(&left, &seed(2), salts).unwrap();
            let said = entry.whether_asked(leaving, &salt(leaving));
            prop_assert_eq!(said, Some(Asked::NotAsked));
        }
    }
}

#[test]
fn the_number_of_tags_is_a_band() {
    for (owners, band) in [(0, 16), (1, 16), (16, 16), (17, 64), (64, 64), (65, 256), (257, 1024)] {
        let entry = AuditEntry::routed(&street_route(owners), &seed(7), salts).unwrap();
        let AuditEvent::Routed { asked, .. } = entry.event() else { panic!("{entry:?}") };
        assert_eq!((asked.band(), asked.tags().len()), (band, band), "{owners} owners");
        assert_eq!(AskedTags::try_from(asked.tags().to_vec()).as_ref(), Ok(asked));
        let said = |owner| entry.whether_asked(owner, &salt(owner)).unwrap();
        assert!((0..owners).all(|owner| said(OwnerId(owner)) == Asked::Asked));
        assert_eq!(said(OwnerId(owners)), Asked::NotAsked);
    }
}

/// Ids whose bytes and digits are found nowhere by chance.
fn conspicuous() -> (OwnerId, CameraId, AuthorizedRequest, Route) {
    let (owner, camera) = (OwnerId(0x1122_3344_5566_7788), CameraId(0x0fed_cba9_8765_4321));
    let recording = Recording::kept_for_days(60);
    let porch =
        Camera { id: camera, owner, position: place((10, 50), 0, 0), recording, facing: None };
    let yes = Change::SetConsent { owner, consent: Consent::granted() };
    let snapshot = Registry::new().apply([Change::Register(porch), yes]).unwrap();
    let authorized = everywhere();
    let route = snapshot.route(&authorized, noon());
    assert_eq!(route.cameras(), [camera]);
    (owner, camera, authorized, route)
}

#[test]
fn an_entry_has_no_bytes_of_an_owner_a_camera_an_agency_or_a_case() {
    let (owner, camera, authorized, route) = conspicuous();
    for entry in [
        AuditEntry::accepted(&authorized, &seed(1)),
        AuditEntry::routed(&route, &seed(2), salts).unwrap(),
        AuditEntry::rechecked(&route, &seed(3), salts).unwrap(),
        AuditEntry::receipt(&route.receipt(), noon(), &seed(4)),
    ] {
        let (bytes, json) = (entry.to_bytes(), serde_json::to_string(&entry).unwrap());
        let has = |needle: &[u8]| {
            [bytes.as_slice(), json.as_bytes()]
                .iter()
                .any(|hay| hay.windows(needle.len()).any(|window| window == needle))
        };
        for id in [owner.0, camera.0] {
            assert!(!has(&id.to_be_bytes()) && !has(&id.to_le_bytes()), "{json}");
            assert!(!has(id.to_string().as_bytes()), "{json}");
            assert!(!has(format!("{id:x}").as_bytes()), "{json}");
            // Nor a digest that anybody could make of it.
            for guess in [id.to_be_bytes().to_vec(), id.to_string().into_bytes()] {
                assert!(!has(&Sha256::digest(&guess)), "{json}");
            }
        }
        assert!(!has(b"26-0117") && !has(b"Springfield"), "{json}");
        // The digests themselves would let somebody test guesses of the whole list.
        for digest in [route.digest(), authorized.digest(), route.receipt().digest()] {
            assert!(!has(&digest.0) && !has(digest.to_string().as_bytes()), "{json}");
        }
        assert!(has(b"unlimited"), "not vacuous: what is public is there");
    }
}

/// All that looks random in an entry.
fn opaque(entry: &AuditEntry) -> BTreeSet<String> {
    let json = serde_json::to_string(entry).unwrap();
    json.split('"').filter(|text| text.len() == 64).map(str::to_owned).collect()
}

#[test]
fn two_entries_about_the_same_people_have_nothing_in_common() {
    let (_, _, _, route) = conspicuous();
    let one = AuditEntry::routed(&route, &seed(1), salts).unwrap();
    let two = AuditEntry::routed(&route, &seed(2), salts).unwrap();
    assert_eq!((opaque(&one).len(), opaque(&two).len()), (20, 20));
    assert!(opaque(&one).is_disjoint(&opaque(&two)));
    // A seed that is used again would link them: the log refuses.
    let mut log = AuditLog::from_entries([one.clone(), two]).unwrap();
    let head = log.head();
    let error = log.append(AuditEntry::accepted(route.authorized(), &seed(1))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "entry `2` has the nonce of entry `0`: take a fresh seed for each entry"
    );
    assert_eq!(log.head(), head);
    let error = AuditLog::from_entries([one.clone(), one]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "entry `1` has the nonce of entry `0`: take a fresh seed for each entry"
    );
}

#[test]
fn an_owner_without_a_salt_is_named_and_nothing_is_logged() {
    let route = street_route(20);
    let without = |owner: OwnerId| (owner != OwnerId(13)).then(|| salt(owner));
    for entry in [
        AuditEntry::routed(&route, &seed(1), without),
        AuditEntry::rechecked(&route, &seed(1), without),
    ] {
        let error = entry.unwrap_err();
        assert_eq!(error.owner(), OwnerId(13));
        assert_eq!(
            error.to_string(),
            "owner `13` has no salt, so no entry can say that they were asked: make a salt first"
        );
    }
}

#[test]
fn forgetting_a_salt_leaves_the_log_valid() {
    let route = street_route(3);
    let entry = AuditEntry::routed(&route, &seed(1), salts).unwrap();
    let log = AuditLog::from_entries([entry]).unwrap();
    // The salt of owner 1 is gone; the entry is what it was, and no other salt finds the tag.
    let proof = log.inclusion_proof(0).unwrap();
    let entry = log.entry(0).unwrap();
    log.head().verify_inclusion(0, entry, &proof).unwrap();
    for guess in (0..1_000).map(|number| OwnerSalt::new(seed(number).to_bytes())) {
        assert_eq!(entry.whether_asked(OwnerId(1), &guess), Some(Asked::NotAsked));
    }
    assert_eq!(entry.whether_asked(OwnerId(1), &salt(OwnerId(1))), Some(Asked::Asked));
}

#[test]
fn the_same_inputs_replay_to_the_same_digest() {
    let mut rng = Rng(11);
    let town = town(&mut rng, (10, 50), 300);
    let authorized = authorize(square(9.0, 49.0, 11.0, 51.0));
    // One batch each, so the revision is the same; in two orders.
    let (forth, mut back) = (changes(&town), changes(&town));
    back.reverse();
    let [forth, back] = [forth, back].map(|changes| Registry::new().apply(changes).unwrap());
    let route = forth.route(&authorized, noon());
    assert!(route.owners() > 20, "{}", route.owners());
    assert_eq!(back.route(&authorized, noon()).digest(), route.digest());
    assert_eq!(route.clone().digest(), route.digest());

    let mut digests = BTreeSet::from([route.digest()]);
    // Another revision with the same recipients; another instant; another recipient; nobody;
    // another request; another policy.
    let registry = loaded(&town, Layout::default());
    let later = registry.apply([]).unwrap().route(&authorized, noon());
    assert_eq!(answer(&later), answer(&route));
    digests.insert(later.digest());
    digests.insert(
        forth.route(&authorized, noon() + days(0) + jiff::SignedDuration::from_nanos(1)).digest(),
    );
    let leaving = route.recipients().next().unwrap().owner;
    let newer = registry.apply([Change::Withdraw { owner: leaving }]).unwrap();
    digests.insert(route.recheck(&newer, noon()).digest());
    digests.insert(Route::empty(&authorized, noon()).digest());
    let moved = authorize(square(9.0, 49.0, 11.0, 51.000_000_1));
    assert_eq!(answer(&forth.route(&moved, noon())), answer(&route));
    digests.insert(forth.route(&moved, noon()).digest());
    let policy = Policy { version: "2".to_owned(), ..Policy::unlimited() };
    let other = authorize_under(&policy, square(9.0, 49.0, 11.0, 51.0));
    digests.insert(forth.route(&other, noon()).digest());
    assert_eq!(digests.len(), 7);
}

#[test]
fn digests_are_pinned() {
    let request = everywhere().request().clone();
    let (_, _, authorized, route) = conspicuous();
    assert_eq!(
        [request.digest(), authorized.digest(), route.digest(), route.receipt().digest()]
            .map(|digest| digest.to_string()[..16].to_owned()),
        ["a5ac8c5a7922a6de", "3718b8ae789d6d24", "cf8d5b5e8aeae596", "326056a39b06c05c"]
    );
    // The layout of bytes is a promise to stored logs.
    let log = AuditLog::from_entries((0..5).map(entry)).unwrap();
    assert_eq!(
        log.head().root().to_string(),
        "be1d032555be4668d91e69bb38d8fb280fac3f6d1205729b4ee9bc933e73e3e7"
    );
}

#[test]
fn keys_open_what_they_are_for_and_nothing_else() {
    let (_, _, authorized, route) = conspicuous();
    let (mine, other) = (seed(1), seed(2));
    let entry = AuditEntry::routed(&route, &mine, salts).unwrap();
    entry.verify_parties(&mine.parties_key(), AgencyId(1), "26-0117").unwrap();
    entry.verify_subject(&mine.subject_key(), route.digest()).unwrap();
    for (error, words) in [
        (
            entry.verify_parties(&mine.parties_key(), AgencyId(2), "26-0117"),
            "with this key the entry is not about agency `2`".to_owned(),
        ),
        (
            entry.verify_parties(&other.parties_key(), AgencyId(1), "26-0117"),
            "with this key the entry is not about agency `1`".to_owned(),
        ),
        (
            entry.verify_parties(&mine.parties_key(), AgencyId(1), "26-0118"),
            "with this key the entry is not about that case".to_owned(),
        ),
        (
            entry.verify_subject(&mine.subject_key(), authorized.digest()),
            format!(
                "with this key the entry is not about what has the digest `{}`",
                authorized.digest()
            ),
        ),
    ] {
        assert_eq!(error.unwrap_err().to_string(), words);
    }
    // The key to the parties does not open the subject, nor the other way round.
    let crossed = SubjectKey::new(mine.parties_key().to_bytes());
    assert!(entry.verify_subject(&crossed, route.digest()).is_err());
    let accepted = AuditEntry::accepted(&authorized, &seed(9));
    accepted.verify_subject(&seed(9).subject_key(), authorized.digest()).unwrap();
    assert_eq!(accepted.whether_asked(OwnerId(1), &salt(OwnerId(1))), None);
}

#[test]
fn secrets_are_not_printed() {
    let printed = format!(
        "{:?} {:?} {:?} {:?}",
        salt(OwnerId(1)),
        EntrySeed::new([0xab; 32]),
        seed(1).parties_key(),
        seed(1).subject_key()
    );
    assert_eq!(printed, "OwnerSalt(..) EntrySeed(..) PartiesKey(..) SubjectKey(..)");
}

#[test]
fn a_refusal_lists_its_codes_and_entries_are_read_as_they_were_written() {
    let policy = Policy::default();
    let entry = refused(&seed(1));
    let AuditEvent::Refused { codes } = entry.event() else { panic!("{entry:?}") };
    assert_eq!(
        codes,
        &["jurisdiction_unknown", "area_too_large", "case_reference_missing", "contact_missing"]
    );
    assert_eq!((entry.at(), entry.policy_version()), (noon(), policy.version.as_str()));
    for entry in (0..5).map(crate::audit::entry) {
        assert_eq!(AuditEntry::from_bytes(&entry.to_bytes()), Ok(entry.clone()));
        let json = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<AuditEntry>(&json).unwrap(), entry);
    }
    let json =
        serde_json::to_value(AuditEntry::receipt(&street_route(0).receipt(), noon(), &seed(4)))
            .unwrap();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["agency", "at", "case", "event", "nonce", "policy_version", "subject"]);
    assert_eq!((&json["at"], &json["event"]), (&"2026-05-10T12:00:00Z".into(), &"receipt".into()));
}

#[test]
fn bytes_and_json_that_are_not_an_entry_say_why() {
    let bytes = |number: u64| entry(number).to_bytes();
    let with = |number: u64, place: usize, byte: u8| {
        let mut bytes = bytes(number);
        bytes[place] = byte;
        bytes
    };
    // The policy's version, "unlimited", starts at 54; three commitments and the event follow.
    let routed = 54 + 9 + 96;
    let cases = [
        (Vec::new(), "the bytes end before the entry does"),
        ([bytes(0), vec![0]].concat(), "`1` bytes follow the entry"),
        (with(0, 0, 2), "version `2` of the layout is not known: expected 1"),
        (with(0, 1, 6), "event `6` is not known: expected 1 to 5"),
        (with(0, 42, 0x80), "the instant is out of range, or its seconds and nanoseconds disagree"),
        (with(0, 42, 0xff), "the instant is out of range, or its seconds and nanoseconds disagree"),
        (with(0, 54, 0xff), "a text is not UTF-8"),
        (
            with(1, 2 + 32 + 12 + 8 + 9 + 96 + 8 + 8, b'A'),
            "a refusal needs at least one code, each of `a-z`, `0-9` and `_`",
        ),
        (
            with(2, routed + 8 + 7, 15),
            "`15` tags do not fill a band: expected 16, 64, 256 and so on",
        ),
        (with(2, routed + 16, 0xff), "tag `1` is not greater than the one before"),
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
    let mut json = serde_json::to_value(entry(2)).unwrap();
    json["owner"] = 7.into();
    assert!(serde_json::from_value::<AuditEntry>(json).is_err());
}

#[test]
fn a_proof_that_does_not_hold_says_why() {
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
