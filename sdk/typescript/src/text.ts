/** What people see: addresses in bech32m, amounts in decimal dollars (BY-30, BY-31). */
import { bech32m } from "@scure/base";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils";
import { encode } from "./borsh.js";
import { digest } from "./digest.js";
import { KeyPolicy } from "./schema.js";
import type { Network } from "./schema.js";

export const PREFIXES = { MAIN: "bal", TEST: "tbal", DEV: "dbal" } as const satisfies Record<Network, string>;

/** The address of an account that starts out under `policy`; of one key when that is all that is given. */
export function addressOf(policy: KeyPolicy | string): string {
  const whole: KeyPolicy = typeof policy === "string" ? { type: "Single", key: policy } : policy;
  return digest("Address", encode(KeyPolicy, whole));
}

export function showAddress(address: string, network: Network): string {
  return bech32m.encode(PREFIXES[network], bech32m.toWords(hexToBytes(address)));
}

/** Reads an address of `network`; one of another network is refused. */
export function parseAddress(text: string, network: Network): string {
  const { prefix, words } = bech32m.decode(text as `${string}1${string}`, 90);
  const bytes = bech32m.fromWords(words);
  if (bytes.length !== 32) throw new Error(`the address carries ${bytes.length} bytes instead of 32`);
  if (prefix !== PREFIXES[network]) {
    throw new Error(`the address has the prefix "${prefix}", this network's is "${PREFIXES[network]}"`);
  }
  return bytesToHex(bytes);
}

const UNIT = 1_000_000n;
const AMOUNT_MAX = 2n ** 64n - 1n;

/** Decimal dollars as text, such as `"12.50"`, or micro-dollars by name. */
export type Amount = string | { readonly amountMicros: bigint };

/** An amount in micro-dollars. A bare number is refused: nothing says which of the two it is. */
export function amountOf(amount: Amount): bigint {
  if (typeof amount === "string") return parseDollars(amount);
  const micros: unknown = typeof amount === "object" && amount !== null ? amount.amountMicros : undefined;
  if (typeof micros !== "bigint") {
    throw new TypeError("an amount is dollars as text, \"12.50\", or { amountMicros: 12_500_000n }");
  }
  if (micros < 0n || micros > AMOUNT_MAX) throw new RangeError(`${micros} micro-dollars is no amount`);
  return micros;
}

/** Reads decimal dollars, such as `12.50`, as micro-dollars. */
export function parseDollars(text: string): bigint {
  if (typeof text !== "string") throw new TypeError("dollars are given as text, such as \"12.50\"");
  const parts = /^([0-9_]+)(?:\.([0-9_]+))?$/.exec(text);
  const whole = parts?.[1]?.replaceAll("_", "") ?? "";
  const fraction = (parts?.[2] ?? "0").replaceAll("_", "");
  if (!whole || !fraction || fraction.length > 6) {
    throw new Error(`"${text}" is not an amount in dollars with at most six decimal places`);
  }
  const micros = BigInt(whole) * UNIT + BigInt(fraction.padEnd(6, "0"));
  if (micros > AMOUNT_MAX) throw new Error(`"${text}" is larger than the largest amount`);
  return micros;
}

/** Writes micro-dollars as decimal dollars with two to six places; a difference may be negative. */
export function formatDollars(micros: bigint): string {
  if (typeof micros !== "bigint") throw new TypeError("micro-dollars are a bigint");
  if (micros < 0n) return `-${formatDollars(-micros)}`;
  const fraction = (micros % UNIT).toString().padStart(6, "0").replace(/0+$/, "");
  return `${micros / UNIT}.${fraction.padEnd(2, "0")}`;
}
