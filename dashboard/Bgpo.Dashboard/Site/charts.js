// Curves: uPlot, vendored from npm when this was built. Where it is missing, plain lines take its place.
import { el, fill, number } from './dom.js';

export const colors = ['--c1', '--c2', '--c3', '--c4', '--c5', '--c6'];
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A small curve. */
export function spark(values, { width = 120, height = 28, label = 'curve' } = {}) {
  const points = values.map((value, i) => [i, value]).filter(([, value]) => value !== null && value !== undefined);
  const svg = el('svg:svg', { class: 'spark', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': label });
  if (points.length === 0) {
    return svg;
  }
  const ys = points.map(([, value]) => value);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const x = i => values.length < 2 ? width / 2 : 2 + (i * (width - 4)) / (values.length - 1);
  const y = value => high === low ? height / 2 : height - 3 - ((value - low) * (height - 6)) / (high - low);
  const line = points.map(([i, value], k) => `${k ? 'L' : 'M'}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join('');
  const [lastX, lastY] = [x(points.at(-1)[0]), y(points.at(-1)[1])];
  svg.append(el('svg:path', { d: line }), el('svg:circle', { cx: lastX.toFixed(1), cy: lastY.toFixed(1), r: 2 }));
  return svg;
}

/** Puts the steps of one run, or of several, on one axis of versions: a column for each run and series. */
export function joined(runs, tags) {
  const versions = [...new Set(runs.flatMap(run => run.version))].sort((a, b) => a - b);
  const place = new Map(versions.map((version, i) => [version, i]));
  const columns = runs.flatMap(run => tags.map(tag => {
    const column = new Array(versions.length).fill(null);
    run.version.forEach((version, i) => { column[place.get(version)] = run.series[tag]?.[i] ?? null; });
    return column;
  }));
  return [versions, ...columns];
}

/** Merges steps that are new or were evaluated since into those that are known. */
export function merge(known, news) {
  for (let i = 0; i < news.version.length; i++) {
    let at = known.version.length;
    while (at > 0 && known.version[at - 1] >= news.version[i]) {
      at--;
    }
    const remove = known.version[at] === news.version[i] ? 1 : 0;
    known.version.splice(at, remove, news.version[i]);
    known.time.splice(at, remove, news.time[i]);
    for (const tag of Object.keys(known.series)) {
      known.series[tag].splice(at, remove, news.series[tag][i]);
    }
  }
  known.revision = news.revision;
}

/** A panel with a chart. `lines`: label and colour of each column; `pick(version)`: what a click does. */
export function chart({ title, unit = '', lines, data, sync, pick, format = number, height = 190 }) {
  const body = el('div', { class: 'plot' });
  const panel = el('section', {
    class: 'panel chart', tabindex: 0, 'aria-label': `${title}${unit ? `, ${unit}` : ''}. Arrow keys move along, Enter opens the step.`,
    onkeydown: event => move(event),
  }, el('h3', {}, title, unit && el('span', { class: 'quiet' }, ` ${unit}`)), body);
  let plot = null;
  let now = data;

  const move = event => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (!plot || event.target !== panel) {
      return;
    }
    if (step) {
      event.preventDefault();
      const last = now[0].length - 1;
      const at = Math.min(last, Math.max(0, (plot.cursor.idx ?? last) + step));
      plot.setCursor({ left: plot.valToPos(now[0][at], 'x'), top: plot.over.clientHeight / 2 }, true, true);
    } else if (event.key === 'Enter' && plot.cursor.idx !== null && pick) {
      pick(now[0][plot.cursor.idx]);
    }
  };

  const options = width => {
    const [text, grid] = [css('--quiet'), css('--line')];
    const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: '11px system-ui' };
    return {
      width, height, scales: { x: { time: false } }, padding: [8, 18, 0, 0],
      cursor: { sync: { key: sync, setSeries: false }, points: { size: 6 }, drag: { x: true, y: false } },
      axes: [{ ...axis, size: 28, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000] },
        { ...axis, size: 52, values: (_, ticks) => ticks.map(tick => number(tick, 3)) }],
      series: [{ label: 'version', value: (_, v) => v ?? '–' }, ...lines.map(line => ({
        label: line.label, stroke: css(line.color), width: 1.6, dash: line.dash, spanGaps: true,
        points: { show: line.points ?? (now[0].length < 2), size: 5, fill: css(line.color) }, value: (_, v) => format(v),
      }))],
    };
  };

  const draw = () => {
    const width = body.clientWidth;
    if (width === 0) {
      return;
    }
    plot?.destroy();
    plot = null;
    if (now[0].length === 0) {
      fill(body, el('p', { class: 'quiet' }, 'nothing measured yet'));
    } else if (!window.uPlot) {
      fill(body, lines.map((line, i) => el('div', { class: 'line', style: { color: `var(${line.color})` } },
        el('span', {}, line.label), spark(now[i + 1], { width: Math.max(100, width - 130), height: 60, label: line.label }),
        el('span', {}, format(now[i + 1].findLast(value => value !== null))))));
    } else {
      body.replaceChildren();
      plot = new window.uPlot(options(width), now, body);
      let down = 0;
      plot.over.addEventListener('mousedown', event => { down = event.clientX; });
      plot.over.addEventListener('click', event => {
        if (pick && Math.abs(event.clientX - down) < 4 && plot.cursor.idx !== null && plot.cursor.idx !== undefined) {
          pick(now[0][plot.cursor.idx]);
        }
      });
    }
  };

  const sized = new ResizeObserver(() => plot ? plot.setSize({ width: body.clientWidth, height }) : draw());
  sized.observe(body);
  const themed = () => draw();
  document.addEventListener('bgpo-theme', themed);
  return {
    panel,
    update: next => {
      const had = now[0].length;
      now = next;
      if (plot && had > 1) {
        plot.setData(now);
      } else {
        draw();
      }
    },
    end: () => {
      sized.disconnect();
      document.removeEventListener('bgpo-theme', themed);
      plot?.destroy();
    },
  };
}
