/** What would happen: the simulator drawn as a timeline. The clock is dragged, and it is chosen who answers what. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call, wordsOf } from "../api";
import { serverNow } from "../clock";
import { clockText, dayText, inputValue, ownZone, pageZone, spanText } from "../time";
import { allChannel, allFaultKind, type Channel, type FaultKind, type PolicyInput, type SimulateInputInput, type SimulatedEntry, type Simulation } from "records";
import { Field } from "../ui/form";
import { ChannelMark, plain } from "../ui/marks";
import { Section } from "../ui/page";
import { PersonSelect } from "../ui/people";

const answers = ["", "press 1", "press 2", "ignore", "busy", "voicemail", "unreachable", "reply yes"] as const;

interface Chosen {
  userId: string;
  start: string;
  channel: Channel;
  answer: string;
  nth: string;
  fault: string;
  faultChannel: Channel;
}

function requestOf(chosen: Chosen, draft: PolicyInput | undefined): SimulateInputInput {
  return {
    start: new Date(chosen.start).toISOString(),
    incident: { title: "What if", severity: "HIGH" },
    ...(chosen.userId ? { userId: chosen.userId } : { user: { name: "Ana", email: "ana@example.com", phone: "+14155550101", timezone: pageZone() } }),
    ...(chosen.answer ? { answers: [{ channel: chosen.channel, do: chosen.answer, ...(Number(chosen.nth) > 0 ? { nth: Number(chosen.nth) } : {}) }] } : {}),
    ...(chosen.fault ? { faults: [{ channel: chosen.faultChannel, kind: chosen.fault as FaultKind }] } : {}),
    ...(draft ? { policy: draft } : {}),
  };
}

function useSimulation(policy: string, chosen: Chosen, draft: PolicyInput | undefined): { found?: Simulation; problem?: string } {
  const [state, set] = useState<{ found?: Simulation; problem?: string }>({});
  const key = JSON.stringify([chosen, draft]);
  useEffect(() => {
    let isOver = false;
    const timer = setTimeout(() => {
      if (Number.isNaN(Date.parse(chosen.start))) {
        return;
      }
      call("POST /policies/{policy}/simulate", { policy }, requestOf(chosen, draft)).then(
        (found) => isOver || set({ found }),
        (error: unknown) => isOver || set({ problem: wordsOf(error) }),
      );
    }, 300);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [policy, key]);
  return state;
}

function Entry({ of, start, reached }: { of: SimulatedEntry; start: number; reached: boolean }): VNode {
  return (
    <li class={`entry ${reached ? `k-${of.kind === "MESSAGE" ? "MESSAGE" : "CHANGE"}` : "k-AHEAD"}`}>
      <span class="at">+{spanText(Date.parse(of.at ?? "") - start)}<br /><span class="faint" title={of.local}>{(of.local ?? "").slice(11)}</span></span>
      <div>
        <b>{plain(of.outcome ?? of.kind ?? "")}</b> <ChannelMark of={of.channel} /> {of.person ? `${of.kind === "INCIDENT" ? "about" : "to"} ${of.person}` : ""} {of.step ? <span class="faint">step {of.step.level}</span> : null}
        {of.reason ? <p class="why">{of.reason}</p> : null}
      </div>
    </li>
  );
}

function Result({ of, share }: { of: Simulation; share: number }): VNode {
  const start = Date.parse(of.start ?? "");
  const times = of.timeline.map((one) => Date.parse(one.at ?? ""));
  const last = Math.max(start + 1, ...times);
  const at = start + ((last - start) * share) / 100;
  const split = times.filter((time) => time <= at).length;
  return (
    <>
      <p><b>At {clockText(at, of.timezone ?? "UTC", true)} {of.timezone}</b>, {dayText(at, of.timezone ?? "UTC")}: {split} of {of.timeline.length} things have happened. In all {of.messages} messages and {of.calls} calls{of.ended ? `; it ends ${plain(of.ended.state ?? "")}${of.ended.by ? ` by ${of.ended.by}` : ""}` : ""}.</p>
      {of.ifNobodyAnswers?.exhaustedAt ? <p class="faint">If nobody answers, the ladder is exhausted after {spanText(Date.parse(of.ifNobodyAnswers.exhaustedAt) - start)}, with {of.ifNobodyAnswers.messages} messages and {of.ifNobodyAnswers.calls} calls.</p> : null}
      {of.warnings.map((one, index) => <p key={index}><span class="badge warn">{plain(one.code ?? "")}</span> {one.message}</p>)}
      <ol class="story" aria-label="Simulated timeline">
        {of.timeline.slice(0, split).map((one, index) => <Entry key={index} of={one} start={start} reached />)}
        <li class="now-line">the simulated clock</li>
        {of.timeline.slice(split).map((one, index) => <Entry key={split + index} of={one} start={start} reached={false} />)}
      </ol>
    </>
  );
}

export function Simulator({ policy, draft }: { policy: string; draft: PolicyInput | undefined }): VNode {
  const [chosen, setChosen] = useState<Chosen>({ userId: "", start: inputValue(serverNow(), ownZone), channel: "CALL", answer: "", nth: "", fault: "", faultChannel: "CALL" });
  const [share, setShare] = useState(100);
  const change = (part: Partial<Chosen>): void => setChosen({ ...chosen, ...part });
  const { found, problem } = useSimulation(policy, chosen, draft);
  return (
    <Section title={draft ? "What if (as edited, not saved)" : "What if"}>
      <div class="fields">
        <div class="field"><label for="what-if-person">About</label><PersonSelect id="what-if-person" value={chosen.userId} empty="a made-up person" onChange={(userId) => change({ userId })} /></div>
        <Field label={`Begins (${ownZone})`} type="datetime-local" value={chosen.start} onChange={(start) => change({ start })} />
        <Field label="They answer by" value={chosen.channel} options={allChannel} onChange={(value) => change({ channel: value as Channel })} />
        <Field label="What they do" value={chosen.answer} options={answers} empty="nothing" onChange={(answer) => change({ answer })} />
        <Field label="with which one (1, 2, …)" type="number" value={chosen.nth} onChange={(nth) => change({ nth })} />
        <Field label="What breaks" value={chosen.fault} options={["", ...allFaultKind]} empty="nothing" onChange={(fault) => change({ fault })} />
        {chosen.fault ? <Field label="on" value={chosen.faultChannel} options={allChannel} onChange={(value) => change({ faultChannel: value as Channel })} /> : null}
      </div>
      <div class="field">
        <label for="what-if-clock">Drag the clock</label>
        <input id="what-if-clock" type="range" min={0} max={100} value={share} onInput={(event) => setShare(Number(event.currentTarget.value))} />
      </div>
      {problem ? <p class="error" role="alert">{problem}</p> : null}
      {found ? <Result of={found} share={share} /> : problem ? null : <p class="faint">Simulating…</p>}
    </Section>
  );
}
