// The runs of the store.
import { follow, get, runPath } from './api.js';
import { age, badge, el, fill, number, share } from './dom.js';
import { spark } from './charts.js';

const most = 4;

export async function runs({ app, view, keys }) {
  const chosen = new Set();
  const curves = new Map();
  let rows = await get('runs');
  const filter = el('input', { type: 'search', placeholder: 'filter by name, state, task', 'aria-label': 'Filter', oninput: () => draw() });
  const body = el('tbody');
  const count = el('span', { class: 'quiet', role: 'status' });
  const open = el('button', { type: 'button', class: 'primary', disabled: true, onclick: () => app.go(`#/compare/${[...chosen].map(encodeURIComponent).join(',')}`) });
  keys['/'] = () => filter.focus();

  const curve = run => {
    const holder = el('span', { class: 'holder' });
    const paint = steps => fill(holder, spark(steps.series['reward/mean'] ?? [], { label: `reward of ${run}` }));
    if (curves.has(run)) {
      paint(curves.get(run));
    }
    return { holder, paint };
  };

  const row = one => {
    const { holder, paint } = curve(one.run);
    const made = el('tr', { 'data-run': one.run },
      el('td', {}, el('input', {
        type: 'checkbox', 'aria-label': `compare ${one.run}`, checked: chosen.has(one.run), onchange: event => {
          if (event.target.checked && chosen.size < most) {
            chosen.add(one.run);
          } else {
            chosen.delete(one.run);
            event.target.checked = false;
          }
          choose();
        },
      })),
      el('td', {}, el('a', { class: 'name', href: `#/run/${encodeURIComponent(one.run)}` }, one.run),
        one.forkedFrom && el('div', { class: 'quiet' }, `from ${one.forkedFrom}`)),
      el('td', {}, badge(one.state.toLowerCase()), one.reason && el('div', { class: 'quiet reason', title: one.reason }, one.reason)),
      el('td', {}, el('progress', { max: one.steps || 1, value: one.version, 'aria-label': 'progress' }),
        el('div', { class: 'quiet' }, `${one.version} of ${one.steps}`)),
      el('td', {}, holder),
      el('td', { class: 'num reward' }, share(one.reward ?? curves.get(one.run)?.series['reward/mean']?.findLast(value => value !== null))),
      el('td', { class: 'wide' }, one.task),
      el('td', { class: 'wide' }, one.driver || '–'),
      el('td', { class: 'num' }, age(one.created)));
    if (!curves.has(one.run) || one.state === 'running') {
      seen.observe(made);
      made.load = async () => {
        const steps = await get(`${runPath(one.run, 'steps')}?points=60`);
        curves.set(one.run, steps);
        paint(steps);
        const reward = steps.series['reward/mean']?.findLast(value => value !== null);
        fill(made.querySelector('.reward'), share(reward));
      };
    }
    return made;
  };

  // Curves are read of what is seen: a store may have thousands of runs.
  const seen = new IntersectionObserver(entries => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        seen.unobserve(target);
        target.load().catch(() => {});
      }
    }
  });

  const choose = () => {
    open.disabled = chosen.size < 2;
    fill(open, chosen.size < 2 ? `choose 2 to ${most} to compare` : `compare ${chosen.size}`);
  };

  const draw = () => {
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = rows.filter(one => wanted.every(word => `${one.run} ${one.state} ${one.task} ${one.driver}`.toLowerCase().includes(word)));
    seen.disconnect();
    fill(body, shown.map(row));
    fill(count, `${shown.length} of ${rows.length} runs`);
    table.hidden = rows.length === 0;
    empty.hidden = rows.length > 0;
  };

  const table = el('div', { class: 'scroll' }, el('table', { class: 'runs' },
    el('thead', {}, el('tr', {}, ['', 'run', 'state', 'version', 'reward curve', 'reward', 'task', 'driven by', 'age']
      .map((name, i) => el('th', { scope: 'col', class: i === 6 || i === 7 ? 'wide' : i === 5 || i === 8 ? 'num' : '' }, name)))), body));
  const empty = el('p', { class: 'panel' }, 'There is no run in this store yet. ', el('code', {}, './bgpo train'), ' makes one; it shows here by itself.');
  fill(view, el('div', { class: 'bar' }, el('h1', {}, 'Runs'), filter, count, open), table, empty);
  choose();
  draw();
  const end = follow({
    on: (kind, data) => {
      app.on(kind, data);
      if (kind === 'runs') {
        rows = data;
        draw();
      }
    },
  });
  return () => {
    seen.disconnect();
    end();
  };
}
