// The silos that a run was computed by, over time.
import { follow, get, runPath } from './api.js';
import { el, fill, time } from './dom.js';

const wide = 1000;
const row = 34;

export async function silos({ app, view, id }) {
  const draw = async () => {
    const { from, to, lanes, events, live } = await get(runPath(id, 'silos'));
    const span = Math.max(1, to - from);
    const x = when => ((Math.min(to, Math.max(from, when)) - from) * wide) / span;
    const most = Math.max(1, ...lanes.flatMap(lane => lane.work.map(one => one.done)));
    const lane = one => {
      const svg = el('svg:svg', { class: 'lane', viewBox: `0 0 ${wide} ${row}`, preserveAspectRatio: 'none', role: 'img',
        'aria-label': `${one.name}: ${one.spans.map(part => `${time(part.from)} to ${time(part.to)}${part.end ? `, ${part.end}` : ''}`).join('; ')}` });
      for (const part of one.spans) {
        svg.append(el('svg:rect', { class: 'alive', x: x(part.from).toFixed(1), y: 4, height: row - 8, width: Math.max(2, x(part.to) - x(part.from)).toFixed(1) }));
      }
      let before = one.spans[0]?.from ?? from;
      const until = one.spans.at(-1)?.end ? one.spans.at(-1).to : to;
      for (const work of one.work) {
        if (work.done > 0) {
          const high = Math.max(2, ((row - 10) * work.done) / most);
          svg.append(el('svg:rect', { class: 'work', x: x(before).toFixed(1), y: (row - 5 - high).toFixed(1), height: high.toFixed(1), width: Math.max(1, x(Math.min(work.time, until)) - x(before) - 0.5).toFixed(1) },
            el('svg:title', {}, `version ${work.version}: ${work.done} pieces of work, ${work.shards} shards`)));
        }
        before = work.time;
      }
      for (const part of one.spans.filter(each => each.end)) {
        svg.append(el('svg:rect', { class: part.end, x: (x(part.to) - 2).toFixed(1), y: 1, height: row - 2, width: 4 },
          el('svg:title', {}, `${part.end} ${time(part.to)}`)));
      }
      const last = one.work.at(-1);
      const end = one.spans.at(-1)?.end;
      return el('div', { class: 'lane-row', 'data-silo': one.name },
        el('div', { class: 'lane-name' }, el('b', {}, one.name), end ? el('span', { class: `badge ${end === 'left' ? '' : 'failed'}` }, end) : null,
          el('div', { class: 'quiet' }, `${one.devices} ${one.devices === 1 ? 'device' : 'devices'}`, last && ` · ${last.shards} ${last.shards === 1 ? 'shard' : 'shards'}`)),
        svg);
    };
    const numerics = [...new Set(lanes.map(one => one.numerics).filter(Boolean))];
    const spells = events.filter(one => one.kind === 'paused' || one.kind === 'resumed' || one.kind === 'checkpoint' || one.kind === 'controller');
    const marks = el('svg:svg', { class: 'marks', viewBox: `0 0 ${wide} 14`, preserveAspectRatio: 'none', role: 'img', 'aria-label': 'checkpoints, pauses, controllers' },
      spells.map(one => el('svg:rect', { class: one.kind, x: x(one.time).toFixed(1), y: 0, width: 2, height: 14 }, el('svg:title', {}, `${one.text}, ${time(one.time)}`))));
    const table = (names, rows, none) => rows.length === 0 ? el('p', { class: 'quiet' }, none) : el('div', { class: 'scroll' }, el('table', {},
      el('thead', {}, el('tr', {}, names.map(name => el('th', { scope: 'col' }, name)))), el('tbody', {}, rows.map(cells => el('tr', {}, cells.map(cell => el('td', {}, cell)))))));
    fill(view, el('div', { class: 'bar' }, el('h1', {}, 'Silos'),
      numerics.length > 1 && el('span', { class: 'chip' }, `${numerics.length} kinds of numerics`)),
    lanes.length === 0 ? el('p', { class: 'panel' }, 'Nothing is recorded of its silos: its steps are of an older version, or none is committed.')
      : el('section', { class: 'panel lanes' }, el('h3', {}, 'Lanes'), lanes.map(lane),
        el('div', { class: 'lane-row' }, el('div', { class: 'lane-name quiet' }, 'run'), marks),
        el('div', { class: 'lane-row' }, el('div', { class: 'lane-name' }), el('div', { class: 'ends quiet' }, el('span', {}, time(from)), el('span', {}, time(to)))),
        el('p', { class: 'legend quiet' }, el('i', { class: 'key alive' }), 'lives ', el('i', { class: 'key work' }), 'pieces of work a step ', el('i', { class: 'key died' }), 'died ',
          el('i', { class: 'key gone' }), 'gone with the controller ', el('i', { class: 'key left' }), 'left ', el('i', { class: 'key checkpoint' }), 'checkpoint ', el('i', { class: 'key controller' }), 'controller ', el('i', { class: 'key paused' }), 'pause')),
    live.length > 0 && el('section', { class: 'panel' }, el('h3', {}, 'Live now'),
      table(['silo', 'state', 'process', 'devices', 'for', 'memory'], live.map(one => [one.name, one.state, one.process, one.devices, one.roles.join(', '), `${one.memoryMiB} MiB`]))),
    numerics.length > 0 && el('section', { class: 'panel' }, el('h3', {}, 'Numerics'), numerics.map(one => el('p', {}, el('code', {}, one), ' ',
      el('span', { class: 'quiet' }, lanes.filter(lane => lane.numerics === one).map(lane => lane.name).join(', '))))),
    el('section', { class: 'panel' }, el('h3', {}, 'Events'), table(['when', 'before version', 'what'],
      events.filter(one => one.kind === 'roster' || one.kind === 'moved' || one.kind === 'controller').reverse().slice(0, 200).map(one => [time(one.time), one.version, one.text]), 'None is recorded.')));
  };
  await draw();
  let beats = 0;
  return follow({
    on: (kind, data) => {
      app.on(kind, data);
      if (kind === 'runs' || (kind === 'beat' && ++beats % 3 === 0)) {
        draw().catch(() => {});
      }
    },
  });
}
