/** With the virtual clock: what rings on whose phone, and what they do when it rings the next time. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api";
import { useQuery } from "../query";
import { hrefOf } from "../router";
import type { Channel, Message, User } from "records";
import { Action } from "../ui/action";
import { Field } from "../ui/form";
import { ChannelMark, Dots, State } from "../ui/marks";
import { Empty, Page } from "../ui/page";
import { usePeople } from "../ui/people";
import { At } from "../ui/time";

const shownMax = 6;
const deeds = ["press 1", "press 2", "ignore", "busy", "voicemail", "reply yes", "reply no"] as const;
const phoneChannels = ["CALL", "SMS", "WHATSAPP"] as const;

function Rung({ of }: { of: Message }): VNode {
  const isRinging = of.state === "SENDING" || of.state === "SENT";
  return (
    <li class={isRinging ? "ringing" : ""}>
      <p><ChannelMark of={of.channel} /> <At at={of.createdAt} bare seconds /> <Dots level={of.receipt} /> <State of={of.state} /></p>
      <p class="bubble"><a href={hrefOf("messages", of.id)}>{of.text || of.subject || "(no text)"}</a></p>
    </li>
  );
}

function Phone({ user, messages }: { user: User; messages: Message[] }): VNode {
  const whole = useQuery("GET /users/{id}", { id: user.id }, { match: () => false });
  const [channel, setChannel] = useState<string>("CALL");
  const [deed, setDeed] = useState<string>("press 1");
  const phone = whole.data?.phone;
  const script = (): Promise<unknown> => call("POST /mock/answers", {}, { phone: phone ?? "", channel: channel as Channel, do: deed });
  return (
    <article class="phone" tabIndex={0} data-row aria-label={`Phone of ${user.name}`}>
      <header><h2>{user.name}</h2><span class="faint">{phone}</span></header>
      {messages.length === 0 ? <Empty>It has not rung.</Empty> : <ul>{messages.map((one) => <Rung key={one.id} of={one} />)}</ul>}
      <div class="fields">
        <Field label="On the next" value={channel} options={phoneChannels} onChange={setChannel} />
        <Field label="they" value={deed} options={deeds} onChange={setDeed} />
      </div>
      <Action letter="a" disabled={phone === undefined} done={`${user.name} will ${deed}.`} run={script}>Set</Action>
    </article>
  );
}

export function Phones(): VNode {
  const people = usePeople().filter((one) => one.phone);
  const query = useQuery("GET /messages", { newest: true, limit: 300 }, { everyMs: 3000 });
  const ofUser = (id: string | undefined): Message[] =>
    (query.data?.messages ?? []).filter((one) => one.userId === id && phoneChannels.some((channel) => channel === one.channel)).slice(0, shownMax);
  return (
    <Page title="Phones">
      <p class="faint">Nothing here reaches a real phone. Set what somebody does when it rings the next time, move the clock, and look at <a href={hrefOf("now")}>Now</a>.</p>
      {people.length === 0 ? <Empty>Nobody has a phone yet.</Empty> : <div class="cards">{people.map((one) => <Phone key={one.id} user={one} messages={ofUser(one.id)} />)}</div>}
    </Page>
  );
}
