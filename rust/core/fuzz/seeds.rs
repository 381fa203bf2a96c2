//! Writes the seeds of every target to `corpus/<name>/` and prints the names.

use std::fs;
use std::io::Result;
use std::path::Path;

use lumentrace_fuzz_targets::TARGETS;

fn main() -> Result<()> {
    for target in TARGETS {
        let folder = Path::new("corpus").join(target.name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
        println!("{}", target.name);
    }
    Ok(())
}
