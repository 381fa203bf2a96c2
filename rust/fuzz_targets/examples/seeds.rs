//! Writes the seeds of every target to a folder of its own in the folder given, and prints the names of the targets.

use std::fs;
use std::io::Result;
use std::path::PathBuf;

use lumentrace_fuzz_targets::TARGETS;

fn main() -> Result<()> {
    let corpus = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "corpus".into()));
    for target in TARGETS {
        let folder = corpus.join(target.name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
        println!("{}", target.name);
    }
    Ok(())
}
