/** Keys, signing, and rule R, under which Ballast accepts a signature (TX-10 to TX-14). */
import { ed25519 } from "@noble/curves/ed25519";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils";
import type { KeyPolicy } from "./schema.js";

const FIELD_PRIME = 2n ** 255n - 19n;
/** The y-coordinates of the eight points of small order. */
const SMALL_ORDER_Y = new Set([
  0n,
  1n,
  FIELD_PRIME - 1n,
  fromLittleEndian(hexToBytes("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")),
  fromLittleEndian(hexToBytes("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")),
]);

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** TX-10: below the field prime, and of no small order. */
function encodingIsAcceptable(point: Uint8Array): boolean {
  const y = fromLittleEndian(point) & ((1n << 255n) - 1n);
  return y < FIELD_PRIME && !SMALL_ORDER_Y.has(y);
}

/** An ed25519 secret key. Keep it out of logs: `toJSON` and inspection show the public key only. */
export class SecretKey {
  readonly #seed: Uint8Array;
  readonly public: string;

  constructor(seed: Uint8Array | string) {
    this.#seed = typeof seed === "string" ? hexToBytes(seed) : Uint8Array.from(seed);
    if (this.#seed.length !== 32) throw new Error("a secret key has 32 bytes");
    this.public = bytesToHex(ed25519.getPublicKey(this.#seed));
  }

  static generate(): SecretKey {
    return new SecretKey(ed25519.utils.randomPrivateKey());
  }

  sign(message: Uint8Array): string {
    return bytesToHex(ed25519.sign(message, this.#seed));
  }

  /** The 32 secret bytes, for a keystore to encrypt. */
  expose(): Uint8Array {
    return Uint8Array.from(this.#seed);
  }

  toJSON(): string {
    return this.public;
  }
}

/** Verifies a signature under rule R. */
export function verify(publicKey: string, message: Uint8Array, signature: string): boolean {
  const [key, bytes] = [hexToBytes(publicKey), hexToBytes(signature)];
  if (key.length !== 32 || bytes.length !== 64) return false;
  if (!encodingIsAcceptable(key) || !encodingIsAcceptable(bytes.subarray(0, 32))) return false;
  // ZIP-215: the cofactored equation, S below the group order.
  return ed25519.verify(bytes, message, key, { zip215: true });
}

/** Whether a key may be registered: an acceptable encoding of a point on the curve. */
export function isPublicKey(publicKey: string): boolean {
  try {
    const bytes = hexToBytes(publicKey);
    return encodingIsAcceptable(bytes) && Boolean(ed25519.Point.fromHex(bytes, true));
  } catch {
    return false;
  }
}

/** A policy of `k` of the keys, in any order. */
export function threshold(k: number, keys: string[]): KeyPolicy {
  const policy: KeyPolicy = { type: "Threshold", k, keys: [...keys].sort() };
  const problem = policyProblem(policy);
  if (problem !== undefined) throw new Error(problem);
  return policy;
}

/** What is wrong with a policy (TX-14). */
export function policyProblem(policy: KeyPolicy): string | undefined {
  if (policy.type === "Threshold") {
    const { k, keys } = policy;
    if (keys.length < 1 || keys.length > 16) return "a threshold policy holds 1 to 16 keys";
    if (keys.some((key, at) => at > 0 && keys[at - 1]! >= key)) return "the keys must be strictly ascending";
    if (k < 1 || k > keys.length) return "the threshold must be between 1 and the number of keys";
  }
  const keys = policy.type === "Single" ? [policy.key] : policy.keys;
  return keys.every(isPublicKey) ? undefined : "a key is not a canonical ed25519 point of large order";
}
