//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use canvass::{CameraScope, TimeWindow};
use jiff::Timestamp;
use lexopt::{Arg, Parser, ValueExt};

use super::bad_input::{BadInput, is_stdin, shown};
use super::camera_file::encoding::Encoding;
use super::camera_file::{BadRows, FileForm};

pub(crate) const HELP: &str = include_str!("help.txt");

/// The task that the command line describes.
pub(crate) enum Asked {
    Help,
    Run(Box<Arguments>),
}

pub(crate) struct Arguments {
    pub(crate) cameras: PathBuf,
    pub(crate) areas: PathBuf,
    pub(crate) form: FileForm,
    pub(crate) window: TimeWindow,
    pub(crate) now: Timestamp,
    pub(crate) policy: Limits,
    pub(crate) camera_scope: CameraScope,
    pub(crate) ids: bool,
    pub(crate) timings: bool,
    pub(crate) format: Format,
    pub(crate) svg: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limits {
    Default,
    Open,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
    GeoJson,
    Csv,
}

impl Arguments {
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Asked, BadInput> {
        let mut parser = Parser::from_args(arguments);
        let (mut cameras, mut areas, mut svg) = (None, None, None);
        let (mut from, mut to, mut now) = (None, None, None);
        let (mut policy, mut camera_scope) = (Limits::Default, CameraScope::StandingIn);
        let (mut ids, mut timings, mut format) = (false, false, Format::Text);
        let mut form = FileForm::default();
        while let Some(argument) = parser.next().map_err(bad)? {
            match argument {
                Arg::Long("cameras") => cameras = Some(path(&mut parser)?),
                Arg::Long("areas") => areas = Some(path(&mut parser)?),
                Arg::Long("from") => from = Some(instant("--from", &mut parser)?),
                Arg::Long("to") => to = Some(instant("--to", &mut parser)?),
                Arg::Long("now") => now = Some(instant("--now", &mut parser)?),
                Arg::Long("seeing-into") => camera_scope = CameraScope::SeeingInto,
                Arg::Long("ids") => ids = true,
                Arg::Long("timings") => timings = true,
                Arg::Long("svg") => svg = Some(path(&mut parser)?),
                Arg::Long("policy") => {
                    let choices = [("default", Limits::Default), ("open", Limits::Open)];
                    policy = choice("--policy", &choices, &mut parser)?;
                }
                Arg::Long("format") => format = choice("--format", &FORMATS, &mut parser)?,
                Arg::Long("encoding") => {
                    form.encoding = choice("--encoding", &Encoding::CHOICES, &mut parser)?;
                }
                Arg::Long("delimiter") => form.dialect.delimiter = delimiter(&mut parser)?,
                Arg::Long("no-quotes") => form.dialect.quotes = false,
                Arg::Long("decimal-comma") => form.decimal_comma = true,
                Arg::Long("skip-bad-rows") => form.bad_rows = BadRows::Skip,
                Arg::Long("columns") => {
                    let text = text(&mut parser)?;
                    let added = form.columns.add(&text);
                    added.map_err(|error| complaint(format_args!("--columns: {error}")))?;
                }
                Arg::Long("help") | Arg::Short('h') => return Ok(Asked::Help),
                other => return Err(bad(other.unexpected())),
            }
        }
        let to = to.ok_or_else(|| missing("--to"))?;
        let window = TimeWindow::new(from.ok_or_else(|| missing("--from"))?, to)
            .map_err(|error| complaint(format_args!("--from and --to: {error}")))?;
        let cameras = cameras.ok_or_else(|| missing("--cameras"))?;
        let areas = areas.ok_or_else(|| missing("--areas"))?;
        if is_stdin(&cameras) && is_stdin(&areas) {
            return Err(complaint(format_args!("only one of two files can be standard input")));
        }
        let now = now.unwrap_or(to);
        Ok(Asked::Run(Box::new(Self {
            cameras,
            areas,
            form,
            window,
            now,
            policy,
            camera_scope,
            ids,
            timings,
            format,
            svg,
        })))
    }
}

const FORMATS: [(&str, Format); 4] = [
    ("text", Format::Text),
    ("json", Format::Json),
    ("geojson", Format::GeoJson),
    ("csv", Format::Csv),
];

const DELIMITERS: [(&str, u8); 4] =
    [("comma", b','), ("semicolon", b';'), ("tab", b'\t'), ("pipe", b'|')];

/// A delimiter, given by its name or as the character itself.
fn delimiter(parser: &mut Parser) -> Result<u8, BadInput> {
    let given = text(parser)?;
    let named = DELIMITERS.iter().find(|&&(name, byte)| {
        given == name || given.as_bytes() == [byte] || given == "\\t" && byte == b'\t'
    });
    named.map(|&(_, byte)| byte).ok_or_else(|| {
        let names = DELIMITERS.map(|(name, _)| name).join(", ");
        complaint(format_args!("--delimiter: `{}` is not one of {names}", shown(&given)))
    })
}

fn path(parser: &mut Parser) -> Result<PathBuf, BadInput> {
    parser.value().map(PathBuf::from).map_err(bad)
}

fn text(parser: &mut Parser) -> Result<String, BadInput> {
    parser.value().and_then(ValueExt::string).map_err(bad)
}

fn instant(option: &str, parser: &mut Parser) -> Result<Timestamp, BadInput> {
    let text = text(parser)?;
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
    parser: &mut Parser,
) -> Result<T, BadInput> {
    let text = text(parser)?;
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
