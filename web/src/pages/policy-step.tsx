/** One step of a policy in the editor: when, by what, whom, how often. */
import type { VNode } from "preact";
import { allStepOrigin, allStepType, allTargetKind, type PolicyStepInput, type PolicyTargetInput, type StepOrigin, type StepType, type TargetKind } from "records";
import { useQuery } from "../query";
import { Field } from "../ui/form";
import { PersonSelect } from "../ui/people";

export interface StepProps {
  of: PolicyStepInput;
  at: number;
  count: number;
  change: (step: PolicyStepInput) => void;
  move: (by: number) => void;
  remove: () => void;
}

const targetsMax = 10;
const person: PolicyTargetInput = { type: "PERSON" };
const targetWords: Record<TargetKind, string> = {
  PERSON: "whom it is about", USER: "a person", SCHEDULE: "who is on call", EMERGENCY_CONTACT: "their emergency contact",
};

function ScheduleSelect({ id, value, onChange }: { id: string; value: string; onChange: (id: string) => void }): VNode {
  const query = useQuery("GET /schedules", { limit: 200 });
  return (
    <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">choose a schedule</option>
      {(query.data?.schedules ?? []).map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
    </select>
  );
}

interface TargetProps {
  of: PolicyTargetInput;
  name: string;
  id: string;
  change: (target: PolicyTargetInput) => void;
  remove: (() => void) | undefined;
}

function Target({ of, name, id, change, remove }: TargetProps): VNode {
  return (
    <li class="target">
      <label class="hidden" for={`${id}-kind`}>{name}</label>
      <select id={`${id}-kind`} value={of.type} onChange={(event) => change({ type: event.currentTarget.value as TargetKind })}>
        {allTargetKind.map((one) => <option key={one} value={one}>{targetWords[one]}</option>)}
      </select>
      {of.type === "USER" || of.type === "SCHEDULE" ? <label class="hidden" for={`${id}-who`}>{of.type === "USER" ? "Who" : "Schedule"} of {name}</label> : null}
      {of.type === "USER" ? <PersonSelect id={`${id}-who`} value={of.id ?? ""} onChange={(who) => change({ ...of, id: who })} /> : null}
      {of.type === "SCHEDULE" ? <ScheduleSelect id={`${id}-who`} value={of.id ?? ""} onChange={(who) => change({ ...of, id: who })} /> : null}
      {remove ? <button type="button" class="quiet" onClick={remove} aria-label={`Remove ${name}`}>×</button> : null}
    </li>
  );
}

function Targets({ of, at, change }: Pick<StepProps, "of" | "at" | "change">): VNode {
  const targets = of.targets && of.targets.length > 0 ? of.targets : [person];
  const set = (next: PolicyTargetInput[]): void => change({ ...of, targets: next });
  return (
    <div class="field" role="group" aria-label={`Whom step ${at + 1} reaches`}>
      <b>To</b>
      <ul class="targets">
        {targets.map((one, index) => (
          <Target
            key={index} of={one} id={`step-${at}-target-${index}`} name={`target ${index + 1} of step ${at + 1}`}
            change={(next) => set(targets.map((other, place) => (place === index ? next : other)))}
            remove={targets.length > 1 ? () => set(targets.filter((_, place) => place !== index)) : undefined}
          />
        ))}
      </ul>
      {targets.length < targetsMax ? <button type="button" class="quiet" onClick={() => set([...targets, person])} aria-label={`Add a target to step ${at + 1}`}>Also somebody else</button> : null}
    </div>
  );
}

function withoutRepeat({ repeat: _, ...rest }: PolicyStepInput): PolicyStepInput {
  return rest;
}

function Repeats({ of, change }: Pick<StepProps, "of" | "change">): VNode {
  const set = (times: number, everyMinutes: number): void => change(times > 1 ? { ...of, repeat: { times, everyMinutes } } : withoutRepeat(of));
  return (
    <>
      <Field label="How often in all" type="number" value={String(of.repeat?.times ?? 1)} onChange={(value) => set(Number(value), of.repeat?.everyMinutes ?? 5)} />
      {of.repeat ? <Field label="every minutes" type="number" value={String(of.repeat.everyMinutes)} onChange={(value) => set(of.repeat?.times ?? 2, Number(value))} /> : null}
    </>
  );
}

export function StepFields({ of, at, count, change, move, remove }: StepProps): VNode {
  return (
    <fieldset>
      <legend>Step {at + 1}</legend>
      <div class="fields">
        <Field label="After minutes" type="number" value={String(of.after ?? 0)} onChange={(value) => change({ ...of, after: Number(value) })} />
        <Field label="and seconds" type="number" value={String(of.afterSeconds ?? 0)} onChange={(value) => change({ ...of, afterSeconds: Number(value) })} />
        <Field label="counted from" value={of.since ?? "PREVIOUS"} options={allStepOrigin} onChange={(value) => change({ ...of, since: value as StepOrigin })} hint="previous: from when the step before was due" />
        <Field label="By" value={of.channel} options={allStepType} onChange={(value) => change({ ...of, channel: value as StepType })} />
        <Repeats of={of} change={change} />
      </div>
      <Targets of={of} at={at} change={change} />
      <label class="check"><input type="checkbox" checked={of.overrideQuietHours ?? false} onChange={(event) => change({ ...of, overrideQuietHours: event.currentTarget.checked })} /> Also in quiet hours</label>
      <div class="actions">
        <button type="button" disabled={at === 0} onClick={() => move(-1)} aria-label={`Step ${at + 1} up`}>Up</button>
        <button type="button" disabled={at === count - 1} onClick={() => move(1)} aria-label={`Step ${at + 1} down`}>Down</button>
        <button type="button" class="quiet" disabled={count === 1} onClick={remove} aria-label={`Remove step ${at + 1}`}>Remove</button>
      </div>
    </fieldset>
  );
}
