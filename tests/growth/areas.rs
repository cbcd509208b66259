//! Areas of many vertices, holes and parts, and long texts.

use std::time::Instant;

use allocation_counter::measure;
use canvass::*;
use geo_types::{LineString, MultiPolygon, Polygon};

use crate::support::*;

/// A star whose rays reach in and out, so that edges lie across many others' latitudes.
fn star(corners: u32, lon: f64, lat: f64, radius: f64) -> LineString {
    let corner = |corner: u32| {
        let angle = f64::from(corner) / f64::from(corners) * std::f64::consts::TAU;
        let radius = if corner.is_multiple_of(2) { radius } else { radius * 0.4 };
        (lon + radius * angle.cos(), lat + radius * angle.sin())
    };
    (0..corners).map(corner).collect()
}

/// A ring that goes forth and back across the whole drawing, so that about all pairs of edges cross.
fn scribble(corners: u32) -> MultiPolygon {
    let corner = |corner: u32| {
        let along = f64::from(corner) / f64::from(corners);
        let angle = along * std::f64::consts::TAU * (f64::from(corners / 2) + 0.37);
        (10.0 + angle.cos(), 50.0 + angle.sin() * (0.5 + along / 2.0))
    };
    MultiPolygon(vec![Polygon::new((0..corners).map(corner).collect(), vec![])])
}

/// A comb whose edges overlap all the way in longitude and in latitude.
fn teeth(corners: u32) -> MultiPolygon {
    let teeth = (0..corners / 2).flat_map(|tooth| {
        let lat = f64::from(tooth) * 1e-4;
        [(0.0, lat), (60.0, lat + 50.0)]
    });
    let ring = [(-1.0, 50.0), (-1.0, 0.0)].into_iter().chain(teeth).chain([(0.0, 50.0)]);
    one(ring.collect(), vec![])
}

#[test]
fn an_area_of_many_vertices() {
    let text =
        |corners| Area::new(&one(star(corners, 10.0, 50.0, 0.5), vec![])).unwrap().to_geojson();
    grows("GeoJSON of vertices", 3_000, NEARLY_LINEAR, text, |text| {
        let area = Area::from_geojson(&text).unwrap();
        assert!(area.size_m2() > 0.0 && area.covers(Position::new(10.0, 50.0).unwrap()));
        area
    });
}

#[test]
fn an_area_with_long_teeth() {
    grows("teeth", 3_000, NEARLY_LINEAR, teeth, |drawing| Area::new(&drawing).unwrap().size_m2());
}

#[test]
fn an_area_of_many_holes() {
    let drawing = |holes| one(around(), squares(holes).collect());
    grows("holes", 800, NEARLY_LINEAR, drawing, |drawing| {
        let area = Area::new(&drawing).unwrap();
        assert_eq!(area.vertices(), 4 + 4 * drawing.0[0].interiors().len());
        area.size_m2()
    });
}

#[test]
fn an_area_of_many_parts() {
    let drawing =
        |parts| MultiPolygon(squares(parts).map(|shell| Polygon::new(shell, vec![])).collect());
    grows("parts", 800, NEARLY_LINEAR, drawing, |drawing| {
        let area = Area::new(&drawing).unwrap();
        assert_eq!(area.parts(), drawing.0.len());
        area.part_sizes_m2().len()
    });
}

/// The refusal takes a tenth of the time that accepting as many vertices takes; computing all
/// crossings, a thousand for each vertex, would take hundreds of times as long. Between two sizes
/// of its own the time grows about 4.5 times, which a busy machine can turn into 8, so the test
/// compares with acceptance.
#[test]
fn a_drawing_that_crosses_itself_everywhere_is_refused_at_once() {
    let _alone = alone();
    let [small, large] = sizes(3_000);
    let refused = |drawing| assert_eq!(Area::new(drawing).unwrap_err().code(), "self_crossing");
    let (crossing, accepted) = (scribble(large), teeth(large));
    let seconds = |work: &dyn Fn()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    let pair = |_| {
        let (no, yes) = (seconds(&|| refused(&crossing)), seconds(&|| drop(Area::new(&accepted))));
        println!("refused after {:.2} ms, accepted after {:.2} ms", no * 1e3, yes * 1e3);
        no < yes
    };
    assert!((0..10).any(pair), "it was never refused sooner than another is accepted");
    let peak = |drawing| measure(|| refused(drawing)).bytes_max;
    assert!(peak(&crossing) <= 5 * peak(&scribble(small)), "memory is more than linear");
}

#[test]
fn a_repair_is_quadratic_at_worst_and_gives_up() {
    assert!(Area::repaired(&scribble(100)).unwrap().vertices_added() > 1_000);
    grows("scribble, given up", 400, NEARLY_LINEAR, scribble, |drawing| {
        assert_eq!(Area::repaired(&drawing).unwrap_err().code(), "irreparable");
    });
    // Long teeth side by side, and one tooth that crosses its neighbour.
    let comb = |teeth: u32| {
        let tooth = |tooth: u32| {
            let south = 50.0 + f64::from(tooth) * 1e-3;
            let tip = if tooth == teeth / 2 { south + 1.25e-3 } else { south + 2e-4 };
            [(10.0, south), (11.0, tip), (10.0, south + 5e-4)]
        };
        let back = [(9.0, 51.0 + f64::from(teeth) * 1e-3), (9.0, 49.0)];
        one((0..teeth).flat_map(tooth).chain(back).collect(), vec![])
    };
    grows("comb, repaired", 200, QUADRATIC, comb, |drawing| {
        assert!(Area::repaired(&drawing).unwrap().is_changed());
    });
}

#[test]
fn a_jurisdiction_of_many_vertices() {
    let county = |corners| Area::new(&one(star(corners, 10.0, 50.0, 0.5), vec![])).unwrap();
    let town = Area::new(&one(star(8, 10.05, 50.05, 0.02), vec![])).unwrap();
    grows("small area in many vertices", 4_000, NEARLY_LINEAR, county, |county| {
        for _ in 0..20 {
            assert!(county.covers_area(&town));
        }
    });
    // Both areas grow together: O(n m) as documented.
    let both = |corners| {
        let inner = Area::new(&one(star(corners, 10.0, 50.0, 0.49), vec![])).unwrap();
        (county(corners), inner)
    };
    grows("many vertices in many", 200, QUADRATIC, both, |(outer, inner)| {
        assert!(outer.covers_area(&inner));
    });
}

#[test]
fn texts_that_nest_or_go_on_and_on() {
    let nested = |depth: u32| {
        let open = r#"{"type":"GeometryCollection","geometries":["#;
        open.repeat(depth as usize) + &"]}".repeat(depth as usize)
    };
    grows("nested collections", 20_000, NEARLY_LINEAR, nested, |text| {
        assert_eq!(Area::from_geojson(&text).unwrap_err().code(), "syntax");
    });
    let brackets =
        |depth: u32| r#"{"type":"Polygon","coordinates":"#.to_owned() + &"[".repeat(depth as usize);
    grows("nested lists", 100_000, NEARLY_LINEAR, brackets, |text| {
        assert_eq!(Area::from_geojson(&text).unwrap_err().code(), "syntax");
        assert!(serde_json::from_str::<Request>(&text).is_err());
    });
    let parentheses = |depth: u32| format!("POLYGON{}", "(".repeat(depth as usize));
    grows("nested well-known text", 100_000, NEARLY_LINEAR, parentheses, |text| {
        assert_eq!(Area::from_wkt(&text).unwrap_err().code(), "syntax");
    });
    let long = |size: u32| "9".repeat(size as usize);
    grows("long words", 100_000, NEARLY_LINEAR, long, |text| {
        assert!(Area::from_cap_polygon(&text).is_err());
        assert!(Area::from_cap_circle(&format!("1,{text} 2")).is_err());
        assert!(Area::from_wkt(&format!("POLYGON(({text} {text}))")).is_err());
        assert!(Area::from_geojson(&format!("[{text}]")).is_err());
    });
    let change = |size: u32| format!(r#"{{"{}":{{"owner":7}}}}"#, "withdraw".repeat(size as usize));
    grows("long names", 20_000, NEARLY_LINEAR, change, |text| {
        assert!(serde_json::from_str::<Change>(&text).is_err());
    });
}
