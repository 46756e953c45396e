/** Names for ids: those of the first thousand people are read at once, others one by one as they are seen. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call } from "../api";
import { hrefOf } from "../router";
import type { User } from "records";

const names = new Map<string, User>();
const asked = new Set<string>();
const listeners = new Set<() => void>();
let reading: Promise<void> | undefined;

function tellAll(): void {
  listeners.forEach((tell) => tell());
}

export function readPeople(): Promise<void> {
  reading ??= call("GET /users", { limit: 1000 }).then(
    (list) => {
      list.users.forEach((user) => names.set(user.id ?? "", user));
      tellAll();
    },
    () => void (reading = undefined),
  );
  return reading;
}

export function forgetPeople(): void {
  names.clear();
  asked.clear();
  reading = undefined;
}

async function readOne(id: string): Promise<void> {
  await readPeople();
  if (names.has(id) || asked.has(id)) {
    return;
  }
  asked.add(id);
  try {
    names.set(id, await call("GET /users/{id}", { id }));
    tellAll();
  } catch {
    // A person who was removed keeps the id for a name.
  }
}

export function usePeople(): User[] {
  const [, set] = useState(0);
  useEffect(() => {
    const tell = (): void => set((count) => count + 1);
    listeners.add(tell);
    void readPeople();
    return () => void listeners.delete(tell);
  }, []);
  return [...names.values()];
}

export function Person({ id, link = true }: { id: string | undefined; link?: boolean }): VNode | null {
  usePeople();
  useEffect(() => {
    if (id !== undefined && !names.has(id)) {
      void readOne(id);
    }
  }, [id]);
  if (id === undefined) {
    return null;
  }
  const name = names.get(id)?.name ?? `person ${id.slice(0, 8)}`;
  return link ? <a href={hrefOf("people", id)}>{name}</a> : <span>{name}</span>;
}

export function PersonSelect(props: { id: string; value: string; onChange: (id: string) => void; empty?: string }): VNode {
  const people = usePeople();
  return (
    <select id={props.id} value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
      <option value="">{props.empty ?? "choose a person"}</option>
      {people.map((user) => <option key={user.id} value={user.id}>{user.name}</option>)}
    </select>
  );
}
