#!/usr/bin/env bash
# The life of a stablecoin's dollar, from the report on the reserve to the payout at the bank, told
# by the command line on four real validators of its own. After each step: supply, escrow, ceiling.
#   BALLAST_BIN_DIR=<folder with the programs> testnet/life.sh [FOLDER]
# FOLDER is kept, with the network running; without one everything is gone at the end.
set -euo pipefail

export PATH="${BALLAST_BIN_DIR:?the folder with the programs}:$PATH"
if [ $# -gt 0 ]; then
    BALLAST_DIR=$(realpath -m "$1")
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
else
    work=$(mktemp -d)
    BALLAST_DIR=$work/net
    trap 'ballast testnet reset --yes --dir "$BALLAST_DIR" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
fi
export BALLAST_DIR BALLAST_NO_INPUT=1

chapter() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# Shows a command and runs it; what it printed stays in $said.
run() {
    printf '\n$ %s\n' "$*"
    said=$("$@")
    printf '%s\n' "$said"
}

# A field of a command's JSON.
field() {
    local name=$1
    shift
    "$@" --json | grep -oE "\"$name\":(\"[^\"]*\"|[0-9]+)" | head -n 1 | cut -d: -f2- | tr -d '"'
}

where_we_are() {
    printf '\n'
    { ballast supply show; ballast reserve show; } |
        grep -E '^(total|redeem escrow|ceiling|headroom) ' | sed 's/^/    /'
}

chapter 'Four validators'
run ballast testnet up --detach --dir "$BALLAST_DIR"
where_we_are

chapter 'The reserve: a report, signed by the officers, attested by an independent accountant'
cat >"$work/report.toml" <<'END'
scope = "0000000000000000000000000000000000000000000000000000000000000000"
standard = "AICPA AT-C 205"
assurance = "examination"
opinion = "unmodified"
document = "0000000000000000000000000000000000000000000000000000000000000000"
uri = "https://example.com/report.pdf"

[[lines]]
category = "demand-deposit"
custodian = "Example Bank"
country = "US"
face = "400000000"
amortised = "400000000"
market = "400000000"
segregated = true

[[lines]]
category = "treasury"
custodian = "Example Trust"
country = "US"
maturity_days = 60
face = "1200000000"
amortised = "1195000000"
market = "1194500000"
segregated = true

[[lines]]
category = "commercial-paper"
custodian = "Example Trust"
country = "US"
maturity_days = 20
face = "50000000"
amortised = "50000000"
market = "50000000"
segregated = true
END
# A report is as of a supply checkpoint, and later than the one before it.
printf '\nwaiting for a supply checkpoint after genesis …\n'
first=$(field at_ms ballast supply points --limit 1)
for _ in $(seq 100); do
    [ "$(field at_ms ballast supply points --limit 1)" = "$first" ] || break
    sleep 0.2
done
run ballast reserve draft "$work/report.toml" --out "$work/report.json"
run ballast reserve sign "$work/report.json" --with dev:ceo --yes
run ballast reserve sign "$work/report.json" --with dev:cfo --yes
run ballast reserve submit "$work/report.json" --wait
run ballast reserve attest 2 --yes --wait
run ballast reserve show
where_we_are

chapter 'Dollars arrive at the bank, and are minted'
run ballast deposit confirm --bank-ref WIRE-2026-1 --amount 250000 --to dev:1 --wait
deposit=$(field deposit_id ballast deposit list --limit 1)
run ballast supply mint 250000 --deposit "$deposit" --wait
run ballast deposit show "$deposit"
where_we_are

chapter 'Payments'
run ballast pay dev:2 100000 --from dev:1 --ref INV-17 --wait
run ballast pay dev:3 40000.50 --from dev:2 --ref INV-18 --wait
run ballast history dev:2 --limit 3
where_we_are

chapter 'A holder wants dollars at the bank again'
run ballast redeem request 60000 --beneficiary 1111111111111111111111111111111111111111111111111111111111111111 --from dev:2 --wait
redemption=$(field redemption_id ballast redeem list --open --limit 1)
where_we_are
run ballast redeem accept "$redemption" --wait
run ballast payout confirm "$redemption" --bank-ref WIRE-OUT-2026-1 --wait
where_we_are
run ballast redeem settle "$redemption" --wait
run ballast redeem show "$redemption"
where_we_are

chapter 'What the chain holds now'
run ballast supply show
run ballast status
