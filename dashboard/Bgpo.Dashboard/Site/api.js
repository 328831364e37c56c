// What the page asks of the server.

async function answer(response) {
  if (response.ok) {
    return response.json();
  }
  const text = await response.text();
  let message = text;
  try {
    message = JSON.parse(text).message ?? text;
  } catch {
    // It is plain text.
  }
  throw new Error(message.trim() || `${response.status} ${response.statusText}`);
}

export const get = async path => answer(await fetch(`api/${path}`));

export const runPath = (run, ...rest) => ['runs', run, ...rest].map(encodeURIComponent).join('/');

export const ask = async (run, request) => answer(await fetch(`api/${runPath(run, 'requests')}`, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(request),
}));

/**
 * Follows the runs, and the steps of one. A page that nobody sees does not: it holds no connection, and catches up when it is
 * seen again. Returns what ends it.
 */
export function follow({ run = null, since = () => 0, on }) {
  let source = null;
  let hasEnded = false;
  const open = () => {
    if (source || hasEnded || document.hidden) {
      return;
    }
    const query = run === null ? '' : `?run=${encodeURIComponent(run)}&since=${since()}`;
    source = new EventSource(`api/events${query}`);
    for (const kind of ['runs', 'steps', 'restarted', 'trouble', 'beat']) {
      source.addEventListener(kind, event => on(kind, JSON.parse(event.data)));
    }
    source.onopen = () => on('open');
    source.onerror = () => {
      on('closed');
      if (source?.readyState === EventSource.CLOSED || run !== null) {
        // Its address says since when: the browser would ask for the same again.
        source?.close();
        source = null;
        setTimeout(open, 2000);
      }
    };
  };
  const close = () => {
    source?.close();
    source = null;
  };
  const seen = () => document.hidden ? close() : open();
  document.addEventListener('visibilitychange', seen);
  open();
  return () => {
    hasEnded = true;
    document.removeEventListener('visibilitychange', seen);
    close();
  };
}
