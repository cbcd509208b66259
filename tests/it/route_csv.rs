//! The route example's reader of CSV compared with the crate `csv`, and files with one byte
//! changed.

use std::collections::HashMap;
use std::io::{BufReader, Cursor, Read};

use csv::{QuoteStyle, ReaderBuilder, Terminator, Trim, WriterBuilder};
use proptest::prelude::*;

use crate::route_tool::tool::bad_input::LineCounter;
use crate::route_tool::tool::camera_file::encoding::{Decoded, Encoding};
use crate::route_tool::tool::camera_file::malformed::{Malformed, Reason};
use crate::route_tool::tool::camera_file::names::{Kept, Names};
use crate::route_tool::tool::camera_file::records::{Dialect, Record, Records};

/// Records with the line in which each begins.
type Rows = Vec<(u64, Vec<String>)>;

fn read_through(input: impl Read, capacity: usize, dialect: Dialect) -> Result<Rows, Malformed> {
    let mut records = Records::new(BufReader::with_capacity(capacity, input), dialect);
    let (mut record, mut rows) = (Record::default(), Vec::new());
    while records.read(&mut record)? {
        rows.push((record.line(), record.iter().map(str::to_owned).collect()));
    }
    Ok(rows)
}

fn read(text: &[u8]) -> Result<Rows, Malformed> {
    read_through(text, 64, Dialect::COMMAS)
}

/// The crate's reader, set to accept everything.
fn lenient(text: &[u8], delimiter: u8) -> Option<Vec<Vec<String>>> {
    let mut reader = ReaderBuilder::new();
    let reader = reader.has_headers(false).delimiter(delimiter).trim(Trim::All).flexible(true);
    let records = reader.from_reader(text).into_records();
    records.map(|record| Some(record.ok()?.iter().map(str::to_owned).collect())).collect()
}

/// The line of a byte, by the rule of editors, from the text as a whole.
fn line_of(text: &[u8], at: usize) -> u64 {
    let ends = String::from_utf8_lossy(&text[..at]).replace("\r\n", "\n");
    let split = at < text.len() && text[at] == b'\n' && text[..at].ends_with(b"\r");
    1 + ends.matches(['\n', '\r']).count() as u64 - u64::from(split)
}

fn field() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("x"),
        Just("\""),
        Just("\""),
        Just(","),
        Just(";"),
        Just("\n"),
        Just("\r"),
        Just("\r\n"),
        Just(" "),
        Just("\t"),
        Just("\u{a0}"),
        Just("é"),
        Just("7"),
        Just("\u{1f3e0}"),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn well_formed_text_is_read_as_csv_reads_it(
        rows in prop::collection::vec(prop::collection::vec(field(), 2..5), 1..8),
        quoting in prop_oneof![Just(QuoteStyle::Necessary), Just(QuoteStyle::Always)],
        ends in prop_oneof![Just(Terminator::CRLF), Just(Terminator::Any(b'\n')), Just(Terminator::Any(b'\r'))],
        delimiter in prop_oneof![Just(b','), Just(b';')],
        capacity in 1_usize..40,
    ) {
        let mut writer = WriterBuilder::new();
        writer.quote_style(quoting).terminator(ends).delimiter(delimiter).flexible(true);
        let (mut text, mut starts) = (Vec::new(), Vec::new());
        for row in &rows {
            starts.push(text.len());
            let mut writer = writer.from_writer(Vec::new());
            writer.write_record(row).unwrap();
            text.extend(writer.into_inner().unwrap());
        }
        let dialect = Dialect { delimiter, quotes: true };
        let read = read_through(text.as_slice(), capacity, dialect).unwrap();
        let (lines, fields): (Vec<u64>, Vec<Vec<String>>) = read.into_iter().unzip();
        prop_assert_eq!(Some(fields.clone()), lenient(&text, delimiter));
        let trimmed = |row: &Vec<String>| row.iter().map(|field| field.trim().to_owned()).collect();
        prop_assert_eq!(fields, rows.iter().map(trimmed).collect::<Vec<Vec<String>>>());
        let expected: Vec<u64> = starts.iter().map(|&start| line_of(&text, start)).collect();
        prop_assert_eq!(lines, expected);
    }

    #[test]
    fn any_bytes_are_read_or_refused_alike_in_any_chunks(
        bytes in prop::collection::vec(prop_oneof![
            Just(b'"'), Just(b','), Just(b'\r'), Just(b'\n'), Just(b' '), Just(b'a'), Just(0xc3), Just(0xa9), Just(0)
        ], 0..60),
        capacity in 1_usize..20,
    ) {
        let shown = |read: Result<Rows, Malformed>| read.map_err(|error| format!("{error:?}"));
        let (whole, chunks) = (read(&bytes), read_through(bytes.as_slice(), capacity, Dialect::COMMAS));
        prop_assert_eq!(shown(whole), shown(chunks));
    }

    #[test]
    fn lines_are_counted_as_editors_count_them(
        bytes in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a')], 0..40)
    ) {
        prop_assert_eq!(LineCounter::line_after(&bytes), line_of(&bytes, bytes.len()));
    }

    #[test]
    fn names_are_numbered_as_a_map_numbers_them(
        texts in prop::collection::vec("[0-9]{1,2}|[ab]{1,2}|18446744073709551615|184467440737095516160", 0..60),
        numbers_first in any::<bool>(),
    ) {
        let mut texts = texts;
        if numbers_first {
            texts.sort();
        }
        let (mut names, mut map) = (Names::default(), HashMap::new());
        let mut order = Vec::new();
        for text in &texts {
            let new = !map.contains_key(text);
            let next = map.len() as u32;
            let number = *map.entry(text.clone()).or_insert(next);
            if new {
                order.push(text.clone());
            }
            prop_assert_eq!(names.insert(text).unwrap(), (number, new));
        }
        let plain = order.iter().all(|text| text.parse::<u64>().is_ok_and(|n| n.to_string() == *text));
        match names.into_kept() {
            Kept::Numbers(numbers) => {
                prop_assert!(plain);
                let texts: Vec<String> = numbers.iter().map(u64::to_string).collect();
                prop_assert_eq!(texts, order);
            }
            Kept::Texts(texts) => {
                prop_assert!(!plain);
                let kept: Vec<&str> = (0..order.len()).map(|at| texts.get(at).unwrap()).collect();
                prop_assert_eq!(kept, order);
                prop_assert_eq!(texts.get(map.len()), None);
            }
        }
    }

    #[test]
    fn utf16_is_decoded_as_the_standard_library_decodes_it(
        units in prop::collection::vec(prop_oneof![
            8 => 0x20_u16..0x200, 4 => 0x20a0_u16..0x2100, 1 => Just(0xd83c), 1 => Just(0xdfe0), 1 => Just(0xfeff)
        ], 0..40),
        big_endian in any::<bool>(),
    ) {
        let encoding = if big_endian { Encoding::Utf16Be } else { Encoding::Utf16Le };
        let to_bytes = if big_endian { u16::to_be_bytes } else { u16::to_le_bytes };
        let bytes: Vec<u8> = units.iter().copied().flat_map(to_bytes).collect();
        let (mut decoded, mark) = Decoded::open(bytes.as_slice(), encoding).unwrap();
        prop_assert_eq!(mark.is_some(), units.first() == Some(&0xfeff));
        let mut text = String::new();
        let read = decoded.read_to_string(&mut text).ok().map(|_| text);
        let rest = if mark.is_some() { &units[1..] } else { &units };
        prop_assert_eq!(read, String::from_utf16(rest).ok());
    }
}

/// Rows of which some have a quoted field, with commas and marks within.
const FILE: &str = "id,lon,lat,owner,note\n\
    1,-73.978,40.765,101,porch\n\
    2,-73.977,40.765,102,\"porch, \"\"front\"\"\"\n\
    3,-73.976,40.765,103,back\n\
    4,-73.975,40.765,104,\"north, high\"\n\
    5,-73.974,40.765,105,\"gate, low\"\n\
    6,-73.973,40.765,106,porch\n";

/// With one byte of a file changed, all rows without that byte are still there, or the file is
/// refused.
#[test]
fn one_changed_byte_costs_no_other_row_its_camera() {
    let whole = read(FILE.as_bytes()).unwrap();
    let (mut refused, mut read_on, mut lost_by_csv) = (0, 0, 0);
    for at in 0..FILE.len() {
        let line = line_of(FILE.as_bytes(), at);
        for with in [Some(b'"'), Some(b','), Some(b'x'), Some(b' '), Some(0xff), Some(0), None] {
            let mut bytes = FILE.as_bytes().to_vec();
            bytes.splice(at..=at, with);
            // A changed line end joins two rows.
            let touched = [line, line + u64::from(FILE.as_bytes()[at] == b'\n')];
            let others = whole.iter().filter(|(line, _)| !touched.contains(line));
            let others: Vec<&Vec<String>> = others.map(|(_, row)| row).collect();
            match read(&bytes) {
                Err(error) => {
                    refused += 1;
                    assert!(touched.contains(&error.line), "{at} {with:?}: {error:?}");
                }
                Ok(rows) => {
                    read_on += 1;
                    let rows: Vec<&Vec<String>> = rows.iter().map(|(_, row)| row).collect();
                    for row in &others {
                        assert!(rows.contains(row), "{at} {with:?}: {row:?} is lost");
                    }
                }
            }
            let lenient = lenient(&bytes, b',').unwrap_or_default();
            let lost = !lenient.is_empty() && others.iter().any(|row| !lenient.contains(row));
            lost_by_csv += usize::from(lost);
        }
    }
    assert!(refused > 500 && read_on > 500, "{refused} refused, {read_on} read");
    assert!(lost_by_csv > 20, "a lenient reader loses rows: {lost_by_csv}");
}

#[test]
fn misplaced_marks_are_refused_where_the_field_opens() {
    let refused = |text: &str| read(text.as_bytes()).unwrap_err();
    for (text, line) in [
        ("a,b\n1,\"x\n2,y\n", 2),
        ("a,b\r\n1,\"x\r\n2,y\r\n", 2),
        ("a,b\r1,\"x\r2,y", 2),
        ("a,\"b\n1,x\n", 1),
        ("a,b\n1,x\n2,\"", 3),
        ("a,b\n1,\"x \"\"y\"\"\n", 2),
        ("a,b\n\"c\nd\",\"e\n", 3),
    ] {
        let error = refused(text);
        assert!(matches!(error.reason, Reason::NotClosed), "{text:?}: {error:?}");
        assert_eq!(error.line, line, "{text:?}");
    }
    for (text, line, closed) in [
        ("a,b\n1,\"x\"y\n", 2, 2),
        ("a,b\n1,\"x\n2,\"y\"\n", 2, 3),
        ("a,b\n1,\"x\" \"y\"\n", 2, 2),
        ("a,b\n1,\"x\"\u{a0}é\n", 2, 2),
    ] {
        let error = refused(text);
        let Reason::TextBehind { closed: found } = error.reason else { panic!("{error:?}") };
        assert_eq!((error.line, found), (line, closed), "{text:?}");
    }
    let error = refused("a,b\n1,x\"y\"\n");
    assert!(matches!(error.reason, Reason::MarkInside) && error.line == 2, "{error:?}");
    let plain = Dialect { quotes: false, ..Dialect::COMMAS };
    let rows = read_through("a,b\n1,5\" x\n".as_bytes(), 3, plain).unwrap();
    assert_eq!(rows[1].1, ["1", "5\" x"]);
}

#[test]
fn a_field_without_end_is_refused_before_memory_runs_out() {
    struct Endless(u64);
    impl Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            into.fill(b'x');
            self.0 += into.len() as u64;
            assert!(self.0 < 4 << 20, "read on and on");
            Ok(into.len())
        }
    }
    for start in ["a,b\n1,\"", "a,b\n1,"] {
        let error = read_through(Cursor::new(start).chain(Endless(0)), 4096, Dialect::COMMAS);
        let error = error.unwrap_err();
        assert!(matches!(error.reason, Reason::TooLong | Reason::NoField), "{error:?}");
        assert_eq!(error.line, 2);
    }
}

#[test]
fn blanks_around_marks_do_not_make_another_text() {
    for text in ["17", " 17 ", "\"17\"", " \"17\"", "\t\"17\" ", "\u{a0}\"17\"\u{2009}", "\" 17\""]
    {
        let rows = read(format!("a,b\n{text},x\n").as_bytes()).unwrap();
        assert_eq!(rows[1].1, ["17", "x"], "{text:?}");
    }
}

#[test]
fn half_characters_around_a_delimiter_are_refused() {
    for bytes in [&b"a,b\n\xc3,\xa9\n"[..], b"a,b\n\"\xc3\",\"\xa9\"\n", b"a,b\n1,\xc3"] {
        let error = read(bytes).unwrap_err();
        assert!(matches!(error.reason, Reason::NotUtf8) && error.line == 2, "{error:?}");
    }
    let error = read(b"a,b\n\"x\r\ny\xff\",1\n").unwrap_err();
    assert!(matches!(error.reason, Reason::NotUtf8) && error.line == 3, "{error:?}");
}
