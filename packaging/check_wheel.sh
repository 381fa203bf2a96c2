#!/usr/bin/env bash
# Installs the wheel in dist/ where there is no Rust, and runs the demo and every command of the README.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
wheel=$(ls -t dist/*-abi3-*.whl | head -n 1)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
export PATH="$folder/env/bin:/usr/bin:/bin"
if command -v cargo rustc >/dev/null; then
  echo "there is a Rust compiler on $PATH, so this would not show that the wheel does without" >&2
  exit 1
fi

seconds() { # of a command, whose output is kept from the screen
  local start=$EPOCHREALTIME
  "$@" >"$folder/output" 2>&1 || { cat "$folder/output" >&2; return 1; }
  awk "BEGIN { printf \"%.2f\", $EPOCHREALTIME - $start }"
}
size() { du -sm --apparent-size "$1" | cut -f 1; }

echo "install $(seconds pip install --disable-pip-version-check "$wheel") s"
packages=$(cd "$folder" && python -c 'import pathlib, lumentrace; print(pathlib.Path(lumentrace.__file__).parents[1])')
echo "wheel $(du -k --apparent-size "$wheel" | cut -f 1) kB, installed $(size "$packages/lumentrace") MB," \
  "with all that it needs $(size "$packages") MB"

cd "$folder"
seconds python -c 'import lumentrace' >/dev/null # compiles what was not
echo "python $(seconds python -c 'pass') s, with import lumentrace $(seconds python -c 'import lumentrace') s," \
  "lumentrace --help $(seconds lumentrace --help) s"
echo "lumentrace demo $(seconds timeout 30 lumentrace demo) s"
mkdir readme && cd readme
python "$root/tests/readme_commands.py" "$root/README.md"
