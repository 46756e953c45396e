/** The editor of a policy: a row for each step. What is saved is what the server takes; it says what is wrong and where. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { allStepType, allTargetKind, type PolicyInput, type PolicyStepInput, type StepType, type TargetKind } from "records";
import { Field, Form } from "../ui/form";
import { Section } from "../ui/page";
import { PersonSelect } from "../ui/people";
import { useQuery } from "../query";

interface StepProps {
  of: PolicyStepInput;
  at: number;
  count: number;
  change: (step: PolicyStepInput) => void;
  move: (by: number) => void;
  remove: () => void;
}

function ScheduleSelect({ id, value, onChange }: { id: string; value: string; onChange: (id: string) => void }): VNode {
  const query = useQuery("GET /schedules", { limit: 200 });
  return (
    <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">choose a schedule</option>
      {(query.data?.schedules ?? []).map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
    </select>
  );
}

function StepFields({ of, at, count, change, move, remove }: StepProps): VNode {
  const target = of.targets?.[0] ?? { type: "PERSON" as TargetKind };
  const more = (of.targets ?? []).slice(1);
  const aim = (id: string): void => change({ ...of, targets: [{ ...target, id }, ...more] });
  const whoId = `step-${at}-who`;
  return (
    <fieldset>
      <legend>Step {at + 1}</legend>
      <div class="fields">
        <Field label="After minutes" type="number" value={String(of.after ?? 0)} onChange={(value) => change({ ...of, after: Number(value) })} />
        <Field label="and seconds" type="number" value={String(of.afterSeconds ?? 0)} onChange={(value) => change({ ...of, afterSeconds: Number(value) })} />
        <Field label="By" value={of.channel} options={allStepType} onChange={(value) => change({ ...of, channel: value as StepType })} />
        <Field label="To" value={target.type} options={allTargetKind} onChange={(value) => change({ ...of, targets: [{ type: value as TargetKind }, ...more] })} />
        {target.type === "USER" ? <div class="field"><label for={whoId}>Who</label><PersonSelect id={whoId} value={target.id ?? ""} onChange={aim} /></div> : null}
        {target.type === "SCHEDULE" ? <div class="field"><label for={whoId}>Schedule</label><ScheduleSelect id={whoId} value={target.id ?? ""} onChange={aim} /></div> : null}
        <Field label="Repeats" type="number" value={String(of.repeat?.times ?? 1)} onChange={(value) => change(Number(value) > 1 ? { ...of, repeat: { times: Number(value), everyMinutes: of.repeat?.everyMinutes ?? 5 } } : withoutRepeat(of))} />
        {of.repeat ? <Field label="every minutes" type="number" value={String(of.repeat.everyMinutes)} onChange={(value) => change({ ...of, repeat: { times: of.repeat?.times ?? 2, everyMinutes: Number(value) } })} /> : null}
      </div>
      {more.length > 0 ? <p class="faint">and {more.length} more targets</p> : null}
      <label class="check"><input type="checkbox" checked={of.overrideQuietHours ?? false} onChange={(event) => change({ ...of, overrideQuietHours: event.currentTarget.checked })} /> Also in quiet hours</label>
      <div class="actions">
        <button type="button" disabled={at === 0} onClick={() => move(-1)} aria-label={`Step ${at + 1} up`}>Up</button>
        <button type="button" disabled={at === count - 1} onClick={() => move(1)} aria-label={`Step ${at + 1} down`}>Down</button>
        <button type="button" class="quiet" onClick={remove} aria-label={`Remove step ${at + 1}`}>Remove</button>
      </div>
    </fieldset>
  );
}

function withoutRepeat({ repeat: _, ...rest }: PolicyStepInput): PolicyStepInput {
  return rest;
}

interface EditorProps {
  start: PolicyInput;
  save: (policy: PolicyInput) => Promise<void>;
  /** Told of each change: the simulator runs what is not saved yet. */
  onDraft?: (policy: PolicyInput) => void;
}

export function PolicyEditor({ start, save, onDraft }: EditorProps): VNode {
  const [policy, setPolicy] = useState(start);
  const change = (next: PolicyInput): void => {
    setPolicy(next);
    onDraft?.(next);
  };
  const setSteps = (steps: PolicyStepInput[]): void => change({ ...policy, steps });
  const move = (at: number, by: number): void => {
    const steps = [...policy.steps];
    steps.splice(at + by, 0, ...steps.splice(at, 1));
    setSteps(steps);
  };
  return (
    <Section title="Editor">
      <Form name="Policy" submit="Save" run={() => save(policy)}>
        <div class="fields">
          <Field label="Name" value={policy.name} onChange={(name) => change({ ...policy, name })} required />
          <Field label="Description" value={policy.description ?? ""} onChange={(description) => change({ ...policy, description: description || null })} />
          <Field label="Ladder again, times" type="number" value={String(policy.repeatLadder?.times ?? 0)} onChange={(value) => change({ ...policy, repeatLadder: Number(value) > 0 ? { times: Number(value), afterMinutes: policy.repeatLadder?.afterMinutes ?? 10 } : null })} />
          <Field label="Acknowledgement holds, minutes" type="number" value={String(policy.acknowledgementLease?.minutes ?? 0)} onChange={(value) => change({ ...policy, acknowledgementLease: Number(value) > 0 ? { minutes: Number(value) } : null })} hint="0: until somebody resolves it" />
        </div>
        {policy.steps.map((step, at) => (
          <StepFields
            key={at} of={step} at={at} count={policy.steps.length} move={(by) => move(at, by)}
            change={(next) => setSteps(policy.steps.map((one, other) => (other === at ? next : one)))}
            remove={() => setSteps(policy.steps.filter((_, other) => other !== at))}
          />
        ))}
        <p><button type="button" onClick={() => setSteps([...policy.steps, { after: 5, channel: "CALL", targets: [{ type: "PERSON" }] }])}>Add a step</button></p>
      </Form>
    </Section>
  );
}
