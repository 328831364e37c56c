// The checkpoints of a run.
import { get, runPath } from './api.js';
import { copyable, el, fill, size, time } from './dom.js';

export async function checkpoints({ app, view, id }) {
  const rows = await get(runPath(id, 'checkpoints'));
  fill(view, el('div', { class: 'bar' }, el('h1', {}, 'Checkpoints'), el('span', { class: 'quiet' }, `${rows.length}`)),
    rows.length === 0 ? el('p', { class: 'panel' }, 'None is saved yet.') : rows.map(row => el('article', { class: 'panel' },
      el('header', {}, el('h3', {}, `Version ${row.version}`), row.created && el('span', { class: 'quiet' }, time(row.created)),
        row.bytes !== undefined && el('span', { class: 'quiet' }, `${size(row.bytes)} in ${row.shards} ${row.shards === 1 ? 'shard' : 'shards'}`)),
      row.fault ? el('p', { class: 'warning' }, row.fault) : [
        el('p', {}, 'SHA-256 ', copyable(row.weightsSha256)),
        app.session.takesRequests && [el('p', {}, 'fork ', copyable(row.fork)), el('p', {}, 'export ', copyable(row.export))]])));
}
