/** A list that is read page by page as it is scrolled, and anew as far as it was read when something happens. */
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { call, wordsOf, type Args, type CallName } from "../api";
import type { News } from "../live";
import { useQuery } from "../query";
import type { Calls } from "records";

type Lists = { [N in CallName]: Calls[N]["answer"] extends { total: number; cursor?: string } ? N : never }[CallName] & `GET ${string}`;

export interface Pages<T> {
  items: T[];
  total: number;
  isRead: boolean;
  problem: VNode | null;
  more: () => void;
}

const size = 200;

export function usePages<N extends Lists, T>(name: N, args: Args, itemsOf: (answer: Calls[N]["answer"]) => T[], match: (news: News) => boolean): Pages<T> {
  const first = useQuery(name, { ...args, limit: size }, { match: (news) => news === "again" || match(news), everyMs: 15_000 });
  const [rest, setRest] = useState<{ of: unknown; items: T[]; cursor: string | undefined }>({ of: undefined, items: [], cursor: undefined });
  const [error, setError] = useState<unknown>(undefined);
  const isReading = useRef(false);
  const data = first.data as (Calls[N]["answer"] & { total: number; cursor?: string }) | undefined;
  const key = JSON.stringify(args);
  useEffect(() => setRest({ of: undefined, items: [], cursor: undefined }), [key]);
  const cursor = rest.of === undefined ? data?.cursor : rest.cursor;
  const more = (): void => {
    if (cursor === undefined || isReading.current) {
      return;
    }
    isReading.current = true;
    call(name, { ...args, limit: size, cursor }).then(
      (answer) => {
        const next = (answer as { cursor?: string }).cursor;
        setRest((before) => ({ of: key, items: [...before.items, ...itemsOf(answer)], cursor: next }));
        isReading.current = false;
      },
      (found: unknown) => {
        setError(found);
        isReading.current = false;
      },
    );
  };
  const wrong = first.error ?? error;
  return {
    items: [...(data === undefined ? [] : itemsOf(data)), ...rest.items],
    total: data?.total ?? 0,
    isRead: data !== undefined,
    problem: wrong === undefined ? null : <p class="error" role="alert">{wordsOf(wrong)}</p>,
    more,
  };
}
