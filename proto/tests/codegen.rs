//! The generated code under `src/gen/` is what the `.proto` files generate. After changing one:
//! `BALLAST_BLESS=1 cargo test --release -p ballast-proto --test codegen`.

use std::fs;
use std::path::{Path, PathBuf};

use prost::Message as _;

const PACKAGE_DIR: &str = "ballast/v1";
const GENERATED: [&str; 2] = ["ballast.v1.rs", "ballast.v1.bin"];

fn proto_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("proto")
}

/// The names of all files of the package, sorted, so that the order on disk does not matter.
fn proto_files() -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(proto_root().join(PACKAGE_DIR))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".proto"))
        .map(|name| format!("{PACKAGE_DIR}/{name}"))
        .collect();
    names.sort();
    names
}

/// Writes the Rust code, and the descriptors (without comments) that reflection serves.
fn generate(out: &Path) {
    let mut compiler = protox::Compiler::new([proto_root()]).unwrap();
    compiler.include_source_info(true).include_imports(true).open_files(proto_files()).unwrap();
    let mut descriptors = compiler.file_descriptor_set();
    tonic_prost_build::configure()
        .out_dir(out)
        .emit_rerun_if_changed(false)
        .compile_fds(descriptors.clone())
        .unwrap();
    for file in &mut descriptors.file {
        file.source_code_info = None;
    }
    fs::write(out.join("ballast.v1.bin"), descriptors.encode_to_vec()).unwrap();
}

#[test]
fn the_generated_code_is_what_the_proto_files_say() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gen");
    if std::env::var_os("BALLAST_BLESS").is_some_and(|value| value == "1") {
        generate(&committed);
        return;
    }
    let fresh = tempfile::tempdir().unwrap();
    generate(fresh.path());
    for name in GENERATED {
        let same = fs::read(committed.join(name)).ok() == fs::read(fresh.path().join(name)).ok();
        assert!(same, "src/gen/{name} is stale: run this test with BALLAST_BLESS=1");
    }
}
