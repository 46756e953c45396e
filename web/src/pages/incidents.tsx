/** Incidents: the list, and one with its ladder and its story. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api";
import { go, hrefOf, setFilters, type Route } from "../router";
import { allIncidentState, allSeverity, type Incident, type Severity } from "records";
import { useQuery } from "../query";
import { Field, Form } from "../ui/form";
import { IncidentActions } from "../ui/incident-actions";
import { List } from "../ui/list";
import { plain, SeverityMark, State } from "../ui/marks";
import { Empty, Facts, Loaded, Page, Section } from "../ui/page";
import { Person, PersonSelect } from "../ui/people";
import { usePages } from "../ui/use-pages";
import { Opener } from "../ui/action";
import { At } from "../ui/time";
import { Story } from "../ui/story";
import { IncidentCard } from "./now";

function Row({ of }: { of: Incident }): VNode {
  return (
    <div class="cells">
      <span class="grow"><a href={hrefOf("incidents", of.id)}>{of.title}</a></span>
      <SeverityMark of={of.severity} />
      <State of={of.state} />
      <span class="wide"><Person id={of.userId} /></span>
      <span class="at"><At at={of.createdAt} bare /></span>
      <IncidentActions of={of} />
    </div>
  );
}

function NewIncident(): VNode {
  const [title, setTitle] = useState("");
  const [details, setDetails] = useState("");
  const [severity, setSeverity] = useState<string>("MEDIUM");
  const [policy, setPolicy] = useState("default");
  const [userId, setUser] = useState("");
  const policies = useQuery("GET /policies", { limit: 200 });
  const run = async (): Promise<void> => {
    const body = { title, severity: severity as Severity, policy, escalate: true, ...(details ? { details } : {}), ...(userId ? { userId } : {}) };
    const made = await call("POST /incidents", {}, body);
    go(hrefOf("incidents", made.id));
  };
  return (
    <Form needs="respond" name="Open an incident" submit="Open and escalate" run={run}>
      <Field label="Title" value={title} onChange={setTitle} required />
      <Field label="Details" value={details} onChange={setDetails} rows={3} />
      <Field label="Severity" value={severity} onChange={setSeverity} options={allSeverity} />
      <div class="field">
        <label for="incident-policy">Policy</label>
        <select id="incident-policy" value={policy} onChange={(event) => setPolicy(event.currentTarget.value)}>
          {(policies.data?.policies ?? []).map((one) => <option key={one.id} value={one.name}>{one.name}</option>)}
        </select>
      </div>
      <div class="field"><label for="incident-person">About</label><PersonSelect id="incident-person" value={userId} onChange={setUser} empty="nobody in particular" /></div>
    </Form>
  );
}

function AllIncidents({ route }: { route: Route }): VNode {
  const state = route.query.get("state") ?? "";
  const severity = route.query.get("severity") ?? "";
  const userId = route.query.get("person") ?? "";
  const isNew = route.query.get("new") === "1";
  const pages = usePages("GET /incidents", { state, severity, userId }, (list) => list.incidents, (news) => news !== "again" && (news.type ?? "").startsWith("INCIDENT"));
  return (
    <Page title="Incidents" aside={<Opener needs="respond" isOpen={isNew} onClick={() => setFilters(route, { new: isNew ? "" : "1" })}>New incident</Opener>}>
      {isNew ? <Section title="Open an incident"><NewIncident /></Section> : null}
      <div class="filters">
        <Field label="State" value={state} options={["", ...allIncidentState]} onChange={(value) => setFilters(route, { state: value })} />
        <Field label="Severity" value={severity} options={["", ...allSeverity]} onChange={(value) => setFilters(route, { severity: value })} />
        <div class="field"><label for="incidents-person">Person</label><PersonSelect id="incidents-person" value={userId} empty="all" onChange={(person) => setFilters(route, { person })} /></div>
        <span class="faint">{pages.total} in all</span>
      </div>
      {pages.problem}
      {pages.isRead && pages.items.length === 0 ? <Empty>No incident.</Empty> : (
        <List items={pages.items} keyOf={(one) => one.id ?? ""} row={(one) => <Row of={one} />} label="Incidents" onEnd={pages.more} onOpen={(one) => go(hrefOf("incidents", one.id))} />
      )}
    </Page>
  );
}

function OneIncident({ id }: { id: string }): VNode {
  const query = useQuery("GET /incidents/{id}", { id }, { match: (news) => news === "again" || news.subjectId === id, everyMs: 10_000 });
  return (
    <Page title={query.data?.title ?? "Incident"}>
      <Loaded query={query}>
        {(of) => (
          <div class="columns">
            <div><IncidentCard of={of} /></div>
            <div>
              <Section title="Facts">
                <Facts of={[
                  ["State", <State of={of.state} />], ["Kind", plain(of.kind ?? "")], ["Details", of.details ? <pre class="text">{of.details}</pre> : ""],
                  ["About", of.userId ? <Person id={of.userId} /> : ""], ["Meeting", of.eventId ? <a href={hrefOf("meetings", of.eventId)}>its meeting</a> : ""],
                  ["Opened", <At at={of.createdAt} />], ["Ladder began", of.ladderStartedAt ? <At at={of.ladderStartedAt} /> : ""], ["Acknowledged", of.acknowledgedAt ? <><At at={of.acknowledgedAt} /> by {of.acknowledgedBy}</> : ""],
                  ["Resolved", of.resolvedAt ? <At at={of.resolvedAt} /> : ""], ["Resolution", of.resolution], ["Nobody answered by", of.exhaustedAt ? <At at={of.exhaustedAt} /> : ""],
                  ["Reports", of.reports], ["Dedup key", of.dedupKey ? <code>{of.dedupKey}</code> : ""],
                ]} />
              </Section>
            </div>
          </div>
        )}
      </Loaded>
      <Story path="GET /incidents/{id}/timeline" args={{ id }} />
    </Page>
  );
}

export function Incidents({ route }: { route: Route }): VNode {
  return route.id === undefined ? <AllIncidents route={route} /> : <OneIncident id={route.id} />;
}
