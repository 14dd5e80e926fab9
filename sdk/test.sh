#!/usr/bin/env bash
# Tests of the clients in other languages: every vector of docs/spec, servers that lie, and a wallet's
# life on four real validators, which it starts and removes. Needs the programs in BALLAST_BIN_DIR.
# What npm and pip fetch, and what is built, is kept outside the clone.
set -euo pipefail

sdk=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ballast/sdk
export BALLAST_ROOT=${sdk%/sdk} PATH="${BALLAST_BIN_DIR:?the folder with the programs}:$PATH"
mkdir -p "$cache"
scratch=$(mktemp -d)
finish() {
    ballast testnet reset --yes --dir "$scratch/net" >/dev/null 2>&1 || true
    rm -rf "$scratch"
}
trap finish EXIT

say() { printf '== %s\n' "$*"; }
# Runs a command whose output matters only when it fails.
quietly() { "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log"; return 1; }; }
# What a step left in the cache counts only if it finished, with the same inputs.
kept() { [ "$(cat "$cache/$1.from" 2>/dev/null)" = "$2" ]; }
keep() { printf '%s\n' "$2" >"$cache/$1.from"; }

# ---- Python: what the tests run with, and Node.js where the system has none ----

python3 -c 'import ensurepip' 2>/dev/null || "$BALLAST_ROOT/.ci/packages" python3-venv
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    say "Python 3.11 or newer is needed; here is $(python3 --version)"
    exit 1
fi
# A folder with a virtual environment of these requirements.
environment() {
    local name=$1 file=$2 from
    from="$(python3 --version) $(cksum <"$file")"
    kept "$name" "$from" && return
    say "fetching $name"
    rm -rf "${cache:?}/$name"
    python3 -m venv "$cache/$name"
    quietly "$cache/$name/bin/pip" install --disable-pip-version-check --requirement "$file"
    keep "$name" "$from"
}
environment python "$sdk/python/requirements.txt"
node_major() { node --print 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }
if [ "$(node_major)" -lt 18 ] || ! command -v npm >/dev/null; then
    environment node "$sdk/node.txt"
    PATH=$cache/node/bin:$PATH
fi

# ---- TypeScript: built in a copy, so that nothing is written into the clone ----

work=$cache/typescript/sdk/typescript
mkdir -p "$work" "$cache/typescript/proto/src/gen"
rm -rf "$work"/{src,test,dist}
cp -R "$sdk/typescript/." "$work"
cp "$BALLAST_ROOT/proto/src/gen/ballast.v1.bin" "$cache/typescript/proto/src/gen/"
cd "$work"
from="$(node --version) $(cksum <package-lock.json)"
if ! kept typescript "$from"; then
    say "fetching typescript"
    quietly npm ci --ignore-scripts
    keep typescript "$from"
fi
quietly npm run build

# ---- the tests, on a network of their own ----

quietly ballast testnet up --dir "$scratch/net" --detach
ballast testnet env --dir "$scratch/net" --json >"$scratch/env.json"
export BALLAST_TESTNET=$scratch/env.json

say "tests in TypeScript, Node.js $(node --version)"
quietly npm test
grep -E '^(#|ℹ) (pass|fail|skipped) ' "$scratch/log" || true

say "tests in Python, $(python3 --version)"
cd "$sdk/python"
export PYTHONPATH=src:tests PYTHONDONTWRITEBYTECODE=1 GRPC_VERBOSITY=ERROR MYPYPATH=src:tests
"$cache/python/bin/mypy" --cache-dir "$cache/mypy" src tests
"$cache/python/bin/python" -m unittest discover --start-directory tests
