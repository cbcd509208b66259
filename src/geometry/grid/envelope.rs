use super::position::{HALF_TURN, Position};

/// An axis-parallel box of positions in units of 1e-7 degree, its sides included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Envelope {
    pub(crate) west: i32,
    pub(crate) south: i32,
    pub(crate) east: i32,
    pub(crate) north: i32,
}

impl Envelope {
    /// The envelope of nothing: merging with it changes nothing, and nothing intersects it.
    pub(crate) const EMPTY: Self =
        Self { west: i32::MAX, south: i32::MAX, east: i32::MIN, north: i32::MIN };

    /// The smallest envelope of some positions.
    pub(crate) fn of(positions: impl IntoIterator<Item = Position>) -> Self {
        positions.into_iter().fold(Self::EMPTY, |envelope, position| {
            let (lon, lat) = (position.lon_e7(), position.lat_e7());
            envelope.merged(Self { west: lon, south: lat, east: lon, north: lat })
        })
    }

    /// The smallest envelope that contains both.
    pub(crate) fn merged(self, other: Self) -> Self {
        Self {
            west: self.west.min(other.west),
            south: self.south.min(other.south),
            east: self.east.max(other.east),
            north: self.north.max(other.north),
        }
    }

    /// The intersection; an empty one intersects nothing.
    pub(crate) fn common(self, other: Self) -> Self {
        Self {
            west: self.west.max(other.west),
            south: self.south.max(other.south),
            east: self.east.min(other.east),
            north: self.north.min(other.north),
        }
    }

    /// The envelope so many units further east, as far as there are longitudes.
    pub(crate) fn turned(self, turn: i64) -> Self {
        let east = |lon: i32| {
            let lon = i64::from(lon).saturating_add(turn);
            i32::try_from(lon).unwrap_or(if lon < 0 { i32::MIN } else { i32::MAX })
        };
        Self { west: east(self.west), east: east(self.east), ..self }
    }

    /// Whether the two share a point, a common side or corner included.
    #[inline]
    pub(crate) fn intersects(self, other: Self) -> bool {
        self.west <= other.east
            && other.west <= self.east
            && self.south <= other.north
            && other.south <= self.north
    }

    /// Whether every point of `other` is a point of this.
    #[inline]
    pub(crate) fn contains(self, other: Self) -> bool {
        self.west <= other.west
            && self.south <= other.south
            && self.east >= other.east
            && self.north >= other.north
    }

    /// Width and height; 0 where the envelope is empty.
    pub(crate) fn sides(self) -> [i64; 2] {
        [
            (i64::from(self.east) - i64::from(self.west)).max(0),
            (i64::from(self.north) - i64::from(self.south)).max(0),
        ]
    }

    /// The same envelope one turn to the east, if it is on the antimeridian and has no width: longitude
    /// -180 is 180 as well.
    pub(crate) fn across_the_antimeridian(self) -> Option<Self> {
        let flat = self.west == -HALF_TURN && self.east == -HALF_TURN;
        flat.then_some(Self { west: HALF_TURN, east: HALF_TURN, ..self })
    }
}
