/** What a page reads from the server, read anew when something that it shows has happened. */
import { useEffect, useRef, useState } from "preact/hooks";
import { call, type Args, type CallName } from "./api";
import { onNews, type News } from "./live";
import type { Calls, Event } from "records";

type Reads = Extract<CallName, `GET ${string}`>;

export interface Query<T> {
  data: T | undefined;
  error: unknown;
  reload: () => void;
}

export interface QueryOptions {
  /** Whether an event makes it worth reading anew; every one where absent. */
  match?: (news: Event | "again") => boolean;
  /** Also when messages have changed: it shows receipts. */
  messages?: boolean;
  /** Also every so often while the page is seen, for what no event tells. */
  everyMs?: number;
  isOff?: boolean;
}

function isOfInterest(news: News, options: QueryOptions): boolean {
  return news === "messages" ? (options.messages ?? false) : news === "again" || (options.match?.(news) ?? true);
}

const kept = new Map<string, unknown>();
const keptMax = 200;
const gapMs = 250;
const changed = new Set<() => void>();

const afterActionMs = 300;

/**
 * After an action of this page everything that is shown is read anew: a moment later, so that what the event of the action
 * touches is read first, here and on other pages.
 */
export function reloadAll(): void {
  setTimeout(() => changed.forEach((tell) => tell()), afterActionMs);
}

function keep(key: string, value: unknown): void {
  kept.delete(key);
  kept.set(key, value);
  const oldest = kept.keys().next();
  if (kept.size > keptMax && !oldest.done) {
    kept.delete(oldest.value);
  }
}

export function forgetAll(): void {
  kept.clear();
}

/** Reads at once, and never more than one at a time or four a second. */
function reader(run: () => Promise<void>): { ask: () => void; end: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastAt = 0;
  let isRunning = false;
  let isWanted = false;
  let isOver = false;
  const go = async (): Promise<void> => {
    timer = undefined;
    isRunning = true;
    isWanted = false;
    lastAt = Date.now();
    await run();
    isRunning = false;
    if (isWanted) {
      ask();
    }
  };
  const ask = (): void => {
    if (isOver || timer !== undefined) {
      return;
    }
    if (isRunning) {
      isWanted = true;
      return;
    }
    timer = setTimeout(() => void go(), Math.max(0, lastAt + gapMs - Date.now()));
  };
  const end = (): void => {
    isOver = true;
    clearTimeout(timer);
  };
  return { ask, end };
}

/**
 * Runs `read` at once, after news that match, after an action of this page, and every so often; anew for each `key`. What it
 * answers is a function that runs it.
 */
export function useReads(key: string, read: () => Promise<void>, options: QueryOptions): () => void {
  const latest = useRef({ read, options });
  latest.current = { read, options };
  const asked = useRef<() => void>(() => {});
  useEffect(() => {
    if (options.isOff) {
      return undefined;
    }
    const { ask, end } = reader(() => latest.current.read());
    asked.current = ask;
    const forget = onNews((news) => {
      if (isOfInterest(news, latest.current.options)) {
        ask();
      }
    });
    changed.add(ask);
    const every = options.everyMs ? setInterval(() => document.hidden || ask(), options.everyMs) : undefined;
    ask();
    return () => {
      end();
      forget();
      changed.delete(ask);
      clearInterval(every);
    };
  }, [key, options.isOff, options.everyMs]);
  return () => asked.current();
}

export function useQuery<N extends Reads>(name: N, args: Args = {}, options: QueryOptions = {}): Query<Calls[N]["answer"]> {
  type Answer = Calls[N]["answer"];
  const key = `${name} ${JSON.stringify(args)}`;
  const [found, set] = useState<{ key: string; data: Answer | undefined; error: unknown }>({ key, data: kept.get(key) as Answer | undefined, error: undefined });
  const reload = useReads(key, async () => {
    try {
      const data = await call(name, args);
      keep(key, data);
      set({ key, data, error: undefined });
    } catch (error) {
      set({ key, data: kept.get(key) as Answer | undefined, error });
    }
  }, options);
  const current = found.key === key ? found : { data: kept.get(key) as Answer | undefined, error: undefined };
  return { data: current.data, error: current.error, reload };
}
