//! The table of comparison: a line for each case, a column for each engine.

use std::fmt;

/// Medians of all cases, beside the library's own.
#[derive(Clone, Debug)]
pub struct Compared {
    rows: Vec<Row>,
    /// Whether they are judged: few cameras and one round show nothing.
    is_judged: bool,
}

#[derive(Clone, Debug)]
struct Row {
    case: &'static str,
    owners: f64,
    medians: Vec<(&'static str, f64)>,
}

/// The engines that have a column of ratios, and the words above it.
const COLUMNS: [(&str, &str); 5] = [
    ("rstar", "rstar"),
    ("rstar-tuned", "tuned"),
    ("geo-index", "geo-index"),
    ("unlimited", "unlimited"),
    ("with review", "with review"),
];

impl Compared {
    /// No case yet.
    pub const fn new(is_judged: bool) -> Self {
        Self { rows: Vec::new(), is_judged }
    }

    fn verdict(&self, as_meant: bool) -> &'static str {
        match (self.is_judged, as_meant) {
            (false, _) => "not judged in a smoke run",
            (true, true) => "as meant",
            (true, false) => {
                "NO: run it again while nothing else runs; if it stays, routing has become slower"
            }
        }
    }

    /// Adds a case: how many owners are asked on average, and the median of each engine.
    pub fn add(
        &mut self,
        case: &'static str,
        owners: f64,
        medians: impl Iterator<Item = (&'static str, f64)>,
    ) {
        self.rows.push(Row { case, owners, medians: medians.collect() });
    }

    fn ours(&self, case: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.case == case)?.median("canvass")
    }
}

impl Row {
    fn median(&self, engine: &str) -> Option<f64> {
        self.medians.iter().find(|(name, _)| *name == engine).map(|&(_, median)| median)
    }
}

/// How many times the default case's time a case may take.
const MEANT: [(&str, f64); 2] = [("history-20", 4.0), ("history-60", 8.0)];

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{:<10} {:>8} {:>12}", "case", "owners", "canvass us")?;
        COLUMNS.iter().try_for_each(|(_, words)| write!(f, " {words:>11}"))?;
        writeln!(f)?;
        for row in &self.rows {
            let Some(ours) = row.median("canvass") else { continue };
            write!(f, "{:<10} {:>8.0} {ours:>12.2}", row.case, row.owners)?;
            for (engine, _) in COLUMNS {
                match row.median(engine) {
                    Some(median) => write!(f, " {:>9.2} x", median / ours)?,
                    None => write!(f, " {:>11}", "")?,
                }
            }
            writeln!(f)?;
        }
        for (case, most) in MEANT {
            if let (Some(time), Some(default)) = (self.ours(case), self.ours("default")) {
                let verdict = self.verdict(time <= most * default);
                let ratio = time / default;
                writeln!(f, "{case}: {ratio:.2} times `default`, at most {most} meant: {verdict}")?;
            }
        }
        let default = self.rows.iter().find(|row| row.case == "default");
        let pair = default.and_then(|row| Some((row.median("canvass")?, row.median("unlimited")?)));
        if let Some((default, unlimited)) = pair {
            let ratio = default / unlimited;
            let verdict = self.verdict(ratio <= 1.3);
            writeln!(f, "default: {ratio:.2} times `unlimited`, at most 1.3 meant: {verdict}")?;
        }
        Ok(())
    }
}
