/** The server's clock, as the page knows it. A virtual one stands still until it is moved. */
import { useEffect, useState } from "preact/hooks";

let offset = 0;
let standsAt: number | undefined;
const listeners = new Set<() => void>();

export function setClock(now: string | undefined, isVirtual: boolean): void {
  const at = Date.parse(now ?? "");
  if (Number.isNaN(at)) {
    return;
  }
  standsAt = isVirtual ? at : undefined;
  offset = at - Date.now();
  listeners.forEach((tell) => tell());
}

/** Something happened at `at`: a virtual clock is there at least. */
export function clockReached(at: string | undefined): void {
  const found = Date.parse(at ?? "");
  if (standsAt !== undefined && found > standsAt) {
    standsAt = found;
    listeners.forEach((tell) => tell());
  }
}

export function serverNow(): number {
  return standsAt ?? Date.now() + offset;
}

export function isVirtual(): boolean {
  return standsAt !== undefined;
}

setInterval(() => listeners.forEach((tell) => tell()), 1000);

/** The server's time, once a second. */
export function useNow(): number {
  const [now, set] = useState(serverNow());
  useEffect(() => {
    const tell = (): void => set(serverNow());
    listeners.add(tell);
    return () => void listeners.delete(tell);
  }, []);
  return now;
}
