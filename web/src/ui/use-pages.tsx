/** A list that is read page by page as it is scrolled, and anew as far as it was read when something happens. */
import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import { call, wordsOf, type Args, type CallName } from "../api";
import { useReads } from "../query";
import type { Calls, Event } from "records";

type Lists = { [N in CallName]: Calls[N]["answer"] extends { total: number; cursor?: string } ? N : never }[CallName] & `GET ${string}`;

export interface Pages<T> {
  items: T[];
  total: number;
  isRead: boolean;
  problem: VNode | null;
  more: () => void;
}

interface Portion<T> {
  items: T[];
  total: number;
  cursor: string | undefined;
}

interface Read<T> extends Portion<T> {
  key: string;
  isRead: boolean;
  error: unknown;
}

const size = 200;
const sizeMax = 1000;
const everyMs = 15_000;

/** At least `count` items from `cursor` on, where there are so many. */
async function readOn<N extends Lists, T>(name: N, args: Args, itemsOf: (answer: Calls[N]["answer"]) => T[], cursor: string | undefined, count: number): Promise<Portion<T>> {
  const items: T[] = [];
  let at = cursor;
  let total = 0;
  do {
    const answer = await call(name, { ...args, limit: Math.min(sizeMax, Math.max(size, count - items.length)), cursor: at });
    const { total: all, cursor: next } = answer as { total: number; cursor?: string };
    items.push(...itemsOf(answer));
    total = all;
    at = next;
  } while (at !== undefined && items.length < count);
  return { items, total, cursor: at };
}

export function usePages<N extends Lists, T>(name: N, args: Args, itemsOf: (answer: Calls[N]["answer"]) => T[], match: (news: Event | "again") => boolean, messages = false): Pages<T> {
  const key = `${name} ${JSON.stringify(args)}`;
  const none: Read<T> = { key, isRead: false, items: [], total: 0, cursor: undefined, error: undefined };
  const [state, set] = useState<Read<T>>(none);
  const found = state.key === key ? state : none;
  /** What is under way: what is read anew and what is read on are never mixed, and what is of another key is dropped. */
  const busy = useRef<{ key: string } | undefined>(undefined);
  const run = async (read: () => Promise<Portion<T>>): Promise<void> => {
    if (busy.current?.key === key) {
      return;
    }
    const own = { key };
    busy.current = own;
    try {
      const portion = await read();
      if (busy.current === own) {
        set({ ...portion, key, isRead: true, error: undefined });
      }
    } catch (error) {
      if (busy.current === own) {
        set((before) => ({ ...(before.key === key ? before : none), error }));
      }
    }
    if (busy.current === own) {
      busy.current = undefined;
    }
  };
  const isLong = found.items.length > sizeMax;
  useReads(key, () => run(() => readOn(name, args, itemsOf, undefined, found.items.length)), { match, messages: messages && !isLong, ...(isLong ? {} : { everyMs }) });
  const more = (): void => {
    if (found.cursor !== undefined) {
      void run(async () => {
        const next = await readOn(name, args, itemsOf, found.cursor, size);
        return { ...next, items: [...found.items, ...next.items] };
      });
    }
  };
  const problem = found.error === undefined ? null : <p class="error" role="alert">{wordsOf(found.error)}</p>;
  return { items: found.items, total: found.total, isRead: found.isRead, problem, more };
}
