import type { VNode } from "preact";
import { call } from "../api";
import type { Incident } from "records";
import { Action } from "./action";

/** What can be done with an incident in its state, each by a click or a key. */
export function IncidentActions({ of, more = false }: { of: Incident; more?: boolean }): VNode | null {
  const args = { id: of.id };
  const isOpen = of.state === "OPEN" || of.state === "ESCALATING" || of.state === "ACKNOWLEDGED";
  if (!isOpen) {
    return null;
  }
  return (
    <div class="actions">
      {of.state === "ACKNOWLEDGED" ? null : (
        <Action letter="a" tone="main" done="Acknowledged." run={() => call("POST /incidents/{id}/acknowledge", args)}>Acknowledge</Action>
      )}
      {of.state === "ACKNOWLEDGED" && of.leaseUntil ? (
        <Action letter="x" done="The lease begins anew." run={() => call("POST /incidents/{id}/extend", args)}>Extend</Action>
      ) : null}
      <Action letter="r" done="Resolved." run={() => call("POST /incidents/{id}/resolve", args)}>Resolve</Action>
      {of.state === "ESCALATING" ? null : (
        <Action letter="e" done="The ladder begins." run={() => call("POST /incidents/{id}/escalate", args)}>Escalate</Action>
      )}
      {more ? <Action tone="quiet" confirm="Withdraw this incident?" run={() => call("POST /incidents/{id}/cancel", args)}>Withdraw</Action> : null}
    </div>
  );
}
