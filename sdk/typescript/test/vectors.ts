/** The test vectors of docs/spec/vectors. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bytesToHex } from "@noble/hashes/utils";

const ROOT = process.env["BALLAST_ROOT"] ?? fileURLToPath(new URL("../../../..", import.meta.url));

export const specPage = (name: string): string => readFileSync(`${ROOT}/docs/spec/${name}`, "utf8");

export const vectors = (name: string): any => JSON.parse(specPage(`vectors/${name}.json`));

export const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

/** A value as the vectors write it. */
export function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}
