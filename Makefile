# `make testnet` runs four validators on this machine; `make test` is what CI runs. Both install
# what they need first (.ci/packages). One cargo profile serves everything, so that dependencies
# are compiled once.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# Outside the clone, so that a fresh clone finds what an earlier one has built.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ballast
export CARGO_TARGET_DIR ?= $(CACHE)/target
# RocksDB's C++ is compiled once by .ci/rocksdb, whatever is built with it afterwards.
ROCKSDB := $(shell awk '/^name = "librocksdb-sys"/ { getline; print $$3 }' Cargo.lock | tr -d '"')
export ROCKSDB_LIB_DIR := $(CACHE)/rocksdb-$(ROCKSDB)
export ROCKSDB_STATIC := 1
# Where tests and the demo find the programs.
export BALLAST_BIN_DIR := $(CARGO_TARGET_DIR)/release
# rustup's default place, for shells that have not read its profile.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin
# Where `make testnet` puts the network. Empty: the CLI's default.
DIR ?=

BUILD := cargo build --release --locked --workspace --bins

.PHONY: help testnet clean-testnet test sdk build lint fmt packages bench

help:
	@echo 'make testnet        build, start four validators, make a payment'
	@echo 'make clean-testnet  stop that network and delete it'
	@echo 'make test           format check, lints, build, all tests'
	@echo 'make sdk            of these, the TypeScript and Python clients only'
	@echo 'make build|lint|fmt|bench'

packages:
	@.ci/packages
	@.ci/rocksdb "$(ROCKSDB_LIB_DIR)"

build: packages
	$(BUILD)

testnet: build
	@testnet/demo.sh $(DIR)

clean-testnet:
	@"$(BALLAST_BIN_DIR)/ballast" testnet reset --yes $(if $(DIR),--dir "$(DIR)")

fmt: packages
	cargo fmt --all

lint: packages
	cargo fmt --all -- --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings

test: lint
	$(BUILD)
	cargo test --release --locked --workspace
	cargo test --release --locked --workspace --features ballast-testnet/planted-bugs --example planted
	sdk/test.sh

sdk: build
	sdk/test.sh

# Some two minutes. Report and picture: benches/results/.
bench: build
	"$(BALLAST_BIN_DIR)/ballast-bench" standard --out benches/results/latest.json
