/** A new schedule: who is on call when is shown before it is saved. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call, wordsOf } from "../api";
import { serverNow } from "../clock";
import { go, hrefOf } from "../router";
import { ownZone } from "../time";
import { allRotationKind, allWeekday, type RotationKind, type ScheduleInput, type SchedulePreview, type Weekday } from "records";
import { Field, Form } from "../ui/form";
import { Person, PersonSelect } from "../ui/people";
import { Spans } from "./spans";

function usePreview(schedule: ScheduleInput): { found?: SchedulePreview; problem?: string } {
  const [state, set] = useState<{ found?: SchedulePreview; problem?: string }>({});
  const key = JSON.stringify(schedule);
  useEffect(() => {
    let isOver = false;
    const timer = setTimeout(() => {
      if (schedule.layers[0]?.members.length === 0) {
        set({});
        return;
      }
      call("POST /schedules/preview", {}, { schedule: { ...schedule, name: schedule.name || "new" } }).then(
        (found) => isOver || set({ found }),
        (error: unknown) => isOver || set({ problem: wordsOf(error) }),
      );
    }, 400);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key]);
  return state;
}

export function NewSchedule(): VNode {
  const [name, setName] = useState("");
  const [timezone, setZone] = useState(ownZone);
  const [type, setType] = useState<string>("WEEKLY");
  const [day, setDay] = useState<string>("MON");
  const [time, setTime] = useState("09:00");
  const [members, setMembers] = useState<string[]>([]);
  const [start] = useState(() => new Date(serverNow()).toISOString());
  const rotation = { type: type as RotationKind, interval: 1, start, ...(type === "HOURLY" ? {} : { handoffTime: time }), ...(type === "WEEKLY" ? { handoffDay: day as Weekday } : {}) };
  const schedule: ScheduleInput = { name, timezone, layers: [{ name: "first", rotation, members: members.map((userId) => ({ userId })) }] };
  const { found, problem } = usePreview(schedule);
  const run = async (): Promise<void> => {
    const made = await call("POST /schedules", {}, schedule);
    go(hrefOf("oncall", made.id));
  };
  return (
    <Form name="Add a schedule" submit="Add the schedule" run={run}>
      <div class="fields">
        <Field label="Name" value={name} onChange={setName} required />
        <Field label="Time zone" value={timezone} onChange={setZone} required />
        <Field label="Rotation" value={type} options={allRotationKind} onChange={setType} />
        {type === "WEEKLY" ? <Field label="Handoff day" value={day} options={allWeekday} onChange={setDay} /> : null}
        {type === "HOURLY" ? null : <Field label="Handoff at" value={time} onChange={setTime} hint="such as 09:00, on the schedule's clock" />}
        <div class="field"><label for="schedule-member">Add a member</label><PersonSelect id="schedule-member" value="" onChange={(id) => id && setMembers([...members, id])} /></div>
      </div>
      <ol class="plain">
        {members.map((id, at) => (
          <li key={`${id}-${at}`}>{at + 1}. <Person id={id} /> <button type="button" class="quiet" onClick={() => setMembers(members.filter((_, other) => other !== at))} aria-label={`Remove member ${at + 1}`}>Remove</button></li>
        ))}
      </ol>
      {problem ? <p class="error" role="status">{problem}</p> : null}
      {found ? <div class="way" role="status"><p><b>Before it is saved:</b> {found.coveragePercent} % covered, {found.gaps.length} gaps.</p><Spans spans={found.spans.slice(0, 6)} zone={timezone} /></div> : null}
    </Form>
  );
}
