//! Reasons why nobody is asked, with advice.

use std::collections::BTreeMap;
use std::fmt;

use canvass::{Camera, Denial, Funnel};

use super::routing::Outcome;

/// The reason why an authorised request asks nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Nobody {
    NoCamera,
    EachDenied(Vec<(Denial, usize)>),
    TooFew { households: usize, least: u32 },
}

impl Nobody {
    pub(crate) fn new(funnel: &Funnel, least: u32) -> Self {
        if funnel.in_area() == 0 {
            Self::NoCamera
        } else if funnel.permitted() == 0 {
            Self::EachDenied(funnel.denied().filter(|&(_, cameras)| cameras > 0).collect())
        } else {
            Self::TooFew { households: funnel.households(), least }
        }
    }
}

impl fmt::Display for Nobody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCamera => f.write_str("no camera is there"),
            Self::EachDenied(denied) => {
                let held = denied.iter().map(|(why, cameras)| format!("{cameras} {why}"));
                let held: Vec<String> = held.collect();
                write!(f, "each camera there is denied: {}", held.join(", "))
            }
            Self::TooFew { households, least } => {
                write!(f, "households there: {households}, and nobody is asked below {least}")
            }
        }
    }
}

/// The bounds in degrees: west, south, east and north.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bounds([f64; 4]);

impl Bounds {
    pub(crate) fn of_cameras(cameras: &[Camera]) -> Option<Self> {
        let places = cameras.iter().map(|camera| camera.position);
        places.map(|at| Self([at.lon(), at.lat(), at.lon(), at.lat()])).reduce(Self::join)
    }

    fn join(self, other: Self) -> Self {
        let ([west, south, east, north], [w, s, e, n]) = (self.0, other.0);
        Self([west.min(w), south.min(s), east.max(e), north.max(n)])
    }

    fn meets(self, other: Self) -> bool {
        let ([west, south, east, north], [w, s, e, n]) = (self.0, other.0);
        west <= e && w <= east && south <= n && s <= north
    }

    fn swapped(self) -> Self {
        let [west, south, east, north] = self.0;
        Self([south, west, north, east])
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [west, south, east, north] = self.0;
        write!(f, "longitude {west:.4} to {east:.4}, latitude {south:.4} to {north:.4}")
    }
}

/// Counts of a run's outcomes that explain an empty result.
#[derive(Default)]
pub(crate) struct Tally {
    areas: usize,
    asked: usize,
    no_camera: usize,
    too_few: BTreeMap<u32, usize>,
    most_households: usize,
    denied: BTreeMap<Denial, usize>,
    refused: BTreeMap<&'static str, (usize, String)>,
    bounds: Option<Bounds>,
}

impl Tally {
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        self.areas += 1;
        if let Some(area) = outcome.area() {
            let (west, south, east, north) = area.bounds();
            let bounds = Bounds([west, south, east, north]);
            self.bounds = Some(self.bounds.map_or(bounds, |all| all.join(bounds)));
        }
        match outcome {
            Outcome::Routed(routed) => match &routed.nobody {
                None => self.asked += 1,
                Some(Nobody::NoCamera) => self.no_camera += 1,
                Some(Nobody::EachDenied(denied)) => {
                    for &(why, cameras) in denied {
                        *self.denied.entry(why).or_default() += cameras;
                    }
                }
                Some(Nobody::TooFew { households, least }) => {
                    *self.too_few.entry(*least).or_default() += 1;
                    self.most_households = self.most_households.max(*households);
                }
            },
            Outcome::Refused { violations, .. } => {
                for violation in violations {
                    let shown = || (0, violation.to_string());
                    self.refused.entry(violation.code()).or_insert_with(shown).0 += 1;
                }
            }
            Outcome::Invalid(_) => {}
        }
    }

    /// Lines with the reasons and advice, if nobody is asked in any area.
    pub(crate) fn advice(&self, cameras: Option<Bounds>) -> Vec<String> {
        if self.asked > 0 {
            return Vec::new();
        }
        let mut lines = vec![format!("nobody is asked in any of the {} areas:", self.areas)];
        let mut add = |line: String| lines.push(format!("  {line}"));
        if self.bounds.is_none() {
            add("no feature has an area; the reason is in each line of the output".to_owned());
        }
        match (cameras, self.bounds) {
            (None, _) => add("the file of cameras has no row with a camera".to_owned()),
            (Some(cameras), Some(areas)) if self.no_camera > 0 => {
                add(format!("{} areas have no camera", self.no_camera));
                if !cameras.meets(areas) {
                    add(format!("the cameras are at {cameras}; the areas at {areas}"));
                    if cameras.swapped().meets(areas) {
                        add("lon and lat look swapped: try --columns lon=lat,lat=lon".to_owned());
                    }
                }
            }
            _ => {}
        }
        for (least, areas) in &self.too_few {
            let most = self.most_households;
            add(format!(
                "{areas} areas have fewer than {least} households with a camera ({most} at most): \
                 try larger areas or, to look around only, --policy open"
            ));
        }
        for (why, cameras) in &self.denied {
            let advice = match why {
                Denial::NoFootage => {
                    ": footage is kept for 60 days before --now; try a window that is later, or \
                     an earlier --now"
                }
                _ => "",
            };
            add(format!("{cameras} cameras are denied: {why}{advice}"));
        }
        for (requests, message) in self.refused.values() {
            add(format!("{requests} areas are refused: {message}; --policy open has no limits"));
        }
        lines
    }
}
