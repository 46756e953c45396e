/** How late messages were handed over, and what the report of the last hour says of each kind of work. */
import type { VNode } from "preact";
import { useNow } from "../clock";
import { useQuery } from "../query";
import type { Message } from "records";
import { Chart } from "../ui/chart";
import { plain } from "../ui/marks";
import { Empty, Loaded, Section } from "../ui/page";

const sampleOf = 1000;

interface Handed {
  at: number;
  lateMs: number;
}

function handedOf(messages: readonly Message[]): Handed[] {
  const all = messages.map((one) => ({ at: Date.parse(one.dueAt ?? "") / 1000, lateMs: Date.parse(one.claimedAt ?? "") - Date.parse(one.dueAt ?? "") }));
  return all.filter((one) => !Number.isNaN(one.lateMs) && !Number.isNaN(one.at)).sort((a, b) => a.at - b.at);
}

/** The value that `share` of them do not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function Handovers(): VNode {
  const query = useQuery("GET /messages", { newest: true, limit: sampleOf }, { everyMs: 10_000 });
  return (
    <Section title="Lateness of messages" aside={<span class="faint">due until handed to a provider, the newest {sampleOf} at most</span>}>
      <Loaded query={query}>
        {(data) => {
          const handed = handedOf(data.messages);
          const late = handed.map((one) => one.lateMs);
          return handed.length === 0 ? <Empty>No message was handed over yet.</Empty> : (
            <>
              <dl class="numbers">
                {([["Median", 0.5], ["90 %", 0.9], ["99 %", 0.99], ["Latest", 1]] as const).map(([name, share]) => <div key={name}><dt>{name}</dt><dd>{percentile(late, share)} ms</dd></div>)}
              </dl>
              {handed.at(-1)?.at === handed[0]?.at ? null : <Chart label="Each message" unit=" ms" times={handed.map((one) => one.at)} lines={[{ label: "late", colour: "--accent", values: late }]} />}
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}

const hour = 3_600_000;
const step = 300_000;

function Report(): VNode {
  const end = Math.floor(useNow() / step) * step;
  const query = useQuery("GET /verify", { from: new Date(end - hour).toISOString(), to: new Date(end).toISOString() }, { match: () => false });
  return (
    <Section title="What was due in the last hour" aside={query.data ? <span class={`badge ${query.data.isWhole ? "good" : "bad"}`}>{query.data.isWhole ? "nothing is missing" : `${query.data.lost} lost`}</span> : null}>
      <Loaded query={query}>
        {(data) => {
          const groups = data.groups.filter((one) => one.due > 0);
          return groups.length === 0 ? <Empty>Nothing was due.</Empty> : (
            <div class="scroll" tabIndex={0} role="region" aria-label="What was due in the last hour">
              <table>
                <thead><tr><th scope="col">Kind</th><th scope="col" class="number">Due</th><th scope="col" class="number">On time</th><th scope="col" class="number">Late</th><th scope="col" class="number">Latest</th><th scope="col" class="number">Skipped</th><th scope="col" class="number">Failed</th><th scope="col" class="number">Lost</th></tr></thead>
                <tbody>
                  {groups.map((one) => (
                    <tr key={one.kind}><th scope="row">{plain(one.kind ?? "")}</th><td class="number">{one.due}</td><td class="number">{one.onTime}</td><td class="number">{one.late}</td><td class="number">{one.lateMaxMs} ms</td><td class="number">{one.skipped}</td><td class="number">{one.failed}</td><td class="number">{one.lost}</td></tr>
                  ))}
                </tbody>
              </table>
            </div>
          );
        }}
      </Loaded>
    </Section>
  );
}

export function Lateness(): VNode {
  return <><Handovers /><Report /></>;
}
