/** A wallet's view of the chain: nothing that a single validator says is believed without proof. */
import { setTimeout as sleep } from "node:timers/promises";
import { encode } from "./borsh.js";
import { CODES } from "./codes.js";
import { follow } from "./events.js";
import type { EventFrame, EventOptions } from "./events.js";
import type { SecretKey } from "./keys.js";
import { NonceBook, isUnused } from "./nonces.js";
import { ProofError, SetHistory, readReceiptProof, readSetChange, readStateProof, verifyReceipt, verifyState } from "./proof.js";
import { Endpoints, RefusedError, UnreachableError, troubleOf } from "./rpc.js";
import type { Endpoint, Message } from "./rpc.js";
import * as schema from "./schema.js";
import type { Account, Header, Leaf, Network, Op, Receipt, Report, Supply, TxBody } from "./schema.js";
import { addressOf, amountOf, parseAddress, showAddress } from "./text.js";
import type { Amount } from "./text.js";
import { sign } from "./transaction.js";
import type { ChainId, Signed } from "./transaction.js";

const CALL_MS = 10_000;
const PROOF_MS = 30_000;
const HOUR_MS = 3_600_000;
/** The longest one validator is waited for before another is asked. */
const WAIT_STEP_MS = 5_000;
const WAIT_GRACE_MS = 3_000;
const AGAIN_MS = 250;
/** How often all validators are tried before a submission is given up. */
const SUBMIT_ROUNDS = 3;
/** For how long a transaction is made valid at most: a clock that is fast by a minute does no harm (TX-35). */
export const VALIDITY_MS_MAX = 24 * HOUR_MS - 60_000;
/** States that a validator may claim, and that must then be proven. */
const FINAL = new Set(["TX_STATE_COMMITTED", "TX_STATE_FAILED", "TX_STATE_EXPIRED", "TX_STATE_REPLACED"]);
const GENESIS_BYTES_MAX = 1 << 30;

export interface ClientOptions {
  /** Validators, such as `http://127.0.0.1:9001`; with several, no single one can deceive or stop the wallet. */
  endpoints: readonly string[];
  /** The genesis file: with it everything else is verified. */
  genesis: Uint8Array;
  /** The chain's identity, hex, from a source other than the file's. */
  genesisHash?: string;
  /** Certificates (PEM) that an `https://` endpoint must lead to. */
  ca?: Uint8Array;
  /** The oldest header that a balance may rest on, by this machine's clock; 60 s. */
  maxAgeMs?: number;
}

export interface TxOptions {
  memo?: Uint8Array | string;
  /** Hex. */
  sponsor?: string;
  /** By default an hour from now; at most a day less a minute. */
  validUntil?: bigint;
  /**
   * By default that of the last transaction that was refused or has expired, if there is one, or else the
   * next. To pay again when it is not certain what became of a transaction, give the first one's: of one
   * nonce one transaction at most is ever executed.
   */
  nonce?: bigint;
}

/** What became of a transaction. Receipts are proven. */
export type Fate =
  | { state: "COMMITTED"; receipt: Receipt }
  /** On chain without effect; `code` says why, e.g. `INSUFFICIENT_AVAILABLE`. */
  | { state: "FAILED"; receipt: Receipt; code: string }
  /** Not on chain, and it never will be: proven. */
  | { state: "EXPIRED" }
  /** Not on chain, and it never will be: the transaction `by` used its nonce, as its receipt proves. */
  | { state: "REPLACED"; by: string; receipt: Receipt }
  /** Not decided within the time given: wait again, or send the same bytes again. */
  | { state: "UNKNOWN" };

/** Something of the state that a quorum of the validators stands for. */
export interface ProvenState<T> {
  readonly value: T;
  /** The state after this height. */
  readonly height: bigint;
  /** The header that attests it. */
  readonly header: Header;
}

/** A submission was lost on its way: it may or may not have arrived. Wait for it, or send the same bytes again. */
export class OutcomeUnknownError extends Error {
  override readonly name = "OutcomeUnknownError";

  constructor(readonly id: string, problem: string) {
    super(`it is not known whether ${id} arrived: ${problem}`);
  }
}

export class Client {
  readonly chain: ChainId;
  readonly network: Network;
  readonly endpoints: Endpoints;
  readonly sets: SetHistory;
  private readonly maxAgeMs: number;
  private readonly books = new Map<string, NonceBook>();
  /** The highest height whose state was proven. */
  private proven = 0n;

  constructor(options: ClientOptions) {
    const { sets, genesis } = SetHistory.fromGenesis(options.genesis, options.genesisHash);
    this.sets = sets;
    this.network = genesis.network;
    this.chain = { genesis: sets.genesis, chain_id: genesis.chain_id };
    this.endpoints = new Endpoints(options.endpoints, options.ca);
    this.maxAgeMs = options.maxAgeMs ?? 60_000;
  }

  /** A client of which only the genesis hash is known: validators give the rest, and it is checked against that. */
  static async connect(options: Omit<ClientOptions, "genesis"> & { genesisHash: string }): Promise<Client> {
    const endpoints = new Endpoints(options.endpoints, options.ca);
    const problems: Error[] = [];
    try {
      for (const endpoint of endpoints.all) {
        try {
          return new Client({ ...options, genesis: await genesisOf(endpoint) });
        } catch (error) {
          problems.push(problemOf(error, endpoint));
        }
      }
    } finally {
      endpoints.close();
    }
    throw gravest(problems);
  }

  close(): void {
    this.endpoints.close();
  }

  showAddress(address: string): string {
    return showAddress(address, this.network);
  }

  // ---- Building ----

  /** A body ready to sign. */
  async build(sender: string, ops: Op[], options: TxOptions = {}): Promise<TxBody> {
    const { memo } = options;
    const until = options.validUntil ?? BigInt(Date.now() + HOUR_MS);
    if (until > BigInt(Date.now() + VALIDITY_MS_MAX)) {
      throw new RangeError("a transaction is made valid for a day less a minute at most");
    }
    if (options.nonce !== undefined) this.book(sender).take(options.nonce, until);
    return {
      ...this.chain,
      sender,
      nonce: options.nonce ?? (await this.nextNonce(sender, until)),
      valid_until: until,
      sponsor: options.sponsor ?? null,
      memo: memo === undefined ? null : typeof memo === "string" ? new TextEncoder().encode(memo) : memo,
      ops,
    };
  }

  /**
   * A signed payment to an address, not sent yet: keep it, then `send` it. The amount is decimal dollars as
   * text, `"12.50"`, or micro-dollars by name, `{ amountMicros: 12_500_000n }`.
   */
  async payment(from: SecretKey, to: string, amount: Amount, options: TxOptions = {}): Promise<Signed> {
    const op: Op = { type: "Transfer", to: parseAddress(to, this.network), amount: amountOf(amount), travel: null };
    return sign(await this.build(addressOf(from.public), [op], options), from);
  }

  /**
   * The next nonce: that of a transaction that was refused or has expired, or else the lowest that the chain
   * has not seen and this client has not given out.
   */
  async nextNonce(address: string, until = BigInt(Date.now() + HOUR_MS)): Promise<bigint> {
    const { high = 0, seen = "0" } = (await this.account(address))["nonce_window"] ?? {};
    const window = { high: BigInt(high), seen: BigInt(`0x${seen}`) };
    const book = this.book(address);
    if (book.doubtful(window).length > 0) await this.dropUsed(address, book);
    const next = book.next(window, BigInt(Date.now()), until);
    if (next === undefined) {
      throw new Error("transactions that are on their way, or were built and not sent, have all 128 nonces");
    }
    return next;
  }

  /**
   * Takes out what the chain has used, by proof: a validator that lies must not make the next transaction
   * take another nonce than one that was refused and may still commit.
   */
  private async dropUsed(address: string, book: NonceBook): Promise<void> {
    const proven = await ifProven(this.balance(address));
    for (const nonce of proven === undefined ? [] : book.doubtful(proven.value.replay)) book.spent(nonce);
  }

  private book(address: string): NonceBook {
    const book = this.books.get(address) ?? new NonceBook();
    this.books.set(address, book);
    return book;
  }

  // ---- Sending ----

  /**
   * Submits and waits. The same bytes go to one validator after the other until one takes them: they
   * execute once, however often they arrive.
   */
  async send(tx: Signed, limitMs = 30_000): Promise<Fate> {
    try {
      await this.submit(tx);
    } catch (error) {
      if (!(error instanceof OutcomeUnknownError)) throw error;
    }
    return this.wait(tx, limitMs);
  }

  /**
   * Submits to one validator after the other until one takes it. A refusal counts when more than a third of
   * the endpoints say so: one that lies must not make a wallet pay again what it has passed on. No refusal is
   * for good: what is built next takes the same nonce, so that of the two at most one is ever executed.
   */
  async submit(tx: Signed): Promise<void> {
    try {
      await this.handIn(tx);
    } catch (error) {
      if (!(error instanceof OutcomeUnknownError)) this.book(tx.body.sender).release(tx.body.nonce);
      throw error;
    }
  }

  private async handIn(tx: Signed): Promise<void> {
    const refusals = new Set<string>();
    let lost: string | undefined;
    let outcome: Error = new UnreachableError(this.endpoints.all.map(({ url }) => url));
    rounds: for (let round = 0; round < SUBMIT_ROUNDS; round++) {
      if (round > 0) await sleep(AGAIN_MS);
      for (const endpoint of this.endpoints.inTurn()) {
        try {
          await endpoint.call("TxService", "SubmitTx", { signed_tx: tx.bytes }, CALL_MS);
          this.endpoints.prefer(endpoint);
          return;
        } catch (error) {
          const trouble = troubleOf(error);
          if (trouble.kind === "lost") lost = `${endpoint.url}: ${trouble.problem}`;
          else outcome = trouble.error;
          if (trouble.kind === "final") refusals.add(endpoint.url);
        }
        if (this.isMoreThanAThird(refusals.size)) break rounds;
      }
    }
    // Once a call was lost, its bytes may have arrived: no later answer takes that back.
    throw lost === undefined ? outcome : new OutcomeUnknownError(tx.id, lost);
  }

  private isMoreThanAThird(endpoints: number): boolean {
    return 3 * endpoints > this.endpoints.all.length;
  }

  /** Waits for what becomes of a transaction, asking one validator after the other. */
  async wait(tx: Signed, limitMs = 30_000): Promise<Fate> {
    const end = Date.now() + limitMs;
    for (;;) {
      for (const endpoint of this.endpoints.inTurn()) {
        const step = Math.max(1, Math.min(end - Date.now(), WAIT_STEP_MS));
        const said = await this.stateAt(endpoint, tx, step);
        const fate = FINAL.has(said?.["state"]) ? await this.fate(tx, said?.["replaced_by"] ?? "", end) : undefined;
        if (fate !== undefined) return this.noted(tx, fate);
        if (Date.now() >= end) return { state: "UNKNOWN" };
      }
      await sleep(AGAIN_MS);
    }
  }

  /** What became of a transaction decides over its nonce. */
  private noted({ body }: Signed, fate: Fate): Fate {
    if (fate.state === "EXPIRED") this.book(body.sender).release(body.nonce);
    else if (fate.state !== "UNKNOWN") this.book(body.sender).spent(body.nonce);
    return fate;
  }

  private async stateAt(endpoint: Endpoint, tx: Signed, timeoutMs: number): Promise<Message | undefined> {
    const request = { tx_id: tx.id, tx_body: encode(schema.TxBody, tx.body), timeout_ms: timeoutMs };
    try {
      return await endpoint.call("TxService", "WaitTx", request, timeoutMs + WAIT_GRACE_MS);
    } catch (error) {
      // Whatever is wrong with this one, another may know.
      troubleOf(error);
      return undefined;
    }
  }

  /** What can be proven of a transaction that is said to be decided. */
  private async fate(tx: Signed, by: string, end: number): Promise<Fate | undefined> {
    const proven = await ifProven(this.receipt(tx.id, end));
    if (proven === undefined) {
      if (by !== "") return this.replaced(tx, by, end);
      return (await ifProven(this.hasExpired(tx, end))) ? { state: "EXPIRED" } : undefined;
    }
    const receipt = proven.value;
    if (receipt.outcome.type === "Success") return { state: "COMMITTED", receipt };
    return { state: "FAILED", receipt, code: CODES[receipt.outcome.code] ?? String(receipt.outcome.code) };
  }

  /** Whether another transaction's receipt proves that it used the nonce. */
  private async replaced({ id, body }: Signed, by: string, end: number): Promise<Fate | undefined> {
    const receipt = (await ifProven(this.receipt(by, end)))?.value;
    const isProof = receipt?.sender === body.sender && receipt.nonce === body.nonce && receipt.tx !== id;
    return isProof ? { state: "REPLACED", by, receipt } : undefined;
  }

  /**
   * Whether the sender's account shows that a transaction can never commit (BY-44): a header whose time is
   * not below `valid_until` attests the state right before it, in which the nonce is unused.
   */
  private async hasExpired({ body }: Signed, end: number): Promise<boolean> {
    const { value, height, header } = await this.balance(body.sender, {}, end);
    const isOver = header.time >= body.valid_until && header.height === height + 1n;
    return isOver && isUnused(body.nonce, value.replay);
  }

  // ---- Proven reads ----

  /**
   * An account, proven. After a payment, give its receipt's height as `atLeast` to see its effect.
   */
  async balance(address: string, options: { atLeast?: bigint } = {}, end = patience()): Promise<ProvenState<Account>> {
    return this.state({ account: this.showAddress(address) }, options.atLeast, end, ({ key, object }) =>
      key.type === "Account" && key.address === address && object.type === "Account" ? object : undefined);
  }

  /** The supply, proven. */
  async supply(options: { atLeast?: bigint } = {}): Promise<ProvenState<Supply>> {
    return this.state({ supply: {} }, options.atLeast, patience(), ({ object }) =>
      object.type === "Supply" ? object : undefined);
  }

  /** A reserve report by its number, from 1, proven. */
  async report(report: bigint): Promise<ProvenState<Report>> {
    return this.state({ report: report.toString() }, undefined, patience(), ({ key, object }) =>
      key.type === "Report" && key.report === report && object.type === "Report" ? object : undefined);
  }

  /** A transaction's receipt, proven. */
  async receipt(id: string, end = patience()): Promise<ProvenState<Receipt>> {
    return this.prove({ tx_id: id }, end, async (answer, endpoint) => {
      const proof = readReceiptProof(answer["receipt_proof"] ?? new Uint8Array());
      await this.follow(endpoint, proof.anchor.header.height);
      const value = verifyReceipt(proof, this.sets);
      if (value.tx !== id) throw new ProofError("OTHER_SUBJECT", "the receipt is of another transaction");
      return { value, height: value.height, header: proof.anchor.header };
    });
  }

  private state<T>(
    target: Message,
    atLeast: bigint | undefined,
    end: number,
    pick: (leaf: Leaf) => T | undefined,
  ): Promise<ProvenState<T>> {
    return this.prove(target, end, async (answer, endpoint) => {
      const proof = readStateProof(answer["state_proof"] ?? new Uint8Array());
      const { header } = proof.anchor;
      await this.follow(endpoint, header.height);
      const leaf = verifyState(proof, this.sets);
      const value = pick(leaf);
      if (value === undefined) throw new ProofError("OTHER_SUBJECT", `it proves another ${leaf.key.type}`);
      const height = header.executed_height;
      if (height < this.proven || height < (atLeast ?? 0n)) throw new ProofError("STALE", `the state after ${height} is behind`);
      if (Date.now() - Number(header.time) > this.maxAgeMs) throw new ProofError("STALE", `its header is of ${header.time}`);
      this.proven = height;
      return { value, height, header };
    });
  }

  /** Asks one validator after the other until one proves what it says. Who is only behind is asked again. */
  private async prove<T>(
    target: Message,
    end: number,
    verify: (answer: Message, endpoint: Endpoint) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      const problems: Error[] = [];
      for (const endpoint of this.endpoints.inTurn()) {
        try {
          const limitMs = Math.max(CALL_MS, end - Date.now());
          const proven = await verify(await endpoint.call("ProofService", "GetProof", target, limitMs), endpoint);
          this.endpoints.prefer(endpoint);
          return proven;
        } catch (error) {
          problems.push(problemOf(error, endpoint));
        }
      }
      const isBehind = problems.some((error) => error instanceof ProofError && error.reason === "STALE");
      if (!isBehind || Date.now() >= end) throw gravest(problems);
      await sleep(AGAIN_MS);
    }
  }

  /** Follows the changes of the validator set below a height, as this validator tells them, each verified. */
  private async follow(endpoint: Endpoint, height: bigint): Promise<void> {
    for (;;) {
      const from = this.sets.newest.first;
      if (from >= height) return;
      const answer = await endpoint.call("ProofService", "ListSetChanges", { from_height: from.toString() }, CALL_MS);
      for (const { set_change } of answer["changes"]) {
        const change = readSetChange(set_change);
        if (change.anchor.header.height >= height) return;
        this.sets.extend(change);
      }
      if (this.sets.newest.first === from || !answer["next_page_token"]) return;
    }
  }

  // ---- Unproven reads ----

  /** An account as one validator sees it at its newest block: for nonces and display, not for trust. */
  async account(address: string): Promise<Message> {
    const answer = await this.endpoints.ask("AccountService", "GetAccount", { address: this.showAddress(address) }, CALL_MS);
    return answer["account"];
  }

  /** What a transaction would do if it were in a block now, by the word of one validator: SimulateTxResponse in proto/. */
  async simulate(body: TxBody): Promise<Message> {
    return this.endpoints.ask("TxService", "SimulateTx", { tx_body: encode(schema.TxBody, body) }, CALL_MS);
  }

  /** What happens on the chain, in order, without a gap or a repetition, across validators. See `EventOptions`. */
  events(options: EventOptions = {}): AsyncGenerator<EventFrame, void, undefined> {
    return follow(this.endpoints, options);
  }
}

const patience = (): number => Date.now() + PROOF_MS;

/** The genesis file as a validator tells it, piece by piece; unchecked. */
async function genesisOf(endpoint: Endpoint): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let offset = 0, total = Infinity; offset < total; ) {
    const answer = await endpoint.call("LedgerService", "GetGenesis", { offset: String(offset) }, CALL_MS);
    const piece: Uint8Array = answer["piece"];
    total = Number(answer["total_bytes"]);
    if (piece.length === 0 || total > GENESIS_BYTES_MAX) throw new ProofError("MALFORMED", "the genesis has no end");
    pieces.push(piece);
    offset += piece.length;
  }
  return Buffer.concat(pieces);
}

/** What was proven; nothing when nobody could. */
async function ifProven<T>(proof: Promise<T>): Promise<T | undefined> {
  try {
    return await proof;
  } catch (error) {
    if (error instanceof ProofError || error instanceof RefusedError || error instanceof UnreachableError) return undefined;
    throw error;
  }
}

function problemOf(error: unknown, endpoint: Endpoint): Error {
  if (error instanceof ProofError) return error;
  const trouble = troubleOf(error);
  return trouble.kind === "lost" ? new UnreachableError([`${endpoint.url}: ${trouble.problem}`]) : trouble.error;
}

/** What matters most: a lie, then a refusal. */
function gravest(problems: readonly Error[]): Error {
  return problems.find((error) => error instanceof ProofError) ??
    problems.find((error) => error instanceof RefusedError) ??
    new UnreachableError(problems.map((error) => error.message));
}
