/**
 * A wallet on a network of real validators: BALLAST_TESTNET names a file with what `ballast testnet env`
 * prints. `sdk/test.sh` starts one.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { Client, CursorFile, ProofError, SecretKey, addressOf, parseDollars, sign, threshold } from "../src/index.js";
import type { Fate } from "../src/index.js";
import type { KeyPolicy, Op, Receipt } from "../src/schema.js";
import { unhex, vectors } from "./vectors.js";

const file = process.env["BALLAST_TESTNET"];
const skip = file === undefined && "BALLAST_TESTNET is not set";

function committed(fate: Fate): Receipt {
  assert.equal(fate.state, "COMMITTED", JSON.stringify(fate, (_, value) => (typeof value === "bigint" ? `${value}` : value)));
  return (fate as { receipt: Receipt }).receipt;
}

test("a wallet's life", { skip, timeout: 180_000 }, async () => {
  const env = JSON.parse(readFileSync(file!, "utf8"));
  const genesis = readFileSync(env.genesis_file);
  const live: string[] = env.validators.map(({ grpc }: { grpc: string }) => grpc);
  // One that nobody listens at, in front: a wallet must not notice.
  const client = new Client({ endpoints: ["http://127.0.0.1:1", ...live], genesis, genesisHash: env.genesis_hash });
  try {
    await walletLife(client, env);
    const byHash = await Client.connect({ endpoints: live, genesisHash: env.genesis_hash });
    assert.equal((await byHash.report(1n)).value.status, "EFFECTIVE");
    byHash.close();
    const stranger = new Client({ endpoints: live, genesis: unhex(vectors("proofs").genesis) });
    await assert.rejects(stranger.supply(), (error) => error instanceof ProofError && error.reason === "WRONG_CHAIN");
    stranger.close();
  } finally {
    client.close();
  }
});

async function walletLife(client: Client, env: any): Promise<void> {
  const secretOf = (name: string): SecretKey =>
    new SecretKey([...env.accounts, ...env.roles].find((each: { name: string }) => each.name === name).secret);
  const shop = env.accounts[5].address;
  const start = (await client.supply()).height;

  // Two accounts, registered: one of a key, one of two keys out of three.
  const keys = [SecretKey.generate(), SecretKey.generate(), SecretKey.generate()];
  const [mine, other, third] = keys as [SecretKey, SecretKey, SecretKey];
  const policies: KeyPolicy[] = [{ type: "Single", key: mine.public }, threshold(2, keys.map((key) => key.public))];
  const [wallet, vault] = policies.map(addressOf) as [string, string];
  const registrar = secretOf("dev:registrar");
  const register = policies.map((policy): Op => ({
    type: "RegisterAccount", policy, kyc_class: 0, kyc_until: BigInt(Date.now() + 86_400_000), institution: 0, memo_required: false,
  }));
  committed(await client.send(sign(await client.build(addressOf(registrar.public), register), registrar)));

  // Funded, then a payment, the same bytes sent twice.
  const faucet = secretOf("dev:6");
  committed(await client.send(await client.payment(faucet, client.showAddress(wallet), "20.00")));
  const payment = await client.payment(mine, shop, "12.50", { memo: "INV-17" });
  const receipt = committed(await client.send(payment));
  assert.deepEqual(await client.send(payment), { state: "COMMITTED", receipt });
  const { value, height } = await client.balance(wallet, { atLeast: receipt.height });
  assert.equal(value.balance, parseDollars("7.50"));
  assert(height >= receipt.height);

  // More than there is: on chain, without effect, and the reason is proven.
  const more = await client.payment(mine, shop, "7.500001");
  assert.equal((await client.simulate(more.body))["failure"].reason, "INSUFFICIENT_AVAILABLE");
  const tooMuch = await client.send(more);
  assert(tooMuch.state === "FAILED" && tooMuch.code === "INSUFFICIENT_AVAILABLE");

  // One that nobody was sent, whose time is over: proven by the account of its sender.
  const body = await client.build(wallet, [{ type: "CancelAuth", nonce: "00".repeat(32), deadline: 2n ** 64n - 1n }], { validUntil: BigInt(Date.now()) });
  assert.deepEqual(await client.wait(sign(body, mine)), { state: "EXPIRED" });

  // Two under one nonce: the one that comes second is replaced, and the first one's receipt proves it.
  const winner = await client.payment(mine, shop, { amountMicros: 1n });
  const loser = await client.payment(mine, shop, "0.000002", { nonce: winner.body.nonce });
  const won = committed(await client.send(winner));
  await assert.rejects(client.submit(loser), (error: { reason?: string; metadata?: Record<string, string> }) =>
    error.reason === "NONCE_USED" && error.metadata?.["used_by"] === winner.id);
  assert.deepEqual(await client.wait(loser), { state: "REPLACED", by: winner.id, receipt: won });

  // Too early by two seconds: refused for now, and the next one takes its nonce.
  const early = { ...(await client.payment(mine, shop, "0.000001")).body, valid_until: BigInt(Date.now() + 86_402_000) };
  await assert.rejects(client.submit(sign(early, mine)), (error: { reason?: string; retryAfterMs?: number }) =>
    error.reason === "TOO_FAR_AHEAD" && error.retryAfterMs! > 0 && error.retryAfterMs! <= 10_000);
  const again = await client.payment(mine, shop, "0.000001");
  assert.equal(again.body.nonce, early.nonce);
  committed(await client.send(again));

  // Two of three keys.
  committed(await client.send(await client.payment(mine, client.showAddress(vault), "5")));
  const back: Op = { type: "Transfer", to: wallet, amount: 1n, travel: null };
  committed(await client.send(sign(await client.build(vault, [back]), third, other)));

  await replay(client, wallet, start);
}

/** The wallet's events: half of them, then, as after a restart, the rest from the cursor that was kept. */
async function replay(client: Client, wallet: string, start: bigint): Promise<void> {
  const cursors = new CursorFile(`${mkdtempSync(`${tmpdir()}/ballast-`)}/cursor`);
  await cursors.save(String(start));
  const seen: string[] = [];
  for (const count of [2, 4]) {
    const options = { after: (await cursors.load())!, accounts: [client.showAddress(wallet)], names: ["Transferred"] };
    let left = count;
    for await (const { cursor, event } of client.events(options)) {
      await cursors.save(cursor);
      if (event === undefined) continue;
      const { value: receipt } = await client.receipt(event["tx_id"]);
      const proven = receipt.events[event["event_index"]]!;
      assert(proven.type === "Transferred");
      seen.push(`${proven.from === wallet ? "-" : "+"}${proven.amount}`);
      if (--left === 0) break;
    }
  }
  assert.deepEqual(seen, ["+20000000", "-12500000", "-1", "-1", "-5000000", "+1"]);
}
