/** A button that does something at the server: it waits for the answer and shows what was wrong. */
import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiError, wordsOf } from "../api";
import { reloadAll } from "../query";
import { useWhyNot, type Needs } from "../session";
import { say } from "./said";

/** How it is taken back: only where the server truly can. */
export interface TakeBack {
  run: () => Promise<unknown>;
  done: string;
}

interface ActionProps {
  run: () => Promise<unknown>;
  children: ComponentChildren;
  /** The letter that presses it while its row has the focus. */
  letter?: string;
  /** Said aloud after it. */
  done?: string;
  undo?: TakeBack | undefined;
  tone?: "main" | "danger" | "quiet";
  /** A question that is answered first, for what cannot be taken back. */
  confirm?: string;
  /** Changing settings, where it is not said. */
  needs?: Needs;
  label?: string;
  /** Words say why. */
  disabled?: boolean | string;
}

async function attempt(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    reloadAll();
    return true;
  } catch (error) {
    const field = error instanceof ApiError && error.field ? ` (${error.field})` : "";
    say(`${wordsOf(error)}${field}`, true);
    reloadAll();
    return false;
  }
}

async function takeBack(undo: TakeBack): Promise<void> {
  if (await attempt(undo.run)) {
    say(undo.done);
  }
}

/** The button may be gone after it was pressed: the row that it stands in keeps the focus. */
function focusRow(button: HTMLElement | null): void {
  if (button !== null && button.contains(document.activeElement)) {
    button.closest<HTMLElement>("[data-row]")?.focus({ preventScroll: true });
  }
}

interface AskProps {
  words: string;
  yes: () => void;
  no: () => void;
}

function Ask({ words, yes, no }: AskProps): VNode {
  const place = useRef<HTMLButtonElement>(null);
  // Before the next key can come: an Escape right after the click is for the question.
  useLayoutEffect(() => place.current?.focus(), []);
  return (
    <span class="ask" role="group" aria-label={words} onKeyDown={(event) => event.key === "Escape" && no()}>
      <span>{words}</span>
      <button type="button" class="danger" onClick={yes} data-key="y">Yes</button>
      <button type="button" ref={place} onClick={no} data-key="n">No</button>
    </span>
  );
}

export function Action({ run, children, letter, done, undo, tone, confirm, needs = "change", label, disabled = false }: ActionProps): VNode {
  const [isBusy, setBusy] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const whyNot = useWhyNot(needs);
  const place = useRef<HTMLElement>(null);
  const go = async (): Promise<void> => {
    focusRow(place.current);
    setAsking(false);
    setBusy(true);
    if ((await attempt(run)) && done) {
      say(done, false, undo ? { run: () => takeBack(undo) } : undefined);
    }
    setBusy(false);
  };
  const leave = (): void => {
    focusRow(place.current);
    setAsking(false);
  };
  const isOff = disabled !== false || isBusy || whyNot !== undefined;
  return (
    <span class="action" ref={place}>
      {isAsking && confirm ? <Ask words={confirm} yes={() => void go()} no={leave} /> : (
        <button
          type="button" class={tone ?? ""} disabled={isOff} aria-busy={isBusy} aria-label={label}
          title={whyNot ?? (typeof disabled === "string" ? disabled : letter ? `Key: ${letter}` : undefined)}
          {...(letter ? { "data-key": letter, "aria-keyshortcuts": letter } : {})}
          onClick={() => (confirm ? setAsking(true) : void go())}
        >
          {children}
        </button>
      )}
    </span>
  );
}

/** The button that opens a form: off for whoever may not send it. */
export function Opener({ isOpen, onClick, children, needs = "change", tone = "main" }: { isOpen: boolean; onClick: () => void; children: ComponentChildren; needs?: Needs; tone?: "main" | "" }): VNode {
  const whyNot = useWhyNot(needs);
  return <button type="button" class={tone} aria-expanded={isOpen} disabled={whyNot !== undefined} title={whyNot} onClick={onClick}>{children}</button>;
}
