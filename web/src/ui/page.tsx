/** What pages are made of: headings, sections, waiting, emptiness, errors. */
import type { ComponentChildren, VNode } from "preact";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../api";
import type { Query } from "../query";

export function Page({ title, children, aside }: { title: string; children: ComponentChildren; aside?: ComponentChildren }): VNode {
  useEffect(() => {
    document.title = `${title} · Tocsin`;
  }, [title]);
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>{title}</h1>
        <div class="page-aside">{aside}</div>
      </header>
      {children}
    </>
  );
}

export function Section({ title, children, aside }: { title: string; children: ComponentChildren; aside?: ComponentChildren }): VNode {
  return (
    <section class="card" aria-label={title}>
      <header class="card-head"><h2>{title}</h2><div>{aside}</div></header>
      {children}
    </section>
  );
}

/** What a query has: its error, or that it is under way, or what is made of it. */
export function Loaded<T>({ query, children }: { query: Query<T>; children: (data: T) => ComponentChildren }): VNode {
  return (
    <>
      {query.error === undefined ? null : <p class="error" role="alert">{wordsOf(query.error)}</p>}
      {query.data === undefined ? (query.error === undefined ? <p class="faint">Reading…</p> : null) : children(query.data)}
    </>
  );
}

export function Empty({ children }: { children: ComponentChildren }): VNode {
  return <p class="empty">{children}</p>;
}

/** Names and values. What is absent is left out. */
export function Facts({ of }: { of: [string, ComponentChildren][] }): VNode {
  return (
    <dl class="facts">
      {of.filter(([, value]) => value !== undefined && value !== null && value !== "").map(([name, value]) => (
        <div key={name}><dt>{name}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  );
}
