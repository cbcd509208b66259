//! Discrete noise that is the same for the same question, drawn without rounding.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::disclosure::secret::secret;
use crate::model::AgencyId;

secret! {
    /// The seed of all noise in outcomes: 32 random bytes that you make once and show to nobody.
    /// Anybody who knows it can subtract the noise. `Debug` does not print it.
    ///
    /// With the same seed, the same events give the same outcomes. A new seed changes no outcome that was released.
    ///
    /// ```
    /// use canvass::outcome::OutcomeSeed;
    ///
    /// assert_eq!(format!("{:?}", OutcomeSeed::new([7; 32])), "OutcomeSeed(..)");
    /// ```
    OutcomeSeed
}

/// A count that is released: of one request or of a pool, of those who shared or of the others.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Question {
    Request(u64),
    Pool(u64),
}

/// Which of the two counts of an outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    Shared,
    NotShared,
}

/// A geometric number goes on with a probability of 4 in 5, so that neighbours are as 5 to 4.
const GOES_ON: u8 = 4;
const OF: u8 = 5;
/// A longer row of successes comes once in 10^96 draws.
const LONGEST: i64 = 1_000;

/// A count with its noise: the difference of two geometric numbers is added, and a
/// negative sum becomes zero. The absolute value of the noise is at most 5 in 7 of 10 cases, and 13 in 19 of 20.
pub(crate) fn with_noise(
    count: usize,
    seed: &OutcomeSeed,
    (agency, question, side): (AgencyId, Question, Side),
) -> u64 {
    let (kind, number) = match question {
        Question::Request(id) => (0_u8, id),
        Question::Pool(pool) => (1, pool),
    };
    let side = match side {
        Side::Shared => 0_u8,
        Side::NotShared => 1,
    };
    let mut bytes = Bytes::new(seed, [kind, side], [agency.0, number]);
    let noise = bytes.geometric() - bytes.geometric();
    i64::try_from(count).unwrap_or(i64::MAX).saturating_add(noise).max(0).unsigned_abs()
}

/// Bytes that only whoever has the seed can foretell.
struct Bytes {
    mac: Hmac<Sha256>,
    block: u64,
    left: Vec<u8>,
}

impl Bytes {
    fn new(seed: &OutcomeSeed, kinds: [u8; 2], numbers: [u64; 2]) -> Self {
        // HMAC fills a key up with zeros to a block of 64 bytes.
        let mut key = [0; 64];
        key.iter_mut().zip(seed.0).for_each(|(to, from)| *to = from);
        let mut mac = Hmac::<Sha256>::new(&key.into());
        mac.update(b"canvass outcome noise 1");
        mac.update(&kinds);
        for number in numbers {
            mac.update(&number.to_be_bytes());
        }
        Self { mac, block: 0, left: Vec::new() }
    }

    fn draw(&mut self) -> u8 {
        if self.left.is_empty() {
            let mut mac = self.mac.clone();
            mac.update(&self.block.to_be_bytes());
            self.block = self.block.wrapping_add(1);
            // The last is drawn first.
            self.left.extend(mac.finalize().into_bytes().iter().rev());
        }
        self.left.pop().unwrap_or_default()
    }

    /// How many successes come before the first failure.
    fn geometric(&mut self) -> i64 {
        let mut successes = 0;
        while successes < LONGEST && self.goes_on() {
            successes += 1;
        }
        successes
    }

    /// True with a probability of exactly 4 in 5: bytes that no whole number of fives covers are drawn
    /// again.
    fn goes_on(&mut self) -> bool {
        loop {
            let byte = self.draw();
            if byte < u8::MAX / OF * OF {
                return byte % OF < GOES_ON;
            }
        }
    }
}
