/** The queue: how much waits, how late it is, and each kind of job with its switch. */
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../api";
import { isVirtual, serverNow } from "../clock";
import { useHealth } from "../health";
import { useQuery } from "../query";
import { hrefOf, setFilters, type Route } from "../router";
import { allJobState, allTimerKind, type Health, type Job, type Queue, type QueueKind, type TimerKind } from "records";
import { Action } from "../ui/action";
import { Chart } from "../ui/chart";
import { Field } from "../ui/form";
import { List } from "../ui/list";
import { plain, State } from "../ui/marks";
import { Empty, Loaded, Page, Section } from "../ui/page";
import { At, Countdown } from "../ui/time";
import { usePages } from "../ui/use-pages";
import { Lateness } from "./lateness";
import { kindPages, kindWords } from "./now";

const samplesMax = 600;
const sampleMs = 2000;

interface Sample {
  at: number;
  due: number;
  ahead: number;
  active: number;
  run: number;
  late: number;
}

function sampleOf(queue: Queue, health: Health | undefined): Sample {
  const sum = (read: (kind: QueueKind) => number): number => queue.kinds.reduce((all, kind) => all + read(kind), 0);
  return {
    at: serverNow() / 1000, due: sum((one) => one.waiting), ahead: sum((one) => one.delayed), active: sum((one) => one.active),
    run: sum((one) => one.sinceStart.run), late: health?.metrics.oldestDueSeconds ?? 0,
  };
}

/** What was read since the page was opened. */
function useSamples(queue: Queue | undefined, health: Health | undefined): Sample[] {
  const [all, set] = useState<Sample[]>([]);
  const latest = useRef(health);
  latest.current = health;
  useEffect(() => {
    if (queue) {
      const one = sampleOf(queue, latest.current);
      set((before) => (one.at <= (before[before.length - 1]?.at ?? 0) ? before : [...before.slice(1 - samplesMax), one]));
    }
  }, [queue]);
  return all;
}

/** Jobs a second between two samples. */
function ratesOf(samples: Sample[]): (number | null)[] {
  return samples.map((one, at) => {
    const before = samples[at - 1];
    return before === undefined ? null : Math.round((10 * Math.max(0, one.run - before.run)) / (one.at - before.at)) / 10;
  });
}

function Charts({ samples }: { samples: Sample[] }): VNode {
  const times = samples.map((one) => one.at);
  if (samples.length < 2) {
    return <Section title="Depth and throughput"><Empty>{isVirtual() ? "Drawn as the virtual clock moves." : "Drawn from the second reading on."}</Empty></Section>;
  }
  return (
    <Section title="Depth and throughput" aside={<span class="faint">since this page was opened</span>}>
      <Chart label="Depth" unit="" times={times} lines={[{ label: "due", colour: "--accent", values: samples.map((one) => one.due) }, { label: "under way", colour: "--good", values: samples.map((one) => one.active) }]} />
      <Chart label="Jobs ended a second" unit="" times={times} lines={[{ label: "a second", colour: "--focus", values: ratesOf(samples) }]} />
      <Chart label="Oldest due job" unit=" s" times={times} lines={[{ label: "late", colour: "--bad", values: samples.map((one) => one.late) }]} />
    </Section>
  );
}

function KindRow({ of }: { of: QueueKind }): VNode {
  const kind = of.kind ?? "STEP";
  return (
    <tr data-row tabIndex={-1}>
      <th scope="row">{plain(kind)} {of.isPaused ? <State of="PAUSED" /> : null}{of.isDraining ? <span class="badge warn">draining</span> : null}</th>
      <td class="number">{of.waiting}</td><td class="number">{of.delayed}</td><td class="number">{of.active}</td><td class="number">{of.completed}</td><td class="number">{of.failed}</td>
      <td class="number">{of.sinceStart.lateMaxMs} ms</td>
      <td>{of.isPaused
        ? <Action letter="p" done="It goes on." run={() => call("POST /queue/{kind}/resume", { kind })}>Resume</Action>
        : <Action letter="p" confirm={`Pause ${plain(kind)}?`} done="Paused." undo={{ run: () => call("POST /queue/{kind}/resume", { kind }), done: "It goes on." }} run={() => call("POST /queue/{kind}/pause", { kind })}>Pause</Action>}</td>
    </tr>
  );
}

function Kinds({ queue }: { queue: Queue }): VNode {
  const shown = queue.kinds.filter((one) => one.waiting + one.delayed + one.active + one.completed + one.failed > 0 || one.isPaused);
  return (
    <Section title="Kinds of jobs">
      {shown.length === 0 ? <Empty>The queue is empty.</Empty> : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Kinds of jobs">
          <table>
            <thead><tr><th scope="col">Kind</th><th scope="col" class="number">Due</th><th scope="col" class="number">Later</th><th scope="col" class="number">Active</th><th scope="col" class="number">Completed</th><th scope="col" class="number">Failed</th><th scope="col" class="number">Latest</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
            <tbody>{shown.map((one) => <KindRow key={one.kind} of={one} />)}</tbody>
          </table>
        </div>
      )}
    </Section>
  );
}

function JobRow({ of }: { of: Job }): VNode {
  const page = kindPages[of.kind ?? ""];
  const words = kindWords[of.kind ?? ""] ?? plain(of.kind ?? "");
  return (
    <div class="cells">
      <span class="grow">{page && of.subjectId ? <a href={hrefOf(page, of.subjectId)}>{words}</a> : words} {of.error ? <span class="faint">{of.error}</span> : null}</span>
      <State of={of.state} />
      <Countdown at={of.endedAt ?? of.dueAt} past={of.endedAt ? "ago" : "late"} />
      <span class="at"><At at={of.dueAt} bare seconds /></span>
      {of.state === "failed" ? <Action letter="t" done="Tried again." run={() => call("POST /queue/jobs/{id}/retry", { id: of.id })}>Try again</Action> : null}
    </div>
  );
}

function Jobs({ route }: { route: Route }): VNode {
  const kind = route.query.get("kind") ?? "";
  const state = route.query.get("state") ?? "";
  const pages = usePages("GET /queue/jobs", state === "" ? { kind, byDue: true } : { kind, state }, (list) => list.jobs, () => true);
  return (
    <Section title="Jobs">
      <div class="filters">
        <Field label="State" value={state} options={["", ...allJobState]} empty="what waits, by its time" onChange={(value) => setFilters(route, { state: value })} />
        <Field label="Kind" value={kind} options={["", ...(allTimerKind as readonly TimerKind[])]} onChange={(value) => setFilters(route, { kind: value })} />
        <span class="faint">{pages.total}</span>
      </div>
      {pages.problem}
      {pages.items.length === 0 ? <Empty>No such job.</Empty> : <List items={pages.items} keyOf={(one) => one.id ?? ""} row={(one) => <JobRow of={one} />} label="Jobs" rowHeight={44} maxHeight={440} onEnd={pages.more} />}
    </Section>
  );
}

export function QueuePage({ route }: { route: Route }): VNode {
  const queue = useQuery("GET /queue", {}, { everyMs: sampleMs });
  const health = useHealth(sampleMs);
  const samples = useSamples(queue.data, health);
  return (
    <Page title="Queue and lateness">
      <Loaded query={queue}>{(data) => <><Charts samples={samples} /><Lateness /><Kinds queue={data} /></>}</Loaded>
      <Jobs route={route} />
    </Page>
  );
}
