// What a step learned from: its groups, by the spread of their rewards.
import { get, runPath } from './api.js';
import { el, fill, number, share } from './dom.js';
import { board, isBoard } from './board.js';

export async function step({ app, view, id, keys }, asked) {
  const { batches, updatesPerBatch, row } = await get(runPath(id));
  if (batches.length === 0) {
    fill(view, el('p', { class: 'panel' }, 'The journal has no batch yet: nothing is sampled.'));
    return;
  }
  const here = asked === undefined ? batches.at(-1) : Number(asked);
  const address = step => `#/run/${encodeURIComponent(id)}/steps/${step}`;
  const batch = Math.floor(here / updatesPerBatch) * updatesPerBatch;
  const at = batches.findIndex(step => step >= batch);
  const [before, after] = [batches[at - 1], batches[at] === batch ? batches[at + 1] : batches[at]];
  keys.ArrowLeft = () => before !== undefined && app.go(address(before));
  keys.ArrowRight = () => after !== undefined && app.go(address(after));
  const choice = el('input', {
    type: 'number', min: batches[0], max: Math.max(batches.at(-1), row.version - 1), value: here, 'aria-label': 'step',
    onchange: event => app.go(address(event.target.value)),
  });
  const bar = el('div', { class: 'bar' }, el('h1', {}, 'Step'), el('span', { class: 'pager' },
    el('a', { class: 'button', ...(before === undefined ? { 'aria-disabled': true } : { href: address(before) }), title: 'the batch before (←)' }, '←'),
    choice,
    el('a', { class: 'button', ...(after === undefined ? { 'aria-disabled': true } : { href: address(after) }), title: 'the batch after (→)' }, '→')));
  let found;
  try {
    found = await get(runPath(id, 'steps', here));
  } catch (error) {
    fill(view, bar, el('p', { class: 'panel' }, error.message, `; the journal has the batches of steps ${batches[0]} to ${batches.at(-1)}`));
    return;
  }
  const own = group => group.group >= found.firstGroup && group.group < found.firstGroup + found.groupsPerUpdate;
  const groups = [...found.groups].sort((a, b) => b.spread - a.spread || a.group - b.group);
  const teaching = groups.filter(group => group.hasSignal).length;
  const completions = groups.flatMap(group => group.completions);
  const mean = list => list.reduce((sum, value) => sum + value, 0) / Math.max(1, list.length);
  const only = el('input', { type: 'checkbox', onchange: () => draw() });
  const list = el('div', { class: 'groups' });
  const draw = () => fill(list, groups.filter(group => !only.checked || group.hasSignal).map(card));

  const card = group => el('article', { class: `panel group ${group.hasSignal ? '' : 'flat'}` },
    el('header', {},
      el('h3', {}, `Group ${group.group}`),
      el('span', { class: 'quiet' }, group.promptId),
      group.hasSignal ? el('span', { class: 'chip' }, `spread ${number(group.spread, 3)}`)
        : el('span', { class: 'chip muted' }, group.isLeftOut ? 'left out: its grader failed' : 'no spread: teaches nothing'),
      found.groupsPerUpdate < found.groups.length && own(group) && el('span', { class: 'chip' }, 'in this step’s minibatch')),
    el('div', { class: 'pair' }, el('div', { class: 'prompt' }, el('h4', {}, 'Prompt'), text(group, group.prompt)),
      el('ol', { class: 'completions' }, group.completions.map((one, i) => answer(group, one, i)))));

  const text = (group, prompt) => isBoard(found.task, prompt)
    ? el('div', { class: 'boards' }, board(prompt), group.reference && el('details', {}, el('summary', {}, 'solution'), board(prompt, group.reference, group.reference)))
    : [el('pre', {}, prompt), group.reference && el('details', {}, el('summary', {}, 'reference'), el('pre', {}, group.reference))];

  const answer = (group, one, i) => el('li', { class: one.exact ? 'exact' : '' },
    el('a', { href: `${address(here)}/${group.group}/${i}`, 'aria-label': `completion ${i}, reward ${number(one.reward, 3)}` },
      isBoard(found.task, group.prompt) ? board(group.prompt, one.text || ' ', group.reference) : el('pre', {}, one.text || '(empty)')),
    el('div', { class: 'worth' },
      el('span', { title: 'reward' }, `${Number((100 * one.reward).toFixed(1))} %`, one.exact && ' ✓'),
      one.outcome && one.outcome !== 'scored' && el('span', { class: 'chip muted', title: one.why ?? '' }, one.outcome),
      el('span', { class: one.advantage > 0 ? 'up' : one.advantage < 0 ? 'down' : 'quiet', title: 'advantage' },
        `${one.advantage > 0 ? '+' : ''}${one.advantage.toFixed(2)}`)));

  fill(view, bar,
    el('p', { class: 'quiet' }, `Step ${here} makes version ${here + 1}. Its batch was sampled at step ${found.batch}`,
      found.temperature !== undefined && `, temperature ${found.temperature}`,
      found.denoisingSteps !== undefined && `, ${found.denoisingSteps} denoising steps`, '.'),
    el('dl', { class: 'facts' }, [
      ['groups', groups.length], ['that teach', teaching], ['mean reward', share(mean(completions.map(one => one.reward)))],
      ['solved', share(mean(completions.map(one => one.exact ? 1 : 0)))]]
      .map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))),
    el('label', { class: 'check' }, only, 'only groups that teach'), list);
  draw();
}
