//! Batches of the audit log: neither size, order nor instant follows who was asked, or when.

use std::collections::BTreeSet;

use canvass::audit::*;
use canvass::*;
use jiff::{SignedDuration, Timestamp};

use crate::audit::{entry, everywhere, refused, routed, salts, seed, street_route};
use crate::support::*;

fn midnight() -> Timestamp {
    at("2026-05-11T00:00:00Z")
}

fn closed(entries: Vec<AuditEntry>, number: u64) -> AuditBatch {
    AuditBatch::close(entries, midnight(), &seed(1_000_000 + number))
}

fn is_routed(entry: &AuditEntry) -> bool {
    matches!(entry.event(), AuditEvent::Routed { .. })
}

#[test]
fn a_batch_has_one_instant_and_a_random_order() {
    let made: Vec<AuditEntry> = (0..40).map(entry).collect();
    let batch = closed(made.clone(), 1);
    let routes = batch.entries().iter().filter(|entry| is_routed(entry)).count();
    assert_eq!(routes % AuditBatch::STEP, 0);
    assert_eq!(batch.entries().len(), routes + made.iter().filter(|one| !is_routed(one)).count());
    assert!(batch.entries().iter().all(|entry| entry.at() == midnight()));
    let nonces: Vec<Digest> = batch.entries().iter().map(AuditEntry::nonce).collect();
    assert!(nonces.is_sorted() && nonces.iter().collect::<BTreeSet<_>>().len() == nonces.len());
    assert!(made.iter().all(|entry| nonces.contains(&entry.nonce())));
    // The same again, whatever the order; other blanks with another seed.
    let backwards = made.iter().rev().cloned().collect();
    assert_eq!(closed(backwards, 1), batch);
    assert_ne!(closed(made, 2), batch);
    let mut log = AuditLog::new();
    for entry in batch {
        log.append(AuditEntry::from_bytes(&entry.to_bytes()).unwrap()).unwrap();
    }
}

/// C1. Leaving out one house at a time: whatever number is asked, an entry has as many bytes.
#[test]
fn the_size_of_an_entry_follows_nobody_who_was_asked() {
    let sizes = |owners| {
        let entries = AuditEntry::routed(&street_route(owners), &seed(1), salts).unwrap();
        entries.iter().map(|entry| entry.to_bytes().len()).collect::<BTreeSet<_>>()
    };
    let one = sizes(0);
    assert_eq!(one.len(), 1);
    for owners in [1, 10, 11, 15, 16, 17, 20, 63, 64, 65, 200, 256, 257] {
        assert_eq!(sizes(owners), one, "{owners} owners");
    }
    // And those about nobody.
    let blanks = closed(Vec::new(), 3);
    assert!(blanks.entries().iter().all(|entry| one.contains(&entry.to_bytes().len())));
}

/// C4. Days with a late joiner and without, and an attacker who made all other requests and sees the size
/// of the head: where it stands just below a step, and where nothing else happened.
#[test]
fn the_size_of_a_head_shows_no_late_joiner() {
    let route = street_route(1);
    let days = 60;
    for before in [0, AuditBatch::STEP as u64 - 1, AuditBatch::STEP as u64] {
        let others: Vec<AuditEntry> =
            (0..before).map(|number| routed(&route, &seed(number))).collect();
        let all = [others.clone(), vec![routed(&route, &seed(before))]].concat();
        let sizes = |entries: &[AuditEntry], from: u64| -> Vec<usize> {
            let size = |day| closed(entries.to_vec(), from + day).entries().len();
            (0..days).map(size).collect()
        };
        let (without, with) = (sizes(&others, 0), sizes(&all, days));
        // The best threshold, even in hindsight.
        let right = (0..200)
            .map(|least| {
                let with = with.iter().filter(|&&size| size >= least).count();
                with + without.iter().filter(|&&size| size < least).count()
            })
            .max()
            .unwrap();
        let share = right as f64 / (2 * days) as f64;
        assert!(share < 0.5 + 1.0 / 64.0 + 0.14, "{before}: {share}");
    }
}

/// C3. A day of requests, each with the instant of its bulletin: the attacker claims that the n-th
/// bulletin is the n-th entry about a route, or the n-th that was accepted, or that nearest in time.
#[test]
fn bulletins_are_linked_to_entries_by_chance_alone() {
    let (mut right, mut as_made, mut chance, mut claims) = (0, 0, 0.0, 0);
    for day in 0..80_u64 {
        let requests = 3 + day % 20;
        let (mut made, mut opened) = (Vec::new(), Vec::new());
        for number in 0..requests {
            let seed = seed(1_000 * day + number);
            let now = noon() + SignedDuration::from_mins((37 * number).cast_signed());
            opened.push((now, AuditEntry::accepted(&everywhere(), &seed).nonce()));
            made.push(AuditEntry::accepted(&everywhere(), &seed));
        }
        let nth = |entries: &[AuditEntry]| {
            let claimed = opened.iter().zip(entries);
            claimed.filter(|((_, nonce), entry)| *nonce == entry.nonce()).count()
        };
        as_made += nth(&made);
        let batch = closed(made, day);
        let accepted: Vec<AuditEntry> =
            batch.entries().iter().filter(|entry| !is_routed(entry)).cloned().collect();
        // No entry is nearer to a bulletin than another.
        let nearest = |now: Timestamp| {
            accepted
                .iter()
                .map(|entry| now.duration_until(entry.at()).abs())
                .collect::<BTreeSet<_>>()
        };
        assert!(opened.iter().all(|&(now, _)| nearest(now).len() == 1));
        right += nth(&accepted);
        chance += 1.0;
        claims += requests;
    }
    assert_eq!(as_made as u64, claims, "in the order in which they were made all are linked");
    assert!((right as f64) < 2.0 * chance, "{right} of {claims}, {chance} by chance");
    assert!(
        (right as f64) > chance / 2.0,
        "{right}: an order that is never the true one tells as well"
    );
}

#[test]
fn a_refusal_has_its_batchs_instant() {
    let batch = closed(vec![refused(&seed(5))], 6);
    let refused = batch.entries().iter().find(|entry| !is_routed(entry)).unwrap();
    assert_eq!((refused.at(), refused.policy_version()), (midnight(), "default-1"));
}
