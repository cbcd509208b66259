//! The route example, run over small files in memory.

use std::fs;
use std::io::{self, Write};

use serde_json::Value;

#[path = "../../examples/route/tool/mod.rs"]
#[allow(dead_code, reason = "the program itself uses the rest")]
pub mod tool;

use tool::arguments::{Arguments, Asked};

pub const AREAS: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"name":"park"},"geometry":{"type":"Polygon","coordinates":[[[-73.98,40.76],[-73.97,40.76],[-73.97,40.77],[-73.98,40.77],[-73.98,40.76]]]}},
{"type":"Feature","properties":{"name":"bow, tie"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}},
{"type":"Feature","properties":{"name":"far"},"geometry":{"type":"Polygon","coordinates":[[[5,5],[6,5],[6,6],[5,6],[5,5]]]}}
]}"#;

pub const CAMERAS: &str = "id,lon,lat,owner\n1,-73.975,40.765,7\n2,-73.976,40.765,7\n3,-73.9,40.7,8\n4,-73.974,40.765,9\n";

pub struct Ran {
    pub out: String,
    pub err: String,
    pub result: Result<(), String>,
}

/// Runs the tool with a file of cameras on standard input.
pub fn run_with(cameras: &[u8], areas: &str, args: &[&str]) -> Ran {
    let folder = tempdir();
    let file = folder.join("areas.geojson");
    fs::write(&file, areas).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let result = parsed(&["--cameras", "-", "--areas", file.to_str().unwrap()], args).and_then(
        |arguments| {
            let ran = tool::run(&arguments, &mut &*cameras, &mut out, &mut err);
            ran.map_err(|error| error.to_string())
        },
    );
    fs::remove_dir_all(folder).unwrap();
    let [out, err] = [out, err].map(|bytes| String::from_utf8(bytes).unwrap());
    Ran { out, err, result }
}

pub fn run(cameras: &str, args: &[&str]) -> Ran {
    run_with(cameras.as_bytes(), AREAS, &[&["--policy", "open"], args].concat())
}

fn parsed(files: &[&str], args: &[&str]) -> Result<Box<Arguments>, String> {
    let window = ["--from", "2026-05-01T18:00:00Z", "--to", "2026-05-01T22:00:00Z"];
    let all = [files, &window, args].concat();
    match Arguments::parse(all.iter().map(Into::into)) {
        Ok(Asked::Run(arguments)) => Ok(arguments),
        Ok(Asked::Help) => Err("help".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// A folder of its own for each call.
fn tempdir() -> std::path::PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder =
        std::env::temp_dir().join(format!("canvass-route-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[track_caller]
pub fn ids(ran: &Ran) -> Vec<Value> {
    assert_eq!(ran.result, Ok(()));
    let first: Value = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
    assert_eq!(first["outcome"], "routed");
    first["ids"].as_array().unwrap().clone()
}

#[track_caller]
pub fn refusal(cameras: impl AsRef<[u8]>, args: &[&str]) -> String {
    let ran = run_with(cameras.as_ref(), AREAS, args);
    let error = ran.result.unwrap_err();
    assert!(!error.contains('\n') && ran.out.is_empty(), "{error:?}");
    error
}

pub const JSON: [&str; 3] = ["--ids", "--format", "json"];

#[test]
fn each_format_has_the_same_results() {
    let json = run(CAMERAS, &JSON);
    let lines: Vec<Value> =
        json.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["ids"], serde_json::json!([1, 2, 4]));
    assert_eq!((&lines[0]["owners"], &lines[1]["outcome"]), (&2.into(), &"invalid".into()));
    assert_eq!(lines[2]["nobody"], "no camera is there");
    assert_eq!(json.err, "<stdin>: 4 rows read, 0 skipped\n");

    let collection = run(CAMERAS, &["--ids", "--format", "geojson"]);
    let collection: Value = serde_json::from_str(&collection.out).unwrap();
    let features = collection["features"].as_array().unwrap();
    let is_area = |feature: &&Value| feature["properties"]["outcome"].is_string();
    let areas: Vec<&Value> =
        features.iter().filter(is_area).map(|area| &area["properties"]).collect();
    assert_eq!(areas, lines.iter().collect::<Vec<_>>());
    let points: Vec<&Value> = features.iter().filter(|feature| !is_area(feature)).collect();
    assert_eq!(points.len(), 3);
    assert_eq!(points[2]["geometry"]["coordinates"], serde_json::json!([-73.974, 40.765]));
    assert_eq!(points[2]["properties"], serde_json::json!({"index": 0, "owner": 9, "id": 4}));
    assert_eq!(features.iter().filter(|feature| feature["geometry"].is_null()).count(), 1);

    let rows = run(CAMERAS, &["--ids", "--format", "csv"]).out;
    let mut reader = csv::Reader::from_reader(rows.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let asked: Vec<(&str, &str)> = rows.iter().map(|row| (&row[8], &row[9])).collect();
    assert_eq!(asked, [("7", "1"), ("7", "2"), ("9", "4"), ("", ""), ("", "")]);
    assert_eq!((&rows[3][1], &rows[4][5]), ("bow, tie", "no camera is there"));

    let table = run(CAMERAS, &[]).out;
    assert!(table.contains("features: 3, of which 2 routed, 0 refused, 1 invalid"), "{table}");
}

#[test]
fn the_areas_that_are_written_are_read_again() {
    let written = run(CAMERAS, &["--format", "geojson"]).out;
    let again =
        run_with(CAMERAS.as_bytes(), &written, &[&["--policy", "open"], &JSON[..]].concat());
    assert_eq!(ids(&again), [1, 2, 4]);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let file = tempdir().join("map.svg");
    for format in ["text", "json", "geojson", "csv"] {
        let args = ["--ids", "--format", format, "--svg", file.to_str().unwrap()];
        let first = run(CAMERAS, &args);
        let drawn = fs::read(&file).unwrap();
        let second = run(CAMERAS, &args);
        assert!(!first.out.is_empty() && first.result.is_ok(), "{:?}", first.result);
        assert_eq!(
            (first.out, first.err, drawn),
            (second.out, second.err, fs::read(&file).unwrap())
        );
    }
    let timed = run(CAMERAS, &["--format", "json", "--timings"]).out;
    assert!(timed.lines().next().unwrap().contains("\"micros\":"), "{timed}");
}

#[test]
fn a_picture_has_each_class_of_cameras() {
    let file = tempdir().join("map.svg");
    let cameras = format!("{CAMERAS}5,-73.9801,40.7601,1\n");
    let park = AREAS.lines().nth(1).unwrap().trim_end_matches(',');
    // The window ends before footage begins: cameras in the park are not asked.
    for (now, asked, denied) in [("2026-05-01T22:00:00Z", 3, 0), ("2026-09-01T00:00:00Z", 0, 3)] {
        let args = ["--policy", "open", "--now", now, "--svg", file.to_str().unwrap()];
        assert_eq!(run_with(cameras.as_bytes(), park, &args).result, Ok(()));
        let svg = fs::read_to_string(&file).unwrap();
        let counts: Vec<usize> = svg
            .split(r#"class="number">"#)
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(counts, [asked, denied, 1]);
        assert_eq!(svg.matches("<circle ").count(), asked + denied + 1 + 3);
        assert_eq!(svg.matches(r#"<path class="area""#).count(), 1);
    }
}

#[test]
fn bad_rows_end_the_run_or_are_counted() {
    let cameras = "id,lon,lat\n1,-73.975,40.765\n2,east,40.765\n\n1,-73.975,40.765\n4,-73.975\n,,\n\
                   5,-73.975,95\n6,-73.975,40.765\n";
    assert_eq!(refusal(cameras, &[]), "<stdin>:3: column lon: `east` is no number");
    let ran = run(cameras, &[&["--skip-bad-rows"], &JSON[..]].concat());
    assert_eq!(ids(&ran), [1, 6]);
    assert_eq!(
        ran.err,
        "<stdin>:3: skipped: column lon: `east` is no number\n\
         <stdin>:5: skipped: column id: `1` is also the id in line 2\n\
         <stdin>:6: skipped: 2 fields, but the header has 3\n\
         <stdin>:8: skipped: column lat: latitude `95` is outside -90..90\n\
         <stdin>: 2 rows read, 4 skipped (id: 1, lat: 1, lon: 1, number of fields: 1), \
         2 blank lines passed over\n"
    );
    let many = "7,x,y\n".repeat(100);
    let ran = run(&format!("id,lon,lat\n{many}"), &["--skip-bad-rows"]);
    assert!(ran.err.contains("<stdin>: 80 more rows are skipped\n"), "{}", ran.err);
    assert!(ran.err.contains("0 rows read, 100 skipped (lon: 100)\n"), "{}", ran.err);
    // Behind an unclosed quotation mark no row can be read.
    let unclosed = "id,lon,lat\n1,\"-73.975,40.765\n2,-73.975,40.765\n";
    assert!(refusal(unclosed, &["--skip-bad-rows"]).starts_with("<stdin>:2: a field opens here"));
}

#[test]
fn the_line_is_that_of_the_field_in_any_ending() {
    for end in ["\n", "\r\n", "\r"] {
        let cameras = ["", "id,note,lon,lat", "1,\"a", "b\",-73.975,40.765", "2,x,y,40.7", ""];
        let error = refusal(cameras.join(end), &[]);
        assert_eq!(error, "<stdin>:5: column lon: `y` is no number", "{end:?}");
        let cameras = ["id,note,lon,lat", "1,\"a", "b\",-73.975,north"].join(end);
        assert!(refusal(&cameras, &[]).starts_with("<stdin>:3: "), "{end:?}");
        let areas = ["{\"type\":", "", "x}"].join(end);
        let error = run_with(CAMERAS.as_bytes(), &areas, &[]).result.unwrap_err();
        assert!(error.contains("areas.geojson:3:1: not a GeoJSON text"), "{error}");
    }
}

#[test]
fn other_forms_are_refused_with_the_option_that_reads_them() {
    let cases: [(&str, &str, &[&str]); 7] = [
        ("id;lon;lat\n1;-73,975;40,765\n", "--delimiter semicolon", &["--delimiter", ";"]),
        ("id,lon,lat\n1,\"-73,975\",\"40,765\"\n", "--decimal-comma", &["--decimal-comma"]),
        (
            "ID,Lon,Lat\n1,-73.975,40.765\n",
            "--columns 'id=ID,lon=Lon,lat=Lat'",
            &["--columns", "id=ID,lon=Lon,lat=Lat"],
        ),
        (
            "Camera ID,Latitude,LNG,owner_id\n1,40.765,-73.975,7\n",
            "--columns 'id=Camera ID,lon=LNG,lat=Latitude,owner=owner_id'",
            &["--columns", "id=Camera ID,lon=LNG,lat=Latitude,owner=owner_id"],
        ),
        (
            "id,lon,lat,Owner\n1,-73.975,40.765,7\n",
            "--columns 'owner=Owner'",
            &["--columns", "owner=Owner"],
        ),
        ("id\tlon\tlat\n1\t-73.975\t40.765\n", "--delimiter tab", &["--delimiter", "tab"]),
        ("id,lon,lat,note\n1,-73.975,40.765,5\" lens\n", "--no-quotes", &["--no-quotes"]),
    ];
    for (cameras, advice, options) in cases {
        let error = refusal(cameras, &[]);
        assert!(error.contains(advice) && error.starts_with("<stdin>:"), "{error}");
        // With this option the file is read, or the next option is named.
        let options = match *options {
            [_, ";"] => vec!["--delimiter", ";", "--decimal-comma"],
            _ => options.to_vec(),
        };
        assert_eq!(ids(&run(cameras, &[&options, &JSON[..]].concat())), [1], "{advice}");
    }
    let error = refusal("sep=;\nid;lon;lat\n", &[]);
    assert!(error.contains("remove this line"), "{error}");
    let error = refusal("id;lon;lat\n1;-73.975;40.765\n", &["--delimiter", ";", "--decimal-comma"]);
    assert!(error.contains("has a point, but --decimal-comma"), "{error}");
}

#[test]
fn encodings_are_read_by_name_and_else_named() {
    let text = "id,lon,lat,owner\n1,-73.975,40.765,Müller\n2,-73.976,40.765,Müller\n";
    let utf16 = |mark: bool, to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        mark.into_iter().chain(text.encode_utf16()).flat_map(to_bytes).collect()
    };
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    for (encoding, bytes) in [
        ("utf-16le", utf16(true, u16::to_le_bytes)),
        ("utf-16be", utf16(true, u16::to_be_bytes)),
        ("utf-16le", utf16(false, u16::to_le_bytes)),
        ("utf-16be", utf16(false, u16::to_be_bytes)),
        ("windows-1252", latin),
        ("utf-8", marked),
    ] {
        if encoding != "utf-8" {
            let error = refusal(&bytes, &[]);
            assert!(error.contains(encoding) && error.contains("--encoding"), "{error}");
        }
        let args = [&["--policy", "open", "--encoding", encoding], &JSON[..]].concat();
        let ran = run_with(&bytes, AREAS, &args);
        assert_eq!(ids(&ran), [1, 2], "{encoding}");
        assert!(ran.out.contains("\"owners\":1"), "{encoding}");
    }
    let mut half = utf16(true, u16::to_le_bytes);
    half.pop();
    let error = refusal(&half, &["--encoding", "utf-16le"]);
    assert!(error.starts_with("<stdin>:") && error.contains("UTF-16LE"), "{error}");
    let error = refusal(utf16(true, u16::to_be_bytes), &["--encoding", "utf-16le"]);
    assert!(error.contains("use --encoding utf-16be"), "{error}");
}

#[test]
fn a_run_that_asks_nobody_names_reason_and_remedy() {
    let advice = |cameras: &str, args: &[&str]| run_with(cameras.as_bytes(), AREAS, args).err;
    let few = advice(CAMERAS, &[]);
    assert!(few.contains("nobody is asked in any of the 3 areas:"), "{few}");
    let few = run_with(CAMERAS.as_bytes(), &SMALL, &[]).err;
    assert!(few.contains("fewer than 11 households with a camera (2 at most)"), "{few}");
    assert!(few.contains("--policy open"), "{few}");
    let swapped = "id,lon,lat\n1,40.765,-73.975\n";
    let swapped = advice(swapped, &["--policy", "open"]);
    assert!(swapped.contains("lon and lat look swapped"), "{swapped}");
    let late = advice(CAMERAS, &["--policy", "open", "--now", "2026-12-01T00:00:00Z"]);
    assert!(late.contains("footage is kept for 60 days"), "{late}");
    let none = advice("id,lon,lat\n", &["--policy", "open"]);
    assert!(none.contains("no row with a camera"), "{none}");
    let refused = run_with(CAMERAS.as_bytes(), AREAS, &[]).err;
    assert!(refused.contains("--policy open has no limits"), "{refused}");
    assert!(!run(CAMERAS, &[]).err.contains("nobody is asked"));
}

/// An area that the default limits admit.
static SMALL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
    let ring =
        "[[-73.978,40.762],[-73.970,40.762],[-73.970,40.768],[-73.978,40.768],[-73.978,40.762]]";
    format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#)
});

#[test]
fn output_that_is_closed_is_seen_in_each_format() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let folder = tempdir();
    let file = folder.join("areas.geojson");
    fs::write(&file, AREAS).unwrap();
    for format in ["text", "json", "geojson", "csv"] {
        let files = ["--cameras", "-", "--areas", file.to_str().unwrap()];
        let arguments = parsed(&files, &["--format", format]).unwrap();
        let mut cameras = CAMERAS.as_bytes();
        let error = tool::run(&arguments, &mut cameras, &mut Closed, &mut Closed).unwrap_err();
        assert!(tool::is_broken_pipe(&*error), "{format}: {error}");
    }
}

#[test]
fn columns_may_have_commas_in_their_names() {
    let cameras = "\"Nr, new\",\"lon=x\",\"lat,y\"\n1,-73.975,40.765\n";
    let args = ["--columns", "id=Nr, new,lon=lon=x", "--columns", "lat=lat,y"];
    assert_eq!(ids(&run(cameras, &[&args, &JSON[..]].concat())), [1]);
    for (wrong, why) in [
        ("id", "is not KEY=NAME"),
        ("name=x", "is not KEY=NAME"),
        ("id=a,id=b", "given twice"),
        ("id=,lon=x", "has no name"),
    ] {
        let error = refusal(CAMERAS, &["--columns", wrong]);
        assert!(error.contains(why) && error.contains("command line"), "{error}");
    }
}
