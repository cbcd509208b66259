//! Entries of the audit log: tags, digests and keys, and the information that each reader gets.

use std::collections::BTreeSet;

use canvass::audit::*;
use canvass::*;
use sha2::{Digest as _, Sha256};

use crate::audit::{entry, everywhere, refused, routed, salt, salts, seed, street_route};
use crate::support::*;

#[test]
fn a_route_has_an_entry_for_each_64_owners() {
    for (owners, parts) in [(0, 1), (1, 1), (63, 1), (64, 1), (65, 2), (128, 2), (129, 3)] {
        let entries = AuditEntry::routed(&street_route(owners), &seed(7), salts).unwrap();
        assert_eq!(entries.len(), parts, "{owners} owners");
        let mut named = vec![0; owners as usize];
        for (number, entry) in (0..).zip(&entries) {
            let AuditEvent::Routed { asked } = entry.event() else { panic!("{entry:?}") };
            assert_eq!(AskedTags::try_from(asked.tags().to_vec()).as_ref(), Ok(asked));
            let said = |owner| entry.whether_asked(owner, &salt(owner)).unwrap();
            for owner in 0..owners {
                named[owner as usize] += usize::from(said(OwnerId(owner)) == Asked::Asked);
            }
            assert_eq!(said(OwnerId(owners)), Asked::NotAsked);
            let key = seed(7).part(number).parties_key();
            entry.verify_parties(&key, AgencyId(1), "26-0117").unwrap();
        }
        assert!(named.iter().all(|&times| times == 1), "{owners} owners: {named:?}");
    }
}

/// Ids whose bytes and digits do not occur elsewhere by chance.
fn conspicuous() -> (OwnerId, CameraId, AuthorizedRequest, Route) {
    let (owner, camera) = (OwnerId(0x1122_3344_5566_7788), CameraId(0x0fed_cba9_8765_4321));
    let porch = camera_at(camera.0, owner.0, place((10, 50), 0, 0));
    let yes = Change::SetConsent { owner, consent: Consent::granted() };
    let snapshot = Registry::new().apply([Change::Register(porch), yes]).unwrap();
    let authorized = everywhere();
    let route = snapshot.route(authorized.assume_open(), noon());
    assert_eq!(route.cameras(), [camera]);
    (owner, camera, authorized, route)
}

#[test]
fn an_entry_holds_no_id_of_anybody() {
    let (owner, camera, authorized, route) = conspicuous();
    for entry in [
        AuditEntry::accepted(&authorized, &seed(1)),
        routed(&route, &seed(2)),
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
            // The entry does not contain a digest of the id either, which anybody could compute.
            for guess in [id.to_be_bytes().to_vec(), id.to_string().into_bytes()] {
                assert!(!has(&Sha256::digest(&guess)), "{json}");
            }
        }
        assert!(!has(b"26-0117") && !has(b"Springfield"), "{json}");
        // The digests themselves would let somebody test guesses of the whole list.
        for digest in [route.digest(), authorized.digest(), route.receipt().digest()] {
            assert!(!has(&digest.0) && !has(digest.to_string().as_bytes()), "{json}");
        }
        let is_route = matches!(entry.event(), AuditEvent::Routed { .. });
        assert!(is_route != has(b"unlimited"), "not vacuous: what is public is there");
    }
}

/// All parts of an entry that look random.
fn opaque(entry: &AuditEntry) -> BTreeSet<String> {
    let json = serde_json::to_string(entry).unwrap();
    json.split('"').filter(|text| text.len() == 64).map(str::to_owned).collect()
}

#[test]
fn two_entries_about_the_same_people_have_nothing_in_common() {
    let (_, _, _, route) = conspicuous();
    let [one, two] = [1, 2].map(|number| routed(&route, &seed(number)));
    assert_eq!((opaque(&one).len(), opaque(&two).len()), (68, 68));
    assert!(opaque(&one).is_disjoint(&opaque(&two)));
    // Two entries with one seed could be linked, so the log refuses the second.
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
fn an_owner_without_a_salt_stops_the_entry() {
    let route = street_route(20);
    let without = |owner: OwnerId| (owner != OwnerId(13)).then(|| salt(owner));
    let error = AuditEntry::routed(&route, &seed(1), without).unwrap_err();
    assert_eq!(error.owner(), OwnerId(13));
    assert_eq!(
        error.to_string(),
        "owner `13` has no salt, so no entry can say that they were asked: make a salt first"
    );
}

#[test]
fn forgetting_a_salt_leaves_the_log_valid() {
    let route = street_route(3);
    let entry = routed(&route, &seed(1));
    let log = AuditLog::from_entries([entry]).unwrap();
    // The salt of owner 1 is gone; the entry is unchanged, and no other salt finds the tag.
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
    // Each town is loaded in one batch, so that revisions agree; the order of changes differs.
    let (forth, mut back) = (changes(&town), changes(&town));
    back.reverse();
    let [forth, back] = [forth, back].map(|changes| Registry::new().apply(changes).unwrap());
    let route = forth.route(authorized.assume_open(), noon());
    assert!(route.owners() > 20, "{}", route.owners());
    assert_eq!(back.route(authorized.assume_open(), noon()).digest(), route.digest());
    assert_eq!(route.clone().digest(), route.digest());

    let mut digests = BTreeSet::from([route.digest()]);
    // Another revision with the same recipients; another instant; another recipient; nobody;
    // another request; another policy.
    let registry = loaded(&town, Layout::default());
    let later = registry.apply([]).unwrap().route(authorized.assume_open(), noon());
    assert_eq!(answer(&later), answer(&route));
    digests.insert(later.digest());
    let hardly_later = noon() + jiff::SignedDuration::from_nanos(1);
    digests.insert(forth.route(authorized.assume_open(), hardly_later).digest());
    let leaving = route.recipients().next().unwrap().owner;
    let newer = registry.apply([Change::Withdraw { owner: leaving }]).unwrap();
    digests
        .insert(route.recheck(route.authorized().assume_open(), &newer, noon()).unwrap().digest());
    digests.insert(Route::empty(&authorized, noon()).digest());
    let moved = authorize(square(9.0, 49.0, 11.0, 51.000_000_1));
    assert_eq!(answer(&forth.route(moved.assume_open(), noon())), answer(&route));
    digests.insert(forth.route(moved.assume_open(), noon()).digest());
    let policy = Policy::without_limits_or_anonymity().with_version("2");
    let other = authorize_under(&policy, square(9.0, 49.0, 11.0, 51.0));
    digests.insert(forth.route(other.assume_open(), noon()).digest());
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
    // Stored logs depend on this layout of bytes.
    let log = AuditLog::from_entries((0..5).map(entry)).unwrap();
    assert_eq!(
        log.head().root().to_string(),
        "51df9fcb4a428331945151868cd103c440995e233d8e12ce5cdc0e46128bef9a"
    );
}

#[test]
fn each_key_opens_its_own_entry_alone() {
    let (_, _, authorized, route) = conspicuous();
    let (mine, other) = (seed(1), seed(2));
    let entry = routed(&route, &mine);
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
fn refusals_list_codes_and_entries_round_trip() {
    let policy = default_policy();
    let entry = refused(&seed(1));
    let AuditEvent::Refused { codes } = entry.event() else { panic!("{entry:?}") };
    assert_eq!(
        codes,
        &["jurisdiction_unknown", "area_too_large", "case_reference_missing", "contact_missing"]
    );
    // The day, until a batch is closed.
    assert_eq!(
        (entry.at(), entry.policy_version()),
        (at("2026-05-10T00:00:00Z"), policy.version.as_str())
    );
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
    assert_eq!((&json["at"], &json["event"]), (&"2026-05-10T00:00:00Z".into(), &"receipt".into()));
}
