/** With the virtual clock: what to try first, so that two minutes are enough to see what Tocsin does. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { isVirtual } from "../clock";
import { hrefOf } from "../router";
import { Section } from "./page";

const closedName = "tocsin-tour-closed";

export function Tour(): VNode | null {
  const [isClosed, setClosed] = useState(localStorage.getItem(closedName) !== null);
  const close = (): void => {
    localStorage.setItem(closedName, "1");
    setClosed(true);
  };
  return isClosed || !isVirtual() ? null : (
    <Section title="Two minutes with Tocsin" aside={<button type="button" class="quiet" onClick={close}>Close</button>}>
      <ol class="tour">
        <li><b>It rings.</b> What is open calls people, one after another, as its ladder says; <i>Due next</i> tells whose turn it is.</li>
        <li><b>Somebody answers.</b> On <a href={hrefOf("phones")}>Phones</a>, set that this person presses 1 on the next call, and move the clock, above, until it rings (a minute, in the demo) and by ten seconds more, for the call itself.</li>
        <li><b>It stops.</b> Back here the incident is taken by whom it rang, and its ladder has ended. Open it: its timeline tells who was told how, how far each message got, and what was not sent and why.</li>
        <li><b>Nobody answers.</b> The others go on by themselves: move the clock by an hour and see who was asked, and what is exhausted.</li>
        <li><b>Before it counts.</b> A <a href={hrefOf("policies", "default")}>policy</a> shows what it would do, with a clock to drag and a choice of who answers.</li>
        <li><b>Many calls.</b> <a href={hrefOf("calls")}>Scheduled calls</a> go out at their campaign's pace, in business hours where they respect them; pause one, and move the clock.</li>
      </ol>
    </Section>
  );
}
