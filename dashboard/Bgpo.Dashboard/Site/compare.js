// Two to four runs over one another.
import { follow, get, runPath } from './api.js';
import { el, fill, share } from './dom.js';
import { chart, colors, joined } from './charts.js';

const shown = [
  ['Mean reward', '', 'reward/mean', share], ['Solve rate', '', 'reward/solve_rate', share],
  ['Held out, solved greedily', '', 'eval/greedy', share], ['Gradient norm', '', 'optimizer/gradient_norm'],
  ['ELBO', 'nats', 'objective/elbo'], ['Time of a step', 's', 'seconds/step'],
];

export async function compare({ app, view }, ids) {
  const wanted = ids.slice(0, 4);
  const load = () => Promise.all(wanted.map(id => get(`${runPath(id, 'steps')}?points=2000`)));
  let all = await load();
  const data = tag => joined(all, [tag]);
  const charts = shown.map(([title, unit, tag, format]) => ({
    tag, chart: chart({
      title, unit, format, sync: 'compare', data: data(tag), pick: null,
      lines: wanted.map((id, i) => ({ label: id, color: colors[i], points: tag.startsWith('eval/') })),
    }),
  }));
  fill(view, el('div', { class: 'bar' }, el('h1', {}, 'Compare'), wanted.map((id, i) => el('a', {
    class: 'chip', href: `#/run/${encodeURIComponent(id)}`, style: { '--chip': `var(${colors[i]})` } }, id))),
  el('div', { class: 'grid' }, charts.map(one => one.chart.panel)));
  let beats = 0;
  const end = follow({
    on: async (kind, news) => {
      app.on(kind, news);
      if (kind === 'beat' && ++beats % 5 === 0) {
        all = await load().catch(() => all);
        charts.forEach(one => one.chart.update(data(one.tag)));
      }
    },
  });
  return () => {
    end();
    charts.forEach(one => one.chart.end());
  };
}
