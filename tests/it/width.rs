//! Areas that are narrow somewhere: which shapes are refused, and a twin that measures every way across.

use canvass::{Area, CaseFile, Policy, Position, Violation};
use geo::{Contains, Coord, Line, LineString, Polygon};

use crate::support::*;

/// Metres in a degree of latitude and of longitude at 50 degrees north.
const LAT_M: f64 = 111_229.0;
const LON_M: f64 = 71_696.0;

/// An area of rings in metres around 10 east, 50 north.
fn drawn(rings: &[&[(f64, f64)]]) -> Area {
    let ring = |points: &&[(f64, f64)]| {
        let degrees = |&(x, y): &(f64, f64)| (10.0 + x / LON_M, 50.0 + y / LAT_M);
        points.iter().map(degrees).collect::<LineString>()
    };
    let mut rings = rings.iter().map(ring);
    let shell = rings.next().unwrap();
    Area::new(&geo::MultiPolygon(vec![Polygon::new(shell, rings.collect())])).unwrap()
}

/// Only the width is a limit.
fn wide_by(min_width_m: f64) -> Policy {
    Policy::without_limits_or_anonymity().with_min_width_m(min_width_m)
}

/// The shortest way across that a review refuses, with its ends.
fn narrow(area: &Area, least_m: f64) -> Option<(f64, [Position; 2])> {
    let reviewed = wide_by(least_m).review(
        &asking(area.clone()),
        &agency(),
        &CaseFile::new(agency().id),
        noon(),
    );
    let violations = reviewed.err()?;
    match violations.iter().next() {
        Some(&Violation::TooNarrow { m, ends, .. }) => Some((m, ends)),
        other => panic!("{other:?}"),
    }
}

fn is_narrow(rings: &[&[(f64, f64)]]) -> bool {
    narrow(&drawn(rings), 20.0).is_some()
}

const BLOCK: [(f64, f64); 4] = [(0.0, 0.0), (400.0, 0.0), (400.0, 400.0), (0.0, 400.0)];

#[test]
fn a_thread_between_two_blocks_is_narrow() {
    // A thread of 24 cm from one block to another, and the same street at 25 m.
    let joined = |half: f64| {
        let (low, high) = (200.0 - half, 200.0 + half);
        drawn(&[&[
            (0.0, 0.0),
            (400.0, 0.0),
            (400.0, low),
            (700.0, low),
            (700.0, 0.0),
            (1_100.0, 0.0),
            (1_100.0, 400.0),
            (700.0, 400.0),
            (700.0, high),
            (400.0, high),
            (400.0, 400.0),
            (0.0, 400.0),
        ]])
    };
    let (m, ends) = narrow(&joined(0.12), 20.0).unwrap();
    assert!((m - 0.24).abs() < 0.02, "{m}");
    assert!(ends.iter().all(|end| (end.lat() - 50.0 - 200.0 / LAT_M).abs() < 1e-5), "{ends:?}");
    assert!(narrow(&joined(9.9), 20.0).is_some());
    assert!(narrow(&joined(10.1), 20.0).is_none());
}

#[test]
fn spikes_slivers_and_rings_around_holes_are_narrow() {
    // To one house, as a rectangle and as a triangle.
    let house = |half: f64| {
        is_narrow(&[&[
            (0.0, 0.0),
            (400.0, 0.0),
            (400.0, 400.0),
            (200.0 + half, 400.0),
            (200.0, 560.0),
            (200.0 - half, 400.0),
            (0.0, 400.0),
        ]])
    };
    assert!(house(30.0) && !house(40.0));
    // A corner of 22 degrees, and one of 24.
    assert!(is_narrow(&[&[(0.0, 0.0), (900.0, 0.0), (900.0, 363.0)]]));
    assert!(!is_narrow(&[&[(0.0, 0.0), (900.0, 0.0), (900.0, 401.0)]]));
    // Short and long for its width: 24 cm by 3 m, and a balcony of 3 m by 3 m.
    let balcony = |width: f64| {
        is_narrow(&[&[
            (0.0, 0.0),
            (400.0, 0.0),
            (400.0, 400.0),
            (200.0 + width, 400.0),
            (200.0 + width, 403.0),
            (200.0, 403.0),
            (200.0, 400.0),
            (0.0, 400.0),
        ]])
    };
    assert!(balcony(0.24) && !balcony(3.0));
    // An L whose arm is 15 m wide, and a frame of 15 m.
    assert!(is_narrow(&[&[
        (0.0, 0.0),
        (400.0, 0.0),
        (400.0, 400.0),
        (385.0, 400.0),
        (385.0, 300.0),
        (0.0, 300.0),
    ]]));
    let hole = |from: f64| {
        [(from, from), (from, 400.0 - from), (400.0 - from, 400.0 - from), (400.0 - from, from)]
    };
    assert!(is_narrow(&[&BLOCK, &hole(15.0)]));
    assert!(!is_narrow(&[&BLOCK, &hole(25.0)]));
    // A hole with a corner on the outline, and two holes 10 m apart.
    assert!(is_narrow(&[&BLOCK, &[(200.0, 0.0), (100.0, 100.0), (300.0, 100.0)]]));
    let beside = |x: f64| [(x, 100.0), (x, 200.0), (x + 50.0, 200.0), (x + 50.0, 100.0)];
    assert!(is_narrow(&[&BLOCK, &beside(100.0), &beside(160.0)]));
    assert!(!is_narrow(&[&BLOCK, &beside(100.0), &beside(180.0)]));
}

#[test]
fn shapes_that_people_draw_are_wide_enough() {
    let circle: Vec<(f64, f64)> = (0..64)
        .map(|corner| f64::from(corner) / 64.0 * std::f64::consts::TAU)
        .map(|angle| (150.0 * angle.cos(), 150.0 * angle.sin()))
        .collect();
    assert!(!is_narrow(&[&circle]), "short edges are not a narrow area");
    assert!(!is_narrow(&[&BLOCK]));
    // A driveway of 8 m left out, a bent street of 25 m, and a corner cut off by 1 m.
    assert!(!is_narrow(&[&[
        (0.0, 0.0),
        (196.0, 0.0),
        (196.0, 90.0),
        (204.0, 90.0),
        (204.0, 0.0),
        (400.0, 0.0),
        (400.0, 400.0),
        (0.0, 400.0),
    ]]));
    assert!(!is_narrow(&[&[
        (0.0, 0.0),
        (900.0, 0.0),
        (900.0, 900.0),
        (875.0, 900.0),
        (875.0, 25.0),
        (0.0, 25.0),
    ]]));
    assert!(!is_narrow(&[&[(0.0, 0.0), (399.0, 0.0), (400.0, 1.0), (400.0, 400.0), (0.0, 400.0)]]));
    // Two parts that touch in a corner: nothing of the area is between them.
    let text = "MULTIPOLYGON(((10 50, 10.005 50, 10.005 50.005, 10 50.005)), \
                ((10.005 50.005, 10.01 50.005, 10.01 50.01, 10.005 50.01)))";
    assert!(narrow(&Area::from_wkt(text).unwrap(), 20.0).is_none());
}

#[test]
fn a_refusal_names_the_part_the_width_and_both_sides() {
    let text = "MULTIPOLYGON(((9 50, 9.005 50, 9.005 50.005, 9 50.005)), \
                ((10 50, 10.005 50, 10.005 50.005, 10.0002 50.005, 10.0002 50.009, 10 50.009)))";
    let area = Area::from_wkt(text).unwrap();
    let file = CaseFile::new(agency().id);
    let refused = wide_by(20.0)
        .with_min_area_m2(1.0)
        .with_max_area_m2(1e7)
        .review(&asking(area), &agency(), &file, noon())
        .unwrap_err();
    assert_eq!(codes(&refused), ["too_narrow"]);
    assert_eq!(
        refused.to_string(),
        "part 2 of the area is 14.3 m wide between `10 50.005` and `10.0002 50.005`; draw it at least \
         20 m wide, or leave that piece out"
    );
}

/// A side of a ring in metres, cut into steps of about a metre: each with its ring and how far along it is.
struct Outline {
    polygon: Polygon,
    steps: Vec<(usize, f64, Coord)>,
    around: Vec<f64>,
}

impl Outline {
    fn of(area: &Area) -> Self {
        let polygon = area.to_multi_polygon().0.remove(0);
        let metres = |line: &LineString| -> LineString {
            line.coords().map(|c| ((c.x - 10.0) * LON_M, (c.y - 50.0) * LAT_M)).collect()
        };
        let holes = polygon.interiors().iter().map(metres).collect();
        let polygon = Polygon::new(metres(polygon.exterior()), holes);
        let (mut steps, mut around) = (Vec::new(), Vec::new());
        for (ring, line) in
            std::iter::once(polygon.exterior()).chain(polygon.interiors()).enumerate()
        {
            let mut along = 0.0;
            for side in line.lines() {
                let length = side.dx().hypot(side.dy());
                let number = length.ceil().max(1.0) as i32;
                for step in 0..number {
                    let share = f64::from(step) / f64::from(number);
                    steps.push((ring, along + share * length, side.start + side.delta() * share));
                }
                along += length;
            }
            around.push(along);
        }
        Self { polygon, steps, around }
    }

    fn path(&self, one: (usize, f64), two: (usize, f64)) -> f64 {
        if one.0 != two.0 {
            return f64::INFINITY;
        }
        let along = (one.1 - two.1).abs();
        along.min(self.around[one.0] - along)
    }

    fn least_path(&self, ring: usize, least_m: f64) -> f64 {
        if ring == 0 { (5.0 * least_m).min(self.around[0] / 4.0) } else { 5.0 * least_m }
    }

    /// The shortest of all ways across between two steps that count, at the first scale that has one.
    fn narrowest(&self, least_m: f64) -> Option<f64> {
        let mut ways = Vec::new();
        for (number, &(ring, along, at)) in self.steps.iter().enumerate() {
            for &(other, further, to) in &self.steps[number + 1..] {
                let length = (to.x - at.x).hypot(to.y - at.y);
                if length < least_m {
                    let path = self.path((ring, along), (other, further));
                    ways.push((length, ring, path, Line::new(at, to)));
                }
            }
        }
        ways.sort_by(|a, b| a.0.total_cmp(&b.0));
        scales(least_m).find_map(|scale| {
            let counts = |&&(length, ring, path, line): &&(f64, usize, f64, Line)| {
                length < scale - 0.01
                    && path >= self.least_path(ring, scale)
                    && self.polygon.contains(&line)
            };
            ways.iter().find(counts).map(|way| way.0)
        })
    }
}

fn scales(least_m: f64) -> impl Iterator<Item = f64> {
    (0..7).map(move |scale| least_m / f64::from(1 << scale))
}

/// Each way that is refused is one, and none that counts is shorter, to the step of the twin.
#[test]
fn narrow_areas_equal_the_twin() {
    let (mut refused, mut passed) = (0, 0);
    for seed in 0..120 {
        let mut rng = Rng(seed);
        let corners = 4 + rng.below(11);
        let ring = (0..corners).map(|corner| {
            let angle = corner as f64 / corners as f64 * std::f64::consts::TAU;
            let radius = rng.within(6, 120) as f64;
            (radius * angle.cos(), radius * angle.sin())
        });
        let ring: Vec<(f64, f64)> = ring.collect();
        let hole = [(-3.0, -3.0), (-3.0, 2.0), (2.0, 3.0), (3.0, -2.0)];
        let area =
            if rng.once_in(3) && corners > 4 { drawn(&[&ring, &hole]) } else { drawn(&[&ring]) };
        let least_m = rng.pick(&[8.0, 14.0, 20.0]);
        let outline = Outline::of(&area);
        let (found, twin) = (narrow(&area, least_m), outline.narrowest(least_m));
        if let Some(twin) = twin {
            let (m, _) = found.unwrap_or_else(|| panic!("{seed}: {twin}"));
            assert!(m < least_m, "{seed}: {m} {twin}");
        }
        if let Some((m, ends)) = found {
            let [one, two] =
                ends.map(|end| ((end.lon() - 10.0) * LON_M, (end.lat() - 50.0) * LAT_M));
            assert!(((one.0 - two.0).hypot(one.1 - two.1) - m).abs() < 0.05, "{seed}");
            let nearest = |to: (f64, f64)| {
                let far = |step: &&(usize, f64, Coord)| (step.2.x - to.0).hypot(step.2.y - to.1);
                *outline.steps.iter().min_by(|a, b| far(a).total_cmp(&far(b))).unwrap()
            };
            let (one, two) = (nearest(one), nearest(two));
            let path = outline.path((one.0, one.1), (two.0, two.1));
            let is_far = |scale| m < scale && path > outline.least_path(one.0, scale) - 2.1;
            assert!(scales(least_m).any(is_far), "{seed}: {path}");
            refused += 1;
        } else {
            passed += 1;
        }
    }
    assert!(refused > 30 && passed > 30, "{refused} {passed}");
}

/// All areas in the GeoJSON files of the folder `CANVASS_DATA`, one feature a line, that the default
/// policy accepts by size and vertices: none is too narrow. Without that variable nothing is read.
#[test]
fn honest_areas_are_wide_enough() {
    let Ok(folder) = std::env::var("CANVASS_DATA") else {
        println!("skipped: CANVASS_DATA names no folder of areas");
        return;
    };
    let policy = default_policy();
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "geojson") {
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let Ok(area) = Area::from_geojson(line.trim_end_matches(',')) else { continue };
            let fits = (policy.min_area_m2..policy.max_area_m2).contains(&area.size_m2())
                && area.vertices() <= policy.max_vertices as usize;
            if fits {
                seen += 1;
                let found = narrow(&area, policy.min_width_m);
                assert!(found.is_none(), "{}: {found:?}", path.display());
            }
        }
    }
    println!("{seen} areas");
    assert!(seen >= 10, "only {seen}: the folder is another one");
}
