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
  /** Of a search: how many were looked through so far. */
  searched: number;
  isRead: boolean;
  hasMore: boolean;
  problem: VNode | null;
  more: () => void;
}

interface Portion<T> {
  items: T[];
  total: number;
  searched: number;
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

/** A search may find little on each page: so many pages, and then whoever searches says whether to go on. */
const searchPages = 20;

/** At least `count` items from `cursor` on, where there are so many, and as long as they are wanted. */
async function readOn<N extends Lists, T>(name: N, args: Args, itemsOf: (answer: Calls[N]["answer"]) => T[], from: { cursor: string | undefined; count: number; isWanted: () => boolean }): Promise<Portion<T>> {
  const items: T[] = [];
  const { count } = from;
  let at = from.cursor;
  let total = 0;
  let searched = 0;
  let pages = 0;
  do {
    const answer = await call(name, { ...args, limit: Math.min(sizeMax, Math.max(size, count - items.length)), cursor: at });
    const { total: all, cursor: next, searched: seen } = answer as { total: number; cursor?: string; searched?: number };
    items.push(...itemsOf(answer));
    total = all;
    searched += seen ?? 0;
    at = next;
    pages = seen === undefined ? 0 : pages + 1;
  } while (at !== undefined && items.length < Math.max(count, 1) && pages < searchPages && from.isWanted());
  return { items, total, searched, cursor: at };
}

export function usePages<N extends Lists, T>(name: N, args: Args, itemsOf: (answer: Calls[N]["answer"]) => T[], match: (news: Event | "again") => boolean, { messages = false, isSearch = false } = {}): Pages<T> {
  const key = `${name} ${JSON.stringify(args)}`;
  const none: Read<T> = { key, isRead: false, items: [], total: 0, searched: 0, cursor: undefined, error: undefined };
  const [state, set] = useState<Read<T>>(none);
  const found = state.key === key ? state : none;
  /** What is under way: what is read anew and what is read on are never mixed, and what is of another key is dropped. */
  const busy = useRef<{ key: string } | undefined>(undefined);
  const run = async (read: (isWanted: () => boolean) => Promise<Portion<T>>): Promise<void> => {
    if (busy.current?.key === key) {
      return;
    }
    const own = { key };
    busy.current = own;
    try {
      const portion = await read(() => busy.current === own);
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
  // What a search has found stays as it was found: to look anew through all that it has looked through costs too much.
  const again = (): Promise<void> => (isSearch && found.isRead ? Promise.resolve() : run((isWanted) => readOn(name, args, itemsOf, { cursor: undefined, count: isSearch ? size : found.items.length, isWanted })));
  useReads(key, again, { match, messages: messages && !isLong && !isSearch, ...(isLong || isSearch ? {} : { everyMs }) });
  const more = (): void => {
    if (found.cursor !== undefined) {
      void run(async (isWanted) => {
        const next = await readOn(name, args, itemsOf, { cursor: found.cursor, count: size, isWanted });
        return { ...next, searched: found.searched + next.searched, items: [...found.items, ...next.items] };
      });
    }
  };
  const problem = found.error === undefined ? null : <p class="error" role="alert">{wordsOf(found.error)}</p>;
  return { items: found.items, total: found.total, searched: found.searched, isRead: found.isRead, hasMore: found.cursor !== undefined, problem, more };
}
