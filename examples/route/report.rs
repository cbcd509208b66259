//! What is printed: a line of JSON a feature, or a table.

use std::fmt;
use std::time::Duration;

use canvass::{Route, Violations};
use serde::Serialize;

use crate::cameras::{Cameras, Id};

/// How one feature came out.
pub(crate) enum Outcome {
    /// With why nobody is asked, where that is so.
    Routed {
        route: Box<Route>,
        time: Duration,
        nobody: Option<String>,
    },
    Refused(Violations),
    Invalid(String),
}

/// One feature's line; the order of the fields is that of the keys.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    index: usize,
    name: Option<String>,
    outcome: &'static str,
    violations: Vec<&'static str>,
    error: Option<String>,
    nobody: Option<String>,
    owners: usize,
    cameras: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<Vec<Id<'a>>>,
    micros: Option<f64>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(
        index: usize,
        name: Option<String>,
        outcome: Outcome,
        cameras: &'a Cameras,
        with_ids: bool,
    ) -> Self {
        let mut line = Self {
            index,
            name,
            outcome: "invalid",
            violations: Vec::new(),
            error: None,
            nobody: None,
            owners: 0,
            cameras: 0,
            ids: with_ids.then(Vec::new),
            micros: None,
        };
        match outcome {
            Outcome::Invalid(reason) => line.error = Some(reason),
            Outcome::Refused(violations) => {
                line.outcome = "refused";
                line.violations = violations.iter().map(canvass::Violation::code).collect();
            }
            Outcome::Routed { route, time, nobody } => {
                line.outcome = "routed";
                line.nobody = nobody;
                line.owners = route.owners();
                line.cameras = route.cameras().len();
                line.micros = Some((time.as_secs_f64() * 1e7).round() / 10.0);
                if with_ids {
                    line.ids = Some(route.cameras().iter().map(|&id| cameras.id(id)).collect());
                }
            }
        }
        line
    }
}

/// All lines for a person to read, with a summary.
#[derive(Default)]
pub(crate) struct Table<'a>(Vec<Line<'a>>);

const WIDEST_NAME: usize = 32;

impl<'a> Table<'a> {
    pub(crate) fn push(&mut self, line: Line<'a>) {
        self.0.push(line);
    }

    fn count(&self, outcome: &str) -> usize {
        self.0.iter().filter(|line| line.outcome == outcome).count()
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |line: &Line<'_>| short(line.name.as_deref().unwrap_or("-"));
        let widest = self.0.iter().map(|line| name(line).chars().count()).max().unwrap_or(0).max(4);
        let row =
            |f: &mut fmt::Formatter<'_>,
             [index, name, outcome, owners, cameras, micros, why]: [&str; 7]| {
                let row = format!(
                    "{index:>5}  {name:<widest$}  {outcome:<7}  {owners:>8}  {cameras:>8}  {micros:>10}  {why}"
                );
                writeln!(f, "{}", row.trim_end())
            };
        row(f, ["#", "name", "outcome", "owners", "cameras", "time us", ""])?;
        for line in &self.0 {
            let number = |number: usize| match line.micros {
                Some(_) => number.to_string(),
                None => "-".to_owned(),
            };
            let micros =
                line.micros.map_or_else(|| "-".to_owned(), |micros| format!("{micros:.1}"));
            let why = line.error.as_ref().or(line.nobody.as_ref());
            let why = why.cloned().unwrap_or_else(|| line.violations.join(", "));
            row(
                f,
                [
                    &line.index.to_string(),
                    &name(line),
                    line.outcome,
                    &number(line.owners),
                    &number(line.cameras),
                    &micros,
                    &why,
                ],
            )?;
            for ids in line.ids.iter().flat_map(|ids| ids.chunks(10)) {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                writeln!(f, "       {}", ids.join(" "))?;
            }
        }
        self.summary(f)
    }
}

impl Table<'_> {
    fn summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [routed, refused, invalid] = ["routed", "refused", "invalid"].map(|of| self.count(of));
        let features = self.0.len();
        writeln!(
            f,
            "\nfeatures: {features}, of which {routed} routed, {refused} refused, {invalid} invalid"
        )?;
        let cameras: usize = self.0.iter().map(|line| line.cameras).sum();
        let nobody = self.0.iter().filter(|line| line.nobody.is_some()).count();
        let mut times: Vec<f64> = self.0.iter().filter_map(|line| line.micros).collect();
        times.sort_by(f64::total_cmp);
        if let (Some(median), Some(slowest)) = (times.get(times.len() / 2), times.last()) {
            writeln!(f, "cameras matched: {cameras}; routes to nobody: {nobody}")?;
            writeln!(f, "median {median:.1} us a route, slowest {slowest:.1} us")?;
        }
        Ok(())
    }
}

/// A name that fits its column.
fn short(name: &str) -> String {
    let plain = name.chars().map(|c| if c.is_control() { ' ' } else { c });
    if name.chars().count() <= WIDEST_NAME {
        plain.collect()
    } else {
        plain.take(WIDEST_NAME - 3).chain("...".chars()).collect()
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}
