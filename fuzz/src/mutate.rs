//! A small mutator for the driver on stable: it makes inputs near the seeds, the same for the same
//! seed of the generator.

/// The words of GeoJSON.
pub const GEOJSON: &[&str] = &[
    "{\"type\":\"Polygon\",\"coordinates\":",
    "\"MultiPolygon\"",
    "\"GeometryCollection\"",
    "\"geometries\":",
    "\"Feature\"",
    "\"FeatureCollection\"",
    "\"features\":",
    "\"properties\":null",
    "\"geometry\":",
    "null",
    "[[",
    "]]",
    "[",
    "]",
    "{",
    "}",
    ",",
    "180",
    "-180.0",
    "90",
    "1e-7",
    "1e999",
    "3600",
    "0.00000005",
    "-0.0",
    "\"bbox\":[0,0,1,1]",
    "\"coordinates\":",
    "[],",
    "[[],[]]",
];
/// The words of well-known text.
pub const WKT: &[&str] = &[
    "POLYGON",
    "MULTIPOLYGON",
    "polygon",
    "EMPTY",
    " Z ",
    " M ",
    " ZM ",
    "((",
    "))",
    "(",
    ")",
    ",",
    " ",
    "180",
    "-180",
    "90",
    "-90.0",
    "NaN",
    "inf",
    "1e-7",
    "1e308",
    "3600",
    "SRID=4326;",
    "POLYGONZ",
    "POLYGON EMPTY",
    ",EMPTY",
];
/// The words of Common Alerting Protocol texts.
pub const CAP: &[&str] = &[
    ",", " ", "90", "-90", "180", "-180", "0", "NaN", "inf", "1e-7", "20000", "0.0001", "+", "\n",
];
/// The words of records in JSON.
pub const RECORDS: &[&str] = &[
    "null",
    "0",
    "18446744073709551615",
    "-1",
    "4294967295",
    "1e999",
    "\"any\"",
    "\"granted\"",
    "{\"only\":[1]}",
    "{\"all_but\":[]}",
    "\"burglary\"",
    "\"9999-12-31T23:59:59Z\"",
    "\"-009999-01-02T01:59:59Z\"",
    "\"1969-12-31T23:59:59.5Z\"",
    "[0,0]",
    "[180,90]",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\"\"",
    "\"\\u0000\"",
    "true",
];
/// Bytes that are not text.
pub const BYTES: &[&str] = &["\0\0\0\0", "\u{1}", "\u{7f}", "\0"];

/// A small generator of numbers: `SplitMix64`.
#[derive(Clone, Debug)]
pub struct Rng(pub u64);

impl Rng {
    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is at least one.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % end.max(1) as u64).unwrap_or(0)
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> Option<&'a T> {
        from.get(self.below(from.len())).copied()
    }
}

/// An input near the seeds: a few changes to one of them, or pieces of two.
pub fn input(rng: &mut Rng, seeds: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    if words == BYTES && rng.below(2) == 0 {
        return (0..rng.below(3_000)).map(|_| rng.number().to_le_bytes()[0]).collect();
    }
    let Some(seed) = seeds.get(rng.below(seeds.len())) else { return Vec::new() };
    let mut input = seed.clone();
    for _ in 0..=rng.below(4) {
        change(rng, &mut input, seeds, words);
    }
    input.truncate(16_384);
    input
}

fn change(rng: &mut Rng, input: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str]) {
    let at = rng.below(input.len() + 1);
    let end = (at + 1 + rng.below(8)).min(input.len());
    match rng.below(9) {
        // Most of a text is digits: with a digit replaced it mostly stays readable.
        0..=2 => {
            let digits: Vec<usize> =
                (0..input.len()).filter(|&place| input[place].is_ascii_digit()).collect();
            match digits.get(rng.below(digits.len())) {
                Some(&place) => input[place] = b"0123456789"[rng.below(10)],
                None => flip(rng, input, at),
            }
        }
        3 => flip(rng, input, at),
        4 => drop(input.drain(at.min(end)..end)),
        5 => {
            let piece = input[at.min(end)..end].to_vec();
            input.splice(at..at, piece);
        }
        6 => {
            let word = rng.pick(words).unwrap_or("\0");
            let end = if rng.below(2) == 0 { at } else { end };
            input.splice(at.min(end)..end, word.bytes());
        }
        7 => {
            let other = &seeds[rng.below(seeds.len())];
            let from = rng.below(other.len() + 1);
            input.truncate(at);
            input.extend(&other[from..]);
        }
        _ => {
            let bytes: Vec<u8> =
                (0..rng.below(24)).map(|_| rng.number().to_le_bytes()[0]).collect();
            // Insertion between characters, for inputs that are not text.
            if words == BYTES {
                input.splice(at..at, bytes);
            } else {
                flip(rng, input, at);
            }
        }
    }
}

fn flip(rng: &mut Rng, input: &mut [u8], at: usize) {
    if let Some(byte) = input.get_mut(at) {
        *byte ^= 1 << rng.below(8);
    }
}
