/** What would happen: the simulator drawn as a timeline. The clock is dragged, and it is chosen who answers what. */
import type { VNode } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { call, wordsOf } from "../api";
import { serverNow } from "../clock";
import { clockText, dayText, inputValue, ownZone, pageZone, spanText } from "../time";
import { allChannel, allFaultKind, type Channel, type FaultKind, type PolicyInput, type SimulateInputInput, type SimulatedAnswerInput, type SimulatedEntry, type Simulation } from "records";
import { Field } from "../ui/form";
import { channelName, ChannelMark, plain } from "../ui/marks";
import { Section } from "../ui/page";
import { PersonSelect } from "../ui/people";

/** "1 call", "2 calls". */
function countOf(count: number | undefined, word: string): string {
  return `${count ?? 0} ${word}${count === 1 ? "" : "s"}`;
}

const answers = ["", "press 1", "press 2", "ignore", "busy", "voicemail", "unreachable", "reply yes"] as const;

interface Answer {
  person: string;
  channel: Channel;
  answer: string;
  nth: string;
  after: string;
}

interface Chosen {
  userId: string;
  start: string;
  answers: Answer[];
  fault: string;
  faultChannel: Channel;
}

const noAnswer: Answer = { person: "", channel: "CALL", answer: "", nth: "", after: "" };

function answerOf(one: Answer): SimulatedAnswerInput {
  return {
    channel: one.channel, do: one.answer, ...(one.person ? { person: one.person } : {}),
    ...(Number(one.nth) > 0 ? { nth: Number(one.nth) } : {}), ...(Number(one.after) > 0 ? { afterSeconds: Number(one.after) } : {}),
  };
}

function requestOf(chosen: Chosen, draft: PolicyInput | undefined): SimulateInputInput {
  return {
    start: new Date(chosen.start).toISOString(),
    incident: { title: "What if", severity: "HIGH" },
    answers: chosen.answers.filter((one) => one.answer !== "").map(answerOf),
    ...(chosen.userId ? { userId: chosen.userId } : { user: { name: "Ana", email: "ana@example.com", phone: "+14155550101", timezone: pageZone() } }),
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

interface Lane {
  name: string;
  entries: { one: SimulatedEntry; place: number }[];
}

/** A lane for the incident and one for each person and channel; places in percent of the whole. */
function lanesOf(of: Simulation, placeOf: (at: number) => number): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const one of of.timeline) {
    const name = one.person && one.channel ? `${one.person}, ${channelName(one.channel)}` : "the incident";
    const lane = lanes.get(name) ?? { name, entries: [] };
    lane.entries.push({ one, place: placeOf(Date.parse(one.at ?? "")) });
    lanes.set(name, lane);
  }
  return [...lanes.values()];
}

interface TracksProps {
  of: Simulation;
  share: number;
  setShare: (share: number) => void;
  span: number;
}

/** The whole rehearsal on one axis; the clock is dragged over it. */
function Tracks({ of, share, setShare, span }: TracksProps): VNode {
  const start = Date.parse(of.start ?? "");
  const lanes = lanesOf(of, (at) => (100 * (at - start)) / span);
  const at = start + (span * share) / 100;
  return (
    <div class="tracks">
      <div class="lanes" aria-hidden="true">
        {lanes.map((lane) => (
          <div class="lane" key={lane.name}>
            <span class="name" title={lane.name}>{lane.name}</span>
            <span class="line">
              {lane.entries.map(({ one, place }, index) => (
                <i key={index} class={`o-${one.kind} ${place <= share ? "reached" : ""}`} style={{ left: `${place}%` }} title={`+${spanText(Date.parse(one.at ?? "") - start)}: ${plain(one.outcome ?? one.kind ?? "")}`} />
              ))}
              <b style={{ left: `${share}%` }} />
            </span>
          </div>
        ))}
      </div>
      <div class="field">
        <label for="what-if-clock">Drag the clock</label>
        <input
          id="what-if-clock" type="range" min={0} max={100} step={0.5} value={share}
          aria-valuetext={`${spanText(at - start)} after it began`} onInput={(event) => setShare(Number(event.currentTarget.value))}
        />
        <span class="scale faint"><span>{clockText(start, of.timezone ?? "UTC")}</span><span>{clockText(start + span, of.timezone ?? "UTC")} {of.timezone}</span></span>
      </div>
    </div>
  );
}

function Result({ of, share, setShare }: { of: Simulation; share: number; setShare: (share: number) => void }): VNode {
  const start = Date.parse(of.start ?? "");
  const times = of.timeline.map((one) => Date.parse(one.at ?? ""));
  const span = Math.max(60_000, Math.max(start, ...times) - start);
  const at = start + (span * share) / 100;
  const split = times.filter((time) => time <= at).length;
  return (
    <>
      <Tracks of={of} share={share} setShare={setShare} span={span} />
      <p role="status"><b>At {clockText(at, of.timezone ?? "UTC", true)} {of.timezone}</b>, {dayText(at, of.timezone ?? "UTC")}: {split} of {of.timeline.length} things have happened. In all {countOf(of.messages, "message")} and {countOf(of.calls, "call")}{of.ended ? `; it ends ${plain(of.ended.state ?? "")}${of.ended.by ? ` by ${of.ended.by}` : ""}` : ""}.</p>
      {of.ifNobodyAnswers?.exhaustedAt ? <p class="faint">If nobody answers, the ladder is exhausted after {spanText(Date.parse(of.ifNobodyAnswers.exhaustedAt) - start)}, with {countOf(of.ifNobodyAnswers.messages, "message")} and {countOf(of.ifNobodyAnswers.calls, "call")}.</p> : null}
      {of.warnings.map((one, index) => <p key={index}><span class="badge warn">{plain(one.code ?? "")}</span> {one.message}</p>)}
      <ol class="story" aria-label="Simulated timeline">
        {of.timeline.slice(0, split).map((one, index) => <Entry key={index} of={one} start={start} reached />)}
        <li class="now-line">the simulated clock</li>
        {of.timeline.slice(split).map((one, index) => <Entry key={split + index} of={one} start={start} reached={false} />)}
      </ol>
    </>
  );
}

interface AnswerProps {
  of: Answer;
  names: string[];
  change: (part: Partial<Answer>) => void;
  remove: (() => void) | undefined;
}

function AnswerFields({ of, names, change, remove }: AnswerProps): VNode {
  const who = useId();
  return (
    <div class="fields answer">
      <div class="field">
        <label for={who}>Who answers</label>
        <select id={who} value={of.person} onChange={(event) => change({ person: event.currentTarget.value })}>
          <option value="">anybody</option>
          {names.map((name) => <option key={name} value={name}>{name}</option>)}
        </select>
      </div>
      <Field label="They answer by" value={of.channel} options={allChannel} onChange={(value) => change({ channel: value as Channel })} />
      <Field label="What they do" value={of.answer} options={answers} empty="nothing" onChange={(answer) => change({ answer })} />
      <Field label="with which one (1, 2, …)" type="number" value={of.nth} onChange={(nth) => change({ nth })} />
      <Field label="after seconds" type="number" value={of.after} onChange={(after) => change({ after })} />
      {remove ? <button type="button" class="quiet" onClick={remove}>Remove this answer</button> : null}
    </div>
  );
}

export function Simulator({ policy, draft }: { policy: string; draft: PolicyInput | undefined }): VNode {
  const [chosen, setChosen] = useState<Chosen>({ userId: "", start: inputValue(serverNow(), ownZone), answers: [noAnswer], fault: "", faultChannel: "CALL" });
  const [share, setShare] = useState(100);
  const change = (part: Partial<Chosen>): void => setChosen({ ...chosen, ...part });
  const { found, problem } = useSimulation(policy, chosen, draft);
  const names = [...new Set((found?.timeline ?? []).map((one) => one.person ?? "").filter((name) => name !== ""))];
  const setAnswer = (at: number, part: Partial<Answer>): void => change({ answers: chosen.answers.map((one, other) => (other === at ? { ...one, ...part } : one)) });
  return (
    <Section title={draft ? "What if (as edited, not saved)" : "What if"}>
      <div class="fields">
        <div class="field"><label for="what-if-person">About</label><PersonSelect id="what-if-person" value={chosen.userId} empty="a made-up person" onChange={(userId) => change({ userId })} /></div>
        <Field label={`Begins (${ownZone})`} type="datetime-local" value={chosen.start} onChange={(start) => change({ start })} />
        <Field label="What breaks" value={chosen.fault} options={["", ...allFaultKind]} empty="nothing" onChange={(fault) => change({ fault })} />
        {chosen.fault ? <Field label="on" value={chosen.faultChannel} options={allChannel} onChange={(value) => change({ faultChannel: value as Channel })} /> : null}
      </div>
      {chosen.answers.map((one, at) => (
        <AnswerFields
          key={at} of={one} names={[...new Set([...names, ...(one.person ? [one.person] : [])])]} change={(part) => setAnswer(at, part)}
          remove={chosen.answers.length > 1 ? () => change({ answers: chosen.answers.filter((_, other) => other !== at) }) : undefined}
        />
      ))}
      {chosen.answers.length < 10 ? <p><button type="button" onClick={() => change({ answers: [...chosen.answers, noAnswer] })}>Somebody else answers, too</button></p> : null}
      {problem ? <p class="error" role="alert">{problem}</p> : null}
      {found ? <Result of={found} share={share} setShare={setShare} /> : problem ? null : <p class="faint">Simulating…</p>}
    </Section>
  );
}
