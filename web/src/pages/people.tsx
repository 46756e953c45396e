/** People: how each can be reached, when not, and how well that has worked. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api";
import { useQuery } from "../query";
import { go, hrefOf, setFilters, type Route } from "../router";
import { pageZone } from "../time";
import type { CalendarKind, User } from "records";
import { Action, Opener } from "../ui/action";
import { Field, Form } from "../ui/form";
import { List } from "../ui/list";
import { channelName, ChannelMark, State } from "../ui/marks";
import { Empty, Facts, Loaded, Page, Section } from "../ui/page";
import { At, Countdown } from "../ui/time";
import { usePages } from "../ui/use-pages";

function Row({ of }: { of: User }): VNode {
  return (
    <div class="cells">
      <span class="grow"><a href={hrefOf("people", of.id)}>{of.name}</a></span>
      <span class="wide">{of.email}</span><span class="wide">{of.phone}</span><span class="at">{of.timezone}</span>
      {of.quietHours ? <span class="badge calm">quiet {of.quietHours.start}–{of.quietHours.end}</span> : null}
      {of.callOptIn ? null : <span class="badge warn">no calls</span>}
    </div>
  );
}

function NewPerson(): VNode {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [phone, setPhone] = useState("");
  const [timezone, setZone] = useState(pageZone());
  const run = async (): Promise<void> => {
    const made = await call("POST /users", {}, { name, timezone, ...(email ? { email } : {}), ...(phone ? { phone } : {}) });
    go(hrefOf("people", made.id));
  };
  return (
    <Section title="Add a person">
      <Form name="Add a person" submit="Add" run={run}>
        <div class="fields">
          <Field label="Name" value={name} onChange={setName} required />
          <Field label="Email" value={email} onChange={setEmail} />
          <Field label="Phone" value={phone} onChange={setPhone} hint="such as +34600000101" />
          <Field label="Time zone" value={timezone} onChange={setZone} />
        </div>
      </Form>
    </Section>
  );
}

function AllPeople({ route }: { route: Route }): VNode {
  const isNew = route.query.get("new") === "1";
  const pages = usePages("GET /users", {}, (list) => list.users, () => false);
  return (
    <Page title="People" aside={<Opener isOpen={isNew} onClick={() => setFilters(route, { new: isNew ? "" : "1" })}>Add a person</Opener>}>
      {isNew ? <NewPerson /> : null}
      {pages.problem}
      <p class="faint">{pages.total} people</p>
      {pages.isRead && pages.items.length === 0 ? <Empty>Nobody yet.</Empty> : <List items={pages.items} keyOf={(one) => one.id ?? ""} row={(one) => <Row of={one} />} label="People" rowHeight={46} onEnd={pages.more} onOpen={(one) => go(hrefOf("people", one.id))} />}
    </Page>
  );
}

function ReachTable({ id }: { id: string }): VNode {
  const query = useQuery("GET /users/{id}/reachability", { id }, { everyMs: 30_000 });
  const suppressed = useQuery("GET /users/{id}/suppressions", { id });
  return (
    <Section title="Reachability">
      <Loaded query={query}>
        {(data) => (data.reachability.length === 0 ? <Empty>Nothing was sent yet.</Empty> : (
          <div class="scroll" tabIndex={0} role="region" aria-label="Reachability by channel"><table>
            <thead><tr><th scope="col">Channel</th><th scope="col" class="number">Score</th><th scope="col" class="number">Reached</th><th scope="col" class="number">Confirmed</th><th scope="col">Median answer</th></tr></thead>
            <tbody>
              {data.reachability.map((one) => (
                <tr key={one.channel}><th scope="row">{channelName(one.channel)}</th><td class="number">{one.score}</td><td class="number">{one.reached}/{one.attempts}</td><td class="number">{one.confirmed}/{one.asked}</td><td>{one.medianSecondsToConfirm === undefined ? "–" : `${one.medianSecondsToConfirm} s`}</td></tr>
              ))}
            </tbody>
          </table></div>
        ))}
      </Loaded>
      {(suppressed.data?.suppressions ?? []).filter((one) => !one.liftedAt).map((one) => (
        <p key={one.id} class="error"><ChannelMark of={one.channel} /> …{one.address} is not used: {one.category} (said {one.provider}, <At at={one.createdAt} />)</p>
      ))}
    </Section>
  );
}

function Calendars({ id }: { id: string }): VNode {
  const query = useQuery("GET /users/{id}/calendars", { id }, { everyMs: 15_000 });
  const [url, setUrl] = useState("");
  const [kind, setKind] = useState<string>("ics");
  return (
    <Section title="Calendars" aside={<Action run={() => call("POST /calendar/sync", {}, { userId: id })} done="Calendars were read.">Read now</Action>}>
      <Loaded query={query}>
        {(data) => (data.calendars.length === 0 ? <Empty>No calendar.</Empty> : data.calendars.map((one) => (
          <article key={one.id}>
            <header><h3>{one.host ?? one.kind}</h3><State of={one.status} /></header>
            <p>{one.lastSyncedAt ? <>read <Countdown at={one.lastSyncedAt} /></> : "never read"}{one.failures > 0 ? ` · ${one.failures} failures in a row` : ""}</p>
            {one.lastError ? <p class="error">{one.lastError}</p> : null}
            {one.warnings > 0 ? <p class="why">{one.warnings} left out; {one.firstWarning}</p> : null}
            <Action tone="quiet" confirm="Remove the calendar? Its meetings are cancelled." run={() => call("DELETE /users/{id}/calendars/{id2}", { id, id2: one.id })}>Remove</Action>
          </article>
        )))}
      </Loaded>
      <Form name="Add a calendar" submit="Add calendar" run={async () => { await call("POST /users/{id}/calendars", { id }, { kind: kind as CalendarKind, url }); setUrl(""); }}>
        <div class="fields">
          <Field label="Kind" value={kind} options={["ics", "caldav"]} onChange={setKind} />
          <Field label="Address" value={url} onChange={setUrl} required hint="of the feed or collection" />
        </div>
      </Form>
    </Section>
  );
}

function Change({ of }: { of: User }): VNode {
  const [start, setStart] = useState(of.quietHours?.start ?? "");
  const [end, setEnd] = useState(of.quietHours?.end ?? "");
  const [zone, setZone] = useState(of.timezone ?? "");
  const [mayCall, setMayCall] = useState(of.callOptIn);
  const run = (): Promise<unknown> => call("PATCH /users/{id}", { id: of.id }, { timezone: zone || null, callOptIn: mayCall, quietHours: start || end ? { start: start || null, end: end || null } : null });
  return (
    <Form name="When not to call" submit="Save" run={run}>
      <div class="fields">
        <Field label="Quiet from" value={start} onChange={setStart} hint="such as 22:00, on their clock" />
        <Field label="Quiet until" value={end} onChange={setEnd} />
        <Field label="Time zone" value={zone} onChange={setZone} />
      </div>
      <label class="check"><input type="checkbox" checked={mayCall} onChange={(event) => setMayCall(event.currentTarget.checked)} /> May be called</label>
    </Form>
  );
}

function OnePerson({ id }: { id: string }): VNode {
  const query = useQuery("GET /users/{id}", { id });
  return (
    <Page title={query.data?.name ?? "Person"}>
      <Loaded query={query}>
        {(of) => (
          <div class="columns">
            <div>
              <Section title="Channels">
                {(of.findings ?? []).map((one) => <p key={one.message} class="badge warn">{one.message}</p>)}
                <Facts of={[
                  ["Email", of.email], ["Phone", of.phone], ["WhatsApp", of.whatsapp], ["Language", of.locale], ["Time zone", of.timezone], ["Prefers", of.preferredChannel ? channelName(of.preferredChannel) : ""],
                  ["Emergency contact", of.emergencyContact ? [of.emergencyContact.name, of.emergencyContact.phone, of.emergencyContact.email].filter(Boolean).join(", ") : "none"],
                ]} />
                <p><a href={hrefOf("messages", undefined, { person: id })}>messages</a> · <a href={hrefOf("incidents", undefined, { person: id })}>incidents</a> · <a href={hrefOf("meetings", undefined, { person: id })}>meetings</a></p>
              </Section>
              <Section title="When not to call"><Change of={of} /></Section>
            </div>
            <div><ReachTable id={id} /><Calendars id={id} /></div>
          </div>
        )}
      </Loaded>
    </Page>
  );
}

export function People({ route }: { route: Route }): VNode {
  return route.id === undefined ? <AllPeople route={route} /> : <OnePerson id={route.id} />;
}
