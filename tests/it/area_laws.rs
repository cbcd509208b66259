//! Laws of areas, over drawings on a grid so small that rings often touch.

use std::collections::{BTreeMap, BTreeSet};

use canvass::{Area, Position};
use geo::{Area as _, Intersects, Validation, line_intersection::line_intersection};
use geo_types::{Coord, Line, LineString, MultiPolygon, Point, Polygon};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::area::at;

pub fn star(vertices: usize) -> MultiPolygon<f64> {
    let coords = (0..vertices).map(|vertex| {
        let angle = vertex as f64 / vertices as f64 * std::f64::consts::TAU;
        let radius = if vertex % 2 == 0 { 1.0 } else { 0.3 };
        Coord { x: radius * angle.cos(), y: radius * angle.sin() }
    });
    MultiPolygon(vec![Polygon::new(LineString(coords.collect()), Vec::new())])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// The reference is `geo`, which compares all pairs of edges and relates all pairs of rings.
    #[test]
    fn verdicts_equal_those_of_geo(drawing in drawings()) {
        prop_assert_eq!(Area::new(&drawing).is_ok(), is_valid(&drawing), "{:?}", drawing);
    }

    /// A ring's first vertex, its direction and its closing vertex do not matter.
    #[test]
    fn verdicts_ignore_start_and_winding(drawing in drawings(), turn in 0..7_usize, flip: bool) {
        let turned = each_ring(&drawing, |coords| {
            coords.pop();
            let middle = turn % coords.len();
            coords.rotate_left(middle);
            if flip { coords.reverse(); }
        });
        prop_assert_eq!(Area::new(&drawing).is_ok(), Area::new(&turned).is_ok());
    }

    /// A drawing moved along the map, or to the next turn, has the same verdict and covers the same
    /// positions.
    #[test]
    fn verdicts_ignore_the_antimeridian(drawing in drawings(), lon in 0..16_i32, lat in 0..16_i32) {
        let moved = each_ring(&drawing, |coords| coords.iter_mut().for_each(|c| c.x += 174.0));
        match (Area::new(&drawing), Area::new(&moved)) {
            (Ok(here), Ok(there)) => {
                // The position is off every edge, since a cut edge is no longer quite straight.
                let (lon, lat) = (f64::from(lon) / 2.0 + 0.013_7, f64::from(lat) / 2.0 + 0.007_1);
                let wrapped = if lon + 174.0 > 180.0 { lon - 186.0 } else { lon + 174.0 };
                prop_assert_eq!(here.covers(at(lon, lat)), there.covers(at(wrapped, lat)));
                prop_assert!((here.size_m2() / there.size_m2() - 1.0).abs() < 1e-6);
                let again = Area::from_geojson(&there.to_geojson()).unwrap();
                prop_assert_eq!(again, there);
            }
            (Err(_), Err(_)) => {}
            // On the antimeridian the two parts are one part that was cut there.
            (Err(here), Ok(_)) if here.code() == "parts_share_edge" => {}
            (here, there) => prop_assert!(false, "{here:?} {there:?}"),
        }
    }

    /// On whole units of 1e-7 degree `geo` is exact as well.
    #[test]
    fn covers_equals_geo(drawing in drawings(), lon in 0..=16_i32, lat in 0..=16_i32) {
        if let Ok(area) = Area::new(&each_ring(&drawing, |c| c.iter_mut().for_each(|c| {
            c.x /= 1e7;
            c.y /= 1e7;
        }))) {
            let position = Position::from_e7(lon, lat).unwrap();
            let point = Point::new(f64::from(lon), f64::from(lat));
            prop_assert_eq!(area.covers(position), drawing.intersects(&point));
        }
    }

    /// An area that was drawn off the grid is written and read back unchanged.
    #[test]
    fn geojson_round_trip(coords in prop::collection::vec((-1e-6..1e-6, -1e-6..1e-6), 3..7)) {
        let shell = LineString(coords.iter().map(|&(x, y)| Coord { x, y }).collect());
        if let Ok(area) = Area::try_from(Polygon::new(shell, Vec::new())) {
            prop_assert_eq!(Area::from_geojson(&area.to_geojson()).unwrap(), area.clone());
            prop_assert_eq!(serde_json::from_str::<Area>(&serde_json::to_string(&area).unwrap()).unwrap(), area);
        }
    }

    /// A repair is an area or an error; a position is inside if an odd number of rings go around
    /// it.
    #[test]
    fn repairs_are_even_odd(drawing in drawings(), lon in 0..8_i32, lat in 0..8_i32) {
        if let Ok(repaired) = Area::repaired(&drawing) {
            // A position off every edge between vertices of the small grid.
            let (x, y) = (f64::from(lon) + 0.501_237_1, f64::from(lat) + 0.497_031_7);
            let around = drawing.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()))
                .filter(|ring| Polygon::new((*ring).clone(), Vec::new()).exterior().0.windows(2)
                    .filter(|edge| {
                        let (a, b) = (edge[0], edge[1]);
                        (a.y > y) != (b.y > y) && x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x
                    }).count() % 2 == 1)
                .count();
            prop_assert_eq!(repaired.area().covers(at(x, y)), around % 2 == 1, "{}", repaired);
        }
    }

    #[test]
    fn hostile_numbers_never_panic(coords in prop::collection::vec((hostile(), hostile()), 0..8)) {
        let shell = LineString(coords.iter().map(|&(x, y)| Coord { x, y }).collect());
        let drawing = MultiPolygon(vec![Polygon::new(shell.clone(), vec![shell])]);
        let _ = Area::new(&drawing);
        let _ = Area::repaired(&drawing);
        if let [(w, s), (e, n), ..] = coords[..] {
            let _ = Area::from_bounds(w, s, e, n);
        }
    }

    #[test]
    fn hostile_texts_never_panic(text in "(POLYGON|MULTIPOLYGON|\\{\"type\":\"Polygon\",\"coordinates\":)?[-0-9eE.,() \\[\\]]{0,40}\\}?") {
        let _ = (Area::from_wkt(&text), Area::from_geojson(&text));
        let _ = (Area::from_cap_polygon(&text), Area::from_cap_circle(&text));
    }
}

/// Each verdict occurs often among the drawings of the tests above.
#[test]
fn drawings_are_valid_and_invalid_often() {
    let mut runner = TestRunner::deterministic();
    let (mut valid, mut reasons) = (0, BTreeMap::<_, usize>::new());
    for _ in 0..2_000 {
        let drawing = drawings().new_tree(&mut runner).unwrap().current();
        match Area::new(&drawing) {
            Ok(_) => valid += 1,
            Err(error) => *reasons.entry(error.code()).or_default() += 1,
        }
    }
    assert!((400..1_600).contains(&valid), "{valid} {reasons:?}");
    assert!(reasons.len() >= 9, "{reasons:?}");
}

/// Whether drawings on whole numbers, which `geo` compares, are areas. Three vertices in line are
/// not, although scaling can turn them into a sliver.
pub fn are_areas(drawings: &[&MultiPolygon<f64>]) -> bool {
    drawings.iter().all(|drawing| Area::new(drawing).is_ok())
}

/// Up to three parts with up to two holes on a grid so small that rings often touch.
pub fn drawings() -> impl Strategy<Value = MultiPolygon<f64>> {
    let around = |low: i32, high: i32| {
        prop::collection::btree_set((low..=high, low..=high), 3..7).prop_map(|points| {
            // Around their middle, so that most rings are simple.
            let count = points.len() as f64;
            let sum = points
                .iter()
                .fold((0.0, 0.0), |sum, p| (sum.0 + f64::from(p.0), sum.1 + f64::from(p.1)));
            let middle = (sum.0 / count + 0.01, sum.1 / count + 0.013);
            let angle =
                |p: &(i32, i32)| (f64::from(p.1) - middle.1).atan2(f64::from(p.0) - middle.0);
            let mut points: Vec<(i32, i32)> = points.into_iter().collect();
            points.sort_by(|a, b| angle(a).total_cmp(&angle(b)));
            points
        })
    };
    let any = prop::collection::vec((0..=8, 0..=8), 3..6)
        .prop_filter("a ring", |p| p.iter().collect::<BTreeSet<_>>().len() > 2);
    let square = Just(vec![(0, 0), (8, 0), (8, 8), (0, 8)]);
    let shell = prop_oneof![6 => square, 4 => around(0, 8), 1 => any];
    let polygon = (shell, prop::collection::vec(around(0, 6), 0..3), 0..3_i32);
    let one = polygon.clone().prop_map(|polygon| vec![polygon]);
    let small = (around(0, 4), prop::collection::vec(around(1, 3), 0..1), 0..5_i32);
    let many = prop::collection::vec(small, 2..4);
    prop_oneof![3 => one, 2 => many].prop_map(|polygons| {
        let line = |points: &[(i32, i32)], by: i32| {
            LineString(
                points
                    .iter()
                    .map(|p| Coord { x: f64::from(p.0 + by), y: f64::from(p.1) })
                    .collect(),
            )
        };
        let polygons = polygons.iter().map(|(shell, holes, by)| {
            let by = if holes.is_empty() { *by } else { 0 };
            Polygon::new(line(shell, by), holes.iter().map(|hole| line(hole, 0)).collect())
        });
        MultiPolygon(polygons.collect())
    })
}

fn hostile() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -200.0..200.0,
        2 => (-2..=2).prop_map(|n| f64::from(n) * 90.0),
        1 => prop::num::f64::ANY,
        1 => Just(-0.0),
        1 => Just(f64::MIN_POSITIVE),
        1 => -1e-9..1e-9,
    ]
}

/// The verdict of `geo`, with the two rules that it leaves out: no ring is flat, and rings of a
/// part do not touch in a cycle, which would cut its inside into pieces.
fn is_valid(drawing: &MultiPolygon<f64>) -> bool {
    drawing.is_valid()
        && drawing.iter().all(|polygon| {
            let rings: Vec<_> =
                std::iter::once(polygon.exterior()).chain(polygon.interiors()).collect();
            if rings
                .iter()
                .any(|ring| Polygon::new((*ring).clone(), Vec::new()).unsigned_area() == 0.0)
            {
                return false;
            }
            let mut touches = BTreeSet::new();
            let mut places = Vec::new();
            for (a, ring) in rings.iter().enumerate() {
                for (b, other) in rings.iter().enumerate().skip(a + 1) {
                    for meeting in ring
                        .lines()
                        .flat_map(|e| other.lines().filter_map(move |f| line_intersection(e, f)))
                    {
                        let Line { start, .. } = meeting.into_line();
                        let place = places.iter().position(|&p| p == start).unwrap_or_else(|| {
                            places.push(start);
                            places.len() - 1
                        });
                        touches.extend([(a, rings.len() + place), (b, rings.len() + place)]);
                    }
                }
            }
            // A forest has no cycle: each touch joins two trees.
            let mut tree: Vec<usize> = (0..rings.len() + places.len()).collect();
            touches.into_iter().all(|(ring, place)| {
                let (from, to) = (tree[ring], tree[place]);
                tree.iter_mut().filter(|tree| **tree == from).for_each(|tree| *tree = to);
                from != to
            })
        })
}

trait IntoLine {
    fn into_line(self) -> Line<f64>;
}

impl IntoLine for geo::LineIntersection<f64> {
    fn into_line(self) -> Line<f64> {
        match self {
            Self::SinglePoint { intersection, .. } => Line::new(intersection, intersection),
            Self::Collinear { intersection } => intersection,
        }
    }
}

pub fn each_ring(
    drawing: &MultiPolygon<f64>,
    mut change: impl FnMut(&mut Vec<Coord<f64>>),
) -> MultiPolygon<f64> {
    let polygons = drawing.iter().map(|polygon| {
        let mut change = |line: &LineString<f64>| {
            let mut coords = line.0.clone();
            change(&mut coords);
            LineString(coords)
        };
        Polygon::new(
            change(polygon.exterior()),
            polygon.interiors().iter().map(&mut change).collect(),
        )
    });
    MultiPolygon(polygons.collect())
}
