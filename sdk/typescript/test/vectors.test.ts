import assert from "node:assert/strict";
import { test } from "node:test";
import { blake3 } from "@noble/hashes/blake3";
import { bytesToHex } from "@noble/hashes/utils";
import { CODES } from "../src/codes.js";
import { CodecError, decode, encode } from "../src/borsh.js";
import type { Codec } from "../src/borsh.js";
import { digest, tag } from "../src/digest.js";
import type { Tag } from "../src/digest.js";
import {
  ProofError, SecretKey, SetHistory, addressOf, blockId, decodeTransaction, formatDollars, parseAddress,
  parseDollars, policyProblem, setDigest, showAddress, sign, signaturesHold, signedBytes, statementBytes, threshold,
  transactionId, travelData, verify, verifyHeader, verifyProofFile,
} from "../src/index.js";
import * as schema from "../src/schema.js";
import { plain, specPage, unhex, vectors } from "./vectors.js";

/** Decodes, compares with the fields of the vector, and encodes again. */
function roundTrip<T>(codec: Codec<T>, hex: string, fields: unknown): T {
  const value = decode(codec, unhex(hex));
  assert.deepEqual(plain(value), fields);
  assert.equal(bytesToHex(encode(codec, value)), hex);
  return value;
}

function reasonOf(action: () => void): string | null {
  try {
    action();
    return null;
  } catch (error) {
    if (error instanceof ProofError) return error.reason;
    throw error;
  }
}

test("digests and tags", () => {
  const { digests, tags } = vectors("digests");
  const known = digests.filter(({ context, input, digest: expected }: Record<string, string>) => {
    const direct = bytesToHex(blake3(unhex(input!), { context: context! }));
    assert.equal(direct, expected);
    return true;
  });
  assert.equal(known.length, 22);
  const ballast = new TextEncoder().encode("ballast");
  const of = (context: string): string => digests.find((each: { context: string }) => each.context === context).digest;
  assert.equal(digest("Address", ballast), of("ballast v1 address"));
  assert.equal(digest("ReceiptChain", ballast), of("ballast v1 receipt chain"));
  for (const { tag: name, bytes } of tags) {
    assert.equal(bytesToHex(tag(name.replace("BALLAST1-", "") as Tag)), bytes);
  }
});

test("codes are those of the specification", () => {
  const rows = [...specPage("codes.md").matchAll(/^\| (\d+) \| (\w+) \|/gm)];
  assert.deepEqual(CODES, Object.fromEntries(rows.map(([, number, name]) => [number, name])));
});

test("keys and their signatures", () => {
  for (const { secret, public: key, message, signature } of vectors("keys")) {
    const secretKey = new SecretKey(secret);
    assert.equal(secretKey.public, key);
    assert.equal(secretKey.sign(unhex(message)), signature);
    assert(verify(key, unhex(message), signature));
    assert(!JSON.stringify({ secretKey }).includes(secret));
  }
});

test("signatures on the edges of rule R", () => {
  for (const { what, public: key, message, signature, accepted } of vectors("signatures")) {
    assert.equal(verify(key, unhex(message), signature), accepted, what);
  }
});

test("addresses and policies", () => {
  const { good, upper_case, bad_texts, bad_policies } = vectors("addresses");
  for (const each of good) {
    const policy = roundTrip(schema.KeyPolicy, each.bytes, each.policy);
    assert.equal(policyProblem(policy), undefined);
    assert.equal(addressOf(policy), each.address);
    for (const [network, prefix] of [["MAIN", "bal"], ["TEST", "tbal"], ["DEV", "dbal"]] as const) {
      assert.equal(showAddress(each.address, network), each[prefix]);
      assert.equal(parseAddress(each[prefix], network), each.address);
      assert.throws(() => parseAddress(each[prefix], network === "DEV" ? "MAIN" : "DEV"));
    }
    if (policy.type === "Threshold") assert.deepEqual(threshold(policy.k, [...policy.keys].reverse()), policy);
  }
  assert.equal(parseAddress(upper_case, "DEV"), good[0].address);
  for (const { what, text } of bad_texts) {
    for (const network of ["MAIN", "TEST", "DEV"] as const) assert.throws(() => parseAddress(text, network), what);
  }
  for (const { what, bytes } of bad_policies) {
    let problem: unknown;
    try {
      problem = policyProblem(decode(schema.KeyPolicy, unhex(bytes)));
    } catch (error) {
      problem = error;
    }
    assert(problem, what);
  }
});

test("amounts", () => {
  const { good, bad, written } = vectors("amounts");
  for (const { text, micros } of good) assert.equal(parseDollars(text), BigInt(micros), text);
  for (const text of bad) assert.throws(() => parseDollars(text), text);
  for (const { text, micros } of written) assert.equal(formatDollars(BigInt(micros)), text);
  // Differences, which no amount is, read the same with a sign.
  for (const { text, micros } of written) {
    if (micros !== "0") assert.equal(formatDollars(-BigInt(micros)), `-${text}`);
  }
  assert.throws(() => formatDollars(12 as unknown as bigint), TypeError);
  for (const bare of [12_500_000n, 12.5, undefined]) assert.throws(() => parseDollars(bare as unknown as string), TypeError);
});

test("every operation is encoded, signed and decoded", () => {
  const { good, bad } = vectors("transactions");
  for (const each of good) {
    const { body } = decodeTransaction(unhex(each.bytes));
    assert.deepEqual(plain(body), each.body, each.name);
    assert.equal(bytesToHex(signedBytes(body)), each.signed_bytes, each.name);
    assert.equal(transactionId(body), each.id, each.name);
    const signed = sign(body, ...each.secrets.map((secret: string) => new SecretKey(secret)));
    assert.equal(bytesToHex(signed.bytes), each.bytes, each.name);
    assert(signaturesHold(decodeTransaction(signed.bytes)), each.name);
    for (const { signed_bytes, witnesses } of each.inside) {
      for (const { key, signature } of witnesses) assert(verify(key, unhex(signed_bytes), signature), each.name);
    }
  }
  for (const { reason, bytes } of bad) {
    assert.throws(() => decodeTransaction(unhex(bytes)), CodecError, reason);
  }
});

test("what is signed inside operations", () => {
  const { good } = vectors("transactions");
  const named = (name: string, at = 0) => good.filter((each: { name: string }) => each.name === name)[at];
  const bodyOf = (name: string, at = 0) => decodeTransaction(unhex(named(name, at).bytes)).body;
  const chain = bodyOf("Permit");
  const [permit, payAuth, transfer] = [bodyOf("Permit").ops[0], bodyOf("PayAuth").ops[0], bodyOf("Transfer", 1).ops[0]];
  assert(permit?.type === "Permit" && payAuth?.type === "PayAuth" && transfer?.type === "Transfer" && transfer.travel);
  const permitBytes = statementBytes("PERMIT", chain, schema.PermitBody, permit.body);
  assert.equal(bytesToHex(permitBytes), named("Permit").inside[0].signed_bytes);
  const payBytes = statementBytes("PAYAUTH", chain, schema.PayAuthBody, payAuth.body);
  assert.equal(bytesToHex(payBytes), named("PayAuth").inside[0].signed_bytes);
  const { witness, ...about } = transfer.travel;
  const payment = { payer: bodyOf("Transfer", 1).sender, payee: transfer.to, amount: transfer.amount };
  const key = new SecretKey(vectors("keys")[0].secret);
  const ours = travelData(chain, payment, about, key).witness;
  const [inside] = named("Transfer", 1).inside;
  assert(verify(ours.key, unhex(inside.signed_bytes), ours.signature));
  assert.equal(inside.witnesses[0].key, witness.key);
});

test("receipts and their roots", () => {
  for (const { receipts } of vectors("receipts")) {
    for (const { receipt, bytes } of receipts) roundTrip(schema.Receipt, bytes, receipt);
  }
});

test("objects of the state", () => {
  for (const { key, object, bytes } of vectors("objects").leaves) roundTrip(schema.Leaf, bytes, { key, object });
});

test("certificates", () => {
  for (const each of vectors("certificates")) {
    const set = decode(schema.ValidatorSet, unhex(each.set));
    const anchor = decode(schema.CertifiedHeader, unhex(each.certified_header));
    assert.equal(setDigest(set), each.set_digest);
    assert.equal(blockId(anchor.header), each.block_id);
    assert.equal(reasonOf(() => verifyHeader(anchor, each.genesis_hash, set)), each.reason, each.what);
  }
});

test("changes of the validator set", () => {
  const { genesis_hash, first_set, cases } = vectors("sets");
  for (const { what, changes, certified_header, reason } of cases) {
    const sets = new SetHistory(genesis_hash, decode(schema.ValidatorSet, unhex(first_set)));
    const follow = (): void => {
      for (const change of changes) sets.extend(decode(schema.SetChange, unhex(change)));
      sets.verify(decode(schema.CertifiedHeader, unhex(certified_header)));
    };
    assert.equal(reasonOf(follow), reason, what);
  }
});

test("proofs, from the genesis file alone", () => {
  const { genesis, genesis_hash, cases } = vectors("proofs");
  assert.equal(SetHistory.fromGenesis(unhex(genesis), genesis_hash).sets.genesis, genesis_hash);
  assert.equal(reasonOf(() => SetHistory.fromGenesis(unhex(genesis), "00".repeat(32))), "WRONG_CHAIN");
  for (const { what, proof_file, proven, reason } of cases) {
    const prove = () => verifyProofFile(unhex(proof_file), unhex(genesis));
    assert.equal(reasonOf(prove), reason, what);
    if (reason !== null) continue;
    const answer = prove();
    const shown = answer.type === "State" ? answer.leaf : { receipt: answer.receipt };
    assert.deepEqual(plain(shown), proven, what);
  }
});

test("a proof with any one bit changed proves nothing", () => {
  const { genesis, cases } = vectors("proofs");
  const good = unhex(cases[0].proof_file);
  for (let at = 0; at < good.length; at += 7) {
    const changed = Uint8Array.from(good);
    changed[at]! ^= 1 << at % 8;
    assert.notEqual(reasonOf(() => verifyProofFile(changed, unhex(genesis))), null, `byte ${at}`);
  }
});
