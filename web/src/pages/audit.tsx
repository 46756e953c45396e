/** The audit trail: who did what, each event chained to the one before. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api";
import { useQuery } from "../query";
import { setFilters, type Route } from "../router";
import { pageZone } from "../time";
import type { AuditEvent, AuditState } from "records";
import { Action } from "../ui/action";
import { Field } from "../ui/form";
import { plain } from "../ui/marks";
import { Empty, Loaded, Page } from "../ui/page";
import { Person, PersonSelect } from "../ui/people";
import { say } from "../ui/said";
import { At } from "../ui/time";
import { Subject } from "./messages";

function Change({ of }: { of: AuditEvent }): VNode {
  return (
    <div class="way">
      {of.before ? <><b>Before</b><pre class="text">{of.before}</pre></> : null}
      {of.after ? <><b>After</b><pre class="text">{of.after}</pre></> : null}
      <p class="faint">SHA-256 of the chain up to here: <code>{of.hash}</code></p>
    </div>
  );
}

function Row({ of }: { of: AuditEvent }): VNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <li class="entry" tabIndex={-1} data-row>
      <span class="at"><At at={of.at} bare seconds /> <span class="faint">#{of.seq}</span></span>
      <div>
        <b>{plain(of.action ?? "")}</b> by {of.actor} · <Subject type={of.subjectType} id={of.subjectId} /> {of.userId ? <>· <Person id={of.userId} /></> : null}
        <button type="button" class="quiet" data-key="o" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>{isOpen ? "Close" : "Change"}</button>
        {of.reason ? <p class="why">{of.reason}</p> : null}
        {isOpen ? <Change of={of} /> : null}
      </div>
    </li>
  );
}

function save(events: AuditEvent[]): void {
  const lines = events.map((one) => JSON.stringify(one)).join("\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${lines}\n`], { type: "application/x-ndjson" }));
  link.download = "audit.ndjson";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The browser holds them all at once. */
const exportMax = 100_000;

interface Wanted {
  userId: string;
  subjectId: string;
}

/** Everything that the filter shows, the oldest first. */
function Export({ of }: { of: Wanted }): VNode {
  const [progress, setProgress] = useState<{ done: number; total: number } | undefined>(undefined);
  const run = async (): Promise<void> => {
    const all: AuditEvent[] = [];
    let cursor: string | undefined;
    do {
      const page = await call("GET /audit", { ...of, limit: 1000, cursor });
      all.push(...page.events);
      cursor = page.cursor;
      setProgress({ done: all.length, total: Math.min(page.total, exportMax) });
    } while (cursor !== undefined && all.length < exportMax);
    save(all);
    setProgress(undefined);
    say(cursor === undefined ? `${all.length} events are saved.` : `The oldest ${all.length} events are saved; for all of them there is tocsin export.`);
  };
  return (
    <>
      <Action needs="nothing" run={run}>Export as NDJSON</Action>
      {progress ? <progress max={progress.total} value={progress.done} aria-label="Export" /> : null}
    </>
  );
}

/** Whether each event follows from the one before: the server goes through all of them. */
function Chain(): VNode {
  const [state, setState] = useState<AuditState | undefined>(undefined);
  return (
    <p class="chain" role="status">
      <Action needs="nothing" run={async () => setState(await call("GET /audit/verify"))}>Check the chain</Action>{" "}
      {state === undefined ? <span class="faint">Each event holds a hash over all before it.</span> : state.isWhole
        ? <><span class="badge good">whole</span> {state.checked} events, checked at <At at={state.at} seconds /></>
        : <><span class="badge bad">broken</span> after {state.checked} events: {state.problem}</>}
    </p>
  );
}

export function Audit({ route }: { route: Route }): VNode {
  const userId = route.query.get("person") ?? "";
  const subjectId = route.query.get("subject") ?? "";
  const cursor = route.query.get("cursor") ?? "";
  const query = useQuery("GET /audit", { userId, subjectId, cursor, newest: true, limit: 100 }, { everyMs: 15_000 });
  return (
    <Page title="Audit" aside={<Export of={{ userId, subjectId }} />}>
      <div class="filters">
        <div class="field"><label for="audit-person">Person</label><PersonSelect id="audit-person" value={userId} empty="all" onChange={(person) => setFilters(route, { person, cursor: "" })} /></div>
        <Field label="Id of a subject" value={subjectId} onChange={(subject) => setFilters(route, { subject: subject.trim(), cursor: "" })} />
      </div>
      <Chain />
      <Loaded query={query}>
        {(data) => (
          <>
            <p class="faint">{data.total} events, the newest first; times in {pageZone()}.</p>
            {data.events.length === 0 ? <Empty>No event.</Empty> : <ol class="story">{data.events.map((one) => <Row key={one.seq} of={one} />)}</ol>}
            <div class="actions">
              {cursor ? <button type="button" onClick={() => setFilters(route, { cursor: "" })}>The newest</button> : null}
              {data.cursor ? <button type="button" onClick={() => setFilters(route, { cursor: data.cursor })}>Older</button> : null}
            </div>
          </>
        )}
      </Loaded>
    </Page>
  );
}
