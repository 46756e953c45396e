/** Scheduled calls on a calendar, by the page's zone: a month by its days, a week by its hours. The arrow keys walk the days. */
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { wordsOf } from "../api";
import { serverNow } from "../clock";
import { useQuery } from "../query";
import { setFilters, type Route } from "../router";
import { addDays, clockText, dayOf, dayStart, dayText, monthText, pageZone, weekday } from "../time";
import type { CallSlot } from "records";
import { Section } from "../ui/page";

type Tally = Omit<CallSlot, "at">;

const parts = ["completed", "processing", "pending", "failed", "cancelled"] as const;
const none: Tally = { completed: 0, processing: 0, pending: 0, failed: 0, cancelled: 0 };

function total(of: Tally): number {
  return parts.reduce((sum, part) => sum + of[part], 0);
}

function words(of: Tally): string {
  const said = parts.filter((part) => of[part] > 0).map((part) => `${of[part]} ${part === "processing" ? "under way" : part}`);
  return said.length === 0 ? "no calls" : said.join(", ");
}

function sums(slots: readonly CallSlot[], keyOf: (at: number) => string): Map<string, Tally> {
  const all = new Map<string, Tally>();
  for (const slot of slots) {
    const key = keyOf(Date.parse(slot.at ?? ""));
    const before = all.get(key) ?? none;
    all.set(key, Object.fromEntries(parts.map((part) => [part, before[part] + slot[part]])) as Tally);
  }
  return all;
}

function Bar({ of }: { of: Tally }): VNode | null {
  const all = total(of);
  return all === 0 ? null : (
    <span class="tally" aria-hidden="true">
      {parts.filter((part) => of[part] > 0).map((part) => <i key={part} class={`t-${part}`} style={{ flexGrow: of[part] }} />)}
    </span>
  );
}

interface GridProps {
  slots: readonly CallSlot[];
  chosen: string;
  choose: (day: string) => void;
}

const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

/** The Monday on or before a day. */
function monday(day: string): string {
  return addDays(day, -weekday(day));
}

function firstOfMonth(day: string, by = 0): string {
  const [year = 0, month = 1] = day.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1 + by, 1, 12)).toISOString().slice(0, 10);
}

function Month({ slots, chosen, choose }: GridProps): VNode {
  const zone = pageZone();
  const byDay = sums(slots, (at) => dayOf(at, zone));
  const first = monday(firstOfMonth(chosen));
  const today = dayOf(serverNow(), zone);
  const place = useRef<HTMLTableElement>(null);
  const isByKey = useRef(false);
  useEffect(() => {
    const table = place.current;
    if (isByKey.current || table?.contains(document.activeElement)) {
      table?.querySelector<HTMLElement>('[aria-pressed="true"]')?.focus();
      isByKey.current = false;
    }
  }, [chosen]);
  const walk = (event: KeyboardEvent): void => {
    const by = steps[event.key];
    const isMonth = event.key === "PageUp" || event.key === "PageDown";
    if (by !== undefined || isMonth) {
      event.preventDefault();
      isByKey.current = true;
      choose(isMonth ? firstOfMonth(chosen, event.key === "PageUp" ? -1 : 1) : addDays(chosen, by ?? 0));
    }
  };
  const day = (one: string): VNode => {
    const tally = byDay.get(one) ?? none;
    const isOther = one.slice(0, 7) !== chosen.slice(0, 7);
    return (
      <td key={one} class={`${isOther ? "other" : ""} ${one === today ? "today" : ""}`}>
        <button
          type="button" tabIndex={one === chosen ? 0 : -1} aria-pressed={one === chosen} aria-current={one === today ? "date" : undefined}
          title={words(tally)} onClick={() => choose(one)}
        >
          <span class="day"><span class="hidden">{dayText(dayStart(one, zone), zone)}: </span>{Number(one.slice(8))}</span>
          {total(tally) > 0 ? <b>{total(tally)}<span class="hidden"> calls: {words(tally)}</span></b> : null}
          <Bar of={tally} />
        </button>
      </td>
    );
  };
  const weeks = Array.from({ length: 6 }, (_, week) => Array.from({ length: 7 }, (__, at) => addDays(first, 7 * week + at)))
    .filter((week) => week.some((one) => one.slice(0, 7) === chosen.slice(0, 7)));
  return (
    <table class="month" ref={place} onKeyDown={walk}>
      <caption class="hidden">{monthText(chosen)}, days of {zone}</caption>
      <thead><tr>{["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
      <tbody>{weeks.map((week) => <tr key={week[0]}>{week.map(day)}</tr>)}</tbody>
    </table>
  );
}

function Week({ slots, chosen, choose }: GridProps): VNode {
  const zone = pageZone();
  const first = monday(chosen);
  const days = Array.from({ length: 7 }, (_, at) => addDays(first, at));
  const byHour = sums(slots, (at) => `${dayOf(at, zone)} ${clockText(at, zone).slice(0, 2)}`);
  const used = [...byHour.keys()].filter((key) => days.includes(key.slice(0, 10))).map((key) => Number(key.slice(11)));
  const from = Math.min(8, ...used);
  const to = Math.max(17, ...used);
  const hours = Array.from({ length: to - from + 1 }, (_, at) => String(from + at).padStart(2, "0"));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="The hours of the week">
      <table class="week">
        <caption class="hidden">Week of {dayText(dayStart(first, zone), zone)}, hours of {zone}</caption>
        <thead>
          <tr><th scope="col">{zone}</th>{days.map((one) => <th key={one} scope="col"><button type="button" class="quiet" aria-pressed={one === chosen} onClick={() => choose(one)}>{dayText(dayStart(one, zone), zone)}</button></th>)}</tr>
        </thead>
        <tbody>
          {hours.map((hour) => (
            <tr key={hour}>
              <th scope="row">{hour}:00</th>
              {days.map((one) => {
                const tally = byHour.get(`${one} ${hour}`) ?? none;
                return <td key={one} title={words(tally)}>{total(tally) > 0 ? <><b>{total(tally)}</b><span class="hidden"> ({words(tally)})</span><Bar of={tally} /></> : null}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function CallCalendar({ route }: { route: Route }): VNode {
  const zone = pageZone();
  const value = (name: string): string => route.query.get(name) ?? "";
  const view = value("view") === "week" ? "week" : "month";
  const chosen = value("day") || dayOf(serverNow(), zone);
  const start = view === "week" ? monday(chosen) : monday(firstOfMonth(chosen));
  const end = addDays(start, view === "week" ? 7 : 42);
  const args = { from: new Date(dayStart(start, zone)).toISOString(), to: new Date(dayStart(end, zone)).toISOString(), userId: value("owner"), campaignId: value("campaign") };
  const query = useQuery("GET /scheduling/calendar", args, { match: (news) => news === "again" || /SCHEDULED_CALL|CAMPAIGN/.test(news.type ?? ""), everyMs: 15_000 });
  const choose = (day: string): void => setFilters(route, { day });
  const move = (by: number): void => choose(view === "week" ? addDays(chosen, 7 * by) : firstOfMonth(chosen, by));
  const whose = value("campaign") ? "of the campaign" : value("owner") ? `of ${value("owner")}` : "of everybody";
  const slots = query.data?.slots ?? []; // The days stand there while they are read: whoever walks them by keys keeps the focus.
  const Grid = view === "week" ? Week : Month;
  const tally = sums(slots, (at) => dayOf(at, zone)).get(chosen) ?? none;
  return (
    <Section title="Calendar" aside={<span class="faint">calls {whose}, times in {zone}</span>}>
      <div class="filters calendar-head">
        <button type="button" onClick={() => move(-1)} aria-label={`The ${view} before`}>‹</button>
        <button type="button" onClick={() => choose("")}>Today</button>
        <button type="button" onClick={() => move(1)} aria-label={`The ${view} after`}>›</button>
        <b aria-live="polite">{view === "week" ? `Week of ${dayText(dayStart(start, zone), zone)}` : monthText(chosen)}</b>
        <span class="switch" role="group" aria-label="View">
          {(["month", "week"] as const).map((one) => <button key={one} type="button" aria-pressed={view === one} onClick={() => setFilters(route, { view: one })}>{one === "month" ? "Month" : "Week"}</button>)}
        </span>
      </div>
      {query.error === undefined ? null : <p class="error" role="alert">{wordsOf(query.error)}</p>}
      <Grid slots={slots} chosen={chosen} choose={choose} />
      <p role="status">
        <b>{dayText(dayStart(chosen, zone), zone)}</b>: {words(tally)}.{" "}
        {view === "month" ? <button type="button" class="quiet" onClick={() => setFilters(route, { view: "week", day: chosen })}>Its hours</button> : null}
        {total(tally) > 0 && (value("owner") || value("campaign")) ? <button type="button" class="quiet" onClick={() => setFilters(route, { from: chosen, to: chosen })}>List them</button> : null}
      </p>
    </Section>
  );
}
