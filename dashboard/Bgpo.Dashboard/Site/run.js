// One run: its curves, and what can be asked of it.
import { ask, follow, get, runPath } from './api.js';
import { age, badge, confirm, copyable, el, fill, number, share, time } from './dom.js';
import { chart, joined, merge } from './charts.js';

const panels = [
  { title: 'Reward and solve rate', format: share, lines: [['reward', 'reward/mean', '--c1'], ['solved', 'reward/solve_rate', '--c2']] },
  { title: 'Held-out evaluation', format: share, lines: [['greedy', 'eval/greedy', '--c3'], ['sampled', 'eval/sampled', '--c4']], points: true },
  { title: 'Gradient norm', unit: 'before clipping', lines: [['norm', 'optimizer/gradient_norm', '--c5']] },
  { title: 'ELBO', unit: 'nats', lines: [['ELBO', 'objective/elbo', '--c6']] },
  { title: 'Seconds by phase', unit: 's', lines: [['step', 'seconds/step', '--c1'], ['rollout', 'seconds/rollout', '--c2'],
    ['reward', 'seconds/reward', '--c3'], ['gradient', 'seconds/gradient', '--c4'], ['commit', 'seconds/commit', '--c5']] },
  { title: 'Throughput', unit: 'Monte Carlo samples/s', lines: [['samples/s', 'rate/samples', '--c1']] },
  { title: 'Groups', lines: [['that teach', 'groups/teaching', '--c3']] },
  { title: 'Cluster', lines: [['silos', 'cluster/silos', '--c1'], ['devices', 'cluster/devices', '--c2'], ['dispatched again', 'cluster/redispatched', '--c5']] },
];

const actions = {
  pause: ['Pause', 'It takes no further step until it is told to go on; a checkpoint is written.', 'running'],
  resume: ['Resume', 'It goes on with the next step.', 'paused'],
  checkpoint: ['Checkpoint', 'It saves a checkpoint after the step in hand, and goes on.', 'running'],
  stop: ['Stop', 'It finishes the step in hand, saves a checkpoint and ends. run resume goes on with it later.', 'running paused', true],
};

export async function run({ app, view, id }) {
  const [detail, steps] = await Promise.all([get(runPath(id)), get(runPath(id, 'steps'))]);
  let row = detail.row;
  const head = el('div', { class: 'head' });
  const facts = el('dl', { class: 'facts' });
  const said = el('p', { class: 'said', role: 'status' });
  const buttons = el('div', { class: 'buttons' });

  const request = async kind => {
    const [title, text, , danger] = actions[kind];
    const typed = await confirm({
      title: `${title} ${id}?`, text, action: title, danger,
      fields: [{ name: 'reason', label: 'Reason (recorded with the run)', placeholder: 'none' }],
    });
    if (typed) {
      await send({ kind, reason: typed.reason }, title);
    }
  };

  const set = async () => {
    const fields = (await get(runPath(id))).changeable;
    const hint = el('span', {}, fields[0].from);
    const typed = await confirm({
      title: `Change a field of ${id}?`, action: 'Set',
      text: ['The change is recorded with the step from which it holds. ', hint],
      fields: [
        { name: 'field', label: 'Field', options: fields.map(one => ({ value: one.field, label: one.field })), changed: inputs => {
          const one = fields.find(field => field.field === inputs[0].value);
          inputs[1].value = one.value;
          fill(hint, one.from);
        } },
        { name: 'value', label: 'Value', value: fields[0].value },
        { name: 'reason', label: 'Reason (recorded with the run)', placeholder: 'none' }],
    });
    if (typed) {
      await send({ kind: 'set', reason: typed.reason, fields: [`${typed.field}=${typed.value}`] }, 'Set');
    }
  };

  const send = async (what, title) => {
    try {
      const { number: count } = await ask(id, what);
      fill(said, `${title}: asked, request ${count}; the run takes it between two steps (`, el('a', { href: `#/run/${encodeURIComponent(id)}/log` }, 'log'), ')');
      said.className = 'said';
    } catch (error) {
      fill(said, error.message);
      said.className = 'said bad';
    }
  };

  const draw = () => {
    const last = steps.version.length - 1;
    const of = tag => steps.series[tag]?.findLast(value => value !== null && value !== undefined);
    const state = row.state.toLowerCase();
    fill(head, el('h1', {}, id), badge(state),
      el('span', { class: 'progress' }, el('progress', { max: row.steps || 1, value: row.version, 'aria-label': 'progress' }),
        ` version ${row.version} of ${row.steps}`),
      row.driver && el('span', { class: 'quiet' }, `driven by ${row.driver}`));
    fill(facts, [
      ['reward', share(of('reward/mean'))], ['solved', share(of('reward/solve_rate'))], ['held out, greedy', share(of('eval/greedy'))],
      ['gradient norm', number(of('optimizer/gradient_norm'))], ['step', last >= 0 ? `${number(of('seconds/step'), 3)} s` : '–'],
      ['checkpoint', row.checkpoint === undefined ? 'none yet' : `version ${row.checkpoint}`],
      ['last step', steps.time[last] ? `${age(steps.time[last])} ago` : '–']]
      .map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
    fill(buttons, app.session.takesRequests && [
      Object.entries(actions).filter(([, [, , states]]) => states.split(' ').includes(state))
        .map(([kind, [title, , , danger]]) => el('button', { type: 'button', class: danger ? 'danger' : '', onclick: () => request(kind) }, title)),
      ['running', 'paused', 'stopped', 'failed', 'lost'].includes(state) && el('button', { type: 'button', onclick: set }, 'Set…')]);
  };

  const pick = version => version > 0 && app.go(`#/run/${encodeURIComponent(id)}/steps/${version - 1}`);
  const data = panel => joined([steps], panel.lines.map(([, tag]) => tag));
  const charts = panels.map(panel => ({
    panel, chart: chart({
      title: panel.title, unit: panel.unit, format: panel.format, sync: `run-${id}`, pick, data: data(panel),
      lines: panel.lines.map(([label, , color]) => ({ label, color, points: panel.points })),
    }),
  }));
  const more = el('details', { class: 'panel' }, el('summary', {}, 'Spec, numerics and hash'),
    el('dl', { class: 'facts' }, [
      ['task', row.task], ['seed', detail.seed], ['parameters', detail.parameters.toLocaleString('en')], ['created', time(row.created)],
      ['numerics', detail.numerics || '–'], ['forked from', row.forkedFrom ?? '–']]
      .map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))),
    detail.weightsSha256 && el('p', {}, 'weights SHA-256 ', copyable(detail.weightsSha256)),
    el('pre', {}, detail.spec));
  fill(view, head, buttons, said, row.reason && el('p', { class: 'quiet' }, row.reason),
    detail.warnings.map(line => el('p', { class: 'warning' }, line)), facts,
    el('div', { class: 'grid' }, charts.map(one => one.chart.panel)), more);
  draw();

  const end = follow({
    run: id, since: () => steps.revision,
    on: async (kind, news) => {
      app.on(kind, news);
      if (kind === 'runs') {
        row = news.find(one => one.run === id) ?? row;
        draw();
      } else if (kind === 'steps') {
        merge(steps, news);
        charts.forEach(one => one.chart.update(data(one.panel)));
        draw();
      } else if (kind === 'restarted' && news.revision !== steps.revision) {
        Object.assign(steps, await get(runPath(id, 'steps')));
        charts.forEach(one => one.chart.update(data(one.panel)));
        draw();
      }
    },
  });
  return () => {
    end();
    charts.forEach(one => one.chart.end());
  };
}
