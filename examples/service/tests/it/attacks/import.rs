//! An import with the options that a start takes.

use std::fs;

use serde_json::{Value, json};

use crate::support::{OPERATOR, Service, agreed, command, config};

#[test]
fn an_import_uses_the_mark_that_a_start_uses() {
    let (folder, apart) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = config(&json!({}), &json!({}));
    let (mark, file) = (apart.path().join("mark"), apart.path().join("registry.ndjson"));
    let options = ["--mark", mark.to_str().unwrap()];
    let import = |owner: u64, options: &[&str]| {
        let lines = agreed(owner, -84.9, 41.1).iter().map(Value::to_string).collect::<Vec<_>>();
        fs::write(&file, lines.join("\n")).unwrap();
        let mut command = command(folder.path(), &config);
        let ended = command.arg("--import").arg(&file).args(options).output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    };
    let (code, said) = import(1, &options);
    assert_eq!(code, Some(0), "{said}");
    assert!(mark.exists() && !folder.path().join("data/canvass.mark").exists());
    let service = Service::start_with(folder.path(), &config, &options);
    assert_eq!(service.get(OPERATOR, "/v1/owners/1").expect(200)["cameras"][0]["id"], 1);
    // A running service keeps an import out.
    let (code, said) = import(2, &options);
    assert!(code == Some(1) && said.contains("another process has the store"), "{said}");
    service.stop();
    let old = fs::read(folder.path().join("data/canvass.redb")).unwrap();
    assert_eq!(import(2, &options).0, Some(0));
    // An old copy is refused, until `--restore` accepts it; then nobody is asked.
    fs::write(folder.path().join("data/canvass.redb"), old).unwrap();
    let (code, said) = import(3, &options);
    assert!(code == Some(1) && said.contains("it is an old copy"), "{said}");
    let (code, said) = import(3, &[&options[..], &["--restore"]].concat());
    assert_eq!(code, Some(0), "{said}");
    let service = Service::start_with(folder.path(), &config, &options);
    assert!(service.get("", "/readyz").text.contains("nobody is asked"));
    service.stop();
}
