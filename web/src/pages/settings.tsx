/** Keys, sources of alerts, heartbeats, maintenance, sinks, and drills. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api";
import { useQuery } from "../query";
import { hrefOf } from "../router";
import type { KeyScope, Severity, SourceKind } from "records";
import { Action } from "../ui/action";
import { Field, Form } from "../ui/form";
import { plain, State } from "../ui/marks";
import { Empty, Loaded, Page, Section } from "../ui/page";
import { Person, PersonSelect } from "../ui/people";
import { At, Countdown } from "../ui/time";

/** A secret that is shown once: it is gone when the page is left. */
function Once({ of, name }: { of: string | undefined; name: string }): VNode | null {
  return of === undefined ? null : <p role="status"><b>{name}, shown this once:</b> <code class="secret">{of}</code></p>;
}

function Keys(): VNode {
  const query = useQuery("GET /keys", { limit: 200 });
  const [name, setName] = useState("");
  const [scope, setScope] = useState<string>("READER");
  const [made, setMade] = useState<string | undefined>(undefined);
  const run = async (): Promise<void> => {
    const key = await call("POST /keys", {}, { name, scope: scope as KeyScope });
    setMade(key.key);
    setName("");
  };
  return (
    <Section title="Keys">
      <Once of={made} name="The key" />
      <Loaded query={query}>
        {(data) => (
          <ul class="plain">
            {data.keys.filter((one) => !one.revokedAt).map((one) => (
              <li key={one.id}>
                <b>{one.name}</b> <span class="badge calm">{plain(one.scope ?? "")}</span> <code>{one.prefix}…</code> {one.userId ? <Person id={one.userId} /> : null} <span class="faint">made <At at={one.createdAt} />{one.expiresAt ? <>, ends <At at={one.expiresAt} /></> : null}</span>
                <Action needs="administer" tone="quiet" confirm={`Revoke ${one.name}? It is refused from now on, and that cannot be taken back.`} done="Revoked." run={() => call("DELETE /keys/{id}", { id: one.id })} label={`Revoke ${one.name}`}>Revoke</Action>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <Form needs="administer" name="Make a key" submit="Make a key" run={run}>
        <div class="fields"><Field label="Name" value={name} onChange={setName} required /><Field label="Scope" value={scope} options={["READER", "RESPONDER", "OPERATOR", "ADMIN"]} onChange={setScope} /></div>
      </Form>
    </Section>
  );
}

function Integrations(): VNode {
  const query = useQuery("GET /integrations", { limit: 200 }, { everyMs: 15_000 });
  const [name, setName] = useState("");
  const [kind, setKind] = useState<string>("ANY");
  const [made, setMade] = useState<string | undefined>(undefined);
  const run = async (): Promise<void> => {
    const found = await call("POST /integrations", {}, { name, kind: kind as SourceKind });
    setMade([found.eventsUrl, found.alertmanagerUrl, found.grafanaUrl].filter(Boolean).join("\n"));
    setName("");
  };
  return (
    <Section title="Sources of alerts">
      <Once of={made} name="Its addresses" />
      <Loaded query={query}>
        {(data) => (data.integrations.length === 0 ? <Empty>No source.</Empty> : (
          <ul class="plain">
            {data.integrations.map((one) => (
              <li key={one.id}>
                <b>{one.name}</b> <span class="badge calm">{plain(one.kind ?? "")}</span> {one.enabled ? null : <span class="badge warn">off</span>}
                <span class="faint"> {one.received} received, {one.opened} opened, {one.resolved} resolved{one.lastEventAt ? <>; last <Countdown at={one.lastEventAt} /></> : ""}</span>
                <Action tone="quiet" label={`${one.enabled ? "Turn off" : "Turn on"} ${one.name}`} done={one.enabled ? "Off: what it sends is refused." : "On."} undo={one.enabled ? { run: () => call("PATCH /integrations/{id}", { id: one.id }, { enabled: true }), done: "On." } : undefined} run={() => call("PATCH /integrations/{id}", { id: one.id }, { enabled: !one.enabled })}>{one.enabled ? "Turn off" : "Turn on"}</Action>
              </li>
            ))}
          </ul>
        ))}
      </Loaded>
      <Form needs="administer" name="Add a source" submit="Add a source" run={run}>
        <div class="fields"><Field label="Name" value={name} onChange={setName} required /><Field label="Kind" value={kind} options={["ANY", "GENERIC", "ALERTMANAGER", "GRAFANA"]} onChange={setKind} /></div>
      </Form>
    </Section>
  );
}

function Beats(): VNode {
  const query = useQuery("GET /heartbeats", { limit: 200 }, { everyMs: 10_000 });
  const [name, setName] = useState("");
  const [every, setEvery] = useState("300");
  const [made, setMade] = useState<string | undefined>(undefined);
  const run = async (): Promise<void> => {
    setMade((await call("POST /heartbeats", {}, { name, everySeconds: Number(every) })).url);
    setName("");
  };
  return (
    <Section title="Heartbeats">
      <Once of={made} name="Its address" />
      <Loaded query={query}>
        {(data) => (data.heartbeats.length === 0 ? <Empty>No heartbeat.</Empty> : (
          <ul class="plain">
            {data.heartbeats.map((one) => (
              <li key={one.id}><b>{one.name}</b> <State of={one.state} /> <span class="faint">every {one.everySeconds} s{one.dueAt ? <>, due <Countdown at={one.dueAt} past="late" /></> : null}</span>
                <Action tone="quiet" label={`${one.state === "PAUSED" ? "Resume" : "Pause"} ${one.name}`} done={one.state === "PAUSED" ? "It is waited for again." : "Paused: it is not waited for."} undo={one.state === "PAUSED" ? undefined : { run: () => call("POST /heartbeats/{id}/resume", { id: one.id }), done: "It is waited for again." }} run={() => call(one.state === "PAUSED" ? "POST /heartbeats/{id}/resume" : "POST /heartbeats/{id}/pause", { id: one.id })}>{one.state === "PAUSED" ? "Resume" : "Pause"}</Action></li>
            ))}
          </ul>
        ))}
      </Loaded>
      <Form name="Add a heartbeat" submit="Add a heartbeat" run={run}>
        <div class="fields"><Field label="Name" value={name} onChange={setName} required /><Field label="Every seconds" type="number" value={every} onChange={setEvery} /></div>
      </Form>
    </Section>
  );
}

function Maintenance(): VNode {
  const query = useQuery("GET /maintenance", { limit: 20 }, { everyMs: 15_000 });
  const [name, setName] = useState("");
  const [minutes, setMinutes] = useState("60");
  return (
    <Section title="Maintenance">
      <Loaded query={query}>
        {(data) => (data.windows.length === 0 ? <Empty>No window.</Empty> : (
          <ul class="plain">
            {data.windows.map((one) => (
              <li key={one.id}><b>{one.name}</b> <State of={one.state} /> <span class="faint"><At at={one.startsAt} /> until <At at={one.endsAt} bare /></span>
                {one.state === "ACTIVE" ? <Action label={`End ${one.name}`} confirm="End it? What waited escalates at once." done="Ended: what waited escalates." run={() => call("POST /maintenance/{id}/end", { id: one.id })}>End now</Action> : null}</li>
            ))}
          </ul>
        ))}
      </Loaded>
      <Form name="Begin maintenance" submit="Begin maintenance" run={async () => { await call("POST /maintenance", {}, { name, minutes: Number(minutes) }); setName(""); }}>
        <div class="fields"><Field label="Name" value={name} onChange={setName} required /><Field label="Minutes" type="number" value={minutes} onChange={setMinutes} /></div>
      </Form>
    </Section>
  );
}

/** What a sink would not take, each with what it said. */
function DeadLetters({ id, name }: { id: string; name: string }): VNode {
  const query = useQuery("GET /sinks/{id}/dead-letters", { id, limit: 100 }, { everyMs: 10_000 });
  return (
    <Loaded query={query}>
      {(data) => (
        <ul class="plain" aria-label={`Dead letters of ${name}`}>
          {data.deadLetters.map((one) => <li key={one.id}><b>{plain(one.event?.type ?? "event")}</b> <At at={one.at} seconds /> {one.replaying ? <span class="badge warn">on its way</span> : null}<p class="why">{one.error}</p></li>)}
          {data.total > data.deadLetters.length ? <li class="faint">and {data.total - data.deadLetters.length} more</li> : null}
        </ul>
      )}
    </Loaded>
  );
}

function Sinks(): VNode {
  const query = useQuery("GET /sinks", { limit: 50 }, { everyMs: 10_000 });
  return (
    <Section title="Event sinks">
      <Loaded query={query}>
        {(data) => (data.sinks.length === 0 ? <Empty>No sink is told of events.</Empty> : (
          <ul class="plain">
            {data.sinks.map((one) => (
              <li key={one.id}><b>{one.name}</b> <State of={one.state} /> <span class="faint">{one.host} · {one.waiting ?? 0} wait, {one.deadLetters ?? 0} dead letters {one.lastError}</span>
                <Action
                  label={`${one.state === "PAUSED" ? "Resume" : "Pause"} ${one.name}`} done={one.state === "PAUSED" ? "It goes on." : "Paused: its events wait."}
                  undo={one.state === "PAUSED" ? undefined : { run: () => call("POST /sinks/{id}/resume", { id: one.id }), done: "It goes on." }}
                  run={() => call(one.state === "PAUSED" ? "POST /sinks/{id}/resume" : "POST /sinks/{id}/pause", { id: one.id })}
                >{one.state === "PAUSED" ? "Resume" : "Pause"}</Action>
                {(one.deadLetters ?? 0) > 0 ? <Action done="Told once more." label={`Replay the dead letters of ${one.name}`} run={() => call("POST /sinks/{id}/replay", { id: one.id }, { deadLetters: true })}>Replay dead letters</Action> : null}
                {(one.deadLetters ?? 0) > 0 ? <details><summary>What it would not take</summary><DeadLetters id={one.id ?? ""} name={one.name} /></details> : null}</li>
            ))}
          </ul>
        ))}
      </Loaded>
    </Section>
  );
}

function Tests(): VNode {
  const drills = useQuery("GET /drills", { limit: 10 }, { everyMs: 15_000 });
  const [userId, setUser] = useState("");
  const [sentId, setSent] = useState<string | undefined>(undefined);
  const send = async (): Promise<void> => {
    const made = await call("POST /incidents", {}, { title: "Test from the dashboard", severity: "LOW" as Severity, userId, escalate: true });
    setSent(made.id);
  };
  return (
    <Section title="Test and drill">
      <div class="field"><label for="drill-person">Whom</label><PersonSelect id="drill-person" value={userId} onChange={setUser} /></div>
      <div class="actions">
        <Action needs="respond" disabled={userId ? false : "Choose a person first."} done="A test incident is open: its ladder has begun." run={send}>Test send</Action>
        <Action disabled={userId ? false : "Choose a person first."} done="The drill has begun." run={() => call("POST /drills", {}, { userId })}>Fire drill</Action>
      </div>
      {sentId ? <p><a href={hrefOf("incidents", sentId)}>the test and how far it is</a></p> : null}
      <Loaded query={drills}>
        {(data) => <ul class="plain">{data.drills.map((one) => <li key={one.id}><b>{one.name ?? "drill"}</b> <Person id={one.userId} /> <At at={one.startedAt} /> {one.endedAt ? <span class="badge calm">ended</span> : <span class="badge warn">under way</span>} {one.incidentId ? <a href={hrefOf("incidents", one.incidentId)}>its story</a> : null}</li>)}</ul>}
      </Loaded>
    </Section>
  );
}

export function Settings(): VNode {
  return (
    <Page title="Settings">
      <div class="columns"><div><Keys /><Integrations /><Sinks /></div><div><Tests /><Beats /><Maintenance /></div></div>
    </Page>
  );
}
