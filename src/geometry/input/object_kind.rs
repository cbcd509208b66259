//! The types of GeoJSON objects, and which of them may stand where.

/// The types that an object may have where it stands.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Role {
    Text,
    Geometry,
    Feature,
}

impl Role {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "a GeoJSON polygon or multipolygon",
            Self::Geometry => "a GeoJSON geometry",
            Self::Feature => "a GeoJSON feature",
        }
    }

    pub(super) const fn allows(self, kind: Kind) -> bool {
        match self {
            Self::Text => true,
            Self::Geometry => !matches!(kind, Kind::Feature | Kind::FeatureCollection),
            Self::Feature => matches!(kind, Kind::Feature),
        }
    }
}

/// The types of RFC 7946.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// A geometry of coordinates that are so deep, and whether they draw an area.
    Coordinates {
        depth: u8,
        is_areal: bool,
    },
    GeometryCollection,
    Feature,
    FeatureCollection,
}

impl Kind {
    pub(super) fn of(name: &str) -> Option<Self> {
        let coordinates = |depth, is_areal| Some(Self::Coordinates { depth, is_areal });
        match name {
            "Point" => coordinates(0, false),
            "MultiPoint" | "LineString" => coordinates(1, false),
            "MultiLineString" => coordinates(2, false),
            "Polygon" => coordinates(2, true),
            "MultiPolygon" => coordinates(3, true),
            "GeometryCollection" => Some(Self::GeometryCollection),
            "Feature" => Some(Self::Feature),
            "FeatureCollection" => Some(Self::FeatureCollection),
            _ => None,
        }
    }

    /// The member that holds the drawing of an object of this type.
    pub(super) const fn member(self) -> &'static str {
        match self {
            Self::Coordinates { .. } => "coordinates",
            Self::GeometryCollection => "geometries",
            Self::Feature => "geometry",
            Self::FeatureCollection => "features",
        }
    }
}
