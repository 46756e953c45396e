/** The frame around every page: where one is, what time it is, and whether what is seen is true now. */
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../api";
import { isVirtual, useNow } from "../clock";
import { useKeys, pageLetters } from "../keys";
import { onLiveState, type LiveState } from "../live";
import { useQuery } from "../query";
import { hrefOf } from "../router";
import { useSession, useWhyNot } from "../session";
import { isDark, switchTheme } from "../theme";
import { clockText, pageZone, setPageZone, utcText, zoneChoices } from "../time";
import { Action } from "./action";
import { Bell } from "./bell";
import { SaidThings } from "./said";
import { VirtualClock } from "./virtual-clock";

const pageNames: readonly (readonly [string, string])[] = [
  ["now", "Now"], ["incidents", "Incidents"], ["meetings", "Meetings"], ["dispatch", "Dispatch"], ["calls", "Scheduled calls"],
  ["messages", "Messages"], ["notifications", "Notifications"], ["oncall", "On-call"], ["people", "People"], ["policies", "Policies"], ["texts", "Texts"],
  ["providers", "Providers"], ["queue", "Queue"], ["audit", "Audit"], ["settings", "Settings"], ["api", "API"],
];

function Clock(): VNode {
  const now = useNow();
  const zone = pageZone();
  return (
    <label class="clock">
      <time dateTime={new Date(now).toISOString()} title={utcText(now)}>{clockText(now, zone, true)}</time>
      <span class="hidden">Time zone of the page</span>
      <select value={zone} onChange={(event) => { setPageZone(event.currentTarget.value); location.reload(); }}>
        {zoneChoices().map((one) => <option key={one}>{one}</option>)}
      </select>
    </label>
  );
}

function LiveMark(): VNode {
  const [state, set] = useState<LiveState>("connecting");
  const [isLate, setLate] = useState(false);
  useEffect(() => onLiveState(set), []);
  useEffect(() => {
    setLate(false);
    const timer = state === "live" ? undefined : setTimeout(() => setLate(true), 700);
    return () => clearTimeout(timer);
  }, [state]);
  const isStale = isLate && state !== "live";
  return (
    <span class={`live ${isStale ? "stale" : state}`} role="status">
      {isStale ? "Not connected: what you see may be old. Trying again…" : state === "live" ? "live" : "connecting"}
    </span>
  );
}

function Unseen(): VNode | null {
  const session = useSession();
  const args = session.userId === undefined ? { unseen: true, limit: 1, operators: true } : { unseen: true, limit: 1 };
  const { data } = useQuery("GET /notifications", args, { match: (news) => news !== "again" && (news.type ?? "").startsWith("NOTIFICATION") });
  return data && data.unseenCount > 0 ? <span class="count" aria-label={`${data.unseenCount} unseen`}>{data.unseenCount}</span> : null;
}

/** Phones are there to be looked at where the carrier is made up and the clock virtual. */
function shownPages(): (readonly [string, string])[] {
  return isVirtual() ? [...pageNames, ["phones", "Phones"]] : [...pageNames];
}

function Nav({ page }: { page: string }): VNode {
  const letterOf = (name: string): string => Object.keys(pageLetters).find((letter) => pageLetters[letter] === name) ?? "";
  return (
    <nav aria-label="Pages">
      <ul>
        {shownPages().map(([name, title]) => (
          <li key={name}>
            <a href={hrefOf(name)} aria-current={page === name ? "page" : undefined} aria-keyshortcuts={`g ${letterOf(name)}`}>
              {title}{name === "notifications" ? <Unseen /> : null}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

const keyWords: readonly (readonly [string, string])[] = [
  ["j k", "next and previous row"], ["Enter", "open the row"], ["a", "acknowledge, accept"], ["r", "resolve"], ["e", "escalate"],
  ["x", "extend the lease of an acknowledgement"], ["u", "give back, take back"], ["z", "undo what was done last, where that can be"], ["/", "to the first field"], ["g then a letter", "to a page"], ["?", "this list"],
];

function Help({ isOpen, close }: { isOpen: boolean; close: () => void }): VNode {
  const place = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen) {
      place.current?.showModal();
    } else {
      place.current?.close();
    }
  }, [isOpen]);
  return (
    <dialog ref={place} onClose={close} aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl class="keys">
        {keyWords.map(([key, words]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{words}</dd></div>)}
        {shownPages().map(([name, title]) => (
          <div key={name}><dt><kbd>g {Object.keys(pageLetters).find((letter) => pageLetters[letter] === name)}</kbd></dt><dd>{title}</dd></div>
        ))}
      </dl>
      <button type="button" onClick={close}>Close</button>
    </dialog>
  );
}

export function Shell({ page, children, onSignOut }: { page: string; children: ComponentChildren; onSignOut: () => void }): VNode {
  const [isHelp, setHelp] = useState(false);
  const [isMenu, setMenu] = useState(false);
  const [, setDark] = useState(isDark());
  const session = useSession();
  const whyNot = useWhyNot("change");
  useKeys(() => setHelp(true));
  useEffect(() => setMenu(false), [page]);
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.querySelector<HTMLElement>("main h1")?.focus(); }}>To the content</a>
      <header class="top">
        <button type="button" class="menu" aria-expanded={isMenu} aria-controls="side" onClick={() => setMenu(!isMenu)}>Menu</button>
        <a class="brand" href={hrefOf("now")}><Bell /> Tocsin</a>
        <LiveMark />
        <Clock />
        <button type="button" class="quiet" onClick={() => { switchTheme(); setDark(isDark()); }}>{isDark() ? "Light" : "Dark"}</button>
        <button type="button" class="quiet keys-button" onClick={() => setHelp(true)} aria-keyshortcuts="?">Keys</button>
      </header>
      <div id="side" class={isMenu ? "side open" : "side"}>
        <Nav page={page} />
        <p class="who">
          {session.name} · {session.scope?.toLowerCase()}<br />
          {whyNot === undefined ? null : <>{whyNot}<br /></>}
          <span class="faint">Tocsin {session.version}</span>
        </p>
        <Action needs="nothing" tone="quiet" run={async () => { await call("DELETE /session"); onSignOut(); }}>Sign out</Action>
      </div>
      <main id="main">
        {isVirtual() ? <VirtualClock /> : null}
        {children}
      </main>
      <SaidThings />
      <Help isOpen={isHelp} close={() => setHelp(false)} />
    </div>
  );
}
