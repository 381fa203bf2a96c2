# Everything a developer or a curious user needs. `make demo` and `make test` set up what they need in .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Of Cargo.toml: quick is built sooner, release runs faster; both give the same results.
PROFILE ?= quick

# Not empty where all is built.
BUILT ?=

export PYTHONHASHSEED := 0
unexport PYTHONDONTWRITEBYTECODE  # where it is set, each of the many processes of the tests would compile all modules

.PHONY: help demo test lint lint-rust lint-python check-rust rust-test python-test faults bench docs wheel check-wheel fuzz miri tsan audit build clean

help:
	@echo "make demo   simulate a PEPT experiment, track it, write out/demo/report.html"
	@echo "make test   build, lint, type-check and test everything"
	@echo "make lint   format, lint and type checks only"
	@echo "make faults every writer killed and refused at every call, Ctrl-C in every command: hours"
	@echo "make bench  benchmarks of the kernels, and of the installed alternatives beside ours"
	@echo "make docs   build the documentation into site/"
	@echo "make fuzz   every fuzz target for a minute (SECONDS=60); needs nightly Rust and cargo-fuzz"
	@echo "make miri, make tsan  memory and threads of the kernels; need nightly Rust with rust-src and miri"
	@echo "make audit  licences, sources and known vulnerabilities of dependencies; needs cargo-deny and a network"
	@echo "make wheel  build an abi3 wheel into dist/"
	@echo "make check-wheel  install it where there is no Rust; run the demo and all commands of the README"

$(READY): requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "lumentrace needs Python 3.11 or newer; say which one: make PYTHON=python3.12 ..."; exit 1; }
	@command -v cargo >/dev/null || { echo "lumentrace needs Rust to build: see rustup.rs"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) $$(grep '^maturin==' $<)
	$(BIN)/maturin develop --skip-install --profile $(PROFILE) --quiet & \
	  $(PIP) -r $<; installed=$$?; wait $$! && exit $$installed  # Rust is built beside the installation
	touch $@

build: $(READY)
	$(if $(BUILT),,$(BIN)/maturin develop --profile $(PROFILE) --quiet)

demo: build
	$(BIN)/python -m lumentrace demo --out out/demo

# Types are checked on one core while Rust is built on what is left.
test: build
	@$(MAKE) --no-print-directory -j 2 BUILT=1 lint-python check-rust
	@$(MAKE) --no-print-directory BUILT=1 python-test
	@echo "All of lint, types, Rust tests and Python tests ran."

lint: lint-rust lint-python

lint-rust:
	cargo fmt --check
	cargo clippy --quiet --all-targets -- -D warnings
	cargo clippy --quiet -p lumentrace --no-default-features --lib -- -D warnings  # only rust/core/src/pool.rs differs
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps -p lumentrace

lint-python: build
	$(BIN)/ruff check python tests benches
	$(BIN)/ruff format --check python tests benches
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest lumentrace._core
	$(BIN)/lint-imports --no-cache

check-rust:
	@env -u MAKEFLAGS $(MAKE) --no-print-directory lint-rust rust-test

# The same random cases each time; `make fuzz` and `make faults` try new ones.
rust-test: export PROPTEST_RNG_SEED = 1
rust-test:
	cargo test --quiet -p lumentrace -p lumentrace-fuzz-targets  # together: apart, each would build all that they share
	cargo run --quiet -p lumentrace --example track >/dev/null
	cargo run --quiet -p lumentrace --example costes >/dev/null

# A linear algebra of several threads is half as fast where others work too: they wait for each other.
python-test: export OPENBLAS_NUM_THREADS = 1
python-test: build
	$(BIN)/python -m pytest -n 2 --dist worksteal --ignore tests/coloc/test_napari.py --ignore tests/twophoton/test_handoff.py
	$(BIN)/python -m pytest tests/coloc/test_napari.py tests/twophoton/test_handoff.py  # Qt in a process of its own

faults: build
	LUMENTRACE_FAULT_SECONDS=600 LUMENTRACE_FAULT_KILLS=1000 LUMENTRACE_FAULT_PRESSES=100 \
	  $(BIN)/python -m pytest -rP --timeout 0 tests/faults
	LUMENTRACE_FAULT_SECONDS=600 $(BIN)/python -m pytest -m hypothesis --timeout 0 --ignore tests/faults tests

bench: PROFILE = release
bench: build
	cargo bench -p lumentrace
	$(BIN)/python benches/peers.py
	$(BIN)/python benches/scoreboard.py --picture out/scoreboard.png

docs: build
	$(BIN)/mkdocs build --strict
	$(BIN)/python docs/check_site.py site

SECONDS ?= 60

fuzz:
	cargo test --quiet -p lumentrace --lib
	rust/core/fuzz/all.sh $(SECONDS)

# The two lines of `unsafe`, with the CPU features on that they ask for.
miri:
	RUSTFLAGS="-C target-feature=+avx2" cargo +nightly miri test -p lumentrace --lib simd::

# Threads, in the tests of every kernel; the standard library is built anew for it.
tsan:
	RUSTFLAGS="-Zsanitizer=thread -C target-cpu=x86-64-v3" cargo +nightly test -Zbuild-std --target x86_64-unknown-linux-gnu -p lumentrace --lib

audit:
	cargo deny check
	$(PYTHON) -m venv out/audit
	out/audit/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/audit.txt
	out/audit/bin/pip-audit --requirement requirements/dev.txt --no-deps --disable-pip --strict

wheel: $(READY)
	$(BIN)/maturin build --release --out dist

check-wheel: wheel
	packaging/check_wheel.sh

clean:
	rm -rf target $(VENV) dist site out
