#!/usr/bin/env bash
# Every target for so many seconds (60), from its seeds and what earlier runs found; stops at the first finding.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-60}
names=$(cargo run --quiet --manifest-path ../../fuzz_targets/Cargo.toml --example seeds -- "$PWD/corpus")
cd ..
cargo +nightly fuzz build target
for name in $names; do
  echo "fuzz $name"
  mkdir -p "fuzz/artifacts/$name"
  TARGET=$name cargo +nightly fuzz run target "fuzz/corpus/$name" -- \
    -max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=1024 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="fuzz/artifacts/$name/"
done
