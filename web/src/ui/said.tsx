/** What was done, and what went wrong: said aloud by a live region, and seen for a while. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";

interface Said {
  id: number;
  text: string;
  isBad: boolean;
}

const seconds = 8;
let count = 0;
let tell: (said: Said) => void = () => {};

export function say(text: string, isBad = false): void {
  tell({ id: ++count, text, isBad });
}

export function SaidThings(): VNode {
  const [all, set] = useState<Said[]>([]);
  useEffect(() => {
    tell = (said) => {
      set((before) => [...before.slice(-2), said]);
      setTimeout(() => set((before) => before.filter((one) => one.id !== said.id)), seconds * 1000);
    };
    return () => void (tell = () => {});
  }, []);
  const close = (id: number): void => set((before) => before.filter((one) => one.id !== id));
  return (
    <div class="said" role="status" aria-live="polite">
      {all.map((one) => (
        <p key={one.id} class={one.isBad ? "bad" : "good"}>
          {one.text} <button type="button" aria-label="Close this note" onClick={() => close(one.id)}>×</button>
        </p>
      ))}
    </div>
  );
}
