//! Towns, drawings, consents and instants from arbitrary bytes.

use std::f64::consts::TAU;
use std::ops::RangeInclusive;

use arbitrary::{Result, Unstructured};
use canvass::{
    AgencyId, Area, AskLimit, Camera, CameraId, Consent, Facing, IncidentKind, Layout, OwnerId,
    Position, Recording, Scope,
};
use geo::{LineString, MultiPolygon, Polygon};
use jiff::{SignedDuration, Timestamp};

/// The instant around which all instants lie: 2026-05-10T12:00:00Z.
const NOON: i64 = 1_778_414_400;

/// Units of 1e-7 degree between places, so that many are shared.
const STEPS: [i32; 4] = [1, 1_000, 50_000, 2_000_000];

/// Ids from a counter, ids that only differ above 32 bits, and the last one.
const IDS: [u64; 8] = [0, 1, 2, 3, 1 << 32, (1 << 32) + 1, u64::MAX - 1, u64::MAX];

/// Picks one of a few values.
pub(crate) fn pick<T: Copy>(u: &mut Unstructured<'_>, from: &[T]) -> Result<T> {
    u.choose(from).copied()
}

/// True once in `n`, on average.
pub(crate) fn once_in(u: &mut Unstructured<'_>, n: u8) -> Result<bool> {
    Ok(u.int_in_range(0..=n - 1)? == n - 1)
}

pub(crate) fn owner(u: &mut Unstructured<'_>) -> Result<OwnerId> {
    Ok(OwnerId(if once_in(u, 2)? { pick(u, &IDS)? } else { u64::from(u.int_in_range(0..=40_u8)?) }))
}

pub(crate) fn camera_id(u: &mut Unstructured<'_>) -> Result<CameraId> {
    let number = u64::from(u.int_in_range(0..=89_u8)?);
    Ok(CameraId(match number % 5 {
        0 => number << 32,
        1 => u64::MAX - number,
        _ => number,
    }))
}

pub(crate) fn layout(u: &mut Unstructured<'_>) -> Result<Layout> {
    use h3o::Resolution;
    pick(
        u,
        &[
            Layout::default(),
            Layout::new(Resolution::Nine, 3),
            Layout::new(Resolution::One, 64),
            Layout::new(Resolution::Zero, 1),
        ],
    )
}

/// The place of a town: anywhere, on the antimeridian, or at the poles, with the distance in units
/// of 1e-7 degree between its positions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    lon: i32,
    lat: i32,
    step: i32,
}

pub(crate) fn origin(u: &mut Unstructured<'_>) -> Result<Origin> {
    let places = [(10, 50), (10, 50), (180, 0), (-180, 45), (0, 90), (77, -90)];
    let (lon, lat) = pick(u, &places)?;
    Ok(Origin { lon, lat, step: pick(u, &STEPS)? })
}

pub(crate) fn position(u: &mut Unstructured<'_>, origin: Origin) -> Result<Position> {
    let mut steps = || Ok(i64::from(u.int_in_range(-40..=40_i32)? * origin.step));
    let (east, north) = (steps()?, steps()?);
    let lon = (i64::from(origin.lon) * 10_000_000 + east + 1_800_000_000).rem_euclid(3_600_000_000);
    let lat = (i64::from(origin.lat) * 10_000_000 + north).clamp(-900_000_000, 900_000_000);
    let e7 = |value: i64| i32::try_from(value).expect("within the map");
    Ok(Position::from_e7(e7(lon - 1_800_000_000), e7(lat)).expect("within the map"))
}

pub(crate) fn camera(u: &mut Unstructured<'_>, id: CameraId, origin: Origin) -> Result<Camera> {
    Ok(Camera::new(id, owner(u)?, position(u, origin)?, recording(u)?)
        .with_facing(if once_in(u, 3)? { Some(facing(u)?) } else { None }))
}

fn facing(u: &mut Unstructured<'_>) -> Result<Facing> {
    let bearing = pick(u, &[0.0, 90.0, 45.0, 180.0, 270.0, 359.99, 201.5])?;
    let angle = pick(u, &[110.0, 360.0, 0.01, 30.0, 180.0, 270.0])?;
    let reach = pick(u, &[30.0, 0.1, 1.0, 12.3, 200.0])?;
    Ok(Facing::new(bearing, angle, reach).expect("a view of a camera"))
}

fn recording(u: &mut Unstructured<'_>) -> Result<Recording> {
    let kept = pick(u, &[60, 60, 60, 30, 7, 1, 0, u16::MAX])?;
    Ok(match u.int_in_range(0..=3_u8)? {
        0 => {
            let until = if once_in(u, 2)? { Some(instant(u)?) } else { None };
            // Not every pair of instants is a valid period.
            Recording::between(instant(u)?, until, kept).unwrap_or(Recording::kept_for_days(kept))
        }
        _ => Recording::kept_for_days(kept),
    })
}

pub(crate) fn noon() -> Timestamp {
    Timestamp::from_second(NOON).expect("a second")
}

/// An instant near noon, to the hour and the seconds around it, rarely at the ends of time.
pub(crate) fn instant(u: &mut Unstructured<'_>) -> Result<Timestamp> {
    Ok(match u.int_in_range(0..=30_u8)? {
        30 => Timestamp::MIN,
        29 => Timestamp::MAX,
        28 => Timestamp::UNIX_EPOCH,
        27 => Timestamp::UNIX_EPOCH - SignedDuration::from_millis(1_500),
        26 => Timestamp::from_second(i64::from(u32::MAX)).expect("in 2106"),
        _ => {
            // Noon once the bytes have run out.
            let back: i64 = u.int_in_range(0..=40)? - u.int_in_range(0..=40)?;
            let hours = back * pick(u, &[1, 7, 24])?;
            let millis = pick(u, &[0, 0, 0, -1_000, 1_000, -1, 999])?;
            noon() + SignedDuration::from_hours(hours) + SignedDuration::from_millis(millis)
        }
    })
}

/// An instant without a fraction of a second.
pub(crate) fn second(u: &mut Unstructured<'_>) -> Result<Timestamp> {
    let instant = instant(u)?;
    Ok(Timestamp::from_second(instant.as_second()).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// A consent of any kind, mostly granted.
pub(crate) fn consent(u: &mut Unstructured<'_>) -> Result<Consent> {
    let mut consent = if once_in(u, 8)? { Consent::default() } else { Consent::granted() };
    let agencies = [1, 2, 3].map(AgencyId);
    match u.int_in_range(0..=5_u8)? {
        5 => consent = consent.with_agencies(Scope::only([pick(u, &agencies)?])),
        4 => consent = consent.with_agencies(Scope::all_but([pick(u, &agencies)?])),
        _ => {}
    }
    match u.int_in_range(0..=5_u8)? {
        5 => consent = consent.with_incidents(Scope::only([incident(u)?])),
        4 => consent = consent.with_incidents(Scope::all_but([incident(u)?])),
        _ => {}
    }
    if once_in(u, 6)? {
        consent = consent.with_paused_until(second(u)?);
    }
    if once_in(u, 6)? {
        consent = consent.with_expiry(second(u)?);
    }
    if once_in(u, 3)? {
        let mut number = || pick(u, &[2, 1, 0, 3, AskLimit::MAX]);
        consent = consent.with_limit(AskLimit::new(number()?, number()?).expect("small numbers"));
    }
    Ok(consent)
}

pub(crate) fn incident(u: &mut Unstructured<'_>) -> Result<IncidentKind> {
    pick(u, &[IncidentKind::Burglary, IncidentKind::Burglary, IncidentKind::MissingPerson])
}

/// A valid area around an origin, for any drawing.
pub(crate) fn area(u: &mut Unstructured<'_>, origin: Origin) -> Result<Area> {
    let (lon, lat) = (f64::from(origin.lon), f64::from(origin.lat));
    let step = f64::from(origin.step) * 1e-7;
    let made = match u.int_in_range(0..=9_u8)? {
        9 => Area::from_bounds(-180.0, -90.0, 180.0, 90.0),
        8 => {
            let mut radius = || pick(u, &[0.02, 1.0, 500.0, 200_000.0, 4_000_000.0]);
            Area::from_circle(position_of(lon, lat), radius()?)
        }
        6 | 7 => {
            let mut reach = |limit: f64| {
                Ok((f64::from(u.int_in_range(1..=40_i32)?) * step).min(limit.max(1e-7)))
            };
            let (south, north) = (lat - reach(lat + 90.0)?, lat + reach(90.0 - lat)?);
            Area::from_bounds(
                lon - reach(90.0)?,
                south.max(-90.0),
                lon + reach(90.0)?,
                north.min(90.0),
            )
        }
        _ => {
            let step = step * pick(u, &[5.0, 5.0, 1.0, 0.3])?;
            Area::repaired(&drawing_at(u, (lon, lat), step)?).map(canvass::Repaired::into_area)
        }
    };
    made.or_else(|_| Area::from_bounds(9.999, 49.999, 10.001, 50.001))
        .map_err(|_| arbitrary::Error::IncorrectFormat)
}

fn position_of(lon: f64, lat: f64) -> Position {
    Position::new(lon, lat).expect("an origin is on the map")
}

/// Rings of a few close places.
pub(crate) fn drawing(u: &mut Unstructured<'_>) -> Result<MultiPolygon> {
    let origin = pick(
        u,
        &[
            (0.0, 0.0),
            (10.0, 50.0),
            (180.0, 0.0),
            (-540.0, -45.0),
            (0.0, 89.999_999_9),
            (3_590.0, 0.0),
        ],
    )?;
    // The smallest step is below the grid; the largest reaches around the world.
    let step = pick(u, &[1e-7, 1e-4, 1.0, 0.3e-7, 15.0, 0.005])?;
    drawing_at(u, origin, step)
}

fn drawing_at(u: &mut Unstructured<'_>, origin: (f64, f64), step: f64) -> Result<MultiPolygon> {
    let mut parts = Vec::new();
    for _ in 0..=count(u, 0..=3)? {
        let shell = ring(u, origin, step, 8)?;
        let mut holes = Vec::new();
        for _ in 0..count(u, 0..=2)? {
            holes.push(ring(u, origin, step, 4)?);
        }
        parts.push(Polygon::new(shell, holes));
    }
    Ok(MultiPolygon(parts))
}

fn count(u: &mut Unstructured<'_>, range: RangeInclusive<u8>) -> Result<u8> {
    // The smallest number two times in three.
    Ok(if once_in(u, 3)? { u.int_in_range(range)? } else { *range.start() })
}

fn ring(u: &mut Unstructured<'_>, origin: (f64, f64), step: f64, reach: i8) -> Result<LineString> {
    let mut places: Vec<(f64, f64)> = Vec::new();
    let mut whole = |range: RangeInclusive<i8>| u.int_in_range(range).map(f64::from);
    match whole(0..=2)? {
        0.0 => {
            let (west, south) = (whole(-reach..=reach)?, whole(-reach..=reach)?);
            let (east, north) = (west + whole(1..=reach)?, south + whole(1..=reach)?);
            places.extend([(west, south), (east, south), (east, north), (west, north)]);
        }
        1.0 => {
            let (x, y, corners) = (whole(-reach..=reach)?, whole(-reach..=reach)?, whole(3..=24)?);
            let mut corner = 0.0;
            while corner < corners {
                let (angle, radius) = (corner / corners * TAU, whole(1..=reach)?);
                places.push((x + radius * angle.cos(), y + radius * angle.sin()));
                corner += 1.0;
            }
        }
        _ => {
            let mut corners = whole(3..=12)?;
            while corners > 0.0 {
                places.push((whole(-reach..=reach)?, whole(-reach..=reach)?));
                corners -= 1.0;
            }
        }
    }
    Ok(places.into_iter().map(|(x, y)| (origin.0 + x * step, origin.1 + y * step)).collect())
}
