//! Candidates for a design that does not wear out, measured beside what the library does.

use std::collections::HashMap;
use std::str::FromStr;

use canvass::OwnerId;
use canvass::jiff::Timestamp;

/// What decides who is asked, and whether a request is told an outcome of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Design {
    /// The library as it is.
    Library,
    /// The library, which forgets requests after so many days.
    Horizon(i64),
    /// Nothing is remembered but how many outcomes count a household: at most so many in 90 days, and
    /// four times as many in a year.
    Budget(usize),
    /// Cells of at least 11 households, made anew each quarter: only those inside an area are asked.
    Lattice,
    /// As with a budget, and households count for the anonymity set in whole squares of a fixed grid,
    /// of so many metres, inside the area.
    Grid(f64),
}

impl FromStr for Design {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) = text.split_once(':').unwrap_or((text, ""));
        let bad = || format!("`{text}` is no design");
        match name {
            "library" => Ok(Self::Library),
            "horizon" => Ok(Self::Horizon(number.parse().map_err(|_| bad())?)),
            "budget" => Ok(Self::Budget(number.parse().map_err(|_| bad())?)),
            "lattice" => Ok(Self::Lattice),
            "grid" => Ok(Self::Grid(number.parse().map_err(|_| bad())?)),
            _ => Err(bad()),
        }
    }
}

/// How often a household was counted in an outcome.
#[derive(Default)]
pub(crate) struct Budget(HashMap<OwnerId, Vec<i64>>);

impl Budget {
    /// Counts a household, if its budget has something left.
    pub(crate) fn count(&mut self, owner: OwnerId, now: Timestamp, each_90_days: usize) -> bool {
        let (now, counted) = (now.as_second(), self.0.entry(owner).or_default());
        let within = |days: i64| counted.iter().filter(|&&at| at > now - days * 86_400).count();
        let left = within(90) < each_90_days && within(365) < 4 * each_90_days;
        if left {
            counted.push(now);
        }
        left
    }
}

/// A square of a plane cut in four again and again, as long as each quarter holds 11 households.
pub(crate) struct Lattice {
    pub(crate) cells: Vec<(f64, f64, f64)>,
}

impl Lattice {
    pub(crate) fn of(homes: &[(f64, f64)]) -> Self {
        let mut cells = Vec::new();
        cut((-1_000.0, -1_000.0, 20_480.0), homes.to_vec(), &mut cells);
        Self { cells }
    }
}

fn cut(cell: (f64, f64, f64), homes: Vec<(f64, f64)>, cells: &mut Vec<(f64, f64, f64)>) {
    let (west, south, side) = cell;
    let half = side / 2.0;
    let mut quarters: [Vec<(f64, f64)>; 4] = Default::default();
    for &(x, y) in &homes {
        let place = usize::from(x >= west + half) + 2 * usize::from(y >= south + half);
        if let Some(quarter) = quarters.get_mut(place) {
            quarter.push((x, y));
        }
    }
    if quarters.iter().all(|quarter| quarter.len() >= 11) {
        for (place, quarter) in quarters.into_iter().enumerate() {
            let east = f64::from(u8::try_from(place % 2).unwrap_or(0)) * half;
            let north = f64::from(u8::try_from(place / 2).unwrap_or(0)) * half;
            cut((west + east, south + north, half), quarter, cells);
        }
    } else if homes.len() >= 11 {
        cells.push(cell);
    }
}
