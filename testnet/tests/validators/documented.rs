//! Nothing that `ballast --json` answers with has a name that is not documented: each is a field of a
//! message of the gRPC schema, or stands in docs/json.md.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

static NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/json.md")).unwrap();
    let mut names: BTreeSet<_> = page.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    for file in fs::read_dir(root.join("proto/proto/ballast/v1")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let fields =
            text.lines().filter_map(|line| line.split_once(" = ")?.0.split(' ').next_back());
        names.extend(fields.map(str::to_owned));
    }
    names
});

/// Every name in what a command answered.
pub fn check(line: &str, answer: &Value) {
    match answer {
        Value::Object(fields) => {
            for (name, value) in fields {
                // Amounts are there twice.
                let known = NAMES.contains(name) || NAMES.contains(&format!("{name}_micros"));
                assert!(known, "`ballast {line}`: `{name}` is not in docs/json.md");
                check(line, value);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| check(line, value)),
        _ => {}
    }
}
