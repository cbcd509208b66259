//! Rows with instants of any century, compared with the oracle. Blocks store days and halves of
//! seconds in 16 bits, so errors would appear where those overflow.

use canvass::*;
use jiff::{SignedDuration, Timestamp};

use crate::oracle::{Town, oracle};
use crate::support::*;

const DAY: i64 = 86_400;

/// Seconds that share their upper half.
const HALF: i64 = 1 << 16;

/// The ends of the ranges of 16 and 32 bits, in seconds and in days, with instants of today and the
/// first and last instant.
const MARKS: [i64; 14] = [
    -377_705_023_201,
    -365 * DAY,
    0,
    HALF,
    40 * DAY,
    0x6a00_0000,
    0x6a00_0000 / DAY * DAY,
    0xffff_0000,
    0xffff_ffff,
    0x1_0001_0000,
    0xffff * DAY,
    0x1_0000 * DAY,
    0x2_0000 * DAY,
    253_402_207_200,
];

const STEPS: [i64; 15] = [
    -2 * DAY,
    -DAY - 1,
    -DAY,
    1 - DAY,
    -HALF - 1,
    -HALF,
    -1,
    0,
    1,
    HALF - 1,
    HALF,
    DAY - 1,
    DAY,
    DAY + 1,
    2 * DAY,
];

/// An instant near a mark, or near any other.
fn near(rng: &mut Rng, mark: i64) -> Timestamp {
    let mark = if rng.once_in(3) { rng.pick(&MARKS) } else { mark };
    let seconds = mark + rng.pick(&STEPS);
    let [first, last] = [Timestamp::MIN, Timestamp::MAX].map(Timestamp::as_second);
    Timestamp::from_second(seconds.clamp(first, last)).unwrap()
}

/// As [`near`], for an instant at which a camera can begin or cease to record.
fn recorded(rng: &mut Rng, mark: i64) -> Timestamp {
    let second = near(rng, mark).as_second().clamp(0, i64::from(u32::MAX) - 1);
    Timestamp::from_second(second).unwrap()
}

fn town_near(rng: &mut Rng, mark: i64) -> Town {
    let mut town = Town::default();
    for id in 0..rng.pick(&[1, 15, 33, 64, 65, 150]) {
        let (id, owner) = (CameraId(id), OwnerId(id * 2 / 3));
        let kept_days = rng.pick(&[0, 1, 2, 30, 40_000, u16::MAX - 1, u16::MAX]);
        let since = if rng.once_in(2) { Timestamp::UNIX_EPOCH } else { recorded(rng, mark) };
        let until = rng.once_in(3).then(|| recorded(rng, mark));
        let recording = Recording::between(since, until, kept_days);
        let recording = recording.unwrap_or(Recording::kept_for_days(kept_days));
        let position = place((10, 50), rng.within(-40, 40), 0);
        town.cameras.insert(id, Camera::new(id, owner, position, recording));
        if rng.once_in(8) {
            continue;
        }
        let mut consent = Consent::granted();
        if rng.once_in(4) {
            consent = consent.with_paused_until(near(rng, mark));
        }
        if rng.once_in(4) {
            consent = consent.with_expiry(near(rng, mark));
        }
        if rng.once_in(4) {
            let number = u8::try_from(1 + rng.below(3)).unwrap();
            consent = consent.with_limit(AskLimit::new(number, number + 1).unwrap());
            let number = rng.below(3);
            let asked = (0..=number).map(|_| {
                let agency = rng.pick(&[None, Some(AgencyId(1)), Some(AgencyId(2))]);
                Ask { agency, at: near(rng, mark) }
            });
            let asked = asked.collect();
            town.asked.insert(owner, asked);
        }
        town.consents.insert(owner, consent);
    }
    town
}

#[test]
fn rows_of_any_century_equal_their_records() {
    let (mut asked, mut all) = (0, 0);
    for seed in 0..250 {
        let mut rng = Rng(seed);
        let mark = rng.pick(&MARKS);
        let town = town_near(&mut rng, mark);
        let snapshot = snapshot(&town);
        let (one, other) = (near(&mut rng, mark), near(&mut rng, mark));
        let Ok(window) = TimeWindow::new(one.min(other), one.max(other)) else { continue };
        let request = asking(square(9.0, 49.0, 11.0, 51.0)).with_window(window);
        let file = CaseFile::new(AgencyId(1));
        // A window of more minutes than fit 32 bits is refused.
        let reviewed =
            Policy::without_limits_or_anonymity().review(&request, &agency(), &file, noon());
        let Ok(authorized) = reviewed else { continue };
        for _ in 0..4 {
            let fraction = SignedDuration::from_nanos(rng.pick(&[0, 1, 999_999_999]));
            let now = near(&mut rng, mark).checked_add(fraction).unwrap_or(Timestamp::MAX);
            let expected = oracle(&town, &authorized, now);
            for (level, route) in routes_at_every_width(&snapshot, &authorized, now) {
                assert_eq!(answer(&route), expected, "{seed}: {window} at {now}, {level:?}");
            }
            let funnel = snapshot.funnel(&authorized, now);
            assert_eq!(funnel.asked(), cameras(&expected).len(), "{seed}: {window} at {now}");
            (asked, all) = (asked + cameras(&expected).len(), all + town.cameras.len());
        }
    }
    assert!(asked * 20 > all && asked * 2 < all, "{asked} of {all} asked");
}
