export { CodecError, decode, encode } from "./borsh.js";
export { CODES } from "./codes.js";
export { SecretKey, isPublicKey, policyProblem, threshold, verify } from "./keys.js";
export {
  ProofError, SetHistory, blockId, readReceiptProof, readSetChange, readStateProof, setDigest, verifyHeader,
  verifyProofFile, verifyReceipt, verifyState,
} from "./proof.js";
export type { ProofReason, Proven } from "./proof.js";
export * as schema from "./schema.js";
export { NonceBook } from "./nonces.js";
export { addressOf, amountOf, formatDollars, parseAddress, parseDollars, showAddress } from "./text.js";
export type { Amount } from "./text.js";
export {
  combine, decodeTransaction, payAuth, permit, sign, signaturesHold, signedBytes, statementBytes, transactionId,
  travelData,
} from "./transaction.js";
export type { ChainId, Signed } from "./transaction.js";
export { Client, OutcomeUnknownError, VALIDITY_MS_MAX } from "./client.js";
export type { ClientOptions, Fate, ProvenState, TxOptions } from "./client.js";
export { CursorFile } from "./events.js";
export type { EventFrame, EventOptions } from "./events.js";
export { RefusedError, UnreachableError } from "./rpc.js";
