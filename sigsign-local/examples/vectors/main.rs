//! Writes the vectors of `testdata/local` and `testdata/crafted`, and the bundles of
//! `testdata/policy`, the same bytes every time.
//!
//! `cargo run -p sigsign-local --example vectors -- testdata`

mod bad_content;
mod bad_documents;
mod bad_leaves;
mod bad_logs;
mod bad_mixed;
mod bad_notes;
mod bad_paths;
mod bad_places;
mod bad_roots;
mod bad_signatures;
mod bad_signers;
mod bad_statements;
mod bad_times;
mod bad_timestamps;
mod bad_tokens;
mod case;
mod codes;
mod good;
mod good_certificates;
mod good_documents;
mod good_entries;
mod good_statements;
mod good_tokens;
mod policies;

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use case::Case;

fn main() -> io::Result<()> {
    let folder = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "testdata".to_owned());
    let folder = Path::new(&folder);
    for set in ["local", "crafted", "roots"] {
        if folder.join(set).exists() {
            fs::remove_dir_all(folder.join(set))?;
        }
        fs::create_dir_all(folder.join(set))?;
    }
    let mut cases = good::cases();
    cases.extend(good_certificates::cases());
    cases.extend(good_documents::cases());
    cases.extend(good_tokens::cases());
    cases.extend(bad_content::cases());
    cases.extend(bad_mixed::cases());
    cases.extend(bad_logs::cases());
    cases.extend(bad_leaves::cases());
    cases.extend(bad_paths::cases());
    cases.extend(bad_roots::cases());
    cases.extend(bad_times::cases());
    cases.extend(bad_timestamps::cases());
    cases.extend(bad_tokens::cases());
    cases.extend(bad_signatures::cases());
    cases.extend(bad_signers::cases());
    // Trusted roots are called after the first case that needs them.
    cases.extend(good_entries::cases());
    cases.extend(good_statements::cases());
    cases.extend(bad_documents::cases());
    cases.extend(bad_statements::cases());
    cases.extend(bad_notes::cases());
    cases.extend(bad_places::cases());
    let mut roots = BTreeMap::new();
    let mut names = std::collections::BTreeSet::new();
    for case in &mut cases {
        assert!(names.insert(case.name), "{} is there twice", case.name);
        write(folder, case, &mut roots)?;
    }
    policies::write(folder)?;
    fs::write(
        folder.join("artifact"),
        sigsign_local::recipe::Recipe::v1().artifact,
    )
}

fn write(folder: &Path, case: &mut Case, roots: &mut BTreeMap<String, String>) -> io::Result<()> {
    let here = folder.join(case.set()).join(case.name);
    fs::create_dir_all(&here)?;
    let made = case.make();
    fs::write(here.join("bundle.sigstore.json"), &made.bundle)?;
    let root = match roots.get(&made.trusted_root) {
        Some(root) => root.clone(),
        None => {
            let root = format!("{}.json", case.name);
            fs::write(folder.join("roots").join(&root), &made.trusted_root)?;
            roots.insert(made.trusted_root.clone(), root.clone());
            root
        }
    };
    if case.recipe.managed.is_some() {
        fs::write(here.join("key.pub"), &made.public_key)?;
    }
    fs::write(here.join("case.toml"), case.toml(&root))
}
