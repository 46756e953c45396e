/** Meetings with their stages: who was told when, and whether they are in. */
import type { VNode } from "preact";
import { call } from "../api";
import { useNow } from "../clock";
import { useQuery } from "../query";
import { hrefOf, setFilters, type Route } from "../router";
import { addDays, dayOf, dayStart, dayText, pageZone } from "../time";
import type { Alert, CheckinStatus, Meeting } from "records";
import { Action } from "../ui/action";
import { ChannelMark, plain, State } from "../ui/marks";
import { Empty, Facts, Loaded, Page, Section } from "../ui/page";
import { Person, PersonSelect } from "../ui/people";
import { At, Countdown } from "../ui/time";
import { Story } from "../ui/story";

/** MEETING_URGENT_MESSAGE is "urgent": the channel stands beside it. */
function stageName(type: string | undefined): string {
  return plain(type ?? "").replace(/^meeting /, "").replace(/ (email|message|call)$/, "");
}

function Stage({ of, isNext }: { of: Alert; isNext: boolean }): VNode {
  const kind = of.status === "DELIVERED" ? "done" : of.status === "FAILED" ? "failed" : of.status === "PENDING" ? (isNext ? "next" : "future") : of.status === "SENDING" ? "next" : "left-out";
  return (
    <li class={kind} title={of.reason}>
      <span class="what"><b>{stageName(of.alertType)}</b> <ChannelMark of={of.channel} /></span>
      <span class="when">{isNext && of.status === "PENDING" ? <Countdown at={of.dueAt} past="late" /> : <At at={of.sentAt ?? of.dueAt} bare />}</span>
      <State of={of.status} />
      {of.reason ? <small class="why">{of.reason}</small> : null}
    </li>
  );
}

function Answers({ of }: { of: Meeting }): VNode | null {
  const say = (status: CheckinStatus) => () => call("POST /meetings/{id}/checkin", { id: of.eventId }, { userId: of.userId ?? "", status });
  const takeBack = { run: () => call("DELETE /meetings/{id}/checkin", { id: of.eventId }), done: "Taken back: the alerts that are ahead come at their time." };
  const isAhead = useNow() < Date.parse(of.startsAt ?? "");
  if (of.checkin?.status === "JOINED" && isAhead && of.status !== "CANCELLED") {
    return <div class="actions"><Action needs="respond" letter="u" tone="quiet" done={takeBack.done} run={takeBack.run}>Take the check-in back</Action></div>;
  }
  if (of.checkin?.status === "MISSED") {
    return <div class="actions"><Action needs="respond" letter="a" done="Checked in: what was begun has ended." run={say("JOINED")}>Is in after all</Action></div>;
  }
  if (of.checkin || of.status === "CANCELLED" || of.status === "DECLINED") {
    return null;
  }
  return (
    <div class="actions">
      <Action needs="respond" letter="a" tone="main" done="Checked in." undo={takeBack} run={say("JOINED")}>Check in</Action>
      <Action needs="respond" letter="d" done="Noted: cannot make it." confirm="Say that they cannot make it? Others are asked for help at once." run={say("MISSED")}>Cannot make it</Action>
    </div>
  );
}

export function MeetingCard({ of }: { of: Meeting }): VNode {
  const next = of.alerts.find((one) => one.status === "PENDING");
  return (
    <article class="meeting" tabIndex={0} data-row aria-label={of.title}>
      <header>
        <h3><a href={hrefOf("meetings", of.eventId)}>{of.title || "(no title)"}</a></h3>
        {of.checkin ? <State of={of.checkin.status} /> : of.status === "SCHEDULED" ? null : <State of={of.status} />}
      </header>
      <p class="faint"><At at={of.startsAt} zone={of.timezone} /> · <Countdown at={of.startsAt} /> · <Person id={of.userId} /></p>
      {of.incidentId ? <p><a href={hrefOf("incidents", of.incidentId)}>an incident came of it</a></p> : null}
      <ol class="ladder stages" aria-label="Stages">{of.alerts.map((one) => <Stage key={one.id} of={one} isNext={one === next} />)}</ol>
      <Answers of={of} />
    </article>
  );
}

function AllMeetings({ route }: { route: Route }): VNode {
  const days = Number(route.query.get("days") ?? "0");
  const userId = route.query.get("person") ?? "";
  const day = addDays(dayOf(useNow(), pageZone()), days);
  const from = dayStart(day, pageZone());
  const args = { from: new Date(from).toISOString(), to: new Date(dayStart(addDays(day, 1), pageZone())).toISOString(), userId, limit: 200 };
  const query = useQuery("GET /meetings", args, { match: (news) => news === "again" || news.subjectType === "MEETING", everyMs: 15_000 });
  return (
    <Page title="Meetings">
      <div class="filters">
        <button type="button" onClick={() => setFilters(route, { days: String(days - 1) })}>Day before</button>
        <button type="button" onClick={() => setFilters(route, { days: "" })} disabled={days === 0}>Today</button>
        <button type="button" onClick={() => setFilters(route, { days: String(days + 1) })}>Day after</button>
        <div class="field"><label for="meeting-person">Person</label><PersonSelect id="meeting-person" value={userId} empty="all" onChange={(person) => setFilters(route, { person })} /></div>
        <span>{dayText(from, pageZone())} <span class="zone">{pageZone()}</span></span>
      </div>
      <Loaded query={query}>
        {(data) => (data.meetings.length === 0 ? <Empty>No meetings that day.</Empty> : <div class="cards">{data.meetings.map((one) => <MeetingCard key={one.eventId} of={one} />)}</div>)}
      </Loaded>
    </Page>
  );
}

function OneMeeting({ id }: { id: string }): VNode {
  const query = useQuery("GET /meetings/{id}", { id }, { everyMs: 10_000 });
  return (
    <Page title={query.data?.title || "Meeting"}>
      <Loaded query={query}>
        {(of) => (
          <>
            <MeetingCard of={of} />
            <Section title="Facts">
              <Facts of={[["Begins", <At at={of.startsAt} zone={of.timezone} />], ["Ends", <At at={of.endsAt} zone={of.timezone} />], ["External id", of.externalId], ["All day", of.allDay ? "yes: raises no alert" : ""], ["Shown as free", of.transparent ? "yes: raises no alert" : ""]]} />
            </Section>
          </>
        )}
      </Loaded>
      <Story path="GET /meetings/{id}/timeline" args={{ id }} />
    </Page>
  );
}

export function Meetings({ route }: { route: Route }): VNode {
  return route.id === undefined ? <AllMeetings route={route} /> : <OneMeeting id={route.id} />;
}
