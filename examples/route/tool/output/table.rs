//! A table for a person to read.

use std::fmt;

use super::line::Line;

/// All lines for a person to read, with a summary.
#[derive(Default)]
pub(super) struct Table<'a>(Vec<Line<'a>>);

const WIDEST_NAME: usize = 32;

impl<'a> Table<'a> {
    pub(super) fn push(&mut self, line: Line<'a>) {
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
        let timed = self.0.iter().any(|line| line.micros.is_some());
        let row =
            |f: &mut fmt::Formatter<'_>,
             [index, name, outcome, owners, cameras, micros, why]: [&str; 7]| {
                let micros = if timed { format!("  {micros:>10}") } else { String::new() };
                let row = format!(
                    "{index:>5}  {name:<widest$}  {outcome:<7}  {owners:>8}  {cameras:>8}{micros}  {why}"
                );
                writeln!(f, "{}", row.trim_end())
            };
        row(f, ["#", "name", "outcome", "owners", "cameras", "time us", ""])?;
        for line in &self.0 {
            let number = |number: usize| match line.outcome {
                "routed" => number.to_string(),
                _ => "-".to_owned(),
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
        if routed > 0 {
            writeln!(f, "cameras matched: {cameras}; routes to nobody: {nobody}")?;
        }
        let mut times: Vec<f64> = self.0.iter().filter_map(|line| line.micros).collect();
        times.sort_by(f64::total_cmp);
        if let (Some(median), Some(slowest)) = (times.get(times.len() / 2), times.last()) {
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
