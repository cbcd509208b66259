//! A feature collection: the areas and the cameras that are asked for.

use std::error::Error;
use std::io::{self, Write};

use canvass::{Area, Position};
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::camera_file::Id;
use super::Asked;
use super::line::Line;

pub(super) struct Features<'w> {
    out: &'w mut dyn Write,
    written: usize,
}

#[derive(Serialize)]
struct Feature<G, P> {
    r#type: &'static str,
    geometry: G,
    properties: P,
}

#[derive(Serialize)]
struct Point {
    r#type: &'static str,
    coordinates: Position,
}

#[derive(Serialize)]
struct OfCamera<'a> {
    index: usize,
    owner: Id<'a>,
    id: Id<'a>,
}

impl<'w> Features<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> io::Result<Self> {
        out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
        Ok(Self { out, written: 0 })
    }

    /// An area, or null without one, followed by a point for each camera.
    pub(super) fn write<'a>(
        &mut self,
        line: &Line<'_>,
        area: Option<&Area>,
        asked: impl Iterator<Item = Asked<'a>>,
    ) -> Result<(), Box<dyn Error>> {
        let geometry = area.map(|area| RawValue::from_string(area.to_geojson())).transpose()?;
        self.add(geometry, line)?;
        for Asked { owner, id, position } in asked {
            let geometry = position.map(|coordinates| Point { r#type: "Point", coordinates });
            self.add(geometry, OfCamera { index: line.index, owner, id })?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        geometry: impl Serialize,
        properties: impl Serialize,
    ) -> Result<(), Box<dyn Error>> {
        let feature = Feature { r#type: "Feature", geometry, properties };
        let comma = if self.written > 0 { "," } else { "" };
        self.written += 1;
        write!(self.out, "{comma}\n{}", serde_json::to_string(&feature)?)?;
        Ok(())
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.out.write_all(b"\n]}\n")
    }
}
