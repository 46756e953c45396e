/** Policies: what each does, what the lint says of it, an editor, and the simulator as a timeline. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api";
import { useQuery } from "../query";
import { go, hrefOf, type Route } from "../router";
import type { Policy, PolicyInput, PolicyStep } from "records";
import { Action, Opener } from "../ui/action";
import { channelName, plain } from "../ui/marks";
import { Empty, Loaded, Page, Section } from "../ui/page";
import { Person } from "../ui/people";
import { At } from "../ui/time";
import { PolicyEditor } from "./policy-editor";
import { Simulator } from "./simulator";

function afterWords(step: PolicyStep): string {
  const parts = [step.after > 0 ? `${step.after} min` : "", step.afterSeconds > 0 ? `${step.afterSeconds} s` : ""].filter(Boolean);
  const span = parts.length === 0 ? "at once" : `after ${parts.join(" ")}`;
  return step.since === "START" ? `${span} from the start` : span;
}

export function Steps({ of }: { of: readonly PolicyStep[] }): VNode {
  return (
    <ol class="ladder" aria-label="Steps">
      {of.map((step, at) => (
        <li key={at} class="future-plain">
          <span class="what"><b>{channelName(step.channel)}</b> to {(step.targets ?? []).map((one) => (one.type === "USER" && one.id ? <Person key={one.id} id={one.id} /> : <span key={one.type}>{plain(one.type)} </span>))}</span>
          <span class="when">{afterWords(step)}</span>
          {step.repeat ? <small class="why">{step.repeat.times} times, every {step.repeat.everyMinutes} min</small> : null}
          {step.overrideQuietHours ? <small class="why">also in quiet hours</small> : null}
        </li>
      ))}
    </ol>
  );
}

function Card({ of }: { of: Policy }): VNode {
  return (
    <article tabIndex={0} data-row aria-label={of.name}>
      <header><h3><a href={hrefOf("policies", of.name)}>{of.name}</a></h3>{of.isBuiltIn ? <span class="badge calm">built in</span> : <span class="faint">version {of.version}</span>}</header>
      {of.description ? <p>{of.description}</p> : null}
      <Steps of={of.steps} />
    </article>
  );
}

function Lint(): VNode {
  const query = useQuery("GET /lint", { limit: 100 }, { everyMs: 30_000 });
  return (
    <Section title="What the lint says" aside={query.data?.lastRunAt ? <span class="faint">looked at <At at={query.data.lastRunAt} /></span> : null}>
      <Loaded query={query}>
        {(data) => (data.findings.length === 0 ? <Empty>Nothing is wrong.</Empty> : (
          <ul>{data.findings.map((one, at) => <li key={at}><span class="badge warn">{plain(one.code ?? "")}</span> {one.message} {one.subjectType === "USER" ? <Person id={one.subjectId} /> : null}</li>)}</ul>
        ))}
      </Loaded>
    </Section>
  );
}

const fresh: PolicyInput = { name: "", steps: [{ after: 0, channel: "CALL", targets: [{ type: "PERSON" }] }] };

function AllPolicies(): VNode {
  const query = useQuery("GET /policies", { limit: 200 });
  const [isNew, setNew] = useState(false);
  return (
    <Page title="Policies" aside={<Opener isOpen={isNew} onClick={() => setNew(!isNew)}>New policy</Opener>}>
      {isNew ? <PolicyEditor start={fresh} save={async (policy) => { const made = await call("POST /policies", {}, policy); go(hrefOf("policies", made.name)); }} /> : null}
      <Loaded query={query}>{(data) => <div class="cards">{data.policies.map((one) => <Card key={one.id} of={one} />)}</div>}</Loaded>
      <Lint />
    </Page>
  );
}

/** What the editor begins with: the policy as it would be sent. */
function inputOf(of: Policy): PolicyInput {
  return {
    name: of.name, steps: of.steps, ...(of.description ? { description: of.description } : {}), ...(of.ownerId ? { ownerId: of.ownerId } : {}),
    ...(of.repeatLadder ? { repeatLadder: of.repeatLadder } : {}), ...(of.acknowledgementLease ? { acknowledgementLease: of.acknowledgementLease } : {}),
  };
}

function OnePolicy({ name }: { name: string }): VNode {
  const query = useQuery("GET /policies/{policy}", { policy: name });
  const [draft, setDraft] = useState<PolicyInput | undefined>(undefined);
  const [isEditing, setEditing] = useState(false);
  const policy = query.data;
  const save = async (input: PolicyInput): Promise<void> => {
    const made = await call("PUT /policies/{policy}", { policy: name }, input);
    setEditing(false);
    setDraft(undefined);
    go(hrefOf("policies", made.name));
  };
  return (
    <Page title={`Policy ${name}`} aside={policy ? <Opener isOpen={isEditing} onClick={() => setEditing(!isEditing)}>{isEditing ? "Leave the editor" : "Edit"}</Opener> : null}>
      <Loaded query={query}>
        {(of) => (
          <>
            {(of.findings ?? []).map((one) => <p key={one.message}><span class="badge warn">{plain(one.code ?? "")}</span> {one.message}</p>)}
            {isEditing ? <PolicyEditor start={inputOf(of)} save={save} onDraft={setDraft} /> : <Card of={of} />}
            {of.isBuiltIn ? null : <p><Action tone="quiet" confirm="Archive it? What runs goes on with it." run={async () => { await call("DELETE /policies/{policy}", { policy: name }); go(hrefOf("policies")); }}>Archive</Action></p>}
          </>
        )}
      </Loaded>
      <Simulator policy={name} draft={draft} />
    </Page>
  );
}

export function Policies({ route }: { route: Route }): VNode {
  return route.id === undefined ? <AllPolicies /> : <OnePolicy name={route.id} />;
}
