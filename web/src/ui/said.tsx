/** What was done, and what went wrong: said aloud by a live region, and seen for a while; what can be taken back, with its button. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";

export interface Undo {
  run: () => Promise<void>;
}

interface Said {
  id: number;
  text: string;
  isBad: boolean;
  undo: Undo | undefined;
}

const seconds = 8;
const undoSeconds = 20;
let count = 0;
let tell: (said: Said) => void = () => {};

export function say(text: string, isBad = false, undo?: Undo): void {
  tell({ id: ++count, text, isBad, undo });
}

export function SaidThings(): VNode {
  const [all, set] = useState<Said[]>([]);
  const close = (id: number): void => set((before) => before.filter((one) => one.id !== id));
  useEffect(() => {
    tell = (said) => {
      set((before) => [...before.slice(-2), said]);
      setTimeout(() => close(said.id), (said.undo ? undoSeconds : seconds) * 1000);
    };
    return () => void (tell = () => {});
  }, []);
  const newest = [...all].reverse().find((one) => one.undo);
  return (
    <div class="said" role="status" aria-live="polite">
      {all.map((one) => (
        <p key={one.id} class={one.isBad ? "bad" : "good"}>
          <span>{one.text}</span>
          {one.undo ? (
            <button type="button" class="undo" {...(one === newest ? { "data-undo": true, "aria-keyshortcuts": "z" } : {})} title="Key: z" onClick={() => { close(one.id); void one.undo?.run(); }}>Undo</button>
          ) : null}
          <button type="button" aria-label="Close this note" onClick={() => close(one.id)}>×</button>
        </p>
      ))}
    </div>
  );
}
