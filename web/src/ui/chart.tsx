/** A chart of uPlot in the page's colours. */
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clockText, pageZone } from "../time";

export interface Line {
  label: string;
  colour: "--accent" | "--good" | "--bad" | "--focus" | "--warn";
  values: (number | null)[];
}

interface ChartProps {
  /** Unix times in seconds. */
  times: number[];
  lines: Line[];
  unit: string;
  label: string;
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function optionsOf(width: number, unit: string, lines: Line[]): uPlot.Options {
  const zone = pageZone();
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  return {
    width, height: 200, cursor: { y: false }, scales: { x: { time: true } },
    axes: [{ ...axis, values: (_plot, values) => values.map((value) => clockText(value * 1000, zone, (values[values.length - 1] ?? 0) - (values[0] ?? 0) < 60 * values.length)) }, { ...axis, size: 64, values: (_plot, values) => values.map((value) => `${value}${unit}`) }],
    series: [{ label: zone, value: (_plot, value) => (value === null ? "" : clockText(value * 1000, zone, true)) }, ...lines.map((line) => ({ label: line.label, stroke: colour(line.colour), width: 2, points: { show: false } }))],
  };
}

export function Chart({ times, lines, unit, label }: ChartProps): VNode {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const data: uPlot.AlignedData = [times, ...lines.map((line) => line.values)];
  useEffect(() => {
    const box = place.current;
    if (!box) {
      return undefined;
    }
    const made = new uPlot(optionsOf(box.clientWidth, unit, lines), data, box);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: 200 }));
    watch.observe(box);
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(data), [times.length, times[times.length - 1]]);
  const latest = lines.map((line) => `${line.label} ${line.values[line.values.length - 1] ?? "none"}${unit}`).join(", ");
  return (
    <figure>
      <figcaption>{label} <span class="faint">now: {latest}</span></figcaption>
      <div ref={place} role="img" aria-label={`${label}: ${latest}`} />
    </figure>
  );
}
