// Which page is shown, and what all pages share.
import { get, runPath } from './api.js';
import { confirm, el, fill } from './dom.js';
import { runs } from './runs.js';
import { compare } from './compare.js';
import { run } from './run.js';
import { step } from './step.js';
import { completion } from './completion.js';
import { silos } from './silos.js';
import { checkpoints } from './checkpoints.js';
import { log } from './log.js';

const main = document.getElementById('main');
const trouble = document.getElementById('trouble');
const link = document.getElementById('link');
const tabs = [['', 'run', run], ['steps', 'steps', step], ['silos', 'silos', silos], ['checkpoints', 'checkpoints', checkpoints],
  ['log', 'log', log]];

// The token is in a cookie now: not in what is shown, kept in the history, or copied on.
if (location.search) {
  history.replaceState(null, '', location.pathname + location.hash);
}

export const app = {
  session: { store: '', takesRequests: false, hasCharts: true },
  go: hash => { location.hash = hash; },
  on(kind, data) {
    if (kind === 'open' || kind === 'beat') {
      fill(link, 'live');
      link.className = 'link on';
    } else if (kind === 'closed') {
      fill(link, 'not connected');
      link.className = 'link off';
    } else if (kind === 'trouble') {
      say(data.message);
    }
  },
  say,
};

function say(message) {
  trouble.hidden = !message;
  fill(trouble, message ?? '');
}

let leave = () => {};
let keys = {};

function trail(...parts) {
  fill(document.getElementById('trail'), parts.map(([text, hash], i) => [
    i > 0 && el('span', { class: 'quiet' }, ' / '), el('a', { href: hash, ...(i === parts.length - 1 && { 'aria-current': 'page' }) }, text)]));
}

function tabBar(id, current) {
  return el('nav', { class: 'tabs', 'aria-label': 'Pages of the run' }, tabs.map(([path, name], i) => el('a', {
    href: `#/run/${encodeURIComponent(id)}${path ? `/${path}` : ''}`, title: `${name} (${i + 1})`,
    ...(current === path && { 'aria-current': 'page' }),
  }, name)));
}

async function show() {
  leave();
  leave = () => {};
  keys = {};
  say('');
  const [kind = '', id = '', page = '', ...rest] = location.hash.replace(/^#\//, '').split('/').map(decodeURIComponent);
  const here = location.hash;
  const view = el('div', { class: 'view' });
  const context = { app, view, id, keys, isCurrent: () => location.hash === here };
  try {
    if (kind === 'run') {
      trail(['runs', '#/'], [id, `#/run/${encodeURIComponent(id)}`]);
      document.title = `${id} – bgpo`;
      const tab = tabs.find(([path]) => path === page) ?? tabs[0];
      tabs.forEach(([path], i) => { keys[i + 1] = () => app.go(`#/run/${encodeURIComponent(id)}${path ? `/${path}` : ''}`); });
      keys.u = () => app.go(rest.length > 1 ? `#/run/${encodeURIComponent(id)}/steps/${rest[0]}` : '#/');
      fill(main, tabBar(id, tab[0]), view);
      leave = (await (page === 'steps' && rest.length === 3 ? completion : tab[2])(context, ...rest)) ?? leave;
    } else if (kind === 'compare') {
      trail(['runs', '#/'], ['compare', location.hash]);
      document.title = 'compare – bgpo';
      keys.u = () => app.go('#/');
      fill(main, view);
      leave = (await compare(context, id.split(','))) ?? leave;
    } else {
      trail(['runs', '#/']);
      document.title = 'runs – bgpo';
      fill(main, view);
      leave = (await runs(context)) ?? leave;
    }
    if (!context.isCurrent()) {
      leave();
    }
  } catch (error) {
    say(error.message);
  }
}

function theme(next) {
  if (next) {
    localStorage.setItem('bgpo-theme', next);
  }
  const wanted = localStorage.getItem('bgpo-theme');
  if (wanted) {
    document.documentElement.dataset.theme = wanted;
  }
  document.dispatchEvent(new Event('bgpo-theme'));
}

document.getElementById('theme').addEventListener('click', () => {
  const isDark = (document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  theme(isDark ? 'light' : 'dark');
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => theme());

const help = () => confirm({
  title: 'Keys', action: 'Close', text: el('dl', { class: 'keys' }, [
    ['1 to 5', 'pages of a run'], ['u', 'one page up'], ['/', 'the filter of the list of runs'],
    ['← →', 'on a step: the batch before and after; on a completion: a denoising step; on a curve: along it'],
    ['space', 'on a completion: play'], ['Enter', 'on a curve: opens the step'], ['?', 'this list']]
    .map(([key, meaning]) => [el('dt', {}, key), el('dd', {}, meaning)])),
});
document.getElementById('keys').addEventListener('click', help);
document.addEventListener('keydown', event => {
  const isTyping = event.target.closest?.('input, select, textarea, dialog');
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) {
    return;
  }
  if (event.key === '?') {
    help();
  } else if (keys[event.key] && !(event.target.closest?.('.chart, button') && ['ArrowLeft', 'ArrowRight', ' '].includes(event.key))) {
    event.preventDefault();
    keys[event.key]();
  }
});

theme();
window.addEventListener('hashchange', show);
try {
  app.session = await get('session');
  fill(document.getElementById('store'), app.session.store);
  document.getElementById('store').title = app.session.store;
} catch (error) {
  say(error.message);
}
show();
