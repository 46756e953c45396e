/** Many calls from a CSV file, a thousand at a time: progress while it goes, and what was wrong with which line. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api";
import { readCsv, type CsvRow } from "../csv";
import { hrefOf } from "../router";
import { pageZone } from "../time";
import type { BulkItem, ScheduleCallInput } from "records";
import { Field, Form } from "../ui/form";
import { List } from "../ui/list";
import { Section } from "../ui/page";
import { AgentSelect } from "./calls-new";

const portion = 1000;
const own = new Set(["phoneNumber", "scheduledFor", "timezone", "agentId", "userId", "priority"]);

interface Progress {
  done: number;
  total: number;
  scheduled: number;
  campaignId: string | undefined;
  wrong: BulkItem[];
}

interface Defaults {
  agentId: string;
  userId: string;
  timezone: string;
}

/** Columns that the API does not name become metadata. */
function callOf({ values }: CsvRow, defaults: Defaults): ScheduleCallInput {
  const metadata = Object.fromEntries(Object.entries(values).filter(([name, value]) => !own.has(name) && name !== "" && value !== ""));
  return {
    phoneNumber: values["phoneNumber"] ?? "",
    scheduledFor: values["scheduledFor"] ?? "",
    timezone: values["timezone"] || defaults.timezone,
    agentId: values["agentId"] || defaults.agentId,
    userId: values["userId"] || defaults.userId,
    metadata,
  };
}

function Outcome({ of }: { of: Progress }): VNode {
  return (
    <div role="status">
      <progress max={of.total} value={of.done} aria-label="Import" />
      <p>{of.done} of {of.total} lines read, {of.scheduled} scheduled, {of.wrong.length} refused. {of.campaignId ? <a href={hrefOf("calls", undefined, { campaign: of.campaignId })}>The campaign</a> : null}</p>
      {of.wrong.length > 0 ? (
        <List
          items={of.wrong} keyOf={(one) => String(one.line)} label="Refused lines" rowHeight={40} maxHeight={320}
          row={(one) => <div class="cells"><b>line {one.line}</b><span class="grow">{one.error?.field ? `${one.error.field}: ` : ""}{one.error?.message}</span></div>}
        />
      ) : null}
    </div>
  );
}

async function send(rows: CsvRow[], name: string, pace: number, defaults: Defaults, tell: (progress: Progress) => void): Promise<void> {
  const progress: Progress = { done: 0, total: rows.length, scheduled: 0, campaignId: undefined, wrong: [] };
  for (let at = 0; at < rows.length; at += portion) {
    const some = rows.slice(at, at + portion);
    const begin = progress.campaignId === undefined
      ? { campaign: { name, agentId: defaults.agentId, userId: defaults.userId, ...(pace > 0 ? { callsPerMinute: pace } : {}) } }
      : { campaignId: progress.campaignId };
    const answer = await call("POST /scheduling/bulk", {}, { ...begin, mode: "each", calls: some.map((row) => callOf(row, defaults)) });
    progress.campaignId ??= answer.campaignId;
    progress.done += some.length;
    progress.scheduled += answer.scheduled;
    const refused = answer.results.filter((one) => !one.success).map((one) => ({ ...one, line: some[one.line - 1]?.line ?? one.line }));
    progress.wrong = [...progress.wrong, ...refused];
    tell({ ...progress });
  }
}

export function BulkImport(): VNode {
  const [name, setName] = useState("");
  const [agentId, setAgent] = useState("");
  const [userId, setOwner] = useState("");
  const [pace, setPace] = useState("");
  const [rows, setRows] = useState<CsvRow[]>([]);
  const [progress, setProgress] = useState<Progress | undefined>(undefined);
  const choose = async (file: File | undefined): Promise<void> => {
    setProgress(undefined);
    setRows(file ? readCsv(await file.text()) : []);
  };
  return (
    <Section title="Import calls">
      <Form name="Import calls" submit={rows.length > 0 ? `Import ${rows.length} lines` : "Import"} run={() => send(rows, name, Number(pace), { agentId, userId, timezone: pageZone() }, setProgress)}>
        <div class="field">
          <label for="import-file">CSV file</label>
          <input id="import-file" type="file" accept=".csv,text/csv" required onChange={(event) => void choose(event.currentTarget.files?.[0])} aria-describedby="import-hint" />
          <small id="import-hint">The first line names the columns: phoneNumber, scheduledFor, and where wanted timezone, agentId, userId; all others become metadata.</small>
        </div>
        <div class="fields">
          <Field label="Campaign" value={name} onChange={setName} required />
          <AgentSelect value={agentId} onChange={setAgent} />
          <Field label="Owner" value={userId} onChange={setOwner} required />
          <Field label="Calls a minute" type="number" value={pace} onChange={setPace} hint="as fast as the provider allows where empty" />
        </div>
      </Form>
      {progress ? <Outcome of={progress} /> : null}
    </Section>
  );
}
