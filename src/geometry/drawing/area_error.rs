use std::fmt;

use crate::geometry::grid::SevenDecimals;

/// The longest detail of a message, in characters: it may quote the text.
const DETAIL: usize = 200;

/// The largest radius of a circle, in metres.
pub(crate) const MAX_RADIUS_M: f64 = 10_000_000.0;

/// Why a drawing or a text is not an [`Area`](crate::Area). Show the message to whoever drew it,
/// and use [`place`](Self::place) to mark the spot on your map.
///
/// The message is a sentence that somebody who draws on a map can act on. It counts parts, holes
/// and vertices from one; [`VertexRef`] counts from zero, as the arrays of a GeoJSON text do.
///
/// ```
/// use canvass::Area;
///
/// let bow_tie = "POLYGON((0 0, 2 2, 2 0, 0 2, 0 0))";
/// let error = Area::from_wkt(bow_tie).unwrap_err();
/// assert_eq!(error.code(), "self_crossing");
/// assert_eq!(
///     error.to_string(),
///     "the outline crosses itself near `1 1` (part 1, shell, after vertex 1; and part 1, shell, \
///      after vertex 3)",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AreaError {
    /// The text is not in the format it was given as.
    #[error("not a valid {format}: {detail}")]
    Syntax {
        /// The format: `GeoJSON`, `WKT`, `CAP polygon` or `CAP circle`.
        format: &'static str,
        /// The fault and its place; cut after 200 characters.
        detail: String,
    },
    /// The text or geometry has no area, or has several of which not exactly one may be meant.
    #[error("expected one polygon or multipolygon, found {found}")]
    NotAreal {
        /// The geometry found instead.
        found: String,
    },
    /// The radius of a circle is not above 0, or is above 10,000 km.
    #[error("the radius is `{m}` m: draw a circle of more than 0 and at most {MAX_RADIUS_M} m")]
    Radius {
        /// The radius given, in metres.
        m: f64,
    },
    /// There is no polygon, or no vertex.
    #[error("the drawing is empty: draw at least one polygon")]
    Empty,
    /// Nothing is left once vertices are rounded to 1e-7 degree (about 1 cm).
    #[error("the drawing is smaller than the grid of 1e-7 degree (about 1 cm): draw a larger one")]
    Collapsed,
    /// Nearly everything in a drawing crosses, or rounding its crossings let new ones appear, again
    /// and again.
    #[error("the drawing crosses itself too often to be repaired: draw it anew")]
    Irreparable,
    /// A ring is not as a ring of an area must be.
    #[error("{}", Sentence { flaw: *flaw, at, with: with.as_ref() })]
    Flawed {
        /// The fault.
        flaw: AreaFlaw,
        /// Where.
        at: VertexRef,
        /// The other place, if two edges or rings are in each other's way.
        with: Option<VertexRef>,
    },
}

impl AreaError {
    /// The reason's stable name in snake case. Use it in logs, and in front ends that have texts of
    /// their own.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "syntax",
            Self::NotAreal { .. } => "not_areal",
            Self::Radius { .. } => "radius_out_of_range",
            Self::Empty => "empty",
            Self::Collapsed => "collapsed",
            Self::Irreparable => "irreparable",
            Self::Flawed { flaw, .. } => flaw.code(),
        }
    }

    /// Where the drawing is wrong, if the reason has a place.
    #[must_use]
    pub fn place(&self) -> Option<VertexRef> {
        match self {
            Self::Flawed { at, .. } => Some(*at),
            _ => None,
        }
    }

    /// Both places, if two edges or rings are in each other's way: [`place`](Self::place) comes first.
    ///
    /// ```
    /// use canvass::Area;
    ///
    /// let error = Area::from_wkt("POLYGON((0 0, 2 2, 2 0, 0 2, 0 0))").unwrap_err();
    /// let vertices: Vec<_> = error.places().map(|place| place.vertex()).collect();
    /// assert_eq!(vertices, [0, 2]);
    /// ```
    pub fn places(&self) -> impl Iterator<Item = VertexRef> {
        let with = match self {
            Self::Flawed { with, .. } => *with,
            _ => None,
        };
        self.place().into_iter().chain(with)
    }

    pub(crate) fn not_areal(found: impl Into<String>) -> Self {
        Self::NotAreal { found: found.into() }
    }

    pub(crate) fn syntax(format: &'static str, detail: impl fmt::Display) -> Self {
        let mut detail = detail.to_string();
        // It may quote the text, which anybody can have made as long as they like.
        if let Some((end, _)) = detail.char_indices().nth(DETAIL) {
            detail.truncate(end);
            detail.push_str(" ...");
        }
        Self::Syntax { format, detail }
    }
}

/// A fault of the rings of a drawing, each with a stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AreaFlaw {
    /// A ring has fewer than three different vertices.
    TooFewVertices,
    /// A coordinate is NaN or infinite.
    NotFinite,
    /// A latitude is outside [-90, 90].
    LatitudeOutOfRange,
    /// A longitude is outside [-3600, 3600], farther than anybody pans a map: perhaps not in
    /// degrees.
    LongitudeOutOfRange,
    /// A ring crosses itself.
    SelfCrossing,
    /// A ring meets itself in a point, or runs along itself.
    SelfTouch,
    /// A ring goes out and comes back along the same line.
    Spike,
    /// A hole crosses the shell of its part.
    HoleCrossesShell,
    /// A hole runs along the shell of its part, or equals it.
    HoleAlongShell,
    /// A hole is not inside the shell of its part.
    HoleOutsideShell,
    /// Two holes of a part cross, or share a stretch of their boundaries.
    HolesOverlap,
    /// A hole is inside another hole of its part.
    NestedHole,
    /// Two parts overlap.
    PartsOverlap,
    /// Two parts share a stretch of their boundaries.
    PartsShareEdge,
    /// The rings of a part touch so that its inside falls into pieces.
    InteriorDisconnected,
    /// A ring goes around a pole.
    PoleEnclosed,
    /// A ring is wider than 360 degrees, or exactly as wide but not from -180 to 180.
    TooWide,
}

impl AreaFlaw {
    /// A stable name of the flaw, in snake case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooFewVertices => "too_few_vertices",
            Self::NotFinite => "not_finite",
            Self::LatitudeOutOfRange => "latitude_out_of_range",
            Self::LongitudeOutOfRange => "longitude_out_of_range",
            Self::SelfCrossing => "self_crossing",
            Self::SelfTouch => "self_touch",
            Self::Spike => "spike",
            Self::HoleCrossesShell => "hole_crosses_shell",
            Self::HoleAlongShell => "hole_along_shell",
            Self::HoleOutsideShell => "hole_outside_shell",
            Self::HolesOverlap => "holes_overlap",
            Self::NestedHole => "nested_hole",
            Self::PartsOverlap => "parts_overlap",
            Self::PartsShareEdge => "parts_share_edge",
            Self::InteriorDisconnected => "interior_disconnected",
            Self::PoleEnclosed => "pole_enclosed",
            Self::TooWide => "too_wide",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::TooFewVertices => "a ring needs at least three different vertices",
            Self::NotFinite => "a coordinate is not a finite number",
            Self::LatitudeOutOfRange => {
                "the latitude is outside -90..90 (longitude first, both in degrees)"
            }
            Self::LongitudeOutOfRange => {
                "the longitude is outside -3600..3600 and cannot be degrees"
            }
            Self::SelfCrossing => "the outline crosses itself",
            Self::SelfTouch => "the outline touches itself",
            Self::Spike => "the outline goes out and back along the same line",
            Self::HoleCrossesShell => "a hole crosses the outline around it",
            Self::HoleAlongShell => "a hole runs along the outline around it",
            Self::HoleOutsideShell => "a hole is not inside its outline",
            Self::HolesOverlap => "two holes overlap or share an edge",
            Self::NestedHole => "a hole is inside another hole",
            Self::PartsOverlap => "two parts overlap",
            Self::PartsShareEdge => "two parts share an edge: draw them as one",
            Self::InteriorDisconnected => "holes cut the inside into pieces: draw them as parts",
            Self::PoleEnclosed => "the outline goes around a pole",
            Self::TooWide => "the outline is wider than the world (360 degrees)",
        }
    }

    /// Whether the flaw is on the edges that start at its places' vertices, not at the vertices
    /// themselves. Use this to decide whether you highlight an edge or a point.
    #[must_use]
    pub const fn on_edge(self) -> bool {
        matches!(
            self,
            Self::SelfCrossing
                | Self::HoleCrossesShell
                | Self::HoleAlongShell
                | Self::HolesOverlap
                | Self::PartsOverlap
                | Self::PartsShareEdge
        )
    }
}

/// A place in a drawing: counted from zero, as the arrays of a GeoJSON text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VertexRef {
    pub(crate) part: usize,
    pub(crate) ring: usize,
    pub(crate) vertex: usize,
    pub(crate) lon: f64,
    pub(crate) lat: f64,
}

impl VertexRef {
    /// The polygon, counted from 0.
    #[must_use]
    pub const fn part(&self) -> usize {
        self.part
    }

    /// The ring of the polygon: 0 is its shell, 1 its first hole.
    #[must_use]
    pub const fn ring(&self) -> usize {
        self.ring
    }

    /// The vertex of the ring, counted from 0; of an edge, the vertex it starts at.
    #[must_use]
    pub const fn vertex(&self) -> usize {
        self.vertex
    }

    /// Longitude and latitude in degrees: of the vertex, or about where two edges meet. Check them
    /// before you draw: they may be out of range or not finite, if that is the flaw.
    #[must_use]
    pub const fn lon_lat(&self) -> (f64, f64) {
        (self.lon, self.lat)
    }
}

struct Sentence<'a> {
    flaw: AreaFlaw,
    at: &'a VertexRef,
    with: Option<&'a VertexRef>,
}

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let preposition = if self.flaw.on_edge() { "after vertex" } else { "vertex" };
        let place = |f: &mut fmt::Formatter<'_>, place: &VertexRef| {
            let (part, ring, vertex) = (place.part + 1, RingName(place.ring), place.vertex + 1);
            write!(f, "part {part}, {ring}, {preposition} {vertex}")
        };
        let limit = |flaw, limit| (self.flaw == flaw).then_some(limit);
        let lon = SevenDecimals {
            number: self.at.lon,
            beyond: limit(AreaFlaw::LongitudeOutOfRange, 3600.0),
        };
        let lat = SevenDecimals {
            number: self.at.lat,
            beyond: limit(AreaFlaw::LatitudeOutOfRange, 90.0),
        };
        write!(f, "{} near `{lon} {lat}` (", self.flaw.sentence())?;
        place(f, self.at)?;
        if let Some(with) = self.with {
            f.write_str("; and ")?;
            place(f, with)?;
        }
        f.write_str(")")
    }
}

/// Names a ring of a part for who drew it.
pub(crate) struct RingName(pub(crate) usize);

impl fmt::Display for RingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("shell"),
            hole => write!(f, "hole {hole}"),
        }
    }
}
