// What was asked of a run, what was changed, and what happened to it.
import { follow, get, runPath } from './api.js';
import { el, fill, time } from './dom.js';

export async function log({ app, view, id }) {
  const draw = async () => {
    const { requests, changes, fault, events = [] } = await get(runPath(id, 'log'));
    const table = (names, rows, none) => rows.length === 0 ? el('p', { class: 'quiet' }, none)
      : el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, el('tr', {}, names.map(name => el('th', { scope: 'col' }, name)))),
        el('tbody', {}, rows.map(cells => el('tr', {}, cells.map(cell => el('td', {}, cell)))))));
    fill(view, el('div', { class: 'bar' }, el('h1', {}, 'Log')), fault && el('p', { class: 'warning' }, fault),
      el('section', { class: 'panel' }, el('h3', {}, 'Requests'),
        table(['', 'asked', 'what', 'why', 'what came of it'], requests.map(one => [
          one.number, time(one.asked), [one.kind, one.fields.length > 0 && ` ${one.fields.join(', ')}`], one.reason || '–',
          one.refused ? el('span', { class: 'bad' }, `refused: ${one.refused}`) : !one.isTaken ? 'waits'
            : one.kind === 'set' ? `holds from step ${one.version}` : `taken at version ${one.version ?? '?'}`]), 'Nothing was asked of it.')),
      el('section', { class: 'panel' }, el('h3', {}, 'Changes of the spec'),
        table(['from step', 'field', 'value', 'request'], changes.map(one => [one.fromStep, one.field, one.value, one.request || 'inherited']),
          'It is as it was started.')),
      el('section', { class: 'panel' }, el('h3', {}, 'Events'),
        table(['when', 'version', 'what'], events.map(one => [time(one.time), one.version, one.text]), 'None is recorded.')));
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
