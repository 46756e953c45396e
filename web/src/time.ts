/** Times as text: always with their zone. */

export const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const zoneKey = "tocsin-zone";

export function pageZone(): string {
  return localStorage.getItem(zoneKey) ?? ownZone;
}

export function setPageZone(zone: string): void {
  localStorage.setItem(zoneKey, zone);
}

export function zoneChoices(): string[] {
  return [...new Set([pageZone(), ownZone, "UTC"])];
}

const zones = new Map<string, boolean>();

/** Asked of each time that is shown: making a format costs more than showing a row. */
function isZone(zone: string): boolean {
  const known = zones.get(zone);
  if (known !== undefined) {
    return known;
  }
  let isOne = true;
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: zone });
  } catch {
    isOne = false;
  }
  zones.set(zone, isOne);
  return isOne;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const known = isZone(zone) ? zone : "UTC";
  const key = `${name} ${known}`;
  let found = formats.get(key);
  if (found === undefined) {
    found = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: known });
    formats.set(key, found);
  }
  return found;
}

const clockOptions: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const secondOptions: Intl.DateTimeFormatOptions = { ...clockOptions, second: "2-digit" };
const dayOptions: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short" };
const yearOptions: Intl.DateTimeFormatOptions = { ...dayOptions, year: "numeric" };

export function clockText(at: number, zone: string, withSeconds = false): string {
  return format(zone, withSeconds ? "s" : "m", withSeconds ? secondOptions : clockOptions).format(at);
}

export function dayText(at: number, zone: string): string {
  return format(zone, "d", dayOptions).format(at);
}

/** "14:05", or with the day where that is another than today's. */
export function shortText(at: number, now: number, zone: string, withSeconds = false): string {
  const clock = clockText(at, zone, withSeconds);
  const year = format(zone, "y", yearOptions);
  if (year.format(at) === year.format(now)) {
    return clock;
  }
  const isNear = Math.abs(at - now) < 300 * 86_400_000;
  return `${isNear ? dayText(at, zone) : year.format(at)} ${clock}`;
}

export function utcText(at: number): string {
  return new Date(at).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}

/** "2 h 05 min", "4 min 09 s", "12 s". */
export function spanText(ms: number): string {
  const all = Math.floor(Math.abs(ms) / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const [days, hours, minutes, seconds] = [Math.floor(all / 86400), Math.floor(all / 3600) % 24, Math.floor(all / 60) % 60, all % 60];
  if (days > 0) {
    return `${days} d ${hours} h`;
  }
  if (hours > 0) {
    return `${hours} h ${two(minutes)} min`;
  }
  return minutes > 0 ? `${minutes} min ${two(seconds)} s` : `${seconds} s`;
}

/** The value of an input of type datetime-local, in the zone. */
export function inputValue(at: number, zone: string): string {
  const day = format(zone, "iso", { year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(at);
  const part = (type: string): string => day.find((one) => one.type === type)?.value ?? "00";
  return `${part("year")}-${part("month")}-${part("day")}T${clockText(at, zone)}`;
}

/** "2026-11-23": the day of an instant in the zone. */
export function dayOf(at: number, zone: string): string {
  return inputValue(at, zone).slice(0, 10);
}

/** Days are counted on the calendar, whatever the clocks do. */
export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T12:00:00Z`) + count * 86_400_000).toISOString().slice(0, 10);
}

/** 0 for Monday. */
export function weekday(day: string): number {
  return (new Date(`${day}T12:00:00Z`).getUTCDay() + 6) % 7;
}

/** The first instant of a day in the zone; zones begin their days at a quarter of an hour. */
export function dayStart(day: string, zone: string): number {
  const noon = Date.parse(`${day}T12:00:00Z`);
  const off = Date.parse(`${inputValue(noon, zone)}:00Z`) - noon;
  let at = Date.parse(`${day}T00:00:00Z`) - off;
  const quarter = 900_000;
  while (dayOf(at, zone) >= day) {
    at -= quarter;
  }
  while (dayOf(at, zone) < day) {
    at += quarter;
  }
  return at;
}

export function monthText(day: string): string {
  return format("UTC", "month", { month: "long", year: "numeric" }).format(Date.parse(`${day}T12:00:00Z`));
}
