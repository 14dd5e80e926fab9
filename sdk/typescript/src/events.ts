/** Events, exactly once and in order, whichever validator tells them. */
import { open, readFile, rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { UnreachableError, troubleOf } from "./rpc.js";
import type { Endpoints, Message } from "./rpc.js";

/** A heartbeat comes every 5 s at least; without one for this long the stream is dead. */
const SILENCE_MS = 15_000;
/** How long to look for a validator that goes on with the stream. */
const SEARCH_MS = 60_000;
const AGAIN_MS = 250;
const CALL_MS = 10_000;

export interface EventOptions {
  /** Everything behind this cursor; "0" is the beginning; by default what happens from now on. */
  after?: string;
  /** Only events that concern one of these accounts, in their text form. */
  accounts?: string[];
  /** Only events of these names, e.g. `Transferred`. */
  names?: string[];
  /** Ends the iteration. */
  signal?: AbortSignal;
}

/**
 * An event, or the news that nothing matched up to a block. It is one validator's word: `Client.receipt` of
 * its transaction proves it.
 */
export interface EventFrame {
  /** Resume behind this: everything up to it has been seen. */
  readonly cursor: string;
  /** See EventRecord in proto/: `name`, `tx_id`, `height`, `event`. */
  readonly event?: Message;
}

/** Follows events across validators and broken connections. */
export async function* follow(endpoints: Endpoints, options: EventOptions): AsyncGenerator<EventFrame, void, undefined> {
  let cursor = options.after ?? String((await endpoints.ask("LedgerService", "GetChainInfo", {}, CALL_MS))["height"]);
  const filter = { accounts: options.accounts ?? [], names: options.names ?? [] };
  let hasBegun = false;
  let troubles: string[] = [];
  let end: number | undefined;
  while (!options.signal?.aborted) {
    const endpoint = endpoints.inTurn()[0]!;
    const stream = endpoint.stream("EventService", "SubscribeEvents", { after: cursor, filter });
    // Errors reach the loop below; one after it has ended concerns nobody.
    stream.on("error", () => undefined);
    const abort = (): void => stream.cancel();
    options.signal?.addEventListener("abort", abort, { once: true });
    const watch = setTimeout(abort, SILENCE_MS);
    try {
      for await (const frame of stream as AsyncIterable<Message>) {
        watch.refresh();
        [cursor, hasBegun, troubles, end] = [frame["cursor"], true, [], undefined];
        yield frame["event"] ? { cursor, event: frame["event"] } : { cursor };
      }
      troubles.push(`${endpoint.url}: the stream ended`);
    } catch (error) {
      if (options.signal?.aborted) return;
      const trouble = troubleOf(error);
      // A validator that is behind the one that gave the cursor catches up.
      const passes = trouble.kind === "final" &&
        (trouble.error.reason === "SLOW_READER" || (trouble.error.reason === "CURSOR_AHEAD" && hasBegun));
      if (trouble.kind === "final" && !passes) throw trouble.error;
      troubles.push(`${endpoint.url}: ${trouble.kind === "lost" ? trouble.problem : trouble.error.message}`);
    } finally {
      clearTimeout(watch);
      options.signal?.removeEventListener("abort", abort);
      stream.cancel();
    }
    endpoints.turn();
    end ??= Date.now() + SEARCH_MS;
    if (Date.now() >= end) throw new UnreachableError(troubles.slice(-endpoints.all.length));
    await sleep(AGAIN_MS);
  }
}

/** A cursor in a file, written so that a crash leaves the old or the new one. */
export class CursorFile {
  constructor(private readonly path: string) {}

  async load(): Promise<string | undefined> {
    try {
      return (await readFile(this.path, "utf8")).trim();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Save after the event's own effect is durable: a crash in between repeats it, and nothing is missed. */
  async save(cursor: string): Promise<void> {
    const file = await open(`${this.path}.new`, "w");
    try {
      await file.writeFile(`${cursor}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.path}.new`, this.path);
  }
}
