//! Sizes on the ellipsoid.

/// WGS 84: the semi-minor axis in metres.
const SEMI_MINOR_M: f64 = 6_356_752.314_245_179;
/// WGS 84: the first eccentricity.
const ECCENTRICITY: f64 = 0.081_819_190_842_621_49;
/// Radians in a unit of 1e-7 degree.
const RADIANS: f64 = std::f64::consts::PI / 1.8e9;
/// An edge is integrated in stretches of at most 4 degrees of latitude: three Gauss points on each
/// leave less than 1e-12 of it.
const STRETCH_E7: f64 = 4e7;
/// The points and weights of Gauss and Legendre's rule of order 3 on [-1/2, 1/2].
const GAUSS: [(f64, f64); 3] = [
    (-0.387_298_334_620_741_7, 5.0 / 18.0),
    (0.0, 8.0 / 18.0),
    (0.387_298_334_620_741_7, 5.0 / 18.0),
];

/// The size in square metres inside an open ring, `(lon, lat)` in units of 1e-7 degree, whose edges
/// are straight in longitude and latitude.
///
/// By Green's theorem: the integral along the ring of the size between it and a parallel, for each
/// radian of longitude.
pub(crate) fn ring_size_m2(ring: impl Iterator<Item = (i64, i64)> + Clone) -> f64 {
    let base = ring.clone().next().map_or(0.0, |first| below(first.1 as f64));
    let mut size = 0.0;
    for (a, b) in ring.clone().zip(ring.cycle().skip(1)) {
        let width = (b.0 - a.0) as f64;
        if width == 0.0 {
            continue;
        }
        let (from, to) = (a.1 as f64, b.1 as f64);
        let stretches = ((to - from).abs() / STRETCH_E7).ceil().max(1.0);
        let rise = (to - from) / stretches;
        let mut mean = 0.0;
        let mut stretch = 0.5;
        while stretch < stretches {
            let middle = from + rise * stretch;
            mean += GAUSS
                .iter()
                .map(|(place, weight)| weight * (below(middle + rise * place) - base))
                .sum::<f64>();
            stretch += 1.0;
        }
        size += width * RADIANS * mean / stretches;
    }
    size.abs()
}

/// The size in square metres between the equator and a parallel (in units of 1e-7 degree), for each
/// radian of longitude: of the authalic latitude's definition.
fn below(lat_e7: f64) -> f64 {
    let sin = (lat_e7 * RADIANS).sin();
    let scaled = ECCENTRICITY * sin;
    SEMI_MINOR_M * SEMI_MINOR_M / 2.0
        * (sin / (1.0 - scaled * scaled) + scaled.atanh() / ECCENTRICITY)
}
