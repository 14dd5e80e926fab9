/** Validators that lie, lag, or are away: a fake server answers with what the vectors hold. */
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { bytesToHex } from "@noble/hashes/utils";
import { decode, encode } from "../src/borsh.js";
import { Client, CursorFile, NonceBook, OutcomeUnknownError, ProofError, RefusedError, SecretKey, VALIDITY_MS_MAX, schema, showAddress } from "../src/index.js";
import type { ClientOptions, Signed } from "../src/index.js";
import { serviceDefinition } from "../src/rpc.js";
import type { Message, Service } from "../src/rpc.js";
import { sign } from "../src/transaction.js";
import { unhex, vectors } from "./vectors.js";

const { genesis, genesis_hash, account, other_account, cases } = vectors("proofs");

/** A case of proofs.json, as the proof and the changes that a server would send. */
function told(what: string): { proof: Message; changes: Message[] } {
  const { proof_file } = cases.find((each: { what: string }) => each.what === what);
  const { changes, proof } = decode(schema.ProofFile, unhex(proof_file));
  const message = proof.type === "State"
    ? { state_proof: encode(schema.StateProof, proof.proof) }
    : { receipt_proof: encode(schema.ReceiptProof, proof.proof) };
  return { proof: message, changes: changes.map((change) => ({ set_change: encode(schema.SetChange, change) })) };
}

type Answer = Message;
type Handlers = Partial<Record<string, (request: Message) => Answer>>;

/** What a validator refuses with: google.rpc.Status with an ErrorInfo, and when to come back in seconds. */
function refusal(code: grpc.status, reason: string, retry?: number): Partial<grpc.ServiceError> {
  const field = (number: number, value: Buffer | string): Buffer => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  };
  const any = (type: string, value: Buffer): Buffer =>
    field(3, Buffer.concat([field(1, `type.googleapis.com/google.rpc.${type}`), field(2, value)]));
  const details = [field(2, reason), any("ErrorInfo", field(1, reason))];
  if (retry !== undefined) details.push(any("RetryInfo", field(1, Buffer.from([8, retry]))));
  const metadata = new grpc.Metadata();
  metadata.set("grpc-status-details-bin", Buffer.concat(details));
  return { code, details: reason, metadata };
}

/** A server with these answers; whatever else is asked of it, it refuses. */
async function fake(handlers: Handlers): Promise<{ url: string; calls: [string, Message][]; stop: () => void }> {
  const server = new grpc.Server();
  const calls: [string, Message][] = [];
  for (const name of ["TxService", "AccountService", "LedgerService", "ProofService", "EventService"] as Service[]) {
    const definition = serviceDefinition(name);
    server.addService(definition, Object.fromEntries(Object.entries(definition).map(([method, { responseStream }]) => {
      const answer = (request: Message): Answer => {
        calls.push([method, request]);
        return handlers[method]?.(request) ?? { code: grpc.status.UNIMPLEMENTED, details: method };
      };
      const unary: grpc.handleUnaryCall<Message, Message> = (call, respond) => {
        const said = answer(call.request);
        if ("code" in said) respond(said as unknown as grpc.ServiceError);
        else respond(null, said);
      };
      const streamed: grpc.handleServerStreamingCall<Message, Message> = (call) => {
        for (const frame of (answer(call.request) as Message)["frames"] ?? []) call.write(frame);
        call.end();
      };
      return [method, responseStream ? streamed : unary];
    })));
  }
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound)));
  return { url: `http://127.0.0.1:${port}`, calls, stop: () => server.forceShutdown() };
}

/** A client of servers with these answers; the vectors' headers are old, so their age is not looked at. */
async function withServers(
  all: Handlers[],
  use: (client: Client, servers: Awaited<ReturnType<typeof fake>>[]) => Promise<void>,
  options: Partial<ClientOptions> = {},
): Promise<void> {
  const servers = await Promise.all(all.map(fake));
  const endpoints = servers.map(({ url }) => url);
  const client = new Client({ endpoints, genesis: unhex(genesis), genesisHash: genesis_hash, maxAgeMs: Infinity, ...options });
  try {
    await use(client, servers);
  } finally {
    client.close();
    for (const { stop } of servers) stop();
  }
}

/** A server that tells this case. */
function teller(what: string): Handlers {
  const { proof, changes } = told(what);
  return { GetProof: () => proof, ListSetChanges: () => ({ changes, head: "1000" }) };
}

const refusedAs = (reason: string) => (error: unknown) => error instanceof ProofError && error.reason === reason;

test("a true balance is proven, whatever is written beside the proof", async () => {
  const honest = teller("a balance");
  const boast = { ...honest, GetProof: () => ({ ...told("a balance").proof, account: { balance_micros: "999" } }) };
  const proven = cases[0].proven.object.balance;
  for (const handlers of [honest, boast]) {
    await withServers([handlers], async (client) => {
      const { value, height } = await client.balance(account);
      assert.deepEqual([value.balance.toString(), height], [proven, 3n]);
    });
  }
});

test("every tampered proof is refused for its reason", async () => {
  const tampered = cases.filter((each: { reason: string | null; proof_file: string }) =>
    each.reason !== null && each.reason !== "MALFORMED");
  assert(tampered.length > 20);
  for (const { what, reason } of tampered) {
    await withServers([teller(what)], async (client) => {
      const isReceipt = "receipt_proof" in told(what).proof;
      const ask = isReceipt ? client.receipt("00".repeat(32)) : client.balance(account);
      await assert.rejects(ask, refusedAs(reason), what);
    });
  }
});

test("a truncated proof, and none at all, are refused", async () => {
  const bytes = told("a balance").proof["state_proof"] as Uint8Array;
  for (const cut of [bytes.subarray(0, bytes.length - 1), bytes.subarray(0, 100), new Uint8Array()]) {
    await withServers([{ GetProof: () => ({ state_proof: cut }) }], async (client) => {
      await assert.rejects(client.balance(account), refusedAs("MALFORMED"));
    });
  }
});

test("a true proof of something else is refused", async () => {
  await withServers([teller("a balance")], async (client) => {
    await assert.rejects(client.balance(other_account), refusedAs("OTHER_SUBJECT"));
    await assert.rejects(client.supply(), refusedAs("OTHER_SUBJECT"));
  });
  await withServers([teller("a receipt")], async (client) => {
    await assert.rejects(client.receipt("11".repeat(32)), refusedAs("OTHER_SUBJECT"));
  });
});

test("a new validator set is followed, and the old one is not believed any more", async () => {
  await withServers([teller("a balance under a later set")], async (client) => {
    await client.balance(account);
    assert.equal(client.sets.newest.first, 7n);
  });
  // The same claim with the old set's changes withheld from the client.
  const { proof } = told("a balance under a later set");
  await withServers([{ GetProof: () => proof, ListSetChanges: () => ({ changes: [] }) }], async (client) => {
    await assert.rejects(client.balance(account), refusedAs("UNKNOWN_SET"));
  });
});

test("a liar among the endpoints is passed over, and one that is away as well", async () => {
  const liars = [teller("the balance altered"), teller("two of four signatures"), {}];
  await withServers([...liars, teller("a balance")], async (client, servers) => {
    servers[2]!.stop();
    assert.equal((await client.balance(account)).height, 3n);
  });
});

test("an old state is not taken for the present one", async () => {
  let what = "a balance";
  await withServers([{ ...teller(what), GetProof: () => told(what).proof }, teller("a balance")], async (client) => {
    await client.balance(account);
    what = "a balance of another height";
    assert.equal((await client.balance(account)).height, 3n, "the other server is ahead");
  });
});

const key = new SecretKey(vectors("keys")[0].secret);

/** A payment whose receipt is the one that the vectors prove. */
function paid(): Signed {
  const { receipt } = cases.find((each: { what: string }) => each.what === "a receipt").proven;
  const signed = payment(4_000_000_000_000n);
  return { ...signed, id: receipt.tx };
}

function payment(validUntil: bigint, nonce = 1n): Signed {
  const op = { type: "Transfer", to: other_account, amount: 1n, travel: null } as const;
  const body = {
    genesis: genesis_hash, chain_id: 7, sender: account, nonce, valid_until: validUntil, sponsor: null,
    memo: null, ops: [op],
  };
  return sign(body, key);
}

test("a payment is committed when its receipt is proven, and not because someone says so", async () => {
  const says = { WaitTx: () => ({ state: "TX_STATE_COMMITTED" }), SubmitTx: () => ({}) };
  await withServers([{ ...says, ...teller("a receipt") }], async (client) => {
    const fate = await client.send(paid());
    assert(fate.state === "COMMITTED" && fate.receipt.height === 2n);
  });
  await withServers([{ ...says, ...teller("the receipt altered") }], async (client) => {
    assert.deepEqual(await client.send(paid(), 300), { state: "UNKNOWN" });
  });
});

test("a payment has expired when its sender's account proves it, and not because someone says so", async () => {
  const expired = { WaitTx: () => ({ state: "TX_STATE_EXPIRED" }) };
  // The vectors' header is of 1,700,000,000,004 ms, and the account has used the nonces 1 to 3.
  const [over, current] = [1_700_000_000_004n, 1_700_000_000_005n];
  for (const [what, validUntil, nonce, state] of [
    ["a balance", over, 4n, "EXPIRED"],
    ["a balance", over, 400n, "EXPIRED"],
    ["a balance", current, 4n, "UNKNOWN"],
    ["a balance", over, 3n, "UNKNOWN"],
    ["a balance", over, 0n, "UNKNOWN"],
    ["a balance under a later set", over, 4n, "UNKNOWN"],
    ["the balance altered", over, 4n, "UNKNOWN"],
  ] as const) {
    await withServers([{ ...expired, ...teller(what) }], async (client) => {
      const fate = await client.wait(payment(validUntil, nonce), 300);
      assert.deepEqual(fate, { state }, `${what}, ${validUntil}, ${nonce}`);
    });
  }
});

test("one validator alone cannot refuse a payment", async () => {
  const tx = payment(4_000_000_000_000n);
  const refuses = { SubmitTx: () => refusal(grpc.status.ALREADY_EXISTS, "NONCE_USED") };
  await withServers([refuses, { SubmitTx: () => ({}) }, {}, {}], (client) => client.submit(tx));
  await withServers([refuses, refuses], async (client) => {
    await assert.rejects(client.submit(tx), (error) => error instanceof RefusedError && error.reason === "NONCE_USED");
  });
});

test("a payment is replaced when another's receipt proves it, and not because someone says so", async () => {
  const { receipt } = cases.find((each: { what: string }) => each.what === "a receipt").proven;
  const says = { WaitTx: () => ({ state: "TX_STATE_REPLACED", replaced_by: receipt.tx }) };
  const nonce = BigInt(receipt.nonce);
  const sent = (under: bigint): Signed => {
    const op = { type: "Transfer", to: other_account, amount: 2n, travel: null } as const;
    const body = { ...payment(4_000_000_000_000n, under).body, sender: receipt.sender, ops: [op] };
    return sign(body, key);
  };
  for (const [what, under, state] of [
    ["a receipt", nonce, "REPLACED"],
    ["a receipt", nonce + 1n, "UNKNOWN"],
    ["the receipt altered", nonce, "UNKNOWN"],
  ] as const) {
    await withServers([{ ...says, ...teller(what) }], async (client) => {
      const fate = await client.wait(sent(under), 300);
      assert.equal(fate.state, state, what);
      if (fate.state === "REPLACED") assert.deepEqual([fate.by, fate.receipt.tx], [receipt.tx, receipt.tx]);
    });
  }
  // Nobody, not even itself, can be what replaced it.
  await withServers([{ ...teller("a receipt"), WaitTx: () => ({ state: "TX_STATE_REPLACED" }) }], async (client) => {
    assert.deepEqual(await client.wait(sent(nonce), 300), { state: "UNKNOWN" });
  });
});

/** An account that has used all its nonces up to this one, as a validator says. */
const used = (high: number): Handlers =>
  ({ GetAccount: () => ({ account: { nonce_window: { high: String(high), seen: "f".repeat(32) } } }) });
const payee = showAddress(other_account, "DEV");
const pay = (client: Client, options = {}): Promise<Signed> => client.payment(key, payee, "1", options);

test("after any refusal the next payment takes the same nonce, and after a taken one the next", async () => {
  for (const reason of ["TOO_FAR_AHEAD", "EXPIRED", "QUOTA_EXCEEDED", "BAD_SIGNATURE", "UNKNOWN_ACCOUNT", "BUSY"]) {
    let refuse = true;
    const SubmitTx = (): Answer => (refuse ? refusal(grpc.status.FAILED_PRECONDITION, reason, 2) : {});
    await withServers([{ ...used(3), SubmitTx }], async (client) => {
      for (let time = 0; time < 2; time++) {
        const tx = await pay(client);
        assert.equal(tx.body.nonce, 4n, reason);
        await assert.rejects(client.submit(tx), (error) => error instanceof RefusedError && error.retryAfterMs === 2000);
      }
      refuse = false;
      const [first, second] = [await pay(client), await pay(client)];
      await client.submit(second);
      await client.submit(first);
      assert.deepEqual([first.body.nonce, second.body.nonce, (await pay(client)).body.nonce], [4n, 5n, 6n]);
    });
  }
});

test("what is not known to be refused keeps its nonce", async () => {
  const lost = { ...used(3), SubmitTx: () => ({ code: grpc.status.UNAVAILABLE, details: "cut off" }) };
  await withServers([lost], async (client) => {
    await assert.rejects(client.submit(await pay(client)), OutcomeUnknownError);
    assert.equal((await pay(client)).body.nonce, 5n);
  });
});

test("payments that are built or refused without a commit stop no client", async () => {
  const refuses = { ...used(3), SubmitTx: () => refusal(grpc.status.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED") };
  await withServers([refuses], async (client) => {
    for (let time = 0; time < 150; time++) await assert.rejects(client.submit(await pay(client)), RefusedError);
    const built = [];
    for (let time = 0; time < 128; time++) built.push((await pay(client)).body.nonce);
    assert.deepEqual(built, Array.from({ length: 128 }, (_, at) => BigInt(4 + at)));
    await assert.rejects(pay(client), /all 128 nonces/);
  });
  // What is never sent lapses with its validity.
  const [book, window] = [new NonceBook(), { high: 3n, seen: 7n }];
  for (let nonce = 4n; nonce < 132n; nonce++) assert.equal(book.next(window, 0n, 100n), nonce);
  assert.equal(book.next(window, 99n, 200n), undefined);
  for (let nonce = 4n; nonce < 132n; nonce++) assert.equal(book.next(window, 100n, 200n), nonce);
  assert.equal(book.next(window, 199n, 300n), undefined);
});

test("a refused payment's nonce is given up on proof alone", async () => {
  const refuses = { SubmitTx: () => refusal(grpc.status.ALREADY_EXISTS, "NONCE_USED") };
  // The account has used the nonces 1 to 3, as the vectors prove; this server says that it is at 50.
  await withServers([{ ...teller("a balance"), ...used(50), ...refuses }], async (client) => {
    await assert.rejects(client.submit(payment(4_000_000_000_000n, 4n)), RefusedError);
    assert.equal(await client.nextNonce(account), 4n, "it may still commit");
  });
  await withServers([{ ...teller("a balance"), ...used(3), ...refuses }], async (client) => {
    await assert.rejects(client.submit(payment(4_000_000_000_000n, 3n)), RefusedError);
    assert.equal(await client.nextNonce(account), 4n, "it is proven to be used");
  });
});

test("nothing is made valid for a whole day, and no amount is a bare number", async () => {
  await withServers([used(3)], async (client) => {
    const ahead = (ms: number): Promise<Signed> => pay(client, { validUntil: BigInt(Date.now() + ms) });
    await ahead(VALIDITY_MS_MAX - 1_000);
    for (const ms of [VALIDITY_MS_MAX + 1_000, 86_400_000, 90_000_000]) await assert.rejects(ahead(ms), RangeError);
    const amountOf = async (amount: unknown): Promise<bigint> => {
      const [op] = (await client.payment(key, payee, amount as string)).body.ops;
      assert(op?.type === "Transfer");
      return op.amount;
    };
    assert.equal(await amountOf("12.50"), 12_500_000n);
    assert.equal(await amountOf({ amountMicros: 12_500_000n }), 12_500_000n);
    const wrong = [12_500_000n, 12.5, 12, null, {}, { amount: 1n }, { amountMicros: 12_500_000 }, { amountMicros: "1" }, ["1"]];
    for (const amount of wrong) await assert.rejects(amountOf(amount), TypeError, String(amount));
    for (const amountMicros of [-1n, 2n ** 64n]) await assert.rejects(amountOf({ amountMicros }), RangeError);
    for (const amount of ["", "12,5", "1e3", "-1", "12.5000001"]) await assert.rejects(amountOf(amount), Error, amount);
  });
});

test("with the genesis hash alone, a genesis is believed that has it", async () => {
  const file = unhex(genesis);
  const pieces = (bytes: Uint8Array): Handlers => ({
    GetGenesis: ({ offset }) => ({ piece: bytes.subarray(Number(offset), Number(offset) + 1000), total_bytes: bytes.length }),
  });
  const forged = Uint8Array.from(file);
  forged[50]! ^= 1;
  const servers = await Promise.all([pieces(forged), { GetGenesis: () => ({ total_bytes: "9" }) }, pieces(file)].map(fake));
  const endpoints = servers.map(({ url }) => url);
  const client = await Client.connect({ endpoints, genesisHash: genesis_hash });
  assert.equal(client.sets.newest.set.length, 4);
  client.close();
  await assert.rejects(Client.connect({ endpoints: endpoints.slice(0, 2), genesisHash: genesis_hash }), refusedAs("WRONG_CHAIN"));
  for (const { stop } of servers) stop();
});

test("the same bytes go to every validator until one takes them, so that nothing is paid twice", async () => {
  const lost = { SubmitTx: () => ({ code: grpc.status.UNAVAILABLE, details: "cut off" }) };
  const busy = { SubmitTx: () => refusal(grpc.status.RESOURCE_EXHAUSTED, "BUSY") };
  const tx = payment(4_000_000_000_000n);
  await withServers([lost, busy, { SubmitTx: () => ({}) }], async (client, servers) => {
    await client.submit(tx);
    const sent = servers.flatMap(({ calls }) => calls.map(([, request]) => bytesToHex(request["signed_tx"])));
    assert.deepEqual(sent, Array(3).fill(bytesToHex(tx.bytes)));
  });
  await withServers([lost, busy], async (client) => {
    await assert.rejects(client.submit(tx), (error) => error instanceof OutcomeUnknownError && error.id === tx.id);
  });
});

test("events go on behind the last cursor, at another validator", async () => {
  const frame = (cursor: string): Message => ({ cursor, event: { cursor, name: "Transferred" } });
  const after: string[] = [];
  const from = (frames: Message[]): Handlers => ({
    SubscribeEvents: (request) => (after.push(request["after"]), { frames }),
  });
  const heartbeat = { cursor: "9", heartbeat: { height: "9" } };
  const first = from([frame("7/0/0"), frame("7/0/1")]);
  await withServers([first, from([frame("8/0/0"), heartbeat])], async (client) => {
    const seen: [string, boolean][] = [];
    for await (const { cursor, event } of client.events({ after: "6" })) {
      seen.push([cursor, event !== undefined]);
      if (cursor === "9") break;
    }
    assert.deepEqual(seen, [["7/0/0", true], ["7/0/1", true], ["8/0/0", true], ["9", false]]);
    assert.deepEqual(after, ["6", "7/0/1"]);
  });
});

test("a cursor is kept in a file", async () => {
  const path = `${mkdtempSync(`${tmpdir()}/ballast-`)}/cursor`;
  const file = new CursorFile(path);
  assert.equal(await file.load(), undefined);
  await file.save("7/0/1");
  writeFileSync(`${path}.new`, "half a wri");
  assert.equal(await new CursorFile(path).load(), "7/0/1");
});
