//! Sealed bytes of parts and authorised requests: they can be neither read nor made without the
//! key.

use canvass::parts::{OperatorKey, PartialRoute, SealError};
use canvass::*;

use crate::parts::{asked_town, key};
use crate::support::*;

/// A part and its request, with rows, households and waits.
fn sealed() -> (Vec<u8>, Vec<u8>) {
    let mut rng = Rng(1);
    loop {
        let (town, authorized) = asked_town(&mut rng);
        let part = snapshot(&town).partial_route(&authorized, noon());
        if part.cameras() > 2 && authorized.quiet_hours().is_some() {
            return (part.seal(&key()), authorized.seal(&key()));
        }
    }
}

#[test]
fn each_flipped_bit_and_each_missing_byte_is_an_error() {
    let (part, request) = sealed();
    let opens_part = |bytes: &[u8]| PartialRoute::unseal(&key(), bytes).err();
    let opens_request = |bytes: &[u8]| AuthorizedRequest::unseal(&key(), bytes).err();
    assert_eq!((opens_part(&part), opens_request(&request)), (None, None));
    for length in 0..part.len() {
        assert!(opens_part(&part[..length]).is_some(), "{length}");
    }
    for length in 0..request.len() {
        assert!(opens_request(&request[..length]).is_some(), "{length}");
    }
    let flipped = |bytes: &[u8], bit: usize| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    };
    for bit in 0..8 * part.len() {
        let error = opens_part(&flipped(&part, bit));
        let expected = match bit / 8 {
            0..4 => Some(SealError::NotSealed),
            4 => Some(SealError::Version { version: 1 ^ 1 << (bit % 8), known: 1 }),
            5 => error.filter(|error| matches!(error, SealError::Kind { .. })),
            _ => Some(SealError::Broken),
        };
        assert!(error.is_some() && error == expected, "{bit}: {error:?}");
    }
    for bit in 0..8 * request.len() {
        assert!(opens_request(&flipped(&request, bit)).is_some(), "{bit}");
    }
}

#[test]
fn another_key_opens_nothing_and_its_bytes_are_refused() {
    let (part, request) = sealed();
    for byte in 0..32 {
        let mut bytes = [7; 32];
        bytes[byte] ^= 1;
        let other = OperatorKey::new(bytes);
        assert_eq!(PartialRoute::unseal(&other, &part), Err(SealError::Broken));
        assert_eq!(AuthorizedRequest::unseal(&other, &request).err(), Some(SealError::Broken));
    }
}

#[test]
fn a_part_is_not_read_as_a_request() {
    let (part, request) = sealed();
    let error = AuthorizedRequest::unseal(&key(), &part).unwrap_err();
    let words = "these bytes hold a part of a route, not an authorised request";
    assert_eq!(error.to_string(), words);
    // A changed kind is refused as well, since the seal covers it.
    let mut announced = part.clone();
    announced[5] = request[5];
    assert_eq!(AuthorizedRequest::unseal(&key(), &announced).err(), Some(SealError::Broken));
    for (bytes, error) in [
        (&b""[..], SealError::Truncated { bytes: 0 }),
        (b"CN", SealError::Truncated { bytes: 2 }),
        (b"{\"request\":1}", SealError::NotSealed),
        (b"CNVS\x01\x02", SealError::Truncated { bytes: 6 }),
    ] {
        assert_eq!(PartialRoute::unseal(&key(), bytes), Err(error));
    }
}

#[test]
fn sealed_bytes_have_a_stable_form_and_show_no_content() {
    let (part, request) = sealed();
    assert_eq!((&part[..6], &request[..6]), (&b"CNVS\x01\x02"[..], &b"CNVS\x01\x01"[..]));
    let shown = |bytes: &[u8], word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    assert!(!shown(&request, b"26-0117") && !shown(&request, b"Smith"));
    let debugged = format!("{:?}", PartialRoute::unseal(&key(), &part).unwrap());
    assert_eq!(
        debugged,
        "PartialRoute { as_of: Revision(1)..=Revision(1), now: 2026-05-10T12:00:00Z, .. }"
    );
}
