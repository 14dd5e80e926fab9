#!/usr/bin/env bash
# What `make testnet` shows: four validators, one payment, its receipt on all four. The network
# keeps running. Argument: its folder, if not the CLI's default.
set -euo pipefail

dir=$(realpath -m "${1:-.ballast-testnet}")
export PATH="${BALLAST_BIN_DIR:?the folder with the programs}:$PATH" BALLAST_DIR="$dir"

shown() {
    printf '\n$ %s\n' "$*"
    "$@"
}

# Refuses (exit 9) where a network already is, and names `ballast testnet reset`.
shown ballast testnet up --detach --dir "$dir"

pay=(ballast pay dev:1 12.50 --from dev:0 --ref INV-17 --wait)
printf '\n$ %s\n' "${pay[*]}"
paid=$("${pay[@]}")
printf '%s\n' "$paid"
id=$(grep -oE '[0-9a-f]{64}' <<<"$paid" | head -n 1)

printf '\nThe receipt on every validator:\n'
endpoints=$(ballast testnet env --dir "$dir" | grep -oE '"grpc":"[^"]+"' | cut -d'"' -f4)
for endpoint in $endpoints; do
    # Waits for a validator that is a moment behind; fails unless committed and executed.
    receipt=$(ballast --json --endpoint "$endpoint" tx wait "$id")
    height=$(grep -oE '"height":"?[0-9]+' <<<"$receipt" | grep -oE '[0-9]+' | head -n 1)
    printf '  %s  committed in block %s\n' "$endpoint" "$height"
done

shown ballast balance dev:1

programs=$BALLAST_BIN_DIR
cat <<END

The network runs on, in $dir. To use it:
  export PATH="$programs:\$PATH" BALLAST_DIR="$dir"
  ballast status
  ballast testnet env       endpoints, processes, dev accounts and their keys, as JSON
  ballast testnet down      stop it (ballast testnet restart goes on)
  ballast testnet reset     stop it and delete it
END
