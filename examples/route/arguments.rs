//! The command line.

use std::path::PathBuf;

use canvass::{CameraScope, TimeWindow};
use jiff::Timestamp;
use lexopt::{Arg, ValueExt};

use crate::input::{BadInput, shown};

pub(crate) const HELP: &str = "\
Routes every area of a GeoJSON file over the cameras of a CSV file.

Usage: route --cameras FILE.csv --areas FILE.geojson --from T --to T [options]

  --cameras FILE      CSV with the columns id, lon, lat and, if there is one, owner; others are
                      ignored. Where no owner is named, the id stands for one. Everyone consents
                      to be asked, and footage is kept for 60 days. Which way a camera looks may
                      be in the columns bearing (degrees clockwise from north), angle (degrees)
                      and reach (metres, up to 200), all three or none, and blank where not known
  --areas FILE        GeoJSON: a feature collection, a feature or a geometry
  --from T, --to T    the window, such as 2026-05-01T18:00:00Z; its end does not belong to it
  --now T             when the request is made; --to if not given
  --policy POLICY     `default`: the library's default limits, by which nobody is asked where
                      fewer than 11 households have a camera; `open`: no limits [default: default]
  --seeing-into       ask for cameras that can see into an area, too, not only those that stand in
                      it; the default limits refuse that
  --ids               list the ids of the cameras: owner by owner, ascending within each
  --format FORMAT     `text`: a table; `json`: one object a line, one line a feature, in the
                      file's order [default: text]
  -h, --help          this

A line of JSON has the keys
  index       the feature's place in the file, from 0
  name        a telling property of the feature, or its id, or null
  outcome     `routed`; `refused` by the policy; `invalid` if there is no area to route
  violations  the codes of what the policy refused
  error       why it is invalid, or null
  nobody      why nobody is asked, where it is routed and nobody is; else null
  owners      how many owners would be asked
  cameras     how many of their cameras match
  ids         which cameras: numbers if all ids of the file are, else its texts; no such key
              without --ids
  micros      microseconds that routing took, the median of three after a first; null if not routed

A feature that is invalid or refused does not stop the others. Input that cannot be read ends with
one line that says where and why, and exit code 2.
";

/// What the command line asks for.
pub(crate) enum Asked {
    Help,
    Run(Arguments),
}

pub(crate) struct Arguments {
    pub(crate) cameras: PathBuf,
    pub(crate) areas: PathBuf,
    pub(crate) window: TimeWindow,
    pub(crate) now: Timestamp,
    pub(crate) policy: Limits,
    pub(crate) camera_scope: CameraScope,
    pub(crate) ids: bool,
    pub(crate) format: Format,
}

#[derive(Clone, Copy)]
pub(crate) enum Limits {
    Default,
    Open,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

impl Arguments {
    pub(crate) fn from_command_line() -> Result<Asked, BadInput> {
        let (mut cameras, mut areas) = (None, None);
        let (mut from, mut to, mut now) = (None, None, None);
        let (mut policy, mut camera_scope) = (Limits::Default, CameraScope::StandingIn);
        let (mut ids, mut format) = (false, Format::Text);
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next().map_err(bad)? {
            match argument {
                Arg::Long("cameras") => cameras = Some(path(&mut parser)?),
                Arg::Long("areas") => areas = Some(path(&mut parser)?),
                Arg::Long("from") => from = Some(instant("--from", &mut parser)?),
                Arg::Long("to") => to = Some(instant("--to", &mut parser)?),
                Arg::Long("now") => now = Some(instant("--now", &mut parser)?),
                Arg::Long("seeing-into") => camera_scope = CameraScope::SeeingInto,
                Arg::Long("ids") => ids = true,
                Arg::Long("policy") => {
                    let choices = [("default", Limits::Default), ("open", Limits::Open)];
                    policy = choice("--policy", &choices, &mut parser)?;
                }
                Arg::Long("format") => {
                    let choices = [("text", Format::Text), ("json", Format::Json)];
                    format = choice("--format", &choices, &mut parser)?;
                }
                Arg::Long("help") | Arg::Short('h') => return Ok(Asked::Help),
                other => return Err(bad(other.unexpected())),
            }
        }
        let to = to.ok_or_else(|| missing("--to"))?;
        let window = TimeWindow::new(from.ok_or_else(|| missing("--from"))?, to)
            .map_err(|error| complaint(format_args!("--from and --to: {error}")))?;
        Ok(Asked::Run(Self {
            cameras: cameras.ok_or_else(|| missing("--cameras"))?,
            areas: areas.ok_or_else(|| missing("--areas"))?,
            window,
            now: now.unwrap_or(to),
            policy,
            camera_scope,
            ids,
            format,
        }))
    }
}

fn path(parser: &mut lexopt::Parser) -> Result<PathBuf, BadInput> {
    parser.value().map(PathBuf::from).map_err(bad)
}

fn instant(option: &str, parser: &mut lexopt::Parser) -> Result<Timestamp, BadInput> {
    let text = parser.value().and_then(ValueExt::string).map_err(bad)?;
    text.parse().map_err(|_| {
        complaint(format_args!(
            "{option}: `{}` is no timestamp like 2026-05-01T18:00:00Z",
            shown(&text)
        ))
    })
}

fn choice<T: Copy>(
    option: &str,
    choices: &[(&str, T)],
    parser: &mut lexopt::Parser,
) -> Result<T, BadInput> {
    let text = parser.value().and_then(ValueExt::string).map_err(bad)?;
    choices.iter().find(|&&(name, _)| name == text).map(|&(_, choice)| choice).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|&(name, _)| name).collect();
        complaint(format_args!("{option}: `{}` is not one of {}", shown(&text), names.join(", ")))
    })
}

fn missing(option: &str) -> BadInput {
    complaint(format_args!("{option} is missing"))
}

#[expect(clippy::needless_pass_by_value, reason = "so that it fits `map_err`")]
fn bad(error: lexopt::Error) -> BadInput {
    complaint(format_args!("{error}"))
}

fn complaint(what: std::fmt::Arguments<'_>) -> BadInput {
    BadInput::new(format!("command line: {what} (see --help)"))
}
