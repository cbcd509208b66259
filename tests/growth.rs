//! How work grows with what somebody may send: at four times the size it takes less than a stated
//! power of four. A binary of its own, so that nothing else runs beside it, and since counting
//! allocations replaces the allocator.
//!
//! `CANVASS_GROWTH_SCALE` multiplies all sizes; `--nocapture` shows what was measured.

#![allow(missing_docs, reason = "nobody reads the documentation of tests")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::print_stdout, reason = "what was measured is for whoever asks to see it")]
#![allow(clippy::wildcard_imports, reason = "nearly all of it")]

use std::sync::Mutex;
use std::time::Instant;

use allocation_counter::measure;
use canvass::*;
use geo_types::{LineString, MultiPolygon, Polygon};
use jiff::Timestamp;

/// One measurement at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// A little more than n log n, with room for caches and for a busy machine.
const NEARLY_LINEAR: f64 = 1.5;
/// For what is looked up in a tree.
const LOGARITHMIC: f64 = 0.5;
/// For what is stated as O(n²).
const QUADRATIC: f64 = 2.5;

fn sizes(size: u32) -> [u32; 2] {
    let scale = std::env::var("CANVASS_GROWTH_SCALE").map_or(1, |scale| scale.parse().unwrap());
    [size * scale, 4 * size * scale]
}

/// Asserts that from `size` to four times that, time and memory grow by less than `4^exponent`.
///
/// `prepare` makes what `work` takes; only `work` is measured. Time is the shortest of several runs,
/// and if it is too long all is measured again: a busy machine makes one measurement slow, not all.
#[track_caller]
fn grows<T, R>(
    name: &str,
    size: u32,
    exponent: f64,
    prepare: impl Fn(u32) -> T,
    work: impl Fn(T) -> R,
) {
    grow(name, size, [exponent; 2], prepare, work);
}

/// The same with an exponent for time and another for memory.
#[track_caller]
fn grow<T, R>(
    name: &str,
    size: u32,
    exponents: [f64; 2],
    prepare: impl Fn(u32) -> T,
    work: impl Fn(T) -> R,
) {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let [small, large] = sizes(size);
    let [allowed, allowed_bytes] = exponents.map(|exponent| 4_f64.powf(exponent));
    let seconds = |size: u32, runs: u32| {
        let run = |_| {
            let input = prepare(size);
            let start = Instant::now();
            let result = work(input);
            let seconds = start.elapsed().as_secs_f64();
            drop(result);
            seconds
        };
        (0..runs).map(run).fold(f64::INFINITY, f64::min)
    };
    let mut ratios = Vec::new();
    for _ in 0..4 {
        let (few, many) = (seconds(small, 5), seconds(large, 2));
        // Below half a millisecond it is mostly giving the input's memory back.
        let few = few.max(0.5e-3);
        ratios.push(many / few);
        let (few, many) = (few * 1e3, many * 1e3);
        println!("{name}: {small}: {few:.2} ms, {large}: {many:.2} ms, {:.1} times", many / few);
        if many / few < allowed {
            break;
        }
    }
    let peak = |size: u32| {
        let input = prepare(size);
        let bytes = measure(|| drop(work(input))).bytes_max as f64;
        // Below this it is what any call takes.
        bytes.max(16_384.0)
    };
    let (few, many) = (peak(small), peak(large));
    println!("{name}: {few:.0} bytes at most, {many:.0}, {:.1} times", many / few);
    assert!(ratios.iter().any(|&ratio| ratio < allowed), "{name}: time grew {ratios:?} times");
    assert!(many / few < allowed_bytes, "{name}: memory grew from {few:.0} to {many:.0} bytes");
}

fn now() -> Timestamp {
    "2026-05-10T12:00:00Z".parse().unwrap()
}

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

/// So many squares in rows.
fn squares(number: u32) -> impl Iterator<Item = LineString> {
    let side = number.isqrt() + 1;
    (0..number).map(move |square| {
        let (x, y) = (f64::from(square % side) * 1e-3, f64::from(square / side) * 1e-3);
        let corners = [(0.0, 0.0), (5e-4, 0.0), (5e-4, 5e-4), (0.0, 5e-4)];
        corners.map(|(east, north)| (10.0 + x + east, 50.0 + y + north)).into_iter().collect()
    })
}

fn one(shell: LineString, holes: Vec<LineString>) -> MultiPolygon {
    MultiPolygon(vec![Polygon::new(shell, holes)])
}

fn around() -> LineString {
    LineString::from(vec![(9.0, 49.0), (12.0, 49.0), (12.0, 52.0), (9.0, 52.0)])
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

/// At once: sooner than as many vertices are accepted. It takes a tenth of that; all crossings, a
/// thousand for each vertex, would take hundreds of times as long. At two sizes of its own it grows
/// 4.5 times, and a busy machine can make 8 of that.
#[test]
fn a_drawing_that_crosses_itself_everywhere_is_refused_at_once() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
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
fn a_repair_takes_quadratic_time_at_worst_and_gives_up_where_all_crosses() {
    assert!(Area::repaired(&scribble(100)).unwrap().vertices_added() > 1_000);
    grows("scribble, given up", 400, NEARLY_LINEAR, scribble, |drawing| {
        assert_eq!(Area::repaired(&drawing).unwrap_err().code(), "irreparable");
    });
    // Long teeth, all beside each other, and one tooth that crosses its neighbour.
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
    // Both at once: O(n m) as stated.
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

/// Cameras of which each owner has one, all on one point.
fn on_a_point(number: u32) -> Vec<Camera> {
    let position = Position::new(10.0, 50.0).unwrap();
    let recording = Recording::kept_for_days(60);
    let camera =
        |id| Camera { id: CameraId(id), owner: OwnerId(id), position, recording, facing: None };
    (0..u64::from(number)).map(camera).collect()
}

/// Cameras of one owner, a few metres apart, and registered from the last on.
fn of_one_owner(number: u32) -> Vec<Camera> {
    let apart = |id: u64| {
        let (east, north) = ((id % 300) as f64, (id / 300) as f64);
        Position::new(10.0 + east * 1e-4, 50.0 + north * 1e-4).unwrap()
    };
    let mut cameras = on_a_point(number);
    for camera in &mut cameras {
        (camera.owner, camera.position) = (OwnerId(7), apart(camera.id.0));
    }
    cameras.reverse();
    cameras
}

fn granted(owner: u64) -> (OwnerId, Consent) {
    (OwnerId(owner), Consent::granted())
}

fn set_consent(owner: u64) -> Change {
    Change::SetConsent { owner: OwnerId(owner), consent: Consent::granted() }
}

fn everywhere() -> AuthorizedRequest {
    everywhere_under(&Policy::unlimited())
}

fn everywhere_under(policy: &Policy) -> AuthorizedRequest {
    let area = Area::new(&one(around(), vec![])).unwrap();
    let window = TimeWindow::new("2026-05-09T18:00:00Z".parse().unwrap(), now()).unwrap();
    let request = Request::new(AgencyId(1), IncidentKind::Burglary, area, window);
    let kind = AgencyKind::Local;
    let agency = Agency { id: AgencyId(1), name: String::new(), kind, jurisdiction: None };
    policy.review(&request, &agency, &CaseFile::new(agency.id), now()).unwrap()
}

#[test]
fn many_cameras_share_a_point() {
    grows("a point, loaded and routed", 5_000, NEARLY_LINEAR, on_a_point, |cameras| {
        let consents = (0..cameras.len() as u64).map(granted);
        let registry = Registry::bulk_load(&cameras, consents).unwrap();
        assert_eq!(registry.snapshot().route(&everywhere(), now()).owners(), cameras.len());
    });
    // All in one list, so that each consent speaks of a camera that has no block yet.
    let list = |number: u32| {
        let registered = on_a_point(number).into_iter().map(Change::Register);
        registered.chain((0..u64::from(number)).map(set_consent)).collect::<Vec<_>>()
    };
    grows("a point, in one list of changes", 3_000, NEARLY_LINEAR, list, |list| {
        let registry = Registry::new();
        let owners = list.len() / 2;
        registry.apply(list).unwrap();
        assert_eq!(registry.snapshot().route(&everywhere(), now()).owners(), owners);
    });
    // One change looks through the blocks of the point: O(cameras there).
    let loaded = |number: u32| {
        Registry::bulk_load(&on_a_point(number), (0..u64::from(number)).map(granted)).unwrap()
    };
    grows("a point, 50 withdrawals", 5_000, NEARLY_LINEAR, loaded, |registry| {
        for owner in 0..50 {
            registry.apply([Change::Withdraw { owner: OwnerId(owner * 97) }]).unwrap();
        }
    });
}

/// A change may be about any block of its point, so that many of them look through many: but they do not
/// remember all of that.
#[test]
fn many_changes_are_about_a_point() {
    let exponents = [QUADRATIC, NEARLY_LINEAR];
    let loaded = |number: u32| {
        let granted = (0..u64::from(number)).map(granted);
        let list: Vec<_> = granted.clone().map(|(owner, _)| Change::Withdraw { owner }).collect();
        (Registry::bulk_load(&on_a_point(number), granted).unwrap(), list)
    };
    grow("a point, all withdrawn in one list", 1_000, exponents, loaded, |(registry, list)| {
        let snapshot = registry.apply(list).unwrap();
        assert!(snapshot.route(&everywhere(), now()).is_empty());
    });
    let owned = |number: u32| {
        let on_a_point = on_a_point(number).into_iter();
        let cameras: Vec<_> =
            on_a_point.map(|camera| Camera { owner: OwnerId(7), ..camera }).collect();
        Registry::bulk_load(&cameras, [granted(7)]).unwrap()
    };
    grow("a point, all of one owner", 1_000, exponents, owned, |registry| {
        let cameras = registry.cameras_of(OwnerId(7)).len();
        assert_eq!(cameras, registry.snapshot().cameras());
    });
}

#[test]
fn one_owner_has_many_cameras() {
    grows("one owner, loaded", 5_000, NEARLY_LINEAR, of_one_owner, |cameras| {
        let registry = Registry::bulk_load(&cameras, [granted(7)]).unwrap();
        assert_eq!(registry.cameras_of(OwnerId(7)).len(), cameras.len());
        assert_eq!(registry.snapshot().route(&everywhere(), now()).owners(), 1);
    });
    grows("one owner, registered and removed", 3_000, NEARLY_LINEAR, of_one_owner, |cameras| {
        let registry = Registry::new();
        registry.apply(cameras.iter().copied().map(Change::Register)).unwrap();
        registry.apply(cameras.iter().map(|camera| Change::Remove { camera: camera.id })).unwrap();
        assert_eq!(registry.snapshot().cameras(), 0);
    });
    // As often asked as there are cameras, in one list: the rows follow once.
    let loaded =
        |number| (Registry::bulk_load(&of_one_owner(number), [granted(7)]).unwrap(), number);
    grows(
        "one owner, asked again and again",
        3_000,
        NEARLY_LINEAR,
        loaded,
        |(registry, number)| {
            let asked = (0..number).map(|_| Change::RecordAsked { owner: OwnerId(7), at: now() });
            let snapshot = registry.apply(asked).unwrap();
            assert!(snapshot.route(&everywhere(), now()).is_empty());
        },
    );
}

/// The look-ups of a registry that starts empty grow a little at a time: no short list of changes asks for
/// the memory of a table of all cameras, as the largest of them would if there were one table.
#[test]
fn no_list_of_changes_moves_all_cameras() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let registry = Registry::new();
    let mut most = 0;
    let (lists, each) = (1_200, 100);
    for list in 0..lists {
        // In tiles of a few hundred each, so that none of them is much to build.
        let camera = |id: u64| {
            let e7 = [id % 400 * 2_500_000, id / 400 * 7].map(|e7| i32::try_from(e7).unwrap());
            Camera {
                id: CameraId(id),
                owner: OwnerId(id),
                position: Position::from_e7(e7[0], e7[1]).unwrap(),
                recording: Recording::kept_for_days(30),
                facing: None,
            }
        };
        let changes: Vec<Change> =
            (list * each..(list + 1) * each).map(|id| Change::Register(camera(id))).collect();
        most = most.max(measure(|| drop(registry.apply(changes).unwrap())).bytes_max);
    }
    println!("a list of {each} cameras: {most} bytes at most");
    assert_eq!(registry.snapshot().cameras() as u64, lists * each);
    // One table would have grown to 262,144 slots of 17 bytes.
    assert!(most < 1_000_000, "{most}");
}

/// Who has no camera any more, has said nothing and was never asked is forgotten, and so are scopes that only
/// they agreed to: it takes no memory that they were there, nor that a list with them was refused.
#[test]
fn whoever_left_takes_no_memory() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let registry = Registry::new();
    let come_and_go = |rounds: std::ops::Range<u64>| {
        for round in rounds {
            let numbered = |camera: Camera| {
                let id = round * 1_000 + camera.id.0;
                Camera { id: CameraId(id), owner: OwnerId(id), ..camera }
            };
            let cameras: Vec<Camera> = on_a_point(400).into_iter().map(numbered).collect();
            let remove = |camera: &Camera| Change::Remove { camera: camera.id };
            let agree = |&Camera { owner, .. }: &Camera| {
                let consent = Consent::granted().agencies(Scope::only([AgencyId(owner.0)]));
                Change::SetConsent { owner, consent }
            };
            let withdraw = |camera: &Camera| Change::Withdraw { owner: camera.owner };
            let unknown = cameras.iter().take(1).map(remove);
            registry.apply(cameras.iter().map(agree).chain(unknown)).unwrap_err();
            registry.apply(cameras.iter().copied().map(Change::Register)).unwrap();
            registry.apply(cameras.iter().map(agree)).unwrap();
            registry.apply(cameras.iter().map(withdraw)).unwrap();
            registry.apply(cameras.iter().map(remove)).unwrap();
        }
    };
    come_and_go(0..8);
    let more = measure(|| come_and_go(8..40)).bytes_current;
    println!("12,800 owners who left: {more} bytes");
    assert!(more < 100_000, "{more}");
}

/// Nor does the first list after a load, whoever owns how many cameras and where these are in what was loaded.
#[test]
fn no_list_of_changes_makes_up_for_a_load() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let first: fn(u64) -> bool = |place| place < 10_000;
    let here_and_there: fn(u64) -> bool = |place| place % 1_000 < 100;
    for is_of_one in [first, here_and_there] {
        let owned = |(place, camera): (u64, Camera)| {
            let owner = OwnerId(if is_of_one(place) { 7 } else { place });
            Camera { owner, ..camera }
        };
        let cameras: Vec<_> = (0..).zip(of_one_owner(100_000)).map(owned).collect();
        let registry = Registry::bulk_load(&cameras, [granted(7)]).unwrap();
        let withdrawal = [Change::Withdraw { owner: OwnerId(90_101) }];
        let most = measure(|| drop(registry.apply(withdrawal).unwrap())).bytes_max;
        println!("one withdrawal after a load: {most} bytes at most");
        assert!(most < 100_000, "{most}");
    }
}

/// A page whose owners all have one consent, for ten times as many agencies.
fn shared_consent(number: u32) -> Vec<u8> {
    let agencies = Scope::only((0..u64::from(number) * 10).map(AgencyId));
    let json = serde_json::to_vec(&Consent::granted().agencies(agencies)).unwrap();
    // The finalizer of `SplitMix64` deals owners out to pages.
    let page = |owner: u64| {
        let x = (owner ^ (owner >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) >> 54
    };
    let owners = (0_u64..).filter(|&owner| page(owner) == 3).take(number as usize);
    let mut bytes = b"CNVT\x01\0\x02\0\x03\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0".to_vec();
    for count in [number, 1, 0, u32::try_from(json.len()).unwrap()] {
        bytes.extend(count.to_le_bytes());
    }
    bytes.extend(json);
    for owner in owners {
        bytes.extend(owner.to_le_bytes());
        bytes.extend([0; 5]);
    }
    let checksum = crc32fast::hash(&bytes).to_le_bytes();
    bytes.extend(checksum);
    bytes
}

#[test]
fn a_page_of_owners_shares_one_long_consent() {
    grows("owners with one long consent", 1_000, NEARLY_LINEAR, shared_consent, |page| {
        let registry = Registry::from_tiles(Revision(1), [page]).unwrap();
        assert_eq!(registry.tiles().changed.len(), 1);
    });
}

/// Requests in rows, next to each other, as events that say that they were opened.
fn standing(number: u32) -> OpenRequests {
    let window = TimeWindow::new("2026-05-09T18:00:00Z".parse().unwrap(), now()).unwrap();
    let mut open = OpenRequests::new(0);
    for (square, sequence) in squares(number).zip(0..) {
        let area = Area::new(&one(square, vec![])).unwrap();
        let request = Request::new(AgencyId(sequence % 97), IncidentKind::Burglary, area, window);
        let (request, compared) = (Box::new(request), Vec::new());
        let (until, latest) = (Timestamp::MAX, Timestamp::MAX);
        let step = LifecycleStep::Opened { request, until, latest, compared };
        let event = LifecycleEvent { sequence, at: now(), id: RequestId(sequence), step };
        open.replay(&event).unwrap();
    }
    open
}

#[test]
fn many_requests_are_open() {
    let lookups = |open: OpenRequests| {
        let side = f64::from(u32::try_from(open.open_at(now()).count()).unwrap()).sqrt();
        for number in 0..20_000_u32 {
            let (east, north) = (f64::from(number % 141), f64::from(number / 141));
            let along = |at: f64| (at / 142.0 * (side - 2.0)).floor() * 1e-3 + 2e-4;
            let position = Position::new(10.0 + along(east), 50.0 + along(north)).unwrap();
            assert_eq!(open.touched_by([position], now()).len(), 1);
        }
        open
    };
    grows("changes among open requests", 1_000, LOGARITHMIC, standing, lookups);
    grows("requests opened", 1_000, NEARLY_LINEAR, |number| number, standing);
    let end = |mut open: OpenRequests| {
        for id in 0..200 {
            open.resolve(RequestId(id), now()).unwrap();
        }
        open
    };
    grows("200 open requests end", 1_000, NEARLY_LINEAR, standing, end);
}

/// The ledger of an agency that asked about so many places, in rows next to each other.
fn ledger(number: u32) -> String {
    let agency = Agency {
        id: AgencyId(1),
        name: String::new(),
        kind: AgencyKind::Local,
        jurisdiction: None,
    };
    let window = TimeWindow::new("2026-05-09T18:00:00Z".parse().unwrap(), now()).unwrap();
    let mut outcomes = Outcomes::new(agency.id);
    for (square, id) in squares(number).zip(0..) {
        let area = Area::new(&one(square, vec![])).unwrap();
        let request = Request::new(agency.id, IncidentKind::Burglary, area, window);
        let file = CaseFile::new(agency.id);
        let authorized = Policy::unlimited().review(&request, &agency, &file, now()).unwrap();
        outcomes.open(RequestId(id), &authorized, Release::Pooled).unwrap();
    }
    serde_json::to_string(&outcomes).unwrap()
}

#[test]
fn a_ledger_of_many_requests_is_read() {
    grows("outcomes read", 1_000, NEARLY_LINEAR, ledger, |text| {
        serde_json::from_str::<Outcomes>(&text).unwrap()
    });
    // All ask about one place: each repeats the first.
    let at_one_place = |number: u32| {
        let text = ledger(1);
        let (before, rest) = text.split_once(r#"{"id":0"#).unwrap();
        let (request, after) = rest.rsplit_once("],\"pools\"").unwrap();
        let requests: Vec<String> =
            (0..number).map(|id| format!(r#"{{"id":{id}{request}"#)).collect();
        format!("{before}{}],\"pools\"{after}", requests.join(","))
    };
    grows("outcomes of one place read", 1_000, NEARLY_LINEAR, at_one_place, |text| {
        serde_json::from_str::<Outcomes>(&text).unwrap()
    });
}

#[test]
fn a_policy_may_want_very_many_households() {
    // On a point, in no order of owners, of whom the first alone agreed.
    let town = |number: u32| {
        let mut cameras = on_a_point(number);
        for camera in &mut cameras {
            camera.owner = OwnerId(camera.id.0.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
        (Registry::bulk_load(&cameras, [granted(0)]).unwrap(), number)
    };
    let policy = |min_households: u32| Policy { min_households, ..Policy::unlimited() };
    grows("households counted", 20_000, NEARLY_LINEAR, town, |(registry, number)| {
        let snapshot = registry.snapshot();
        for (needed, asked) in [(number, 1), (number + 1, 0)] {
            let authorized = everywhere_under(&policy(needed));
            assert_eq!(snapshot.route(&authorized, now()).owners(), asked);
        }
        registry
    });
}
