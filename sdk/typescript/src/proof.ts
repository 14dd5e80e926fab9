/**
 * Verifying, from the genesis file alone, what a validator says: certificates (CO-4, CO-6), changes of the
 * validator set (ST-40, ST-41), balances and receipts (ST-26, ST-27, BY-40 to BY-43).
 */
import { concatBytes } from "@noble/hashes/utils";
import { CodecError, decode, encode, u64 } from "./borsh.js";
import type { Codec } from "./borsh.js";
import { digest, tag } from "./digest.js";
import type { Domain } from "./digest.js";
import { isPublicKey, verify } from "./keys.js";
import { Genesis, Header, Leaf, ProofFile, Receipt, ReceiptProof, SetChange, StateProof, ValidatorSet, Vote } from "./schema.js";
import type { CertifiedHeader, Path, Validator } from "./schema.js";

const PROOF_BYTES_MAX = 1 << 20;
const PROOF_FILE_BYTES_MAX = 16 << 20;
const PROOF_FILE_TAG = "42414c4c415354312d50524f4f460000";
const ZERO = "00".repeat(32);

export type ProofReason =
  | "WRONG_CHAIN" | "WRONG_SET" | "OLD_SET" | "EARLY_SET" | "UNKNOWN_SET" | "WRONG_BLOCK" | "SIGNER_ORDER"
  | "UNKNOWN_SIGNER" | "NO_QUORUM" | "BAD_SIGNATURE" | "WRONG_ROOT" | "WRONG_HEIGHT" | "CHANGE_ORDER"
  | "CHANGE_SAME" | "CHANGE_OTHER_SET" | "BAD_SET" | "MALFORMED"
  /** It proves something else than was asked for. */
  | "OTHER_SUBJECT"
  /** It is true of a past that is too far back, or behind what was proven before. */
  | "STALE";

/** What was said is not proven: whoever said it is wrong, or lies. */
export class ProofError extends Error {
  override readonly name = "ProofError";

  constructor(readonly reason: ProofReason, message: string = reason) {
    super(message);
  }
}

function refuse(broken: boolean, reason: ProofReason, message?: string): void {
  if (broken) throw new ProofError(reason, message);
}

function decodeBounded<T>(codec: Codec<T>, bytes: Uint8Array, max: number): T {
  refuse(bytes.length > max, "MALFORMED", `${bytes.length} bytes`);
  try {
    return decode(codec, bytes);
  } catch (error) {
    if (error instanceof CodecError) throw new ProofError("MALFORMED", error.message);
    throw error;
  }
}

export const readStateProof = (bytes: Uint8Array): StateProof => decodeBounded(StateProof, bytes, PROOF_BYTES_MAX);
export const readReceiptProof = (bytes: Uint8Array): ReceiptProof => decodeBounded(ReceiptProof, bytes, PROOF_BYTES_MAX);
export const readSetChange = (bytes: Uint8Array): SetChange => decodeBounded(SetChange, bytes, PROOF_BYTES_MAX);

// ---- Validator sets and certificates ----

export function setDigest(set: readonly Validator[]): string {
  return digest("Committee", encode(ValidatorSet, [...set]));
}

export function blockId(header: Header): string {
  return digest("Header", encode(Header, header));
}

/** CO-3. */
function setIsValid(set: readonly Validator[]): boolean {
  const total = set.reduce((sum, { power }) => sum + power, 0n);
  const nameBytes = ({ name }: Validator): number => new TextEncoder().encode(name).length;
  return (
    set.length >= 1 && set.length <= 100 &&
    set.every(({ key }, at) => at === 0 || set[at - 1]!.key < key) &&
    new Set(set.map(({ peer }) => peer)).size === set.length &&
    set.every(({ power }) => power >= 1n) && total < 1n << 62n &&
    set.every((validator) => nameBytes(validator) >= 1 && nameBytes(validator) <= 64) &&
    set.every(({ key, peer }) => isPublicKey(key) && isPublicKey(peer))
  );
}

/** ST-25: `set` committed this header on the chain of `genesis`. */
export function verifyHeader({ header, certificate }: CertifiedHeader, genesis: string, set: readonly Validator[]): void {
  refuse(header.genesis !== genesis, "WRONG_CHAIN");
  refuse(header.validators !== setDigest(set), "WRONG_SET");
  const { height, round, block, signatures } = certificate;
  refuse(block !== blockId(header) || height !== header.height, "WRONG_BLOCK");
  refuse(signatures.some((entry, at) => at > 0 && signatures[at - 1]!.validator >= entry.validator), "SIGNER_ORDER");
  const powers = new Map(set.map(({ key, power }) => [key, power]));
  refuse(signatures.some(({ validator }) => !powers.has(validator)), "UNKNOWN_SIGNER");
  const sum = (all: Iterable<bigint>): bigint => [...all].reduce((total, power) => total + power, 0n);
  const signed = sum(signatures.map(({ validator }) => powers.get(validator) ?? 0n));
  const total = sum(powers.values());
  refuse(3n * signed <= 2n * total, "NO_QUORUM", `signed power ${signed} of ${total} is not more than two thirds`);
  const vote = encode(Vote, { kind: "PRECOMMIT", height, round, block });
  const message = concatBytes(tag("VOTE"), Uint8Array.from(Buffer.from(genesis, "hex")), vote);
  for (const { validator, signature } of signatures) {
    refuse(!verify(validator, message, signature), "BAD_SIGNATURE", `the signature of ${validator} does not hold`);
  }
}

interface Term {
  readonly first: bigint;
  readonly set: readonly Validator[];
}

/** The validator sets of a chain, each from the height that it decides first, beginning with genesis. */
export class SetHistory {
  private readonly terms: Term[];

  constructor(readonly genesis: string, first: readonly Validator[]) {
    this.terms = [{ first: 1n, set: first }];
  }

  /** Reads a genesis file, which must have this hash when one is given. */
  static fromGenesis(file: Uint8Array, expected?: string): { sets: SetHistory; genesis: Genesis } {
    const hash = digest("Genesis", file);
    refuse(expected !== undefined && hash !== expected, "WRONG_CHAIN", `the genesis file has the hash ${hash}`);
    const genesis = decodeBounded(Genesis, file, 1 << 30);
    refuse(!setIsValid(genesis.validators), "BAD_SET");
    return { sets: new SetHistory(hash, genesis.validators), genesis };
  }

  get newest(): Term {
    return this.terms.at(-1)!;
  }

  /** The set that decides `height`, as far as the history goes. */
  at(height: bigint): Term {
    return this.terms.findLast(({ first }) => first <= height) ?? this.terms[0]!;
  }

  /** Adds the next change, which the newest set must have certified (ST-40). */
  extend({ anchor, set }: SetChange): void {
    const { height, validators, next_validators } = anchor.header;
    refuse(height < this.newest.first, "CHANGE_ORDER");
    verifyHeader(anchor, this.genesis, this.newest.set);
    refuse(next_validators === validators, "CHANGE_SAME");
    refuse(setDigest(set) !== next_validators, "CHANGE_OTHER_SET");
    refuse(!setIsValid(set), "BAD_SET");
    this.terms.push({ first: height + 1n, set });
  }

  /** Verifies a header by the set of its height (ST-41). */
  verify(anchor: CertifiedHeader): void {
    const { height, genesis, validators } = anchor.header;
    refuse(genesis !== this.genesis, "WRONG_CHAIN");
    const term = this.at(height);
    if (setDigest(term.set) !== validators) throw new ProofError(this.blame(height, validators));
    verifyHeader(anchor, this.genesis, term.set);
  }

  private blame(height: bigint, named: string): ProofReason {
    const term = this.terms.filter(({ set }) => setDigest(set) === named);
    if (term.length === 0) return "UNKNOWN_SET";
    return term.some(({ first }) => first <= height) ? "OLD_SET" : "EARLY_SET";
  }
}

// ---- Trees ----

function depthOf(count: bigint): number {
  return count <= 1n ? 0 : (count - 1n).toString(2).length;
}

/** The root to which a path leads from a leaf (ST-20 to ST-23). */
function rootOf(kind: "State" | "Receipt", leaf: Uint8Array, { index, count, siblings }: Path): string {
  refuse(index >= count || siblings.length !== depthOf(count) || siblings.length > 40, "WRONG_ROOT", "the path does not fit");
  const domain = (part: "Leaf" | "Node" | "Root"): Domain => `${kind}${part}`;
  const node = (left: string, right: string): string =>
    left === ZERO && right === ZERO ? ZERO : digest(domain("Node"), left, right);
  let [hash, at] = [digest(domain("Leaf"), leaf), index];
  for (const sibling of siblings) {
    hash = at % 2n === 0n ? node(hash, sibling) : node(sibling, hash);
    at /= 2n;
  }
  return digest(domain("Root"), encode(u64, count), hash);
}

/** Verifies a state proof, and reads what was in the state after `anchor.header.executed_height` (ST-26). */
export function verifyState(proof: StateProof, sets: SetHistory): Leaf {
  sets.verify(proof.anchor);
  refuse(rootOf("State", proof.leaf, proof.path) !== proof.anchor.header.state_root, "WRONG_ROOT");
  return decodeBounded(Leaf, proof.leaf, PROOF_BYTES_MAX);
}

/** Verifies a receipt proof, and reads the receipt (ST-27). */
export function verifyReceipt(proof: ReceiptProof, sets: SetHistory): Receipt {
  sets.verify(proof.anchor);
  const { executed_height, receipts_root } = proof.anchor.header;
  refuse(proof.height + BigInt(proof.after.length) !== executed_height, "WRONG_HEIGHT");
  const blocks = [rootOf("Receipt", proof.receipt, proof.path), ...proof.after];
  const root = blocks.reduce((before, block) => digest("ReceiptChain", before, block), proof.before);
  refuse(root !== receipts_root, "WRONG_ROOT");
  const receipt = decodeBounded(Receipt, proof.receipt, PROOF_BYTES_MAX);
  refuse(receipt.height !== proof.height, "MALFORMED", "the receipt names another height");
  return receipt;
}

/** What a proof file proves. */
export type Proven = { type: "State"; leaf: Leaf; header: Header } | { type: "Receipt"; receipt: Receipt; header: Header };

/** Verifies a proof file from the genesis file alone (ST-42). */
export function verifyProofFile(bytes: Uint8Array, genesisFile: Uint8Array): Proven {
  const file = decodeBounded(ProofFile, bytes, PROOF_FILE_BYTES_MAX);
  refuse(file.tag !== PROOF_FILE_TAG, "MALFORMED", "this is no proof file");
  const { sets } = SetHistory.fromGenesis(genesisFile);
  for (const change of file.changes) sets.extend(change);
  const { header } = file.proof.proof.anchor;
  return file.proof.type === "State"
    ? { type: "State", leaf: verifyState(file.proof.proof, sets), header }
    : { type: "Receipt", receipt: verifyReceipt(file.proof.proof, sets), header };
}
