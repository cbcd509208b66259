//! Routes every area of a GeoJSON file over the cameras of a CSV file.
//!
//! ```text
//! cargo run --release --example route -- --cameras cameras.csv --areas areas.geojson \
//!     --from 2026-05-01T18:00:00Z --to 2026-05-01T22:00:00Z
//! ```
//!
//! Every owner in the file is taken to consent, and footage to be kept for 60 days: use it to try
//! the library on your own geometry. `--help` lists the options.

mod tool;

use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use tool::arguments::{Arguments, Asked, HELP};
use tool::bad_input::BadInput;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        // A closed standard output means that its reader needs no more.
        Err(error) if tool::is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, only the exit code remains.
            writeln!(io::stderr(), "{error}").ok();
            if error.is::<BadInput>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(io::stdout().lock());
    match Arguments::parse(std::env::args_os().skip(1))? {
        Asked::Help => out.write_all(HELP.as_bytes())?,
        Asked::Run(arguments) => {
            tool::run(&arguments, &mut io::stdin().lock(), &mut out, &mut io::stderr())?;
        }
    }
    Ok(out.flush()?)
}
