/** The editor of a policy: everything that one can say, and beside it what the server and its lint say of what is typed. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, call, wordsOf } from "../api";
import type { LintFinding, PolicyInput, PolicyStepInput } from "records";
import { Field, Form } from "../ui/form";
import { plain } from "../ui/marks";
import { Section } from "../ui/page";
import { PersonSelect } from "../ui/people";
import { StepFields } from "./policy-step";

interface EditorProps {
  start: PolicyInput;
  save: (policy: PolicyInput) => Promise<void>;
  /** Told of each change: the simulator runs what is not saved yet. */
  onDraft?: (policy: PolicyInput) => void;
}

interface Verdict {
  findings?: LintFinding[];
  problem?: string;
}

/** A rehearsal of the draft is refused where the draft would be, and tells what the lint finds in it. */
function useVerdict(policy: PolicyInput): Verdict | undefined {
  const [found, set] = useState<Verdict | undefined>(undefined);
  const key = JSON.stringify(policy);
  useEffect(() => {
    let isOver = false;
    const timer = setTimeout(() => {
      const body = { policy: { ...policy, name: policy.name || "draft" }, incident: { title: "What if", severity: "HIGH" as const } };
      call("POST /policies/{policy}/simulate", { policy: "default" }, body).then(
        (run) => isOver || set({ findings: run.warnings }),
        (error: unknown) => isOver || set({ problem: `${error instanceof ApiError && error.field ? `${error.field}: ` : ""}${wordsOf(error)}` }),
      );
    }, 400);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key]);
  return found;
}

function Lint({ of }: { of: Verdict | undefined }): VNode {
  return (
    <section class="lint" aria-live="polite" aria-label="What the lint says of the draft">
      <h3>What the lint says</h3>
      {of === undefined ? <p class="faint">Looking…</p> : of.problem !== undefined ? <p class="error">{of.problem}</p> : null}
      {of?.findings?.length === 0 ? <p><span class="badge good">fine</span> Nothing is wrong.</p> : null}
      <ul class="plain">{(of?.findings ?? []).map((one, at) => <li key={at}><span class="badge warn">{plain(one.code ?? "")}</span> {one.message}</li>)}</ul>
    </section>
  );
}

function Whole({ policy, change }: { policy: PolicyInput; change: (next: PolicyInput) => void }): VNode {
  const again = policy.repeatLadder;
  const lease = policy.acknowledgementLease;
  return (
    <div class="fields">
      <Field label="Name" value={policy.name} onChange={(name) => change({ ...policy, name })} required />
      <Field label="Description" value={policy.description ?? ""} onChange={(description) => change({ ...policy, description: description || null })} />
      <div class="field"><label for="policy-owner">Owner</label><PersonSelect id="policy-owner" value={policy.ownerId ?? ""} empty="nobody" onChange={(ownerId) => change({ ...policy, ownerId: ownerId || null })} /><small>is told of steps that reach nobody</small></div>
      <Field label="Ladder again, times" type="number" value={String(again?.times ?? 0)} onChange={(value) => change({ ...policy, repeatLadder: Number(value) > 0 ? { times: Number(value), afterMinutes: again?.afterMinutes ?? 10 } : null })} />
      {again ? <Field label="after minutes" type="number" value={String(again.afterMinutes)} onChange={(value) => change({ ...policy, repeatLadder: { times: again.times, afterMinutes: Number(value) } })} /> : null}
      <Field label="Acknowledgement holds, minutes" type="number" value={String(lease?.minutes ?? 0)} onChange={(value) => change({ ...policy, acknowledgementLease: Number(value) > 0 ? { ...lease, minutes: Number(value) } : null })} hint="0: until somebody resolves it" />
      {lease ? <Field label="then an answer within, minutes" type="number" value={String(lease.answerMinutes ?? 5)} onChange={(value) => change({ ...policy, acknowledgementLease: { minutes: lease.minutes, answerMinutes: Number(value) } })} /> : null}
    </div>
  );
}

const fresh: PolicyStepInput = { after: 5, channel: "CALL", targets: [{ type: "PERSON" }] };

export function PolicyEditor({ start, save, onDraft }: EditorProps): VNode {
  const [policy, setPolicy] = useState(start);
  const verdict = useVerdict(policy);
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
      <div class="editor">
        <Form name="Policy" submit="Save" run={() => save(policy)}>
          <Whole policy={policy} change={change} />
          {policy.steps.map((step, at) => (
            <StepFields
              key={at} of={step} at={at} count={policy.steps.length} move={(by) => move(at, by)}
              change={(next) => setSteps(policy.steps.map((one, other) => (other === at ? next : one)))}
              remove={() => setSteps(policy.steps.filter((_, other) => other !== at))}
            />
          ))}
          <p><button type="button" onClick={() => setSteps([...policy.steps, fresh])}>Add a step</button></p>
        </Form>
        <Lint of={verdict} />
      </div>
    </Section>
  );
}
