import type { VNode } from "preact";
import { call } from "../api";
import type { Incident } from "records";
import { Action } from "./action";

/** What can be done with an incident in its state, each by a click or a key. */
export function IncidentActions({ of, more = false }: { of: Incident; more?: boolean }): VNode | null {
  const args = { id: of.id };
  const isTaken = of.state === "ACKNOWLEDGED";
  const isOpen = of.state === "OPEN" || of.state === "ESCALATING" || isTaken;
  if (!isOpen) {
    return null;
  }
  const mayGiveBack = of.ladderStartedAt !== undefined && of.kind !== "DRILL";
  const giveBack = { run: () => call("POST /incidents/{id}/release", args), done: "Given back: its ladder begins anew." };
  const take = { run: () => call("POST /incidents/{id}/extend", args), done: "Taken again: its ladder has stopped." };
  return (
    <div class="actions">
      {isTaken ? null : (
        <Action needs="respond" letter="a" tone="main" done="Acknowledged." undo={mayGiveBack ? giveBack : undefined} run={() => call("POST /incidents/{id}/acknowledge", args)}>Acknowledge</Action>
      )}
      {isTaken && of.leaseLapsedAt ? <Action needs="respond" letter="a" tone="main" done="Taken: its ladder has stopped." run={take.run}>Take it again</Action> : null}
      {isTaken && of.leaseUntil && !of.leaseLapsedAt ? (
        <Action needs="respond" letter="x" done="The lease begins anew." run={() => call("POST /incidents/{id}/extend", args)}>Extend</Action>
      ) : null}
      <Action needs="respond" letter="r" done="Resolved." run={() => call("POST /incidents/{id}/resolve", args)}>Resolve</Action>
      {of.state === "OPEN" ? (
        <Action needs="respond" letter="e" done="The ladder begins." run={() => call("POST /incidents/{id}/escalate", args)}>Escalate</Action>
      ) : null}
      {isTaken && mayGiveBack && !of.leaseLapsedAt ? (
        <Action needs="respond" letter="u" tone="quiet" confirm="Give it back? Its ladder begins anew." done={giveBack.done} undo={take} run={giveBack.run}>Give back</Action>
      ) : null}
      {more ? <Action needs="respond" tone="quiet" confirm="Withdraw this incident? That cannot be taken back." done="Withdrawn." run={() => call("POST /incidents/{id}/cancel", args)}>Withdraw</Action> : null}
    </div>
  );
}
