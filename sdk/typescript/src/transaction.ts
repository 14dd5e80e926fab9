/** Building and signing transactions, and what is signed inside operations (TX-1 to TX-5, AUTH-1). */
import { concatBytes } from "@noble/hashes/utils";
import { CodecError, decode, encode, struct, u32, u64 } from "./borsh.js";
import type { Codec } from "./borsh.js";
import { digest, tag } from "./digest.js";
import type { Tag } from "./digest.js";
import { verify } from "./keys.js";
import type { SecretKey } from "./keys.js";
import { Address, Hash, PayAuthBody, PermitBody, SignedTx, TxBody } from "./schema.js";
import type { Op, TravelData, Witness } from "./schema.js";

export const TX_BYTES_MAX = 16 * 1024;

/** Which chain a signature counts on. */
export interface ChainId {
  /** The genesis hash, hex. */
  readonly genesis: string;
  readonly chain_id: number;
}

/** A transaction ready to send. Keep `id` before sending: it tells afterwards what became of it. */
export interface Signed {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly body: TxBody;
}

/** What the witnesses of a transaction sign. */
export function signedBytes(body: TxBody): Uint8Array {
  return concatBytes(tag("TX"), encode(TxBody, body));
}

/** A transaction's id: known before it is signed, the same whoever signs. */
export function transactionId(body: TxBody): string {
  return digest("TxId", signedBytes(body));
}

function witnesses(message: Uint8Array, keys: readonly SecretKey[]): Witness[] {
  const byKey = new Map(keys.map((key) => [key.public, key]));
  const sorted = [...byKey.values()].sort((a, b) => (a.public < b.public ? -1 : 1));
  return sorted.map((key) => ({ key: key.public, signature: key.sign(message) }));
}

export function sign(body: TxBody, ...keys: SecretKey[]): Signed {
  return combine(body, witnesses(signedBytes(body), keys));
}

/** Puts together what several people signed. */
export function combine(body: TxBody, all: readonly Witness[]): Signed {
  const byKey = new Map(all.map((witness) => [witness.key, witness]));
  const sorted = [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  const bytes = encode(SignedTx, { body, witnesses: sorted });
  if (bytes.length > TX_BYTES_MAX) throw new CodecError(`a transaction of ${bytes.length} bytes is over 16 KiB`);
  return { id: transactionId(body), bytes, body };
}

/** Reads a signed transaction, and refuses what no validator would decode. Signatures are not verified. */
export function decodeTransaction(bytes: Uint8Array): SignedTx {
  if (bytes.length > TX_BYTES_MAX) throw new CodecError("a transaction over 16 KiB");
  return decode(SignedTx, bytes);
}

/** Whether every witness of the transaction itself signed it. */
export function signaturesHold({ body, witnesses }: SignedTx): boolean {
  const message = signedBytes(body);
  return witnesses.every(({ key, signature }) => verify(key, message, signature));
}

// ---- Statements inside operations ----

const Travel = struct({ payer: Address, payee: Address, amount: u64, data: Hash, nonce: Hash, expires: u64 });

/** What is signed of a statement: purpose, chain, statement. */
export function statementBytes<T>(purpose: Tag, chain: ChainId, codec: Codec<T>, statement: T): Uint8Array {
  const chainBytes = encode(struct({ genesis: Hash, chain_id: u32 }), chain);
  return concatBytes(tag(purpose), chainBytes, encode(codec, statement));
}

/** An allowance that its owner signs, for anyone to relay. */
export function permit(chain: ChainId, body: PermitBody, ...keys: SecretKey[]): Op {
  return { type: "Permit", body, witnesses: witnesses(statementBytes("PERMIT", chain, PermitBody, body), keys) };
}

/** A payment that its payer signs, for anyone to relay. */
export function payAuth(chain: ChainId, body: PayAuthBody, keys: SecretKey[], travel: TravelData | null = null): Op {
  const message = statementBytes("PAYAUTH", chain, PayAuthBody, body);
  return { type: "PayAuth", body, witnesses: witnesses(message, keys), travel };
}

/** The payee's institution's word that it has received the data that belongs to a payment. */
export function travelData(
  chain: ChainId,
  payment: { payer: string; payee: string; amount: bigint },
  about: { data: string; nonce: string; expires: bigint },
  key: SecretKey,
): TravelData {
  const message = statementBytes("TRAVEL", chain, Travel, { ...payment, ...about });
  return { ...about, witness: { key: key.public, signature: key.sign(message) } };
}
