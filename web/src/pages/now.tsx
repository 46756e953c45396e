/** What is open, what comes next, and who is asked. */
import type { VNode } from "preact";
import { useNow } from "../clock";
import { useQuery } from "../query";
import { hrefOf } from "../router";
import type { Incident, Job, TimerKind } from "records";
import { IncidentActions } from "../ui/incident-actions";
import { Ladder } from "../ui/ladder";
import { plain, SeverityMark, State } from "../ui/marks";
import { Empty, Loaded, Page, Section } from "../ui/page";
import { Person } from "../ui/people";
import { At, Countdown } from "../ui/time";
import { Tour } from "../ui/tour";
import { DispatchCard } from "./dispatch";
import { MeetingCard } from "./meetings";

const cardsMax = 20;
const isAbout = (start: string) => (news: "again" | { type?: string }): boolean => news === "again" || (news.type ?? "").startsWith(start);
const isIncident = (news: "again" | { type?: string }): boolean => isAbout("INCIDENT")(news) || isAbout("ESCALATION")(news);

export function IncidentCard({ of }: { of: Incident }): VNode {
  return (
    <article class={`incident is-${of.state}`} tabIndex={0} data-row aria-label={of.title}>
      <header>
        <h3><a href={hrefOf("incidents", of.id)}>{of.title}</a></h3>
        <SeverityMark of={of.severity} /> <State of={of.state} />
      </header>
      <p class="faint">
        <At at={of.createdAt} /> · <Countdown at={of.createdAt} /> {of.userId ? <>· about <Person id={of.userId} /></> : null}
        {of.reports > 1 ? ` · ${of.reports} reports` : null} {of.policy ? <>· policy <a href={hrefOf("policies", of.policy)}>{of.policy}</a></> : null}
      </p>
      {of.state === "ACKNOWLEDGED" ? (
        <p>Taken by <b>{of.acknowledgedBy}</b> at <At at={of.acknowledgedAt} />{of.leaseUntil ? <>; lease ends <Countdown at={of.leaseUntil} /></> : null}</p>
      ) : null}
      {of.heldUntil ? <p>Held by maintenance until <At at={of.heldUntil} /></p> : null}
      {of.ladderStartedAt ? <Ladder id={of.id ?? ""} /> : null}
      <IncidentActions of={of} />
    </article>
  );
}

function Open(): VNode {
  const escalating = useQuery("GET /incidents", { state: "ESCALATING", limit: 100 }, { match: isIncident, everyMs: 15_000 });
  const open = useQuery("GET /incidents", { state: "OPEN", limit: 100 }, { match: isIncident, everyMs: 15_000 });
  const taken = useQuery("GET /incidents", { state: "ACKNOWLEDGED", limit: 100 }, { match: isIncident, everyMs: 15_000 });
  const all = [...(escalating.data?.incidents ?? []), ...(open.data?.incidents ?? []), ...(taken.data?.incidents ?? [])];
  const total = [escalating, open, taken].reduce((sum, query) => sum + (query.data?.total ?? 0), 0);
  return (
    <Section title={`Open incidents${total > 0 ? ` (${total})` : ""}`} aside={<a href={hrefOf("incidents")}>all incidents</a>}>
      <Loaded query={escalating}>
        {() => (all.length === 0 ? <Empty>Nothing is open. Tocsin watches.</Empty> : all.slice(0, cardsMax).map((one) => <IncidentCard key={one.id} of={one} />))}
      </Loaded>
      {total > cardsMax ? <p><a href={hrefOf("incidents")}>{total - cardsMax} more</a></p> : null}
    </Section>
  );
}

/** What people wait for; housekeeping is of no interest here. Of each kind the next few, so that a campaign hides no ladder. */
const shownKinds: ReadonlySet<string> = new Set<TimerKind>(["STEP", "ALERT", "MISSED_CHECK", "DISPATCH", "LADDER", "LEASE", "SCHEDULED_CALL"]);
const ofEachKind = 5;
const shownMax = 12;
export const kindWords: Record<string, string> = {
  ALERT: "alert before a meeting", MISSED_CHECK: "was the meeting joined?", STEP: "step of a ladder", LEASE: "lease of an acknowledgement ends",
  DISPATCH: "next technician", SCHEDULED_CALL: "scheduled call", CAMPAIGN: "campaign", LADDER: "ladder again", LADDER_BEGIN: "ladder begins",
};
export const kindPages: Record<string, string> = { STEP: "incidents", LEASE: "incidents", LADDER: "incidents", LADDER_BEGIN: "incidents", ALERT: "meetings", MISSED_CHECK: "meetings", SCHEDULED_CALL: "calls" };

/** Of what a job is: its title, read once. */
function About({ page, id }: { page: string; id: string }): VNode | null {
  const incident = useQuery("GET /incidents/{id}", { id }, { isOff: page !== "incidents", match: () => false });
  const meeting = useQuery("GET /meetings/{id}", { id }, { isOff: page !== "meetings", match: () => false });
  const call = useQuery("GET /scheduling/scheduled-calls/{id}", { id }, { isOff: page !== "calls", match: () => false });
  const title = page === "incidents" ? incident.data?.title : page === "meetings" ? meeting.data?.title : call.data?.phoneNumber;
  return title === undefined ? null : <span class="about">{title}</span>;
}

function JobRow({ job }: { job: Job }): VNode {
  const page = kindPages[job.kind ?? ""];
  const words = kindWords[job.kind ?? ""] ?? plain(job.kind ?? "");
  return (
    <li tabIndex={-1} data-row>
      <span class="when"><Countdown at={job.dueAt} past="late" /></span>
      <span class="of">{page && job.subjectId ? <><a href={hrefOf(page, job.subjectId)}>{words}</a> <About page={page} id={job.subjectId} /></> : words}</span>
      <At at={job.dueAt} bare />
    </li>
  );
}

function DueNext(): VNode {
  const query = useQuery("GET /queue/jobs", { byDue: true, state: "delayed", each: ofEachKind, limit: 200 }, { match: (news) => news === "again" || /^(INCIDENT|STEP|DISPATCH|MEETING|SCHEDULED|ESCALATION)/.test(news.type ?? ""), everyMs: 10_000 });
  return (
    <Section title="Due next" aside={<a href={hrefOf("queue")}>all that waits</a>}>
      <Loaded query={query}>
        {(data) => {
          const jobs = data.jobs.filter((job) => shownKinds.has(job.kind ?? "")).slice(0, shownMax);
          return jobs.length === 0 ? <Empty>Nothing is planned.</Empty> : <ul class="due">{jobs.map((job) => <JobRow key={job.id} job={job} />)}</ul>;
        }}
      </Loaded>
    </Section>
  );
}

const hour = 3_600_000;

function Today(): VNode {
  const now = useNow();
  const start = Math.floor(now / hour) * hour;
  const args = { from: new Date(start - 4 * hour).toISOString(), to: new Date(start + 20 * hour).toISOString(), limit: 100 };
  const meetings = useQuery("GET /meetings", args, { match: (news) => news === "again" || news.subjectType === "MEETING", everyMs: 10_000 });
  return (
    <Section title="Meetings around now" aside={<a href={hrefOf("meetings")}>all meetings</a>}>
      <Loaded query={meetings}>
        {(data) => (data.meetings.length === 0 ? <Empty>No meeting from four hours ago to twenty hours on.</Empty> : data.meetings.map((one) => <MeetingCard key={one.eventId} of={one} />))}
      </Loaded>
    </Section>
  );
}

function Board(): VNode {
  const match = isAbout("DISPATCH");
  const seeking = useQuery("GET /dispatch", { state: "DISPATCHING", limit: 50 }, { match, everyMs: 10_000 });
  const fresh = useQuery("GET /dispatch", { state: "NEW", limit: 50 }, { match });
  const taken = useQuery("GET /dispatch", { state: "ACCEPTED", limit: 50 }, { match });
  const nobody = useQuery("GET /dispatch", { state: "EXHAUSTED", limit: 10 }, { match });
  const all = [nobody, fresh, seeking, taken].flatMap((query) => query.data?.dispatches ?? []);
  return (
    <Section title="Dispatch board" aside={<a href={hrefOf("dispatch")}>all dispatches</a>}>
      <Loaded query={seeking}>{() => (all.length === 0 ? <Empty>No technician is sought.</Empty> : all.map((one) => <DispatchCard key={one.id} of={one} />))}</Loaded>
    </Section>
  );
}

function HealthLine(): VNode | null {
  const lint = useQuery("GET /lint", { limit: 1 }, { match: (news) => news === "again", everyMs: 60_000 });
  return lint.data && lint.data.total > 0 ? <a class="badge warn" href={hrefOf("policies")}>{lint.data.total} warnings of the lint</a> : null;
}

export function Now(): VNode {
  return (
    <Page title="Now" aside={<HealthLine />}>
      <Tour />
      <div class="columns">
        <div><Open /><Board /></div>
        <div><DueNext /><Today /></div>
      </div>
    </Page>
  );
}
