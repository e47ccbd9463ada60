//! Lists the YAML files of this folder, so that the crate embeds each of them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The folders with files of the suite; anything else here is not embedded.
const EXCLUDED: [&str; 3] = ["requirements", "src", "target"];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let mut files = Vec::new();
    println!("cargo::rerun-if-changed={}", root.display());
    for entry in fs::read_dir(&root)? {
        let entry = entry?;
        let excluded = EXCLUDED.iter().any(|name| entry.file_name() == *name);
        if entry.file_type()?.is_dir() && !excluded {
            collect(&entry.path(), &mut files)?;
        }
    }
    files.sort();
    let mut code = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&root).unwrap_or(&file).display().to_string().replace('\\', "/");
        let path = file.display().to_string();
        writeln!(code, "    File {{ path: {name:?}, text: include_str!({path:?}) }},")
            .map_err(io::Error::other)?;
    }
    code.push_str("]\n");
    fs::write(out.join("files.rs"), code)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    Ok(())
}
