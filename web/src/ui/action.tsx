/** A button that does something at the server: it waits for the answer and shows what was wrong. */
import type { ComponentChildren, VNode } from "preact";
import { useState } from "preact/hooks";
import { ApiError, wordsOf } from "../api";
import { reloadAll } from "../query";
import { useMayAct } from "../session";
import { say } from "./said";

interface ActionProps {
  run: () => Promise<unknown>;
  children: ComponentChildren;
  /** The letter that presses it while its row has the focus. */
  letter?: string;
  /** Said aloud after it. */
  done?: string;
  tone?: "main" | "danger" | "quiet";
  /** A question that is answered first, for what cannot be taken back. */
  confirm?: string;
  reads?: boolean;
  label?: string;
  disabled?: boolean;
}

export function Action({ run, children, letter, done, tone, confirm, reads = false, label, disabled = false }: ActionProps): VNode {
  const [isBusy, setBusy] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const mayAct = useMayAct();
  const go = async (): Promise<void> => {
    setAsking(false);
    setBusy(true);
    try {
      await run();
      if (done) {
        say(done);
      }
      reloadAll();
    } catch (error) {
      const field = error instanceof ApiError && error.field ? ` (${error.field})` : "";
      say(`${wordsOf(error)}${field}`, true);
    }
    setBusy(false);
  };
  if (isAsking) {
    return (
      <span class="ask" role="group" aria-label={confirm}>
        <span>{confirm}</span>
        <button type="button" class="danger" onClick={() => void go()} data-key="y">Yes</button>
        <button type="button" onClick={() => setAsking(false)} data-key="n">No</button>
      </span>
    );
  }
  const isOff = disabled || isBusy || (!mayAct && !reads);
  return (
    <button
      type="button" class={tone ?? ""} disabled={isOff} aria-busy={isBusy} aria-label={label}
      title={!mayAct && !reads ? "This key may only read." : letter ? `Key: ${letter}` : undefined}
      {...(letter ? { "data-key": letter, "aria-keyshortcuts": letter } : {})}
      onClick={() => (confirm ? setAsking(true) : void go())}
    >
      {children}
    </button>
  );
}
