/** With the virtual clock the page moves the time: everything that is due in between happens before the answer. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api";
import { setClock, useNow } from "../clock";
import { clockText, dayText, pageZone, spanText, utcText } from "../time";
import { Action } from "./action";

async function advance(seconds: number): Promise<void> {
  const clock = await call("POST /clock/advance", {}, { seconds });
  setClock(clock.now, clock.virtual);
}

const steps: readonly (readonly [string, number])[] = [["10 s", 10], ["1 min", 60], ["5 min", 300], ["1 h", 3600]];

export function VirtualClock(): VNode {
  const now = useNow();
  const [minutes, setMinutes] = useState(0);
  return (
    <section class="virtual" aria-label="Virtual clock">
      <strong>Virtual clock</strong>
      <time dateTime={new Date(now).toISOString()} title={utcText(now)}>{dayText(now, pageZone())} {clockText(now, pageZone(), true)}</time>
      {steps.map(([name, seconds]) => <Action key={name} run={() => advance(seconds)} label={`Move the clock by ${name}`}>+{name}</Action>)}
      <label>
        <span class="hidden">Minutes to move the clock by</span>
        <input type="range" min={0} max={240} value={minutes} aria-valuetext={spanText(minutes * 60_000)} onInput={(event) => setMinutes(Number(event.currentTarget.value))} />
      </label>
      <Action disabled={minutes === 0} run={async () => { await advance(minutes * 60); setMinutes(0); }}>{minutes === 0 ? "Drag, then go" : `Go ${spanText(minutes * 60_000)} on`}</Action>
    </section>
  );
}
