// One completion: how it was denoised, and the samples that its ELBO is estimated from.
import { get, runPath } from './api.js';
import { el, fill, number, share } from './dom.js';
import { board, isBoard } from './board.js';

export async function completion({ app, view, id, keys }, step, group, place) {
  const found = await get(runPath(id, 'steps', step, group, place));
  const { tokens, trace, sampled } = found;
  const last = trace ? Math.max(...trace.setIn) : -1;
  let shown = last;
  let sample = null;
  let timer = null;
  const address = i => `#/run/${encodeURIComponent(id)}/steps/${step}/${group}/${i}`;
  const stage = el('div', { class: 'stage' });
  const caption = el('p', { class: 'quiet', role: 'status' });
  const visible = token => token === '\n' ? '⏎' : token === ' ' ? '␣' : token;

  const state = i => {
    if (sample !== null) {
      return found.samples[sample].masked.includes(i) ? { mask: true, kind: 'masked' } : { kind: '' };
    }
    if (!trace) {
      return { kind: '' };
    }
    const [set, confidence] = [trace.setIn[i], trace.confidences[i] / 1000];
    const title = set < 0 ? 'never set' : `set in denoising step ${set}, confidence ${number(confidence, 3)}`;
    return set < 0 || set > shown ? { mask: true, kind: 'masked', title }
      : { kind: set === shown ? 'fresh' : '', title, heat: set / Math.max(1, last), confidence };
  };

  const cell = i => {
    const { mask, kind, title, heat, confidence } = state(i);
    return {
      text: mask ? '·' : undefined, class: `${kind} ${heat === undefined ? '' : 'heat'}`, title: title ?? `place ${i}`,
      style: heat === undefined ? {} : { '--heat': heat.toFixed(3), '--sure': Math.min(1, Math.max(0.25, confidence ?? 1)).toFixed(3) },
    };
  };

  const draw = () => {
    fill(stage, isBoard(found.task, found.prompt) && tokens.length === 16
      ? board(found.prompt, tokens.join(''), found.reference, cell)
      : el('div', { class: 'tokens' }, tokens.map((token, i) => {
        const { text, class: kind, ...more } = cell(i);
        return el('span', { ...more, class: `token ${kind}` }, text ?? visible(token));
      })));
    if (sample !== null) {
      const { masked, weight, logLikelihood } = found.samples[sample];
      fill(caption, `Monte Carlo sample ${sample}: ${masked.length} of ${tokens.length} tokens masked, weight ${number(weight, 4)}`,
        logLikelihood !== undefined && `, l = ${number(logLikelihood, 5)} nats`);
    } else if (trace) {
      const set = trace.setIn.filter(one => one >= 0 && one <= shown).length;
      fill(caption, shown < 0 ? 'Before the first denoising step: all tokens are masked.'
        : `After denoising step ${shown} of ${last}: ${set} of ${tokens.length} tokens set; those of this step are outlined.`);
    }
    slider.value = shown;
    for (const row of view.querySelectorAll('tr[data-draw]')) {
      row.classList.toggle('on', Number(row.dataset.draw) === sample);
    }
  };

  const to = next => {
    sample = null;
    shown = Math.min(last, Math.max(-1, next));
    draw();
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    fill(play, 'Play');
  };
  const toggle = () => {
    if (timer) {
      stop();
      return;
    }
    to(shown >= last ? -1 : shown);
    fill(play, 'Stop');
    timer = setInterval(() => shown >= last ? stop() : to(shown + 1), 350);
  };
  const slider = el('input', { type: 'range', min: -1, max: last, value: last, 'aria-label': 'denoising step', oninput: event => {
    stop();
    to(Number(event.target.value));
  } });
  const play = el('button', { type: 'button', onclick: toggle }, 'Play');
  if (trace) {
    keys.ArrowLeft = () => to(shown - 1);
    keys.ArrowRight = () => to(shown + 1);
    keys[' '] = toggle;
  }

  const rows = found.samples.map(one => el('tr', { 'data-draw': one.draw },
    el('td', {}, el('button', { type: 'button', class: 'small', onclick: () => {
      stop();
      sample = sample === one.draw ? null : one.draw;
      draw();
    } }, `sample ${one.draw}`)),
    el('td', { class: 'num' }, one.masked.length), el('td', { class: 'num' }, number(one.weight, 4)),
    el('td', { class: 'num' }, one.logLikelihood === undefined ? '–' : number(one.logLikelihood, 5)),
    el('td', { class: 'wide mask' }, tokens.map((_, i) => el('i', { class: one.masked.includes(i) ? 'on' : '' })))));
  const hasOld = found.samples.some(one => one.logLikelihood !== undefined);
  fill(view, el('div', { class: 'bar' },
    el('h1', {}, `Completion ${place} of group ${group}`),
    el('a', { href: `#/run/${encodeURIComponent(id)}/steps/${step}` }, `step ${step}`),
    el('span', { class: 'pager' },
      el('a', { class: 'button', ...(found.completion > 0 ? { href: address(found.completion - 1) } : { 'aria-disabled': true }) }, 'the one before'),
      el('a', { class: 'button', ...(found.completion + 1 < found.count ? { href: address(found.completion + 1) } : { 'aria-disabled': true }) }, 'the next'))),
  el('dl', { class: 'facts' }, [['reward', share(sampled.reward)], ['solved', sampled.exact ? 'yes' : 'no'],
    ['advantage', sampled.advantage.toFixed(3)], ['tokens', tokens.length],
    ['judged', `${sampled.outcome}${sampled.why ? `: ${sampled.why}` : ''}`]]
    .map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))),
  el('div', { class: 'pair' },
    el('section', { class: 'panel prompt' }, el('h3', {}, 'Prompt'),
      isBoard(found.task, found.prompt) ? board(found.prompt) : el('pre', {}, found.prompt)),
    el('section', { class: 'panel' }, el('h3', {}, 'Denoising'), stage,
      trace ? el('div', { class: 'scrubber' }, play, slider) : el('p', { class: 'quiet' }, 'The order in which its tokens were set is not recorded.'),
      caption, trace && el('p', { class: 'legend quiet' }, 'first ', el('span', { class: 'ramp' }), ' last; pale: low confidence'),
      el('h4', {}, 'Text'), el('pre', {}, sampled.text || '(empty)'))),
  el('section', { class: 'panel' }, el('h3', {}, 'Monte Carlo samples'),
    el('p', { class: 'quiet' }, 'The masks that its ELBO is estimated from; choose one to see it above. ',
      hasOld ? 'l is the log-likelihood term of the policy that sampled it.' : 'l is recorded where a batch serves more than one step.'),
    el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, el('tr', {}, ['sample', 'masked', 'weight', 'l, nats', 'mask'].map((name, i) =>
      el('th', { scope: 'col', class: i > 0 && i < 4 ? 'num' : i === 4 ? 'wide' : '' }, name)))), el('tbody', {}, rows)))));
  draw();
  return stop;
}
