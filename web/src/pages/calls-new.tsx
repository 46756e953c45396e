/** A new call: what is typed is previewed as it stands, with why it would run at another time. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call, wordsOf } from "../api";
import { useQuery } from "../query";
import { go, hrefOf } from "../router";
import { pageZone } from "../time";
import type { CallFrequency, CallPreview, PreviewCallInput } from "records";
import { Field, Form } from "../ui/form";
import { Section } from "../ui/page";
import { At } from "../ui/time";
import { plain } from "../ui/marks";

export function AgentSelect({ value, onChange }: { value: string; onChange: (id: string) => void }): VNode {
  const agents = useQuery("GET /agents", { limit: 200 });
  return (
    <div class="field">
      <label for="call-agent">Agent</label>
      <select id="call-agent" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">choose an agent</option>
        {(agents.data?.agents ?? []).map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
      </select>
    </div>
  );
}

function Preview({ of, zone }: { of: CallPreview; zone: string }): VNode {
  return (
    <div class="way" role="status">
      {of.mayBeCalled ? null : <p class="error">It would be refused: {of.refusal}</p>}
      <p><b>Will run <At at={of.scheduledFor} zone={of.timezone ?? zone} /></b>{of.moved ? <> because {of.reason}</> : null}</p>
      {of.legalHours ? <p class="faint">{of.legalHours}</p> : null}
      {of.occurrences.length > 1 ? (
        <ol>
          {of.occurrences.map((one) => (
            <li key={one.occurrenceNumber}>{one.occurrenceNumber}. <At at={one.scheduledFor} zone={of.timezone ?? zone} /> <span class="faint">{one.reasons.map((why) => why.words).join("; ")}</span></li>
          ))}
        </ol>
      ) : null}
      {of.speech?.text ? <p>Says, in about {of.speech.seconds} s: <q>{of.speech.text}</q></p> : null}
      {of.speech && of.speech.missing.length > 0 ? <p class="error">Metadata has no {of.speech.missing.map((one) => one.name).join(", ")}</p> : null}
    </div>
  );
}

/** What is typed, half a second after the last key. */
function usePreview(input: PreviewCallInput): { preview?: CallPreview; problem?: string } {
  const [found, set] = useState<{ preview?: CallPreview; problem?: string }>({});
  const key = JSON.stringify(input);
  useEffect(() => {
    let isOver = false;
    const timer = setTimeout(() => {
      if (input.scheduledFor === "") {
        set({});
        return;
      }
      call("POST /scheduling/preview", {}, input).then(
        (preview) => isOver || set({ preview }),
        (error: unknown) => isOver || set({ problem: wordsOf(error) }),
      );
    }, 500);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key]);
  return found;
}

export function metadataOf(text: string): Record<string, string> {
  const lines = text.split("\n").map((line) => line.split("=", 2)).filter((pair) => pair.length === 2);
  return Object.fromEntries(lines.map(([name = "", value = ""]) => [name.trim(), value.trim()]));
}

export function NewCall(): VNode {
  const [phoneNumber, setPhone] = useState("");
  const [agentId, setAgent] = useState("");
  const [userId, setOwner] = useState("");
  const [at, setAt] = useState("");
  const [timezone, setZone] = useState(pageZone());
  const [isHours, setHours] = useState(true);
  const [frequency, setFrequency] = useState("");
  const [times, setTimes] = useState("5");
  const [metadata, setMetadata] = useState("");
  const recurring = frequency === "" ? {} : { recurring: { frequency: frequency as CallFrequency, maxOccurrences: Number(times) } };
  const shared = { scheduledFor: at, timezone, respectBusinessHours: isHours, metadata: metadataOf(metadata), ...recurring };
  const known = { ...(phoneNumber ? { phoneNumber } : {}), ...(agentId ? { agentId } : {}), ...(userId ? { userId } : {}) };
  const { preview, problem } = usePreview({ ...shared, ...known, count: 5 });
  const run = async (): Promise<void> => {
    const made = await call("POST /scheduling/schedule", {}, { ...shared, phoneNumber, agentId, userId });
    go(hrefOf("calls", made.scheduledCallId));
  };
  return (
    <Section title="New call">
      <Form name="New call" submit="Schedule" run={run}>
        <div class="fields">
          <Field label="Number" value={phoneNumber} onChange={setPhone} required hint="such as +34911000222" />
          <AgentSelect value={agentId} onChange={setAgent} />
          <Field label="Owner" value={userId} onChange={setOwner} required hint="whose call it is" />
          <Field label="When" type="datetime-local" value={at} onChange={setAt} required />
          <Field label="Time zone" value={timezone} onChange={setZone} required />
          <Field label="Repeat" value={frequency} options={["", "daily", "weekly", "monthly"]} empty="never" onChange={setFrequency} />
          {frequency ? <Field label="How often in all" type="number" value={times} onChange={setTimes} /> : null}
        </div>
        <label class="check"><input type="checkbox" checked={isHours} onChange={(event) => setHours(event.currentTarget.checked)} /> In business hours only</label>
        <Field label="Metadata" value={metadata} onChange={setMetadata} rows={2} hint="name=value, a line each: what the agent's text names" />
        {problem ? <p class="error" role="status">{plain("PREVIEW")}: {problem}</p> : null}
        {preview ? <Preview of={preview} zone={timezone} /> : null}
      </Form>
    </Section>
  );
}
