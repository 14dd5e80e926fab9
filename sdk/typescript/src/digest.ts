/** Digests, each under its purpose: BLAKE3 `derive_key` (BY-10). */
import { blake3 } from "@noble/hashes/blake3";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils";

const CONTEXTS = {
  Address: "address",
  TxId: "transaction id",
  Genesis: "genesis",
  Header: "block header",
  Committee: "validator set",
  StateLeaf: "state leaf",
  StateNode: "state node",
  StateRoot: "state root",
  ReceiptLeaf: "receipt leaf",
  ReceiptNode: "receipt node",
  ReceiptRoot: "receipt root",
  ReceiptChain: "receipt chain",
  DepositId: "deposit id",
  RedemptionId: "redemption id",
  Report: "report",
  CouncilOps: "council operations",
} as const;

export type Domain = keyof typeof CONTEXTS;

/** The digest of the parts one after the other; hex among them stands for its bytes. */
export function digest(domain: Domain, ...parts: (Uint8Array | string)[]): string {
  const bytes = parts.map((part) => (typeof part === "string" ? hexToBytes(part) : part));
  return bytesToHex(blake3(concatBytes(...bytes), { context: `ballast v1 ${CONTEXTS[domain]}` }));
}

/** What a signature begins with: its purpose, filled up to 16 bytes (BY-20). */
export type Tag = "TX" | "PERMIT" | "PAYAUTH" | "TRAVEL" | "REPORT" | "COUNCIL" | "VOTE";

export function tag(purpose: Tag): Uint8Array {
  return utf8ToBytes(`BALLAST1-${purpose}`.padEnd(16, "\0"));
}
