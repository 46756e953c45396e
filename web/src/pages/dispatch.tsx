/** The dispatch board: for whom a technician is sought, and who was asked. */
import type { VNode } from "preact";
import { call } from "../api";
import { useQuery } from "../query";
import { hrefOf, setFilters, type Route } from "../router";
import { allDispatchState, type Dispatch } from "records";
import { Action } from "../ui/action";
import { Field } from "../ui/form";
import { plain, State } from "../ui/marks";
import { Empty, Facts, Loaded, Page, Section } from "../ui/page";
import { Person } from "../ui/people";
import { Story } from "../ui/story";
import { At, Countdown } from "../ui/time";

function DispatchActions({ of }: { of: Dispatch }): VNode | null {
  const callId = of.callId ?? "";
  const asked = of.technicians?.find((one) => one.position === of.position);
  const answer = asked?.userId === undefined ? {} : { userId: asked.userId };
  if (of.state === "CANCELLED" || of.state === "COMPLETED") {
    return null;
  }
  const isSought = of.state === "DISPATCHING" || of.state === "NEW" || of.state === "EXHAUSTED";
  return (
    <div class="actions">
      {isSought ? <Action needs="respond" letter="a" tone="main" done="Accepted." run={() => call("POST /dispatch/{callId}/accept", { callId }, answer)}>Accept</Action> : null}
      {of.state === "DISPATCHING" ? <Action needs="respond" letter="d" done="Declined." run={() => call("POST /dispatch/{callId}/decline", { callId }, answer)}>Decline</Action> : null}
      {of.state === "DISPATCHING" ? <Action needs="respond" letter="e" done="The next attempt is made." run={() => call("POST /dispatch/manual", {}, { callId, attempt: of.attempt })}>Next attempt now</Action> : null}
      {of.state === "ACCEPTED" ? <Action needs="respond" letter="r" done="Completed." run={() => call("POST /dispatch/{callId}/complete", { callId })}>Complete</Action> : null}
      <Action needs="respond" tone="quiet" confirm="Call it off? That cannot be taken back." done="Called off." run={() => call("POST /dispatch/{callId}/cancel", { callId })}>Call off</Action>
    </div>
  );
}

export function DispatchCard({ of: known }: { of: Dispatch }): VNode {
  const query = useQuery("GET /dispatch/{callId}", { callId: known.callId ?? "" }, { match: (news) => news === "again" || news.callId === known.callId || news.subjectId === known.id, everyMs: 10_000 });
  const of = query.data ?? known;
  return (
    <article class={`dispatch is-${of.state}`} tabIndex={0} data-row aria-label={of.issueSummary}>
      <header>
        <h3><a href={hrefOf("dispatch", of.callId)}>{of.issueSummary || of.callId}</a></h3>
        <span class={`severity s-${of.emergencyLevel}`}>{plain(of.emergencyLevel ?? "")}</span> <State of={of.state} />
      </header>
      <p class="faint"><At at={of.createdAt} /> · caller {of.callerPhone} {of.acceptedBy ? <>· taken by <Person id={of.acceptedBy} /></> : null}</p>
      {of.nextAttemptAt ? <p>Next attempt <Countdown at={of.nextAttemptAt} past="late" /></p> : null}
      {of.technicians ? (
        <ol class="ladder" aria-label="Technicians">
          {of.technicians.map((one) => (
            <li key={one.position} class={one.outcome === "WAITING" ? "future" : one.outcome === "ASKED" ? "next" : one.outcome === "ACCEPTED" ? "done" : "left-out"}>
              <span class="what"><Person id={one.userId} /></span>
              <span class="when">{one.askedAt ? <At at={one.askedAt} bare seconds /> : null}</span>
              <State of={one.outcome} />
            </li>
          ))}
        </ol>
      ) : null}
      <DispatchActions of={of} />
    </article>
  );
}

function AllDispatches({ route }: { route: Route }): VNode {
  const state = route.query.get("state") ?? "";
  const query = useQuery("GET /dispatch", { state, limit: 200 }, { everyMs: 15_000 });
  return (
    <Page title="Dispatch">
      <div class="filters"><Field label="State" value={state} options={["", ...allDispatchState]} onChange={(value) => setFilters(route, { state: value })} /></div>
      <Loaded query={query}>
        {(data) => (data.dispatches.length === 0 ? <Empty>No dispatch.</Empty> : <div class="cards">{data.dispatches.map((one) => <DispatchCard key={one.id} of={one} />)}</div>)}
      </Loaded>
    </Page>
  );
}

function OneDispatch({ callId }: { callId: string }): VNode {
  const query = useQuery("GET /dispatch/{callId}", { callId }, { everyMs: 10_000 });
  return (
    <Page title={query.data?.issueSummary || "Dispatch"}>
      <Loaded query={query}>
        {(of) => (
          <>
            <DispatchCard of={of} />
            <Section title="Facts"><Facts of={[["Call", of.callId], ["Caller", of.callerPhone], ["Attempt", of.attempt], ["Accepted", of.acceptedAt ? <At at={of.acceptedAt} /> : ""], ["Resolution", of.resolution]]} /></Section>
          </>
        )}
      </Loaded>
      <Story path="GET /dispatch/{callId}/timeline" args={{ callId }} />
    </Page>
  );
}

export function DispatchPage({ route }: { route: Route }): VNode {
  return route.id === undefined ? <AllDispatches route={route} /> : <OneDispatch callId={route.id} />;
}
