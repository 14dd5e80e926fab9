/**
 * Borsh as docs/spec/bytes.md has it (BY-1): a codec for each type, composed like the tables of the
 * specification. Integers of 64 bits and more are `bigint`; hashes, addresses, keys and signatures are
 * lower-case hex; byte strings are `Uint8Array`; what is absent is `null`.
 */
import { bytesToHex, concatBytes, hexToBytes } from "@noble/hashes/utils";

/** The bytes are not the canonical encoding of anything, or the value has none. */
export class CodecError extends Error {
  override readonly name = "CodecError";
}

export class Reader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  take(count: number): Uint8Array {
    if (count > this.left) throw new CodecError("the bytes end too early");
    this.at += count;
    return this.bytes.slice(this.at - count, this.at);
  }
}

export interface Codec<T> {
  readonly read: (reader: Reader) => T;
  readonly write: (value: T, out: Uint8Array[]) => void;
}

/** The values of a codec. */
export type Of<C> = C extends Codec<infer T> ? T : never;

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const out: Uint8Array[] = [];
  codec.write(value, out);
  return concatBytes(...out);
}

/** Decodes all of `bytes`. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new Reader(bytes);
  const value = codec.read(reader);
  if (reader.left > 0) throw new CodecError(`${reader.left} bytes are left over`);
  return value;
}

function readInteger(reader: Reader, size: number): bigint {
  return reader.take(size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function writeInteger(value: bigint, size: number): Uint8Array {
  if (value < 0n || value >> BigInt(8 * size)) throw new CodecError(`${value} does not fit into ${size} bytes`);
  return Uint8Array.from({ length: size }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn));
}

const small = (size: number): Codec<number> => ({
  read: (reader) => Number(readInteger(reader, size)),
  write(value, out) {
    if (!Number.isSafeInteger(value)) throw new CodecError(`${value} is not a whole number`);
    out.push(writeInteger(BigInt(value), size));
  },
});

const large = (size: number): Codec<bigint> => ({
  read: (reader) => readInteger(reader, size),
  write(value, out) {
    if (typeof value !== "bigint") throw new CodecError(`${String(value)} is not a bigint`);
    out.push(writeInteger(value, size));
  },
});

export const u8 = small(1);
export const u16 = small(2);
export const u32 = small(4);
export const u64 = large(8);
export const u128 = large(16);

export const bool: Codec<boolean> = {
  read(reader) {
    const value = u8.read(reader);
    if (value > 1) throw new CodecError(`${value} is neither 0 nor 1`);
    return value === 1;
  },
  write: (value, out) => u8.write(value ? 1 : 0, out),
};

/** `size` bytes, as hex. */
export const fixed = (size: number): Codec<string> => ({
  read: (reader) => bytesToHex(reader.take(size)),
  write(value, out) {
    if (value.length !== 2 * size || !/^[0-9a-f]*$/.test(value)) {
      throw new CodecError(`"${value}" is not ${2 * size} lower-case hex digits`);
    }
    out.push(hexToBytes(value));
  },
});

function within(count: number, min: number, max: number, what: string): void {
  if (count < min || count > max) throw new CodecError(`${count} ${what}; ${min} to ${max} are allowed`);
}

/** A byte string. */
export const bytes = (min = 0, max = 0xffff_ffff): Codec<Uint8Array> => ({
  read(reader) {
    const count = u32.read(reader);
    within(count, min, max, "bytes");
    return reader.take(count);
  },
  write(value, out) {
    within(value.length, min, max, "bytes");
    u32.write(value.length, out);
    out.push(value);
  },
});

/** Text of so many bytes of UTF-8. */
export function text(min = 0, max = 0xffff_ffff): Codec<string> {
  const inner = bytes(min, max);
  return {
    read(reader) {
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(inner.read(reader));
      } catch (error) {
        throw error instanceof CodecError ? error : new CodecError("the text is not UTF-8");
      }
    },
    write: (value, out) => inner.write(new TextEncoder().encode(value), out),
  };
}

export const option = <T>(inner: Codec<T>): Codec<T | null> => ({
  read: (reader) => (bool.read(reader) ? inner.read(reader) : null),
  write(value, out) {
    bool.write(value !== null, out);
    if (value !== null) inner.write(value, out);
  },
});

export const array = <T>(inner: Codec<T>, count: number): Codec<T[]> => ({
  read: (reader) => Array.from({ length: count }, () => inner.read(reader)),
  write(values, out) {
    within(values.length, count, count, "values");
    for (const value of values) inner.write(value, out);
  },
});

export const list = <T>(inner: Codec<T>, min = 0, max = 0xffff_ffff): Codec<T[]> => ({
  read(reader) {
    const count = u32.read(reader);
    within(count, min, max, "values");
    // Every value takes a byte at least: a length above that is a lie, found out before it costs memory.
    if (count > reader.left) throw new CodecError("the bytes end too early");
    return Array.from({ length: count }, () => inner.read(reader));
  },
  write(values, out) {
    within(values.length, min, max, "values");
    u32.write(values.length, out);
    for (const value of values) inner.write(value, out);
  },
});

type Fields = Readonly<Record<string, Codec<any>>>;
export type Struct<F> = { [K in keyof F]: Of<F[K]> };

/** Fields in the order in which they are written. */
export function struct<F extends Fields>(fields: F): Codec<Struct<F>> {
  const entries = Object.entries(fields);
  return {
    read: (reader) => Object.fromEntries(entries.map(([name, codec]) => [name, codec.read(reader)])) as Struct<F>,
    write(value, out) {
      for (const [name, codec] of entries) codec.write(value[name], out);
    },
  };
}

/** Names by number. */
export function names<const N extends Readonly<Record<number, string>>>(table: N): Codec<N[keyof N]> {
  const numbers = new Map(Object.entries(table).map(([number, name]) => [name, Number(number)]));
  return {
    read(reader) {
      const number = u8.read(reader);
      const name = table[number];
      if (name === undefined) throw new CodecError(`nothing has the number ${number}`);
      return name as N[keyof N];
    },
    write(name, out) {
      const number = numbers.get(name as string);
      if (number === undefined) throw new CodecError(`"${String(name)}" is none of ${[...numbers.keys()]}`);
      u8.write(number, out);
    },
  };
}

type Variants = Readonly<Record<number, readonly [name: string, fields: Fields]>>;
type VariantOf<V> = V extends readonly [infer N extends string, infer F] ? { type: N } & Struct<F> : never;
export type Variant<V extends Variants> = VariantOf<V[keyof V]>;

/** Variants by number, each with a name, which is the value's `type`, and fields. */
export function variants<const V extends Variants>(table: V): Codec<Variant<V>> {
  const tag = names(Object.fromEntries(Object.entries(table).map(([number, [name]]) => [number, name])));
  const codecs = new Map(Object.values(table).map(([name, fields]) => [name, struct(fields)]));
  return {
    read(reader) {
      const type = tag.read(reader);
      return { type, ...codecs.get(type)?.read(reader) } as Variant<V>;
    },
    write(value: { type: string }, out) {
      tag.write(value.type, out);
      codecs.get(value.type)?.write(value, out);
    },
  };
}

/** A codec whose values obey a further rule. */
export function checked<T>(inner: Codec<T>, rule: (value: T) => string | undefined): Codec<T> {
  const check = (value: T): T => {
    const broken = rule(value);
    if (broken !== undefined) throw new CodecError(broken);
    return value;
  };
  return {
    read: (reader) => check(inner.read(reader)),
    write: (value, out) => inner.write(check(value), out),
  };
}
