/** The ladder of an incident: what was done, what is next with a ticking clock, what is still to come. */
import type { VNode } from "preact";
import { useQuery, type Query } from "../query";
import type { Message, MessageList, Step, StepList } from "records";
import { Loaded } from "./page";
import { channelName, Dots, plain, State } from "./marks";
import { Person } from "./people";
import { At, Countdown } from "./time";

export function useLadder(id: string): { steps: Query<StepList>; messages: Query<MessageList> } {
  const match = (news: "again" | { subjectId?: string }): boolean => news === "again" || news.subjectId === id;
  const steps = useQuery("GET /incidents/escalations/{id}", { id, limit: 200 }, { match, messages: true });
  const messages = useQuery("GET /messages", { subjectId: id, limit: 500 }, { match, messages: true });
  return { steps, messages };
}

function classOf(step: Step, isNext: boolean): string {
  if (step.status === "PENDING") {
    return isNext ? "next" : "future";
  }
  return step.status === "EXECUTED" ? "done" : step.status === "FAILED" ? "failed" : "left-out";
}

function StepRow({ step, message, isNext }: { step: Step; message: Message | undefined; isNext: boolean }): VNode {
  const kind = classOf(step, isNext);
  const whom = step.target === "EMERGENCY_CONTACT" ? <>emergency contact of <Person id={step.userId} /></> : <Person id={step.userId} />;
  return (
    <li class={kind} aria-current={isNext ? "step" : undefined}>
      <span class="what"><b>{channelName(step.stepType)}</b> {step.userId ? <>to {whom}</> : step.targetKind ? plain(step.targetKind) : null}</span>
      {step.status === "PENDING" ? (
        <span class="when">{isNext ? <><strong>next </strong><Countdown at={step.scheduledAt} past="late" /></> : <At at={step.scheduledAt} bare />}</span>
      ) : (
        <span class="when"><At at={step.executedAt ?? step.failedAt ?? step.scheduledAt} bare seconds /></span>
      )}
      {message ? <span class="far"><Dots level={message.receipt} /> <State of={message.state} /></span> : step.status === "PENDING" ? null : <State of={step.status} />}
      {step.reason || step.error ? <small class="why">{step.reason ?? step.error}</small> : null}
    </li>
  );
}

export function Ladder({ id }: { id: string }): VNode {
  const { steps, messages } = useLadder(id);
  const byStep = new Map((messages.data?.messages ?? []).map((one) => [one.stepId, one]));
  const byId = new Map((messages.data?.messages ?? []).map((one) => [one.id, one]));
  return (
    <Loaded query={steps}>
      {(data) => {
        const last = Math.max(0, ...data.steps.map((step) => step.round));
        const shown = data.steps.filter((step) => step.round === last);
        const next = shown.find((step) => step.status === "PENDING");
        return shown.length === 0 ? <p class="faint">No ladder has begun.</p> : (
          <ol class="ladder" aria-label={last > 0 ? `Ladder, round ${last}` : "Ladder"}>
            {shown.map((step) => (
              <StepRow key={step.id} step={step} isNext={step === next} message={byStep.get(step.id) ?? byId.get(step.messageId)} />
            ))}
          </ol>
        );
      }}
    </Loaded>
  );
}
