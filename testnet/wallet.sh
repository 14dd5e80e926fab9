#!/usr/bin/env bash
# A wallet's first day, as the README tells it, on four real validators of its own: a key, an
# account, money, a payment, what became of it, a proof, and a payment that two of three must sign
# on machines without a network.
#   BALLAST_BIN_DIR=<folder with the programs> testnet/wallet.sh
set -euo pipefail

export PATH="${BALLAST_BIN_DIR:?the folder with the programs}:$PATH"
work=$(mktemp -d)
cd "$work"
export BALLAST_DIR=$work/net BALLAST_HOME=$work/home BALLAST_PASSPHRASE_FILE=$work/passphrase
trap 'ballast testnet reset --yes --dir "$BALLAST_DIR" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

chapter() { printf '\n\033[1m%s\033[0m\n' "$*"; }

run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

# The command must end with this exit code.
refused() {
    local expected=$1 code=0
    shift
    printf '\n$ %s\n' "$*"
    "$@" || code=$?
    [ "$code" = "$expected" ] || { printf 'exit %s instead of %s\n' "$code" "$expected"; exit 1; }
}

# A field of a command's JSON.
field() {
    local name=$1
    shift
    "$@" --json | grep -oE "\"$name\":(\"[^\"]*\"|[0-9]+)" | head -n 1 | cut -d: -f2- | tr -d '"'
}

ballast testnet up --detach --dir "$BALLAST_DIR" >/dev/null
(umask 077 && printf 'correct horse battery staple\n' >"$BALLAST_PASSPHRASE_FILE")

chapter 'A key, encrypted'
run ballast key new alice --default
run ballast key list
alice=$(field devnet ballast key show alice)

chapter 'An account: a registrar opens it'
refused 3 ballast balance
run ballast account register --key "$(field public_key ballast key show alice)" --class 0 \
    --days 365 --from dev:registrar --wait
run ballast pay "$alice" 100 --from dev:0 --wait
run ballast balance

chapter 'A payment, and what became of it'
run ballast pay dev:1 12.50 --ref INV-17 --wait
request=$(ballast uri make dev:1 --amount 7.25 --ref INV-18)
run ballast uri parse "$request"
run ballast pay "$request" --out signed.tx
run ballast tx simulate signed.tx
run ballast tx submit signed.tx
id=$(field tx_id ballast tx decode signed.tx)
run ballast tx wait "$id"
run ballast tx submit signed.tx --wait     # again: it is the same payment, and executes once
run ballast tx show "$id"
run ballast history --limit 3
run ballast balance
refused 4 ballast pay dev:1 1000000 --wait          # it would fail, and is not sent
refused 5 ballast pay dev:1 1000000 --wait --force

chapter 'A proof of the balance, verified without any validator'
run ballast proof get account --out balance.proof
BALLAST_ENDPOINT=http://127.0.0.1:1 \
    run ballast proof verify balance.proof --genesis "$BALLAST_DIR/genesis.bin" --account "$alice"

chapter 'An account of three, of whom two must sign'
ballast key new bob >/dev/null
ballast key new carol >/dev/null
keys=()
for name in alice bob carol; do keys+=(--key "$(field public_key ballast key show "$name")"); done
register=(ballast account register "${keys[@]}" --threshold 2 --class 0 --days 365)
printf '\n$ %s\n' "${register[*]} --from dev:registrar --wait"
firm=$(field address "${register[@]}" --from dev:registrar --wait)
printf '%s\n' "$firm"
run ballast pay "$firm" 50 --from dev:0 --wait

run ballast pay dev:2 20 --sender "$firm" --ref RENT --build rent.json
run ballast tx simulate rent.json
# Each signs where there is no network.
offline() { BALLAST_ENDPOINT=http://127.0.0.1:1 run "$@"; }
offline ballast tx sign rent.json --with alice --out alice.json --yes
refused 4 ballast tx submit alice.json --wait
offline ballast tx sign rent.json --with carol --out carol.json --yes
offline ballast tx combine alice.json carol.json --out rent-signed.json
run ballast tx submit rent-signed.json --wait
run ballast balance "$firm"

chapter 'Everything that happened'
run ballast events tail --after 0 --account "$alice" --limit 4
