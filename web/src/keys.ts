/**
 * The keyboard. Rows are elements with data-row; a button inside with data-key="a" is pressed by that letter while its row
 * has the focus, so that whatever can be clicked can be reached by a key, and nothing has to be told twice.
 */
import { useEffect, useRef } from "preact/hooks";
import { go, hrefOf } from "./router";

export const pageLetters: Record<string, string> = {
  n: "now", i: "incidents", c: "calls", m: "messages", p: "providers", q: "queue", u: "people", l: "policies", o: "oncall",
  d: "dispatch", t: "meetings", v: "notifications", a: "audit", s: "settings", r: "api", h: "phones", x: "texts",
};

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function rows(): HTMLElement[] {
  const dialog = document.querySelector("dialog[open]");
  return [...(dialog ?? document).querySelectorAll<HTMLElement>("[data-row]")];
}

function current(): HTMLElement | null {
  const active = document.activeElement;
  return active instanceof HTMLElement ? active.closest<HTMLElement>("[data-row]") : null;
}

function move(by: number): void {
  const all = rows();
  const found = current();
  const at = found === null ? -1 : all.indexOf(found);
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function press(letter: string): boolean {
  const place: ParentNode = current() ?? document.querySelector("main") ?? document;
  const button = place.querySelector<HTMLElement>(`[data-key="${CSS.escape(letter)}"]:not([disabled])`);
  button?.click();
  return button !== null;
}

/** Where a row goes that had the focus, such as that of an incident that is over, the next one has it. */
function keepFocus(): () => void {
  let row: HTMLElement | null = null;
  let at = 0;
  const note = (): void => {
    row = current();
    at = row === null ? 0 : rows().indexOf(row);
  };
  const watch = new MutationObserver(() => {
    if (row !== null && !row.isConnected && document.activeElement === document.body) {
      const all = rows();
      const next = all[Math.min(at, all.length - 1)] ?? document.querySelector<HTMLElement>("main h1");
      next?.focus({ preventScroll: true });
    }
  });
  addEventListener("focusin", note);
  watch.observe(document.body, { childList: true, subtree: true });
  return () => {
    removeEventListener("focusin", note);
    watch.disconnect();
  };
}

export function useKeys(showHelp: () => void): void {
  const help = useRef(showHelp);
  help.current = showHelp;
  useEffect(keepFocus, []);
  // Once: a page that is drawn anew between two keys forgets neither.
  useEffect(() => {
    let isGoing = false;
    const down = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
        return;
      }
      const page = isGoing ? pageLetters[event.key] : undefined;
      isGoing = false;
      if (page !== undefined) {
        go(hrefOf(page));
      } else if (event.key === "g") {
        isGoing = true;
      } else if (event.key === "j" || event.key === "k") {
        move(event.key === "j" ? 1 : -1);
      } else if (event.key === "z") {
        document.querySelector<HTMLElement>("[data-undo]")?.click();
      } else if (event.key === "?") {
        help.current();
      } else if (event.key === "/") {
        document.querySelector<HTMLElement>("main input, main select")?.focus();
      } else if (!/^[a-z.]$/.test(event.key) || !press(event.key)) {
        return;
      }
      event.preventDefault();
    };
    addEventListener("keydown", down);
    return () => removeEventListener("keydown", down);
  }, []);
}
