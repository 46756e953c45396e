/** Who is on call, why, and where nobody is. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api";
import { useNow } from "../clock";
import { useQuery } from "../query";
import { hrefOf, setFilters, type Route } from "../router";
import type { Oncall, Schedule } from "records";
import { Action } from "../ui/action";
import { Field, Form } from "../ui/form";
import { plain } from "../ui/marks";
import { Empty, Loaded, Page, Section } from "../ui/page";
import { PersonSelect } from "../ui/people";
import { ownZone } from "../time";
import { At, Countdown } from "../ui/time";
import { NewSchedule } from "./schedule-new";
import { Spans } from "./spans";

function Who({ of }: { of: Oncall }): VNode {
  return (
    <article tabIndex={0} data-row aria-label={of.schedule}>
      <header><h3><a href={hrefOf("oncall", of.scheduleId)}>{of.schedule}</a></h3>{of.covered ? <b>{of.userName}</b> : <span class="badge bad">nobody</span>}</header>
      <p class="faint">{of.reason}{of.until ? <> · until <At at={of.until} zone={of.timezone} /> (<Countdown at={of.until} />)</> : null}</p>
      {of.explain && of.explain.length > 0 ? (
        <details><summary>Why</summary><ol>{of.explain.map((rule, at) => <li key={at}><b>{rule.rule}</b>: {plain(rule.verdict ?? "")}. {rule.text}</li>)}</ol></details>
      ) : null}
    </article>
  );
}

function AllSchedules({ route }: { route: Route }): VNode {
  const at = route.query.get("at") ?? "";
  const when = at === "" ? "" : new Date(at).toISOString();
  const query = useQuery("GET /oncall", { explain: true, at: when, limit: 200 }, { everyMs: 30_000 });
  return (
    <Page title="On-call">
      <div class="filters"><Field label={`At (${ownZone}; now where empty)`} type="datetime-local" value={at} onChange={(value) => setFilters(route, { at: value })} /></div>
      <Loaded query={query}>{(data) => (data.oncall.length === 0 ? <Empty>No schedule.</Empty> : <div class="cards">{data.oncall.map((one) => <Who key={one.scheduleId} of={one} />)}</div>)}</Loaded>
      <Section title="Add a schedule"><NewSchedule /></Section>
    </Page>
  );
}

const hour = 3_600_000;

function Cover({ of }: { of: Schedule }): VNode {
  const [userId, setUser] = useState("");
  const [hours, setHours] = useState("4");
  const now = useNow();
  const run = (): Promise<unknown> => call("POST /schedules/{id}/overrides", { id: of.id }, { userId, start: new Date(now).toISOString(), end: new Date(now + Number(hours) * hour).toISOString(), reason: "from the dashboard" });
  return (
    <Form name="Cover from now" submit="Cover from now" run={run}>
      <div class="fields">
        <div class="field"><label for="cover-person">Who</label><PersonSelect id="cover-person" value={userId} onChange={setUser} /></div>
        <Field label="Hours" type="number" value={hours} onChange={setHours} />
      </div>
    </Form>
  );
}

function OneSchedule({ id }: { id: string }): VNode {
  const query = useQuery("GET /schedules/{id}", { id });
  const now = Math.floor(useNow() / hour) * hour;
  const spans = useQuery("GET /schedules/{id}/spans", { id, from: new Date(now).toISOString(), to: new Date(now + 28 * 24 * hour).toISOString(), limit: 200 });
  const gaps = useQuery("GET /schedules/{id}/gaps", { id });
  const overrides = useQuery("GET /schedules/{id}/overrides", { id });
  const zone = query.data?.timezone;
  return (
    <Page title={query.data?.name ?? "Schedule"}>
      <Loaded query={query}>{(of) => <p class="faint">{of.description} Times in {of.timezone}. {(of.findings ?? []).map((one) => <span key={one.message} class="badge warn">{one.message}</span>)}</p>}</Loaded>
      <div class="columns">
        <Section title="The next four weeks" aside={spans.data ? `${spans.data.coveragePercent} % covered` : null}>
          <Loaded query={spans}>{(data) => <Spans spans={data.spans} zone={zone} />}</Loaded>
        </Section>
        <div>
          <Section title="Gaps"><Loaded query={gaps}>{(data) => (data.gaps.length === 0 ? <Empty>No gap.</Empty> : <Spans spans={data.gaps} isGap zone={zone} />)}</Loaded></Section>
          <Section title="Overrides">
            <Loaded query={overrides}>
              {(data) => (data.overrides.length === 0 ? <Empty>No override.</Empty> : data.overrides.map((one) => (
                <p key={one.id}><At at={one.start} zone={zone} /> until <At at={one.end} zone={zone} bare /> {one.reason} <Action tone="quiet" confirm="Remove it?" run={() => call("DELETE /schedules/{id}/overrides/{id2}", { id, id2: one.id })}>Remove</Action></p>
              )))}
            </Loaded>
            {query.data ? <Cover of={query.data} /> : null}
          </Section>
        </div>
      </div>
    </Page>
  );
}

export function OnCall({ route }: { route: Route }): VNode {
  return route.id === undefined ? <AllSchedules route={route} /> : <OneSchedule id={route.id} />;
}
