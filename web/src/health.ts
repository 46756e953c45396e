/** GET /health, which stands outside of the API. */
import { useEffect, useState } from "preact/hooks";
import { raw } from "./api";
import type { Health } from "records";

export function useHealth(everyMs: number): Health | undefined {
  const [health, set] = useState<Health | undefined>(undefined);
  useEffect(() => {
    let isOver = false;
    const read = (): void => void raw("GET", "/health").then((found) => isOver || set(found as Health), () => undefined);
    const timer = setInterval(() => document.hidden || read(), everyMs);
    read();
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [everyMs]);
  return health;
}
