/**
 * Which nonce comes next (TX-21, TX-34). Of one nonce at most one transaction is ever executed, so what was
 * refused, or has expired, gives its nonce to what is built next: if the first one commits after all, the
 * second one cannot.
 */

/** How far from the highest used nonce a fresh one may be. */
export const NONCE_WINDOW = 128n;
/** The most nonces that are kept to be given out again: whoever chooses them by hand may choose any. */
const AGAIN_MAX = 256;

/** The nonces that an account has used: bit `i` of `seen` stands for `high - i` (TX-20). */
export interface Window {
  readonly high: bigint;
  readonly seen: bigint;
}

/** Whether a nonce is known not to be used; one above the window counts. */
export function isUnused(nonce: bigint, { high, seen }: Window): boolean {
  if (nonce > high) return true;
  const age = high - nonce;
  return nonce > 0n && age < NONCE_WINDOW && ((seen >> age) & 1n) === 0n;
}

/** What was given out for one account. */
export class NonceBook {
  /** Nonces of what may be on its way, each with the end of its validity. */
  private readonly given = new Map<bigint, bigint>();
  /** Nonces of what was refused, or whose time is over: the first to be given out again. */
  private readonly again = new Set<bigint>();

  /** The nonce for a transaction that is valid until `until`; none while all of the window are on their way. */
  next(window: Window, now: bigint, until: bigint): bigint | undefined {
    for (const [nonce, end] of this.given) {
      if (end <= now) this.release(nonce);
      else if (!isUnused(nonce, window)) this.given.delete(nonce);
    }
    const last = window.high + NONCE_WINDOW;
    let next = [...this.again].filter((nonce) => nonce <= last).sort((a, b) => (a < b ? -1 : 1))[0];
    for (let fresh = window.high + 1n; next === undefined && fresh <= last; fresh++) {
      if (!this.given.has(fresh)) next = fresh;
    }
    if (next !== undefined) this.take(next, until);
    return next;
  }

  /** Notes a nonce that was chosen by hand. */
  take(nonce: bigint, until: bigint): void {
    this.again.delete(nonce);
    const before = this.given.get(nonce) ?? 0n;
    this.given.set(nonce, until > before ? until : before);
  }

  /** What had it was refused, or expired: it is given out again. */
  release(nonce: bigint): void {
    this.given.delete(nonce);
    this.again.add(nonce);
    if (this.again.size > AGAIN_MAX) {
      this.again.delete([...this.again].reduce((a, b) => (a > b ? a : b)));
    }
  }

  /** What had it is on chain, or another one is: proven. */
  spent(nonce: bigint): void {
    this.given.delete(nonce);
    this.again.delete(nonce);
  }

  /** Those to be given out again that this window says are used or passed. */
  doubtful(window: Window): bigint[] {
    return [...this.again].filter((nonce) => !isUnused(nonce, window));
  }
}
