/** Calls to validators, any of which may be away, and what their refusals mean. */
import { readFileSync } from "node:fs";
import * as grpc from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";

/** How the messages of the API are read: 64-bit integers are decimal strings, enumerations names. */
const SCHEMA = loadFileDescriptorSetFromBuffer(readFileSync(new URL("../ballast.v1.bin", import.meta.url)), {
  keepCase: true, longs: String, enums: String, defaults: true, oneofs: true,
});

export type Service =
  | "TxService" | "AccountService" | "LedgerService" | "SupplyService" | "ControlService" | "EventService"
  | "ProofService";

/** The definition of a service, e.g. to serve it in a test. */
export function serviceDefinition(service: Service): grpc.ServiceDefinition {
  return SCHEMA[`ballast.v1.${service}`] as grpc.ServiceDefinition;
}

/** A message of the API as it comes: see proto/. */
export type Message = Readonly<Record<string, any>>;

/** A validator refused, and said why. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";

  constructor(
    /** Stable name, such as `NONCE_USED`. */
    readonly reason: string,
    message: string,
    readonly metadata: Readonly<Record<string, string>> = {},
    /** How long to wait before trying again; absent when that does not help. */
    readonly retryAfterMs?: number,
  ) {
    super(`${reason}: ${message}`);
  }
}

/** No validator answered. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";

  constructor(readonly attempts: readonly string[]) {
    super(`no validator answered: ${attempts.join("; ")}`);
  }
}

/** What an answer that is not OK means for the next step. */
export type Trouble =
  /** This validator's word is final. */
  | { kind: "final"; error: RefusedError }
  /** It took nothing; another may. */
  | { kind: "another"; error: RefusedError }
  /** The call may or may not have arrived. */
  | { kind: "lost"; problem: string };

const ANOTHER = new Set(["BUSY", "SHUTTING_DOWN", "PROOF_UNAVAILABLE"]);
const LOST = new Set([grpc.status.UNAVAILABLE, grpc.status.UNKNOWN, grpc.status.CANCELLED, grpc.status.DEADLINE_EXCEEDED]);

export function troubleOf(error: unknown): Trouble {
  const { code, details, metadata } = error as grpc.ServiceError;
  if (code === undefined) throw error;
  const bytes = metadata?.get("grpc-status-details-bin")[0];
  const refused = Buffer.isBuffer(bytes) ? readStatus(bytes) : undefined;
  if (refused === undefined) {
    if (LOST.has(code)) return { kind: "lost", problem: details };
    return { kind: "final", error: new RefusedError(grpc.status[code] ?? "UNKNOWN", details) };
  }
  if (ANOTHER.has(refused.reason)) return { kind: "another", error: refused };
  if (refused.reason === "DEADLINE_EXCEEDED") return { kind: "lost", problem: refused.message };
  return { kind: "final", error: refused };
}

// ---- google.rpc.Status, whose few fields need no generated code ----

type Fields = Map<number, (bigint | Buffer)[]>;

function fieldsOf(bytes: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): bigint => {
    for (let value = 0n, shift = 0n; at < bytes.length && shift < 64n; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Error("a varint has no end");
  };
  while (at < bytes.length) {
    const key = Number(varint());
    let value: bigint | Buffer;
    if ((key & 7) === 0) value = varint();
    else if ((key & 7) === 2) {
      const end = Number(varint()) + at;
      value = bytes.subarray(at, (at = end));
    } else throw new Error(`wire type ${key & 7}`);
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value]);
  }
  return fields;
}

const textOf = (fields: Fields, number: number): string => String(fields.get(number)?.[0] ?? "");
const nested = (fields: Fields, number: number): Fields[] =>
  (fields.get(number) ?? []).map((value) => fieldsOf(Buffer.isBuffer(value) ? value : Buffer.alloc(0)));

function readStatus(bytes: Buffer): RefusedError | undefined {
  try {
    const status = fieldsOf(bytes);
    const detail = (type: string): Fields | undefined => {
      const found = nested(status, 3).find((any) => textOf(any, 1).endsWith(`google.rpc.${type}`));
      return found && nested(found, 2)[0];
    };
    const info = detail("ErrorInfo");
    if (info === undefined) return undefined;
    const metadata = Object.fromEntries(nested(info, 3).map((entry) => [textOf(entry, 1), textOf(entry, 2)]));
    const retry = detail("RetryInfo");
    const delay = retry && nested(retry, 1)[0];
    const after = delay && Number(delay.get(1)?.[0] ?? 0n) * 1000 + Number(delay.get(2)?.[0] ?? 0n) / 1e6;
    return new RefusedError(textOf(info, 1), textOf(status, 2), metadata, after);
  } catch {
    return undefined;
  }
}

// ---- Endpoints ----

/** One validator; connected when first used. */
export class Endpoint {
  private readonly clients = new Map<Service, grpc.Client>();
  private readonly address: string;
  private readonly credentials: grpc.ChannelCredentials;

  constructor(readonly url: string, ca?: Uint8Array) {
    const { protocol, host } = new URL(url);
    if (protocol !== "http:" && protocol !== "https:") throw new Error(`${url} begins with neither http:// nor https://`);
    this.address = host;
    this.credentials = protocol === "https:"
      ? grpc.credentials.createSsl(ca === undefined ? null : Buffer.from(ca))
      : grpc.credentials.createInsecure();
  }

  private client(service: Service): grpc.Client {
    let client = this.clients.get(service);
    if (client === undefined) {
      const Constructor = grpc.makeGenericClientConstructor(serviceDefinition(service), service);
      client = new Constructor(this.address, this.credentials, {
        "grpc.max_receive_message_length": 64 << 20, "grpc.keepalive_time_ms": 10_000,
        "grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 2_000,
      });
      this.clients.set(service, client);
    }
    return client;
  }

  /** One call; throws what gRPC throws: see `troubleOf`. */
  call(service: Service, method: string, request: Message, limitMs: number): Promise<Message> {
    const { path, requestSerialize, responseDeserialize } = serviceDefinition(service)[method]!;
    return new Promise((resolve, reject) => {
      this.client(service).makeUnaryRequest<Message, Message>(
        path, requestSerialize, responseDeserialize, request, new grpc.Metadata(),
        { deadline: Date.now() + limitMs }, (error, answer) => (error ? reject(error) : resolve(answer!)),
      );
    });
  }

  /** A call that is answered by a stream. */
  stream(service: Service, method: string, request: Message): grpc.ClientReadableStream<Message> {
    const { path, requestSerialize, responseDeserialize } = serviceDefinition(service)[method]!;
    return this.client(service).makeServerStreamRequest<Message, Message>(
      path, requestSerialize, responseDeserialize, request, new grpc.Metadata());
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
  }
}

/** Several validators of one chain. */
export class Endpoints {
  readonly all: readonly Endpoint[];
  private first = 0;

  constructor(urls: readonly string[], ca?: Uint8Array) {
    if (urls.length === 0) throw new Error("no endpoint is given");
    this.all = urls.map((url) => new Endpoint(url, ca));
  }

  /** All of them, the one that answered last first. */
  inTurn(): Endpoint[] {
    return [...this.all.slice(this.first), ...this.all.slice(0, this.first)];
  }

  prefer(endpoint: Endpoint): void {
    this.first = Math.max(0, this.all.indexOf(endpoint));
  }

  /** Turns to the next one first from now on. */
  turn(): void {
    this.first = (this.first + 1) % this.all.length;
  }

  /** Asks one after the other until one answers. Only for calls that may be repeated. */
  async ask(service: Service, method: string, request: Message, limitMs: number): Promise<Message> {
    const attempts: string[] = [];
    let refusal: RefusedError | undefined;
    for (const endpoint of this.inTurn()) {
      try {
        const answer = await endpoint.call(service, method, request, limitMs);
        this.prefer(endpoint);
        return answer;
      } catch (error) {
        const trouble = troubleOf(error);
        if (trouble.kind === "final") throw trouble.error;
        if (trouble.kind === "another") refusal = trouble.error;
        else attempts.push(`${endpoint.url}: ${trouble.problem}`);
      }
    }
    throw refusal ?? new UnreachableError(attempts);
  }

  close(): void {
    for (const endpoint of this.all) endpoint.close();
  }
}
