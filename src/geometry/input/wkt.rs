//! Well-known text.
//!
//! ```text
//! text         = "POLYGON" [ZM] polygon | "MULTIPOLYGON" [ZM] multipolygon
//! ZM           = "Z" | "M" | "ZM"                  apart, or glued to the word before: `POLYGONZ`
//! multipolygon = "EMPTY" | "(" polygon { "," polygon } ")"
//! polygon      = "EMPTY" | "(" ring { "," ring } ")"
//! ring         = "EMPTY" | "(" vertex { "," vertex } ")"
//! vertex       = number number [ measure [ measure ] ]    as many in each vertex of the text
//! measure      = number | "NaN"
//! ```
//!
//! Words are read in any case, white space is free between words, numbers and marks, and nothing may
//! follow. The parser does not recurse: `ring` is at depth three at most.

use std::fmt;

use geo_types::{Coord, LineString, Polygon};

use super::text_place::LineColumn;
use crate::geometry::area::Area;
use crate::geometry::drawing::{AreaError, RingName};

/// Reads well-known text.
impl Area {
    /// Reads well-known text: `POLYGON` or `MULTIPOLYGON`, longitude first, up to the end of the text.
    ///
    /// Altitudes and measures are read and dropped, with `Z`, `M` or `ZM` (apart or as in `POLYGONZ`)
    /// or without; each vertex must have as many numbers as the first. `EMPTY` polygons and rings are
    /// passed over. Words are read in any case.
    ///
    /// Remove an `SRID=4326;` in front, as `PostGIS` writes it, before you call this: it is not
    /// well-known text, and the error asks for that. Transform a drawing of any other reference
    /// system first.
    ///
    /// ```
    /// use canvass::Area;
    ///
    /// let area = Area::from_wkt("POLYGON((0 0, 2 0, 2 2, 0 2, 0 0))")?;
    /// assert_eq!(Area::from_wkt("polygonz ((0 0 7, 2 0 7, 2 2 7, 0 2 7, 0 0 7))")?, area);
    ///
    /// let two = "POLYGON((0 0, 2 0, 2 2, 0 0)), ((5 5, 6 5, 6 6, 5 5))";
    /// let error = Area::from_wkt(two).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "not a valid WKT: the polygon ends before `,` at line 1 column 30: \
    ///      write several polygons as one `MULTIPOLYGON`",
    /// );
    /// # Ok::<(), canvass::error::AreaError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the text is not WKT from its first to its last character, is of another type, or is not a
    /// valid area.
    pub fn from_wkt(text: &str) -> Result<Self, AreaError> {
        Self::from_polygons(&Parser::new(text.trim_start_matches('\u{feff}')).text()?)
    }
}

/// Which polygon, ring and vertex is being read, each counted from 0.
#[derive(Clone, Copy, Default)]
struct Counts {
    part: usize,
    ring: usize,
    vertex: usize,
}

/// How many numbers each vertex has.
#[derive(Clone, Copy, PartialEq)]
enum Numbers {
    /// As many as the first vertex.
    Open,
    Exactly(usize),
}

impl Numbers {
    /// The numbers of dimensions by name, if they are one; no name leaves them open.
    fn of(dimensions: &str) -> Option<Self> {
        match dimensions {
            "" => Some(Self::Open),
            "Z" | "M" => Some(Self::Exactly(3)),
            "ZM" => Some(Self::Exactly(4)),
            _ => None,
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    /// The rest of the text, from the next token on.
    rest: &'a str,
    at: Counts,
    numbers: Numbers,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, rest: text.trim_start(), at: Counts::default(), numbers: Numbers::Open }
    }

    fn text(&mut self) -> Result<Vec<Polygon<f64>>, AreaError> {
        let is_multi = self.type_word()?;
        let polygons = if is_multi {
            self.list(Self::polygon, |at| &mut at.part)?
        } else {
            vec![self.polygon()?]
        };
        if !self.rest.is_empty() {
            let (of, hint) = if is_multi {
                ("multipolygon", "put all polygons between its parentheses")
            } else {
                ("polygon", "write several polygons as one `MULTIPOLYGON`")
            };
            let found = Token(self.rest);
            let place = self.place();
            return Err(AreaError::syntax(
                "WKT",
                format_args!("the {of} ends before {found} at {place}: {hint}"),
            ));
        }
        Ok(polygons)
    }

    /// Reads the type and the dimensions: whether it is a multipolygon.
    fn type_word(&mut self) -> Result<bool, AreaError> {
        let word = self.word();
        if word.eq_ignore_ascii_case("SRID") {
            return Err(self.reference_system());
        }
        if word.is_empty() {
            let found = Token(self.rest);
            return Err(AreaError::syntax(
                "WKT",
                format_args!("it starts with {found} instead of `POLYGON` or `MULTIPOLYGON`"),
            ));
        }
        let upper = word.to_ascii_uppercase();
        let (is_multi, glued) = match upper.strip_prefix("MULTIPOLYGON") {
            Some(glued) => (true, Some(glued)),
            None => (false, upper.strip_prefix("POLYGON")),
        };
        let Some(glued) = glued.and_then(Numbers::of) else {
            return Err(AreaError::not_areal(format!("{}", Token(word))));
        };
        self.numbers = glued;
        self.skip(word);
        let word = self.word();
        if self.numbers == Numbers::Open
            && let Some(numbers) = Numbers::of(&word.to_ascii_uppercase())
        {
            self.numbers = numbers;
            self.skip(word);
        }
        Ok(is_multi)
    }

    /// The refusal of a reference system in front, with the remedy.
    fn reference_system(&self) -> AreaError {
        let prefix = self.rest.split_once(';').map_or(self.rest, |(prefix, _)| prefix);
        let number = prefix.split_once('=').map_or("", |(_, number)| number.trim());
        let shown = Quoted(prefix);
        let hint = if number == "4326" {
            "leave it out, for areas are read in that system, longitude first"
        } else {
            "transform the drawing to longitude and latitude in degrees (4326), and leave it out"
        };
        AreaError::syntax("WKT", format_args!("{shown} in front is not part of WKT: {hint}"))
    }

    fn polygon(&mut self) -> Result<Polygon<f64>, AreaError> {
        self.at.ring = 0;
        let mut rings = self.list(Self::ring, |at| &mut at.ring)?.into_iter();
        let shell = rings.next().unwrap_or_else(|| LineString(Vec::new()));
        Ok(Polygon::new(shell, rings.collect()))
    }

    fn ring(&mut self) -> Result<LineString<f64>, AreaError> {
        self.at.vertex = 0;
        self.list(Self::vertex, |at| &mut at.vertex).map(LineString)
    }

    /// Reads `EMPTY`, or items with commas between them in parentheses.
    fn list<T>(
        &mut self,
        item: impl Fn(&mut Self) -> Result<T, AreaError>,
        counter: impl Fn(&mut Counts) -> &mut usize,
    ) -> Result<Vec<T>, AreaError> {
        let word = self.word();
        if word.eq_ignore_ascii_case("EMPTY") {
            self.skip(word);
            return Ok(Vec::new());
        }
        if !self.take('(') {
            return Err(self.expected("`(` or `EMPTY`"));
        }
        let mut items = Vec::new();
        loop {
            *counter(&mut self.at) = items.len();
            items.push(item(self)?);
            if self.take(')') {
                return Ok(items);
            }
            if !self.take(',') {
                return Err(self.expected("`,` or `)`"));
            }
        }
    }

    fn vertex(&mut self) -> Result<Coord<f64>, AreaError> {
        let x = self.number("a longitude")?;
        let y = self.number("a latitude")?;
        let mut count = 2;
        while count < 4 && !self.rest.starts_with([',', ')', '(']) && !self.rest.is_empty() {
            self.measure()?;
            count += 1;
        }
        match self.numbers {
            Numbers::Open => self.numbers = Numbers::Exactly(count),
            Numbers::Exactly(numbers) if numbers != count => {
                let detail = format!("the vertex has {count} numbers instead of {numbers}, before");
                return Err(self.fault(&detail));
            }
            Numbers::Exactly(_) => {}
        }
        Ok(Coord { x, y })
    }

    /// Reads a third or fourth number. GEOS writes `NaN` for an altitude that a vertex has not.
    fn measure(&mut self) -> Result<(), AreaError> {
        let word = self.word();
        if word.eq_ignore_ascii_case("NaN") {
            self.skip(word);
            return Ok(());
        }
        self.number("a number").map(drop)
    }

    fn number(&mut self, expected: &str) -> Result<f64, AreaError> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let word = self.rest.get(..end).unwrap_or_default();
        let number = super::number(word).ok_or_else(|| self.expected(expected))?;
        self.skip(word);
        Ok(number)
    }

    /// The word that the rest begins with; empty if it begins with something else.
    fn word(&self) -> &'a str {
        let end = self.rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(self.rest.len());
        self.rest.get(..end).unwrap_or_default()
    }

    fn take(&mut self, mark: char) -> bool {
        let after = self.rest.strip_prefix(mark);
        self.rest = after.map_or(self.rest, str::trim_start);
        after.is_some()
    }

    fn skip(&mut self, token: &str) {
        self.rest = self.rest.get(token.len()..).unwrap_or_default().trim_start();
    }

    fn expected(&self, expected: &str) -> AreaError {
        self.fault(&format!("expected {expected} before"))
    }

    /// The refusal of the token that the rest begins with.
    fn fault(&self, detail: &str) -> AreaError {
        let Counts { part, ring, vertex } = self.at;
        let (found, place, ring) = (Token(self.rest), self.place(), RingName(ring));
        AreaError::syntax(
            "WKT",
            format_args!(
                "{detail} {found} at {place} (part {}, {ring}, vertex {})",
                part + 1,
                vertex + 1,
            ),
        )
    }

    /// Where the rest begins.
    fn place(&self) -> LineColumn {
        LineColumn::behind(self.text.strip_suffix(self.rest).unwrap_or_default())
    }
}

/// Shows the start of a text: a mark, or up to 32 characters of a word.
struct Token<'a>(&'a str);

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_end = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | ';');
        match self.0.chars().next() {
            None => f.write_str("the end of the text"),
            Some(mark) if is_end(mark) || mark.is_control() => {
                write!(f, "`{}`", mark.escape_debug())
            }
            Some(_) => Quoted(self.0.split(is_end).next().unwrap_or_default()).fmt(f),
        }
    }
}

/// Shows up to 32 characters of a text.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut: String = self.0.chars().take(32).collect();
        write!(f, "`{}`", cut.escape_debug())
    }
}
